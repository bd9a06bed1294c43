/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_cacert.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/machine_pkey.h"
#include "scep/cms_writer.h"

/* [0] certificates, [1] crls: RFC 5652 5.1 */
#define TAG_CERTIFICATES DER_CONTEXT_0_CONSTRUCTED
#define TAG_CRLS (DER_CONTEXT_0_CONSTRUCTED + 1)

/* RFC 8894 3.4: no digests, no eContent (not even an empty one), no signers. */
static void open_degenerate(struct der_writer *w, uint8_t field)
{
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_SIGNED_DATA);
    der_open(w, DER_CONTEXT_0_CONSTRUCTED);
    der_open(w, DER_SEQUENCE);
    der_put_small(w, 1);
    der_open(w, DER_SET);
    der_close(w);
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, SCEP_OID_DATA);
    der_close(w);
    der_open(w, field);
}

static void close_degenerate(struct der_writer *w)
{
    der_close(w);
    der_open(w, DER_SET);
    der_close(w);
    der_close(w);
    der_close(w);
    der_close(w);
}

bool scep_degenerate(const struct bytes *certs, size_t count, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);

    open_degenerate(&w, TAG_CERTIFICATES);
    for (size_t i = 0; i < count; i++) {
        der_put_raw(&w, certs[i]);
    }
    close_degenerate(&w);
    return der_finish(&w);
}

bool scep_degenerate_crl(struct bytes crl_der, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);

    open_degenerate(&w, TAG_CRLS);
    der_put_raw(&w, crl_der);
    close_degenerate(&w);
    return der_finish(&w);
}

static bool is_self_issued(const X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* The RA certificates to show, in order; none when the CA has no RA at all. */
static bool find_shown(const struct ra_set *ras, enum ra_form form, const X509 *shown[2],
                       size_t *count, struct error *err)
{
    size_t decrypt = 0;

    *count = 0;
    if (form == RA_FORM_SINGLE) {
        if (ras->ra_count > 0) {
            shown[(*count)++] = ras->ra[0].cert;
        }
        return true;
    }
    if (!ra_set_find_pair(ras, &decrypt)) {
        return error_set(err, REASON_RA_MISSING,
                         "there is no pair of RA certificates that can be used now; make a new "
                         "one: openndes ca renew-ra NAME");
    }
    shown[(*count)++] = ra_set_signer(ras, decrypt)->cert;
    shown[(*count)++] = ras->ra[decrypt].cert;
    return true;
}

/* `bare`: a certificate that is alone is written without anything around it. */
static bool write_list(const struct ra_set *ras, enum ra_form form, bool include_root, bool bare,
                       size_t *total, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);
    const X509 *shown[2] = { NULL, NULL };
    size_t shown_count = 0;
    size_t chain = ras->chain_count;
    bool wrapped = false;

    if (!find_shown(ras, form, shown, &shown_count, err)) {
        return false;
    }
    if (!include_root && chain > 1 && is_self_issued(ras->chain[chain - 1])) {
        chain--;
    }
    *total = chain + shown_count;
    if (*total == 0) {
        return error_set(err, REASON_CA_NOT_READY, "no certificate to show");
    }
    wrapped = *total > 1 || !bare;
    if (wrapped) {
        open_degenerate(&w, TAG_CERTIFICATES);
    }
    for (size_t i = 0; i < shown_count; i++) {
        cms_put_certificate(&w, shown[i]);
    }
    for (size_t i = 0; i < chain; i++) {
        cms_put_certificate(&w, ras->chain[i]);
    }
    if (wrapped) {
        close_degenerate(&w);
    }
    return der_finish(&w);
}

bool scep_cacert_body(const struct ra_set *ras, enum ra_form form, bool include_root,
                      struct buffer *out, const char **media_type, struct error *err)
{
    size_t total = 0;

    if (!write_list(ras, form, include_root, true, &total, out, err)) {
        return false;
    }
    *media_type = total > 1 ? SCEP_MEDIA_TYPE_CA_RA_CERT : SCEP_MEDIA_TYPE_CA_CERT;
    return true;
}

/*
 * RFC 8894 4.7.1. SHA-256 and PKCS#1 v1.5 or ECDSA, by the key: there is no request whose
 * algorithms could be mirrored.
 */
static CMS_ContentInfo *sign_list(const struct scep_next_cacert *options, struct bytes list)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    BIO *content = BIO_new_mem_buf(list.data, (int)list.len);

    if (cms == NULL || content == NULL
        || CMS_add1_signer(cms, options->cert, options->key, EVP_sha256(), flags) == NULL
        || CMS_final(cms, content, NULL, flags) != 1) {
        CMS_ContentInfo_free(cms);
        cms = NULL;
    }
    BIO_free(content);
    return cms;
}

bool scep_next_cacert_body(const struct scep_next_cacert *options, struct buffer *out,
                           struct error *err)
{
    struct buffer list = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    CMS_ContentInfo *cms = NULL;
    unsigned char *der = NULL;
    size_t total = 0;
    int len = 0;
    bool ok = false;

    if (!write_list(options->next, options->form, options->include_root, false, &total, &list,
                    err)) {
        goto out;
    }
    cms = sign_list(options, buffer_bytes(&list));
    len = cms == NULL ? 0 : i2d_CMS_ContentInfo(cms, &der);
    if (len <= 0) {
        (void)error_set(err, REASON_SIGN_FAILED, "the next CA's certificates cannot be signed");
        machine_pkey_explain(options->key, err);
        goto out;
    }
    ok = buffer_append(out, der, (size_t)len, err);
out:
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    buffer_clear(&list);
    ERR_clear_error();
    return ok;
}

enum caps_condition { CAPS_ALWAYS, CAPS_RENEWAL, CAPS_NEXT_CA };

struct caps_row {
    const char *keyword;
    enum caps_condition condition;
    enum algorithm_level level;
};

/* RFC 8894 3.5.2. DES and MD5 have no keyword: clients fall back to them by themselves. */
static const struct caps_row engine_caps[] = {
    { "AES", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "GetNextCACert", CAPS_NEXT_CA, ALGORITHM_LEVEL_MODERN },
    { "POSTPKIOperation", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "Renewal", CAPS_RENEWAL, ALGORITHM_LEVEL_MODERN },
    { "SCEPStandard", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-256", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-384", CAPS_ALWAYS,
      ALGORITHM_LEVEL_MODERN }, /* strongSwan 5.9.8 does not start without */
    { "SHA-512", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-1", CAPS_ALWAYS, ALGORITHM_LEVEL_COMPAT },
    { "DES3", CAPS_ALWAYS, ALGORITHM_LEVEL_COMPAT },
};

/*
 * NDES: observed (Server 2016 to 2022). It takes AES without saying so; the last two rows, which
 * the strict style leaves out, say it.
 */
#define NDES_OWN_ROWS 6
static const struct caps_row ndes_caps[] = {
    { "POSTPKIOperation", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "Renewal", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-512", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-256", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SHA-1", CAPS_ALWAYS, ALGORITHM_LEVEL_COMPAT },
    { "DES3", CAPS_ALWAYS, ALGORITHM_LEVEL_COMPAT },
    { "AES", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
    { "SCEPStandard", CAPS_ALWAYS, ALGORITHM_LEVEL_MODERN },
};
_Static_assert(sizeof(ndes_caps) / sizeof(ndes_caps[0]) == NDES_OWN_ROWS + 2, "what we add");

struct caps_list {
    const struct caps_row *rows;
    size_t count;
};

static const struct caps_list caps_lists[] = {
    [SCEP_CAPS_ENGINE] = { engine_caps, sizeof(engine_caps) / sizeof(engine_caps[0]) },
    [SCEP_CAPS_NDES] = { ndes_caps, sizeof(ndes_caps) / sizeof(ndes_caps[0]) },
    [SCEP_CAPS_NDES_STRICT] = { ndes_caps, NDES_OWN_ROWS },
};

static bool caps_apply(const struct scep_caps_options *options, const struct caps_row *row)
{
    switch (row->condition) {
    case CAPS_RENEWAL:
        return options->renewal;
    case CAPS_NEXT_CA:
        return options->next_ca;
    case CAPS_ALWAYS:
    default:
        return scep_level_allows(options->level, row->level);
    }
}

bool scep_caps_body(const struct scep_caps_options *options, struct buffer *out, struct error *err)
{
    const struct caps_list *list = &caps_lists[options->style];
    bool first = true;

    for (size_t i = 0; i < list->count; i++) {
        if (!caps_apply(options, &list->rows[i])) {
            continue;
        }
        /* strongSwan takes an empty line for every capability, Apple takes CR for a letter */
        if ((!first && !buffer_append_text(out, "\n", err))
            || !buffer_append_text(out, list->rows[i].keyword, err)) {
            return false;
        }
        first = false;
    }
    return true;
}
