#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls and constructs that are not used, with what to use instead."""
import re

from source import Report, c_files, strip_c, text

CALLS = {
    "strcpy": "text_copy or a struct buffer",
    "strcat": "a struct buffer",
    "strncpy": "text_copy",
    "sprintf": "text_format",
    "vsprintf": "text_format",
    "strtok": "a parser that keeps its place",
    "gets": "a bounded read",
    "atoi": "a parser that reports errors",
    "system": "nothing: no shell is ever started",
    "popen": "nothing: no shell is ever started",
    "alloca": "malloc with a limit",
}
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(CALLS))
PROMPT = re.compile(r"\bPEM_read_\w+\([^;]*?,\s*NULL\s*,\s*NULL\s*\)")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\b_?_?WIN(32|64)\b")


def is_win32(name):
    return "/win32/" in name or name.endswith(("_win32.c", "_win32.h"))


def main():
    report = Report()
    for name in c_files():
        for number, line in enumerate(strip_c(text(name)).splitlines(), 1):
            for match in CALL.finditer(line):
                report.problem(name, number, f"{match[1]} is banned: use {CALLS[match[1]]}")
            if PROMPT.search(line) and not name.startswith("tests/"):
                report.problem(name, number, "a PEM reader without callback asks at the terminal: give it pem_no_password")
            if "//" in line:
                report.problem(name, number, "// comment: write /* */")
            if re.search(r"\btypedef\s+struct\b", line):
                report.problem(name, number, "typedef struct: write struct NAME everywhere")
            if CONDITIONAL.match(line) and not is_win32(name):
                report.problem(name, number, "_WIN32 conditional: put the code into win32/ or *_win32.c")
    report.finish()


main()
