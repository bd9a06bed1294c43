/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole renewals by a real CA: what the new certificate has of the old one, who else has to agree,
 * and that one certificate is renewed once, also by two at a time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "enroll/renew_fixture.h"
#include "model/certificate_content.h"
#include "model/csr_builder.h"
#include "platform/clock.h"

/* Renew with these names in the request; the content of the new certificate is the caller's. */
static bool renew(struct renew *r, X509 *old, const struct holder *holder,
                  struct certificate_content *content, struct error *err)
{
    struct issuance out = ISSUANCE_INIT;
    struct enroll_report report;
    struct enroll_request request;
    X509 *cert = NULL;
    bool ok;

    scene_request(r->s, old, holder, NULL, &request);
    ok = renew_decide(r, &request, &out, &report, err);
    if (ok) {
        assert_string_equal(report.challenge_type, "renewal");
        cert = certificate_parse(buffer_bytes(&out.cert_der), err);
        assert_non_null(cert);
        assert_done(certificate_content_read(cert, content, err), err, "");
        X509_free(cert);
    }
    scene_request_clear(&request);
    issuance_clear(&out);
    return ok;
}

static bool has_eku(const struct certificate_content *content, int nid)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(content->eku); i++) {
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(content->eku, i)) == nid) {
            return true;
        }
    }
    return false;
}

/* ---- what it has of the old one -------------------------------------------------------------- */

static void renewal__request_for_other_names__gets_the_old_ones(void **state)
{
    struct renew *r = *state;
    const struct holder other = { "CN=admin,O=Example", "DNS:admin.example.com", 0 };
    X509 *old = renew_usual_old(r);
    struct certificate_content content;
    struct error err = ERROR_INIT;

    assert_done(renew(r, old, &other, &content, &err), &err, "");
    assert_int_equal(X509_NAME_cmp(content.subject, X509_get_subject_name(old)), 0);
    assert_int_equal(sk_GENERAL_NAME_num(content.san), 1);
    assert_string_equal(
        (const char *)ASN1_STRING_get0_data(sk_GENERAL_NAME_value(content.san, 0)->d.dNSName),
        "dev1.example.com");
    assert_string_equal(content.sid, RENEW_SID);
    assert_int_equal(r->counted.checks, 0);
    certificate_content_clear(&content);
    X509_free(old);
}

/* Never more than the old one had, never more than the template gives. */
static void renewal__usages__at_par(void **state)
{
    struct renew *r = *state;
    static const struct {
        const char *usage, *eku; /* of the old one; "": no extension */
        const char *template;    /* NULL: the usual */
        uint32_t bits;           /* of the new one; 0: refused */
        const char *why;
        bool client, server, any;
    } cases[] = {
        { "digitalSignature", "clientAuth", NULL, 0x001, NULL, true, false, false },
        { "digitalSignature,keyAgreement,keyEncipherment", "serverAuth",
          "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},"
          "\"key_usage\":{\"allowed\":[\"keyAgreement\",\"keyEncipherment\"]},"
          "\"eku\":[\"clientAuth\",\"serverAuth\"]}",
          0x010, NULL, false, true, false },
        { "", "", NULL, 0x001, NULL, true, true, false },
        /* the new key is on a curve, and cannot do what the old one was for */
        { "keyEncipherment,dataEncipherment", "serverAuth", NULL, 0, "key usages", 0, 0, 0 },
        { "digitalSignature", "anyExtendedKeyUsage", NULL, 0x001, NULL, true, true, false },
        { "digitalSignature", "emailProtection,clientAuth", NULL, 0x001, NULL, true, false, false },
        { "digitalSignature", "emailProtection", NULL, 0, "extended key usages", 0, 0, 0 },
        { "keyEncipherment", "clientAuth",
          "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},"
          "\"key_usage\":{\"allowed\":[\"digitalSignature\"]}}",
          0, "key usages", 0, 0, 0 },
        /* a template without the extension: what the old one had, but no more */
        { "digitalSignature", "clientAuth,OCSPSigning",
          "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},\"eku\":[]}", 0x001, NULL,
          true, false, false },
        { "digitalSignature", "1.3.6.1.4.1.311.20.2.1",
          "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},\"eku\":[]}", 0,
          "extended key usages", 0, 0, 0 },
        { "digitalSignature", "",
          "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},\"eku\":[]}", 0x001, NULL,
          false, false, true },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *old = renew_old(r, (struct wanted){ .usage = cases[i].usage, .eku = cases[i].eku });
        struct certificate_content content;
        struct error err = ERROR_INIT;
        bool ok;

        renew_template(r, cases[i].template != NULL ? cases[i].template : RENEW_USUAL);
        ok = renew(r, old, NULL, &content, &err);
        if (cases[i].bits == 0) {
            scene_assert_why(ok, &err, cases[i].why, cases[i].eku);
        } else {
            assert_done(ok, &err, cases[i].eku);
            assert_int_equal(content.key_usage, cases[i].bits);
            assert_int_equal(content.eku == NULL, cases[i].any);
            assert_int_equal(has_eku(&content, NID_client_auth), cases[i].client);
            assert_int_equal(has_eku(&content, NID_server_auth), cases[i].server);
            assert_false(has_eku(&content, NID_OCSP_sign));
            certificate_content_clear(&content);
        }
        X509_free(old);
    }
}

/* What was allowed when the old one was issued may not be any more. */
static void renewal__names_that_the_template_forbids_now__refused(void **state)
{
    struct renew *r = *state;
    X509 *old = renew_usual_old(r);
    struct certificate_content content;
    struct error err = ERROR_INIT;

    renew_template(r, "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"ip\"]}}");
    assert_refused(renew(r, old, NULL, &content, &err), &err, REASON_SAN_TYPE, "san");
    assert_non_null(strstr(err.detail, "renewal with certificate"));
    renew_template(r, "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},"
                      "\"subject\":{\"attributes\":[\"CN\"]}}");
    assert_refused(renew(r, old, NULL, &content, &err), &err, REASON_SUBJECT_ATTRIBUTE, "subject");
    renew_template(r, "{\"key\":{\"types\":[\"ec\"]},\"san\":{\"types\":[\"dns\"]},"
                      "\"subject\":{\"cn_patterns\":[\"phone*\"]}}");
    assert_refused(renew(r, old, NULL, &content, &err), &err, REASON_SUBJECT_CN, "pattern");
    renew_template(r, "{\"san\":{\"types\":[\"dns\"]}}");
    assert_refused(renew(r, old, NULL, &content, &err), &err, REASON_KEY_TYPE, "key");
    X509_free(old);
}

/* A policy judges the request: then the request has to name what is issued. */
static void renewal__policy_in_force__names_have_to_be_equal(void **state)
{
    struct renew *r = *state;
    static const char *const modes[] = { "enforce", "audit", "off" };
    const struct holder other = { "CN=dev2,O=Example", "DNS:dev1.example.com", 0 };

    test_folder_write(&r->s->folder, "p.json",
                      "{\"policy\":\"p\",\"key\":{\"type\":\"any\"},"
                      "\"challenge\":{\"shape\":\"intune\"}}");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct template_config config;
        struct policy_gate_options options = { .folder = r->s->folder.path,
                                               .config = &config,
                                               .url_path = "/scep/device" };
        X509 *old = renew_usual_old(r);
        struct certificate_content content;
        struct error err = ERROR_INIT;
        char text[160];
        bool ok;

        policy_gate_free((struct policy_gate *)r->s->options.policy);
        assert_true(text_format(text, sizeof(text),
                                "{\"policy\":{\"files\":[\"p.json\"],\"mode\":\"%s\"}}", modes[i]));
        assert_done(config_parse_template("test", "device", bytes_of_text(text), &config, &err),
                    &err, text);
        r->s->options.policy = policy_gate_create(&options, &err);
        assert_done(!error_is_set(&err), &err, text);
        template_config_clear(&config);
        ok = renew(r, old, &other, &content, &err);
        if (strcmp(modes[i], "off") != 0) {
            scene_assert_why(ok, &err, "another subject", modes[i]);
            /* and a challenge's shape is none of a renewal without one */
            assert_done(renew(r, old, NULL, &content, &err), &err, modes[i]);
        } else {
            assert_done(ok, &err, modes[i]);
        }
        certificate_content_clear(&content);
        X509_free(old);
    }
}

/* ---- who else has to agree ------------------------------------------------------------------- */

struct ask {
    enum renewal_challenge rule;
    enum enroll_kind kind;
    enum reason challenge_fails;
    bool certificate_good;
    bool issued;
    unsigned checks;
    enum reason reason;
    const char *type; /* of what vouched */
};

static void renewal__with_a_challenge__as_the_rule_says(void **state)
{
    struct renew *r = *state;
    static const struct ask cases[] = {
#define FIRST RENEWAL_CHALLENGE_FIRST
#define EITHER RENEWAL_CHALLENGE_EITHER
#define BOTH RENEWAL_CHALLENGE_BOTH
#define NEW ENROLL_KIND_NEW
#define RENEWAL ENROLL_KIND_RENEWAL
#define WRONG REASON_CHALLENGE_REJECTED
        { FIRST, NEW, REASON_NONE, true, true, 1, REASON_NONE, "fake" },
        { FIRST, NEW, REASON_NONE, false, true, 1, REASON_NONE, "fake" },
        { FIRST, NEW, WRONG, true, false, 1, WRONG, NULL },
        { FIRST, RENEWAL, REASON_NONE, true, true, 0, REASON_NONE, "renewal" },
        { FIRST, RENEWAL, WRONG, true, true, 0, REASON_NONE, "renewal" },
        { FIRST, RENEWAL, REASON_NONE, false, false, 0, REASON_RENEWAL_REFUSED, NULL },
        { EITHER, NEW, REASON_NONE, false, true, 1, REASON_NONE, "fake" },
        { EITHER, NEW, WRONG, true, true, 1, REASON_NONE, "renewal" },
        { EITHER, NEW, REASON_CHALLENGE_EXPIRED, true, true, 1, REASON_NONE, "renewal" },
        { EITHER, NEW, WRONG, false, false, 1, WRONG, NULL },
        /* that nobody could look is no refusal, and nothing is issued for it */
        { EITHER, NEW, REASON_CHALLENGE_UNAVAILABLE, true, false, 1, REASON_CHALLENGE_UNAVAILABLE,
          NULL },
        { EITHER, RENEWAL, WRONG, true, true, 0, REASON_NONE, "renewal" },
        { EITHER, RENEWAL, REASON_NONE, false, false, 0, REASON_RENEWAL_REFUSED, NULL },
        { BOTH, NEW, REASON_NONE, true, true, 1, REASON_NONE, "fake" },
        { BOTH, NEW, WRONG, true, false, 1, WRONG, NULL },
        { BOTH, NEW, REASON_NONE, false, false, 0, REASON_RENEWAL_REFUSED, NULL },
        { BOTH, RENEWAL, REASON_NONE, true, true, 1, REASON_NONE, "fake" },
        { BOTH, RENEWAL, WRONG, true, false, 1, WRONG, NULL },
        { BOTH, RENEWAL, REASON_NONE, false, false, 0, REASON_RENEWAL_REFUSED, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *old = renew_usual_old(r);
        struct issuance out = ISSUANCE_INIT;
        struct enroll_report report;
        struct enroll_request request;
        struct error err = ERROR_INIT;
        char serial[SERIAL_TEXT_MAX];
        bool ok;

        scene_serial(old, serial);
        if (!cases[i].certificate_good) {
            assert_done(store_revoke_certificate(r->s->store, "issuing", serial, 4, 0, &err), &err,
                        "");
        }
        r->counted = (struct counted){ 0, cases[i].challenge_fails };
        r->s->options.renewal.challenge = cases[i].rule;
        scene_request(r->s, old, NULL, "secret", &request);
        request.kind = cases[i].kind;
        ok = renew_decide(r, &request, &out, &report, &err);
        if (ok != cases[i].issued || r->counted.checks != cases[i].checks
            || err.reason != cases[i].reason) {
            fail_msg("case %zu: %d, %u checks, %s: %s", i, ok, r->counted.checks,
                     reason_id(err.reason), err.detail);
        }
        if (ok) {
            assert_string_equal(report.challenge_type, cases[i].type);
        }
        scene_request_clear(&request);
        issuance_clear(&out);
        X509_free(old);
    }
}

/* ---- once ------------------------------------------------------------------------------------ */

/* The same request again is no second renewal; another one is. */
static void renewal__again__repeated_or_used_up(void **state)
{
    struct renew *r = *state;
    X509 *old = renew_usual_old(r);
    struct issuance first = ISSUANCE_INIT;
    struct issuance again = ISSUANCE_INIT;
    struct enroll_report report;
    struct enroll_request request;
    struct enroll_request other;
    struct error err = ERROR_INIT;

    scene_request(r->s, old, NULL, NULL, &request);
    scene_request(r->s, old, NULL, NULL, &other); /* an EC signature is new each time */
    assert_done(renew_decide(r, &request, &first, &report, &err), &err, "first");
    assert_done(renew_decide(r, &request, &again, &report, &err), &err, "again");
    assert_true(again.repeated);
    assert_string_equal(again.info.serial, first.info.serial);
    assert_refused(renew_decide(r, &other, &again, &report, &err), &err, REASON_RENEWAL_USED_UP,
                   "other");
    error_clear(&err);
    assert_done(store_revoke_certificate(r->s->store, "issuing", first.info.serial, 4, 0, &err),
                &err, "");
    assert_done(renew_decide(r, &other, &again, &report, &err), &err, "the lost one is revoked");
    scene_request_clear(&other);
    scene_request_clear(&request);
    issuance_clear(&again);
    issuance_clear(&first);
    X509_free(old);
}

#define RACERS 2

/* A CA that waits before it signs until all have come so far. */
struct meeting {
    struct ca *ca;
    pthread_mutex_t mutex;
    pthread_cond_t met;
    unsigned here;
};

static bool meeting_issue(void *state, const struct csr *csr, const struct cert_plan *plan,
                          struct issuance *out, struct error *err)
{
    struct meeting *m = state;

    pthread_mutex_lock(&m->mutex);
    m->here++;
    pthread_cond_broadcast(&m->met);
    while (m->here < RACERS) {
        pthread_cond_wait(&m->met, &m->mutex);
    }
    pthread_mutex_unlock(&m->mutex);
    return ca_issue(m->ca, csr, plan, out, err);
}

static bool meeting_is_issuer_of(void *state, const struct x509_st *cert)
{
    struct meeting *m = state;

    return ca_is_issuer_of(m->ca, cert);
}

static const struct ca_ops meeting_ops = { .name = "meeting",
                                           .issue = meeting_issue,
                                           .is_issuer_of = meeting_is_issuer_of };

struct racer {
    struct renew *r;
    struct enroll_request request;
    bool ok;
    enum reason reason;
    char serial[SERIAL_TEXT_MAX];
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    struct issuance out = ISSUANCE_INIT;
    struct enroll_report report;
    struct error err = ERROR_INIT;

    racer->ok = enroll_handle(&racer->r->s->options, &racer->request, &out, &report, &err);
    racer->reason = err.reason;
    memcpy(racer->serial, out.info.serial, sizeof(racer->serial));
    issuance_clear(&out);
    return NULL;
}

static void run_race(struct renew *r, struct racer racers[RACERS])
{
    struct meeting meeting = { .ca = r->s->ca, .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct ca *ca = ca_create("issuing", &meeting_ops, &meeting);
    pthread_t threads[RACERS];

    assert_int_equal(pthread_cond_init(&meeting.met, NULL), 0);
    r->s->options.ca = ca;
    for (size_t i = 0; i < RACERS; i++) {
        racers[i].r = r;
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    r->s->options.ca = r->s->ca;
    ca_free(ca);
    pthread_cond_destroy(&meeting.met);
}

/* Both have passed all checks when they sign: the commit decides. */
static void race__two_requests_one_certificate__one_wins(void **state)
{
    struct renew *r = *state;
    X509 *old = renew_usual_old(r);
    struct racer racers[RACERS];

    for (size_t i = 0; i < RACERS; i++) {
        scene_request(r->s, old, NULL, NULL, &racers[i].request);
    }
    run_race(r, racers);
    assert_int_equal(racers[0].ok + racers[1].ok, 1);
    assert_int_equal(racers[racers[0].ok ? 1 : 0].reason, REASON_RENEWAL_USED_UP);
    for (size_t i = 0; i < RACERS; i++) {
        scene_request_clear(&racers[i].request);
    }
    X509_free(old);
}

static void race__the_same_request_twice__one_certificate_for_both(void **state)
{
    struct renew *r = *state;
    X509 *old = renew_usual_old(r);
    struct racer racers[RACERS];

    scene_request(r->s, old, NULL, NULL, &racers[0].request);
    racers[1].request = racers[0].request; /* the CSR is only read */
    run_race(r, racers);
    assert_true(racers[0].ok && racers[1].ok);
    assert_string_equal(racers[0].serial, racers[1].serial);
    scene_request_clear(&racers[0].request);
    X509_free(old);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, renew_set_up, renew_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(renewal__request_for_other_names__gets_the_old_ones),
        CASE(renewal__usages__at_par),
        CASE(renewal__names_that_the_template_forbids_now__refused),
        CASE(renewal__policy_in_force__names_have_to_be_equal),
        CASE(renewal__with_a_challenge__as_the_rule_says),
        CASE(renewal__again__repeated_or_used_up),
        CASE(race__two_requests_one_certificate__one_wins),
        CASE(race__the_same_request_twice__one_certificate_for_both),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
