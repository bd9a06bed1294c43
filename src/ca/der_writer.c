/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/der_writer.h"

#include <openssl/crypto.h>

#include "ca/ca_error.h"

size_t der_header(uint8_t out[DER_HEADER_MAX], int tag, size_t len)
{
    size_t digits = 0;
    size_t at = 0;

    out[at++] = (uint8_t)tag;
    if (len < 0x80) {
        out[at++] = (uint8_t)len;
        return at;
    }
    for (size_t rest = len; rest > 0; rest >>= 8) {
        digits++;
    }
    out[at++] = (uint8_t)(0x80 | digits);
    for (size_t i = digits; i > 0; i--) {
        out[at++] = (uint8_t)(len >> (8 * (i - 1)));
    }
    return at;
}

bool der_append_header(struct buffer *out, int tag, size_t len, struct error *err)
{
    uint8_t header[DER_HEADER_MAX];

    return buffer_append(out, header, der_header(header, tag, len), err);
}

bool der_append_value(struct buffer *out, int tag, struct bytes value, struct error *err)
{
    return der_append_header(out, tag, value.len, err) && buffer_append_bytes(out, value, err);
}

bool der_append_item(struct buffer *out, const void *value, const ASN1_ITEM *item,
                     struct error *err)
{
    unsigned char *data = NULL;
    int len = ASN1_item_i2d(value, &data, item);
    bool ok = len > 0 ? buffer_append(out, data, (size_t)len, err)
                      : ca_error_openssl(err, REASON_SIGN_FAILED,
                                         "what is to be signed cannot be written as DER");

    OPENSSL_free(data);
    return ok;
}

bool der_append_bits(struct buffer *out, struct bytes value, struct error *err)
{
    return der_append_header(out, V_ASN1_BIT_STRING, value.len + 1, err)
           && buffer_append_byte(out, 0, err) /* unused bits */
           && buffer_append_bytes(out, value, err);
}
