/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what an HTTPS server presents: certificate, key and chain out of an administrator's
 *           files, checked for this use; facts about them.
 * Not here: where the files lie (service/tls_files.h), new certificates (server_order.h).
 * Owns:     nothing that lives on, but for struct server_cert.
 * Threads:  any thread; one owner per struct.
 * Spec:     RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12; RFC 8446 4.4.2; RFC 6125 6.4; RFC 7292.
 */
#ifndef OPENNDES_CA_SERVER_CERT_H
#define OPENNDES_CA_SERVER_CERT_H

#include "base/secret.h"

struct x509_st;
struct evp_pkey_st;
struct stack_st_X509;

struct server_cert {
    struct x509_st *cert;
    struct evp_pkey_st *key;
    struct stack_st_X509
        *chain; /* parents, the nearest first, without a root; never NULL if cert */
};

void server_cert_clear(struct server_cert *s); /* NULL is allowed */

/* An administrator's files, all borrowed; the names are only for messages. */
struct server_cert_source {
    struct bytes certificate;     /* PEM, DER, PKCS#7 or PKCS#12 */
    const char *certificate_file; /* never NULL */
    struct bytes key;
    const char *key_file;          /* NULL: the key stands in `certificate` */
    const struct secret *password; /* NULL: none */
};

/*
 * Read and check. Certificates of a PEM file may stand in any order; what is no parent is left out.
 * A password that a PKCS#12 file does not need is no failure.
 * Errors: REASON_KEY_PASSWORD, REASON_KEY_UNREADABLE, REASON_CERT_UNREADABLE, REASON_LIMIT, and as
 * server_cert_make.
 */
MUST_USE bool server_cert_read(const struct server_cert_source *source, struct server_cert *out,
                               struct error *err);
/*
 * Of the certificates in `content` the one for this key, checked, and its parents. A reference on
 * the key is taken. Errors: REASON_KEY_MISMATCH, REASON_KEY_UNREADABLE (damaged),
 * REASON_TLS_CERTIFICATE (not fit for a server: a CA's, other purposes, weak key),
 * REASON_CERT_UNREADABLE. Times are not looked at.
 */
MUST_USE bool server_cert_make(struct evp_pkey_st *key, struct bytes content, const char *file,
                               struct server_cert *out, struct error *err);

/* By content: .pfx and .p12 are often named otherwise. */
bool server_cert_is_pkcs12(struct bytes content);
/* Does a PEM file hold a private key? */
bool server_cert_holds_key(struct bytes content);

/* Append the certificate and its chain as PEM. */
MUST_USE bool server_cert_pem(const struct server_cert *s, struct buffer *out, struct error *err);
/* The same certificate and chain, byte for byte; two empty ones are the same. */
bool server_cert_equal(const struct server_cert *a, const struct server_cert *b);
/* Append the subject alternative names that a server has: "scep.example.com, 192.0.2.1". */
MUST_USE bool server_cert_names(const struct server_cert *s, struct buffer *out, struct error *err);
/* Would a client that connects to this host name or address accept the names? */
bool server_cert_covers(const struct server_cert *s, const char *host);
/* keyUsage digitalSignature, which every cipher suite of TLS 1.3 needs; also without keyUsage. */
bool server_cert_may_sign(const struct server_cert *s);
/* "RSA 2048", "EC P-256" */
void server_cert_key_text(const struct server_cert *s, char *text, size_t size);
size_t server_cert_chain_length(const struct server_cert *s);

#endif
