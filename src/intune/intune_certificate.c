/* SPDX-License-Identifier: Apache-2.0 */
/* A new certificate for the application, and one that an administrator brings. */
#include "intune/intune_credential.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "intune/intune_credential_files.h"
#include "intune/intune_key_file.h"
#include "platform/clock.h"

#define RSA_BITS 2048
#define SERIAL_BYTES 16
#define DAYS_MAX 3650
#define BACK_SECONDS 3600 /* clocks differ */

static bool set_serial(X509 *cert, struct error *err)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool ok = false;

    if (!secret_random(bytes, sizeof(bytes), err)) return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok || error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;
    bool ok = false;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool set_times(X509 *cert, int64_t days)
{
    time_t now = (time_t)clock_now();

    return ASN1_TIME_adj(X509_getm_notBefore(cert), now, 0, -BACK_SECONDS) != NULL
           && ASN1_TIME_adj(X509_getm_notAfter(cert), now, (int)days, 0) != NULL;
}

/* Owned. Self-signed: Entra compares the certificate with the one uploaded and looks no further. */
static X509 *make_cert(EVP_PKEY *key, const char *common_name, int64_t days, struct error *err)
{
    X509 *cert = X509_new();
    X509_NAME *name = cert != NULL ? X509_get_subject_name(cert) : NULL;
    bool ok = name != NULL && set_serial(cert, err) && X509_set_version(cert, X509_VERSION_3) == 1
              && set_times(cert, days)
              && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                            (const unsigned char *)common_name, -1, -1, 0)
                     == 1
              && X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1
              && add_extension(cert, NID_basic_constraints, "critical,CA:FALSE")
              && add_extension(cert, NID_key_usage, "critical,digitalSignature")
              && add_extension(cert, NID_ext_key_usage, "clientAuth")
              && add_extension(cert, NID_subject_key_identifier, "hash")
              && X509_sign(cert, key, EVP_sha256()) > 0;

    ERR_clear_error();
    if (!ok) {
        X509_free(cert);
        (void)error_set(err, REASON_INTERNAL, "a certificate cannot be made");
        return NULL;
    }
    return cert;
}

bool intune_certificate_new(const char *data_folder, const char *common_name, int64_t days,
                            struct error *err)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bool ok = false;

    if (days < 1 || days > DAYS_MAX) {
        return error_set(err, REASON_USAGE, "a certificate is valid for 1 to %d days", DAYS_MAX);
    }
    key = EVP_RSA_gen(RSA_BITS);
    if (key == NULL) {
        ERR_clear_error();
        return error_set(err, REASON_INTERNAL, "a key cannot be generated");
    }
    cert = make_cert(key, common_name, days, err);
    ok = cert != NULL && intune_certificate_put(data_folder, cert, key, err);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

void intune_key_free(struct evp_pkey_st *key)
{
    EVP_PKEY_free(key);
}

bool intune_certificate_facts(const char *data_folder, struct intune_certificate_facts *facts,
                              struct buffer *pem, bool *found, struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool ok = intune_certificate_get(data_folder, &cert, &key, found, err);

    if (ok && *found) {
        ok = certificate_info(cert, &facts->info, err)
             && (pem == NULL || certificate_pem(cert, pem, err))
             && (X509_digest(cert, EVP_sha1(), digest, &len) == 1
                 || error_set(err, REASON_INTERNAL, "a thumbprint cannot be computed"));
    }
    if (ok && *found) {
        text_hex(facts->thumbprint, sizeof(facts->thumbprint), bytes_of(digest, len));
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

bool intune_certificate_import(const char *data_folder, struct bytes file, struct bytes password,
                               struct error *err)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bool ok = intune_key_file_read(file, password, &cert, &key, err)
              && intune_certificate_put(data_folder, cert, key, err);

    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}
