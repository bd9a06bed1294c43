/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_peer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "support/test_support.h"

#include "base/text.h"
#include "platform/threads.h"

#define DAY_SECONDS 86400L
#define HEAD_MAX 131072u
#define BODY_MAX 1048576u
#define SEEN_MAX 4194304u
#define WAIT_MS 20000

/* ---- certificates ---------------------------------------------------------------------------- */

struct test_pki {
    EVP_PKEY *key;
    X509 *cert;
    int serial;
};

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, int serial, long from, long to)
{
    X509 *cert = X509_new();

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), from * DAY_SECONDS));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), to * DAY_SECONDS));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    return cert;
}

struct test_pki *test_pki_create(const char *name)
{
    struct test_pki *pki = calloc(1, sizeof(*pki));

    assert_non_null(pki);
    pki->key = EVP_EC_gen("P-256");
    assert_non_null(pki->key);
    pki->cert = new_certificate(pki->key, name, 1, -30, 30);
    pki->serial = 1;
    assert_int_equal(X509_set_issuer_name(pki->cert, X509_get_subject_name(pki->cert)), 1);
    add_extension(pki->cert, pki->cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(pki->cert, pki->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    assert_true(X509_sign(pki->cert, pki->key, EVP_sha256()) > 0);
    return pki;
}

void test_pki_free(struct test_pki *pki)
{
    if (pki == NULL) return;
    X509_free(pki->cert);
    EVP_PKEY_free(pki->key);
    free(pki);
}

void test_pki_pem(const struct test_pki *pki, struct buffer *out)
{
    struct error err = ERROR_INIT;
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    assert_int_equal(PEM_write_bio_X509(bio, pki->cert), 1);
    len = BIO_get_mem_data(bio, &data);
    assert_true(buffer_append(out, data, (size_t)len, &err));
    BIO_free(bio);
}

void test_pki_der(const struct test_pki *pki, struct buffer *out)
{
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_X509(pki->cert, &der);

    assert_true(len > 0);
    assert_true(buffer_append(out, der, (size_t)len, &err));
    OPENSSL_free(der);
}

struct tls_identity *test_pki_server(const struct test_pki *pki, const char *names, long from_days,
                                     long to_days)
{
    struct tls_identity *identity = calloc(1, sizeof(*identity));
    static int serial = 1;

    assert_non_null(identity);
    identity->key = EVP_EC_gen("P-256");
    assert_non_null(identity->key);
    identity->cert = new_certificate(identity->key, "peer", ++serial, from_days, to_days);
    assert_int_equal(X509_set_issuer_name(identity->cert, X509_get_subject_name(pki->cert)), 1);
    add_extension(identity->cert, pki->cert, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(identity->cert, pki->cert, NID_ext_key_usage, "serverAuth");
    add_extension(identity->cert, pki->cert, NID_subject_alt_name, names);
    assert_true(X509_sign(identity->cert, pki->key, EVP_sha256()) > 0);
    return identity;
}

void test_pki_server_free(struct tls_identity *identity)
{
    if (identity == NULL) return;
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
    free(identity);
}

/* ---- the server ------------------------------------------------------------------------------ */

struct tls_peer {
    const struct tls_peer_options *options;
    SSL_CTX *context;
    struct peer_server *server;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct buffer seen;
    unsigned requests;
};

static bool say(SSL *ssl, const char *text)
{
    return SSL_write(ssl, text, (int)strlen(text)) > 0;
}

static bool read_until(SSL *ssl, struct buffer *to, const char *end, size_t more)
{
    struct error err = ERROR_INIT;
    char byte = 0;

    while (end != NULL ? strstr(buffer_text(to), end) == NULL : more > 0) {
        if (SSL_read(ssl, &byte, 1) != 1 || !buffer_append(to, &byte, 1, &err)) return false;
        more -= end == NULL ? 1 : 0;
    }
    return true;
}

static size_t body_length(const char *head)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *found = strstr(head, name);

    return found != NULL ? strtoul(found + strlen(name), NULL, 10) : 0;
}

static bool read_request(struct tls_peer *peer, SSL *ssl, struct buffer *head)
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    struct error err = ERROR_INIT;
    bool ok = false;

    buffer_reset(head);
    if (read_until(ssl, head, "\r\n\r\n", 0)
        && read_until(ssl, &body, NULL, body_length(buffer_text(head)))) {
        ok = true;
        (void)pthread_mutex_lock(&peer->lock);
        (void)!buffer_append_bytes(&peer->seen, buffer_bytes(head), &err);
        (void)!buffer_append_bytes(&peer->seen, buffer_bytes(&body), &err);
        peer->requests++;
        (void)pthread_cond_broadcast(&peer->changed);
        (void)pthread_mutex_unlock(&peer->lock);
    }
    buffer_clear(&body);
    return ok;
}

/* Until the client leaves, or the server ends. */
static void wait_for_end(SSL *ssl)
{
    char byte = 0;

    while (SSL_read(ssl, &byte, 1) == 1) {
    }
}

static bool path_is(const char *head, const char *path)
{
    const char *start = strchr(head, ' ');
    size_t len = strlen(path);

    return start != NULL && strncmp(start + 1, path, len) == 0 && start[1 + len] == ' ';
}

/* Large chunks: the default limit of a body shall be reached soon. */
static void say_endlessly(SSL *ssl)
{
    char chunk[8192];
    size_t head = strlen("1f00\r\n");

    memset(chunk, 'e', sizeof(chunk));
    memcpy(chunk, "1f00\r\n", head);
    memcpy(chunk + head + 0x1f00, "\r\n", 3);
    while (say(ssl, chunk)) {
    }
}

/* True: one of those that never end well. */
static bool misbehave(SSL *ssl, const char *head)
{
    if (path_is(head, "/silent")) {
        wait_for_end(ssl);
    } else if (path_is(head, "/slow-body")) {
        (void)say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf.");
        wait_for_end(ssl);
    } else if (path_is(head, "/endless")) {
        (void)say(ssl, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        say_endlessly(ssl);
    } else if (path_is(head, "/endless-head")) {
        (void)say(ssl, "HTTP/1.1 200 OK\r\n");
        while (say(ssl, "X-More: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n")) {
        }
    } else {
        return path_is(head, "/hang-up");
    }
    return true;
}

static const char *find_answer(const struct tls_peer *peer, const char *head)
{
    for (size_t i = 0; i < peer->options->answer_count; i++) {
        if (path_is(head, peer->options->answers[i].path)) return peer->options->answers[i].bytes;
    }
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}

static void serve(void *context, socket_handle s)
{
    struct tls_peer *peer = context;
    struct buffer head = BUFFER_INIT(HEAD_MAX);
    SSL *ssl = SSL_new(peer->context);

    if (ssl != NULL && SSL_set_fd(ssl, (int)s) == 1 && SSL_accept(ssl) == 1) {
        while (read_request(peer, ssl, &head) && !misbehave(ssl, buffer_text(&head))
               && say(ssl, find_answer(peer, buffer_text(&head)))) {
        }
    }
    SSL_free(ssl);
    ERR_clear_error();
    buffer_clear(&head);
}

struct tls_peer *tls_peer_start(const struct tls_peer_options *options)
{
    struct tls_peer *peer = calloc(1, sizeof(*peer));
    struct error err = ERROR_INIT;

    assert_non_null(peer);
    peer->options = options;
    peer->seen.max = SEEN_MAX;
    assert_int_equal(pthread_mutex_init(&peer->lock, NULL), 0);
    assert_done(thread_cond_init(&peer->changed, &err), &err, "condition");
    peer->context = SSL_CTX_new(TLS_server_method());
    assert_non_null(peer->context);
    assert_int_equal(SSL_CTX_use_certificate(peer->context, options->identity->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(peer->context, options->identity->key), 1);
    if (options->max_version != 0) {
        SSL_CTX_set_security_level(peer->context, 0);
        assert_int_equal(SSL_CTX_set_min_proto_version(peer->context, TLS1_VERSION), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(peer->context, options->max_version), 1);
    }
    peer->server = peer_server_start(serve, peer);
    return peer;
}

void tls_peer_stop(struct tls_peer *peer)
{
    if (peer == NULL) return;
    peer_server_stop(peer->server);
    SSL_CTX_free(peer->context);
    buffer_clear(&peer->seen);
    (void)pthread_cond_destroy(&peer->changed);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer);
}

uint16_t tls_peer_port(const struct tls_peer *peer)
{
    return peer_server_port(peer->server);
}

void tls_peer_seen(struct tls_peer *peer, struct buffer *out)
{
    struct error err = ERROR_INIT;

    buffer_clear(out);
    out->max = SEEN_MAX;
    (void)pthread_mutex_lock(&peer->lock);
    assert_true(buffer_append_bytes(out, buffer_bytes(&peer->seen), &err));
    (void)pthread_mutex_unlock(&peer->lock);
}

unsigned tls_peer_requests(struct tls_peer *peer)
{
    unsigned requests = 0;

    (void)pthread_mutex_lock(&peer->lock);
    requests = peer->requests;
    (void)pthread_mutex_unlock(&peer->lock);
    return requests;
}

unsigned tls_peer_connections(struct tls_peer *peer)
{
    return peer_server_count(peer->server);
}

void tls_peer_wait_requests(struct tls_peer *peer, unsigned count)
{
    bool in_time = true;

    (void)pthread_mutex_lock(&peer->lock);
    while (peer->requests < count && in_time) {
        in_time = thread_cond_wait_ms(&peer->changed, &peer->lock, WAIT_MS);
    }
    in_time = peer->requests >= count;
    (void)pthread_mutex_unlock(&peer->lock);
    assert_true(in_time);
}
