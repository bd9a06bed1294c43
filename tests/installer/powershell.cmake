# SPDX-License-Identifier: Apache-2.0
#
# The PowerShell module: read by a checker of our own everywhere, run where there is a PowerShell.
# Native only: the module is the same text for Windows.
if(TARGET openndes AND NOT WIN32 AND NOT OPENNDES_FUZZ)
    add_test(NAME powershell_module COMMAND python3
        "${PROJECT_SOURCE_DIR}/tests/installer/check_powershell.py" $<TARGET_FILE:openndes>)
    set_tests_properties(powershell_module PROPERTIES TIMEOUT 60 LABELS unit
        ENVIRONMENT "${OPENNDES_TEST_ENVIRONMENT};PYTHONDONTWRITEBYTECODE=1")

    find_program(OPENNDES_PWSH pwsh)
    if(OPENNDES_PWSH)
        add_test(NAME powershell_cmdlets COMMAND "${OPENNDES_PWSH}" -NoProfile -NonInteractive -File
            "${PROJECT_SOURCE_DIR}/tests/installer/test_powershell.ps1")
        set_tests_properties(powershell_cmdlets PROPERTIES TIMEOUT 120 LABELS e2e
            ENVIRONMENT "${OPENNDES_TEST_ENVIRONMENT};OPENNDES_EXE=$<TARGET_FILE:openndes>")
    endif()
endif()
