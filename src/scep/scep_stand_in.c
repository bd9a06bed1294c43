/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_stand_in.h"

#include "model/csr.h"
#include "scep/scep_dummy_csr.h"

static bool work_on(enum key_type type, bool verify)
{
    struct csr csr = CSR_INIT;
    bool ok = csr_parse(scep_dummy_csr(type), &csr, NULL) && (!verify || csr_verify(&csr, NULL));

    csr_clear(&csr);
    return ok;
}

bool scep_stand_in_parse(void)
{
    return work_on(KEY_TYPE_RSA, false);
}

bool scep_stand_in_work(bool ec, enum key_type verified)
{
    bool worked = work_on(KEY_TYPE_RSA, verified != KEY_TYPE_RSA);

    if (ec) {
        worked = work_on(KEY_TYPE_EC, verified != KEY_TYPE_EC) && worked;
    }
    return worked;
}
