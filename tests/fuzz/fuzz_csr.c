/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an envelope held, from its bytes to a signed certificate: parser, details, self-signature, a
 * template that takes over as much as one can, a CA with a fixed key. And what is promised of every
 * certificate, whatever the request asked for.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/cert_builder.h"
#include "ca/cert_issuer.h"
#include "config/config_load.h"
#include "model/certificate.h"
#include "model/csr_details.h"
#include "support/scep_keys.h"
#include "template/template.h"

#define NOW 1700000000
#define CA_SECONDS (400 * 86400)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer calls with bytes and nothing else: what stays the same lives here. */
static struct template *template;
static struct cert_issuer issuer;

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static struct template *make_template(void)
{
    static const char settings[] =
        "{\"enabled\": false,"
        "\"subject\": {\"attributes\": \"CN,serialNumber,O,OU,L,ST,C,DC,GN,SN,UID,emailAddress\","
        "\"unlisted\": \"drop\", \"append\": \"O=Example\"},"
        "\"san\": {\"types\": \"dns,ip,email,uri,upn,dirname,rid\", \"unlisted\": \"drop\","
        "\"max\": 100, \"wildcards\": true},"
        "\"key\": {\"types\": \"rsa,ec\", \"curves\": \"P-256,P-384,P-521\","
        "\"rsa_min_bits\": 1024, \"rsa_max_bits\": 8192}, \"algorithms\": \"compat\","
        "\"key_usage\": {\"allowed\": \"digitalSignature,nonRepudiation,keyEncipherment,"
        "dataEncipherment,keyAgreement,encipherOnly,decipherOnly\", \"source\": \"csr\"}}";
    struct template_config config;
    struct error err = ERROR_INIT;
    struct template *made = NULL;

    if (!config_parse_template("fuzz.json", "fuzz", bytes_of_text(settings), &config, &err)) {
        (void)fprintf(stderr, "%s\n", err.detail);
        abort();
    }
    made = template_create(&config, &err);
    must(made != NULL);
    template_config_clear(&config);
    return made;
}

static void clean_up(void)
{
    template_free(template);
    cert_issuer_clear(&issuer);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    X509_NAME *name = X509_NAME_new();
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    (void)argc;
    (void)argv;
    must(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, (const unsigned char *)"Fuzz CA",
                                    -1, -1, 0)
         == 1);
    cert = cert_builder_root(name, key, NOW - CA_SECONDS, NOW + CA_SECONDS, &err);
    must(cert != NULL && cert_issuer_init(&issuer, cert, key, "fuzz", &err));
    X509_NAME_free(name); /* the issuer has references of its own */
    X509_free(cert);
    EVP_PKEY_free(key);
    template = make_template();
    (void)atexit(clean_up);
    return 0;
}

static void judge(X509 *cert, const struct csr *csr)
{
    struct certificate_info info;
    struct error err = ERROR_INIT;
    uint32_t usage = X509_get_key_usage(cert);

    must(X509_check_ca(cert) == 0);
    must((usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) == 0 && usage != 0 && usage != UINT32_MAX);
    must(csr->key_type != KEY_TYPE_EC
         || (usage & (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT)) == 0);
    must(X509_get_extended_key_usage(cert) == XKU_SSL_CLIENT);
    must(X509_get_ext_by_NID(cert, NID_name_constraints, -1) < 0);
    must(X509_get_ext_by_NID(cert, NID_certificate_policies, -1) < 0);
    must(cert_issuer_signed(&issuer, cert));
    must(certificate_info(cert, &info, &err));
    must(memcmp(info.key_sha256, csr->key_sha256, sizeof(info.key_sha256)) == 0);
    must(strpbrk(info.subject, "\r\n\t\x1b\x7f") == NULL);
    must(info.not_after <= NOW + CA_SECONDS);
}

/* The key may be any: only those that the endpoint would let through are computed with. */
static void verify(const struct csr *csr)
{
    const struct key_facts key = { csr->key_type, csr->key_bits, csr->key_exponent_ok };
    struct error err = ERROR_INIT;

    if (key_is_bounded(&key) && !csr_verify(csr, &err)) {
        must(err.reason == REASON_SIGNATURE_WRONG || err.reason == REASON_NO_MEMORY);
    }
}

static void issue(const struct csr *csr)
{
    struct cert_plan plan = { 0 };
    const struct cert_order order = { .plan = &plan, .key = csr_key(csr) };
    struct error err = ERROR_INIT;
    X509 *cert = NULL;

    if (!template_plan(template, csr, NOW, &plan, &err)) {
        must(error_kind(&err) == ERROR_POLICY || err.reason == REASON_NO_MEMORY);
        return;
    }
    must((plan.key_usage & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) == 0);
    must(plan.sid[0] == '\0');
    cert = cert_builder_issue(&issuer, &order, &err);
    must(cert != NULL || error_is_set(&err));
    if (cert != NULL) {
        judge(cert, csr);
    }
    X509_free(cert);
    cert_plan_clear(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    struct csr_details *details = NULL;

    if (!csr_parse(bytes_of(data, size), &csr, &err)) {
        must(error_is_set(&err) && csr.key == NULL && csr.subject == NULL);
        return 0;
    }
    must(size <= LIMIT_CSR_BYTES);
    must(!csr.has_challenge || csr.challenge.len > 0);
    verify(&csr);
    details = csr_details_parse(&csr, &err);
    must(details != NULL || error_is_set(&err));
    csr_details_free(details);
    issue(&csr);
    csr_clear(&csr);
    return 0;
}
