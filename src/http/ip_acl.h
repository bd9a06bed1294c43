/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  decide whether a client address is on an address list, and which face the list limits.
 * Not here: finding the address (http_server.h), which list applies (endpoint/,
 *           service/dispatch.c).
 * Owns:     a copy of its prefixes.
 * Threads:  read-only after creation; any thread may check.
 * Spec:     none; configuration keys ip_acl.*.
 */
#ifndef OPENNDES_HTTP_IP_ACL_H
#define OPENNDES_HTTP_IP_ACL_H

#include "base/ip_prefix.h"
#include "config/template_config.h"

enum acl_face { ACL_FACE_SCEP, ACL_FACE_UI };

struct ip_acl;
/*
 * Errors: REASON_CONFIG_BAD_VALUE naming the item. A list that is enabled and empty lets nobody
 * pass.
 */
struct ip_acl *ip_acl_create(const struct acl_config *config, struct error *err);
void ip_acl_free(struct ip_acl *acl); /* NULL is allowed */
/*
 * A disabled list, or one that does not limit this face, lets everybody pass. Errors:
 * REASON_ADDRESS_DENIED.
 */
MUST_USE bool ip_acl_check(const struct ip_acl *acl, enum acl_face face,
                           const struct ip_address *peer, struct error *err);

#endif
