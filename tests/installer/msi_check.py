# SPDX-License-Identifier: Apache-2.0
"""What the checks of the packages share: where things are, and a list of problems."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "installer"))

PACKAGES = pathlib.Path(os.environ["OPENNDES_PACKAGES"])


def only(pattern, folder="new"):
    found = list((PACKAGES / folder).glob(pattern))
    if len(found) != 1:
        sys.exit(f"{len(found)} files {pattern} in {PACKAGES / folder}")
    return found[0]


class Problems:
    def __init__(self):
        self.found = []
        self.checks = 0

    def check(self, condition, text):
        self.checks += 1
        if not condition:
            self.found.append(text)

    def equal(self, found, wanted, what):
        self.check(found == wanted, f"{what}: {found!r} instead of {wanted!r}")

    def finish(self, name):
        for problem in self.found:
            print(f"{name}: {problem}", file=sys.stderr)
        print(f"{name}: {self.checks} checks, {len(self.found)} problems")
        sys.exit(1 if self.found else 0)


def extract(msi, folder):
    """The files of a package as Windows Installer would lay them out below folder."""
    subprocess.run(["msiextract", "-C", str(folder), str(msi)], check=True, stdout=subprocess.DEVNULL)
