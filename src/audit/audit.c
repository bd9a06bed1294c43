/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "audit/rotating_file.h"
#include "base/text.h"
#include "platform/clock.h"

#define FILE_NAME "audit.jsonl"

/* A record of a usual enrolment is about 900 bytes: one allocation. */
#define RECORD_BYTES_USUAL 2048u
/* Every text at its limit, every byte escaped. */
#define RECORD_BYTES_MAX (512u * 1024u)
/* More of one text is cut: a peer may send a long one. */
#define FIELD_BYTES_MAX 4096u

struct audit {
    pthread_mutex_t lock; /* guards the file */
    struct rotating_file *file;
};

/* ---- JSON -------------------------------------------------------------------------------- */

/* Printed as \uNNNN although JSON does not ask for it: they move or hide text on a terminal. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x7f, 0x9f },       /* DEL, C1 */
    { 0xad, 0xad },       /* soft hyphen */
    { 0x61c, 0x61c },     /* Arabic letter mark */
    { 0x200b, 0x200f },   /* zero width, direction marks */
    { 0x2028, 0x202e },   /* line separators, bidi embedding */
    { 0x2060, 0x206f },   /* invisible operators, bidi isolates */
    { 0xfeff, 0xfeff },   /* byte order mark */
    { 0xfff9, 0xfffb },   /* interlinear annotation */
    { 0xe0000, 0xe007f }, /* tags */
};

static bool is_hidden(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (code_point >= hidden[i].first && code_point <= hidden[i].last) {
            return true;
        }
    }
    return code_point < 0x20;
}

static bool put_escape(struct buffer *out, uint32_t code_point, struct error *err)
{
    if (code_point > 0xffff) {
        uint32_t rest = code_point - 0x10000;
        return buffer_printf(out, err, "\\u%04x\\u%04x", (unsigned)(0xd800 + (rest >> 10)),
                             (unsigned)(0xdc00 + (rest & 0x3ff)));
    }
    return buffer_printf(out, err, "\\u%04x", (unsigned)code_point);
}

/* One character from *pos on; what is not UTF-8 becomes U+FFFD. */
static bool put_character(struct buffer *out, struct bytes text, size_t *pos, struct error *err)
{
    size_t start = *pos;
    uint32_t code_point = 0;

    if (!text_next_utf8(text, pos, &code_point)) {
        *pos = start + 1;
        return put_escape(out, 0xfffd, err);
    }
    if (code_point == '"' || code_point == '\\') {
        return buffer_append_byte(out, '\\', err)
               && buffer_append_byte(out, (uint8_t)code_point, err);
    }
    if (is_hidden(code_point)) {
        return put_escape(out, code_point, err);
    }
    return buffer_append(out, text.data + start, *pos - start, err);
}

/* Printable ASCII that stands for itself, the usual case, goes in one piece. */
static size_t plain_run(struct bytes text, size_t pos)
{
    size_t len = 0;

    while (pos + len < text.len && text.data[pos + len] >= 0x20 && text.data[pos + len] < 0x7f
           && text.data[pos + len] != '"' && text.data[pos + len] != '\\') {
        len++;
    }
    return len;
}

static bool put_string(struct buffer *out, struct bytes text, struct error *err)
{
    bool cut = text.len > FIELD_BYTES_MAX;
    size_t pos = 0;

    if (cut) {
        text.len = FIELD_BYTES_MAX;
    }
    if (!buffer_append_byte(out, '"', err)) {
        return false;
    }
    while (pos < text.len) {
        size_t run = plain_run(text, pos);
        if (run > 0) {
            if (!buffer_append(out, text.data + pos, run, err)) {
                return false;
            }
            pos += run;
        } else if (!put_character(out, text, &pos, err)) {
            return false;
        }
    }
    return buffer_append_text(out, cut ? "...\"" : "\"", err);
}

/* ---- fields ------------------------------------------------------------------------------ */

static bool put_name(struct buffer *out, const char *name, struct error *err)
{
    return buffer_append_text(out, out->len > 1 ? ",\"" : "\"", err)
           && buffer_append_text(out, name, err) && buffer_append_text(out, "\":", err);
}

static bool put_text(struct buffer *out, const char *name, const char *text, struct error *err)
{
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    return put_name(out, name, err) && put_string(out, bytes_of_text(text), err);
}

static bool put_number(struct buffer *out, const char *name, int64_t value, struct error *err)
{
    if (value == 0) {
        return true;
    }
    return put_name(out, name, err) && buffer_printf(out, err, "%lld", (long long)value);
}

static bool put_time(struct buffer *out, const char *name, int64_t seconds, struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    if (seconds == 0) {
        return true;
    }
    clock_format(seconds, text);
    return put_text(out, name, text, err);
}

static bool put_digest(struct buffer *out, const char *name, struct bytes digest, struct error *err)
{
    char text[2 * DIGEST_SHA256_BYTES + 1];

    text_hex(text, sizeof text, digest);
    return put_text(out, name, text, err);
}

static bool put_hex(struct buffer *out, struct bytes bytes, struct error *err)
{
    bool cut = bytes.len > FIELD_BYTES_MAX;

    if (!buffer_append_text(out, "{\"hex\":\"", err)) {
        return false;
    }
    for (size_t i = 0; i < (cut ? FIELD_BYTES_MAX : bytes.len); i++) {
        if (!buffer_printf(out, err, "%02x", bytes.data[i])) {
            return false;
        }
    }
    return buffer_append_text(out, cut ? "...\"}" : "\"}", err);
}

/* RFC 8894 3.2.1.1: a PrintableString; some clients send bytes. */
static bool put_transaction_id(struct buffer *out, struct bytes id, struct error *err)
{
    bool printable = true;

    if (id.len == 0) {
        return true;
    }
    for (size_t i = 0; i < id.len; i++) {
        printable = printable && id.data[i] >= 0x20 && id.data[i] < 0x7f;
    }
    if (!put_name(out, "transaction_id", err)) {
        return false;
    }
    return printable ? put_string(out, id, err) : put_hex(out, id, err);
}

static bool put_reason(struct buffer *out, enum reason reason, struct error *err)
{
    return reason == REASON_NONE || put_text(out, "reason", reason_id(reason), err);
}

static bool put_fields(struct buffer *out, const struct audit_record *r, struct error *err)
{
    char time[CLOCK_TEXT_MAX];
    struct bytes digest = bytes_of(r->cert_sha256, r->has_cert_sha256 ? DIGEST_SHA256_BYTES : 0);

    clock_format_ms(clock_now_ms(), time);
    return put_text(out, "time", time, err) && put_text(out, "event", r->event, err)
           && put_text(out, "result", r->result, err) && put_reason(out, r->reason, err)
           && put_text(out, "request_id", r->request_id, err)
           && put_text(out, "template", r->template_name, err)
           && put_text(out, "ca", r->ca_name, err) && put_text(out, "peer", r->peer, err)
           && put_text(out, "operation", r->operation, err)
           && put_text(out, "message_type", r->message_type, err)
           && put_transaction_id(out, r->transaction_id, err)
           && put_text(out, "challenge_type", r->challenge_type, err)
           && put_text(out, "client_request_id", r->client_request_id, err)
           && put_text(out, "policy", r->policy, err)
           && put_text(out, "policy_verdict", r->policy_verdict, err)
           && put_text(out, "policy_check", r->policy_check, err)
           && put_text(out, "policy_detail", r->policy_detail, err)
           && put_text(out, "subject", r->subject, err)
           && put_text(out, "requested_subject", r->requested_subject, err)
           && put_text(out, "serial", r->serial, err)
           && put_time(out, "not_after", r->not_after, err)
           && put_digest(out, "cert_sha256", digest, err)
           && put_text(out, "algorithms", r->algorithms, err)
           && put_text(out, "actor", r->actor, err) && put_text(out, "target", r->target, err)
           && put_text(out, "detail", r->detail, err)
           && put_number(out, "http_status", r->http_status, err)
           && put_number(out, "duration_us", r->duration_us, err)
           && put_number(out, "count", r->count, err);
}

bool audit_write(struct audit *audit, const struct audit_record *record, struct error *err)
{
    struct buffer line = BUFFER_INIT(RECORD_BYTES_MAX);
    bool ok = false;

    if (!buffer_reserve(&line, RECORD_BYTES_USUAL, err)) goto out;
    if (!buffer_append_byte(&line, '{', err)) goto out;
    if (!put_fields(&line, record, err)) goto out;
    if (!buffer_append_text(&line, "}\n", err)) goto out;

    pthread_mutex_lock(&audit->lock);
    ok = rotating_file_write(audit->file, buffer_bytes(&line), err);
    pthread_mutex_unlock(&audit->lock);
out:
    if (!ok) {
        error_context(err, "audit record not written");
    }
    buffer_clear(&line);
    return ok;
}

struct audit *audit_open(const struct audit_options *options, struct error *err)
{
    struct rotating_file_options file = {
        .folder = options->folder,
        .name = FILE_NAME,
        .max_bytes = options->file_mb * 1024 * 1024,
        .files = options->files,
    };
    struct audit *audit = calloc(1, sizeof *audit);

    if (audit == NULL) {
        error_set(err, REASON_NO_MEMORY, "audit");
        return NULL;
    }
    pthread_mutex_init(&audit->lock, NULL);
    audit->file = rotating_file_open(&file, err);
    if (audit->file == NULL) {
        audit_close(audit);
        return NULL;
    }
    return audit;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL) {
        return;
    }
    rotating_file_close(audit->file);
    pthread_mutex_destroy(&audit->lock);
    free(audit);
}
