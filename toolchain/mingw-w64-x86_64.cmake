# SPDX-License-Identifier: Apache-2.0
#
# CMake toolchain file: Windows x86-64 with MinGW-w64, libraries from the sysroot, test programs
# through Wine. Usable by itself: cmake --toolchain toolchain/mingw-w64-x86_64.cmake ...

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

set(_openndes_host x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${_openndes_host}-gcc)
set(CMAKE_RC_COMPILER ${_openndes_host}-windres)
set(CMAKE_MC_COMPILER ${_openndes_host}-windmc) # message compiler, for the event catalogue

# The sysroot: from the environment, or wherever toolchain/sysroot puts it. The answer is kept in the
# cache because this file is read again for every compiler check.
if(NOT OPENNDES_SYSROOT)
    if(DEFINED ENV{OPENNDES_SYSROOT} AND NOT "$ENV{OPENNDES_SYSROOT}" STREQUAL "")
        set(_openndes_sysroot "$ENV{OPENNDES_SYSROOT}")
    else()
        execute_process(
            COMMAND "${CMAKE_CURRENT_LIST_DIR}/sysroot" --print
            OUTPUT_VARIABLE _openndes_sysroot
            OUTPUT_STRIP_TRAILING_WHITESPACE
            RESULT_VARIABLE _openndes_result)
        if(NOT _openndes_result EQUAL 0)
            message(FATAL_ERROR "toolchain/sysroot --print failed: run toolchain/packages first.")
        endif()
    endif()
    set(OPENNDES_SYSROOT "${_openndes_sysroot}" CACHE PATH "Libraries for the Windows build")
endif()
if(NOT EXISTS "${OPENNDES_SYSROOT}/manifest.json")
    message(FATAL_ERROR
        "There is no complete sysroot at ${OPENNDES_SYSROOT}: run toolchain/sysroot (once, about 10 minutes). "
        "If the recipes changed since this build folder was made, remove the folder too.")
endif()
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES OPENNDES_SYSROOT)

# Libraries and headers only from the sysroot and the cross compiler's own folder, programs only
# from the build machine.
set(CMAKE_FIND_ROOT_PATH "${OPENNDES_SYSROOT}" "/usr/${_openndes_host}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/wine-test")
