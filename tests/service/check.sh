#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# "openndes check" on a healthy set-up, on ones that are broken in one way each, and as a monitoring
# system calls it.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

# finding LEVEL WHAT TEXT [REASON]: the last --json has it, with a remedy unless it is ok.
finding() {
    python3 - "$out" "$@" <<'END' || fail "no such finding: $*: $(<"$out")"
import json, sys
file, level, what, text = sys.argv[1:5]
reason = sys.argv[5] if len(sys.argv) > 5 else None
for row in json.load(open(file, encoding="utf-8")):
    if (row["level"], row["what"]) == (level, what) and text in row["text"]:
        assert level == "ok" or row["remedy"], row
        assert reason is None or row["reason"] == reason, row
        sys.exit(0)
sys.exit(1)
END
}
# broken CODE: check --json ends with this code and a sentence
broken() {
    on_data check --json --offline
    [[ $status -eq $1 ]] || fail "check ended with $status instead of $1: $(<"$err")"
    [[ $(<"$err") == *"things checked are broken"* ]] || fail "no sentence: $(<"$err")"
}
# holder: something else on a port of this machine; sets $port
holder() {
    coproc HOLDER { exec python3 -c 'import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()'; }
    read -r port <&"${HOLDER[0]}"
}

# instant: holds the data folder's lock as a check does, only longer: 0.2 s
instant() {
    python3 - "$data/openndes.lock" "$work/asking" <<'END'
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(fd, fcntl.LOCK_EX)        # what the program takes on Linux
fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)  # what Wine makes of LockFileEx
open(sys.argv[2], "w").close()
time.sleep(0.2)
END
}

make_data --public-url http://scep.example.com --listen 127.0.0.1:0
cp -r "$data" "$work/healthy"
restore() { rm -rf "$data" && cp -r "$work/healthy" "$data"; }

step "healthy"
ok check --json
[[ $(json '[r for r in j if r["level"] == "error"]') == '[]' ]] || fail "errors: $(<"$out")"
finding ok "CA default" "valid until"
finding ok "RA of CA default" "suits Windows and Apple devices"
finding ok database "none yet"
[[ ! -e $data/openndes.db ]] || fail "check has made a database"
finding ok rights "nobody else"
finding ok "template device" on
finding ok secrets.key opens

step "a running server, which is started while another process asks who holds the folder"
instant & asking=$!
for ((tries = 0; tries < 1000; tries++)); do
    [[ ! -e $work/asking ]] || break
    sleep 0.02
done
[[ -e $work/asking ]] || fail "nobody holds the lock of the data folder"
start_server
wait "$asking"
# The pair of RAs and the CRL are there now. The addresses are not the configured ones.
ok config set "listen=${base#http://}"
ok check --json
finding ok "listen ${base#http://}" "the server listens there"
finding ok "signing RA of CA default" "suits Windows"
finding ok database "whole, 0 certificates"
finding ok "CRL of CA default" "valid until"
stop_server

step "a database that is gone, which a look does not make anew"
rm "$data/openndes.db"
broken 6
finding error database "missing" file-missing
[[ ! -e $data/openndes.db ]] || fail "check has made a database"
restore

step "a port that something else holds"
holder
ok config set "listen=127.0.0.1:$port"
broken 9
finding error "listen 127.0.0.1:$port" "is held by" port-in-use
ok config set "listen=127.0.0.1:0" "management.listen=127.0.0.1:$port"
on_data check --json --offline
finding warning "management.listen 127.0.0.1:$port" "is held by" port-in-use
ok config set "listen=127.0.0.1:$port" management.listen=
run_program --data "$(path "$data")" check --offline --monitoring
[[ $status -eq 2 ]] || fail "critical is $status"
[[ $(head -n 1 "$out") =~ ^OpenNDES\ CRITICAL\ -\ 1\ errors,.*port.*\|\ errors=1\ warnings=[0-9]+$ ]] ||
    fail "the summary: $(head -n 1 "$out")"
grep -q '^         -> ' "$out" || fail "no remedy: $(<"$out")"
[[ ! -s $err ]] || fail "a plugin speaks on standard output: $(<"$err")"
exec {HOLDER[1]}>&-
restore

step "an RA that no device accepts"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other.key" -out "$data/ca/default/ra.crt" \
    -subj /CN=other -days 30 2>/dev/null
broken 8
finding error "CA default" "ra.crt"
restore

step "a broken database"
(umask 077 && head -c 5000 /dev/urandom >"$data/openndes.db")
broken 7
finding error database "" store-corrupt
restore

step "a bar in a text, as a monitoring system sees it"
printf '{ "listen": "a|b" }' >"$data/openndes.json"
run_program --data "$(path "$data")" check --offline --monitoring
[[ $status -eq 2 && $(grep -c '|' "$out") -eq 1 ]] || fail "bars that are no figures: $(<"$out")"
grep -q '^error    openndes.json: .*a/b' "$out" || fail "no finding about openndes.json: $(<"$out")"
restore

step "a template whose CA is missing, and settings that do not load"
ok template set device ca=gone rate.refused_per_minute=0
broken 8
finding error "template device" "gone" ca-missing
finding warning "template device" "rate.refused_per_minute=0"
printf '{ "lisen": "127.0.0.1:80" }' >"$data/openndes.json"
broken 3
finding error openndes.json '"listen"' config-unknown-key
restore

step "Intune that cannot be reached"
port=$(python3 -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])")
ok config set intune.tenant=11111111-2222-3333-4444-555555555555 \
    intune.client_id=66666666-7777-8888-9999-000000000000 \
    "intune.authority=https://127.0.0.1:$port" "intune.graph=https://127.0.0.1:$port" intune.proxy=none
on_data intune secret <<<'not-a-real-secret-4711'
[[ $status -eq 0 ]] || fail "intune secret: $(<"$err")"
on_data check --json --offline
finding ok Intune "settings and credential are there"
not_said "$out" "Intune token"
on_data check --json
[[ $status -ne 0 ]] || fail "an Intune out of reach is no error: $(<"$out")"
finding error "Intune token" "127.0.0.1" intune-unavailable
restore

step "rights"
if on_windows; then
    skip_part "Wine shows modes of Unix as rights of its own"
else
    chmod 666 "$data/ca/default/ca.key"
    broken 8
    finding error rights "ca.key" rights-unsafe
    restore
fi

step "a warning, and no data folder, as a monitoring system sees them"
ok template disable device
run_program --data "$(path "$data")" check --offline --monitoring
[[ $status -eq 1 && $(head -n 1 "$out") == "OpenNDES WARNING - 0 errors"* ]] || fail "warning: $status $(<"$out")"
run_program --data "$(path "$work/nowhere")" check --monitoring
[[ $status -eq 2 && $(<"$out") == "OpenNDES CRITICAL"*data-folder-missing* ]] || fail "no folder: $status $(<"$out")"
refused 2 usage check --monitoring --json
