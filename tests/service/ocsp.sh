#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# OCSP as relying parties ask: openssl by POST, curl by GET; a certificate that is put on hold, released
# and revoked; what is asked wrongly.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=20

# ask STATUS OPTION...: openssl's client verifies signature, signer, times and nonce, and hears STATUS.
ask() {
    local wanted=$1
    shift
    openssl ocsp -issuer "$work/ca/ca.pem" -CAfile "$work/ca/chain.pem" -url "$base/ocsp/default" -resp_text "$@" \
        >"$work/answer.txt" 2>"$work/answer.err" || fail "openssl ocsp: $(<"$work/answer.err")"
    grep -q 'Response verify OK' "$work/answer.err" || fail "not verified: $(<"$work/answer.err")"
    ! grep -q 'WARNING' "$work/answer.err" || fail "openssl ocsp: $(<"$work/answer.err")"
    grep -q "Cert Status: $wanted" "$work/answer.txt" || fail "not $wanted: $(<"$work/answer.txt")"
}
# status_byte EXPECTED CURL-ARGUMENT...: an unsigned answer, HTTP 200, with this OCSPResponseStatus.
status_byte() {
    local wanted=$1
    shift
    curl --silent --show-error --max-time 30 --dump-header "$work/headers" --output "$work/refusal" "$@" || fail "curl $*"
    head -n 1 "$work/headers" | grep -q ' 200 ' || fail "$*: $(head -n 1 "$work/headers")"
    [[ $(od -An -tx1 "$work/refusal" | tr -d ' \n') == 30030a010$wanted ]] || fail "$*: $(od -An -tx1 "$work/refusal")"
    grep -qi '^cache-control: no-store' "$work/headers" || fail "a refusal may be kept: $(<"$work/headers")"
}
crl_has() {
    curl --fail --silent --max-time 30 --output "$work/crl.der" "$base/crl/default.crl" &&
        openssl crl -inform DER -in "$work/crl.der" -noout -text >"$work/crl.txt" && grep -qi "Serial Number: $serial" "$work/crl.txt"
}
crl_lacks() { ! crl_has && [[ -s $work/crl.txt ]]; }
switched_on() { answers 200 --data-binary x "$base/ocsp/default"; }

make_data
start_server --listen-management 127.0.0.1:0
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")

step "off, until it is switched on"
answers 404 "$base/ocsp/default" || fail "OCSP answers though it is off"
ok config set ocsp.enabled=true
eventually "$SOON" switched_on || fail "OCSP stays off"
fetch_ca "$work/ca"
enrolled asked "$passphrase"
serial=$(openssl x509 -in "$work/asked.pem" -noout -serial | cut -d= -f2)
[[ $(openssl x509 -in "$work/asked.pem" -noout -ocsp_uri) == */ocsp/default ]] || fail "no address of OCSP in a new certificate"

step "good, by POST with a nonce, by each hash; the RA and the unknown"
ask good -cert "$work/asked.pem"
ask good -no_nonce -sha256 -cert "$work/asked.pem"
ask good -no_nonce -cert "$work/ca/ra.pem"
ask unknown -no_nonce -serial 0x4711

step "by GET, plain and escaped, and what proxies are told"
openssl ocsp -issuer "$work/ca/ca.pem" -cert "$work/asked.pem" -no_nonce -reqout "$work/request.der" >/dev/null 2>&1
request=$(base64 -w0 "$work/request.der")
escaped=$(sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g' <<<"$request")
for form in "$request" "$escaped" "/$request"; do
    curl --fail --silent --max-time 30 --path-as-is --dump-header "$work/headers" --output "$work/get.der" "$base/ocsp/default/$form" ||
        fail "GET $form"
    openssl ocsp -issuer "$work/ca/ca.pem" -cert "$work/asked.pem" -no_nonce -CAfile "$work/ca/chain.pem" -respin "$work/get.der" \
        >"$work/answer.txt" 2>&1 || fail "GET: $(<"$work/answer.txt")"
    grep -q 'asked.pem: good' "$work/answer.txt" || fail "GET: $(<"$work/answer.txt")"
done
for header in 'content-type: application/ocsp-response' 'cache-control: max-age=[0-9]*, public, no-transform, must-revalidate' \
    'etag: "[0-9a-f]*"' 'expires: .* GMT' 'last-modified: .* GMT'; do
    grep -qi "^$header" "$work/headers" || fail "no $header: $(<"$work/headers")"
done
[[ $(grep -ci '^cache-control:' "$work/headers") -eq 1 ]] || fail "$(<"$work/headers")"

step "on hold, released, revoked: told at once, whoever has the old answer"
ok cert revoke "$serial" --reason certificateHold
said "$out" "cert release"
ask revoked -no_nonce -cert "$work/asked.pem"
grep -q 'Revocation Reason: certificateHold (0x6)' "$work/answer.txt" || fail "the reason: $(<"$work/answer.txt")"
eventually "$SOON" crl_has || fail "the CRL lacks what is on hold"
grep -q 'Certificate Hold' "$work/crl.txt" || fail "the CRL's reason: $(<"$work/crl.txt")"

ok cert release "$serial"
ask good -cert "$work/asked.pem"
eventually "$SOON" crl_lacks || fail "the CRL holds what was released"
audited event=cert-release result=ok >/dev/null || fail "no audit record of the release"
ok cert revoke "$serial" --reason keyCompromise
ask revoked -cert "$work/asked.pem"
grep -q 'Revocation Reason: keyCompromise (0x1)' "$work/answer.txt" || fail "the reason: $(<"$work/answer.txt")"
refused 11 certificate-not-held cert release "$serial"

step "asked wrongly"
status_byte 1 --data-binary x "$base/ocsp/default"
status_byte 1 --data-binary "" "$base/ocsp/default"
status_byte 1 "$base/ocsp/default/not/base64/%21"
head -c 5000 /dev/zero >"$work/long"
status_byte 1 --data-binary "@$work/long" "$base/ocsp/default"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other.key" -subj /CN=other -out "$work/other.pem" 2>/dev/null
openssl ocsp -issuer "$work/other.pem" -serial 1 -no_nonce -reqout "$work/other.der" >/dev/null 2>&1
status_byte 6 --data-binary "@$work/other.der" "$base/ocsp/default"
answers 404 --data-binary "@$work/request.der" "$base/ocsp/nobody" || fail "an unknown CA"
answers 405 -X PUT --data-binary "@$work/request.der" "$base/ocsp/default" || fail "PUT"
ask revoked -cert "$work/asked.pem"

step "one address gets so many signatures and no more"
ask revoked -no_nonce -cert "$work/asked.pem"
ok config set ocsp.signatures_per_minute=1
told_later() { curl --silent --max-time 30 --data-binary "@$work/nonce.der" -o "$work/later" -D "$work/headers" "$base/ocsp/default" &&
    [[ $(od -An -tx1 "$work/later" | tr -d ' \n') == 30030a0103 ]]; }
openssl ocsp -issuer "$work/ca/ca.pem" -cert "$work/asked.pem" -nonce -reqout "$work/nonce.der" >/dev/null 2>&1
eventually "$SOON" told_later || fail "signed for whoever asks"
grep -qi '^retry-after: [1-9]' "$work/headers" || fail "not told when: $(<"$work/headers")"
ask revoked -no_nonce -cert "$work/asked.pem" # one that is kept costs nothing

step "what administrators see"
curl --fail --silent --max-time 30 --output "$work/scrape" "$metrics" || fail "no metrics"
for series in 'status="good",source="signed"' 'status="good",source="cached"' 'status="revoked",source="signed"' \
    'status="unknown",source="signed"' 'status="unauthorized",source="unsigned"' 'status="error",source="unsigned"'; do
    grep -q "^openndes_ocsp_requests_total{$series} [1-9]" "$work/scrape" || fail "no $series: $(grep ocsp "$work/scrape")"
done
grep -q '^openndes_certificate_expiry_timestamp_seconds{kind="ocsp_signer",name="default"} [1-9]' "$work/scrape" || fail "no end of the signer"
in_log 'ocsp good' || fail "no line in the log"
in_log 'new OCSP signer of CA default' || fail "nothing is said of the signer"
ok check
said "$out" "OCSP of CA default"
said "$out" "signer valid until"
stop_server
