/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  files and folders: bounded reading, atomic private writing, listing, locks. Paths are
 *           UTF-8; '/' works everywhere.
 * Not here: what files contain; encryption (protect.h).
 * Owns:     open handles of the types below.
 * Threads:  any thread; one handle belongs to one thread at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_FILES_H
#define OPENNDES_PLATFORM_FILES_H

#include "base/buffer.h"

#define FILE_PATH_MAX 1024 /* bytes with NUL; on Windows longer than MAX_PATH works */

/* Enough to notice that a file has changed; all zero for a missing file. */
struct file_stamp {
    int64_t modified_ns;
    uint64_t size;
    uint64_t id;
    int64_t changed_ns; /* its rights too; 0 where the file system does not tell */
};

/*
 * Append the whole file. Errors: REASON_FILE_MISSING, REASON_FILE_UNREADABLE, REASON_FILE_TOO_LARGE
 * (over max_bytes).
 */
MUST_USE bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err);
/*
 * Replace or create a file so that after a crash either the old or the new content is there:
 * temporary file in the same folder, flush to disk, rename, flush the folder. is_private: readable
 * by this account (POSIX 0600; Windows: rights_text.h) only, else the folder's default (0644).
 * Errors: REASON_FILE_NOT_WRITABLE, REASON_DISK_FULL.
 */
MUST_USE bool file_write_atomic(const char *path, struct bytes content, bool is_private,
                                struct error *err);
/*
 * Same, but REASON_FILE_NOT_WRITABLE with "exists" in the detail when the path is already there
 * (atomic: no overwrite).
 */
MUST_USE bool file_create_new(const char *path, struct bytes content, bool is_private,
                              struct error *err);
MUST_USE bool file_remove(const char *path, struct error *err); /* a missing file is fine */
MUST_USE bool file_rename(const char *from, const char *to, struct error *err); /* replaces */
bool file_exists(const char *path);
bool folder_exists(const char *path);
/* A missing file gives a zero stamp and true. */
MUST_USE bool file_stamp(const char *path, struct file_stamp *out, struct error *err);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);
/*
 * Whether an open file cannot be moved, removed or replaced. So it is on Windows for whoever opens
 * it without FILE_SHARE_DELETE, as SQLite does.
 */
bool file_open_stays(void);

/*
 * Create a folder (and its parents) if missing; is_private: 0700 / protected DACL for what is
 * created.
 */
MUST_USE bool folder_create(const char *path, bool is_private, struct error *err);
/* Remove an empty folder; missing is fine. */
MUST_USE bool folder_remove(const char *path, struct error *err);
/*
 * Call visit for each entry's name (not "." and ".."), sorted by bytes; stops with false when visit
 * returns false. At most max_entries are read (REASON_LIMIT).
 */
typedef bool folder_visit(void *context, const char *name, bool is_folder, struct error *err);
MUST_USE bool folder_list(const char *path, size_t max_entries, folder_visit *visit, void *context,
                          struct error *err);
/*
 * Free bytes of the file system that holds path (a folder, a file, or a file to be); false when
 * unknown.
 */
MUST_USE bool folder_free_bytes(const char *path, uint64_t *bytes);
/*
 * Where data lives when no --data is given: what the setup of the service has noted in the registry
 * (base/product.h), else %ProgramData%\OpenNDES (known folder); POSIX: /var/lib/openndes.
 */
MUST_USE bool folder_default_data(char path[FILE_PATH_MAX], struct error *err);

/* dir + "/" + name; REASON_LIMIT when too long. */
MUST_USE bool path_join(char out[FILE_PATH_MAX], const char *dir, const char *name,
                        struct error *err);

/*
 * The same path whatever the current folder, without a separator at its end (but a root's). Nothing
 * need exist. Errors: REASON_LIMIT, REASON_SYNTAX, REASON_FILE_MISSING (no current folder).
 */
MUST_USE bool path_absolute(const char *path, char out[FILE_PATH_MAX], struct error *err);

/* A file that is only appended to (logs). Private. */
struct file_append;
struct file_append *file_append_open(const char *path, struct error *err);
void file_append_close(struct file_append *f); /* NULL is allowed */
MUST_USE bool file_append_write(struct file_append *f, struct bytes data, struct error *err);
uint64_t file_append_size(const struct file_append *f);

/*
 * An exclusive lock that ends with the process. *held is false when another process has it. The
 * file stays.
 */
struct file_lock;
MUST_USE bool file_lock_try(const char *path, struct file_lock **out, bool *held,
                            struct error *err);
void file_lock_release(struct file_lock *lock); /* NULL is allowed */

#endif
