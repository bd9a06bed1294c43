#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How the server is when it has been used for years: 1,000,000 certificates, 100,000 of them revoked,
# 100,000 one-time passwords. Enrolments, start, CRL, metrics, commands and backup of such a database
# beside an empty one; memory over many enrolments; what idle and kept connections cost.
#
#   toolchain/endure growth            all of it: hours on two cores, 4 GB of disk in TMPDIR
#   toolchain/endure growth SMALL      the same with 20,000 certificates: some minutes
#
# It prints a table: what, measured, target, and ends with 1 when a target is missed. Times are of a
# machine that does nothing else; a target of time is looked at again before it is called missed.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
certificates=1000000 revoked=100000 passwords=100000 enrolments=3000 long_run=(1000 50000 100000 200000)
if [[ ${1:-} == SMALL ]]; then
    certificates=20000 revoked=3000 passwords=3000 enrolments=500 long_run=(500 1000 1500 2000)
fi
readonly CONNECTIONS=500 ROUNDS=3
fill=$OPENNDES_LOAD/endurance/store_fill load=$OPENNDES_LOAD/bench/scep_load
probe=$OPENNDES_TESTS/endurance/growth_probe.py
missed=0
row() { printf '%-58s %14s %14s\n' "$1" "$2" "${3:-}" | tee -a "$work/table"; }
# at_most WHAT VALUE MOST UNIT: one row, judged.
at_most() {
    if awk -v a="$2" -v b="$3" 'BEGIN { exit !(a <= b) }'; then
        row "$1" "$2 $4" "<= $3 $4"
    else
        row "$1" "$2 $4" "<= $3 $4 MISSED"
        missed=1
    fi
}
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"; }
# the process that serves, not what starts it
serving() { if on_windows; then pgrep -f -- "^[^ ]*openndes.exe --data $(path "$data" | sed 's/[\\.]/./g') run" | head -n 1; else printf '%s' "$server"; fi; }
serve() {
    start_server --listen-management 127.0.0.1:0 "$@"
    pid=$(serving)
    metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
}
# private: memory of the process that no file backs, KB (what Wine adds is in it).
private() { awk '/^RssAnon/ { print $2 }' "/proc/$pid/status"; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"; }
run_load() { OPENNDES_LOAD_CHALLENGE=$passphrase "$load" --url "$url" --connections 8 --verify 10 --pid "$pid" --json "$@" >"$work/load.json" || fail "enrolments: $(<"$work/load.json")"; }
commit_ms() { curl --silent "$metrics" | awk '/^openndes_store_commit_duration_seconds_sum/ { s = $2 } /^openndes_store_commit_duration_seconds_count/ { n = $2 } END { printf "%.3f", n ? 1000 * s / n : 0 }'; }
now_ms() { date +%s%3N; }
# timed COMMAND...: its wall time in ms is in $took
timed() {
    local from
    from=$(now_ms)
    "$@"
    took=$(($(now_ms) - from))
}
mean() { awk '{ s += $1 } END { printf "%.3f", s / NR }' "$1"; }

step "an empty database, and one of $certificates certificates"
make_data
serve
run_load --requests 1 --prefix model00000000
stop_server
empty=$data large=$work/large
cp -r "$empty" "$large"
timed "$fill" "$large/openndes.db" --certificates "$certificates" --revoked "$revoked" --passwords "$passwords"
row "filling the database" "$((took / 1000)) s"
row "size of the database" "$(($(stat -c %s "$large/openndes.db") / 1048576)) MB"

step "start"
data=$large
serve # makes the CRL
stop_server
best=100000
for ((i = 0; i < ROUNDS; i++)); do
    timed serve
    if [[ $took -lt $best ]]; then best=$took; fi
    idle=$(resident) idle_private=$(private)
    stop_server
done
at_most "from start to Ready" "$best" 1000 ms
on_windows || at_most "resident, idle, this database" "$((idle / 1024))" 25 MB
row "private, idle, this database" "$((idle_private / 1024)) MB"

step "enrolments, in turns"
for ((i = 0; i < ROUNDS; i++)); do
    for data in "$empty" "$large"; do
        serve
        run_load --requests "$enrolments" --prefix "turn$i-$RANDOM"
        name=${data##*/}
        field "$work/load.json" cpu_ms >>"$work/cpu.$name"
        field "$work/load.json" per_second >>"$work/rate.$name"
        commit_ms >>"$work/commit.$name"
        printf '\n' >>"$work/commit.$name"
        stop_server
    done
done
for what in cpu commit rate; do
    row "$what: empty, large" "$(mean "$work/$what.data")" "$(mean "$work/$what.large")"
done
for what in cpu commit; do
    at_most "$what of one, in % of an empty database's" \
        "$(awk -v a="$(mean "$work/$what.large")" -v b="$(mean "$work/$what.data")" 'BEGIN { printf "%.1f", 100 * a / b }')" 110 %
done

step "a revocation while requests are answered"
data=$large
serve
run_load --requests "$enrolments" --prefix "crl$RANDOM" &
busy=$!
python3 "$probe" publish "$base" "$pid" "${launch[@]}" --data "$(path "$data")" >"$work/crl.json" || fail "$(<"$work/crl.json")"
wait "$busy"
row "CRL" "$(($(field "$work/crl.json" bytes) / 1024)) KB"
at_most "from the revocation to the new CRL" "$(field "$work/crl.json" published_ms)" 10000 ms
at_most "longest GetCACert meanwhile" "$(field "$work/crl.json" longest_ms)" 2000 ms
row "peak of memory" "$(($(peak) / 1024)) MB"
python3 "$probe" slow "$base/crl/default.crl" "$pid" 50 >"$work/slow.json" || fail "$(<"$work/slow.json")"
at_most "memory of 50 slow downloads of the CRL, each" "$(field "$work/slow.json" kb_each)" 1024 KB
timed curl --silent --fail --output /dev/null "$metrics"
timed curl --silent --fail --output /dev/null "$metrics"
at_most "one scrape of the metrics" "$took" 500 ms

step "commands beside the running service"
timed ok cert list --limit 1000000 --json
row "cert list --json, all" "$took ms"
if ! on_windows; then
    python3 "$probe" memory - - "${launch[@]}" --data "$data" cert list --limit 1000000 --json >"$work/rss.json"
    at_most "memory of cert list --json, all" "$(field "$work/rss.json" peak_mb)" 50 MB
fi
timed ok password list --json
row "password list --json" "$took ms"
timed ok cert list --revoked --limit 10
row "cert list --revoked --limit 10" "$took ms"
run_load --requests "$enrolments" --prefix "backup$RANDOM" &
busy=$!
timed ok backup "$(path "$work/large.bak")" <<<"a password for backups"
wait "$busy"
row "backup, while devices enrol" "$took ms"
row "longest enrolment meanwhile" "$(field "$work/load.json" max_ms) ms"
stop_server
wal=$(stat -c %s "$data/openndes.db-wal" 2>/dev/null || printf 0)
at_most "log of the database after the end" "$((wal / 1024))" 0 KB

step "connections"
data=$empty
ok config set limits.connections=4096 https.connections=2048 limits.connections_per_address=0 \
    limits.idle_seconds=300 https.listen=127.0.0.1:0 listen=127.0.0.1:0 management.listen=
ok tls issue --name localhost --address 127.0.0.1
start_server_raw || fail "the server ended"
pid=$(serving)
at_most "private, idle, empty database" "$(($(private) / 1024))" 25 MB
for kind in http https; do
    port=$(sed -n "s,^.*: $kind://[^/]*:\([0-9]*\)/scep/device,\1,p" "$work/server.log" | head -n 1)
    python3 "$probe" connections "$kind" "$port" "$CONNECTIONS" "$pid" >"$work/$kind.json" || fail "$kind: $(<"$work/$kind.json")"
    at_most "$kind: an idle connection" "$(field "$work/$kind.json" idle_kb)" 64 KB
    at_most "$kind: a kept connection after a request" "$(field "$work/$kind.json" kept_kb)" 64 KB
done
stop_server
ok config set listen=127.0.0.1:0 https.listen=

step "memory over many enrolments"
serve
done_before=0
for ((i = 0; i < ${#long_run[@]}; i++)); do
    run_load --requests $((long_run[i] - done_before)) --prefix "long$i"
    done_before=${long_run[i]}
    kb=$(private)
    first=${first:-$kb}
    row "private after ${long_run[i]} enrolments" "$kb KB"
done
at_most "growth since the first of these" "$((kb - first))" 2048 KB
stop_server

printf '\n'
cat "$work/table"
[[ $missed -eq 0 ]] || fail "a target is missed"
