/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "model/machine_pkey.h"
#include "scep/scep_message_parts.h"
#include "scep/scep_preparse_envelope.h"
#include "scep/scep_stand_in.h"

/* What was found out before the private key is used. */
struct opening {
    CMS_ContentInfo *cms;
    CMS_RecipientInfo *recipient; /* part of cms */
    size_t recipient_index;
    size_t ra_index;
    X509 *ra_cert; /* a reference, or a copy with the issuer as the client wrote it */
};

static bool check_algorithms(struct scep_message *m, enum algorithm_level level,
                             struct scep_envelope_outline *outline, struct error *err)
{
    const struct scep_cipher_info *cipher = NULL;

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
                            const struct scep_envelope_outline *outline, struct opening *o,
                            struct error *err)
{
    const unsigned char *at = m->content.data;

    o->cms = d2i_CMS_ContentInfo(NULL, &at, (long)m->content.len);
    if (o->cms == NULL || at != m->content.data + m->content.len
        || (size_t)sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(o->cms))
               != outline->recipient_count) {
        return error_set(err, REASON_ENVELOPE_MALFORMED, "EnvelopedData cannot be decoded");
    }
    return true;
}

/*
 * Which of our certificates the recipient names exactly: RFC 5652 6.2.1. One that only signs is
 * nobody's recipient: its key never decrypts, as its keyUsage says.
 */
static bool find_exact(CMS_RecipientInfo *recipient, const struct ra_set *ras, struct opening *o)
{
    for (size_t i = 0; i < ras->ra_count; i++) {
        if (ras->ra[i].decrypts
            && CMS_RecipientInfo_ktri_cert_cmp(recipient, ras->ra[i].cert) == 0) {
            (void)X509_up_ref(ras->ra[i].cert);
            o->ra_cert = ras->ra[i].cert;
            o->ra_index = i;
            return true;
        }
    }
    return false;
}

/*
 * Clients re-encode the issuer's name, sometimes beyond what a name comparison forgives (RFC 5280
 * 7.1). A serial that only one certificate has is good enough: whether the key fits shows in
 * decryption. The copy carries the client's spelling, so that CMS_decrypt, which compares again,
 * can be given a certificate: without one its defence against Bleichenbacher's attack is weaker.
 */
static bool find_by_serial(CMS_RecipientInfo *recipient, const struct ra_set *ras,
                           struct opening *o)
{
    ASN1_OCTET_STRING *key_id = NULL;
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    size_t matches = 0;

    if (CMS_RecipientInfo_ktri_get0_signer_id(recipient, &key_id, &issuer, &serial) != 1
        || issuer == NULL || serial == NULL) {
        return false;
    }
    for (size_t i = 0; i < ras->ra_count; i++) {
        if (ras->ra[i].decrypts
            && ASN1_INTEGER_cmp(X509_get0_serialNumber(ras->ra[i].cert), serial) == 0) {
            matches++;
            o->ra_index = i;
        }
    }
    if (matches != 1) {
        return false;
    }
    X509_free(o->ra_cert);
    o->ra_cert = X509_dup(ras->ra[o->ra_index].cert);
    return o->ra_cert != NULL && X509_set_issuer_name(o->ra_cert, issuer) == 1;
}

typedef bool recipient_finder(CMS_RecipientInfo *recipient, const struct ra_set *ras,
                              struct opening *o);

static bool find_recipient(const struct ra_set *ras, struct opening *o, struct error *err)
{
    static recipient_finder *const finders[] = { find_exact, find_by_serial };
    STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(o->cms);

    for (size_t way = 0; way < sizeof(finders) / sizeof(finders[0]); way++) {
        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++) {
            CMS_RecipientInfo *recipient = sk_CMS_RecipientInfo_value(recipients, i);

            if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS
                && finders[way](recipient, ras, o)) {
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
static bool complete_oaep(const struct scep_recipient *recipient, struct opening *o,
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

static bool prepare(struct scep_message *m, enum algorithm_level level, const struct ra_set *ras,
                    struct opening *o, struct error *err)
{
    struct scep_envelope_outline outline;
    const struct scep_recipient *recipient = NULL;

    if (!check_algorithms(m, level, &outline, err) || !decode_envelope(m, &outline, o, err)
        || !find_recipient(ras, o, err)) {
        return false;
    }
    recipient = &outline.recipients[o->recipient_index];
    m->facts.transport = recipient->transport;
    m->facts.oaep_sha256 =
        recipient->transport == SCEP_TRANSPORT_OAEP && recipient->oaep.digest == SCEP_DIGEST_SHA256;
    return complete_oaep(recipient, o, err);
}

/* The signer's key has bounds, so a request with the same key can be verified without harm. */
static bool same_key(const struct scep_message *m, const struct csr *csr)
{
    return secret_equal(bytes_of(csr->key_sha256, sizeof(csr->key_sha256)),
                        bytes_of(m->facts.signer_key_sha256, sizeof(m->facts.signer_key_sha256)));
}

/*
 * A renewal: the old certificate signs for a new key, and there is no challenge that somebody could
 * have taken from another's recorded envelope (RFC 8894 2.3; who signed is looked at later). The
 * new key has to be one that is verified in bounded time.
 */
static bool new_key(const struct scep_message *m, const struct csr *csr)
{
    const struct key_facts key = { csr->key_type, csr->key_bits, csr->key_exponent_ok };

    return !m->facts.signer_self_signed && !csr->has_challenge && key_is_bounded(&key);
}

/*
 * May a request with an EC key be verified at all? Known to everybody who sees the message: a
 * self-signed RSA signer asks for its own key.
 */
static bool ec_possible(const struct scep_message *m)
{
    return m->facts.signer_key_type == KEY_TYPE_EC || !m->facts.signer_self_signed;
}

/*
 * From here on nothing may tell an attacker which step failed (RFC 3218 2.3 for the key, CBC
 * padding for the content; the envelope is not authenticated, so anybody can change and re-sign a
 * recorded one). Whatever fails, the work is one private key operation, one content decryption, a
 * parse, and then that of scep_stand_in_work: a verification of each kind that could have been
 * needed, by the peer's request where it may be judged, by constant ones in its place.
 * CMS_decrypt goes on with a random key when the padding of the key is wrong, as long as it is
 * given the certificate and no debug flag; a key of the machine's store does so by itself
 * (model/machine_pkey.h).
 */
static bool open_envelope(const struct scep_message *m, const struct ra_set *ras,
                          const struct opening *o, BIO *plain, struct csr *csr)
{
    unsigned char *data = NULL;
    long len = 0;
    bool parsed = false;
    bool may_verify = false;
    bool proven = false;
    bool worked = true;

    if (CMS_decrypt(o->cms, ras->ra[o->ra_index].key, o->ra_cert, NULL, plain, CMS_BINARY) == 1) {
        len = BIO_get_mem_data(plain, &data);
        parsed = len > 0 && csr_parse(bytes_of(data, (size_t)len), csr, NULL);
    }
    if (!parsed) {
        worked = scep_stand_in_parse();
    }
    may_verify = parsed && (same_key(m, csr) || new_key(m, csr));
    proven = may_verify && csr_verify(csr, NULL);
    if (!proven) {
        worked = scep_stand_in_work(ec_possible(m), may_verify ? csr->key_type : KEY_TYPE_OTHER,
                                    csr->key_bits)
                 && worked;
    }
    return proven && worked;
}

static void opening_clear(struct opening *o)
{
    X509_free(o->ra_cert);
    CMS_ContentInfo_free(o->cms);
}

bool scep_message_decrypt(struct scep_message *message, enum algorithm_level level,
                          const struct ra_set *ras, size_t *ra_index, struct csr *csr,
                          struct error *err)
{
    struct opening o = { 0 };
    BIO *plain = NULL;
    bool ok = false;

    csr_clear(csr);
    if (!message->verified) {
        return error_set(err, REASON_INTERNAL, "message is opened before it is verified");
    }
    if (!prepare(message, level, ras, &o, err)) {
        goto out;
    }
    *ra_index = o.ra_index;
    plain = BIO_new(BIO_s_mem()); /* its memory is wiped when it grows and when it is freed */
    if (plain == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the request");
        goto out;
    }
    ok = open_envelope(message, ras, &o, plain, csr);
    if (!ok) {
        csr_clear(csr);
        (void)error_set(err, REASON_UNIFORM_FAILURE, "envelope, PKCS#10, its signature or its key");
        machine_pkey_explain(ras->ra[o.ra_index].key, err); /* for the log: no peer sees details */
    }
out:
    BIO_free(plain);
    opening_clear(&o);
    ERR_clear_error();
    return ok;
}
