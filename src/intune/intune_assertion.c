/* SPDX-License-Identifier: Apache-2.0 */
/* The client assertion: RFC 7519, RFC 7515 5.1; PS256: RFC 7518 3.5. */
#include "intune/intune_credential.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

#define LIFE_SECONDS 600
#define JTI_BYTES 16
#define PART_BYTES_MAX 4096u
#define SIGNATURE_BYTES_MAX 1024u /* RSA 8192 */

/* Append as base64url without padding: RFC 7515 2. */
static bool append_base64url(struct bytes data, struct buffer *out, struct error *err)
{
    size_t start = out->len;

    if (!base64_encode(data, out, err)) return false;
    while (out->len > start && out->data[out->len - 1] == '=') {
        out->data[--out->len] = '\0';
    }
    for (size_t i = start; i < out->len; i++) {
        if (out->data[i] == '+') out->data[i] = '-';
        if (out->data[i] == '/') out->data[i] = '_';
    }
    return true;
}

static bool append_json(const struct json *value, struct buffer *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(PART_BYTES_MAX);
    bool ok = json_value_print(value, 0, &text, err);
    struct bytes trimmed = text_trim(buffer_bytes(&text));

    ok = ok && append_base64url(trimmed, out, err);
    buffer_clear(&text);
    return ok;
}

static bool append_header(const X509 *cert, struct buffer *out, struct error *err)
{
    struct json *header = json_value_new_object();
    struct buffer thumbprint = BUFFER_INIT(PART_BYTES_MAX);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = false;

    if (header == NULL || X509_digest(cert, EVP_sha256(), digest, &len) != 1) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a client assertion");
        goto out;
    }
    ok = append_base64url(bytes_of(digest, len), &thumbprint, err)
         && json_value_put_text(header, "alg", "PS256", err)
         && json_value_put_text(header, "typ", "JWT", err)
         && json_value_put_text(header, "x5t#S256", buffer_text(&thumbprint), err)
         && append_json(header, out, err);
out:
    json_value_free(header);
    buffer_clear(&thumbprint);
    return ok;
}

static bool append_claims(const char *token_url, const char *client_id, int64_t now,
                          struct buffer *out, struct error *err)
{
    struct json *claims = json_value_new_object();
    uint8_t random[JTI_BYTES];
    char jti[2 * JTI_BYTES + 1];
    bool ok = false;

    if (claims == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory for claims");
    if (!secret_random(random, sizeof(random), err)) goto out;
    text_hex(jti, sizeof(jti), bytes_of(random, sizeof(random)));
    ok = json_value_put_text(claims, "aud", token_url, err)
         && json_value_put_text(claims, "iss", client_id, err)
         && json_value_put_text(claims, "sub", client_id, err)
         && json_value_put_text(claims, "jti", jti, err)
         && json_value_put_integer(claims, "nbf", now, err)
         && json_value_put_integer(claims, "iat", now, err)
         && json_value_put_integer(claims, "exp", now + LIFE_SECONDS, err)
         && append_json(claims, out, err);
out:
    json_value_free(claims);
    return ok;
}

/* PS256: the salt is as long as the digest, MGF1 uses the same digest. */
static bool sign(EVP_PKEY *key, struct bytes text, uint8_t signature[SIGNATURE_BYTES_MAX],
                 size_t *len, struct error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL; /* the context's */
    bool ok = context != NULL
              && EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key) == 1
              && EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
              && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
              && EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()) == 1
              && EVP_DigestSign(context, signature, len, text.data, text.len) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return ok || error_set(err, REASON_INTERNAL, "the client assertion cannot be signed");
}

bool intune_assertion(const struct x509_st *cert, struct evp_pkey_st *key, const char *token_url,
                      const char *client_id, int64_t now, struct buffer *out, struct error *err)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t len = sizeof(signature);
    size_t start = out->len;

    return append_header(cert, out, err) && buffer_append_byte(out, '.', err)
           && append_claims(token_url, client_id, now, out, err)
           && sign(key, bytes_of(out->data + start, out->len - start), signature, &len, err)
           && buffer_append_byte(out, '.', err)
           && append_base64url(bytes_of(signature, len), out, err);
}
