#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What runs out while the server serves: file descriptors. Natively: on Windows a process has as many handles as it
# wants.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
if on_windows; then
    printf '%s: skipped: Windows has no limit of this kind.\n' "$test_name" >&2
    exit 77
fi

make_data
start_server
fetch_ca "$work/ca"
enrolled before "$passphrase"
port=${base##*:}
ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
descriptors() { find "/proc/$server/fd" -mindepth 1 2>/dev/null | wc -l; }

step "no descriptor for a new connection: no busy loop, and the server lives"
before=$(descriptors)
prlimit --pid "$server" --nofile=$((before + 4)):
held=()
for i in {1..12}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" || break
    held+=("$fd")
done
full() { [[ $(descriptors) -ge $((before + 3)) ]]; }
eventually 10 full || fail "the server has $(descriptors) descriptors of $((before + 4))"
begin=$(ticks)
sleep 2 # what is measured
used=$((($(ticks) - begin) * 1000 / $(getconf CLK_TCK)))
printf -- '-- %d ms of processor time in 2 s with 12 clients and room for 4\n' "$used"
[[ $used -lt 1000 ]] || fail "the server is busy with what it cannot accept: $used ms in 2 s"

step "the clients go: it serves again by itself"
for fd in "${held[@]}"; do exec {fd}>&-; done
eventually 30 answers 200 "$url?operation=GetCACaps" || fail "the server does not come back"
prlimit --pid "$server" --nofile=4096:
enrolled after "$passphrase"
audited event=enroll result=issued "subject=CN=after" >/dev/null || fail "the audit log misses the certificate"
ok check

step "no descriptor for anything: nobody is answered, and nothing is busy"
prlimit --pid "$server" --nofile=3:
begin=$(ticks)
found=$(http_status --max-time 2 "$url?operation=GetCACaps")
used=$((($(ticks) - begin) * 1000 / $(getconf CLK_TCK)))
printf -- '-- %d ms of processor time, answer %s\n' "$used" "$found"
[[ $found != 200 ]] || fail "without a descriptor somebody was answered"
[[ $used -lt 1000 ]] || fail "the server is busy with nothing: $used ms in 2 s"
prlimit --pid "$server" --nofile=4096:
enrolled again "$passphrase"
stop_server
ok cert list --json
[[ $(json "len(j)") == 3 ]] || fail "there are $(json "len(j)") certificates instead of 3"
