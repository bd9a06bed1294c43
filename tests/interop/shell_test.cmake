# SPDX-License-Identifier: Apache-2.0
#
# openndes_shell_test(NAME FILE LABEL): a bash test of the whole program (see lib.sh), with the Windows
# program under Wine. Ports are free ones and folders are the test's own, so tests may run side by side.
include_guard(DIRECTORY)

function(openndes_shell_test name file label)
    set(launcher "")
    if(WIN32)
        set(launcher "${PROJECT_SOURCE_DIR}/toolchain/wine")
    endif()
    add_test(NAME ${name} COMMAND bash "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    set_tests_properties(${name} PROPERTIES
        TIMEOUT 300
        COST 10 # long ones first, or the last of them runs alone
        SKIP_RETURN_CODE 77
        LABELS "${label}"
        ENVIRONMENT "${OPENNDES_TEST_ENVIRONMENT};OPENNDES_PROGRAM=$<TARGET_FILE:openndes>;OPENNDES_LAUNCHER=${launcher};OPENNDES_INTUNE_CLOUD=$<TARGET_FILE:intune_cloud>")
endfunction()
