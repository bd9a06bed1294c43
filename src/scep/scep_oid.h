/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the object identifiers of SCEP and of the CMS structures around it, as content octets.
 * Not here: digests and ciphers, which have levels (scep_types.h).
 * Owns:     a constant table.
 * Threads:  any thread.
 * Spec:     RFC 8894 3.2.1, RFC 8894 3.2.1.4 (failInfoText), RFC 5652, RFC 8017 A, RFC 5480 2.1.1.
 */
#ifndef OPENNDES_SCEP_SCEP_OID_H
#define OPENNDES_SCEP_SCEP_OID_H

#include "base/buffer.h"

enum scep_oid {
    SCEP_OID_DATA,
    SCEP_OID_SIGNED_DATA,
    SCEP_OID_ENVELOPED_DATA,
    SCEP_OID_AUTH_ENVELOPED_DATA,
    SCEP_OID_CONTENT_TYPE,
    SCEP_OID_MESSAGE_DIGEST,
    SCEP_OID_SIGNING_TIME,
    SCEP_OID_MESSAGE_TYPE,
    SCEP_OID_PKI_STATUS,
    SCEP_OID_FAIL_INFO,
    SCEP_OID_SENDER_NONCE,
    SCEP_OID_RECIPIENT_NONCE,
    SCEP_OID_TRANSACTION_ID,
    SCEP_OID_FAIL_INFO_TEXT,
    SCEP_OID_MS_ERROR, /* szOID_ENROLL_SCEP_ERROR; NDES: observed */
    SCEP_OID_RSA,
    SCEP_OID_RSA_OAEP,
    SCEP_OID_RSA_PSS,
    SCEP_OID_MGF1,
    SCEP_OID_P_SPECIFIED,
    SCEP_OID_EC_PUBLIC_KEY,
    SCEP_OID_COUNT
};

/* Content octets, without tag and length. */
struct bytes scep_oid_bytes(enum scep_oid oid);
bool scep_oid_is(struct bytes content, enum scep_oid oid);
/* Content octets of an OpenSSL NID; empty when it has none. */
struct bytes scep_oid_of_nid(int nid);
/* Dotted text for logs; always ends in NUL. */
void scep_oid_text(struct bytes content, char *text, size_t size);

#endif
