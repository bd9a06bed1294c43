#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A data folder that others may change, or whose secrets they may read: the server does not start,
# says why, and the command in its sentence mends it. Wine knows the modes of owner and everybody.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=15 # seconds until a change has to be in force

# start_refused REASON TEXT: the server does not start and says the text
start_refused() {
    ! start_server_raw --listen 127.0.0.1:0 || fail "the server serves"
    [[ $status -eq 8 ]] || fail "run ended with $status instead of 8: $(<"$work/server.log")"
    grep -q "^openndes: .*\[$1\]$" "$work/server.log" || fail "run does not say [$1]: $(<"$work/server.log")"
    said "$work/server.log" "$2"
}

# mend FILE MODE: natively by the command in the sentence, under Wine by the mode it had
mend() {
    if on_windows; then
        said "$work/server.log" "service setup"
        chmod "$2" "$data/$1"
        return
    fi
    local command
    command=$(sed -n 's/^openndes: .*mend it with: \(.*\) \[rights-unsafe\]$/\1/p' "$work/server.log")
    [[ $command == *"\"$data${1:+/$1}\""* ]] || fail "no command for ${1:-the data folder}: $(<"$work/server.log")"
    bash -c "$command" || fail "the command in the sentence fails: $command"
}

step "init closes an empty folder that is open, and takes no other"
mkdir "$data"
chmod 777 "$data"
printf 'x' >"$data/somebody's"
refused 8 rights-unsafe init --no-ca
rm "$data/somebody's"
make_data
ok cert list # makes the database
[[ $(stat -c %a "$data") == *0 ]] || fail "the data folder is open: $(stat -c %A "$data")"

step "one thing at a time"
if on_windows; then
    cases=("secrets.key 644 600 read" "ca/default 707 700 change")
else
    cases=(". 777 700 change" "secrets.key 644 600 read" "openndes.json 664 644 change"
        "openndes.db 640 600 read" "ca/default 770 700 change" "ca/default/ca.key 602 600 change"
        "templates/device.json 666 644 change" "policies 757 700 change" "logs 770 700 change")
fi
for case in "${cases[@]}"; do
    read -r file open closed verb <<<"$case"
    chmod "$open" "$data/$file"
    start_refused rights-unsafe "may $verb it"
    mend "${file#.}" "$closed"
done

if ! on_windows; then
    step "several: the first, and how many"
    chmod 644 "$data/secrets.key" "$data/protect.key"
    start_refused rights-unsafe "protect.key: everybody may read it"
    said "$work/server.log" "(and 1 more: openndes check)"
    chmod 600 "$data/secrets.key" "$data/protect.key"

    step "links are not followed"
    mv "$data/templates" "$work/templates"
    ln -s "$work/templates" "$data/templates"
    start_refused reparse-point "$data/templates is a symbolic link"
    rm "$data/templates"
    mv "$work/templates" "$data/templates"
    mv "$data" "$work/real"
    ln -s "$work/real" "$data"
    start_refused reparse-point "$data is a symbolic link"
    rm "$data"
    mv "$work/real" "$data"

    step "a command does not use a secret that others may read"
    chmod 644 "$data/openndes.db"
    refused 8 rights-unsafe cert list
    chmod 600 "$data/openndes.db"

    step "nor a database beside which others may put a log"
    chmod 777 "$data"
    refused 8 rights-unsafe cert list
    chmod 700 "$data"
    : >"$data/openndes.db-wal"
    chmod 666 "$data/openndes.db-wal"
    refused 8 rights-unsafe cert list
    rm "$data/openndes.db-wal"
fi

step "while it runs: what others may change is not taken, and once mended it is"
start_server
fetch_ca "$work/ca"
chmod 646 "$data/templates/device.json"
eventually $SOON in_log "rights-unsafe" || fail "the log does not tell of the open template"
in_log "the old one stays in force" || fail "the old template does not stay"
enrolled during "$passphrase"
chmod 644 "$data/templates/device.json"
eventually $SOON in_log "template device reloaded" || fail "the mended template is not taken"
enrolled after "$passphrase"
stop_server
