/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strong mapping (KB5014754): a SID in a name signs its owner in as that account. The policy says
 * whether there is one; the list of known devices says whose.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "model/sid.h"
#include "policy/policy_match_internal.h"
#include "policy/policy_search.h"

bool policy_match_is_sid_pattern(struct bytes pattern)
{
    struct policy_parts parts;
    char sid[SID_TEXT_MAX];

    if (!policy_parts_read(pattern, &parts) || parts.count != 1) {
        return false;
    }
    return parts.item[0].is_variable ? parts.item[0].variable == POLICY_VARIABLE_SID
                                     : sid_of_uri(pattern, sid);
}

/* The policy's first row with a SID, alone or joined with others; san.count: none. */
static size_t find_sid_row(const struct policy *p)
{
    for (size_t i = 0; i < p->san.count; i++) {
        struct bytes name = { NULL, 0 };
        size_t pos = 0;

        if (p->san.item[i].type != POLICY_SAN_URI) {
            continue;
        }
        if (sid_tags_in_uri(bytes_of_text(p->san.item[i].pattern)) > 0) {
            return i; /* a captured policy holds the value itself */
        }
        while (policy_pattern_next(p->san.item[i].pattern, &pos, &name)) {
            if (policy_variable_find(name) == POLICY_VARIABLE_SID) {
                return i;
            }
        }
    }
    return p->san.count;
}

/* Tags in any spelling, and the first URI that holds one. */
static size_t count_in_request(const struct csr *csr, struct bytes *first)
{
    size_t count = 0;

    *first = bytes_of(NULL, 0);
    for (int i = 0; i < sk_GENERAL_NAME_num(csr->san); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(csr->san, i);

        if (name->type == GEN_URI) {
            const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
            struct bytes text =
                bytes_of(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));
            size_t here = sid_tags_in_uri(text);

            if (count == 0 && here > 0) {
                *first = text;
            }
            count += here;
        }
    }
    return count;
}

void policy_match_sid(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    size_t row = find_sid_row(p);
    bool wanted = row < p->san.count;
    struct bytes found = { NULL, 0 };
    char sid[SID_TEXT_MAX];
    char path[POLICY_PATH_MAX];
    size_t tags = count_in_request(m->request->csr, &found);
    size_t sids = sid_in_names(m->request->csr->san, sid);
    size_t min = wanted && p->san.item[row].min > 0 ? 1 : 0;

    policy_path(p, PLACE_SAN, path);
    if (wanted) {
        policy_path_san(p, row, path);
    }
    /* every tag must be a whole one: a misspelled one has no business in any certificate */
    if (tags != sids || sids > (wanted ? 1u : 0u) || sids < min) {
        policy_match_tell_at(m, CHECK_SID_URI, POLICY_DENY, path,
                             bytes_of_text(wanted ? "one SID" : "no SID"), found);
    } else {
        policy_match_tell_at(m, CHECK_SID_URI, POLICY_PASS, path,
                             bytes_of_text(wanted ? "one SID" : "no SID"), bytes_of_text(sid));
    }
}

void policy_match_known(struct policy_matching *m)
{
    char why[200] = "";

    if (m->request->known == NULL || !m->names_fit) {
        policy_match_tell(m, CHECK_KNOWN, POLICY_NOT_CHECKED, PLACE_NONE, "",
                          m->request->known == NULL ? "no list" : "the names do not fit");
        return;
    }
    if (policy_known_check(m->request->known, &m->verdict->bindings, why, sizeof(why))) {
        policy_match_tell(m, CHECK_KNOWN, POLICY_PASS, PLACE_NONE, "", "");
    } else {
        policy_match_tell(m, CHECK_KNOWN, POLICY_DENY, PLACE_NONE, "a known device or user", why);
    }
}
