# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests that install the service. Sourced after lib.sh. A Windows service is state of its prefix,
# so these tests have one of their own and use it one at a time: ctest by RESOURCE_LOCK wine_service,
# several runs on one machine by a lock file. What a test that was killed has left is cleared first.
export OPENNDES_WINEPREFIX="${XDG_CACHE_HOME:-$HOME/.cache}/openndes/wine-service"

# own_prefix: waits for the prefix, makes it when it is missing, and ends its programs at the end.
own_prefix() {
    local line='' holder
    mkdir -p "${OPENNDES_WINEPREFIX%/*}"
    # A process of its own holds the lock: what this test starts would inherit it, and Wine stays.
    exec {holder}< <(exec bash -c 'exec 9>"$0"; flock -w 240 9 && echo held && exec sleep 900' \
        "$OPENNDES_WINEPREFIX.tests" 2>/dev/null)
    at_exit "kill $! 2>/dev/null"
    IFS= read -r -t 250 -u "$holder" line || fail "another test keeps the prefix $OPENNDES_WINEPREFIX"
    exec {holder}<&-
    at_exit '"$OPENNDES_LAUNCHER" --stop >/dev/null 2>&1'
    [[ -d $OPENNDES_WINEPREFIX ]] || timeout 180 "${launch[@]}" version >/dev/null 2>&1 || fail "no Wine prefix"
    run_program service status
    if [[ $status -ne 10 ]]; then
        run_program service uninstall
        [[ $status -eq 0 ]] || fail "what an earlier test left cannot be removed: $(<"$err")"
    fi
}

# service ARGUMENT...: must succeed. Only install and setup are given the data folder: the others have
# to find it by themselves.
service() {
    case $1 in
    install | setup) on_data service "$@" ;;
    *) run_program service "$@" ;;
    esac
    [[ $status -eq 0 ]] || fail "openndes service $* ended with $status: $(<"$err") $(<"$out")"
}

# service_refused CODE REASON ARGUMENT...: as refused of lib.sh, without a data folder.
service_refused() {
    local code=$1 reason=$2
    shift 2
    run_program service "$@"
    [[ $status -eq $code ]] || fail "openndes service $* ended with $status instead of $code: $(<"$err")"
    [[ $(tail -n 1 "$err") =~ ^openndes:\ .+\ \[$reason\]$ ]] || fail "openndes service $*: $(<"$err")"
}

# free_port: one that nobody listens on now.
free_port() {
    python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])'
}

# service_process: its number in Unix, "" when it does not run. Its command line holds this test's
# folder, so nobody else's service can be meant.
service_process() { pgrep -f "openndes\.exe.* run --service .*${work##*/}" | head -n 1; }
