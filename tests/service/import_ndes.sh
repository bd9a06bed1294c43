#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# import-ndes from outside: a dry run writes nothing, a real one writes what check and template show
# like, a second one changes nothing. The Windows program reads a real registry, of a Wine prefix that
# the test makes and removes; everywhere an exported file does the same.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly FIXTURES=$OPENNDES_TESTS/fixtures/ndes
readonly MSCEP='HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP'

# state: every file of the data folder with its content, to see whether anything has changed. A lock
# is no content.
state() { (cd "$data" && find . -type f ! -name '*.lock' ! -name .lock -exec sha256sum {} + | sort -k2); }
changes_nothing() {
    state >"$work/before"
    ok "$@"
    state >"$work/after"
    cmp -s "$work/before" "$work/after" || fail "openndes $* has changed: $(diff "$work/before" "$work/after")"
}
# new_data NAME: a data folder as init makes it; made once and copied, since keys take their time.
new_data() {
    data=$work/base
    [[ -d $data ]] || ok init
    data=$work/$1
    cp -r "$work/base" "$data"
}
# file KEY: a value of openndes.json; config TEMPLATE KEY: of a template's file
file() { python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
for part in sys.argv[2].split("."): j = j.get(part) if isinstance(j, dict) else None
print(j)' "$1" "$2"; }
service() { file "$data/openndes.json" "$1"; }
config() { file "$data/templates/$1.json" "$2"; }
is() { [[ $1 == "$2" ]] || fail "\"$1\" instead of \"$2\""; }

# check_default ARGUMENT...: what the default installation becomes, wherever it was read.
check_default() {
    changes_nothing import-ndes --dry-run "$@"
    said "$out" "Dry run: nothing was written."
    said "$out" "ipsecintermediateoffline: new template for IPSECIntermediateOffline"
    ok import-ndes "$@"
    said "$out" "Written."
    is "$(service ndes.enabled)" True
    is "$(service ndes.GeneralPurposeTemplate)" ipsecintermediateoffline
    is "$(service ndes.SignatureTemplate)" ipsecintermediateoffline
    is "$(service ndes.EncryptionTemplate)" ipsecintermediateoffline
    is "$(config ipsecintermediateoffline enabled)" True
    is "$(config ipsecintermediateoffline challenge.type)" ndes
    is "$(config ipsecintermediateoffline ndes.PasswordValidity)" 60
    audited event=import-ndes result=ok >/dev/null
    ok check
    said "$out" "template ipsecintermediateoffline: on"
    ok template show ipsecintermediateoffline --json
    is "$(json 'j["ndes.PasswordMax"]')" 5
    is "$(json 'j["key_usage.allowed"]')" "digitalSignature,keyEncipherment"
    changes_nothing import-ndes "$@"
    said "$out" "Nothing had to be written."
    said "$out" "as it is already"
}

export OPENNDES_WINEPREFIX=$work/prefix
if on_windows; then
    step "a Wine prefix of its own"
    at_exit '"$OPENNDES_LAUNCHER" --stop >/dev/null 2>&1'
    timeout 180 "${launch[@]}" version >/dev/null 2>&1 || fail "no Wine prefix"
fi

step "no NDES here: what to do is said"
new_data none
refused 10 ndes-missing import-ndes
said "$err" 'reg export HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP ndes.reg'
refused 2 usage import-ndes --what
refused 2 usage import-ndes something
data=$work/nowhere
refused 6 data-folder-missing import-ndes --registry-file "$(path "$FIXTURES/default.reg")"
said "$err" init

step "an exported file: default installation"
new_data from-file
check_default --registry-file "$(path "$FIXTURES/default.reg")"

step "the same as regedit writes it, UTF-16 with CR LF"
new_data from-utf16
{
    printf '\xff\xfe'
    sed 's/$/\r/' "$FIXTURES/default.reg" | iconv -f UTF-8 -t UTF-16LE
} >"$work/utf16.reg"
check_default --registry-file "$(path "$work/utf16.reg")"

step "a tuned installation, with the site's configuration"
new_data tuned
tuned=(--registry-file "$(path "$FIXTURES/tuned.reg")" --iis-config "$(path "$FIXTURES/iis.config")")
changes_nothing import-ndes --dry-run --json "${tuned[@]}"
is "$(json 'j["dry_run"]')" true
is "$(json '[t["name"] for t in j["templates"]]')" '["ndesdevice2022", "router-sign", "router-sign.encrypt"]'
is "$(json 'j["settings"]["ndes.plain_get"]')" forbidden
ok import-ndes --json "${tuned[@]}"
is "$(json 'j["written"]')" true
is "$(config router-sign key_usage.allowed)" digitalSignature
is "$(config router-sign.encrypt key_usage.allowed)" keyEncipherment
is "$(config ndesdevice2022 ndes.UseSinglePassword)" True
is "$(config ndesdevice2022 ndes.PasswordLength)" 4
is "$(service ndes.caps)" strict
is "$(service signin.basic)" True
is "$(service https.listen)" None
ok check
changes_nothing import-ndes "${tuned[@]}"
said "$out" "openndes password single --service --set -"
said "$out" 'EXAMPLE\svc-ndes'
not_said "$out" "not-a-password"

step "what an administrator has made stays"
new_data kept
ok template add ipsecintermediateoffline description=mine challenge.type=ndes
cp "$data/templates/ipsecintermediateoffline.json" "$work/mine.json"
ok import-ndes --registry-file "$(path "$FIXTURES/default.reg")"
cmp "$work/mine.json" "$data/templates/ipsecintermediateoffline.json" || fail "a template was overwritten"
said "$out" "stays as it is"
is "$(service ndes.GeneralPurposeTemplate)" ipsecintermediateoffline
new_data static
ok template add ipsecintermediateoffline description=mine
changes_nothing import-ndes --registry-file "$(path "$FIXTURES/default.reg")"
said "$out" "ndes.enabled: no template can serve"

step "cut off between templates and openndes.json: done again, it is whole"
new_data again
cp "$data/openndes.json" "$work/openndes.json"
ok import-ndes "${tuned[@]}"
cp "$data/openndes.json" "$work/whole.json"
cp "$work/openndes.json" "$data/openndes.json"
rm "$data/templates/router-sign.encrypt.json"
ok import-ndes "${tuned[@]}"
cmp "$work/whole.json" "$data/openndes.json" || fail "the second import wrote another openndes.json"
[[ -f $data/templates/router-sign.encrypt.json ]] || fail "the second import left a template out"

step "without a CA, without a password: off"
data=$work/no-ca
ok init --no-ca
ok import-ndes --registry-file "$(path "$FIXTURES/default.reg")"
is "$(config ipsecintermediateoffline enabled)" False
said "$out" "openndes ca create default"
new_data open
sed 's/"EnforcePassword"=dword:00000001/"EnforcePassword"=dword:00000000/' "$FIXTURES/default.reg" >"$work/open.reg"
ok import-ndes --registry-file "$(path "$work/open.reg")"
is "$(config ipsecintermediateoffline enabled)" False
refused 3 config-conflict template enable ipsecintermediateoffline
ok template set ipsecintermediateoffline ip_acl.enabled=true ip_acl.allowed=10.0.0.0/8
ok template enable ipsecintermediateoffline

step "files that are none"
new_data broken
refused 6 file-missing import-ndes --registry-file "$(path "$work/none.reg")"
printf 'REGEDIT4\r\n' >"$work/old.reg"
refused 11 syntax import-ndes --registry-file "$(path "$work/old.reg")"
said "$err" "line 1"
refused 11 syntax import-ndes --registry-file "$(path "$FIXTURES/default.reg")" --iis-config "$(path "$work/old.reg")"
printf 'Windows Registry Editor Version 5.00\r\n' >"$work/empty.reg"
refused 10 ndes-missing import-ndes --registry-file "$(path "$work/empty.reg")"

if ! on_windows; then
    skip_part "the registry, IIS's place and the certificate store: Windows only"
    exit 0
fi

wine_reg() { "$OPENNDES_LAUNCHER" reg "$@" >"$work/reg.log" 2>&1 || fail "reg $*: $(<"$work/reg.log")"; }

step "this machine's registry: default installation"
wine_reg import "$(path "$work/utf16.reg")"
new_data registry
check_default
said "$out" "NDES settings from the registry of this machine"
said "$out" "IIS: not looked at"

step "this machine's IIS and certificates"
iis=$OPENNDES_WINEPREFIX/drive_c/windows/system32/inetsrv/config
mkdir -p "$iis"
cp "$FIXTURES/iis.config" "$iis/applicationHost.config"
# An RA certificate, put where the store keeps them: serialized, property 32 is the certificate.
new_key "$work/ra.key"
openssl req -x509 -new -key "$work/ra.key" -subj /CN=HOST-MSCEP-RA -days 100 -sha256 -outform DER -out "$work/ra.der" \
    -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=1.3.6.1.4.1.311.20.2.1 2>/dev/null
python3 - "$work/ra.der" >"$work/ra.reg" <<'END'
import hashlib, struct, sys
der = open(sys.argv[1], "rb").read()
blob = b"".join(struct.pack("<III", prop, 1, len(value)) + value
                for prop, value in ((3, hashlib.sha1(der).digest()), (32, der)))
print("Windows Registry Editor Version 5.00\n")
print(r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\%s]" % hashlib.sha1(der).hexdigest().upper())
print('"Blob"=hex:' + ",".join("%02x" % byte for byte in blob))
END
wine_reg import "$(path "$work/ra.reg")"
wine_reg add "$MSCEP\\PasswordMax" /v PasswordMax /t REG_DWORD /d 50 /f
wine_reg add "$MSCEP\\CACapabilitiesAlgorithms" /v CACapabilitiesAlgorithms /t REG_MULTI_SZ /d 'SHA-256\0AES' /f
wine_reg add "$MSCEP\\EncryptedPassword" /v EncryptedPassword /t REG_BINARY /d 0102 /f
new_data machine
changes_nothing import-ndes --dry-run
said "$out" "RA certificate: CN=HOST-MSCEP-RA"
said "$out" "valid until"
said "$out" "ndes.caps: extended"
said "$out" "signin.basic: true"
ok import-ndes
is "$(config ipsecintermediateoffline ndes.PasswordMax)" 50
is "$(service signin.basic)" True
changes_nothing import-ndes

step "an export of this machine says the same"
wine_reg export "$MSCEP" "$(path "$work/exported.reg")" /y
new_data exported
ok import-ndes --registry-file "$(path "$work/exported.reg")"
is "$(config ipsecintermediateoffline ndes.PasswordMax)" 50

step "a value of the wrong type, a key without values"
wine_reg add "$MSCEP\\PasswordMax" /v PasswordMax /t REG_SZ /d many /f
new_data odd
ok import-ndes --dry-run
said "$out" 'PasswordMax\PasswordMax: the value has a type'
wine_reg delete "$MSCEP" /f
refused 10 ndes-missing import-ndes
wine_reg add "$MSCEP" /f
ok import-ndes --dry-run
said "$out" "ndes.enabled: no template can serve"
