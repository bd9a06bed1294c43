/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_trust.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/pem_password.h"
#include "platform/files.h"

struct tls_trust {
    STACK_OF(X509) * certs;
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_all(BIO *bio, STACK_OF(X509) * certs, const char *file, struct error *err)
{
    unsigned long why = 0;
    X509 *cert = NULL;

    while ((cert = PEM_read_bio_X509(bio, NULL, pem_no_password, NULL)) != NULL) {
        (void)X509_check_purpose(cert, -1, 0); /* what is derived from it is derived once, here */
        if (sk_X509_push(certs, cert) <= 0) {
            X509_free(cert);
            return error_set(err, REASON_NO_MEMORY, "out of memory for %s", file);
        }
    }
    why = ERR_peek_last_error();
    if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "%s: certificate %d in it is damaged; the file has to hold CA "
                         "certificates in PEM",
                         file, sk_X509_num(certs) + 1);
    }
    return sk_X509_num(certs) > 0
           || error_set(err, REASON_HTTP_CLIENT,
                        "%s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", file);
}

static bool read_file(const char *file, STACK_OF(X509) * certs, struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    BIO *bio = NULL;
    bool ok = false;

    ERR_clear_error();
    if (!file_read(file, LIMIT_PEM_FILE_BYTES, &pem, err)) goto out;
    bio = BIO_new_mem_buf(buffer_text(&pem), (int)pem.len);
    if (bio == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for %s", file);
        goto out;
    }
    ok = read_all(bio, certs, file, err);
out:
    ERR_clear_error();
    BIO_free(bio);
    buffer_clear(&pem);
    return ok;
}

struct tls_trust *tls_trust_read(const char *pem_file, struct error *err)
{
    struct tls_trust *trust = calloc(1, sizeof(*trust));

    if (trust != NULL) {
        trust->certs = sk_X509_new_null();
    }
    if (trust == NULL || trust->certs == NULL) {
        tls_trust_free(trust);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for trusted certificates");
        return NULL;
    }
    if (pem_file[0] != '\0' && !read_file(pem_file, trust->certs, err)) {
        tls_trust_free(trust);
        return NULL;
    }
    return trust;
}

void tls_trust_free(struct tls_trust *trust)
{
    if (trust == NULL) return;
    sk_X509_pop_free(trust->certs, X509_free);
    free(trust);
}

/* ---- using ----------------------------------------------------------------------------------- */

bool tls_trust_apply(const struct tls_trust *trust, struct ssl_ctx_st *context)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);

    SSL_CTX_set_keylog_callback(context, NULL);
    for (int i = 0; i < sk_X509_num(trust->certs); i++) {
        /* one that is there already is fine */
        if (X509_STORE_add_cert(store, sk_X509_value(trust->certs, i)) != 1) {
            ERR_clear_error();
            return false;
        }
    }
    return true;
}

enum tls_trust_problem tls_trust_problem(long verify_result)
{
    switch (verify_result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED: /* libcurl's word for "not asked": no chain was refused */
        return TLS_TRUST_FINE;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return TLS_TRUST_UNKNOWN_CA;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TLS_TRUST_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_TRUST_NOT_YET_VALID;
    default:
        return TLS_TRUST_OTHER;
    }
}
