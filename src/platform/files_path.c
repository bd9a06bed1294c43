/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of files.h that need no operating system. */
#include "platform/files.h"

#include <string.h>

#include "base/text.h"

bool path_join(char out[FILE_PATH_MAX], const char *dir, const char *name, struct error *err)
{
    size_t len = strlen(dir);
    const char *separator = len > 0 && dir[len - 1] != '/' ? "/" : "";

    if (!text_format(out, FILE_PATH_MAX, "%s%s%s", dir, separator, name)) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes: %.100s...",
                         FILE_PATH_MAX - 1, dir);
    }
    return true;
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->modified_ns == b->modified_ns && a->size == b->size && a->id == b->id
           && a->changed_ns == b->changed_ns;
}
