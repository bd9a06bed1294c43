#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the bill of materials of the installed program, CycloneDX 1.5 in JSON:

    sbom.py ROOT SYSROOT EXE VERSION

The libraries are those of the sysroot's manifest, compiled from Debian's source packages; the parts of
the compiler that are linked in are those of its packages on this machine. The time is SOURCE_DATE_EPOCH.
toolchain/deps/*.sh says what needs what."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

from identity import guid

NOT_IN_PRODUCT = {"cmocka"}  # libraries of the sysroot that only tests use

# name, package of the compiler, its source package, licence, what for
RUNTIME = (
    ("mingw-w64", "mingw-w64-x86-64-dev", "ZPL-2.1 AND MIT AND BSD-3-Clause",
     "C runtime start-up code, import libraries, winpthreads"),
    ("gcc-runtime", "", "GPL-3.0-or-later WITH GCC-exception-3.1",
     "libgcc and libssp: the compiler's own support functions"),
)


def fail(text):
    sys.exit(f"sbom.py: {text}")


def output_of(*command):
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    if run.returncode != 0:
        fail(f"{' '.join(command)}: {run.stderr.strip()}")
    return run.stdout.strip()


def purl(package, version):
    """Of a Debian source package."""
    return f"pkg:deb/debian/{package}@{urllib.parse.quote(version, safe='')}?arch=source"


def licences(expression):
    """One SPDX identifier, or an expression."""
    if re.search(r"\s", expression):
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def recipe_needs(root, name):
    text = (root / "toolchain/deps" / f"{name}.sh").read_text(encoding="utf-8")
    found = re.search(r'^DEP_NEEDS="([^"]*)"$', text, re.M)
    if found is None:
        fail(f"toolchain/deps/{name}.sh has no line DEP_NEEDS.")
    return found[1].split()


def library(entry):
    """A component for one entry of the manifest. Its hash is that of the signed description of the
    source package, which has the hashes of all its files; those stand beside it."""
    sources = {source["file"]: source["sha256"] for source in entry["sources"]}
    description = [file for file in sources if file.endswith(".dsc")]
    if len(description) != 1:
        fail(f"{entry['name']} has not exactly one .dsc file in the manifest.")
    package = description[0].split("_", 1)[0]
    return {
        "type": "library",
        "bom-ref": purl(package, entry["source_version"]),
        "name": entry["name"],
        "version": entry["version"],
        "description": entry["purpose"],
        "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": sources[description[0]]}],
        "licenses": licences(entry["licence"]),
        "purl": purl(package, entry["source_version"]),
        "externalReferences": [
            {"type": "distribution", "url": file, "comment": "file of the source package",
             "hashes": [{"alg": "SHA-256", "content": digest}]}
            for file, digest in sorted(sources.items())],
    }


def runtime(name, package, licence, purpose):
    """A component for a part of the compiler. Which libgcc is linked depends on the compiler's flavour."""
    compiler = "x86_64-w64-mingw32-gcc"
    library_file = "libmingwex.a" if package else "libgcc.a"
    file = pathlib.Path(output_of(compiler, f"-print-file-name={library_file}")).resolve()
    owner = package or output_of("dpkg", "-S", str(file)).split(":", 1)[0]
    source, version = output_of("dpkg-query", "-W", "-f", "${source:Package} ${source:Version}", owner).split()
    return {
        "type": "library",
        "bom-ref": purl(source, version),
        "name": name,
        "version": output_of("dpkg-query", "-W", "-f", "${Version}", owner),
        "description": purpose,
        "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}],
        "licenses": licences(licence),
        "purl": purl(source, version),
    }


def main():
    root, sysroot, exe = (pathlib.Path(argument) for argument in sys.argv[1:4])
    version = sys.argv[4]
    entries = [entry for entry in json.loads((sysroot / "manifest.json").read_text(encoding="utf-8"))
               if entry["name"] not in NOT_IN_PRODUCT]
    components = {entry["name"]: library(entry) for entry in entries}
    libraries = list(components)
    components.update({row[0]: runtime(*row) for row in RUNTIME})
    references = {name: component["bom-ref"] for name, component in components.items()}

    product = f"pkg:generic/openndes@{version}"
    needs = {product: sorted(references.values())}
    for name in libraries:
        needs[references[name]] = sorted(
            references[other] for other in (*recipe_needs(root, name), *(row[0] for row in RUNTIME)))
    for name, *_ in RUNTIME:
        needs[references[name]] = []

    digest = hashlib.sha256(exe.read_bytes()).hexdigest()
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "urn:uuid:" + guid("sbom", version, digest).lower(),
        "version": 1,
        "metadata": {
            "timestamp": moment,
            "tools": {"components": [{"type": "application", "name": "installer/sbom.py", "version": version}]},
            "component": {
                "type": "application",
                "bom-ref": product,
                "name": "openndes",
                "version": version,
                "description": "SCEP server in the place of NDES: openndes.exe, linked statically",
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": licences("Apache-2.0"),
                "purl": product,
            },
        },
        "components": [components[name] for name in sorted(components)],
        "dependencies": [{"ref": ref, "dependsOn": needs[ref]} for ref in sorted(needs)],
    }
    json.dump(bom, sys.stdout, indent=2, ensure_ascii=False)
    print()


main()
