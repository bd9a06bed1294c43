/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip_prefix.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define V4_BYTES 4u
#define V6_BYTES 16u
#define V6_GROUPS 8u
#define MAPPED_BITS 96u /* ::ffff:0:0/96 */

static const uint8_t mapped_start[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* An error that shows the text as it was given. */
static bool syntax_error(struct error *err, struct bytes text, const char *what)
{
    char shown[80];

    text_escape(shown, sizeof(shown), text);
    return error_set(err, REASON_SYNTAX, "\"%s\" is not %s", shown, what);
}

/* Four numbers 0..255 without leading zeros: "010" is 8 to some programs and 10 to others. */
static bool parse_v4(struct bytes text, uint8_t octets[V4_BYTES])
{
    size_t start = 0;

    for (unsigned i = 0; i < V4_BYTES; i++) {
        size_t end = start;
        uint64_t number = 0;

        while (end < text.len && text.data[end] != '.') {
            end++;
        }
        if (end - start > 3 || (end - start > 1 && text.data[start] == '0')
            || !text_parse_u64(bytes_of(text.data + start, end - start), 255, &number)) {
            return false;
        }
        octets[i] = (uint8_t)number;
        if ((end < text.len) != (i < V4_BYTES - 1)) {
            return false; /* too few or too many dots */
        }
        start = end + 1;
    }
    return true;
}

/* One group of one to four hex digits, up to ':' or the end; moves *pos to it. */
static bool parse_group(struct bytes text, size_t *pos, uint8_t out[2])
{
    uint8_t digits[4] = { '0', '0', '0', '0' };
    size_t start = *pos;
    size_t len = 0;

    while (*pos < text.len && text.data[*pos] != ':') {
        (*pos)++;
    }
    if (*pos == start || *pos - start > sizeof(digits)) {
        return false;
    }
    memcpy(digits + sizeof(digits) - (*pos - start), text.data + start, *pos - start);
    return text_unhex(out, 2, &len, bytes_of(digits, sizeof(digits)));
}

/* RFC 4291 2.2: groups, one "::" for one or more zero groups, an IPv4 address as the last two. */
static bool parse_v6(struct bytes text, uint8_t octets[V6_BYTES])
{
    uint8_t found[V6_BYTES] = { 0 };
    unsigned groups = 0;
    unsigned gap = V6_GROUPS + 1; /* group index at which "::" stands */
    size_t pos = 0;

    if (text.len >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        gap = 0;
        pos = 2;
    }
    while (pos < text.len) {
        struct bytes rest = bytes_of(text.data + pos, text.len - pos);

        if (groups <= V6_GROUPS - 2 && memchr(rest.data, '.', rest.len) != NULL
            && parse_v4(rest, found + (size_t)groups * 2)) {
            groups += 2;
            pos = text.len;
            break;
        }
        if (groups == V6_GROUPS || !parse_group(text, &pos, found + (size_t)groups * 2)) {
            return false;
        }
        groups++;
        if (pos == text.len) {
            break;
        }
        pos++; /* the ':' */
        if (pos == text.len) {
            return false;
        }
        if (text.data[pos] == ':') {
            if (gap <= V6_GROUPS) {
                return false;
            }
            gap = groups;
            pos++;
        }
    }
    if (gap > V6_GROUPS ? groups != V6_GROUPS : groups >= V6_GROUPS) {
        return false;
    }
    memset(octets, 0, V6_BYTES);
    if (gap > V6_GROUPS) {
        gap = groups;
    }
    memcpy(octets, found, (size_t)gap * 2);
    memcpy(octets + V6_BYTES - (size_t)(groups - gap) * 2, found + (size_t)gap * 2,
           (size_t)(groups - gap) * 2);
    return true;
}

static bool parse_plain(struct bytes text, struct ip_address *out, struct error *err)
{
    struct ip_address found = { false, { 0 } };

    if (text.len > 0 && memchr(text.data, ':', text.len) != NULL) {
        found.v6 = true;
        if (!parse_v6(text, found.octets)) {
            return syntax_error(err, text, "an IPv6 address");
        }
    } else if (!parse_v4(text, found.octets)) {
        return syntax_error(err, text, "an IP address");
    }
    *out = found;
    return true;
}

static bool is_mapped(const struct ip_address *a)
{
    return a->v6 && memcmp(a->octets, mapped_start, sizeof(mapped_start)) == 0;
}

/* ::ffff:a.b.c.d becomes a.b.c.d */
static void unmap(struct ip_address *a)
{
    if (is_mapped(a)) {
        struct ip_address v4 = { false, { 0 } };

        memcpy(v4.octets, a->octets + sizeof(mapped_start), V4_BYTES);
        *a = v4;
    }
}

bool ip_address_parse(struct bytes text, struct ip_address *out, struct error *err)
{
    if (!parse_plain(text, out, err)) {
        return false;
    }
    unmap(out);
    return true;
}

/* First group and length of the longest run of zero groups; RFC 5952 4.2: at least two. */
static unsigned longest_zero_run(const uint8_t *octets, unsigned *len)
{
    unsigned best = 0;

    *len = 0;
    for (unsigned i = 0; i < V6_GROUPS;) {
        unsigned run = 0;

        while (i + run < V6_GROUPS && octets[2 * (i + run)] == 0
               && octets[2 * (i + run) + 1] == 0) {
            run++;
        }
        if (run >= 2 && run > *len) {
            best = i;
            *len = run;
        }
        i += run + 1;
    }
    return best;
}

void ip_address_format(const struct ip_address *a, char text[IP_TEXT_MAX])
{
    size_t used = 0;
    unsigned run = 0;
    unsigned run_start = 0;
    bool separate = false; /* a ':' is due before the next group */

    if (!a->v6) {
        (void)snprintf(text, IP_TEXT_MAX, "%u.%u.%u.%u", a->octets[0], a->octets[1], a->octets[2],
                       a->octets[3]);
        return;
    }
    run_start = longest_zero_run(a->octets, &run);
    text[0] = '\0';
    for (unsigned i = 0; i < V6_GROUPS; i++) {
        if (run > 0 && i == run_start) {
            used += (size_t)snprintf(text + used, IP_TEXT_MAX - used, "::");
            i += run - 1;
            separate = false;
            continue;
        }
        used += (size_t)snprintf(text + used, IP_TEXT_MAX - used, separate ? ":%x" : "%x",
                                 (unsigned)(a->octets[2 * i] << 8 | a->octets[2 * i + 1]));
        separate = true;
    }
}

bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
    return a->v6 == b->v6 && memcmp(a->octets, b->octets, a->v6 ? V6_BYTES : V4_BYTES) == 0;
}

bool ip_address_is_any(const struct ip_address *a)
{
    static const uint8_t zero[V6_BYTES] = { 0 };

    return memcmp(a->octets, zero, a->v6 ? V6_BYTES : V4_BYTES) == 0;
}

bool ip_address_is_loopback(const struct ip_address *a)
{
    static const uint8_t one[V6_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };

    return a->v6 ? memcmp(a->octets, one, V6_BYTES) == 0 : a->octets[0] == 127;
}

/* Zero what stands behind the first `bits` bits. */
static void mask_host(struct ip_address *a, unsigned bits)
{
    for (unsigned i = 0; i < V6_BYTES; i++) {
        if (bits >= 8) {
            bits -= 8;
        } else {
            a->octets[i] &= (uint8_t)(0xff00u >> bits);
            bits = 0;
        }
    }
}

/* The number behind the '/', without leading zeros. */
static bool parse_bits(struct bytes text, unsigned max, unsigned *bits)
{
    uint64_t number = 0;

    if ((text.len > 1 && text.data[0] == '0') || !text_parse_u64(text, max, &number)) {
        return false;
    }
    *bits = (unsigned)number;
    return true;
}

bool ip_prefix_parse(struct bytes text, struct ip_prefix *out, struct error *err)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    size_t address_len = slash != NULL ? (size_t)(slash - text.data) : text.len;
    struct ip_address address;
    struct ip_address network;
    char shown[IP_TEXT_MAX];
    unsigned width = 0;
    unsigned bits = 0;

    if (!parse_plain(bytes_of(text.data, address_len), &address, err)) {
        return false;
    }
    width = address.v6 ? V6_BYTES * 8 : V4_BYTES * 8;
    bits = width;
    if (slash != NULL
        && !parse_bits(bytes_of(slash + 1, text.len - address_len - 1), width, &bits)) {
        return syntax_error(err, text,
                            address.v6 ? "a prefix: the number behind \"/\" must be 0 to 128"
                                       : "a prefix: the number behind \"/\" must be 0 to 32");
    }
    network = address;
    mask_host(&network, bits);
    if (!ip_address_equal(&network, &address)) {
        ip_address_format(&network, shown);
        return error_set(err, REASON_SYNTAX, "\"%.*s\" has bits set behind its prefix; write %s/%u",
                         (int)text.len, (const char *)text.data, shown, bits);
    }
    if (is_mapped(&network) && bits >= MAPPED_BITS) {
        unmap(&network);
        bits -= MAPPED_BITS;
    }
    out->address = network;
    out->bits = (uint8_t)bits;
    return true;
}

bool ip_prefix_contains(const struct ip_prefix *p, const struct ip_address *a)
{
    struct ip_address network = *a;

    if (p->address.v6 != a->v6) {
        return false;
    }
    mask_host(&network, p->bits);
    return ip_address_equal(&network, &p->address);
}

bool ip_endpoint_parse(const char *text, struct ip_address *address, uint16_t *port,
                       struct error *err)
{
    static const char form[] =
        "ADDRESS:PORT; examples: \"127.0.0.1:8080\", \"0.0.0.0:80\", \"[::]:443\"";
    struct bytes whole = bytes_of_text(text);
    const char *colon = strrchr(text, ':');
    struct bytes host;
    struct ip_address found;
    uint64_t number = 0;
    bool brackets = false;

    if (colon == NULL || colon == text) {
        return syntax_error(err, whole, form);
    }
    host = bytes_of(text, (size_t)(colon - text));
    if (host.data[0] == '[' && host.data[host.len - 1] == ']') {
        brackets = true;
        host = bytes_of(host.data + 1, host.len - 2);
    }
    /* "::1" without brackets would read as address ":" and port 1 */
    if (brackets != (host.len > 0 && memchr(host.data, ':', host.len) != NULL)
        || strlen(colon + 1) > 5
        || !text_parse_u64(bytes_of_text(colon + 1), UINT16_MAX, &number)) {
        return syntax_error(err, whole, form);
    }
    if (!ip_address_parse(host, &found, err)) {
        return false;
    }
    *address = found;
    *port = (uint16_t)number;
    return true;
}
