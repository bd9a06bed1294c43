/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/der_writer.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_OCTETS_MAX 9

struct der_writer der_writer_to(struct buffer *out, struct error *err)
{
    struct der_writer w = { .out = out, .err = err, .start = out->len };
    return w;
}

/* X.690 10.1: the fewest octets. Returns how many were written. */
static size_t length_octets(size_t length, uint8_t octets[LENGTH_OCTETS_MAX])
{
    size_t count = 0;

    if (length < 0x80) {
        octets[0] = (uint8_t)length;
        return 1;
    }
    for (size_t rest = length; rest != 0; rest >>= 8) {
        count++;
    }
    octets[0] = (uint8_t)(0x80 | count);
    for (size_t i = 0; i < count; i++) {
        octets[count - i] = (uint8_t)(length >> (8 * i));
    }
    return count + 1;
}

void der_put_raw(struct der_writer *w, struct bytes der)
{
    if (!w->failed && !buffer_append_bytes(w->out, der, w->err)) {
        w->failed = true;
    }
}

void der_open(struct der_writer *w, uint8_t tag)
{
    /* one octet is kept for the length; der_close makes room when that is not enough */
    const uint8_t header[2] = { tag, 0 };

    if (!w->failed && w->depth >= DER_NESTING_MAX) {
        w->failed = true;
        (void)error_set(w->err, REASON_INTERNAL, "DER nested deeper than %d", DER_NESTING_MAX);
    }
    der_put_raw(w, bytes_of(header, sizeof(header)));
    if (!w->failed) {
        w->open[w->depth++] = w->out->len;
    }
}

void der_close(struct der_writer *w)
{
    uint8_t octets[LENGTH_OCTETS_MAX];
    size_t content = 0;
    size_t length = 0;
    size_t count = 0;

    if (w->failed) {
        return;
    }
    content = w->open[--w->depth];
    length = w->out->len - content;
    count = length_octets(length, octets);
    der_put_raw(w, bytes_of(octets, count - 1)); /* any bytes: only the room counts */
    if (!w->failed) {
        memmove(w->out->data + content + count - 1, w->out->data + content, length);
        memcpy(w->out->data + content - 1, octets, count);
    }
}

/* Size of one element that this writer wrote: one tag octet, definite length. */
static size_t element_size(const uint8_t *der)
{
    size_t length = 0;

    if (der[1] < 0x80) {
        return 2u + der[1];
    }
    for (size_t i = 0; i < (der[1] & 0x7fu); i++) {
        length = (length << 8) | der[2 + i];
    }
    return 2u + (der[1] & 0x7fu) + length;
}

/* X.690 11.6: compared as octet strings; the shorter one counts as padded with zeros. */
static bool sorts_before(struct bytes a, struct bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.data, b.data, shared);

    return order < 0 || (order == 0 && a.len < b.len);
}

void der_close_set_of(struct der_writer *w)
{
    struct bytes elements[DER_SET_MAX];
    uint8_t *copy = NULL;
    size_t content = 0;
    size_t length = 0;
    size_t count = 0;

    if (w->failed) {
        return;
    }
    content = w->open[w->depth - 1];
    length = w->out->len - content;
    copy = length == 0 ? NULL : malloc(length);
    if (length != 0 && copy == NULL) {
        w->failed = true;
        (void)error_set(w->err, REASON_NO_MEMORY, "out of memory for %zu bytes", length);
        return;
    }
    if (copy != NULL) {
        memcpy(copy, w->out->data + content, length);
    }
    for (size_t pos = 0; pos < length && !w->failed;) {
        struct bytes element = bytes_of(copy + pos, element_size(copy + pos));
        size_t at = count;

        if (count >= DER_SET_MAX) {
            w->failed = true;
            (void)error_set(w->err, REASON_INTERNAL, "SET OF more than %d", DER_SET_MAX);
            break;
        }
        while (at > 0 && sorts_before(element, elements[at - 1])) {
            elements[at] = elements[at - 1];
            at--;
        }
        elements[at] = element;
        count++;
        pos += element.len;
    }
    if (!w->failed) {
        w->out->len = content;
        for (size_t i = 0; i < count; i++) {
            der_put_raw(w, elements[i]);
        }
    }
    free(copy);
    der_close(w);
}

void der_put(struct der_writer *w, uint8_t tag, struct bytes content)
{
    uint8_t header[1 + LENGTH_OCTETS_MAX] = { tag };
    size_t count = length_octets(content.len, header + 1);

    der_put_raw(w, bytes_of(header, 1 + count));
    der_put_raw(w, content);
}

void der_put_oid(struct der_writer *w, enum scep_oid oid)
{
    der_put(w, DER_OID, scep_oid_bytes(oid));
}

void der_put_small(struct der_writer *w, uint8_t value)
{
    der_put(w, DER_INTEGER, bytes_of(&value, 1));
}

void der_put_algorithm(struct der_writer *w, struct bytes oid)
{
    der_open(w, DER_SEQUENCE);
    der_put(w, DER_OID, oid);
    der_put(w, DER_NULL, bytes_of(NULL, 0));
    der_close(w);
}

bool der_finish(struct der_writer *w)
{
    if (!w->failed && w->depth != 0) {
        w->failed = true;
        (void)error_set(w->err, REASON_INTERNAL, "DER element is not closed");
    }
    if (w->failed && w->out->data != NULL) {
        w->out->len = w->start;
        w->out->data[w->start] = 0;
    }
    return !w->failed;
}
