# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of Intune share: Microsoft's cloud as a program, a device with a challenge of its own, a
# template with a policy. Sourced after lib.sh. Variables: $cloud (its URL).
[[ -x ${OPENNDES_INTUNE_CLOUD:-} ]] || fail "OPENNDES_INTUNE_CLOUD has to name the stand-in: run the test through ctest."

readonly TENANT=7b3f9f3a-5f0e-4c86-9a39-1d2f6b0c4e11 CLIENT=2c1d8f6e-93b4-4b57-8f0d-6a7e5c3b2d10
readonly SECRET='kD~8Q~test.client-secret_of+the/stand=in&here'
readonly SID=S-1-5-21-1381186052-4247692386-135928078-1225
cloud=''

# cloud_start [HOST]: serves until the test ends.
cloud_start() {
    local run=("$OPENNDES_INTUNE_CLOUD") folder=$work/cloud
    [[ -z ${OPENNDES_LAUNCHER:-} ]] || run=("$OPENNDES_LAUNCHER" "$OPENNDES_INTUNE_CLOUD")
    mkdir "$folder"
    mkfifo "$work/cloud.in"
    "${run[@]}" "$(path "$folder")" "$@" <"$work/cloud.in" >"$work/cloud.log" 2>&1 &
    cloud_pid=$!
    exec {cloud_in}>"$work/cloud.in" # it ends when this is closed
    at_exit 'exec {cloud_in}>&-; kill $cloud_pid 2>/dev/null; wait $cloud_pid 2>/dev/null'
    eventually "$PATIENCE" test -s "$folder/url" || fail "the cloud did not start: $(<"$work/cloud.log")"
    cloud=$(tr -d '\r\n' <"$folder/url")
}

# control PATH [JSON]: an order, or a question; the answer is in $work/control.
control() {
    local data=()
    [[ $# -lt 2 ]] || data=(--data "$2")
    curl --fail --silent --show-error --max-time 30 --cacert "$work/cloud/ca.pem" --output "$work/control" \
        "${data[@]}" "$cloud/_control/$1" || fail "control $* was refused"
}
# behave PATH HOW [VALUE [NUMBER [TIMES]]]
behave() { control behave "{\"path\":\"$1\",\"how\":\"$2\",\"value\":\"${3:-}\",\"number\":${4:-0},\"times\":${5:-1}}"; }
# calls PATH: how many have come.
calls() {
    control calls
    python3 -c 'import json, sys
print(sum(1 for c in json.load(open(sys.argv[1])) if c["path"] == sys.argv[2]))' "$work/control" "$1"
}
called() { [[ $(calls "$1") -ge $2 ]]; }
# enrolment NAME FIELD: what the cloud knows of this device's last request.
enrolment() {
    control enrolments
    python3 -c 'import json, sys
rows = [e for e in json.load(open(sys.argv[1])) if e["transactionId"] == sys.argv[2]]
print(rows[-1][sys.argv[3]] if rows else "")' "$work/control" "$(transaction "$1")" "$2"
}
transaction() { openssl dgst -sha256 -r "$work/$1.csr" | cut -c1-32; }
told() { [[ $(enrolment "$1" failures) == "$2" ]]; }
# no_protocol_error: everything that came was as a strict server wants it.
no_protocol_error() {
    control calls
    python3 -c 'import json, sys
wrong = [c for c in json.load(open(sys.argv[1])) if c["protocolError"]]
sys.exit("protocol error: %s" % wrong[0] if wrong else 0)' "$work/control" || fail "the cloud objects"
}

# intune_settings: the service knows the cloud.
intune_settings() {
    ok config set "intune.tenant=$TENANT" "intune.client_id=$CLIENT" "intune.authority=$cloud" "intune.graph=$cloud" \
        intune.service_suffix=localhost "intune.ca_file=$(path "$work/cloud/ca.pem")" intune.proxy=none "$@"
    ok intune secret <<<"$SECRET"
}

# graph_policy FILE [SED]: the profile of the devices below, as Graph exports it.
graph_policy() {
    mkdir -p "$data/policies"
    cat >"$work/policy.new" <<'END'
{"@odata.context":"https://graph.microsoft.com/beta/$metadata#deviceManagement/deviceConfigurations","value":[
{"@odata.type":"#microsoft.graph.windows81SCEPCertificateProfile","id":"0f8b1c1e-0000-4000-8000-000000000001",
 "displayName":"Corp device","version":3,"certificateStore":"machine","certificateValidityPeriodScale":"years",
 "certificateValidityPeriodValue":1,"renewalThresholdPercentage":20,"keyStorageProvider":"useTpmKspOtherwiseUseSoftwareKsp",
 "keySize":"size2048","keyUsage":"keyEncipherment,digitalSignature","hashAlgorithm":"sha2","subjectNameFormat":"custom",
 "subjectNameFormatString":"CN={{AAD_Device_ID}}","subjectAlternativeNameType":"none",
 "customSubjectAlternativeNames":[{"sanType":"universalResourceIdentifier","name":"IntuneDeviceId://{{DeviceId}}"},
  {"sanType":"universalResourceIdentifier","name":"{{OnPremisesSecurityIdentifier}}"}],
 "extendedKeyUsages":[{"name":"Client Authentication","objectIdentifier":"1.3.6.1.5.5.7.3.2"}],
 "scepServerUrls":["https://scep.example.net/scep/corp"]}]}
END
    sed -i "${2:-}" "$work/policy.new"
    cp "$work/policy.new" "$data/policies/$1.new"
    mv "$data/policies/$1.new" "$data/policies/$1"
}

# device NAME ID [EXTENSION-LINE...]: key, challenge made for the usual names, request. The lines go into the
# extensions; one that begins with SAN: is a further alternative name, which the challenge does not expect.
device() {
    local name=$1 id=$2 line n=3
    shift 2
    control challenge "{\"subject\":\"CN=$id\",\"sans\":[\"uri:IntuneDeviceId://$id\",\"uri:tag:microsoft.com,2022-09-14:sid:$SID\"],
        \"keyBits\":2048,\"keyUsage\":5,\"ekus\":[\"1.3.6.1.5.5.7.3.2\"],\"age\":${challenge_age:-0}}"
    [[ -f $work/$name.key ]] || new_key "$work/$name.key"
    {
        printf '[req]\ndistinguished_name=dn\nprompt=no\nattributes=attributes\nreq_extensions=extensions\nstring_mask=utf8only\n'
        printf '[dn]\nCN=%s\n[attributes]\nchallengePassword=' "$id"
        python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["challenge"])' "$work/control"
        printf '[extensions]\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\nsubjectAltName=@san\n'
        for line in "$@"; do [[ $line == SAN:* ]] || printf '%s\n' "$line"; done
        printf '[san]\nURI.1=IntuneDeviceId://%s\nURI.2=tag:microsoft.com,2022-09-14:sid:%s\n' "$id" "$SID"
        for line in "$@"; do [[ $line != SAN:* ]] || printf 'URI.%d=%s\n' $((n++)) "${line#SAN:}"; done
        printf '[sid]\na=IMPLICIT:0,SEQUENCE:sid_name\n[sid_name]\na=OID:1.3.6.1.4.1.311.25.2.1\n'
        printf 'b=EXPLICIT:0,FORMAT:ASCII,OCT:S-1-5-21-1-2-3-500\n'
    } >"$work/$name.cnf"
    (umask 077 && openssl req -new -key "$work/$name.key" -config "$work/$name.cnf" -outform DER -out "$work/$name.csr") ||
        fail "no request for $name"
}

# send NAME [URL]: the request; $work/NAME.pem when there is a certificate, else false and NAME.log.
send() {
    rm -f "$work/$1.pem"
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$1.key" --ra-enc "$work/ca/ra.pem" \
        --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "${2:-$base/scep/corp}" --out "$work/$1.pem" >"$work/$1.log" 2>&1 &&
        [[ -s $work/$1.pem ]]
}
got() { send "$@" || fail "no certificate for $1: $(<"$work/$1.log"); $(tail -n 1 "$data/logs/audit.jsonl")"; }
# not_got REASON NAME [FAILINFO]
not_got() {
    ! send "$2" || fail "$2 got a certificate"
    audited event=enroll result=refused "reason=$1" "transaction_id=$(transaction "$2")" >"$work/record" ||
        fail "$2 was not refused for the reason $1: $(<"$work/$2.log"); $(tail -n 1 "$data/logs/audit.jsonl")"
    [[ -z ${3:-} ]] || grep -q "failInfo $3," "$work/$2.log" || fail "$2: not failInfo $3: $(<"$work/$2.log")"
}
# renew NEW OLD: a request for a new key without challenge, signed with the certificate of OLD.
renew() {
    [[ -f $work/$1.key ]] || new_key "$work/$1.key"
    sed '/^\[attributes\]/,/^\[extensions\]/{/^challengePassword/d}; /^attributes=/d' "$work/$2.cnf" >"$work/$1.cnf"
    openssl req -new -key "$work/$1.key" -config "$work/$1.cnf" -outform DER -out "$work/$1.csr" || fail "no request for $1"
    rm -f "$work/$1.pem"
    python3 "$OPENNDES_TESTS/service/pkcsreq.py" --csr "$work/$1.csr" --key "$work/$2.key" --cert "$work/$2.pem" \
        --ra-enc "$work/ca/ra.pem" --ra-sign "$work/ca/ra.pem" --ca "$work/ca/chain.pem" --url "$base/scep/corp" \
        --out "$work/$1.pem" >"$work/$1.log" 2>&1 && [[ -s $work/$1.pem ]]
}
serial_of() { openssl x509 -in "$work/$1.pem" -noout -serial | sed 's/serial=//' | tr 'A-F' 'a-f'; }
