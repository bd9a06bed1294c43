/* SPDX-License-Identifier: Apache-2.0 */
#include "service/request_records.h"

#include <string.h>

#include "audit/audit_reader.h"
#include "base/text.h"
#include "platform/clock.h"
#include "service/data_folder.h"

/*
 * Records come nearly in the order of their times: several processes write, and a clock is set.
 * When so many in a row are older than asked for, what follows is older, too.
 */
#define OLDER_IN_A_ROW 10000u

const char *request_records_text(const struct json *record, const char *field)
{
    const char *text = json_value_text(json_value_get(record, field));

    return text == NULL ? "" : text;
}

/* A record that decides about a certificate, or would have. */
static bool is_request(const struct json *record, bool every)
{
    return request_records_text(record, "request_id")[0] != '\0'
           && (every || strcmp(request_records_text(record, "event"), "enroll") == 0
               || strcmp(request_records_text(record, "operation"), "PKIOperation") == 0);
}

/* "2026-01-31T12:34:56.789Z": milliseconds do not matter here. */
static int64_t time_of(const struct json *record)
{
    char text[CLOCK_TEXT_MAX];
    int64_t seconds = 0;

    return text_format(text, sizeof(text), "%.19sZ", request_records_text(record, "time"))
                   && clock_parse(text, &seconds)
               ? seconds
               : 0;
}

static bool same(const char *wanted, const struct json *record, const char *field)
{
    return wanted == NULL || text_equal_nocase(wanted, request_records_text(record, field));
}

static bool wanted(const struct request_filter *filter, const struct json *record)
{
    const char *subject = request_records_text(record, "subject");

    if (subject[0] == '\0') {
        subject = request_records_text(record, "requested_subject");
    }
    return is_request(record, filter->every) && same(filter->template_name, record, "template")
           && same(filter->result, record, "result")
           && (filter->subject == NULL || text_glob(filter->subject, bytes_of_text(subject)));
}

static struct audit_reader *open_reader(const char *data, struct error *err)
{
    char folder[FILE_PATH_MAX];

    return data_path_logs(data, folder, err) ? audit_reader_open(folder, err) : NULL;
}

bool request_records_list(const char *data, const struct request_filter *filter,
                          request_visit *visit, void *context, uint64_t *damaged, struct error *err)
{
    struct audit_reader *reader = open_reader(data, err);
    struct json *record = NULL;
    size_t found = 0;
    unsigned older = 0;
    bool ok = false;

    if (reader == NULL) goto out;
    while (found < filter->last && older < OLDER_IN_A_ROW) {
        json_value_free(record);
        if (!audit_reader_next(reader, &record, err)) goto out;
        if (record == NULL) {
            break;
        }
        if (time_of(record) < filter->since) {
            older++;
            continue;
        }
        older = 0;
        if (wanted(filter, record)) {
            found++;
            if (!visit(context, record, err)) goto out;
        }
    }
    *damaged = audit_reader_damaged(reader);
    ok = true;
out:
    json_value_free(record);
    audit_reader_close(reader);
    return ok;
}

bool request_records_find(const char *data, const char *id, struct json **record, struct error *err)
{
    struct audit_reader *reader = open_reader(data, err);
    struct json *next = NULL;
    bool found = false;

    if (reader == NULL) goto out;
    while (!found) {
        json_value_free(next);
        if (!audit_reader_next(reader, &next, err)) goto out;
        if (next == NULL) {
            error_set(err, REASON_REQUEST_MISSING,
                      "no request of the audit files has this id; \"openndes request list\" shows "
                      "them");
            goto out;
        }
        found = is_request(next, true) && same(id, next, "request_id");
    }
    *record = next;
    next = NULL;
out:
    json_value_free(next);
    audit_reader_close(reader);
    return found;
}

/* ---- --json ---------------------------------------------------------------------------------- */

static const struct {
    const char *field;  /* of the record */
    const char *member; /* of the object */
} leading[] = {
    { "request_id", "id" },   { "time", "time" },     { "template", "template" },
    { "result", "result" },   { "reason", "reason" }, { "detail", "detail" },
    { "subject", "subject" }, { "serial", "serial" }, { "peer", "peer" },
};

static bool is_leading(const char *field)
{
    for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]); i++) {
        if (strcmp(leading[i].field, field) == 0) {
            return true;
        }
    }
    return strcmp(field, "transaction_id") == 0;
}

/* One text whatever its form in the file: "hex:00ff17" for what is not printable. */
static bool put_transaction_id(struct json *object, const struct json *record, struct error *err)
{
    const struct json *id = json_value_get(record, "transaction_id");
    struct buffer text = BUFFER_INIT(AUDIT_READER_LINE_MAX);
    bool ok = json_value_kind(id) == JSON_KIND_OBJECT
                  ? buffer_printf(&text, err, "hex:%s", request_records_text(id, "hex"))
                  : buffer_append_text(&text, request_records_text(record, "transaction_id"), err);

    ok = ok && json_value_put_text(object, "transaction_id", buffer_text(&text), err);
    buffer_clear(&text);
    return ok;
}

/* Fields are flat; one that a later version adds as an object or array is not shown. */
static bool put_field(struct json *object, const char *name, const struct json *value,
                      struct error *err)
{
    switch (json_value_kind(value)) {
    case JSON_KIND_TEXT:
        return json_value_put_text(object, name, json_value_text(value), err);
    case JSON_KIND_INTEGER:
        return json_value_put_integer(object, name, json_value_integer(value), err);
    case JSON_KIND_BOOL:
        return json_value_put_bool(object, name, json_value_bool(value), err);
    case JSON_KIND_NULL:
    case JSON_KIND_REAL:
    case JSON_KIND_ARRAY:
    case JSON_KIND_OBJECT:
        break;
    }
    return true;
}

struct json *request_records_object(const struct json *record, struct error *err)
{
    struct json *object = json_value_new_object();
    struct json *value = NULL;
    const char *field = NULL;
    void *it = NULL;
    bool ok = object != NULL;

    for (size_t i = 0; ok && i < sizeof(leading) / sizeof(leading[0]); i++) {
        ok = json_value_put_text(object, leading[i].member,
                                 request_records_text(record, leading[i].field), err);
    }
    ok = ok && put_transaction_id(object, record, err);
    while (ok && json_value_next(record, &it, &field, &value)) {
        ok = is_leading(field) || put_field(object, field, value, err);
    }
    if (!ok) {
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        json_value_free(object);
        object = NULL;
    }
    return object;
}
