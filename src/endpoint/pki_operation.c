/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "endpoint/pki_exchange.h"
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

/* ---- who decides, and with which CA ---------------------------------------------------------- */

static void decided_by(struct exchange *x, const struct endpoint *decider)
{
    x->decider = decider;
    x->level = decider->own_face.level;
    memcpy(x->report->template_name, decider->name, sizeof(x->report->template_name));
}

bool pki_find_recipient(struct exchange *x, struct error *err)
{
    const struct ra_set *sets[ENDPOINT_GENERATIONS];

    for (size_t i = 0; i < ENDPOINT_GENERATIONS; i++) {
        sets[i] = x->ras[i];
    }
    return scep_message_recipient(x->message, x->level, sets, ENDPOINT_GENERATIONS, &x->generation,
                                  &x->ra_index, err);
}

/* Both have the same CA in the place of the generation that opened the message. */
static bool same_generation(const struct exchange *x, const struct endpoint *decider)
{
    struct ca *asked = endpoint_generation(x->endpoint, x->generation);
    struct ca *chosen = endpoint_generation(decider, x->generation);

    return chosen != NULL && ca_is_same(chosen, asked);
}

bool pki_set_decider(struct exchange *x, const struct endpoint *decider, struct error *err)
{
    if (!ca_is_same(decider->ca, x->endpoint->ca) || !same_generation(x, decider)) {
        return error_set(err, REASON_NDES_FACE_BROKEN,
                         "template %s is of another CA than template %s", decider->name,
                         x->endpoint->name);
    }
    decided_by(x, decider);
    if (!decider->enabled) {
        return error_set(err, REASON_TEMPLATE_DISABLED, "template %s is switched off",
                         decider->name);
    }
    return endpoint_acl_check(decider, ACL_FACE_SCEP, &x->request->peer, err)
           && scep_message_allowed(x->message, x->level, err)
           && signer_check(decider, scep_message_facts(x->message), err)
           && pki_rate_admit_chosen(x, decider, err);
}

struct enroll_options pki_enroll_options(const struct exchange *x)
{
    struct enroll_options options = x->decider->enroll;

    options.ca = endpoint_generation(x->decider, x->generation);
    return options;
}

struct enroll_request pki_enroll_request(const struct exchange *x)
{
    const struct scep_message_facts *facts = scep_message_facts(x->message);
    struct enroll_request request = {
        .kind = facts->type == SCEP_TYPE_RENEWAL_REQ ? ENROLL_KIND_RENEWAL : ENROLL_KIND_NEW,
        .request_id = x->request->id,
        .peer = x->request->peer,
        .transaction_id = facts->transaction_id,
        .signer = facts->signer,
        .signer_self_signed = facts->signer_self_signed,
        .csr = CSR_INIT,
    };

    memcpy(request.signer_key_sha256, facts->signer_key_sha256, sizeof(request.signer_key_sha256));
    return request;
}

/* ---- PKCSReq and RenewalReq ------------------------------------------------------------------ */

/*
 * The face lets its own choose by the CSR. Until then the message was held against the face's
 * level alone and nobody's address list.
 */
static bool choose_decider(struct exchange *x, const struct csr *csr, struct error *err)
{
    const struct endpoint *chosen = x->face->choose(x->face->context, csr);

    if (chosen == NULL) {
        return error_set(err, REASON_NDES_FACE_BROKEN, "no template for a request of this kind");
    }
    return pki_set_decider(x, chosen, err);
}

/*
 * Where the challenge of a renewal has to be right as well, one that may be anybody's cannot count
 * as if it were not there.
 */
static bool check_withheld(const struct exchange *x, struct error *err)
{
    if (scep_message_facts(x->message)->challenge_withheld
        && x->decider->enroll.renewal.challenge == RENEWAL_CHALLENGE_BOTH) {
        return error_set(err, REASON_RENEWAL_REFUSED,
                         "a renewal with a challenge for a new key: whose challenge it is cannot "
                         "be known; without challenge, or with the key that signs, it can");
    }
    return true;
}

static bool enrol(struct exchange *x, struct error *err)
{
    struct enroll_request request = pki_enroll_request(x);
    struct enroll_options options;
    bool ok = false;

    if (!pki_find_recipient(x, err)) goto out;
    if (!scep_message_decrypt(x->message, x->level, x->ras[x->generation], &x->ra_index,
                              &request.csr, err)) {
        x->report->unreadable = err->reason == REASON_UNIFORM_FAILURE;
        goto out;
    }
    name_format(csr_subject(&request.csr), x->report->requested_subject,
                sizeof(x->report->requested_subject));
    if (x->face->choose != NULL && !choose_decider(x, &request.csr, err)) goto out;
    if (!check_withheld(x, err)) goto out;
    options = pki_enroll_options(x);
    x->answer = PKI_ANSWER_ISSUANCE;
    ok = enroll_handle(&options, &request, &x->issuance, &x->report->decision, err);
out:
    csr_clear(&request.csr);
    return ok;
}

/* ---- every message --------------------------------------------------------------------------- */

/*
 * Authorise by allow-list: a type that has no row in one of the tables, or no "accepted", ends here
 * whatever it carries.
 */
struct way {
    enum scep_message_type type;
    bool (*decide)(struct exchange *x, struct error *err);
};

static const struct way ways[] = {
    { SCEP_TYPE_PKCS_REQ, enrol },      { SCEP_TYPE_RENEWAL_REQ, enrol },
    { SCEP_TYPE_CERT_POLL, pki_poll },  { SCEP_TYPE_GET_CERT, pki_get_cert },
    { SCEP_TYPE_GET_CRL, pki_get_crl },
};

static const struct way *find_way(const struct scep_message_facts *facts, struct error *err)
{
    const struct scep_type_info *type = scep_type_info(facts->type);
    char shown[24];

    for (size_t i = 0; type != NULL && type->accepted && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (ways[i].type == type->type) {
            return &ways[i];
        }
    }
    text_escape(shown, sizeof(shown), facts->type_text);
    (void)error_set(err, type == NULL ? REASON_MESSAGE_TYPE_UNKNOWN : REASON_MESSAGE_TYPE_DISABLED,
                    "messageType \"%s\"", shown);
    return NULL;
}

/* Steps from the signature to the decision; every failure can be answered by a CertRep. */
static bool decide(struct exchange *x)
{
    const struct scep_message_facts *facts = scep_message_facts(x->message);
    struct error *err = &x->report->error;
    const struct way *way = NULL;
    bool ok = false;

    if (!scep_message_verify(x->message, x->level, err)) goto out;
    if (x->face->choose == NULL && !signer_check(x->decider, facts, err)) goto out;
    way = find_way(facts, err);
    if (way == NULL) goto out;
    ok = way->decide(x, err);
out:
    report_algorithms(x->report, facts);
    return ok;
}

static bool reply_issuance(const struct exchange *x, const struct scep_reply_options *options,
                           struct buffer *body, struct error *err)
{
    if (x->issuance.state == ISSUANCE_PENDING) {
        x->report->result = "pending";
        x->report->waits_still = x->issuance.repeated;
        return scep_reply_pending(x->message, options, body, err);
    }
    x->report->result = x->issuance.repeated ? "repeated" : "issued";
    x->report->certificate = x->issuance.info;
    return scep_reply_success(x->message, options, buffer_bytes(&x->issuance.cert_der), body, err);
}

/* A decision becomes a CertRep, signed by the RA that opened the message. */
static bool reply(const struct exchange *x, bool decided, struct http_response *response,
                  struct error *err)
{
    struct scep_reply_options options = {
        .ras = x->ras[x->generation],
        .ra_index = x->ra_index,
        .level = x->level,
        .include_chain = x->answer == PKI_ANSWER_ISSUANCE && x->decider->reply_chain,
        .hresult_attribute = true,
    };
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    bool ok = false;

    if (!decided) {
        x->report->result = "refused";
        ok = scep_reply_failure(x->message, &options, &x->report->error, &body, err);
    } else if (x->answer == PKI_ANSWER_CRL) {
        ok = scep_reply_crl(x->message, &options, buffer_bytes(&x->found), &body, err);
    } else if (x->answer == PKI_ANSWER_CERTIFICATE) {
        ok = scep_reply_success(x->message, &options, buffer_bytes(&x->found), &body, err);
    } else {
        ok = reply_issuance(x, &options, &body, err);
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

/*
 * The current generation has to be there: its RA signs what nobody's RA has opened. Another one
 * that is not ready is nobody's recipient, and that is all.
 */
static bool take_ras(struct exchange *x, struct error *err)
{
    for (size_t i = 0; i < ENDPOINT_GENERATIONS; i++) {
        struct ca *ca = endpoint_generation(x->endpoint, i);
        struct error ignored = ERROR_INIT;

        x->ras[i] = ca == NULL ? NULL : ca_ra(ca, i == 0 ? err : &ignored);
    }
    return x->ras[0] != NULL;
}

bool pki_operation(const struct endpoint *endpoint, const struct endpoint_face *face,
                   const struct http_request *request, struct bytes raw,
                   struct http_response *response, struct endpoint_report *report)
{
    struct exchange x = { .endpoint = endpoint,
                          .face = face,
                          .decider = endpoint,
                          .level = face->level,
                          .request = request,
                          .report = report,
                          .issuance = ISSUANCE_INIT,
                          .found = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    struct error reply_error = ERROR_INIT;
    bool decided = false;
    bool ok = false;

    if (face->choose == NULL) {
        decided_by(&x, endpoint);
    }
    if (!text_copy(report->ca_name, sizeof(report->ca_name), ca_name(endpoint->ca))) {
        report->ca_name[0] = '\0';
    }
    if (!pki_rate_admit(&x, endpoint, &report->error)) goto out;
    x.message = scep_message_parse(raw, &report->error);
    if (x.message == NULL) goto out;
    report_message(report, scep_message_facts(x.message));
    if (face->choose == NULL && !pki_rate_admit_challenge(&x, endpoint, &report->error)) goto out;
    if (!take_ras(&x, &report->error)) goto out;
    x.ra_index = first_index(x.ras[0], face->ra);
    decided = decide(&x);
    if (x.limited) goto out;
    pki_rate_result(&x);
    ok = reply(&x, decided, response, &reply_error);
    if (!ok) {
        /*
         * A certificate that was issued is recorded and is given again when the client repeats its
         * request.
         */
        report->error = reply_error;
    }
out:
    scep_message_free(x.message);
    for (size_t i = 0; i < ENDPOINT_GENERATIONS; i++) {
        ra_set_unref(x.ras[i]);
    }
    issuance_clear(&x.issuance);
    buffer_clear(&x.found);
    return ok;
}
