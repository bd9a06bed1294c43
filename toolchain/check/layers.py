#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point down only: each folder may include itself and what the table names."""
import re

from source import Report, c_files, strip_c, text

GROUND = {"base"}
PLATFORM = GROUND | {"platform"}
NOUNS = PLATFORM | {"model", "config"}  # the two do not see each other
STATE = NOUNS | {"store", "audit", "http"}
COMPETENCES = {"challenge", "intune", "template", "policy", "ca"}  # do not see each other
DECISION = STATE | COMPETENCES
PROTOCOL = DECISION | {"scep", "enroll"}

MAY_INCLUDE = {
    "base": set(),
    "platform": GROUND,
    "model": PLATFORM,
    "config": PLATFORM,
    "store": NOUNS,
    "audit": NOUNS,
    "http": NOUNS,
    **{name: STATE for name in COMPETENCES},
    "scep": NOUNS,
    "enroll": DECISION,
    "endpoint": PROTOCOL,
    "mscep": PROTOCOL | {"endpoint"},
    "service": PROTOCOL | {"endpoint", "mscep"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def main():
    report = Report()
    for name in c_files(("src/", "mscep/", "service/")):
        own = folder_of(name)
        if own not in MAY_INCLUDE:
            report.problem(name, 1, f"folder {own} has no layer: add it to toolchain/check/layers.py")
            continue
        for number, line in enumerate(strip_c(text(name), keep_strings=True).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match or "/" not in match[1]:
                continue  # a neighbour, or generated
            target = match[1].split("/")[0]
            if target == "..":
                report.problem(name, number, "include by path from the code root, not with ..")
            elif target != own and target not in MAY_INCLUDE[own]:
                report.problem(name, number, f"{own}/ must not include {target}/ (layers)")
    report.finish()


main()
