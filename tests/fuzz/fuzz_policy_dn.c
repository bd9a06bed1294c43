/* SPDX-License-Identifier: Apache-2.0 */
/* Subject templates: what is read is printed as a text that reads as the same subject. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void check_equal(const struct policy *a, const struct policy *b)
{
    must(a->subject.stated && b->subject.stated);
    must(a->subject.count == b->subject.count && a->subject.whole_dn == b->subject.whole_dn);
    for (size_t i = 0; i < a->subject.count; i++) {
        must(strcmp(a->subject.item[i].oid, b->subject.item[i].oid) == 0);
        must(strcmp(a->subject.item[i].pattern, b->subject.item[i].pattern) == 0);
    }
}

static void check_round_trip(const struct policy *p)
{
    struct error err = ERROR_INIT;
    struct policy *again = policy_new("again", &err);
    struct buffer text = BUFFER_INIT(2u * LIMIT_POLICY_TEXT + 100u * LIMIT_POLICY_ITEMS);
    char lint[200];

    must(again != NULL && policy_dn_print(p, &text, &err));
    if (text.len <= LIMIT_POLICY_TEXT) { /* policy_finish refuses what is longer */
        must(policy_dn_parse(buffer_text(&text), again, lint, sizeof(lint), &err));
        must(lint[0] == '\0'); /* everything doubtful stands in quotes */
        check_equal(p, again);
    }
    buffer_clear(&text);
    policy_free(again);
}

static void check_items(const struct policy *p)
{
    char oid[128];

    for (size_t i = 0; i < p->subject.count; i++) {
        const struct policy_rdn *rdn = &p->subject.item[i];

        must(rdn->pattern[0] != '\0' && text_utf8_valid(bytes_of_text(rdn->pattern)));
        must(rdn->oid[0] != '\0' ? policy_oid_valid(rdn->oid)
                                 : p->subject.whole_dn && p->subject.count == 1);
        must(rdn->oid[0] == '\0'
             || (policy_dn_oid(bytes_of_text(policy_dn_word(rdn->oid)), oid)
                 && strcmp(oid, rdn->oid) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("p", &err);
    char *text = text_dup_bytes(bytes_of(data, size));
    char lint[200];

    if (p != NULL && text != NULL) {
        if (policy_dn_parse(text, p, lint, sizeof(lint), &err)) {
            check_items(p);
            check_round_trip(p);
        } else {
            must(err.reason == REASON_POLICY_VALUE || err.reason == REASON_LIMIT
                 || err.reason == REASON_NO_MEMORY);
        }
    }
    free(text);
    policy_free(p);
    return 0;
}
