/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  does the signature of a SignerInfo fit its signed attributes.
 * Not here: which algorithms may be used, the digest of the content (scep_message_verify.c).
 * Owns:     nothing.
 * Threads:  one request, one thread.
 * Spec:     RFC 5652 5.3, 5.4, 11; RFC 4056 for PSS.
 */
#ifndef OPENNDES_SCEP_SCEP_SIGNATURE_H
#define OPENNDES_SCEP_SCEP_SIGNATURE_H

#include "scep/scep_types.h"

struct CMS_SignerInfo_st;
struct evp_pkey_st;

/*
 * RFC 5652 5.4 wants the signature over the DER form. Clients that do not sort sign what they send,
 * or sort for the signature only: the received order first, then the sorted one, never a third.
 *
 * Takes what CMS_SignerInfo_verify takes, which cannot be asked: it wants a certificate with a
 * decoded key (model/parse_context.h). So the rules of RFC 5652 11 on which attribute may be signed
 * and which unsigned are here as well. The digest is that of the SignerInfo; that algorithm,
 * parameters and key fit it is the caller's to have checked.
 */
MUST_USE bool scep_signature_fits(struct CMS_SignerInfo_st *info, enum scep_digest digest,
                                  enum scep_signature_form form, struct evp_pkey_st *key);

#endif
