/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_case.h"

#include "support/test_support.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))

struct template_config template_case_config(void)
{
    struct template_config config = {
        .name = "case",
        .subject = { .attributes = TEXT("CN,serialNumber,O,OU,L,ST,C,emailAddress,unstructuredName,"
                                        "unstructuredAddress,DC,UID,GN,SN,title"),
                     .cn_patterns = TEXT(""),
                     .append = TEXT("") },
        .san = { .types = TEXT("dns,ip,email"), .max = 20, .dns_patterns = TEXT("") },
        .key = { .types = TEXT("rsa,ec"),
                 .curves = TEXT("P-256,P-384"),
                 .rsa_min_bits = 2048,
                 .rsa_max_bits = 4096 },
        .key_usage = { .allowed = TEXT("digitalSignature,keyEncipherment") },
        .eku = TEXT("clientAuth"),
        .validity = { .days = 365, .backdate_minutes = 60 },
        .policy = { .files = TEXT(""), .known = TEXT("") },
    };

    return config;
}

enum reason template_case_plan(const struct template_config *config, struct csr_builder *b,
                               struct cert_plan *plan)
{
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    struct template *t = template_create(config, &err);
    enum reason reason = REASON_NONE;

    assert_done(t != NULL, &err, "template_create");
    csr_builder_der(b, &der);
    csr_builder_clear(b);
    assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
    if (!template_plan(t, &csr, TEMPLATE_CASE_NOW, plan, &err)) {
        reason = err.reason;
        assert_int_equal(error_kind(&err), ERROR_POLICY);
        assert_true(err.detail[0] != '\0');
        assert_null(plan->subject);
        assert_null(plan->san);
    }
    template_free(t);
    csr_clear(&csr);
    buffer_clear(&der);
    return reason;
}

void template_case_expect(const struct template_config *config, struct csr_builder *b,
                          enum reason expected, const char *name)
{
    struct cert_plan plan = { 0 };
    enum reason reason = template_case_plan(config, b, &plan);

    cert_plan_clear(&plan);
    if (reason != expected) {
        fail_msg("%s: %s, not %s", name, reason_id(reason), reason_id(expected));
    }
}
