#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# HTTP as devices use and misuse it: capabilities and CA to the byte, URLs, statuses, headers, CRL, AIA.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

make_data
ok template add old enabled=true algorithms=compat challenge.passphrase=- <<<"$passphrase"
ok template add off
ok template add fenced enabled=true ip_acl.enabled=true ip_acl.allowed=192.0.2.0/24 challenge.passphrase=- <<<"$passphrase"
start_server
readonly PORT=${base##*:}

# get URL [CURL-ARGUMENT...]: head in $work/head, body in $work/body, status printed
get() { curl --silent --show-error --max-time 30 --path-as-is --dump-header "$work/head" --output "$work/body" --write-out '%{http_code}' "${@:2}" "$1"; }
header() { sed -n "s/\r$//; s/^$1: //Ip" "$work/head"; }
# expect STATUS URL [CURL-ARGUMENT...]
expect() {
    local found
    : >"$work/body"
    found=$(get "${@:2}") || fail "no answer: ${*:2}"
    [[ $found == "$1" ]] || fail "$found instead of $1: ${*:2}"
    [[ $(header Server) == OpenNDES ]] || fail "Server: $(header Server)"
    [[ $(header Cache-Control) == no-store ]] || fail "Cache-Control: $(header Cache-Control)"
    [[ -n $(header Content-Length) ]] || fail "no Content-Length: ${*:2}"
    [[ -z $(header Location) && -z $(header Set-Cookie) ]] || fail "a redirect or a cookie: ${*:2}"
}

step "GetCACaps, to the byte"
expect 200 "$url?operation=GetCACaps"
printf 'AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512' >"$work/modern"
# A line end behind the last keyword is no blank line.
cmp "$work/body" "$work/modern" || cmp "$work/body" <(cat "$work/modern"; echo) || fail "capabilities: $(od -c "$work/body")"
[[ $(header Content-Type) == text/plain ]] || fail "Content-Type: $(header Content-Type)"
expect 200 "$base/scep/old?operation=GetCACaps"
grep -qx DES3 "$work/body" && grep -qx SHA-1 "$work/body" || fail "capabilities at compat: $(<"$work/body")"
! grep -q '^[[:space:]]*$\|[[:space:]]$' "$work/body" || fail "a blank line or a space at a line's end"

step "GetCACert"
expect 200 "$url?operation=GetCACert"
[[ $(header Content-Type) == application/x-x509-ca-ra-cert ]] || fail "Content-Type: $(header Content-Type)"
cp "$work/body" "$work/cacert"
fetch_ca "$work/ca"
openssl verify -x509_strict -CAfile "$work/ca/ca.pem" "$work/ca/ra.pem" >/dev/null || fail "the RA does not verify"
usage=$(openssl x509 -in "$work/ca/ra.pem" -noout -ext keyUsage,basicConstraints)
[[ $usage == *"Digital Signature, Key Encipherment"* && $usage != *CA:TRUE* ]] || fail "the RA's usage: $usage"

step "the same answer at every form of the URL"
for form in "$url?operation=GetCACert&message=CA" "$url/?operation=GetCACert" "$url/pkiclient.exe?operation=GetCACert" \
    "$url/cgi-bin/pkiclient.exe?operation=GetCACert&message=0" "$base/SCEP/Device?operation=GetCACert" \
    "$base/scep/DEVICE/PKICLIENT.EXE?OPERATION=getcacert&message=" "$url?operation=GetCAChain" \
    "$url?unknown=1&operation=GetCACert&message=a%20b"; do
    expect 200 "$form"
    cmp -s "$work/body" "$work/cacert" || fail "another answer at $form"
done

step "statuses"
expect 404 "$base/"
expect 404 "$base/scep"
expect 404 "$base/scep/"
expect 404 "$base/scep/nobody?operation=GetCACaps"
expect 404 "$base/scep/off?operation=GetCACaps"
expect 400 "$base/scep/device%00x?operation=GetCACaps"
expect 404 "$base/scep/..%2f..%2fopenndes.json?operation=GetCACaps"
expect 404 "$base/scep/../openndes.json"
expect 404 "$base/crl/nobody.crl"
expect 404 "$base/ca/default.key"
expect 404 "$base/crl/../ca/default/ca.key"
expect 405 "$url?operation=GetCACaps" --request PUT
[[ $(header Allow) == "GET, POST" ]] || fail "Allow: $(header Allow)"
expect 405 "$url?operation=GetCACaps" --head
expect 405 "$url" --request OPTIONS
expect 405 "$base/crl/default.crl" --request POST --data x
[[ $(header Allow) == "GET, HEAD" ]] || fail "Allow: $(header Allow)"
expect 400 "$url"
expect 400 "$url?operation=Nonsense"
expect 400 "$url?operation=PKIOperation"
expect 400 "$url?operation=PKIOperation&message="
expect 400 "$url?operation=PKIOperation&message=MIIB!!"
expect 400 "$url?operation=PKIOperation&message=AAAA"
expect 400 "$url?operation=PKIOperation&message=MIAA"
expect 400 "$url?operation=PKIOperation" --data-binary "not a message"
expect 400 "$url" --data-binary "not a message"
expect 400 "$url?operation=PKIOperation" --request POST --header "Content-Length: 0"
expect 400 "$url?operation=PKIOperation" --data-binary "@$work/cacert"
[[ $(header Content-Type) == text/plain* && $(wc -c <"$work/body") -lt 200 ]] || fail "the body of a 400: $(<"$work/body")"
grep -qi 'html\|openndes\|src/\|\.c:' "$work/body" && fail "a 400 tells too much: $(<"$work/body")"
expect 403 "$base/scep/fenced?operation=GetCACaps"
[[ ! -s $work/body ]] || fail "a 403 has a body: $(<"$work/body")"

step "size: 413 and 414"
head -c 70000 /dev/zero >"$work/big"
expect 413 "$url?operation=PKIOperation" --data-binary "@$work/big" --header "Expect:"
expect 413 "$url?operation=PKIOperation" --data-binary "@$work/big" --header "Transfer-Encoding: chunked" --header "Expect:"
long=$(printf 'A%.0s' {1..70000})
printf 'url = "%s?operation=PKIOperation&message=%s"\n' "$url" "$long" >"$work/long.curl"
found=$(curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' --config "$work/long.curl") || true
[[ $found == 414 ]] || fail "a query of 70000 bytes: $found instead of 414"
printf 'url = "%s?operation=PKIOperation&message=%s"\n' "$url" "${long:0:20000}" >"$work/long.curl"
found=$(curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' --config "$work/long.curl") || true
[[ $found == 400 ]] || fail "a query of 20000 bytes: $found instead of 400"

# raw TEXT: send it as it is; prints what comes back until the server closes.
raw() {
    python3 - "$PORT" "$1" <<'END'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as s:
    s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
    answer = b""
    while True:
        part = s.recv(65536)
        if not part:
            break
        answer += part
sys.stdout.write(answer.decode("latin-1").replace("\r", ""))
END
}

step "old and odd HTTP"
raw 'GET /scep/device?operation=GetCACaps HTTP/1.0\r\n\r\n' >"$work/raw"
[[ $(head -n 1 "$work/raw") == *" 200 "* ]] || fail "HTTP/1.0: $(<"$work/raw")"
grep -qx SCEPStandard "$work/raw" || fail "HTTP/1.0 without body: $(<"$work/raw")"
raw 'GET /scep/device?operation=GetCACaps HTTP/1.1\r\nConnection: close\r\n\r\n' >"$work/raw"
[[ $(head -n 1 "$work/raw") == *" 200 "* ]] || fail "HTTP/1.1 without Host (strongSwan): $(head -n 1 "$work/raw")"
raw 'nonsense\r\nConnection: close\r\n\r\n' >"$work/raw"
[[ $(head -n 1 "$work/raw") != *" 200 "* ]] || fail "nonsense got 200"
expect 400 "$url?operation=PKIOperation" --data-binary "@$work/cacert" --header "Transfer-Encoding: chunked" --header "Content-Type:"
expect 400 "$url?operation=PKIOperation" --data-binary "@$work/cacert" --header "Expect: 100-continue"
expect 200 "$url?operation=GetCACaps"

step "PKIOperation by GET, with line breaks and spaces"
start_recorder
enrolled posted "$passphrase" "$recorded_url"
base64 -w 64 "$work/wire/1.request" | sed 's/+/%2B/g; s/$/%0A/' | tr -d '\n' >"$work/query"
printf 'url = "%s?operation=PKIOperation&message=%s"\n' "$url" "$(<"$work/query")" >"$work/get.curl"
curl --silent --max-time 30 --output "$work/body" --config "$work/get.curl" || fail "GET with line breaks"
[[ $(certrep "$work/body" pkiStatus) == 0 ]] || fail "GET with line breaks got no certificate"
# What a proxy makes of it: '+' became a space, padding and line breaks are gone.
base64 -w 0 "$work/wire/1.request" | sed 's/+/%20/g; s/=*$//' >"$work/query"
printf 'url = "%s?operation=PKIOperation&message=%s"\n' "$url" "$(<"$work/query")" >"$work/get.curl"
curl --silent --max-time 30 --output "$work/body" --config "$work/get.curl" || fail "GET with spaces"
[[ $(certrep "$work/body" pkiStatus) == 0 ]] || fail "GET with spaces got no certificate"
# Base64 in a POST body.
base64 "$work/wire/1.request" >"$work/query"
expect 200 "$url?operation=PKIOperation" --data-binary "@$work/query" --header "Content-Type:"
[[ $(header Content-Type) == application/x-pki-message ]] || fail "Content-Type: $(header Content-Type)"
[[ $(certrep "$work/body" pkiStatus) == 0 ]] || fail "base64 by POST got no certificate"

step "CRL and AIA, at the URLs that stand in the certificate"
text=$(openssl x509 -in "$work/posted.pem" -noout -ext crlDistributionPoints,authorityInfoAccess)
crl_url=$(sed -n 's/.*URI:\(.*\.crl\)$/\1/p' <<<"$text")
ca_url=$(sed -n 's/.*CA Issuers - URI:\(.*\)$/\1/p' <<<"$text")
# The public URL was derived from the listener: port 0, which nobody can fetch, must not stand there.
[[ $crl_url == "$base"/crl/default.crl && $ca_url == "$base"/ca/default.* ]] || fail "CRL $crl_url, AIA $ca_url with the listener $base"
expect 200 "$crl_url"
[[ $(header Content-Type) == application/pkix-crl ]] || fail "Content-Type: $(header Content-Type)"
openssl crl -inform DER -in "$work/body" -CAfile "$work/ca/ca.pem" -noout -text >"$work/crl.txt" 2>"$work/crl.verify" ||
    fail "the CRL cannot be read"
grep -q 'verify OK' "$work/crl.verify" || fail "the CRL does not verify: $(<"$work/crl.verify")"
grep -q 'No Revoked Certificates' "$work/crl.txt" || fail "the CRL is not empty"
grep -q 'CRL Number' "$work/crl.txt" || fail "the CRL has no number"
expect 200 "$base/CRL/Default.CRL" --head
expect 200 "$ca_url"
cmp <(openssl x509 -inform DER -in "$work/body" -outform DER) <(openssl x509 -in "$work/ca/ca.pem" -outform DER) ||
    fail "AIA gives another certificate"
[[ $(header Content-Type) == application/pkix-cert ]] || fail "Content-Type: $(header Content-Type)"
expect 200 "$base/ca/default.p7b"
openssl pkcs7 -inform DER -in "$work/body" -print_certs | grep -q 'BEGIN CERT' || fail "the p7b holds no certificate"
# A relying party: certificate against CA and CRL.
curl --silent --max-time 30 "$crl_url" | openssl crl -inform DER -out "$work/crl.pem"
openssl verify -x509_strict -crl_check -CAfile "$work/ca/ca.pem" -CRLfile "$work/crl.pem" "$work/posted.pem" >/dev/null ||
    fail "the certificate does not verify with the CRL"

step "refusals are in log and audit"
audited event=http result=refused reason=template-disabled >/dev/null || fail "404 of a template that is off"
audited event=http result=refused reason=address-denied template=fenced >/dev/null || fail "403"
audited event=http result=refused reason=body-too-large http_status=413 >/dev/null || fail "413"
audited event=http result=refused reason=uri-too-long >/dev/null || fail "414"
in_log "reason=operation-unknown" || fail "400 is not in the log"
stop_server
