/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy of unknown origin: SyncML, property list, own XML, signed or not. What is read once reads
 * the same from its dump.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void dump(const struct policy *p, struct buffer *out)
{
    struct error err = ERROR_INIT;
    struct json *json = policy_dump_json(p, true, &err);

    require(json != NULL && json_value_print(json, 0, out, &err));
    json_value_free(json);
}

static void check_policy(const struct policy *p)
{
    struct buffer first = BUFFER_INIT(16 * LIMIT_POLICY_BYTES);
    struct buffer second = BUFFER_INIT(16 * LIMIT_POLICY_BYTES);
    struct policy_set again = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    require(p->name != NULL && p->name[0] != '\0');
    require(p->san.count == 0 || p->san.stated);
    require(p->subject.count == 0 || p->subject.stated);
    dump(p, &first);
    require(policy_load(buffer_bytes(&first), "dump", &again, &err) && again.count == 1);
    dump(again.item[0], &second);
    require(strcmp(buffer_text(&first), buffer_text(&second)) == 0);
    policy_set_clear(&again);
    buffer_clear(&first);
    buffer_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;
    bool done = policy_load(bytes_of(data, size), "file", &set, &err);

    require(done != error_is_set(&err));
    require(done ? set.count > 0 : set.count == 0 && set.warnings.count == 0);
    for (size_t i = 0; i < set.count; i++) {
        check_policy(set.item[i]);
    }
    policy_set_clear(&set);
    return 0;
}
