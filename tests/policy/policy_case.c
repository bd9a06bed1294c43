/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>

#include "policy/policy_case.h"

#include "base/text.h"
#include "policy/policy_load.h"

void policy_case_load(const char *json, struct policy_set *out)
{
    struct error err = ERROR_INIT;
    char *text = text_dup(json);

    assert_non_null(text);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_done(policy_load(bytes_of_text(text), "case.json", out, &err), &err, text);
    free(text);
}

void policy_case_request(struct csr_builder *b, struct policy_case_request *out)
{
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);

    *out = (struct policy_case_request){ .csr = CSR_INIT };
    csr_builder_der(b, &der);
    csr_builder_clear(b);
    assert_done(csr_parse(buffer_bytes(&der), &out->csr, &err), &err, "");
    out->details = csr_details_parse(&out->csr, &err);
    assert_done(out->details != NULL, &err, "");
    buffer_clear(&der);
}

void policy_case_request_clear(struct policy_case_request *r)
{
    csr_details_free(r->details);
    csr_clear(&r->csr);
}
