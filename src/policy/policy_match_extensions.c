/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "model/sid.h"
#include "policy/policy_match_internal.h"

#define TEXT_MAX 200

enum extension_kind {
    EXTENSION_UNKNOWN,
    EXTENSION_READ, /* another check compares it, or it cannot mean anything here */
    EXTENSION_SID,
    EXTENSION_TEMPLATE,
    EXTENSION_AUTHORITY, /* only a CA has it */
};

static const struct {
    const char *oid;
    enum extension_kind kind;
} known[] = {
    { "2.5.29.14", EXTENSION_READ },            /* subject key identifier: ours is computed */
    { "2.5.29.15", EXTENSION_READ },            /* key usage */
    { "2.5.29.17", EXTENSION_READ },            /* alternative names */
    { "2.5.29.19", EXTENSION_READ },            /* basic constraints */
    { "2.5.29.37", EXTENSION_READ },            /* extended key usage */
    { "1.3.6.1.4.1.311.21.8", EXTENSION_READ }, /* what Intune's clients put there is junk */
    { SID_EXTENSION_OID, EXTENSION_SID },
    { "1.3.6.1.4.1.311.20.2", EXTENSION_TEMPLATE },
    { "1.3.6.1.4.1.311.21.7", EXTENSION_TEMPLATE },
    { "2.5.29.30", EXTENSION_AUTHORITY }, /* name constraints */
    { "2.5.29.33", EXTENSION_AUTHORITY }, /* policy mappings */
    { "2.5.29.36", EXTENSION_AUTHORITY }, /* policy constraints */
    { "2.5.29.54", EXTENSION_AUTHORITY }, /* inhibitAnyPolicy */
};

static enum extension_kind kind_of(const char *oid)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].oid, oid) == 0) {
            return known[i].kind;
        }
    }
    return EXTENSION_UNKNOWN;
}

static bool is_allowed(const struct policy *p, const char *oid)
{
    for (size_t i = 0; i < p->extensions.allow.count; i++) {
        if (strcmp(p->extensions.allow.item[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

/* What this one is, in how it is met. */
struct seen {
    bool sid, unknown;
    const char *template_oid; /* NULL: none */
};

static void look_at(struct policy_matching *m, const char *oid, struct seen *seen)
{
    const struct policy *p = m->policy;

    switch (kind_of(oid)) {
    case EXTENSION_SID:
        seen->sid = true;
        break;
    case EXTENSION_TEMPLATE:
        seen->template_oid = oid;
        break;
    case EXTENSION_AUTHORITY:
        policy_match_tell(m, CHECK_AUTHORITY, POLICY_DENY, PLACE_EXTENSIONS, "no CA's extension",
                          oid);
        break;
    case EXTENSION_UNKNOWN:
        if (!is_allowed(p, oid)) {
            seen->unknown = true;
            policy_match_tell(m, CHECK_EXTENSION,
                              p->extensions.unknown == POLICY_UNKNOWN_DENY ? POLICY_DENY
                                                                           : POLICY_FIXED,
                              PLACE_EXTENSIONS, "no other extension", oid);
        }
        break;
    case EXTENSION_READ:
    default:
        break;
    }
}

static bool is_repeated(const struct csr_details *details, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(details->extension[i].oid, details->extension[index].oid) == 0) {
            return true;
        }
    }
    return false;
}

/* The template's name may stand in an attribute, too. Nobody reads it: templates are ours. */
static void tell_template(struct policy_matching *m, struct seen *seen)
{
    const struct csr_details *details = m->request->details;
    const char *wanted = m->policy->facts.template_name;

    for (size_t i = 0; i < details->attribute_count; i++) {
        if (kind_of(details->attribute[i]) == EXTENSION_TEMPLATE) {
            seen->template_oid = details->attribute[i];
        }
    }
    policy_match_tell(m, CHECK_TEMPLATE,
                      seen->template_oid != NULL && wanted == NULL ? POLICY_FIXED : POLICY_PASS,
                      PLACE_TEMPLATE, wanted == NULL ? "none" : wanted,
                      seen->template_oid == NULL ? "none" : seen->template_oid);
}

void policy_match_extensions(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    const struct csr_details *details = m->request->details;
    enum policy_outcome sid = p->extensions.sid_drop ? POLICY_FIXED : POLICY_DENY;
    struct seen seen = { false, false, NULL };

    for (size_t i = 0; i < details->extension_count; i++) {
        const char *oid = details->extension[i].oid;

        if (is_repeated(details, i)) {
            policy_match_tell(m, CHECK_EXTENSION_TWICE, POLICY_DENY, PLACE_EXTENSIONS,
                              "each extension once", oid);
        } else {
            look_at(m, oid, &seen);
        }
    }
    if (!seen.unknown) {
        policy_match_tell(m, CHECK_EXTENSION, POLICY_PASS, PLACE_EXTENSIONS, "", "");
    }
    policy_match_tell(m, CHECK_SID_EXTENSION, seen.sid ? sid : POLICY_PASS, PLACE_SID_EXTENSION,
                      "no SID extension", seen.sid ? SID_EXTENSION_OID : "none");
    policy_match_tell(m, CHECK_CONSTRAINTS, details->is_ca ? POLICY_DENY : POLICY_PASS,
                      PLACE_EXTENSIONS, "no CA", details->is_ca ? "CA:TRUE" : "");
    tell_template(m, &seen);
}
