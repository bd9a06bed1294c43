/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  IPv4 and IPv6 addresses, CIDR prefixes and ADDRESS:PORT texts.
 * Not here: lists and what they limit (http/ip_acl.h), sockets (platform/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 4632, RFC 4291, RFC 5952 (text form).
 */
#ifndef OPENNDES_BASE_IP_PREFIX_H
#define OPENNDES_BASE_IP_PREFIX_H

#include "base/buffer.h"

#define IP_TEXT_MAX 48

/*
 * An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is kept as IPv4, so that one list entry covers both.
 */
struct ip_address {
    bool v6;
    uint8_t octets[16]; /* v4: the first four */
};

struct ip_prefix {
    struct ip_address address; /* host bits are zero */
    uint8_t bits;              /* 0..32 or 0..128 */
};

MUST_USE bool ip_address_parse(struct bytes text, struct ip_address *out, struct error *err);
void ip_address_format(const struct ip_address *a, char text[IP_TEXT_MAX]);
bool ip_address_equal(const struct ip_address *a, const struct ip_address *b);
bool ip_address_is_any(const struct ip_address *a);
bool ip_address_is_loopback(const struct ip_address *a);

/*
 * "10.0.0.5", "10.1.0.0/16", "2001:db8::/32". Host bits set: an error that names the right prefix.
 * REASON_SYNTAX.
 */
MUST_USE bool ip_prefix_parse(struct bytes text, struct ip_prefix *out, struct error *err);
bool ip_prefix_contains(const struct ip_prefix *p, const struct ip_address *a);

/* "127.0.0.1:8080", "[::1]:8080"; port 0..65535. REASON_SYNTAX. */
MUST_USE bool ip_endpoint_parse(const char *text, struct ip_address *address, uint16_t *port,
                                struct error *err);

#endif
