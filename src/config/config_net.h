/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what may stand in settings that name addresses, listeners and URLs.
 * Not here: parsing addresses (base/ip_prefix.h), the address list at work (http/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 3986 3.
 */
#ifndef OPENNDES_CONFIG_CONFIG_NET_H
#define OPENNDES_CONFIG_CONFIG_NET_H

#include "base/ip_prefix.h"
#include "config/config_keys.h"

/* What a listener serves. */
#define LISTEN_FACE_SCEP 1u /* SCEP and the NDES device URL */
#define LISTEN_FACE_UI 2u   /* mscep_admin and the password API */
#define LISTEN_FACE_CRL 4u  /* CRL and CA certificates */
#define LISTEN_FACE_MANAGEMENT                                                                     \
    8u /* health and metrics; only by management.listen, nothing else there */
#define LISTEN_FACES_ALL 7u

struct listen_config {
    struct ip_address address;
    uint16_t port;
    unsigned faces; /* LISTEN_FACE_... */
};

/*
 * One item of a listen key: ADDRESS:PORT, or ADDRESS:PORT/FACES with FACES of scep, ui, crl joined
 * by '+'. Errors: REASON_CONFIG_BAD_VALUE.
 */
MUST_USE bool config_net_parse_listen(const char *text, struct listen_config *out,
                                      struct error *err);

/* Each is a config_check: REASON_CONFIG_BAD_VALUE. */
config_check config_net_check_listen; /* what config_net_parse_listen reads */
config_check config_net_check_prefix; /* one address or prefix */
config_check config_net_check_url;    /* "" or an http(s) URL that a path can be put behind */

/* No ADDRESS:PORT twice in a comma list that config_net_check_listen has passed. */
MUST_USE bool config_net_listen_unique(const char *list, struct error *err);
/* True when the list keeps SCEP requests from other addresses away: switched on, not empty, not for
 * the page only, and without a prefix that is everybody (/0). */
bool config_net_acl_restricts(const struct acl_config *acl);

#endif
