#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Policies by command: requests compared with profiles of every language, lints with a CA, the normal
# form, learning; and what "openndes check" says about those of a template. Until its last part there
# is no data folder.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly FIXTURES=$OPENNDES_TESTS/fixtures/policy
readonly SAMPLES=$OPENNDES_TESTS/../docs/policy/samples
readonly GUID=7c3c1f5a-0d7e-4b7f-9a60-0a4f5f0c9a11 OTHER=1b1b1b1b-5b1f-4a0e-8a44-1c0a1f1b2c3d
readonly SID=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1004336348-1177238915-682003330-1001
readonly USAGES='keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=clientAuth'

finding() { grep -qE "^$1 .*$2" "$out" || fail "no $1 with \"$2\": $(<"$out")"; }
no_finding() { ! grep -qE "^$1 .*$2" "$out" || fail "$1 with \"$2\": $(<"$out")"; }
# outcome OUTCOME CHECK: a row of the table
outcome() { grep -qE "^  $1 +$2 " "$out" || fail "no row $1 $2: $(<"$out")"; }
verdict() { [[ $(tail -n 1 "$out") == "Verdict: $1" ]] || fail "the last line is not \"Verdict: $1\": $(<"$out")"; }

openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/key" 2>/dev/null ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/key" 2>/dev/null
# request NAME SUBJECT EXTENSIONS [OPENSSL-OPTION...]: $work/NAME.csr; each line of EXTENSIONS is one.
request() {
    local name=$1 subject=$2
    {
        printf '[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\n%s\n' "$3"
        printf '[san]\n'
        printf '%s\n' "${san[@]}"
    } >"$work/$name.cnf"
    openssl req -new -key "$work/key" -subj "$subject" -config "$work/$name.cnf" -out "$work/$name.csr" "${@:4}" 2>"$work/req.log" ||
        fail "openssl req: $(<"$work/req.log")"
}
csr() { path "$work/$1.csr"; }

san=("URI.1=$SID" "URI.2=IntuneDeviceId://$OTHER")
request good "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san'
openssl req -in "$work/good.csr" -outform DER -out "$work/good.der"
request name "/CN=laptop-17" "$USAGES"$'\nsubjectAltName=@san'
request bare "/CN=$GUID" 'subjectAltName=@san'
san=("URI.1=$SID" "URI.2=IntuneDeviceId://$OTHER" "DNS.1=dc.example.com")
request extra "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san'
san=("URI.1=IntuneDeviceId://$OTHER")
request nosid "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san'
san=("URI.1=$SID" "URI.2=IntuneDeviceId://$OTHER")
request sidext "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san\n1.3.6.1.4.1.311.25.2=DER:3000'
request ca "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san\nbasicConstraints=critical,CA:TRUE'
request sha1 "/CN=$GUID" "$USAGES"$'\nsubjectAltName=@san' -sha1

step "usage"
refused 2 usage policy
refused 2 usage policy nonsense
refused 2 usage policy check
refused 2 usage policy check one
refused 2 usage policy check one two --nonsense
refused 2 usage policy lint
refused 2 usage policy lint one two
refused 2 usage policy dump
refused 2 usage policy learn
refused 6 file-missing policy lint nothing.json
refused 6 file-missing policy check "$(path "$SAMPLES/corp-device.json")" "$(csr nothing)"
printf '{"policy": "p", "colour": "red"}' >"$work/unknown.json"
refused 3 policy-value policy lint "$(path "$work/unknown.json")"
said "$err" colour
printf '{"policy": ' >"$work/broken.json"
refused 3 policy-format policy lint "$(path "$work/broken.json")"
printf -- '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n' >"$work/broken.csr"
refused 6 file-unreadable policy check "$(path "$SAMPLES/corp-device.json")" "$(csr broken)"
said "$err" broken.csr
for i in 1 2; do printf -- '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n'; done >"$work/two.csr"
refused 6 file-unreadable policy check "$(path "$SAMPLES/corp-device.json")" "$(csr two)"
said "$err" "more than one request"
[[ ! -e $data ]] || fail "the policy verbs have made a data folder"

step "check: one policy in five languages"
for language in own.json own.xml graph.json syncml.xml; do
    ok policy dump "$(path "$FIXTURES/same.$language")"
    cp "$out" "$work/dump.$language"
    cmp "$work/dump.own.json" "$work/dump.$language" || fail "the normal form of same.$language is another: $(<"$out")"
done
ok policy dump "$(path "$work/dump.own.json")"
cmp "$out" "$work/dump.own.json" || fail "a dump of a dump is another: $(<"$out")"
for sample in json xml; do
    ok policy dump "$(path "$SAMPLES/corp-device.$sample")" --all
    cp "$out" "$work/sample.$sample"
done
cmp "$work/sample.json" "$work/sample.xml" || fail "the samples differ"

step "check: good ones"
for sample in json xml; do
    ok policy check "$(path "$SAMPLES/corp-device.$sample")" "$(csr good)" "$(path "$work/good.der")"
    verdict pass
    outcome pass IPV-SUBJECT
    outcome pass IPV-SAN
    said "$out" 'good.csr: policy "corp-device": pass'
done
ok policy check "$(path "$SAMPLES/corp-device.json")" "$(csr bare)" --json
[[ $(json 'j["verdict"]') == fixed ]] || fail "without usages: $(<"$out")"
[[ $(json 'sorted(f["check"] for f in j["requests"][0]["policies"][0]["findings"] if f["outcome"] == "fixed")') == '["IPV-EKU", "IPV-KEY-USAGE"]' ]] ||
    fail "what is fixed: $(<"$out")"

step "check: bad ones"
while read -r name check; do
    refused 11 policy-denied policy check "$(path "$SAMPLES/corp-device.json")" "$(csr "$name")"
    verdict deny
    outcome deny "$check"
    said "$err" "$name.csr: $check"
done <<'END'
name IPV-SUBJECT-VALUE
extra IPV-SAN-TYPE
nosid IPV-SAN-VALUE
sidext IPV-SID-EXTENSION
ca IPV-CONSTRAINTS
sha1 IPV-HASH
END
refused 11 policy-denied policy check "$(path "$SAMPLES/corp-device.json")" "$(csr good)" "$(csr name)" "$(csr extra)" --json
[[ $(json '[[r["verdict"] for r in j["requests"]], j["verdict"]]') == '[["pass", "deny", "deny"], "deny"]' ]] || fail "$(<"$out")"
[[ $(json '[f for f in j["requests"][1]["policies"][0]["findings"] if f["outcome"] == "deny"][0]["intune_code"]') == SubjectNameMismatch ]] || fail "$(<"$out")"

step "check: a file of several policies, the one of a URL, a list of known devices"
graph=$(path "$FIXTURES/corp-device.graph.json")
ok policy check "$graph" "$(csr good)"
said "$out" 'policy "corp-device"'
refused 11 policy-denied policy check "$graph" "$(csr good)" --path /scep/lab
said "$out" 'policy "lab"'
ok policy check "$graph" "$(csr good)" --path /scep/elsewhere
said "$out" "no policy names /scep/elsewhere: all were asked"
printf 'aadDeviceId;deviceId\n%s;%s\n' "${GUID^^}" "$OTHER" >"$work/known.csv"
ok policy check "$graph" "$(csr good)" --path /scep/corp --known "$(path "$work/known.csv")"
printf 'aadDeviceId;deviceId\n%s;%s\n' "$OTHER" "$OTHER" >"$work/known.csv"
refused 11 policy-denied policy check "$graph" "$(csr good)" --path /scep/corp --known "$(path "$work/known.csv")"
outcome deny IPV-KNOWN
refused 3 known-list policy check "$graph" "$(csr good)" --known "$(path "$work/broken.json")"

step "check: a policy that is off is none beside others"
printf '[{"policy": "tight", "subject": {"template": "CN={{AAD_Device_ID}}"}}, {"policy": "old", "mode": "off"}]' >"$work/off.json"
refused 11 policy-denied policy check "$(path "$work/off.json")" "$(csr name)"
said "$out" 'policy "tight"'

step "every lint is in the documentation, and no other"
ids() { grep -oE 'IPL-[A-Z0-9-]+' "$1" | sort -u; }
cmp <(ids "$OPENNDES_TESTS/../src/policy/policy_lint.c") <(ids "$OPENNDES_TESTS/../docs/policy.md") || fail "docs/policy.md has other lints"

step "lint"
ok policy lint "$(path "$SAMPLES/corp-device.json")"
said "$out" "0 errors, 0 warnings"
refused 3 policy-value policy lint "$graph"
said "$err" IPL-KEY-1024
finding error "IPL-KEY-1024 lab /keySize"
finding warning "IPL-SHA1 lab /hashAlgorithm"
finding warning "IPL-SPOOFABLE lab /subjectNameFormatString"
finding warning "IPL-PKICLIENT lab /scepServerUrls"
no_finding "(error|warning)" " corp-device "
refused 3 policy-value policy lint "$graph" --json
[[ $(json 'sorted(set(f["policy"] for f in j["findings"] if f["level"] == "error"))') == '["lab"]' ]] || fail "$(<"$out")"

step "lint with a CA: thumbprints, usages, its end"
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/root.key" -out "$work/root.pem" -subj "/CN=Example Root" -days 3000 \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -new -newkey rsa:2048 -noenc -keyout "$work/sub.key" -out "$work/sub.csr" -subj "/CN=Example Issuing" 2>/dev/null
openssl x509 -req -in "$work/sub.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -days 100 -out "$work/sub.pem" \
    -extfile <(printf 'basicConstraints=critical,CA:TRUE\nextendedKeyUsage=clientAuth\n') 2>/dev/null
cat "$work/sub.pem" "$work/root.pem" >"$work/chain.pem"
thumbprint() { openssl x509 -in "$1" -noout -fingerprint "-${2:-sha1}" | sed 's/.*=//; s/://g'; }
sample_with() { python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
j.setdefault("facts", {}).update(json.loads(sys.argv[2]))
j.update(json.loads(sys.argv[3]))
json.dump(j, open(sys.argv[4], "w"))' "$SAMPLES/corp-device.json" "$1" "$2" "$work/changed.json"; }
ok policy lint "$(path "$SAMPLES/corp-device.json")" --ca "$(path "$work/chain.pem")"
said "$out" "SHA-1 thumbprint $(thumbprint "$work/root.pem")"
said "$out" "SHA-1 thumbprint $(thumbprint "$work/sub.pem")"
said "$out" "CA CN=Example Issuing, issuing, until"
said "$out" "CA CN=Example Root, root, until"
finding warning "IPL-VALIDITY-CA corp-device /validity/value.*Example Issuing"
openssl x509 -in "$work/sub.pem" -outform DER -out "$work/sub.der"
ok policy lint "$(path "$SAMPLES/corp-device.json")" --ca "$(path "$work/sub.der")" --json
[[ $(json 'j["ca"][0]["sha256"]') == "$(thumbprint "$work/sub.pem" sha256 | tr A-F a-f)" ]] || fail "$(<"$out")"
sample_with "{\"caFingerprint\": \"$(thumbprint "$work/root.pem")\"}" '{}'
ok policy lint "$(path "$work/changed.json")" --ca "$(path "$work/chain.pem")"
sample_with "{\"caFingerprint\": \"$(thumbprint "$work/root.pem" | tr 0-9 1-90)\"}" '{}'
refused 3 policy-value policy lint "$(path "$work/changed.json")" --ca "$(path "$work/chain.pem")"
finding error IPL-THUMBPRINT
sample_with '{}' '{"eku": {"oids": ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]}}'
refused 3 policy-value policy lint "$(path "$work/changed.json")" --ca "$(path "$work/chain.pem")"
finding error "IPL-EKU-CA.*1.3.6.1.5.5.7.3.1"
refused 8 certificate-unreadable policy lint "$(path "$SAMPLES/corp-device.json")" --ca "$(path "$work/known.csv")"

step "learn"
for i in 1 2 3; do
    san=("URI.1=$SID$i" "URI.2=IntuneDeviceId://$i${OTHER:1}" "otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:user$i@example.com")
    request "device$i" "/O=Example/CN=$i${GUID:1}" "$USAGES"$'\nsubjectAltName=@san'
done
on_data policy learn "$(csr device1)" "$(csr device2)" "$(csr device3)"
[[ $status -eq 0 ]] || fail "learn ended with $status: $(<"$err")"
cp "$out" "$work/learned.json"
grep -q '^openndes: note: ' "$err" || fail "no note: $(<"$err")"
[[ $(json 'j["subject"]["template"]') == 'O=Example,CN={{AAD_Device_ID}}' ]] || fail "learned: $(<"$out")"
[[ $(json 'sorted(s["template"] for s in j["san"])') == '["IntuneDeviceId://{{DeviceId}}", "{{OnPremisesSecurityIdentifier}}", "{{UserPrincipalName}}"]' ]] || fail "learned: $(<"$out")"
ok policy check "$(path "$work/learned.json")" "$(csr device1)" "$(csr device2)" "$(csr device3)"
verdict pass
refused 11 policy-denied policy check "$(path "$work/learned.json")" "$(csr good)"
on_data policy learn "$(csr device1)" "$(csr sidext)"
[[ $status -eq 11 ]] || fail "a request with a SID extension was learned from: $status $(<"$err")"
said "$err" sidext.csr

step "policies of a template: bare names, check"
make_data --public-url http://scep.example.com
ok template add corp challenge.passphrase=generate
ok template enable corp
mkdir -p "$data/policies"
cp "$SAMPLES/corp-device.json" "$FIXTURES/corp-device.graph.json" "$data/policies/"
ok policy dump corp-device.json
ok policy check corp-device.graph.json "$(csr good)" --path /scep/corp
ok template set corp policy.files=corp-device.json
refused 3 policy-conflict check
finding error "template corp: .*san.types=dns,ip,email,uri"
ok template set corp san.types=uri
ok check
finding ok "template corp: 1 policies"
ok template set corp policy.files=corp-device.graph.json
ok check
finding ok "template corp: 1 policies"
no_finding "(warning|error)" "lab"
ok template add lab challenge.passphrase=generate algorithms=compat key.rsa_min_bits=1024 eku=serverAuth policy.files=corp-device.graph.json
ok template enable lab
refused 3 config-bad-value check
finding error "template lab: policy \"lab\" /keySize"
finding warning "template lab: policy \"lab\" /subjectNameFormatString"
printf 'deviceName\nlaptop-17\n' >"$data/policies/known.csv"
ok template set lab policy.known=known.csv
refused 3 config-bad-value check
no_finding warning IPL-SPOOFABLE # the list is what it recommends
ok template set lab policy.mode=off
ok check
finding warning "template lab: policy.mode=off"
ok template set lab policy.mode=enforce policy.files=nothing.json
refused 3 policy-unreadable check
finding error "template lab: nothing.json"
