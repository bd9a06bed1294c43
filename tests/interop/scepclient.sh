#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# micromdm's scepclient (Debian package "scep") against the program. Version 2.1.0 always signs with
# SHA-1 and encrypts with single DES, so it needs the level legacy and is refused at the others.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need scepclient scep

# client NAME PASSPHRASE URL: gives $work/NAME/cert.pem and key.pem. It leaves files where it runs.
# The client takes the passphrase as an argument only; this one opens nothing but this test's folder.
client() {
    mkdir -p "$work/$1"
    local challenge=(-challenge "$2")
    [[ -n $2 ]] || challenge=()
    (cd "$work/$1" && timeout "$PATIENCE" scepclient -server-url "$3" "${challenge[@]}" -cn "$1" -organization Example \
        -private-key key.pem -certificate cert.pem -debug >client.log 2>&1) && [[ -s $work/$1/cert.pem ]]
}

make_data
ok template add legacy enabled=true algorithms=legacy ip_acl.enabled=true ip_acl.allowed=127.0.0.1/32 \
    renewal.enabled=true renewal.window_percent=100 renewal.same_key=true challenge.passphrase=- <<<"$passphrase"
start_server
start_recorder
fetch_ca "$work/ca" "$base/scep/legacy"

step "enrolment at the level legacy"
client legacy "$passphrase" "$base/scep/legacy" || fail "no certificate: $(<"$work/legacy/client.log")"
subject=$(openssl x509 -in "$work/legacy/cert.pem" -noout -subject)
check_certificate "$work/legacy/cert.pem" "$work/legacy/key.pem" "${subject#subject=}"
[[ $subject == *"CN = legacy"* && $subject == *"O = Example"* ]] || fail "subject is $subject"
audited event=enroll result=issued template=legacy "serial=$(serial_of "$work/legacy/cert.pem")" >/dev/null ||
    fail "no audit record"

step "wrong passphrase"
! client wrong "not the passphrase" "${recorded_url%device}legacy" || fail "a wrong passphrase got a certificate"
audited event=enroll result=refused template=legacy reason=challenge-rejected >/dev/null ||
    fail "not refused as challenge-rejected: $(tail -n 1 "$data/logs/audit.jsonl")"
[[ $(certrep "$work/wire/1.reply" pkiStatus) == 2 && $(certrep "$work/wire/1.reply" failInfo) == 2 ]] ||
    fail "the reply is no FAILURE with badRequest"
grep -qi 'badRequest\|failInfo: 2\|FAILURE' "$work/wrong/client.log" ||
    fail "the client does not say why: $(<"$work/wrong/client.log")"

step "the level modern refuses its algorithms: badAlg"
! client modern "$passphrase" "$recorded_url" || fail "single DES was taken at the level modern"
[[ $(certrep "$work/wire/2.reply" pkiStatus) == 2 && $(certrep "$work/wire/2.reply" failInfo) == 0 ]] ||
    fail "the reply is no FAILURE with badAlg"

step "renewal: RenewalReq, because a certificate is there already; the key stays"
cp "$work/legacy/cert.pem" "$work/old.pem"
rm "$work/legacy/csr.pem" # it would send the same request again
client legacy "" "${recorded_url%device}legacy" ||
    fail "no renewal: $(<"$work/legacy/client.log") $(tail -n 1 "$data/logs/audit.jsonl")"
[[ $(certrep "$work/wire/3.request" messageType) == 17 && $(certrep "$work/wire/3.reply" pkiStatus) == 0 ]] ||
    fail "not a RenewalReq and its SUCCESS"
# Whether it writes over its file is the client's affair: what the server says counts.
audited event=enroll result=issued message_type=RenewalReq template=legacy challenge_type=renewal >"$work/renewal.json" ||
    fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"
! grep -qF "$(serial_of "$work/old.pem")" "$work/renewal.json" || fail "the same certificate again"

stop_server
