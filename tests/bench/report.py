# SPDX-License-Identifier: Apache-2.0
"""From runs to medians, ratios and targets; as text for a terminal and as a table for the docs."""
import re
import sys

CPU_LIMIT, THROUGHPUT_LIMIT, READS_LIMIT, TAIL_LIMIT, WINE_LIMIT = 1.15, 3, 10, 4, 0.7
VALUES = ("per_second", "p50_ms", "p99_ms", "max_ms", "cpu_ms", "client_cpu_ms", "peak_kb")
COUNTS = ("requests", "http_failures", "issued", "refused", "pending", "broken", "certificates",
          "duplicates", "seen_before")
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def build_of(server):
    return server.split("-")[0]


class Rounds:
    """Looks up runs; ratios are made within a round and the median of them counts."""

    def __init__(self, result):
        self.runs = {(run["server"], run["case"], run["connections"], run["round"]): run
                     for run in result["runs"]}
        self.numbers = sorted({run["round"] for run in result["runs"]})

    def ratio(self, over, under):
        """over, under: (server, case, connections, value); None where one was not measured."""
        ratios = []
        for number in self.numbers:
            top, bottom = self.runs.get((*over[:3], number)), self.runs.get((*under[:3], number))
            if top and bottom and bottom[under[3]] > 0:
                ratios.append(top[over[3]] / bottom[under[3]])
        return median(ratios) if ratios else None

    def cpu_over_floor(self, server, case, connections):
        """Against what the key operations cost right before and after."""
        runs = [self.runs.get((server, case, connections, number)) for number in self.numbers]
        ratios = [run["cpu_ms"] / run["floor_ms"] for run in runs if run and run.get("floor_ms")]
        return median(ratios) if ratios else None


def figures(result):
    """One row for each server, case and number of connections."""
    rounds = Rounds(result)
    rows = []
    for server, case, connections, number in rounds.runs:
        if number != rounds.numbers[0]:
            continue
        runs = [rounds.runs[server, case, connections, n] for n in rounds.numbers]
        row = {"server": server, "case": case, "connections": connections}
        row.update({value: median([run[value] for run in runs]) for value in VALUES})
        row.update({count: sum(run[count] for run in runs) for count in COUNTS})
        row["spread"] = (max(run["per_second"] for run in runs)
                         / max(min(run["per_second"] for run in runs), 1e-9))
        if not case.startswith("GetCA"):
            row["cpu_over_floor"] = rounds.cpu_over_floor(server, case, connections)
        rows.append(row)
    return rows


def target(name, value, limit, at_most=False, judged=True):
    if value is None:
        return None
    shown = round(value, 2)
    met = shown <= limit if at_most else shown >= limit
    return {"target": name, "value": shown, "limit": limit, "at_most": at_most, "met": met,
            "judged": judged}


def targets(result):
    """What was promised, as ratios. What is not judged stands there to be looked at."""
    rounds = Rounds(result)
    rows = []
    for connections in (1, 4, 16, 64):
        rows.append(target(f"native, {connections} connections: CPU of an enrolment / floor",
                           rounds.cpu_over_floor("native", "enrol", connections), CPU_LIMIT, True))
    for connections in (1, 16):
        rows.append(target(
            f"native / scepserver, {connections} connections: enrolments a second",
            rounds.ratio(("native", "enrol", connections, "per_second"),
                         ("scepserver", "enrol", connections, "per_second")), THROUGHPUT_LIMIT))
    for kind in ("native", "windows"):
        rows.append(target(f"{kind}: enrolments a second with 64 connections / with 4",
                           rounds.ratio((kind, "enrol", 64, "per_second"),
                                        (kind, "enrol", 4, "per_second")), 1))
        for case in ("GetCACaps", "GetCACert"):
            for connections in (1, 16):
                rows.append(target(
                    f"{kind}, {connections} connections: {case} / enrolments a second",
                    rounds.ratio((kind, case, connections, "per_second"),
                                 (kind, "enrol", connections, "per_second")), READS_LIMIT))
        rows.append(target(f"{kind}, half load: p99 / p50",
                           rounds.ratio((kind, "half load", 16, "p99_ms"),
                                        (kind, "half load", 16, "p50_ms")), TAIL_LIMIT, True))
    for connections in (1, 4, 16, 64):
        rows.append(target(f"windows / native, {connections} connections: enrolments a second",
                           rounds.ratio(("windows", "enrol", connections, "per_second"),
                                        ("native", "enrol", connections, "per_second")),
                           WINE_LIMIT))
    for server, connections in (("native-p256", 1), ("native-p256", 16), ("windows", 1),
                                ("windows", 16)):
        rows.append(target(f"{server}, {connections} connections: CPU of an enrolment / floor",
                           rounds.cpu_over_floor(server, "enrol", connections), CPU_LIMIT, True,
                           judged=False))
    return [row for row in rows if row]


def faults(result):
    """Sentences: what our servers lost, refused or gave twice."""
    found = []
    for run in result["runs"]:
        if run["server"] == "scepserver":
            continue
        where = f"{run['server']}, {run['case']}, {run['connections']} connections"
        for count, what in (("http_failures", "HTTP failures"), ("refused", "refusals"),
                            ("pending", "answers PENDING"), ("broken", "broken answers"),
                            ("duplicates", "serials twice"),
                            ("seen_before", "serials of an earlier run")):
            if run[count]:
                found.append(f"{where}: {run[count]} {what}; {run['problem']}")
    for row in result["durability"]:
        if row["missing"]:
            found.append(f"{row['server']}: {row['missing']} of {row['received']} certificates are "
                         "not in the store after SIGKILL")
        if row["stored_twice"]:
            found.append(f"{row['server']}: {row['stored_twice']} serials twice in the store")
    return found


# ---- tables --------------------------------------------------------------------------------------

def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def floor_rows(result):
    rows = []
    for build in ("native", "windows"):
        mine = [floor for floor in result["floors"] if floor["build"] == build]
        for column in range(len(mine[0]["floors"]) if mine else 0):
            picked = [floor["floors"][column] for floor in mine]
            row = [build, mine[0]["openssl"], str(picked[0]["threads"])]
            for kind in ("rsa2048_decrypt", "rsa2048_sign", "rsa2048_verify", "rsa3072_sign",
                         "p256_sign"):
                row.append(number(median([p[kind]["per_second"] for p in picked]), 0))
            for ca in ("rsa2048", "rsa3072", "p256"):
                row.append(number(median([p["enrolment_cpu_ms"][ca] for p in picked]), 3))
            rows.append(row)
    return ["build", "OpenSSL", "threads", "RSA-2048 decrypt/s", "sign/s", "verify/s",
            "RSA-3072 sign/s", "P-256 sign/s", "RSA-2048 CA: ms", "RSA-3072 CA: ms",
            "P-256 CA: ms"], rows


def figure_rows(result):
    rows = []
    for row in result["figures"]:
        rows.append([row["server"], row["case"], str(row["connections"]),
                     number(row["per_second"], 0), number(row["p50_ms"]), number(row["p99_ms"]),
                     number(row["max_ms"], 0), number(row["cpu_ms"], 3),
                     number(row.get("cpu_over_floor")), number(row["peak_kb"] / 1024, 0),
                     str(row["refused"] + row["http_failures"]), str(row["duplicates"])])
    return ["server", "case", "connections", "per second", "p50 ms", "p99 ms", "max ms",
            "CPU ms", "CPU / floor", "peak MB", "refused", "doubled"], rows


def target_rows(result):
    rows = []
    for row in result["targets"]:
        verdict = "met" if row["met"] else "missed"
        rows.append([row["target"], number(row["value"]),
                     ("at most " if row["at_most"] else "at least ") + f"{row['limit']:g}",
                     verdict if row["judged"] else f"({verdict})"])
    return ["ratio", "measured", "target", ""], rows


def durability_rows(result):
    rows = [[row["server"], str(row["received"]), str(row["stored"]), str(row["missing"]),
             str(row["stored_twice"]),
             number(row["database_bytes"] / max(row["stored"], 1) / 1024, 1)]
            for row in result["durability"]]
    return ["server, killed", "certificates received", "in its store", "missing", "doubled",
            "KB of database each"], rows


def capacity_rows(result):
    """Half of what was measured with 16 connections, so that answers stay quick."""
    rows = []
    size = {row["server"]: row["database_bytes"] / max(row["stored"], 1)
            for row in result["durability"]}
    for row in result["figures"]:
        if row["case"] == "enrol" and row["connections"] == 16 and row["server"] in size:
            rows.append([row["server"], f"{row['per_second'] / 2 * 3600:,.0f}",
                         number(size[row["server"]] * 1e6 / 2**30, 1)])
    return ["server", "devices an hour at half load", "GB of database for a million"], rows


SECTIONS = (("Crypto floor", floor_rows), ("Measured", figure_rows), ("Targets", target_rows),
            ("Nothing lost", durability_rows), ("Capacity", capacity_rows))


def heading(result):
    machine = result["machine"]
    return (f"{result['made']}, {machine['processor']}, {machine['processors']} processors, Linux "
            f"{machine['kernel']}; median of {result['rounds']} round"
            f"{'s' if result['rounds'] > 1 else ''} of {result['seconds']:g} s each, "
            f"{result['took_s']} s in all" + (" (quick)" if result["quick"] else ""))


def text(result):
    lines = [heading(result)]
    for title, make in SECTIONS:
        head, rows = make(result)
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        lines += ["", title]
        for row in [head, *rows]:
            cells = [cell.ljust(width) if i == 0 else cell.rjust(width)
                     for i, (cell, width) in enumerate(zip(row, widths))]
            lines.append("  " + "  ".join(cells).rstrip())
    lines += ["", *(f"FAULT: {fault}" for fault in result["faults"])]
    missed = [row["target"] for row in result["targets"] if row["judged"] and not row["met"]]
    lines.append(f"{len(missed)} targets missed" + (": " + "; ".join(missed) if missed else "")
                 + f"; {len(result['faults'])} faults")
    return "\n".join(lines)


def markdown(result):
    lines = [heading(result) + "."]
    for title, make in SECTIONS:
        head, rows = make(result)
        lines += ["", f"### {title}", "", "| " + " | ".join(head) + " |",
                  "|" + "|".join(["---"] + ["--:"] * (len(head) - 1)) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def write(result, path):
    """Put the tables between the two marks of a page."""
    with open(path, encoding="utf-8") as page:
        content = page.read()
    marked = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.S)
    if not marked.search(content):
        sys.exit(f"bench: {path} lacks the lines {BEGIN} and {END}")
    content = marked.sub(lambda _: f"{BEGIN}\n{markdown(result)}\n{END}", content)
    with open(path, "w", encoding="utf-8") as page:
        page.write(content)
