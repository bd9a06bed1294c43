/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy file of any language as anybody may write it. What is loaded keeps the promises of
 * policy_finish, and its dump loads back as the same policy.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void dump(const struct policy *p, struct buffer *out)
{
    struct error err = ERROR_INIT;
    struct json *v = policy_dump_json(p, true, &err);

    must(v != NULL && json_value_print(v, 0, out, &err));
    json_value_free(v);
}

static void check_round_trip(const struct policy *p)
{
    struct buffer once = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct buffer twice = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    dump(p, &once);
    must(policy_load(buffer_bytes(&once), "dump", &set, &err));
    must(set.count == 1 && set.warnings.count == 0);
    dump(set.item[0], &twice);
    must(strcmp(buffer_text(&once), buffer_text(&twice)) == 0);
    policy_set_clear(&set);
    buffer_clear(&twice);
    buffer_clear(&once);
}

static void check_policy(const struct policy *p)
{
    must(p->name != NULL && p->name[0] != '\0' && text_utf8_valid(bytes_of_text(p->name)));
    must(p->subject.stated || p->subject.count == 0);
    must(p->san.stated || p->san.count == 0);
    for (size_t i = 0; i < p->san.count; i++) {
        must(p->san.item[i].min <= p->san.item[i].max && p->san.item[i].max >= 1);
        must(policy_san_word(p->san.item[i].type) != NULL);
    }
    must(!p->key_usage.stated || p->key_usage.bits != 0);
    must((p->key_usage.bits & ~0x19fu) == 0); /* never keyCertSign or cRLSign */
    must(!p->eku.stated || p->eku.oids.count > 0);
    must(!p->validity.stated || (p->validity.value >= 1 && p->validity.value <= 36500));
    check_round_trip(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    if (policy_load(bytes_of(data, size), "fuzz", &set, &err)) {
        must(set.count > 0 && set.count <= LIMIT_POLICIES && !error_is_set(&err));
        for (size_t i = 0; i < set.count; i++) {
            check_policy(set.item[i]);
        }
    } else {
        must(set.count == 0 && set.item == NULL && set.warnings.count == 0);
        must(error_is_set(&err) && text_utf8_valid(bytes_of_text(err.detail)));
    }
    policy_set_clear(&set);
    return 0;
}
