#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The command line: init, help, exit codes, JSON, templates; and that a passphrase is nowhere but in
# the one line that shows it.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

step "help"
run_program help
[[ $status -eq 0 ]] || fail "help ended with $status"
mapfile -t verbs < <(awk '/^  [a-z]/ { print $1 }' "$out" | grep -v '^Start')
[[ ${#verbs[@]} -ge 8 ]] || fail "help lists too few verbs: ${verbs[*]}"
for verb in "${verbs[@]}"; do
    run_program help "$verb"
    [[ $status -eq 0 && $(head -n 1 "$out") == openndes* ]] || fail "help $verb: $(<"$err")"
done
run_program version
[[ $(<"$out") =~ ^OpenNDES\ [0-9]+\.[0-9]+ ]] || fail "version: $(<"$out")"
run_program version --json
json 'j["version"]' >/dev/null || fail "version --json is no JSON"

step "usage errors: exit code 2"
refused 2 usage nonsense
refused 2 usage template nonsense
refused 2 usage template list --nonsense
refused 2 usage template show
refused 2 usage help nonsense
refused 2 usage cert revoke xyz
refused 2 usage cert list --limit 0
refused 2 usage init --passphrase "TypedByMistake0000"
not_said "$err" TypedByMistake0000
refused 2 usage run --listen
[[ ! -e $data ]] || fail "a refused init has left $data"

step "no data folder yet: exit code 6 and the command that makes one"
refused 6 data-folder-missing template list
said "$err" init
refused 6 data-folder-missing run
refused 6 data-folder-missing cert list
refused 6 data-folder-missing check

step "init"
refused 3 passphrase-too-short init --passphrase - <<<"too short"
[[ ! -e $data/openndes.json ]] || fail "a refused init has left a data folder"
# The passphrase has characters that a shell, JSON or a URL would change.
readonly SECRET="Zr9 \$x&\"7'%20+ü-Passphrase"
ok init --ca-key rsa2048 --passphrase - --public-url http://scep.example.com <<<"$SECRET"
said "$out" "SCEP URL: http://scep.example.com/scep/device"
not_said "$out" "Passphrase:"
refused 3 data-folder-exists init
cp -r "$data" "$work/before"
refused 3 data-folder-exists init --ca-key p256
diff -r "$data" "$work/before" || fail "a second init has changed the data folder"
if on_windows; then
    skip_part "file modes under Wine"
else
    [[ $(stat -c %a "$data") == 700 ]] || fail "the data folder has mode $(stat -c %a "$data")"
    for file in secrets.key protect.key ca/default/ca.key ca/default/ra.key; do
        [[ ! -e $data/$file || $(stat -c %a "$data/$file") == 600 ]] || fail "$file has mode $(stat -c %a "$data/$file")"
    done
fi

step "check, config explain"
ok check
said "$out" "database: none yet"
ok check --json
[[ $(json 'len([1 for row in j if row["level"] == "error"])') == 0 ]] || fail "check --json: $(<"$out")"
ok config explain
for key in listen public_url validity.days challenge.type ip_acl.allowed algorithms; do said "$out" "$key"; done
ok config explain validity.days
said "$out" 365
refused 3 config-unknown-key config explain validity.dyas
said "$err" validity.days

step "templates"
ok template list
grep -q '^device  *on  *challenge=static' "$out" || fail "template list: $(<"$out")"
ok template add phones description='Phones & tablets' validity.days=30
refused 3 template-exists template add phones
refused 2 template-name template add PHONES
refused 2 template-name template add 'no/slash'
refused 2 template-name template add ..
ok template list --json
[[ $(json 'next(t for t in j if t["name"] == "phones")["enabled"]') == false ]] || fail "a new template is on: $(<"$out")"
[[ $(json 'next(t for t in j if t["name"] == "phones")["description"]') == "Phones & tablets" ]] || fail "description: $(<"$out")"
# On without a passphrase would be a template that lets nobody in, or everybody.
refused 3 config-conflict template enable phones
refused 10 template-missing template enable nobody
refused 10 template-missing template show nobody
refused 10 template-missing template remove nobody
refused 10 template-missing template set nobody validity.days=3
cp "$data/templates/phones.json" "$work/phones.json"
refused 3 config-unknown-key template set phones validity.day=3
said "$err" validity.days
refused 3 config-out-of-range template set phones validity.days=0
refused 3 config-wrong-type template set phones validity.days=many
refused 3 config-bad-value template set phones algorithms=ancient
refused 3 config-bad-value template set phones eku=anyExtendedKeyUsage
refused 3 config-bad-value template set phones ip_acl.allowed=10.0.0.0/33
# All or nothing: the good one of two must not stay.
refused 3 config-out-of-range template set phones validity.days=7 san.max=-1
refused 2 usage template set phones validity.days
refused 2 usage template set phones "challenge.passphrase=TypedByMistake0000"
not_said "$err" TypedByMistake0000
refused 3 passphrase-too-short template set phones challenge.passphrase=- <<<"too short"
refused 3 config-conflict template set phones challenge.type=none enabled=true
refused 3 config-conflict template set phones algorithms=legacy
cmp "$data/templates/phones.json" "$work/phones.json" || fail "a refused change has changed the template"
ok template set phones challenge.passphrase=generate
generated=$(value_of Passphrase)
[[ ${#generated} -ge 16 ]] || fail "no passphrase was generated: $(<"$out")"
ok template enable phones
ok template set phones validity.days=14 eku=clientAuth,serverAuth
ok template show phones --json
[[ $(json 'j["validity.days"], j["enabled"]') == '["14", "true"]' ||
    $(json 'str(j["validity.days"]) + str(j["enabled"]).lower()') == 14true ]] || fail "template show: $(<"$out")"
ok template show phones
said "$out" "(set)"
ok template urls phones
said "$out" "SCEP URL: http://scep.example.com/scep/phones"
ok template disable phones
ok template list
grep -q '^phones  *off' "$out" || fail "disable has not switched it off: $(<"$out")"
ok template set device challenge.passphrase=- --force <<<"short"
ok template set device challenge.passphrase=- <<<"$SECRET"
ok template remove phones
[[ ! -e $data/templates/phones.json ]] || fail "remove has left the file"
ok template list --json
[[ $(json 'len(j)') == 1 ]] || fail "template list: $(<"$out")"

step "certificates and CAs as JSON, empty and with errors"
ok cert list --json
[[ $(json 'j') == '[]' ]] || fail "cert list --json: $(<"$out")"
ok cert list
said "$out" "No certificates."
refused 10 certificate-not-found cert show 0badc0de
refused 10 certificate-not-found cert revoke 0badc0de
ok ca list --json
[[ $(json 'j[0]["name"] + " " + j[0]["state"]') == "default ready" ]] || fail "ca list --json: $(<"$out")"
ok ca show default --json
[[ $(json 'len(j[0]["sha256"])') == 64 ]] || fail "ca show --json: $(<"$out")"
refused 8 ca-missing ca show nobody
ok template list
mkdir "$work/names" && printf '{ "no such key": 1 }' >"$data/templates/broken.json"
ok template list --json
[[ $(json 'next(t for t in j if t["name"] == "broken")["reason"]') == config-unknown-key ]] || fail "template list: $(<"$out")"
refused 3 config-unknown-key check
rm "$data/templates/broken.json"

step "administrative acts are in the audit file"
for event in init template-add template-set template-enable template-disable template-remove; do
    audited "event=$event" result=ok >/dev/null || fail "no record of $event"
done

step "the passphrase while a device uses it"
start_server
fetch_ca "$work/ca"
cat >"$work/passphrases.py" <<'END'
import sys
# Everything below the folders, byte by byte; UTF-16 and base64 too.
import base64, pathlib
secret = sys.argv[1]
forms = [secret.encode(), secret.encode("utf-16-le"), base64.b64encode(secret.encode()).rstrip(b"=")[:-1]]
found = [str(file) for folder in sys.argv[2:] for file in pathlib.Path(folder).rglob("*")
         if file.is_file() and any(form in file.read_bytes() for form in forms)]
print("\n".join(found))
END
# strongSwan's option file knows no quotes in values: a plain one for the real request.
readonly PLAIN="Plain-Passphrase-4711"
set_passphrase device "$PLAIN"
eventually 20 enrol first "$PLAIN" || fail "no certificate: $(<"$work/first.log")"
! enrol second "$PLAIN-but-wrong" || fail "a wrong passphrase was taken"
if [[ $OPENNDES_PROGRAM != *.exe ]]; then
    ! tr '\0' '\n' <"/proc/$server/cmdline" | grep -F "$PLAIN" || fail "the passphrase is in the arguments"
fi
stop_server
mkdir "$work/said"
cp "$work/server.log" "$work/said"
for secret in "$SECRET" "$PLAIN" "$PLAIN-but-wrong" "$generated"; do
    found=$(python3 "$work/passphrases.py" "$secret" "$data" "$work/said")
    [[ -z $found ]] || fail "a passphrase stands in $found"
done
# The search itself finds what is there.
printf '%s' "$PLAIN" | iconv -t UTF-16LE >"$work/said/planted"
[[ $(python3 "$work/passphrases.py" "$PLAIN" "$work/said") == "$work/said/planted" ]] || fail "the search for passphrases does not work"
