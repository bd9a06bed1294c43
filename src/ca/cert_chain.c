/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/cert_chain.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "ca/ca_error.h"
#include "model/certificate.h"
#include "platform/clock.h"

struct stack_st_X509 *cert_chain_new(struct error *err)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    if (chain == NULL) {
        error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
    }
    return chain;
}

void cert_chain_free(struct stack_st_X509 *chain)
{
    sk_X509_pop_free(chain, X509_free);
}

/* Twice the chain: a file may hold each certificate twice. */
static bool add_to_pool(STACK_OF(X509) * pool, X509 *cert, const char *file, struct error *err)
{
    if (sk_X509_num(pool) >= (int)(2 * LIMIT_CHAIN_CERTIFICATES)) {
        return error_set(err, REASON_LIMIT,
                         "%s holds too many certificates; at most %u belong to "
                         "a chain",
                         file, LIMIT_CHAIN_CERTIFICATES);
    }
    if (X509_add_cert(pool, cert, X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP) != 1) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
    }
    return true;
}

static bool add_pkcs7(STACK_OF(X509) * pool, const PKCS7 *p7, const char *file, struct error *err)
{
    if (!PKCS7_type_is_signed(p7) || p7->d.sign == NULL) {
        return error_set(err, REASON_CERT_UNREADABLE, "%s is PKCS#7 without certificates", file);
    }
    for (int i = 0; i < sk_X509_num(p7->d.sign->cert); i++) {
        if (!add_to_pool(pool, sk_X509_value(p7->d.sign->cert, i), file, err)) {
            return false;
        }
    }
    return true;
}

static bool add_certificate_der(STACK_OF(X509) * pool, struct bytes der, const char *file,
                                struct error *err)
{
    X509 *cert = certificate_parse(der, err);
    bool ok = cert != NULL && add_to_pool(pool, cert, file, err);

    X509_free(cert);
    return ok;
}

static bool add_pkcs7_der(STACK_OF(X509) * pool, struct bytes der, const char *file,
                          struct error *err)
{
    const unsigned char *p = der.data;
    PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)der.len);
    bool ok = false;

    if (p7 == NULL) {
        return ca_error_openssl(err, REASON_CERT_UNREADABLE,
                                "%s holds no certificate in PEM, DER or PKCS#7", file);
    }
    ok = add_pkcs7(pool, p7, file, err);
    PKCS7_free(p7);
    return ok;
}

static bool add_der(STACK_OF(X509) * pool, struct bytes der, const char *file, struct error *err)
{
    struct error not_a_certificate = ERROR_INIT;

    return add_certificate_der(pool, der, file, &not_a_certificate)
           || add_pkcs7_der(pool, der, file, err);
}

static bool add_pem_block(STACK_OF(X509) * pool, const char *type, struct bytes der,
                          const char *file, struct error *err)
{
    if (strcmp(type, PEM_STRING_X509) == 0 || strcmp(type, PEM_STRING_X509_OLD) == 0) {
        return add_certificate_der(pool, der, file, err) || error_context(err, "%s", file);
    }
    if (strcmp(type, PEM_STRING_PKCS7) == 0) {
        return add_pkcs7_der(pool, der, file, err);
    }
    return true; /* a key in the same file, for example */
}

static bool add_pem(STACK_OF(X509) * pool, struct bytes content, const char *file,
                    struct error *err)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
    char *type = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    bool ok = bio != NULL || error_set(err, REASON_NO_MEMORY, "%s: out of memory", file);

    while (ok && PEM_read_bio(bio, &type, &header, &der, &len) == 1) {
        ok = add_pem_block(pool, type, bytes_of(der, (size_t)len), file, err);
        OPENSSL_free(type);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len); /* it may have been a key */
    }
    /* Anything but "no further block" is a damaged block. */
    if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        ok = ca_error_openssl(err, REASON_CERT_UNREADABLE, "%s: a PEM block is damaged", file);
    }
    ERR_clear_error();
    BIO_free(bio);
    return ok;
}

bool cert_chain_parse(struct bytes content, const char *file, struct stack_st_X509 *pool,
                      struct error *err)
{
    static const char begin[] = "-----BEGIN ";
    int before = sk_X509_num(pool);
    bool is_pem = false;

    if (content.len == 0 || content.len > LIMIT_PEM_FILE_BYTES) {
        return error_set(err, REASON_CERT_UNREADABLE, "%s is empty or too large", file);
    }
    for (size_t i = 0; !is_pem && i + sizeof(begin) <= content.len; i++) {
        is_pem = memcmp(content.data + i, begin, sizeof(begin) - 1) == 0;
    }
    ERR_clear_error();
    if (!(is_pem ? add_pem(pool, content, file, err) : add_der(pool, content, file, err))) {
        return false;
    }
    if (sk_X509_num(pool) == before && before == 0) {
        return error_set(err, REASON_CERT_UNREADABLE, "%s holds no certificate", file);
    }
    return true;
}

struct x509_st *cert_chain_find(const struct stack_st_X509 *pool, const struct evp_pkey_st *key)
{
    X509 *found = NULL;

    ERR_set_mark();
    for (int i = 0; found == NULL && i < sk_X509_num(pool); i++) {
        X509 *cert = sk_X509_value(pool, i);
        EVP_PKEY *own = X509_get0_pubkey(cert);

        if (own != NULL && EVP_PKEY_eq(own, key) == 1) {
            found = cert;
        }
    }
    ERR_pop_to_mark();
    return found;
}

/* Names, key identifiers and the right to sign (X509_check_issued), then the signature itself. */
static bool is_parent(X509 *parent, X509 *child)
{
    bool is = false;

    ERR_set_mark();
    is = X509_check_issued(parent, child) == X509_V_OK
         && (X509_get_extension_flags(parent) & (EXFLAG_CA | EXFLAG_V1)) != 0
         && X509_verify(child, X509_get0_pubkey(parent)) == 1;
    ERR_pop_to_mark();
    return is;
}

/* Not one that is in the chain: two CAs may have signed each other. */
static X509 *find_parent(X509 *child, const STACK_OF(X509) * pool, STACK_OF(X509) * chain)
{
    if (is_parent(child, child)) {
        return NULL;
    }
    for (int i = 0; i < sk_X509_num(pool); i++) {
        X509 *candidate = sk_X509_value(pool, i);

        if (sk_X509_find(chain, candidate) < 0 && X509_cmp(candidate, child) != 0
            && is_parent(candidate, child)) {
            return candidate;
        }
    }
    return NULL;
}

/* In its time, and does it allow as many CAs below it as there are? */
static bool check_parent(X509 *parent, int cas_below, int64_t now, struct error *err)
{
    struct certificate_info info;
    char text[CLOCK_TEXT_MAX];
    long pathlen = X509_get_pathlen(parent);

    if (!certificate_info(parent, &info, err)) {
        return false;
    }
    if (pathlen >= 0 && pathlen < cas_below) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "the parent certificate \"%.200s\" allows %ld CAs below it (pathlen), "
                         "the chain has %d",
                         info.subject, pathlen, cas_below);
    }
    if (now > info.not_after) {
        clock_format(info.not_after, text);
        return error_set(err, REASON_CA_EXPIRED,
                         "the parent certificate \"%.200s\" ended at %s; give its successor or "
                         "leave it out",
                         info.subject, text);
    }
    return true;
}

static bool refuse_strangers(X509 *cert, const STACK_OF(X509) * pool, STACK_OF(X509) * chain,
                             struct error *err)
{
    struct certificate_info info;

    for (int i = 0; i < sk_X509_num(pool); i++) {
        X509 *candidate = sk_X509_value(pool, i);

        if (X509_cmp(candidate, cert) != 0 && sk_X509_find(chain, candidate) < 0) {
            if (!certificate_info(candidate, &info, err)) {
                return false;
            }
            return error_set(err, REASON_CA_UNSUITABLE,
                             "the certificate \"%.200s\" is not a parent in the CA's chain, or one "
                             "between them is missing; give exactly the chain",
                             info.subject);
        }
    }
    return true;
}

struct stack_st_X509 *cert_chain_order(struct x509_st *cert, const struct stack_st_X509 *pool,
                                       int64_t now, struct error *err)
{
    STACK_OF(X509) *chain = sk_X509_new_null(); /* finds by address, which is what is wanted */
    X509 *child = cert;
    X509 *parent = NULL;
    bool ok = false;

    if (chain == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    while ((parent = find_parent(child, pool, chain)) != NULL && X509_cmp(parent, cert) != 0) {
        int cas_below = sk_X509_num(chain) + 1;

        if (cas_below >= (int)LIMIT_CHAIN_CERTIFICATES) {
            (void)error_set(err, REASON_LIMIT, "the CA's chain is longer than %u certificates",
                            LIMIT_CHAIN_CERTIFICATES);
            goto out;
        }
        if (!check_parent(parent, cas_below, now, err)
            || !add_to_pool(chain, parent, "the chain", err)) {
            goto out;
        }
        child = parent;
    }
    ok = refuse_strangers(cert, pool, chain, err);
out:
    if (!ok) {
        cert_chain_free(chain);
        chain = NULL;
    }
    return chain;
}

bool cert_chain_pem(const struct stack_st_X509 *chain, struct buffer *out, struct error *err)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (!certificate_pem(sk_X509_value(chain, i), out, err)) {
            return false;
        }
    }
    return true;
}

/* The list inside is declared as a SEQUENCE OF by OpenSSL, so that nothing is sorted. */
static PKCS7 *make_p7b(const STACK_OF(X509) * chain)
{
    PKCS7 *p7 = PKCS7_new();

    if (p7 == NULL || PKCS7_set_type(p7, NID_pkcs7_signed) != 1) {
        PKCS7_free(p7);
        return NULL;
    }
    /* No content at all, as RFC 8894 3.4 wants it: PKCS7_content_new would put an empty one in. */
    p7->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (PKCS7_add_certificate(p7, sk_X509_value(chain, i)) != 1) {
            PKCS7_free(p7);
            return NULL;
        }
    }
    return p7;
}

bool cert_chain_p7b(const struct stack_st_X509 *chain, struct buffer *out, struct error *err)
{
    PKCS7 *p7 = make_p7b(chain);
    unsigned char *der = NULL;
    int len = p7 != NULL ? i2d_PKCS7(p7, &der) : -1;
    bool ok = false;

    if (len <= 0) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a certificate list cannot be made");
    } else {
        ok = buffer_append(out, der, (size_t)len, err);
    }
    OPENSSL_free(der);
    PKCS7_free(p7);
    return ok;
}
