/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ca_options.h"

#include <string.h>

#include "base/text.h"

#define CA_DAYS_DEFAULT 3650
#define CA_DAYS_MAX 36500
#define RA_DAYS_DEFAULT 730

bool ca_new_options_fill(struct ca_new_options *out, const char *data, const char *name,
                         const char *key, const char *subject, const char *days, struct error *err)
{
    uint64_t value = CA_DAYS_DEFAULT;

    memset(out, 0, sizeof(*out));
    out->data_folder = data;
    out->name = name;
    out->subject = subject;
    out->ra_bits = 2048;
    out->ra_validity_days = RA_DAYS_DEFAULT;
    if (!ca_key_spec_parse(key == NULL ? "rsa3072" : key, &out->key, err)) {
        return false;
    }
    if (days != NULL && (!text_parse_u64(bytes_of_text(days), CA_DAYS_MAX, &value) || value == 0)) {
        return error_set(err, REASON_USAGE, "--ca-days takes a number from 1 to %d", CA_DAYS_MAX);
    }
    out->validity_days = (int64_t)value;
    return true;
}
