#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Workers that stand still: another process keeps the database locked, people sign in by the dozen.
# What is in memory is answered all the same, devices are not kept waiting by sign-ins, and a stop
# does not wait for the lock.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/ndes_lib.sh"

readonly WORKERS=4

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
    kill "$locker" 2>/dev/null || true
    wait "$locker" 2>/dev/null || true
    exec {hold}<&-
    rm -f "$work/hold"
    locker=''
}
at_exit '[[ -z $locker ]] || kill "$locker"'

# send NAME: the same request each time, so that all get the same certificate
send() {
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/device.csr" --key "$work/device.key" \
        --ra-enc "$work/ca/ra.pem" --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "$url" \
        --out "$work/$1.pem" >"$work/$1.log" 2>&1
}
metric() { curl --silent --max-time 5 "$metrics" | sed -n "s/^$1 //p"; }
all_busy() { [[ $(metric openndes_workers_busy) -ge $WORKERS ]]; }
signing_in() { [[ $(metric openndes_queue_length) -ge 4 ]]; }

ndes_data
ok config set workers.threads=$WORKERS limits.stop_seconds=1
passphrase=BUSY-PASSPHRASE-0001
ok template add plain enabled=true challenge.passphrase=- <<<"$passphrase"
ndes_start --listen-management 127.0.0.1:0
url=$base/scep/plain
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
fetch_ca "$work/ca"
new_key "$work/device.key"
printf '[req]\ndistinguished_name=dn\nprompt=no\nattributes=attributes\n[attributes]\nchallengePassword=%s\n[dn]\nCN=device\n' \
    "$passphrase" >"$work/device.cnf"
openssl req -new -key "$work/device.key" -config "$work/device.cnf" -outform DER -out "$work/device.csr"

step "all workers wait for the database"
lock_database
senders=()
for i in 1 2 3 4 5 6; do
    send "$i" &
    senders+=($!)
done
eventually 10 all_busy || fail "$(metric openndes_workers_busy) of $WORKERS workers are busy"
for ((i = 0; i < 5; i++)); do
    for what in GetCACert GetCACaps; do
        [[ $(curl --silent --max-time 1 --output /dev/null --write-out '%{http_code}' "$url?operation=$what") == 200 ]] ||
            fail "$what is not answered within a second"
    done
    [[ $(curl --silent --max-time 1 --output /dev/null --write-out '%{http_code}' "$base/crl/default.crl") == 200 ]] ||
        fail "no CRL within a second"
done
all_busy || fail "the workers did not wait all the time"
for i in 1 2 3 4 5 6; do [[ ! -e $work/$i.pem ]] || fail "a certificate was given while the database was locked"; done
unlock_database
for i in "${!senders[@]}"; do
    wait "${senders[i]}" || fail "request $((i + 1)): $(<"$work/$((i + 1)).log")"
    cmp -s "$work/1.pem" "$work/$((i + 1)).pem" || fail "the same request got two certificates"
done

step "sign-ins leave workers to devices"
for ((i = 0; i < 16; i++)); do
    curl --silent --max-time 60 --output /dev/null --netrc-file "$credentials" --basic "$admin" &
    sign_ins[i]=$!
done
eventually 10 signing_in || skip_part "sign-ins were too fast to wait"
send late || fail "a device was not answered: $(<"$work/late.log")"
for i in "${!sign_ins[@]}"; do wait "${sign_ins[i]}" || fail "a sign-in was not answered"; done

step "stopping does not wait for the lock"
openssl req -new -key "$work/device.key" -subj /CN=other -config "$work/device.cnf" -outform DER -out "$work/device.csr"
lock_database
send stopped &
sender=$!
busy() { [[ $(metric openndes_workers_busy) -ge 1 ]]; }
eventually 10 busy || fail "no worker waits"
begun=$SECONDS
stop_server
[[ $((SECONDS - begun)) -le 6 ]] || fail "the server took $((SECONDS - begun)) s to stop"
! wait "$sender" || fail "a certificate was given without the database"
unlock_database
