# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Shell functions that every script in toolchain/ shares. Sourced, never run:
#     source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# It sets OPENNDES_ROOT (the repository) and OPENNDES_CACHE (what may be thrown away).

OPENNDES_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
OPENNDES_CACHE=${XDG_CACHE_HOME:-${HOME:?Set HOME: the build keeps its cache below it.}/.cache}/openndes

# Messages in one language and in one byte order of names: several scripts read what tools print.
export LC_ALL=C.UTF-8

# say TEXT...: a line for the person at the terminal. Always on standard error, so that standard
# output stays free for what a script is asked to print.
say() { printf '%s\n' "$*" >&2; }

# die SENTENCE: the one sentence that says what went wrong and what to do, then exit 1.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# elapsed START: seconds since START (a value of $SECONDS) as m:ss.
elapsed() {
    local seconds=$((SECONDS - $1))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# processors: how many jobs may run at once.
processors() { nproc 2>/dev/null || echo 2; }

# as_root COMMAND...: run as root, through sudo when we are not.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        sudo -- "$@"
    else
        die "Packages have to be installed: run toolchain/packages once as root or as a user who may use sudo."
    fi
}

# version_at_least VERSION FLOOR: Debian's own comparison.
version_at_least() { dpkg --compare-versions "$1" ge "$2"; }

# quietly LOG COMMAND...: keep a command's output in LOG; when it fails show its end and where it is.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        say "The whole log: $log"
        return 1
    fi
}

# build_preset PRESET [BUILD-OPTION...]: configure and build; quiet unless it fails, then the compiler's
# words.
build_preset() {
    local log=$OPENNDES_CACHE/log/build-$1.log errors
    mkdir -p "$OPENNDES_CACHE/log"
    if ! (cd "$OPENNDES_ROOT" && cmake --preset "$1" && cmake --build --preset "$1" "${@:2}") >"$log" 2>&1; then
        # Compilers say "error:" and linkers "undefined reference"; the rest of the log is noise.
        errors=$(grep -E 'error:|undefined reference|CMake Error|FAILED:' -A 6 "$log" | head -n 40)
        printf '%s\n' "${errors:-$(tail -n 20 "$log")}" >&2
        say "The whole log: $log"
        return 1
    fi
}
