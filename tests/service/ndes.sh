#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The NDES face from outside: URLs, pages, scrapers, one-time passwords from the page to a certificate,
# restart, full cache, the other password modes, templates by key usage, the password API.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/ndes_lib.sh"
need pki strongswan-pki

ndes_data
ndes_start

step "GetCACaps: NDES's lines in NDES's order, to the byte"
expect 200 "$ndes?operation=GetCACaps&message=test"
printf 'POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3' >"$work/strict"
printf '%s\nAES\nSCEPStandard' "$(<"$work/strict")" >"$work/extended"
cmp "$work/body" "$work/extended" || fail "capabilities: $(od -c "$work/body")"
[[ $(header Content-Type) == text/plain && $(header Server) == OpenNDES ]] || fail "headers: $(<"$work/head")"

step "GetCACert: an RA that signs, an RA that decrypts, the CA"
fetch_pair
[[ $(header Content-Type) == application/x-x509-ca-ra-cert ]] || fail "Content-Type: $(header Content-Type)"
[[ $(wc -c <"$work/body") -ge 2000 ]] || fail "monitors want 2000 bytes: $(wc -c <"$work/body")"
usage() { openssl x509 -in "$1" -noout -ext keyUsage | tail -n 1 | sed 's/^ *//'; }
[[ $(usage "$work/pair/sign.pem") == "Digital Signature" ]] || fail "first RA: $(usage "$work/pair/sign.pem")"
[[ $(usage "$work/pair/enc.pem") == "Key Encipherment" ]] || fail "second RA: $(usage "$work/pair/enc.pem")"
for file in sign enc; do
    openssl x509 -in "$work/pair/$file.pem" -noout -ext extendedKeyUsage | grep -q 1.3.6.1.4.1.311.20.2.1 || fail "$file is no request agent"
    openssl verify -x509_strict -CAfile "$work/pair/ca.pem" "$work/pair/$file.pem" >/dev/null || fail "$file does not verify"
done
cp "$work/body" "$work/cacert"
# The template's own SCEP URL gives the single RA.
expect 200 "$url?operation=GetCACert"
[[ $(openssl pkcs7 -inform DER -in "$work/body" -print_certs | grep -c 'BEGIN CERT') -eq 2 ]] || fail "/scep does not give one RA and the CA"

step "a user whom this machine does not know is shown as he is written"
changed config set 'ndes.allowed=CORP\MDM admins'
eventually 10 grep -qF 'knows no user or group "CORP\MDM admins"' "$data/logs/openndes.log" || fail "the log does not name the unknown group: $(grep 'knows no' "$data/logs/openndes.log")"
changed config set ndes.allowed=S-1-5-32-544

step "every form of the URL"
for form in "$base/certsrv/mscep/" "$base/certsrv/mscep" "$base/certsrv/mscep/mscep.dll" "$base/CertSrv/MSCEP/mscep.dll/pkiclient.exe" \
    "$base/scep/device/certsrv/mscep" "$base/scep/Device/CertSrv/mscep/mscep.dll/pkiclient.exe"; do
    for message in '' '&message=MDM' '&message=SCEP%20Authority'; do
        expect 200 "$form?operation=GetCACert$message"
        cmp -s "$work/body" "$work/cacert" || fail "another answer at $form"
    done
done
expect 404 "$base/certsrv/"
expect 404 "$base/certsrv/mscepx"

step "the page of help"
for form in "$base/certsrv/mscep" "$base/certsrv/mscep/" "$ndes" "$ndes/pkiclient.exe" "$ndes?operation=GetCACerts" "$base/scep/device/certsrv/mscep/"; do
    expect 200 "$form"
    page_says 'This URL is used by network devices to submit certificate requests.'
    page_says certsrv/mscep_admin/
done
page_says "$base/scep/device/certsrv/mscep_admin/"
expect 200 "$ndes" --head
changed config set ndes.plain_get=forbidden
expect 403 "$ndes"
expect 200 "$ndes?operation=GetCACerts"
expect 200 "$ndes?operation=GetCACaps"
changed config set ndes.plain_get=page ndes.caps=strict ndes.ra=single
expect 200 "$ndes"
expect 200 "$ndes?operation=GetCACaps"
cmp "$work/body" "$work/strict" || fail "capabilities at strict: $(od -c "$work/body")"
expect 200 "$ndes?operation=GetCACert"
[[ $(openssl pkcs7 -inform DER -in "$work/body" -print_certs | grep -c 'BEGIN CERT') -eq 2 ]] || fail "ndes.ra=single gives a pair"
changed config set ndes.caps=extended ndes.ra=pair
expect 200 "$ndes?operation=GetCACert"
cmp -s "$work/body" "$work/cacert" || fail "ndes.ra=pair does not come into force"

step "sign-in: nothing without it, nothing consumed by who only looks"
expect 401 "$admin"
[[ $(header WWW-Authenticate) == Basic\ realm=* ]] || fail "WWW-Authenticate: $(header WWW-Authenticate)"
expect 401 "$admin" --user mdm:wrong --basic
expect 401 "$admin" --user nobody:wrong --basic
expect 401 "$admin?operation=GetCACaps"
expect 401 "$base/certsrv/mscep_admin"
signed_in 301 "$base/certsrv/mscep_admin"
[[ $(header Location) == /certsrv/mscep_admin/ ]] || fail "Location: $(header Location)"
signed_in 200 "$admin" --head
signed_in 200 "$admin?operation=GetCACaps"
cmp "$work/body" "$work/extended" || fail "mscep_admin does not answer GetCACaps"
expect 405 "$admin" --request PUT
[[ $(outstanding) == 0 ]] || fail "looking has consumed passwords"
! grep -rqF "$ACCOUNT_PASSWORD" "$data/logs" "$work/server.log" || fail "a password is in a log"

step "a page, scraped by each product's expression, used once"
password=$(fresh_password)
[[ $password =~ ^[0-9A-F]{16}$ ]] || fail "no password: $(<"$work/scraped")"
[[ $(header Content-Type) == "text/html; charset=utf-16" ]] || fail "Content-Type: $(header Content-Type)"
md5=$(openssl x509 -in "$work/pair/ca.pem" -noout -fingerprint -md5 | sed 's/.*=//; s/://g')
page_says "<B> ${md5:0:8} ${md5:8:8} ${md5:16:8} ${md5:24:8} </B>"
audited event=password result=ok actor=mdm >/dev/null || fail "the page is not in the audit file"
[[ $(outstanding) == 1 ]] || fail "not one outstanding password"
! grep -rqF "$password" "$data" || fail "the password lies in clear in the data folder"
ndes_enrolled router-1 "$password"
audited event=enroll result=issued template=device challenge_type=ndes "subject=CN=router-1" >/dev/null || fail "no audit record"
[[ $(outstanding) == 0 ]] || fail "the password is not spent"
ndes_refused challenge-used router-2 "$password"
ndes_refused challenge-rejected router-3 0123456789ABCDEF
ndes_refused challenge-missing router-4 ""

step "POST, as a script does; lower case; a restart between page and use"
signed_in 200 "$admin" --data 'operation=GetCACaps'
password=$(scraped)
stop_server
ndes_start
ndes_enrolled router-5 "${password,,}" "$ndes/pkiclient.exe"

step "a refusal by the template leaves the password as it was"
password=$(fresh_password)
changed template set device subject.cn_patterns='router-*'
ndes_refused subject-cn printer-1 "$password"
ndes_enrolled router-6 "$password"

step "five are outstanding: the cache is full"
for i in 1 2 3 4 5; do fresh_password >/dev/null; done
signed_in 200 "$admin"
page_says 'The password cache is full.'
page_says 'Configure the service to cache more than 5 passwords.'
[[ $(kind) == cache-full ]] || fail "scrapers at a full cache: $(<"$work/scraped")"
stop_server
ndes_start
signed_in 200 "$admin"
[[ $(kind) == cache-full ]] || fail "a restart has emptied the cache"
ok password list
[[ $(outstanding) == 5 ]] || fail "not five outstanding passwords"
ok password purge --service
password=$(fresh_password)
ok password purge --all

step "no permission: status 200 and the page that says so"
ok template add elsewhere challenge.type=ndes
ok account add other --template elsewhere <<<"another long password"
eventually 10 answers 200 "$admin" --user "other:another long password" --basic || fail "the second account cannot sign in"
expect 200 "$admin" --user "other:another long password" --basic
page_says 'You do not have sufficient permission to enroll with SCEP.  Please contact your system administrator.'
[[ $(kind) == no-permission ]] || fail "scrapers without permission: $(<"$work/scraped")"
audited event=password result=refused reason=not-allowed actor=other >/dev/null || fail "no audit record"

step "one password for all"
changed template set device ndes.UseSinglePassword=true
signed_in 200 "$admin"
page_says 'This password can be used multiple times and will not expire.'
password=$(scraped)
signed_in 200 "$admin"
[[ $(scraped) == "$password" ]] || fail "the single password changes"
ndes_enrolled router-7 "$password"
ndes_enrolled router-8 "$password"
stop_server
ndes_start
signed_in 200 "$admin"
[[ $(scraped) == "$password" ]] || fail "a restart changes the single password"
! grep -rqF "$password" "$data" || fail "the single password lies in clear in the data folder"

step "no password"
refused 3 config-conflict template set device ndes.UseSinglePassword=false ndes.EnforcePassword=false
changed template set device ndes.UseSinglePassword=false ndes.EnforcePassword=false ip_acl.enabled=true ip_acl.allowed=127.0.0.1
signed_in 200 "$admin"
[[ $(kind) == none ]] || fail "a page without a password: $(<"$work/scraped")"
ndes_enrolled router-9 ""
changed template set device ndes.EnforcePassword=true ip_acl.enabled=false
[[ $(fresh_password) =~ ^[0-9A-F]{16}$ ]] || fail "ndes.EnforcePassword=true does not come into force"
ok password purge --all

step "longer passwords, more of them"
changed template set device ndes.PasswordLength=16 ndes.PasswordMax=1000 ndes.PasswordValidity=7
signed_in 200 "$admin"
page_says 'will expire within 7 minutes.'
password=$(page | sed -n 's/.*password is: <B> \([0-9A-F]*\) .*/\1/p')
[[ ${#password} -eq 32 ]] || fail "the password has ${#password} digits"
ndes_enrolled router-10 "$password"

step "templates by key usage"
changed template set device ndes.PasswordLength=8 subject.cn_patterns=
ok template add signing challenge.type=ndes enabled=true key_usage.allowed=digitalSignature validity.days=11
ok template add sealing challenge.type=ndes enabled=true key_usage.allowed=keyEncipherment validity.days=12
changed config set ndes.SignatureTemplate=signing ndes.EncryptionTemplate=sealing
# key_usage_request NAME USAGE PASSWORD: a PKCS#10, as no packaged client makes it.
key_usage_request() {
    new_key "$work/$1.key"
    python3 - "$work/$1.cnf" "$1" "$2" "$3" <<'END'
import os, sys
with open(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
    f.write(f"""[req]
prompt = no
distinguished_name = dn
attributes = attributes
req_extensions = extensions
[dn]
CN = {sys.argv[2]}
[attributes]
challengePassword = {sys.argv[4]}
[extensions]
keyUsage = {sys.argv[3]}
""")
END
    openssl req -new -key "$work/$1.key" -config "$work/$1.cnf" -sha256 -outform DER -out "$work/$1.csr" 2>/dev/null
}
# ask_with_csr NAME: the CSR above in a PKCSReq made by openssl; the certificate in NAME.pem.
ask_with_csr() {
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$1.key" --ra-enc "$work/pair/enc.pem" \
        --ra-sign "$work/pair/sign.pem" --ca "$work/pair/ca.pem" --url "$ndes" --out "$work/$1.pem" >"$work/$1.log" 2>&1
}
days() { echo $((($(date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s) - $(date +%s) + 43200) / 86400)); }
by_usage() { local p; p=$(fresh_password) && key_usage_request "$1" "$2" "$p" && ask_with_csr "$1" && [[ $(days "$work/$1.pem") == "$3" ]]; }
by_usage usage-sign digitalSignature 11 || fail "signature: $(cat "$work/usage-sign.log")"
by_usage usage-enc keyEncipherment 12 || fail "encryption: $(cat "$work/usage-enc.log")"
by_usage usage-both digitalSignature,keyEncipherment 365 || fail "both: $(cat "$work/usage-both.log")"
by_usage usage-nonrep nonRepudiation,digitalSignature 11 || fail "signature with nonRepudiation: $(cat "$work/usage-nonrep.log")"
audited event=enroll result=issued template=signing >/dev/null || fail "the audit record does not name the template"
ok password purge --all

step "a template that refuses the page's passwords"
changed template set signing ndes.UseSinglePassword=true
ndes_refused challenge-rejected page-alone "$(fresh_password)" "$base/scep/signing"
on_data check
said "$out" "signing refuses the passwords of the page"
changed template set signing ndes.UseSinglePassword=false
on_data check
not_said "$out" "refuses the passwords of the page"
ok password purge --all

step "the password API"
api=$base/scep/device/challenge
expect 401 "$api" --data '{}' --header 'Content-Type: application/json'
expect 405 "$api"
signed_in 400 "$api" --data '{}'
signed_in 400 "$api" --data '{"minutes":1}' --header 'Content-Type: application/json'
[[ $(<"$work/body") == '{"error":"syntax","message":"malformed data"}' ]] || fail "an error of the API: $(<"$work/body")"
for broken in '{' '[]' '{"subject":"CN=a","subject":"CN=b"}' '{"subject":"CN=a\u0000b"}' $'{"subject":"\xff"}'; do
    signed_in 400 "$api" --data "$broken" --header 'Content-Type: application/json'
    [[ $(<"$work/body") == '{"error":"syntax","message":"malformed data"}' ]] || fail "the API about $broken: $(<"$work/body")"
done
signed_in 201 "$api" --data '{"subject":"CN=phone-1","validity_minutes":5}' --header 'Content-Type: application/json; charset=utf-8'
[[ $(header Content-Type) == application/json ]] || fail "Content-Type: $(header Content-Type)"
cp "$work/body" "$out"
password=$(json 'j["challenge"]')
[[ $(json 'j["scep_url"]') == "$base/scep/device/certsrv/mscep/mscep.dll" ]] || fail "scep_url: $(json 'j["scep_url"]')"
ndes_refused challenge-binding phone-2 "$password" "$(json 'j["scep_url"]')"
# Made for the template: not for the service's face.
ndes_enrolled phone-1 "$password" "$base/scep/device/certsrv/mscep/mscep.dll"
signed_in 201 "$api" --data '{"address":"192.0.2.0/24"}' --header 'Content-Type: application/json'
cp "$work/body" "$out"
ndes_refused challenge-binding phone-3 "$(json 'j["challenge"]')" "$url"

step "passwords of one template are no good at another"
password=$(fresh_password "$base/scep/device/certsrv/mscep_admin/")
ndes_refused challenge-binding phone-4 "$password" "$base/scep/signing/certsrv/mscep/mscep.dll"
ndes_enrolled phone-5 "$password" "$base/scep/device/certsrv/mscep/mscep.dll"
password=$(fresh_password)
ndes_enrolled phone-6 "$password" "$base/scep/device/certsrv/mscep/mscep.dll"

step "a template that is removed takes its passwords along"
changed template add shortlived challenge.type=ndes enabled=true
ok password new shortlived
password=$(value_of Password)
changed template remove shortlived
changed template add shortlived challenge.type=ndes enabled=true
ndes_refused challenge-rejected phone-7 "$password" "$base/scep/shortlived"

step "so does a new one of the same name, if the file went by hand"
ok password new shortlived
password=$(value_of Password)
rm "$data/templates/shortlived.json"
ok template add shortlived challenge.type=ndes enabled=true
ok password list shortlived --all
said "$out" "No passwords."
eventually 20 answers 200 "$base/scep/shortlived?operation=GetCACaps" || fail "the new template does not answer"
ndes_refused challenge-rejected phone-8 "$password" "$base/scep/shortlived"
changed template remove shortlived

step "a face whose templates cannot serve it"
changed template disable signing
expect 503 "$ndes"
in_log "template signing is switched off" || fail "the log does not say why"
on_data check
[[ $status -ne 0 ]] || fail "check finds nothing: $(<"$out")"
said "$out" "template signing is switched off"
changed template enable signing
expect 200 "$ndes"

step "a template's file breaks, later the RA is renewed: the old template stays in force on the face"
cp "$data/templates/signing.json" "$work/signing.json"
before=$(reloads)
echo '{' >"$data/templates/signing.json"
eventually 20 has_reloaded "$before" || fail "the server does not notice a broken template"
ok ca renew-ra default
pair_in_force() { fetch_pair && cmp -s <(openssl x509 -in "$work/pair/enc.pem") <(openssl x509 -in "$data/ca/default/ra-enc.crt"); }
eventually 20 pair_in_force || fail "the new pair of RAs does not come into force"
by_usage usage-broken digitalSignature 11 || fail "signature, its template broken: $(cat "$work/usage-broken.log")"
before=$(reloads)
cp "$work/signing.json" "$data/templates/signing.json"
eventually 20 has_reloaded "$before" || fail "the server does not notice the restored template"
expect 200 "$ndes"

changed config set ndes.enabled=false
expect 404 "$ndes"
expect 200 "$base/scep/device/certsrv/mscep/"

stop_server
