#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes into the MSI what wixl cannot say or says differently from version to version:

    finish.py MSI WORK VERSION EXE EPOCH DIGEST

WORK is a folder for the tables on their way, EPOCH the time that everything in the package has, DIGEST
what stands for the content (the package code comes from it). Nothing in the result comes from the clock
or from chance."""
import pathlib
import struct
import subprocess
import sys
import time

from identity import guid
from msi_tables import export, idt

TABLES = pathlib.Path(__file__).parent / "tables"

# Everything that an administrator may set; the same list stands in docs/install.md.
SECURE = ("DATADIR", "HTTPPORT", "HTTPSPORT", "IMPORTNDES", "INSTALLDIR", "MODULEDIR", "POLICYDIR",
          "SERVICEACCOUNT", "STARTSERVICE", "WIX_DOWNGRADE_DETECTED", "WIX_UPGRADE_DETECTED")

# Type bits of the CustomAction table: what to run, and how.
PROGRAM_FILE, SET_PROPERTY = 18, 51
IGNORE, ROLLBACK, IN_SCRIPT, AS_SYSTEM = 0x40, 0x100, 0x400, 0x800
ACTION_TYPES = {
    "SetUpService": PROGRAM_FILE + IN_SCRIPT + AS_SYSTEM,
    "UndoSetUp": PROGRAM_FILE + IGNORE + ROLLBACK + IN_SCRIPT + AS_SYSTEM,
    "RedoSetUp": PROGRAM_FILE + IGNORE + ROLLBACK + IN_SCRIPT + AS_SYSTEM,
    "RemoveSetUp": PROGRAM_FILE + IGNORE + IN_SCRIPT + AS_SYSTEM,
}
VITAL_SERVICE = 0x8000 + 1  # the installation fails when the service cannot be made; normal errors


def fail(text):
    sys.exit(f"finish.py: {text}")


def file_version(exe):
    """FILEVERSION of the program's version resource, which Windows Installer compares."""
    data = pathlib.Path(exe).read_bytes()
    at = data.find(struct.pack("<I", 0xFEEF04BD))  # VS_FIXEDFILEINFO
    if at < 0:
        fail(f"{exe} has no version resource.")
    high, low = struct.unpack_from("<II", data, at + 8)
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"


def short_name(name, taken):
    """SHORT|LONG where the name is not an 8.3 name itself: Windows Installer wants both."""
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    plain = name.replace("_", "").replace("-", "").replace(".", "", 1)
    if plain.isalnum() and plain.isascii() and 1 <= len(stem) <= 8 and len(ending) <= 3:
        return name
    letters = "".join(c for c in stem if c.isascii() and c.isalnum()).upper()
    ending = "".join(c for c in ending if c.isascii() and c.isalnum()).upper()[:3]
    for number in range(1, 10000):
        tail = f"~{number}"
        short = letters[:8 - len(tail)] + tail + (f".{ending}" if dot else "")
        if short not in taken:
            taken.add(short)
            return f"{short}|{name}"
    return fail(f"no short name is left for {name}.")


def name_updates(msi):
    """Short names for files and folders, unique in each folder."""
    folder_of = {row["Component"]: row["Directory_"] for row in export(msi, "Component")}
    taken = {}
    for row in sorted(export(msi, "Directory"), key=lambda row: row["Directory"]):
        name, parent = row["DefaultDir"], row["Directory_Parent"]
        if parent and name != ".":
            full = short_name(name, taken.setdefault(parent, set()))
            yield f"UPDATE Directory SET DefaultDir='{full}' WHERE Directory='{row['Directory']}'"
    for row in sorted(export(msi, "File"), key=lambda row: row["File"]):
        folder = folder_of[row["Component_"]]
        full = short_name(row["FileName"], taken.setdefault(folder, set()))
        yield f"UPDATE File SET FileName='{full}' WHERE File='{row['File']}'"


def summary(version, epoch, digest):
    moment = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(epoch))
    values = {
        1: "1252", 2: "Installation Database", 3: "OpenNDES SCEP server", 4: "OpenNDES",
        5: "Installer, MSI, SCEP, NDES", 6: f"OpenNDES {version}", 7: "x64;1033",
        9: "{" + guid("package", version, digest) + "}", 12: moment, 13: moment,
        14: "500",  # Windows Installer 5.0
        15: "2",  # compressed, long file names, needs elevation
        18: "OpenNDES toolchain/package", 19: "2",  # opening it for writing is not recommended
    }
    rows = [(str(number), text) for number, text in sorted(values.items())]
    return idt(("PropertyId", "Value"), ("i2", "l255"), "_SummaryInformation", ("PropertyId",), rows)


def main():
    msi, work, version, exe, epoch, digest = sys.argv[1:]
    work = pathlib.Path(work)
    actions = {row["Action"]: int(row["Type"]) for row in export(msi, "CustomAction")}
    queries = [
        f"UPDATE File SET Version='{file_version(exe)}', Language='1033' WHERE File='openndes.exe'",
        "DELETE FROM MsiFileHash WHERE File_='openndes.exe'",
        f"UPDATE ServiceInstall SET ErrorControl={VITAL_SERVICE}",
        # REG_EXPAND_SZ; an older wixl makes REG_SZ of it
        "UPDATE Registry SET Value='#%[#openndes.exe]' WHERE Name='EventMessageFile'",
        f"UPDATE Property SET Value='{';'.join(SECURE)}' WHERE Property='SecureCustomProperties'",
    ]
    queries += [f"UPDATE CustomAction SET Type={ACTION_TYPES.get(name, SET_PROPERTY)} WHERE Action='{name}'"
                for name in actions]
    queries += name_updates(msi)
    imports = {"_SummaryInformation": summary(version, int(epoch), digest)}
    for file in sorted(TABLES.glob("*.idt")):
        imports[file.stem] = file.read_bytes().replace(b"\n", b"\r\n")
    command = ["msibuild", msi]
    for query in queries:
        command += ["-q", query]
    for table, text in imports.items():
        file = work / f"{table}.idt"
        file.write_bytes(text)
        command += ["-i", str(file)]
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    if run.returncode != 0 or run.stdout.strip() or run.stderr.strip():
        fail(f"msibuild ended with {run.returncode}: {run.stdout}{run.stderr}")


main()
