/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_answer.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "intune/intune_codes.h"
#include "intune/intune_text.h"

#define SHOWN_MAX 280 /* of what a service says; the rest of a detail is ours */
/*
 * Of an answer that is no list; real ones are below 1 KB, tokens below 10. A parser makes up to
 * hundred times as much memory of hostile JSON, and as many may be read as there are requests.
 */
#define ANSWER_BYTES_MAX 65536u
#define STATUS_TOO_MANY 429
#define STATUS_UNAVAILABLE 503

bool intune_answer_is_success(const struct intune_answer *answer)
{
    return answer->status >= 200 && answer->status <= 299;
}

struct json *intune_answer_parse(const struct intune_answer *answer, struct error *err)
{
    if (answer->body.len > ANSWER_BYTES_MAX) {
        (void)error_set(err, REASON_INTUNE_ANSWER, "the answer (HTTP %d) is larger than %u bytes",
                        answer->status, ANSWER_BYTES_MAX);
        return NULL;
    }
    return intune_answer_parse_list(answer, err);
}

struct json *intune_answer_parse_list(const struct intune_answer *answer, struct error *err)
{
    struct error cause = ERROR_INIT;
    char type[80];
    struct json *root =
        json_value_parse(answer->body, LIMIT_HTTP_CLIENT_BODY, LIMIT_JSON_DEPTH, &cause);

    if (root != NULL && json_value_kind(root) == JSON_KIND_OBJECT) {
        return root;
    }
    json_value_free(root);
    if (cause.reason == REASON_NO_MEMORY) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an answer");
        return NULL;
    }
    text_escape(type, sizeof(type), bytes_of_text(answer->content_type));
    if (answer->body.len == 0) {
        (void)error_set(err, REASON_INTUNE_ANSWER, "the answer (HTTP %d) is empty", answer->status);
    } else { /* the parser's words may quote the answer */
        (void)error_set(err, REASON_INTUNE_ANSWER,
                        "the answer (HTTP %d, %s) is no JSON object: does a proxy or firewall "
                        "answer in place of Microsoft?",
                        answer->status, type[0] != '\0' ? type : "no content type");
    }
    return NULL;
}

const char *intune_answer_text(const struct json *object, const char *key)
{
    const struct json *value = NULL;
    const char *text = NULL;

    if (object != NULL && json_value_kind(object) == JSON_KIND_OBJECT) {
        value = json_value_get(object, key);
    }
    text = value != NULL ? json_value_text(value) : NULL;
    return text != NULL ? text : "";
}

/* ---- no 2xx ---------------------------------------------------------------------------------- */

/* "message" of Intune's internal errors is JSON in a text; its "Message" is for people. */
static void show_message(char *out, size_t size, const char *message, struct bytes secret)
{
    struct error unused = ERROR_INIT;
    struct bytes text = bytes_of_text(message);
    struct json *inner = NULL;
    const char *found = "";

    if (message[0] == '{') {
        inner = json_value_parse(text, LIMIT_HTTP_CLIENT_BODY, LIMIT_JSON_DEPTH, &unused);
        found = intune_answer_text(inner, "Message");
    }
    intune_text_show_without(out, size, found[0] != '\0' ? bytes_of_text(found) : text, secret);
    json_value_free(inner);
}

/* "InternalError: text" from {"error":{"code":..,"message":..}}; "" when there is none. */
static void show_error_object(char *out, size_t size, const struct json *root, struct bytes secret)
{
    const struct json *object = root != NULL ? json_value_get(root, "error") : NULL;
    char code[80];
    char message[SHOWN_MAX];

    intune_text_show_without(code, sizeof(code), bytes_of_text(intune_answer_text(object, "code")),
                             secret);
    show_message(message, sizeof(message), intune_answer_text(object, "message"), secret);
    if (!text_format(out, size, "%s%s%s", code, code[0] != '\0' && message[0] != '\0' ? ": " : "",
                     message)) {
        out[0] = '\0'; /* cannot be: the caller has room for both */
    }
}

struct status_row {
    int from, to;
    enum reason reason;
    const char *meaning;
};

static const struct status_row statuses[] = {
    { 300, 399, REASON_INTUNE_ANSWER,
      "a redirect, which is not followed: does a proxy or firewall answer in its place?" },
    { 401, 401, REASON_INTUNE_RIGHTS, "the token is not accepted" },
    { 403, 403, REASON_INTUNE_RIGHTS, "a right is missing" },
    { 407, 407, REASON_INTUNE_UNAVAILABLE, "the proxy wants a user and password" },
    { STATUS_TOO_MANY, STATUS_TOO_MANY, REASON_INTUNE_BUSY, "too many requests" },
    { 404, 404, REASON_INTUNE_DISCOVERY, "the address is not there (any more)" },
    { 410, 410, REASON_INTUNE_DISCOVERY, "the address is not there any more" },
    { 500, 599, REASON_INTUNE_UNAVAILABLE, "an error of the service" },
};

bool intune_answer_refusal(const struct intune_answer *answer, const char *who, struct bytes secret,
                           struct error *err)
{
    static const struct status_row other = { 0, 0, REASON_INTUNE_ANSWER, "not an expected answer" };
    const struct status_row *row = &other;
    struct error unused = ERROR_INIT;
    struct json *root = intune_answer_parse(answer, &unused);
    char said[SHOWN_MAX + 90];

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (answer->status >= statuses[i].from && answer->status <= statuses[i].to) {
            row = &statuses[i];
            break;
        }
    }
    show_error_object(said, sizeof(said), root, secret);
    json_value_free(root);
    return error_set(err, row->reason, "%s answered HTTP %d, %s%s%s", who, answer->status,
                     row->meaning, said[0] != '\0' ? ": " : "", said);
}

bool intune_answer_service_refusal(const struct intune_answer *answer, struct error *err)
{
    struct error cause = ERROR_INIT;

    (void)intune_answer_refusal(answer, "Intune", bytes_of(NULL, 0), &cause);
    if (answer->status != 401 && answer->status != 403) {
        return error_set(err, cause.reason, "%s", cause.detail);
    }
    return error_set(err, cause.reason,
                     "Add the application permission scep_challenge_provider (API permissions, "
                     "APIs my organization uses, Microsoft Intune API) and click \"Grant admin "
                     "consent\". %s",
                     cause.detail);
}

/* ---- actions --------------------------------------------------------------------------------- */

/* A code that is not "Success". */
static bool refused_by_code(const char *code, const char *description, struct error *err)
{
    const struct intune_code *known = intune_code_find(code);
    char shown_code[80];
    char shown[SHOWN_MAX];

    intune_text_show(shown_code, sizeof(shown_code), bytes_of_text(code));
    intune_text_show(shown, sizeof(shown), bytes_of_text(description));
    return error_set(err, known != NULL ? known->reason : REASON_INTUNE_CODE_UNKNOWN,
                     "Intune answered %s%s%s. %s", shown_code, shown[0] != '\0' ? ": " : "", shown,
                     known != NULL ? known->advice
                                   : "This code is not known, so it counts as a no; ask "
                                     "Microsoft's support, they want the client-request-id.");
}

bool intune_answer_action(const struct intune_answer *answer, struct error *err)
{
    bool success = intune_answer_is_success(answer);
    struct error cause = ERROR_INIT;
    struct json *root = intune_answer_parse(answer, &cause);
    const struct json *value = root != NULL ? json_value_get(root, "code") : NULL;
    const char *code = value != NULL ? json_value_text(value) : NULL;
    bool ok = false;

    if (success && root == NULL) {
        (void)error_set(err, cause.reason, "%s", cause.detail);
    } else if (code != NULL && strcmp(code, "Success") != 0
               && (success || intune_code_find(code) != NULL)) {
        (void)refused_by_code(code, intune_answer_text(root, "errorDescription"), err);
    } else if (!success) {
        (void)intune_answer_service_refusal(answer, err);
    } else if (code == NULL) {
        (void)error_set(err, REASON_INTUNE_ANSWER,
                        "the answer (HTTP %d) has no \"code\" that is a text, so it is no yes",
                        answer->status);
    } else {
        ok = true;
    }
    json_value_free(root);
    return ok;
}
