#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The short form of tests/endurance/hostile.sh: devices enrol while three hundred connections say nothing,
# others send headers without end, and ninety ask for the CA in an endless pipeline; shapes that two programs
# read in two ways; a flood of refusals that must not cost the audit file a decision, nor itself go uncounted.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly TOOL=$OPENNDES_TESTS/endurance/hostile.py

# attack NAME OPTION...: in the background; $attacker is its process.
attack() {
    python3 "$TOOL" "$1" --port "${base##*:}" "${@:2}" >"$work/$1.json" 2>"$work/$1.err" &
    attacker=$!
}
# withstood NAME: the attack is over, and the server gave it what it had to.
withstood() { wait "$attacker" || fail "$1: $(<"$work/$1.json") $(tail -n 3 "$work/$1.err")"; }

make_data
ok config set limits.connections=100 workers.threads=1 workers.queue=2
start_server
fetch_ca "$work/ca"
new_key "$work/during.key"
new_key "$work/asked.key"

step "three hundred silent connections where a hundred places are"
attack silent --count 300 --seconds 5
enrolled during "$passphrase"
kill -0 "$attacker" 2>/dev/null || fail "the attack was over before the certificate was there"
withstood silent

step "GetCACert in endless pipelines, which no worker sees: one worker enrols, three places are enough"
attack cacert --count 90 --seconds 3
enrolled asked "$passphrase"
kill -0 "$attacker" 2>/dev/null || fail "the pipelines were over before the certificate was there"
withstood cacert

step "shapes, requests without end"
attack smuggling
withstood smuggling
attack endless --count 1
withstood endless

step "a flood of refusals"
attack refusals --count 2000
withstood refusals
stop_server
audited event=enroll result=issued subject=CN=during >/dev/null || fail "the certificate's record is gone"
audited event=flood result=refused >/dev/null || fail "nobody tells of the flood"
python3 - "$data/logs/audit.jsonl" <<'END' || fail "refusals are lost"
import json, sys
records = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
# one row of the minute has no reason: for those that found no row of their own
of_flood = [r for r in records if r.get("reason") in ("no-such-url", "not-cms", None) and r["event"] in ("http", "flood")]
written = sum(1 for r in of_flood if r["event"] == "http")
counted = sum(r["count"] for r in of_flood if r["event"] == "flood")
# one more of each may have come with the requests without end
print("%d refusals: %d written, %d counted" % (written + counted, written, counted))
sys.exit(not 2000 <= written + counted <= 2010 or written > 900)
END
