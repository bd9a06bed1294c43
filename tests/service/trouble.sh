#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Things that go wrong on a real machine: each has to end in one sentence, an exit code and a data
# folder that is still whole.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
own_wine

# run_refused CODE REASON [RUN-ARGUMENT...]: the server does not start
run_refused() {
    local code=$1 reason=$2
    shift 2
    [[ $# -gt 0 ]] || set -- --listen 127.0.0.1:0
    ! start_server_raw "$@" || fail "the server serves"
    [[ $status -eq $code ]] || fail "run ended with $status instead of $code: $(<"$work/server.log")"
    grep -q "^openndes: .*\[$reason\]$" "$work/server.log" || fail "run does not say [$reason]: $(<"$work/server.log")"
}
keep() { rm -rf "$work/good" && cp -a "$data" "$work/good"; }
restore() { rm -rf "$data" && cp -a "$work/good" "$data"; }

make_data
# A template with a CA of its own, which is never touched: it has to serve whatever happens beside it.
ok ca create sound --ca-key p256
ok template add sound enabled=true ca=sound challenge.passphrase=- <<<"$passphrase"
start_server
fetch_ca "$work/ca"
enrolled first "$passphrase"

step "port in use: exit code 9, and who holds it"
# The same folder is held as well: another one for the second server.
cp -a "$data" "$work/second"
port=${base##*:}
(
    data=$work/second server='' drain=''
    run_refused 9 port-in-use --listen "127.0.0.1:$port"
    grep -q "$port" "$work/server.log" || fail "the port is not named"
    if on_windows; then
        skip_part "who holds the port, under Wine"
    else
        grep -qE "openndes|process|pid" "$work/server.log" || fail "the holder is not named: $(<"$work/server.log")"
    fi
) || exit 1
answers 200 "$url?operation=GetCACaps" || fail "the first server no longer answers"

step "address that this machine does not have"
(
    data=$work/second server='' drain=''
    run_refused 9 address-not-local --listen 192.0.2.77:0
) || exit 1

step "data folder in use"
(
    server='' drain=''
    run_refused 7 data-folder-in-use
) || exit 1
stop_server

step "data folder missing, or without openndes.json"
keep
mv "$data" "$work/away"
run_refused 6 data-folder-missing
mkdir "$data"
run_refused 6 data-folder-missing
rmdir "$data"
mv "$work/away" "$data"

step "broken openndes.json"
printf '{ "listen": ' >"$data/openndes.json"
run_refused 3 config-syntax
printf '{ "lisen": "127.0.0.1:80" }' >"$data/openndes.json"
run_refused 3 config-unknown-key
grep -q '"listen"' "$work/server.log" || fail "no suggestion: $(<"$work/server.log")"
restore

step "corrupt database"
dd if=/dev/urandom of="$data/openndes.db" bs=4096 count=4 conv=notrunc 2>/dev/null
rm -f "$data"/openndes.db-*
run_refused 7 store-corrupt
refused 7 store-corrupt cert list
on_data check
[[ $status -eq 7 ]] || fail "check ended with $status"
restore
head -c 100 /dev/urandom >"$data/openndes.db"
run_refused 7 store-corrupt
restore

step "a secrets.key or key of the CA that does not open"
head -c 60 /dev/urandom >"$data/secrets.key"
run_refused 8 key-protection
restore
rm "$data/secrets.key"
! start_server_raw --listen 127.0.0.1:0 || fail "without secrets.key the server serves"
[[ $status -eq 6 || $status -eq 8 ]] || fail "without secrets.key: exit code $status"
restore

step "CA or RA incomplete: the server says which, and nobody gets a certificate"
for lost in ra.crt ra.key ca.key ca.crt; do
    rm "$data/ca/default/$lost"
    on_data check
    [[ $status -eq 8 || $status -eq 5 ]] || fail "check without $lost ended with $status: $(<"$err")"
    said "$out" "ca/default/$lost"
    if start_server_raw --listen 127.0.0.1:0; then
        found=$(http_status "$url?operation=GetCACert")
        # The certificates may still be shown; issuing is impossible.
        [[ $found == 503 || $found == 200 || $found == 500 ]] || fail "without $lost GetCACert answers $found"
        ! enrol "without-$lost" "$passphrase" || fail "without $lost a certificate was issued"
        answers 200 "$base/scep/sound?operation=GetCACert" || fail "without $lost another template's CA does not answer"
        in_log "template device is broken" && in_log "ca/default" || fail "the log does not name the template and its CA"
        stop_server
    else
        [[ $status -eq 8 || $status -eq 5 || $status -eq 6 ]] || fail "without $lost run ended with $status"
        grep -q "$lost" "$work/server.log" || fail "run does not name $lost: $(<"$work/server.log")"
    fi
    restore
done

step "the CA ends while the server runs"
# A CA of a few seconds, made elsewhere: openssl's "ca" can date to the second.
mkdir "$work/dated" && : >"$work/dated/index" && printf '01\n' >"$work/dated/serial"
cat >"$work/dated/ca.cnf" <<END
[ca]
default_ca=d
[d]
database=$work/dated/index
serial=$work/dated/serial
new_certs_dir=$work/dated
default_md=sha256
policy=p
x509_extensions=e
[p]
commonName=supplied
[e]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
END
new_key "$work/dated/ca.key"
openssl req -new -key "$work/dated/ca.key" -subj "/CN=Short" -out "$work/dated/ca.csr"
if on_windows; then lifetime=25; else lifetime=18; fi
openssl ca -batch -selfsign -config "$work/dated/ca.cnf" -keyfile "$work/dated/ca.key" -in "$work/dated/ca.csr" \
    -startdate 20250101000000Z -enddate "$(date -u -d "+$lifetime seconds" +%Y%m%d%H%M%SZ)" -notext -out "$work/dated/ca.crt" 2>"$work/dated/log" ||
    fail "openssl ca: $(<"$work/dated/log")"
end=$(date -d "$(openssl x509 -in "$work/dated/ca.crt" -noout -enddate | sed 's/notAfter=//')" +%s)
ok ca import short --cert "$(path "$work/dated/ca.crt")" --key "$(path "$work/dated/ca.key")"
ok template add short enabled=true ca=short challenge.passphrase=- <<<"$passphrase"
start_server
ca_folder=$work/ca-short
fetch_ca "$ca_folder" "$base/scep/short"
before=$(date +%s)
if enrol short-early "$passphrase" "$base/scep/short"; then
    [[ $before -le $end ]] || fail "an expired CA has issued"
    # Nothing it issues may outlive it.
    [[ $(date -d "$(openssl x509 -in "$work/short-early.pem" -noout -enddate | sed 's/notAfter=//')" +%s) -le $end ]] ||
        fail "a certificate outlives its CA"
else
    [[ $(date +%s) -ge $end ]] || fail "no certificate before the CA's end: $(<"$work/short-early.log")"
fi
past_end() { [[ $(date +%s) -gt $end ]]; }
eventually 60 past_end
! enrol short-late "$passphrase" "$base/scep/short" || fail "an expired CA has issued"
grep -q 'ca-expired\|ra-expired' "$data/logs/audit.jsonl" || fail "not refused because of the CA's end: $(tail -n 1 "$data/logs/audit.jsonl")"
ca_folder=$work/ca
fetch_ca "$ca_folder"
enrolled beside "$passphrase"
stop_server
run_program --data "$(path "$data")" check
[[ $status -eq 5 ]] || fail "check of an expired CA ended with $status: $(<"$out")"
restore

step "killed while devices enrol: what a client has is in the database"
fetch_and_enrol() {
    local i
    for i in {1..40}; do
        enrol "crowd-$1-$i" "$passphrase" || return 0
        : >"$work/crowd-$1-$i.got"
    done
}
new_key "$work/crowd.key"
for worker in 1 2; do for i in {1..40}; do cp "$work/crowd.key" "$work/crowd-$worker-$i.key"; done; done
start_server
fetch_and_enrol 1 &
first=$!
fetch_and_enrol 2 &
second=$!
some_got() { [[ $(compgen -G "$work/crowd-*.got" | wc -l) -ge 8 ]]; }
eventually "$PATIENCE" some_got || fail "too few devices got a certificate"
# In the middle of whatever it does.
kill_server
wait "$first" "$second"
got=("$work"/crowd-*.got)
[[ ${#got[@]} -lt 80 ]] || fail "the server was killed too late to show anything"
ok cert list --json
for file in "${got[@]}"; do
    serial=$(serial_of "${file%.got}.pem")
    [[ $(json "any(c['serial'] == '$serial' for c in j)") == true ]] || fail "${file##*/} has $serial, which is not in the database"
done
ok check
start_server
enrolled after-kill "$passphrase"
stop_server
printf -- '-- %d certificates were out when it was killed\n' "${#got[@]}"

if on_windows; then
    skip_part "unreadable and read-only folders, full disk: natively only"
    exit 0
fi

step "data folder without rights"
if [[ $(id -u) -eq 0 ]] && command -v setpriv >/dev/null; then
    # Root may read everything: as somebody else.
    as_nobody() {
        status=0
        timeout "$PATIENCE" setpriv --reuid=65534 --regid=65534 --clear-groups "${launch[@]}" --data "$1" "${@:2}" >"$out" 2>"$err" || status=$?
    }
    chmod 711 "$work"
    as_nobody "$data" template list
    [[ $status -eq 6 || $status -eq 4 ]] || fail "an unreadable data folder: exit code $status: $(<"$err")"
    said "$err" "openndes: "
    rm -rf "$work/foreign" && cp -a "$data" "$work/foreign"
    chown -R 65534:65534 "$work/foreign"
    chmod -R a-w "$work/foreign"
    as_nobody "$work/foreign" template set device validity.days=3
    [[ $status -eq 6 || $status -eq 4 ]] || fail "a read-only data folder: exit code $status: $(<"$err")"
    as_nobody "$work/foreign" run --listen 127.0.0.1:0
    [[ $status -ge 4 && $status -le 7 ]] || fail "run in a read-only data folder: exit code $status: $(<"$err")"
    [[ $(grep -c '^openndes: ' "$err") == 1 ]] || fail "run in a read-only data folder: $(<"$err")"
    chmod 700 "$work"
else
    skip_part "rights: only root can become somebody else"
fi

step "full disk"
mkdir "$work/small"
if [[ $(id -u) -eq 0 ]] && mount -t tmpfs -o size=3m,mode=700 none "$work/small" 2>/dev/null; then
    at_exit "umount -l '$work/small'"
    cp -a "$data" "$work/small/data"
    data=$work/small/data
    start_server
    enrolled before-full "$passphrase"
    head -c 4m /dev/zero >"$work/small/filler" 2>/dev/null || true
    # The write-ahead log may have room for some more, then nothing is issued that is not recorded.
    given=0
    full=no
    for i in {1..200}; do
        cp "$work/crowd.key" "$work/full-$i.key"
        if enrol "full-$i" "$passphrase"; then
            given=$((given + 1))
        else
            full=yes
            break
        fi
    done
    [[ $full == yes ]] || fail "the disk never got full"
    answers 200 "$url?operation=GetCACaps" || fail "with a full disk the server no longer answers"
    rm "$work/small/filler"
    enrolled after-full "$passphrase"
    stop_server
    ok cert list --json
    for ((i = 1; i <= given; i++)); do
        serial=$(serial_of "$work/full-$i.pem")
        [[ $(json "any(c['serial'] == '$serial' for c in j)") == true ]] || fail "full-$i has $serial, which is not in the database"
    done
    ok check
    printf -- '-- %d certificates after the disk was full, then refused\n' "$given"
else
    skip_part "full disk: a tmpfs cannot be mounted here"
fi
