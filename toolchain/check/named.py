#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What SECURITY.md and docs/ name exists: tests, fuzz targets, endurance runs, and pages linked to."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
tests = {p.stem for p in root.glob("tests/**/test_*.c")} | {p.stem for p in root.glob("tests/fuzz/fuzz_*.c")}
tests |= {"e2e_" + p.stem for p in root.glob("tests/service/*.sh")}
tests |= {"e2e_" + p.stem for p in root.glob("tests/endurance/*.sh")}
tests |= {"interop_" + p.stem for p in root.glob("tests/interop/*.sh")}
runs = {p.stem for p in root.glob("tests/endurance/*.sh")}
problems = []


def exists(name):
    pattern = re.compile(re.escape(name).replace(r"\*", ".*") + r"\Z")
    return any(pattern.match(test) for test in tests)


for page in [root / "SECURITY.md", root / "README.md", *sorted((root / "docs").glob("*.md"))]:
    for number, line in enumerate(page.read_text().split("\n"), 1):
        def problem(text):
            problems.append(f"{page.relative_to(root)}:{number}: {text}")

        for code in re.findall(r"`([^`]+)`", line):
            if re.fullmatch(r"(test|e2e|fuzz|interop)_[a-z0-9_*]+", code) and not exists(code):
                problem(f"there is no {code}")
            found = re.search(r"toolchain/endure ([a-z_]+)", code)
            if found and found.group(1) not in runs:
                problem(f"toolchain/endure has no {found.group(1)}")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line):
            if not (page.parent / link).exists():
                problem(f"the link leads nowhere: {link}")
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
