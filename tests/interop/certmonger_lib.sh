# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# certmonger as a daemon on a session bus of its own. Sourced behind lib.sh.
readonly CERTMONGER=/usr/lib/certmonger/certmonger-session
need getcert certmonger
[[ -x $CERTMONGER ]] || need "$CERTMONGER" certmonger
need dbus-daemon dbus-daemon

group_is_gone() { ! kill -0 -- "-$1" 2>/dev/null; }
# certmonger keeps its requests and CAs below HOME; nobody else's HOME changes.
getcert_quiet() { HOME=$work/home timeout 20 getcert "$@" >"$work/getcert.out" 2>&1; }

start_certmonger() {
    local bus
    mkdir -m 700 "$work/home" "$work/certs"
    # The usual session bus starts a certmonger by itself when somebody asks for one that is not there
    # yet: one with the user's own HOME, whose CAs outlive the test.
    cat >"$work/bus.conf" <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
    exec {bus}< <(HOME=$work/home exec dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile \
        --print-address 2>"$work/dbus.log")
    at_exit "kill $! 2>/dev/null"
    IFS= read -r -t "$PATIENCE" -u "$bus" DBUS_SESSION_BUS_ADDRESS || fail "dbus-daemon: $(<"$work/dbus.log")"
    export DBUS_SESSION_BUS_ADDRESS
    exec {bus}<&-
    # In a process group of its own, so that it ends together with the helpers it starts.
    set -m
    HOME=$work/home "$CERTMONGER" -n -B -d 3 >"$work/certmonger.log" 2>&1 &
    set +m
    at_exit "kill -- -$! 2>/dev/null; wait $! 2>/dev/null; eventually 10 group_is_gone $!"
    eventually 20 getcert_quiet list -s || fail "certmonger does not answer: $(<"$work/getcert.out")"
}

# request NAME PASSPHRASE
request() {
    (umask 077 && printf '%s' "$2" >"$work/$1.passphrase")
    getcert_quiet request -s -c openndes -I "$1" -k "$work/certs/$1.key" -f "$work/certs/$1.pem" \
        -N "CN=$1" -l "$work/$1.passphrase" || fail "getcert request: $(<"$work/getcert.out")"
}
# state_is NAME STATE...: one of these
state_is() {
    local state wanted
    getcert_quiet list -s -i "$1" || return 1
    state=$(sed -n 's/^[[:space:]]*status: //p' "$work/getcert.out")
    for wanted in "${@:2}"; do [[ $state != "$wanted" ]] || return 0; done
    return 1
}
