/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/foreign_ca.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ca/ca_error.h"
#include "ca/cert_chain.h"
#include "ca/crl_builder.h"
#include "model/pem_password.h"

struct foreign_ca {
    X509 *cert;
    struct certificate_info info;
    X509_CRL *crl; /* NULL: none */
    int64_t crl_from, crl_until;
};

/* ---- the certificate ------------------------------------------------------------------------- */

static bool check_certificate(X509 *cert, const char *file, struct error *err)
{
    uint32_t flags = X509_get_extension_flags(cert);

    if ((flags & EXFLAG_INVALID) != 0) {
        return ca_error_openssl(err, REASON_CERT_UNREADABLE, "%s: an extension is malformed", file);
    }
    if (X509_get_version(cert) != X509_VERSION_3 || (flags & EXFLAG_CA) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "%s is not a CA certificate: basicConstraints does not say CA:TRUE", file);
    }
    /* Without the extension all usages are allowed; X509_get_key_usage gives all bits then. */
    if ((X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE,
                         "%s must not sign certificates: keyUsage lacks keyCertSign", file);
    }
    if (X509_NAME_entry_count(X509_get_subject_name(cert)) == 0) {
        return error_set(err, REASON_CA_UNSUITABLE, "%s has an empty subject", file);
    }
    return X509_get0_pubkey(cert) != NULL
           || ca_error_openssl(err, REASON_CERT_UNREADABLE, "%s: its key cannot be read", file);
}

/* A second one would be passed over, and somebody would wait for what it should have done. */
static X509 *only_one(STACK_OF(X509) * found, const char *file, struct error *err)
{
    if (sk_X509_num(found) != 1) {
        (void)error_set(err, REASON_CA_UNSUITABLE,
                        "%s holds %d certificates; it has to be the CA's alone", file,
                        sk_X509_num(found));
        return NULL;
    }
    return sk_X509_value(found, 0);
}

struct foreign_ca *foreign_ca_read(struct bytes content, const char *file, struct error *err)
{
    STACK_OF(X509) *found = cert_chain_new(err);
    struct foreign_ca *ca = NULL;
    X509 *cert = NULL;
    bool ok = false;

    if (found == NULL || !cert_chain_parse(content, file, found, err)) goto out;
    cert = only_one(found, file, err);
    if (cert == NULL || !check_certificate(cert, file, err)) goto out;
    ca = calloc(1, sizeof(*ca));
    if (ca == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CA");
        goto out;
    }
    (void)X509_up_ref(cert);
    ca->cert = cert;
    ok = certificate_info(cert, &ca->info, err);
out:
    if (!ok) {
        foreign_ca_free(ca);
        ca = NULL;
    }
    cert_chain_free(found);
    ERR_clear_error();
    return ca;
}

void foreign_ca_free(struct foreign_ca *ca)
{
    if (ca == NULL) {
        return;
    }
    X509_free(ca->cert);
    X509_CRL_free(ca->crl);
    free(ca);
}

const struct certificate_info *foreign_ca_info(const struct foreign_ca *ca)
{
    return &ca->info;
}

/* ---- the revocation list --------------------------------------------------------------------- */

/* Owned; DER exactly, or the first CRL of a PEM file. */
static X509_CRL *parse_crl(struct bytes content)
{
    const unsigned char *at = content.data;
    X509_CRL *crl = NULL;
    BIO *bio = NULL;

    if (content.len > 0 && content.len <= CRL_BYTES_MAX && content.data[0] == 0x30) {
        crl = d2i_X509_CRL(NULL, &at, (long)content.len);
        if (crl != NULL && at != content.data + content.len) {
            X509_CRL_free(crl);
            crl = NULL;
        }
        return crl;
    }
    if (content.len > 0 && content.len <= CRL_BYTES_MAX) {
        bio = BIO_new_mem_buf(content.data, (int)content.len);
        crl = bio == NULL ? NULL : PEM_read_bio_X509_CRL(bio, NULL, pem_no_password, NULL);
        BIO_free(bio);
    }
    return crl;
}

/* A list of some certificates, of some reasons or of another CA's says nothing of the others. */
static bool is_complete_point(const X509_CRL *crl)
{
    ISSUING_DIST_POINT *point =
        X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
    bool complete = point != NULL && point->onlyCA <= 0 && point->onlyattr <= 0
                    && point->indirectCRL <= 0 && point->onlysomereasons == NULL;

    ISSUING_DIST_POINT_free(point);
    return complete;
}

/* NULL: nothing against it; else what it is. */
static const char *unfit_extension(const X509_CRL *crl)
{
    if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) {
        return "is a delta CRL; the complete one is needed";
    }
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

        if (nid == NID_issuing_distribution_point && !is_complete_point(crl)) {
            return "lists only some of the CA's certificates";
        }
        if (nid != NID_issuing_distribution_point && X509_EXTENSION_get_critical(extension)) {
            return "has a critical extension that is not known";
        }
    }
    return NULL;
}

/* A critical one may say that the entry is of another CA (RFC 5280 5.3). */
static bool has_critical_entry(X509_CRL *crl)
{
    const STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

        if (X509_REVOKED_get_ext_by_critical(entry, 1, -1) >= 0) {
            return true;
        }
    }
    return false;
}

static bool refuse_crl(const char *file, const char *why, struct error *err)
{
    ERR_clear_error();
    return error_set(err, REASON_TRUSTED_CA, "%s %s", file, why);
}

static bool check_crl(const struct foreign_ca *ca, X509_CRL *crl, const char *file,
                      struct error *err)
{
    const char *unfit = NULL;

    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca->cert)) != 0) {
        return refuse_crl(file, "is the CRL of a CA with another name", err);
    }
    if ((X509_get_key_usage(ca->cert) & KU_CRL_SIGN) == 0) {
        return refuse_crl(file, "cannot be checked: its CA must not sign CRLs (keyUsage)", err);
    }
    if (X509_CRL_verify(crl, X509_get0_pubkey(ca->cert)) != 1) {
        return refuse_crl(file, "was not signed by the CA's key", err);
    }
    unfit = unfit_extension(crl);
    if (unfit != NULL) {
        return refuse_crl(file, unfit, err);
    }
    return !has_critical_entry(crl)
           || refuse_crl(file, "has an entry with a critical extension that is not known", err);
}

static bool read_crl_times(struct foreign_ca *ca, const X509_CRL *crl, const char *file,
                           struct error *err)
{
    struct error ignored = ERROR_INIT;

    if (X509_CRL_get0_nextUpdate(crl) == NULL) {
        return refuse_crl(file, "has no end (nextUpdate)", err);
    }
    return (certificate_time(X509_CRL_get0_lastUpdate(crl), &ca->crl_from, &ignored)
            && certificate_time(X509_CRL_get0_nextUpdate(crl), &ca->crl_until, &ignored))
           || refuse_crl(file, "has a malformed time", err);
}

bool foreign_ca_read_crl(struct foreign_ca *ca, struct bytes content, const char *file,
                         struct error *err)
{
    X509_CRL *crl = NULL;

    ERR_clear_error();
    crl = parse_crl(content);
    if (crl == NULL) {
        return refuse_crl(file, "is no CRL in DER or PEM, or is too large", err);
    }
    if (!check_crl(ca, crl, file, err) || !read_crl_times(ca, crl, file, err)) {
        X509_CRL_free(crl);
        return false;
    }
    X509_CRL_free(ca->crl);
    ca->crl = crl;
    return true;
}

bool foreign_ca_crl_times(const struct foreign_ca *ca, int64_t *from, int64_t *until)
{
    *from = ca->crl_from;
    *until = ca->crl_until;
    return ca->crl != NULL;
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool has_sound_digest(X509 *cert)
{
    int digest = NID_undef;

    return X509_get_signature_info(cert, &digest, NULL, NULL, NULL) == 1 && digest != NID_md5
           && digest != NID_md5_sha1 && digest != NID_md4 && digest != NID_md2;
}

bool foreign_ca_signed(const struct foreign_ca *ca, const struct x509_st *cert)
{
    bool its = false;

    if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca->cert)) != 0) {
        return false;
    }
    ERR_set_mark();
    its = X509_verify((X509 *)cert, X509_get0_pubkey(ca->cert)) == 1
          && has_sound_digest((X509 *)cert);
    ERR_pop_to_mark();
    return its;
}

bool foreign_ca_revoked(const struct foreign_ca *ca, const struct x509_st *cert)
{
    X509_REVOKED *entry = NULL;

    return ca->crl == NULL
           || X509_CRL_get0_by_serial(ca->crl, &entry, (ASN1_INTEGER *)X509_get0_serialNumber(cert))
                  != 0;
}
