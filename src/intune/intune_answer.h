/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what an answer of Entra, Graph or Intune means: a result, or an error with a reason.
 *           Bytes from outside: bounded, strict, never a secret in a detail.
 * Not here: calling (intune_call.h), when to try again (intune_service.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 6749 5; Intune-Resource-Access; docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_ANSWER_H
#define OPENNDES_INTUNE_INTUNE_ANSWER_H

#include "base/secret.h"
#include "intune/intune_client.h"
#include "intune/intune_cloud_urls.h"

struct intune_answer {
    int status;
    const char *content_type; /* "" none */
    struct bytes body;
};

/*
 * validateRequest and the notifications: true only for 2xx and "code":"Success", exactly so.
 * Errors: by intune_codes.h, REASON_INTUNE_CODE_UNKNOWN, _ANSWER, _UNAVAILABLE, _BUSY, _RIGHTS.
 */
MUST_USE bool intune_answer_action(const struct intune_answer *answer, struct error *err);

/*
 * A token. What the body says of it is overwritten in place before anything else reads the body:
 * no copy stays behind. *seconds: how long it is good; 0 when that is not said.
 * Errors: REASON_INTUNE_ANSWER, REASON_NO_MEMORY.
 */
MUST_USE bool intune_answer_token(struct buffer *body, struct secret *token, int64_t *seconds,
                                  struct error *err);
/*
 * Why there is no token: sets err (REASON_INTUNE_CREDENTIAL, _RIGHTS, _UNAVAILABLE, _BUSY, _ANSWER)
 * and gives the number of its AADSTS code, 0 none. `secret` is never shown.
 */
uint32_t intune_answer_no_token(const struct intune_answer *answer, struct bytes secret,
                                struct error *err);
#define INTUNE_AADSTS_NO_RESOURCE 500011u

/* Services of a tenant; "" not named, or not usable. */
struct intune_endpoints {
    char scep[INTUNE_URL_MAX];      /* ScepRequestValidationFEService */
    char connector[INTUNE_URL_MAX]; /* PkiConnectorFEService */
    char odd[320];                  /* why a row was not usable; "" none */
};
/* The first usable row of each name counts. Errors: REASON_INTUNE_ANSWER, REASON_NO_MEMORY. */
MUST_USE bool intune_answer_endpoints(const struct intune_answer *answer, const char *suffix,
                                      struct intune_endpoints *out, struct error *err);
/* Graph said no: REASON_INTUNE_RIGHTS, _DISCOVERY, _UNAVAILABLE, _BUSY, _ANSWER. Returns false. */
bool intune_answer_graph_refusal(const struct intune_answer *answer, struct error *err);

/* Rows of downloadRevocationRequests, at most max; rows that cannot be answered are left out. */
MUST_USE bool intune_answer_revocations(const struct intune_answer *answer, unsigned max,
                                        intune_revocation_visit *visit, void *context,
                                        struct error *err);
/* {"value":true} of uploadRevocationResults. Errors: REASON_INTUNE_ANSWER, as for actions. */
MUST_USE bool intune_answer_uploaded(const struct intune_answer *answer, struct error *err);

/*
 * When the secret with this beginning ends, seconds since 1970: the first end after now, else the
 * last one; 0 when Graph names none.
 */
int64_t intune_answer_secret_end(const struct intune_answer *answer, struct bytes secret,
                                 int64_t now);

/*
 * ---- for the other intune_answer_*.c ---------------------------------------------------------
 */

bool intune_answer_is_success(const struct intune_answer *answer); /* 2xx */
/*
 * The root, an object; NULL: REASON_INTUNE_ANSWER (also when it is larger than such answers are),
 * or REASON_NO_MEMORY. json_value_free.
 */
struct json *intune_answer_parse(const struct intune_answer *answer, struct error *err);
/* The same for lists, which are long, and of which one is read at a time. */
struct json *intune_answer_parse_list(const struct intune_answer *answer, struct error *err);
/* A member that is a text, "" for any other; object may be NULL. */
const char *intune_answer_text(const struct json *object, const char *key);
/* A service of Intune's said no without a code: as below, with what to click. Returns false. */
bool intune_answer_service_refusal(const struct intune_answer *answer, struct error *err);
/*
 * No 2xx and no code: what the status means, with what the body says but for the secret (may be
 * empty). who: "Intune". Returns false.
 */
bool intune_answer_refusal(const struct intune_answer *answer, const char *who, struct bytes secret,
                           struct error *err);

#endif
