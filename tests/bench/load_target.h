/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the SCEP server under load: its URL, and the certificates that GetCACert gives, by
 *           which requests are encrypted and answers verified.
 * Not here: requests (load_requests.h), threads (load_run.h).
 * Owns:     the certificates, until load_target_close.
 * Threads:  opened by one thread, then only read.
 * Spec:     RFC 8894 4.2.
 */
#ifndef OPENNDES_TESTS_BENCH_LOAD_TARGET_H
#define OPENNDES_TESTS_BENCH_LOAD_TARGET_H

#include "base/buffer.h"

struct x509_st;

#define LOAD_CACERT_MAX 8
#define LOAD_ANSWER_MAX 1048576u /* of a struct buffer for answers */

struct load_target {
    char url[1024]; /* of PKIOperation, without a query */
    struct x509_st *certs[LOAD_CACERT_MAX];
    size_t cert_count;
    struct x509_st *recipient; /* one of certs: what messages are encrypted to */
    struct x509_st *signer;    /* one of certs: who signs the answers */
};

/*
 * Ask for GetCACert. The recipient is the first certificate that is no CA and may encipher keys,
 * else the CA; the signer likewise by digitalSignature. False: a sentence stands on stderr.
 */
bool load_target_open(struct load_target *target, const char *url);
/* The same from an answer to GetCACert that is there already; the URL stays as it is. */
bool load_target_read(struct load_target *target, struct bytes answer);
void load_target_close(struct load_target *target);

/* A connection: libcurl's handle, used by one thread, kept alive unless `fresh`. */
struct load_connection;
struct load_connection *load_connection_open(const struct load_target *target, bool fresh);
void load_connection_close(struct load_connection *connection); /* NULL is allowed */

/*
 * POST (body.data not NULL) or GET of the target's URL with "?operation=OPERATION", and, for a GET
 * with a message, "&message=" and its Base64, percent-encoded. `answer` is cleared first. Returns
 * the HTTP status, 0 when there was none: then load_connection_problem says why.
 */
long load_exchange(struct load_connection *connection, const char *operation, struct bytes body,
                   bool get, struct buffer *answer);
/* GET of any URL. */
long load_get(struct load_connection *connection, const char *url, struct buffer *answer);
const char *load_connection_problem(const struct load_connection *connection);

#endif
