/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  readable lines for people, on the console and in a rotated file.
 * Not here: machine-readable decisions (audit.h), the system's log (platform/eventlog.h).
 * Owns:     the open file.
 * Threads:  any thread; a line is written whole.
 * Spec:     none.
 */
#ifndef OPENNDES_AUDIT_LOG_H
#define OPENNDES_AUDIT_LOG_H

#include "config/service_config.h"

struct log;

struct log_options {
    const char *folder;    /* logs/ ; NULL: no file */
    const char *file_name; /* "openndes.log" */
    enum log_level level;
    int64_t file_mb;
    int64_t files; /* openndes.log.1 ... kept */
    bool console;  /* also on standard error */
};

/* Errors: file errors. Owned: log_close. */
struct log *log_open(const struct log_options *options, struct error *err);
void log_close(struct log *log); /* NULL is allowed */
void log_set_level(struct log *log, enum log_level level);
/* True when a line of this level would be written; to skip work that only a line needs. */
bool log_enabled(const struct log *log, enum log_level level);

/*
 * "2026-01-31T12:34:56.789Z info  <text>"; control characters and line ends in the text are
 * escaped, so that one call is one line; quotes and backslashes stay, because paths have them. A
 * text over 4 KB is cut. log may be NULL. A full disk loses lines, never the service: the number of
 * lost lines is said when writing works again.
 */
void log_line(struct log *log, enum log_level level, const char *format, ...) PRINTF_FORMAT(3, 4);
/* "... : <reason id>: <detail>" */
void log_error(struct log *log, enum log_level level, const struct error *err, const char *format,
               ...) PRINTF_FORMAT(4, 5);

#endif
