#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of the MSI as Windows reads them. Wine looks at little of this, so no other test would
notice: service configuration, file versions, secure properties, order and conditions of the actions,
attributes of components, and much of what Microsoft's own validation (ICE) looks for."""
import hashlib
import pathlib
import re
import struct
import subprocess
import tempfile

from msi_check import ROOT, Problems, extract, only
from identity import guid  # these two: installer/
from msi_tables import export, tables

SERVICE = "OpenNDES"
PUBLIC = {"DATADIR", "HTTPPORT", "HTTPSPORT", "IMPORTNDES", "INSTALLDIR", "MODULEDIR", "POLICYDIR",
          "SERVICEACCOUNT", "STARTSERVICE"}
SIX4_BIT, REGISTRY_KEY_PATH = 256, 4

# Custom actions: type and what they are given. 18: a program that was installed; 51: set a property.
# 0x40: its failure does not matter, 0x100: on rollback, 0x400: in the script, 0x800: as SYSTEM.
SET, PROGRAM = 51, 18 + 0x400 + 0x800
ACTIONS = {
    "KeepInstallDir": (SET, "INSTALLDIR", "[INSTALLDIRFOUND]"),
    "KeepDataDir": (SET, "DATADIR", "[DATADIRFOUND]"),
    "DefaultDataDir": (SET, "DATADIR", "[CommonAppDataFolder]OpenNDES"),
    "DefaultAccount": (SET, "NewServiceAccount", r"NT SERVICE\OpenNDES"),
    "KeepAccount": (SET, "NewServiceAccount", "[SERVICEACCOUNTFOUND]"),
    "GivenAccount": (SET, "NewServiceAccount", "[SERVICEACCOUNT]"),
    "AccountOption": (SET, "AccountOption", ' --account "[SERVICEACCOUNT]"'),
    "StartOption": (SET, "StartOption", " --manual"),
    "HttpOption": (SET, "HttpOption", " --http-port [HTTPPORT]"),
    "HttpsOption": (SET, "HttpsOption", " --https-port [HTTPSPORT]"),
    "ImportOption": (SET, "ImportOption", " --import-ndes"),
    "InstallLocation": (SET, "ARPINSTALLLOCATION", "[INSTALLDIR]"),
    "SetUpService": (PROGRAM, "openndes.exe", 'service setup --installer --data "[DATADIR]"'
                     "[HttpOption][HttpsOption][AccountOption][StartOption][ImportOption]"),
    "UndoSetUp": (PROGRAM + 0x100 + 0x40, "openndes.exe", "service setup --remove --installer"),
    "RedoSetUp": (PROGRAM + 0x100 + 0x40, "openndes.exe", 'service setup --installer --data "[DATADIR]"'),
    "RemoveSetUp": (PROGRAM + 0x40, "openndes.exe", "service setup --remove --installer"),
}

# What must come before what in InstallExecuteSequence.
ORDER = (
    ("FindRelatedProducts", "LaunchConditions"), ("AppSearch", "KeepInstallDir"),
    ("KeepDataDir", "DefaultDataDir"), ("DefaultDataDir", "LaunchConditions"),
    ("LaunchConditions", "CostInitialize"), ("KeepInstallDir", "CostInitialize"),
    ("CostFinalize", "InstallLocation"), ("InstallValidate", "InstallInitialize"),
    # In the transaction: when the new version cannot be installed the old one comes back.
    ("InstallInitialize", "RemoveExistingProducts"), ("RemoveExistingProducts", "ProcessComponents"),
    ("StopServices", "RedoSetUp"), ("RedoSetUp", "RemoveSetUp"), ("StopServices", "RemoveSetUp"), ("RemoveSetUp", "DeleteServices"), ("RemoveSetUp", "RemoveFiles"),
    ("StopServices", "DeleteServices"), ("StopServices", "RemoveFiles"), ("StopServices", "InstallFiles"),
    ("DeleteServices", "InstallServices"), ("RemoveFiles", "InstallFiles"),
    ("RemoveRegistryValues", "WriteRegistryValues"), ("InstallFiles", "InstallServices"),
    ("WriteRegistryValues", "SetUpService"), ("InstallServices", "UndoSetUp"),
    ("UndoSetUp", "SetUpService"), ("SetUpService", "StartServices"), ("StartServices", "InstallFinalize"),
)
CONDITIONS = {
    "RemoveSetUp": 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE',
    "DeleteServices": "VersionNT AND NOT UPGRADINGPRODUCTCODE",
    "InstallServices": "VersionNT",
    "RedoSetUp": 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE',
    # In a repair, which every user may start, what was chosen stands: nothing of the command line counts.
    "KeepInstallDir": "INSTALLDIRFOUND AND (Installed OR NOT INSTALLDIR)",
    "DefaultAccount": "NOT SERVICEACCOUNTFOUND AND (Installed OR NOT SERVICEACCOUNT)",
    "KeepAccount": "SERVICEACCOUNTFOUND AND (Installed OR NOT SERVICEACCOUNT)",
    "GivenAccount": "SERVICEACCOUNT AND NOT Installed",
    "AccountOption": "SERVICEACCOUNT AND NOT Installed",
    "HttpOption": "HTTPPORT AND NOT Installed",
    "HttpsOption": "HTTPSPORT AND NOT Installed",
    "ImportOption": 'IMPORTNDES AND IMPORTNDES <> "0" AND NOT Installed',
    "StartOption": 'SERVICESTARTFOUND = "#3" OR SERVICESTARTFOUND = "#4"',  # by hand, disabled
    "SetUpService": "$Program = 3",
    "UndoSetUp": "$Program = 3 AND NOT Installed AND NOT WIX_UPGRADE_DETECTED",
    "StartServices": 'VersionNT AND (Installed OR STARTSERVICE <> "0")',
    "KeepDataDir": "DATADIRFOUND AND (Installed OR NOT DATADIR)",
    "DefaultDataDir": "NOT DATADIR",
    "RemoveExistingProducts": "",
}
REGISTRY = {
    (r"SOFTWARE\OpenNDES\OpenNDES", "InstallDir"): "[INSTALLDIR]",
    (r"SOFTWARE\OpenNDES\OpenNDES", "DataDir"): "[DATADIR]",
    (r"SOFTWARE\OpenNDES\OpenNDES", "Version"): "[ProductVersion]",
    (r"SYSTEM\CurrentControlSet\Services\EventLog\Application\OpenNDES", "EventMessageFile"): "#%[#openndes.exe]",
    (r"SYSTEM\CurrentControlSet\Services\EventLog\Application\OpenNDES", "TypesSupported"): "#7",
}


class Package:
    def __init__(self, msi):
        self.msi = str(msi)
        self.version = re.search(r"-(\d+\.\d+\.\d+)-x64\.msi$", self.msi)[1]
        self.rows = {table: export(self.msi, table) for table in tables(self.msi)}

    def table(self, name):
        return self.rows.get(name, [])

    def pairs(self, name, key, value):
        return {row[key]: row[value] for row in self.table(name)}


def check_properties(package, problems):
    values = package.pairs("Property", "Property", "Value")
    braced = "{" + guid("product", package.version) + "}"
    for name, value in (("ProductVersion", package.version), ("ProductCode", braced), ("ProductName", "OpenNDES"),
                        ("ALLUSERS", "1"), ("ProductLanguage", "1033"),
                        ("UpgradeCode", "{B2D0A4A3-6B0C-4E5E-9A53-7C6B0E8D41F7}")):
        problems.equal(values.get(name), value, f"property {name}")
    secure = set(values.get("SecureCustomProperties", "").split(";"))
    problems.equal(secure, PUBLIC | {"WIX_DOWNGRADE_DETECTED", "WIX_UPGRADE_DETECTED"}, "SecureCustomProperties")
    # A property is written to logs and can be seen by others: nothing secret may be one.
    for name in list(values) + [row["Target"] for row in package.table("CustomAction")]:
        problems.check(not re.search(r"PASS(WORD|PHRASE)|SECRET|PRIVATE", name, re.I), f"a secret as property: {name}")
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    for name in PUBLIC:
        problems.check(f"| `{name}` |" in page, f"{name} has no row in docs/install.md")


def check_components(package, problems):
    files = {row["File"]: row["Component_"] for row in package.table("File")}
    values = {row["Registry"]: row["Component_"] for row in package.table("Registry")}
    folders = {row["Directory"] for row in package.table("Directory")}
    guids, used = set(), [row["Component_"] for row in package.table("FeatureComponents")]
    for row in package.table("Component"):
        name, bits, key = row["Component"], int(row["Attributes"]), row["KeyPath"]
        problems.check(re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", row["ComponentId"]),
                       f"component {name}: GUID {row['ComponentId']}")
        problems.check(row["ComponentId"] not in guids, f"component {name}: its GUID is used twice")
        guids.add(row["ComponentId"])
        in_registry = key in values
        problems.equal(bits, SIX4_BIT + (REGISTRY_KEY_PATH if in_registry else 0), f"component {name}: attributes")
        problems.equal((values if in_registry else files).get(key), name, f"component {name}: owner of its key path")
        problems.check(row["Directory_"] in folders, f"component {name}: no folder {row['Directory_']}")
        problems.equal(used.count(name), 1, f"component {name}: features")
    problems.equal(len(package.table("File")) + 2, len(package.table("Component")), "components for files and registry")


def valid_short(name):
    stem, _, ending = name.partition(".")
    return bool(re.fullmatch(r"[A-Za-z0-9_~$-]{1,8}", stem) and re.fullmatch(r"[A-Za-z0-9_~$-]{0,3}", ending))


def check_names(package, problems):
    folder_of = package.pairs("Component", "Component", "Directory_")
    entries = [(folder_of[row["Component_"]], row["FileName"]) for row in package.table("File")]
    entries += [(row["Directory_Parent"], row["DefaultDir"]) for row in package.table("Directory")
                if row["DefaultDir"] not in (".", "SourceDir")]
    seen = set()
    for folder, name in entries:
        short, _, full = name.rpartition("|")
        problems.check(valid_short(short or full), f"{name}: no short name that Windows Installer takes")
        for part in {("short", (short or full).lower()), ("long", full.lower())}:
            problems.check((folder, *part) not in seen, f"{name}: twice in folder {folder}")
            seen.add((folder, *part))
    parents = package.pairs("Directory", "Directory", "Directory_Parent")
    for folder in parents:
        at, steps = folder, 0
        while parents.get(at) and steps <= len(parents):
            at, steps = parents[at], steps + 1
        problems.equal(at, "TARGETDIR", f"folder {folder}: its root")
    for table, column in (("File", "File"), ("Component", "Component"), ("Directory", "Directory"),
                          ("CustomAction", "Action")):
        for row in package.table(table):
            problems.check(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,71}", row[column]), f"identifier {row[column]}")


def program_version(data):
    high, low = struct.unpack_from("<II", data, data.index(struct.pack("<I", 0xFEEF04BD)) + 8)
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"


def check_files(package, problems, folder):
    """Sizes, hashes and versions of the table against the files that are in the cabinet."""
    rows = package.table("File")
    problems.equal(sorted(int(row["Sequence"]) for row in rows), list(range(1, len(rows) + 1)), "file sequence")
    media = package.table("Media")
    problems.equal([(row["LastSequence"], row["Cabinet"]) for row in media], [(str(len(rows)), "#openndes.cab")], "media")
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found.setdefault((path.name, path.stat().st_size), []).append(path.read_bytes())
    hashes = {row["File_"]: row for row in package.table("MsiFileHash")}
    for row in rows:
        name = row["FileName"].rpartition("|")[2]
        contents = found.get((name, int(row["FileSize"])), [])
        problems.check(contents, f"file {name}: not in the cabinet with {row['FileSize']} bytes")
        if row["File"] == "openndes.exe":
            problems.equal(row["Version"], program_version(contents[0]), "version of the program")
            problems.equal(row["Language"], "1033", "language of the program")
            problems.check(row["File"] not in hashes, "a file with a version has a hash")
            continue
        problems.equal((row["Version"], row["Language"]), ("", ""), f"file {name}: version")
        parts = hashes.get(row["File"], {})
        numbers = tuple(int(parts.get(f"HashPart{n}", 0)) for n in range(1, 5))
        problems.check(numbers in [struct.unpack("<4i", hashlib.md5(data).digest()) for data in contents],
                       f"file {name}: wrong hash in MsiFileHash")


def check_contents(package, problems, folder):
    """What has to be there, by where an administrator looks for it."""
    program = folder / "OpenNDES"
    for path in ("README.md", "LICENSE", "docs/install.md", "sbom.cdx.json", "samples/README.md",
                 "licenses/libmicrohttpd/COPYING", "PolicyDefinitions/OpenNDES.admx",
                 "PolicyDefinitions/en-US/OpenNDES.adml"):
        problems.check((program / path).is_file(), f"{path} is not installed")
    for page in (ROOT / "docs").rglob("*"):
        if page.is_file():
            installed = program / "docs" / page.relative_to(ROOT / "docs")
            problems.check(installed.is_file() and installed.read_bytes() == page.read_bytes(),
                           f"{page.relative_to(ROOT)} is not installed as it is")
    modules = folder / "WindowsPowerShell/Modules/OpenNDES"
    problems.check((modules / "OpenNDES.psd1").is_file(), "the PowerShell module is not installed")
    problems.check(not (program / "licenses/cmocka").exists(), "the licence of a library that is not in the product")
    # Every page the documents point to is there.
    for page in program.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            problems.check(target.exists() or not target.is_relative_to(program) or "docs" not in target.parts
                           or "toolchain" in link, f"{page.name} points to {link}, which is not installed")
    problems.equal(len([path for path in folder.rglob("*") if path.is_file()]), len(package.table("File")), "files")


def check_service(package, problems):
    header = (ROOT / "src/base/product.h").read_text(encoding="utf-8")
    problems.equal(re.search(r'PRODUCT_SERVICE "([^"]+)"', header)[1], SERVICE, "name in product.h")
    rows = package.table("ServiceInstall")
    problems.equal(len(rows), 1, "services")
    row = rows[0]
    for column, value in (("Name", SERVICE), ("ServiceType", "16"), ("StartType", "2"), ("ErrorControl", "32769"),
                          ("StartName", "[NewServiceAccount]"), ("Password", ""), ("Component_", "Program"),
                          ("Arguments", 'run --service --data "[DATADIR]"')):
        problems.equal(row[column], value, f"ServiceInstall {column}")
    problems.equal(package.pairs("Component", "Component", "KeyPath")["Program"], "openndes.exe", "key path of the service")
    control = {(row["Name"], int(row["Event"]), row["Wait"], row["Component_"]) for row in package.table("ServiceControl")}
    # 1 start at installation; 2 and 0x20 stop, 0x80 delete, at removal 0x10 and higher.
    problems.equal(control, {(SERVICE, 0x02 + 0x20 + 0x80, "1", "Program"), (SERVICE, 0x01, "0", "Program")}, "ServiceControl")


def check_actions(package, problems):
    found = {row["Action"]: (int(row["Type"]), row["Source"], row["Target"]) for row in package.table("CustomAction")}
    problems.equal(found, ACTIONS, "custom actions")
    execute = {row["Action"]: int(row["Sequence"]) for row in package.table("InstallExecuteSequence")}
    conditions = package.pairs("InstallExecuteSequence", "Action", "Condition")
    problems.equal(len(set(execute.values())), len(execute), "sequence numbers of their own")
    problems.equal(max(execute, key=execute.get), "InstallFinalize", "the last action")
    for first, second in ORDER:
        problems.check(execute.get(first, 9999) < execute.get(second, 0), f"{first} does not come before {second}")
    problems.equal(execute["SetUpService"] - execute["UndoSetUp"] > 0 and not [
        name for name, number in execute.items() if execute["UndoSetUp"] < number < execute["SetUpService"]],
        True, "nothing between UndoSetUp and SetUpService")
    for action, condition in CONDITIONS.items():
        problems.equal(conditions.get(action), condition, f"condition of {action}")
    for action, (kind, _, _) in ACTIONS.items():
        problems.check(action in execute, f"{action} is never run")
        if kind & 0x400:
            problems.check(execute["InstallInitialize"] < execute[action] < execute["InstallFinalize"],
                           f"{action} runs outside the transaction")
    # What is in a sequence is an action of Windows Installer or one of ours.
    standard = set((ROOT / "tests/installer/standard-actions.txt").read_text(encoding="utf-8").split())
    for table in ("InstallExecuteSequence", "InstallUISequence", "AdminExecuteSequence", "AdminUISequence", "AdvtExecuteSequence"):
        for row in package.table(table):
            problems.check(row["Action"] in standard or row["Action"] in ACTIONS, f"{table}: unknown action {row['Action']}")
            problems.check(table.startswith("Install") or row["Action"] not in ACTIONS, f"{table}: {row['Action']}")
    # What is searched for there is not searched for again as SYSTEM, and gets across only when a user may
    # set it as well. There are no dialogs that would need it.
    problems.equal([row["Action"] for row in package.table("InstallUISequence")], ["ExecuteAction"], "InstallUISequence")


def check_upgrade(package, problems):
    found = {(row["UpgradeCode"], row["VersionMin"], row["VersionMax"], int(row["Attributes"]), row["ActionProperty"])
             for row in package.table("Upgrade")}
    code = "{B2D0A4A3-6B0C-4E5E-9A53-7C6B0E8D41F7}"
    # Older ones, without this version: features are kept (1). Newer ones, without this: only found (2).
    problems.equal(found, {(code, "", package.version, 1, "WIX_UPGRADE_DETECTED"),
                           (code, package.version, "", 2, "WIX_DOWNGRADE_DETECTED")}, "Upgrade")
    conditions = package.pairs("LaunchCondition", "Condition", "Description")
    problems.equal(set(conditions), {
        "NOT WIX_DOWNGRADE_DETECTED",
        'Installed OR (VersionNT64 AND WINDOWSMAJOR >= "#10")',
        'Installed OR (NOT SERVICEACCOUNT) OR (SERVICEACCOUNT >> "$") OR (SERVICEACCOUNT ~<< "NT SERVICE\\") '
        'OR (SERVICEACCOUNT ~<< "NT AUTHORITY\\")',
        'REMOVE="ALL" OR (NOT DATADIR) OR ((DATADIR >< ":\\") AND (NOT (DATADIR >> "\\")))'}, "launch conditions")
    for text in conditions.values():
        problems.check(re.fullmatch(r"[A-Z\[].*\.", text), f"not a sentence: {text}")


def check_registry(package, problems):
    found = {(row["Key"], row["Name"]): row["Value"] for row in package.table("Registry")}
    problems.equal(found, REGISTRY, "Registry")
    problems.equal({row["Root"] for row in package.table("Registry")}, {"2"}, "root keys (2 is HKLM)")
    header = (ROOT / "src/base/product.h").read_text(encoding="utf-8")
    key = re.search(r'PRODUCT_REGISTRY_KEY "([^"]+)"', header)[1].replace("\\\\", "\\")
    value = re.search(r'PRODUCT_REGISTRY_DATA_DIR "([^"]+)"', header)[1]
    problems.check((key, value) in REGISTRY, f"{key} {value} of product.h is not written")
    locators = {row["Key"]: (row["Root"], row["Name"], int(row["Type"])) for row in package.table("RegLocator")}
    for row in package.table("RegLocator"):
        problems.equal(int(row["Type"]), 2 + 16, f"search for {row['Name']}: a value, in the 64-bit view")
    problems.equal(len(locators), 3, "keys that are searched")
    problems.equal([(row["Name"], row["Value"], row["Component_"]) for row in package.table("Environment")],
                   [("=-*PATH", "[~];[INSTALLDIR]", "Program")], "Environment")


def check_summary(package, problems):
    text = subprocess.run(["msiinfo", "suminfo", package.msi], capture_output=True, check=True, text=True).stdout
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    for name, value in (("Template", "x64;1033"), ("Version", "500 (1f4)"), ("Source", "2 (2)"), ("Security", "2 (2)"),
                        ("Author", "OpenNDES"), ("Application", "OpenNDES toolchain/package")):
        problems.equal(values.get(name), value, f"summary {name}")
    problems.equal(values.get("Created"), values.get("Last saved"), "times of the summary")


def check_versions(new, old, problems):
    """Two versions: what has to be the same so that one replaces the other, and what must not be."""
    for name, same in (("UpgradeCode", True), ("ProductCode", False), ("ProductVersion", False)):
        values = [package.pairs("Property", "Property", "Value")[name] for package in (new, old)]
        problems.equal(values[0] == values[1], same, f"{name} of two versions is the same")
    guids = [package.pairs("Component", "Component", "ComponentId") for package in (new, old)]
    problems.equal(guids[0], guids[1], "component GUIDs of two versions with the same files")


def main():
    problems = Problems()
    new, old = Package(only("*.msi")), Package(only("*.msi", "old"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        extract(new.msi, folder)
        check_files(new, problems, folder)
        check_contents(new, problems, folder)
    for check in (check_properties, check_components, check_names, check_service, check_actions, check_upgrade,
                  check_registry, check_summary):
        check(new, problems)
    check_versions(new, old, problems)
    problems.finish("installer_tables")


main()
