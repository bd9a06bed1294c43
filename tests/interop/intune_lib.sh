# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The stand-in for Microsoft's cloud (tests/support/intune_cloud.h) for shell tests. Sourced behind
# lib.sh. OPENNDES_INTUNE_CLOUD names the program.
# Variables for the tests: $cloud (folder with ca.pem, url and calls.log), $cloud_url.

cloud=$work/cloud
cloud_url='' cloud_process='' cloud_input=''

# start_cloud: returns when it serves. Ends with the test.
start_cloud() {
    local program=("$OPENNDES_INTUNE_CLOUD")
    [[ -z ${OPENNDES_LAUNCHER:-} ]] || program=("$OPENNDES_LAUNCHER" "${program[@]}")
    mkdir -p "$cloud"
    rm -f "$cloud/url" "$cloud/input"
    mkfifo "$cloud/input"
    "${program[@]}" "$(path "$cloud")" <"$cloud/input" >"$cloud/calls.log" 2>"$cloud/error.log" &
    cloud_process=$!
    exec {cloud_input}>"$cloud/input" # open until stop_cloud: the cloud ends with its input
    at_exit 'kill -KILL "$cloud_process" 2>/dev/null'
    eventually "$PATIENCE" test -s "$cloud/url" || fail "the cloud did not start: $(<"$cloud/error.log")"
    cloud_url=$(<"$cloud/url")
}

# stop_cloud: by the end of its input; it has to end in good order.
stop_cloud() {
    local code=0
    exec {cloud_input}>&-
    wait_cloud
    [[ $code -eq 0 && ! -s $cloud/error.log ]] || fail "the cloud ended with $code: $(<"$cloud/error.log")"
}

# wait_cloud: sets the caller's $code.
wait_cloud() {
    timeout 30 tail --pid="$cloud_process" -f /dev/null || fail "the cloud did not end within 30 s"
    wait "$cloud_process" || code=$?
}

# cloud_order NAME [JSON]: POST /_control/NAME; the answer is in $out.
cloud_order() {
    curl --fail --silent --show-error --max-time 30 --noproxy '*' --cacert "$cloud/ca.pem" \
        --output "$out" --data-binary "${2:-}" "$cloud_url/_control/$1" || fail "the cloud refuses $1: ${2:-}"
}

# cloud_list NAME: GET /_control/NAME; the answer is in $out, for json.
cloud_list() {
    curl --fail --silent --show-error --max-time 30 --noproxy '*' --cacert "$cloud/ca.pem" \
        --output "$out" "$cloud_url/_control/$1" || fail "the cloud does not list $1"
}

# cloud_challenge [JSON]: prints a challenge for what the JSON expects.
cloud_challenge() {
    cloud_order challenge "${1:-}"
    json 'j["challenge"]'
}

# cloud_has COUNT PATH: so many calls have come, none of them wrong.
cloud_has() {
    cloud_list calls
    [[ $(json "sum(c['path'] == '$2' for c in j)") == "$1" ]] &&
        [[ $(json "[c for c in j if c['protocolError']]") == '[]' ]]
}
