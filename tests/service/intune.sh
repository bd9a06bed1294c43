#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Intune from outside: a template that asks it and compares each request with a policy. What devices get, what
# Intune hears of it, what happens when it says no, does not answer, or the service ends in between.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/intune_lib.sh"
own_wine

id=1111aaaa-2222-4333-8444-5555bbbb6666

step "a cloud, a service, a template"
cloud_start
make_data
control set '{"any_order":true}' # Intune may take a failure of what it has never seen, or not
intune_settings intune.total_seconds=4 intune.requests=2
graph_policy corp.json
ok template add corp challenge.type=intune policy.files=corp.json san.types=uri,upn,dns,email
ok template enable corp
ok check
said "$out" "ok       Intune: settings and credential are there"

step "a template of Intune's kind knows the names of its profiles"
ok template add plain challenge.type=intune
said "$out" "san.types=dns,email,uri,upn: "
ok template set plain enabled=true san.types=dns
ok check
said "$out" "openndes template set plain san.types=dns,email,uri,upn"
ok template set plain san.types=dns,email,uri,upn
ok check
not_said "$out" "has neither uri nor upn"
ok template remove plain

step "openndes intune test: one step after the other, in plain words"
ok intune test
for word in credential proxy token discovery rights clock; do said "$out" "$word"; done
not_said "$out" error
behave token entra AADSTS7000215 0 2
refused 3 intune-credential intune test
said "$out" 'error    graph-token: The same as "token".'
start_server
fetch_ca "$work/ca" "$base/scep/corp"

step "a device with the right request gets its certificate, and Intune hears of it"
device right "$id"
got right
[[ $(enrolment right validations) == 1 && $(enrolment right confirmations) == 1 && $(enrolment right failures) == 0 ]] ||
    fail "Intune did not hear of it"
[[ $(enrolment right serial) == "$(serial_of right)" ]] || fail "serial $(enrolment right serial) instead of $(serial_of right)"
[[ $(enrolment right thumbprint | tr 'A-F' 'a-f') == "$(openssl x509 -in "$work/right.pem" -noout -fingerprint -sha1 |
    sed 's/.*=//; s/://g' | tr 'A-F' 'a-f')" ]] || fail "thumbprint $(enrolment right thumbprint)"
[[ $(enrolment right caConfiguration) == openndes:default:* ]] || fail "caConfiguration $(enrolment right caConfiguration)"
openssl x509 -in "$work/right.pem" -noout -ext subjectAltName | grep -qF "URI:tag:microsoft.com,2022-09-14:sid:$SID" || fail "the SID's URI is gone"
record=$(audited event=enroll result=issued template=corp challenge_type=intune policy="Corp device")
[[ $record =~ \"client_request_id\":\"[0-9a-f-]{36}\" ]] || fail "no client-request-id: $record"
in_log 'client-request-id="' || fail "no client-request-id in the log"
first=$(serial_of right)
got right
[[ $(serial_of right) == "$first" && $(enrolment right validations) == 1 ]] || fail "the same request led to another certificate"

step "one alternative name more: refused here, with a reason that everybody is told"
device extra "$id" "SAN:https://attacker.example/"
not_got policy-denied extra 2
grep -q '"policy_check":"IPV-SAN-EXTRA"' "$work/record" || fail "the audit record does not name the check: $(<"$work/record")"
in_log IPV-SAN-EXTRA || fail "the log does not name the check"
[[ $(enrolment extra validations) != 1 ]] || fail "Intune was asked about what the policy denies"
eventually 30 called failureNotification 1 || fail "Intune was not told"
control calls
grep -q 'policy-denied: IPV-SAN-EXTRA' "$work/control" || fail "Intune was told something else"
on_data policy check "$(path "$data/policies/corp.json")" "$(path "$work/extra.csr")"
[[ $status -eq 11 ]] || fail "policy check ended with $status"
said "$out" IPV-SAN-EXTRA

step "a SID extension smuggled into the request, which Intune would let pass"
device sid "$id" '1.3.6.1.4.1.311.25.2=ASN1:SEQUENCE:sid'
not_got policy-denied sid 2
grep -q IPV-SID "$work/record" || fail "not for the SID: $(<"$work/record")"
ok template set corp policy.mode=off
eventually 10 in_log "template corp reloaded" || fail "not reloaded"
device sid2 "$id" '1.3.6.1.4.1.311.25.2=ASN1:SEQUENCE:sid'
eventually 10 send sid2 || fail "without policy Intune's yes is enough: $(<"$work/sid2.log")"
! openssl x509 -in "$work/sid2.pem" -noout -text | grep -q 1.3.6.1.4.1.311.25.2 || fail "the smuggled SID is in the certificate"

step "audit: let pass, and told"
ok template set corp policy.mode=audit
device audit1 "$id"
audit_says() {
    device extra2 "$id" "SAN:https://attacker.example/"
    ! send extra2
    audited event=enroll policy_verdict=audit policy_check=IPV-SAN-EXTRA >/dev/null 2>&1
}
# Intune itself refuses the extra name; what the policy thinks stands beside it.
eventually 20 audit_says || fail "audit is not told: $(tail -n 1 "$data/logs/audit.jsonl")"
audited event=enroll reason=intune-san-mismatch policy_verdict=audit >/dev/null || fail "Intune's no did not count"
ok template set corp policy.mode=enforce

step "Intune says no"
enforced() {
    device extra3 "$id" "SAN:https://attacker.example/"
    ! send extra3
    audited reason=policy-denied "transaction_id=$(transaction extra3)" >/dev/null 2>&1
}
eventually 20 enforced || fail "policy.mode=enforce did not come into force"
challenge_age=3700 device late "$id"
not_got intune-challenge-expired late 3
behave validateRequest code ScepProfileNoLongerTargetedToTheClient
device gone "$id"
not_got intune-profile-not-assigned gone 2
behave validateRequest code SomethingNew
device new "$id"
not_got intune-code-unknown new 2
behave validateRequest html
device html "$id"
not_got intune-answer html 2

step "Intune is not told of the certificate: withheld, revoked, and the device comes again"
device held "$id"
behave successNotification internal-error
not_got intune-not-confirmed held 2
eventually 30 told held 1 || fail "Intune was not told that it failed"
ok cert list --json
[[ $(json "len([c for c in j if c['state'] == 'withheld'])") -eq 1 ]] || fail "no withheld certificate: $(<"$out")"
withheld=$(json "[c['serial'] for c in j if c['state'] == 'withheld'][0]")
revoked_in_crl() {
    curl --silent --max-time 20 --output "$work/crl" "$base/crl/default.crl"
    openssl crl -inform DER -in "$work/crl" -noout -text 2>/dev/null | tr 'A-F' 'a-f' | grep -q "$1"
}
eventually 20 revoked_in_crl "$withheld" || fail "$withheld is not in the CRL"
got held
[[ $(serial_of held) != "$withheld" ]] || fail "the withheld certificate left the house"

step "the service ends between signature and notification"
device cut "$id"
behave successNotification hang
had=$(calls successNotification)
send cut &
sender=$!
eventually 30 called successNotification $((had + 1)) || fail "no notification came"
kill_server
! wait "$sender" || fail "a certificate left the house"
start_server
in_log "is withheld and revoked" || fail "the log does not tell: $(tail -n 3 "$data/logs/openndes.log")"
audited event=cert-withhold reason=intune-interrupted template=corp >/dev/null || fail "no audit record"
eventually 30 told cut 1 || fail "Intune was not told after the restart"
[[ $(enrolment cut description) == intune-interrupted:* ]] || fail "told: $(enrolment cut description)"
got cut

step "while Intune hangs, others are answered at once"
ok template add plain
ok template set plain challenge.passphrase=- <<<'a passphrase that is long enough'
ok template enable plain
behave validateRequest hang '' 0 0
senders=()
for n in 1 2 3; do
    device "hang$n" "$id"
    send "hang$n" &
    senders+=($!)
done
eventually 30 called validateRequest $(($(calls validateRequest) > 0 ? $(calls validateRequest) : 1)) || fail "nobody asked"
eventually 20 answers 200 "$base/scep/plain?operation=GetCACert" || fail "other templates wait with it"
for pid in "${senders[@]}"; do ! wait "$pid" || fail "a certificate without Intune's word"; done
audited reason=intune-unavailable >/dev/null || fail "nobody was told that Intune does not answer"
control reset '{}'
control set '{"any_order":true}'

step "a renewal without challenge: refused, unless the template lets the old certificate vouch"
device old "$id"
got old
! renew renewed old || fail "a renewal without challenge got a certificate"
audited event=enroll result=refused reason=renewal-not-enabled "transaction_id=$(transaction renewed)" >/dev/null || fail "refused otherwise: $(<"$work/renewed.log")"
ok template set corp intune.renewal=certificate renewal.window_percent=100
had=$(calls validateRequest)
eventually 20 renew renewed old || fail "no renewal: $(<"$work/renewed.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
audited event=enroll result=issued challenge_type=renewal template=corp >/dev/null || fail "no audit record"
[[ $(calls validateRequest) -eq $had ]] || fail "Intune was asked about a renewal without challenge"
[[ $(openssl x509 -in "$work/renewed.pem" -noout -pubkey) == "$(openssl pkey -in "$work/renewed.key" -pubout)" ]] || fail "not for the new key"
ok cert revoke "$(serial_of old)"
! renew again old || fail "a revoked certificate vouched"
audited event=enroll result=refused reason=renewal-refused >/dev/null || fail "refused otherwise: $(<"$work/again.log")"
ok template set corp intune.renewal=refuse renewal.window_percent=50

step "Intune asks for revocation"
control revoke "{\"serial\":\"$first\",\"caConfiguration\":\"\",\"issuer\":\"\"}"
control revoke "{\"serial\":\"0badc0de\",\"caConfiguration\":\"somebody else\",\"issuer\":\"CN=Other\"}"
stop_server
start_server # looks at once
revoked() {
    on_data cert show "$first" --json && [[ $(json "j['revoked_at'] is not None if 'revoked_at' in j else False") == true ]]
}
answered() {
    control revocations
    python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))
sys.exit(0 if [(r["answered"], r["succeeded"]) for r in rows] == [(True, True), (False, False)] else 1)' "$work/control"
}
eventually 40 answered || fail "revocations: $(<"$work/control")"
eventually 20 revoked_in_crl "$first" || fail "$first is not in the CRL"
audited event=cert-revoke actor=intune "serial=$first" >/dev/null || fail "no audit record of the revocation"

step "a broken policy keeps the old one; one that has never loaded refuses"
had=$(grep -c "template corp is broken" "$data/logs/openndes.log" || true)
printf '{"value":[{"@odata.type":"#microsoft.graph.windows81SCEPCertificateProfile","keySize":"size2048' >"$data/policies/corp.json"
broken() { [[ $(grep -c "template corp is broken, the old one stays in force" "$data/logs/openndes.log" || true) -gt $had ]]; }
eventually 20 broken || fail "nobody was told of the broken policy"
device after "$id"
got after
device after2 "$id" "SAN:https://attacker.example/"
not_got policy-denied after2
stop_server
start_server
[[ $(http_status "$base/scep/corp?operation=GetCACert") == 503 ]] || fail "a template whose policy has never loaded answers"
on_data check
[[ $status -ne 0 ]] || fail "check does not see the broken policy"
graph_policy corp.json
eventually 20 answers 200 "$base/scep/corp?operation=GetCACert" || fail "the mended policy is not noticed"
device mended "$id"
got mended
no_protocol_error

step "no secret has reached a file or the cloud's log of us"
stop_server
! grep -rqaF -e "$SECRET" "$data" || fail "the client secret stands in clear in $(grep -rlaF -e "$SECRET" "$data")"
control tokens
python3 - "$work/control" "$data" "$work/right.csr" <<'END'
import json, pathlib, sys
secrets = [t["token"].encode() for t in json.load(open(sys.argv[1]))]
for path in pathlib.Path(sys.argv[2]).rglob("*"):
    if path.is_file():
        data = path.read_bytes()
        for secret in secrets:
            if secret in data:
                sys.exit("a token stands in %s" % path)
        if b"CertEnrollToken" in data or b"PENlcnRFbnJvbGxUb2tlb" in data:
            sys.exit("a challenge stands in %s" % path)
END
