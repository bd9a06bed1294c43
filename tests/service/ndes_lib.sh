# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the NDES face share. Sourced behind ../interop/lib.sh. Variables: $ndes (device URL of
# the service's face), $admin (its password page), $credentials (a file for curl --netrc-file).
readonly ACCOUNT_PASSWORD='correct horse battery'
credentials=$work/credentials
ndes='' admin=''

# ndes_data [INIT-ARGUMENT...]: a data folder with the NDES face on, and the account "mdm" that may use the
# password page by Basic from this machine.
ndes_data() {
    make_data --ndes "$@"
    ok account add mdm <<<"$ACCOUNT_PASSWORD"
    ok config set signin.basic=true basic_http.enabled=true signin.negotiate=false
    (umask 077 && printf 'machine 127.0.0.1 login mdm password "%s"\n' "$ACCOUNT_PASSWORD" >"$credentials")
}

ndes_start() {
    start_server "$@"
    ndes=$base/certsrv/mscep/mscep.dll
    admin=$base/certsrv/mscep_admin/
}

# changed COMMAND...: like ok, and returns when the running server has taken the change over.
reloads() { grep -c 'configuration reloaded' "$data/logs/openndes.log" || true; }
has_reloaded() { [[ $(reloads) -gt $1 ]]; }
changed() {
    local before
    before=$(reloads)
    ok "$@"
    eventually 20 has_reloaded "$before" || fail "the server does not notice: $*"
}

# get URL [CURL-ARGUMENT...]: head in $work/head, body in $work/body; prints the status.
get() {
    : >"$work/body"
    curl --silent --show-error --max-time 30 --path-as-is --dump-header "$work/head" --output "$work/body" \
        --write-out '%{http_code}' "${@:2}" "$1"
}
header() { sed -n "s/\r$//; s/^$1: //Ip" "$work/head"; }
# expect STATUS URL [CURL-ARGUMENT...]
expect() {
    local found
    found=$(get "${@:2}") || fail "no answer: ${*:2}"
    [[ $found == "$1" ]] || fail "$found instead of $1: ${*:2}: $(header WWW-Authenticate) $(tail -n 2 "$work/server.log")"
}
# signed_in STATUS URL [CURL-ARGUMENT...]: as "mdm".
signed_in() { expect "$1" "$2" --netrc-file "$credentials" --basic "${@:3}"; }

# page: the last body, from UTF-16LE; the byte order mark has to be there.
page() {
    [[ $(head -c 2 "$work/body" | od -An -tx1 | tr -d ' ') == fffe ]] || fail "the page has no byte order mark"
    iconv -f UTF-16 -t UTF-8 "$work/body"
}
# page_says TEXT
page_says() { page | grep -qF -- "$1" || fail "the page does not say \"$1\": $(page)"; }

# scrape: what each scraper makes of the last body, in $work/scraped: name, tab, result.
scrape() {
    python3 "$OPENNDES_TESTS/mscep/scrapers.py" "$work/body" >"$work/scraped" 2>&1 || fail "scrapers.py: $(<"$work/scraped")"
}
# scraped: the password that every scraper finds; fails when they differ.
scraped() {
    local found
    scrape
    found=$(cut -f 2 "$work/scraped" | sort -u)
    [[ $(wc -l <<<"$found") -eq 1 ]] || fail "the scrapers differ: $(<"$work/scraped")"
    printf '%s' "$found"
}
# kind: of a page without a password, as the scraper sees it that knows them all; no scraper may find one.
kind() {
    scrape
    ! grep -qE '	[0-9A-F]{16}' "$work/scraped" || fail "a scraper finds a password: $(<"$work/scraped")"
    sed -n 's/^fleet	//p' "$work/scraped"
}

# fresh_password [URL]: from the page.
fresh_password() {
    signed_in 200 "${1:-$admin}"
    page_says 'This password can be used only once and will expire within'
    scraped
}

# fetch_pair [URL]: GetCACert of a face with an RA pair into $work/pair: sign.pem, enc.pem, ca.pem.
fetch_pair() {
    local n=0 file
    rm -rf "$work/pair"
    mkdir "$work/pair"
    expect 200 "${1:-$ndes}?operation=GetCACert&message=ca"
    openssl pkcs7 -inform DER -in "$work/body" -print_certs |
        awk -v folder="$work/pair" '/BEGIN CERT/ { inside = 1; n++ }
            inside { print > (folder "/" n ".pem") }
            /END CERT/ { inside = 0 }'
    for file in sign enc ca; do
        n=$((n + 1))
        mv "$work/pair/$n.pem" "$work/pair/$file.pem" || fail "GetCACert has fewer than three certificates"
    done
}

# ndes_enrol NAME PASSWORD [URL [PKI-OPTION...]]: with strongSwan through the pair in $work/pair. 3DES: strongSwan
# 5.9.8 believes in AES only where SHA-384 is advertised, which NDES does not.
ndes_enrol() {
    local name=$1
    [[ -f $work/$name.key ]] || new_key "$work/$name.key"
    (umask 077 && printf -- '--password "%s"\n' "$2" >"$work/$name.options")
    timeout -k 5 "$PATIENCE" pki --scep --options "$work/$name.options" --url "${3:-$ndes}" \
        --in "$work/$name.key" --dn "${enrol_dn:-CN=$name}" --cacert-enc "$work/pair/enc.pem" \
        --cacert-sig "$work/pair/sign.pem" --cacert "$work/pair/ca.pem" --cipher des3 --interval 1 --maxpolltime 3 \
        --outform pem "${@:4}" >"$work/$name.pem" 2>"$work/$name.log" && [[ -s $work/$name.pem ]]
}
ndes_enrolled() {
    ndes_enrol "$@" || fail "no certificate for $1: $(grep -v "^\(TPM\|plugin\)" "$work/$1.log") $(tail -n 2 "$work/server.log")"
    openssl verify -x509_strict -CAfile "$work/pair/ca.pem" "$work/$1.pem" >"$work/verify.log" 2>&1 ||
        fail "openssl verify: $(<"$work/verify.log")"
}
# ndes_refused REASON NAME PASSWORD ...
ndes_refused() {
    local reason=$1
    shift
    ! ndes_enrol "$@" || fail "$1 got a certificate"
    audited event=enroll result=refused "reason=$reason" "requested_subject=CN=$1" >/dev/null ||
        fail "$1 was not refused for the reason $reason: $(tail -n 1 "$data/logs/audit.jsonl")"
}
# outstanding: how many unused passwords there are.
outstanding() {
    ok password list --json
    json 'len(j)'
}
