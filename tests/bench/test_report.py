#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ratios are made within a round, medians of them are judged, and faults are only our servers'."""
import os
import tempfile
import unittest

import report

CLEAN = {"p50_ms": 2.0, "p99_ms": 6.0, "max_ms": 9.0, "cpu_ms": 2.2, "client_cpu_ms": 0.1,
         "peak_kb": 20480, "requests": 100, "http_failures": 0, "issued": 100, "refused": 0,
         "pending": 0, "broken": 0, "certificates": 100, "duplicates": 0, "seen_before": 0,
         "problem": ""}


def run(server, number, per_second, case="enrol", connections=1, **values):
    return {**CLEAN, "server": server, "case": case, "connections": connections, "round": number,
            "per_second": per_second, **values}


def cpu(rsa2048):
    return {"rsa2048": rsa2048, "rsa3072": rsa2048 * 2, "p256": rsa2048 / 2}


def floor(number, one, all_threads):
    column = {kind: {"per_second": 1000.0, "cpu_us": 1.0}
              for kind in ("rsa2048_decrypt", "rsa2048_sign", "rsa2048_verify", "rsa3072_sign",
                           "p256_sign")}
    return {"build": "native", "round": number, "openssl": "3.0.0", "floors": [
        {**column, "threads": 1, "enrolment_cpu_ms": cpu(one)},
        {**column, "threads": 2, "enrolment_cpu_ms": cpu(all_threads)}]}


def result(*runs, floors=(), durability=()):
    whole = {"made": "2026-01-01", "quick": True, "rounds": 3, "seconds": 1, "took_s": 9,
             "machine": {"processor": "P", "processors": 2, "kernel": "6"},
             "runs": list(runs), "floors": list(floors), "durability": list(durability)}
    whole["figures"] = report.figures(whole)
    whole["targets"] = report.targets(whole)
    whole["faults"] = report.faults(whole)
    return whole


def found(whole, text):
    rows = [row for row in whole["targets"] if text in row["target"]]
    assert len(rows) == 1, rows
    return rows[0]


class Ratios(unittest.TestCase):
    def test_within_a_round(self):
        # The machine is half as fast in round 2: the ratio is 3.1 in each.
        whole = result(run("native", 1, 310), run("scepserver", 1, 100),
                       run("native", 2, 155), run("scepserver", 2, 50),
                       run("native", 3, 900), run("scepserver", 3, 100))
        row = found(whole, "native / scepserver, 1 connections")
        self.assertEqual((row["value"], row["met"]), (3.1, True))

    def test_missed(self):
        row = found(result(run("native", 1, 299), run("scepserver", 1, 100)), "native / scepserver")
        self.assertEqual((row["value"], row["met"]), (2.99, False))

    def test_not_measured_is_not_judged(self):
        self.assertEqual([row for row in result(run("native", 1, 299))["targets"]
                          if "scepserver" in row["target"]], [])

    def test_floor_is_the_one_beside(self):
        # The processor slows down between the rounds; the median of the ratios counts.
        whole = result(run("native", 1, 100, cpu_ms=2.2, floor_ms=2.0),
                       run("native", 2, 100, cpu_ms=4.4, floor_ms=4.0),
                       run("native", 3, 100, cpu_ms=6.0, floor_ms=2.0))
        row = found(whole, "native, 1 connections: CPU")
        self.assertEqual((row["value"], row["met"]), (1.1, True))

    def test_not_beside_is_not_judged(self):
        whole = result(run("native", 1, 100, connections=16),
                       run("native-p256", 1, 100, cpu_ms=2.4, floor_ms=1.5))
        self.assertEqual([row for row in whole["targets"]
                          if "native, 16 connections: CPU" in row["target"]], [])
        row = found(whole, "native-p256, 1 connections: CPU")
        self.assertEqual((row["value"], row["judged"]), (1.6, False))

    def test_at_most(self):
        whole = result(run("native", 1, 50, "half load", 16, p99_ms=8.0),
                       run("windows", 1, 50, "half load", 16, p99_ms=8.2))
        self.assertTrue(found(whole, "native, half load")["met"])
        self.assertFalse(found(whole, "windows, half load")["met"])

    def test_figures(self):
        row = result(run("native", 1, 10, duplicates=1), run("native", 2, 30, duplicates=2),
                     run("native", 3, 20))["figures"][0]
        self.assertEqual((row["per_second"], row["duplicates"], row["spread"]), (20, 3, 3))


class Faults(unittest.TestCase):
    def test_each_kind(self):
        for count in ("http_failures", "refused", "pending", "broken", "duplicates", "seen_before"):
            self.assertEqual(len(result(run("native", 1, 1, **{count: 1}))["faults"]), 1, count)
            self.assertEqual(result(run("scepserver", 1, 1, **{count: 1}))["faults"], [], count)

    def test_lost_and_doubled(self):
        row = {"server": "windows", "received": 5, "stored": 5, "missing": 0, "stored_twice": 0,
               "database_bytes": 9000}
        self.assertEqual(result(run("windows", 1, 1), durability=[row])["faults"], [])
        for value in ("missing", "stored_twice"):
            whole = result(run("windows", 1, 1), durability=[{**row, value: 1}])
            self.assertEqual(len(whole["faults"]), 1)

    def test_missed_target_is_no_fault(self):
        whole = result(run("native", 1, 1), run("scepserver", 1, 100))
        self.assertEqual(whole["faults"], [])


class Pages(unittest.TestCase):
    def test_between_the_marks(self):
        whole = result(run("native", 1, 310), run("scepserver", 1, 100), floors=[floor(1, 2, 2)])
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "page.md")
            with open(page, "w", encoding="utf-8") as out:
                out.write("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
            for _ in range(2):
                report.write(whole, page)
            with open(page, encoding="utf-8") as text:
                content = text.read()
            self.assertTrue(content.startswith("before\n<!-- bench -->\n2026"))
            self.assertTrue(content.endswith("|\n<!-- /bench -->\nafter\n"))
            self.assertNotIn("old", content)
            self.assertEqual(content.count("native / scepserver, 1 connections"), 1)
            with open(page, "w", encoding="utf-8") as out:
                out.write("no marks\n")
            with self.assertRaises(SystemExit):
                report.write(whole, page)
        self.assertIn("met", report.text(whole))


if __name__ == "__main__":
    unittest.main()
