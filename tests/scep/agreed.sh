#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The answers for EC keys before OpenSSL's command line, as an administrator would open one:
#     agreed.sh WRITE_AGREED
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$1" "$folder"
count=0
for envelope in "$folder"/*.der; do
    name=${envelope%.der}
    openssl cms -decrypt -binary -inform DER -in "$envelope" -inkey "$name.key" -recip "$name.crt" \
        -out "$folder/opened"
    cmp "$folder/opened" "$folder/plain"
    shown=$(openssl cms -cmsout -print -noout -inform DER -in "$envelope")
    for expected in 'version: 2' 'd.kari:' 'version: 3' 'd.originatorKey:'; do
        [[ $shown == *"$expected"* ]] || {
            printf '%s: no "%s" in what OpenSSL shows\n' "${name##*/}" "$expected"
            exit 1
        }
    done
    count=$((count + 1))
done
[[ $count -eq 6 ]] || {
    printf '%d envelopes, not 6\n' "$count"
    exit 1
}
printf 'OpenSSL has opened %d envelopes.\n' "$count"
