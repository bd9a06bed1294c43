#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show.py JSON yes|no PAGE: the last run on the terminal, if so, and in PAGE, if one is named."""
import json
import sys

import report


def main():
    path, printed, page = sys.argv[1:]
    with open(path, encoding="utf-8") as text:
        result = json.load(text)
    if printed == "yes":
        print(report.text(result))
    if page:
        report.write(result, page)


main()
