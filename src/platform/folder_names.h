/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the entries of a folder while folder_list collects and sorts them.
 * Not here: reading a folder (folders.c of the platform).
 * Owns:     copies of the names.
 * Threads:  a list belongs to one thread at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_FOLDER_NAMES_H
#define OPENNDES_PLATFORM_FOLDER_NAMES_H

#include "platform/files.h"

struct folder_name {
    char *name;
    bool is_folder;
};

struct folder_names {
    struct folder_name *items;
    size_t count;
    size_t cap;
    size_t max; /* entries; one more is REASON_LIMIT */
};

#define FOLDER_NAMES_INIT(maximum)                                                                 \
    {                                                                                              \
        NULL, 0, 0, (maximum)                                                                      \
    }

/* Copy a name in; "." and ".." are left out. Errors: REASON_LIMIT, REASON_NO_MEMORY. */
MUST_USE bool folder_names_add(struct folder_names *names, const char *name, bool is_folder,
                               struct error *err);
/* Sort by bytes and call visit for each until it returns false. */
MUST_USE bool folder_names_visit(struct folder_names *names, folder_visit *visit, void *context,
                                 struct error *err);
void folder_names_clear(struct folder_names *names);

#endif
