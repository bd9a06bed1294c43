/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  answers that are lists: services and secrets of Graph, revocation requests of Intune.
 * Not here: asking for them (intune_discovery.c, intune_revocation.c, intune_credential_end.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     Microsoft Graph v1.0; Intune-Resource-Access.
 */
#include "intune/intune_answer.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "intune/intune_text.h"
#include "platform/clock.h"

#define SERIAL_DIGITS_MAX 80 /* twice what RFC 5280 allows */
#define HINT_BYTES 3         /* of a secret, as Graph shows it */

/* The array at "value"; NULL: REASON_INTUNE_ANSWER. Borrowed. */
static struct json *rows_of(const struct intune_answer *answer, const struct json *root,
                            struct error *err)
{
    struct json *rows = json_value_get(root, "value");

    if (rows == NULL || json_value_kind(rows) != JSON_KIND_ARRAY) {
        (void)error_set(err, REASON_INTUNE_ANSWER, "the answer (HTTP %d) has no list \"value\"",
                        answer->status);
        return NULL;
    }
    return rows;
}

/* ---- services -------------------------------------------------------------------------------- */

static void take_endpoint(const struct json *row, const char *suffix, struct intune_endpoints *out)
{
    const char *name = intune_answer_text(row, "providerName");
    char *place = NULL;
    struct error why = ERROR_INIT;

    if (name[0] == '\0') { /* rows of the older API */
        name = intune_answer_text(row, "serviceName");
    }
    if (text_equal_nocase(name, "ScepRequestValidationFEService")) {
        place = out->scep;
    } else if (text_equal_nocase(name, "PkiConnectorFEService")) {
        place = out->connector;
    }
    if (place == NULL || place[0] != '\0') {
        return;
    }
    if (!intune_service_url(intune_answer_text(row, "uri"), suffix, place, &why)
        && !text_copy(out->odd, sizeof(out->odd), why.detail)) {
        text_escape(out->odd, sizeof(out->odd), bytes_of_text(why.detail)); /* cut */
    }
}

bool intune_answer_endpoints(const struct intune_answer *answer, const char *suffix,
                             struct intune_endpoints *out, struct error *err)
{
    struct json *root = intune_answer_parse_list(answer, err);
    struct json *rows = root != NULL ? rows_of(answer, root, err) : NULL;
    bool ok = rows != NULL;

    if (ok) {
        memset(out, 0, sizeof(*out));
        for (size_t i = 0; i < json_value_count(rows); i++) {
            take_endpoint(json_value_at(rows, i), suffix, out);
        }
    }
    json_value_free(root);
    return ok;
}

bool intune_answer_graph_refusal(const struct intune_answer *answer, struct error *err)
{
    struct error cause = ERROR_INIT;

    (void)intune_answer_refusal(answer, "Microsoft Graph", bytes_of(NULL, 0), &cause);
    switch (answer->status) {
    case 401:
    case 403:
        return error_set(
            err, REASON_INTUNE_RIGHTS,
            "Add the Microsoft Graph application permission Application.Read.All and "
            "click \"Grant admin consent\" (Entra admin center, App registrations, API "
            "permissions). %s",
            cause.detail);
    case 404:
        return error_set(err, REASON_INTUNE_DISCOVERY,
                         "Microsoft Graph does not know Intune's application in this tenant: is "
                         "there an Intune licence? %s",
                         cause.detail);
    default:
        return error_set(err, cause.reason, "%s", cause.detail);
    }
}

/* ---- revocation requests --------------------------------------------------------------------- */

/* Hex as the store writes it: lower case, even number of digits; "" for what is no serial. */
static void normal_serial(char *out, size_t size, const char *text)
{
    char digits[SERIAL_DIGITS_MAX + 1];
    size_t len = 0;

    out[0] = '\0';
    if (text_starts_nocase(text, "0x")) {
        text += 2;
    }
    for (const char *c = text; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'f') || (*c >= 'A' && *c <= 'F');

        if (*c == ' ' || *c == ':' || *c == '-') {
            continue;
        }
        if ((!letter && (*c < '0' || *c > '9')) || len >= SERIAL_DIGITS_MAX) {
            return;
        }
        digits[len++] = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
    }
    digits[len] = '\0';
    if (len > 0 && !text_format(out, size, "%s%s", len % 2 != 0 ? "0" : "", digits)) {
        out[0] = '\0';
    }
}

bool intune_answer_revocations(const struct intune_answer *answer, unsigned max,
                               intune_revocation_visit *visit, void *context, struct error *err)
{
    struct json *root = NULL;
    struct json *rows = NULL;
    bool ok = false;

    if (!intune_answer_is_success(answer)) {
        return intune_answer_service_refusal(answer, err);
    }
    root = intune_answer_parse_list(answer, err);
    rows = root != NULL ? rows_of(answer, root, err) : NULL;
    ok = rows != NULL;
    for (size_t i = 0; ok && i < json_value_count(rows) && i < max; i++) {
        const struct json *item = json_value_at(rows, i);
        char serial[SERIAL_DIGITS_MAX + 2];
        struct intune_revocation row = {
            .context = intune_answer_text(item, "requestContext"),
            .serial = serial,
            .issuer = intune_answer_text(item, "issuerName"),
            .ca_configuration = intune_answer_text(item, "caConfiguration"),
        };

        normal_serial(serial, sizeof(serial), intune_answer_text(item, "serialNumber"));
        ok = row.context[0] == '\0' || visit(context, &row, err);
    }
    json_value_free(root);
    return ok;
}

bool intune_answer_uploaded(const struct intune_answer *answer, struct error *err)
{
    struct json *root = NULL;
    const struct json *value = NULL;
    bool ok = false;

    if (!intune_answer_is_success(answer)) {
        return intune_answer_service_refusal(answer, err);
    }
    root = intune_answer_parse(answer, err);
    if (root == NULL) {
        return false;
    }
    value = json_value_get(root, "value");
    ok = value != NULL
         && ((json_value_kind(value) == JSON_KIND_BOOL && json_value_bool(value))
             || text_equal_nocase(intune_answer_text(root, "value"), "true"));
    json_value_free(root);
    return ok
           || error_set(err, REASON_INTUNE_ANSWER,
                        "Intune did not confirm the results of revocations");
}

/* ---- secrets of the application -------------------------------------------------------------- */

/* "2027-05-31T10:11:12.1234567Z" without its fraction. */
static bool parse_time(const char *text, int64_t *seconds)
{
    char whole[CLOCK_TEXT_MAX];
    size_t len = strcspn(text, ".Z");

    return len < sizeof(whole) - 1 && text_format(whole, sizeof(whole), "%.*sZ", (int)len, text)
           && clock_parse(whole, seconds);
}

static bool has_hint(const struct json *row, struct bytes secret)
{
    const char *hint = intune_answer_text(row, "hint");

    return secret.len >= HINT_BYTES && strlen(hint) == HINT_BYTES
           && memcmp(hint, secret.data, HINT_BYTES) == 0;
}

int64_t intune_answer_secret_end(const struct intune_answer *answer, struct bytes secret,
                                 int64_t now)
{
    struct error unused = ERROR_INIT;
    struct json *root =
        intune_answer_is_success(answer) ? intune_answer_parse_list(answer, &unused) : NULL;
    const struct json *rows = root != NULL ? json_value_get(root, "passwordCredentials") : NULL;
    int64_t next = 0;
    int64_t last = 0;

    for (size_t i = 0;
         rows != NULL && json_value_kind(rows) == JSON_KIND_ARRAY && i < json_value_count(rows);
         i++) {
        const struct json *row = json_value_at(rows, i);
        int64_t end = 0;

        if (!has_hint(row, secret) || !parse_time(intune_answer_text(row, "endDateTime"), &end)) {
            continue;
        }
        if (end > now && (next == 0 || end < next)) {
            next = end;
        }
        if (end > last) {
            last = end;
        }
    }
    json_value_free(root);
    return next != 0 ? next : last;
}
