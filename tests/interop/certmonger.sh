#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# certmonger, as a daemon on a session bus of its own, against the program.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/certmonger_lib.sh"

make_data
start_server
start_recorder
fetch_ca "$work/ca"

step "daemon on its own session bus"
start_certmonger

step "add-scep-ca"
getcert_quiet add-scep-ca -s -c openndes -u "$recorded_url" -N "$work/ca/ca.pem" -r "$work/ca/ra.pem" ||
    fail "add-scep-ca: $(<"$work/getcert.out")"

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
