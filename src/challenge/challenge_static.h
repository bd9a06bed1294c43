/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one passphrase per template, known only as a keyed MAC; and the type "none" (address
 *           list only).
 * Not here: the contract (challenge.h), reading the passphrase (service/).
 * Owns:     a copy of the MAC and of the MAC key.
 * Threads:  immutable after creation.
 * Spec:     RFC 8894 7.3.
 */
#ifndef OPENNDES_CHALLENGE_CHALLENGE_STATIC_H
#define OPENNDES_CHALLENGE_CHALLENGE_STATIC_H

#include "challenge/challenge.h"

/*
 * mac_hex as in the template file (64 hex digits). Errors: REASON_CONFIG_BAD_VALUE. Owned:
 * challenge_free.
 */
struct challenge *challenge_static_create(const char *template_name, const char *mac_hex,
                                          struct bytes mac_key, struct error *err);
/* Lets every request through: only for templates with an address list. */
struct challenge *challenge_none_create(struct error *err);
/*
 * MAC of a passphrase for the template file: hex with NUL. Bound to the template's name, so that
 * one template's value is useless in another. Errors: REASON_PASSPHRASE_TOO_SHORT (under
 * LIMIT_PASSPHRASE_MIN characters unless allow_short; empty always), REASON_LIMIT, REASON_SYNTAX
 * (not UTF-8, control characters).
 */
MUST_USE bool challenge_static_mac(const char *template_name, struct bytes passphrase,
                                   bool allow_short, struct bytes mac_key,
                                   char mac_hex[2 * SECRET_MAC_BYTES + 1], struct error *err);
/*
 * A generated passphrase of at least 128 bits without characters that are mistaken for each
 * other; 32 characters at most.
 */
MUST_USE bool challenge_static_generate(struct secret *passphrase, struct error *err);

#endif
