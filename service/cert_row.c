/* SPDX-License-Identifier: Apache-2.0 */
#include "service/cert_row.h"

#include "base/text.h"
#include "platform/clock.h"

/* CRLReason of RFC 5280 5.3.1 that make sense for an end entity. */
static const struct {
    const char *name;
    int value;
} reasons[] = {
    { "unspecified", 0 },          { "keyCompromise", 1 },
    { "affiliationChanged", 3 },   { "superseded", 4 },
    { "cessationOfOperation", 5 }, { "certificateHold", STORE_REASON_HOLD },
    { "privilegeWithdrawn", 9 },
};

const char *cert_row_reason(int value)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].value == value) {
            return reasons[i].name;
        }
    }
    return "other";
}

bool cert_row_parse_reason(const char *text, int *value)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (text_equal_nocase(reasons[i].name, text)) {
            *value = reasons[i].value;
            return true;
        }
    }
    return false;
}

const char *cert_row_state(const struct store_certificate_row *row, int64_t now)
{
    if (row->withheld != STORE_IN_USE) {
        return row->withheld == STORE_WITHHELD ? "withheld" : "provisional";
    }
    if (row->revoked_at != 0) {
        return row->revocation_reason == STORE_REASON_HOLD ? "held" : "revoked";
    }
    return row->not_after < now ? "expired" : "valid";
}

struct json *cert_row_json(const struct store_certificate_row *row, int64_t now, struct error *err)
{
    struct json *object = json_value_new_object();
    char time[4][CLOCK_TEXT_MAX];
    char renews[2 * DIGEST_SHA256_BYTES + 1];
    bool ok = object != NULL;

    clock_format(row->issued_at, time[0]);
    clock_format(row->not_before, time[1]);
    clock_format(row->not_after, time[2]);
    clock_format(row->revoked_at, time[3]);
    ok = ok && json_value_put_text(object, "serial", row->serial, err)
         && json_value_put_text(object, "state", cert_row_state(row, now), err)
         && json_value_put_text(object, "subject", row->subject, err)
         && json_value_put_text(object, "template", row->template_name, err)
         && json_value_put_text(object, "ca", row->ca_name, err)
         && json_value_put_text(object, "issued_at", time[0], err)
         && json_value_put_text(object, "not_before", time[1], err)
         && json_value_put_text(object, "not_after", time[2], err)
         && json_value_put_text(object, "peer", row->peer, err)
         && json_value_put_text(object, "challenge", row->challenge_type, err)
         && json_value_put_text(object, "request_id", row->request_id, err);
    if (ok && row->renews.len != 0) {
        text_hex(renews, sizeof(renews), row->renews);
        ok = json_value_put_text(object, "renews_sha256", renews, err);
    }
    if (ok && row->revoked_at != 0) {
        ok = json_value_put_text(object, "revoked_at", time[3], err)
             && json_value_put_text(object, "revocation_reason",
                                    cert_row_reason(row->revocation_reason), err)
             && json_value_put_text(object, "revoked_by", row->revoked_by, err);
    }
    if (!ok) {
        json_value_free(object);
        object = NULL;
    }
    return object;
}
