# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests that run the whole program share. Sourced, never run:
#     source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
# It makes a folder of its own; whatever happens, the server ends and the folder goes.
#     OPENNDES_PROGRAM     the program under test
#     OPENNDES_LAUNCHER    what starts it: toolchain/wine for the Windows program, else empty
#     OPENNDES_TEST_KEEP   when set, the folder stays, for looking into it
#     CI                   when set, a missing client fails the test instead of skipping it
# Variables for the tests: $work (folder), $data (data folder), $out and $err (files with what the
# program said last), $status (its exit code), $base (http://127.0.0.1:PORT), $url ($base/scep/device),
# $passphrase, $server (its process).
set -euo pipefail

export LC_ALL=C.UTF-8
OPENNDES_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Seconds; under Wine and sanitizers everything is slower. Long runs beside others have more.
readonly PATIENCE=${OPENNDES_TEST_PATIENCE:-60}

test_name=${0##*/}
test_name=${test_name%.sh}
exec </dev/null

[[ -n ${OPENNDES_PROGRAM:-} && -x ${OPENNDES_PROGRAM:-} ]] || {
    printf '%s: OPENNDES_PROGRAM has to name the program: run the test through ctest.\n' "$test_name" >&2
    exit 1
}
launch=("$OPENNDES_PROGRAM")
[[ -z ${OPENNDES_LAUNCHER:-} ]] || launch=("$OPENNDES_LAUNCHER" "$OPENNDES_PROGRAM")

on_windows() { [[ $OPENNDES_PROGRAM == *.exe ]]; }

work=$(mktemp -d "${TMPDIR:-/tmp}/openndes-$test_name.XXXXXX")
chmod 700 "$work"
readonly out=$work/out err=$work/err
data=$work/data
base='' url='' passphrase='' server='' drain='' status=0

# ---- saying ---------------------------------------------------------------------------------------

step() { printf -- '-- %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
    printf '%s: FAILED: %s\n' "$test_name" "$*" >&2
    local i
    for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
        printf '    from %s, line %s\n' "${FUNCNAME[i]}" "${BASH_LINENO[i - 1]}" >&2
    done
    if [[ -s $work/server.log ]]; then
        printf 'The server said last:\n' >&2
        tail -n 20 "$work/server.log" | sed 's/^/    /' >&2
    fi
    exit 1
}

# skip_part REASON: what follows does not apply here; the test goes on.
skip_part() { printf -- '-- skipped: %s\n' "$*"; }

# need COMMAND PACKAGE: without it the test is skipped, or fails where everything has to be there.
need() {
    command -v "$1" >/dev/null && return
    [[ -z ${CI:-} ]] || fail "$1 is missing (package $2): run toolchain/packages."
    printf '%s: skipped: %s is missing (package %s).\n' "$test_name" "$1" "$2"
    exit 77
}

# eventually SECONDS COMMAND...: repeat until it succeeds; false when the time is over.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $deadline ]] || return 1
        sleep 0.1
    done
}

# ---- cleaning up ----------------------------------------------------------------------------------

# at_exit COMMAND: run before the folder goes, last in first out.
at_exit_commands=()
at_exit() { at_exit_commands+=("$1"); }

clean_up() {
    local result=$? i
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    if [[ -n $server ]]; then
        kill -KILL "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    [[ -z $drain ]] || wait "$drain" 2>/dev/null
    for ((i = ${#at_exit_commands[@]} - 1; i >= 0; i--)); do
        eval "${at_exit_commands[i]}"
    done
    if [[ -n ${OPENNDES_TEST_KEEP:-} ]]; then
        printf 'kept: %s\n' "$work" >&2
    else
        # A client's helper may still be writing its last file.
        eventually 10 rm -rf "$work" 2>/dev/null || {
            printf '%s cannot be removed\n' "$work" >&2
            result=1
        }
    fi
    [[ $result -ne 0 ]] || printf '%s: passed (%d s)\n' "$test_name" "$SECONDS"
    exit "$result"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the program ----------------------------------------------------------------------------------

# path FILE: as the program has to be given it. Under Wine drive Z: is the root folder.
path() { if on_windows; then printf 'Z:%s' "$1"; else printf '%s' "$1"; fi; }

# run_program ARGUMENT...: with standard input as given; the exit code is in $status afterwards.
run_program() {
    status=0
    timeout -k 5 "$PATIENCE" "${launch[@]}" "$@" >"$out" 2>"$err" || status=$?
    # Our program never fails without a word. On a busy machine Wine does, before it has begun.
    if [[ $status -eq 1 && ! -s $out && ! -s $err ]] && on_windows; then
        printf -- '-- Wine did not start openndes %s; once more\n' "$1"
        status=0
        timeout -k 5 "$PATIENCE" "${launch[@]}" "$@" >"$out" 2>"$err" || status=$?
    fi
    sed -i 's/\r$//' "$out" "$err"
    [[ $status -ne 124 && $status -ne 137 ]] || fail "openndes $* did not end within $PATIENCE s"
    # A sanitizer's report or a crash is never an expected refusal.
    [[ $status -lt 64 ]] || fail "openndes $* crashed ($status): $(<"$err")"
}

# on_data ARGUMENT...: the same for the data folder.
on_data() { run_program --data "$(path "$data")" "$@"; }

# ok ARGUMENT...: must succeed, and says nothing on standard error.
ok() {
    on_data "$@"
    [[ $status -eq 0 ]] || fail "openndes $* ended with $status: $(<"$err")"
    [[ ! -s $err ]] || fail "openndes $* complained: $(<"$err")"
}

# refused CODE REASON ARGUMENT...: must fail with this exit code, one sentence and the reason's id.
refused() {
    local code=$1 reason=$2
    shift 2
    on_data "$@"
    [[ $status -eq $code ]] || fail "openndes $* ended with $status instead of $code: $(<"$err")"
    [[ $(wc -l <"$err") -eq 1 && $(<"$err") =~ ^openndes:\ .+\ \[$reason\]$ ]] ||
        fail "openndes $*: not one sentence that ends in [$reason]: $(<"$err")"
}

# said FILE TEXT: the text is in $out or $err.
said() { grep -qF -- "$2" "$1" || fail "\"$2\" is not in: $(<"$1")"; }
not_said() { ! grep -qF -- "$2" "$1" || fail "\"$2\" is in: $(<"$1")"; }

# value_of LABEL: what stands behind "LABEL: " in $out.
value_of() { sed -n "s/^$1: //p" "$out" | head -n 1; }

# make_data [INIT-ARGUMENT...]: a data folder; sets $passphrase when it was generated. RSA 2048 for the
# CA, because that is fast.
make_data() {
    if [[ " $* " == *" --ca-key "* || " $* " == *" --no-ca "* ]]; then ok init "$@"; else ok init --ca-key rsa2048 "$@"; fi
    passphrase=$(value_of Passphrase)
}

# set_passphrase TEMPLATE PASSPHRASE
set_passphrase() { ok template set "$1" challenge.passphrase=- <<<"$2"; }

# ---- the server -----------------------------------------------------------------------------------

# start_server [RUN-ARGUMENT...]: on a free port of 127.0.0.1; returns when it has said Ready.
start_server() {
    start_server_raw --listen 127.0.0.1:0 "$@" ||
        fail "the server ended with $status instead of serving: $(<"$work/server.log")"
}

# start_server_raw RUN-ARGUMENT...: false when it ends before it is ready; $status is its exit code.
start_server_raw() {
    try_server "$@" && return
    # As in run_program: without a word, it is Wine that has not begun.
    [[ $status -eq 1 && ! -s $work/server.log ]] && on_windows || return 1
    printf -- '-- Wine did not start the server; once more\n'
    try_server "$@"
}

try_server() {
    local line='' deadline=$((SECONDS + PATIENCE)) fifo=$work/server.fifo output
    [[ -z $server ]] || fail "a server runs already"
    rm -f "$fifo"
    mkfifo "$fifo"
    : >"$work/server.log"
    # Job control: the server gets a process group of its own and INT is not ignored in it.
    set -m
    "${launch[@]}" --data "$(path "$data")" run "$@" </dev/null >"$fifo" 2>&1 &
    server=$!
    set +m
    exec {output}<"$fifo"
    url=''
    while [[ $SECONDS -lt $deadline ]]; do
        if IFS= read -r -t $((deadline - SECONDS)) -u "$output" line; then
            line=${line%$'\r'}
            printf '%s\n' "$line" >>"$work/server.log"
            case $line in
            "SCEP URL: "*) url=${url:-${line#SCEP URL: }} ;;
            Ready) break ;;
            esac
        elif [[ $? -le 128 ]]; then # end of output, not time
            exec {output}<&-
            wait_server
            return 1
        fi
    done
    [[ $line == Ready ]] || fail "the server did not say Ready within $PATIENCE s"
    base=${url%%/scep/*}
    url=$base/scep/device
    sed -u 's/\r$//' <&"$output" >>"$work/server.log" &
    drain=$!
    exec {output}<&-
}

# own_wine: for tests that kill the server. Wine's server goes on polling the sockets of a killed process for
# ever, at a third of a processor: so it is one of the test's own, on a prefix whose files are links to the
# common one's, and ends with the test.
own_wine() {
    on_windows || return 0
    local common=${OPENNDES_WINEPREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/openndes/wine} own file
    [[ -d $common ]] || run_program version # makes it
    own=$(mktemp -d "$common.XXXXXX")
    at_exit "'$OPENNDES_LAUNCHER' --stop >/dev/null 2>&1; rm -rf '$own' '$own.lock'"
    cp -a "$common"/*.reg "$common/dosdevices" "$common/.update-timestamp" "$own"
    mkdir -p "$own/drive_c/windows/temp" "$own/drive_c/ProgramData"
    # What other tests are writing may not get a second name: programs only, and empty folders for the rest.
    cp -al "$common/drive_c/Program Files"* "$own/drive_c"
    find "$common/drive_c/windows" -mindepth 1 -maxdepth 1 ! -iname temp -exec cp -al -t "$own/drive_c/windows" {} +
    (cd "$common" && find drive_c/users -path '*/Temp/*' -prune -o -type d -print0) | (cd "$own" && xargs -0 mkdir -p)
    export OPENNDES_WINEPREFIX=$own
}

# wait_server: after it was told to end; $status is its exit code.
wait_server() {
    local pid=$server
    timeout 30 tail --pid="$pid" -f /dev/null || fail "the server did not end within 30 s"
    status=0
    wait "$pid" || status=$?
    server=''
    [[ -z $drain ]] || wait "$drain" || true
    drain=''
}

# stop_server: Ctrl-C; it has to end in good order.
stop_server() {
    kill -INT "$server"
    wait_server
    [[ $status -eq 0 ]] || fail "the server ended with $status on Ctrl-C"
}

kill_server() {
    kill -KILL "$server"
    # In this shell's words "Killed" would look like a failure of the test.
    wait "$server" 2>/dev/null || true
    server=''
    wait "$drain" || true
    drain=''
}

# in_log TEXT: a line of the server's log file holds it.
in_log() { grep -qF -- "$1" "$data/logs/openndes.log"; }

# http_status CURL-ARGUMENT...: prints the status of one request.
http_status() { curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' "$@" || true; }
answers() { [[ $(http_status "${@:2}") == "$1" ]]; }

# audited FIELD=VALUE...: a record of the audit file has all these values; prints the last such.
audited() {
    python3 - "$data/logs/audit.jsonl" "$@" <<'END'
import json, sys
wanted = [pair.split("=", 1) for pair in sys.argv[2:]]
found = None
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        record = json.loads(line)
        if all(str(record.get(name)) == value for name, value in wanted):
            found = line
if found is None:
    sys.exit("no audit record with %s" % sys.argv[2:])
print(found, end="")
END
}

# json EXPRESSION: a Python expression over $out, parsed as "j"; fails when $out is no JSON.
json() {
    python3 -c 'import json, sys
j = json.load(open(sys.argv[1], encoding="utf-8"))
value = eval(sys.argv[2])
print(json.dumps(value) if isinstance(value, (bool, dict, list)) else value)' "$out" "$1"
}

# ---- a SCEP client --------------------------------------------------------------------------------

new_key() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"${2:-2048}" -out "$1" 2>/dev/null ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:"${2:-2048}" -out "$1" 2>/dev/null; }

# fetch_ca FOLDER [URL]: what GetCACert says: ra.pem, ca.pem (the issuing CA), chain.pem (all CAs).
fetch_ca() {
    local folder=$1 from=${2:-$url} file
    mkdir -p "$folder"
    rm -f "$folder"/*.pem
    curl --fail --silent --show-error --max-time 30 --output "$folder/answer.der" "$from?operation=GetCACert" ||
        fail "GetCACert of $from"
    openssl pkcs7 -inform DER -in "$folder/answer.der" -print_certs -out "$folder/all.txt"
    # One file for each certificate: RA, issuing CA, its parents.
    awk -v folder="$folder" '/BEGIN CERT/ { inside = 1; n++ }
        inside { print > (folder "/" n ".pem") }
        /END CERT/ { inside = 0 }' "$folder/all.txt"
    mv "$folder/1.pem" "$folder/ra.pem"
    cp "$folder/2.pem" "$folder/ca.pem"
    : >"$folder/chain.pem"
    for file in "$folder"/[2-9].pem; do cat "$file" >>"$folder/chain.pem"; done
}

# enrol NAME PASSPHRASE [URL [PKI-OPTION...]]: with strongSwan's pki and the CA in $work/ca; gives
# $work/NAME.key (kept when it is there) and NAME.pem; what the client said is in NAME.log. False when
# it got no certificate.
enrol() {
    local name=$1 to=${3:-$url}
    local folder=${ca_folder:-$work/ca} file cas=()
    for file in "$folder"/[2-9].pem; do [[ ! -e $file ]] || cas+=(--cacert "$file"); done
    [[ -f $work/$name.key ]] || new_key "$work/$name.key"
    # The passphrase in a file: an argument could be read by others.
    (umask 077 && printf -- '--password "%s"\n' "$2" >"$work/$name.options")
    timeout -k 5 "$PATIENCE" pki --scep --options "$work/$name.options" --url "$to" --in "$work/$name.key" \
        --dn "${enrol_dn:-CN=$name}" --cacert-enc "$folder/ra.pem" --cacert-sig "$folder/ca.pem" \
        "${cas[@]}" --interval 1 --maxpolltime 3 --outform pem "${@:4}" \
        >"$work/$name.pem" 2>"$work/$name.log" && [[ -s $work/$name.pem ]]
}

# enrolled NAME PASSPHRASE ...: must give a certificate that fits.
enrolled() {
    enrol "$@" || fail "no certificate for $1: $(grep -v "^\(TPM\|plugin\)" "$work/$1.log")"
    check_certificate "$work/$1.pem" "$work/$1.key" "CN = $1"
}
# not_enrolled REASON NAME PASSPHRASE ...: must be refused, for this reason.
not_enrolled() {
    local reason=$1
    shift
    ! enrol "$@" || fail "$1 got a certificate"
    audited event=enroll result=refused "reason=$reason" "requested_subject=CN=$1" >/dev/null ||
        fail "$1 was not refused for the reason $reason: $(tail -n 1 "$data/logs/audit.jsonl")"
}

# check_certificate CERT KEY SUBJECT: verifies against the CA from GetCACert, is for this key and name.
check_certificate() {
    local folder=${ca_folder:-$work/ca} subject
    # The last of the chain is the trust anchor, the others are intermediates.
    openssl verify -x509_strict -CAfile "$folder/chain.pem" -untrusted "$folder/chain.pem" "$1" \
        >"$work/verify.log" 2>&1 || fail "openssl verify: $(<"$work/verify.log")"
    subject=$(openssl x509 -in "$1" -noout -subject)
    [[ $subject == "subject=$3" ]] || fail "$subject instead of $3"
    [[ $(openssl x509 -in "$1" -noout -pubkey) == "$(openssl pkey -in "$2" -pubout)" ]] ||
        fail "the certificate $1 is not for the key $2"
}

# serial_of CERT: as "cert list" prints it.
serial_of() {
    local serial
    serial=$(openssl x509 -in "$1" -noout -serial)
    serial=${serial#serial=}
    printf '%s' "${serial,,}"
}

# start_recorder: a proxy that keeps PKIOperations in $work/wire; sets $recorded_url, the way through it
# to the template "device".
start_recorder() {
    local output line
    mkdir -p "$work/wire"
    exec {output}< <(exec python3 "$OPENNDES_TESTS/interop/recorder.py" "$base" "$work/wire" 2>"$work/recorder.log")
    at_exit "kill $! 2>/dev/null"
    IFS= read -r -t "$PATIENCE" -u "$output" line || fail "the recorder did not start: $(<"$work/recorder.log")"
    exec {output}<&-
    recorded_url=http://127.0.0.1:${line#Port: }/scep/device
}

# certrep FILE ATTRIBUTE: the text of messageType, pkiStatus, failInfo or transactionID in a CertRep.
certrep() {
    local oid=2.16.840.1.113733.1.9.
    case $2 in
    messageType) oid+=2 ;;
    pkiStatus) oid+=3 ;;
    failInfo) oid+=4 ;;
    transactionID) oid+=7 ;;
    *) fail "certrep knows no $2" ;;
    esac
    openssl cms -cmsout -print -noout -inform DER -in "$1" 2>"$work/certrep.log" |
        awk -v oid="($oid)" 'index($0, oid) { found = 1; next }
            found && /STRING:/ { sub(/.*STRING:/, ""); print; exit }'
}
