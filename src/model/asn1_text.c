/* SPDX-License-Identifier: Apache-2.0 */
#include "model/asn1_text.h"

#include <openssl/asn1.h>

#include "base/text.h"

static bool append_ascii(struct bytes in, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        if (in.data[i] >= 0x80) {
            return error_set(err, REASON_SYNTAX, "byte 0x%02x in a string of ASCII characters",
                             in.data[i]);
        }
    }
    return buffer_append_bytes(out, in, err);
}

static bool append_utf8(struct bytes in, struct buffer *out, struct error *err)
{
    uint32_t cp = 0;

    for (size_t pos = 0; pos < in.len;) {
        if (!text_next_utf8(in, &pos, &cp)) {
            return error_set(err, REASON_SYNTAX, "malformed UTF8String at byte %zu", pos);
        }
    }
    return buffer_append_bytes(out, in, err);
}

static bool append_latin1(struct bytes in, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        if (!text_append_utf8(out, in.data[i], err)) {
            return false;
        }
    }
    return true;
}

/*
 * UTF-16 big-endian. X.680 knows no surrogates here, Windows writes them: pairs are read, a lone
 * one is refused.
 */
static bool append_bmp(struct bytes in, struct buffer *out, struct error *err)
{
    if (in.len % 2 != 0) {
        return error_set(err, REASON_SYNTAX, "BMPString of %zu bytes", in.len);
    }
    for (size_t i = 0; i < in.len; i += 2) {
        uint32_t cp = (uint32_t)in.data[i] << 8 | in.data[i + 1];

        if (cp >= 0xd800 && cp <= 0xdbff && i + 3 < in.len) {
            uint32_t low = (uint32_t)in.data[i + 2] << 8 | in.data[i + 3];

            if (low >= 0xdc00 && low <= 0xdfff) {
                cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (!text_append_utf8(out, cp, err)) { /* refuses a lone surrogate */
            return false;
        }
    }
    return true;
}

static bool append_universal(struct bytes in, struct buffer *out, struct error *err)
{
    if (in.len % 4 != 0) {
        return error_set(err, REASON_SYNTAX, "UniversalString of %zu bytes", in.len);
    }
    for (size_t i = 0; i < in.len; i += 4) {
        uint32_t cp = (uint32_t)in.data[i] << 24 | (uint32_t)in.data[i + 1] << 16
                      | (uint32_t)in.data[i + 2] << 8 | in.data[i + 3];

        if (!text_append_utf8(out, cp, err)) {
            return false;
        }
    }
    return true;
}

bool asn1_text_append(const ASN1_STRING *string, struct buffer *out, struct error *err)
{
    static const struct {
        int type;
        bool (*append)(struct bytes in, struct buffer *out, struct error *err);
    } readers[] = {
        { V_ASN1_PRINTABLESTRING, append_ascii }, { V_ASN1_NUMERICSTRING, append_ascii },
        { V_ASN1_VISIBLESTRING, append_ascii },   { V_ASN1_IA5STRING, append_ascii },
        { V_ASN1_UTF8STRING, append_utf8 },       { V_ASN1_T61STRING, append_latin1 },
        { V_ASN1_BMPSTRING, append_bmp },         { V_ASN1_UNIVERSALSTRING, append_universal },
    };
    int type = ASN1_STRING_type(string);

    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (readers[i].type == type) {
            struct bytes in =
                bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));

            return readers[i].append(in, out, err);
        }
    }
    return error_set(err, REASON_SYNTAX, "ASN.1 type %d is not a character string", type);
}
