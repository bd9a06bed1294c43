#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The samples that are installed: every template loads and can be enabled as the README beside it says,
# every policy passes the lint, and those that come in two languages say the same.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
readonly SAMPLES=$OPENNDES_TESTS/../installer/samples

make_data --no-ca
mkdir -p "$data/policies"
cp "$SAMPLES"/templates/*.json "$data/templates/"
cp "$SAMPLES"/policies/* "$data/policies/"
names=()
for file in "$SAMPLES"/templates/*.json; do names+=("$(basename "$file" .json)"); done
[[ ${#names[@]} -ge 4 ]] || fail "only ${#names[@]} templates"

step "templates"
ok template list --json
for name in "${names[@]}"; do
    [[ $(json "[t['name'] for t in j].count('$name')") == 1 ]] || fail "template $name does not load: $(<"$out")"
    grep -qF "templates\\$name.json" "$SAMPLES/README.md" || fail "$name is not in the README"
done
on_data check
for name in "${names[@]}"; do said "$out" "template $name: off"; done

step "policies"
for file in "$SAMPLES"/policies/*; do
    run_program policy lint "$(path "$file")"
    [[ $status -eq 0 && $(tail -n 1 "$out") == "0 errors, 0 warnings" ]] || fail "${file##*/}: $(<"$out") $(<"$err")"
done
for file in "$SAMPLES"/policies/*.xml; do
    [[ -f ${file%.xml}.json ]] || continue
    run_program policy dump "$(path "$file")"
    cp "$out" "$work/xml"
    run_program policy dump "$(path "${file%.xml}.json")"
    cmp "$work/xml" "$out" || fail "${file##*/} says something else than its JSON"
done
