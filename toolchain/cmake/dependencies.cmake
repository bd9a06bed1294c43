# SPDX-License-Identifier: Apache-2.0
#
# Third-party libraries as dep::NAME, the same names in every build. Native: the distribution's
# packages. Windows: static archives of the sysroot, with the system libraries each of them needs;
# they are listed here by hand because static archives do not say so themselves.
include_guard(GLOBAL)

set(OPENNDES_OPENSSL_FLOOR_NATIVE 3.0.21)
set(OPENNDES_OPENSSL_FLOOR_WINDOWS 3.5.7)

# openndes_openssl_version(VARIABLE FOLDER): what the header in FOLDER says.
function(openndes_openssl_version variable folder)
    set(version "")
    if(EXISTS "${folder}/openssl/opensslv.h")
        file(STRINGS "${folder}/openssl/opensslv.h" line REGEX "OPENSSL_VERSION_STR +\"")
        if(line MATCHES "\"([0-9.]+)\"")
            set(version "${CMAKE_MATCH_1}")
        endif()
    endif()
    set(${variable} "${version}" PARENT_SCOPE)
endfunction()

if(WIN32)
    # openndes_sysroot_dependency(NAME ARCHIVE [NEEDS library or dep::x ...] [DEFINITIONS d ...])
    # A target of its own per archive, so that CMake knows the order of the archives: each before
    # what it needs.
    function(openndes_sysroot_dependency name archive)
        cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "NEEDS;DEFINITIONS")
        set(file "${OPENNDES_SYSROOT}/lib/lib${archive}.a")
        if(NOT EXISTS "${file}")
            message(FATAL_ERROR "The sysroot lacks lib${archive}.a: remove ${OPENNDES_SYSROOT} and run toolchain/sysroot.")
        endif()
        add_library(dep::${name} STATIC IMPORTED GLOBAL)
        set_target_properties(dep::${name} PROPERTIES IMPORTED_LOCATION "${file}")
        target_include_directories(dep::${name} INTERFACE "${OPENNDES_SYSROOT}/include")
        target_compile_definitions(dep::${name} INTERFACE ${arg_DEFINITIONS})
        target_link_libraries(dep::${name} INTERFACE ${arg_NEEDS})
    endfunction()

    openndes_openssl_version(_openssl "${OPENNDES_SYSROOT}/include")
    set(_floor ${OPENNDES_OPENSSL_FLOOR_WINDOWS})
    set(_remedy "run toolchain/sysroot and remove the build folder.")

    add_library(dep::threads INTERFACE IMPORTED GLOBAL)
    target_compile_options(dep::threads INTERFACE -pthread)
    target_link_options(dep::threads INTERFACE -pthread) # winpthreads, static through -static

    openndes_sysroot_dependency(crypto crypto NEEDS ws2_32 crypt32 bcrypt gdi32 advapi32 user32)
    openndes_sysroot_dependency(openssl ssl NEEDS dep::crypto)
    openndes_sysroot_dependency(microhttpd microhttpd NEEDS dep::threads ws2_32)
    openndes_sysroot_dependency(xml2 xml2 NEEDS ws2_32 DEFINITIONS LIBXML_STATIC)
    target_include_directories(dep::xml2 INTERFACE "${OPENNDES_SYSROOT}/include/libxml2")
    openndes_sysroot_dependency(jansson jansson)
    openndes_sysroot_dependency(sqlite sqlite3)
    openndes_sysroot_dependency(curl curl NEEDS dep::openssl ws2_32 crypt32 bcrypt advapi32 secur32 iphlpapi
        DEFINITIONS CURL_STATICLIB)
    openndes_sysroot_dependency(cmocka cmocka)
else()
    find_package(PkgConfig REQUIRED)
    # openndes_system_dependency(NAME PKGCONFIG-SPEC)
    function(openndes_system_dependency name spec)
        string(TOUPPER "DEP_${name}" prefix)
        pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL "${spec}")
        if(NOT ${prefix}_FOUND)
            message(FATAL_ERROR "The library ${spec} is missing: run toolchain/packages.")
        endif()
        add_library(dep::${name} ALIAS PkgConfig::${prefix})
        set(${prefix}_INCLUDEDIR "${${prefix}_INCLUDEDIR}" PARENT_SCOPE)
    endfunction()

    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
    add_library(dep::threads INTERFACE IMPORTED GLOBAL)
    target_link_libraries(dep::threads INTERFACE Threads::Threads)

    openndes_system_dependency(openssl openssl)
    openndes_system_dependency(microhttpd libmicrohttpd>=0.9.75)
    openndes_system_dependency(xml2 libxml-2.0>=2.9.14)
    openndes_system_dependency(jansson jansson>=2.14)
    openndes_system_dependency(sqlite sqlite3>=3.40)
    openndes_system_dependency(curl libcurl>=7.88)
    if(NOT OPENNDES_FUZZ)
        openndes_system_dependency(cmocka cmocka>=1.1.5)
    endif()

    set(_openssl "${DEP_OPENSSL_VERSION}")
    set(_floor ${OPENNDES_OPENSSL_FLOOR_NATIVE})
    set(_remedy "run toolchain/packages, which upgrades libssl-dev.")
endif()

if("${_openssl}" STREQUAL "" OR "${_openssl}" VERSION_LESS "${_floor}")
    message(FATAL_ERROR
        "OpenSSL ${_openssl} is too old, ${_floor} is needed (older ones have known flaws in CMS): ${_remedy}")
endif()
message(STATUS "OpenSSL ${_openssl}")
