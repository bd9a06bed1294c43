/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_response.h"

#include <openssl/evp.h>
#include <openssl/ocsp.h>

#include "ca/asn1_time.h"
#include "ca/ca_error.h"
#include "ca/ca_sign.h"
#include "ca/der_writer.h"

#define KEY_HASH_BYTES 20 /* SHA-1 */

/* As OpenSSL numbers them, and the standard does. */
_Static_assert(OCSP_GOOD == V_OCSP_CERTSTATUS_GOOD, "good");
_Static_assert(OCSP_REVOKED == V_OCSP_CERTSTATUS_REVOKED, "revoked");
_Static_assert(OCSP_UNKNOWN == V_OCSP_CERTSTATUS_UNKNOWN, "unknown");

struct times {
    ASN1_TIME *this_update;
    ASN1_TIME *next_update;
    ASN1_TIME *revoked_at;
};

static bool times_create(struct times *times, const struct ocsp_response_plan *plan,
                         struct error *err)
{
    times->this_update = ASN1_TIME_new();
    times->next_update = ASN1_TIME_new();
    times->revoked_at = ASN1_TIME_new();
    if (times->this_update == NULL || times->next_update == NULL || times->revoked_at == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for an OCSP answer");
    }
    return asn1_time_set(times->this_update, plan->this_update, err)
           && asn1_time_set(times->next_update, plan->next_update, err);
}

static void times_free(struct times *times)
{
    ASN1_TIME_free(times->this_update);
    ASN1_TIME_free(times->next_update);
    ASN1_TIME_free(times->revoked_at);
}

static bool add_statement(OCSP_BASICRESP *basic, const struct ocsp_statement *statement,
                          const struct times *times, struct error *err)
{
    const unsigned char *at = statement->cert_id.data;
    const struct ocsp_status *status = &statement->status;
    bool revoked = status->status == OCSP_REVOKED;
    OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &at, (long)statement->cert_id.len);
    bool ok = false;

    if (id == NULL || at != statement->cert_id.data + statement->cert_id.len) {
        (void)ca_error_openssl(err, REASON_OCSP_REQUEST, "the OCSP request: a malformed CertID");
        goto out;
    }
    if (revoked && !asn1_time_set(times->revoked_at, status->revoked_at, err)) {
        goto out;
    }
    /* RFC 5280 5.3.1: unspecified is left out. */
    ok = OCSP_basic_add1_status(
             basic, id, (int)status->status,
             revoked && status->reason > 0 ? status->reason : OCSP_REVOKED_STATUS_NOSTATUS,
             revoked ? times->revoked_at : NULL, times->this_update, times->next_update)
         != NULL;
    if (!ok) {
        (void)ca_error_openssl(err, REASON_NO_MEMORY, "an OCSP answer cannot be put together");
    }
out:
    OCSP_CERTID_free(id);
    return ok;
}

static OCSP_BASICRESP *make_basic(const struct ocsp_response_plan *plan, struct error *err)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    struct times times = { NULL, NULL, NULL };
    bool ok = false;

    if (basic == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an OCSP answer");
        goto out;
    }
    if (!times_create(&times, plan, err)) goto out;
    for (size_t i = 0; i < plan->count; i++) {
        if (!add_statement(basic, &plan->statements[i], &times, err)) goto out;
    }
    if (plan->nonce.len > 0
        && OCSP_basic_add1_nonce(basic, (unsigned char *)plan->nonce.data, (int)plan->nonce.len)
               != 1) {
        (void)ca_error_openssl(err, REASON_NO_MEMORY, "a nonce cannot be put into an answer");
        goto out;
    }
    ok = true;
out:
    times_free(&times);
    if (!ok) {
        OCSP_BASICRESP_free(basic);
        basic = NULL;
    }
    return basic;
}

/* ---- DER: what OCSP_basic_sign would write (ca_sign.h says why it does not) --------------- */

/* The key's hash, as X509_pubkey_digest says it: without algorithm. */
static bool append_responder(struct buffer *out, const X509 *cert, struct error *err)
{
    uint8_t hash[KEY_HASH_BYTES];
    unsigned int len = 0;

    if (X509_pubkey_digest(cert, EVP_sha1(), hash, &len) != 1 || len != sizeof(hash)) {
        return ca_error_openssl(err, REASON_SIGN_FAILED, "the signer's key has no hash");
    }
    return der_append_header(out, DER_CONTEXT(2), 2 + sizeof(hash), err)
           && der_append_value(out, V_ASN1_OCTET_STRING, bytes_of(hash, sizeof(hash)), err);
}

static bool append_time(struct buffer *out, int64_t seconds, struct error *err)
{
    ASN1_TIME *time = ASN1_TIME_new();
    ASN1_GENERALIZEDTIME *general = NULL;
    bool ok = false;

    if (time != NULL && !asn1_time_set(time, seconds, err)) goto out;
    general = time != NULL ? ASN1_TIME_to_generalizedtime(time, NULL) : NULL;
    ok = general != NULL
             ? der_append_item(out, general, ASN1_ITEM_rptr(ASN1_GENERALIZEDTIME), err)
             : ca_error_openssl(err, REASON_NO_MEMORY, "out of memory for an OCSP answer");
out:
    ASN1_GENERALIZEDTIME_free(general);
    ASN1_TIME_free(time);
    return ok;
}

static bool append_statements(struct buffer *out, OCSP_BASICRESP *basic, struct error *err)
{
    struct buffer list = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    bool ok = true;

    for (int i = 0; ok && i < OCSP_resp_count(basic); i++) {
        ok = der_append_item(&list, OCSP_resp_get0(basic, i), ASN1_ITEM_rptr(OCSP_SINGLERESP), err);
    }
    ok = ok && der_append_value(out, DER_SEQUENCE, buffer_bytes(&list), err);
    buffer_clear(&list);
    return ok;
}

static bool append_extensions(struct buffer *out, OCSP_BASICRESP *basic, struct error *err)
{
    struct buffer list = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct buffer all = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    int count = OCSP_BASICRESP_get_ext_count(basic);
    bool ok = true;

    for (int i = 0; ok && i < count; i++) {
        ok = der_append_item(&list, OCSP_BASICRESP_get_ext(basic, i),
                             ASN1_ITEM_rptr(X509_EXTENSION), err);
    }
    ok = ok
         && (count == 0
             || (der_append_value(&all, DER_SEQUENCE, buffer_bytes(&list), err)
                 && der_append_value(out, DER_CONTEXT(1), buffer_bytes(&all), err)));
    buffer_clear(&all);
    buffer_clear(&list);
    return ok;
}

/* ResponseData, version 1. */
static bool append_data(struct buffer *out, const struct ocsp_signer *signer, int64_t produced_at,
                        OCSP_BASICRESP *basic, struct error *err)
{
    struct buffer inside = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    bool ok = append_responder(&inside, signer->cert, err) && append_time(&inside, produced_at, err)
              && append_statements(&inside, basic, err) && append_extensions(&inside, basic, err)
              && der_append_value(out, DER_SEQUENCE, buffer_bytes(&inside), err);

    buffer_clear(&inside);
    return ok;
}

static bool append_signer(struct buffer *out, const X509 *cert, struct error *err)
{
    struct buffer one = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct buffer list = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    bool ok = der_append_item(&one, cert, ASN1_ITEM_rptr(X509), err)
              && der_append_value(&list, DER_SEQUENCE, buffer_bytes(&one), err)
              && der_append_value(out, DER_CONTEXT(0), buffer_bytes(&list), err);

    buffer_clear(&list);
    buffer_clear(&one);
    return ok;
}

/* A BasicOCSPResponse in an OCSPResponse that says successful. */
static bool append_response(struct buffer *out, struct bytes basic, struct error *err)
{
    static const uint8_t successful[] = { V_ASN1_ENUMERATED, 1, OCSP_RESPONSE_STATUS_SUCCESSFUL };
    static const uint8_t id_pkix_ocsp_basic[] = { V_ASN1_OBJECT, 9,    0x2b, 0x06, 0x01, 0x05,
                                                  0x05,          0x07, 0x30, 0x01, 0x01 };
    struct buffer kind = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct buffer bytes = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct buffer inside = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    bool ok = buffer_append(&kind, id_pkix_ocsp_basic, sizeof(id_pkix_ocsp_basic), err)
              && der_append_value(&kind, V_ASN1_OCTET_STRING, basic, err)
              && der_append_value(&bytes, DER_SEQUENCE, buffer_bytes(&kind), err)
              && buffer_append(&inside, successful, sizeof(successful), err)
              && der_append_value(&inside, DER_CONTEXT(0), buffer_bytes(&bytes), err)
              && der_append_value(out, DER_SEQUENCE, buffer_bytes(&inside), err);

    buffer_clear(&inside);
    buffer_clear(&bytes);
    buffer_clear(&kind);
    return ok;
}

bool ocsp_response_sign(const struct ocsp_signer *signer, const struct ocsp_response_plan *plan,
                        struct buffer *der, struct error *err)
{
    OCSP_BASICRESP *basic = make_basic(plan, err);
    struct buffer inside = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct buffer whole = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct bytes data;
    bool ok = false;

    if (basic == NULL) goto out;
    if (!append_data(&inside, signer, plan->produced_at, basic, err)) goto out;
    if (!buffer_append_bytes(&whole, buffer_bytes(&inside), err)) goto out;
    data = buffer_bytes(&whole); /* a copy: what is signed stays while more is appended */
    ok = ca_sign_algorithm(signer->key, signer->digest, &inside, err)
         && ca_sign_pieces(signer->key, signer->digest, &data, 1, &inside, err)
         && append_signer(&inside, signer->cert, err);
    buffer_reset(&whole);
    ok = ok && der_append_value(&whole, DER_SEQUENCE, buffer_bytes(&inside), err)
         && append_response(der, buffer_bytes(&whole), err);
out:
    OCSP_BASICRESP_free(basic);
    buffer_clear(&inside);
    buffer_clear(&whole);
    return ok;
}

bool ocsp_response_refuse(enum ocsp_refusal status, struct buffer *der, struct error *err)
{
    const uint8_t response[] = { 0x30, 0x03, 0x0a, 0x01, (uint8_t)status };

    return buffer_append(der, response, sizeof(response), err);
}
