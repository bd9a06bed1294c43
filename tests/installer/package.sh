#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the packages that the other tests need, into $OPENNDES_PACKAGES/new and old; and the new one a
# second time, elsewhere and later: it has to be the same, byte for byte.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly ROOT OLD_VERSION=0.0.9

fail() {
    printf 'installer_package: FAILED: %s\n' "$*" >&2
    exit 1
}

rm -rf "$OPENNDES_PACKAGES"
mkdir -p "$OPENNDES_PACKAGES"
"$ROOT/toolchain/package" --output "$OPENNDES_PACKAGES/new" >"$OPENNDES_PACKAGES/new.txt"
cat "$OPENNDES_PACKAGES/new.txt"

# Another folder, another time zone, another umask, and files that are not in the order they were in.
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
(
    umask 077
    TZ=Asia/Tokyo "$ROOT/toolchain/package" --output "$again/deeper/and deeper" >/dev/null
)
for file in "$OPENNDES_PACKAGES"/new/*.msi "$OPENNDES_PACKAGES"/new/*.cdx.json "$OPENNDES_PACKAGES"/new/*.debug; do
    cmp "$file" "$again/deeper/and deeper/${file##*/}" || fail "${file##*/} is another one when it is made again"
done

# The program as it came from the linker: with its symbols it is another file.
"$ROOT/toolchain/package" --version "$OLD_VERSION" --exe "$OPENNDES_PROGRAM" --output "$OPENNDES_PACKAGES/old" >/dev/null
[[ -s $OPENNDES_PACKAGES/old/OpenNDES-$OLD_VERSION-x64.msi ]] || fail "no package of version $OLD_VERSION"
codes() { for msi in "$OPENNDES_PACKAGES"/{new,old}/*.msi; do msiinfo suminfo "$msi" | grep UUID; done; }
[[ $(codes | sort -u | wc -l) -eq 2 ]] || fail "two packages with the same package code"

# What must not give a package.
refused() {
    ! "$ROOT/toolchain/package" --output "$again/refused" "$@" >"$again/out" 2>"$again/err" || fail "not refused: $*"
    [[ $(wc -l <"$again/err") -eq 1 ]] || fail "not one sentence: $(<"$again/err")"
    [[ ! -e $(echo "$again"/refused/*.msi) ]] || fail "a package in spite of the refusal: $*"
}
refused --version 1.2.3
refused --version 1.2 --exe "$OPENNDES_PROGRAM"
refused --version 256.0.0 --exe "$OPENNDES_PROGRAM"
refused --exe "$again/missing.exe"
refused --nonsense
OPENNDES_SIGN_CERT=/nowhere.pem refused
printf 'installer_package: passed\n'
