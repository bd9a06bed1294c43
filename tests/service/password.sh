#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The password cache: "openndes password" beside a running service, and a real client that redeems
# one-time passwords and the single one at a template's SCEP URL.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
need pki strongswan-pki

# new_password SCOPE [OPTION...]: sets $password and $id
new_password() {
    ok password new "$@" --json
    password=$(json 'j["password"]')
    id=$(json 'j["id"]')
    [[ $password =~ ^[0-9A-F]+$ ]] || fail "no password in hex: $(<"$out")"
    secrets+=("$password")
}
secrets=()
# database SQL: one statement against the database of a service that runs or not
database() {
    python3 - "$data/openndes.db" "$1" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.execute(sys.argv[2])
END
}

# changed TEXT COMMAND...: the running service says TEXT once more after the command.
log_count() { grep -cF -- "$1" "$data/logs/openndes.log" || true; }
log_grew() { [[ $(log_count "$1") -gt $2 ]]; }
changed() {
    local text=$1 before
    before=$(log_count "$text")
    shift
    "$@"
    eventually 20 log_grew "$text" "$before" || fail "the service has not noticed: $*"
}

make_data
ok template add vpn challenge.type=ndes enabled=true ndes.PasswordMax=3
ok template add wifi challenge.type=ndes enabled=true

step "usage"
refused 2 usage password
refused 2 usage password new
refused 2 usage password new vpn --service
refused 2 usage password new vpn wifi
refused 2 usage password new vpn --minutes 0
refused 2 usage password new vpn --minutes 525601
refused 2 usage password new vpn --address 10.0.0.1/8
refused 2 usage password new vpn --subject router7
refused 2 usage password purge
refused 2 usage password purge --all --expired
refused 2 usage password purge 0
refused 2 usage password purge vpn
refused 2 usage password single vpn --set 0123456789ABCDEF
not_said "$err" 0123456789ABCDEF
refused 2 usage password single vpn --renew --show
refused 10 template-missing password new nobody
refused 2 template-name password new '*'
refused 3 config-conflict password new device
said "$err" challenge.type=ndes
refused 3 config-conflict password new --service
said "$err" ndes.enabled
ok password list
said "$out" "No unused passwords."
ok password list --json
[[ $(json 'j') == '[]' ]] || fail "password list --json: $(<"$out")"

step "new, list, full, purge"
ok password new vpn
[[ $(value_of Password) =~ ^[0-9A-F]{16}$ ]] || fail "password new: $(<"$out")"
secrets+=("$(value_of Password)")
[[ $(value_of Expires) =~ ^20[0-9-]+T[0-9:]+Z$ ]] || fail "password new: $(<"$out")"
said "$out" "SCEP URL: http"
new_password vpn --subject 'cn=Router7,O=Example\, Inc.' --address 10.0.0.0/8 --minutes 5
bound=$id
new_password vpn
refused 5 password-cache-full password new vpn
ok password list vpn --json
[[ $(json '[(p["scope"], p["state"], p["made_by"]) for p in j] == [("vpn", "unused", "command line")] * 3') == true ]] ||
    fail "password list: $(<"$out")"
[[ $(json '[p for p in j if p["id"] == '"$bound"'][0]["subject"]') == 'CN=Router7,O=Example\, Inc.' ]] || fail "subject: $(<"$out")"
[[ $(json '[p for p in j if p["id"] == '"$bound"'][0]["address"]') == 10.0.0.0/8 ]] || fail "address: $(<"$out")"
ok password list wifi
said "$out" "No unused passwords."
ok password purge "$bound"
refused 10 password-missing password purge "$bound"
new_password vpn
ok password purge --template wifi
said "$out" "0 unused passwords removed."
new_password wifi
ok password purge --template vpn
said "$out" "3 unused passwords removed."
ok password list
said "$out" wifi
not_said "$out" vpn
ok password purge --all
audited event=password-new "target=vpn $bound" >/dev/null || fail "no audit record of password new"
audited event=password-purge target=vpn >/dev/null || fail "no audit record of password purge"

step "made beside the running service, redeemed once"
start_server
fetch_ca "$work/ca"
readonly vpn=$base/scep/vpn
new_password vpn
enrolled once "$password" "$vpn"
audited event=enroll result=issued template=vpn challenge_type=ndes "subject=CN=once" >/dev/null ||
    fail "no audit record: $(tail -n 1 "$data/logs/audit.jsonl")"
not_enrolled challenge-used twice "$password" "$vpn"
ok password list --all --json
[[ $(json 'j[0]["state"] + " " + j[0]["serial"]') == "used $(serial_of "$work/once.pem")" ]] || fail "password list --all: $(<"$out")"
refused 10 password-missing password purge "$id"

step "refused: wrong, missing, of another template, expired, purged, bound to others"
not_enrolled challenge-rejected wrong 0123456789ABCDEF "$vpn"
not_enrolled challenge-missing none "" "$vpn"
new_password wifi
not_enrolled challenge-binding other "$password" "$vpn"
new_password vpn --minutes 1
database "UPDATE password SET expires_at = created_at - 1 WHERE id = $id"
not_enrolled challenge-expired late "$password" "$vpn"
ok password list vpn
said "$out" "No unused passwords."
ok password purge --expired
said "$out" "1 unused password removed."
new_password vpn
ok password purge "$id"
not_enrolled challenge-rejected purged "$password" "$vpn"
new_password vpn --address 10.0.0.0/8
not_enrolled challenge-binding elsewhere "$password" "$vpn"
new_password vpn --subject "CN=BOUND" --address 127.0.0.1
not_enrolled challenge-binding unbound "$password" "$vpn"
# Neither that nor a refusal by the template has cost the password.
changed 'template vpn reloaded' ok template set vpn subject.cn_patterns='nobody*'
not_enrolled subject-cn bound "$password" "$vpn"
changed 'template vpn reloaded' ok template set vpn subject.cn_patterns=
enrolled bound "$password" "$vpn"
not_enrolled challenge-used again "$password" "$vpn"

step "lower case is as good; after a restart passwords are as before"
new_password vpn
kept=$password
stop_server
start_server
not_enrolled challenge-used again2 "${secrets[-2]}" "$base/scep/vpn"
enrolled kept "${kept,,}" "$base/scep/vpn"

step "passwords of the service's face: only while the template is one of it"
new_password wifi
cat >"$work/face.py" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)
config["ndes"] = {"enabled": True, "GeneralPurposeTemplate": "vpn"}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(config, file)
END
changed 'configuration reloaded' python3 "$work/face.py" "$data/openndes.json"
ok password new --service
said "$out" "/certsrv/mscep/mscep.dll"
new_password --service
ok password list --service --json
[[ $(json '[p["scope"] for p in j]') == '["*", "*"]' ]] || fail "password list --service: $(<"$out")"
not_enrolled challenge-binding outside "$password" "$base/scep/wifi"
enrolled inside "$password" "$base/scep/vpn"
ok password purge --service
said "$out" "1 unused password removed."

step "the single password"
ok password single wifi
said "$out" "Not accepted until"
first=$(value_of Password)
secrets+=("$first")
ok password single wifi --show
[[ $(value_of Password) == "$first" ]] || fail "--show made another one"
not_enrolled challenge-rejected early "$first" "$base/scep/wifi"
changed 'template wifi reloaded' ok template set wifi ndes.UseSinglePassword=true
refused 3 config-conflict password new wifi
enrolled single1 "$first" "$base/scep/wifi"
enrolled single2 "$first" "$base/scep/wifi"
refused 11 syntax password single wifi --set - <<<"not hexadecimal"
ok password single wifi --set - <<<"8ce317021f690069"
[[ $(value_of Password) == 8CE317021F690069 ]] || fail "--set: $(<"$out")"
secrets+=(8CE317021F690069)
not_said "$out" "Not accepted"
not_enrolled challenge-rejected single3 "$first" "$base/scep/wifi"
enrolled single4 8CE317021F690069 "$base/scep/wifi"
ok password single wifi --renew --json
renewed=$(json 'j["password"]')
secrets+=("$renewed")
[[ $renewed != 8CE317021F690069 && $(json 'j["expires_at"]') == never ]] || fail "--renew: $(<"$out")"
ok password list --json
[[ $(json 'len([p for p in j if p["state"] == "single" and p["scope"] == "wifi"])') == 1 ]] || fail "password list: $(<"$out")"
ok password purge --all
enrolled single5 "$renewed" "$base/scep/wifi"
audited event=password-single-set result=ok >/dev/null || fail "no audit record of --set"
stop_server

step "no password stands in any file"
[[ ${#secrets[@]} -gt 12 ]] || fail "nothing to look for"
cp "$work/server.log" "$data/logs/server.log"
cat >"$work/secrets.py" <<'END'
import pathlib, sys
# In either case, as the bytes behind the digits, in UTF-16.
found = set()
for file in pathlib.Path(sys.argv[1]).rglob("*"):
    content = file.read_bytes() if file.is_file() else b""
    for secret in sys.argv[2:]:
        forms = [secret.encode(), secret.lower().encode(), bytes.fromhex(secret), secret.encode("utf-16-le")]
        if any(form in content for form in forms):
            found.add(str(file))
print("\n".join(sorted(found)))
END
found=$(python3 "$work/secrets.py" "$data" "${secrets[@]}")
[[ -z $found ]] || fail "a password stands in $found"
# The search itself finds what is there.
printf '%s' "${secrets[3]}" | iconv -t UTF-16LE >"$data/planted"
[[ $(python3 "$work/secrets.py" "$data" "${secrets[@]}") == "$data/planted" ]] || fail "the search for passwords does not work"
