/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a TLS client under a raw client, and identities for the server of a test.
 * Not here: HTTP (raw_client.h).
 * Owns:     see the functions.
 * Threads:  a client belongs to one thread.
 * Spec:     RFC 8446, RFC 5246, RFC 5929.
 */
#ifndef OPENNDES_TESTS_HTTP_TLS_CLIENT_H
#define OPENNDES_TESTS_HTTP_TLS_CLIENT_H

#include "http/raw_client.h"
#include "http/tls_context.h"

enum test_key { TEST_KEY_EC, TEST_KEY_RSA_2048, TEST_KEY_RSA_1024, TEST_KEY_ED25519 };

/*
 * A self-signed certificate for "localhost" with this subject, signed with the digest ("SHA256";
 * NULL: none, for Ed25519). NULL when the library refuses.
 */
struct tls_identity *test_identity_create(enum test_key key, const char *name, const char *digest);
void test_identity_free(struct tls_identity *identity);
/* DER of its certificate under this digest: what tls-server-end-point has to be. */
void test_identity_digest(const struct tls_identity *identity, const char *digest,
                          struct tls_binding *out);

struct tls_client_options {
    int min_version; /* TLS1_2_VERSION ...; 0: any */
    int max_version;
    const char *alpn;    /* in wire form: "\x08http/1.1"; NULL: none */
    const char *ciphers; /* of TLS 1.2; NULL: the library's */
};

/*
 * Connect and shake hands. NULL when that fails: *why (may be NULL) gets the library's reason. The
 * certificate is taken as it comes: tls_client_name tells which.
 */
struct raw_client *tls_client_connect(const struct ip_address *address, uint16_t port,
                                      const struct tls_client_options *options, const char **why);
/* The handshake alone, on a connection that has said nothing yet. */
MUST_USE bool tls_client_handshake(struct raw_client *client,
                                   const struct tls_client_options *options, const char **why);
/* Of the newest handshake. The client must be one of tls_client_connect. */
const char *tls_client_version(const struct raw_client *client); /* "TLSv1.3" */
const char *tls_client_cipher(const struct raw_client *client);
/* The common name of the server's certificate. */
void tls_client_name(const struct raw_client *client, char *name, size_t size);
/* The protocol that the server chose; empty: none. */
struct bytes tls_client_alpn(const struct raw_client *client);
/* The digest of the certificate that the server sent. */
void tls_client_binding(const struct raw_client *client, const char *digest,
                        struct tls_binding *out);
/* Has the server offered a ticket or a session that could be resumed? */
bool tls_client_resumable(const struct raw_client *client);
/* Has the server said that nothing more comes (close_notify), not only closed? */
bool tls_client_was_told(const struct raw_client *client);
/* Say that nothing more comes and go on reading. */
void tls_client_end_sending(struct raw_client *client);
/* Close with a reset, without a word before it. */
void tls_client_reset(struct raw_client *client);
/* Ask for a new handshake on the connection (TLS 1.2); true when the server goes along. */
bool tls_client_renegotiate(struct raw_client *client);

#endif
