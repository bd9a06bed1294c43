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
        char kept = *from == '\\' ? kept_character(from) : '\0';
        dst[len++] = kept != '\0' ? kept : *from;
        from += kept != '\0' ? 4 : 1;
    }
    dst[len] = '\0';
}

/* A line in the making: room for its head, the text, a line end. */
struct line {
    char text[LINE_MAX_BYTES];
    size_t begin; /* HEAD_MAX until the head is there */
    size_t end;
};

static void line_begin(struct line *line, const char *text)
{
    line->begin = HEAD_MAX;
    escape_text(line->text + HEAD_MAX, LINE_MAX_BYTES - HEAD_MAX - 1, bytes_of_text(text));
    line->end = HEAD_MAX + strlen(line->text + HEAD_MAX);
    line->text[line->end++] = '\n';
}

/* The time and the level, right before the text. */
static void line_head(struct line *line, enum log_level level)
{
    char time[CLOCK_TEXT_MAX];
    char head[HEAD_MAX];
    size_t len = 0;

    clock_format_ms(clock_now_ms(), time);
    if (!text_format(head, sizeof head, "%s %s ", time, level_names[level])) {
        head[0] = '\0'; /* cannot be: both are short */
    }
    len = strlen(head);
    line->begin = HEAD_MAX - len;
    memcpy(line->text + line->begin, head, len);
}

static struct bytes line_bytes(const struct line *line)
{
    return bytes_of(line->text + line->begin, line->end - line->begin);
}

/* The caller holds the lock. */
static void report_lost(struct log *log)
{
    struct line line;
    char text[128];
    struct error err = ERROR_INIT;

    (void)!text_format(text, sizeof text,
                       "%llu lines before this one are lost: the log could not be written",
                       (unsigned long long)log->lost);
    line_begin(&line, text);
    line_head(&line, LOG_LEVEL_WARNING);
    if (rotating_file_write(log->file, line_bytes(&line), &err)) {
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
    struct line line;

    line_begin(&line, text);
    pthread_mutex_lock(&log->lock);
    /* Inside the lock, so that times never run backwards in the file. */
    line_head(&line, level);
    write_file(log, line_bytes(&line));
    pthread_mutex_unlock(&log->lock);
    /*
     * Outside the lock, and never waited for: nobody may be reading, and the file has every line.
     */
    if (log->console && !console_would_block(CONSOLE_ERR)) {
        console_write(CONSOLE_ERR, line_bytes(&line));
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
