/* SPDX-License-Identifier: Apache-2.0 */
#include "model/grant.h"

void grant_clear(struct grant *grant)
{
    if (grant == NULL) {
        return;
    }
    grant->challenge_type = NULL;
    grant->reservation = 0;
    buffer_clear(&grant->ticket);
    grant->correlation_id[0] = '\0';
}
