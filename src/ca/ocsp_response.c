/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_response.h"

#include <openssl/ocsp.h>

#include "ca/asn1_time.h"
#include "ca/ca_error.h"

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

static bool append_response(OCSP_BASICRESP *basic, struct buffer *der, struct error *err)
{
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *data = NULL;
    int len = response != NULL ? i2d_OCSP_RESPONSE(response, &data) : -1;
    bool ok = len > 0 ? buffer_append(der, data, (size_t)len, err)
                      : ca_error_openssl(err, REASON_SIGN_FAILED,
                                         "an OCSP answer cannot be written as DER");

    OPENSSL_free(data);
    OCSP_RESPONSE_free(response);
    return ok;
}

bool ocsp_response_sign(const struct ocsp_signer *signer, const struct ocsp_response_plan *plan,
                        struct buffer *der, struct error *err)
{
    OCSP_BASICRESP *basic = make_basic(plan, err);
    bool ok = false;

    if (basic == NULL) {
        return false;
    }
    if (OCSP_basic_sign(basic, signer->cert, signer->key, signer->digest, NULL, OCSP_RESPID_KEY)
        != 1) {
        (void)ca_error_openssl(err, REASON_SIGN_FAILED, "the OCSP answer cannot be signed");
        goto out;
    }
    ok = append_response(basic, der, err);
out:
    OCSP_BASICRESP_free(basic);
    return ok;
}

bool ocsp_response_refuse(enum ocsp_refusal status, struct buffer *der, struct error *err)
{
    const uint8_t response[] = { 0x30, 0x03, 0x0a, 0x01, (uint8_t)status };

    return buffer_append(der, response, sizeof(response), err);
}
