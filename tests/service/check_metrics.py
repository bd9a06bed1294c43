#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Read a scrape strictly (Prometheus text format 0.0.4); print the value of each series named.

    check_metrics.py SCRAPE DOCUMENT [SERIES...]

The families are those of the table in DOCUMENT. A series that is not there prints "none".
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(\{{{LABEL}(?:,{LABEL})*\}})? ([0-9]+(?:\.[0-9]+)?)$")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def fail(text):
    sys.exit("scrape: " + text)


def read(lines):
    """Families with their type, samples with their value."""
    families, samples, family = {}, {}, None
    for line in lines:
        if match := re.fullmatch(rf"# HELP ({NAME}) \S.*", line):
            family = match[1]
            if family in families:
                fail(f"{family} stands twice")
            families[family] = None
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (gauge|counter|histogram)", line):
            if match[1] != family or families[family]:
                fail(f"TYPE out of place: {line}")
            families[family] = match[2]
        elif match := SAMPLE.match(line):
            name, labels, value = match[1], match[2] or "", float(match[3])
            allowed = [family + s for s in SUFFIXES.get(families.get(family), ("",))]
            if name not in allowed:
                fail(f"{name} stands below {family}")
            if name + labels in samples:
                fail(f"{name}{labels} stands twice")
            samples[name + labels] = value
        else:
            fail(f"not in the format: {line}")
    return families, samples


def check_histograms(families, samples):
    series = {}
    for name, value in samples.items():
        if match := re.match(r'(\w+)_bucket\{(.*?),?le="([^"]+)"\}$', name):
            if families.get(match[1]) == "histogram":
                series.setdefault((match[1], match[2]), []).append((float(match[3]), value))
    for (name, labels), buckets in series.items():
        braces = "{" + labels + "}" if labels else ""
        if buckets != sorted(buckets) or [v for _, v in buckets] != sorted(v for _, v in buckets):
            fail(f"ranges of {name}{braces} do not rise")
        if buckets[-1][0] != float("inf") or buckets[-1][1] != samples.get(name + "_count" + braces):
            fail(f"{name}{braces}: the last range is not the count")
        if name + "_sum" + braces not in samples:
            fail(f"{name}{braces} has no sum")


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    if not text.endswith("\n"):
        fail("the last line has no end")
    families, samples = read(text[:-1].split("\n"))
    check_histograms(families, samples)
    document = open(sys.argv[2], encoding="utf-8").read()
    rows = set(re.findall(r"^\| `((?:openndes|process)_\w+)` \|", document, re.M))
    if rows != set(families):
        fail(f"differs from the document: {sorted(rows ^ set(families))}")
    for name in sys.argv[3:]:
        print(f"{samples[name]:g}" if name in samples else "none")


main()
