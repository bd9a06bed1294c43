/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/text.h"
#include "platform/clock.h"

/*
 * The outer form is that of a real challenge. What is inside is known to Microsoft alone: here it
 * is JSON, filled up to the length of a real one.
 */

#define LIFE_SECONDS 3600
#define PLAIN_BYTES 1540u
#define PART_MAX 65536u
#define HEX_MAX 41 /* SHA-1 */
#define JSON_DEPTH 4

/* ---- inside ---------------------------------------------------------------------------------- */

static bool put_list(struct json *object, const char *name, const char *const *texts, size_t most)
{
    struct json *list = json_value_new_array();
    struct error err = ERROR_INIT;

    if (list == NULL) return false;
    for (size_t i = 0; i < most && texts[i] != NULL; i++) {
        if (!json_value_push(list, json_value_new_text(texts[i]), &err)) {
            json_value_free(list);
            return false;
        }
    }
    return json_value_put(object, name, list, &err);
}

static bool put_expected(struct json *object, const struct intune_cloud_challenge_spec *spec)
{
    struct error err = ERROR_INIT;

    return (spec->subject == NULL || json_value_put_text(object, "subject", spec->subject, &err))
           && (spec->sans[0] == NULL || put_list(object, "sans", spec->sans, INTUNE_CLOUD_SANS))
           && (spec->ekus[0] == NULL || put_list(object, "ekus", spec->ekus, INTUNE_CLOUD_EKUS))
           && (spec->key_bits == 0
               || json_value_put_integer(object, "keyBits", spec->key_bits, &err))
           && (spec->key_usage == 0
               || json_value_put_integer(object, "keyUsage", spec->key_usage, &err));
}

static bool put_ids(struct json *object, const struct intune_cloud_challenge_spec *spec)
{
    static const char *const names[] = { "deviceId", "userId", "certificateRequestId" };
    int64_t made = clock_now() - spec->age_seconds;
    struct error err = ERROR_INIT;
    char guid[CLOUD_GUID_MAX];

    for (size_t i = 0; i < 3; i++) {
        if (!cloud_guid(guid) || !json_value_put_text(object, names[i], guid, &err)) return false;
    }
    return json_value_put_text(object, "tenantId",
                               spec->tenant != NULL ? spec->tenant : INTUNE_CLOUD_TENANT, &err)
           && json_value_put_integer(object, "created", made, &err)
           && json_value_put_integer(object, "expires", made + LIFE_SECONDS, &err);
}

static bool write_plain(const struct intune_cloud_challenge_spec *spec, struct buffer *out,
                        struct error *err)
{
    struct json *object = json_value_new_object();
    bool ok = object != NULL && put_ids(object, spec) && put_expected(object, spec)
              && json_value_print(object, 0, out, err);

    json_value_free(object);
    while (ok && out->len < PLAIN_BYTES) {
        ok = buffer_append_byte(out, ' ', err);
    }
    return ok || error_set(err, REASON_NO_MEMORY, "a challenge cannot be written");
}

/* ---- CMS ------------------------------------------------------------------------------------- */

static bool write_cms(CMS_ContentInfo *cms, struct buffer *out, struct error *err)
{
    unsigned char *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    bool ok = len > 0 && buffer_append(out, der, (size_t)len, err);

    OPENSSL_free(der);
    return ok;
}

/* One recipient by issuer and serial, RSAES-OAEP with SHA-1, AES-256-CBC. */
static bool envelop(struct intune_cloud_server *cloud, struct bytes plain, struct buffer *out,
                    struct error *err)
{
    BIO *in = BIO_new_mem_buf(plain.data, (int)plain.len);
    CMS_ContentInfo *cms =
        CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), CMS_BINARY | CMS_PARTIAL | CMS_STREAM);
    CMS_RecipientInfo *recipient = NULL;
    EVP_PKEY_CTX *context = NULL;
    bool ok = false;

    if (in != NULL && cms != NULL) {
        recipient = CMS_add1_recipient_cert(cms, cloud->recipient.cert, CMS_KEY_PARAM);
    }
    if (recipient != NULL) {
        context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    }
    ok = context != NULL && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
         && CMS_final(cms, in, NULL, CMS_BINARY) == 1 && write_cms(cms, out, err);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    ERR_clear_error();
    return ok || error_set(err, REASON_INTERNAL, "a challenge cannot be encrypted");
}

/* Detached, SHA-256, neither certificates nor signed attributes. */
static bool sign(struct intune_cloud_server *cloud, struct bytes content, struct buffer *out,
                 struct error *err)
{
    const unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOCERTS;
    BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
    bool ok =
        in != NULL && cms != NULL
        && CMS_add1_signer(cms, cloud->signer.cert, cloud->signer.key, EVP_sha256(), flags) != NULL
        && CMS_final(cms, in, NULL, flags) == 1 && write_cms(cms, out, err);

    CMS_ContentInfo_free(cms);
    BIO_free(in);
    ERR_clear_error();
    return ok || error_set(err, REASON_INTERNAL, "a challenge cannot be signed");
}

static CMS_ContentInfo *read_cms(struct bytes der)
{
    const unsigned char *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);

    if (cms != NULL && at != der.data + der.len) {
        CMS_ContentInfo_free(cms);
        cms = NULL;
    }
    ERR_clear_error();
    return cms;
}

static bool verify(struct intune_cloud_server *cloud, struct bytes content, struct bytes signature)
{
    CMS_ContentInfo *cms = read_cms(signature);
    STACK_OF(X509) *signers = sk_X509_new_null();
    BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
    bool ok =
        cms != NULL && signers != NULL && in != NULL
        && sk_X509_push(signers, cloud->signer.cert) > 0
        && CMS_verify(cms, signers, NULL, in, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;

    BIO_free(in);
    sk_X509_free(signers);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return ok;
}

static bool decrypt(struct intune_cloud_server *cloud, struct bytes der, struct buffer *out)
{
    CMS_ContentInfo *cms = read_cms(der);
    BIO *plain = BIO_new(BIO_s_mem());
    struct error err = ERROR_INIT;
    char *data = NULL;
    bool ok =
        cms != NULL && plain != NULL
        && CMS_decrypt(cms, cloud->recipient.key, cloud->recipient.cert, NULL, plain, CMS_BINARY)
               == 1;

    if (ok) {
        long len = BIO_get_mem_data(plain, &data);

        ok = len > 0 && buffer_append(out, data, (size_t)len, &err);
    }
    BIO_free(plain);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return ok;
}

/* ---- the outer form -------------------------------------------------------------------------- */

/* SHA-1 of the signer's certificate: that is what Intune names it by. */
static bool signer_thumbprint(struct intune_cloud_server *cloud, char hex[HEX_MAX])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (X509_digest(cloud->signer.cert, EVP_sha1(), digest, &len) != 1) return false;
    text_hex(hex, HEX_MAX, bytes_of(digest, len));
    return true;
}

static void upper(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    }
}

/* <Data>...</Data> */
static bool write_data(struct intune_cloud_server *cloud, struct bytes envelope, struct buffer *out,
                       struct error *err)
{
    char thumbprint[HEX_MAX];

    if (!signer_thumbprint(cloud, thumbprint)) {
        return error_set(err, REASON_INTERNAL, "no digest");
    }
    upper(thumbprint);
    return buffer_append_text(out, "<Data><CertEnrollChallenge>", err)
           && base64_encode(envelope, out, err)
           && buffer_printf(out, err,
                            "</CertEnrollChallenge><SignerThumbprint>%s</SignerThumbprint></Data>",
                            thumbprint);
}

static bool write_token(struct bytes data, struct bytes signature, struct buffer *out,
                        struct error *err)
{
    size_t size = 2 * signature.len + 1;
    char *hex = malloc(size);
    bool ok = false;

    if (hex == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory");
    text_hex(hex, size, signature);
    upper(hex);
    ok = buffer_append_text(out, "<CertEnrollToken>", err) && buffer_append_bytes(out, data, err)
         && buffer_printf(out, err, "<Signature>%s</Signature></CertEnrollToken>", hex);
    free(hex);
    return ok;
}

bool intune_cloud_challenge(struct intune_cloud_server *cloud,
                            const struct intune_cloud_challenge_spec *spec, struct buffer *out,
                            struct error *err)
{
    static const struct intune_cloud_challenge_spec nothing;
    struct buffer plain = BUFFER_INIT(PART_MAX);
    struct buffer envelope = BUFFER_INIT(PART_MAX);
    struct buffer data = BUFFER_INIT(PART_MAX);
    struct buffer signature = BUFFER_INIT(PART_MAX);
    struct buffer token = BUFFER_INIT(PART_MAX);
    bool ok = write_plain(spec != NULL ? spec : &nothing, &plain, err)
              && envelop(cloud, buffer_bytes(&plain), &envelope, err)
              && write_data(cloud, buffer_bytes(&envelope), &data, err)
              && sign(cloud, buffer_bytes(&data), &signature, err)
              && write_token(buffer_bytes(&data), buffer_bytes(&signature), &token, err)
              && base64_encode(buffer_bytes(&token), out, err);

    buffer_clear(&token);
    buffer_clear(&signature);
    buffer_clear(&data);
    buffer_clear(&envelope);
    buffer_clear(&plain);
    return ok;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* What stands between two tags, once; with them if `with` says so. */
static bool between(struct bytes text, const char *begin, const char *end, bool with,
                    struct bytes *out)
{
    const char *start = strstr((const char *)text.data, begin);
    const char *stop = start != NULL ? strstr(start, end) : NULL;

    if (stop == NULL) return false;
    start += with ? 0 : strlen(begin);
    stop += with ? strlen(end) : 0;
    *out = bytes_of(start, (size_t)(stop - start));
    return true;
}

struct parts {
    struct buffer xml;
    struct buffer envelope;
    struct buffer signature;
    struct bytes data; /* in xml */
    struct bytes thumbprint;
};

static bool read_parts(struct bytes challenge, struct parts *parts)
{
    struct error err = ERROR_INIT;
    struct bytes envelope;
    struct bytes signature;
    size_t len = 0;

    if (!base64_decode(challenge, BASE64_STRICT, &parts->xml, &err)
        || memchr(parts->xml.data, '\0', parts->xml.len) != NULL
        || strncmp(buffer_text(&parts->xml), "<CertEnrollToken>", 17) != 0
        || !between(buffer_bytes(&parts->xml), "<Data>", "</Data>", true, &parts->data)
        || !between(buffer_bytes(&parts->xml), "<CertEnrollChallenge>", "</CertEnrollChallenge>",
                    false, &envelope)
        || !between(buffer_bytes(&parts->xml), "<SignerThumbprint>", "</SignerThumbprint>", false,
                    &parts->thumbprint)
        || !between(buffer_bytes(&parts->xml), "<Signature>", "</Signature>", false, &signature)) {
        return false;
    }
    return base64_decode(envelope, BASE64_STRICT, &parts->envelope, &err)
           && buffer_reserve(&parts->signature, signature.len / 2 + 1, &err)
           && text_unhex(parts->signature.data, parts->signature.cap, &len, signature)
           && (parts->signature.len = len) > 0;
}

static bool is_signer(struct intune_cloud_server *cloud, struct bytes thumbprint)
{
    char hex[HEX_MAX];

    return signer_thumbprint(cloud, hex) && thumbprint.len == HEX_MAX - 1
           && text_starts_nocase((const char *)thumbprint.data, hex);
}

static int64_t number(const struct json *object, const char *name)
{
    struct json *value = json_value_get(object, name);

    return value != NULL ? json_value_integer(value) : 0;
}

static const char *judge_time(const struct json *plain, char *text, size_t size)
{
    int64_t made = number(plain, "created");
    int64_t ends = number(plain, "expires");
    char made_text[CLOCK_TEXT_MAX];
    char ends_text[CLOCK_TEXT_MAX];

    if (ends <= made || made > clock_now() + 60) return "ChallengeInvalidTimestamp";
    if (ends >= clock_now()) return NULL;
    clock_format(made, made_text);
    clock_format(ends, ends_text);
    (void)!text_format(text, size,
                       "challengeExpInterval=60, challengeExpiration=%s, challengeCreation=%s",
                       ends_text, made_text);
    return "ChallengeExpired";
}

static const char *judge_tenant(const struct json *plain, char *text, size_t size)
{
    struct json *value = json_value_get(plain, "tenantId");
    const char *tenant = value != NULL ? json_value_text(value) : NULL;

    if (tenant != NULL && strcmp(tenant, INTUNE_CLOUD_TENANT) == 0) return NULL;
    (void)!text_copy(text, size,
                     "tenantId in challenge does not match tenantId from security token");
    return "BadTenantIdInChallenge";
}

static const char *open_parts(struct intune_cloud_server *cloud, const struct parts *parts,
                              struct json **out, char *text, size_t size)
{
    struct buffer plain = BUFFER_INIT(PART_MAX);
    struct error err = ERROR_INIT;
    const char *code = NULL;

    if (!is_signer(cloud, parts->thumbprint)) {
        code = "SigningCertThumbprintMismatch";
    } else if (!verify(cloud, parts->data, buffer_bytes(&parts->signature))) {
        code = "SignatureValidationFailed";
    } else if (!decrypt(cloud, buffer_bytes(&parts->envelope), &plain)) {
        code = "ChallengeDecryptionError";
    } else {
        *out = json_value_parse(buffer_bytes(&plain), PART_MAX, JSON_DEPTH, &err);
        code = *out == NULL ? "ChallengeDecodingError" : judge_time(*out, text, size);
    }
    if (code == NULL) {
        code = judge_tenant(*out, text, size);
    }
    buffer_clear(&plain);
    return code;
}

struct json *cloud_challenge_open(struct intune_cloud_server *cloud, struct bytes challenge,
                                  const char **code, char *text, size_t size)
{
    struct parts parts = { .xml = BUFFER_INIT(PART_MAX),
                           .envelope = BUFFER_INIT(PART_MAX),
                           .signature = BUFFER_INIT(PART_MAX) };
    struct json *out = NULL;

    *code = "ChallengeDeserializationError";
    if (read_parts(challenge, &parts)) {
        *code = open_parts(cloud, &parts, &out, text, size);
    }
    if (*code != NULL) {
        json_value_free(out);
        out = NULL;
    }
    buffer_clear(&parts.signature);
    buffer_clear(&parts.envelope);
    buffer_clear(&parts.xml);
    return out;
}
