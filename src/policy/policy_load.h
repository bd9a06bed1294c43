/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read policies of every language: Windows SyncML, Apple plist and mobileconfig,
 *           Microsoft Graph JSON, our own XML and JSON.
 * Not here: what a policy is (policy.h), where files lie (policy_gate.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md; ClientCertificateInstall CSP; com.apple.security.scep; Graph beta.
 *
 * The first byte that is no space decides: '{' or '[' JSON; '<' XML, by its root element; 0x30 CMS
 * SignedData around a mobileconfig ("-----BEGIN PKCS7/CMS" as well); "bplist00" is refused with a
 * sentence on how to convert it. A BOM is skipped; UTF-16 XML is read.
 */
#ifndef OPENNDES_POLICY_POLICY_LOAD_H
#define OPENNDES_POLICY_POLICY_LOAD_H

#include "policy/policy.h"

struct json;
struct xml_node;

/*
 * All policies of a text of at most LIMIT_POLICY_BYTES, finished. `file` is its name for messages.
 * Errors: REASON_POLICY_FORMAT (with "line N" where there is one), _POLICY_VALUE (with the place),
 * _POLICY_EMPTY, REASON_LIMIT, REASON_NO_MEMORY. out is cleared on failure.
 */
MUST_USE bool policy_load(struct bytes text, const char *file, struct policy_set *out,
                          struct error *err);

/* ---- one language each; append to out, do not finish ----------------------------------------- */

/* root: what json_value_parse gave. */
MUST_USE bool policy_load_json(const struct json *root, struct bytes text, const char *file,
                               struct policy_set *out, struct error *err); /* tells the two apart */
MUST_USE bool policy_load_graph(const struct json *item, const char *file, struct policy_set *out,
                                struct error *err);
MUST_USE bool policy_load_own_json(const struct json *item, const char *file,
                                   struct policy_set *out, struct error *err);
/* By root element. */
MUST_USE bool policy_load_xml(struct bytes text, const char *file, struct policy_set *out,
                              struct error *err);
MUST_USE bool policy_load_syncml(const struct xml_node *root, const char *file,
                                 struct policy_set *out, struct error *err);
MUST_USE bool policy_load_plist(const struct xml_node *root, const char *file,
                                struct policy_set *out, struct error *err);
MUST_USE bool policy_load_own_xml(const struct xml_node *root, const char *file,
                                  struct policy_set *out, struct error *err);
/* Append the content of a CMS SignedData. The signature is not looked at: whoever can put a file
 * into policies can put an unsigned one there. */
MUST_USE bool policy_unwrap_cms(struct bytes cms, struct buffer *out, struct error *err);

#endif
