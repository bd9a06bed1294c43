#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The mixed load for so many requests, an administrator at work meanwhile: nothing unexpected is
# answered, and what devices got is what the server knows. The short form of soak.sh, which also looks
# at what grows.
#
#   toolchain/endure mixed [REQUESTS [DEVICES]]     400 requests of 8 devices
OPENNDES_TEST_PATIENCE=300
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/mixed_lib.sh"
mixed_data
mixed_start
step "load: ${1:-400} requests of ${2:-8} devices"
mixed_begin --requests "${1:-400}" --connections "${2:-8}" --prefix mixed
at_exit 'kill $load 2>/dev/null'
administrate 0
acts_report
mixed_end
mixed_ledger
stop_server
! grep -aE 'WARNING: ThreadSanitizer|ERROR: AddressSanitizer|runtime error:' "$work/server.log" || fail "a sanitizer complains"
