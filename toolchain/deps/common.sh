# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the recipes in this folder share: compiler flags and the two ways of building (configure and
# CMake). toolchain/sysroot sources this file, then a recipe, and calls the recipe's build() in the
# unpacked source with these variables set:
#     PREFIX   where to install (include/, lib/)
#     JOBS     how many jobs make or ninja may run
#     SOURCE   the unpacked source, also the current folder
# Everything but comments counts for the sysroot's hash: a change here builds all of it anew.
# shellcheck disable=SC2034  # the variables are read by toolchain/sysroot and the recipes

readonly HOST=x86_64-w64-mingw32
readonly HOST_CC=$HOST-gcc

# Windows 10 / Server 2016 is the oldest system we support.
readonly HOST_DEFINES="-D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00"

# The same hardening as our own code (toolchain/cmake/hardening.cmake). Fortify needs the stack
# protector's library on the link line; the executable is linked with -fstack-protector-strong.
hardened_cflags() {
    printf '%s' "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-strict-aliasing $HOST_DEFINES"
}

# Absolute source paths must not reach the libraries (__FILE__ in assertions). For builds that record
# their flags in the library (OpenSSL) it is not used: they compile with relative paths anyway.
mapped_cflags() {
    printf '%s -ffile-prefix-map=%s=.' "$(hardened_cflags)" "$SOURCE"
}

# Archives without time stamps and owners, so that two builds are the same bytes.
export ARFLAGS=crD
export ZERO_AR_DATE=1

# configure_and_install OPTION...: an autotools package.
configure_and_install() {
    ./configure --host="$HOST" --prefix="$PREFIX" --disable-shared --enable-static \
        --disable-dependency-tracking CFLAGS="$(mapped_cflags)" "$@"
    make -j"$JOBS"
    make install
}

# cmake_and_install OPTION...: a CMake package. Nothing of the host must be found.
cmake_and_install() {
    cmake -G Ninja -S . -B build-mingw \
        -DCMAKE_SYSTEM_NAME=Windows \
        -DCMAKE_SYSTEM_PROCESSOR=x86_64 \
        -DCMAKE_C_COMPILER="$HOST_CC" \
        -DCMAKE_RC_COMPILER="$HOST-windres" \
        -DCMAKE_FIND_ROOT_PATH="$PREFIX;$(need_paths)" \
        -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY \
        -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
        -DCMAKE_INSTALL_PREFIX="$PREFIX" \
        -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS="$(mapped_cflags)" \
        -DCMAKE_C_FLAGS_RELEASE= \
        -DCMAKE_C_ARCHIVE_CREATE="<CMAKE_AR> crD <TARGET> <OBJECTS>" \
        -DCMAKE_C_ARCHIVE_FINISH= \
        -DBUILD_SHARED_LIBS=OFF \
        "$@"
    cmake --build build-mingw -j "$JOBS"
    cmake --install build-mingw
}
