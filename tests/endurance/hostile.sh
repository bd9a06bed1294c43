#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The network as an attacker uses it: slow and silent connections, floods, half-open TLS, requests without
# end, shapes that two programs read in two ways, 100,000 broken messages, floods of refusals. Meanwhile
# devices enrol; afterwards the server has to be as before. About fifteen minutes.
#
#   toolchain/endure hostile [ATTACK[=COUNT]...]     the attacks of hostile.py; without: all
#
#     OPENNDES_HOSTILE_MS=N     what an enrolment may take meanwhile, 1000 milliseconds
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly TOOL=$OPENNDES_TESTS/endurance/hostile.py
readonly LOAD=$OPENNDES_LOAD/bench/scep_load
most_ms=${OPENNDES_HOSTILE_MS:-1000}
most_growth_kb=65536
[[ $OPENNDES_PROGRAM != *-asan/* ]] || most_growth_kb=400000 # the sanitizer keeps what is freed
attacks=("$@")
[[ ${#attacks[@]} -gt 0 ]] || attacks=(slow-headers slow-line slow-bodies silent idle slow-readers flood tls-stall tls-leave
    endless pipeline cacert smuggling messages refusals ocsp management rate)

# server_pid: of the program itself; $server may be what started it.
server_pid() {
    if on_windows; then pgrep -f "openndes.exe --data .*${data##*/tmp/}" | head -n 1; else printf '%s' "$server"; fi
}
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
peak_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"; }
cpu_s() { awk '{ printf "%.1f", ($14 + $15) / 100 }' "/proc/$pid/stat"; }
files() { find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l; }
files_gone() { [[ $(files) -le $((files_before + 16)) ]]; }
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], ""))' "$1" "$2"; }

# enrol_until PID: devices enrol, four a second, until the attack is over; the longest is in $longest_ms.
issued=0
enrol_until() {
    longest_ms=0
    local batch=20 result
    while :; do
        if ! OPENNDES_LOAD_CHALLENGE=$passphrase "$LOAD" --url "$url" --requests $batch --rate 4 --connections 4 --new \
            --prefix "d$RANDOM$RANDOM" --json >"$work/load.json" 2>"$work/load.err"; then
            enrolment_problem="$(<"$work/load.json") $(<"$work/load.err")"
        fi
        [[ -s $work/load.json ]] || return 0
        issued=$((issued + $(field "$work/load.json" issued)))
        result=$(field "$work/load.json" max_ms)
        longest_ms=$(python3 -c 'import sys; print(max(float(sys.argv[1]), float(sys.argv[2])))' "$longest_ms" "$result")
        kill -0 "$1" 2>/dev/null || return 0
    done
}

make_data
ok config set ocsp.enabled=true
ok tls issue --name localhost --address 127.0.0.1
start_server --listen-https 127.0.0.1:0 --listen-management 127.0.0.1:0
pid=$(server_pid)
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
https=$(sed -n 's,^[A-Za-z ]*: https://[^/]*:\([0-9]*\)/.*,\1,p' "$work/server.log" | head -n 1)
management=${metrics##*:}
fetch_ca "$work/ca"
start_recorder
enrol recorded "$passphrase" "$recorded_url" || fail "no certificate: $(<"$work/recorded.log")"
issued=$((issued + 1))
message=$(grep -lE . "$work"/wire/*.request | sort -V | tail -n 1)
openssl ocsp -issuer "$work/ca/ca.pem" -cert "$work/recorded.pem" -nonce -reqout "$work/ocsp.der" >/dev/null 2>&1

printf '%-14s %-44s %9s %27s %11s  %s\n' attack done "enrol ms" "RSS MB before/peak/after" files result
bad=0
for attack in "${attacks[@]}"; do
    name=${attack%%=*}
    count=0
    [[ $attack != *=* ]] || count=${attack#*=}
    if [[ $name == rate ]]; then # the last one: afterwards the address waits
        ok template set device rate.address_per_minute=60
        eventually 20 in_log "configuration reloaded" || fail "no reload"
    fi
    files_before=$(files)
    before=$(rss_kb)
    cpu_before=$(cpu_s)
    echo 5 >"/proc/$pid/clear_refs" 2>/dev/null || true
    enrolment_problem=''
    python3 "$TOOL" "$name" --port "${base##*:}" --tls-port "$https" --management-port "${management%%/*}" \
        --message "$message" --ocsp "$work/ocsp.der" --count "$count" >"$work/$name.json" 2>"$work/$name.err" &
    attacker=$!
    longest_ms='-'
    [[ $name == rate ]] || enrol_until $attacker
    result=ok
    wait $attacker || result="$(field "$work/$name.json" problems 2>/dev/null) $(tail -n 1 "$work/$name.err")"
    kill -0 "$pid" 2>/dev/null || fail "$name: the server is gone: $(tail -n 40 "$work/server.log")"
    [[ -z $enrolment_problem ]] || result="$result; an enrolment failed: $enrolment_problem"
    [[ $longest_ms == - ]] || python3 -c 'import sys; sys.exit(float(sys.argv[1]) > float(sys.argv[2]))' "$longest_ms" "$most_ms" ||
        result="$result; an enrolment took $longest_ms ms"
    eventually 45 files_gone || result="$result; $(files) files are open"
    after=$(rss_kb)
    [[ $((after - before)) -lt $most_growth_kb ]] || result="$result; $((after - before)) KB more"
    what=$(python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
print(", ".join("%s %s" % (k, v) for k, v in j.items() if k not in ("attack", "problems")))' "$work/$name.json" 2>/dev/null) || what='?'
    what+=", CPU $(awk -v a="$cpu_before" -v b="$(cpu_s)" 'BEGIN { print b - a }') s"
    printf '%-14s %-44s %9s %9d/%8d/%8d %5d/%5d  %s\n' "$name" "$what" "$longest_ms" $((before / 1024)) \
        $(($(peak_kb) / 1024)) $((after / 1024)) "$files_before" "$(files)" "$result"
    [[ $result == ok ]] || bad=1
done

step "what the audit file knows"
curl --fail --silent --max-time 30 --output "$work/scrape" "$metrics" || fail "no metrics"
stop_server
python3 - "$data/logs" "$work/scrape" "$issued" <<'END' || fail "the audit file"
import collections, glob, json, re, sys
audit, counted = collections.Counter(), 0
for name in glob.glob(sys.argv[1] + "/audit.jsonl*"):
    for line in open(name, encoding="utf-8"):
        record = json.loads(line)
        if record["event"] == "flood":
            counted += record["count"]
        elif record["event"] in ("http", "enroll"):
            audit[record["result"]] += 1
seen = collections.Counter()
for line in open(sys.argv[2], encoding="utf-8"):
    found = re.match(r"openndes_requests_total\{(.*)\} (\d+)", line)
    if found:
        labels = dict(re.findall(r'(\w+)="([^"]*)"', found.group(1)))
        if labels.get("operation") != "ocsp":
            seen[labels["result"]] += int(found.group(2))
print("issued: %d enrolled, %d records; refused: %d, %d records and %d counted" %
      (int(sys.argv[3]), audit["issued"], seen["refused"], audit["refused"], counted))
lost = seen["refused"] + seen["repeated"] - audit["refused"] - audit["repeated"] - counted
# whoever was cut off may have missed an answer
sys.exit(audit["issued"] != seen["issued"] or audit["issued"] < int(sys.argv[3]) or lost != 0)
END
! grep -E "ERROR: AddressSanitizer|runtime error|LeakSanitizer" "$work/server.log" || fail "a sanitizer's report"
[[ $bad -eq 0 ]] || fail "see the table"
