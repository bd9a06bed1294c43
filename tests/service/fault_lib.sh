# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of faults share: devices with and without Intune, and a ledger of what they have received.
# Sourced after lib.sh; devices need intune_lib.sh.

readonly DEVICE_ID=1111aaaa-2222-4333-8444-5555bbbb6666
plain_passphrase='a passphrase that is long enough'
received=() # devices that have a certificate
intune_devices=()

# fault_templates: corp asks Intune, plain has a passphrase; the devices share a key, which is quicker.
fault_templates() {
    new_key "$work/shared.key"
    ok template add corp challenge.type=intune san.types=uri,upn,dns,email enabled=true
    ok template add plain challenge.passphrase=- enabled=true <<<"$plain_passphrase"
}
# intune_device NAME: its request; nothing is sent yet.
intune_device() {
    cp "$work/shared.key" "$work/$1.key"
    device "$1" "$DEVICE_ID"
    intune_devices+=("$1")
}
# plain_request NAME: likewise.
plain_request() {
    printf '[req]\ndistinguished_name=dn\nprompt=no\nattributes=attributes\n[attributes]\nchallengePassword=%s\n[dn]\nCN=%s\n' \
        "$plain_passphrase" "$1" >"$work/$1.cnf"
    cp "$work/shared.key" "$work/$1.key"
    openssl req -new -key "$work/$1.key" -config "$work/$1.cnf" -outform DER -out "$work/$1.csr"
}
# took NAME: how many ms its last request spent in the server, by the server's own clock: the client's tools take
# longer than that on a busy machine.
took() {
    sed -n "s/.* PKIOperation .* \([0-9]*\)\.[0-9]* ms .*txid=\"$(transaction "$1")\".*/\1/p" "$data/logs/openndes.log" | tail -n 1
}
# receives_plain NAME: a certificate for its request, at once.
receives_plain() {
    local ms
    got "$1" "$base/scep/plain"
    ms=$(took "$1")
    [[ $ms -le 2000 ]] || fail "$1, who needs no Intune, waited ${ms:-for ever} ms"
    received+=("$1")
}
# plain_device NAME: request and certificate; whatever happens to those who need Intune.
plain_device() {
    plain_request "$1"
    receives_plain "$1"
}
# receives NAME...: the same bytes again lead to a certificate; on a busy machine not always at the first attempt,
# since the time for a connection is short here.
receives() {
    local name
    for name in "$@"; do
        eventually 20 send "$name" || fail "no certificate for $name: $(<"$work/$name.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
        received+=("$name")
    done
}
# lock_database, unlock_database: as a backup program or a hanging command keeps it
locker=''
lock_database() {
    rm -f "$work/locked"
    mkfifo "$work/hold"
    python3 - "$data/openndes.db" "$work/locked" "$work/hold" <<'END' &
import pathlib, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
pathlib.Path(sys.argv[2]).touch()
open(sys.argv[3]).read()
database.execute("ROLLBACK")
END
    locker=$!
    exec {hold}<>"$work/hold" # kept open: the locker reads until it is closed
    eventually 10 test -e "$work/locked" || fail "the database cannot be locked"
}
unlock_database() {
    kill "$locker" || fail "the database was not locked any more"
    wait "$locker" 2>/dev/null || true # killed
    exec {hold}<&-
    rm -f "$work/hold"
    locker=''
}
at_exit '[[ -z $locker ]] || kill "$locker"'

# ledger: what was received is what is recorded, once each, and Intune knows the same. The server does not run.
ledger() {
    local name
    ok cert list --json
    control enrolments
    for name in "${received[@]}"; do
        printf '%s %s %s\n' "$name" "$(serial_of "$name")" "$(transaction "$name")"
    done >"$work/received"
    python3 - "$out" "$work/received" "$work/control" "${intune_devices[@]}" <<'END' || fail "the ledger does not match"
import json, sys
problems = []
plain = lambda serial: serial.lower().lstrip("0")
listed = [plain(row["serial"]) for row in json.load(open(sys.argv[1])) if row["state"] != "withheld"]
received = {name: (plain(serial), transaction) for name, serial, transaction in map(str.split, open(sys.argv[2]))}
serials = [serial for serial, _ in received.values()]
if len(set(serials)) != len(serials) or len(set(listed)) != len(listed) or sorted(serials) != sorted(listed):
    problems.append("received %s, recorded %s" % (sorted(serials), sorted(listed)))
cloud = {row["transactionId"]: row for row in json.load(open(sys.argv[3]))}
for name in sys.argv[4:]:
    serial, transaction = received.get(name, ("", ""))
    row = cloud.get(transaction, {"confirmations": 0, "serial": ""})
    if (row["confirmations"], plain(row["serial"])) != (1, serial):
        problems.append("%s has %s, Intune knows %s" % (name, serial or "nothing", row))
print("-- ledger: %d received, %d recorded, %d confirmed by Intune" % (len(serials), len(listed), len(sys.argv) - 4))
sys.exit("\n".join(problems) or 0)
END
}
