#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Licence line in every source; no package hosts and no paths of a particular machine anywhere."""
import re

from source import ROOT, Report, files, text

SPDX = "SPDX-License-Identifier: Apache-2.0"
ENDINGS = (".c", ".h", ".in", ".py", ".sh", ".cmake", ".mc", ".rc", ".def", ".wxs", ".list")
NAMES = ("CMakeLists.txt", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore",
         ".gitattributes")

# Written so that this file does not find itself.
UNWANTED = (
    (re.compile(r"https?://[a-z0-9.-]*(debian|npm[j]s|ubuntu|pypi|rubygems)\."), "package host"),
    (re.compile(r"\b(deb|ftp|security|snapshot|archive)\.(debian|ubuntu)\.(org|com)"), "package host"),
    (re.compile(r"(?<![\w.$}])/w[o]rk/|\.\./sh[a]red/(?!data)|/tmp/claud[e]"), "path of one machine"),
    (re.compile(r"(?<![\w.])/(root|home/[a-z]\w*)/\S"), "path of one user"),
)


def needs_licence(name, first_line):
    base = name.rsplit("/", 1)[-1]
    return base in NAMES or base.endswith(ENDINGS) or first_line.startswith("#!")


def main():
    report = Report()
    for name in files():
        data = (ROOT / name).read_bytes()[:4096]
        if b"\0" in data or name == "LICENSE":
            continue
        content = text(name)
        lines = content.splitlines()
        fixture = name.startswith("tests/fixtures/")
        if not fixture and needs_licence(name, lines[0] if lines else "") \
                and not any(SPDX in line for line in lines[:5]):
            report.problem(name, 1, f"no line {SPDX}")
        for number, line in enumerate(lines, 1):
            for pattern, what in UNWANTED:
                if pattern.search(line):
                    report.problem(name, number, f"{what}: it means nothing on another machine")
    report.finish()


main()
