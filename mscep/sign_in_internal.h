/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of sign_in.h share.
 * Not here: what others may call (sign_in.h).
 * Owns:     see sign_in.h.
 * Threads:  see sign_in.h.
 * Spec:     see sign_in.h.
 */
#ifndef OPENNDES_MSCEP_SIGN_IN_INTERNAL_H
#define OPENNDES_MSCEP_SIGN_IN_INTERNAL_H

#include <stdatomic.h>

#include "http/ip_acl.h"
#include "mscep/accounts.h"
#include "mscep/sign_in.h"
#include "mscep/sign_in_header.h"
#include "mscep/sign_in_pending.h"
#include "mscep/sign_in_throttle.h"
#include "platform/negotiate.h"

struct sign_in {
    atomic_uint references;
    struct negotiate *negotiate; /* NULL: switched off, or not possible here */
    enum channel_binding channel_binding;
    bool basic;
    struct ip_acl *basic_http; /* who may use Basic without TLS; NULL: nobody */
    struct sign_in_throttle_rule throttle_rule;
    /* shared with the one before a reload */
    struct sign_in_throttle *throttle;
    struct sign_in_pending *pending;
    struct accounts *accounts;
    char problem[ERROR_DETAIL_MAX];
};

/* One request on its way; all borrowed. */
struct sign_in_attempt {
    struct sign_in *s;
    const struct http_request *request;
    const struct sign_in_list *list;
    const char *scope;
    struct sign_in_user *user;
    struct http_response *response;
    bool leg_answered; /* response has the header of a leg; nothing else is to be offered */
};

/* Is one of the list's principals this user, or a group of his? */
bool sign_in_list_has(const struct sign_in_list *list, const struct user_token *token);

/* May this request use it? */
bool sign_in_negotiate_offered(const struct sign_in *s, const struct http_request *request);
bool sign_in_basic_offered(const struct sign_in *s, const struct http_request *request);

/*
 * What the header says. Errors: REASON_SIGN_IN_REQUIRED (another leg follows; leg_answered),
 * REASON_SIGN_IN_FAILED, REASON_SIGN_IN_UNAVAILABLE, REASON_SERVER_BUSY, REASON_NO_MEMORY.
 */
MUST_USE bool sign_in_negotiate(struct sign_in_attempt *a, const struct sign_in_header *header,
                                struct error *err);
MUST_USE bool sign_in_basic(struct sign_in_attempt *a, const struct sign_in_header *header,
                            struct error *err);

/* Whether a user of Windows may; token NULL: `problem` says why nothing is known of him. */
void sign_in_judge(struct sign_in_attempt *a, const struct user_token *token, const char *problem);

#endif
