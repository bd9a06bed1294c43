/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  requests as known SCEP clients build them: one row for each client, its PKCS#10, its
 *           self-signed certificate, its attributes and algorithms, and how it sends them.
 * Not here: how messages are put together (support/scep_client.h, model/csr_builder.h), what is
 *           expected of the answers (the tests).
 * Owns:     a client owns its certificate and the parts of its request; its key is borrowed.
 * Threads:  one client, one thread.
 * Spec:     RFC 8894; what was observed of each client, see docs/interop.md.
 */
#ifndef OPENNDES_TESTS_ENDPOINT_CLIENT_MESSAGES_H
#define OPENNDES_TESTS_ENDPOINT_CLIENT_MESSAGES_H

#include "endpoint/endpoint_world.h"
#include "model/csr_builder.h"
#include "support/scep_ca.h"

/* How a client makes its transactionID. */
enum client_id {
    CLIENT_ID_SHA1_UPPER, /* of its public key, hexadecimal */
    CLIENT_ID_MD5_UPPER,
    CLIENT_ID_MD5_LOWER,
    CLIENT_ID_SHA1_BASE64, /* with '+', '/' and '=' */
    CLIENT_ID_SHA256_LOWER,
    CLIENT_ID_UUID,
    CLIENT_ID_RANDOM_BASE64,
    CLIENT_ID_COUNTER /* "1" */
};

/* Subject of the self-signed certificate. */
enum client_self { CLIENT_SELF_SAME, CLIENT_SELF_UUID, CLIENT_SELF_EMPTY };

enum client_subject {
    CLIENT_SUBJECT_CN,
    CLIENT_SUBJECT_O_CN,
    CLIENT_SUBJECT_CISCO /* unstructuredName and serialNumber in one RDN, no CN */
};

enum client_way {
    CLIENT_POST,
    CLIENT_POST_BASE64,    /* the body is base64 */
    CLIENT_GET,            /* everything escaped */
    CLIENT_GET_BARE,       /* '+' and '/' as they are, only '=' escaped */
    CLIENT_GET_LINES,      /* "%0A" every 64 characters and at the end */
    CLIENT_GET_LINES_PLUS, /* the same without the last, and nothing but '+' escaped */
    CLIENT_GET_SPACE,      /* a proxy has made '+' a space */
    CLIENT_GET_URL         /* the other alphabet, no padding */
};

struct client_kind {
    const char *name;
    const char *settings; /* of the template it needs: JSON behind a comma, or "" */
    const char *digest;
    const char *cipher;
    enum scep_client_signature signature;
    enum scep_client_transport transport;
    enum scep_client_order order;
    bool ber;
    bool no_signing_time;
    enum client_id id;
    size_t nonce_len; /* 0: no nonce */
    enum client_self self;
    bool self_usage;             /* keyUsage digitalSignature, keyEncipherment in it */
    int self_version;            /* 0: 3 */
    const unsigned char *serial; /* of it; NULL: 1 */
    size_t serial_len;
    enum client_subject subject;
    uint8_t challenge_tag;     /* 0: UTF8String */
    const char *extension_oid; /* asks for a DNS name in this attribute; NULL: asks for none */
    enum client_way way;
    bool legacy; /* MD5 or single DES: needs OpenSSL's legacy provider */
};

extern const struct client_kind client_kinds[];
extern const size_t client_kind_count;
/* By name; ends the test when there is none. */
const struct client_kind *client_kind(const char *name);

struct client {
    const struct client_kind *kind;
    struct scep_client message;
    struct csr_builder csr;
    struct x509_st *cert; /* signs; owned */
    char transaction_id[128];
    char host[128]; /* the DNS name asked for */
};

/* A first enrolment of `cn` with this key; the challenge is WORLD_PASSPHRASE. */
void client_init(struct client *client, const struct client_kind *kind,
                 const struct endpoint_world *world, struct evp_pkey_st *key, const char *cn);
/* The same with another challenge; NULL: no such attribute; "": an empty one. */
void client_init_challenge(struct client *client, const struct client_kind *kind,
                           const struct endpoint_world *world, struct evp_pkey_st *key,
                           const char *cn, const char *challenge);
/* Another self-signed certificate than the kind's; `options` without key and name. */
void client_self_sign(struct client *client, const struct scep_cert_options *options);
/*
 * The next certificate for `key`, signed with an issued one of `old_key`: a PKCSReq with an empty
 * challenge, as the drafts wanted it.
 */
void client_init_renewal(struct client *client, const struct client_kind *kind,
                         const struct endpoint_world *world, struct x509_st *old,
                         struct evp_pkey_st *old_key, struct evp_pkey_st *key, const char *cn);
void client_clear(struct client *client);

/* One exchange. */
struct client_outcome {
    struct buffer message; /* as it was before base64 */
    struct endpoint_answer answer;
    bool certrep; /* the answer is a CertRep that verifies, and its envelope opens */
    struct scep_client_reply reply;
};

/* The pkiMessage; out is cleared first. */
void client_message(struct client *client, struct buffer *out);
/* Raw query of a GET that carries the message this way. */
void client_query(enum client_way way, struct bytes message, struct buffer *out);
/* Send any bytes in this way and read the answer with the client's key and certificate. */
void client_send_message(struct client *client, const struct endpoint *endpoint,
                         const struct endpoint_world *world, enum client_way way,
                         struct bytes message, struct client_outcome *out);
/* Build and send as the kind does. */
void client_send(struct client *client, const struct endpoint *endpoint,
                 const struct endpoint_world *world, struct client_outcome *out);
void client_outcome_clear(struct client_outcome *out);

/*
 * SUCCESS for this client: RA's signature, transaction and nonce echoed, a fresh senderNonce, the
 * request's algorithms, one recipient, a certificate for the request's key.
 */
void client_assert_enrolled(const struct client *client, const struct endpoint_world *world,
                            const struct client_outcome *out, const char *name);
/* FAILURE with this reason in the report. */
void client_assert_refused(const struct client *client, const struct client_outcome *out,
                           enum reason reason, int fail_info, const char *name);
/*
 * Strict DER, a contentType of data, and SCEP's texts as PrintableString with a length of one octet
 * (Apple's and Windows' parsers want no other).
 */
void client_assert_plain(const struct client_outcome *out, const char *name);

#endif
