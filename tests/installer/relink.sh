#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The kit for replacing libmicrohttpd: it has all that it takes, for it links, far from this tree, the
# very program that was built, and it links what lies in it: not without its own libmicrohttpd.a.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly ROOT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'installer_relink: FAILED: %s\n' "$*" >&2
    exit 1
}

"$ROOT/toolchain/package" --relink-kit --output "$work/package" >/dev/null
tar -C "$work" -xzf "$work"/package/*-relink.tar.gz
kit=$work/OpenNDES-relink
[[ -s $kit/libmicrohttpd/COPYING && -s $(echo "$kit"/libmicrohttpd/*.orig.tar.*z) ]] || fail "licence or source is missing"
! grep -qF "$ROOT" "$kit/relink" || fail "the script needs this tree"
"$kit/relink" || fail "it does not link"
cmp "$kit/openndes.exe" "$OPENNDES_PROGRAM" || fail "the program is not the one that was built"

# Without a function of the library that the program calls, it must not link any more.
x86_64-w64-mingw32-objcopy --redefine-sym MHD_start_daemon=MHD_other_daemon "$kit/sysroot/libmicrohttpd.a"
! "$kit/relink" 2>"$work/err" || fail "it links without its own libmicrohttpd.a"
grep -q MHD_start_daemon "$work/err" || fail "another failure: $(tail -n 3 "$work/err")"
printf 'installer_relink: passed\n'
