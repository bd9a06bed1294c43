/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/pki_exchange.h"

/*
 * A client that sends no envelope, or something else, can be answered all the same: by the current
 * generation. One that is encrypted to somebody we do not know has to fetch GetCACert again.
 */
static bool find_recipient(struct exchange *x, struct error *err)
{
    struct error why = ERROR_INIT;

    if (pki_find_recipient(x, &why) || why.reason == REASON_ENVELOPE_MISSING
        || why.reason == REASON_ENVELOPE_MALFORMED) {
        return true;
    }
    *err = why;
    return false;
}

struct search {
    const struct exchange *x;
    const struct endpoint *found; /* the first */
};

static bool waits_at(void *context, const char *template_name, struct error *err)
{
    struct search *search = context;
    const struct endpoint_face *face = search->x->face;
    const struct endpoint *endpoint = NULL;

    (void)err;
    if (search->found == NULL && face->named != NULL) {
        endpoint = face->named(face->context, template_name);
        if (endpoint != NULL && ca_is_same(endpoint->ca, search->x->endpoint->ca)) {
            search->found = endpoint;
        }
    }
    return true;
}

/* A poll does not say which of the face's templates its request went to. */
static bool choose_decider(struct exchange *x, const struct enroll_request *request,
                           struct error *err)
{
    struct search search = { .x = x };

    if (!enroll_waiting_at(x->endpoint->enroll.store, request, waits_at, &search, err)) {
        return false;
    }
    if (search.found == NULL) {
        return error_set(err, REASON_POLL_UNKNOWN, "nothing waits at a template of this URL");
    }
    return pki_set_decider(x, search.found, err);
}

bool pki_poll(struct exchange *x, struct error *err)
{
    struct enroll_request request = pki_enroll_request(x);
    struct enroll_options options;

    if (!find_recipient(x, err)) {
        return false;
    }
    if (x->face->choose != NULL && !choose_decider(x, &request, err)) {
        return false;
    }
    options = pki_enroll_options(x);
    x->answer = PKI_ANSWER_ISSUANCE;
    return enroll_poll(&options, &request, &x->issuance, &x->report->decision, err);
}
