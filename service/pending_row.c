/* SPDX-License-Identifier: Apache-2.0 */
#include "service/pending_row.h"

#include <string.h>

#include "base/text.h"
#include "model/certificate.h"
#include "model/csr_text.h"
#include "platform/clock.h"

#define HEX_MAX (2 * LIMIT_TRANSACTION_ID_BYTES + 1)

const char *pending_row_state(enum store_pending_state state)
{
    static const char *const words[] = { "pending", "approved", "denied", "issued" };

    return (size_t)state < sizeof(words) / sizeof(words[0]) ? words[state] : "unknown";
}

static bool put_time(struct json *object, const char *name, int64_t seconds, struct error *err)
{
    char text[CLOCK_TEXT_MAX];

    clock_format(seconds, text);
    return json_value_put_text(object, name, text, err);
}

static bool put_hex(struct json *object, const char *name, struct bytes bytes, struct error *err)
{
    char text[HEX_MAX];

    text_hex(text, sizeof(text), bytes);
    return json_value_put_text(object, name, text, err);
}

/* As in request_records.c: "hex:00ff17" for what is not printable. */
static bool put_transaction_id(struct json *object, struct bytes id, struct error *err)
{
    char text[sizeof("hex:") + HEX_MAX] = "hex:";
    bool printable = true;

    for (size_t i = 0; i < id.len; i++) {
        printable = printable && id.data[i] > ' ' && id.data[i] < 0x7f;
    }
    if (!printable) {
        text_hex(text + 4, HEX_MAX, id);
    } else if (!text_format(text, sizeof(text), "%.*s", (int)id.len, (const char *)id.data)) {
        return error_set(err, REASON_LIMIT, "a transaction id is too long");
    }
    return json_value_put_text(object, "transaction_id", text, err);
}

/* What every request has. */
static bool put_leading(struct json *object, const struct store_pending_row *row, struct error *err)
{
    return json_value_put_text(object, "id", row->request_id, err)
           && put_time(object, "time", row->created_at, err)
           && json_value_put_text(object, "template", row->template_name, err)
           && json_value_put_text(object, "result", pending_row_state(row->state), err)
           && json_value_put_text(object, "reason", "", err)
           && json_value_put_text(object, "detail", "", err)
           && json_value_put_text(object, "subject", row->subject, err)
           && json_value_put_text(object, "serial", "", err)
           && json_value_put_text(object, "peer", row->peer, err)
           && put_transaction_id(object, row->transaction_id, err);
}

static bool add_san(void *context, const char *text, struct error *err)
{
    return json_value_push(context, json_value_new_text(text), err);
}

static bool put_csr(struct json *object, const struct csr *csr, struct error *err)
{
    struct json *names = json_value_new_array();
    char key[CSR_KEY_TEXT_MAX];
    char usage[CSR_USAGE_TEXT_MAX];

    csr_key_text(csr, key);
    csr_usage_text(csr, usage);
    if (names == NULL || !csr_each_san(csr, add_san, names, err)) {
        json_value_free(names);
        return false;
    }
    return json_value_put(object, "san", names, err) && json_value_put_text(object, "key", key, err)
           && json_value_put_text(object, "key_usage", usage, err);
}

static bool put_request(struct json *object, const struct store_pending_row *row, struct error *err)
{
    struct csr csr = CSR_INIT;
    bool ok = csr_parse(row->csr, &csr, err) && put_csr(object, &csr, err);

    csr_clear(&csr);
    return ok || error_context(err, "request %lld in the database", (long long)row->id);
}

static bool put_renews(struct json *object, struct bytes der, struct error *err)
{
    struct certificate_info info;
    struct x509_st *cert = NULL;
    bool ok;

    if (der.len == 0) {
        return true;
    }
    cert = certificate_parse(der, err);
    ok = cert != NULL && certificate_info(cert, &info, err)
         && json_value_put_text(object, "renews", info.serial, err)
         && json_value_put_text(object, "renews_subject", info.subject, err);
    certificate_free(cert);
    return ok;
}

static bool put_decision(struct json *object, const struct store_pending_row *row,
                         struct error *err)
{
    return row->state == STORE_PENDING_WAITS
           || (put_time(object, "decided_at", row->decided_at, err)
               && json_value_put_text(object, "decided_by", row->decided_by, err)
               && json_value_put_text(object, "note", row->note, err));
}

static bool has_challenge(const struct store_pending_row *row)
{
    return row->renews.len == 0 && row->challenge_type[0] != '\0'
           && strcmp(row->challenge_type, "none") != 0;
}

struct json *pending_row_json(const struct store_pending_row *row, struct error *err)
{
    struct json *object = json_value_new_object();
    bool ok = object != NULL && put_leading(object, row, err)
              && json_value_put_integer(object, "number", row->id, err)
              && json_value_put_text(object, "ca", row->ca_name, err)
              && json_value_put_text(object, "challenge", row->challenge_type, err)
              && json_value_put_bool(object, "has_challenge", has_challenge(row), err)
              && put_renews(object, row->renews, err) && put_request(object, row, err)
              && put_time(object, "expires_at", row->expires_at, err)
              && put_decision(object, row, err)
              && put_hex(object, "csr_sha256", row->csr_sha256, err)
              && put_hex(object, "csr_sha1", row->csr_sha1, err)
              && put_hex(object, "csr_md5", row->csr_md5, err);

    if (!ok) {
        if (!error_is_set(err)) {
            (void)error_set(err, REASON_NO_MEMORY, "JSON");
        }
        json_value_free(object);
        object = NULL;
    }
    return object;
}
