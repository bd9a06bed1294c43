/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_client.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/raw_socket.h"

#define DAY_SECONDS 86400L

/* ---- identities ------------------------------------------------------------------------------ */

static EVP_PKEY *new_key(enum test_key key)
{
    switch (key) {
    case TEST_KEY_EC:
        return EVP_EC_gen("P-256");
    case TEST_KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case TEST_KEY_RSA_1024:
        return EVP_RSA_gen(1024);
    case TEST_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    return NULL;
}

static bool self_sign(X509 *cert, EVP_PKEY *key, const char *name, const char *digest)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    EVP_MD *md = digest != NULL ? EVP_MD_fetch(NULL, digest, NULL) : NULL;
    bool done = X509_set_version(cert, X509_VERSION_3) == 1
                && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1
                && X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_SECONDS) != NULL
                && X509_gmtime_adj(X509_getm_notAfter(cert), DAY_SECONDS) != NULL
                && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                              (const unsigned char *)name, -1, -1, 0)
                       == 1
                && X509_set_issuer_name(cert, subject) == 1 && X509_set_pubkey(cert, key) == 1
                && X509_sign(cert, key, md) > 0;

    EVP_MD_free(md);
    return done;
}

struct tls_identity *test_identity_create(enum test_key key, const char *name, const char *digest)
{
    struct tls_identity *identity = calloc(1, sizeof(*identity));

    if (identity == NULL) return NULL;
    identity->key = new_key(key);
    identity->cert = X509_new();
    if (identity->key == NULL || identity->cert == NULL
        || !self_sign(identity->cert, identity->key, name, digest)) {
        test_identity_free(identity);
        ERR_clear_error();
        return NULL;
    }
    return identity;
}

void test_identity_free(struct tls_identity *identity)
{
    if (identity == NULL) return;
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
    free(identity);
}

static void digest_of(X509 *cert, const char *digest, struct tls_binding *out)
{
    unsigned len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);

    memset(out, 0, sizeof(*out));
    if (md != NULL && X509_digest(cert, md, out->digest, &len) == 1) {
        out->len = len;
    }
    EVP_MD_free(md);
}

void test_identity_digest(const struct tls_identity *identity, const char *digest,
                          struct tls_binding *out)
{
    digest_of(identity->cert, digest, out);
}

/* ---- the transport --------------------------------------------------------------------------- */

static size_t tls_send(void *context, struct bytes data)
{
    int rc = SSL_write(context, data.data, (int)data.len);

    ERR_clear_error();
    return rc > 0 ? (size_t)rc : 0;
}

/* A connection that times out is in the same state as one that has nothing to say: not ended. */
static size_t tls_receive(void *context, void *data, size_t size, bool *ended)
{
    int rc = SSL_read(context, data, (int)size);

    *ended = rc <= 0 && SSL_get_error(context, rc) != SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return rc > 0 ? (size_t)rc : 0;
}

static void tls_free(void *context)
{
    SSL *ssl = context;

    (void)SSL_shutdown(ssl);
    ERR_clear_error();
    SSL_free(ssl);
}

static const struct raw_transport transport = { tls_send, tls_receive, tls_free };

/* ---- the client ------------------------------------------------------------------------------ */

/* Level 0: old versions must be offered for the server to refuse them. */
static SSL *new_session(const struct tls_client_options *options)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    if (context == NULL) return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_security_level(context, 0);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    if (SSL_CTX_set_min_proto_version(context, options->min_version) == 1
        && SSL_CTX_set_max_proto_version(context, options->max_version) == 1
        && (options->ciphers == NULL || SSL_CTX_set_cipher_list(context, options->ciphers) == 1)
        && (options->alpn == NULL
            || SSL_CTX_set_alpn_protos(context, (const unsigned char *)options->alpn,
                                       (unsigned)strlen(options->alpn))
                   == 0)) {
        ssl = SSL_new(context);
    }
    SSL_CTX_free(context);
    return ssl;
}

bool tls_client_handshake(struct raw_client *client, const struct tls_client_options *options,
                          const char **why)
{
    const struct tls_client_options standard = { 0, 0, NULL, NULL };
    SSL *ssl = new_session(options != NULL ? options : &standard);
    const char *reason = NULL;

    ERR_clear_error();
    if (ssl != NULL && SSL_set_fd(ssl, (int)raw_client_socket(client)) == 1
        && SSL_connect(ssl) == 1) {
        raw_client_use(client, &transport, ssl);
        return true;
    }
    if (why != NULL) {
        reason = ERR_reason_error_string(ERR_peek_error());
        *why = reason != NULL ? reason : "closed";
    }
    ERR_clear_error();
    SSL_free(ssl);
    return false;
}

struct raw_client *tls_client_connect(const struct ip_address *address, uint16_t port,
                                      const struct tls_client_options *options, const char **why)
{
    struct raw_client *client = raw_client_connect(address, port);

    if (client != NULL && tls_client_handshake(client, options, why)) return client;
    raw_client_close(client);
    return NULL;
}

static SSL *session_of(const struct raw_client *client)
{
    return raw_client_context(client);
}

const char *tls_client_version(const struct raw_client *client)
{
    return SSL_get_version(session_of(client));
}

const char *tls_client_cipher(const struct raw_client *client)
{
    return SSL_get_cipher_name(session_of(client));
}

void tls_client_name(const struct raw_client *client, char *name, size_t size)
{
    X509 *cert = SSL_get1_peer_certificate(session_of(client));

    name[0] = '\0';
    if (cert != NULL) {
        (void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
                                        (int)size);
    }
    X509_free(cert);
}

struct bytes tls_client_alpn(const struct raw_client *client)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(session_of(client), &name, &len);
    return bytes_of(name, len);
}

void tls_client_binding(const struct raw_client *client, const char *digest,
                        struct tls_binding *out)
{
    X509 *cert = SSL_get1_peer_certificate(session_of(client));

    memset(out, 0, sizeof(*out));
    if (cert != NULL) {
        digest_of(cert, digest, out);
    }
    X509_free(cert);
}

bool tls_client_resumable(const struct raw_client *client)
{
    SSL_SESSION *session = SSL_get1_session(session_of(client));
    unsigned id_len = 0;
    bool resumable = false;

    if (session == NULL) return false;
    (void)SSL_SESSION_get_id(session, &id_len);
    resumable = SSL_SESSION_is_resumable(session) == 1
                && (id_len > 0 || SSL_SESSION_has_ticket(session) == 1);
    SSL_SESSION_free(session);
    return resumable;
}

bool tls_client_was_told(const struct raw_client *client)
{
    return (SSL_get_shutdown(session_of(client)) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void tls_client_end_sending(struct raw_client *client)
{
    (void)SSL_shutdown(session_of(client));
    ERR_clear_error();
}

void tls_client_reset(struct raw_client *client)
{
    SSL_set_quiet_shutdown(session_of(client), 1);
    raw_client_reset(client);
}

bool tls_client_renegotiate(struct raw_client *client)
{
    SSL *ssl = session_of(client);
    bool done = SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1;

    ERR_clear_error();
    return done;
}
