/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_signer.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/ca_subject.h"
#include "ca/ca_validity.h"
#include "ca/cert_builder.h"
#include "model/certificate.h"
#include "model/csr.h"

/* As for devices: a serial of 158 random bits repeats only when the random source is broken. */
#define SERIAL_TRIES 3

void ocsp_signer_clear(struct ocsp_signer *signer)
{
    if (signer == NULL) {
        return;
    }
    X509_free(signer->cert);
    EVP_PKEY_free(signer->key);
    *signer = (struct ocsp_signer){ .cert = NULL };
}

struct ocsp_signer ocsp_signer_ref(const struct ocsp_signer *signer)
{
    struct ocsp_signer same = *signer;

    if (same.cert != NULL) {
        (void)X509_up_ref(same.cert); /* cannot fail on what is there */
        (void)EVP_PKEY_up_ref(same.key);
    }
    return same;
}

/* Whoever understands the CA's own signatures understands these. */
static enum ca_key_spec choose_key(const struct cert_issuer *issuer)
{
    if (EVP_PKEY_get_base_id(issuer->key) == EVP_PKEY_RSA) {
        return CA_KEY_RSA_2048;
    }
    return EVP_PKEY_get_bits(issuer->key) > 256 ? CA_KEY_EC_P384 : CA_KEY_EC_P256;
}

static bool make_plan(const struct ocsp_signer_options *options, int64_t now,
                      struct cert_plan *plan, struct error *err)
{
    plan->key_usage = KEY_USAGE_DIGITAL_SIGNATURE;
    plan->not_before = now - CA_BACKDATE_SECONDS;
    plan->not_after = ca_validity_end(now, options->days);
    plan->subject = ca_subject_ocsp(X509_get_subject_name(options->issuer->cert), err);
    if (plan->subject == NULL) {
        return false;
    }
    plan->eku = sk_ASN1_OBJECT_new_null();
    if (plan->eku == NULL || sk_ASN1_OBJECT_push(plan->eku, OBJ_nid2obj(NID_OCSP_sign)) <= 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
    }
    return true;
}

/* The key is new, so what stands for a request never repeats one. */
static bool record(const struct ocsp_signer_options *options, const X509 *cert,
                   const struct certificate_info *info, int64_t now, struct error *err)
{
    char transaction[2 * DIGEST_SHA256_BYTES + 1];
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    enum store_record_result result = STORE_RECORDED;
    struct store_request_key key = {
        .template_name = OCSP_TEMPLATE_NAME,
        .ca_name = options->ca_name,
    };
    struct store_certificate row = {
        .request = &key,
        .info = info,
        .challenge_type = "ocsp",
        .issued_at = now,
    };
    bool ok = false;

    text_hex(transaction, sizeof(transaction),
             bytes_of(info->key_sha256, sizeof(info->key_sha256)));
    key.transaction_id = bytes_of_text(transaction);
    memcpy(key.signer_key_sha256, info->key_sha256, sizeof(key.signer_key_sha256));
    memcpy(key.csr_sha256, info->key_sha256, sizeof(key.csr_sha256));
    if (!certificate_der(cert, &der, err)) goto out;
    row.der = buffer_bytes(&der);
    ok = store_record_certificate(options->store, &row, 0, &result, err)
         && (result == STORE_RECORDED
             || error_set(err, REASON_INTERNAL, "a new key was taken for an old one"));
out:
    buffer_clear(&der);
    return ok;
}

static bool issue(const struct ocsp_signer_options *options, const struct cert_order *order,
                  int64_t now, struct ocsp_signer *signer, struct error *err)
{
    struct certificate_info info;

    X509_free(signer->cert);
    signer->cert = cert_builder_issue(options->issuer, order, err);
    if (signer->cert == NULL || !certificate_info(signer->cert, &info, err)
        || !record(options, signer->cert, &info, now, err)) {
        return false;
    }
    signer->not_before = info.not_before;
    signer->not_after = info.not_after;
    return true;
}

bool ocsp_signer_make(const struct ocsp_signer_options *options, int64_t now,
                      struct ocsp_signer *out, struct error *err)
{
    struct ocsp_signer made = { .cert = NULL };
    struct cert_plan plan = { .key_usage = 0 };
    struct cert_order order = { .plan = &plan, .ocsp_signer = true };
    bool ok = false;

    if (!cert_issuer_check_time(options->issuer, now, err)) goto out;
    if (!make_plan(options, now, &plan, err)) goto out;
    made.key = ca_key_generate(choose_key(options->issuer), err);
    if (made.key == NULL) goto out;
    made.digest = ca_key_digest(made.key);
    order.key = made.key;
    for (int i = 0; i < SERIAL_TRIES && !ok; i++) {
        error_clear(err);
        ok = issue(options, &order, now, &made, err);
        if (!ok && err->reason != REASON_STORE_DUPLICATE) {
            break;
        }
    }
    if (ok) {
        *out = made;
        made = (struct ocsp_signer){ .cert = NULL };
    }
out:
    ocsp_signer_clear(&made);
    cert_plan_clear(&plan);
    return ok;
}
