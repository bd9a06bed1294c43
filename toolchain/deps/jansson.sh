# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
DEP_SOURCE=jansson
DEP_FLOOR=2.14
DEP_LICENCE=MIT
DEP_LICENCE_FILES="LICENSE"
DEP_WHY="JSON: configuration, Graph, Intune, audit"
DEP_NEEDS=""

build() {
    cmake_and_install -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON \
        -DJANSSON_BUILD_SHARED_LIBS=OFF
}
