#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# strongSwan's "pki --scep" against the program: AES at the level modern, 3DES at the level compat,
# refusals as the client sees them and as they stand in the reply and in the audit file.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need pki strongswan-pki
pki --help 2>&1 | grep -q -- --scepca || fail "this pki has no --scep: strongSwan 5.9.8 or newer is wanted"

make_data
ok template add old enabled=true algorithms=compat challenge.passphrase=- <<<"$passphrase"
ok template add other enabled=true challenge.passphrase=- <<<"another passphrase"
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

stop_server
