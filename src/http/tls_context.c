/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_context.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "platform/threads.h"

#define OPENSSL_TEXT_MAX 160
#define SECURITY_LEVEL 2      /* 112 bits: RSA from 2048, no SHA-1 signatures */
#define RECORD_BYTES_MAX 8192 /* of what we send: halves a connection's write buffer */

/* TLS 1.2: forward secrecy and authenticated encryption, nothing else. RFC 9325 4.2. */
#define CIPHERS_1_2                                                                                \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* The identity and all settings are one SSL_CTX: a swap is one pointer. */
struct tls_context {
    enum tls_version min_version; /* constant */
    pthread_mutex_t lock;         /* guards what follows */
    SSL_CTX *ssl;                 /* NULL: no identity yet */
    struct tls_binding binding;
};

/* What OpenSSL says about its first failure; the texts name no key material. */
static bool refuse(struct error *err, const char *what)
{
    char text[OPENSSL_TEXT_MAX] = "no reason given";
    unsigned long number = ERR_get_error();

    if (number != 0) {
        ERR_error_string_n(number, text, sizeof(text));
    }
    ERR_clear_error();
    return error_set(err, REASON_TLS_CERTIFICATE, "%s: %s", what, text);
}

/* ---- channel binding ------------------------------------------------------------------------- */

/*
 * RFC 5929 4.1: the digest of the certificate's signature algorithm, SHA-256 in place of MD5 and
 * SHA-1. An algorithm with no digest of its own has no binding.
 */
static bool compute_binding(X509 *cert, struct tls_binding *out, struct error *err)
{
    const EVP_MD *md = NULL;
    unsigned len = 0;
    int digest = NID_undef;

    out->len = 0;
    if (X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1 || digest == NID_undef) {
        ERR_clear_error();
        return true;
    }
    if (digest == NID_md5 || digest == NID_sha1 || digest == NID_md5_sha1) {
        digest = NID_sha256;
    }
    md = EVP_get_digestbynid(digest);
    if (md == NULL || EVP_MD_get_size(md) > (int)sizeof(out->digest)
        || X509_digest(cert, md, out->digest, &len) != 1) {
        return refuse(err, "the certificate's digest cannot be computed");
    }
    out->len = len;
    return true;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* RFC 7301 3.2: a client that names protocols, and HTTP/1.1 is not one of them, is turned away. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    static const unsigned char http_1_1[] = "http/1.1";
    const unsigned char wanted_len = sizeof(http_1_1) - 1;
    unsigned pos = 0;

    (void)ssl;
    (void)context;
    while (pos < offered_len) {
        unsigned char len = offered[pos];

        if (len > offered_len - pos - 1) break;
        if (len == wanted_len && memcmp(offered + pos + 1, http_1_1, wanted_len) == 0) {
            *out = http_1_1;
            *out_len = wanted_len;
            return SSL_TLSEXT_ERR_OK;
        }
        pos += 1u + len;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * Elliptic curves only: with the library's defaults a client may ask for an exchange in an 8192-bit
 * finite field, which costs us far more than it. The first list needs a library with ML-KEM.
 */
static bool set_groups(SSL_CTX *ssl)
{
    static const char *const lists[] = { "X25519MLKEM768:X25519:P-256:P-384",
                                         "X25519:P-256:P-384" };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (SSL_CTX_set1_groups_list(ssl, lists[i]) == 1) return true;
        ERR_clear_error();
    }
    return false;
}

/*
 * No resumption, neither tickets nor a cache: a resumed session would go on with a certificate that
 * has been exchanged meanwhile, and its channel binding would be another than the one we tell; a
 * ticket key takes forward secrecy away from all sessions it wrapped. Clients of this server make
 * a handful of requests and keep one connection for them: there is nothing to win.
 */
static bool set_up(SSL_CTX *ssl, enum tls_version min_version)
{
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                       | SSL_OP_CIPHER_SERVER_PREFERENCE
                                       | SSL_OP_NO_TICKET
                                       /* HTTP says by itself where a message ends */
                                       | SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                    | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL); /* clients have no certificate yet */
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    SSL_CTX_set_alpn_select_cb(ssl, select_protocol, NULL);
    return SSL_CTX_set_min_proto_version(ssl, min_version == TLS_VERSION_1_3 ? TLS1_3_VERSION
                                                                             : TLS1_2_VERSION)
               == 1
           && SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1
           && SSL_CTX_set_num_tickets(ssl, 0) == 1
           && SSL_CTX_set_max_send_fragment(ssl, RECORD_BYTES_MAX) == 1
           && SSL_CTX_set_cipher_list(ssl, CIPHERS_1_2) == 1 && set_groups(ssl);
}

static bool present(SSL_CTX *ssl, const struct tls_identity *identity, struct error *err)
{
    if (SSL_CTX_use_certificate(ssl, identity->cert) != 1) {
        return refuse(err, "the server's certificate cannot be used");
    }
    if (SSL_CTX_use_PrivateKey(ssl, identity->key) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        return refuse(err, "the private key does not belong to the server's certificate");
    }
    if (identity->chain != NULL && SSL_CTX_set1_chain(ssl, identity->chain) != 1) {
        return refuse(err, "the chain of the server's certificate cannot be used");
    }
    /* otherwise OpenSSL looks for issuers by itself */
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
    return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct tls_context *tls_context_create(enum tls_version min_version, struct error *err)
{
    struct tls_context *context = calloc(1, sizeof(*context));

    if (context == NULL || pthread_mutex_init(&context->lock, NULL) != 0) {
        free(context);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for TLS");
        return NULL;
    }
    context->min_version = min_version;
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL) return;
    SSL_CTX_free(context->ssl);
    (void)pthread_mutex_destroy(&context->lock);
    free(context);
}

bool tls_context_set(struct tls_context *context, const struct tls_identity *identity,
                     struct error *err)
{
    struct tls_binding binding;
    SSL_CTX *ssl = NULL;
    SSL_CTX *former = NULL;
    bool done = false;

    ERR_clear_error();
    memset(&binding, 0, sizeof(binding));
    if (identity->cert == NULL || identity->key == NULL) {
        return error_set(err, REASON_TLS_CERTIFICATE, "HTTPS needs a certificate and its key");
    }
    ssl = SSL_CTX_new(TLS_server_method());
    if (ssl == NULL) {
        ERR_clear_error();
        return error_set(err, REASON_NO_MEMORY, "out of memory for TLS");
    }
    if (!set_up(ssl, context->min_version)) {
        (void)refuse(err, "TLS cannot be set up");
        goto out;
    }
    if (!present(ssl, identity, err) || !compute_binding(identity->cert, &binding, err)) goto out;
    (void)pthread_mutex_lock(&context->lock);
    former = context->ssl;
    context->ssl = ssl;
    context->binding = binding;
    (void)pthread_mutex_unlock(&context->lock);
    ssl = former; /* connections that are open hold it */
    done = true;
out:
    SSL_CTX_free(ssl);
    return done;
}

struct ssl_st *tls_context_accept(struct tls_context *context, struct tls_binding *binding,
                                  struct error *err)
{
    SSL_CTX *now = NULL;
    SSL *ssl = NULL;

    (void)pthread_mutex_lock(&context->lock);
    now = context->ssl;
    if (now != NULL && SSL_CTX_up_ref(now) != 1) {
        now = NULL;
    }
    *binding = context->binding;
    (void)pthread_mutex_unlock(&context->lock);
    if (now == NULL) {
        (void)error_set(err, REASON_TLS_CERTIFICATE, "there is no certificate for HTTPS");
        return NULL;
    }
    ssl = SSL_new(now);
    SSL_CTX_free(now);
    if (ssl == NULL) {
        ERR_clear_error();
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a TLS connection");
        return NULL;
    }
    SSL_set_accept_state(ssl);
    return ssl;
}
