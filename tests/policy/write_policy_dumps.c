/* SPDX-License-Identifier: Apache-2.0 */
/* write_policy_dumps FIXTURES FOLDER: every policy of the fixtures as FOLDER/N.json, in full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "platform/files.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"

static const char *const files[] = {
    "graph_android.json",
    "graph_android_device_owner.json",
    "graph_android_for_work.json",
    "graph_android_work_profile.json",
    "graph_aosp_device_owner.json",
    "graph_ios.json",
    "graph_macos.json",
    "graph_tenant.json",
    "graph_windows10x.json",
    "graph_windows81.json",
    "own_full.json",
    "own_minimal.json",
};

static bool write_dump(const struct policy *p, const char *folder, unsigned number,
                       struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    char path[FILE_PATH_MAX];
    struct json *v = policy_dump_json(p, true, err);
    bool ok = v != NULL && json_value_print(v, 2, &text, err)
              && (text_format(path, sizeof(path), "%s/%u.json", folder, number)
                  || error_set(err, REASON_LIMIT, "path too long"))
              && file_write_atomic(path, buffer_bytes(&text), false, err);

    buffer_clear(&text);
    json_value_free(v);
    return ok;
}

static bool write_file(const char *fixtures, const char *name, const char *folder, unsigned *number,
                       struct error *err)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    char path[FILE_PATH_MAX];
    bool ok = text_format(path, sizeof(path), "%s/%s", fixtures, name)
              && file_read(path, LIMIT_POLICY_BYTES, &text, err)
              && policy_load(buffer_bytes(&text), name, &set, err);

    for (size_t i = 0; ok && i < set.count; i++) {
        ok = write_dump(set.item[i], folder, (*number)++, err);
    }
    policy_set_clear(&set);
    buffer_clear(&text);
    return ok;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    unsigned number = 0;

    for (size_t i = 0; argc == 3 && i < sizeof(files) / sizeof(files[0]); i++) {
        if (!write_file(argv[1], files[i], argv[2], &number, &err)) {
            fprintf(stderr, "%s: %s\n", files[i], err.detail);
            return 1;
        }
    }
    return argc == 3 ? 0 : 2;
}
