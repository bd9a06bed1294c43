/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/server_cert.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/ip_prefix.h"
#include "base/limits.h"
#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/ca_pkcs12.h"
#include "ca/cert_chain.h"
#include "model/certificate.h"

#define SERVER_RSA_BITS_MIN 2048

void server_cert_clear(struct server_cert *s)
{
    if (s == NULL) {
        return;
    }
    X509_free(s->cert);
    EVP_PKEY_free(s->key);
    cert_chain_free(s->chain);
    *s = (struct server_cert){ .cert = NULL };
}

/* ---- checks --------------------------------------------------------------------------------- */

static bool check_key(EVP_PKEY *key, const char *file, struct error *err)
{
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    int bits = EVP_PKEY_get_bits(key);

    if (ca_key_digest(key) == NULL) {
        ERR_clear_error();
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "%s: the key is neither RSA nor EC on a named curve P-256, P-384 or "
                         "P-521; get a certificate with such a key",
                         file);
    }
    if (is_rsa && (bits < SERVER_RSA_BITS_MIN || bits > (int)LIMIT_RSA_BITS_MAX)) {
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "%s: the RSA key has %d bits, 2048 to %u are possible; get a certificate "
                         "with such a key",
                         file, bits, LIMIT_RSA_BITS_MAX);
    }
    return ca_key_check_pair(key, err) || error_context(err, "%s", file);
}

static bool check_use(X509 *cert, const char *file, struct error *err)
{
    uint32_t flags = X509_get_extension_flags(cert);

    if ((flags & EXFLAG_INVALID) != 0) {
        return ca_error_openssl(err, REASON_CERT_UNREADABLE, "%s: an extension is malformed", file);
    }
    /* Browsers refuse one, and whoever steals this key could issue whatever it liked. */
    if ((flags & EXFLAG_CA) != 0) {
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "%s: the certificate is a CA's (basicConstraints CA:TRUE), which a server "
                         "must not present; get a server certificate, or make one: openndes tls "
                         "issue",
                         file);
    }
    if ((flags & EXFLAG_XKUSAGE) != 0
        && (X509_get_extended_key_usage(cert) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0) {
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "%s: the certificate's extended key usage lacks serverAuth (server "
                         "authentication); get one from a template for web servers, or make one: "
                         "openndes tls issue",
                         file);
    }
    return true;
}

/* ---- making --------------------------------------------------------------------------------- */

/*
 * Parents out of the pool, as far as there are any. A root is left out: clients have it or will not
 * believe it (RFC 8446 4.4.2).
 */
static STACK_OF(X509) * make_chain(X509 *cert, STACK_OF(X509) * pool, struct error *err)
{
    STACK_OF(X509) *built = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool ok = chain != NULL;

    ERR_set_mark();
    built = X509_build_chain(cert, pool, NULL, 0, NULL, NULL);
    ERR_pop_to_mark();
    for (int i = 0; ok && i < sk_X509_num(built); i++) {
        X509 *parent = sk_X509_value(built, i);

        if (X509_cmp(parent, cert) != 0) {
            ok = X509_add_cert(chain, parent, X509_ADD_FLAG_UP_REF) == 1;
        }
    }
    cert_chain_free(built);
    if (!ok) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        cert_chain_free(chain);
        chain = NULL;
    }
    return chain;
}

static bool make(EVP_PKEY *key, STACK_OF(X509) * pool, const char *file, struct server_cert *out,
                 struct error *err)
{
    X509 *cert = cert_chain_find(pool, key);
    STACK_OF(X509) *chain = NULL;

    if (cert == NULL) {
        return error_set(err, REASON_KEY_MISMATCH, "%s: no certificate in it belongs to the key",
                         file);
    }
    if (!check_key(key, file, err) || !check_use(cert, file, err)) {
        return false;
    }
    chain = make_chain(cert, pool, err);
    if (chain == NULL) {
        return false;
    }
    (void)X509_up_ref(cert);
    (void)EVP_PKEY_up_ref(key);
    *out = (struct server_cert){ cert, key, chain };
    return true;
}

bool server_cert_make(struct evp_pkey_st *key, struct bytes content, const char *file,
                      struct server_cert *out, struct error *err)
{
    STACK_OF(X509) *pool = sk_X509_new_null();
    bool ok = false;

    if (pool == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
    }
    ok = cert_chain_parse(content, file, pool, err) && make(key, pool, file, out, err);
    cert_chain_free(pool);
    return ok;
}

/* The sealed password may be of an earlier file that needed one. */
static EVP_PKEY *read_pkcs12(const struct server_cert_source *source, STACK_OF(X509) * pool,
                             struct error *err)
{
    struct error without = ERROR_INIT;
    EVP_PKEY *key = NULL;

    if (source->password != NULL) {
        key = ca_pkcs12_read(source->certificate, source->certificate_file, NULL, pool, &without);
    }
    return key != NULL ? key
                       : ca_pkcs12_read(source->certificate, source->certificate_file,
                                        source->password, pool, err);
}

static bool make_from_pkcs12(const struct server_cert_source *source, struct server_cert *out,
                             struct error *err)
{
    STACK_OF(X509) *pool = sk_X509_new_null();
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (pool == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
    }
    key = read_pkcs12(source, pool, err);
    ok = key != NULL && make(key, pool, source->certificate_file, out, err);
    EVP_PKEY_free(key);
    cert_chain_free(pool);
    return ok;
}

bool server_cert_read(const struct server_cert_source *source, struct server_cert *out,
                      struct error *err)
{
    const char *key_file = source->key_file != NULL ? source->key_file : source->certificate_file;
    struct bytes key_bytes = source->key_file != NULL ? source->key : source->certificate;
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (server_cert_is_pkcs12(source->certificate)) {
        if (source->key_file != NULL) {
            return error_set(err, REASON_TLS_CERTIFICATE,
                             "%s is a PKCS#12 file, which holds its key: give no key file with it",
                             source->certificate_file);
        }
        return make_from_pkcs12(source, out, err);
    }
    key = ca_key_parse(key_bytes, key_file, source->password, err);
    ok = key != NULL
         && server_cert_make(key, source->certificate, source->certificate_file, out, err);
    if (!ok && source->key_file != NULL && error_is_set(err)
        && err->reason == REASON_KEY_MISMATCH) {
        (void)error_context(err, "key %s", key_file);
    }
    EVP_PKEY_free(key);
    return ok;
}

/* ---- looking at content --------------------------------------------------------------------- */

bool server_cert_is_pkcs12(struct bytes content)
{
    const unsigned char *p = content.data;
    PKCS12 *p12 = NULL;

    if (content.len == 0 || content.len > LIMIT_PEM_FILE_BYTES) {
        return false;
    }
    ERR_set_mark();
    p12 = d2i_PKCS12(NULL, &p, (long)content.len);
    ERR_pop_to_mark();
    PKCS12_free(p12);
    return p12 != NULL;
}

bool server_cert_holds_key(struct bytes content)
{
    static const char mark[] = "PRIVATE KEY-----";

    for (size_t i = 0; i + sizeof(mark) - 1 <= content.len; i++) {
        if (memcmp(content.data + i, mark, sizeof(mark) - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- facts ---------------------------------------------------------------------------------- */

bool server_cert_pem(const struct server_cert *s, struct buffer *out, struct error *err)
{
    return certificate_pem(s->cert, out, err) && cert_chain_pem(s->chain, out, err);
}

bool server_cert_equal(const struct server_cert *a, const struct server_cert *b)
{
    if (a->cert == NULL || b->cert == NULL) {
        return a->cert == b->cert;
    }
    if (X509_cmp(a->cert, b->cert) != 0 || sk_X509_num(a->chain) != sk_X509_num(b->chain)) {
        return false;
    }
    for (int i = 0; i < sk_X509_num(a->chain); i++) {
        if (X509_cmp(sk_X509_value(a->chain, i), sk_X509_value(b->chain, i)) != 0) {
            return false;
        }
    }
    return true;
}

static bool append_name(const GENERAL_NAME *name, struct buffer *out, struct error *err)
{
    const char *separator = out->len == 0 ? "" : ", ";
    struct ip_address address = { .v6 = false };
    char text[300];

    if (name->type == GEN_DNS) {
        text_escape(text, sizeof(text),
                    bytes_of(ASN1_STRING_get0_data(name->d.dNSName),
                             (size_t)ASN1_STRING_length(name->d.dNSName)));
        return buffer_printf(out, err, "%s%s", separator, text);
    }
    if (name->type == GEN_IPADD) {
        int len = ASN1_STRING_length(name->d.iPAddress);

        if (len == 4 || len == 16) {
            address.v6 = len == 16;
            memcpy(address.octets, ASN1_STRING_get0_data(name->d.iPAddress), (size_t)len);
            ip_address_format(&address, text);
            return buffer_printf(out, err, "%s%s", separator, text);
        }
    }
    return true; /* nothing a client compares with the host it wanted */
}

bool server_cert_names(const struct server_cert *s, struct buffer *out, struct error *err)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(s->cert, NID_subject_alt_name, NULL, NULL);
    bool ok = true;

    for (int i = 0; ok && i < sk_GENERAL_NAME_num(names); i++) {
        ok = append_name(sk_GENERAL_NAME_value(names, i), out, err);
    }
    GENERAL_NAMES_free(names);
    return ok;
}

bool server_cert_covers(const struct server_cert *s, const char *host)
{
    /* Clients of today look at alternative names only (RFC 6125 6.4.4). */
    const unsigned flags =
        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    struct ip_address address;
    struct error ignored = ERROR_INIT;

    if (ip_address_parse(bytes_of_text(host), &address, &ignored)) {
        return X509_check_ip(s->cert, address.octets, address.v6 ? 16 : 4, 0) == 1;
    }
    return X509_check_host(s->cert, host, 0, flags, NULL) == 1;
}

bool server_cert_may_sign(const struct server_cert *s)
{
    return (X509_get_key_usage(s->cert) & KU_DIGITAL_SIGNATURE) != 0;
}

void server_cert_key_text(const struct server_cert *s, char *text, size_t size)
{
    int bits = EVP_PKEY_get_bits(s->key);
    const char *kind = EVP_PKEY_get_base_id(s->key) == EVP_PKEY_RSA ? "RSA " : "EC P-";

    if (!text_format(text, size, "%s%d", kind, bits)) {
        text[0] = '\0';
    }
}

size_t server_cert_chain_length(const struct server_cert *s)
{
    int count = sk_X509_num(s->chain);

    return count > 0 ? (size_t)count : 0;
}
