#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every way in which power or disk may fail under the database and under our own files, played one by
# one.
#
#   toolchain/endure power          about 10 minutes of CPU
#
# The same programs as in ctest, which play a selection: a power failure before each operation on the
# database's files (all, none, only the names, and eight times at random each sector of what was not
# flushed are left); the nth call of each kind to the file system fails, once and lastingly, for
# every n.
set -euo pipefail
export OPENNDES_POWER_ALL=1
for program in store/test_store_power store/test_store_faults platform/test_files_power audit/test_audit_power \
    ca/test_ca_power service/test_data_power service/test_backup_load; do
    printf -- '-- %s\n' "$program"
    (cd tests && "${OPENNDES_LOAD:?}/$program")
done
