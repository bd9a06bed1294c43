#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Address lists that limit only the password page, only SCEP, or both, of a template and of the service;
# forwarded headers from listed proxies and from others; listeners that serve only some faces.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/ndes_lib.sh"

ndes_data
ok config set trusted_proxies=127.0.0.1 basic_http.allowed=0.0.0.0/0,::/0
ndes_start
readonly INSIDE="10.1.2.3" OUTSIDE="192.0.2.99" # as a trusted proxy names them

scep=$base/scep/device?operation=GetCACaps
face=$base/scep/device/certsrv/mscep/?operation=GetCACaps
page=$base/scep/device/certsrv/mscep_admin/
page_scep=$base/scep/device/certsrv/mscep_admin/?operation=GetCACaps
api=$base/scep/device/challenge

status_of() { # ADDRESS URL
    http_status --netrc-file "$credentials" --basic --header "X-Forwarded-For: $1" "$2"
}
# matrix ADDRESS SCEP PAGE BOTH: statuses of SCEP URLs, of page and API, of SCEP through the page's URL
matrix() {
    local url found wanted
    for url in "$scep" "$face" "$page" "$page_scep" "$api"; do
        case $url in
        "$page") wanted=$3 ;;
        "$page_scep") wanted=$4 ;;
        "$api") wanted=$3; [[ $3 == 403 ]] || wanted=405 ;;
        *) wanted=$2 ;;
        esac
        found=$(status_of "$1" "$url")
        [[ $found == "$wanted" ]] || { printf '%s from %s: %s instead of %s\n' "$url" "$1" "$found" "$wanted" >"$work/matrix"; return 1; }
    done
    ok password purge --all
}
settled() { eventually 10 matrix "$@" || fail "$(<"$work/matrix")"; }

step "no list"
settled "$INSIDE" 200 200 200
settled "$OUTSIDE" 200 200 200

step "a template's list: only the page, only SCEP, both, off"
ok template set device ip_acl.enabled=true ip_acl.allowed="10.0.0.5, 10.1.0.0/16, 2001:db8::/32" ip_acl.limit=ui
settled "$OUTSIDE" 200 403 403
settled "$INSIDE" 200 200 200
settled "2001:db8::1" 200 200 200
settled "2001:db9::1" 200 403 403
ok template set device ip_acl.limit=scep
settled "$OUTSIDE" 403 200 403
settled "$INSIDE" 200 200 200
ok template set device ip_acl.limit=both
settled "$OUTSIDE" 403 403 403
settled "$INSIDE" 200 200 200
audited event=http result=refused reason=address-denied "peer=$OUTSIDE" http_status=403 >/dev/null || fail "a refused address is not audited"
[[ $(get "$page" --header "X-Forwarded-For: $OUTSIDE") == 403 && ! -s $work/body ]] || fail "a 403 has a body"
ok template set device ip_acl.enabled=false
settled "$OUTSIDE" 200 200 200

step "the service's list, for all templates"
ok config set ip_acl.enabled=true ip_acl.allowed=10.0.0.0/8 ip_acl.limit=ui
settled "$OUTSIDE" 200 403 403
settled "$INSIDE" 200 200 200
ok config set ip_acl.limit=scep
settled "$OUTSIDE" 403 200 403
ok config set ip_acl.limit=both
settled "$OUTSIDE" 403 403 403
# Below the URL of a template without NDES face all is SCEP, whatever the path looks like.
ok template add plain enabled=true challenge.passphrase=generate
ok config set ip_acl.limit=scep
settled "$OUTSIDE" 403 200 403
eventually 10 eval '[[ $(status_of "$INSIDE" "$base/scep/plain/certsrv/mscep_admin/?operation=GetCACaps") == 200 ]]' || fail "the template plain does not answer"
[[ $(status_of "$OUTSIDE" "$base/scep/plain/certsrv/mscep_admin/?operation=GetCACaps") == 403 ]] || fail "a path of the page passes the list for SCEP"
ok config set ip_acl.enabled=false
settled "$OUTSIDE" 200 200 200

step "the service's page: its passwords count for all its templates, so the lists of all limit it"
ok template add sig enabled=true challenge.type=ndes
ok config set ndes.SignatureTemplate=sig
service=$base/certsrv/mscep_admin/
service_scep=$base/certsrv/mscep/?operation=GetCACaps
service_matrix() { # ADDRESS PAGE SCEP
    [[ $(status_of "$1" "$service") == "$2" && $(status_of "$1" "$service_scep") == "$3" ]]
}
service_settled() { eventually 10 service_matrix "$@" || fail "$1 at the service's page: $(status_of "$1" "$service"), SCEP: $(status_of "$1" "$service_scep")"; }
service_settled "$OUTSIDE" 200 200
for listed in device sig; do
    ok template set "$listed" ip_acl.enabled=true ip_acl.allowed=10.0.0.0/8 ip_acl.limit=both
    service_settled "$OUTSIDE" 403 200
    service_settled "$INSIDE" 200 200
    ok template set "$listed" ip_acl.enabled=false
    service_settled "$OUTSIDE" 200 200
done
ok config set ndes.SignatureTemplate=

step "forwarded headers count only from listed proxies"
ok template set device ip_acl.enabled=true ip_acl.allowed=10.0.0.0/8 ip_acl.limit=both
settled "$OUTSIDE" 403 403 403
[[ $(status_of "$INSIDE, $OUTSIDE" "$scep") == 403 ]] || fail "what the client wrote itself is believed"
[[ $(status_of "$OUTSIDE, $INSIDE" "$scep") == 200 ]] || fail "the last address is not taken"
[[ $(status_of "rubbish" "$scep") == 400 ]] || fail "rubbish from a proxy passes"
ok config set trusted_proxies=192.0.2.1
untrusted() { [[ $(status_of "$INSIDE" "$scep") == 403 ]]; }
eventually 10 untrusted || fail "a header from an unlisted proxy is believed"
ok template set device ip_acl.allowed=127.0.0.1
eventually 10 eval '[[ $(status_of "$OUTSIDE" "$scep") == 200 ]]' || fail "the socket's address is not what counts"
ok template set device ip_acl.enabled=false
stop_server

step "listeners that serve some faces only"
start_server_raw --listen 127.0.0.1:0/scep --listen 127.0.0.1:0/ui --listen 127.0.0.1:0/crl || fail "the server ended"
mapfile -t bases < <(sed -n 's,^\(SCEP URL\|Password page\): \(http://[^/]*\)/scep/device.*,\2,p' "$work/server.log" | sort -u)
[[ ${#bases[@]} -eq 2 ]] || fail "not one SCEP and one page listener: $(<"$work/server.log")"
scep_base=$(sed -n 's,^SCEP URL: \(http://[^/]*\)/scep/device.*,\1,p' "$work/server.log" | head -n 1)
page_base=$(sed -n 's,^Password page: \(http://[^/]*\)/scep/device.*,\1,p' "$work/server.log" | head -n 1)
answers 200 "$scep_base/scep/device?operation=GetCACaps" || fail "the SCEP listener serves no SCEP"
answers 404 "$scep_base/certsrv/mscep_admin/" || fail "the SCEP listener serves the page"
answers 404 "$scep_base/crl/default.crl" || fail "the SCEP listener serves the CRL"
answers 404 "$page_base/scep/device?operation=GetCACaps" || fail "the page's listener serves SCEP"
answers 404 "$page_base/certsrv/mscep/" || fail "the page's listener serves the device URL"
answers 401 "$page_base/certsrv/mscep_admin/" || fail "the page's listener serves no page"
[[ $(http_status --netrc-file "$credentials" --basic "$page_base/certsrv/mscep_admin/?operation=GetCACaps") == 404 ]] || fail "the page's listener answers SCEP operations"
stop_server
