/* SPDX-License-Identifier: Apache-2.0 */
#include "model/issuance.h"

#include <string.h>

void issuance_clear(struct issuance *issuance)
{
    if (issuance == NULL) {
        return;
    }
    issuance->state = ISSUANCE_NONE;
    issuance->repeated = false;
    buffer_clear(&issuance->cert_der);
    memset(&issuance->info, 0, sizeof(issuance->info));
}

void issuance_move(struct issuance *to, struct issuance *from)
{
    if (to == from) {
        return;
    }
    issuance_clear(to);
    to->state = from->state;
    to->repeated = from->repeated;
    to->info = from->info;
    buffer_move(&to->cert_der, &from->cert_der);
    issuance_clear(from);
}
