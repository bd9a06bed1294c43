/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/asn1_time.h"

#include <openssl/asn1.h>

#include "ca/ca_error.h"
#include "platform/clock.h"

bool asn1_time_set(struct asn1_string_st *time, int64_t seconds, struct error *err)
{
    char text[CLOCK_TEXT_MAX];
    char compact[CLOCK_TEXT_MAX];
    size_t len = 0;

    /* Not ASN1_TIME_set: gmtime of Windows knows neither times before 1970 nor after 3000. */
    if (seconds > ASN1_TIME_SECONDS_MAX) {
        seconds = ASN1_TIME_SECONDS_MAX;
    }
    clock_format(seconds, text);
    for (const char *p = text; *p != 0; p++) {
        if ((*p >= '0' && *p <= '9') || *p == 'Z') {
            compact[len++] = *p;
        }
    }
    compact[len] = 0;
    /* The X509 form picks UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 says. */
    if (ASN1_TIME_set_string_X509(time, compact) != 1) {
        return ca_error_openssl(err, REASON_INTERNAL, "%s is not a time for a certificate", text);
    }
    return true;
}
