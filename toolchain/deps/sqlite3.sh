# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
DEP_SOURCE=sqlite3
DEP_FLOOR=3.46.1
DEP_LICENCE=blessing
DEP_LICENCE_FILES="debian/copyright"
DEP_WHY="state: certificates, passwords, requests"
DEP_NEEDS=""

build() {
    # The amalgamation is made by the host's tclsh; only its compilation is for Windows.
    ./configure --disable-tcl --disable-readline
    make sqlite3.c sqlite3.h
    # Nothing here changes what a statement means against the distribution's build that the native
    # build links, apart from refusing more.
    local options=(
        -DSQLITE_THREADSAFE=1           # one connection may be used by any thread
        -DSQLITE_DQS=0                  # "text" is a name, never silently a string
        -DSQLITE_OMIT_LOAD_EXTENSION    # no code from a database
        -DSQLITE_OMIT_DEPRECATED
        -DSQLITE_OMIT_SHARED_CACHE
        -DSQLITE_DEFAULT_MEMSTATUS=0
        -DSQLITE_LIKE_DOESNT_MATCH_BLOBS
        # Reads and writes seek and then move bytes: a file belongs to one thread at a time. With
        # OVERLAPPED each of them costs a round trip to Wine's server, about fifteen for an enrolment.
        -DSQLITE_WIN32_NO_OVERLAPPED
    )
    # shellcheck disable=SC2046  # the flags are words
    "$HOST_CC" $(mapped_cflags) "${options[@]}" -c sqlite3.c -o sqlite3.o
    mkdir -p "$PREFIX/include" "$PREFIX/lib"
    "$HOST-ar" crD "$PREFIX/lib/libsqlite3.a" sqlite3.o
    cp sqlite3.h "$PREFIX/include/"
}
