#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approval by an administrator: requests wait, "openndes request" finds them by fingerprint and
# decides beside the running service, devices that send their request again get what was decided.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
own_wine

# new_request NAME [CHALLENGE]: a PKCS#10 in $work/NAME.csr
new_request() {
    new_key "$work/$1.key"
    {
        printf '[req]\ndistinguished_name=dn\nprompt=no\nreq_extensions=extensions\n'
        [[ -z ${2:-} ]] || printf 'attributes=attributes\n[attributes]\nchallengePassword=%s\n' "$2"
        printf '[dn]\nCN=%s\n[extensions]\nkeyUsage=digitalSignature,keyEncipherment\n' "$1"
        printf 'subjectAltName=DNS:%s.example.com\n' "$1"
    } >"$work/$1.cnf"
    openssl req -new -key "$work/$1.key" -config "$work/$1.cnf" -outform DER -out "$work/$1.csr" ||
        fail "no request for $1"
}
# send NAME: the same request, however often; $answer is issued, pending or refused.
send() {
    rm -f "$work/$1.pem"
    status=0
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$1.key" --ra-enc "$work/ca/ra.pem" \
        --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "$url" --out "$work/$1.pem" >"$work/$1.log" 2>&1 ||
        status=$?
    case $status in 0) answer=issued ;; 3) answer=pending ;; *) answer=refused ;; esac
}
answered() {
    send "$2"
    [[ $answer == "$1" ]] || fail "$2 was $answer instead of $1: $(<"$work/$2.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
}
# fingerprint NAME DIGEST: of the request as the device has it
fingerprint() {
    local text
    text=$(openssl dgst "-$2" "$work/$1.csr")
    printf '%s' "${text##* }"
}
records() { grep -c '"result":"pending"' "$data/logs/audit.jsonl" || true; }

make_data
ok template set device approval=manual pending.max=2 san.types=dns
start_server
fetch_ca "$work/ca"

step "without challenge, with the right one, with a wrong one"
new_request router7
new_request laptop "$passphrase"
new_request guess wrong-passphrase-wrong
answered pending router7
answered pending router7
answered pending laptop
answered refused guess
audited event=enroll result=refused reason=challenge-rejected >/dev/null || fail "the wrong challenge may wait"
[[ $(records) == 2 ]] || fail "$(records) records of two requests that wait"
new_request third
answered refused third
audited event=enroll result=refused reason=pending-full requested_subject=CN=third >/dev/null || fail "more wait than may"

step "what waits, and what it asks for"
ok request list --pending --json
[[ $(json '[(r["subject"], r["challenge"], r["result"]) for r in j] == [("CN=laptop", "static", "pending"), ("CN=router7", "", "pending")]') == true ]] ||
    fail "request list --pending: $(<"$out")"
ok request show "$(fingerprint router7 md5)" --json
for digest in sha256 sha1 md5; do
    [[ $(json "j['csr_$digest']") == "$(fingerprint router7 $digest)" ]] || fail "$digest: $(<"$out")"
done
[[ $(json '[j["has_challenge"], j["san"], j["key"], j["key_usage"], j["template"], j["ca"], j["serial"]]') == \
    '[false, ["DNS:router7.example.com"], "RSA 2048", "digitalSignature,keyEncipherment", "device", "default", ""]' ]] || fail "request show: $(<"$out")"
readonly id=$(json 'j["id"]')
audited event=enroll result=pending "request_id=$id" >/dev/null || fail "no audit record of $id"
ok check --offline
said "$out" "2 requests wait for approval, 2 may (pending.max)"

step "approved while the service is down"
kill_server
ok request approve "$(fingerprint router7 sha256 | cut -c 1-8)" --note "called Bob"
audited event=request-approve "target=device $id: called Bob" >/dev/null || fail "no audit record of the approval"
refused 3 request-not-pending request approve "$id"
start_server
answered issued router7
check_certificate "$work/router7.pem" "$work/router7.key" "CN = router7"
readonly first=$(serial_of "$work/router7.pem")
answered issued router7
[[ $(serial_of "$work/router7.pem") == "$first" ]] || fail "two certificates for one approval"
ok request show "$id" --json
[[ $(json '[j["result"], j["serial"], j["note"], j["certificate"]["state"]]') == "[\"issued\", \"$first\", \"called Bob\", \"valid\"]" ]] ||
    fail "request show: $(<"$out")"

step "denied beside the running service"
refused 10 request-missing request deny 0badc0de
ok request deny 2
said "$out" "CN=laptop"
answered refused laptop
grep -q "failInfo 2," "$work/laptop.log" || fail "not badRequest: $(<"$work/laptop.log")"
audited event=enroll result=refused reason=request-denied requested_subject=CN=laptop >/dev/null || fail "no audit record of the refusal"
answered pending third
ok request list
said "$out" "Waiting for approval: 1"
stop_server
! grep -qaF -- "$passphrase" "$data/openndes.db" || fail "the challenge stands in the database"
grep -qaF -- "laptop.example.com" "$data/openndes.db" || fail "the request is not kept as it should be"
