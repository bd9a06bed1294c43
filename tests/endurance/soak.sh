#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A mixed load for a long time, an administrator at work meanwhile: nothing unexpected is answered, and
# memory, threads, handles and files stay as they are.
#
#   toolchain/endure soak [MINUTES [DEVICES [RATE]]]     30 minutes, 8 devices, 40 requests a second
#
# Under OPENNDES_ENDURE=native-asan leaks are looked for at the end, under windows Wine's server is
# sampled, too. Samples: build/endure/soak-BUILD.csv, the report beside it.
OPENNDES_TEST_PATIENCE=300
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/mixed_lib.sh"
minutes=${1:-30} devices=${2:-8} rate=${3:-40}
readonly EACH=10 # seconds between samples
build=native
on_windows && build=windows
[[ $OPENNDES_PROGRAM != */native-*/* ]] || build=$(basename "$(dirname "$OPENNDES_PROGRAM")")
folder=$OPENNDES_TESTS/../build/endure
mkdir -p "$folder"
csv=$folder/soak-$build.csv
# Freed memory that is kept back for finding mistakes would look like growth for an hour.
export ASAN_OPTIONS=quarantine_size_mb=8:${ASAN_OPTIONS:-}

# of_process PID: resident KB, threads, open files. Wine's server keeps the files that each command has
# closed for as long as the service holds locks on them (closing one would drop all of its process's
# locks), five for each command: the database's files are not counted.
of_process() {
    awk '/^VmRSS:/ { rss = $2 } /^Threads:/ { threads = $2 } END { printf "%d,%d", rss, threads }' "/proc/$1/status" || return
    printf ',%d' "$(find "/proc/$1/fd" -mindepth 1 -printf '%l\n' 2>/dev/null | grep -cv '/openndes[.]db')"
}
wine_server() {
    local pid
    for pid in $(pgrep -x wineserver64 || pgrep -x wineserver); do
        ! tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "WINEPREFIX=$1" || printf '%s' "$pid"
    done
}
bytes_of() { stat -c %s "$1" 2>/dev/null || printf 0; }
metric() { awk -v name="$1" '$1 == name { print $2; exit }' "$work/sample"; }

sample() {
    local begun=$SECONDS wine=''
    on_windows && wine=$(wine_server "${OPENNDES_WINEPREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/openndes/wine}")
    printf 'seconds,rss_kb,threads,files,wine_rss_kb,wine_threads,wine_files,db_bytes,wal_bytes,queue,connections,writes_waiting,requests,certificates\n' >"$csv"
    while sleep "$EACH"; do
        curl --silent --max-time 9 --output "$work/sample" "$metrics" || : >"$work/sample"
        printf '%d,%s,%s,%d,%d,%s,%s,%s,%s,%s\n' $((SECONDS - begun)) "$(of_process "$server")" \
            "$([[ -n $wine ]] && of_process "$wine" || printf '0,0,0')" "$(bytes_of "$data/openndes.db")" "$(bytes_of "$data/openndes.db-wal")" \
            "$(metric openndes_queue_length)" "$(metric openndes_http_connections)" "$(metric openndes_store_writes_waiting)" \
            "$(awk '/^openndes_requests_total/ { sum += $NF } END { print sum + 0 }' "$work/sample")" \
            "$(metric 'openndes_certificates{state="recorded"}')" >>"$csv"
    done
}

step "data"
mixed_data
mixed_start
step "load: $minutes minutes, $devices devices, $rate requests a second"
sample &
sampler=$!
at_exit "kill $sampler 2>/dev/null"
mixed_begin --seconds $((minutes * 60)) --connections "$devices" --rate "$rate" --prefix soak
at_exit 'kill $load 2>/dev/null'
administrate 2
kill "$sampler" 2>/dev/null || true
{
    acts_report
    mixed_end
    mixed_ledger
} >"$folder/soak-$build.txt"
cat "$folder/soak-$build.txt"

step "check, and a clean end"
act_check
stop_server
! grep -aE 'ERROR: (Address|Leak)Sanitizer|runtime error:|WARNING: ThreadSanitizer' "$work/server.log" || fail "a sanitizer complains"
status=0
python3 "$OPENNDES_TESTS/endurance/soak_report.py" "$csv" >"$folder/soak-$build.fit" || status=$?
tee -a "$folder/soak-$build.txt" <"$folder/soak-$build.fit"
[[ $status -eq 0 ]] || fail "something grows"
