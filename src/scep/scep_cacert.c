/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_cacert.h"

#include <openssl/x509.h>

#include "scep/cms_writer.h"

/* RFC 8894 3.4: no digests, no eContent (not even an empty one), no signers. */
static void open_degenerate(struct der_writer *w)
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
    der_open(w, DER_CONTEXT_0_CONSTRUCTED);
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

    open_degenerate(&w);
    for (size_t i = 0; i < count; i++) {
        der_put_raw(&w, certs[i]);
    }
    close_degenerate(&w);
    return der_finish(&w);
}

static bool is_self_issued(const X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

bool scep_cacert_body(const struct ra_set *ras, bool include_root, struct buffer *out,
                      const char **media_type, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);
    size_t chain = ras->chain_count;
    size_t total = 0;

    if (!include_root && chain > 1 && is_self_issued(ras->chain[chain - 1])) {
        chain--;
    }
    total = chain + (ras->ra_count > 0 ? 1 : 0);
    if (total == 0) {
        return error_set(err, REASON_CA_NOT_READY, "no certificate to show");
    }
    if (total > 1) {
        open_degenerate(&w);
    }
    if (ras->ra_count > 0) {
        cms_put_certificate(&w, ras->ra[0].cert);
    }
    for (size_t i = 0; i < chain; i++) {
        cms_put_certificate(&w, ras->chain[i]);
    }
    if (total > 1) {
        close_degenerate(&w);
    }
    if (!der_finish(&w)) {
        return false;
    }
    *media_type = total > 1 ? SCEP_MEDIA_TYPE_CA_RA_CERT : SCEP_MEDIA_TYPE_CA_CERT;
    return true;
}

enum caps_condition { CAPS_ALWAYS, CAPS_RENEWAL, CAPS_NEXT_CA };

/* RFC 8894 3.5.2. DES and MD5 have no keyword: clients fall back to them by themselves. */
static const struct {
    const char *keyword;
    enum caps_condition condition;
    enum algorithm_level level;
} caps[] = {
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

static bool caps_apply(const struct scep_caps_options *options, size_t row)
{
    switch (caps[row].condition) {
    case CAPS_RENEWAL:
        return options->renewal;
    case CAPS_NEXT_CA:
        return options->next_ca;
    case CAPS_ALWAYS:
    default:
        return scep_level_allows(options->level, caps[row].level);
    }
}

bool scep_caps_body(const struct scep_caps_options *options, struct buffer *out, struct error *err)
{
    bool first = true;

    for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        if (!caps_apply(options, i)) {
            continue;
        }
        /* strongSwan takes an empty line for every capability, Apple takes CR for a letter */
        if ((!first && !buffer_append_text(out, "\n", err))
            || !buffer_append_text(out, caps[i].keyword, err)) {
            return false;
        }
        first = false;
    }
    return true;
}
