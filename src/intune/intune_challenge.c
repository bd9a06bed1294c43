/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_challenge.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_codes.h"
#include "intune/intune_seats.h"
#include "platform/clock.h"

#define CHALLENGE_TYPE "intune"

_Static_assert(sizeof(((struct grant *)NULL)->correlation_id) == INTUNE_ID_MAX,
               "a grant holds a client-request-id");

struct intune_challenge {
    char *data_folder;
    char *template_name;
    char *ca_name;
    struct intune_client *client; /* NULL: not configured, everybody is refused */
    struct intune_seats *seats;
    struct store *store;
};

struct intune_challenge *intune_challenge_create(const struct intune_challenge_options *options,
                                                 struct error *err)
{
    struct intune_challenge *challenge = calloc(1, sizeof(*challenge));

    if (challenge == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a challenge");
        return NULL;
    }
    challenge->data_folder = text_dup(options->data_folder);
    challenge->template_name = text_dup(options->template_name);
    challenge->ca_name = text_dup(options->ca_name);
    if (options->client != NULL) {
        challenge->client = intune_client_ref(options->client);
    }
    challenge->seats = options->seats;
    challenge->store = options->store;
    if (challenge->data_folder == NULL || challenge->template_name == NULL
        || challenge->ca_name == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a challenge");
        intune_challenge_free(challenge);
        return NULL;
    }
    return challenge;
}

void intune_challenge_free(struct intune_challenge *challenge)
{
    if (challenge != NULL) {
        intune_client_unref(challenge->client);
        free(challenge->data_folder);
        free(challenge->template_name);
        free(challenge->ca_name);
        free(challenge);
    }
}

/* ---- the request as Intune sees it ----------------------------------------------------------- */

struct asked {
    char transaction_id[LIMIT_TRANSACTION_ID_BYTES + 1];
    struct intune_request request;
};

/* Opaque bytes in SCEP, a text in Intune's JSON: only what is the same in both is sent. */
static bool asked_of(const struct enroll_request *request, struct asked *out, struct error *err)
{
    struct bytes id = request->transaction_id;
    bool printable = text_trim(id).len > 0 && id.len < sizeof(out->transaction_id);

    for (size_t i = 0; printable && i < id.len; i++) {
        printable = id.data[i] >= 0x20 && id.data[i] < 0x7f;
    }
    if (!printable) {
        return error_set(err, REASON_SYNTAX,
                         "the transaction id is not printable text, which Intune needs");
    }
    memcpy(out->transaction_id, id.data, id.len);
    out->transaction_id[id.len] = '\0';
    out->request.transaction_id = out->transaction_id;
    out->request.csr = buffer_bytes(&request->csr.der);
    return true;
}

static bool shape_of(const struct enroll_request *request, struct intune_shape *shape,
                     struct error *err)
{
    if (!request->csr.has_challenge) {
        return error_set(err, REASON_CHALLENGE_MISSING, "the request has no challenge");
    }
    return intune_challenge_shape(secret_bytes(&request->csr.challenge), shape, err);
}

/* ---- check ----------------------------------------------------------------------------------- */

/* What can be seen of the challenge helps to understand why it was refused. */
static bool say_shape(const struct intune_shape *shape, const struct error *cause,
                      struct error *err)
{
    if (!shape->usual) {
        return error_set(err, cause->reason, "%s (the challenge does not look like Intune's: %s)",
                         cause->detail, shape->odd);
    }
    switch (cause->reason) {
    case REASON_INTUNE_SIGNER:
    case REASON_INTUNE_CHALLENGE_SIGNATURE:
        return error_set(err, cause->reason, "%s (signed by %s)", cause->detail,
                         shape->signer_thumbprint);
    case REASON_INTUNE_CHALLENGE_UNREADABLE:
    case REASON_INTUNE_TENANT:
        return error_set(err, cause->reason, "%s (encrypted to a certificate of %s)", cause->detail,
                         shape->recipient_issuer);
    default:
        return error_set(err, cause->reason, "%s", cause->detail);
    }
}

static bool ask(struct intune_challenge *challenge, const struct intune_request *request,
                const struct intune_shape *shape, struct grant *grant, struct error *err)
{
    struct error cause = ERROR_INIT;
    bool ok = false;

    if (!intune_seats_take(challenge->seats, false, err)) {
        return false;
    }
    ok = intune_validate(challenge->client, request, grant->correlation_id, &cause);
    intune_seats_give(challenge->seats);
    return ok || say_shape(shape, &cause, err);
}

bool intune_challenge_check(struct intune_challenge *challenge,
                            const struct enroll_request *request, struct grant *grant,
                            struct error *err)
{
    struct buffer ticket = BUFFER_INIT(grant->ticket.max);
    struct intune_shape shape;
    struct asked asked;
    bool ok = false;

    grant->challenge_type = CHALLENGE_TYPE;
    if (challenge->client == NULL) {
        return error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                         "Intune is not set up: \"openndes intune test\" says what is missing");
    }
    if (!shape_of(request, &shape, err) || !asked_of(request, &asked, err)) {
        return false;
    }
    /* first, so that nothing can fail between Intune's yes and the means to take it back */
    if (!intune_ticket_seal(challenge->data_folder, &asked.request, &ticket, err)
        || !ask(challenge, &asked.request, &shape, grant, err)) {
        goto out;
    }
    buffer_move(&grant->ticket, &ticket);
    ok = true;
out:
    buffer_clear(&ticket);
    return ok;
}

/* ---- confirm --------------------------------------------------------------------------------- */

static bool notify(struct intune_challenge *challenge, const struct enroll_request *request,
                   struct grant *grant, const struct issuance *issuance, struct error *err)
{
    struct asked asked;
    char ca[160];
    char id[INTUNE_ID_MAX] = "";
    struct intune_success success = { .certificate = &issuance->info,
                                      .certificate_der = buffer_bytes(&issuance->cert_der),
                                      .ca_configuration = ca };
    bool ok = false;

    if (challenge->client == NULL) {
        return error_set(err, REASON_INTUNE_NOT_CONFIGURED, "Intune is not set up");
    }
    if (!asked_of(request, &asked, err)
        || !intune_ca_configuration(challenge->ca_name, success.certificate_der, ca, err)
        || !intune_seats_take(challenge->seats, true, err)) {
        return false;
    }
    ok = intune_notify_success(challenge->client, &asked.request, &success, id, err);
    intune_seats_give(challenge->seats);
    if (id[0] != '\0') { /* otherwise that of the check is the last one */
        memcpy(grant->correlation_id, id, sizeof(id));
    }
    return ok;
}

bool intune_challenge_confirm(struct intune_challenge *challenge,
                              const struct enroll_request *request, struct grant *grant,
                              const struct issuance *issuance, struct error *err)
{
    struct error cause = ERROR_INIT;

    if (notify(challenge, request, grant, issuance, &cause)) {
        return true;
    }
    return error_set(err, REASON_INTUNE_NOT_CONFIRMED,
                     "Intune could not be told of the certificate, which is therefore withheld: "
                     "%s: %s",
                     reason_id(cause.reason), cause.detail);
}

/* ---- refuse ---------------------------------------------------------------------------------- */

/*
 * Of a request that Intune has not seen: what the administrator of the profile can do something
 * about. Not what passes by itself, and nothing about challenges: anybody can send them.
 */
static bool is_told_unasked(enum reason reason)
{
    if (text_starts_nocase(reason_id(reason), "intune-")) {
        return false;
    }
    switch (reason_kind(reason)) {
    case ERROR_POLICY:
    case ERROR_CONFIG: /* a policy that cannot be used */
    case ERROR_CA_REFUSED:
        return true;
    default:
        return false;
    }
}

static bool refuse(struct intune_challenge *challenge, const struct enroll_request *request,
                   const struct grant *grant, const struct error *why, struct error *err)
{
    const struct store_refusal refusal = { .hresult = intune_hresult(why->reason),
                                           .reason = reason_id(why->reason),
                                           .detail = why->detail };
    bool validated = grant->ticket.len > 0;
    struct buffer sealed = BUFFER_INIT(grant->ticket.max);
    struct intune_shape shape = { .usual = false };
    struct asked asked;
    bool added = false;
    bool ok = false;

    if (!validated) {
        if (grant->correlation_id[0] != '\0' || !is_told_unasked(why->reason)
            || !shape_of(request, &shape, err) || !shape.usual || !asked_of(request, &asked, err)
            || !intune_ticket_seal(challenge->data_folder, &asked.request, &sealed, err)) {
            goto out;
        }
    }
    ok = store_outbox_add(challenge->store, challenge->template_name, request->transaction_id,
                          validated ? buffer_bytes(&grant->ticket) : buffer_bytes(&sealed),
                          validated, &refusal, clock_now(),
                          validated ? LIMIT_NOTIFICATIONS : LIMIT_NOTIFICATIONS_UNVALIDATED, &added,
                          err);
out:
    buffer_clear(&sealed);
    return ok;
}

void intune_challenge_refuse(struct intune_challenge *challenge,
                             const struct enroll_request *request, const struct grant *grant,
                             const struct error *why)
{
    struct error unused = ERROR_INIT;

    /* the same transaction has its certificate from another thread: there is no failure to tell */
    if (challenge->client == NULL || why->reason == REASON_STORE_DUPLICATE) {
        return;
    }
    /* a notification that cannot be written changes nothing: the request is refused anyway */
    (void)refuse(challenge, request, grant, why, &unused);
}
