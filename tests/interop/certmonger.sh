#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# certmonger, as a daemon on a session bus of its own, against the program: enrolment, refusal, and renewals by
# PKCSReq that the old certificate has signed, with the same key and with a new one.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/certmonger_lib.sh"

make_data
ok template set device renewal.enabled=true renewal.window_percent=100 renewal.challenge=either
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

# renewed WHAT OLD-SERIAL: another certificate than before, for which the old one has vouched.
renewed() {
    has_another() { [[ -s $work/certs/monger.pem && $(serial_of "$work/certs/monger.pem") != "$1" ]]; }
    eventually 20 has_another "$2" || {
        getcert_quiet list -s -i monger
        fail "$1: $(<"$work/getcert.out") $(tail -n 1 "$data/logs/audit.jsonl")"
    }
    check_certificate "$work/certs/monger.pem" "$work/certs/monger.key" "CN = monger"
    audited event=enroll result=issued message_type=PKCSReq challenge_type=renewal \
        "serial=$(serial_of "$work/certs/monger.pem")" >/dev/null ||
        fail "$1: the certificate has not vouched: $(tail -n 1 "$data/logs/audit.jsonl")"
}

step "resubmit: same key, a passphrase that is none any more; the old certificate vouches"
serial=$(serial_of "$work/certs/monger.pem")
getcert_quiet resubmit -s -i monger -l "$work/wrong.passphrase" || fail "getcert resubmit: $(<"$work/getcert.out")"
renewed resubmit "$serial"

step "rekey: a new key, signed with the old one"
serial=$(serial_of "$work/certs/monger.pem")
old_key=$(openssl x509 -in "$work/certs/monger.pem" -noout -pubkey)
getcert_quiet rekey -s -i monger || fail "getcert rekey: $(<"$work/getcert.out")"
renewed rekey "$serial"
[[ $(openssl x509 -in "$work/certs/monger.pem" -noout -pubkey) != "$old_key" ]] || fail "the key is the old one"

stop_server
