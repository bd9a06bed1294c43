/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make a new, moved or removed name durable.
 * Not here: the content of files (files.h, file_stream.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     POSIX fsync.
 */
#ifndef OPENNDES_PLATFORM_POSIX_FLUSH_FOLDER_H
#define OPENNDES_PLATFORM_POSIX_FLUSH_FOLDER_H

#include "base/error.h"

/*
 * Flush the folder that holds this path (files.c). A folder that may be written and not listed, and
 * a file system without such a flush, are no errors. Errors: REASON_FILE_NOT_WRITABLE,
 * REASON_LIMIT.
 */
MUST_USE bool flush_folder_of(const char *path, struct error *err);

#endif
