/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  PKCSReqs of many devices, made before the clock runs, and what their answers hold.
 * Not here: sending (load_run.h).
 * Owns:     the messages.
 * Threads:  making and checking use as many threads as there are processors; else one caller.
 * Spec:     RFC 8894 3.
 */
#ifndef OPENNDES_TESTS_BENCH_LOAD_REQUESTS_H
#define OPENNDES_TESTS_BENCH_LOAD_REQUESTS_H

#include "bench/load_target.h"

struct evp_pkey_st;

#define LOAD_NAME_MAX 64
#define LOAD_NONCE_LEN 16

/* All devices share a key and a self-signed certificate; each has a name and a transaction. */
struct load_requests {
    struct evp_pkey_st *key;
    struct x509_st *cert;
    struct buffer *messages;
    size_t count;
    char prefix[LOAD_NAME_MAX]; /* with `first`: whose messages these are */
    size_t first;
    unsigned char (*nonces)[LOAD_NONCE_LEN]; /* senderNonce of each */
};

struct load_request_options {
    const char *challenge; /* NULL: none */
    const char *prefix;
    size_t first;
    const char *cipher; /* OpenSSL's name; NULL: AES-128-CBC */
    size_t wrong_every; /* each so many-th has a wrong challenge, the last of so many; 0: none */
};

/*
 * `count` messages for devices "PREFIX-FIRST", "PREFIX-FIRST+1", ...: RSA 2048, SHA-256. A failure
 * ends the program.
 */
void load_requests_make_as(const struct load_target *target,
                           const struct load_request_options *options, size_t count,
                           struct load_requests *out);
/* The same with AES-128, every challenge right; NULL for none. */
void load_requests_make(const struct load_target *target, const char *challenge, const char *prefix,
                        size_t first, size_t count, struct load_requests *out);
void load_requests_clear(struct load_requests *requests);

enum load_result {
    LOAD_NO_ANSWER, /* or not HTTP 200 */
    LOAD_ISSUED,
    LOAD_REFUSED, /* CertRep FAILURE */
    LOAD_PENDING,
    LOAD_BROKEN /* not a CertRep that we can read */
};

#define LOAD_SERIAL_MAX 64

/*
 * Verify an answer's signature, open it, and give the certificate's serial in hexadecimal ("" when
 * none was issued); *cert, when asked for, is owned (X509_free).
 */
enum load_result load_answer_read(const struct load_target *target,
                                  const struct load_requests *requests, struct bytes answer,
                                  char serial[LOAD_SERIAL_MAX], struct x509_st **cert);

struct load_answer_facts {
    char serial[LOAD_SERIAL_MAX]; /* "" when none was issued */
    int fail_info;                /* of LOAD_REFUSED; -1: none said */
    char problem[160];            /* of LOAD_BROKEN */
};

/*
 * The same for the answer to messages[i], verified whole: it is signed by the target's signer,
 * belongs to our transaction, mirrors our nonce; the certificate is for our key and verifies by one
 * of the target's CAs. What fails is LOAD_BROKEN, with its serial when a certificate was found.
 */
enum load_result load_answer_check(const struct load_target *target,
                                   const struct load_requests *requests, size_t i,
                                   struct bytes answer, struct load_answer_facts *facts);

#endif
