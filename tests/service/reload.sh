#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Changes while the server runs: what the command line and what an editor writes takes effect by
# itself; what is broken does not.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=15 # seconds until a change has to be in force

make_data
start_server
fetch_ca "$work/ca"
enrolled before "$passphrase"
caps_of() { curl --silent --max-time 30 "$base/scep/$1?operation=GetCACaps"; }
caps_have() { caps_of "$1" | grep -qx "$2"; }
caps_lack() { ! caps_have "$1" "$2" && caps_have "$1" SCEPStandard; }
in_log_again() { [[ $(grep -cF -- "$1" "$data/logs/openndes.log") -gt $2 ]]; }
count_in_log() { grep -cF -- "$1" "$data/logs/openndes.log" || true; }

step "a key set by the command line"
caps_lack device DES3 || fail "the level modern offers 3DES"
ok template set device algorithms=compat
eventually $SOON caps_have device DES3 || fail "algorithms=compat is not in force after $SOON s"
enrolled des3 "$passphrase" "$url" --cipher des3

step "a new passphrase: the old one ends"
set_passphrase device "the new passphrase"
eventually $SOON enrol new "the new passphrase" || fail "the new passphrase is not taken after $SOON s"
check_certificate "$work/new.pem" "$work/new.key" "CN = new"
not_enrolled challenge-rejected old "$passphrase"
set_passphrase device "$passphrase"
eventually $SOON enrol again "$passphrase" || fail "the passphrase is not taken after $SOON s"

step "the policy of a template"
ok template set device subject.cn_patterns='good-*'
# A new key and name each time: what was issued once is given again, whatever the template says now.
tries=0
refused_by_policy() {
    tries=$((tries + 1))
    ! enrol "bad-$tries" "$passphrase"
}
eventually $SOON refused_by_policy || fail "subject.cn_patterns is not in force after $SOON s"
not_enrolled subject-cn bad-last "$passphrase"
enrolled good-1 "$passphrase"
ok template set device subject.cn_patterns=

step "a new template, switched on, off, removed"
[[ $(http_status "$base/scep/phones?operation=GetCACaps") == 404 ]] || fail "phones is there before it is made"
ok template add phones challenge.passphrase=- <<<"passphrase of phones"
ok template enable phones
eventually $SOON answers 200 "$base/scep/phones?operation=GetCACaps" || fail "the new template does not answer"
enrolled phone "passphrase of phones" "$base/scep/phones"
ok template disable phones
eventually $SOON answers 404 "$base/scep/phones?operation=GetCACaps" || fail "a template that is off answers"
ok template enable phones
eventually $SOON answers 200 "$base/scep/phones?operation=GetCACaps" || fail "switched on again it does not answer"
ok template remove phones
eventually $SOON answers 404 "$base/scep/phones?operation=GetCACaps" || fail "a removed template answers"

step "the address list"
ok template set device ip_acl.enabled=true ip_acl.allowed=192.0.2.1
eventually $SOON answers 403 "$url?operation=GetCACaps" || fail "the address list is not in force"
ok template set device ip_acl.allowed=192.0.2.1,127.0.0.0/8
eventually $SOON answers 200 "$url?operation=GetCACaps" || fail "the new address is not let in"
ok template set device ip_acl.enabled=false

step "a broken file keeps the old template and says so"
cp "$data/templates/device.json" "$work/device.json"
printf '{ "enabled": tru' >"$data/templates/device.json"
eventually $SOON in_log config-syntax || fail "the log does not name the broken file"
grep -F config-syntax "$data/logs/openndes.log" | grep -q device || fail "the log does not name the template"
enrolled during "$passphrase"
refused 3 config-syntax check
# A file that is well-formed and wrong.
sed 's/"enabled": *true/"enabled": true, "validity": { "days": "many" }/' "$work/device.json" >"$data/templates/device.json"
eventually $SOON in_log config-wrong-type || fail "the log does not name the wrong value"
enrolled during2 "$passphrase"

step "repaired, it is taken again"
reloads=$(count_in_log "configuration reloaded")
cp "$work/device.json" "$data/templates/device.json"
eventually $SOON in_log_again "configuration reloaded" "$reloads" || fail "the repaired file is not taken"
ok template set device algorithms=modern
eventually $SOON caps_lack device DES3 || fail "after the repair changes are not taken"

step "a broken openndes.json keeps the old settings"
cp "$data/openndes.json" "$work/openndes.json"
printf '{ "listen": 17 }' >"$data/openndes.json"
eventually $SOON in_log "openndes.json is broken" || fail "the log does not name openndes.json"
enrolled during3 "$passphrase"
cp "$work/openndes.json" "$data/openndes.json"

step "a file that is broken at the start: the other templates serve"
ok template add sound enabled=true challenge.passphrase=- <<<"$passphrase"
stop_server
printf 'nonsense' >"$data/templates/device.json"
start_server
answers 503 "$url?operation=GetCACaps" || fail "a template that never loaded: $(http_status "$url?operation=GetCACaps") instead of 503"
enrolled sound "$passphrase" "$base/scep/sound"
cp "$work/device.json" "$data/templates/device.json"
eventually $SOON answers 200 "$url?operation=GetCACaps" || fail "the repaired template does not answer"

if on_windows; then
    skip_part "SIGHUP: there is none in Windows; Ctrl-Break asks for a reload there"
else
    step "SIGHUP"
    reloads=$(count_in_log "configuration reloaded")
    kill -HUP "$server"
    eventually $SOON in_log_again "configuration reloaded" "$reloads" || fail "SIGHUP did not reload"
    enrolled hup "$passphrase"
fi

step "a request that is under way is not disturbed by reloads"
for i in {1..8}; do
    ok template set sound "validity.days=$((i + 1))"
    enrolled "busy$i" "$passphrase" "$base/scep/sound"
done
stop_server
