/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of applicationHost.config of unknown origin.
 */
#include <stdlib.h>
#include <string.h>

#include "mscep/ndes_iis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ndes_iis iis;
    struct error err = ERROR_INIT;
    bool done = ndes_iis_parse(&iis, bytes_of(data, size), &err);

    if (done != !error_is_set(&err) || iis.binding_count > NDES_IIS_BINDINGS_MAX
        || (!iis.found && iis.binding_count > 0) || (!done && iis.found)) {
        abort();
    }
    for (size_t i = 0; i < iis.binding_count; i++) {
        if (iis.bindings[i].port == 0) {
            abort();
        }
    }
    return 0;
}
