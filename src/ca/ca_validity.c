/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_validity.h"

#include "ca/asn1_time.h"

bool ca_validity_check(int64_t days, const char *what, struct error *err)
{
    if (days < 1 || days > CA_VALIDITY_DAYS_MAX) {
        return error_set(err, REASON_USAGE, "the %s's validity is 1 to %d days, not %lld", what,
                         CA_VALIDITY_DAYS_MAX, (long long)days);
    }
    return true;
}

int64_t ca_validity_end(int64_t now, int64_t days)
{
    int64_t end = now + days * 86400;

    return end < ASN1_TIME_SECONDS_MAX ? end : ASN1_TIME_SECONDS_MAX;
}
