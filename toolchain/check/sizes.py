#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file fits one sitting, a function a few screens, a line one window."""
import re

from source import Report, c_files, text

FILE_LINES = 650
FUNCTION_LINES = 110
COLUMNS = 100


def main():
    report = Report()
    for name in c_files():
        lines = text(name).splitlines()
        if len(lines) > FILE_LINES:
            report.problem(name, FILE_LINES, f"{len(lines)} lines, limit {FILE_LINES}: split it by noun")
        start = None
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                report.problem(name, number, f"{len(line)} columns, limit {COLUMNS}")
            # Our format puts a function's braces, and only those, alone into the first column.
            if line == "{":
                start = number
            elif re.match(r"}\s*$", line) and start is not None:
                if number - start + 1 > FUNCTION_LINES:
                    report.problem(name, start, f"function of {number - start + 1} lines, "
                                   f"limit {FUNCTION_LINES}: give its steps names")
                start = None
    report.finish()


main()
