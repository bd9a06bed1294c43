/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  answers of Entra's token service.
 * Not here: asking for tokens (intune_token.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 6749 5.1, 5.2; Microsoft Entra authentication and authorization error codes.
 */
#include "intune/intune_answer.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "intune/intune_text.h"

#define TOKEN_BYTES_MAX 16384u /* with all roles of an application below 4 KB */
#define TOKEN_SECONDS_MAX 86400
#define SHOWN_MAX 280

/* ---- a token --------------------------------------------------------------------------------- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const struct buffer *b, size_t pos)
{
    while (pos < b->len && is_space(b->data[pos])) {
        pos++;
    }
    return pos;
}

/* Where the value of "access_token" begins, behind its quote; b->len when there is none. */
static size_t find_token(const struct buffer *b)
{
    static const char key[] = "\"access_token\"";
    const char *text = buffer_text(b);
    const char *place = strstr(text, key);
    size_t pos = 0;

    if (place == NULL) {
        return b->len;
    }
    pos = skip_space(b, (size_t)(place - text) + sizeof(key) - 1);
    if (pos >= b->len || b->data[pos] != ':') {
        return b->len;
    }
    pos = skip_space(b, pos + 1);
    return pos < b->len && b->data[pos] == '"' ? pos + 1 : b->len;
}

/* Move the token out; letters x take its place. */
static bool cut_out(struct buffer *b, struct secret *token, struct error *err)
{
    size_t start = find_token(b);
    size_t end = start;

    /* what may stand in a header: no escapes, nothing that ends a line */
    while (end < b->len && b->data[end] > 0x20 && b->data[end] < 0x7f && b->data[end] != '"'
           && b->data[end] != '\\') {
        end++;
    }
    if (end == start || end >= b->len || b->data[end] != '"' || end - start > TOKEN_BYTES_MAX) {
        return error_set(err, REASON_INTUNE_ANSWER,
                         "the token service answered without an access_token that can be used: "
                         "does a proxy or firewall answer in place of Microsoft?");
    }
    if (!secret_set(token, b->data + start, end - start, err)) {
        return false;
    }
    secret_wipe(b->data + start, end - start);
    memset(b->data + start, 'x', end - start);
    return true;
}

/* What was cut out was the member of the object, and not a text that looks like one. */
static bool was_member(const struct json *root, size_t len)
{
    const char *text = intune_answer_text(root, "access_token");

    return strlen(text) == len && strspn(text, "x") == len;
}

static int64_t lifetime(const struct json *root)
{
    const struct json *value = json_value_get(root, "expires_in");
    uint64_t number = 0;
    int64_t seconds = 0;

    if (value != NULL && json_value_kind(value) == JSON_KIND_INTEGER) {
        seconds = json_value_integer(value);
    } else if (value != NULL && json_value_kind(value) == JSON_KIND_TEXT
               && text_parse_u64(bytes_of_text(json_value_text(value)), INT32_MAX, &number)) {
        seconds = (int64_t)number;
    }
    if (seconds < 0) {
        return 0;
    }
    return seconds < TOKEN_SECONDS_MAX ? seconds : TOKEN_SECONDS_MAX;
}

bool intune_answer_token(struct buffer *body, struct secret *token, int64_t *seconds,
                         struct error *err)
{
    struct secret found = SECRET_INIT;
    struct json *root = NULL;
    const char *type = NULL;
    bool ok = false;

    if (!cut_out(body, &found, err)) goto out;
    root = intune_answer_parse(
        &(struct intune_answer){ .status = 200, .content_type = "", .body = buffer_bytes(body) },
        err);
    if (root == NULL) goto out;
    type = intune_answer_text(root, "token_type");
    if (!was_member(root, found.len) || !text_equal_nocase(type, "Bearer")) {
        (void)error_set(err, REASON_INTUNE_ANSWER,
                        "the token service answered with something that is no bearer token");
        goto out;
    }
    *seconds = lifetime(root);
    secret_clear(token);
    *token = found;
    found = (struct secret)SECRET_INIT;
    ok = true;
out:
    json_value_free(root);
    secret_clear(&found);
    return ok;
}

/* ---- no token -------------------------------------------------------------------------------- */

struct aadsts_row {
    uint32_t code;
    enum reason reason;
    const char *advice;
};

#define NEW_SECRET "make a new one (Entra admin center, App registrations, Certificates & secrets)"

static const struct aadsts_row aadsts[] = {
    { 7000215, REASON_INTUNE_CREDENTIAL,
      "The client secret is wrong. Set the secret's value, not its id, with \"openndes intune "
      "secret\"; if it is lost, " NEW_SECRET "." },
    { 7000222, REASON_INTUNE_CREDENTIAL,
      "The client secret has expired: " NEW_SECRET " and set it with \"openndes intune secret\"." },
    { 7000216, REASON_INTUNE_CREDENTIAL,
      "Entra wants a secret or certificate: set one with \"openndes intune secret\" or \"openndes "
      "intune certificate new\"." },
    { 7000218, REASON_INTUNE_CREDENTIAL,
      "Entra wants a secret or certificate: set one with \"openndes intune secret\" or \"openndes "
      "intune certificate new\"." },
    { 700027, REASON_INTUNE_CREDENTIAL,
      "The certificate is none of the app registration's: upload what \"openndes intune "
      "certificate show --pem\" prints (App registrations, Certificates & secrets, "
      "Certificates)." },
    { 700024, REASON_INTUNE_CREDENTIAL,
      "Set this server's clock: the assertion's time is not accepted." },
    { 700021, REASON_INTUNE_CREDENTIAL,
      "intune.client_id is not the app registration the certificate was uploaded to." },
    { 700016, REASON_INTUNE_CREDENTIAL,
      "There is no such application in this tenant: compare intune.client_id and intune.tenant "
      "with the overview of the app registration." },
    { 7000112, REASON_INTUNE_CREDENTIAL,
      "The application is disabled: Entra admin center, Enterprise applications, Properties, "
      "\"Enabled for users to sign-in\"." },
    { 7000229, REASON_INTUNE_RIGHTS,
      "The application has no service principal in this tenant: Entra admin center, App "
      "registrations, API permissions, \"Grant admin consent\"." },
    { 90002, REASON_INTUNE_CREDENTIAL,
      "There is no such tenant: compare intune.tenant (and intune.cloud) with the overview in the "
      "Entra admin center." },
    { 900023, REASON_INTUNE_CREDENTIAL,
      "intune.tenant is neither a tenant's id nor a domain of one." },
    { 53003, REASON_INTUNE_RIGHTS,
      "A Conditional Access policy for workload identities blocks this server: except the "
      "application or its address." },
    { INTUNE_AADSTS_NO_RESOURCE, REASON_INTUNE_RIGHTS,
      "Entra does not know Intune's API in this tenant: is there an Intune licence, and is "
      "\"scep_challenge_provider\" among the API permissions, with admin consent? In a national "
      "cloud set intune.cloud." },
    { 65001, REASON_INTUNE_RIGHTS,
      "Entra admin center, App registrations, API permissions: \"Grant admin consent\"." },
};

/* The first "AADSTS<number>" of a text; 0 none. */
static uint32_t aadsts_of(const char *text)
{
    static const char mark[] = "AADSTS";
    const char *place = strstr(text, mark);
    uint64_t number = 0;
    size_t digits = 0;

    if (place == NULL) {
        return 0;
    }
    place += sizeof(mark) - 1;
    digits = strspn(place, "0123456789");
    return text_parse_u64(bytes_of(place, digits), UINT32_MAX, &number) ? (uint32_t)number : 0;
}

static const struct aadsts_row *aadsts_find(uint32_t code)
{
    for (size_t i = 0; i < sizeof(aadsts) / sizeof(aadsts[0]); i++) {
        if (aadsts[i].code == code) {
            return &aadsts[i];
        }
    }
    return NULL;
}

/* Entra's text without the ids and times behind it. */
static struct bytes first_sentence(const char *description)
{
    static const char *const ends[] = { " Trace ID:", "\r", "\n" };
    size_t len = strlen(description);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const char *end = strstr(description, ends[i]);

        if (end != NULL && (size_t)(end - description) < len) {
            len = (size_t)(end - description);
        }
    }
    return bytes_of(description, len);
}

uint32_t intune_answer_no_token(const struct intune_answer *answer, struct bytes secret,
                                struct error *err)
{
    struct error cause = ERROR_INIT;
    struct json *root = NULL;
    const char *code = NULL;
    const char *description = NULL;
    const struct aadsts_row *row = NULL;
    uint32_t number = 0;
    char shown_code[64];
    char shown[SHOWN_MAX];

    if (answer->status >= 500 || answer->status == 429
        || (answer->status >= 300 && answer->status <= 399)) {
        (void)intune_answer_refusal(answer, "the token service", secret, err);
        return 0;
    }
    root = intune_answer_parse(answer, &cause);
    code = intune_answer_text(root, "error");
    description = intune_answer_text(root, "error_description");
    number = aadsts_of(description);
    row = aadsts_find(number);
    intune_text_show_without(shown_code, sizeof(shown_code), bytes_of_text(code), secret);
    intune_text_show_without(shown, sizeof(shown), first_sentence(description), secret);
    if (root == NULL) {
        (void)error_set(err, cause.reason, "the token service: %s", cause.detail);
    } else if (code[0] == '\0') { /* none of Entra's: rights and addresses are not the point */
        (void)intune_answer_refusal(answer, "the token service", secret, &cause);
        (void)error_set(err, REASON_INTUNE_ANSWER, "%s", cause.detail);
    } else if (strcmp(code, "temporarily_unavailable") == 0) {
        (void)error_set(err, REASON_INTUNE_UNAVAILABLE, "Entra is busy: %s", shown);
    } else {
        (void)error_set(err, row != NULL ? row->reason : REASON_INTUNE_CREDENTIAL,
                        "Entra gives no token (%s). %s%s%s", shown_code,
                        row != NULL ? row->advice : "", row != NULL ? " It said: " : "", shown);
    }
    json_value_free(root);
    return number;
}
