#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openndes account: add, list, password, remove; that a password is nowhere but in scrypt's hash.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"

readonly SECRET='Korrekt-Pferd "7" %20 ü'

step "without a data folder"
refused 6 data-folder-missing account list
refused 6 data-folder-missing account add mdm <<<"$SECRET"

ok init --ca-key rsa2048 --passphrase - <<<"a passphrase of the template"

step "usage"
refused 2 usage account
refused 2 usage account nonsense
refused 2 usage account add
refused 2 usage account add one two
refused 2 usage account remove
refused 2 usage account add mdm # no password on standard input
refused 2 usage account add mdm --password TypedByMistake0000
not_said "$err" TypedByMistake0000
[[ ! -e $data/accounts.json ]] || fail "a refused command has made accounts.json"

step "what is refused"
refused 3 config-bad-value account add 'CORP\alice' <<<"$SECRET"
refused 3 config-bad-value account add 'a:b' <<<"$SECRET"
refused 3 passphrase-too-short account add mdm <<<"11 letters."
refused 10 template-missing account add mdm --template nonsense <<<"$SECRET"
refused 2 template-name account add mdm --template '../x' <<<"$SECRET"
refused 10 account-missing account remove mdm
refused 10 account-missing account password mdm <<<"$SECRET"
ok account list
[[ ! -s $out ]] || fail "account list shows something: $(<"$out")"
ok account list --json
[[ $(json 'len(j)') == 0 ]] || fail "account list --json: $(<"$out")"

step "add"
ok account add mdm --template device --template device <<<"$SECRET"
said "$out" "Account mdm added."
not_said "$out" "every template"
ok account add face --service --template device <<<"$SECRET"
ok account add 'all of it' <<<"$SECRET"
said "$out" "every template"
refused 3 account-exists account add MDM <<<"$SECRET"
said "$err" "account password mdm"

step "list"
ok account list
said "$out" mdm
said "$out" "(service), device"
said "$out" "(everything)"
ok account list --json
[[ $(json '[a["name"] for a in j]') == '["mdm", "face", "all of it"]' ]] || fail "names: $(<"$out")"
[[ $(json '[a["scopes"] for a in j]') == '[["device"], ["*", "device"], []]' ]] || fail "scopes: $(<"$out")"
not_said "$out" hash

step "change, remove"
cp "$data/accounts.json" "$work/before"
ok account password mdm <<<"another password"
! cmp -s "$data/accounts.json" "$work/before" || fail "account password has changed nothing"
refused 3 passphrase-too-short account password mdm <<<"short"
ok account remove face
ok account list --json
[[ $(json '[a["name"] for a in j]') == '["mdm", "all of it"]' ]] || fail "names: $(<"$out")"

step "a broken file is not overwritten"
echo '{ broken' >"$data/accounts.json"
refused 3 config-syntax account list
refused 3 config-syntax account add other <<<"$SECRET"
refused 3 config-syntax account remove mdm
[[ $(<"$data/accounts.json") == '{ broken' ]] || fail "accounts.json was overwritten"

step "recorded, without passwords"
audited event=account-add result=ok "target=all of it" >/dev/null || fail "account-add is not in the audit log"
audited event=account-password result=ok target=mdm >/dev/null || fail "account-password is not in the audit log"
audited event=account-remove result=ok target=face >/dev/null || fail "account-remove is not in the audit log"
if on_windows; then
    skip_part "file modes under Wine"
else
    mv "$work/before" "$data/accounts.json"
    ok account remove mdm
    [[ $(stat -c %a "$data/accounts.json") == 600 ]] || fail "accounts.json has mode $(stat -c %a "$data/accounts.json")"
fi
if grep -rqaF -e "$SECRET" -e "another password" "$data"; then
    fail "a password stands in clear below $data"
fi
