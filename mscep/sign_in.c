/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mscep/sign_in_internal.h"
#include "platform/clock.h"

#define MINUTE_US INT64_C(60000000)
#define BASIC_OFFER "Basic realm=\"OpenNDES\", charset=\"UTF-8\""

/* ---- life ------------------------------------------------------------------------------------ */

/* Credentials that cannot be had stop nothing: Basic may work, and devices need no sign-in. */
static void open_negotiate(struct sign_in *s, const struct sign_in_options *options)
{
    struct negotiate_options negotiate = {
        .package = options->config->signin.package,
        .functions = options->security_functions,
    };
    struct error why = ERROR_INIT;

    if (!options->config->signin.negotiate || !negotiate_available()) {
        return;
    }
    s->negotiate = negotiate_create(&negotiate, &why);
    if (s->negotiate == NULL) {
        (void)snprintf(s->problem, sizeof(s->problem), "%s", why.detail);
    }
}

static bool open_basic(struct sign_in *s, const struct service_config *config, struct error *err)
{
    struct acl_config list = { true, config->signin.basic_http.allowed, ACL_LIMIT_UI };

    s->basic = config->signin.basic;
    if (!config->signin.basic_http.enabled) {
        return true;
    }
    s->basic_http = ip_acl_create(&list, err);
    return s->basic_http != NULL || error_context(err, "basic_http.allowed");
}

/* What goes on after a reload. */
static bool open_shared(struct sign_in *s, const struct sign_in_options *options, struct error *err)
{
    struct sign_in *previous = options->previous;

    if (previous != NULL) {
        s->throttle = sign_in_throttle_ref(previous->throttle);
        s->pending = sign_in_pending_ref(previous->pending);
        s->accounts = accounts_ref(previous->accounts);
        return true;
    }
    s->throttle = sign_in_throttle_create(err);
    s->pending = sign_in_pending_create(err);
    s->accounts = accounts_open(options->data_folder, err);
    return s->throttle != NULL && s->pending != NULL && s->accounts != NULL;
}

struct sign_in *sign_in_create(const struct sign_in_options *options, struct error *err)
{
    const struct service_config *config = options->config;
    struct sign_in *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for sign-ins");
        return NULL;
    }
    atomic_init(&s->references, 1);
    s->channel_binding = config->signin.channel_binding;
    s->throttle_rule.failures = config->signin.failures;
    s->throttle_rule.period_us = config->signin.throttle_minutes * MINUTE_US;
    if (!open_shared(s, options, err) || !open_basic(s, config, err)) {
        sign_in_unref(s);
        return NULL;
    }
    open_negotiate(s, options);
    return s;
}

struct sign_in *sign_in_ref(struct sign_in *s)
{
    (void)atomic_fetch_add(&s->references, 1);
    return s;
}

void sign_in_unref(struct sign_in *s)
{
    if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1) {
        return;
    }
    negotiate_unref(s->negotiate);
    ip_acl_free(s->basic_http);
    sign_in_throttle_unref(s->throttle);
    sign_in_pending_unref(s->pending);
    accounts_unref(s->accounts);
    free(s);
}

unsigned sign_in_throttled(const struct sign_in *s)
{
    return sign_in_throttle_waiting(s->throttle, &s->throttle_rule, clock_monotonic_us());
}

const char *sign_in_problem(const struct sign_in *s)
{
    return s->problem;
}

/* ---- one request ----------------------------------------------------------------------------- */

void sign_in_judge(struct sign_in_attempt *a, const struct user_token *token, const char *problem)
{
    a->user->allowed = token != NULL && sign_in_list_has(a->list, token);
    if (!a->user->allowed) {
        (void)snprintf(a->user->why, sizeof(a->user->why), "%s",
                       token != NULL ? "not on the list" : problem);
    }
}

/* Does he have to wait? Then nothing that he brings is looked at. */
static bool check_throttle(struct sign_in_attempt *a, unsigned *wait, struct error *err)
{
    *wait = sign_in_throttle_wait(a->s->throttle, &a->s->throttle_rule, &a->request->peer,
                                  clock_monotonic_us());
    return *wait == 0
           || error_set(err, REASON_SIGN_IN_THROTTLED,
                        "%lld failed sign-ins from this address; it waits for %u s",
                        (long long)a->s->throttle_rule.failures, *wait);
}

static bool not_offered(struct error *err)
{
    return error_set(err, REASON_SIGN_IN_REQUIRED,
                     "the client brings a kind of sign-in that is not offered");
}

static bool look_at(struct sign_in_attempt *a, struct error *err)
{
    struct sign_in_header header = sign_in_header_parse(a->request->authorization);

    switch (header.scheme) {
    case SIGN_IN_SCHEME_NEGOTIATE:
    case SIGN_IN_SCHEME_NTLM:
        return sign_in_negotiate_offered(a->s, a->request) ? sign_in_negotiate(a, &header, err)
                                                           : not_offered(err);
    case SIGN_IN_SCHEME_BASIC:
        if (sign_in_basic_offered(a->s, a->request)) {
            return sign_in_basic(a, &header, err);
        }
        return a->s->basic
                   ? error_set(err, REASON_SIGN_IN_NEEDS_TLS,
                               "Basic without HTTPS; the password was not looked at, but has "
                               "crossed the network in clear: change it")
                   : not_offered(err);
    case SIGN_IN_SCHEME_OTHER:
        return not_offered(err);
    case SIGN_IN_SCHEME_NONE:
        break;
    }
    return error_set(err, REASON_SIGN_IN_REQUIRED, "nobody has signed in");
}

/* The headers of a 401, in the order in which clients should try. False: there is nothing. */
static bool add_offers(const struct sign_in_attempt *a, bool *any, struct error *err)
{
    *any = false;
    if (sign_in_negotiate_offered(a->s, a->request)) {
        *any = true;
        if (!http_response_add_header(a->response, "WWW-Authenticate", "Negotiate", err)
            || !http_response_add_header(a->response, "WWW-Authenticate", "NTLM", err)) {
            return false;
        }
    }
    if (sign_in_basic_offered(a->s, a->request)) {
        *any = true;
        return http_response_add_header(a->response, "WWW-Authenticate", BASIC_OFFER, err);
    }
    return true;
}

static bool nothing_to_offer(const struct sign_in *s, struct error *err)
{
    error_clear(err);
    if (s->problem[0] != '\0') {
        return error_set(err, REASON_SIGN_IN_UNAVAILABLE, "%s", s->problem);
    }
    if (s->negotiate != NULL) {
        return error_set(err, REASON_SIGN_IN_UNAVAILABLE,
                         "signin.channel_binding=require needs HTTPS that ends here");
    }
    return error_set(err, REASON_SIGN_IN_UNAVAILABLE,
                     s->basic ? "Basic is offered over HTTPS only"
                              : "no kind of sign-in is switched on that works on this system");
}

/* Turn the failure into the response. */
static void refuse(struct sign_in_attempt *a, unsigned wait, struct error *err)
{
    struct error cause = ERROR_INIT;
    bool any = true;

    if (error_kind(err) == ERROR_SIGN_IN && !a->leg_answered) {
        if (!add_offers(a, &any, &cause)) {
            *err = cause;
        } else if (!any) {
            (void)nothing_to_offer(a->s, err);
        }
    }
    http_response_error(a->response, err);
    if (wait > 0) {
        a->response->retry_after = wait;
    }
}

bool sign_in_request(struct sign_in *s, const struct http_request *request,
                     const struct sign_in_list *list, const char *scope, struct sign_in_user *user,
                     struct http_response *response, struct error *err)
{
    struct sign_in_attempt a = { s, request, list, scope, user, response, false };
    unsigned wait = 0;

    memset(user, 0, sizeof(*user));
    if (check_throttle(&a, &wait, err) && look_at(&a, err)) {
        return true;
    }
    /* Of requests that run at the same moment a few more than the limit may fail: as many as there
     * are workers. */
    if (err->reason == REASON_SIGN_IN_FAILED) {
        sign_in_throttle_count(s->throttle, &s->throttle_rule, &request->peer,
                               clock_monotonic_us());
    }
    refuse(&a, wait, err);
    return false;
}
