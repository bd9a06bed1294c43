/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certification requests for tests, good and hostile: every part can be given raw.
 * Not here: the SCEP message around them.
 * Owns:     its buffers; the key is borrowed.
 * Threads:  one test at a time.
 * Spec:     RFC 2986.
 */
#ifndef OPENNDES_TESTS_MODEL_CSR_BUILDER_H
#define OPENNDES_TESTS_MODEL_CSR_BUILDER_H

#include "base/buffer.h"

struct evp_pkey_st;

#define OID_CN "2.5.4.3"
#define OID_CHALLENGE "1.2.840.113549.1.9.7"
#define OID_EXTENSION_REQUEST "1.2.840.113549.1.9.14"
#define OID_EXTENSION_REQUEST_MICROSOFT "1.3.6.1.4.1.311.2.1.14"
#define OID_EXTENSION_REQUEST_VERISIGN "2.16.840.1.113733.1.9.8"
#define OID_SAN "2.5.29.17"
#define OID_KEY_USAGE "2.5.29.15"
#define OID_EKU "2.5.29.37"
#define OID_BASIC_CONSTRAINTS "2.5.29.19"
#define OID_PAIR "1.3.6.1.4.1.311.13.2.1" /* enrollment name/value pair */
#define OID_UPN "1.3.6.1.4.1.311.20.2.3"

#define TAG_UTF8 0x0cu
#define TAG_PRINTABLE 0x13u
#define TAG_T61 0x14u
#define TAG_IA5 0x16u
#define TAG_UNIVERSAL 0x1cu
#define TAG_BMP 0x1eu
#define TAG_SAN_EMAIL 0x81u
#define TAG_SAN_DNS 0x82u
#define TAG_SAN_URI 0x86u
#define TAG_SAN_IP 0x87u

struct csr_builder {
    struct evp_pkey_st
        *key; /* signs, and is in the request unless spki is given; NULL: no signature */
    struct evp_pkey_st *signer; /* signs instead of key when not NULL */
    const char *digest;         /* "SHA256" */
    uint8_t version;
    bool without_attributes;   /* leave the field out */
    const char *extension_oid; /* attribute that carries the extensions */
    struct buffer spki;        /* whole SubjectPublicKeyInfo; empty: from key */
    struct buffer subject;     /* content of the RDNSequence */
    struct buffer extensions;  /* content of Extensions */
    struct buffer san;         /* content of GeneralNames; put in when not empty */
    struct buffer attributes;  /* content of the attributes field */
};

void csr_builder_init(struct csr_builder *b, struct evp_pkey_st *key);
void csr_builder_clear(struct csr_builder *b);

/* A new RDN of one value. */
void csr_builder_rdn(struct csr_builder *b, const char *oid, uint8_t tag, struct bytes value);
/* One RDN of two values. */
void csr_builder_rdn_pair(struct csr_builder *b, const char *oid_1, const char *value_1,
                          const char *oid_2, const char *value_2);
void csr_builder_cn(struct csr_builder *b, const char *utf8);
void csr_builder_challenge(struct csr_builder *b, uint8_t tag, struct bytes value);
/* An attribute with the raw content of its SET. */
void csr_builder_attribute(struct csr_builder *b, const char *oid, struct bytes values);
/* One name/value pair in an attribute of its own, with these string types. */
void csr_builder_pair(struct csr_builder *b, uint8_t name_tag, struct bytes name, uint8_t value_tag,
                      struct bytes value);
/* The same as Windows writes it: BMPString, from ASCII. */
void csr_builder_pair_text(struct csr_builder *b, const char *name, const char *value);
/* An EKU extension of these OIDs, separated by spaces. */
void csr_builder_eku(struct csr_builder *b, bool critical, const char *oids);
void csr_builder_extension(struct csr_builder *b, const char *oid, bool critical,
                           struct bytes content);
/* One GeneralName with this tag and content. */
void csr_builder_san(struct csr_builder *b, uint8_t tag, struct bytes content);
void csr_builder_san_other(struct csr_builder *b, const char *oid, uint8_t tag, struct bytes text);
/* RSA key by numbers: a modulus of `bits` bits divisible by `factor` (over 1000: and by nothing
 * below 1000; 0: a power of two), and an exponent. */
void csr_builder_rsa_numbers(struct csr_builder *b, unsigned bits, unsigned long factor,
                             uint64_t exponent);

/* The request's DER into out (cleared first). */
void csr_builder_der(struct csr_builder *b, struct buffer *out);

/* Building stones: TAG LENGTH content; an OID with its tag. Failure ends the test. */
void csr_builder_tlv(struct buffer *out, uint8_t tag, struct bytes content);
void csr_builder_oid(struct buffer *out, const char *oid);

/* A key for tests: "RSA-2048" (ready-made, in turn), "P-256", "ED25519"; owned. */
struct evp_pkey_st *csr_builder_key(const char *kind);

#endif
