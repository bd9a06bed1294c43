/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a cloud that is not Microsoft's: every parser, and what it promises. The first byte
 * chooses the status, the rest is the body.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static bool visit(void *context, const struct intune_revocation *row, struct error *err)
{
    unsigned *count = context;

    (void)err;
    *count += 1;
    must(*count <= 5);
    must(row->context[0] != '\0' && row->issuer != NULL && row->ca_configuration != NULL);
    must(strlen(row->serial) % 2 == 0);
    must(strspn(row->serial, "0123456789abcdef") == strlen(row->serial));
    return true;
}

static void read_token(struct bytes bytes)
{
    struct buffer body = BUFFER_INIT(1u << 20);
    struct secret token = SECRET_INIT;
    struct error err = ERROR_INIT;
    int64_t seconds = -1;

    if (buffer_append_bytes(&body, bytes, &err)
        && intune_answer_token(&body, &token, &seconds, &err)) {
        must(token.len > 0 && seconds >= 0 && seconds <= 86400);
        for (size_t i = 0; i < token.len; i++) { /* goes into a header as it is */
            must(token.data[i] > 0x20 && token.data[i] < 0x7f);
        }
    }
    secret_clear(&token);
    buffer_clear(&body);
}

static void read_endpoints(const struct intune_answer *answer)
{
    struct intune_endpoints found;
    struct error err = ERROR_INIT;

    if (intune_answer_endpoints(answer, "manage.microsoft.com", &found, &err)) {
        must(found.scep[0] == '\0' || text_starts_nocase(found.scep, "https://"));
        must(found.connector[0] == '\0' || text_starts_nocase(found.connector, "https://"));
        must(strpbrk(found.scep, " \r\n?#@\\") == NULL || strchr(found.scep, '@') != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 200, 204, 302, 400, 401, 403, 404, 429, 500, 503 };
    struct intune_answer answer = { .content_type = "application/json" };
    struct error err = ERROR_INIT;
    unsigned count = 0;

    if (size == 0) {
        return 0;
    }
    answer.status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))];
    answer.body = bytes_of(data + 1, size - 1);
    if (intune_answer_action(&answer, &err)) {
        must(intune_answer_is_success(&answer));
        must(size >= sizeof("{\"code\":\"Success\"}") - 1);
    } else {
        must(error_is_set(&err) && text_utf8_valid(bytes_of_text(err.detail)));
    }
    error_clear(&err);
    (void)intune_answer_no_token(&answer, bytes_of_text("kD~8Q~x"), &err);
    must(error_is_set(&err) && strstr(err.detail, "kD~8Q~x") == NULL);
    error_clear(&err);
    (void)!intune_answer_revocations(&answer, 5, visit, &count, &err);
    error_clear(&err);
    (void)!intune_answer_uploaded(&answer, &err);
    error_clear(&err);
    (void)intune_answer_graph_refusal(&answer, &err);
    (void)intune_answer_secret_end(&answer, bytes_of_text("kD~8Q~x"), 0);
    read_endpoints(&answer);
    read_token(answer.body);
    return 0;
}
