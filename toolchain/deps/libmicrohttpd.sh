# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
DEP_SOURCE=libmicrohttpd
DEP_FLOOR=1.0.1
DEP_LICENCE=LGPL-2.1-or-later
DEP_LICENCE_FILES="COPYING"
DEP_WHY="HTTP server"
DEP_NEEDS=""

build() {
    # TLS is OpenSSL's, in front of it (http/tls); the library's own would bring GnuTLS.
    configure_and_install --disable-https --disable-doc --disable-examples --disable-tools \
        --disable-curl --disable-nls --disable-experimental --enable-poll=yes --disable-epoll
}
