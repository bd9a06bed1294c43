# SPDX-License-Identifier: Apache-2.0
#
# The functions the folders' CMakeLists.txt files are written with.
#
#   openndes_module(NAME base SOURCES a.c b.c [WIN32 w.c] [POSIX p.c]
#                   [MODULES base platform ...] [DEPS dep::openssl ...])
#   openndes_test(NAME test_error SOURCES base/test_error.c
#                 [MODULES base ...] [DEPS ...] [LABELS unit ...])
#   openndes_fuzz(NAME fuzz_csr SOURCES ... [CORPUS folder] [MODULES ...] [DEPS ...])
#   openndes_program_settings(TARGET)
include_guard(GLOBAL)

# openndes_link_modules(TARGET SCOPE module ...): module "base" is the target openndes_base.
function(openndes_link_modules target scope)
    foreach(module IN LISTS ARGN)
        target_link_libraries(${target} ${scope} openndes_${module})
    endforeach()
endfunction()

# A static library openndes_NAME. What it is built on (MODULES) is visible to whoever links it;
# third-party libraries (DEPS) are not: a module that includes their headers names them itself.
function(openndes_module)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;WIN32;POSIX;MODULES;DEPS")
    openndes_check_arguments(openndes_module)
    set(sources ${arg_SOURCES})
    if(WIN32)
        list(APPEND sources ${arg_WIN32})
    else()
        list(APPEND sources ${arg_POSIX})
    endif()
    set(target openndes_${arg_NAME})
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC openndes::language
        PRIVATE openndes::warnings openndes::hardening ${arg_DEPS})
    openndes_link_modules(${target} PUBLIC ${arg_MODULES})
endfunction()

# openndes_compile_once(VARIABLE SOURCE): what a test program takes instead of SOURCE. Its own
# test_*.c stays; worlds, fixtures and clients, which many programs share, are compiled once for all of
# them and so may not depend on definitions or options of one program.
function(openndes_compile_once variable source)
    cmake_path(ABSOLUTE_PATH source NORMALIZE OUTPUT_VARIABLE path)
    cmake_path(GET path STEM stem)
    if(stem MATCHES "^test_")
        set(${variable} "${source}" PARENT_SCOPE)
        return()
    endif()
    file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${path}")
    string(MAKE_C_IDENTIFIER "${name}" name)
    if(NOT TARGET once_${name})
        add_library(once_${name} OBJECT EXCLUDE_FROM_ALL "${path}")
        target_link_libraries(once_${name} PRIVATE openndes::language openndes::warnings
            openndes::hardening dep::cmocka dep::curl dep::jansson dep::microhttpd
            dep::openssl dep::sqlite dep::threads dep::xml2)
        openndes_test_settings(once_${name})
    endif()
    set(${variable} "$<TARGET_OBJECTS:once_${name}>" PARENT_SCOPE)
endfunction()

# How test programs and their shared parts are compiled.
function(openndes_test_settings target)
    # A program under Wine reaches the build machine's files on drive Z:.
    set(drive "")
    if(WIN32)
        set(drive "Z:")
    endif()
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    # What is tested is optimised as the product is; the tests themselves run once.
    target_compile_options(${target} PRIVATE -O1)
    target_compile_definitions(${target} PRIVATE
        "OPENNDES_TEST_FIXTURES=\"${drive}${PROJECT_SOURCE_DIR}/tests/fixtures\""
        # Samples that lie beside some working copies and are not ours to copy; tests that want them
        # skip where the folder is missing.
        "OPENNDES_SHARED_DATA=\"${drive}${PROJECT_SOURCE_DIR}/../shared/data\"")
endfunction()

# A cmocka program that ctest runs, under Wine in the Windows build.
function(openndes_test)
    if(OPENNDES_FUZZ)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;MODULES;DEPS;LABELS")
    openndes_check_arguments(openndes_test)
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    set(sources "")
    foreach(source IN LISTS arg_SOURCES)
        openndes_compile_once(source "${source}")
        list(APPEND sources "${source}")
    endforeach()
    add_executable(${arg_NAME} ${sources})
    openndes_link_modules(${arg_NAME} PRIVATE ${arg_MODULES})
    target_link_libraries(${arg_NAME} PRIVATE openndes::language openndes::warnings
        openndes::hardening ${arg_DEPS} dep::cmocka)
    openndes_test_settings(${arg_NAME})
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME}
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
    set_tests_properties(${arg_NAME} PROPERTIES
        TIMEOUT 300 # on a machine that has other things to do, too
        LABELS "${arg_LABELS}"
        ENVIRONMENT "${OPENNDES_TEST_ENVIRONMENT}")
endfunction()

# Ready-made RSA keys of CAs and RAs, for tests that make many of them.
function(openndes_test_quick_keys target)
    if(TARGET ${target})
        openndes_compile_once(quick_keys "${PROJECT_SOURCE_DIR}/tests/support/quick_keys.c")
        target_sources(${target} PRIVATE ${quick_keys})
        openndes_link_modules(${target} PRIVATE ready_keys)
        target_link_libraries(${target} PRIVATE dep::openssl)
        target_link_options(${target} PRIVATE -Wl,--wrap=ca_key_generate)
    endif()
endfunction()

# An HTTPS client that trusts no CA of the machine. Windows has them in a store, not in a file.
function(openndes_test_own_roots target)
    if(TARGET ${target} AND NOT WIN32)
        openndes_compile_once(own_roots "${PROJECT_SOURCE_DIR}/tests/support/own_roots.c")
        target_sources(${target} PRIVATE ${own_roots})
        target_link_libraries(${target} PRIVATE dep::curl)
        target_link_options(${target} PRIVATE -Wl,--wrap=curl_easy_reset)
    endif()
endfunction()

# The calls by which this test changes files are noted, and fail: tests/support/disk_calls.h. With
# SQLite's files among them, or without.
function(openndes_test_file_flow target)
    if(TARGET ${target})
        foreach(source IN ITEMS support/disk_calls support/disk_log support/disk_state
                support/file_flow store/power_vfs)
            openndes_compile_once(object "${PROJECT_SOURCE_DIR}/tests/${source}.c")
            target_sources(${target} PRIVATE ${object})
        endforeach()
        target_link_libraries(${target} PRIVATE dep::sqlite dep::threads)
        foreach(call IN ITEMS open64 openat64 write fsync close rename renameat2 link unlink mkdir rmdir)
            target_link_options(${target} PRIVATE -Wl,--wrap=${call})
        endforeach()
    endif()
endfunction()

# What every test process gets. The first error ends the program: a test never passes beside one.
set(OPENNDES_TEST_ENVIRONMENT
    "ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:strict_string_checks=1:check_initialization_order=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1"
    "LSAN_OPTIONS=print_suppressions=0")

# A fuzz target as a test, without a fuzzer: each input that lies in its corpus or that has crashed it
# once. For targets that have a folder below tests/fuzz/fixtures.
function(openndes_replay)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;CORPUS" "SOURCES;MODULES;DEPS")
    add_executable(replay_${arg_NAME} ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c")
    openndes_link_modules(replay_${arg_NAME} PRIVATE ${arg_MODULES})
    target_link_libraries(replay_${arg_NAME} PRIVATE openndes::language openndes::warnings
        openndes::hardening ${arg_DEPS})
    target_include_directories(replay_${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    add_test(NAME replay_${arg_NAME} COMMAND replay_${arg_NAME} ${arg_CORPUS}
        "${PROJECT_SOURCE_DIR}/tests/fuzz/fixtures/${arg_NAME}"
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    set_tests_properties(replay_${arg_NAME} PROPERTIES TIMEOUT 60 LABELS unit
        ENVIRONMENT "${OPENNDES_TEST_ENVIRONMENT}")
endfunction()

# A libFuzzer program. toolchain/test runs every one listed in build/fuzz/targets/: the first line of
# the file is the program, the second its seed corpus (may be empty).
if(OPENNDES_FUZZ)
    file(REMOVE_RECURSE "${PROJECT_BINARY_DIR}/targets")
endif()
function(openndes_fuzz)
    if(NOT OPENNDES_FUZZ)
        cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "")
        if(NOT WIN32 AND IS_DIRECTORY "${PROJECT_SOURCE_DIR}/tests/fuzz/fixtures/${arg_NAME}")
            openndes_replay(${ARGV})
        endif()
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;CORPUS" "SOURCES;MODULES;DEPS")
    openndes_check_arguments(openndes_fuzz)
    add_executable(${arg_NAME} ${arg_SOURCES})
    openndes_link_modules(${arg_NAME} PRIVATE ${arg_MODULES})
    target_link_libraries(${arg_NAME} PRIVATE openndes::language openndes::warnings
        openndes::hardening ${arg_DEPS})
    target_include_directories(${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_compile_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
    target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
    set(corpus "")
    if(arg_CORPUS)
        cmake_path(ABSOLUTE_PATH arg_CORPUS BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
            OUTPUT_VARIABLE corpus)
    endif()
    if(NOT TARGET fuzz_targets)
        add_custom_target(fuzz_targets) # these and what they need, nothing else
    endif()
    add_dependencies(fuzz_targets ${arg_NAME})
    file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/targets/${arg_NAME}"
        CONTENT "$<TARGET_FILE:${arg_NAME}>\n${corpus}\n")
endfunction()

# The executable: flags as everywhere, wmain as the entry point, and a fixed place.
function(openndes_program_settings target)
    target_link_libraries(${target} PRIVATE openndes::language openndes::warnings
        openndes::hardening)
    if(WIN32)
        target_link_options(${target} PRIVATE -municode)
    endif()
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME openndes
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

# A typing error in a keyword would otherwise drop files silently.
macro(openndes_check_arguments function)
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${function}(${arg_NAME}): unknown argument ${arg_UNPARSED_ARGUMENTS}.")
    endif()
    if(NOT arg_NAME)
        message(FATAL_ERROR "${function}: NAME is missing.")
    endif()
endmacro()
