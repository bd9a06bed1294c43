/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the certificate that signed a message: found by sid, its key looked at before it is
 *           used.
 * Not here: the signature (scep_message.h), whether the certificate may renew (enroll/).
 * Owns:     nothing that lives on.
 * Threads:  one request, one thread.
 * Spec:     RFC 5652 5.3; RFC 8894 2.3.
 */
#ifndef OPENNDES_SCEP_SCEP_SIGNER_H
#define OPENNDES_SCEP_SCEP_SIGNER_H

#include "scep/scep_message.h"

struct CMS_ContentInfo_st;
struct CMS_SignerInfo_st;

/*
 * The first certificate of the message that the signer identifier names, by issuer and serial or by
 * subject key identifier (the extension; without one, the SHA-1 of the key).
 * Errors: REASON_CMS_NO_SIGNER_CERT. Owned: X509_free.
 */
struct x509_st *scep_signer_find(struct CMS_ContentInfo_st *cms, struct CMS_SignerInfo_st *info,
                                 struct error *err);
/*
 * Fill in the facts about the signer. The certificate is not validated beyond that: clients make it
 * themselves, with odd versions, serials, dates and algorithms. Its key need not be decoded;
 * *take_key is it, owned as public_key.h says. Errors: REASON_CMS_SIGNER_KEY.
 */
MUST_USE bool scep_signer_facts(struct x509_st *cert, struct scep_message_facts *facts,
                                struct public_key *take_key, struct error *err);
/*
 * May this key sign at this level, can the answer be encrypted to it, and is it harmless to compute
 * with? RSA of the sizes of the level, or one of the three named curves. Whether an endpoint wants
 * EC keys at all is its own decision. Errors: REASON_SIGNER_KEY_NOT_ALLOWED.
 */
MUST_USE bool scep_signer_key_allowed(const struct scep_message_facts *facts,
                                      enum algorithm_level level, struct error *err);

#endif
