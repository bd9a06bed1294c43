/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exported registry key of unknown origin: the parser, and what it promises about what it
 * visits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mscep/ndes_registry.h"
#include "mscep/reg_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static bool visit(void *context, const struct registry_value *value, struct error *err)
{
    size_t *count = context;

    (void)err;
    *count += 1;
    must(*count <= REGISTRY_WALK_VALUES);
    must(text_utf8_valid(bytes_of_text(value->text)));
    must(strlen(value->text) <= 2 * REGISTRY_VALUE_BYTES);
    must(value->type == REGISTRY_TEXT || value->type == REGISTRY_LIST || value->text[0] == '\0');
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = bytes_of(data, size);
    struct ndes_registry registry;
    struct error err = ERROR_INIT;
    size_t count = 0;
    bool found = false;

    if (reg_file_walk(file, "SOFTWARE", visit, &count, &found, &err)) {
        must(found || count == 0);
    } else {
        must(err.reason == REASON_SYNTAX || err.reason == REASON_LIMIT);
    }
    error_clear(&err);
    if (ndes_registry_parse(&registry, file, &err)) {
        ndes_registry_clear(&registry);
    } else {
        must(!registry.found);
    }
    return 0;
}
