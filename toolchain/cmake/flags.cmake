# SPDX-License-Identifier: Apache-2.0
#
# Compiler and linker flags as three interface targets:
#   openndes::language   C11, feature macros, include roots
#   openndes::warnings   what the compiler may complain about
#   openndes::hardening  what makes an attacker's life harder, and reproducible output
# openndes_module, openndes_test and openndes_program_settings link all three.
include_guard(GLOBAL)
include(CheckCCompilerFlag)

# No -DNDEBUG in any configuration: an assertion that fails is a bug worth stopping for.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1") # lines for reports of the sanitizers; more costs a fifth of the build

# ---- language -----------------------------------------------------------------------------------

add_library(openndes_language INTERFACE)
add_library(openndes::language ALIAS openndes_language)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)

# "base/error.h" from src/, "mscep/routes.h" and "service/app.h" from the root.
target_include_directories(openndes_language INTERFACE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")

if(WIN32)
    target_compile_definitions(openndes_language INTERFACE
        _WIN32_WINNT=0x0A00 WINVER=0x0A00 NTDDI_VERSION=0x0A000000 # Windows 10, Server 2016
        WIN32_LEAN_AND_MEAN # windows.h without the old winsock.h
        UNICODE _UNICODE
        __USE_MINGW_ANSI_STDIO=1) # %zu and %lld as C says
else()
    target_compile_definitions(openndes_language INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
endif()

# ---- warnings -----------------------------------------------------------------------------------

add_library(openndes_warnings INTERFACE)
add_library(openndes::warnings ALIAS openndes_warnings)
# Not -Wcast-qual: freeing what a const pointer owns is our convention for borrowed views, and each
# of the C libraries wants it somewhere.
target_compile_options(openndes_warnings INTERFACE
    -Wall -Wextra -Wconversion -Wformat=2 -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wundef -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough -Wcast-align
    -Werror=unused-result -Werror=implicit-function-declaration)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(openndes_warnings INTERFACE
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Walloca)
endif()
if(OPENNDES_WERROR)
    target_compile_options(openndes_warnings INTERFACE -Werror)
endif()

# ---- hardening ----------------------------------------------------------------------------------

add_library(openndes_hardening INTERFACE)
add_library(openndes::hardening ALIAS openndes_hardening)

# The same bytes from any folder: no absolute path in assertions, messages or debug information.
target_compile_options(openndes_hardening INTERFACE
    "-ffile-prefix-map=${PROJECT_BINARY_DIR}=build" "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=."
    -fno-strict-aliasing -fno-common)

function(openndes_harden_if_known flag)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
        target_compile_options(openndes_hardening INTERFACE ${flag})
    endif()
endfunction()

if(OPENNDES_SANITIZE)
    if(WIN32)
        message(FATAL_ERROR "The sanitizers exist for native builds only: use the preset native-asan.")
    endif()
    # Sanitizers replace the hardening below, some of which would hide what they look for.
    target_compile_options(openndes_hardening INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(openndes_hardening INTERFACE -fsanitize=address,undefined)
    if(OPENNDES_FUZZ)
        target_compile_options(openndes_hardening INTERFACE -fsanitize=fuzzer-no-link)
    endif()
else()
    target_compile_options(openndes_hardening INTERFACE
        -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    # A forgotten initialisation becomes zero, not what the stack held before.
    openndes_harden_if_known(-ftrivial-auto-var-init=zero)
    if(WIN32)
        target_link_options(openndes_hardening INTERFACE
            -static # libwinpthread, libssp and libgcc inside the EXE: only system DLLs are loaded
            -fstack-protector-strong # also on the link line: fortify's functions are in libssp
            LINKER:--dynamicbase,--nxcompat,--high-entropy-va
            LINKER:--no-insert-timestamp
            LINKER:--major-subsystem-version,10,--minor-subsystem-version,0)
    else()
        set(CMAKE_POSITION_INDEPENDENT_CODE ON)
        openndes_harden_if_known(-fstack-clash-protection)
        openndes_harden_if_known(-fcf-protection)
        target_link_options(openndes_hardening INTERFACE
            -pie LINKER:-z,relro,-z,now,-z,noexecstack)
    endif()
endif()

# Archives without time stamps and owners.
set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> crD <TARGET> <OBJECTS>")
set(CMAKE_C_ARCHIVE_FINISH "")
