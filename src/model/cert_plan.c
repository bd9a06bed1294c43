/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cert_plan.h"

#include <string.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

void cert_plan_clear(struct cert_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    X509_NAME_free(plan->subject);
    GENERAL_NAMES_free(plan->san);
    sk_ASN1_OBJECT_pop_free(plan->eku, ASN1_OBJECT_free);
    memset(plan, 0, sizeof(*plan));
}
