/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/cms_writer.h"

#include <openssl/err.h>
#include <openssl/x509.h>

/* What an i2d function made; takes it over. */
static void put_encoded(struct der_writer *w, unsigned char *der, int len)
{
    if (len <= 0) {
        w->failed = true;
        (void)error_set(w->err, REASON_NO_MEMORY, "certificate cannot be encoded");
    } else {
        der_put_raw(w, bytes_of(der, (size_t)len));
    }
    OPENSSL_free(der);
    ERR_clear_error();
}

void cms_put_certificate(struct der_writer *w, const X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    put_encoded(w, der, len);
}

void cms_put_issuer_serial(struct der_writer *w, const X509 *cert)
{
    unsigned char *issuer = NULL;
    unsigned char *serial = NULL;
    int issuer_len = i2d_X509_NAME(X509_get_issuer_name(cert), &issuer);
    int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial);

    der_open(w, DER_SEQUENCE);
    put_encoded(w, issuer, issuer_len);
    put_encoded(w, serial, serial_len);
    der_close(w);
}

static struct bytes digest_oid(enum scep_digest digest)
{
    const struct scep_digest_info *info = scep_digest_info(digest);

    return info == NULL ? bytes_of(NULL, 0) : scep_oid_of_nid(info->nid);
}

/* [0] hashAlgorithm, [1] maskGenAlgorithm: how both RSA parameter structures begin. */
static void put_digests(struct der_writer *w, enum scep_digest digest)
{
    der_open(w, DER_CONTEXT_0_CONSTRUCTED);
    der_put_algorithm(w, digest_oid(digest));
    der_close(w);
    der_open(w, DER_CONTEXT_0_CONSTRUCTED + 1);
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_MGF1);
    der_put_algorithm(w, digest_oid(digest));
    der_close(w);
    der_close(w);
}

void cms_put_oaep(struct der_writer *w, enum scep_digest digest)
{
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_RSA_OAEP);
    der_open(w, DER_SEQUENCE);
    /* X.690 11.5: values equal to the DEFAULT are left out, and SHA-1 is the default of both */
    if (digest != SCEP_DIGEST_SHA1) {
        put_digests(w, digest);
    }
    der_close(w);
    der_close(w);
}

void cms_put_pss(struct der_writer *w, enum scep_digest digest, uint8_t salt_bytes)
{
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_RSA_PSS);
    der_open(w, DER_SEQUENCE);
    if (digest != SCEP_DIGEST_SHA1) {
        put_digests(w, digest);
    }
    if (salt_bytes != 20) { /* RFC 4055 3.1: the DEFAULT */
        der_open(w, DER_CONTEXT_0_CONSTRUCTED + 2);
        der_put_small(w, salt_bytes);
        der_close(w);
    }
    der_close(w);
    der_close(w);
}
