/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_reply.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/key_sign.h"
#include "model/machine_pkey.h"
#include "platform/clock.h"
#include "scep/cms_writer.h"
#include "scep/scep_cacert.h"
#include "scep/scep_seal.h"

/* Our own nonce, RFC 8894 3.2.1.5. */
#define NONCE_BYTES 16
#define ATTRIBUTES_BYTES_MAX 8192u
#define CONTENT_BYTES_MAX LIMIT_BODY_BYTES_MAX
#define SIGNATURE_BYTES_MAX (LIMIT_RSA_BITS_MAX / 8u)

struct reply {
    const struct scep_message_facts *facts;
    const struct scep_reply_options *options;
    const struct ra_identity *ra;
    enum scep_status status;
    const struct error *why; /* FAILURE only */
    struct bytes content;    /* pkcsPKIEnvelope; SUCCESS only */
    const struct scep_digest_info *digest;
    enum scep_signature_form form;
};

/* RFC 8894 3.2.1.3; the numbers are those of the enumeration. */
static void put_number_text(struct der_writer *w, int number)
{
    char text[16];

    if (!text_format(text, sizeof(text), "%d", number)) {
        w->failed = true;
        return;
    }
    der_put(w, DER_PRINTABLE_STRING, bytes_of_text(text));
}

static void open_attribute(struct der_writer *w, enum scep_oid type)
{
    der_open(w, DER_SEQUENCE);
    der_put_oid(w, type);
    der_open(w, DER_SET);
}

static void close_attribute(struct der_writer *w)
{
    der_close(w);
    der_close(w);
}

static void put_bytes_attribute(struct der_writer *w, enum scep_oid type, uint8_t tag,
                                struct bytes value)
{
    open_attribute(w, type);
    der_put(w, tag, value);
    close_attribute(w);
}

static void put_number_attribute(struct der_writer *w, enum scep_oid type, int number)
{
    open_attribute(w, type);
    put_number_text(w, number);
    close_attribute(w);
}

/* RFC 5652 11.3: UTCTime through 2049, GeneralizedTime from then on; always seconds and Z. */
static void put_signing_time(struct der_writer *w)
{
    char iso[CLOCK_TEXT_MAX];
    char digits[16];
    size_t count = 0;
    bool utc = false;

    clock_format(clock_now(), iso);
    for (size_t i = 0; iso[i] != '\0' && count + 2 < sizeof(digits); i++) {
        if (iso[i] >= '0' && iso[i] <= '9') {
            digits[count++] = iso[i];
        }
    }
    digits[count++] = 'Z';
    utc = bytes_equal(bytes_of(digits, 2), bytes_of_text("20")) && digits[2] < '5';
    put_bytes_attribute(w, SCEP_OID_SIGNING_TIME, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME,
                        utc ? bytes_of(digits + 2, count - 2) : bytes_of(digits, count));
}

static void put_message_digest(struct der_writer *w, const struct reply *r)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(r->content.data, r->content.len, digest, &len,
                   EVP_get_digestbynid(r->digest->nid), NULL)
        != 1) {
        w->failed = true;
        (void)error_set(w->err, crypto_memory_reason(REASON_SIGN_FAILED), "%s cannot be computed",
                        r->digest->name);
        return;
    }
    put_bytes_attribute(w, SCEP_OID_MESSAGE_DIGEST, DER_OCTET_STRING, bytes_of(digest, len));
}

/* failInfo, its text, and what NDES adds: the HRESULT as a signed decimal (NDES: observed). */
static void put_failure(struct der_writer *w, const struct reply *r)
{
    enum fail_info info = error_fail_info(r->why);
    const char *text = reason_public_text(r->why->reason);

    /* a reason without a failInfo has no business here; RFC 8894 3.2.1.4 requires one */
    put_number_attribute(w, SCEP_OID_FAIL_INFO,
                         info == FAIL_INFO_NONE ? (int)FAIL_INFO_BAD_REQUEST : (int)info);
    put_bytes_attribute(w, SCEP_OID_FAIL_INFO_TEXT, DER_UTF8_STRING, bytes_of_text(text));
    if (r->options->hresult_attribute) {
        put_number_attribute(w, SCEP_OID_MS_ERROR, (int)(int32_t)error_hresult(r->why));
    }
}

/* The content of a SET OF Attribute, sorted. */
static bool write_attributes(const struct reply *r, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);
    uint8_t nonce[NONCE_BYTES];

    if (!secret_random(nonce, sizeof(nonce), err)) {
        return false;
    }
    der_open(&w, DER_SET);
    open_attribute(&w, SCEP_OID_CONTENT_TYPE);
    der_put_oid(&w, SCEP_OID_DATA);
    close_attribute(&w);
    put_signing_time(&w);
    put_message_digest(&w, r);
    put_number_attribute(&w, SCEP_OID_MESSAGE_TYPE, SCEP_TYPE_CERT_REP);
    put_bytes_attribute(&w, SCEP_OID_TRANSACTION_ID, (uint8_t)r->facts->transaction_id_tag,
                        r->facts->transaction_id);
    put_number_attribute(&w, SCEP_OID_PKI_STATUS, (int)r->status);
    if (r->status == SCEP_STATUS_FAILURE) {
        put_failure(&w, r);
    }
    if (r->facts->has_sender_nonce) {
        put_bytes_attribute(&w, SCEP_OID_RECIPIENT_NONCE, DER_OCTET_STRING, r->facts->sender_nonce);
    }
    put_bytes_attribute(&w, SCEP_OID_SENDER_NONCE, DER_OCTET_STRING,
                        bytes_of(nonce, sizeof(nonce)));
    der_close_set_of(&w);
    return der_finish(&w);
}

/* `attributes` is the SET OF with its own tag, which is what is signed: RFC 5652 5.4. */
static bool sign(const struct reply *r, struct bytes attributes, struct buffer *signature,
                 struct error *err)
{
    const EVP_MD *md = EVP_get_digestbynid(r->digest->nid);
    size_t len = SIGNATURE_BYTES_MAX;

    if (!buffer_reserve(signature, len, err)) {
        return false;
    }
    if (md == NULL
        || !key_sign(r->ra->key, md, r->form == SCEP_SIGNATURE_PSS, attributes, signature->data,
                     &len)) {
        (void)error_set(err, crypto_memory_reason(REASON_SIGN_FAILED), "answer cannot be signed");
        machine_pkey_explain(r->ra->key, err);
        return false;
    }
    signature->len = len;
    return true;
}

/*
 * RFC 3370 3.2: PKCS#1 v1.5 is named rsaEncryption whatever the request named it. Every verifier
 * must know that name, NDES uses it, and strongSwan 5.9.8 sends sha256WithRSAEncryption but takes
 * nothing else in a reply. Only PSS is another signature and is mirrored; the RA is RSA, so that
 * ECDSA cannot be.
 */
static void put_signature_algorithm(struct der_writer *w, const struct reply *r)
{
    switch (r->form) {
    case SCEP_SIGNATURE_PSS:
        cms_put_pss(w, r->digest->digest,
                    (uint8_t)EVP_MD_get_size(EVP_get_digestbynid(r->digest->nid)));
        break;
    case SCEP_SIGNATURE_RSA:
    case SCEP_SIGNATURE_RSA_WITH_DIGEST:
    case SCEP_SIGNATURE_ECDSA:
    case SCEP_SIGNATURE_OTHER:
    default:
        der_put_algorithm(w, scep_oid_bytes(SCEP_OID_RSA));
        break;
    }
}

/* RFC 5652 5.3. The attributes get the tag [0] in place of SET OF; nothing else of them changes. */
static void put_signer_info(struct der_writer *w, const struct reply *r, struct buffer *attributes,
                            struct bytes signature)
{
    der_open(w, DER_SEQUENCE);
    der_put_small(w, 1);
    cms_put_issuer_serial(w, r->ra->cert);
    der_put_algorithm(w, scep_oid_of_nid(r->digest->nid));
    attributes->data[0] = DER_CONTEXT_0_CONSTRUCTED;
    der_put_raw(w, buffer_bytes(attributes));
    put_signature_algorithm(w, r);
    der_put(w, DER_OCTET_STRING, signature);
    der_close(w);
}

static bool write_signed_data(const struct reply *r, struct buffer *attributes,
                              struct bytes signature, struct buffer *out, struct error *err)
{
    struct der_writer w = der_writer_to(out, err);

    der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, SCEP_OID_SIGNED_DATA);
    der_open(&w, DER_CONTEXT_0_CONSTRUCTED);
    der_open(&w, DER_SEQUENCE);
    der_put_small(&w, 1);
    der_open(&w, DER_SET);
    der_put_algorithm(&w, scep_oid_of_nid(r->digest->nid));
    der_close(&w);
    der_open(&w, DER_SEQUENCE);
    der_put_oid(&w, SCEP_OID_DATA);
    /*
     * RFC 8894 3.3.2 has no pkcsPKIEnvelope in FAILURE and PENDING. An empty eContent stands for
     * it, not an absent one: certmonger 0.79 cannot verify a SignedData without content and takes
     * the refusal for a broken server. NDES sends a content there, too.
     */
    der_open(&w, DER_CONTEXT_0_CONSTRUCTED);
    der_put(&w, DER_OCTET_STRING, r->content);
    der_close(&w);
    der_close(&w);
    der_open(&w, DER_CONTEXT_0_CONSTRUCTED);
    cms_put_certificate(&w, r->ra->cert);
    der_close(&w);
    der_open(&w, DER_SET);
    put_signer_info(&w, r, attributes, signature);
    der_close(&w);
    der_close(&w);
    der_close(&w);
    der_close(&w);
    return der_finish(&w);
}

static bool reply_write(struct reply *r, struct buffer *out, struct error *err)
{
    struct buffer attributes = BUFFER_INIT(ATTRIBUTES_BYTES_MAX);
    struct buffer signature = BUFFER_INIT(SIGNATURE_BYTES_MAX);
    bool ok = write_attributes(r, &attributes, err)
              && sign(r, buffer_bytes(&attributes), &signature, err)
              && write_signed_data(r, &attributes, buffer_bytes(&signature), out, err);

    buffer_clear(&attributes);
    buffer_clear(&signature);
    ERR_clear_error();
    return ok;
}

/* Mirror the request's algorithms, but never below the endpoint's level. */
static bool reply_init(struct reply *r, const struct scep_message *message,
                       const struct scep_reply_options *options, enum scep_status status,
                       struct error *err)
{
    const struct scep_message_facts *facts = scep_message_facts(message);
    const struct scep_digest_info *digest = scep_digest_info(facts->digest);
    const struct ra_identity *ra = ra_set_signer(options->ras, options->ra_index);

    if (ra == NULL || !ra->signs) {
        return error_set(err, REASON_INTERNAL, "no RA to sign the answer");
    }
    if (digest == NULL || !scep_level_allows(options->level, digest->level)) {
        digest = scep_digest_info(SCEP_DIGEST_SHA256);
    }
    *r = (struct reply){ .facts = facts,
                         .options = options,
                         .ra = ra,
                         .status = status,
                         .digest = digest,
                         .form = facts->signature_form };
    return true;
}

/* Can the content key of this cipher be carried to the signer? */
static bool cipher_carried(const struct reply *r, const struct scep_cipher_info *cipher)
{
    return r->facts->signer_key_type != KEY_TYPE_EC || cipher->wrap_nid != NID_undef;
}

/* An EC signer has no key transport to be mirrored: the KDF follows the digest of the message. */
static struct scep_seal_options seal_options(const struct reply *r)
{
    const struct scep_cipher_info *cipher = scep_cipher_info(r->facts->cipher);
    bool mirror = cipher != NULL && scep_level_allows(r->options->level, cipher->level)
                  && cipher_carried(r, cipher);

    return (struct scep_seal_options){
        .recipient = r->facts->signer,
        .key = r->facts->signer_key,
        .cipher = mirror ? cipher->cipher : SCEP_CIPHER_AES128,
        .transport = r->facts->transport,
        .oaep_digest = r->facts->oaep_sha256 ? SCEP_DIGEST_SHA256 : SCEP_DIGEST_SHA1,
        .kdf_digest = r->digest->digest == SCEP_DIGEST_SHA1 ? SCEP_DIGEST_SHA1 : SCEP_DIGEST_SHA256,
    };
}

/* RFC 8894 3.4: the issued certificate, which must be the first (old clients take that one). */
static bool write_certificates(const struct scep_reply_options *options, struct bytes cert_der,
                               struct buffer *out, struct error *err)
{
    struct bytes certs[1 + LIMIT_CHAIN_CERTIFICATES];
    struct buffer chain[LIMIT_CHAIN_CERTIFICATES];
    size_t count = 1;
    size_t used = options->include_chain ? options->ras->chain_count : 0;
    bool ok = true;

    certs[0] = cert_der;
    for (size_t i = 0; i < used; i++) {
        struct der_writer w;

        chain[i] = (struct buffer)BUFFER_INIT(CONTENT_BYTES_MAX);
        w = der_writer_to(&chain[i], err);
        cms_put_certificate(&w, options->ras->chain[i]);
        ok = der_finish(&w) && ok;
        certs[count++] = buffer_bytes(&chain[i]);
    }
    ok = ok && scep_degenerate(certs, count, out, err);
    for (size_t i = 0; i < used; i++) {
        buffer_clear(&chain[i]);
    }
    return ok;
}

/* SUCCESS around a messageData. */
static bool reply_sealed(const struct scep_message *message,
                         const struct scep_reply_options *options, struct bytes plain,
                         struct buffer *out, struct error *err)
{
    struct buffer envelope = BUFFER_INIT(CONTENT_BYTES_MAX);
    struct scep_seal_options seal;
    struct reply r;
    bool ok = false;

    if (!reply_init(&r, message, options, SCEP_STATUS_SUCCESS, err)) goto out;
    seal = seal_options(&r);
    if (!scep_seal(&seal, plain, &envelope, err)) goto out;
    r.content = buffer_bytes(&envelope);
    ok = reply_write(&r, out, err);
out:
    buffer_clear(&envelope);
    return ok;
}

bool scep_reply_success(const struct scep_message *message,
                        const struct scep_reply_options *options, struct bytes cert_der,
                        struct buffer *out, struct error *err)
{
    struct buffer plain = BUFFER_INIT(CONTENT_BYTES_MAX);
    bool ok = write_certificates(options, cert_der, &plain, err)
              && reply_sealed(message, options, buffer_bytes(&plain), out, err);

    buffer_clear(&plain);
    return ok;
}

bool scep_reply_crl(const struct scep_message *message, const struct scep_reply_options *options,
                    struct bytes crl_der, struct buffer *out, struct error *err)
{
    struct buffer plain = BUFFER_INIT(CONTENT_BYTES_MAX);
    bool ok = scep_degenerate_crl(crl_der, &plain, err)
              && reply_sealed(message, options, buffer_bytes(&plain), out, err);

    buffer_clear(&plain);
    return ok;
}

bool scep_reply_failure(const struct scep_message *message,
                        const struct scep_reply_options *options, const struct error *why,
                        struct buffer *out, struct error *err)
{
    struct reply r;

    if (!reply_init(&r, message, options, SCEP_STATUS_FAILURE, err)) {
        return false;
    }
    r.why = why;
    return reply_write(&r, out, err);
}

bool scep_reply_pending(const struct scep_message *message,
                        const struct scep_reply_options *options, struct buffer *out,
                        struct error *err)
{
    struct reply r;

    return reply_init(&r, message, options, SCEP_STATUS_PENDING, err) && reply_write(&r, out, err);
}
