#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The load generator against the real server: its numbers are the server's.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

# load ARGUMENT...: its JSON in $out, exit code in $status.
load() {
    status=0
    OPENNDES_LOAD_CHALLENGE=$passphrase timeout -k 5 "$PATIENCE" "$OPENNDES_SCEP_LOAD" --json --pid "$server" "$@" \
        >"$out" 2>"$err" || status=$?
}
# is EXPRESSION: of the JSON.
is() { [[ $(json "$1") == true ]] || fail "not so: $1 in $(<"$out") $(<"$err")"; }

make_data
start_server --quiet

step "twenty enrolments, two of them with a wrong challenge"
load --url "$url" --requests 20 --batch 8 --connections 4 --wrong-every 8 --serials "$work/first"
[[ $status -eq 1 ]] || fail "refusals ended with $status"
is '(j["requests"], j["read"], j["issued"], j["refused"]) == (20, 20, 18, 2)'
is 'j["fail_info"] == {"badAlg": 0, "badMessageCheck": 0, "badRequest": 2, "badTime": 0, "badCertId": 0, "other": 0}'
is '[j[name] for name in ("http_failures", "pending", "broken", "duplicates", "warmup")] == [0] * 5'
is 'j["certificates"] == 18 and j["connections"] == 4'
is '0 < j["p50_ms"] <= j["p99_ms"] <= j["max_ms"] and j["cpu_ms"] > 0 and j["peak_kb"] > 1000'
is 'len(j["cpu_ms_by_process"]) == 1 and abs(j["cpu_ms_by_process"][0] - j["cpu_ms"]) < 0.001'

step "all right, by GET, over new connections, after a warm-up that counts in serials only"
load --url "$url" --requests 6 --warmup 2 --prefix again --get --new --connections 2 --serials "$work/second"
[[ $status -eq 0 ]] || fail "ended with $status: $(<"$out") $(<"$err")"
is '(j["requests"], j["read"], j["issued"], j["certificates"], j["warmup"]) == (6, 8, 8, 8, 2)'

step "the server has these certificates and no others"
sort "$work/first" "$work/second" | tr 'A-F' 'a-f' >"$work/received"
ok cert list --json
json '"\n".join(sorted(row["serial"] for row in j))' >"$work/listed"
# Both without leading zeros, which a number has none of.
[[ $(sed 's/^0*//' "$work/received" | sort) == "$(sed 's/^0*//' "$work/listed" | sort)" ]] ||
    fail "received: $(<"$work/received") listed: $(<"$work/listed")"

step "what is no SCEP"
load --url "$base/nowhere"
[[ $status -eq 1 ]] || fail "a wrong URL ended with $status"
said "$err" "no usable certificate"
load --url "$url" --requests 30 --operation GetCACaps
[[ $status -eq 0 ]] || fail "GetCACaps ended with $status: $(<"$err")"
is 'j["requests"] == 30 and j["read"] == 0 and j["http_failures"] == 0'

stop_server
