/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/renew_fixture.h"

#include <stdlib.h>

#include "config/config_load.h"
#include "platform/clock.h"

static bool counted_check(void *state, const struct enroll_request *request, struct grant *grant,
                          struct error *err)
{
    struct counted *counted = state;

    (void)request;
    (void)grant;
    counted->checks++;
    return counted->fails == REASON_NONE || error_set(err, counted->fails, "fake");
}

static const struct challenge_ops counted_ops = { .name = "fake", .check = counted_check };

void renew_template(struct renew *r, const char *json)
{
    struct template_config config;
    struct error err = ERROR_INIT;

    template_free(r->template);
    assert_done(config_parse_template("test", "device", bytes_of_text(json), &config, &err), &err,
                json);
    r->template = template_create(&config, &err);
    assert_done(r->template != NULL, &err, json);
    template_config_clear(&config);
    r->s->options.template = r->template;
}

int renew_set_up(void **state)
{
    struct renew *r = calloc(1, sizeof(*r));
    void *scene = NULL;

    assert_int_equal(scene_set_up(&scene), 0);
    r->s = scene;
    r->challenge = challenge_create(&counted_ops, &r->counted);
    r->s->options.challenge = r->challenge;
    r->s->options.repeat_seconds = DAY;
    r->s->options.renewal.names = RENEWAL_NAMES_CERTIFICATE;
    renew_template(r, RENEW_USUAL);
    *state = r;
    return 0;
}

int renew_tear_down(void **state)
{
    struct renew *r = *state;
    void *scene = r->s;

    policy_gate_free((struct policy_gate *)r->s->options.policy);
    challenge_free(r->challenge);
    template_free(r->template);
    assert_int_equal(scene_tear_down(&scene), 0);
    free(r);
    return 0;
}

/* An old certificate of these days, recorded; owned. */
X509 *renew_old(struct renew *r, struct wanted wanted)
{
    X509 *cert = NULL;

    wanted.not_before = clock_now() - 10 * DAY;
    wanted.not_after = clock_now() + 10 * DAY;
    cert = scene_make(r->s, &wanted);
    scene_record(r->s, cert, "device", "issuing");
    return cert;
}

X509 *renew_usual_old(struct renew *r)
{
    return renew_old(r, (struct wanted){ .eku = "clientAuth", .sid = RENEW_SID });
}

bool renew_decide(struct renew *r, const struct enroll_request *request, struct issuance *out,
                  struct enroll_report *report, struct error *err)
{
    error_clear(err);
    issuance_clear(out);
    return enroll_handle(&r->s->options, request, out, report, err);
}
