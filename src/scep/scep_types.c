/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_types.h"

#include <openssl/objects.h>

#include "base/text.h"
#include "scep/scep_oid.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The one place that says which level a digest belongs to. SHA-1 is not modern although RFC 8894
 * 7.9 finds it still safe here: strongSwan 5.9.8 and certmonger 0.79 sign with SHA-256 once it is
 * advertised, and micromdm's scepclient 2.1.0, which always takes SHA-1, always takes single DES as
 * well (all three tried).
 */
static const struct scep_digest_info digests[] = {
    { SCEP_DIGEST_MD5, "MD5", NID_md5, NID_md5WithRSAEncryption, NID_undef,
      ALGORITHM_LEVEL_LEGACY },
    { SCEP_DIGEST_SHA1, "SHA-1", NID_sha1, NID_sha1WithRSAEncryption, NID_ecdsa_with_SHA1,
      ALGORITHM_LEVEL_COMPAT },
    { SCEP_DIGEST_SHA224, "SHA-224", NID_sha224, NID_sha224WithRSAEncryption, NID_ecdsa_with_SHA224,
      ALGORITHM_LEVEL_COMPAT },
    { SCEP_DIGEST_SHA256, "SHA-256", NID_sha256, NID_sha256WithRSAEncryption, NID_ecdsa_with_SHA256,
      ALGORITHM_LEVEL_MODERN },
    { SCEP_DIGEST_SHA384, "SHA-384", NID_sha384, NID_sha384WithRSAEncryption, NID_ecdsa_with_SHA384,
      ALGORITHM_LEVEL_MODERN },
    { SCEP_DIGEST_SHA512, "SHA-512", NID_sha512, NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA512,
      ALGORITHM_LEVEL_MODERN },
};

/*
 * The wrap is as strong as the cipher whose key it carries: RFC 5753 7.1.5 lists these. The key of
 * single DES is too short for any of them.
 */
static const struct scep_cipher_info ciphers[] = {
    { SCEP_CIPHER_DES, "DES-CBC", NID_des_cbc, 8, 8, NID_undef, ALGORITHM_LEVEL_LEGACY },
    { SCEP_CIPHER_DES3, "3DES-CBC", NID_des_ede3_cbc, 24, 8, NID_id_smime_alg_CMS3DESwrap,
      ALGORITHM_LEVEL_COMPAT },
    { SCEP_CIPHER_AES128, "AES-128-CBC", NID_aes_128_cbc, 16, 16, NID_id_aes128_wrap,
      ALGORITHM_LEVEL_MODERN },
    { SCEP_CIPHER_AES192, "AES-192-CBC", NID_aes_192_cbc, 24, 16, NID_id_aes192_wrap,
      ALGORITHM_LEVEL_MODERN },
    { SCEP_CIPHER_AES256, "AES-256-CBC", NID_aes_256_cbc, 32, 16, NID_id_aes256_wrap,
      ALGORITHM_LEVEL_MODERN },
};

/*
 * RFC 8894 3.2.1.2. Accepted: the endpoint has a row for it (pki_operation.c); everything else is
 * refused, also 18 (unassigned) and 3, which only servers send.
 */
static const struct scep_type_info types[] = {
    { SCEP_TYPE_CERT_REP, "3", "CertRep", false },
    { SCEP_TYPE_RENEWAL_REQ, "17", "RenewalReq", true },
    { SCEP_TYPE_PKCS_REQ, "19", "PKCSReq", true },
    { SCEP_TYPE_CERT_POLL, "20", "CertPoll", true },
    { SCEP_TYPE_GET_CERT, "21", "GetCert", true },
    { SCEP_TYPE_GET_CRL, "22", "GetCRL", true },
};

/* The first row of an operation gives its name; the others are aliases. */
static const struct scep_operation_info operations[] = {
    { SCEP_OPERATION_GET_CA_CAPS, "GetCACaps", false },
    { SCEP_OPERATION_GET_CA_CERT, "GetCACert", false },
    { SCEP_OPERATION_GET_CA_CERT, "GetCAChain", false },           /* certmonger */
    { SCEP_OPERATION_GET_CA_CERT_CHAIN, "GetCACertChain", false }, /* drafts before 19 */
    { SCEP_OPERATION_GET_NEXT_CA_CERT, "GetNextCACert", false },
    { SCEP_OPERATION_PKI_OPERATION, "PKIOperation", true },
};

const struct scep_digest_info *scep_digest_info(enum scep_digest digest)
{
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        if (digests[i].digest == digest) {
            return &digests[i];
        }
    }
    return NULL;
}

const struct scep_digest_info *scep_digest_from_oid(struct bytes oid_content)
{
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        if (bytes_equal(scep_oid_of_nid(digests[i].nid), oid_content)) {
            return &digests[i];
        }
    }
    return NULL;
}

const struct scep_digest_info *scep_digest_from_rsa_oid(struct bytes oid_content)
{
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        if (bytes_equal(scep_oid_of_nid(digests[i].rsa_nid), oid_content)) {
            return &digests[i];
        }
    }
    return NULL;
}

const struct scep_digest_info *scep_digest_from_ecdsa_oid(struct bytes oid_content)
{
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        if (digests[i].ecdsa_nid != NID_undef
            && bytes_equal(scep_oid_of_nid(digests[i].ecdsa_nid), oid_content)) {
            return &digests[i];
        }
    }
    return NULL;
}

const struct scep_cipher_info *scep_cipher_info(enum scep_cipher cipher)
{
    for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
        if (ciphers[i].cipher == cipher) {
            return &ciphers[i];
        }
    }
    return NULL;
}

const struct scep_cipher_info *scep_cipher_from_oid(struct bytes oid_content)
{
    for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
        if (bytes_equal(scep_oid_of_nid(ciphers[i].nid), oid_content)) {
            return &ciphers[i];
        }
    }
    return NULL;
}

const struct scep_type_info *scep_type_info(enum scep_message_type type)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (types[i].type == type) {
            return &types[i];
        }
    }
    return NULL;
}

const struct scep_type_info *scep_type_from_wire(struct bytes value)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (bytes_equal(bytes_of_text(types[i].wire), value)) {
            return &types[i];
        }
    }
    return NULL;
}

static bool equal_nocase(const char *name, struct bytes text)
{
    /* the longest name has 14 letters */
    char copy[16];

    if (text.len >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0') {
            return false;
        }
        copy[i] = (char)text.data[i];
    }
    copy[text.len] = '\0';
    return text_equal_nocase(name, copy);
}

enum scep_operation scep_operation_from_text(struct bytes text)
{
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (equal_nocase(operations[i].name, text)) {
            return operations[i].operation;
        }
    }
    return SCEP_OPERATION_UNKNOWN;
}

const char *scep_operation_name(enum scep_operation operation)
{
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (operations[i].operation == operation) {
            return operations[i].name;
        }
    }
    return "unknown";
}

bool scep_level_allows(enum algorithm_level allowed, enum algorithm_level needed)
{
    return needed <= allowed;
}
