/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/secret.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character stands for: 0..63, or one of these. */
enum { SYMBOL_BAD = -1, SYMBOL_PAD = -2, SYMBOL_SKIP = -3 };

/* Comparisons instead of a table lookup: the text may be a secret, and caches tell indices. */
static int symbol_of(uint8_t c, enum base64_mode mode)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    if (c == '/') {
        return 63;
    }
    if (c == '=') {
        return SYMBOL_PAD;
    }
    if (mode == BASE64_TOLERANT) {
        if (c == ' ' || c == '-') {
            return 62;
        }
        if (c == '_') {
            return 63;
        }
        if (c == '\r' || c == '\n' || c == '\t') {
            return SYMBOL_SKIP;
        }
    }
    return SYMBOL_BAD;
}

/* The group that has been begun when the text ends: count letters (0..3) and pads '='. */
static bool finish_group(uint32_t group, unsigned count, size_t pads, enum base64_mode mode,
                         struct buffer *out, struct error *err)
{
    size_t pads_due = count == 0 ? 0 : 4 - count;
    uint32_t rest = count == 2 ? group & 0x0f : count == 3 ? group & 0x03 : 0;

    if (count == 1) {
        return error_set(err, REASON_BASE64, "base64 ends in the middle of a byte");
    }
    if (pads > pads_due || (mode == BASE64_STRICT && pads != pads_due)) {
        return error_set(err, REASON_BASE64, "base64 has %zu of %zu padding characters", pads,
                         pads_due);
    }
    if (mode == BASE64_STRICT && rest != 0) {
        return error_set(err, REASON_BASE64, "base64 ends with bits that belong to no byte");
    }
    if (count == 2) {
        return buffer_append_byte(out, (uint8_t)(group >> 4), err);
    }
    if (count == 3) {
        return buffer_append_byte(out, (uint8_t)(group >> 10), err)
               && buffer_append_byte(out, (uint8_t)(group >> 2 & 0xff), err);
    }
    return true;
}

static bool decode_all(struct bytes text, enum base64_mode mode, struct buffer *out,
                       struct error *err)
{
    uint32_t group = 0;
    unsigned count = 0;
    size_t pads = 0;

    for (size_t i = 0; i < text.len; i++) {
        int symbol = symbol_of(text.data[i], mode);

        if (symbol == SYMBOL_SKIP) {
            continue;
        }
        if (symbol == SYMBOL_PAD) {
            pads++;
            continue;
        }
        if (symbol == SYMBOL_BAD || pads > 0) {
            return error_set(err, REASON_BASE64, "byte %zu (0x%02x) does not belong into base64", i,
                             text.data[i]);
        }
        group = group << 6 | (uint32_t)symbol;
        if (++count == 4) {
            uint8_t three[3] = { (uint8_t)(group >> 16), (uint8_t)(group >> 8 & 0xff),
                                 (uint8_t)(group & 0xff) };

            if (!buffer_append(out, three, sizeof(three), err)) {
                return false;
            }
            group = 0;
            count = 0;
        }
    }
    return finish_group(group, count, pads, mode, out, err);
}

bool base64_decode(struct bytes text, enum base64_mode mode, struct buffer *out, struct error *err)
{
    size_t before = out->len;

    if (decode_all(text, mode, out, err)) {
        return true;
    }
    if (out->data != NULL) {
        secret_wipe(out->data + before, out->len - before);
        out->data[before] = 0;
    }
    out->len = before;
    return false;
}

bool base64_encode(struct bytes data, struct buffer *out, struct error *err)
{
    size_t groups = data.len / 3 + (data.len % 3 != 0);
    uint8_t *to = NULL;

    if (groups > SIZE_MAX / 4) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for base64");
    }
    if (!buffer_reserve(out, groups * 4, err)) {
        return false;
    }
    to = out->data + out->len;
    for (size_t i = 0; i < data.len; i += 3) {
        size_t have = data.len - i < 3 ? data.len - i : 3;
        uint32_t group = (uint32_t)data.data[i] << 16;

        group |= have > 1 ? (uint32_t)data.data[i + 1] << 8 : 0;
        group |= have > 2 ? (uint32_t)data.data[i + 2] : 0;
        to[0] = (uint8_t)alphabet[group >> 18];
        to[1] = (uint8_t)alphabet[group >> 12 & 63];
        to[2] = have > 1 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        to[3] = have > 2 ? (uint8_t)alphabet[group & 63] : '=';
        to += 4;
    }
    out->len += groups * 4;
    out->data[out->len] = 0;
    return true;
}
