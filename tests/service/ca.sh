#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# CAs of every kind, each with a device that enrols: all key types, imported in every form, and a
# subordinate that an offline root signed.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly PASSPHRASE="The-Passphrase-Of-All-Templates"
readonly CA_EXTENSIONS='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash'

# openssl_key FILE ALGORITHM
openssl_key() {
    case $2 in
    rsa*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1" 2>/dev/null ;;
    *) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1" 2>/dev/null ;;
    esac
}
# openssl_root NAME ALGORITHM: a self-signed CA made by somebody else
openssl_root() {
    openssl_key "$work/$1.key" "$2"
    openssl req -x509 -new -key "$work/$1.key" -subj "/O=Elsewhere/CN=$1" -days 3650 -sha256 -out "$work/$1.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}
template() { ok template add "$1" "ca=$1" challenge.passphrase=- enabled=true <<<"$PASSPHRASE"; }
nothing_left() { [[ ! -e $data/ca/$1 ]] || fail "a refused import has left $(ls -A "$data/ca/$1" | tr '\n' ' ')in ca/$1"; }

step "no CA yet"
ok init --no-ca --passphrase - <<<"$PASSPHRASE"
ok ca list
said "$out" "No CA"
refused 8 ca-missing ca show default

step "a CA of each key type"
readonly KINDS=(rsa2048 rsa3072 rsa4096 p256 p384)
for kind in "${KINDS[@]}"; do
    ok ca create "own-$kind" --ca-key "$kind" --ca-subject "CN=Own $kind,O=Example" --ca-days 400
    template "own-$kind"
done
refused 3 ca-exists ca create own-p256
refused 2 usage ca create other --ca-key rsa1024
refused 2 usage ca create other --ca-subject nonsense
refused 2 usage ca create other --ca-days 0
nothing_left other

step "import: PEM, encrypted PEM, PKCS#12"
openssl_root plain rsa2048
ok ca import plain --cert "$(path "$work/plain.crt")" --key "$(path "$work/plain.key")"
openssl_root sealed P-256
openssl pkcs8 -topk8 -in "$work/sealed.key" -passout pass:'key password' -v2 aes-256-cbc -out "$work/sealed.p8"
ok ca import sealed --cert "$(path "$work/sealed.crt")" --key "$(path "$work/sealed.p8")" --password - <<<"key password"
openssl_root bundle rsa2048
openssl pkcs12 -export -in "$work/bundle.crt" -inkey "$work/bundle.key" -passout pass:'bundle password' -out "$work/bundle.p12"
ok ca import bundle --pkcs12 "$(path "$work/bundle.p12")" --password - <<<"bundle password"
for name in plain sealed bundle; do
    template "$name"
    ok ca export "$name"
    cmp "$out" <(openssl x509 -in "$work/$name.crt") || fail "the imported CA $name is another certificate"
done
# The keys of the house are sealed: neither the folder nor the logs hold one in clear.
! grep -rlE 'BEGIN ((RSA|EC) )?PRIVATE KEY' "$data" || fail "a private key lies in clear in the data folder"
! grep -rlE 'key password|bundle password' "$data" || fail "a key's password lies in the data folder"

step "imports that are refused leave nothing"
refused 8 key-password ca import no --cert "$(path "$work/sealed.crt")" --key "$(path "$work/sealed.p8")" --password - <<<"another password"
nothing_left no
refused 8 key-password ca import no --pkcs12 "$(path "$work/bundle.p12")" --password - <<<"another password"
nothing_left no
refused 8 key-password ca import no --cert "$(path "$work/sealed.crt")" --key "$(path "$work/sealed.p8")"
nothing_left no
refused 8 key-mismatch ca import no --cert "$(path "$work/plain.crt")" --key "$(path "$work/bundle.key")"
nothing_left no
refused 6 file-missing ca import no --cert "$(path "$work/nothing.crt")" --key "$(path "$work/plain.key")"
nothing_left no
openssl req -x509 -new -key "$work/plain.key" -subj /CN=leaf -days 10 -out "$work/leaf.crt" -addext basicConstraints=critical,CA:FALSE 2>/dev/null
refused 8 ca-unsuitable ca import no --cert "$(path "$work/leaf.crt")" --key "$(path "$work/plain.key")"
nothing_left no
# openssl's "ca" is the one that can date a certificate into the past.
mkdir "$work/dated" && : >"$work/dated/index" && printf '01\n' >"$work/dated/serial"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\n%s\n' \
    "$work/dated" "$work/dated" "$work/dated" "$CA_EXTENSIONS" >"$work/dated/ca.cnf"
openssl req -new -key "$work/plain.key" -subj /CN=expired -out "$work/expired.csr"
dated() { openssl ca -batch -selfsign -config "$work/dated/ca.cnf" -keyfile "$work/plain.key" -in "$work/expired.csr" -startdate "$1" -enddate "$2" -notext -out "$3" 2>"$work/dated.log" || fail "openssl ca: $(<"$work/dated.log")"; }
dated 20200101000000Z 20210101000000Z "$work/expired.crt"
refused 5 ca-expired ca import no --cert "$(path "$work/expired.crt")" --key "$(path "$work/plain.key")"
nothing_left no
dated 20900101000000Z 20910101000000Z "$work/future.crt"
refused 5 ca-not-yet-valid ca import no --cert "$(path "$work/future.crt")" --key "$(path "$work/plain.key")"
nothing_left no

step "a subordinate, signed by an offline root"
openssl_root root P-256
ok ca request sub --ca-key rsa2048 --ca-subject "CN=Sub,O=Example" --out "$(path "$work/sub.csr")"
openssl req -in "$work/sub.csr" -noout -verify 2>&1 | grep -qi 'verify OK' || fail "the request is not signed by its key"
ok ca request sub --ca-key rsa2048 --ca-subject "CN=Sub,O=Example" --out "$(path "$work/sub2.csr")"
cmp "$work/sub.csr" "$work/sub2.csr" || fail "asked again, the request is another one"
ok ca list --json
[[ $(json 'next(c for c in j if c["name"] == "sub")["state"]') == request ]] || fail "ca list: $(<"$out")"
sign() { openssl x509 -req -in "$work/sub.csr" -CA "$work/$1.crt" -CAkey "$work/$1.key" -days 300 -sha256 -out "$2" -extfile <(printf '%s\nauthorityKeyIdentifier=keyid\n' "$CA_EXTENSIONS") 2>/dev/null; }
sign root "$work/sub.crt"
refused 8 key-mismatch ca install sub --cert "$(path "$work/plain.crt")"
ok ca install sub --cert "$(path "$work/sub.crt")" --chain "$(path "$work/root.crt")"
template sub

step "the pair of RAs: made with every CA, sealed, its own purpose"
ca_files() { ls "$data/ca/$1" | grep '^ra' | tr '\n' ' '; }
for name in "${KINDS[@]/#/own-}" plain sealed bundle sub; do
    [[ $(ca_files "$name") == "ra-enc.crt ra-enc.key ra-sign.crt ra-sign.key ra.crt ra.key " ]] || fail "ca/$name holds $(ca_files "$name")"
    for member in sign enc; do
        usage=$([[ $member == sign ]] && echo "Digital Signature" || echo "Key Encipherment")
        openssl x509 -in "$data/ca/$name/ra-$member.crt" -noout -ext keyUsage | grep -q "^ *$usage\$" || fail "ra-$member.crt of $name has another keyUsage"
        openssl verify -partial_chain -CAfile "$data/ca/$name/ca.crt" "$data/ca/$name/ra-$member.crt" >/dev/null || fail "ra-$member.crt of $name is not by its CA"
    done
done
ok ca show own-p256
said "$out" "RA pair:     signs until 2"
ok ca show own-p256 --json
[[ $(json 'len({j[0]["ra_sign_serial"], j[0]["ra_enc_serial"], ""})') == 3 && $(json 'j[0]["ra_pair_problem"]') == "" ]] || fail "ca show --json: $(<"$out")"

step "a CA from before there were pairs: only looked at by commands, given one by the service"
rm "$data"/ca/own-rsa2048/ra-{sign,enc}.{crt,key} "$data/ca/own-p384/ra-enc.crt"
ok ca show own-rsa2048
said "$out" "RA pair:     none"
ok check
said "$out" "warning  RA pair of CA own-rsa2048: missing, made when the service starts"
[[ $(ca_files own-rsa2048) == "ra.crt ra.key " ]] || fail "check has made $(ca_files own-rsa2048)"
kept=$(sha256sum "$data"/ca/own-p384/ra-sign.*)

step "one device each"
start_server
[[ $(ca_files own-rsa2048) == "ra-enc.crt ra-enc.key ra-sign.crt ra-sign.key ra.crt ra.key " ]] || fail "the service has made $(ca_files own-rsa2048)"
[[ -e $data/ca/own-p384/ra-enc.crt ]] || fail "the service has not made the missing half of a pair"
[[ $kept == "$(sha256sum "$data"/ca/own-p384/ra-sign.*)" ]] || fail "the service has replaced the half that was there"
for name in "${KINDS[@]/#/own-}" plain sealed bundle sub; do
    ca_folder=$work/ca-$name
    fetch_ca "$ca_folder" "$base/scep/$name"
    ca_folder=$ca_folder enrolled "dev-$name" "$PASSPHRASE" "$base/scep/$name"
done
[[ $(grep -c 'BEGIN CERT' "$work/ca-sub/chain.pem") == 2 ]] || fail "GetCACert of the subordinate gives no chain"
openssl verify -x509_strict -CAfile "$work/root.crt" -untrusted "$work/sub.crt" "$work/dev-sub.pem" >/dev/null ||
    fail "the chain to the offline root does not verify"
! openssl verify -CAfile "$work/plain.crt" "$work/dev-sub.pem" >/dev/null 2>&1 || fail "a certificate verifies with another CA"
openssl x509 -in "$work/dev-own-p384.pem" -noout -text | grep -q ecdsa-with-SHA384 || fail "P-384 does not sign with SHA-384"
ok cert list --ca sub --json
[[ $(json 'len(j)') == 1 ]] || fail "cert list --ca: $(<"$out")"

step "a new RA while the server runs: devices with the old one are still served"
ca_folder=$work/ca-own-rsa2048
ok template set own-p256 ra=pair
pair_shown() { curl --silent --max-time 30 "$base/scep/own-p256?operation=GetCACert" | openssl pkcs7 -inform DER -print_certs | awk '/BEGIN CERT/ { n++ } END { exit n != 3 }'; }
eventually 15 pair_shown || fail "ra=pair does not show three certificates"
pair_serials() { for member in ra ra-sign ra-enc; do openssl x509 -in "$data/ca/own-rsa2048/$member.crt" -noout -serial; done; }
old_serials=$(pair_serials)
ok ca renew-ra own-rsa2048
[[ $(sort -u <<<"$old_serials
$(pair_serials)" | wc -l) == 6 ]] || fail "renew-ra kept one of the three"
new_ra() { curl --silent --max-time 30 --output "$work/new.der" "$base/scep/own-rsa2048?operation=GetCACert" && ! cmp -s "$work/new.der" "$ca_folder/answer.der"; }
eventually 15 new_ra || fail "GetCACert still gives the old RA"
cp -r "$ca_folder" "$work/ca-renewed"
ca_folder=$work/ca-renewed
fetch_ca "$ca_folder" "$base/scep/own-rsa2048"
! cmp -s "$ca_folder/ra.pem" "$work/ca-own-rsa2048/ra.pem" || fail "renew-ra kept the certificate"
cmp "$ca_folder/ca.pem" "$work/ca-own-rsa2048/ca.pem" || fail "renew-ra changed the CA"
ca_folder=$work/ca-renewed enrolled newra "$PASSPHRASE" "$base/scep/own-rsa2048"
ca_folder=$work/ca-own-rsa2048 enrolled formerra "$PASSPHRASE" "$base/scep/own-rsa2048"
ok ca show own-rsa2048 --json
[[ $(json '[former["form"] for former in j[0]["ra_former"]]') == '["single", "pair"]' ]] || fail "ca show: $(<"$out")"

step "a longer chain in the reply, when switched on"
ok template set sub reply.chain=true getcacert.root=false
root_gone() { curl --silent --max-time 30 "$base/scep/sub?operation=GetCACert" | openssl pkcs7 -inform DER -print_certs | awk '/BEGIN CERT/ { n++ } END { exit n != 2 }'; }
eventually 15 root_gone || fail "getcacert.root=false still gives the root"
cat "$work/ca-sub/chain.pem" >"$work/chain"
ca_folder=$work/ca-sub enrolled chained "$PASSPHRASE" "$base/scep/sub"
stop_server

step "check sees all of them"
ok check
[[ $(grep -c '^ok *CA ' "$out") -ge 9 ]] || fail "check: $(<"$out")"
