#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One CA follows another while the service runs: announced, asked through its own RA, in force, and the
# old one for those who still use it.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
need pki strongswan-pki

caps_has() { curl --silent --max-time 30 "$url?operation=GetCACaps" | grep -qx "$1"; }
caps_lacks() { ! caps_has "$1"; }
first_ca_is() {
    fetch_ca "$work/now"
    openssl x509 -in "$work/now/ca.pem" -noout -subject | grep -q "CN = $1"
}
issued_by() { # NAME CN
    openssl x509 -in "$work/$1.pem" -noout -issuer | grep -q "CN = $2" ||
        fail "$1: $(openssl x509 -in "$work/$1.pem" -noout -issuer) instead of $2"
}

make_data --ca-subject "CN=First"
findings() { # WHAT TEXT: "check" warns of it
    on_data check --offline --json
    [[ $(json "[f['level'] for f in j if f['what'] == '$1' and f['text'].startswith('$2')]") == '["warning"]' ]] ||
        fail "check does not warn of $1: $2: $(<"$out")"
}
ok ca create second --ca-key rsa2048 --ca-subject "CN=Second"
refused 3 rollover ca rollover finish default
# one template that cannot follow keeps the others from changing, too
ok template add zz ca=default enabled=true challenge.passphrase=- <<<"The-Passphrase-Of-Another-Template"
ok ca create third --ca-key rsa2048 --ca-subject "CN=Third"
ok template set zz rollover.next=third
refused 3 rollover ca rollover start default second
ok ca rollover status --json
[[ $(json '[t["next"] for t in j]') == '["", "third"]' ]] || fail "half a start: $(<"$out")"
mv "$data/ca/third" "$work/third"
findings 'template zz' 'rollover.next: CA third cannot be used'
ok template remove zz
start_server
fetch_ca "$work/ca"
answers 404 "$url?operation=GetNextCACert" || fail "GetNextCACert is answered although nothing follows"
caps_lacks GetNextCACert || fail "GetCACaps says GetNextCACert too early"

step "announced"
ok ca rollover start Default SECOND # case does not matter when a name is typed
eventually "$PATIENCE" caps_has GetNextCACert || fail "GetCACaps does not say GetNextCACert"
type=$(curl --silent --max-time 30 --output "$work/next.der" --write-out '%{content_type}' "$url?operation=GetNextCACert")
[[ $type == application/x-x509-next-ca-cert ]] || fail "content type $type"
openssl cms -verify -inform DER -in "$work/next.der" -CAfile "$work/ca/chain.pem" -purpose any -binary \
    -out "$work/next.p7" 2>"$work/verify.log" || fail "GetNextCACert's signature: $(<"$work/verify.log")"
mkdir "$work/next"
openssl pkcs7 -inform DER -in "$work/next.p7" -print_certs -out "$work/next/all.txt"
awk -v folder="$work/next" '/BEGIN CERT/ { inside = 1; n++ }
    inside { print > (folder "/" n ".pem") }
    /END CERT/ { inside = 0 }' "$work/next/all.txt"
mv "$work/next/1.pem" "$work/next/ra.pem"
cp "$work/next/2.pem" "$work/next/ca.pem"
cp "$work/next/2.pem" "$work/next/chain.pem"

step "each device by the CA that it knows"
enrolled old1 "$passphrase"
issued_by old1 First
ca_folder=$work/next enrolled new1 "$passphrase"
issued_by new1 Second
first_ca_is First || fail "GetCACert shows the next CA already"

step "in force"
ok ca rollover finish DEFAULT
eventually "$PATIENCE" first_ca_is Second || fail "GetCACert still shows the old CA"
caps_lacks GetNextCACert || fail "GetCACaps still says GetNextCACert"
enrolled old2 "$passphrase"
issued_by old2 First
ca_folder=$work/next enrolled new2 "$passphrase"
issued_by new2 Second
ok ca rollover status --json
[[ $(json '[j[0][k] for k in ("ca", "next", "previous")]') == '["second", "", "default"]' ]] || fail "status: $(<"$out")"

# a third one would cut off who knows only the first
mv "$work/third" "$data/ca/third"
ok ca rollover start second third
refused 3 rollover ca rollover finish second
ok ca rollover cancel second

step "the old one is dropped"
ok ca rollover end second
gone() { ! enrol "late$1" "$passphrase" && audited event=enroll result=refused reason=unknown-recipient >/dev/null 2>&1; }
tries=0
dropped() { gone $((++tries)); }
eventually "$PATIENCE" dropped || fail "the old CA is still asked"
ca_folder=$work/next enrolled new3 "$passphrase"
audited event=ca-rollover-finish "target=default to second" >/dev/null || fail "not in the audit file"
stop_server

step "a former RA that cannot be used"
ok ca renew-ra second
printf 'garbage' >"$data/ca/second/ra.1.key"
findings 'former RAs of CA second' '1 cannot be used'
