#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No mutable globals: object files that were built have no data symbols outside the allow-list.

Looks at build/native (ELF) and, for the files only Windows has, build/windows (COFF); says nothing
when neither is there.
"""
import fnmatch
import re
import subprocess

from source import ROOT, Report

# object's source -> names that may be there, with the reason
ALLOWED = (
    ("src/model/parse_context.c", "*"),  # a library context for the process, as the default one is
    ("service/host_win32.c", "*"),  # the status handle and stop event: SCM callbacks have no context
    ("service/host_posix.c", "*"),  # the signal flag: a signal handler has no context
    ("src/base/crypto_memory.c", "watched"),  # a function for memory that OpenSSL calls has no context
    ("src/base/crypto_memory.c", "lacked"),
    ("src/base/json.c", "reading"),  # an allocator of jansson's has no context
    ("src/base/xml.c", "failed_allocations"),  # nor has one of libxml2's
)


def objects(build, ending):
    for folder in ("src", "mscep", "service"):
        base = ROOT / "build" / build / folder
        if base.is_dir():
            yield from sorted(base.rglob("*.c" + ending))


def source_of(path, build, ending):
    """build/native/src/base/CMakeFiles/openndes_base.dir/x.c.o -> src/base/x.c"""
    name = str(path.relative_to(ROOT / "build" / build))[: -len(ending)]
    return re.sub(r"CMakeFiles/[^/]+\.dir/", "", name)


def elf_symbols(paths):
    shown = subprocess.run(["objdump", "-t", *map(str, paths)], capture_output=True, text=True).stdout
    current = None
    for line in shown.splitlines():
        if match := re.match(r"(\S.*):\s+file format", line):
            current = match[1]
        elif match := re.match(r"[0-9a-f]+ .{6}O (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$", line):
            section, symbol = match.groups()
            if re.match(r"\.(data|bss|tbss|tdata)", section) and not section.startswith(".data.rel.ro"):
                yield current, symbol


def coff_symbols(paths):
    shown = subprocess.run(["x86_64-w64-mingw32-objdump", "-ht", *map(str, paths)],
                           capture_output=True, text=True).stdout
    current, writable = None, set()
    for line in shown.splitlines():
        if match := re.match(r"(\S.*):\s+file format", line):
            current, writable = match[1], set()
        elif match := re.match(r"\s+(\d+) \.(data|bss|tls)\S*\s+[0-9a-f]{8}", line):
            writable.add(int(match[1]) + 1)  # symbols count sections from one
        elif match := re.match(r"\[\s*\d+\]\(sec\s+(-?\d+)\)\(fl 0x\w+\)\(ty\s+\w+\)"
                               r"\(scl\s+\d+\) \(nx \d+\) 0x[0-9a-f]+ (\S+)$", line):
            if int(match[1]) in writable and not match[2].startswith("."):
                yield current, match[2]


def main():
    report = Report()
    seen = set()
    for build, ending, symbols in (("native", ".o", elf_symbols), ("windows", ".obj", coff_symbols)):
        found = {str(path): source_of(path, build, ending) for path in objects(build, ending)}
        found = {path: name for path, name in found.items()
                 if (ROOT / name).is_file() and name not in seen}
        seen.update(found.values())
        for path, symbol in symbols(found) if found else ():
            name = found[path]
            if not any(fnmatch.fnmatch(name, file) and fnmatch.fnmatch(symbol, allowed)
                       for file, allowed in ALLOWED):
                report.problem(name, 1, f"mutable global {symbol}: state lives in handles (make it const?)")
    report.finish()


main()
