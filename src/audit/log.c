/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/rotating_file.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/console.h"

#define TEXT_MAX 4096
#define HEAD_MAX (CLOCK_TEXT_MAX + 8)
#define LINE_MAX_BYTES (HEAD_MAX + TEXT_MAX + 2)

struct log {
    atomic_int level;
    bool console;
    pthread_mutex_t lock;       /* guards what follows */
    struct rotating_file *file; /* NULL: console only */
    uint64_t lost;
};

/* As wide as the widest, so that texts begin in one column. */
static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warn ",
    [LOG_LEVEL_INFO] = "info ",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* ---- one line ---------------------------------------------------------------------------- */

/* What text_escape may escape because of other readers, and stays readable here: Windows paths. */
static char kept_character(const char *escape)
{
    static const struct {
        const char *escape;
        char character;
    } kept[] = { { "\\x22", '"' }, { "\\x27", '\'' }, { "\\x5c", '\\' } };

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strncmp(escape, kept[i].escape, 4) == 0) {
            return kept[i].character;
        }
    }
    return '\0';
}

static void escape_text(char *dst, size_t size, struct bytes text)
{
    size_t len = 0;

    text_escape(dst, size, text);
    /* Each backslash begins an escape now. */
    for (const char *from = dst; *from != '\0';) {
        char kept = kept_character(from);
        dst[len++] = kept != '\0' ? kept : *from;
        from += kept != '\0' ? 4 : 1;
    }
    dst[len] = '\0';
}

static size_t format_line(char line[LINE_MAX_BYTES], enum log_level level, const char *text)
{
    char time[CLOCK_TEXT_MAX];
    size_t len = 0;

    clock_format_ms(clock_now_ms(), time);
    if (!text_format(line, HEAD_MAX, "%s %s ", time, level_names[level])) {
        line[0] = '\0'; /* cannot be: both are short */
    }
    len = strlen(line);
    escape_text(line + len, LINE_MAX_BYTES - len - 1, bytes_of_text(text));
    len += strlen(line + len);
    line[len++] = '\n';
    line[len] = '\0';
    return len;
}

/* The caller holds the lock. */
static void report_lost(struct log *log)
{
    char line[LINE_MAX_BYTES];
    char text[128];
    struct error err = ERROR_INIT;

    (void)!text_format(text, sizeof text,
                       "%llu lines before this one are lost: the log could not be written",
                       (unsigned long long)log->lost);
    size_t len = format_line(line, LOG_LEVEL_WARNING, text);
    if (rotating_file_write(log->file, bytes_of(line, len), &err)) {
        log->lost = 0;
    }
}

static void write_file(struct log *log, struct bytes line)
{
    struct error err = ERROR_INIT;

    if (log->file == NULL) {
        return;
    }
    if (log->lost > 0) {
        report_lost(log);
    }
    if (log->lost > 0 || !rotating_file_write(log->file, line, &err)) {
        log->lost++;
    }
}

static void write_text(struct log *log, enum log_level level, const char *text)
{
    char line[LINE_MAX_BYTES];

    pthread_mutex_lock(&log->lock);
    /* Inside the lock, so that times never run backwards in the file. */
    size_t len = format_line(line, level, text);
    write_file(log, bytes_of(line, len));
    pthread_mutex_unlock(&log->lock);
    /*
     * Outside the lock, and never waited for: nobody may be reading, and the file has every line.
     */
    if (log->console && !console_would_block(CONSOLE_ERR)) {
        console_write(CONSOLE_ERR, bytes_of(line, len));
    }
}

/* ---- the contract ------------------------------------------------------------------------ */

bool log_enabled(const struct log *log, enum log_level level)
{
    return log != NULL && (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_set_level(struct log *log, enum log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

/* What did not fit shows that it is cut. */
static void mark_cut(char text[TEXT_MAX], int needed)
{
    if (needed >= TEXT_MAX) {
        memcpy(text + TEXT_MAX - 4, "...", 4);
    }
}

void log_line(struct log *log, enum log_level level, const char *format, ...)
{
    char text[TEXT_MAX] = "";
    va_list args;

    if (!log_enabled(log, level)) {
        return;
    }
    va_start(args, format);
    mark_cut(text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    write_text(log, level, text);
}

void log_error(struct log *log, enum log_level level, const struct error *err, const char *format,
               ...)
{
    char text[TEXT_MAX] = "";
    va_list args;

    if (!log_enabled(log, level)) {
        return;
    }
    va_start(args, format);
    mark_cut(text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    size_t len = strlen(text);
    mark_cut(text, (int)len
                       + snprintf(text + len, sizeof text - len, ": %s: %s", reason_id(err->reason),
                                  err->detail));
    write_text(log, level, text);
}

struct log *log_open(const struct log_options *options, struct error *err)
{
    struct rotating_file_options file = {
        .folder = options->folder,
        .name = options->file_name,
        .max_bytes = options->file_mb * 1024 * 1024,
        .files = options->files,
    };
    struct log *log = calloc(1, sizeof *log);
    bool ok = false;

    if (log == NULL) {
        error_set(err, REASON_NO_MEMORY, "log");
        goto out;
    }
    pthread_mutex_init(&log->lock, NULL);
    atomic_init(&log->level, (int)options->level);
    log->console = options->console;
    if (options->folder != NULL) {
        log->file = rotating_file_open(&file, err);
        if (log->file == NULL) goto out;
    }
    ok = true;
out:
    if (!ok) {
        log_close(log);
        log = NULL;
    }
    return log;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->lost > 0) {
        report_lost(log); /* the last chance */
    }
    rotating_file_close(log->file);
    pthread_mutex_destroy(&log->lock);
    free(log);
}
