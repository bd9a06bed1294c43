#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# All workers are held, by Intune and by a locked database, and the queue is full: who comes then is told to come
# again, with a time; what is in memory is answered at once. Afterwards everybody gets what he has waited for, all
# workers are free, and who was sent away gets his certificate with the same bytes. Intune alone never holds more
# than half of the workers.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/intune_lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fault_lib.sh"

readonly WORKERS=2 QUEUE=2

# pool: how many workers are busy, how many requests wait, at one moment.
pool() { curl --silent --max-time 5 "$metrics" | sed -n 's/^openndes_workers_busy //p; s/^openndes_queue_length //p' | tr '\n' ' '; }
is_full() { [[ $(pool) == "$full" ]]; }
is_free() { [[ $(pool) == '0 0 ' ]]; }
# write_message NAME; post NAME: its PKCSReq, as bytes; the status is printed, the head is in NAME.head.
write_message() {
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$1.key" --ra-enc "$work/ca/ra.pem" \
        --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "$base/scep/plain" --out "$work/$1.pem" --message "$work/$1.message"
}
post() {
    curl --silent --max-time 30 --dump-header "$work/$1.head" --output /dev/null --write-out '%{http_code}' \
        --header 'Content-Type: application/x-pki-message' --data-binary "@$work/$1.message" "$base/scep/plain?operation=PKIOperation"
}
# at_once WHAT URL: 200 within a second.
at_once() {
    [[ $(curl --silent --max-time 1 --output /dev/null --write-out '%{http_code}' "$2") == 200 ]] ||
        fail "$1 is not answered within a second"
}

step "a cloud, a service with $WORKERS workers and room for $QUEUE that wait"
cloud_start
make_data
intune_settings intune.total_seconds=60 intune.requests=10
ok config set workers.threads=$WORKERS workers.queue=$QUEUE
fault_templates
start_server --listen-management 127.0.0.1:0
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
fetch_ca "$work/ca" "$base/scep/corp"
intune_device wait1
intune_device wait2
for name in plain1 plain2 plain3 late; do plain_request "$name"; done

step "Intune does not answer: half of the workers wait for it, others are served"
behave validateRequest slow '' 0 0 # until the latch opens
send wait1 &
waits=$!
eventually 20 called validateRequest 1 || fail "Intune was not asked"
not_got intune-busy wait2
plain_device plain

step "the database is locked, too: no worker is free, the queue is full"
for name in plain1 plain2 plain3 late; do write_message "$name"; done
lock_database
senders=()
full="$WORKERS 0 "
for name in plain1 plain2 plain3; do
    post "$name" >"$work/$name.status" &
    senders+=($!)
    # the queue takes two, and a worker may be slow to take the first one out of it
    [[ $name != plain1 ]] || eventually 8 is_full || fail "busy and waiting: $(pool)"
done
full="$WORKERS $QUEUE "
eventually 8 is_full || fail "busy and waiting: $(pool)"
at_once GetCACaps "$base/scep/plain?operation=GetCACaps"
at_once GetCACert "$base/scep/corp?operation=GetCACert"
at_once "the CRL" "$base/crl/default.crl"
[[ $(post late) == 503 ]] || fail "not told to come again: $(<"$work/late.head")"
grep -qiE '^Retry-After: [1-9][0-9]*.?$' "$work/late.head" || fail "no time to come again: $(<"$work/late.head")"
is_full || fail "the workers did not wait all the time"

step "the lock goes, Intune answers: nobody who has waited goes without"
unlock_database
for sender in "${senders[@]}"; do wait "$sender" || fail "a device got no answer"; done
for name in plain1 plain2 plain3; do
    audited event=enroll result=issued "subject=CN=$name" >/dev/null || fail "$name has waited for nothing"
done
control latch '{}'
wait "$waits" || fail "wait1 got nothing: $(<"$work/wait1.log")"
received+=(wait1)
eventually 10 is_free || fail "busy and waiting: $(pool)"
receives wait2
for name in late plain1 plain2 plain3; do receives_plain "$name"; done # the latter: the same once more

step "the ledger"
stop_server
no_protocol_error
ledger
