#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_scrapers.py PROGRAM: the pages that PROGRAM (write_ndes_pages) writes, before scrapers.py."""
import pathlib
import subprocess
import sys
import tempfile

SCRAPERS = pathlib.Path(__file__).with_name("scrapers.py")


def rows(text):
    return dict(line.split("\t", 1) for line in text.splitlines())


def main():
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        pages = sorted(pathlib.Path(folder).glob("*.html"))
        for page in pages:
            expected = rows(page.with_suffix(".expected").read_text())
            length = expected.pop("password-length")
            done = subprocess.run([sys.executable, SCRAPERS, "--password-length", length, page],
                                  capture_output=True, text=True, check=True)
            found = rows(done.stdout)
            if found.keys() - {"junos-bs4"} != expected.keys():
                problems.append(f"{page.stem}: scrapers {sorted(found)} instead of {sorted(expected)}")
            for name, text in found.items():
                wanted = expected.get(name, expected.get(name.removesuffix("-bs4")))
                if text != wanted:
                    problems.append(f"{name} on page {page.stem}: {text!r} instead of {wanted!r}")
    if len(pages) < 12:
        problems.append(f"only {len(pages)} pages")
    print("\n".join(problems) or f"{len(pages)} pages, {len(expected)} scrapers: as expected")
    return 1 if problems else 0


sys.exit(main())
