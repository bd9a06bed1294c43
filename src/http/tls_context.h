/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what HTTPS listeners present: certificate, key, chain, versions; exchanged while
 *           connections are open.
 * Not here: reading files (service/tls_files.h), connections (tls_front.h).
 * Owns:     references on certificate, key and chain.
 * Threads:  any thread; the identity is swapped as a whole.
 * Spec:     RFC 8446, RFC 5246; RFC 5929 4 (channel binding).
 */
#ifndef OPENNDES_HTTP_TLS_CONTEXT_H
#define OPENNDES_HTTP_TLS_CONTEXT_H

#include "config/service_config.h"

#define TLS_BINDING_MAX 64 /* bytes of the longest digest */

struct tls_context;
struct x509_st;
struct evp_pkey_st;
struct ssl_st;
struct stack_st_X509;

/* Borrowed by whoever is given one. */
struct tls_identity {
    struct x509_st *cert;
    struct evp_pkey_st *key;
    struct stack_st_X509 *chain; /* intermediate CAs, without cert; NULL: none */
};

/* Without an identity every handshake is refused. Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct tls_context *tls_context_create(enum tls_version min_version, struct error *err);
void tls_context_free(struct tls_context *context); /* NULL is allowed */
/*
 * What new connections get from now on; those that are open keep theirs. On failure the former
 * identity stays. Errors: REASON_TLS_CERTIFICATE (key and certificate do not belong together, key
 * too weak), REASON_NO_MEMORY.
 */
MUST_USE bool tls_context_set(struct tls_context *context, const struct tls_identity *identity,
                              struct error *err);

/* tls-server-end-point of a certificate. */
struct tls_binding {
    uint8_t digest[TLS_BINDING_MAX];
    size_t len; /* 0: RFC 5929 defines none for this signature algorithm (Ed25519, Ed448) */
};
/*
 * The server's side of a new connection with the identity that counts now (SSL_free), and the
 * channel binding of its certificate. Errors: REASON_TLS_CERTIFICATE (none yet), REASON_NO_MEMORY.
 */
struct ssl_st *tls_context_accept(struct tls_context *context, struct tls_binding *binding,
                                  struct error *err);

#endif
