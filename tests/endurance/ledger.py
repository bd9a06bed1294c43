#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what devices have received with what the server has recorded.

ledger.py DATA-FOLDER LEDGER [REVOKED]      the server does not run meanwhile

The ledger is crash_client's, REVOKED has a serial on each line. Prints one line with figures;
exit code 1 and a line for each contradiction otherwise.
"""
import collections
import json
import os
import sqlite3
import sys

problems = []


def problem(text, *values):
    problems.append(text % values)


def serial_text(text):
    return text.lower().lstrip("0")


def read_ledger(path):
    entries = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            result, kind, password, cn, serial, der = line.split()
            entries.append((result, kind, password, cn, serial_text(serial),
                            bytes.fromhex(der) if der != "-" else b""))
    return entries


def read_audit(folder):
    """Serials that were told as issued or repeated, and the lines that are no records."""
    told, damaged = set(), 0
    for name in sorted(os.listdir(folder)):
        if not name.startswith("audit.jsonl"):
            continue
        with open(os.path.join(folder, name), "rb") as lines:
            for line in lines:
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except ValueError:
                    damaged += 1
                    continue
                if record.get("event") == "enroll" and record["result"] in ("issued", "repeated"):
                    told.add(serial_text(record["serial"]))
    return told, damaged


def main(data, ledger_path, revoked_path=None):
    database = sqlite3.connect(os.path.join(data, "openndes.db"))
    if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        problem("the database is not sound")
    rows = {}
    names = collections.Counter()
    for serial, subject, kind, withheld, der, revoked in database.execute(
            "SELECT serial, subject, challenge_type, withheld, der, revoked_at FROM certificate"):
        if serial_text(serial) in rows:
            problem("serial %s is there twice", serial)
        rows[serial_text(serial)] = (subject, kind, withheld, bytes(der), revoked)
        names[subject] += 1
        if withheld == 1:
            problem("serial %s is still provisional", serial)
    for name, count in names.items():
        if count > 1:
            problem("%s has %d certificates", name, count)

    entries = read_ledger(ledger_path)
    told, damaged = read_audit(os.path.join(data, "logs"))
    of_password = collections.defaultdict(set)
    of_name = {}
    for result, kind, password, cn, serial, der in entries:
        if result != "issued":
            continue
        row = rows.get(serial)
        if row is None:
            problem("%s has serial %s, which is not recorded", cn, serial)
        elif row[3] != der or row[0] != "CN=" + cn:
            problem("%s has serial %s, recorded is another certificate, for %s", cn, serial, row[0])
        if of_name.setdefault(cn, serial) != serial:
            problem("%s has two certificates: %s, %s", cn, of_name[cn], serial)
        if kind == "once":
            of_password[password].add(serial)
        if serial not in told:
            problem("no audit record of serial %s", serial)
    if len(set(of_name.values())) != len(of_name):
        problem("two devices have the same serial")

    spent = {}
    for number, serial in database.execute("SELECT id, spent_serial FROM password WHERE spent_at IS NOT NULL"):
        serial = serial_text(serial)
        spent[str(number)] = serial
        if serial not in rows or rows[serial][1] != "ndes":
            problem("password %s is spent for serial %s, which is not recorded", number, serial)
    if len(set(spent.values())) != len(spent):
        problem("two passwords are spent for one certificate")
    by_password = {serial for serial, row in rows.items() if row[1] == "ndes"}
    for serial in by_password - set(spent.values()):
        problem("serial %s was issued for a password, and none is spent", serial)
    for password, serials in of_password.items():
        if serials != {spent.get(password)}:
            problem("password %s gave %s, recorded is %s", password, sorted(serials), spent.get(password))
    refused = collections.Counter(e[2] for e in entries if e[0] == "refused" and e[1] == "once")
    for password, count in refused.items():
        if count == 2 and password in spent:
            # Neither has it: then a refusal has spent it.
            problem("password %s was refused to both and is spent", password)
    for result, kind, password, cn, _, _ in entries:
        if result == "refused" and kind == "device":
            problem("%s was refused", cn)
        if result == "refused" and kind == "once" and password not in spent:
            problem("%s was refused, and password %s is not spent", cn, password)

    revoked = set()
    if revoked_path:
        with open(revoked_path, encoding="ascii") as lines:
            revoked = {serial_text(line.strip()) for line in lines}
    for serial in revoked:
        if serial not in rows or rows[serial][4] is None:
            problem("serial %s was revoked, which is not recorded", serial)

    if problems:
        print("\n".join(problems[:50]))
        return 1
    print("%d certificates received, all of %d recorded; %d passwords spent, each once; "
          "%d torn audit lines" % (len(of_name), len(rows), len(spent), damaged))
    return 0


sys.exit(main(*sys.argv[1:]))
