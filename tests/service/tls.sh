#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The certificate of the HTTPS listeners: issued by a CA of the house, taken over from files that
# openssl made, what "tls show" and "check" say; and that no password or key lies about in clear.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly PASSWORD="Pfx-Password-4711" KEY_PASSWORD="Pem-Password-4712"
readonly SERVER_EXTENSIONS='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectAltName=DNS:web.example.com'

own() { openssl x509 -in "$data/tls/server.crt" -noout "$@"; }
# finding LEVEL TEXT: "check" has such a line
finding() { grep -qE "^$1 .*$2" "$out" || fail "check has no $1 with \"$2\": $(<"$out")"; }
no_finding() { ! grep -qE "^$1 .*$2" "$out" || fail "check has $1 with \"$2\": $(<"$out")"; }

make_data --public-url http://scep.example.com

step "nothing there yet"
refused 8 tls-certificate tls show
said "$err" "openndes tls issue"
refused 10 certificate-not-found tls remove
ok check
finding ok "HTTPS: off"
ok config set https.listen=127.0.0.1:8443
refused 8 tls-certificate check
finding error "openndes tls issue"

step "usage"
refused 2 usage tls
refused 2 usage tls nonsense
refused 2 usage tls issue extra
refused 2 usage tls issue --days 0
refused 2 usage tls issue --days 398
refused 2 usage tls issue --key rsa1024
refused 2 usage tls issue --name "two words"
refused 2 usage tls issue --name 192.0.2.1
refused 2 usage tls issue --address scep.example.com
refused 2 usage tls import
refused 2 usage tls import --key x
refused 2 usage tls import --cert x --key y --pkcs12 z
refused 2 usage tls import --pkcs12 x --password "$PASSWORD"
not_said "$err" "$PASSWORD"
refused 2 usage tls password "$PASSWORD"
not_said "$err" "$PASSWORD"
refused 8 ca-missing tls issue --ca nobody
[[ ! -e $data/tls/server.crt ]] || fail "a refused issue has left a certificate"
ok cert list --json
[[ $(json 'len(j)') == 0 ]] || fail "a refused issue was recorded: $(<"$out")"

step "issue: this host and the host in public_url"
ok tls issue
said "$out" scep.example.com
ok ca export default --out "$(path "$work/ca.pem")"
openssl verify -x509_strict -purpose sslserver -verify_hostname scep.example.com -CAfile "$work/ca.pem" \
    "$data/tls/server.crt" >"$work/verify.log" 2>&1 || fail "openssl verify: $(<"$work/verify.log")"
[[ $(own -subject) == "subject=CN = scep.example.com" ]] || fail "$(own -subject)"
own -text | grep -q "URI:http://scep.example.com/crl/default.crl" || fail "no CRL address"
first=$(serial_of "$data/tls/server.crt")
ok cert list --json
[[ $(json 'j[0]["serial"] + " " + j[0]["template"] + " " + j[0]["challenge"]') == "$first (tls) tls" ]] || fail "cert list: $(<"$out")"
ok tls show
said "$out" "$first"
said "$out" "by the service"
ok tls show --json
[[ $(json '[j["state"], j["renewed_by_service"], j["ca"], j["file"], len(j["problems"])]') == '["ready", true, "default", "tls/server.crt", 0]' ]] || fail "tls show --json: $(<"$out")"
[[ $(json 'j["sha256"]') == "$(own -fingerprint -sha256 | sed 's/.*=//; s/://g; s/.*/\L&/')" ]] || fail "another fingerprint: $(<"$out")"
ok check
finding ok "HTTPS: certificate CN=scep.example.com"

step "issue: names, addresses, days, key"
ok tls issue --name web.example.com --name "*.web.example.com" --address 192.0.2.7 --address 2001:db8::7 --days 90 --key p256
own -ext subjectAltName | grep -q 'DNS:web.example.com, DNS:\*.web.example.com, IP Address:192.0.2.7, IP Address:2001:DB8' || fail "$(own -ext subjectAltName)"
own -text | grep -q 'NIST CURVE: P-256' || fail "no key on P-256"
openssl x509 -in "$data/tls/server.crt" -noout -checkend $((89 * 86400)) >/dev/null || fail "shorter than 90 days"
! openssl x509 -in "$data/tls/server.crt" -noout -checkend $((90 * 86400 + 60)) >/dev/null || fail "longer than 90 days"
second=$(serial_of "$data/tls/server.crt")
[[ $second != "$first" ]] || fail "the serial is the same"
ok cert revoke "$second" --reason superseded
ok tls show
said "$out" revoked
# A CA that a root has signed: the intermediate is sent, the root is not.
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/root.key" -out "$work/root.pem" -subj /CN=Root -days 100 -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
ok ca request sub --ca-key p256 --ca-subject CN=Sub --out "$(path "$work/sub.csr")"
openssl x509 -req -in "$work/sub.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -days 50 -out "$work/sub.pem" \
    -extfile <(printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') 2>/dev/null
ok ca install sub --cert "$(path "$work/sub.pem")" --chain "$(path "$work/root.pem")"
ok tls issue --ca sub --name web.example.com
[[ $(grep -c 'BEGIN CERT' "$data/tls/server.crt") == 2 ]] || fail "not certificate and intermediate"
openssl verify -CAfile "$work/root.pem" -untrusted "$data/tls/server.crt" "$data/tls/server.crt" >/dev/null || fail "the chain does not verify"
! openssl x509 -in "$data/tls/server.crt" -noout -checkend $((50 * 86400 + 60)) >/dev/null || fail "it outlives its CA"

step "import: files that openssl made"
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/issuer.key" -out "$work/issuer.pem" -subj /CN=Elsewhere -days 100 -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
# web NAME [DAYS]: a certificate for web.example.com by that CA
web() {
    openssl req -new -newkey rsa:2048 -noenc -keyout "$work/$1.key" -out "$work/$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$work/$1.csr" -CA "$work/issuer.pem" -CAkey "$work/issuer.key" -days "${2:-90}" \
        -out "$work/$1.crt" -extfile <(printf '%s\n' "$SERVER_EXTENSIONS") 2>/dev/null
    cat "$work/$1.crt" "$work/issuer.pem" >"$work/$1.pem"
}
# imported NAME: the certificate in the data folder is this one
imported() { cmp -s <(own -fingerprint) <(openssl x509 -in "$work/$1.crt" -noout -fingerprint) || fail "$1 was not taken over"; }
web one
web two
ok tls import --cert "$(path "$work/one.pem")" --key "$(path "$work/one.key")"
imported one
ok tls show
said "$out" "by an administrator"
cat "$work/two.pem" "$work/two.key" >"$work/two.all"
ok tls import --cert "$(path "$work/two.all")"
imported two
refused 8 key-unreadable tls import --cert "$(path "$work/one.pem")"
ok tls import --cert "$(path "$work/one.pem")" --key "$(path "$work/one.key")"
openssl pkcs8 -topk8 -in "$work/two.key" -passout "pass:$KEY_PASSWORD" -v2 aes-256-cbc -out "$work/two.p8"
refused 8 key-password tls import --cert "$(path "$work/two.pem")" --key "$(path "$work/two.p8")"
refused 8 key-password tls import --cert "$(path "$work/two.pem")" --key "$(path "$work/two.p8")" --password - <<<"$PASSWORD"
imported one
ok tls import --cert "$(path "$work/two.pem")" --key "$(path "$work/two.p8")" --password - <<<"$KEY_PASSWORD"
imported two
openssl pkcs12 -export -in "$work/one.crt" -inkey "$work/one.key" -certfile "$work/issuer.pem" -passout "pass:$PASSWORD" -out "$work/one.pfx"
refused 8 key-password tls import --pkcs12 "$(path "$work/one.pfx")" --password - <<<"$KEY_PASSWORD"
ok tls import --pkcs12 "$(path "$work/one.pfx")" --password - <<<"$PASSWORD"
imported one
if openssl pkcs12 -export -legacy -in "$work/two.crt" -inkey "$work/two.key" -passout "pass:$PASSWORD" -out "$work/two.pfx" 2>/dev/null; then
    ok tls import --pkcs12 "$(path "$work/two.pfx")" --password - <<<"$PASSWORD"
    imported two
else
    skip_part "openssl has no legacy provider"
fi
openssl pkcs12 -export -in "$work/one.crt" -inkey "$work/one.key" -passout pass: -out "$work/bare.pfx"
ok tls import --pkcs12 "$(path "$work/bare.pfx")"
imported one

step "imports that are refused change nothing"
cp -r "$data/tls" "$work/before"
refused 8 key-mismatch tls import --cert "$(path "$work/one.pem")" --key "$(path "$work/two.key")"
refused 8 tls-certificate tls import --cert "$(path "$work/issuer.pem")" --key "$(path "$work/issuer.key")"
said "$err" "CA:TRUE"
refused 8 key-unreadable tls import --pkcs12 "$(path "$work/one.pem")"
refused 6 file-missing tls import --cert "$(path "$work/nothing.pem")" --key "$(path "$work/one.key")"
diff -r "$work/before" "$data/tls" || fail "a refused import has changed the pair"

step "files named in openndes.json"
cp "$work/two.pem" "$data/web.pem"
cp "$work/two.p8" "$data/web.key"
refused 2 usage tls password - <<<"$KEY_PASSWORD"
ok config set https.certificate=web.pem https.key="$(path "$data/web.key")"
refused 8 tls-certificate tls show
said "$err" "openndes tls password -"
refused 8 tls-certificate tls password - <<<"$PASSWORD"
ok tls password - <<<"$KEY_PASSWORD"
ok tls show
said "$out" "File:       web.pem"
said "$out" "CN=two"
ok check
finding ok "HTTPS: certificate CN=two"
# Half replaced: certificate new, key old.
cp "$work/one.pem" "$data/web.pem"
refused 8 tls-certificate tls show
said "$err" "both replaced"
ok_json() { on_data "$@" --json; [[ $status -eq 8 && $(json 'j["state"]') == broken ]] || fail "$*: $(<"$out")"; }
ok_json tls show
cp "$work/one.key" "$data/web.key"
ok tls show
# "issue" now makes one that is not in use, and says so.
ok tls issue
said "$out" "openndes config set https.certificate= https.key="
ok config set https.certificate= https.key=
ok tls show
said "$out" "CN=scep.example.com"
rm "$data/web.key" "$data/web.pem"

step "check: ends, names, pages without HTTPS"
web soon 20
ok tls import --cert "$(path "$work/soon.pem")" --key "$(path "$work/soon.key")"
said "$out" "Warning: "
ok check
finding warning "ends at .*days"
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/past.key" -out "$work/past.all" -subj /CN=past -days 1 \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:web.example.com 2>/dev/null
mkdir "$work/dated" && : >"$work/dated/index" && printf '01\n' >"$work/dated/serial"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\n%s\n' \
    "$work/dated" "$work/dated" "$work/dated" "$SERVER_EXTENSIONS" >"$work/dated/ca.cnf"
openssl req -new -key "$work/past.key" -subj /CN=past -out "$work/past.csr"
openssl ca -batch -config "$work/dated/ca.cnf" -keyfile "$work/issuer.key" -cert "$work/issuer.pem" -in "$work/past.csr" \
    -startdate 20200101000000Z -enddate 20210101000000Z -notext -out "$work/past.crt" 2>"$work/dated.log" || fail "openssl ca: $(<"$work/dated.log")"
ok tls import --cert "$(path "$work/past.crt")" --key "$(path "$work/past.key")"
said "$out" "Error: the HTTPS certificate ended"
on_data check
[[ $status -ne 0 ]] || fail "check is content with an ended certificate"
finding error "ended at 2021"
ok tls issue
ok config set public_url=https://other.example.com
ok check
finding warning "not for other.example.com"
ok config set public_url=http://scep.example.com
ok check
no_finding warning "listen"
# Somebody signs in now: the page on a listener without HTTPS is worth a warning.
ok template set device challenge.type=ndes
ok config set ndes.enabled=true ndes.GeneralPurposeTemplate=device
ok check
finding warning "signin.negotiate"
no_finding warning "basic_http"
ok config set signin.basic=true basic_http.enabled=true basic_http.allowed=10.0.0.0/8
ok check
finding warning "basic_http.enabled"
ok config set listen=0.0.0.0:80/scep+crl https.listen=0.0.0.0:443 basic_http.enabled=false
ok check
no_finding warning "signin[.]"
ok config set listen=127.0.0.1:80
ok check
no_finding warning "signin[.]"
ok config set basic_http.enabled=true
ok check
no_finding warning "basic_http" # the listener is for this machine alone

step "a broken database does not hide the certificate"
mv "$data/openndes.db" "$work/aside.db"
rm -f "$data"/openndes.db-*
printf 'not a database, but long enough to be looked at\n' >"$data/openndes.db"
ok tls show
said "$out" "Renewal:    unknown"
mv "$work/aside.db" "$data/openndes.db"

step "remove"
ok tls remove
said "$out" "https.listen"
refused 8 tls-certificate tls show
[[ -z $(find "$data/tls" -name 'server*' -o -name password) ]] || fail "remove has left $(ls "$data/tls")"

step "audit; no key and no password in clear"
for event in tls-issue tls-import tls-password tls-remove config-set; do
    audited "event=$event" result=ok >/dev/null || fail "no record of $event"
done
ok tls issue
! grep -rlE 'BEGIN ((RSA|EC|ENCRYPTED) )?PRIVATE KEY' "$data" || fail "a private key lies in clear in the data folder"
! grep -rlE "$PASSWORD|$KEY_PASSWORD" "$data" || fail "a password lies in the data folder"
if on_windows; then
    skip_part "file modes under Wine"
else
    for file in server.key server.crt; do
        [[ $(stat -c %a "$data/tls/$file") == 600 ]] || fail "tls/$file has mode $(stat -c %a "$data/tls/$file")"
    done
fi
