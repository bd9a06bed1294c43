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

/*
 * A refusal can be told to a signer whose key this template does not take: only a certificate would
 * be encrypted to it.
 */
static bool signer_check(const struct endpoint *decider, const struct scep_message_facts *facts,
                         struct error *err)
{
    return facts->signer_key_type != KEY_TYPE_EC || template_takes(decider->template, KEY_TYPE_EC)
           || error_set(err, REASON_SIGNER_KEY_NOT_ALLOWED,
                        "signer's key is EC of %u bits, and key.types of template %s has no ec",
                        facts->signer_key_bits, decider->name);
}

/* One PKIOperation on its way. */
struct exchange {
    const struct endpoint *endpoint; /* was asked, and opens the message */
    const struct endpoint_face *face;
    const struct endpoint *decider; /* decides: the same, or the one that the face has chosen */
    enum algorithm_level level;     /* below which no answer goes: the decider's once it is known */
    const struct http_request *request;
    struct scep_message *message;
    struct ra_set *ras;
    size_t ra_index; /* who opened the message; before, whose signer this face's clients know */
};

static void decided_by(struct exchange *x, const struct endpoint *decider,
                       struct endpoint_report *report)
{
    x->decider = decider;
    x->level = decider->own_face.level;
    memcpy(report->template_name, decider->name, sizeof(report->template_name));
}

/*
 * The face lets its own choose by the CSR. Until then the message was held against the face's
 * level alone and nobody's address list; whoever is chosen must not get what its own URL would
 * have refused. In this order: a template of another CA has no say, not even by a refusal.
 */
static bool choose_decider(struct exchange *x, const struct csr *csr,
                           struct endpoint_report *report, struct error *err)
{
    const struct endpoint *chosen = x->face->choose(x->face->context, csr);

    if (chosen == NULL) {
        return error_set(err, REASON_NDES_FACE_BROKEN, "no template for a request of this kind");
    }
    if (!ca_is_same(chosen->ca, x->endpoint->ca)) {
        return error_set(err, REASON_NDES_FACE_BROKEN,
                         "template %s is of another CA than template %s", chosen->name,
                         x->endpoint->name);
    }
    decided_by(x, chosen, report);
    if (!chosen->enabled) {
        return error_set(err, REASON_TEMPLATE_DISABLED, "template %s is switched off",
                         chosen->name);
    }
    return endpoint_acl_check(chosen, ACL_FACE_SCEP, &x->request->peer, err)
           && scep_message_allowed(x->message, x->level, err)
           && signer_check(chosen, scep_message_facts(x->message), err);
}

/* Steps from the signature to the decision; every failure can be answered by a CertRep. */
static bool decide(struct exchange *x, struct issuance *issuance, struct endpoint_report *report)
{
    const struct scep_message_facts *facts = scep_message_facts(x->message);
    struct enroll_request enroll = { .csr = CSR_INIT };
    struct error *err = &report->error;
    bool ok = false;

    if (!scep_message_verify(x->message, x->level, err)) goto out;
    if (x->face->choose == NULL && !signer_check(x->decider, facts, err)) goto out;
    if (!type_check(facts, err)) goto out;
    if (!scep_message_decrypt(x->message, x->level, x->ras, &x->ra_index, &enroll.csr, err)) {
        goto out;
    }
    name_format(csr_subject(&enroll.csr), report->requested_subject,
                sizeof(report->requested_subject));
    if (x->face->choose != NULL && !choose_decider(x, &enroll.csr, report, err)) goto out;
    fill_request(&enroll, x->request, facts);
    ok = enroll_handle(&x->decider->enroll, &enroll, issuance, &report->decision, err);
out:
    report_algorithms(report, facts);
    csr_clear(&enroll.csr);
    return ok;
}

/* A decision becomes a CertRep. */
static bool reply(const struct exchange *x, bool decided, const struct issuance *issuance,
                  struct http_response *response, struct endpoint_report *report, struct error *err)
{
    struct scep_reply_options options = {
        .ras = x->ras,
        .ra_index = x->ra_index,
        .level = x->level,
        .include_chain = x->decider->reply_chain,
        .hresult_attribute = true,
    };
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    bool ok;

    if (!decided) {
        ok = scep_reply_failure(x->message, &options, &report->error, &body, err);
        report->result = "refused";
    } else if (issuance->state == ISSUANCE_PENDING) {
        ok = scep_reply_pending(x->message, &options, &body, err);
        report->result = "pending";
    } else {
        ok =
            scep_reply_success(x->message, &options, buffer_bytes(&issuance->cert_der), &body, err);
        report->result = issuance->repeated ? "repeated" : "issued";
        report->certificate = issuance->info;
    }
    if (ok) {
        http_response_body(response, SCEP_MEDIA_TYPE, &body);
    }
    buffer_clear(&body);
    return ok;
}

/*
 * Who signs an answer as long as no recipient is known: a client of a face that shows the pair
 * knows the pair's signer and no other.
 */
static size_t first_index(const struct ra_set *ras, enum ra_form form)
{
    size_t decrypt = 0;

    return form == RA_FORM_PAIR && ra_set_find_pair(ras, &decrypt) ? decrypt : 0;
}

bool pki_operation(const struct endpoint *endpoint, const struct endpoint_face *face,
                   const struct http_request *request, struct bytes raw,
                   struct http_response *response, struct endpoint_report *report)
{
    struct exchange x = { .endpoint = endpoint,
                          .face = face,
                          .decider = endpoint,
                          .level = face->level,
                          .request = request };
    struct issuance issuance = ISSUANCE_INIT;
    struct error reply_error = ERROR_INIT;
    bool decided = false;
    bool ok = false;

    if (face->choose == NULL) {
        decided_by(&x, endpoint, report);
    }
    x.message = scep_message_parse(raw, &report->error);
    if (x.message == NULL) goto out;
    report_message(report, scep_message_facts(x.message));
    x.ras = ca_ra(endpoint->ca, &report->error);
    if (x.ras == NULL) goto out;
    x.ra_index = first_index(x.ras, face->ra);
    decided = decide(&x, &issuance, report);
    ok = reply(&x, decided, &issuance, response, report, &reply_error);
    if (!ok) {
        /*
         * A certificate that was issued is recorded and is given again when the client repeats its
         * request.
         */
        report->error = reply_error;
    }
out:
    scep_message_free(x.message);
    ra_set_unref(x.ras);
    issuance_clear(&issuance);
    return ok;
}
