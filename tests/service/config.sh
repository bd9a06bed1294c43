#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The settings of the service by command: shown, set together or not at all, refused, audited; and a
# running service takes them over.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

make_data --public-url http://scep.example.com
keep() { cp "$data/openndes.json" "$work/kept.json"; }
unchanged() { cmp "$data/openndes.json" "$work/kept.json" || fail "a refused change has changed openndes.json"; }

step "show"
ok config show
grep -qE '^public_url +http://scep.example.com$' "$out" || fail "public_url: $(<"$out")"
grep -qE '^limits.connections +512  \(default\)$' "$out" || fail "a default: $(<"$out")"
not_said "$out" signin.package
ok config show --json
[[ $(json '[j["public_url"], j["limits.connections"]]') == '["http://scep.example.com", "512"]' ]] || fail "config show --json: $(<"$out")"

step "set"
ok config set limits.connections=600 log.level=debug
said "$out" "next start"
ok config set trusted_proxies=10.0.0.1,2001:db8::/32 ip_acl.limit=scep
said "$out" "within seconds"
ok config show --json
[[ $(json '[j["limits.connections"], j["log.level"], j["trusted_proxies"]]') == '["600", "debug", "10.0.0.1,2001:db8::/32"]' ]] || fail "config show: $(<"$out")"
python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); assert j["limits"] == {"connections": 600}, j' "$data/openndes.json" || fail "$(<"$data/openndes.json")"
ok config set "https.certificate=C:\\certs\\web server.pfx"
ok config show
said "$out" 'C:\certs\web server.pfx'
ok config set https.certificate=

step "refused: nothing changes"
keep
refused 2 usage config set
refused 2 usage config set limits.connections
refused 2 usage config show extra
refused 3 config-unknown-key config set limits.connection=3
said "$err" limits.connections
refused 3 config-out-of-range config set limits.connections=0
refused 3 config-wrong-type config set limits.connections=many
refused 3 config-bad-value config set public_url=ftp://x
refused 3 config-bad-value config set signin.package=NTLM
refused 3 config-bad-value config set listen=here
refused 3 config-conflict config set crl.renew_hours=168
refused 3 config-unknown-key config set validity.days=3
# All or nothing: the good one of two must not stay.
refused 3 config-out-of-range config set log.level=info workers.queue=-1
unchanged
printf '{ "listen": ' >"$data/openndes.json"
refused 3 config-syntax config set log.level=info
refused 3 config-syntax config show
cp "$work/kept.json" "$data/openndes.json"

step "two at once: both are there, or the second was told"
for i in 1 2 3; do
    (set +e; "${launch[@]}" --data "$(path "$data")" config set "limits.idle_seconds=1$i" >/dev/null 2>"$work/a.$i") &
    one=$!
    on_data config set "workers.queue=10$i"
    second=$status
    [[ $second -eq 0 ]] || said "$err" "data-folder-in-use"
    wait "$one" || true
    ok config show --json
    [[ $second -ne 0 || $(json 'j["workers.queue"]') == 10$i ]] || fail "the change of workers.queue was lost"
    [[ -s $work/a.$i || $(json 'j["limits.idle_seconds"]') == 1$i ]] || fail "the change of limits.idle_seconds was lost"
done

# The registry of a prefix is one for all programs in it: a policy gets a prefix of its own.
readonly policy='HKLM\SOFTWARE\Policies\OpenNDES\OpenNDES'
reg() { timeout -k 5 "$PATIENCE" "$OPENNDES_LAUNCHER" reg.exe "$@" >"$work/reg.log" 2>&1; }
remove_policy() { reg query "$policy" && reg delete "$policy" /f; }
sets() { reg add "$policy" /f /v "$1" /t "$2" /d "$3" || fail "reg add: $(<"$work/reg.log")"; }
if on_windows; then
    export OPENNDES_WINEPREFIX=${XDG_CACHE_HOME:-$HOME/.cache}/openndes/wine-service
    remove_policy || true # of a test that was killed
    at_exit remove_policy
    step "Group Policy: wins over the file, and is told"
    sets log.level REG_SZ warning
    sets TRUSTED_proxies REG_MULTI_SZ '10.0.0.7\0 10.0.0.8'
    ok config set log.level=info
    said "$out" "Group Policy sets it"
    said "$out" "without effect"
    ok config explain log.level
    grep -q 'In force: warning (from Group Policy)' "$out" && grep -q 'File:     info' "$out" || fail "config explain: $(<"$out")"
    ok config show --sources --json
    [[ $(json '[j["trusted_proxies"]["value"], j["trusted_proxies"]["source"], j["log.level"]["file"], j["limits.connections"]["source"]]') == '["10.0.0.7,10.0.0.8", "policy", "info", "file"]' ]] ||
        fail "config show --sources: $(<"$out")"
    remove_policy || fail "reg delete: $(<"$work/reg.log")"
fi

step "a running service"
ok config set log.level=info
start_server
answers 200 "$url?operation=GetCACaps" || fail "GetCACaps"
ok config set ip_acl.enabled=true ip_acl.allowed=192.0.2.0/24 ip_acl.limit=both
denied() { answers 403 "$url?operation=GetCACaps"; }
eventually 15 denied || fail "the address list is not in force"
ok config set ip_acl.enabled=false
allowed() { answers 200 "$url?operation=GetCACaps"; }
eventually 15 allowed || fail "the address list is still in force"
if on_windows; then
    step "a running service and Group Policy"
    sets ip_acl.allowed REG_SZ 192.0.2.0/24
    sets ip_acl.enabled REG_DWORD 1
    eventually 15 denied || fail "the policy's address list is not in force"
    step "a policy that is not possible: what is in force stays"
    sets ip_acl.allowed REG_SZ 127.0.0.0/99
    told() { grep -q 'Group Policy: ip_acl.allowed is not taken over: config-bad-value' "$data/logs/openndes.log"; }
    eventually 15 told || fail "the log does not name the setting"
    denied || fail "a typo in the policy has lifted the restriction"
    remove_policy || fail "reg delete: $(<"$work/reg.log")"
    eventually 15 allowed || fail "the policy is still in force"
fi
stop_server
audited event=config-set result=ok "target=ip_acl.enabled ip_acl.allowed ip_acl.limit" >/dev/null || fail "no record of config-set"
