#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the part of the WiX source that lists every file but the program:

    files_wxs.py STAGE >files.wxs

STAGE has one folder for each place on the target machine (PLACES). One component a file; its GUID comes
from the place and the path, its ids are readable."""
import pathlib
import re
import sys
from xml.sax.saxutils import quoteattr

from identity import guid

PLACES = (("program", "INSTALLDIR"), ("policy", "POLICYDIR"), ("module", "MODULEDIR"))
ELSEWHERE = {"program/openndes.exe"}  # service.wxs
ID_MAX = 72  # characters, Windows Installer's limit


class Listing:
    def __init__(self):
        self.lines = []
        self.components = []
        self.ids = {}

    def name(self, prefix, path):
        """An identifier: letters, digits, dots and underscores. Two paths must not share one."""
        name = prefix + re.sub(r"[^A-Za-z0-9.]", "_", path.replace("/", "."))
        if len(name) > ID_MAX:
            name = name[:ID_MAX - 9] + "_" + guid("id", path)[:8]
        if self.ids.setdefault(name.lower(), path) != path:
            sys.exit(f"files_wxs.py: {path} and {self.ids[name.lower()]} have the same id: rename one.")
        return name

    def folder(self, folder, stage, place, indent):
        for entry in sorted(folder.iterdir()):
            path = entry.relative_to(stage).as_posix()
            within = path.split("/", 1)[1]
            if path in ELSEWHERE:
                continue
            pad = "  " * indent
            if entry.is_dir():
                self.lines.append(f'{pad}<Directory Id={quoteattr(self.name("D.", path))} '
                                  f"Name={quoteattr(entry.name)}>")
                self.folder(entry, stage, place, indent + 1)
                self.lines.append(f"{pad}</Directory>")
                continue
            component = self.name("C.", path)
            self.components.append(component)
            self.lines += [
                f'{pad}<Component Id={quoteattr(component)} Guid="{guid(place, within)}" Win64="yes">',
                f'{pad}  <File Id={quoteattr(self.name("F.", path))} Name={quoteattr(entry.name)} '
                f'Source={quoteattr(path)} KeyPath="yes"/>',
                f"{pad}</Component>",
            ]


def main():
    stage = pathlib.Path(sys.argv[1])
    listing = Listing()
    for folder, place in PLACES:
        if not (stage / folder).is_dir():
            sys.exit(f"files_wxs.py: {stage / folder} is missing.")
        listing.lines.append(f'    <DirectoryRef Id="{place}">')
        listing.folder(stage / folder, stage, place, 3)
        listing.lines.append("    </DirectoryRef>")
    print('<?xml version="1.0" encoding="utf-8"?>')
    print('<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">')
    print("  <Fragment>")
    print("\n".join(listing.lines))
    print('    <ComponentGroup Id="Files">')
    for component in listing.components:
        print(f"      <ComponentRef Id={quoteattr(component)}/>")
    print("    </ComponentGroup>")
    print("  </Fragment>")
    print("</Wix>")


main()
