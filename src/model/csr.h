/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a parsed PKCS#10 request: key, subject, wanted extensions, challenge.
 * Not here: whether it may be issued (template/, policy/), the envelope it came in (scep/).
 * Owns:     its DER, the parsed object and the challenge.
 * Threads:  read-only after parsing; one owner.
 * Spec:     RFC 2986, RFC 2985 5.4.1 (challengePassword), RFC 8894 3.3.1.
 */
#ifndef OPENNDES_MODEL_CSR_H
#define OPENNDES_MODEL_CSR_H

#include "base/secret.h"
#include "model/name.h"
#include "model/public_key.h"

struct X509_name_st;
struct evp_pkey_st;
struct stack_st_GENERAL_NAME;

/*
 * Key usage bits as in X.509, first bit = 1 << 0: digitalSignature, nonRepudiation,
 * keyEncipherment, ... decipherOnly.
 */
#define KEY_USAGE_DIGITAL_SIGNATURE 0x001u
#define KEY_USAGE_NON_REPUDIATION 0x002u
#define KEY_USAGE_KEY_ENCIPHERMENT 0x004u
#define KEY_USAGE_DATA_ENCIPHERMENT 0x008u
#define KEY_USAGE_KEY_AGREEMENT 0x010u
#define KEY_USAGE_KEY_CERT_SIGN 0x020u
#define KEY_USAGE_CRL_SIGN 0x040u
#define KEY_USAGE_ENCIPHER_ONLY 0x080u
#define KEY_USAGE_DECIPHER_ONLY 0x100u

struct csr {
    struct buffer der; /* exactly as received: holds the challenge, wiped on clear */
    uint8_t sha256[DIGEST_SHA256_BYTES];     /* of der */
    uint8_t key_sha256[DIGEST_SHA256_BYTES]; /* of the SubjectPublicKeyInfo's DER */
    struct X509_name_st *subject;            /* owned, never NULL after parsing */
    struct evp_pkey_st *key;                 /* owned, never NULL after parsing */
    struct buffer spki;                      /* SubjectPublicKeyInfo of key, as received */
    enum public_key_way key_way;             /* stays when parsing fails */
    enum key_type key_type;
    unsigned key_bits;
    bool key_exponent_ok;              /* RSA: odd, 3..2^32; others true */
    struct stack_st_GENERAL_NAME *san; /* owned; NULL: none asked for */
    bool has_key_usage;
    uint32_t key_usage;      /* KEY_USAGE_... as asked for */
    bool has_challenge;      /* attribute present with a non-empty value */
    struct secret challenge; /* UTF-8; one trailing NUL stripped */
};

#define CSR_INIT                                                                                   \
    {                                                                                              \
        .der = BUFFER_INIT(0)                                                                      \
    }

/*
 * Parse DER or BER of at most LIMIT_CSR_BYTES; the self-signature is NOT checked here
 * (csr_verify). Accepts extension requests under the three OIDs of PKCS#9, Microsoft and
 * VeriSign; challengePassword as Printable-, UTF8-, T61-, BMP-, Universal- or IA5String; two
 * challenge attributes are refused; trailing bytes are refused; RSA keys over LIMIT_RSA_BITS_MAX
 * and curves with explicit parameters are refused before the key is decoded. `der` is copied. No
 * copy of the challenge is left behind outside `csr`.
 * Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY. csr must be initialised and is cleared
 * on failure.
 */
MUST_USE bool csr_parse(struct bytes der, struct csr *csr, struct error *err);
/* The same; when the request is for this key, it is shared instead of decoded once more. */
MUST_USE bool csr_parse_for(struct bytes der, const struct public_key *known, struct csr *csr,
                            struct error *err);
void csr_clear(struct csr *csr); /* NULL is allowed */

/*
 * Proof of possession: the self-signature fits the key. MD5 and SHA-1 are good enough for that. A
 * key of KEY_TYPE_OTHER is refused without using it. Errors: REASON_SIGNATURE_WRONG.
 */
MUST_USE bool csr_verify(const struct csr *csr, struct error *err);
/* Borrowed. */
const struct X509_name_st *csr_subject(const struct csr *csr);
struct evp_pkey_st *csr_key(const struct csr *csr);

#endif
