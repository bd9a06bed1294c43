#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A backup of a serving folder, restored elsewhere (Windows: on another machine, which is another prefix
# of Wine), where it serves on: same CA, passphrase, secrets, revocations.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
need pki strongswan-pki
readonly SOON=15 PASSWORD='a password for backups' SINGLE=0123456789ABCDEF
file=$work/x.bak

# there COMMAND...: what follows runs on the other machine.
there() {
    local OPENNDES_WINEPREFIX=${XDG_CACHE_HOME:-$HOME/.cache}/openndes/wine-service
    export OPENNDES_WINEPREFIX
    "$@"
}
crl() {
    curl --silent --max-time 30 --output "$work/crl.der" "$base/crl/default.crl" &&
        openssl crl -inform DER -in "$work/crl.der" -CAfile "$work/ca/ca.pem" -noout -text >"$work/crl.txt" 2>"$work/crl.verify" &&
        grep -q 'verify OK' "$work/crl.verify"
}
crl_has() { crl && grep -qi "Serial Number: $1\$" "$work/crl.txt"; }
crl_number() { crl && awk '/CRL Number/ { getline; print $1 }' "$work/crl.txt"; }

step "a folder with all kinds of secrets"
make_data --public-url http://scep.example.com
ok template add phones challenge.type=ndes
ok password single phones --set - <<<"$SINGLE"
ok intune secret <<<"the secret of the application"
ok tls issue --name scep.example.com
mkdir -p "$data/policies"
printf '{}' >"$data/policies/Corp Wi-Fi.json"
printf 'x' >"$data/mine.txt"

step "serving: one certificate stays, one is revoked"
start_server
fetch_ca "$work/ca"
enrolled kept "$passphrase"
enrolled gone "$passphrase"
ok cert revoke "$(serial_of "$work/gone.pem")"
eventually $SOON crl_has "$(serial_of "$work/gone.pem")" || fail "no CRL with the revocation"
number=$(crl_number)

step "a backup of it while it serves"
refused 3 passphrase-too-short backup "$(path "$file")" <<<"short"
ok backup "$(path "$file")" --json <<<"$PASSWORD"
[[ $(json 'sorted(f["name"] for f in j["files"] if f["type"] == "secret")') == *'"ca/default/ca.key"'*'"intune/secret"'*'"secrets.key"'*'"tls/server.key"'* ]] ||
    fail "the secrets are not in the backup: $(<"$out")"
[[ $(json 'j["left_out"]') == '["mine.txt"]' && $(json 'j["machine_keys"]') == '[]' && $(json 'j["sealed_values"]') == 1 ]] ||
    fail "the manifest: $(<"$out")"
audited event=backup target=x.bak >/dev/null
[[ ! -e $file.partial && ! -e $data/openndes.db.snapshot ]] || fail "something is left: $(ls -A "$work" "$data")"
on_windows || [[ $(stat -c %a "$file") == 600 ]] || fail "others can read the backup"
! grep -qaF -e "$SINGLE" -e 'secret of the application' -e openndes.json -e 'SQLite format' "$file" || fail "the backup is not encrypted"
refused 6 file-not-writable backup "$(path "$file")" <<<"$PASSWORD"
answers 200 "$url?operation=GetCACaps" || fail "the service does not serve on"
stop_server

step "what must not be restored: wrong password, over a data folder, damaged"
refused 8 backup-password backup "$(path "$file")" --verify <<<"another password than this"
refused 3 restore-target restore "$(path "$file")" <<<"$PASSWORD"
head -c -1 "$file" >"$work/cut.bak"
refused 6 backup-damaged backup "$(path "$work/cut.bak")" --verify <<<"$PASSWORD"

step "restored on another machine"
old=$data
data=$work/restored
if ! on_windows; then # a link is not removed as if it were an empty folder
    mkdir "$work/elsewhere"
    ln -s "$work/elsewhere" "$data"
    refused 3 restore-target restore "$(path "$file")" <<<"$PASSWORD"
    said "$err" "is a symbolic link"
    rm "$data"
fi
there ok restore "$(path "$file")" <<<"$PASSWORD"
said "$out" "The old host must not serve any more"
said "$out" "mine.txt"
audited event=restore target=x.bak >/dev/null
for name in openndes.json templates/device.json templates/phones.json ca/default/ca.crt ca/default/ra.crt tls/server.crt 'policies/Corp Wi-Fi.json'; do
    cmp "$old/$name" "$data/$name" || fail "$name is not what it was"
done
[[ ! -e $data/mine.txt && ! -e $data.restoring && ! -e $data/backup.lock ]] || fail "what is in $data: $(ls -A "$data")"
on_windows || [[ $(find "$data" -perm /077) == '' ]] || fail "others can read $(find "$data" -perm /077)"
there ok password single phones --show
said "$out" "$SINGLE"

step "it serves on: same CA, passphrase, revocations"
there start_server
cp "$work/ca/all.txt" "$work/ca.before"
fetch_ca "$work/ca"
cmp "$work/ca.before" "$work/ca/all.txt" || fail "other CA or RA certificates"
enrolled afterwards "$passphrase"
crl_has "$(serial_of "$work/gone.pem")" || fail "the CRL has lost the revocation"
! crl_has "$(serial_of "$work/kept.pem")" || fail "the CRL holds what nobody revoked"
[[ $((16#$(crl_number | sed 's/^0x//'))) -ge $((16#$(sed 's/^0x//' <<<"$number"))) ]] || fail "the CRL number went back"
stop_server
