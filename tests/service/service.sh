#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The Windows service: installed, started, asked, reloaded, stopped under load, killed, failing to
# start, removed. Elsewhere: every verb says that it is for Windows.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/service_lib.sh"
readonly SOON=15

if ! on_windows; then
    step "not on this system"
    for verb in install setup uninstall start stop restart reload status "setup --remove --installer"; do
        # shellcheck disable=SC2086
        refused 2 windows-only service $verb
    done
    refused 2 windows-only run --service
    [[ ! -e $data ]] || fail "a folder was made all the same"
    exit 0
fi

log=$data/logs/openndes.log
reloads() { grep -cF "configuration reloaded" "$log" || true; }
reloaded_since() { [[ $(reloads) -gt $1 ]]; }
caps_have() { curl --silent --max-time 30 "$url?operation=GetCACaps" | grep -qx "$1"; }

step "a prefix of its own"
own_prefix
service_refused 10 service-missing start
http=$(free_port)
https=$(free_port)
base=http://127.0.0.1:$http
url=$base/scep/device

step "installed and started"
service install --http-port "$http" --https-port "$https" --start
said "$out" "ok       service: made OpenNDES: "
said "$out" "run --service --data \"Z:"
said "$out" "ok       start: running"
not_said "$out" "Passphrase:"
answers 200 "$url?operation=GetCACert" || fail "the service does not answer"
answers 200 --insecure "https://127.0.0.1:$https/scep/device?operation=GetCACert" || fail "no HTTPS"
[[ -n $(service_process) ]] || fail "its process is not found"

step "status, for people and scripts"
service status --json
program="\"$(path "${OPENNDES_PROGRAM//\//\\}")\" run --service --data \"$(path "${data//\//\\}")\""
[[ $(json '"|".join([j["state"], str(j["automatic"]), j["account"], j["command"], j["data"]])') == \
    "running|True|NT SERVICE\\OpenNDES|$program|$(path "${data//\//\\}")" ]] || fail "$(<"$out")"

step "a template changed, and a reload"
! caps_have DES3 || fail "the level modern offers 3DES"
run_program template set device algorithms=compat # finds the data folder in the registry
[[ $status -eq 0 ]] || fail "template set: $(<"$err")"
run_program config set log.level=debug # each request has its line then, also those of a flood
[[ $status -eq 0 ]] || fail "config set: $(<"$err")"
service reload
eventually $SOON caps_have DES3 || fail "algorithms=compat is not in force after $SOON s"
before=$(reloads)
service reload # nothing has changed: it is read again all the same
eventually $SOON reloaded_since "$before" || fail "service reload did not reload"

step "stop under load: what was begun is answered"
# Each client asks until nobody answers any more.
load() {
    curl --silent --fail-early --output /dev/null --write-out '%{http_code}\n' \
        "$url?operation=GetCACert&n=[1-100000]" >"$work/load.$1" || true
}
answered() { grep -c "GetCACert ok" "$log" || true; }
busy() { [[ $(answered) -gt $((before + 40)) ]]; }
before=$(answered)
clients=()
for i in 1 2 3 4; do
    load "$i" &
    clients+=($!)
done
eventually $SOON busy || fail "no load"
begun=$SECONDS
service stop
((SECONDS - begun <= 20)) || fail "stopping took $((SECONDS - begun)) s"
said "$out" "State:       stopped"
not_said "$out" "Last end:"
wait "${clients[@]}"
for i in 1 2 3 4; do
    # 503 says that the service stops; 000 is the one that found nobody, and the last.
    ! grep -vqx '200\|503\|000' "$work/load.$i" || fail "client $i got $(sort "$work/load.$i" | uniq -c)"
    [[ $(grep -cx 000 "$work/load.$i") -eq 1 ]] || fail "client $i got $(sort "$work/load.$i" | uniq -c)"
done
# What the service had begun has reached its client. (Who asks while it stops may find the door shut.)
received=$(cat "$work"/load.? | grep -cx 200)
[[ $received -eq $(($(answered) - before)) ]] ||
    fail "the service has answered $(($(answered) - before)) requests, the clients got $received answers"
in_log "OpenNDES stopped" || fail "it did not end in good order"
service_refused 6 service-control reload

step "a start that fails says why"
cp "$data/openndes.json" "$work/openndes.json"
printf '{ "listen": 17 }' >"$data/openndes.json"
service_refused 3 config-wrong-type start
said "$err" "the service did not start: "
said "$err" "openndes.log"
run_program service status
said "$out" "Last end:    error 1066 of Windows, exit code 3 of openndes"
cp "$work/openndes.json" "$data/openndes.json"
python3 -c 'import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) # connections that have just ended
s.bind(("0.0.0.0", int(sys.argv[1])))
s.listen()
print("holds", flush=True)
time.sleep(600)' "$http" >"$work/holder" &
holder=$!
at_exit "kill $holder 2>/dev/null"
eventually $SOON test -s "$work/holder"
service_refused 9 port-in-use start
kill "$holder"
wait "$holder" 2>/dev/null || true

step "killed, and started again"
service start
process=$(service_process)
kill -KILL "$process"
eventually $SOON test ! -e "/proc/$process"
service_refused 6 service-control status
service start
answers 200 "$url?operation=GetCACert" || fail "after the kill the service does not answer"

step "set up again by an installer: nothing is lost"
cp "$data/openndes.json" "$work/openndes.json"
service setup --installer --http-port 1 --import-ndes
said "$out" "openndes.json is there and stays as it is"
cmp -s "$data/openndes.json" "$work/openndes.json" || fail "openndes.json was changed"
grep -qF "settings: openndes.json is there" "$data/logs/setup.log" || fail "no setup.log"
answers 200 "$url?operation=GetCACert" || fail "the running service was disturbed"

step "folders that others can change: an installer writes nothing there, a person is told and they are mended"
mkdir -p "$work/prepared/logs"
chmod 777 "$work/prepared" "$work/prepared/logs"
run_program --data "$(path "$work/prepared")" service setup --installer
[[ $status -eq 8 ]] || fail "setup of a prepared folder ended with $status: $(<"$err")"
[[ -z $(ls -A "$work/prepared/logs") ]] || fail "written into a prepared folder: $(ls -A "$work/prepared/logs")"
chmod 777 "$data"
service setup
said "$out" "warning  data folder: others could have changed what is in it"
[[ $(stat -c %a "$data") == *0 ]] || fail "the data folder is still open: $(stat -c %A "$data")"

step "a folder that no service can have: nothing is made, commands keep to the one that is served"
run_program --data "$(path "$work/100%")" service setup
[[ $status -eq 2 ]] || fail "setup of a folder with a percent sign ended with $status: $(<"$err")"
[[ ! -e $work/100% ]] || fail "the folder was made all the same"
run_program template list
[[ $status -eq 0 ]] || fail "template list ended with $status: $(<"$err")"
said "$out" device

step "removed: the data stays"
service uninstall
said "$out" "stays, with its CA and all certificates"
[[ -f $data/openndes.json && -f $data/openndes.db ]] || fail "the data is gone"
[[ -z $(service_process) ]] || fail "its process runs"
service_refused 10 service-missing status
audited event=service-install >/dev/null
audited event=service-uninstall >/dev/null
# The standard folder again: the registry does not name this test's any more.
run_program check
[[ $status -ne 0 ]] || fail "the data folder is still found"
not_said "$err" "${work##*/}"
