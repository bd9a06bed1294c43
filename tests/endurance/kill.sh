#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The server is killed at random moments while devices enrol, and started again: nothing that a
# device has received may be missing, nothing may be done twice or by halves.
#
#   toolchain/endure kill [ROUNDS [CHECKED-EVERY]]    200 rounds, everything is compared after every 20
#
# A round: devices with a passphrase, pairs of devices that share a one-time password, new passwords
# and a revocation by the command line; then SIGKILL, and the next start. Devices without an
# answer send the same bytes again in the next round. A round takes about 1.5 s natively, 6 s under
# Wine. OPENNDES_KILL_SEED repeats the moments of an earlier run.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
own_wine

readonly ROUNDS=${1:-200} EVERY=${2:-20}
readonly SEED=${OPENNDES_KILL_SEED:-$((RANDOM * 32768 + RANDOM))}
readonly CLIENT=${OPENNDES_LOAD:?}/endurance/crash_client
[[ -x $CLIENT ]] || fail "crash_client is missing: build the target endurance"
RANDOM=$SEED
step "$ROUNDS rounds, seed $SEED"

# How long the devices may work in a round, in milliseconds.
if on_windows; then readonly SHORTEST=200 LONGEST=2500 PASSWORDS=4; else readonly SHORTEST=20 LONGEST=1200 PASSWORDS=12; fi

now_ms() { local us=${EPOCHREALTIME/[.,]/}; printf '%s' $((us / 1000)); }

# passwords COUNT FILE: made by the command line beside the server, "ID PASSWORD" on each line.
passwords() {
    local i
    for ((i = 0; i < $1; i++)); do
        "${launch[@]}" --data "$(path "$data")" password new once --json 2>/dev/null |
            python3 -c 'import json, sys; j = json.load(sys.stdin); print(j["id"], j["password"])' >>"$2" 2>/dev/null || true
    done
}

# start_timed: as start_server; adds its time in milliseconds to the list.
start_timed() {
    local begun
    begun=$(now_ms)
    start_server
    starts+=($(($(now_ms) - begun)))
}
starts=()

# some_serial: of a certificate that a device has, at random.
some_serial() { shuf -n 1 --random-source=<(yes "$RANDOM") <(awk '$1 == "issued" { print tolower($5) }' "$work/ledger"); }

# compare: the server ends in good order, and the books are compared.
compare() {
    stop_server
    on_data check --json
    [[ $(json '[c["level"] for c in j if c["what"] == "database"]') == '["ok"]' ]] || fail "openndes check: $(<"$out")"
    python3 "$OPENNDES_TESTS/endurance/ledger.py" "$data" "$work/ledger" "$work/revoked" >"$work/compared" 2>&1 ||
        fail "the ledger: $(<"$work/compared")"
    start_timed
    eventually 30 curl --fail --silent --max-time 60 --output "$work/crl.der" "$base/crl/default.crl" || fail "no CRL"
    openssl crl -inform DER -in "$work/crl.der" -noout -text | awk '/Serial Number:/ { print tolower($3) }' >"$work/listed"
    while read -r line; do
        grep -qix "0*$line" "$work/listed" || fail "$line was revoked and is not in the CRL"
    done <"$work/revoked"
    step "$(<"$work/compared"); $(wc -l <"$work/revoked") revoked, all listed; start: $(printf '%s\n' "${starts[@]}" | sort -n | awk '{ t[NR] = $1 } END { printf "median %d ms, longest %d ms of %d", t[int((NR + 1) / 2)], t[NR], NR }')"
}

make_data
ok template add once challenge.type=ndes enabled=true ndes.PasswordMax=10000 ndes.PasswordValidity=1440
export OPENNDES_LOAD_CHALLENGE=$passphrase
touch "$work/ledger" "$work/again" "$work/revoked" "$work/passwords.1"
start_timed
passwords "$PASSWORDS" "$work/passwords.1"
[[ -s $work/passwords.1 ]] || fail "no passwords"

broken=0
for ((round = 1; round <= ROUNDS; round++)); do
    next=$work/passwords.$((round + 1))
    : >"$next"
    "$CLIENT" --device "$url" --once "$base/scep/once" --passwords "$work/passwords.$round" --ledger "$work/ledger" \
        --again "$work/again" --prefix "r$round" >"$work/client.log" 2>&1 &
    client=$!
    passwords "$PASSWORDS" "$next" &
    maker=$!
    # The devices take a moment to begin.
    until [[ $(stat -c %s "$work/ledger") -gt ${before:-0} ]] || ! kill -0 "$client" 2>/dev/null; do sleep 0.02; done
    moment=$((SHORTEST + RANDOM % (LONGEST - SHORTEST)))
    if ((round % 3 == 0)); then
        serial=$(some_serial)
        (sleep "$(printf '0.%03d' $((RANDOM % 300)))" && run_program --data "$(path "$data")" cert revoke "$serial" && [[ $status -eq 0 ]] &&
            printf '%s\n' "$serial" >>"$work/revoked") &
        revoker=$!
    fi
    sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
    kill_server
    kill "$maker" 2>/dev/null || true # the command that it has started goes on
    [[ -z ${revoker:-} ]] || wait "$revoker" || true
    revoker=''
    wait "$client" || broken=$?
    wait "$maker" 2>/dev/null || true
    [[ $broken -eq 0 ]] || fail "round $round: $(<"$work/client.log")"
    before=$(stat -c %s "$work/ledger")
    rm -f "$work/passwords.$round"
    start_timed
    if ((round % EVERY == 0 || round == ROUNDS)); then compare; fi
done
stop_server
step "$ROUNDS kills: $(<"$work/compared")"
