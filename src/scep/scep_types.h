/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the vocabulary of SCEP: message types, statuses, operations, algorithms; one table
 *           each.
 * Not here: bytes on the wire.
 * Owns:     constant tables.
 * Threads:  any thread.
 * Spec:     RFC 8894 3.2.1.2, 3.2.1.3, 3.5.2; RFC 3370; RFC 5754; RFC 5753 7.1.
 */
#ifndef OPENNDES_SCEP_SCEP_TYPES_H
#define OPENNDES_SCEP_SCEP_TYPES_H

#include "base/buffer.h"
#include "config/template_config.h"

enum scep_message_type {
    SCEP_TYPE_UNKNOWN = 0,
    SCEP_TYPE_CERT_REP = 3,
    SCEP_TYPE_RENEWAL_REQ = 17,
    SCEP_TYPE_PKCS_REQ = 19,
    SCEP_TYPE_CERT_POLL = 20,
    SCEP_TYPE_GET_CERT = 21,
    SCEP_TYPE_GET_CRL = 22
};

enum scep_status { SCEP_STATUS_SUCCESS = 0, SCEP_STATUS_FAILURE = 2, SCEP_STATUS_PENDING = 3 };

enum scep_operation {
    SCEP_OPERATION_UNKNOWN,
    SCEP_OPERATION_GET_CA_CAPS,
    SCEP_OPERATION_GET_CA_CERT,
    SCEP_OPERATION_GET_CA_CERT_CHAIN, /* the same under an old name, with its media type */
    SCEP_OPERATION_GET_NEXT_CA_CERT,
    SCEP_OPERATION_PKI_OPERATION
};

enum scep_digest {
    SCEP_DIGEST_UNKNOWN,
    SCEP_DIGEST_MD5,
    SCEP_DIGEST_SHA1,
    SCEP_DIGEST_SHA224,
    SCEP_DIGEST_SHA256,
    SCEP_DIGEST_SHA384,
    SCEP_DIGEST_SHA512
};

enum scep_cipher {
    SCEP_CIPHER_UNKNOWN,
    SCEP_CIPHER_DES,
    SCEP_CIPHER_DES3,
    SCEP_CIPHER_AES128,
    SCEP_CIPHER_AES192,
    SCEP_CIPHER_AES256
};

/* How the signer named its signature algorithm. */
enum scep_signature_form {
    SCEP_SIGNATURE_RSA,
    SCEP_SIGNATURE_RSA_WITH_DIGEST,
    SCEP_SIGNATURE_PSS,
    SCEP_SIGNATURE_ECDSA, /* ecdsa-with-SHA256 and its kind */
    SCEP_SIGNATURE_OTHER
};

enum scep_key_transport { SCEP_TRANSPORT_UNKNOWN, SCEP_TRANSPORT_PKCS1, SCEP_TRANSPORT_OAEP };

struct scep_digest_info {
    enum scep_digest digest;
    const char *name;
    int nid;
    int rsa_nid;   /* of the signature algorithm with this digest: sha256WithRSAEncryption */
    int ecdsa_nid; /* ecdsa-with-SHA256; NID_undef: there is none */
    enum algorithm_level level;
};

struct scep_cipher_info {
    enum scep_cipher cipher;
    const char *name;
    int nid;
    size_t key_bytes;
    size_t block_bytes;
    int wrap_nid; /* what wraps its key for key agreement; NID_undef: nothing */
    enum algorithm_level level;
};

struct scep_type_info {
    enum scep_message_type type;
    const char *wire;
    const char *name;
    bool accepted;
};

struct scep_operation_info {
    enum scep_operation operation;
    const char *name;
    bool post;
};

/* Rows; NULL when there is none. */
const struct scep_digest_info *scep_digest_info(enum scep_digest digest);
const struct scep_digest_info *scep_digest_from_oid(struct bytes oid_content);
/* By the OID of a signature algorithm that names its digest, such as sha256WithRSAEncryption. */
const struct scep_digest_info *scep_digest_from_rsa_oid(struct bytes oid_content);
const struct scep_digest_info *scep_digest_from_ecdsa_oid(struct bytes oid_content);
const struct scep_cipher_info *scep_cipher_info(enum scep_cipher cipher);
const struct scep_cipher_info *scep_cipher_from_oid(struct bytes oid_content);
const struct scep_type_info *scep_type_info(enum scep_message_type type);
/* Exact text of the attribute ("19"); "019" is unknown. */
const struct scep_type_info *scep_type_from_wire(struct bytes value);
/* Without regard to case. certmonger's GetCAChain is an alias of GetCACert. */
enum scep_operation scep_operation_from_text(struct bytes text);
const char *scep_operation_name(enum scep_operation operation);
/* True when an algorithm of level `needed` may be used on an endpoint of level `allowed`. */
bool scep_level_allows(enum algorithm_level allowed, enum algorithm_level needed);

#endif
