/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_ca.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"

#define OID_MAX 128
#define OID_ANY "2.5.29.37.0"

static bool fingerprint(const X509 *cert, const EVP_MD *md, char *hex, size_t size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (X509_digest(cert, md, digest, &len) != 1) {
        return false;
    }
    text_hex(hex, size, bytes_of(digest, len));
    return true;
}

static bool read_ekus(const X509 *cert, struct policy_ca_certificate *out, struct error *err)
{
    int critical = -1;
    EXTENDED_KEY_USAGE *ekus = X509_get_ext_d2i(cert, NID_ext_key_usage, &critical, NULL);
    bool ok = true;

    if (ekus == NULL && critical != -1) {
        return error_set(err, REASON_CERT_UNREADABLE, "%s: its extended key usage is malformed",
                         out->subject);
    }
    out->has_eku = ekus != NULL;
    for (int i = 0; ok && i < sk_ASN1_OBJECT_num(ekus); i++) {
        char oid[OID_MAX];
        int len = OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(ekus, i), 1);

        ok = len > 0 && len < OID_MAX ? policy_texts_add(&out->ekus, oid, err)
                                      : error_set(err, REASON_LIMIT, "an OID is too long");
    }
    sk_ASN1_OBJECT_pop_free(ekus, ASN1_OBJECT_free);
    return ok;
}

static bool read_certificate(const X509 *cert, struct policy_ca_certificate *out, struct error *err)
{
    struct certificate_info info;

    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    memcpy(out->subject, info.subject, sizeof(out->subject));
    out->not_after = info.not_after;
    out->is_root = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
    if (!fingerprint(cert, EVP_md5(), out->md5, sizeof(out->md5))
        || !fingerprint(cert, EVP_sha1(), out->sha1, sizeof(out->sha1))
        || !fingerprint(cert, EVP_sha256(), out->sha256, sizeof(out->sha256))) {
        return error_set(err, REASON_CERT_UNREADABLE, "%s: no thumbprint can be made",
                         out->subject);
    }
    return read_ekus(cert, out, err);
}

/* By names: whose signature is whose has been the reader's business. */
static bool has_issued_another(const STACK_OF(X509) * certificates, int index)
{
    const X509_NAME *own = X509_get_subject_name(sk_X509_value(certificates, index));

    for (int i = 0; i < sk_X509_num(certificates); i++) {
        if (i != index
            && X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(certificates, i)), own) == 0) {
            return true;
        }
    }
    return false;
}

struct policy_ca *policy_ca_create(const struct stack_st_X509 *certificates, struct error *err)
{
    int count = sk_X509_num(certificates);
    struct policy_ca *ca = calloc(1, sizeof(*ca));
    bool ok = false;

    if (count <= 0) {
        error_set(err, REASON_CERT_UNREADABLE, "there is no certificate");
        goto out;
    }
    if (ca == NULL || (ca->item = calloc((size_t)count, sizeof(*ca->item))) == NULL) {
        error_set(err, REASON_NO_MEMORY, "CA certificates");
        goto out;
    }
    for (int i = 0; i < count; i++) {
        ca->count++;
        if (!read_certificate(sk_X509_value(certificates, i), &ca->item[i], err)) goto out;
        ca->item[i].is_issuing = !has_issued_another(certificates, i);
    }
    ok = true;
out:
    ERR_clear_error();
    if (!ok) {
        policy_ca_free(ca);
        ca = NULL;
    }
    return ca;
}

void policy_ca_free(struct policy_ca *ca)
{
    if (ca == NULL) {
        return;
    }
    for (size_t i = 0; i < ca->count; i++) {
        for (size_t k = 0; k < ca->item[i].ekus.count; k++) {
            free(ca->item[i].ekus.item[k]);
        }
        free(ca->item[i].ekus.item);
    }
    free(ca->item);
    free(ca);
}

const struct policy_ca_certificate *policy_ca_find(const struct policy_ca *ca, const char *hex)
{
    for (size_t i = 0; i < ca->count; i++) {
        if (strcmp(ca->item[i].sha1, hex) == 0 || strcmp(ca->item[i].sha256, hex) == 0
            || strcmp(ca->item[i].md5, hex) == 0) {
            return &ca->item[i];
        }
    }
    return NULL;
}

static bool allows(const struct policy_ca_certificate *cert, const char *oid)
{
    bool found = !cert->has_eku;

    for (size_t i = 0; i < cert->ekus.count; i++) {
        found = found || strcmp(cert->ekus.item[i], oid) == 0
                || strcmp(cert->ekus.item[i], OID_ANY) == 0;
    }
    return found;
}

bool policy_ca_allows(const struct policy_ca *ca, const char *oid)
{
    for (size_t i = 0; i < ca->count; i++) {
        if (!allows(&ca->item[i], oid)) {
            return false;
        }
    }
    return true;
}
