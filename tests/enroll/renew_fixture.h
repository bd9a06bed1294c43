/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  whole renewals: a scene with a template, and a challenge that counts who asks.
 * Not here: cases; the scene itself (renewal_scene.h).
 * Owns:     see renew_set_up.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_ENROLL_RENEW_FIXTURE_H
#define OPENNDES_TESTS_ENROLL_RENEW_FIXTURE_H

#include "enroll/renewal_scene.h"

#define RENEW_SID "S-1-5-21-1-2-3-1104"
#define RENEW_USUAL                                                                                \
    "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},"                                 \
    "\"subject\":{\"attributes\":[\"CN\",\"O\"]},\"eku\":[\"clientAuth\",\"serverAuth\"]}"

/* A challenge that counts who asks. */
struct counted {
    unsigned checks;
    enum reason fails;
};

struct renew {
    struct scene *s;
    struct counted counted;
    struct challenge *challenge;
    struct template *template;
};

/* cmocka set-up and tear-down: *state is a struct renew. */
int renew_set_up(void **state);
int renew_tear_down(void **state);
void renew_template(struct renew *r, const char *json);
/* An old certificate of these days, recorded; owned. */
X509 *renew_old(struct renew *r, struct wanted wanted);
X509 *renew_usual_old(struct renew *r);
bool renew_decide(struct renew *r, const struct enroll_request *request, struct issuance *out,
                  struct enroll_report *report, struct error *err);

#endif
