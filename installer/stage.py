#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lays out what is installed beside the program, as it will lie on the target machine:

    stage.py ROOT SYSROOT STAGE

program/ is the installation folder, policy/ the Group Policy templates, module/ the PowerShell module."""
import pathlib
import shutil
import sys

# From the repository, into STAGE. A folder means everything below it.
CONTENTS = (
    ("README.md", "program/README.md"),
    ("LICENSE", "program/LICENSE"),
    ("docs", "program/docs"),
    ("installer/samples", "program/samples"),
    ("installer/policy", "policy"),
    ("installer/powershell/OpenNDES", "module"),
)
NOT_IN_PRODUCT = {"cmocka"}  # libraries of the sysroot that only tests use

# Parts of the compiler that are linked into the program, with the folder of their Debian package's
# copyright file; the first that exists counts.
RUNTIME = (
    ("mingw-w64", ("mingw-w64-x86-64-dev", "mingw-w64-common")),
    ("gcc-runtime", ("gcc-mingw-w64-base", "gcc-mingw-w64-x86-64-posix-runtime",
                     "gcc-mingw-w64-x86-64-win32-runtime", "gcc-mingw-w64-x86-64-runtime")),
)


def copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    else:
        sys.exit(f"stage.py: {source} is missing: the installer has to contain it.")


def runtime_licence(packages):
    for package in packages:
        file = pathlib.Path("/usr/share/doc") / package / "copyright"
        if file.is_file():
            return file
    return sys.exit(f"stage.py: no copyright file of {packages[0]}: install the package with its documents.")


def main():
    root, sysroot, stage = (pathlib.Path(argument) for argument in sys.argv[1:])
    for source, target in CONTENTS:
        copy(root / source, stage / target)
    licenses = stage / "program/licenses"
    for folder in sorted((sysroot / "share/licenses").iterdir()):
        if folder.name not in NOT_IN_PRODUCT:
            copy(folder, licenses / folder.name)
    for name, packages in RUNTIME:
        copy(runtime_licence(packages), licenses / name / "debian-copyright")


main()
