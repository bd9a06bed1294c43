#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What has to outlive a restart: certificates, answers to repeated requests, revocations, CRL numbers.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=15

# replay FILE REPLY: send a kept request again
replay() { curl --silent --show-error --max-time 30 --data-binary "@$1" --output "$2" "$url?operation=PKIOperation"; }
# issued_in REPLY NAME: the certificate in a CertRep, opened with NAME.key, to $work/NAME.again.pem
issued_in() {
    openssl cms -verify -noverify -binary -inform DER -in "$1" -out "$work/envelope" 2>"$work/cms.log" || fail "CertRep: $(<"$work/cms.log")"
    # The recipient is the self-signed certificate of the request.
    openssl cms -verify -noverify -binary -inform DER -in "$work/wire/$3.request" -signer "$work/signer.pem" -out /dev/null 2>/dev/null ||
        fail "the kept request cannot be read"
    openssl cms -decrypt -binary -inform DER -in "$work/envelope" -recip "$work/signer.pem" -inkey "$work/$2.key" -out "$work/inner" 2>"$work/cms.log" ||
        fail "the envelope of the CertRep: $(<"$work/cms.log")"
    openssl pkcs7 -inform DER -in "$work/inner" -print_certs | openssl x509 >"$work/$2.again.pem"
}
crl() {
    curl --silent --max-time 30 --output "$work/crl.der" "$base/crl/default.crl" &&
        openssl crl -inform DER -in "$work/crl.der" -CAfile "$work/ca/ca.pem" -noout -text >"$work/crl.txt" 2>"$work/crl.verify" &&
        grep -q 'verify OK' "$work/crl.verify"
}
crl_has() { crl && grep -qi "Serial Number: $1\$" "$work/crl.txt"; }
crl_number() { crl && awk '/CRL Number/ { getline; print $1 }' "$work/crl.txt"; }

# A fixed public URL: the port changes with each start.
make_data --public-url http://scep.example.com
start_server
start_recorder
fetch_ca "$work/ca"

step "three certificates, one of them by a recorded request"
enrolled recorded "$passphrase" "$recorded_url"
enrolled kept "$passphrase"
enrolled third "$passphrase"
openssl x509 -in "$work/kept.pem" -noout -ext crlDistributionPoints | grep -q 'URI:http://scep.example.com/crl/default.crl' ||
    fail "the certificate does not name the public URL"

step "the same bytes again: the same certificate, and nothing new is recorded"
replay "$work/wire/1.request" "$work/replay.der"
issued_in "$work/replay.der" recorded 1
cmp "$work/recorded.again.pem" <(openssl x509 -in "$work/recorded.pem") || fail "a replay got another certificate"
audited result=repeated "serial=$(serial_of "$work/recorded.pem")" >/dev/null || fail "the audit file does not say repeated"
ok cert list --json
[[ $(json 'len(j)') == 3 ]] || fail "$(json 'len(j)') certificates instead of 3"

step "restart: certificates and answers are kept"
cp "$work/ca/all.txt" "$work/ca.before"
stop_server
start_server
fetch_ca "$work/ca"
cmp "$work/ca/all.txt" "$work/ca.before" || fail "the CA or RA is another one after a restart"
ok cert list --json
[[ $(json 'sorted(c["subject"] for c in j)') == '["CN=kept", "CN=recorded", "CN=third"]' ]] || fail "cert list: $(<"$out")"
[[ $(json 'all(c["state"] == "valid" and c["template"] == "device" and c["peer"] == "127.0.0.1" for c in j)') == true ]] || fail "cert list: $(<"$out")"
replay "$work/wire/1.request" "$work/replay.der"
issued_in "$work/replay.der" recorded 1
cmp "$work/recorded.again.pem" <(openssl x509 -in "$work/recorded.pem") || fail "after a restart a replay got another certificate"
ok cert show "$(serial_of "$work/kept.pem")" --pem
cmp "$out" <(openssl x509 -in "$work/kept.pem") || fail "cert show --pem gives another certificate"

step "revoke while the server runs: in the CRL within seconds"
crl || fail "no CRL"
number=$(crl_number)
serial=$(serial_of "$work/recorded.pem")
! crl_has "$serial" || fail "revoked before it was revoked"
# As people copy it: upper case with colons.
ok cert revoke "$(sed 's/../&:/g; s/:$//' <<<"${serial^^}")" --reason keyCompromise
eventually $SOON crl_has "$serial" || fail "after $SOON s the CRL does not hold $serial: $(<"$work/crl.txt")"
grep -q 'Key Compromise' "$work/crl.txt" || fail "the reason is missing: $(<"$work/crl.txt")"
[[ $((16#$(crl_number | sed 's/^0x//'))) -gt $((16#$(sed 's/^0x//' <<<"$number"))) ]] || fail "the CRL number has not grown"
openssl crl -inform DER -in "$work/crl.der" -out "$work/crl.pem"
! openssl verify -crl_check -CAfile "$work/ca/ca.pem" -CRLfile "$work/crl.pem" "$work/recorded.pem" >"$work/verify.log" 2>&1 ||
    fail "the revoked certificate verifies"
grep -q 'certificate revoked' "$work/verify.log" || fail "openssl verify: $(<"$work/verify.log")"
openssl verify -crl_check -CAfile "$work/ca/ca.pem" -CRLfile "$work/crl.pem" "$work/kept.pem" >/dev/null || fail "another certificate no longer verifies"
refused 11 certificate-already-revoked cert revoke "$serial"
ok cert list --revoked --json
[[ $(json 'j[0]["revocation_reason"] + " " + j[0]["state"]') == "keyCompromise revoked" ]] || fail "cert list --revoked: $(<"$out")"
audited event=cert-revoke result=ok >/dev/null || fail "no audit record"

step "a replay after the revocation is refused"
replay "$work/wire/1.request" "$work/replay.der"
[[ $(certrep "$work/replay.der" pkiStatus) == 2 && $(certrep "$work/replay.der" failInfo) == 2 ]] || fail "the replay is not refused with badRequest"
audited result=refused reason=request-of-revoked-certificate >/dev/null || fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"

step "requests as an administrator asks for them"
ok request list --last 20 --since 1h --json
[[ $(json '[j[0]["result"], j[0]["reason"], j[0]["template"], j[0]["peer"]]') == '["refused", "request-of-revoked-certificate", "device", "127.0.0.1"]' ]] || fail "request list: $(<"$out")"
[[ $(json '[r["result"] for r in j]') == '["refused", "repeated", "repeated", "issued", "issued", "issued"]' ]] || fail "request list: $(<"$out")"
[[ $(json 'all(r["id"] and r["transaction_id"] and r["time"].endswith("Z") for r in j)') == true ]] || fail "request list: $(<"$out")"
refused_id=$(json 'j[0]["id"]')
issued_id=$(json '[r["id"] for r in j if r["serial"] == "'"$serial"'"][-1]')
ok request show "$issued_id" --json
[[ $(json '[j["result"], j["subject"], j["certificate"]["state"], j["certificate"]["revocation_reason"]]') == '["issued", "CN=recorded", "revoked", "keyCompromise"]' ]] || fail "request show: $(<"$out")"
# What is no SCEP message has no transaction id.
printf 'no message at all' >"$work/garbage"
replay "$work/garbage" "$work/garbage.answer"
ok request list --last 1 --json
[[ $(json '[j[0]["result"], j[0]["transaction_id"]]') == '["refused", ""]' ]] || fail "garbage: $(<"$out")"
ok request show "$(json 'j[0]["id"]')"
refused 3 request-not-pending request approve "$refused_id"
grep -q "it was refused at 20.*request-of-revoked-certificate" "$err" || fail "approve does not say what became of it: $(<"$err")"
refused 10 request-missing request deny 0-0

step "restart: the revocation is kept, the CRL number does not go back"
number=$(crl_number)
stop_server
start_server
crl_has "$serial" || fail "the CRL has lost the revocation"
[[ $((16#$(crl_number | sed 's/^0x//'))) -ge $((16#$(sed 's/^0x//' <<<"$number"))) ]] || fail "the CRL number went back"
replay "$work/wire/1.request" "$work/replay.der"
[[ $(certrep "$work/replay.der" pkiStatus) == 2 ]] || fail "after a restart the replay is not refused"
stop_server

step "revoked while the server is down: in the CRL from the first second"
serial=$(serial_of "$work/third.pem")
ok cert revoke "$serial"
start_server
crl_has "$serial" || fail "the CRL does not hold what was revoked meanwhile"
stop_server

step "what expired does not come back: repeat_hours=0 gives a new certificate each time"
ok template set device repeat_hours=0
start_server
replay "$work/wire/1.request" "$work/replay.der"
[[ $(certrep "$work/replay.der" pkiStatus) == 2 ]] || fail "with repeat_hours=0 a revoked request is taken again"
enrolled twice "$passphrase"
first=$(serial_of "$work/twice.pem")
enrolled twice "$passphrase"
[[ $(serial_of "$work/twice.pem") != "$first" ]] || fail "repeat_hours=0 gave the same certificate again"
stop_server
