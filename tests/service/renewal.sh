#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A device renews with the certificate that it has: of this server, and of another server's CA whose
# certificate and CRL lie in the folder trusted.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=15 # seconds until a change has to be in force

# renew NEW OLD [OPTION...]: a request for the next key and any name, signed with the certificate of OLD.
renew() {
    [[ -f $work/$1.key ]] || cp "$work/next.key" "$work/$1.key"
    openssl req -new -key "$work/next.key" -subj "/CN=somebody $1" -outform DER -out "$work/$1.csr" || fail "no request for $1"
    rm -f "$work/$1.pem"
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$2.key" --cert "$work/$2.pem" \
        --ra-enc "$work/ca/ra.pem" --ra-sign "$work/ca/ca.pem" --ca "$work/ca/chain.pem" --url "$url" \
        --out "$work/$1.pem" "${@:3}" >"$work/$1.log" 2>&1 && [[ -s $work/$1.pem ]]
}
# not_renewed REASON NEW OLD [OPTION...]
not_renewed() {
    ! renew "${@:2}" || fail "$2 got a certificate"
    audited event=enroll result=refused "reason=$1" "transaction_id=$(transaction "$2")" >/dev/null ||
        fail "$2 was not refused for the reason $1: $(<"$work/$2.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
}
transaction() { openssl dgst -sha256 -r "$work/$1.csr" | cut -c1-32; }

make_data
start_server
new_key "$work/next.key"
fetch_ca "$work/ca"

step "a device renews with its certificate: not too early, once, and keeps its name"
enrolled first "$passphrase"
not_renewed renewal-too-early early first
ok template set device renewal.window_percent=100
eventually $SOON renew second first || fail "no renewal: $(<"$work/second.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
check_certificate "$work/second.pem" "$work/second.key" "CN = first"
audited event=enroll result=issued challenge_type=renewal "requested_subject=CN=somebody second" >/dev/null || fail "no audit record"
renew third second --type 17 || fail "no renewal by RenewalReq: $(<"$work/third.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
check_certificate "$work/third.pem" "$work/third.key" "CN = first"
not_renewed renewal-used-up again first
ok cert show "$(serial_of "$work/second.pem")" --json
[[ $(json 'j["renews_sha256"]') == "$(openssl x509 -in "$work/first.pem" -outform DER | sha256sum | cut -d ' ' -f 1)" ]] ||
    fail "cert show does not tell what it renews: $(<"$out")"

step "another server's CA: its certificate and CRL in the folder trusted"
mkdir "$work/old-ca" "$work/old-ca/new"
: >"$work/old-ca/index.txt"
echo 1000 >"$work/old-ca/serial"
cat >"$work/old-ca/ca.cnf" <<END
[ca]
default_ca=old
[old]
database=$work/old-ca/index.txt
new_certs_dir=$work/old-ca/new
serial=$work/old-ca/serial
certificate=$work/old-ca/ca.pem
private_key=$work/old-ca/ca.key
default_md=sha256
default_days=10
policy=any
x509_extensions=device
[any]
commonName=supplied
[device]
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=clientAuth
END
old_ca() { openssl ca -batch -notext -config "$work/old-ca/ca.cnf" "$@" >"$work/old-ca/log" 2>&1 || fail "openssl ca: $(<"$work/old-ca/log")"; }
new_key "$work/old-ca/ca.key"
openssl req -x509 -key "$work/old-ca/ca.key" -subj "/CN=Old NDES CA" -days 100 -out "$work/old-ca/ca.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null || fail "no old CA"
for name in veteran gone; do
    cp "$work/first.key" "$work/$name.key"
    openssl req -new -key "$work/$name.key" -subj "/CN=$name" -out "$work/$name.req"
    old_ca -in "$work/$name.req" -out "$work/$name.pem"
done
old_ca -revoke "$work/gone.pem"
old_ca -gencrl -crldays 1 -out "$work/old-ca/crl.pem"
not_renewed renewal-refused stranger veteran
ok template set device renewal.cas=ndes-old
on_data check --json
[[ $(json '[f["reason"] for f in j if f["level"] == "error"]') == '["trusted-ca"]' ]] || fail "check: $(<"$out")"
[[ -d $data/trusted ]] || fail "init has made no folder trusted"
cp "$work/old-ca/ca.pem" "$data/trusted/ndes-old.crt"
openssl crl -in "$work/old-ca/crl.pem" -outform DER -out "$data/trusted/ndes-old.crl"
eventually $SOON renew veteran2 veteran || fail "no renewal: $(<"$work/veteran2.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
check_certificate "$work/veteran2.pem" "$work/veteran2.key" "CN = veteran"
not_renewed renewal-refused gone2 gone
ok check
said "$out" "renews certificates of the trusted CA ndes-old"

step "its CRL ends: nobody can tell, nothing is renewed"
old_ca -gencrl -crl_lastupdate 20240101000000Z -crl_nextupdate 20240102000000Z -out "$data/trusted/ndes-old.crl"
eventually $SOON in_log "certificates of the trusted CA ndes-old are not renewed" || fail "the log says nothing"
not_renewed trusted-ca late veteran
on_data check
said "$out" "trusted/ndes-old.crl has ended at 2024-01-02"

stop_server
