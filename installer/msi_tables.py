# SPDX-License-Identifier: Apache-2.0
"""Reads the tables of an MSI through msiinfo; writes tables as text that msibuild imports."""
import subprocess


def export(msi, table):
    """The rows of a table as dictionaries; none when it does not exist."""
    run = subprocess.run(["msiinfo", "export", msi, table], capture_output=True, check=False)
    lines = run.stdout.decode("utf-8").replace("\r\n", "\n").split("\n")
    if run.returncode != 0 or len(lines) < 3:
        return []
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[3:] if line]


def tables(msi):
    run = subprocess.run(["msiinfo", "tables", msi], capture_output=True, check=True)
    return run.stdout.decode("utf-8").split()


def idt(columns, types, table, keys, rows):
    """The text of a table for "msibuild -i": names, types, table and keys, then the rows."""
    lines = [columns, types, [table, *keys], *rows]
    return "".join("\t".join(line) + "\r\n" for line in lines).encode("ascii")
