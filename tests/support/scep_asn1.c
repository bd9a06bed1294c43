/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scep_asn1.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/objects.h>

void scep_must_at(bool ok, const char *file, int line)
{
    if (!ok) {
        (void)fprintf(stderr, "%s:%d: test message cannot be built\n", file, line);
        ERR_print_errors_fp(stderr);
        abort();
    }
}

static void put(struct buffer *out, const void *data, size_t len)
{
    scep_must(buffer_append(out, data, len, NULL));
}

void asn1_tlv(struct buffer *out, unsigned tag, struct bytes content)
{
    uint8_t header[6] = { (uint8_t)tag };
    size_t used = 1;

    if (content.len < 0x80) {
        header[used++] = (uint8_t)content.len;
    } else if (content.len < 0x100) {
        header[used++] = 0x81;
        header[used++] = (uint8_t)content.len;
    } else if (content.len < 0x10000) {
        header[used++] = 0x82;
        header[used++] = (uint8_t)(content.len >> 8);
        header[used++] = (uint8_t)content.len;
    } else {
        header[used++] = 0x83;
        header[used++] = (uint8_t)(content.len >> 16);
        header[used++] = (uint8_t)(content.len >> 8);
        header[used++] = (uint8_t)content.len;
    }
    put(out, header, used);
    put(out, content.data, content.len);
}

void asn1_wrap(struct buffer *out, unsigned tag, bool ber, struct bytes content)
{
    const uint8_t header[2] = { (uint8_t)tag, 0x80 };

    if (!ber || (tag & 0x20u) == 0) {
        asn1_tlv(out, tag, content);
        return;
    }
    put(out, header, sizeof(header));
    put(out, content.data, content.len);
    put(out, "\0\0", 2);
}

void asn1_octets(struct buffer *out, unsigned tag, bool ber, size_t segment, struct bytes content)
{
    struct buffer segments = ASN1_BUFFER_INIT;

    if (!ber) {
        asn1_tlv(out, tag, content);
        return;
    }
    for (size_t pos = 0; pos < content.len; pos += segment) {
        size_t len = content.len - pos < segment ? content.len - pos : segment;

        asn1_tlv(&segments, 0x04, bytes_of(content.data + pos, len));
    }
    asn1_wrap(out, tag | 0x20u, true, buffer_bytes(&segments));
    buffer_clear(&segments);
}

void asn1_take(struct buffer *out, unsigned tag, bool ber, struct buffer *content)
{
    asn1_wrap(out, tag, ber, buffer_bytes(content));
    buffer_clear(content);
}

static void put_object(struct buffer *out, const ASN1_OBJECT *object)
{
    scep_must(object != NULL && OBJ_length(object) > 0);
    asn1_tlv(out, 0x06, bytes_of(OBJ_get0_data(object), OBJ_length(object)));
}

void asn1_oid(struct buffer *out, const char *dotted)
{
    ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);

    put_object(out, object);
    ASN1_OBJECT_free(object);
}

void asn1_nid(struct buffer *out, int nid)
{
    put_object(out, OBJ_nid2obj(nid));
}

void asn1_algorithm(struct buffer *out, int nid, bool null)
{
    struct buffer content = ASN1_BUFFER_INIT;

    asn1_nid(&content, nid);
    if (null) {
        put(&content, "\x05\x00", 2);
    }
    asn1_take(out, 0x30, false, &content);
}

void asn1_small(struct buffer *out, int value)
{
    const uint8_t octet = (uint8_t)value;

    asn1_tlv(out, 0x02, bytes_of(&octet, 1));
}
