/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  everything that was done to the files of one folder and of those in it, in order, and
 *           the files as a power failure in between may leave them.
 * Not here: who watches the calls (store/power_vfs.h, support/disk_calls.h).
 * Owns:     copies of all that was written.
 * Threads:  noting: any thread; a state: one thread.
 * Spec:     POSIX fsync: what was not flushed may be there or not, in any order and in part; a file
 *           system's journal keeps the order of its names.
 */
#ifndef OPENNDES_TESTS_SUPPORT_DISK_LOG_H
#define OPENNDES_TESTS_SUPPORT_DISK_LOG_H

#include "base/buffer.h"

struct disk_log;

struct disk_log *disk_log_create(void);
void disk_log_free(struct disk_log *log);

/* Names are relative to the folder, with '/'. What cannot be noted ends the test program. */
void disk_log_new(struct disk_log *log, const char *name); /* an empty file */
void disk_log_write(struct disk_log *log, const char *name, int64_t at, struct bytes data);
void disk_log_resize(struct disk_log *log, const char *name, int64_t size);
void disk_log_flush(struct disk_log *log, const char *name); /* content, not the name */
void disk_log_flush_failed(struct disk_log *log, const char *name);
void disk_log_flush_names(struct disk_log *log, const char *folder); /* of what lies in it; "" */
void disk_log_remove(struct disk_log *log, const char *name);
void disk_log_rename(struct disk_log *log, const char *from, const char *to);
/* A second name; `give` is how the system gives one, when the files are written: 0 if it did. */
typedef int disk_second_name(const char *from, const char *to);
void disk_log_link(struct disk_log *log, const char *from, const char *to, disk_second_name *give);
void disk_log_folder(struct disk_log *log, const char *name); /* a new folder */
/* The program has promised something: number `promise` and all below. */
void disk_log_promise(struct disk_log *log, size_t promise);
/* A file that is there, flushed, before anything is noted. */
void disk_log_given(struct disk_log *log, const char *name, struct bytes content);
void disk_log_given_folder(struct disk_log *log, const char *name);

size_t disk_log_count(const struct disk_log *log); /* operations, promises not counted */
/* One operation in words, for messages; valid until the next call. */
const char *disk_log_tell(const struct disk_log *log, size_t number);

/* What becomes of what was not flushed. */
enum disk_fate {
    DISK_KEPT,  /* all of it is there: the process was killed */
    DISK_LOST,  /* none of it */
    DISK_NAMES, /* the names are there, the content is not */
    DISK_MIXED, /* each sector on its own: there, lost or torn; of the names a first part */
    DISK_FATES
};

struct disk_state;
struct disk_state *disk_state_create(const struct disk_log *log); /* before operation 0 */
void disk_state_free(struct disk_state *state);
/* Perform the next operation; false at the end. */
bool disk_state_next(struct disk_state *state);
size_t disk_state_promises(const struct disk_state *state);
/* Write what a failure just now leaves into a folder, which is empty. seed: for DISK_MIXED. */
void disk_state_cut(const struct disk_state *state, enum disk_fate fate, uint32_t seed,
                    const char *folder);

#endif
