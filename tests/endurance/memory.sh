#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Memory that runs out: every allocation of every scenario of tests/memory fails once, alone and with
# all behind it, in the build with sanitizers. About 60,000 failures, an hour on two cores.
#
#   toolchain/endure memory [TEST...]       # such as test_memory_store; without: all
#
# Each scenario's line says how many allocations it has, how many failures were tried and what they
# came to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tests=("$@")
[[ ${#tests[@]} -gt 0 ]] || tests=(test_memory_store test_memory_service test_memory_ca test_memory_poll test_memory_http test_memory_intune
    test_memory_backup test_memory_enrol)
cmake --preset native-asan >/dev/null
cmake --build build/native-asan --target "${tests[@]}"
export OPENNDES_MEMORY=full LSAN_OPTIONS=print_suppressions=0
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1
cd tests
for test in "${tests[@]}"; do
    "../build/native-asan/tests/memory/$test"
done
