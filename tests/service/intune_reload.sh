#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The connection to Intune while the service runs: a file with CAs that comes later or changes, and an end of the
# service soon after new settings, while calls of the connection before are still under way.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/intune_lib.sh"

id=1111aaaa-2222-4333-8444-5555bbbb6666
reloads() { grep -cF "configuration reloaded" "$data/logs/openndes.log" || true; }
reloaded() { [[ $(reloads) -gt $1 ]]; }

step "a file with CAs that is not there yet: the template answers nobody"
cloud_start
make_data
intune_settings intune.connect_seconds=60 intune.total_seconds=60 intune.ca_file=proxy-ca.pem intune.revocation_minutes=0
ok template add corp challenge.type=intune san.types=uri,upn,dns,email
ok template enable corp
start_server
[[ $(http_status "$base/scep/corp?operation=GetCACert") == 503 ]] || fail "a template that cannot ask Intune answers"

step "it comes, and is used without another word"
had=$(reloads)
cp "$work/cloud/ca.pem" "$data/proxy-ca.pem"
eventually 20 reloaded "$had" || fail "the service does not notice its CA file"
fetch_ca "$work/ca" "$base/scep/corp"
device early "$id"
got early

step "settings that cannot be used: the template goes on with those of before, and so does what is told to Intune"
had=$(reloads)
ok config set intune.ca_file=nowhere.pem
eventually 20 reloaded "$had" || fail "the settings were not looked at"
in_log "nowhere.pem" || fail "nobody is told that they cannot be used"
behave successNotification internal-error
device held "$id"
not_got intune-not-confirmed held
eventually 30 told held 1 || fail "Intune was not told of the failure"
had=$(reloads)
ok config set intune.ca_file=proxy-ca.pem
eventually 20 reloaded "$had" || fail "the settings were not taken over"

step "new settings, and the end right after them: calls of the connection before do not hold it up"
behave validateRequest hang '' 0 0
device late "$id"
had=$(calls validateRequest)
send late &
sender=$!
eventually 30 called validateRequest $((had + 1)) || fail "nobody asked"
had=$(reloads)
ok config set intune.total_seconds=59
eventually 20 reloaded "$had" || fail "the settings were not taken over"
begin=$SECONDS
stop_server
[[ $((SECONDS - begin)) -lt 25 ]] || fail "the service ended after $((SECONDS - begin)) s"
! wait "$sender" || fail "a certificate without Intune's word"
