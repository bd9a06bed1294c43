/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the X.509 words a template may use: subject attributes, key usage, extended key usage.
 * Not here: what they do to a certificate (template/).
 * Owns:     nothing; the tables are constant.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.2.1.3 and 4.2.1.12, X.520 (lengths).
 */
#ifndef OPENNDES_CONFIG_CONFIG_NAMES_H
#define OPENNDES_CONFIG_CONFIG_NAMES_H

#include "config/config_keys.h"

/* Lists end in NULL. The names are those that OpenSSL takes (OBJ_txt2nid). */
extern const char *const config_names_attributes[];
extern const char *const config_names_key_usage[];
extern const char *const config_names_san_types[];

/* Each is a config_check: REASON_CONFIG_BAD_VALUE with what is possible. */
config_check
    config_names_check_key_usage;        /* certificate and CRL signing get a reason of their own */
config_check config_names_check_eku;     /* a known name or an OID that makes nobody an authority */
config_check config_names_check_append;  /* "O=Example,C=DE" */
config_check config_names_check_pattern; /* a glob of bounded length */

/*
 * Digits and dots, two arcs or more, in the one way DER allows: no leading zero may hide an OID
 * from a comparison of texts.
 */
bool config_names_oid_valid(const char *text);

#endif
