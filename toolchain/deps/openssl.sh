# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
DEP_SOURCE=openssl
DEP_FLOOR=3.5.7
DEP_LICENCE=Apache-2.0
DEP_LICENCE_FILES="LICENSE.txt"
DEP_WHY="CMS, X.509, keys, TLS"
DEP_NEEDS=""

# What the default paths in the library name. OpenSSL would load openssl.cnf, engines or providers
# from there, so no unprivileged user may be able to create it: it lies in Program Files, and "<" and
# ">" cannot stand in a Windows file name at all, on whichever drive the system is. Nothing is meant
# to be found there: autoload-config, engines, modules and shared objects are all switched off.
readonly NOWHERE='C:/Program Files/OpenNDES/<none>'

build() {
    # Kept on purpose: the legacy provider inside libcrypto (no-module), because old devices still
    # send single DES; DES, 3DES, MD5. Switched off: what neither SCEP nor HTTPS of today needs.
    perl ./Configure mingw64 --cross-compile-prefix="$HOST-" \
        --prefix="$PREFIX" --libdir=lib \
        no-shared no-tests no-apps no-docs no-module no-autoload-config no-engine no-dso \
        no-ssl3 no-dtls no-quic no-comp no-idea no-rc5 no-seed no-bf no-cast no-mdc2 no-aria \
        no-camellia no-whirlpool no-sm2 no-sm3 no-sm4 no-gost no-srp no-psk no-cmp \
        no-weak-ssl-ciphers no-uplink no-winstore \
        "$(hardened_cflags)"
    # --openssldir=C:/... on a Unix host counts as relative and becomes PREFIX/C:/..., a path of the
    # build machine inside the library; so the three paths are given to make, which compiles them in.
    make -j"$JOBS" build_libs OPENSSLDIR="$NOWHERE" ENGINESDIR="$NOWHERE" MODULESDIR="$NOWHERE"
    make install_dev OPENSSLDIR="$NOWHERE" ENGINESDIR="$NOWHERE" MODULESDIR="$NOWHERE"
    if grep -qaF "$PREFIX" "$PREFIX/lib/libcrypto.a"; then
        echo "libcrypto.a names a path of the build machine." >&2
        return 1
    fi
}
