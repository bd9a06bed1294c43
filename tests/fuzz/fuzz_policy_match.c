/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's bytes against a fixed set of policies: details, names, patterns, verdict. What is
 * promised of every verdict holds, and a request that asks for what nobody may have is denied.
 */
#include <stdlib.h>
#include <string.h>

#include "model/csr.h"
#include "policy/policy_dn.h"
#include "policy/policy_match.h"

#define POLICIES 5
#define NOW INT64_C(1767225600)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer calls with bytes and nothing else: what stays the same lives here. */
static struct policy *policies[POLICIES];
static struct policy_verdict *verdict;

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static struct policy *make_policy(const char *subject, const char *const *sans, size_t count)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("fuzz", &err);

    must(p != NULL);
    must(subject == NULL || policy_dn_parse(subject, p, NULL, 0, &err));
    for (size_t i = 0; i < count; i++) {
        const char *colon = strchr(sans[i], ' ');
        enum policy_san_type type = POLICY_SAN_EMAIL;

        must(policy_san_from_word(bytes_of(sans[i], (size_t)(colon - sans[i])), &type));
        must(policy_add_san(p, type, colon + 1, (unsigned)(i % 2), 2, &err));
    }
    p->key.rsa = count % 2 == 0;
    p->validity.stated = true;
    p->validity.value = 1;
    p->validity.unit = POLICY_UNIT_YEARS;
    p->hash.stated = true;
    p->hash.sha2 = true;
    must(policy_finish(p, &err));
    return p;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const device[] = { "uri IntuneDeviceId://{{DeviceId}}",
                                          "uri {{OnPremisesSecurityIdentifier}}" };
    static const char *const user[] = { "upn {{UserPrincipalName}}", "email {{EmailAddress}}",
                                        "uri a:x,{{OnPremisesSecurityIdentifier}}" };
    static const char *const vague[] = { "dns {{a}}{{b}}{{a}}", "dns {{a}}.{{c}}",
                                         "uri {{Foo}}x{{Bar}}", "dns {{DeviceName}}" };

    (void)argc;
    (void)argv;
    policies[0] = make_policy(NULL, NULL, 0);
    policies[1] = make_policy("CN={{AAD_Device_ID}}", device, 2);
    policies[2] = make_policy("CN={{UserName}},E={{EmailAddress}}", user, 3);
    policies[3] = make_policy("CN=\"{{a}}-{{DeviceName}}\",OU={{a}},OU=$NAME", vague, 4);
    policies[4] = make_policy("{{OnPrem_Distinguished_Name}}", device, 1);
    policies[3]->subject.extra = POLICY_EXTRA_ALLOW;
    policies[2]->subject.order = POLICY_ORDER_EXACT;
    verdict = malloc(sizeof(*verdict));
    must(verdict != NULL);
    return 0;
}

static void check(const struct policy_verdict *v, const struct csr_details *details)
{
    bool denied = false;

    must(v->count <= LIMIT_POLICY_FINDINGS && v->outcome != POLICY_NOT_CHECKED);
    must(v->values_len <= POLICY_VALUES_MAX && v->bindings.count <= POLICY_BINDINGS);
    for (size_t i = 0; i < v->count; i++) {
        const struct policy_finding *f = &v->finding[i];

        must(memchr(f->path, 0, sizeof(f->path)) != NULL);
        must(memchr(f->expected, 0, sizeof(f->expected)) != NULL);
        must(memchr(f->found, 0, sizeof(f->found)) != NULL);
        must(strchr(f->found, '\n') == NULL);
        denied = denied || f->outcome == POLICY_DENY;
    }
    must(denied == (v->outcome == POLICY_DENY));
    for (size_t i = 0; i < details->extension_count; i++) {
        must(denied || strcmp(details->extension[i].oid, "1.3.6.1.4.1.311.25.2") != 0);
    }
    must(denied || (!details->is_ca && details->digest != CSR_DIGEST_MD5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csr csr = CSR_INIT;
    struct csr_details *details = NULL;
    struct error err = ERROR_INIT;

    if (!csr_parse(bytes_of(data, size), &csr, &err)) {
        must(error_is_set(&err));
        goto out;
    }
    details = csr_details_parse(&csr, &err);
    if (details == NULL) {
        must(error_is_set(&err));
        goto out;
    }
    for (size_t i = 0; i < POLICIES; i++) {
        struct policy_request r = { .csr = &csr, .details = details, .now = NOW };

        r.path = "/scep/fuzz";
        r.challenge = (enum policy_challenge)(i % 3);
        error_clear(&err);
        if (policy_match(policies[i], &r, verdict, &err)) {
            check(verdict, details);
        } else {
            must(error_is_set(&err));
        }
    }
out:
    csr_details_free(details);
    csr_clear(&csr);
    return 0;
}
