/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/client_messages.h"

#include <stdio.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/text.h"
#include "scep/scep_oid.h"
#include "scep/scep_preparse.h"
#include "support/scep_asn1.h"

#define OID_O "2.5.4.10"
#define OID_SERIAL_NUMBER "2.5.4.5"
#define OID_UNSTRUCTURED_NAME "1.2.840.113549.1.9.2"
#define LINE 64

/* ---- what is asked for ----------------------------------------------------------------------- */

static void put_subject(struct client *c, const char *cn)
{
    switch (c->kind->subject) {
    case CLIENT_SUBJECT_O_CN:
        csr_builder_rdn(&c->csr, OID_O, TAG_PRINTABLE, bytes_of_text("Example"));
        csr_builder_rdn(&c->csr, OID_CN, TAG_PRINTABLE, bytes_of_text(cn));
        break;
    case CLIENT_SUBJECT_CISCO:
        csr_builder_rdn_pair(&c->csr, OID_UNSTRUCTURED_NAME, c->host, OID_SERIAL_NUMBER,
                             "FTX1840ABCD");
        break;
    case CLIENT_SUBJECT_CN:
    default:
        csr_builder_cn(&c->csr, cn);
        break;
    }
}

/* The challenge in the client's string type; BMPString and UniversalString are big-endian. */
static void put_challenge(struct client *c, const char *challenge)
{
    uint8_t tag = c->kind->challenge_tag == 0 ? TAG_UTF8 : c->kind->challenge_tag;
    size_t width = tag == TAG_BMP ? 2 : tag == TAG_UNIVERSAL ? 4 : 1;
    struct buffer value = ASN1_BUFFER_INIT;

    for (size_t i = 0; challenge[i] != '\0'; i++) {
        const uint8_t unit[4] = { 0, 0, 0, (uint8_t)challenge[i] };

        scep_must(buffer_append(&value, unit + 4 - width, width, NULL));
    }
    csr_builder_challenge(&c->csr, tag, buffer_bytes(&value));
    buffer_clear(&value);
}

static void put_extensions(struct client *c)
{
    if (c->kind->extension_oid == NULL) {
        return;
    }
    c->csr.extension_oid = c->kind->extension_oid;
    csr_builder_extension(&c->csr, OID_KEY_USAGE, false, bytes_of("\x03\x02\x05\xa0", 4));
    csr_builder_san(&c->csr, TAG_SAN_DNS, bytes_of_text(c->host));
}

/* ---- who asks -------------------------------------------------------------------------------- */

static void put_hex(struct client *c, const unsigned char *bytes, size_t len, bool upper)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(c->transaction_id + 2 * i, 3, upper ? "%02X" : "%02x", bytes[i]);
    }
}

static void put_base64(struct client *c, const unsigned char *bytes, size_t len)
{
    struct buffer text = ASN1_BUFFER_INIT;

    scep_must(base64_encode(bytes_of(bytes, len), &text, NULL));
    (void)snprintf(c->transaction_id, sizeof(c->transaction_id), "%s", buffer_text(&text));
    buffer_clear(&text);
}

static unsigned digest_key(EVP_PKEY *key, const EVP_MD *md, unsigned char out[EVP_MAX_MD_SIZE])
{
    unsigned char *der = NULL;
    unsigned size = 0;
    int len = i2d_PUBKEY(key, &der);

    scep_must(len > 0 && EVP_Digest(der, (size_t)len, out, &size, md, NULL) == 1);
    OPENSSL_free(der);
    return size;
}

static void make_transaction_id(struct client *c, EVP_PKEY *key)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    scep_must(RAND_bytes(bytes, 16) == 1);
    switch (c->kind->id) {
    case CLIENT_ID_MD5_UPPER:
    case CLIENT_ID_MD5_LOWER:
        len = digest_key(key, EVP_md5(), bytes);
        put_hex(c, bytes, len, c->kind->id == CLIENT_ID_MD5_UPPER);
        break;
    case CLIENT_ID_SHA1_BASE64:
        len = digest_key(key, EVP_sha1(), bytes);
        bytes[0] = 0xfb; /* "+/" begin it, whatever the key */
        bytes[1] = 0xf3;
        put_base64(c, bytes, len);
        break;
    case CLIENT_ID_SHA256_LOWER:
        len = digest_key(key, EVP_sha256(), bytes);
        put_hex(c, bytes, len, false);
        break;
    case CLIENT_ID_UUID:
        put_hex(c, bytes, 16, false);
        memcpy(c->transaction_id + 8, "-4711-4", 7);
        break;
    case CLIENT_ID_RANDOM_BASE64:
        put_base64(c, bytes, 16);
        break;
    case CLIENT_ID_COUNTER:
        memcpy(c->transaction_id, "1", 2);
        break;
    case CLIENT_ID_SHA1_UPPER:
    default:
        len = digest_key(key, EVP_sha1(), bytes);
        put_hex(c, bytes, len, true);
        break;
    }
    c->message.transaction_id = bytes_of_text(c->transaction_id);
}

void client_self_sign(struct client *c, const struct scep_cert_options *wanted)
{
    struct scep_cert_options options = *wanted;
    struct buffer name = ASN1_BUFFER_INIT;

    options.key = c->message.key;
    if (options.cn == NULL && options.name.data == NULL) {
        asn1_tlv(&name, 0x30, buffer_bytes(&c->csr.subject));
        options.name = buffer_bytes(&name);
    }
    X509_free(c->cert);
    c->cert = scep_cert_make(&options);
    c->message.cert = c->cert;
    buffer_clear(&name);
}

static void self_sign_as_kind(struct client *c)
{
    static const struct scep_cert_extension usage = { "2.5.29.15",
                                                      false,
                                                      { (const uint8_t *)"\x03\x02\x05\xa0", 4 } };
    const struct client_kind *kind = c->kind;
    struct scep_cert_options options = {
        .serial = kind->serial,
        .serial_len = kind->serial_len,
        .version = kind->self_version,
        .digest = strcmp(kind->digest, "MD5") == 0 ? "SHA1" : kind->digest,
        .extensions = &usage,
        .extension_count = kind->self_usage ? 1 : 0,
    };

    if (kind->self == CLIENT_SELF_UUID) {
        options.cn = "0C2C6B0E-6B6D-4B8E-9D0F-5C7E0C6F7A11";
    } else if (kind->self == CLIENT_SELF_EMPTY) {
        options.name = bytes_of("\x30\x00", 2);
    }
    client_self_sign(c, &options);
}

static void init(struct client *c, const struct client_kind *kind,
                 const struct endpoint_world *world, EVP_PKEY *key, const char *cn)
{
    memset(c, 0, sizeof(*c));
    c->kind = kind;
    (void)snprintf(c->host, sizeof(c->host), "%s.example.com", cn);
    for (char *at = c->host; *at != '\0'; at++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.", *at)
            == NULL) {
            *at = 'x';
        }
    }
    scep_client_init(&c->message, key, world->ras->ra[0].cert);
    c->message.digest = kind->digest;
    c->message.cipher = kind->cipher;
    c->message.signature = kind->signature;
    c->message.transport = kind->transport;
    c->message.order = kind->order;
    c->message.ber = kind->ber;
    c->message.nonce = kind->nonce_len != 0;
    c->message.nonce_len = kind->nonce_len;
    if (kind->no_signing_time) {
        c->message.signing_time_tag = 0;
    }
    make_transaction_id(c, key);
    csr_builder_init(&c->csr, key);
    put_subject(c, cn);
    put_extensions(c);
}

void client_init_challenge(struct client *c, const struct client_kind *kind,
                           const struct endpoint_world *world, EVP_PKEY *key, const char *cn,
                           const char *challenge)
{
    init(c, kind, world, key, cn);
    if (challenge != NULL) {
        put_challenge(c, challenge);
    }
    self_sign_as_kind(c);
}

void client_init(struct client *c, const struct client_kind *kind,
                 const struct endpoint_world *world, EVP_PKEY *key, const char *cn)
{
    client_init_challenge(c, kind, world, key, cn, WORLD_PASSPHRASE);
}

void client_init_renewal(struct client *c, const struct client_kind *kind,
                         const struct endpoint_world *world, X509 *old, EVP_PKEY *old_key,
                         EVP_PKEY *key, const char *cn)
{
    init(c, kind, world, key, cn);
    put_challenge(c, "");
    c->message.key = old_key;
    c->cert = X509_dup(old);
    scep_must(c->cert != NULL);
    c->message.cert = c->cert;
}

void client_clear(struct client *c)
{
    X509_free(c->cert);
    csr_builder_clear(&c->csr);
    memset(c, 0, sizeof(*c));
}

/* ---- sending --------------------------------------------------------------------------------- */

void client_message(struct client *c, struct buffer *out)
{
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;

    csr_builder_der(&c->csr, &csr);
    scep_client_envelope(&c->message, buffer_bytes(&csr), &envelope);
    scep_client_sign(&c->message, buffer_bytes(&envelope), out, NULL);
    buffer_clear(&csr);
    buffer_clear(&envelope);
}

/* How one letter of the base64 goes out; NULL: as it is. */
static const char *escaped(enum client_way way, char letter)
{
    bool all = way == CLIENT_GET;
    bool lines = way == CLIENT_GET_LINES;

    switch (letter) {
    case '+':
        if (way == CLIENT_GET_SPACE) return "%20";
        if (way == CLIENT_GET_URL) return "-";
        return all || lines || way == CLIENT_GET_LINES_PLUS ? "%2B" : NULL;
    case '/':
        if (way == CLIENT_GET_URL) return "_";
        return all ? "%2F" : NULL;
    case '=':
        if (way == CLIENT_GET_URL) return "";
        return all || lines || way == CLIENT_GET_BARE ? "%3D" : NULL;
    default:
        return NULL;
    }
}

void client_query(enum client_way way, struct bytes message, struct buffer *out)
{
    struct buffer text = ASN1_BUFFER_INIT;
    bool lines = way == CLIENT_GET_LINES || way == CLIENT_GET_LINES_PLUS;

    scep_must(base64_encode(message, &text, NULL)
              && buffer_append_text(out, "operation=PKIOperation&message=", NULL));
    for (size_t i = 0; i < text.len; i++) {
        const char *as = escaped(way, (char)text.data[i]);

        if (lines && i != 0 && i % LINE == 0) {
            scep_must(buffer_append_text(out, "%0A", NULL));
        }
        scep_must(as != NULL ? buffer_append_text(out, as, NULL)
                             : buffer_append_byte(out, text.data[i], NULL));
    }
    if (way == CLIENT_GET_LINES) {
        scep_must(buffer_append_text(out, "%0A", NULL));
    }
    buffer_clear(&text);
}

static void send_bytes(const struct endpoint *endpoint, enum client_way way, struct bytes message,
                       struct endpoint_answer *answer)
{
    struct buffer text = ASN1_BUFFER_INIT;

    switch (way) {
    case CLIENT_POST:
        endpoint_post(endpoint, message, answer);
        break;
    case CLIENT_POST_BASE64:
        scep_must(base64_encode(message, &text, NULL) && buffer_append_text(&text, "\r\n", NULL));
        endpoint_post(endpoint, buffer_bytes(&text), answer);
        break;
    default:
        client_query(way, message, &text);
        endpoint_get(endpoint, buffer_text(&text), answer);
        break;
    }
    buffer_clear(&text);
}

void client_send_message(struct client *c, const struct endpoint *endpoint,
                         const struct endpoint_world *world, enum client_way way,
                         struct bytes message, struct client_outcome *out)
{
    memset(&out->reply, 0, sizeof(out->reply));
    send_bytes(endpoint, way, message, &out->answer);
    out->certrep =
        out->answer.response.status == 200
        && scep_client_read(buffer_bytes(&out->answer.response.body), world->ras->ra[0].cert,
                            c->message.key, c->message.cert, &out->reply);
}

void client_send(struct client *c, const struct endpoint *endpoint,
                 const struct endpoint_world *world, struct client_outcome *out)
{
    *out = (struct client_outcome){ .message = ASN1_BUFFER_INIT };
    client_message(c, &out->message);
    client_send_message(c, endpoint, world, c->kind->way, buffer_bytes(&out->message), out);
}

void client_outcome_clear(struct client_outcome *out)
{
    buffer_clear(&out->message);
    endpoint_answer_clear(&out->answer);
    scep_client_reply_clear(&out->reply);
}

/* ---- judging --------------------------------------------------------------------------------- */

static void must_be(bool ok, const char *name, const char *what)
{
    if (!ok) {
        fail_msg("%s: %s", name, what);
    }
}

static void assert_echo(const struct client *c, const struct client_outcome *out, const char *name)
{
    const struct scep_client_reply *r = &out->reply;

    must_be(strcmp(out->answer.response.content_type, "application/x-pki-message") == 0, name,
            "content type");
    must_be(strcmp(r->message_type, "3") == 0, name, "messageType");
    must_be(bytes_equal(buffer_bytes(&r->transaction_id), c->message.transaction_id)
                && r->transaction_id_tag == c->message.transaction_id_tag,
            name, "transactionID");
    must_be(r->has_recipient_nonce == c->message.nonce
                && bytes_equal(
                    buffer_bytes(&r->recipient_nonce),
                    bytes_of(c->message.nonce_bytes, c->message.nonce ? c->message.nonce_len : 0)),
            name, "recipientNonce");
    must_be(r->sender_nonce.len == 16
                && !bytes_equal(buffer_bytes(&r->sender_nonce), buffer_bytes(&r->recipient_nonce)),
            name, "senderNonce");
}

void client_assert_enrolled(const struct client *c, const struct endpoint_world *world,
                            const struct client_outcome *out, const char *name)
{
    const struct scep_client_reply *r = &out->reply;
    const struct error *err = &out->answer.report.error;
    bool oaep = c->message.transport >= SCEP_CLIENT_OAEP_SHA1
                && c->message.transport <= SCEP_CLIENT_OAEP_SHA512;

    if (err->reason != REASON_NONE || !out->certrep || r->status != 0) {
        fail_msg("%s: HTTP %d, %s (%s) %s", name, out->answer.response.status,
                 reason_id(err->reason), err->detail, r->problem);
    }
    assert_echo(c, out, name);
    must_be(r->digest_nid == OBJ_txt2nid(c->message.digest), name, "digest not mirrored");
    must_be(r->cipher_nid == OBJ_txt2nid(c->message.cipher), name, "cipher not mirrored");
    must_be(r->transport_nid == (oaep ? NID_rsaesOaep : NID_rsaEncryption), name,
            "key transport not mirrored");
    must_be(r->recipient_count == 1, name, "not one recipient");
    must_be(r->cert != NULL && X509_verify(r->cert, X509_get0_pubkey(world->ras->chain[0])) == 1,
            name, "certificate");
    must_be(EVP_PKEY_eq(X509_get0_pubkey(r->cert), c->csr.key) == 1, name,
            "certificate of another key");
    client_assert_plain(out, name);
}

void client_assert_refused(const struct client *c, const struct client_outcome *out,
                           enum reason reason, int fail_info, const char *name)
{
    const struct scep_client_reply *r = &out->reply;

    if (out->answer.report.error.reason != reason || !out->certrep || r->status != 2
        || r->fail_info != fail_info) {
        fail_msg("%s: HTTP %d, status %d, failInfo %d, %s (%s) %s", name,
                 out->answer.response.status, r->status, r->fail_info,
                 reason_id(out->answer.report.error.reason), out->answer.report.error.detail,
                 r->problem);
    }
    assert_echo(c, out, name);
    must_be(strcmp(r->fail_text, reason_public_text(reason)) == 0, name, "failInfoText");
    client_assert_plain(out, name);
}

/* OpenSSL writes DER: what it writes again in the same way was DER. */
static bool is_der(struct bytes message)
{
    const unsigned char *at = message.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)message.len);
    unsigned char *der = NULL;
    int len = cms == NULL ? -1 : i2d_CMS_ContentInfo(cms, &der);
    bool same = len > 0 && bytes_equal(message, bytes_of(der, (size_t)len));

    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    return same;
}

void client_assert_plain(const struct client_outcome *out, const char *name)
{
    static const enum scep_oid texts[] = { SCEP_OID_MESSAGE_TYPE, SCEP_OID_PKI_STATUS,
                                           SCEP_OID_FAIL_INFO };
    struct bytes reply = buffer_bytes(&out->answer.response.body);
    struct scep_outline outline;
    const struct scep_attribute *type = NULL;

    must_be(is_der(reply), name, "the reply is not DER");
    must_be(scep_preparse(reply, &outline, NULL), name, "the reply cannot be read");
    type = scep_outline_attribute(&outline, SCEP_OID_CONTENT_TYPE);
    must_be(type != NULL && scep_oid_is(type->value.content, SCEP_OID_DATA), name,
            "contentType is not data");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct scep_attribute *a = scep_outline_attribute(&outline, texts[i]);

        must_be(a == NULL
                    || (a->value.whole.data[0] == TAG_PRINTABLE && a->value.whole.data[1] < 0x80),
                name, "a text that is no short PrintableString");
    }
}
