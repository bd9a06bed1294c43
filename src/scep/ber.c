/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/ber.h"

#include "base/limits.h"

/*
 * Octets of a long-form length, leading zeros included: X.690 8.1.3.5 allows more, nobody sends
 * them.
 */
#define LENGTH_OCTETS_MAX 8
/* Octets of a high tag number: 28 bits. */
#define TAG_OCTETS_MAX 4

struct header {
    uint8_t tag_class;
    bool constructed;
    bool indefinite;
    bool end_of_contents;
    uint32_t tag;
    size_t size;   /* of the header */
    size_t length; /* of the content; 0 when indefinite */
};

static bool truncated(struct error *err)
{
    return error_set(err, REASON_BER_LENGTH, "element ends outside its surroundings");
}

/* X.690 8.1.2.4 */
static bool read_high_tag(struct bytes in, size_t *pos, uint32_t *tag, struct error *err)
{
    uint32_t value = 0;

    for (size_t i = 0; i < TAG_OCTETS_MAX; i++) {
        uint8_t octet = 0;

        if (*pos >= in.len) {
            return truncated(err);
        }
        octet = in.data[(*pos)++];
        if (i == 0 && octet == 0x80) {
            break;
        }
        value = (value << 7) | (octet & 0x7fu);
        if ((octet & 0x80u) == 0) {
            *tag = value;
            return true;
        }
    }
    return error_set(err, REASON_BER_LENGTH, "tag number is too large or padded");
}

/* X.690 8.1.3 */
static bool read_length(struct bytes in, size_t *pos, struct header *h, struct error *err)
{
    uint8_t first = 0;
    size_t octets = 0;
    uint64_t length = 0;

    if (*pos >= in.len) {
        return truncated(err);
    }
    first = in.data[(*pos)++];
    if (first == 0x80) {
        h->indefinite = true;
        return h->constructed
               || error_set(err, REASON_BER_LENGTH, "primitive element of indefinite length");
    }
    if (first < 0x80) {
        length = first;
    } else {
        octets = first & 0x7fu;
        if (octets > LENGTH_OCTETS_MAX) {
            return error_set(err, REASON_BER_LENGTH, "length of %zu octets", octets);
        }
        if (octets > in.len - *pos) {
            return truncated(err);
        }
        for (size_t i = 0; i < octets; i++) {
            length = (length << 8) | in.data[(*pos)++];
        }
    }
    if (length > in.len - *pos) {
        return truncated(err);
    }
    h->length = (size_t)length;
    return true;
}

static bool read_header(struct bytes in, struct header *h, struct error *err)
{
    size_t pos = 0;

    *h = (struct header){ 0 };
    if (in.len == 0) {
        return truncated(err);
    }
    h->tag_class = (uint8_t)(in.data[0] >> 6);
    h->constructed = (in.data[0] & 0x20u) != 0;
    h->tag = in.data[0] & 0x1fu;
    pos = 1;
    if (h->tag == 0x1f && !read_high_tag(in, &pos, &h->tag, err)) {
        return false;
    }
    if (!read_length(in, &pos, h, err)) {
        return false;
    }
    h->size = pos;
    if (h->tag_class == BER_CLASS_UNIVERSAL && h->tag == 0) {
        /* X.690 8.1.5: exactly two zero octets, and nothing else may have this tag */
        h->end_of_contents = in.data[0] == 0 && in.data[1] == 0;
        if (!h->end_of_contents) {
            return error_set(err, REASON_BER_LENGTH, "element with tag 0");
        }
    }
    return true;
}

static struct bytes from(struct bytes in, size_t pos)
{
    return bytes_of(in.data + pos, in.len - pos);
}

struct ber_reader ber_reader_of(struct bytes content, unsigned depth)
{
    struct ber_reader r = { content, depth };
    return r;
}

bool ber_at_end(const struct ber_reader *r)
{
    return r->rest.len == 0;
}

struct ber_reader ber_enter(const struct ber_reader *parent, const struct ber_element *element)
{
    return ber_reader_of(element->content, parent->depth + 1);
}

/*
 * Find the end of an indefinite-length element. Definite ones inside are stepped over, so only the
 * number of open indefinite ones must be known; no stack is needed.
 */
static bool measure(struct bytes in, unsigned depth, size_t *content_len, struct error *err)
{
    unsigned open = 1;
    size_t pos = 0;

    for (;;) {
        struct header h;

        if (!read_header(from(in, pos), &h, err)) {
            return false;
        }
        pos += h.size + h.length;
        if (h.end_of_contents) {
            if (--open == 0) {
                *content_len = pos - h.size;
                return true;
            }
        } else if (h.indefinite) {
            open++;
            if (depth + open > LIMIT_BER_DEPTH) {
                return error_set(err, REASON_BER_DEPTH, "nested deeper than %u", LIMIT_BER_DEPTH);
            }
        }
    }
}

bool ber_next(struct ber_reader *r, struct ber_element *out, struct error *err)
{
    struct header h;
    size_t length = 0;
    size_t total = 0;

    if (r->depth > LIMIT_BER_DEPTH) {
        return error_set(err, REASON_BER_DEPTH, "nested deeper than %u", LIMIT_BER_DEPTH);
    }
    if (!read_header(r->rest, &h, err)) {
        return false;
    }
    if (h.end_of_contents) {
        return error_set(err, REASON_BER_LENGTH, "end of contents that ends nothing");
    }
    length = h.length;
    if (h.indefinite && !measure(from(r->rest, h.size), r->depth, &length, err)) {
        return false;
    }
    total = h.size + length + (h.indefinite ? 2 : 0);
    out->tag_class = h.tag_class;
    out->constructed = h.constructed;
    out->tag = h.tag;
    out->content = bytes_of(r->rest.data + h.size, length);
    out->whole = bytes_of(r->rest.data, total);
    r->rest = from(r->rest, total);
    return true;
}

/* SEQUENCE and SET are always constructed, the types that have no parts never are. */
static bool form_fits(const struct ber_element *element)
{
    if (element->tag_class != BER_CLASS_UNIVERSAL) {
        return true;
    }
    switch (element->tag) {
    case BER_SEQUENCE:
    case BER_SET:
        return element->constructed;
    case BER_INTEGER:
    case BER_NULL:
    case BER_OID:
        return !element->constructed;
    default:
        return true;
    }
}

bool ber_expect(struct ber_reader *r, uint8_t tag_class, uint32_t tag, struct ber_element *out,
                struct error *err)
{
    struct ber_element element;

    if (ber_at_end(r)) {
        return error_set(err, REASON_NOT_CMS, "element %u/%u is missing", (unsigned)tag_class,
                         (unsigned)tag);
    }
    if (!ber_next(r, &element, err)) {
        return false;
    }
    if (element.tag_class != tag_class || element.tag != tag || !form_fits(&element)) {
        return error_set(err, REASON_NOT_CMS, "element %u/%u where %u/%u must be",
                         (unsigned)element.tag_class, (unsigned)element.tag, (unsigned)tag_class,
                         (unsigned)tag);
    }
    *out = element;
    return true;
}

bool ber_next_is(const struct ber_reader *r, uint8_t tag_class, uint32_t tag)
{
    struct header h;

    return !ber_at_end(r) && read_header(r->rest, &h, NULL) && !h.end_of_contents
           && h.tag_class == tag_class && h.tag == tag;
}

static bool check_tail(struct bytes tail, bool tolerant, struct error *err)
{
    for (size_t i = 0; i < tail.len; i++) {
        uint8_t octet = tail.data[i];

        if (!tolerant || (octet != '\r' && octet != '\n' && octet != '\0')) {
            return error_set(err, REASON_BER_TRAILING, "%zu bytes behind the message",
                             tail.len - i);
        }
    }
    return true;
}

bool ber_check(struct bytes input, bool tolerant_tail, size_t *used, struct error *err)
{
    struct {
        size_t end; /* of the content; of the surroundings when the length is indefinite */
        bool indefinite;
    } open[LIMIT_BER_DEPTH];
    unsigned depth = 0;
    size_t pos = 0;

    if (input.len == 0) {
        return truncated(err);
    }
    do {
        size_t end = depth == 0 ? input.len : open[depth - 1].end;
        struct header h;

        if (depth >= LIMIT_BER_DEPTH) {
            return error_set(err, REASON_BER_DEPTH, "nested deeper than %u", LIMIT_BER_DEPTH);
        }
        if (!read_header(bytes_of(input.data + pos, end - pos), &h, err)) {
            return false;
        }
        pos += h.size;
        if (h.end_of_contents) {
            if (depth == 0 || !open[depth - 1].indefinite) {
                return error_set(err, REASON_BER_LENGTH, "end of contents that ends nothing");
            }
            depth--;
        } else if (h.constructed) {
            open[depth].end = h.indefinite ? end : pos + h.length;
            open[depth].indefinite = h.indefinite;
            depth++;
        } else {
            pos += h.length;
        }
        while (depth > 0 && !open[depth - 1].indefinite && pos == open[depth - 1].end) {
            depth--;
        }
    } while (depth > 0);
    if (!check_tail(from(input, pos), tolerant_tail, err)) {
        return false;
    }
    *used = pos;
    return true;
}

/*
 * The next leaf of a constructed string whose tree ber_check has seen: every header met on a
 * straight way through the bytes is a node of it, so nothing needs to be kept but the position.
 */
static bool next_segment(struct bytes content, size_t *pos, size_t *count, struct bytes *segment,
                         struct error *err)
{
    *segment = bytes_of(NULL, 0);
    while (*pos < content.len) {
        struct header h;

        if (!read_header(from(content, *pos), &h, err)) {
            return false;
        }
        *pos += h.size;
        if (h.end_of_contents) {
            continue;
        }
        if (h.tag_class != BER_CLASS_UNIVERSAL || h.tag != BER_OCTET_STRING) {
            return error_set(err, REASON_BER_SEGMENTS, "segment is not an OCTET STRING");
        }
        if (++*count > LIMIT_BER_SEGMENTS) {
            return error_set(err, REASON_BER_SEGMENTS, "string of more than %u segments",
                             LIMIT_BER_SEGMENTS);
        }
        if (!h.constructed) {
            *segment = bytes_of(content.data + *pos, h.length);
            *pos += h.length;
            return true;
        }
    }
    return true;
}

static bool walk_octets(const struct ber_element *element, struct buffer *out, size_t *size,
                        struct error *err)
{
    size_t pos = 0;
    size_t count = 0;
    size_t used = 0;

    *size = element->content.len;
    if (!element->constructed) {
        return out == NULL || buffer_append_bytes(out, element->content, err);
    }
    if (!ber_check(element->whole, false, &used, err)) {
        return false;
    }
    *size = 0;
    while (pos < element->content.len) {
        struct bytes segment;

        if (!next_segment(element->content, &pos, &count, &segment, err)
            || (out != NULL && !buffer_append_bytes(out, segment, err))) {
            return false;
        }
        *size += segment.len;
    }
    return true;
}

bool ber_octets(const struct ber_element *element, struct buffer *out, struct error *err)
{
    size_t size = 0;

    return walk_octets(element, out, &size, err);
}

bool ber_octets_size(const struct ber_element *element, size_t *size, struct error *err)
{
    return walk_octets(element, NULL, size, err);
}
