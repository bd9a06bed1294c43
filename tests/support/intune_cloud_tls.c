/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "http/tls_context.h"
#include "model/certificate.h"
#include "support/scep_keys.h"

/* Root, intermediate and leaf as a public cloud has them, and the two keys behind challenges. */

#define DAY_SECONDS 86400L
#define DAYS 30L
#define SERIAL_BYTES 16

struct wanted {
    const char *country;
    const char *organization;
    const char *cn;
    const char *constraints; /* basicConstraints */
    const char *usage;       /* keyUsage */
    const char *eku;         /* NULL: none */
    const char *san;         /* NULL: none */
};

static bool set_serial(X509 *cert)
{
    uint8_t serial[SERIAL_BYTES];
    struct error err = ERROR_INIT;
    BIGNUM *number = NULL;
    bool ok = false;

    if (!secret_random(serial, sizeof(serial), &err)) return false;
    serial[0] = (uint8_t)((serial[0] & 0x7fu) | 0x40u);
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_name(X509_NAME *name, const char *type, const char *value)
{
    return value == NULL
           || X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value,
                                         -1, -1, 0)
                  == 1;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension = NULL;
    X509V3_CTX context;
    bool ok = false;

    if (value == NULL) return true;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool fill(X509 *cert, const struct wanted *w, EVP_PKEY *key,
                 const struct cloud_identity *issuer)
{
    X509 *above = issuer != NULL ? (X509 *)issuer->cert : cert;
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert)
           && X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_SECONDS) != NULL
           && X509_gmtime_adj(X509_getm_notAfter(cert), DAYS * DAY_SECONDS) != NULL
           && add_name(name, "C", w->country) && add_name(name, "O", w->organization)
           && add_name(name, "CN", w->cn)
           && X509_set_issuer_name(cert, X509_get_subject_name(above)) == 1
           && X509_set_pubkey(cert, key) == 1
           && add_extension(cert, above, NID_basic_constraints, w->constraints)
           && add_extension(cert, above, NID_key_usage, w->usage)
           && add_extension(cert, above, NID_ext_key_usage, w->eku)
           && add_extension(cert, above, NID_subject_alt_name, w->san)
           && add_extension(cert, above, NID_subject_key_identifier, "hash")
           && add_extension(cert, above, NID_authority_key_identifier, "keyid");
}

/* issuer NULL: self-signed. The key is taken over. */
static bool make(struct cloud_identity *out, EVP_PKEY *take_key, const struct wanted *w,
                 const struct cloud_identity *issuer, struct error *err)
{
    out->key = take_key;
    out->cert = X509_new();
    if (take_key != NULL && out->cert != NULL && fill(out->cert, w, take_key, issuer)
        && X509_sign(out->cert, issuer != NULL ? issuer->key : take_key, EVP_sha256()) > 0) {
        return true;
    }
    ERR_clear_error();
    return error_set(err, REASON_INTERNAL, "no certificate for %s", w->cn);
}

static void identity_clear(struct cloud_identity *identity)
{
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
}

static bool write_root(struct intune_cloud_server *cloud, const struct cloud_identity *root,
                       struct error *err)
{
    struct buffer pem = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool ok = certificate_pem(root->cert, &pem, err)
              && file_write_atomic(cloud->ca_file, buffer_bytes(&pem), false, err);

    buffer_clear(&pem);
    return ok;
}

static bool make_tls(struct intune_cloud_server *cloud, const struct cloud_identity *leaf,
                     const struct cloud_identity *intermediate, struct error *err)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_identity identity = { leaf->cert, leaf->key, chain };
    bool ok = false;

    cloud->tls = tls_context_create(TLS_VERSION_1_2, err);
    if (chain == NULL || sk_X509_push(chain, intermediate->cert) <= 0) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory");
    } else {
        ok = cloud->tls != NULL && tls_context_set(cloud->tls, &identity, err);
    }
    sk_X509_free(chain);
    return ok;
}

static bool make_chain(struct intune_cloud_server *cloud, struct error *err)
{
    static const struct wanted root_wanted = { "US",
                                               "Test Cloud",
                                               "Test Cloud Root CA",
                                               "critical,CA:TRUE",
                                               "critical,keyCertSign,cRLSign",
                                               NULL,
                                               NULL };
    static const struct wanted middle_wanted = { "US",
                                                 "Test Cloud",
                                                 "Test Cloud TLS CA 1",
                                                 "critical,CA:TRUE,pathlen:0",
                                                 "critical,keyCertSign,cRLSign,digitalSignature",
                                                 "serverAuth,clientAuth",
                                                 NULL };
    struct wanted leaf_wanted = { .cn = cloud_host(cloud),
                                  .constraints = "critical,CA:FALSE",
                                  .usage = "critical,digitalSignature",
                                  .eku = "serverAuth,clientAuth" };
    struct cloud_identity root = { NULL, NULL };
    struct cloud_identity middle = { NULL, NULL };
    struct cloud_identity leaf = { NULL, NULL };
    char san[CLOUD_URL_MAX + 32]; /* localhost: for orders (intune_cloud_control.c) */
    bool ok = false;

    if (!text_format(san, sizeof(san), "DNS:localhost%s%s",
                     cloud->options.host != NULL ? ",DNS:" : "",
                     cloud->options.host != NULL ? cloud->options.host : "")) {
        return error_set(err, REASON_USAGE, "the cloud's name is too long");
    }
    leaf_wanted.san = san;
    ok = make(&root, EVP_EC_gen("P-256"), &root_wanted, NULL, err)
         && make(&middle, EVP_EC_gen("P-256"), &middle_wanted, &root, err)
         && make(&leaf, EVP_EC_gen("P-256"), &leaf_wanted, &middle, err)
         && write_root(cloud, &root, err) && make_tls(cloud, &leaf, &middle, err);

    identity_clear(&leaf);
    identity_clear(&middle);
    identity_clear(&root);
    return ok;
}

/*
 * Names as in a challenge of 2018: the recipient is named by its issuer, and the signer's issuer is
 * the signer itself.
 */
static bool make_challenge_keys(struct intune_cloud_server *cloud, struct error *err)
{
    static const struct wanted issuer_wanted = { "US",
                                                 "Microsoft Corporation",
                                                 "Microsoft IT TLS CA 4",
                                                 "critical,CA:TRUE",
                                                 "critical,keyCertSign",
                                                 NULL,
                                                 NULL };
    static const struct wanted recipient_wanted = {
        NULL, NULL, "manage.microsoft.com", "critical,CA:FALSE", "critical,keyEncipherment",
        NULL, NULL
    };
    static const struct wanted signer_wanted = {
        NULL,
        "Microsoft",
        "SCOnlineGatewaySigningCertificate.manage.microsoft.com",
        "critical,CA:FALSE",
        "critical,digitalSignature",
        NULL,
        NULL
    };
    struct cloud_identity issuer = { NULL, NULL };
    bool ok =
        make(&issuer, EVP_EC_gen("P-256"), &issuer_wanted, NULL, err)
        && make(&cloud->recipient, scep_test_key(SCEP_TEST_KEY_RA), &recipient_wanted, &issuer, err)
        && make(&cloud->signer, scep_test_key(SCEP_TEST_KEY_OTHER), &signer_wanted, NULL, err);

    identity_clear(&issuer);
    return ok;
}

bool cloud_identities_create(struct intune_cloud_server *cloud, struct error *err)
{
    return make_chain(cloud, err) && make_challenge_keys(cloud, err);
}

void cloud_identities_free(struct intune_cloud_server *cloud)
{
    tls_context_free(cloud->tls);
    identity_clear(&cloud->recipient);
    identity_clear(&cloud->signer);
}
