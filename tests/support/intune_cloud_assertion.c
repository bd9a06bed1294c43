/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/text.h"
#include "platform/clock.h"

/* Client assertions (RFC 7523; Microsoft identity platform, certificate credentials). */

#define PART_MAX 16384u
#define LIFE_MAX 600
#define CLOCK_SLACK 5
#define JSON_DEPTH 4

struct assertion {
    struct bytes signed_part;
    struct json *header;
    struct json *claims;
    struct buffer signature;
};

/* base64url without padding, and nothing else. */
static bool decode_part(struct bytes text, struct buffer *out)
{
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < text.len; i++) {
        if (strchr("+/= \t\r\n", text.data[i]) != NULL) return false;
    }
    return text.len > 0 && base64_decode(text, BASE64_TOLERANT, out, &err);
}

static struct json *decode_json(struct bytes text)
{
    struct buffer plain = BUFFER_INIT(PART_MAX);
    struct error err = ERROR_INIT;
    struct json *value = NULL;

    if (decode_part(text, &plain)) {
        value = json_value_parse(buffer_bytes(&plain), PART_MAX, JSON_DEPTH, &err);
    }
    buffer_clear(&plain);
    return value;
}

static bool split(const char *text, struct assertion *out)
{
    const char *first = strchr(text, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (second == NULL || strchr(second + 1, '.') != NULL) return false;
    out->signed_part = bytes_of(text, (size_t)(second - text));
    out->header = decode_json(bytes_of(text, (size_t)(first - text)));
    out->claims = decode_json(bytes_of(first + 1, (size_t)(second - first - 1)));
    return out->header != NULL && out->claims != NULL
           && decode_part(bytes_of_text(second + 1), &out->signature);
}

static void assertion_clear(struct assertion *a)
{
    json_value_free(a->header);
    json_value_free(a->claims);
    buffer_clear(&a->signature);
}

static bool has_text(const struct json *object, const char *name, const char *wanted)
{
    struct json *value = json_value_get(object, name);
    const char *text = value != NULL ? json_value_text(value) : NULL;

    return text != NULL && strcmp(text, wanted) == 0;
}

static bool get_number(const struct json *object, const char *name, int64_t *out)
{
    struct json *value = json_value_get(object, name);

    if (value == NULL || json_value_kind(value) != JSON_KIND_INTEGER) return false;
    *out = json_value_integer(value);
    return true;
}

/* ---- header and signature -------------------------------------------------------------------- */

static bool is_thumbprint(const struct x509_st *cert, struct bytes wanted)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return X509_digest((const X509 *)cert, EVP_sha256(), digest, &len) == 1
           && bytes_equal(bytes_of(digest, len), wanted);
}

/* The registered certificate's key; owned; NULL: not registered. */
static EVP_PKEY *find_key(struct intune_cloud_server *cloud, const struct json *header)
{
    struct buffer digest = BUFFER_INIT(EVP_MAX_MD_SIZE);
    struct json *value = json_value_get(header, "x5t#S256");
    const char *text = value != NULL ? json_value_text(value) : NULL;
    EVP_PKEY *key = NULL;

    if (text != NULL && decode_part(bytes_of_text(text), &digest)) {
        (void)pthread_mutex_lock(&cloud->lock);
        for (size_t i = 0; key == NULL && i < cloud->certificates.count; i++) {
            const struct cloud_identity *known = cloud->certificates.items[i];

            if (is_thumbprint(known->cert, buffer_bytes(&digest))) {
                key = X509_get_pubkey((X509 *)known->cert);
            }
        }
        (void)pthread_mutex_unlock(&cloud->lock);
    }
    buffer_clear(&digest);
    return key;
}

/* RFC 7518 3.5: PSS with SHA-256, MGF1 with SHA-256, a salt of 32 bytes. */
static bool verify(EVP_PKEY *key, const struct assertion *a)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    bool ok = md != NULL && EVP_DigestVerifyInit(md, &context, EVP_sha256(), NULL, key) == 1
              && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
              && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
              && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1
              && EVP_DigestVerify(md, a->signature.data, a->signature.len, a->signed_part.data,
                                  a->signed_part.len)
                     == 1;

    EVP_MD_CTX_free(md);
    ERR_clear_error();
    return ok;
}

/* ---- claims ---------------------------------------------------------------------------------- */

static const char *check_time(struct cloud_visit *visit, const struct json *claims)
{
    int64_t now = clock_now();
    int64_t from = 0;
    int64_t until = 0;

    if (!get_number(claims, "nbf", &from) || !get_number(claims, "exp", &until)) {
        (void)cloud_object(visit, "nbf or exp is no number");
        return "AADSTS50027";
    }
    if (from > now + CLOCK_SLACK || until <= now) return "AADSTS700024";
    if (until - now > LIFE_MAX + CLOCK_SLACK) {
        (void)cloud_object(visit, "exp is more than 10 minutes away");
        return "AADSTS700024";
    }
    return NULL;
}

static bool check_once(struct cloud_visit *visit, const struct json *claims)
{
    struct json *value = json_value_get(claims, "jti");
    const char *jti = value != NULL ? json_value_text(value) : NULL;

    if (jti == NULL || strlen(jti) < 16) return cloud_object(visit, "jti is missing or short");
    return cloud_once(visit->cloud, "jti", jti) || cloud_object(visit, "jti of another assertion");
}

static const char *check(struct cloud_visit *visit, const struct assertion *a,
                         const char *token_url)
{
    EVP_PKEY *key = NULL;
    bool good = false;
    const char *code = NULL;

    if (!has_text(a->header, "alg", "PS256") || !has_text(a->header, "typ", "JWT")) {
        (void)cloud_object(visit, "the assertion's alg or typ");
        return "AADSTS50027";
    }
    key = find_key(visit->cloud, a->header);
    good = key != NULL && verify(key, a);
    EVP_PKEY_free(key);
    if (!good) return "AADSTS700027";
    if (!has_text(a->claims, "aud", token_url)) return "AADSTS700023";
    if (!has_text(a->claims, "iss", INTUNE_CLOUD_CLIENT)
        || !has_text(a->claims, "sub", INTUNE_CLOUD_CLIENT)) {
        return "AADSTS700021";
    }
    code = check_time(visit, a->claims);
    if (code != NULL) return code;
    return check_once(visit, a->claims) ? NULL : "AADSTS50027";
}

const char *cloud_assertion_check(struct cloud_visit *visit, const char *assertion,
                                  const char *token_url)
{
    struct assertion a = { .signature = BUFFER_INIT(PART_MAX) };
    const char *code = "AADSTS50027";

    if (split(assertion, &a)) {
        code = check(visit, &a, token_url);
    }
    assertion_clear(&a);
    return code;
}
