/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the three actions: validateRequest, successNotification, failureNotification.
 * Not here: second chances (intune_service.h), what an answer means (intune_answer.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     Intune-Resource-Access, IntuneScepValidator.
 *
 * Bodies are written here and not by base/json.h: they hold the challenge, and the buffer is wiped.
 */
#include "intune/intune_client.h"

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/text.h"
#include "intune/intune_call.h"
#include "intune/intune_codes.h"
#include "intune/intune_service.h"
#include "intune/intune_text.h"
#include "platform/clock.h"

#include "openndes_version.h"

#define CALLER_INFO "OpenNDES/" OPENNDES_VERSION
#define API_VERSION "2018-02-20"
#define BODY_MAX 65536 /* a request of LIMIT_CSR_BYTES in base64, and texts of some KB */
#define SHA1_BYTES 20

/* "name":"text" */
static bool append_member(struct buffer *body, const char *name, const char *text,
                          struct error *err)
{
    return buffer_printf(body, err, "\"%s\":", name) && intune_text_json(body, text, err);
}

/* What all of them begin with: {"request":{"transactionId":"..","certificateRequest":".." */
static bool append_request(struct buffer *body, const char *kind,
                           const struct intune_request *request, struct error *err)
{
    struct bytes id = text_trim(bytes_of_text(request->transaction_id));

    if (id.len == 0 || request->csr.len == 0) {
        return error_set(err, REASON_SYNTAX, "Intune needs a transaction id and a request");
    }
    return buffer_printf(body, err, "{\"%s\":{", kind)
           && append_member(body, "transactionId", request->transaction_id, err)
           && buffer_append_text(body, ",\"certificateRequest\":\"", err)
           && base64_encode(request->csr, body, err) && buffer_append_byte(body, '"', err);
}

static bool append_end(struct buffer *body, struct error *err)
{
    return buffer_append_byte(body, ',', err) && append_member(body, "callerInfo", CALLER_INFO, err)
           && buffer_append_text(body, "}}", err);
}

static const char *const paths[INTUNE_ACTIONS] = {
    [INTUNE_ACTION_VALIDATE] = "/ScepActions/validateRequest",
    [INTUNE_ACTION_SUCCESS] = "/ScepActions/successNotification",
    [INTUNE_ACTION_FAILURE] = "/ScepActions/failureNotification",
};

static bool act(struct intune_client *client, enum intune_action action, const struct buffer *body,
                char client_request_id[INTUNE_ID_MAX], struct error *err)
{
    struct intune_service_call call = { .service = INTUNE_SERVICE_SCEP,
                                        .path = paths[action],
                                        .api_version = API_VERSION,
                                        .body = buffer_bytes(body) };
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error why = ERROR_INIT;
    struct intune_answer said;
    int64_t begun_us = clock_monotonic_us();
    bool ok = intune_service_call(client, &call, &answer, client_request_id, &why);

    if (ok) {
        said = intune_call_answer(&answer);
        ok = intune_answer_action(&said, &why);
    }
    http_answer_clear(&answer);
    intune_stats_count(client->stats, action, begun_us, ok ? NULL : &why);
    return ok || intune_service_failed(client_request_id, &why, err);
}

bool intune_validate(struct intune_client *client, const struct intune_request *request,
                     char client_request_id[INTUNE_ID_MAX], struct error *err)
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    bool ok = false;

    client_request_id[0] = '\0';
    ok = append_request(&body, "request", request, err) && append_end(&body, err)
         && act(client, INTUNE_ACTION_VALIDATE, &body, client_request_id, err);
    buffer_clear(&body);
    return ok;
}

/* SHA-1 in hex: a name for the certificate, not a protection. */
static bool thumbprint_of(struct bytes der, char out[2 * SHA1_BYTES + 1], struct error *err)
{
    uint8_t digest[SHA1_BYTES];

    if (EVP_Digest(der.data, der.len, digest, NULL, EVP_sha1(), NULL) != 1) {
        return error_set(err, REASON_INTERNAL, "SHA-1 is not available");
    }
    text_hex(out, 2 * SHA1_BYTES + 1, bytes_of(digest, sizeof(digest)));
    return true;
}

static bool append_success(struct buffer *body, const struct intune_success *success,
                           struct error *err)
{
    char thumbprint[2 * SHA1_BYTES + 1];
    char ends[CLOCK_TEXT_MAX];

    if (!thumbprint_of(success->certificate_der, thumbprint, err)) {
        return false;
    }
    clock_format_ms(success->certificate->not_after * 1000, ends);
    return buffer_append_byte(body, ',', err)
           && append_member(body, "certificateThumbprint", thumbprint, err)
           && buffer_append_byte(body, ',', err)
           && append_member(body, "certificateSerialNumber", success->certificate->serial, err)
           && buffer_append_byte(body, ',', err)
           && append_member(body, "certificateExpirationDateUtc", ends, err)
           && buffer_append_byte(body, ',', err)
           && append_member(body, "issuingCertificateAuthority", success->certificate->issuer, err)
           && buffer_append_byte(body, ',', err)
           && append_member(body, "caConfiguration", success->ca_configuration, err)
           && buffer_append_text(body, ",\"certificateAuthority\":\"\"", err);
}

bool intune_notify_success(struct intune_client *client, const struct intune_request *request,
                           const struct intune_success *success,
                           char client_request_id[INTUNE_ID_MAX], struct error *err)
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    bool ok = false;

    client_request_id[0] = '\0';
    ok = append_request(&body, "notification", request, err) && append_success(&body, success, err)
         && append_end(&body, err)
         && act(client, INTUNE_ACTION_SUCCESS, &body, client_request_id, err);
    buffer_clear(&body);
    return ok;
}

bool intune_notify_failure(struct intune_client *client, const struct intune_request *request,
                           uint32_t hresult, const char *description,
                           char client_request_id[INTUNE_ID_MAX], struct error *err)
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    char told[INTUNE_DESCRIPTION_MAX];
    int64_t number = hresult; /* as a 32-bit HRESULT: negative */
    bool ok = false;

    client_request_id[0] = '\0';
    intune_description(told, description, "");
    if (number > INT32_MAX) {
        number -= INT64_C(0x100000000);
    }
    ok = append_request(&body, "notification", request, err)
         && buffer_printf(&body, err, ",\"hResult\":%lld,", (long long)number)
         && append_member(&body, "errorDescription", told, err) && append_end(&body, err)
         && act(client, INTUNE_ACTION_FAILURE, &body, client_request_id, err);
    buffer_clear(&body);
    return ok;
}
