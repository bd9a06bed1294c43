#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A name server that fails, answers nothing, or names another address than before, while the server runs: who
# needs Intune is refused with a reason and by its deadline, others are answered as ever, and afterwards it goes
# on without a restart. In a network of its own, with a name server of its own: natively, where the system
# gives one.
if [[ -z ${OPENNDES_NAMES_INSIDE:-} ]]; then
    if [[ ${OPENNDES_PROGRAM:-} == *.exe ]] || ! unshare -Urnm true 2>/dev/null; then
        printf 'names: skipped: no network of its own (unshare -Urnm).\n' >&2
        exit 77
    fi
    OPENNDES_NAMES_INSIDE=1 exec unshare -Urnm bash "$0"
fi
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/intune_lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fault_lib.sh"

readonly NAME=cloud.intune.test
readonly TOTAL=4 # intune.total_seconds; a request may take twice as long

# own_network: lo, and a resolver that asks our name server.
own_network() {
    ip link set lo up
    printf 'nameserver 127.0.0.1\n' >"$work/resolv.conf"
    printf 'hosts: files dns\n' >"$work/nsswitch.conf"
    mount --bind "$work/resolv.conf" /etc/resolv.conf
    mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
    python3 "$OPENNDES_TESTS/service/names.py" "$work" "$NAME" "${cloud##*:}" 2>"$work/names.log" &
    names=$!
    at_exit 'kill "$names" 2>/dev/null'
    is_at 127.0.0.2 || fail "no network: $(<"$work/names.log")"
}
# dns ANSWER; at ADDRESS
dns() { printf '%s' "$1" >"$work/dns.new" && mv "$work/dns.new" "$work/dns"; }
at() {
    printf '%s' "$1" >"$work/at.new"
    mv "$work/at.new" "$work/at"
    is_at "$1" || fail "the network does not move to $1: $(<"$work/names.log")"
}
is_there() { [[ $(cat "$work/is-at" 2>/dev/null) == "$1" ]]; }
is_at() { eventually 10 is_there "$1"; }
asked() { cat "$work/asked" 2>/dev/null || printf 0; }
threads() { find "/proc/$server/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }

# refused_in_time WORDS NAME... [beside]: all at once, each by its deadline and with these words (a pattern);
# beside: while another device, which needs no Intune, is served.
refused_in_time() {
    local words=$1 name sender names=() senders=() ms
    shift
    for name in "$@"; do
        [[ $name != beside ]] || continue
        send "$name" &
        senders+=($!)
        names+=("$name")
    done
    [[ ${*: -1} != beside ]] || plain_device plain
    for sender in "${senders[@]}"; do ! wait "$sender" || fail "a certificate without Intune's word"; done
    for name in "${names[@]}"; do
        audited event=enroll result=refused reason=intune-unavailable "transaction_id=$(transaction "$name")" >"$work/record" ||
            fail "$name was refused otherwise: $(tail -n 3 "$data/logs/audit.jsonl")"
        ms=$(took "$name")
        [[ -n $ms && $ms -le $(((2 * TOTAL + 1) * 1000)) ]] || fail "$name was refused after ${ms:-0} ms"
        grep -qE "$words" "$work/record" || fail "the reason does not say \"$words\": $(<"$work/record")"
    done
}

step "a cloud behind a name, a service, templates"
dns 127.0.0.2
printf 127.0.0.2 >"$work/at"
cloud_start "$NAME"
named=$cloud
own_network
cloud=https://localhost:${named##*:} # for orders
make_data
control set '{"any_order":true}'
intune_settings intune.total_seconds=$TOTAL intune.connect_seconds=3
ok config set "intune.authority=$named" "intune.graph=$named" intune.service_suffix="${NAME#*.}"
fault_templates
start_server
fetch_ca "$work/ca" "$base/scep/corp"
intune_device first
receives first
had=$(threads)

step "the name server fails, but the address is known and good: nobody notices"
dns servfail
at nowhere # every connection is cut
at 127.0.0.2
intune_device known
receives known

step "the address is gone as well"
at nowhere
intune_device gone
refused_in_time 'connect' gone
refused_in_time 'name' gone # from now on the old address is not believed

step "the name server does not answer"
dns silent
for n in 1 2; do intune_device "silent$n"; done
before=$(asked)
refused_in_time 'within|went by|name' silent1 silent2 beside
[[ $(asked) -gt $before ]] || fail "nobody asked the name server"

step "it answers again, with another address"
dns 127.0.0.3
at 127.0.0.3
receives gone silent1 silent2
few_threads() { [[ $(threads) -le $had ]]; }
eventually 30 few_threads || fail "$(threads) threads instead of $had"

step "the ledger"
stop_server
no_protocol_error
ledger
