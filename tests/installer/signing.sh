#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A package that is signed with a throw-away certificate: program and MSI verify, each with the
# certificate, and not after a byte has changed. PEM, PKCS#12 with its password in a file, and what is
# wrong with a half-given pair.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly ROOT PASSWORD=correct-horse
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077

fail() {
    printf 'installer_signing: FAILED: %s\n' "$*" >&2
    exit 1
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 30 \
    -subj "/CN=OpenNDES test signer" -addext extendedKeyUsage=codeSigning -addext keyUsage=digitalSignature 2>/dev/null
printf '%s' "$PASSWORD" >"$work/password"
openssl pkcs12 -export -in "$work/cert.pem" -inkey "$work/key.pem" -out "$work/signer.p12" -passout "file:$work/password"

# verified FILE: by the certificate, and by no other.
verified() { osslsigncode verify -CAfile "$work/cert.pem" -TSA-CAfile "$work/cert.pem" -in "$1" >"$work/verify.log" 2>&1; }

# package FOLDER: signed as the environment says
package() { "$ROOT/toolchain/package" --output "$work/$1" >"$work/$1.txt" 2>"$work/err"; }

OPENNDES_SIGN_CERT=$work/cert.pem OPENNDES_SIGN_KEY=$work/key.pem package pem || fail "signing with PEM files: $(<"$work/err")"
grep -q '^Signed: yes$' "$work/pem.txt" || fail "toolchain/package does not say that it has signed"
msi=$(echo "$work"/pem/*.msi)
verified "$msi" || fail "the MSI does not verify: $(<"$work/verify.log")"
msiextract -C "$work/files" "$msi" >/dev/null
program=$work/files/OpenNDES/openndes.exe
verified "$program" || fail "the program in it does not verify: $(<"$work/verify.log")"
# Windows shows this name when it asks for permission.
grep -aq OpenNDES "$work/verify.log" || fail "the signature has no name"

# The tables are those of the signed package: signing comes last and leaves them alone.
[[ $(msiinfo export "$msi" Property | tr -d '\r' | sed -n 's/^ProductName\t//p') == OpenNDES ]] || fail "the signed MSI cannot be read"

flip() { # one byte, in the middle
    python3 - "$1" "$2" <<'PYTHON'
import pathlib, sys
data = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
data[len(data) // 2] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(data)
PYTHON
}
flip "$msi" "$work/changed.msi"
! verified "$work/changed.msi" || fail "a changed MSI verifies"
flip "$program" "$work/changed.exe"
! verified "$work/changed.exe" || fail "a changed program verifies"

OPENNDES_SIGN_P12=$work/signer.p12 OPENNDES_SIGN_PASSWORD_FILE=$work/password package p12 ||
    fail "signing with PKCS#12: $(<"$work/err")"
verified "$(echo "$work"/p12/*.msi)" || fail "the MSI signed with PKCS#12 does not verify"

printf 'wrong' >"$work/wrong"
! OPENNDES_SIGN_P12=$work/signer.p12 OPENNDES_SIGN_PASSWORD_FILE=$work/wrong package wrong || fail "signed with a wrong password"
[[ ! -e $(echo "$work"/wrong/*.msi) ]] || fail "an unsigned MSI where a signed one was asked for"
! OPENNDES_SIGN_CERT=$work/cert.pem package half || fail "a certificate without key was taken"
! grep -rq "$PASSWORD" "$work"/*.txt "$work/err" || fail "the password was printed"
printf 'installer_signing: passed\n'
