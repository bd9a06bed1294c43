# SPDX-License-Identifier: Apache-2.0
#
# openndes_version.h from the project's version: for C and for the resource script.
include_guard(GLOBAL)
configure_file("${CMAKE_CURRENT_LIST_DIR}/openndes_version.h.in"
    "${PROJECT_BINARY_DIR}/generated/openndes_version.h" @ONLY)
