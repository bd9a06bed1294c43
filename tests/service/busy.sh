#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Workers that stand still: another process keeps the database locked, people sign in by the dozen.
# What is in memory is answered all the same, devices are not kept waiting by sign-ins, and a stop
# does not wait for the lock.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/ndes_lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fault_lib.sh"

readonly WORKERS=4

# make_message NAME: a PKCSReq of a device of this name in $work/NAME.message
make_message() {
    printf '[req]\ndistinguished_name=dn\nprompt=no\nattributes=attributes\n[attributes]\nchallengePassword=%s\n[dn]\nCN=%s\n' \
        "$passphrase" "$1" >"$work/$1.cnf"
    openssl req -new -key "$work/device.key" -config "$work/$1.cnf" -outform DER -out "$work/$1.csr"
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/device.key" --ra-enc "$work/ca/ra.pem" \
        --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "$url" --out "$work/$1.pem" --message "$work/$1.message"
}
# send NAME: fails unless an answer comes
send() {
    curl --fail --silent --show-error --max-time 60 --output "$work/$1.reply" --header 'Content-Type: application/x-pki-message' \
        --data-binary "@$work/$1.message" "$url?operation=PKIOperation"
}
issued() { grep -c '"result":"issued"' "$data/logs/audit.jsonl" || true; }
metric() { curl --silent --max-time 5 "$metrics" | sed -n "s/^$1 //p"; }
all_busy() { [[ $(metric openndes_workers_busy) -ge $WORKERS ]]; }
signing_in() { [[ $(metric openndes_queue_length) -ge 10 ]]; }

ndes_data
ok config set workers.threads=$WORKERS limits.stop_seconds=1
passphrase=BUSY-PASSPHRASE-0001
ok template add plain enabled=true challenge.passphrase=- <<<"$passphrase"
ndes_start --listen-management 127.0.0.1:0
url=$base/scep/plain
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
fetch_ca "$work/ca"
new_key "$work/device.key"
for name in 1 2 3 4 5 6 late stopped; do make_message "$name"; done

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
[[ $(issued) -eq 0 ]] || fail "a certificate was given while the database was locked"
unlock_database
for sender in "${senders[@]}"; do wait "$sender" || fail "a device got no answer"; done
[[ $(issued) -eq 6 ]] || fail "$(issued) of 6 got their certificate"

step "sign-ins leave workers to devices"
for ((i = 0; i < 16; i++)); do
    curl --silent --max-time 60 --output /dev/null --netrc-file "$credentials" --basic "$admin" &
    sign_ins[i]=$!
done
crowded=''
! eventually 5 signing_in || crowded=yes
send late || fail "a device was not answered"
waiting=0
for sign_in in "${sign_ins[@]}"; do ! kill -0 "$sign_in" 2>/dev/null || waiting=$((waiting + 1)); done
[[ $(issued) -eq 7 ]] || fail "the device got no certificate"
if [[ -z $crowded ]]; then
    skip_part "sign-ins were too fast to make a queue"
else # ten were before it
    [[ $waiting -ge 4 ]] || fail "the device had to wait for sign-ins: only $waiting were left"
fi
for i in "${!sign_ins[@]}"; do wait "${sign_ins[i]}" || fail "a sign-in was not answered"; done

step "stopping does not wait for the lock"
lock_database
send stopped &
sender=$!
busy() { [[ $(metric openndes_workers_busy) -ge 1 ]]; }
eventually 10 busy || fail "no worker waits"
begun=$SECONDS
stop_server
[[ $((SECONDS - begun)) -le 6 ]] || fail "the server took $((SECONDS - begun)) s to stop"
wait "$sender" || true # 503, or a CertRep that says why
[[ $(issued) -eq 7 ]] || fail "a certificate was given without the database"
unlock_database
