# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
DEP_SOURCE=cmocka
DEP_FLOOR=1.1.5
DEP_LICENCE=Apache-2.0
DEP_LICENCE_FILES="COPYING"
DEP_WHY="unit tests; not part of the product"
DEP_NEEDS=""

build() {
    cmake_and_install -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF
    # Older versions name the static library apart from the shared one.
    if [[ -f $PREFIX/lib/libcmocka-static.a ]]; then
        mv "$PREFIX/lib/libcmocka-static.a" "$PREFIX/lib/libcmocka.a"
    fi
    rm -f "$PREFIX/lib/libcmocka.dll.a" # its DLL was built beside it and is not wanted
    [[ -f $PREFIX/lib/libcmocka.a ]]
}
