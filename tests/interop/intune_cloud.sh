#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The stand-in for Microsoft's cloud as a program: what tests of Intune rely on.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/intune_lib.sh"
need curl curl

readonly tenant=7b3f9f3a-5f0e-4c86-9a39-1d2f6b0c4e11

ask() { http_status --noproxy '*' --cacert "$cloud/ca.pem" "$@"; }

step "it serves HTTPS with its own root"
start_cloud
[[ $cloud_url =~ ^https://localhost:[0-9]+$ ]] || fail "url: $cloud_url"
openssl x509 -in "$cloud/ca.pem" -noout -text | grep -q 'CA:TRUE' || fail "ca.pem is no CA"
[[ $(http_status --noproxy '*' "$cloud_url/") == 000 ]] || fail "curl trusts it without ca.pem"
[[ $(ask "$cloud_url/$tenant/oauth2/v2.0/token" --data grant_type=password) == 400 ]] ||
    fail "a wrong call was not refused"

step "it keeps and tells what came"
cloud_list calls
[[ $(json 'j[0]["path"] + ": " + j[0]["protocolError"]') == "token: grant_type is not client_credentials" ]] ||
    fail "calls: $(<"$out")"
eventually 10 grep -q '^token 400 grant_type' "$cloud/calls.log" || fail "standard output: $(<"$cloud/calls.log")"
! cloud_has 1 token || fail "a wrong call counts as a right one"

step "it takes orders"
cloud_order reset
cloud_has 0 token || fail "reset forgets nothing"
cloud_order behave '{"path":"elsewhere","how":"close","times":1}'
cloud_order revoke '{"serial":"0a0b","caConfiguration":"openndes:ca","issuer":"CN=CA"}'
cloud_list revocations
[[ $(json 'j[0]["serial"]') == 0a0b ]] || fail "revocations: $(<"$out")"
challenge=$(cloud_challenge '{"subject":"CN=device","sans":["dns:device.example.com"]}')
[[ $(base64 -d <<<"$challenge") == '<CertEnrollToken><Data><CertEnrollChallenge>'*'</Signature></CertEnrollToken>' ]] ||
    fail "challenge: $challenge"
[[ $(ask --data '{"path":"nowhere","how":"close"}' "$cloud_url/_control/behave") == 400 ]] ||
    fail "nonsense was taken"

step "it ends with its input, and when it is told to"
stop_cloud
start_cloud
kill -TERM "$cloud_process"
code=0
wait_cloud
on_windows || [[ $code -eq 0 ]] || fail "SIGTERM: $code" # under Wine TERM is TerminateProcess
