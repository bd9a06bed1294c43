/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  subject templates in CertStrToName syntax, with {{variables}}.
 * Not here: comparing names (policy_match.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     CertStrToName (Windows), RFC 4514.
 */
#ifndef OPENNDES_POLICY_POLICY_DN_H
#define OPENNDES_POLICY_POLICY_DN_H

#include "policy/policy.h"

/*
 * "CN="{{DeviceName}}",O=Example + OU=x;C=DE": separators ',' ';' '+', values in quotes with ""
 * for one quote, or plain; spaces around plain values do not count. The separators count only
 * outside {{...}}. Types without regard to case: CN, O, OU, L, S, ST, C, E (emailAddress), DC,
 * UID, SN, G/GN, T, I, STREET, serialNumber and the like, OID.1.2.3 or 1.2.3. Appends to the
 * policy's subject and sets subject.stated; "" states an empty subject. A backslash before a
 * separator, '=' or '"' takes its meaning away; a separator at the end is idle.
 * "{{OnPrem_Distinguished_Name}}" alone: subject.whole_dn. *lint (may be NULL; size >= 160) gets a
 * sentence when a plain value holds an escaped + ; , or any = which breaks Intune's comparison;
 * else "". On failure a part may have been appended. Errors: REASON_POLICY_VALUE, REASON_LIMIT.
 */
MUST_USE bool policy_dn_parse(const char *text, struct policy *p, char *lint, size_t lint_size,
                              struct error *err);
/* Append the subject as such a text that parses to the same. */
MUST_USE bool policy_dn_print(const struct policy *p, struct buffer *out, struct error *err);
/* "CN" or the dotted OID -> dotted OID; false: unknown. */
bool policy_dn_oid(struct bytes type, char oid[128]);
/* "CN" for 2.5.4.3, the dotted OID for those without a name. */
const char *policy_dn_word(const char *oid);

#endif
