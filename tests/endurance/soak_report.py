#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Samples of a soak: table, and a verdict by linear fit after the warm-up.

    soak_report.py FILE.csv

Exit code 1: something grows that should be flat. "Grows" means that the fitted line rises by more
than the share and the amount below within the window, and explains half of what is seen.
"""
import csv
import sys

# column, what it may rise by: share of its mean, and amount
FLAT = [("rss_kb", 0.05, 2048), ("threads", 0.05, 2), ("files", 0.1, 4),
        ("wine_rss_kb", 0.05, 2048), ("wine_threads", 0.05, 2), ("wine_files", 0.1, 8),
        ("wal_bytes", 0.5, 8 << 20), ("queue", 0.5, 20), ("connections", 0.2, 8), ("writes_waiting", 0.5, 8)]
INFORMATION = ["db_bytes", "requests", "certificates"]
WARM_UP = 0.25


def fit(points):
    """Slope, intercept and the share of the variance that the line explains."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    xx = sum((x - mean_x) ** 2 for x, _ in points)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in points)
    yy = sum((y - mean_y) ** 2 for _, y in points)
    slope = xy / xx if xx else 0.0
    return slope, mean_y - slope * mean_x, xy * xy / (xx * yy) if xx and yy else 0.0


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)
                if all(v not in ("", None) for v in row.values())]
    if len(rows) < 8:
        sys.exit("too few samples: %d" % len(rows))
    window = [row for row in rows if row["seconds"] >= rows[-1]["seconds"] * WARM_UP]
    seconds = window[-1]["seconds"] - window[0]["seconds"]
    print("%d samples in %d s; fitted: the last %d s" % (len(rows), rows[-1]["seconds"], seconds))
    print("%-16s %12s %12s %12s %12s %14s %6s  %s" % ("", "first", "mean", "max", "last", "rise an hour", "R^2", ""))
    growing = []
    for name, share, amount in FLAT + [(name, None, None) for name in INFORMATION]:
        values = [row[name] for row in window]
        if not any(values):
            continue
        slope, _, explained = fit([(row["seconds"], row[name]) for row in window])
        mean = sum(values) / len(values)
        rise = slope * seconds
        verdict = ""
        if share is not None:
            grows = rise > amount and rise > share * mean and explained > 0.5
            verdict = "GROWS" if grows else "flat"
            growing += [name] if grows else []
        print("%-16s %12.0f %12.1f %12.0f %12.0f %14.1f %6.2f  %s" %
              (name, rows[0][name], mean, max(values), rows[-1][name], slope * 3600, explained, verdict))
    print("verdict: " + ("GROWS: " + ", ".join(growing) if growing else "flat"))
    sys.exit(1 if growing else 0)


if __name__ == "__main__":
    main()
