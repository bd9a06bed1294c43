#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk gives trouble while the server runs: the database is locked by another process, the audit
# file cannot be written, the database is damaged. Natively: the other process is not under Wine.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
need pki strongswan-pki

# hold_database: another process keeps it locked until $holder ends.
hold_database() {
    python3 - "$data/openndes.db" "$work/held" <<'END_PYTHON' &
import signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
open(sys.argv[2], "w").close()
signal.pause()
END_PYTHON
    holder=$!
    at_exit "kill $holder 2>/dev/null"
    eventually 30 test -e "$work/held" || fail "the database cannot be locked"
}

make_data
start_server
fetch_ca "$work/ca"
enrolled first "$passphrase"
serial=$(serial_of "$work/first.pem")

step "database locked for longer than is waited: refused, nothing half done, and it goes on by itself"
new_key "$work/locked.key"
hold_database
{ "${launch[@]}" --data "$data" cert revoke "$serial" 2>"$work/revoke.err" || echo "$?" >"$work/revoke.code"; } &
revoker=$!
not_enrolled store-busy locked "$passphrase"
answers 200 "$url?operation=GetCACert" || fail "GetCACert needs the database"
wait "$revoker"
[[ -s $work/revoke.code && $(<"$work/revoke.err") == *"[store-busy]" ]] || fail "cert revoke: $(<"$work/revoke.err")"
kill "$holder"
wait "$holder" 2>/dev/null || true
enrolled locked "$passphrase"
ok cert list --json
[[ $(json '[c["subject"] for c in j if c["state"] == "valid"]') == '["CN=locked", "CN=first"]' ]] || fail "cert list: $(<"$out")"
ok cert revoke "$serial"

step "audit file cannot be written: told, and the certificate is on record; it goes on by itself"
mv "$data/logs/audit.jsonl" "$work/audit.before"
mkdir "$data/logs/audit.jsonl"
lost() { http_status --data nonsense "$url?operation=PKIOperation" >/dev/null && in_log "is lost"; }
eventually 20 lost || fail "a lost record is not told: $(tail -n 3 "$data/logs/openndes.log")"
enrolled unaudited "$passphrase"
ok cert show "$(serial_of "$work/unaudited.pem")"
rmdir "$data/logs/audit.jsonl"
enrolled audited-again "$passphrase"
audited event=enroll result=issued subject=CN=audited-again >/dev/null || fail "no records any more"

step "database damaged while the server runs: refused, the server lives, and says how to mend it"
python3 - "$data" <<'END_PYTHON'
import os, sqlite3, sys
path = os.path.join(sys.argv[1], "openndes.db")
sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)")
with open(path, "r+b") as file:
    file.seek(4096)
    file.write(os.urandom(os.path.getsize(path) - 4096))
END_PYTHON
not_enrolled store-corrupt damaged "$passphrase"
answers 200 "$url?operation=GetCACaps" || fail "the server is gone"
on_data check
[[ $status -ne 0 ]] || fail "check finds nothing: $(<"$out")"
grep -q 'restore the last backup' "$out" "$err" || fail "check does not say how to mend it: $(<"$out")"
stop_server
