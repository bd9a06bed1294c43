/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches for a request: every kind, every signer, with and without challenge, every rule. */
#include <string.h>

#include "enroll/enroll_path.h"
#include "enroll/renewal_scene.h"

#define RULES 3
#define REFUSED (-1)

static const char *const kinds[] = { "PKCSReq", "RenewalReq" };
static const char *const signers[] = { "self-signed", "accepted CA", "other CA" };
static const char *const rules[] = { "first", "either", "both" };

/* The whole table as it is meant, refusals too. */
static const struct {
    enum enroll_kind kind;
    enum enroll_signer signer;
    bool challenge;
    int path[RULES];
} table[] = {
    { ENROLL_KIND_NEW,
      ENROLL_SIGNER_SELF,
      true,
      { PATH_CHALLENGE, PATH_CHALLENGE, PATH_CHALLENGE } },
    { ENROLL_KIND_NEW,
      ENROLL_SIGNER_SELF,
      false,
      { PATH_CHALLENGE, PATH_CHALLENGE, PATH_CHALLENGE } },
    { ENROLL_KIND_NEW, ENROLL_SIGNER_ACCEPTED, true, { PATH_CHALLENGE, PATH_EITHER, PATH_BOTH } },
    { ENROLL_KIND_NEW,
      ENROLL_SIGNER_ACCEPTED,
      false,
      { PATH_CERTIFICATE, PATH_CERTIFICATE, PATH_CERTIFICATE } },
    { ENROLL_KIND_NEW,
      ENROLL_SIGNER_OTHER,
      true,
      { PATH_CHALLENGE, PATH_CHALLENGE, PATH_CHALLENGE } },
    { ENROLL_KIND_NEW, ENROLL_SIGNER_OTHER, false, { REFUSED, REFUSED, REFUSED } },
    { ENROLL_KIND_RENEWAL, ENROLL_SIGNER_SELF, true, { REFUSED, REFUSED, REFUSED } },
    { ENROLL_KIND_RENEWAL, ENROLL_SIGNER_SELF, false, { REFUSED, REFUSED, REFUSED } },
    { ENROLL_KIND_RENEWAL,
      ENROLL_SIGNER_ACCEPTED,
      true,
      { PATH_CERTIFICATE, PATH_CERTIFICATE, PATH_BOTH } },
    { ENROLL_KIND_RENEWAL,
      ENROLL_SIGNER_ACCEPTED,
      false,
      { PATH_CERTIFICATE, PATH_CERTIFICATE, PATH_CERTIFICATE } },
    { ENROLL_KIND_RENEWAL, ENROLL_SIGNER_OTHER, true, { REFUSED, REFUSED, REFUSED } },
    { ENROLL_KIND_RENEWAL, ENROLL_SIGNER_OTHER, false, { REFUSED, REFUSED, REFUSED } },
};
_Static_assert(sizeof(table) / sizeof(table[0]) == 2u * 3u * 2u, "every case has its row");

/* A request as the row says; cert is good, or of another CA with the same name. */
static void make(struct scene *s, size_t row, X509 *good, X509 *other, struct enroll_request *out)
{
    scene_request(s, table[row].signer == ENROLL_SIGNER_OTHER ? other : good, NULL,
                  table[row].challenge ? "secret" : NULL, out);
    out->kind = table[row].kind;
    out->signer_self_signed = table[row].signer == ENROLL_SIGNER_SELF;
}

static void check(struct scene *s, size_t row, size_t rule, const struct enroll_request *request,
                  int expected)
{
    enum enroll_path path = PATH_CHALLENGE;
    struct error err = ERROR_INIT;
    bool ok;

    s->options.renewal.challenge = (enum renewal_challenge)rule;
    ok = enroll_path_find(&s->options, request, &path, &err);
    if (ok != (expected != REFUSED) || (ok && (int)path != expected)) {
        fail_msg("%s, %s, %s, renewal.challenge=%s: %d, expected %d", kinds[table[row].kind],
                 signers[table[row].signer], table[row].challenge ? "challenge" : "none",
                 rules[rule], ok ? (int)path : REFUSED, expected);
    }
    assert_int_equal(ok, !error_is_set(&err));
    if (!ok) {
        assert_int_equal(err.reason, s->options.renewal.enabled ? REASON_RENEWAL_REFUSED
                                                                : REASON_RENEWAL_NOT_ENABLED);
    }
}

/* off: nobody's certificate counts; a signer of the template's CA is like any other. */
static int expected_when_off(size_t row)
{
    if (table[row].kind == ENROLL_KIND_RENEWAL) {
        return REFUSED;
    }
    return table[row].signer == ENROLL_SIGNER_SELF || table[row].challenge ? PATH_CHALLENGE
                                                                           : REFUSED;
}

static void path__every_case__as_the_table_says(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    const struct wanted wanted = { .by_other_ca = true };
    X509 *good = scene_make(s, &nothing); /* recorded nowhere: that is the check's business */
    X509 *other = scene_make(s, &wanted);

    for (size_t row = 0; row < sizeof(table) / sizeof(table[0]); row++) {
        struct enroll_request request;

        make(s, row, good, other, &request);
        for (size_t rule = 0; rule < RULES; rule++) {
            s->options.renewal.enabled = true;
            check(s, row, rule, &request, table[row].path[rule]);
            s->options.renewal.enabled = false;
            check(s, row, rule, &request, expected_when_off(row));
        }
        scene_request_clear(&request);
    }
    X509_free(other);
    X509_free(good);
}

/* Only what has neither a challenge nor a certificate waits for an administrator by that alone. */
static void path__manual_approval__only_without_challenge_and_self_signed(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    const struct wanted wanted = { .by_other_ca = true };
    X509 *good = scene_make(s, &nothing);
    X509 *other = scene_make(s, &wanted);

    s->options.approval.manual = true;
    for (size_t row = 0; row < sizeof(table) / sizeof(table[0]); row++) {
        bool waits = table[row].kind == ENROLL_KIND_NEW && !table[row].challenge
                     && table[row].signer == ENROLL_SIGNER_SELF;
        struct enroll_request request;

        make(s, row, good, other, &request);
        check(s, row, 0, &request, waits ? PATH_APPROVAL : table[row].path[0]);
        scene_request_clear(&request);
    }
    X509_free(other);
    X509_free(good);
}

/* A kind or a rule that nobody knows is refused, not let through. */
static void path__unknown_values__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    X509 *good = scene_make(s, &nothing);
    enum enroll_path path = PATH_CHALLENGE;
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(s, good, NULL, "secret", &request);
    request.kind = (enum enroll_kind)18;
    assert_refused(enroll_path_find(&s->options, &request, &path, &err), &err,
                   REASON_RENEWAL_REFUSED, "kind");
    error_clear(&err);
    request.kind = ENROLL_KIND_NEW;
    s->options.renewal.challenge = (enum renewal_challenge)3;
    assert_refused(enroll_path_find(&s->options, &request, &path, &err), &err,
                   REASON_RENEWAL_REFUSED, "rule");
    scene_request_clear(&request);
    X509_free(good);
}

/* By each of the CAs whose certificates are renewed here. */
static void signer__which_cas__accepted(void **state)
{
    struct scene *s = *state;
    const struct wanted wanted = { .by_other_ca = true };
    struct ca *const others[] = { s->ca, s->other_ca };
    X509 *cert = scene_make(s, &wanted);
    struct enroll_request request;

    scene_request(s, cert, NULL, NULL, &request);
    assert_int_equal(enroll_path_signer(&s->options, &request), ENROLL_SIGNER_OTHER);
    s->options.renewal.cas = others;
    s->options.renewal.ca_count = 1;
    assert_int_equal(enroll_path_signer(&s->options, &request), ENROLL_SIGNER_OTHER);
    s->options.renewal.ca_count = 2;
    assert_int_equal(enroll_path_signer(&s->options, &request), ENROLL_SIGNER_ACCEPTED);
    s->options.renewal.enabled = false;
    assert_int_equal(enroll_path_signer(&s->options, &request), ENROLL_SIGNER_OTHER);
    request.signer_self_signed = true;
    assert_int_equal(enroll_path_signer(&s->options, &request), ENROLL_SIGNER_SELF);
    scene_request_clear(&request);
    X509_free(cert);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(path__every_case__as_the_table_says),
        CASE(path__manual_approval__only_without_challenge_and_self_signed),
        CASE(path__unknown_values__refused),
        CASE(signer__which_cas__accepted),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
