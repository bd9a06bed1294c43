#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/policy/scep-policy.xsd against the samples that the loader is tested with: what the server
# loads is valid, what it refuses is not. CI must have xmllint; elsewhere its lack skips the test.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
samples=$root/tests/fixtures/policy

command -v xmllint >/dev/null || {
    echo "xsd.sh: no xmllint (Debian: libxml2-utils)."
    [[ -z ${CI:-} ]] && exit 77
    exit 1
}

validate() { xmllint --noout --nonet --schema "$root/docs/policy/scep-policy.xsd" "$1" 2>&1; }

failed=0 good=0 bad=0
for file in "$samples"/*.own.xml "$samples"/own/good-*.xml; do
    good=$((good + 1))
    said=$(validate "$file") || {
        printf '%s should be valid:\n%s\n' "$file" "$said"
        failed=1
    }
done
for file in "$samples"/own/bad-*.xml; do
    bad=$((bad + 1))
    status=0
    said=$(validate "$file") || status=$?
    # 3 and 4: not valid; anything else is a broken schema or a broken sample
    [[ $status == 3 || $status == 4 ]] || {
        printf '%s should be invalid (status %s):\n%s\n' "$file" "$status" "$said"
        failed=1
    }
done
((good >= 6 && bad >= 40)) || {
    echo "only $good good and $bad bad samples were found"
    failed=1
}
exit "$failed"
