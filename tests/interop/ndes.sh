#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Real clients at NDES's own URL with one-time passwords: strongSwan, micromdm's scepclient, certmonger. Each
# uses a password once and is refused with it the second time.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/certmonger_lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../service/ndes_lib.sh"
need pki strongswan-pki
need scepclient scep

make_data --ndes
# scepclient knows only SHA-1 and single DES, whatever is advertised.
ok template set device algorithms=legacy ip_acl.enabled=true ip_acl.allowed=127.0.0.1/32
ndes_start
fetch_pair

new_password() {
    ok password new --service
    value_of Password
}
issued() { audited event=enroll result=issued template=device challenge_type=ndes "subject=$1" >/dev/null || fail "no audit record of $1"; }
used_up() { audited event=enroll result=refused reason=challenge-used "requested_subject=$1" >/dev/null || fail "$1 is not refused as challenge-used: $(tail -n 1 "$data/logs/audit.jsonl")"; }

step "strongSwan"
password=$(new_password)
ndes_enrolled swan "$password"
issued CN=swan
ndes_refused challenge-used swan2 "$password"

step "strongSwan's own GetCACert: which certificate is which"
mkdir "$work/scepca"
pki --scepca --url "$ndes" --caout "$work/scepca/ca.pem" --raout "$work/scepca/ra.pem" --outform pem >"$work/scepca.log" 2>&1 ||
    fail "pki --scepca: $(<"$work/scepca.log")"
grep -qi 'signature\|sign' "$work/scepca.log" || fail "pki --scepca tells no usages: $(<"$work/scepca.log")"

step "scepclient"
client() { # NAME PASSWORD: in a folder of its own, where it leaves files
    mkdir -p "$work/$1.d"
    (cd "$work/$1.d" && timeout "$PATIENCE" scepclient -server-url "$ndes" -challenge "$2" -cn "$1" -organization Example \
        -private-key key.pem -certificate cert.pem -debug >client.log 2>&1) && [[ -s $work/$1.d/cert.pem ]]
}
password=$(new_password)
client micro "$password" || fail "no certificate: $(<"$work/micro.d/client.log") $(tail -n 1 "$data/logs/audit.jsonl")"
openssl verify -x509_strict -CAfile "$work/pair/ca.pem" "$work/micro.d/cert.pem" >/dev/null || fail "the certificate does not verify"
! client micro2 "$password" || fail "a password works twice"
audited event=enroll result=refused reason=challenge-used >/dev/null || fail "not refused as challenge-used"

step "certmonger"
start_certmonger
getcert_quiet add-scep-ca -s -c openndes -u "$ndes" -N "$work/pair/ca.pem" -r "$work/pair/enc.pem" -I "$work/pair/sign.pem" ||
    fail "add-scep-ca: $(<"$work/getcert.out")"
password=$(new_password)
request monger "$password"
eventually "$PATIENCE" state_is monger MONITORING CA_REJECTED CA_UNREACHABLE || true
state_is monger MONITORING || fail "no certificate: $(<"$work/getcert.out") $(tail -n 1 "$data/logs/audit.jsonl")"
issued CN=monger
request monger2 "$password"
eventually "$PATIENCE" state_is monger2 MONITORING CA_REJECTED || true
state_is monger2 CA_REJECTED || fail "not rejected: $(<"$work/getcert.out")"
used_up CN=monger2

stop_server
