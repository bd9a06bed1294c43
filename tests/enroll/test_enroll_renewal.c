/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/renewal_scene.h"

#include <string.h>

#include "store/db.h"

#define URI "URI:tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104"

/* A certificate of the usual device, recorded as it should be; owned. */
static X509 *recorded(struct scene *s, const struct wanted *wanted)
{
    static const struct wanted nothing;
    X509 *cert = scene_make(s, wanted != NULL ? wanted : &nothing);

    scene_record(s, cert, "device", "issuing");
    return cert;
}

static void check__certificate_of_the_template__vouches(void **state)
{
    struct scene *s = *state;
    static const struct wanted cases[] = {
        { .usage = NULL },
        { .usage = "" },
        { .usage = "keyEncipherment" },
        { .constraints = "" },
        { .holder = { "CN=dev2", NULL, 0 } },
        { .holder = { "", "DNS:dev3.example.com|" URI, 0 } },
        { .holder = { "CN=dev4+UID=7,O=Example", "email:a@example.com|IP:10.0.0.1", 0 } },
        { .not_before = SCENE_NOW },
        { .not_after = SCENE_NOW },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = recorded(s, &cases[i]);

        scene_assert_good(s, cert, cases[i].holder.subject != NULL ? &cases[i].holder : NULL,
                          cases[i].holder.subject != NULL ? cases[i].holder.subject : "usual");
        X509_free(cert);
    }
}

/* ---- the request ----------------------------------------------------------------------------- */

static void check__no_issued_certificate__refused(void **state)
{
    struct scene *s = *state;
    X509 *cert = recorded(s, NULL);
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(s, cert, NULL, NULL, &request);
    request.signer_self_signed = true;
    scene_assert_why(scene_check(s, &request, &err), &err, "not signed with an issued certificate",
                     "self-signed");
    error_clear(&err);
    request.signer_self_signed = false;
    request.signer = NULL;
    scene_assert_why(scene_check(s, &request, &err), &err, "not signed with an issued certificate",
                     "no signer");
    error_clear(&err);
    request.signer = cert;
    request.signer_key_sha256[0] ^= 1u;
    scene_assert_why(scene_check(s, &request, &err), &err, "another key has signed", "key");
    scene_request_clear(&request);
    X509_free(cert);
}

/* ---- who has issued it ----------------------------------------------------------------------- */

static void check__another_ca_of_the_same_name__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted wanted = { .by_other_ca = true };
    X509 *cert = recorded(s, &wanted); /* even where it is recorded as ours */

    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(s->ca_cert)),
                     0);
    assert_true(ca_is_issuer_of(s->other_ca, cert));
    scene_assert_refused(s, cert, NULL, "has signed the signer's certificate", "");
    X509_free(cert);
}

static void check__self_signed_with_the_cas_name__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    X509 *cert = scene_make(s, &nothing);

    assert_true(X509_sign(cert, s->old_key, EVP_sha256()) > 0);
    scene_record(s, cert, "device", "issuing");
    scene_assert_refused(s, cert, NULL, "has signed the signer's certificate", "");
    X509_free(cert);
}

static void check__not_recorded__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    X509 *cert = scene_make(s, &nothing);

    scene_assert_refused(s, cert, NULL, "not recorded here", "nowhere");
    scene_record(s, cert, "device", "former");
    scene_assert_refused(s, cert, NULL, "not recorded here", "for another CA");
    X509_free(cert);
}

/* The CA's key has signed two certificates with one serial; one of them is in the store. */
static void check__other_bytes_under_the_serial__refused(void **state)
{
    struct scene *s = *state;
    struct wanted wanted = { .serial = 4711 };
    X509 *kept = recorded(s, &wanted);
    X509 *longer = NULL;

    wanted.not_after = SCENE_NOW + 2 * DAY;
    longer = scene_make(s, &wanted);
    scene_assert_good(s, kept, NULL, "the recorded one");
    scene_assert_refused(s, longer, NULL, "not the one that is recorded", "the other one");
    X509_free(longer);
    X509_free(kept);
}

static void check__another_template__refused(void **state)
{
    struct scene *s = *state;
    static const char *const templates[] = { "laptop", "Device", "device2", "" };
    const struct wanted nothing = { .usage = NULL };

    X509_free(recorded(s, NULL)); /* the same subject has one of this template as well */
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        X509 *cert = scene_make(s, &nothing);

        scene_record(s, cert, templates[i], "issuing");
        scene_assert_refused(s, cert, NULL, "another template", templates[i]);
        X509_free(cert);
    }
}

/* ---- is it in force -------------------------------------------------------------------------- */

static void check__revoked__refused(void **state)
{
    struct scene *s = *state;
    X509 *cert = recorded(s, NULL);
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;

    scene_serial(cert, serial);
    scene_assert_good(s, cert, NULL, "before");
    assert_done(store_revoke_certificate(s->store, "issuing", serial, 4, SCENE_NOW, &err), &err,
                "revoke");
    scene_assert_refused(s, cert, NULL, "it is revoked", "after");
    X509_free(cert);
}

static void check__provisional_or_withheld__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    X509 *cert = scene_make(s, &nothing);
    int64_t id = scene_record_provisional(s, cert);
    struct error err = ERROR_INIT;

    scene_assert_refused(s, cert, NULL, "never handed out", "provisional");
    assert_done(store_provisional_withhold(s->store, id, SCENE_NOW, NULL, &err), &err, "withhold");
    scene_assert_refused(s, cert, NULL, "never handed out", "withheld");
    X509_free(cert);
}

static void check__out_of_its_time__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted ended = { .not_after = SCENE_NOW - 1 };
    const struct wanted early = { .not_before = SCENE_NOW + 1 };
    X509 *cert = recorded(s, &ended);

    scene_assert_refused(s, cert, NULL, "it has ended at", "a second ago");
    X509_free(cert);
    cert = recorded(s, &early);
    scene_assert_refused(s, cert, NULL, "not valid before", "in a second");
    X509_free(cert);
}

static void check__cas_and_unfit_keys__refused(void **state)
{
    struct scene *s = *state;
    static const struct {
        struct wanted wanted;
        const char *why;
    } cases[] = {
        { { .constraints = "critical,CA:TRUE" }, "a CA's certificate" },
        { { .constraints = "CA:TRUE,pathlen:0", .usage = "digitalSignature" },
          "a CA's certificate" },
        { { .constraints = "", .usage = "digitalSignature,keyCertSign" }, "a CA's certificate" },
        { { .usage = "nonRepudiation" }, "neither signing nor encipherment" },
        { { .usage = "keyAgreement,dataEncipherment" }, "neither signing nor encipherment" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = recorded(s, &cases[i].wanted);

        scene_assert_refused(s, cert, NULL, cases[i].why, cases[i].why);
        X509_free(cert);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static void check__same_names_written_differently__vouches(void **state)
{
    struct scene *s = *state;
    const struct wanted wanted = { .holder = { "CN=dev1,O=Example",
                                               "DNS:a.example.com|DNS:b.example.com|" URI, 0 } };
    static const struct holder cases[] = {
        { "CN=dev1,O=Example", URI "|DNS:b.example.com|DNS:a.example.com", 0 },
        { "CN=dev1,O=Example", "DNS:a.example.com|DNS:b.example.com|" URI, V_ASN1_PRINTABLESTRING },
        { "CN=dev1,O=Example", "DNS:a.example.com|DNS:b.example.com|" URI, V_ASN1_T61STRING },
    };
    X509 *cert = recorded(s, &wanted);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        scene_assert_good(s, cert, &cases[i], cases[i].san);
    }
    X509_free(cert);
}

static void check__other_subject__refused(void **state)
{
    struct scene *s = *state;
    static const char *const subjects[] = {
        "CN=dev2,O=Example",
        "CN=DEV1,O=Example",
        "CN=dev1 ,O=Example",
        "O=Example,CN=dev1",
        "CN=dev1",
        "O=Example",
        "",
        "CN=dev1,OU=Example",
        "CN=dev1,O=Example,OU=Any",
        "CN=dev1+O=Example",
    };
    X509 *cert = recorded(s, NULL);

    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        const struct holder holder = { subjects[i], "DNS:dev1.example.com", 0 };

        scene_assert_refused(s, cert, &holder, "another subject", subjects[i]);
    }
    X509_free(cert);
}

static void check__other_alternative_names__refused(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *old;
        const char *wanted; /* NULL: none */
    } cases[] = {
        { "DNS:a.example.com", NULL },                                       /* dropped */
        { NULL, "DNS:a.example.com" },                                       /* added */
        { "DNS:a.example.com", "DNS:a.example.com|DNS:b.example.com" },      /* added */
        { "DNS:a.example.com|DNS:b.example.com", "DNS:a.example.com" },      /* dropped */
        { "DNS:a.example.com", "DNS:b.example.com" },                        /* exchanged */
        { "DNS:a.example.com", "DNS:A.example.com" },                        /* case */
        { "DNS:a.example.com", "URI:a.example.com" },                        /* type */
        { "DNS:a.b|DNS:a.b|DNS:c.d", "DNS:a.b|DNS:c.d|DNS:c.d" },            /* how often */
        { "DNS:a.b|DNS:a.b", "DNS:a.b" },                                    /* how often */
        { URI, "URI:tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500" },  /* whose */
        { URI, "URI:TAG:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104" }, /* case */
        { "DNS:a.example.com", "DNS:a.example.com|" URI },                   /* added */
        { "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.c",
          "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin@b.c" },
        { "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.c",
          "otherName:1.3.6.1.4.1.311.20.2.3;IA5:a@b.c" },
        { "IP:10.0.0.1", "IP:10.0.0.2" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct wanted wanted = { .holder = { "CN=dev1", cases[i].old, 0 } };
        const struct holder holder = { "CN=dev1", cases[i].wanted, 0 };
        X509 *cert = recorded(s, &wanted);

        scene_assert_refused(s, cert, &holder, "other subject alternative names",
                             cases[i].wanted != NULL ? cases[i].wanted : "none");
        X509_free(cert);
    }
}

/* Which of two lists would count? */
static void check__alternative_names_twice__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted wanted = { .san_twice = true };
    X509 *cert = recorded(s, &wanted);

    /* OpenSSL calls such a certificate invalid as a whole */
    scene_assert_refused(s, cert, NULL, "malformed", "");
    X509_free(cert);
}

/* ---- what the template allows ---------------------------------------------------------------- */

/* Refused for a reason of its own at this moment; the detail holds `why`. */
static void assert_check(struct scene *s, X509 *cert, enum reason reason, const char *why)
{
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(s, cert, NULL, NULL, &request);
    assert_refused(scene_check(s, &request, &err), &err, reason, why);
    if (strstr(err.detail, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.detail, why);
    }
    scene_request_clear(&request);
}

static void check__grace__as_long_as_it_lasts(void **state)
{
    struct scene *s = *state;
    const struct wanted ended = { .not_before = SCENE_NOW - 10 * DAY,
                                  .not_after = SCENE_NOW - DAY };
    X509 *cert = recorded(s, &ended);

    assert_check(s, cert, REASON_RENEWAL_REFUSED, "it has ended at");
    s->options.renewal.grace_seconds = DAY - 1;
    assert_check(s, cert, REASON_RENEWAL_REFUSED, "it has ended at");
    s->options.renewal.grace_seconds = DAY;
    scene_assert_good(s, cert, NULL, "on the last second");
    X509_free(cert);
}

static void check__window__not_before_its_first_second(void **state)
{
    struct scene *s = *state;
    static const struct {
        int64_t percent, passed, life;
        bool good;
    } cases[] = {
        { 50, 50 * DAY, 100 * DAY, true },
        { 50, 50 * DAY - 1, 100 * DAY, false },
        { 1, 99 * DAY, 100 * DAY, true },
        { 1, 99 * DAY - 1, 100 * DAY, false },
        { 99, 1 * DAY, 100 * DAY, true },
        { 99, 1 * DAY - 1, 100 * DAY, false },
        { 100, 0, 100 * DAY, true },
        { 30, 0, 1000 * DAY, false },
        { 50, 5, 10, true },
        { 50, 4, 10, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct wanted wanted = { .not_before = SCENE_NOW - cases[i].passed,
                                       .not_after = SCENE_NOW - cases[i].passed + cases[i].life };
        X509 *cert = recorded(s, &wanted);

        s->options.renewal.window_percent = cases[i].percent;
        if (cases[i].good) {
            scene_assert_good(s, cert, NULL, "in the window");
        } else {
            assert_check(s, cert, REASON_RENEWAL_TOO_EARLY, "it can be renewed from 20");
        }
        X509_free(cert);
    }
}

static void check__same_key__only_where_it_may(void **state)
{
    struct scene *s = *state;
    X509 *cert = recorded(s, NULL);
    EVP_PKEY *new_key = s->new_key;

    s->options.renewal.same_key = false;
    scene_assert_good(s, cert, NULL, "a new key");
    s->new_key = s->old_key;
    assert_check(s, cert, REASON_RENEWAL_REFUSED, "same key");
    s->options.renewal.same_key = true;
    scene_assert_good(s, cert, NULL, "the same key");
    s->new_key = new_key;
    X509_free(cert);
}

static void check__templates_that_are_named__vouch(void **state)
{
    struct scene *s = *state;
    const struct wanted nothing = { .usage = NULL };
    X509 *cert = scene_make(s, &nothing);

    scene_record(s, cert, "laptop", "issuing");
    s->options.renewal.templates = "phone,laptop2,lap";
    scene_assert_refused(s, cert, NULL, "another template", "others are named");
    s->options.renewal.templates = "phone,laptop";
    scene_assert_good(s, cert, NULL, "it is named");
    X509_free(cert);
}

/* Another CA of this server: its certificates are looked for under its own name. */
static void check__another_ca_of_this_server__by_its_own_records(void **state)
{
    struct scene *s = *state;
    const struct wanted wanted = { .by_other_ca = true };
    struct ca *former = fixture_open(&s->other_folder, NULL, NULL);
    struct ca *const cas[] = { s->ca, former };
    X509 *cert = scene_make(s, &wanted);
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;

    s->options.renewal.cas = cas;
    s->options.renewal.ca_count = 2;
    scene_assert_refused(s, cert, NULL, "not recorded here", "nowhere");
    scene_record(s, cert, "device", ca_name(former));
    scene_assert_good(s, cert, NULL, "named and recorded");
    scene_serial(cert, serial);
    assert_done(store_revoke_certificate(s->store, ca_name(former), serial, 4, SCENE_NOW, &err),
                &err, "");
    scene_assert_refused(s, cert, NULL, "it is revoked", "revoked");
    X509_free(cert);
    ca_free(former);
}

static void check__names_of_the_certificate__the_requests_do_not_matter(void **state)
{
    struct scene *s = *state;
    const struct holder other = { "CN=admin", "DNS:admin.example.com", 0 };
    X509 *cert = recorded(s, NULL);

    scene_assert_refused(s, cert, &other, "another subject", "equal");
    s->options.renewal.names = RENEWAL_NAMES_CERTIFICATE;
    scene_assert_good(s, cert, &other, "certificate");
    X509_free(cert);
}

/* Counted by the old certificate; what is in use no more leaves its place. */
static void check__renewed_before__used_up(void **state)
{
    struct scene *s = *state;
    X509 *cert = recorded(s, NULL);
    X509 *new_one = NULL;
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;

    new_one = scene_renewed(s, cert);
    assert_check(s, cert, REASON_RENEWAL_USED_UP, "at most 1");
    s->options.renewal.per_certificate = 2;
    scene_assert_good(s, cert, NULL, "two");
    s->options.renewal.per_certificate = 0;
    scene_assert_good(s, cert, NULL, "any number");
    s->options.renewal.per_certificate = 1;
    scene_serial(new_one, serial);
    assert_done(store_revoke_certificate(s->store, "issuing", serial, 4, SCENE_NOW, &err), &err,
                "");
    scene_assert_good(s, cert, NULL, "the lost one is revoked");
    X509_free(new_one);
    X509_free(cert);
}

/* Which account is it? */
static void check__sid_extension_and_names_of_two_accounts__refused(void **state)
{
    struct scene *s = *state;
    const struct wanted same = { .holder = { "CN=dev1", URI, 0 }, .sid = "S-1-5-21-1-2-3-1104" };
    const struct wanted two = { .holder = { "CN=dev1", URI, 0 }, .sid = "S-1-5-21-1-2-3-500" };
    X509 *cert = recorded(s, &same);

    scene_assert_good(s, cert, &same.holder, "one account");
    X509_free(cert);
    cert = recorded(s, &two);
    scene_assert_refused(s, cert, &two.holder, "of two accounts", "two");
    X509_free(cert);
}

/* ---- it could not be looked at --------------------------------------------------------------- */

static void check__store_out_of_order__no_certificate(void **state)
{
    struct scene *s = *state;
    X509 *cert = recorded(s, NULL);
    const struct db_options options = { .path = s->database, .busy_ms = 10000 };
    struct enroll_request request;
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);

    assert_done(db != NULL, &err, "open");
    assert_done(db_execute(db, "ALTER TABLE certificate RENAME TO elsewhere", &err), &err, "away");
    scene_request(s, cert, NULL, NULL, &request);
    assert_refused(scene_check(s, &request, &err), &err, REASON_STORE_FAILED, "");
    scene_request_clear(&request);
    db_close(db);
    X509_free(cert);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(check__certificate_of_the_template__vouches),
        CASE(check__no_issued_certificate__refused),
        CASE(check__another_ca_of_the_same_name__refused),
        CASE(check__self_signed_with_the_cas_name__refused),
        CASE(check__not_recorded__refused),
        CASE(check__other_bytes_under_the_serial__refused),
        CASE(check__another_template__refused),
        CASE(check__revoked__refused),
        CASE(check__provisional_or_withheld__refused),
        CASE(check__out_of_its_time__refused),
        CASE(check__cas_and_unfit_keys__refused),
        CASE(check__same_names_written_differently__vouches),
        CASE(check__other_subject__refused),
        CASE(check__other_alternative_names__refused),
        CASE(check__alternative_names_twice__refused),
        CASE(check__grace__as_long_as_it_lasts),
        CASE(check__window__not_before_its_first_second),
        CASE(check__same_key__only_where_it_may),
        CASE(check__templates_that_are_named__vouch),
        CASE(check__another_ca_of_this_server__by_its_own_records),
        CASE(check__names_of_the_certificate__the_requests_do_not_matter),
        CASE(check__renewed_before__used_up),
        CASE(check__sid_extension_and_names_of_two_accounts__refused),
        CASE(check__store_out_of_order__no_certificate),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
