#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many clients at once: 64 for one password, 64 with the same bytes; and changes of everything that a
# reload changes while clients enrol: each request is answered, by the old rule or the new one, on the
# connection that it came by.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
crowd=${OPENNDES_CROWD:-${OPENNDES_LOAD:-}/endurance/crowd}
[[ -x $crowd ]] || fail "OPENNDES_CROWD has to name the program crowd: run the test through ctest"

# run_crowd OPTION...: what it says in $work/crowd.
run_crowd() {
    local run=("$crowd")
    [[ $crowd != *.exe ]] || run=("$OPENNDES_LAUNCHER" "$crowd")
    timeout -k 5 "$PATIENCE" "${run[@]}" "$@" >"$work/crowd" 2>"$work/crowd.err" ||
        fail "crowd $*: $(<"$work/crowd") $(<"$work/crowd.err")"
    sed -i 's/\r$//' "$work/crowd"
}
# crowd_path FILE: as crowd has to be given it, which need not be of the server's kind.
crowd_path() { if [[ $crowd == *.exe ]]; then path "$1"; else printf '%s' "$1"; fi; }
crowd_says() { grep -qxF -- "$1" "$work/crowd" || fail "not \"$1\": $(<"$work/crowd")"; }
crowd_number() { sed -n "s/$1/\\1/p" "$work/crowd"; }
new_password() {
    ok password new "$@" --json
    OPENNDES_LOAD_CHALLENGE=$(json 'j["password"]')
    export OPENNDES_LOAD_CHALLENGE
}
series() { awk -v name="$1" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }' "$work/scrape"; }
requests() { series "openndes_requests_total{template=\"$1\",operation=\"PKIOperation\",result=\"$2\",reason=\"${3:-}\"}"; }
scrape() { curl --fail --silent --max-time 30 --output "$work/scrape" "$metrics" || fail "no metrics"; }

make_data --ndes
# As an editor would: everything at once. Whoever has the address 127.0.0.1 gets a certificate of "rules"
# and "narrow".
mkdir -p "$data/policies" "$data/trusted"
cat >"$data/openndes.json" <<'END'
{ "listen": "127.0.0.1:0", "https": { "listen": "127.0.0.1:0" }, "management": { "listen": "127.0.0.1:0" },
  "limits": { "connections_per_address": 0 },
  "ndes": { "enabled": true, "GeneralPurposeTemplate": "device", "SignatureTemplate": "sign" } }
END
printf '{ "enabled": true, "challenge": { "type": "ndes" } }\n' | tee "$data/templates/device.json" >"$data/templates/sign.json"
# template NAME REST: a template without challenge
template() {
    printf '{ "enabled": true, "challenge": { "type": "none" }, "ip_acl": { "enabled": true, "allowed": "127.0.0.0/8" }, %s }\n' "$2" >"$work/new.json"
    mv "$work/new.json" "$data/templates/$1.json"
}
printf '{ "policy": "one" }\n' >"$data/policies/rules.json"
template rules '"policy": { "files": "rules.json" }, "subject": { "append": "OU=one" }'
template narrow '"subject": { "cn_patterns": "crowd-*" }'
ok tls issue --name localhost --address 127.0.0.1
start_server_raw || fail "the server ended"
metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
secure=https://127.0.0.1:$(sed -n 's,^\(NDES \)\?[A-Za-z ]*: https://[^/]*:\([0-9]*\)/.*,\2,p' "$work/server.log" | head -n 1)
ndes=$base/certsrv/mscep/mscep.dll

step "64 devices, one password: one certificate"
new_password --service
run_crowd --url "$ndes" --prefix one
crowd_says "url 0: answers 64 issued 1 refused 63 other 0 failed 0"

step "64 devices at two URLs and for two templates, one password: one certificate"
new_password --service
run_crowd --url "$ndes" --url "$base/scep/device" --usages --prefix two
crowd_says "serials 1"
[[ $(crowd_number 'url .: answers 32 issued \([01]\) refused 3[12] other 0 failed 0' | sort | tr '\n' ' ') == "0 1 " ]] || fail "$(<"$work/crowd")"

step "64 times the same bytes: one certificate for all"
new_password --service
run_crowd --url "$ndes" --same --prefix same
crowd_says "url 0: answers 64 issued 64 refused 0 other 0 failed 0"
crowd_says "serials 1"

step "changes while clients enrol"
scrape
connections=$(series openndes_http_connections_total)
unset OPENNDES_LOAD_CHALLENGE
in_log_more() { [[ $(grep -cF -- "$1" "$data/logs/openndes.log") -gt $2 ]]; }
reloads() { grep -cF 'configuration reloaded' "$data/logs/openndes.log" || true; }
# changed COMMAND...: returns when the server has taken it over
changed() {
    local before
    before=$(reloads)
    "$@"
    eventually 20 in_log_more 'configuration reloaded' "$before" || fail "no reload after: $*"
}
readonly CLIENTS=6
run_crowd --url "$base/scep/rules" --url "$base/scep/narrow" --url "$secure/scep/rules" --connections $CLIENTS --until "$(crowd_path "$work/over")" \
    --also "$base/crl/default.crl" &
load=$!
at_exit 'kill $load 2>/dev/null'
enrols() { scrape && [[ $(requests rules issued) -ge $1 && $(requests narrow issued) -ge 1 ]]; }
eventually 30 enrols $CLIENTS || fail "nobody enrols"

rules_and_files() {
    printf '{ "policy": "two" }\n' >"$work/policy.json" && mv "$work/policy.json" "$data/policies/rules.json"
    template rules '"policy": { "files": "rules.json" }, "subject": { "append": "OU=two" }'
    template narrow '"subject": { "cn_patterns": "nobody-*" }'
    openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/old.key" -out "$data/trusted/old.crt" -subj /CN=Old -days 9 \
        -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
    # Other listeners, and other lives of a CRL: the one at the next start, the other at once.
    sed -i 's/"listen": "127.0.0.1:0", "https": { "listen": "127.0.0.1:0" }/"listen": "127.0.0.1:1", "https": { "listen": "" }, "crl": { "renew_hours": 47 }/' "$data/openndes.json"
}
changed rules_and_files
changed ok ca renew-ra default
served() {
    printf 'x\n' >>"$work/looks"
    openssl s_client -connect "${secure#https://}" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
}
before=$(served)
ok tls issue --name localhost --address 127.0.0.1
other_certificate() { [[ $(served) != "$before" ]]; }
eventually 20 other_certificate || fail "the HTTPS certificate stays"
scrape
eventually 30 enrols $(($(requests rules issued) + CLIENTS)) || fail "nobody enrols after the changes"
: >"$work/over"
wait $load || fail "an answer is missing: $(<"$work/crowd.err")"
cat "$work/crowd"
scrape
issued=$(($(crowd_number 'url 0: answers .* issued \([0-9]*\) refused 0 other 0 failed 0') + $(crowd_number 'url 2: answers .* issued \([0-9]*\) refused 0 other 0 failed 0')))
[[ $(requests rules issued) -eq $issued ]] || fail "$(requests rules issued) issued, $issued received"
one=$(crowd_number 'OU one: \([0-9]*\)') two=$(crowd_number 'OU two: \([0-9]*\)')
[[ $one -gt 0 && $two -gt 0 && $((one + two)) -eq $issued ]] || fail "of $issued certificates $one by the old rule and $two by the new one"
[[ $(requests narrow issued) -eq $(crowd_number 'url 1: .* issued \([0-9]*\) refused .*') && $(requests narrow refused subject-cn) -eq $(crowd_number 'url 1: .* refused \([0-9]*\) other 0 failed 0') ]] ||
    fail "template narrow: $(requests narrow issued) issued, $(requests narrow refused subject-cn) refused"
[[ $(requests narrow refused subject-cn) -gt 0 ]] || fail "the new rule of narrow is not in force"
[[ $(series 'openndes_http_busy_refusals_total') -eq 0 ]] || fail "clients were sent away"
# GetCACert of each URL, the clients, those by HTTPS once more for the CRL, the looks at the certificate:
# none was opened anew.
opened=$(($(series openndes_http_connections_total) - connections))
[[ $opened -eq $((3 + CLIENTS + CLIENTS / 3 + $(wc -l <"$work/looks"))) ]] || fail "$opened connections of $CLIENTS clients, a third of them by HTTPS, 3 GetCACert, $(wc -l <"$work/looks") looks"
stop_server
