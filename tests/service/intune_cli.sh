#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openndes intune: secret, certificate, proxy password, what "show" says, and "test" as far as it goes without a
# cloud; that no secret is an argument, an output, or lies in clear.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

readonly TENANT=contoso.example CLIENT=2c1d8f6e-93b4-4b57-8f0d-6a7e5c3b2d10
readonly SECRET='kD~8Q~Client.Secret_Marker-4711' PROXY_PASSWORD='Proxy Marker "4712" ü'
readonly PFX_PASSWORD='Pfx-Marker-4713' KEY_PASSWORD='Pem-Marker-4714'

own() { openssl x509 -in "$data/intune/client.crt" -noout "$@"; }
thumbprint() { openssl x509 -in "$1" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g; s/.*/\L&/'; }

step "without a data folder"
refused 6 data-folder-missing intune show
refused 6 data-folder-missing intune secret <<<"$SECRET"

make_data

step "usage"
refused 2 usage intune
said "$err" "show|secret|certificate|proxy-password|test"
refused 2 usage intune nonsense
refused 2 usage intune certificate
said "$err" "new|import|show|remove"
refused 2 usage intune secret # nothing on standard input
refused 2 usage intune secret "$SECRET"
not_said "$err" "$SECRET"
refused 2 usage intune secret "--secret=$SECRET"
not_said "$err" "$SECRET"
refused 2 usage intune secret --expires never <<<"$SECRET"
refused 2 usage intune secret --expires 2031-02-30 <<<"$SECRET"
refused 2 usage intune secret --expires 2020-01-01 <<<"$SECRET"
said "$err" "is over"
refused 2 usage intune secret --expires 2031-05-31 --remove
refused 2 usage intune certificate new --days 0
refused 2 usage intune certificate new --days 3651
refused 2 usage intune certificate import
refused 2 usage intune certificate import x --password "$PFX_PASSWORD"
not_said "$err" "$PFX_PASSWORD"
refused 2 usage intune test extra
[[ ! -e $data/intune/secret && ! -e $data/intune/client.crt ]] || fail "a refused command has left something"

step "nothing there yet"
ok intune show
said "$out" "Client secret:  (none)"
said "$out" "intune.tenant is empty"
ok intune show --json
[[ $(json '[j["tenant"], j["credential"], j["secret"], j["proxy_password"], j["thumbprint"]]') == '["", "secret", false, false, ""]' ]] ||
    fail "show --json: $(<"$out")"
refused 3 intune-not-configured intune test
refused 3 intune-not-configured intune secret --remove
refused 3 intune-not-configured intune proxy-password --remove
refused 3 intune-not-configured intune certificate remove
refused 3 intune-not-configured intune certificate show
said "$err" "openndes intune certificate new"

step "secret"
ok intune secret --expires 2031-05-31 <<<"$SECRET"
said "$out" "openndes config set intune.tenant=TENANT intune.client_id=APPLICATION-ID"
not_said "$out" "$SECRET"
audited event=intune-secret result=ok target=intune/secret >/dev/null
ok config set "intune.tenant=$TENANT" "intune.client_id=$CLIENT"
ok intune show
said "$out" "Tenant:         $TENANT"
said "$out" "Client secret:  set, ends on 2031-05-31"
ok config show --json
[[ $(json 'j["intune.secret_expires"]') == 2031-05-31 ]] || fail "secret_expires: $(<"$out")"
ok intune secret --expires 2032-01-01 <<<"$SECRET"
said "$out" "openndes intune test"
ok config show --json
[[ $(json 'j["intune.secret_expires"]') == 2032-01-01 ]] || fail "secret_expires: $(<"$out")"

step "a new secret whose end is not told: that of the old one does not stay"
ok intune secret <<<"$SECRET"
said "$out" "intune.secret_expires="
ok intune show --json
[[ $(json '[j["secret"], j["secret_expires"]]') == '[true, ""]' ]] || fail "show --json: $(<"$out")"

step "a secret's id instead of its value"
ok intune secret <<<"11111111-2222-3333-4444-555555555555"
said "$out" "looks like a secret's id"
ok intune secret <<<"$SECRET"
not_said "$out" "looks like"
ok intune secret - <<<"$SECRET" # as other verbs want it
not_said "$out" "$SECRET"
refused 2 usage intune secret - more <<<"$SECRET"
refused 2 usage intune secret --remove -

step "proxy password"
ok intune proxy-password <<<"$PROXY_PASSWORD"
said "$out" "openndes config set intune.proxy_user=NAME"
ok config set intune.proxy_user=scep
ok intune proxy-password <<<"$PROXY_PASSWORD"
not_said "$out" "config set"
ok intune proxy-password - <<<"$PROXY_PASSWORD"
refused 2 usage intune proxy-password "$PROXY_PASSWORD"
not_said "$err" "$PROXY_PASSWORD"
audited event=intune-proxy-password >/dev/null
ok intune show --json
[[ $(json '[j["proxy"], j["proxy_user"], j["proxy_password"]]') == '["system", "scep", true]' ]] || fail "show --json: $(<"$out")"

step "certificate new"
ok intune certificate new --days 90
said "$out" "Certificates & secrets"
said "$out" "$(thumbprint "$data/intune/client.crt")"
said "$out" "openndes config set intune.credential=certificate"
audited event=intune-certificate-new "target=$(thumbprint "$data/intune/client.crt")" >/dev/null
own -text | grep -q "Public-Key: (2048 bit)" || fail "no RSA key of 2048 bits"
openssl x509 -in "$data/intune/client.crt" -noout -checkend $((89 * 86400)) >/dev/null || fail "shorter than 90 days"
! openssl x509 -in "$data/intune/client.crt" -noout -checkend $((90 * 86400 + 60)) >/dev/null || fail "longer than 90 days"
ok config set intune.credential=certificate
ok intune certificate new --out "$(path "$work/app.upload.pem")"
cmp -s "$work/app.upload.pem" "$data/intune/client.crt" || fail "--out is not the certificate"
said "$out" "openndes intune test"
first=$(thumbprint "$data/intune/client.crt")

step "certificate show: what is uploaded"
ok intune certificate show
said "$out" "Thumbprint: $first"
openssl x509 -in "$out" -noout -fingerprint -sha1 >/dev/null || fail "no certificate: $(<"$out")"
ok intune certificate show --pem
cp "$out" "$work/upload.pem"
[[ $(head -n 1 "$work/upload.pem") == "-----BEGIN CERTIFICATE-----" ]] || fail "more than the certificate: $(<"$out")"
[[ $(thumbprint "$work/upload.pem") == "$first" ]] || fail "another certificate"
not_said "$out" PRIVATE
ok intune certificate show --json
[[ $(json 'j["thumbprint"]') == "$first" ]] || fail "show --json: $(<"$out")"
[[ $(json 'j["sha256"]') == "$(own -fingerprint -sha256 | sed 's/.*=//; s/://g; s/.*/\L&/')" ]] || fail "another fingerprint: $(<"$out")"

step "certificate import"
new_key "$work/key.pem"
openssl req -new -x509 -key "$work/key.pem" -subj "/CN=scep application" -days 200 -out "$work/cert.pem"
cat "$work/cert.pem" "$work/key.pem" >"$work/both.pem"
openssl pkcs8 -topk8 -in "$work/key.pem" -passout "pass:$KEY_PASSWORD" -out "$work/sealed-key.pem"
cat "$work/sealed-key.pem" "$work/cert.pem" >"$work/sealed.pem"
openssl pkcs12 -export -in "$work/cert.pem" -inkey "$work/key.pem" -passout "pass:$PFX_PASSWORD" -out "$work/app.pfx"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/ec.pem"
openssl req -new -x509 -key "$work/ec.pem" -subj "/CN=curve" -days 200 >>"$work/ec.pem"
refused 6 file-missing intune certificate import "$(path "$work/nowhere.pem")"
refused 8 key-unreadable intune certificate import "$(path "$work/cert.pem")"
refused 8 certificate-unreadable intune certificate import "$(path "$work/key.pem")"
refused 8 key-password intune certificate import "$(path "$work/sealed.pem")"
refused 8 key-password intune certificate import "$(path "$work/sealed.pem")" --password - <<<"wrong"
refused 8 key-password intune certificate import "$(path "$work/app.pfx")"
refused 11 key-type intune certificate import "$(path "$work/ec.pem")"
[[ $(thumbprint "$data/intune/client.crt") == "$first" ]] || fail "a refused import has changed the certificate"
for file in both.pem sealed.pem app.pfx; do
    ok intune certificate new
    case $file in
    both.pem) ok intune certificate import "$(path "$work/$file")" ;;
    sealed.pem) ok intune certificate import "$(path "$work/$file")" --password - <<<"$KEY_PASSWORD" ;;
    app.pfx) ok intune certificate import "$(path "$work/$file")" --password - <<<"$PFX_PASSWORD" ;;
    esac
    said "$out" "$(thumbprint "$work/cert.pem")"
    ok intune show --json
    [[ $(json 'j["thumbprint"]') == "$(thumbprint "$work/cert.pem")" ]] || fail "$file: show --json: $(<"$out")"
done
audited event=intune-certificate-import "target=$(thumbprint "$work/cert.pem")" >/dev/null

step "test: nobody there"
ok config set intune.proxy=none intune.proxy_user= intune.authority=https://nonexistent.invalid intune.graph=https://nonexistent.invalid
refused 5 intune-unavailable intune test
said "$err" "first: token"
grep -qE '^ok +credential: ' "$out" || fail "no ok for the credential: $(<"$out")"
grep -qE '^error +token: .*nonexistent\.invalid is not known to DNS' "$out" || fail "no error for the token: $(<"$out")"
on_data intune test --json
[[ $status -eq 5 ]] || fail "test --json ended with $status"
[[ $(json '[s["level"] for s in j if s["step"] == "token"]') == '["error"]' ]] || fail "test --json: $(<"$out")"
ok config set intune.proxy=http://nonexistent.invalid:8080
refused 5 intune-unavailable intune test
grep -qE '^error +proxy: .*nonexistent\.invalid:8080' "$out" || fail "no error for the proxy: $(<"$out")"
said "$out" 'error    token: The same as "proxy".'
on_data intune test --json
[[ $(json '[s["reason"] for s in j if s["level"] == "error"][0]') == intune-unavailable ]] || fail "no reason: $(<"$out")"
ok config set intune.proxy=none intune.ca_file=nowhere.pem
on_data intune test
[[ $status -ne 0 ]] || fail "a ca_file that is missing does not matter"
said "$err" nowhere.pem
ok config set intune.ca_file=

step "test --csr: what is no request is told at once"
openssl req -new -key "$work/key.pem" -subj "/CN=x" -out "$work/bare.csr"
refused 6 file-missing intune test --csr "$(path "$work/nowhere.csr")"
refused 11 challenge-missing intune test --csr "$(path "$work/bare.csr")"
on_data intune test --csr "$(path "$work/cert.pem")"
[[ $status -ne 0 && ! -s $out ]] || fail "a certificate was taken for a request"

step "remove"
ok intune secret --expires 2031-05-31 <<<"$SECRET"
ok intune secret --remove
said "$out" "delete it in Entra"
ok intune proxy-password --remove
ok intune certificate remove
for event in intune-secret-remove intune-proxy-password-remove intune-certificate-remove; do audited "event=$event" >/dev/null; done
ok intune show --json
[[ $(json '[j["secret"], j["secret_expires"], j["proxy_password"], j["thumbprint"]]') == '[false, "", false, ""]' ]] || fail "show --json: $(<"$out")"
[[ -z $(find "$data/intune" -type f ! -name .lock) ]] || fail "left: $(ls -A "$data/intune")"

step "nothing lies in clear"
ok intune secret <<<"$SECRET"
ok intune proxy-password <<<"$PROXY_PASSWORD"
ok intune certificate import "$(path "$work/app.pfx")" --password - <<<"$PFX_PASSWORD"
for secret in "$SECRET" "$PROXY_PASSWORD" "$PFX_PASSWORD" "$KEY_PASSWORD"; do
    ! grep -rqF -- "$secret" "$data" || fail "\"$secret\" lies in clear: $(grep -rlF -- "$secret" "$data")"
done
! grep -rlE 'BEGIN ((RSA|EC|ENCRYPTED) )?PRIVATE KEY' "$data" || fail "a private key lies in clear in the data folder"
if ! on_windows; then
    [[ $(stat -c %a "$data/intune" "$data/intune/secret" "$data/intune/client.key" | tr '\n' ' ') == "700 600 600 " ]] || fail "rights: $(ls -la "$data/intune")"
fi

step "what the guide says to type"
mapfile -t typed < <(grep -oE 'openndes intune (secret|proxy-password|certificate (new|show))[^`|]*' "$OPENNDES_TESTS/../docs/intune.md" | sort -u)
[[ ${#typed[@]} -ge 4 ]] || fail "the guide says no more how: ${typed[*]}"
for line in "${typed[@]}"; do
    read -r -a words <<<"$line"
    ok "${words[@]:1}" <<<"$SECRET"
done

step "a data folder that was copied without its key"
if ! on_windows; then # DPAPI opens it on the same machine
    rm "$data/protect.key"
    on_data intune show
    [[ $status -eq 8 ]] || fail "show ended with $status: $(<"$err")"
    said "$err" "[key-protection]"
fi
