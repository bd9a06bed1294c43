#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Monitoring: metrics before and after requests, readiness as templates and CA come and go, listeners
# apart from each other, a port that is taken.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SOON=20
readonly DOCUMENT=$OPENNDES_TESTS/../docs/monitoring.md

metrics_url() { sed -n 's/^Metrics: //p' "$work/server.log"; }
scrape() { curl --fail --silent --show-error --max-time 30 --output "$work/scrape" "$metrics" || fail "no metrics at $metrics"; }
# has VALUE SERIES [VALUE SERIES...]: the last scrape has these; it is read as a whole and compared with
# the guide.
has() {
    local wanted=() series=()
    while [[ $# -gt 0 ]]; do
        wanted+=("$1")
        series+=("$2")
        shift 2
    done
    python3 "$OPENNDES_TESTS/service/check_metrics.py" "$work/scrape" "$DOCUMENT" "${series[@]}" >"$work/values" ||
        fail "the scrape cannot be read"
    [[ $(<"$work/values") == "$(printf '%s\n' "${wanted[@]}")" ]] && return
    paste "$work/values" <(printf '%s\n' "${series[@]}") >&2
    return 1
}
# ready STATUS [LINE]: what /readyz says
ready() {
    [[ $(curl --silent --max-time 30 --output "$work/ready" --write-out '%{http_code}' "$manage/readyz") == "$1" ]] &&
        { [[ $# -eq 1 ]] || grep -qxF -- "$2" "$work/ready"; }
}
becomes() { eventually "$SOON" ready "$@" || fail "/readyz is not $*: $(<"$work/ready")"; }
requests() { printf 'openndes_requests_total{template="%s",operation="%s",result="%s",reason="%s"}' "$@"; }

make_data
start_server --listen-management 127.0.0.1:0
metrics=$(metrics_url)
manage=${metrics%/metrics}
[[ $manage == http://127.0.0.1:* && $manage != "$base" ]] || fail "the line Metrics: $metrics"

step "ready, and nothing has been asked for"
ready 200 "ok template device" || fail "/readyz: $(<"$work/ready")"
[[ $(curl --silent --max-time 30 "$manage/healthz") == ok ]] || fail "/healthz"
scrape
has 0 "$(requests device PKIOperation issued "")" none "$(requests device GetCACert ok "")" 1 openndes_ready \
    1 'openndes_template_ready{template="device"}' 0 openndes_http_connections_total || fail "the first scrape"

step "each listener serves its own"
for path in metrics healthz readyz METRICS; do answers 404 "$base/$path" || fail "/$path on the SCEP listener"; done
for path in "scep/device?operation=GetCACaps" crl/default.crl ca/default.crt certsrv/mscep_admin/; do
    answers 404 "$manage/$path" || fail "/$path on the management listener"
done
answers 405 --data x "$metrics" || fail "POST to /metrics"

step "a certificate, a refusal, an unknown URL"
fetch_ca "$work/ca"
enrolled monitored "$passphrase"
not_enrolled challenge-rejected wrong "not the passphrase at all"
answers 404 "$base/scep/nobody\"?operation=GetCACaps" || fail "an unknown template"
scrape
has 1 "$(requests device PKIOperation issued "")" 1 "$(requests device PKIOperation refused challenge-rejected)" \
    4 "$(requests - other refused no-such-url)" 1 "$(requests - other refused template-missing)" \
    0 openndes_metrics_dropped_total \
    2 'openndes_request_duration_seconds_count{template="device",operation="PKIOperation"}' || fail "the second scrape"
! grep -qF -- "$passphrase" "$work/scrape" || fail "a scrape holds a passphrase"
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/scrape" >"$work/promtool" 2>&1 || fail "promtool: $(<"$work/promtool")"
else
    skip_part "promtool is not here"
fi

step "not ready while the only template is off, and ready again"
http_before=$(grep -c '"event":"http"' "$data/logs/audit.jsonl")
ok template disable device
becomes 503 "failed templates: none-enabled"
[[ $(curl --silent --max-time 30 "$manage/healthz") == ok ]] || fail "/healthz while not ready"
scrape
has 0 openndes_ready 1 'openndes_templates{state="disabled"}' || fail "not ready, and /metrics does not say so"
ok template enable device
becomes 200 "ok templates"

step "a broken file is a warning; what was looked for is right"
echo '{' >"$data/templates/broken.json"
becomes 200 "warning template-file broken: config-syntax"
scrape
has 1 'openndes_template_broken{template="broken",reason="config-syntax"}' 1 openndes_ready \
    1 'openndes_certificates{state="recorded"}' || fail "the third scrape"
ends=$(openssl x509 -in "$work/ca/ca.pem" -noout -enddate | sed 's/.*=//')
grep -qxF "openndes_certificate_expiry_timestamp_seconds{kind=\"ca\",name=\"default\"} $(date -d "$ends" +%s)" "$work/scrape" ||
    fail "the CA's end: $(grep 'kind="ca"' "$work/scrape")"
grep -q 'kind="crl_next_update",name="default"' "$work/scrape" || fail "the CRL's end is missing"
rm "$data/templates/broken.json"

step "who looks leaves no trace in the logs"
! in_log " management 200" || fail "scrapes stand in the log"
[[ $(grep -c '"event":"http"' "$data/logs/audit.jsonl") -eq $http_before ]] || fail "scrapes stand in the audit log"

step "who comes too often is told when to come again, and the counters tell it"
often=0
limited() { ! enrol "often$((++often))" "$passphrase" && audited event=http result=refused reason=rate-limited template=device >/dev/null; }
ok template set device rate.address_per_minute=1
eventually "$SOON" limited || fail "no limit after $often enrollments"
printf '0no message' >"$work/junk"
[[ $(curl --silent --max-time 30 --data-binary "@$work/junk" --dump-header "$work/head" --output "$work/body" \
    --write-out '%{http_code}' "$base/scep/device?operation=PKIOperation") == 429 ]] || fail "not 429: $(<"$work/head")"
grep -qE $'^Retry-After: [1-9][0-9]?\r$' "$work/head" || fail "no Retry-After: $(<"$work/head")"
in_log "Template device: 1 messages of 127.0.0.1 within a minute" || fail "the log does not tell of the limit"
scrape
has 0 'openndes_alarm{kind="refused",name="device"}' 0 'openndes_alarm{kind="unprocessable",name="default"}' ||
    fail "the fourth scrape"
grep -qE 'openndes_rate_limited_total\{template="device",kind="address"\} [1-9]' "$work/scrape" || fail "nobody was counted"
stop_server
mv "$data/ca/default" "$work/gone"

step "a port that is taken is a warning"
exec {held}< <(exec python3 -c 'import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(8)
print(s.getsockname()[1], flush=True)
time.sleep(3600)')
at_exit "kill $! 2>/dev/null"
IFS= read -r -t "$PATIENCE" -u "$held" taken || fail "no port can be held"
start_server --listen-management "127.0.0.1:$taken" --listen-management 127.0.0.1:0
metrics=$(metrics_url)
manage=${metrics%/metrics}
[[ $(grep -c '^Metrics: ' "$work/server.log") -eq 1 && -n $manage ]] || fail "the lines Metrics: $metrics"
in_log "no health and metrics at http://127.0.0.1:$taken" || fail "the log does not tell of the port"
becomes 503 "warning template-file device: ca-missing"
becomes 503 "failed templates: none-enabled"
mv "$work/gone" "$data/ca/default"
becomes 200 "ok template device"
stop_server
