/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "endpoint/endpoint_internal.h"
#include "scep/scep_message.h"
#include "scep/scep_reply.h"

/* What the report says about the sender, as soon as it is known. */
static void report_message(struct endpoint_report *report, const struct scep_message_facts *facts)
{
    const struct scep_type_info *type = scep_type_info(facts->type);

    report->message_type = type == NULL ? "unknown" : type->name;
    memcpy(report->transaction_id, facts->transaction_id.data, facts->transaction_id.len);
    report->transaction_id_len = facts->transaction_id.len;
}

static void report_algorithms(struct endpoint_report *report,
                              const struct scep_message_facts *facts)
{
    const struct scep_digest_info *digest = scep_digest_info(facts->digest);
    const struct scep_cipher_info *cipher = scep_cipher_info(facts->cipher);
    const char *transport = "-";

    if (facts->transport == SCEP_TRANSPORT_PKCS1) {
        transport = "pkcs1";
    } else if (facts->transport == SCEP_TRANSPORT_OAEP) {
        transport = "oaep";
    }
    if (!text_format(report->algorithms, sizeof(report->algorithms), "%s %s %s",
                     digest == NULL ? "-" : digest->name, cipher == NULL ? "-" : cipher->name,
                     transport)) {
        report->algorithms[0] = '\0';
    }
}

/*
 * Authorise by allow-list: a type that has no row, or no "accepted", ends here whatever it carries.
 */
static bool type_check(const struct scep_message_facts *facts, struct error *err)
{
    const struct scep_type_info *type = scep_type_info(facts->type);
    char shown[24];

    if (type != NULL && type->accepted) {
        return true;
    }
    text_escape(shown, sizeof(shown), facts->type_text);
    return error_set(err, type == NULL ? REASON_MESSAGE_TYPE_UNKNOWN : REASON_MESSAGE_TYPE_DISABLED,
                     "messageType \"%s\"", shown);
}

static void fill_request(struct enroll_request *out, const struct http_request *request,
                         const struct scep_message_facts *facts)
{
    out->kind = facts->type == SCEP_TYPE_RENEWAL_REQ ? ENROLL_KIND_RENEWAL : ENROLL_KIND_NEW;
    out->request_id = request->id;
    out->peer = request->peer;
    out->transaction_id = facts->transaction_id;
    out->signer = facts->signer;
    out->signer_self_signed = facts->signer_self_signed;
    memcpy(out->signer_key_sha256, facts->signer_key_sha256, sizeof(out->signer_key_sha256));
}

/* Steps from the signature to the decision; every failure can be answered by a CertRep. */
static bool decide(const struct endpoint *endpoint, const struct http_request *request,
                   struct scep_message *message, const struct ra_set *ras, size_t *ra_index,
                   struct issuance *issuance, struct endpoint_report *report)
{
    const struct scep_message_facts *facts = scep_message_facts(message);
    struct enroll_request enroll = { .csr = CSR_INIT };
    struct error *err = &report->error;
    bool ok = false;

    if (!scep_message_verify(message, endpoint->level, err)) goto out;
    if (!type_check(facts, err)) goto out;
    if (!scep_message_decrypt(message, endpoint->level, ras, ra_index, &enroll.csr, err)) goto out;
    name_format(csr_subject(&enroll.csr), report->requested_subject,
                sizeof(report->requested_subject));
    fill_request(&enroll, request, facts);
    ok = enroll_handle(&endpoint->enroll, &enroll, issuance, &report->challenge_type, err);
out:
    report_algorithms(report, facts);
    csr_clear(&enroll.csr);
    return ok;
}

/* A decision becomes a CertRep. */
static bool reply(const struct endpoint *endpoint, const struct scep_message *message,
                  const struct ra_set *ras, size_t ra_index, bool decided,
                  const struct issuance *issuance, struct http_response *response,
                  struct endpoint_report *report, struct error *err)
{
    struct scep_reply_options options = {
        .ras = ras,
        .ra_index = ra_index,
        .level = endpoint->level,
        .include_chain = endpoint->reply_chain,
        .hresult_attribute = true,
    };
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    bool ok;

    if (!decided) {
        ok = scep_reply_failure(message, &options, &report->error, &body, err);
        report->result = "refused";
    } else if (issuance->state == ISSUANCE_PENDING) {
        ok = scep_reply_pending(message, &options, &body, err);
        report->result = "pending";
    } else {
        ok = scep_reply_success(message, &options, buffer_bytes(&issuance->cert_der), &body, err);
        report->result = issuance->repeated ? "repeated" : "issued";
        report->certificate = issuance->info;
    }
    if (ok) {
        http_response_body(response, SCEP_MEDIA_TYPE, &body);
    }
    buffer_clear(&body);
    return ok;
}

bool pki_operation(const struct endpoint *endpoint, const struct http_request *request,
                   struct bytes raw, struct http_response *response, struct endpoint_report *report)
{
    struct issuance issuance = ISSUANCE_INIT;
    struct error reply_error = ERROR_INIT;
    struct scep_message *message = NULL;
    struct ra_set *ras = NULL;
    size_t ra_index = 0;
    bool decided = false;
    bool ok = false;

    message = scep_message_parse(raw, &report->error);
    if (message == NULL) goto out;
    report_message(report, scep_message_facts(message));
    ras = ca_ra(endpoint->ca, &report->error);
    if (ras == NULL) goto out;
    decided = decide(endpoint, request, message, ras, &ra_index, &issuance, report);
    ok =
        reply(endpoint, message, ras, ra_index, decided, &issuance, response, report, &reply_error);
    if (!ok) {
        /*
         * A certificate that was issued is recorded and is given again when the client repeats its
         * request.
         */
        report->error = reply_error;
    }
out:
    scep_message_free(message);
    ra_set_unref(ras);
    issuance_clear(&issuance);
    return ok;
}
