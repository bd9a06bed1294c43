/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a SCEP client for tests and load: builds requests, good and hostile, with a knob for
 *           every way in which clients differ; reads and verifies CertReps.
 * Not here: HTTP, certificates (scep_ca.h).
 * Owns:     see the functions; a failure to build ends the program. Does not use src/scep, so that
 *           a mistake there does not cancel itself out.
 * Threads:  one client, one thread.
 * Spec:     RFC 8894 3; RFC 5652.
 */
#ifndef OPENNDES_TESTS_SUPPORT_SCEP_CLIENT_H
#define OPENNDES_TESTS_SUPPORT_SCEP_CLIENT_H

#include "base/buffer.h"
#include "base/limits.h"

struct x509_st;
struct evp_pkey_st;

#define SCEP_CLIENT_BYTES_MAX 4194304u
#define SCEP_CLIENT_RECIPIENTS_MAX 8
#define SCEP_CLIENT_EXTRA_MAX 40

enum scep_client_signature {
    SCEP_CLIENT_RSA,             /* rsaEncryption */
    SCEP_CLIENT_RSA_WITH_DIGEST, /* sha256WithRSAEncryption and so on */
    SCEP_CLIENT_PSS,
    SCEP_CLIENT_PSS_OTHER_DIGEST, /* the parameters name SHA-1 */
    SCEP_CLIENT_RSA_OTHER_DIGEST, /* sha512WithRSAEncryption, or sha256With... for SHA-512 */
    SCEP_CLIENT_ECDSA,
    SCEP_CLIENT_ECDSA_OTHER_DIGEST, /* ecdsa-with-SHA512, or ecdsa-with-SHA256 for SHA-512 */
    SCEP_CLIENT_ECDSA_NO_DIGEST,    /* id-ecPublicKey */
    SCEP_CLIENT_DSA_OID             /* an algorithm that does not fit the key */
};

enum scep_client_transport {
    SCEP_CLIENT_PKCS1,
    SCEP_CLIENT_PKCS1_NO_NULL, /* rsaEncryption without parameters */
    SCEP_CLIENT_OAEP_SHA1,
    SCEP_CLIENT_OAEP_SHA256,
    SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1,
    SCEP_CLIENT_OAEP_ABSENT, /* SHA-1, the parameters left out */
    SCEP_CLIENT_OAEP_NULL,   /* parameters NULL */
    SCEP_CLIENT_OAEP_LABEL,  /* a label */
    SCEP_CLIENT_OAEP_SHA512,
    SCEP_CLIENT_TRANSPORT_ECDH /* an algorithm that is no key transport */
};

/* Order of the signed attributes. */
enum scep_client_order {
    SCEP_CLIENT_SORTED,
    SCEP_CLIENT_UNSORTED,             /* sent and signed in this order */
    SCEP_CLIENT_UNSORTED_SIGN_SORTED, /* sent unsorted, signed sorted */
    SCEP_CLIENT_SIGN_THIRD_ORDER      /* sent unsorted, signed in yet another order */
};

/* Things to do wrong; they can be combined. */
enum {
    SCEP_CLIENT_NO_SIGNED_ATTRS = 1 << 0,
    SCEP_CLIENT_TWO_SIGNERS = 1 << 1,
    SCEP_CLIENT_NO_SIGNER = 1 << 2,
    SCEP_CLIENT_NO_CERTS = 1 << 3,
    SCEP_CLIENT_EMPTY_DIGEST_ALGS = 1 << 4,
    SCEP_CLIENT_CONTENT_TYPE = 1 << 5, /* eContentType is signedData */
    SCEP_CLIENT_BAD_SIGNATURE = 1 << 6,
    SCEP_CLIENT_BAD_CONTENT = 1 << 7, /* changed after signing */
    SCEP_CLIENT_NO_CONTENT = 1 << 8,  /* eContent left out */
    SCEP_CLIENT_NO_MESSAGE_DIGEST = 1 << 9,
    SCEP_CLIENT_EMPTY_ATTRS = 1 << 10,
    SCEP_CLIENT_WITH_CRLS = 1 << 11,
    SCEP_CLIENT_EMPTY_CRLS = 1 << 12,
    SCEP_CLIENT_UNSIGNED_ATTRS = 1 << 13,
    SCEP_CLIENT_NOT_SIGNED_DATA = 1 << 14,
    SCEP_CLIENT_ATTR_TWO_VALUES = 1 << 15, /* of messageType */
    SCEP_CLIENT_ATTR_NO_VALUE = 1 << 16,   /* of messageType */
    SCEP_CLIENT_ATTRIBUTE_CERT = 1 << 17,  /* [1] in certificates */
    SCEP_CLIENT_DIGEST_NO_NULL = 1 << 18,  /* digest algorithm without parameters */
    SCEP_CLIENT_NO_CONTENT_TYPE_ATTR = 1 << 19,
    /* of the envelope */
    SCEP_CLIENT_KEY_AGREE = 1 << 20,
    SCEP_CLIENT_ORIGINATOR = 1 << 21,
    SCEP_CLIENT_AUTH_ENVELOPED = 1 << 22,
    SCEP_CLIENT_ODD_VERSIONS = 1 << 23, /* version numbers that do not fit */
    SCEP_CLIENT_INNER_NOT_DATA = 1 << 24,
    SCEP_CLIENT_RANDOM_KEY = 1 << 25,    /* encryptedKey is random bytes */
    SCEP_CLIENT_BAD_PADDING_0 = 1 << 26, /* last plaintext octet 0 */
    SCEP_CLIENT_BAD_PADDING_17 = 1 << 27,
    SCEP_CLIENT_SHORT_KEY = 1 << 28 /* content key of 5 bytes inside a valid padding */
};

struct scep_client_attribute {
    const char *oid; /* dotted */
    int tag;
    struct bytes value;
};

struct scep_client {
    struct evp_pkey_st *key;     /* signs the message; borrowed */
    struct evp_pkey_st *csr_key; /* NULL: key */
    struct x509_st *cert;        /* borrowed; NULL: a self-signed one is made */
    struct x509_st *more_certs[LIMIT_CMS_CERTIFICATES + 2]; /* put before the signer's */
    size_t more_cert_count;
    struct x509_st *recipients[SCEP_CLIENT_RECIPIENTS_MAX];
    size_t recipient_count;

    const char *cn;
    const char *challenge; /* NULL: none */
    const char *key_usage; /* asked for, such as "digitalSignature"; NULL: none */
    const char *digest;    /* "SHA256" */
    size_t digest_more;    /* how often it stands in digestAlgorithms beyond once */
    const char *cipher;    /* "AES-128-CBC" */
    enum scep_client_signature signature;
    enum scep_client_transport transport;
    enum scep_client_order order;
    bool ber;       /* indefinite lengths and segmented strings */
    size_t segment; /* bytes of a segment */
    bool signer_by_key_id;
    bool recipient_by_key_id;
    bool recipient_other_spelling; /* issuer of the recipient's certificate written differently */

    const char *type; /* NULL: no messageType */
    size_t type_len;  /* 0: strlen(type) */
    int type_tag;
    struct bytes transaction_id; /* data NULL: none */
    int transaction_id_tag;
    bool nonce;
    size_t nonce_len;
    uint8_t nonce_bytes[128];
    int signing_time_tag; /* 0: none */
    const char *signing_time;
    struct scep_client_attribute extra[SCEP_CLIENT_EXTRA_MAX]; /* also to double attributes */
    size_t extra_count;

    int iv_len;         /* -1: right */
    int ciphertext_len; /* -1: right; else cut or stretched to this */
    int cipher_nid;     /* 0: of `cipher`; else only named */
    uint32_t faults;    /* SCEP_CLIENT_... */
};

/* PKCSReq, SHA-256, AES-128, one recipient; cn "client", challenge "secret", 16 bytes of nonce. */
void scep_client_init(struct scep_client *c, struct evp_pkey_st *key, struct x509_st *recipient);

/* PKCS#10; out is cleared first, as everywhere here. */
void scep_client_csr(const struct scep_client *c, struct buffer *out);
/* pkcsPKIEnvelope around any plaintext. */
void scep_client_envelope(const struct scep_client *c, struct bytes plain, struct buffer *out);
/*
 * pkiMessage around any content. Makes *cert when c->cert is NULL; owned by the caller (X509_free).
 */
void scep_client_sign(const struct scep_client *c, struct bytes content, struct buffer *out,
                      struct x509_st **cert);
/* messageData: IssuerAndSerialNumber of GetCert and GetCRL, by any certificate's own. */
void scep_client_cert_id(const struct x509_st *cert, struct buffer *out);
/* messageData: IssuerAndSubject of CertPoll, with the CA's certificate and the client's cn. */
void scep_client_subject_id(const struct scep_client *c, const struct x509_st *ca,
                            struct buffer *out);
/* Envelope and message around a messageData that is not a PKCS#10. */
void scep_client_message(const struct scep_client *c, struct bytes plain, struct buffer *out,
                         struct x509_st **cert);
/* All three. */
void scep_client_request(const struct scep_client *c, struct buffer *out, struct x509_st **cert);

/* What a CertRep says. */
struct scep_client_reply {
    int status;
    int fail_info; /* -1: none */
    char message_type[8];
    char fail_text[256];
    char hresult[16];
    struct buffer transaction_id;
    int transaction_id_tag;
    struct buffer recipient_nonce;
    bool has_recipient_nonce;
    struct buffer sender_nonce;
    bool has_content;
    bool has_signing_time;
    int attribute_count;
    int digest_nid;
    int signature_nid;
    int cipher_nid;
    int transport_nid;
    int oaep_digest_nid;   /* with OAEP */
    bool transport_params; /* there and not NULL */
    int kdf_nid;           /* key agreement: the scheme, and what wraps the key; else 0 */
    int wrap_nid;
    size_t recipient_count;
    size_t signer_cert_count;
    struct x509_st *cert; /* the first one inside */
    size_t cert_count;
    struct X509_crl_st *crl; /* the first one inside */
    size_t crl_count;
    char problem[160]; /* why scep_client_read said false */
};

/*
 * Verify the signature with the RA certificate, which must also be embedded and the signer; read
 * the attributes; decrypt with the client's key and certificate. False: see problem.
 */
bool scep_client_read(struct bytes reply, struct x509_st *ra, struct evp_pkey_st *key,
                      struct x509_st *cert, struct scep_client_reply *out);
void scep_client_reply_clear(struct scep_client_reply *reply);

#endif
