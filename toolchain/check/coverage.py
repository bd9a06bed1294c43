#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of toolchain/coverage: coverage.py BUILD FOLDER...

Reads what gcov says about the instrumented objects of each folder. A line counts once, however many
objects hold it; so does a branch.
"""
import json
import pathlib
import subprocess
import sys


def read_file(note, root):
    """What gcov knows of one object: {source below root: ({line: hit}, {(line, branch): hit})}."""
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(note)],
        check=True, capture_output=True, cwd=note.parent)
    found = {}
    for text in done.stdout.decode().splitlines():
        if not text.strip():
            continue
        for entry in json.loads(text)["files"]:
            path = pathlib.Path(entry["file"])
            path = path if path.is_absolute() else root / path
            lines, branches = found.setdefault(path.resolve(), ({}, {}))
            for line in entry["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, False) or line["count"] > 0
                for index, branch in enumerate(line["branches"]):
                    key = (number, index)
                    branches[key] = branches.get(key, False) or branch["count"] > 0
    return found


def share(hits):
    """'12 of 15   80.0 %'"""
    hit, total = sum(hits), len(hits)
    return f"{hit:6d} of {total:6d} {100 * hit / total if total else 100:6.1f} %"


def print_row(name, lines, branches):
    print(f"{name:34} {share(lines)}   {share(branches)}")


def print_folder(build, root, folder):
    objects = build / folder / "CMakeFiles" / f"openndes_{folder.name}.dir"
    notes = sorted(objects.glob("*.gcno"))
    if not notes:
        sys.exit(f"coverage: no instrumented objects in {objects}")
    all_lines, all_branches = [], []
    print(f"\n{str(folder):34} {'lines':>25}   {'branches':>25}")
    for note in notes:
        source = (root / folder / note.name.removesuffix(".gcno")).resolve()
        lines, branches = read_file(note, root).get(source, ({}, {}))
        print_row("  " + source.name, list(lines.values()), list(branches.values()))
        all_lines += lines.values()
        all_branches += branches.values()
    print_row("  all", all_lines, all_branches)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: coverage.py BUILD FOLDER...")
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    build = pathlib.Path(sys.argv[1]).resolve()
    for folder in sys.argv[2:]:
        print_folder(build, root, pathlib.Path(folder))


main()
