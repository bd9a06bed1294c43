/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_message.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "scep/scep_message_parts.h"
#include "scep/scep_preparse_envelope.h"

void scep_opening_clear(struct scep_opening *opening)
{
    X509_free(opening->ra_cert);
    CMS_ContentInfo_free(opening->cms);
    *opening = (struct scep_opening){ .cms = NULL };
}

static bool check_algorithms(struct scep_message *m, enum algorithm_level level,
                             struct scep_envelope_outline *outline, struct error *err)
{
    const struct scep_cipher_info *cipher = NULL;

    m->envelope_seen = true;
    if (!m->outline.has_content || m->content.len == 0) {
        return error_set(err, REASON_ENVELOPE_MISSING, "message without content");
    }
    if (!scep_preparse_envelope(buffer_bytes(&m->content), outline, err)) {
        return false;
    }
    cipher = scep_cipher_info(outline->cipher);
    if (!scep_level_allows(level, cipher->level)) {
        return error_set(err, REASON_CIPHER_NOT_ALLOWED, "content cipher %s", cipher->name);
    }
    m->facts.cipher = outline->cipher;
    return true;
}

/* Exactly the bytes whose digest is signed and that were walked over. */
static bool decode_envelope(const struct scep_message *m,
                            const struct scep_envelope_outline *outline, struct scep_opening *o,
                            struct error *err)
{
    const unsigned char *at = m->content.data;

    o->cms = d2i_CMS_ContentInfo(NULL, &at, (long)m->content.len);
    if (o->cms == NULL || at != m->content.data + m->content.len
        || (size_t)sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(o->cms))
               != outline->recipient_count) {
        return error_set(err, crypto_memory_reason(REASON_ENVELOPE_MALFORMED),
                         "EnvelopedData cannot be decoded");
    }
    return true;
}

/* Among whom a recipient is looked for. */
struct generations {
    const struct ra_set *const *sets;
    size_t count;
};

/* Makes `ra_cert` its own. */
static void choose(struct scep_opening *o, const struct ra_set *ras, size_t index, X509 *ra_cert)
{
    X509_free(o->ra_cert);
    o->ra_cert = ra_cert;
    o->ras = ras;
    o->ra_index = index;
}

/*
 * Which of our certificates the recipient names exactly: RFC 5652 6.2.1. One that only signs is
 * nobody's recipient: its key never decrypts, as its keyUsage says.
 */
static bool find_exact(CMS_RecipientInfo *recipient, const struct generations *all,
                       struct scep_opening *o)
{
    for (size_t set = 0; set < all->count; set++) {
        const struct ra_set *ras = all->sets[set];

        for (size_t i = 0; ras != NULL && i < ras->ra_count; i++) {
            if (ras->ra[i].decrypts
                && CMS_RecipientInfo_ktri_cert_cmp(recipient, ras->ra[i].cert) == 0) {
                (void)X509_up_ref(ras->ra[i].cert);
                choose(o, ras, i, ras->ra[i].cert);
                return true;
            }
        }
    }
    return false;
}

/* The only certificate with this serial, in all sets: how many there are. */
static size_t count_serial(const struct generations *all, const ASN1_INTEGER *serial,
                           const struct ra_set **found, size_t *index)
{
    size_t matches = 0;

    for (size_t set = 0; set < all->count; set++) {
        const struct ra_set *ras = all->sets[set];

        for (size_t i = 0; ras != NULL && i < ras->ra_count; i++) {
            if (ras->ra[i].decrypts
                && ASN1_INTEGER_cmp(X509_get0_serialNumber(ras->ra[i].cert), serial) == 0) {
                matches++;
                *found = ras;
                *index = i;
            }
        }
    }
    return matches;
}

/*
 * Clients re-encode the issuer's name, sometimes beyond what a name comparison forgives (RFC 5280
 * 7.1). A serial that only one certificate has is good enough: whether the key fits shows in
 * decryption. The copy carries the client's spelling, so that CMS_decrypt, which compares again,
 * can be given a certificate: without one its defence against Bleichenbacher's attack is weaker.
 */
static bool find_by_serial(CMS_RecipientInfo *recipient, const struct generations *all,
                           struct scep_opening *o)
{
    ASN1_OCTET_STRING *key_id = NULL;
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    const struct ra_set *ras = NULL;
    size_t index = 0;

    if (CMS_RecipientInfo_ktri_get0_signer_id(recipient, &key_id, &issuer, &serial) != 1
        || issuer == NULL || serial == NULL || count_serial(all, serial, &ras, &index) != 1) {
        return false;
    }
    choose(o, ras, index, X509_dup(ras->ra[index].cert));
    return o->ra_cert != NULL && X509_set_issuer_name(o->ra_cert, issuer) == 1;
}

typedef bool recipient_finder(CMS_RecipientInfo *recipient, const struct generations *all,
                              struct scep_opening *o);

static bool find_recipient(const struct generations *all, struct scep_opening *o, struct error *err)
{
    static recipient_finder *const finders[] = { find_exact, find_by_serial };
    STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(o->cms);

    for (size_t way = 0; way < sizeof(finders) / sizeof(finders[0]); way++) {
        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++) {
            CMS_RecipientInfo *recipient = sk_CMS_RecipientInfo_value(recipients, i);

            if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS
                && finders[way](recipient, all, o)) {
                o->recipient = recipient;
                o->recipient_index = (size_t)i;
                return true;
            }
        }
    }
    return error_set(err, REASON_UNKNOWN_RECIPIENT, "none of %d recipients is ours",
                     sk_CMS_RecipientInfo_num(recipients));
}

/*
 * The library wants OAEP parameters and once crashed without them (CVE-2026-28390). Absent means
 * the defaults: an empty SEQUENCE says so.
 */
static bool complete_oaep(const struct scep_recipient *recipient, struct scep_opening *o,
                          struct error *err)
{
    static const unsigned char defaults[] = { 0x30, 0x00 };
    X509_ALGOR *algorithm = NULL;
    ASN1_STRING *params = NULL;

    if (recipient->transport != SCEP_TRANSPORT_OAEP || recipient->key_transport.params.len != 0) {
        return true;
    }
    params = ASN1_STRING_new();
    if (params == NULL || ASN1_STRING_set(params, defaults, sizeof(defaults)) != 1
        || CMS_RecipientInfo_ktri_get0_algs(o->recipient, NULL, NULL, &algorithm) != 1
        || X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsaesOaep), V_ASN1_SEQUENCE, params) != 1) {
        ASN1_STRING_free(params);
        return error_set(err, REASON_NO_MEMORY, "out of memory for OAEP parameters");
    }
    return true;
}

static bool prepare(struct scep_message *m, enum algorithm_level level,
                    const struct generations *all, struct error *err)
{
    struct scep_opening *o = &m->opening;
    struct scep_envelope_outline outline;
    const struct scep_recipient *recipient = NULL;

    if (!check_algorithms(m, level, &outline, err) || !decode_envelope(m, &outline, o, err)
        || !find_recipient(all, o, err)) {
        return false;
    }
    recipient = &outline.recipients[o->recipient_index];
    m->facts.transport = recipient->transport;
    m->facts.oaep_sha256 =
        recipient->transport == SCEP_TRANSPORT_OAEP && recipient->oaep.digest == SCEP_DIGEST_SHA256;
    o->level = level;
    return complete_oaep(recipient, o, err);
}

bool scep_message_recipient(struct scep_message *message, enum algorithm_level level,
                            const struct ra_set *const *sets, size_t set_count, size_t *set,
                            size_t *ra_index, struct error *err)
{
    const struct generations all = { sets, set_count };
    struct scep_opening *o = &message->opening;
    bool ok = false;

    scep_opening_clear(o);
    if (!message->verified) {
        return error_set(err, REASON_INTERNAL, "message is opened before it is verified");
    }
    ok = prepare(message, level, &all, err);
    if (ok) {
        for (*set = 0; sets[*set] != o->ras; (*set)++) {
        }
        *ra_index = o->ra_index;
    } else {
        scep_opening_clear(o);
    }
    ERR_clear_error();
    return ok;
}
