/* SPDX-License-Identifier: Apache-2.0 */
#include "service/start_failure.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/file_reader.h"
#include "service/data_folder.h"

#define TAIL_BYTES 65536u /* a line has at most 4 KB, and the failed start is among the last ones */
#define MARK START_FAILURE_TEXT ": "
#define TIME_BYTES 24u /* "2026-01-31T12:34:56.789Z": in the order of time when compared as text */

/* Behind the mark: "port-in-use: SENTENCE". */
static bool take_failure(struct bytes rest, struct error *why)
{
    const uint8_t *colon = memchr(rest.data, ':', rest.len);
    char id[64];
    enum reason reason;
    size_t len = colon == NULL ? 0 : (size_t)(colon - rest.data);

    if (len == 0 || len >= sizeof(id) || rest.len < len + 2) {
        return false;
    }
    memcpy(id, rest.data, len);
    id[len] = '\0';
    reason = reason_from_id(id);
    if (reason == REASON_NONE) {
        return false;
    }
    (void)error_set(why, reason, "%.*s", (int)(rest.len - len - 2),
                    (const char *)rest.data + len + 2);
    return true;
}

static bool line_failure(struct bytes line, const char *since, struct error *why)
{
    struct bytes trimmed = text_trim(line);

    if (trimmed.len <= TIME_BYTES || memcmp(trimmed.data, since, TIME_BYTES) < 0) {
        return false;
    }
    for (size_t at = TIME_BYTES; at + strlen(MARK) < trimmed.len; at++) {
        if (memcmp(trimmed.data + at, MARK, strlen(MARK)) == 0) {
            at += strlen(MARK);
            return take_failure(bytes_of(trimmed.data + at, trimmed.len - at), why);
        }
    }
    return false;
}

bool start_failure_in(struct bytes text, int64_t since_ms, struct error *why)
{
    char since[CLOCK_TEXT_MAX];
    size_t end = text.len;

    clock_format_ms(since_ms, since);
    while (end > 0) {
        size_t start = end;

        while (start > 0 && text.data[start - 1] != '\n') {
            start--;
        }
        if (line_failure(bytes_of(text.data + start, end - start), since, why)) {
            return true;
        }
        end = start > 0 ? start - 1 : 0;
    }
    return false;
}

static bool read_tail(const char *path, struct buffer *tail, struct error *err)
{
    struct file_reader *reader = file_reader_open(path, err);
    uint64_t size = reader == NULL ? 0 : file_reader_stamp(reader)->size;
    size_t len = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES;
    bool ok = reader != NULL && buffer_reserve(tail, len, err)
              && file_reader_at(reader, size - len, tail->data, len, err);

    if (ok) {
        tail->len = len;
    }
    file_reader_close(reader);
    return ok;
}

bool start_failure_find(const char *data, int64_t since_ms, char path[FILE_PATH_MAX],
                        struct error *why)
{
    struct buffer tail = BUFFER_INIT(TAIL_BYTES);
    struct error unreadable = ERROR_INIT;
    char folder[FILE_PATH_MAX];
    bool found = data_path_logs(data, folder, &unreadable)
                 && path_join(path, folder, "openndes.log", &unreadable)
                 && read_tail(path, &tail, &unreadable)
                 && start_failure_in(buffer_bytes(&tail), since_ms, why);

    buffer_clear(&tail);
    return found;
}
