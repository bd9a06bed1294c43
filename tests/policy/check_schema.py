#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_schema.py PROGRAM SCHEMA FIXTURES: the schema of our own format takes every good sample and every
policy that PROGRAM (write_policy_dumps) writes, and refuses every bad one. Exit code 77: skipped."""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: Python has no jsonschema (Debian package python3-jsonschema)")
    sys.exit(77)


def load(path):
    return json.loads(path.read_text(encoding="utf-8-sig"))


def main():
    program, schema_path, fixtures = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    schema = load(schema_path)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems = []
    good = sorted({*fixtures.glob("own_*.json"), *fixtures.glob("*.own.json")} - {fixtures / "own_bad.json"})
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, fixtures, folder], check=True)
        dumps = sorted(pathlib.Path(folder).glob("*.json"))
        for path in good + dumps:
            problems += [f"{path.name}: {e.message[:200]}" for e in validator.iter_errors(load(path))]
    bad = load(fixtures / "own_bad.json")
    problems += [f"own_bad.json: {row['why']}: the schema takes it" for row in bad if validator.is_valid(row["item"])]
    if len(good) < 2 or len(dumps) < 10 or len(bad) < 20:
        problems.append(f"only {len(good)} samples, {len(dumps)} dumps, {len(bad)} bad ones")
    for problem in problems:
        print(problem)
    print(f"{len(good)} samples, {len(dumps)} dumps, {len(bad)} bad ones, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
