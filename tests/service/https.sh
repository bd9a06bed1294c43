#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# HTTPS: a certificate of the built-in CA, versions, the page by TLS only, another certificate without a
# restart, SCEP by HTTPS with a real client's parts, what a broken certificate does.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/ndes_lib.sh"

# tls_port: of the HTTPS listener.
tls_port() { sed -n 's,^\(NDES \)\?[A-Za-z ]*: https://[^/]*:\([0-9]*\)/.*,\2,p' "$work/server.log" | head -n 1; }
# handshake OPTION...: what openssl s_client says.
handshake() { timeout 20 openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null >"$work/s_client" 2>&1; }
served() { openssl x509 -in "$work/s_client" -noout -serial 2>/dev/null | sed 's/.*=//'; }

ndes_data
ok config set basic_http.enabled=false signin.basic=true
step "without a certificate HTTP serves, HTTPS refuses, and the log says what to do"
ok config set listen=127.0.0.1:0 https.listen=127.0.0.1:0 management.listen=
start_server_raw || fail "the server ended"
port=$(tls_port)
[[ -n $port ]] || fail "no HTTPS listener: $(<"$work/server.log")"
answers 200 "$base/scep/device?operation=GetCACaps" || fail "HTTP does not serve"
! handshake || fail "a handshake without certificate succeeds"
in_log "openndes tls issue" || fail "the log does not say what to do"

step "a certificate of the built-in CA, without a restart"
ok tls issue --name localhost --address 127.0.0.1
ok ca export default --out "$(path "$work/ca.pem")"
secure() { curl --silent --show-error --cacert "$work/ca.pem" --max-time 30 "$@"; }
up() { secure --output /dev/null "https://127.0.0.1:$port/scep/device?operation=GetCACaps" 2>"$work/curl.log"; }
eventually 10 up || fail "HTTPS does not begin: $(<"$work/curl.log")"
secure "https://localhost:$port/scep/device?operation=GetCACaps" | grep -qx AES || fail "GetCACaps by HTTPS"

step "versions, as openssl s_client sees them"
handshake -tls1_3 -CAfile "$work/ca.pem" -verify_return_error -verify_ip 127.0.0.1 || fail "TLS 1.3: $(<"$work/s_client")"
grep -q 'TLSv1.3' "$work/s_client" || fail "no TLS 1.3: $(<"$work/s_client")"
handshake -tls1_2 -CAfile "$work/ca.pem" -verify_return_error || fail "TLS 1.2: $(<"$work/s_client")"
grep -q 'TLSv1.2' "$work/s_client" || fail "no TLS 1.2: $(<"$work/s_client")"
! handshake -tls1_1 -cipher 'ALL:@SECLEVEL=0' || fail "TLS 1.1 is spoken"
handshake -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384 || fail "ECDHE-RSA-AES256-GCM-SHA384"
! handshake -tls1_2 -cipher AES128-SHA || fail "a cipher without forward secrecy is spoken"

step "Basic by HTTPS only"
admin=https://127.0.0.1:$port/certsrv/mscep_admin/
[[ $(http_status "$base/certsrv/mscep_admin/" --netrc-file "$credentials" --basic) == 403 ]] || fail "Basic without TLS is looked at"
audited event=http result=refused reason=sign-in-needs-tls >/dev/null || fail "no audit record"
[[ $(secure --output "$work/body" --write-out '%{http_code}' --netrc-file "$credentials" --basic "$admin") == 200 ]] || fail "the page by HTTPS"
[[ $(scraped) =~ ^[0-9A-F]{16}$ ]] || fail "no password: $(<"$work/scraped")"

step "enrolment by HTTPS"
fetch_ca "$work/ca" "$base/scep/device"
mkdir "$work/pair"
secure --output "$work/cacert.der" "https://127.0.0.1:$port/certsrv/mscep/mscep.dll?operation=GetCACert"
openssl pkcs7 -inform DER -in "$work/cacert.der" -print_certs | awk -v f="$work/pair" '/BEGIN CERT/ { i = 1; n++ } i { print > (f "/" n ".pem") } /END CERT/ { i = 0 }'
new_key "$work/device.key"
(umask 077 && printf '[req]\nprompt = no\ndistinguished_name = dn\nattributes = a\n[dn]\nCN = by-https\n[a]\nchallengePassword = %s\n' "$(scraped)" >"$work/device.cnf")
openssl req -new -key "$work/device.key" -config "$work/device.cnf" -sha256 -outform DER -out "$work/device.csr" 2>/dev/null
SSL_CERT_FILE=$work/ca.pem python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/device.csr" --key "$work/device.key" \
    --ra-enc "$work/pair/2.pem" --ra-sign "$work/pair/1.pem" --ca "$work/ca.pem" \
    --url "https://127.0.0.1:$port/certsrv/mscep/mscep.dll" --out "$work/device.pem" >"$work/device.log" 2>&1 || fail "no certificate: $(<"$work/device.log")"
openssl x509 -in "$work/device.pem" -noout -subject | grep -q by-https || fail "another subject"

step "another certificate, without a restart; a broken one changes nothing"
handshake || fail "$(<"$work/s_client")"
before=$(served)
ok tls issue --name localhost --address 127.0.0.1
changed() { handshake && [[ -n $(served) && $(served) != "$before" ]]; }
eventually 10 changed || fail "the new certificate is not served"
before=$(served)
printf 'rubbish\n' >"$work/rubbish.pem"
ok config set "https.certificate=$(path "$work/rubbish.pem")"
eventually 10 in_log "HTTPS certificate not loaded" || fail "a broken certificate is not said"
handshake && [[ $(served) == "$before" ]] || fail "a broken certificate has taken the good one away"
on_data check
[[ $status -ne 0 ]] || fail "check likes a broken certificate"
ok config set https.certificate=
stop_server

step "the page by HTTPS, SCEP and CRL by HTTP: the configured listeners"
ok config set listen=127.0.0.1:0/scep+crl https.listen=127.0.0.1:0/ui
start_server_raw || fail "the server ended"
port=$(tls_port)
[[ -n $port ]] || fail "no HTTPS listener: $(<"$work/server.log")"
[[ $(secure --output /dev/null --write-out '%{http_code}' "https://127.0.0.1:$port/certsrv/mscep_admin/") == 401 ]] || fail "no page by HTTPS"
[[ $(secure --output /dev/null --write-out '%{http_code}' "https://127.0.0.1:$port/certsrv/mscep/") == 404 ]] || fail "the device URL by HTTPS"
answers 200 "$base/certsrv/mscep/" || fail "no device URL by HTTP"
answers 404 "$base/certsrv/mscep_admin/" || fail "the page by HTTP"

step "HTTP to the HTTPS port, rubbish, half a handshake: nobody else is disturbed"
for i in 1 2 3; do
    exec {half}<>"/dev/tcp/127.0.0.1/$port"
    printf '\026\003\001' >&"$half"
done
! curl --silent --max-time 10 --output /dev/null "http://127.0.0.1:$port/" || fail "HTTP is answered on the HTTPS port"
head -c 4096 /dev/urandom | timeout 10 bash -c "cat >/dev/tcp/127.0.0.1/$port" 2>/dev/null || true
[[ $(secure --output /dev/null --write-out '%{http_code}' "https://127.0.0.1:$port/certsrv/mscep_admin/") == 401 ]] || fail "HTTPS is disturbed"
stop_server
