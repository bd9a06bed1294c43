#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# certmonger, as a daemon on a session bus of its own, against the program.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
readonly CERTMONGER=/usr/lib/certmonger/certmonger-session
need getcert certmonger
[[ -x $CERTMONGER ]] || need "$CERTMONGER" certmonger
need dbus-daemon dbus-daemon

make_data
start_server
start_recorder
fetch_ca "$work/ca"

step "daemon on its own session bus"
# certmonger keeps its requests and CAs below HOME.
export HOME=$work/home
mkdir -m 700 "$HOME" "$work/certs"
exec {bus}< <(exec dbus-daemon --session --nofork --nopidfile --print-address 2>"$work/dbus.log")
at_exit "kill $! 2>/dev/null"
IFS= read -r -t "$PATIENCE" -u "$bus" DBUS_SESSION_BUS_ADDRESS || fail "dbus-daemon: $(<"$work/dbus.log")"
export DBUS_SESSION_BUS_ADDRESS
exec {bus}<&-
# In a process group of its own, so that it ends together with the helpers it starts.
set -m
"$CERTMONGER" -n -B -d 3 >"$work/certmonger.log" 2>&1 &
set +m
at_exit "kill -- -$! 2>/dev/null; wait $! 2>/dev/null; eventually 10 group_is_gone $!"
group_is_gone() { ! kill -0 -- "-$1" 2>/dev/null; }
getcert_quiet() { timeout 20 getcert "$@" >"$work/getcert.out" 2>&1; }
eventually 20 getcert_quiet list -s || fail "certmonger does not answer: $(<"$work/getcert.out")"

step "add-scep-ca"
getcert_quiet add-scep-ca -s -c openndes -u "$recorded_url" -N "$work/ca/ca.pem" -r "$work/ca/ra.pem" ||
    fail "add-scep-ca: $(<"$work/getcert.out")"

# request NAME PASSPHRASE
request() {
    (umask 077 && printf '%s' "$2" >"$work/$1.passphrase")
    getcert_quiet request -s -c openndes -I "$1" -k "$work/certs/$1.key" -f "$work/certs/$1.pem" \
        -N "CN=$1" -l "$work/$1.passphrase" || fail "getcert request: $(<"$work/getcert.out")"
}
# state_is NAME STATE...: one of these
state_is() {
    local state wanted
    getcert_quiet list -s -i "$1" || return 1
    state=$(sed -n 's/^[[:space:]]*status: //p' "$work/getcert.out")
    for wanted in "${@:2}"; do [[ $state != "$wanted" ]] || return 0; done
    return 1
}

step "request, until the daemon says MONITORING"
request monger "$passphrase"
eventually "$PATIENCE" state_is monger MONITORING CA_REJECTED CA_UNREACHABLE || true
state_is monger MONITORING || fail "no certificate: $(<"$work/getcert.out")"
check_certificate "$work/certs/monger.pem" "$work/certs/monger.key" "CN = monger"
audited event=enroll result=issued "subject=CN=monger" "serial=$(serial_of "$work/certs/monger.pem")" >/dev/null ||
    fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"

step "wrong passphrase: CA_REJECTED"
request wrong "not the passphrase"
eventually "$PATIENCE" state_is wrong MONITORING CA_REJECTED || true
state_is wrong CA_REJECTED || fail "not rejected: $(<"$work/getcert.out")"
audited event=enroll result=refused reason=challenge-rejected "requested_subject=CN=wrong" >/dev/null ||
    fail "not refused as challenge-rejected: $(tail -n 1 "$data/logs/audit.jsonl")"
[[ $(certrep "$work/wire/2.reply" pkiStatus) == 2 && $(certrep "$work/wire/2.reply" failInfo) == 2 ]] ||
    fail "the reply is no FAILURE with badRequest"
[[ ! -s $work/certs/wrong.pem ]] || fail "a certificate is there all the same"

stop_server
