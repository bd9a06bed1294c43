#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Races: the thread sanitizer looks at the server under a mixed load with an administrator at work, at
# 64 clients for one password and at reloads; and at every unit test.
#
#   OPENNDES_ENDURE=native-tsan toolchain/endure races [MINUTES]     5 minutes of load
#   OPENNDES_ENDURE=native-tsan toolchain/endure races short         some hundred requests, no unit
#                                                                    tests: a part of toolchain/test
#
# With another build the same load without the sanitizer; unit tests then are left to ctest. What the
# sanitizer may not know stands in toolchain/tsan.supp.
minutes=${1:-5}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
export TSAN_OPTIONS="suppressions=$root/toolchain/tsan.supp second_deadlock_stack=1 log_path=$reports/tsan"
failed=0
# part TEXT COMMAND...
part() {
    printf '== %s\n' "$1"
    "${@:2}" || {
        printf '== FAILED: %s\n' "$1" >&2
        failed=1
    }
}
crowd() {
    part "64 clients for one password, and reloads" env OPENNDES_CROWD="$OPENNDES_LOAD/endurance/crowd" OPENNDES_TEST_PATIENCE=300 \
        bash "$root/tests/endurance/crowd.sh"
    return "$failed"
}
if [[ $minutes == short ]]; then # both at once: each waits for its commands
    crowd >"$reports/crowd.log" 2>&1 &
    part "a mixed load" bash "$root/tests/endurance/mixed.sh" 300
    wait $! || failed=1
    cat "$reports/crowd.log"
else
    crowd || failed=1
    part "a mixed load" bash "$root/tests/endurance/soak.sh" "$minutes" 16
fi
if [[ $minutes != short && $OPENNDES_PROGRAM == */native-tsan/* ]]; then
    part "unit tests, built" cmake --build "$root/build/native-tsan"
    part "unit tests" ctest --test-dir "$root/build/native-tsan" --label-exclude e2e --output-on-failure -j 2 --timeout 900
fi
for report in "$reports"/tsan.*; do
    [[ -e $report ]] || continue
    cat "$report" >&2
    failed=1
done
[[ $failed -eq 0 ]] && printf 'no race, no inversion of locks\n'
exit "$failed"
