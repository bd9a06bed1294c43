#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the servers on this machine in one run; started by toolchain/bench, which says how.

What belongs together is measured side by side: in each round every server takes its turn at every
number of connections, and ratios are made within a round. Of all rounds the median counts.
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time

import report
from servers import Load, OpenNDES, Problem, ScepServer, die_with_parent, make_folder

CONNECTIONS = (1, 4, 16, 64)
READS = ("GetCACaps", "GetCACert")
FIRST_GUESS = {"PKIOperation": 200, "GetCACaps": 3000, "GetCACert": 3000}  # a second
# As many for each connection before the clock runs: the server's threads and files are warm.
WARMUP = 4


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.rounds = options.rounds or (1 if options.quick else 3)
        self.seconds = options.seconds or (1.2 if options.quick else 3)
        self.load = Load(os.path.join(options.native, "tests/bench/scep_load"), folder)
        self.rates = {}
        self.runs, self.floors = [], []
        self.servers = {}
        self.started = time.monotonic()

    # ---- servers ---------------------------------------------------------------------------------

    def launch(self, kind):
        if kind == "windows":
            return [self.options.wine, os.path.join(self.options.windows, "openndes.exe")]
        return [os.path.join(self.options.native, "openndes")]

    def make(self):
        say("Settings of our servers: those of init with RSA-2048, limits.connections_per_address=0; "
            "no rate limit is in the way")
        for kind in self.options.servers:
            folder = os.path.join(self.folder, kind)
            if kind == "scepserver":
                self.servers[kind] = ScepServer(folder)
                continue
            say(f"Making and starting: {kind}")
            windows = kind == "windows"
            for name, key, https in ((kind, "rsa2048", True), (kind + "-p256", "p256", False)):
                server = OpenNDES(name, self.launch(kind), os.path.join(self.folder, name), windows,
                                  key, https)
                self.servers[name] = server
            self.servers[kind].start()  # the other one only while it is measured

    def end(self):
        for server in self.servers.values():
            server.kill()

    # ---- measuring -------------------------------------------------------------------------------

    def crypto_floor(self, kind, *options):
        """What crypto_floor says, natively or as the Windows program."""
        program = os.path.join(getattr(self.options, kind), "tests/bench/crypto_floor"
                               + (".exe" if kind == "windows" else ""))
        launch = [self.options.wine] if kind == "windows" else []
        done = subprocess.run([*launch, program, *options], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise Problem(f"crypto_floor ({kind}): {done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout)

    def floor(self, number):
        for kind in self.options.servers:
            if kind == "scepserver":
                continue
            say(f"  crypto floor, {kind}")
            found = self.crypto_floor(kind, "--json", "--seconds",
                                      str(0.25 if self.options.quick else 0.6))
            self.floors.append({"build": kind, "round": number, **found})

    def floor_beside(self, name, connections):
        """CPU of an enrolment's private operations at this moment, in milliseconds."""
        kind = report.build_of(name)
        threads = "1" if connections == 1 else str(os.cpu_count())
        found = self.crypto_floor(kind, "--enrolment", "--threads", threads, "--seconds", "0.1")
        return found["p256" if name.endswith("-p256") else "rsa2048"]

    def rate_of(self, server, case, connections):
        """What to expect: the same before, else fewer connections, else a guess."""
        known = [(c, rate) for (s, k, c), rate in self.rates.items()
                 if s == server and k == case and c <= connections]
        operation = case if case in READS else "PKIOperation"
        return max(known)[1] if known else FIRST_GUESS[operation]

    def measure(self, number, name, case, connections, *options, url=None, seconds=None, rate=None):
        server = self.servers[name]
        fresh = isinstance(server, ScepServer)
        if fresh:
            server.start()
            server.serials = set()
        operation = case if case in READS else "PKIOperation"
        expected = rate or self.rate_of(name, case, connections)
        requests = max(int(expected * (seconds or self.seconds)), 20, 2 * connections)
        if rate:
            options = (*options, "--rate", f"{rate:.2f}")
        beside = operation == "PKIOperation" and not fresh
        floors = [self.floor_beside(name, connections)] if beside else []
        result = self.load.run(server, url or server.url, operation, connections, requests,
                               ["--warmup", str(WARMUP * connections), *options])
        if beside:
            floors.append(self.floor_beside(name, connections))
            result["floor_ms"] = sum(floors) / 2
        if fresh:
            server.stop()
        if not rate:
            self.rates[name, case, connections] = result["per_second"]
        self.runs.append({"server": name, "case": case, "round": number, **result})
        say(f"  {name}, {case}, {connections} connections: {result['per_second']:.0f} a second, "
            f"p50 {result['p50_ms']:.2f} ms, CPU {result['cpu_ms']:.3f} ms"
            + (f", {result['cpu_ms'] / result['floor_ms']:.2f} x the floor" if beside else "")
            + (f", {result['refused']} refused" if result["refused"] else "")
            + (f", {result['duplicates']} serials twice" if result["duplicates"] else "")
            + (f"; {result['problem']}" if result["problem"] else ""))

    def round(self, number):
        say(f"Round {number} of {self.rounds} ({time.monotonic() - self.started:.0f} s)")
        self.floor(number)
        kinds = self.options.servers
        ours = [kind for kind in kinds if kind != "scepserver"]
        for connections in CONNECTIONS:
            for kind in kinds:
                self.measure(number, kind, "enrol", connections)
        for kind in ours:
            half = report.median([run["per_second"] for run in self.runs
                                  if run["server"] == kind and run["case"] == "enrol"
                                  and run["connections"] == 16]) / 2
            self.measure(number, kind, "half load", 16, rate=half, seconds=self.seconds * 5 / 3)
        for kind in ours:
            self.servers[kind + "-p256"].start()
            for connections in (1, 16):
                self.measure(number, kind + "-p256", "enrol", connections)
            self.servers[kind + "-p256"].kill()
        for kind in ours:
            self.measure(number, kind, "new connections", 16, "--new")
            self.measure(number, kind, "GET", 16, "--get")
            self.measure(number, kind, "HTTPS", 16, url=self.servers[kind].https_url)
            self.measure(number, kind, "HTTPS, new connections", 16, "--new",
                         url=self.servers[kind].https_url)
        for case in READS:
            for connections in (1, 16):
                for kind in kinds:
                    self.measure(number, kind, case, connections, seconds=self.seconds / 3)

    def durability(self):
        """Kill each of our servers, then count what its store holds."""
        found = []
        for name, server in self.servers.items():
            if not isinstance(server, OpenNDES):
                continue
            server.kill()
            recorded = server.recorded()
            stored = set(recorded)
            missing = len(server.serials - stored)
            found.append({"server": name, "received": len(server.serials),
                          "stored": len(recorded), "stored_twice": len(recorded) - len(stored),
                          "missing": missing, "database_bytes": database_bytes(server.data)})
            say(f"  {name}: killed; {len(server.serials)} certificates received, "
                f"{len(recorded)} in its store, {missing} missing")
        return found

    def run(self):
        self.make()
        for number in range(1, self.rounds + 1):
            self.round(number)
        say("Killing our servers (SIGKILL) and counting what their stores hold")
        return {"made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                "quick": self.options.quick, "rounds": self.rounds, "seconds": self.seconds,
                "took_s": round(time.monotonic() - self.started),
                "machine": machine(), "floors": self.floors, "runs": self.runs,
                "durability": self.durability()}


def database_bytes(data):
    return sum(os.path.getsize(os.path.join(data, name)) for name in os.listdir(data)
               if name.startswith("openndes.db"))


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "load_at_end": os.getloadavg()[0]}


def arguments():
    parser = argparse.ArgumentParser(prog="toolchain/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--servers", default="native,windows,scepserver")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    for path in ("native", "windows", "wine", "json"):
        parser.add_argument("--" + path, required=True)
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    return options


def on_signal(number, _frame):
    sys.exit(128 + number)


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    die_with_parent(signal.SIGTERM)
    folder = make_folder()
    bench = Bench(options, folder)
    try:
        result = bench.run()
    except Problem as problem:
        say(f"bench: {problem}")
        return 2
    finally:
        bench.end()
        shutil.rmtree(folder, ignore_errors=True)
    result["figures"] = report.figures(result)
    result["targets"] = report.targets(result)
    result["faults"] = report.faults(result)
    os.makedirs(os.path.dirname(options.json), exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    print(report.text(result))
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
