#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials against the rules of CycloneDX 1.5 that apply to it, and against what is really
installed: the hash of the program, the libraries of the sysroot, their licence texts."""
import hashlib
import json
import pathlib
import re
import tempfile

from msi_check import ROOT, Problems, extract, only
from msi_tables import export

TYPES = {"application", "framework", "library", "container", "platform", "operating-system", "device",
         "device-driver", "firmware", "file", "machine-learning-model", "data"}
REFERENCES = {"vcs", "issue-tracker", "website", "advisories", "bom", "distribution", "distribution-intake",
              "license", "build-meta", "build-system", "release-notes", "documentation", "support", "other"}
ROOT_MEMBERS = {"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components",
                "dependencies"}
COMPONENT_MEMBERS = {"type", "bom-ref", "name", "version", "description", "scope", "hashes", "licenses", "purl",
                     "externalReferences"}
DIGEST_LENGTH = {"SHA-256": 64}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# SPDX identifiers that are allowed to turn up; another one has to be looked at by a person.
SPDX = {"Apache-2.0", "MIT", "BSD-3-Clause", "LGPL-2.1-or-later", "blessing", "curl", "ZPL-2.1",
        "GPL-3.0-or-later", "GCC-exception-3.1"}


def check_hashes(problems, where, hashes):
    problems.check(hashes, f"{where}: no hash")
    for entry in hashes:
        length = DIGEST_LENGTH.get(entry.get("alg"))
        problems.check(length and re.fullmatch(rf"[0-9a-f]{{{length}}}", entry.get("content", "")),
                       f"{where}: hash {entry}")


def check_licences(problems, where, licences):
    problems.check(licences, f"{where}: no licence")
    expressions = [entry for entry in licences if "expression" in entry]
    problems.check(not expressions or len(licences) == 1, f"{where}: an expression stands alone")
    for entry in licences:
        problems.check(len(entry) == 1, f"{where}: licence {entry}")
        text = entry.get("expression") or entry.get("license", {}).get("id", "")
        words = re.findall(r"[^\s()]+", text)
        problems.check(words and set(words) - {"AND", "OR", "WITH"} <= SPDX, f"{where}: licence {text!r}")


def check_component(problems, component, product):
    where = component.get("name", "a component without name")
    problems.check(set(component) <= COMPONENT_MEMBERS, f"{where}: unknown members {set(component) - COMPONENT_MEMBERS}")
    for member in ("type", "bom-ref", "name", "version", "purl"):
        problems.check(component.get(member), f"{where}: no {member}")
    problems.check(component["type"] in TYPES, f"{where}: type {component['type']}")
    problems.check(component.get("scope") in (None, "required", "optional", "excluded"), f"{where}: scope")
    # pkg:type/namespace/name@version?qualifiers; in the version everything but letters, digits and -._~ is encoded
    pattern = r"pkg:generic/openndes@[0-9.]+" if product else \
        r"pkg:deb/debian/[a-z0-9][a-z0-9.+-]*@([A-Za-z0-9.~_-]|%[0-9A-F]{2})+\?arch=source"
    problems.check(re.fullmatch(pattern, component["purl"]), f"{where}: purl {component['purl']}")
    check_hashes(problems, where, component.get("hashes", []))
    check_licences(problems, where, component.get("licenses", []))
    for reference in component.get("externalReferences", []):
        problems.check(reference.get("type") in REFERENCES and re.fullmatch(r"[^\s<>\"{}|\\^`]+", reference.get("url", "")),
                       f"{where}: reference {reference}")
        check_hashes(problems, f"{where}: {reference.get('url')}", reference.get("hashes", []))


def check_graph(problems, bom, references):
    """Every component is in it once, points to components that exist, and is needed by the product."""
    graph = {}
    for entry in bom["dependencies"]:
        problems.check(entry["ref"] not in graph, f"{entry['ref']} stands twice in the graph")
        needs = entry.get("dependsOn", [])
        problems.equal(len(needs), len(set(needs)), f"{entry['ref']}: what it needs, each once")
        problems.check(set(needs) <= references and entry["ref"] not in needs, f"{entry['ref']}: needs {needs}")
        graph[entry["ref"]] = needs
    problems.equal(set(graph), references, "components of the graph")
    seen, waiting = set(), [bom["metadata"]["component"]["bom-ref"]]
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting += graph.get(at, [])
    problems.equal(seen, references, "what the product needs")


def main():
    problems = Problems()
    text = only("*.cdx.json").read_text(encoding="utf-8")
    bom = json.loads(text, object_pairs_hook=lambda pairs: problems.equal(
        len({key for key, _ in pairs}), len(pairs), "members that stand twice") or dict(pairs))
    problems.equal(set(bom), ROOT_MEMBERS, "members")
    problems.equal((bom["bomFormat"], bom["specVersion"], bom["version"]), ("CycloneDX", "1.5", 1), "format")
    problems.equal(bom["$schema"], "http://cyclonedx.org/schema/bom-1.5.schema.json", "schema")
    problems.check(re.fullmatch("urn:uuid:" + UUID, bom["serialNumber"]), f"serial number {bom['serialNumber']}")
    metadata = bom["metadata"]
    problems.check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["timestamp"]), "time")
    product = metadata["component"]
    check_component(problems, product, True)
    for component in bom["components"]:
        check_component(problems, component, False)
    found = [product["bom-ref"]] + [component["bom-ref"] for component in bom["components"]]
    problems.equal(len(found), len(set(found)), "references that are unique")
    check_graph(problems, bom, set(found))

    msi = str(only("*.msi"))
    version = {row["Property"]: row["Value"] for row in export(msi, "Property")}["ProductVersion"]
    problems.equal((product["name"], product["version"]), ("openndes", version), "product")
    cache = (ROOT / "build/windows/CMakeCache.txt").read_text(encoding="utf-8")
    sysroot = pathlib.Path(re.search(r"^OPENNDES_SYSROOT:PATH=(.+)$", cache, re.M)[1])
    entries = {entry["name"]: entry for entry in json.loads((sysroot / "manifest.json").read_text(encoding="utf-8"))}
    names = {component["name"]: component for component in bom["components"]}
    problems.equal(set(names), (set(entries) - {"cmocka"}) | {"mingw-w64", "gcc-runtime"}, "components")
    for name, entry in entries.items():
        if name in names:
            problems.equal(names[name]["version"], entry["version"], f"{name}: version")
            listed = {(r["url"], r["hashes"][0]["content"]) for r in names[name]["externalReferences"]}
            problems.equal(listed, {(s["file"], s["sha256"]) for s in entry["sources"]}, f"{name}: source files")
    with tempfile.TemporaryDirectory() as folder:
        extract(msi, folder)
        program = pathlib.Path(folder) / "OpenNDES"
        problems.equal((program / "sbom.cdx.json").read_text(encoding="utf-8"), text, "the installed one")
        problems.equal(product["hashes"][0]["content"],
                       hashlib.sha256((program / "openndes.exe").read_bytes()).hexdigest(), "hash of the program")
        problems.equal({path.name for path in (program / "licenses").iterdir()}, set(names), "licence texts")
    problems.finish("installer_sbom")


main()
