#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# strongSwan's "pki --scep" against the program: AES at the level modern, 3DES at the level compat,
# renewal by RenewalReq, requests that wait for approval while the client polls, refusals as the client sees
# them and as they stand in the reply and in the audit file.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need pki strongswan-pki
pki --help 2>&1 | grep -q -- --scepca || fail "this pki has no --scep: strongSwan 5.9.8 or newer is wanted"

make_data
ok template add old enabled=true algorithms=compat challenge.passphrase=- <<<"$passphrase"
ok template add other enabled=true renewal.enabled=true renewal.window_percent=100 \
    challenge.passphrase=- <<<"another passphrase"
ok template add asked enabled=true approval=manual challenge.passphrase=- <<<"$passphrase"
start_server
start_recorder

step "pki --scepca"
mkdir "$work/ca"
pki --scepca --url "$url" --caout "$work/ca/ca.pem" --raout "$work/ca/ra.pem" --outform pem \
    >"$work/scepca.out" 2>"$work/scepca.log" || fail "pki --scepca: $(<"$work/scepca.log")"
[[ -s $work/ca/ra.pem ]] || fail "pki --scepca saw no RA: $(<"$work/scepca.log")"
cp "$work/ca/ca.pem" "$work/ca/chain.pem"
cp "$work/ca/ca.pem" "$work/ca/2.pem"
# What the client took is the CA of the data folder.
ok ca export default
cmp "$out" <(openssl x509 -in "$work/ca/ca.pem") || fail "pki --scepca gave another CA"

step "AES, SHA-256"
enrolled aes "$passphrase" "$recorded_url"
audited event=enroll result=issued template=device "subject=CN=aes" "serial=$(serial_of "$work/aes.pem")" >/dev/null ||
    fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"
[[ $(certrep "$work/wire/1.reply" messageType) == 3 && $(certrep "$work/wire/1.reply" pkiStatus) == 0 ]] ||
    fail "the reply is no CertRep SUCCESS"

step "SHA-512, alternative name"
enrolled sha512 "$passphrase" "$url" --digest sha512 --san sha512.example.com
openssl x509 -in "$work/sha512.pem" -noout -ext subjectAltName | grep -q 'DNS:sha512.example.com$' ||
    fail "the alternative name is missing"

step "3DES at the level compat"
enrolled des3 "$passphrase" "$base/scep/old" --cipher des3 --digest sha1
audited result=issued template=old "subject=CN=des3" | grep -qF '"SHA-1 3DES-CBC ' ||
    fail "the audit record does not say SHA-1 and 3DES"

step "3DES at the level modern: badAlg"
! enrol des3modern "$passphrase" "$recorded_url" --cipher des3 || fail "3DES was not refused"
# The request was never opened: no subject is known.
audited event=enroll result=refused reason=cipher-not-allowed >/dev/null || fail "no audit record"
[[ $(certrep "$work/wire/2.reply" failInfo) == 0 ]] || fail "failInfo of the reply is not badAlg"

step "wrong passphrase: badRequest"
not_enrolled challenge-rejected wrong "not the passphrase" "$recorded_url"
[[ $(certrep "$work/wire/3.reply" pkiStatus) == 2 && $(certrep "$work/wire/3.reply" failInfo) == 2 ]] ||
    fail "the reply is no FAILURE with badRequest"
grep -qi badRequest "$work/wrong.log" || fail "pki does not say badRequest: $(<"$work/wrong.log")"
in_log "reason=challenge-rejected" || fail "the log does not name the reason"

step "passphrase of another template: badRequest"
not_enrolled challenge-rejected foreign "another passphrase"
not_enrolled challenge-rejected foreign "$passphrase" "$base/scep/other"

# renew NAME URL OLD: a new key in NAME.key; OLD.pem and OLD.key are the certificate that is renewed.
renew() {
    rm -f "$work/$1.key"
    enrol_dn="CN=$3" enrol "$1" "" "$2" --cert "$work/$3.pem" --key "$work/$3.key"
}

step "renewal: RenewalReq with a new key, signed with the old certificate"
enrolled renewed "another passphrase" "$base/scep/other"
renew next "${recorded_url%device}other" renewed ||
    fail "no renewal: $(<"$work/next.log") $(tail -n 1 "$data/logs/audit.jsonl")"
check_certificate "$work/next.pem" "$work/next.key" "CN = renewed"
[[ $(serial_of "$work/next.pem") != "$(serial_of "$work/renewed.pem")" ]] || fail "the same certificate again"
audited event=enroll result=issued message_type=RenewalReq template=other challenge_type=renewal \
    "serial=$(serial_of "$work/next.pem")" >/dev/null || fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"
[[ $(certrep "$work/wire/4.request" messageType) == 17 && $(certrep "$work/wire/4.reply" pkiStatus) == 0 ]] ||
    fail "not a RenewalReq and its SUCCESS"

step "renewal with another template's certificate: badRequest"
! renew stolen "$base/scep/other" aes || fail "a certificate of another template was renewed"
audited event=enroll result=refused message_type=RenewalReq template=other reason=renewal-refused >/dev/null ||
    fail "not refused as renewal-refused: $(tail -n 1 "$data/logs/audit.jsonl")"

# ask NAME: in the background, polling each second until somebody decides; its process in $client.
ask() {
    enrol "$1" "$passphrase" "$base/scep/asked" --maxpolltime "$PATIENCE" &
    client=$!
    at_exit "kill $client 2>/dev/null"
    eventually "$PATIENCE" audited event=enroll result=pending template=asked "requested_subject=CN=$1" >/dev/null 2>&1 ||
        fail "$1 does not wait: $(tail -n 1 "$data/logs/audit.jsonl")"
}
# id_of NAME: the request that waits, in $out as the program has listed it.
id_of() { json "[r['id'] for r in j if r['subject'] == 'CN=$1'][0]"; }
# ended PROCESS: gives the client's exit code.
ended() {
    timeout "$PATIENCE" tail --pid="$1" -f /dev/null || fail "pki polls on"
    wait "$1"
}

step "approval=manual: the client polls by itself"
ask patient
patient=$client
ask unlucky
unlucky=$client
{ kill -0 "$patient" && kill -0 "$unlucky"; } || fail "pki has not waited: $(<"$work/patient.log") $(<"$work/unlucky.log")"
ok request list --pending --template asked --json
[[ $(json 'len(j)') == 2 ]] || fail "not two requests wait: $(<"$out")"
patient_id=$(id_of patient)
unlucky_id=$(id_of unlucky)

step "approved: it gets its certificate"
ok request approve "$patient_id"
ended "$patient" || fail "no certificate after the approval: $(<"$work/patient.log")"
check_certificate "$work/patient.pem" "$work/patient.key" "CN = patient"
audited event=enroll result=issued message_type=CertPoll template=asked "serial=$(serial_of "$work/patient.pem")" >/dev/null ||
    fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"

step "denied: badRequest"
ok request deny "$unlucky_id"
! ended "$unlucky" || fail "a denied request got a certificate"
audited event=enroll result=refused message_type=CertPoll template=asked reason=request-denied >/dev/null ||
    fail "not refused as request-denied: $(tail -n 1 "$data/logs/audit.jsonl")"
grep -qi badRequest "$work/unlucky.log" || fail "pki does not say badRequest: $(<"$work/unlucky.log")"
[[ ! -s $work/unlucky.pem ]] || fail "a certificate is there all the same"

stop_server
