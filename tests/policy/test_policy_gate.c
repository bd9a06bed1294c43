/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "policy/policy_case.h"
#include "policy/policy_gate.h"
#include "store/store_fixture.h"

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */
#define DAY 86400
#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define BOTH_USAGES (KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT)

/* A folder with policies, a template, the gate made of both. */
struct world {
    struct test_folder folder;
    struct template_config config;
    struct policy_gate *gate;
    struct store *store; /* NULL: none */
    EVP_PKEY *key;       /* borrowed */
    struct enroll_request request;
    struct cert_plan plan;
    struct policy_report report;
    struct error err;
};

/* One key for all tests: making one is what takes long. */
static int make_key(void **state)
{
    *state = csr_builder_key("RSA-2048");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    test_folder_create(&w->folder);
    w->key = *state;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    policy_gate_free(w->gate);
    store_close(w->store);
    cert_plan_clear(&w->plan);
    csr_clear(&w->request.csr);
    template_config_clear(&w->config);
    test_folder_remove(&w->folder);
    free(w);
    return 0;
}

static void write_policy(struct world *w, const char *name, const char *json)
{
    char *text = text_dup(json);

    assert_non_null(text);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    test_folder_write(&w->folder, name, text);
    free(text);
}

/* The template is called corp; settings in single quotes. */
static bool make_gate(struct world *w, const char *settings)
{
    const struct policy_gate_options options = {
        .folder = w->folder.path,
        .config = &w->config,
        .store = w->store,
        .url_path = "/scep/corp",
    };
    struct buffer text = BUFFER_INIT(4096);

    policy_gate_free(w->gate);
    template_config_clear(&w->config);
    error_clear(&w->err);
    assert_true(buffer_printf(&text, &w->err, "{'ca':'default',%s}", settings));
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
    }
    assert_done(config_parse_template("t.json", "corp", buffer_bytes(&text), &w->config, &w->err),
                &w->err, buffer_text(&text));
    buffer_clear(&text);
    w->gate = policy_gate_create(&options, &w->err);
    return w->gate != NULL;
}

/* One file with this policy, in its mode; the template's settings as given. */
static void one_policy(struct world *w, const char *json, const char *mode)
{
    char settings[200];

    write_policy(w, "p.json", json);
    assert_true(
        text_format(settings, sizeof(settings), "'policy':{'files':'p.json','mode':'%s'}", mode));
    assert_done(make_gate(w, settings), &w->err, json);
}

/* The builder becomes the request; the plan is what a template makes of it. */
static void take_request(struct world *w, struct csr_builder *b)
{
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);

    csr_builder_der(b, &der);
    csr_builder_clear(b);
    csr_clear(&w->request.csr);
    w->request.csr = (struct csr)CSR_INIT;
    assert_done(csr_parse(buffer_bytes(&der), &w->request.csr, &w->err), &w->err, "");
    buffer_clear(&der);
}

static void fresh_plan(struct world *w, const char *cn)
{
    cert_plan_clear(&w->plan);
    memset(&w->plan, 0, sizeof(w->plan));
    w->plan.subject = X509_NAME_new();
    w->plan.eku = sk_ASN1_OBJECT_new_null();
    assert_non_null(w->plan.subject);
    assert_non_null(w->plan.eku);
    assert_int_equal(X509_NAME_add_entry_by_txt(w->plan.subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)cn, -1, -1, 0),
                     1);
    assert_true(sk_ASN1_OBJECT_push(w->plan.eku, OBJ_txt2obj("1.3.6.1.5.5.7.3.1", 1)) > 0);
    assert_true(sk_ASN1_OBJECT_push(w->plan.eku, OBJ_txt2obj(OID_CLIENT_AUTH, 1)) > 0);
    w->plan.key_usage = BOTH_USAGES;
    w->plan.not_before = NOW - 3600;
    w->plan.not_after = NOW + 1000 * DAY;
}

static bool ask(struct world *w, const char *cn)
{
    struct csr_builder b;

    error_clear(&w->err);
    csr_builder_init(&b, w->key);
    csr_builder_cn(&b, cn);
    take_request(w, &b);
    fresh_plan(w, cn);
    return policy_gate_check(w->gate, &w->request, POLICY_CHALLENGE_ANY, NOW, &w->plan, &w->report,
                             &w->err);
}

static int64_t seconds(const char *text)
{
    int64_t value = 0;

    assert_true(clock_parse(text, &value));
    return value;
}

#define SERVER_TOO "'eku':'serverAuth,clientAuth',"

/* ---- loading --------------------------------------------------------------------------------- */

static void create__no_files_or_off__none_without_error(void **state)
{
    struct world *w = *state;

    assert_false(make_gate(w, "'description':'x'"));
    assert_false(error_is_set(&w->err));
    assert_int_equal(policy_gate_count(w->gate), 0);
    /* What is off is not even read: a broken file can be got out of the way. */
    assert_false(make_gate(w, "'policy':{'files':'nothing.json','mode':'off'}"));
    assert_false(error_is_set(&w->err));
}

static void create__broken__reason_and_file(void **state)
{
    struct world *w = *state;

    assert_false(make_gate(w, "'policy':{'files':'nothing.json'}"));
    assert_int_equal(w->err.reason, REASON_POLICY_UNREADABLE);
    assert_non_null(strstr(w->err.detail, "nothing.json"));
    write_policy(w, "p.json", "{'policy':");
    assert_false(make_gate(w, "'policy':{'files':'p.json'}"));
    assert_int_equal(w->err.reason, REASON_POLICY_FORMAT);
    assert_non_null(strstr(w->err.detail, "p.json"));
    write_policy(w, "p.json", "{'policy':'p','eku':{'oids':['1.3.6.1.5.5.7.3.1']}}");
    assert_false(make_gate(w, "'policy':{'files':'p.json'}"));
    assert_int_equal(w->err.reason, REASON_POLICY_CONFLICT);
    write_policy(w, "p.json", "{'policy':'p','subject':{'template':'CN=host'}}");
    assert_false(make_gate(w, "'policy':{'files':'p.json','known':'list.csv'}"));
    assert_int_equal(w->err.reason, REASON_POLICY_UNREADABLE);
    test_folder_write(&w->folder, "list.csv", "colour\nred\n");
    assert_false(make_gate(w, "'policy':{'files':'p.json','known':'list.csv'}"));
    assert_int_equal(w->err.reason, REASON_KNOWN_LIST);
}

/* A tenant's export: profiles of other URLs are nothing to this template, not even a conflict. */
static void create__one_names_the_url__others_left_out(void **state)
{
    struct world *w = *state;

    write_policy(w, "p.json",
                 "[{'policy':'other','eku':{'oids':['1.3.6.1.5.5.7.3.4']},"
                 "'endpoint':['https://scep.example.com/scep/other']},"
                 "{'policy':'own','subject':{'template':'CN=host'},"
                 "'endpoint':['https://scep.example.com/SCEP/corp/pkiclient.exe']},"
                 "{'policy':'near','endpoint':['https://scep.example.com/scep/corp2']}]");
    assert_done(make_gate(w, "'policy':{'files':'p.json'}"), &w->err, "");
    assert_int_equal(policy_gate_count(w->gate), 1);
    assert_done(ask(w, "host"), &w->err, "");
    assert_string_equal(w->report.policy, "own");
    assert_false(ask(w, "other"));
}

/* The file was given to this template: a proxy may have the URL that the profile names. */
static void create__none_names_the_url__all_asked_with_a_warning(void **state)
{
    struct world *w = *state;

    one_policy(w,
               "{'policy':'p','subject':{'template':'CN=host'},"
               "'endpoint':['https://scep.example.com/certsrv/mscep/mscep.dll']}",
               "enforce");
    assert_int_equal(policy_gate_warnings(w->gate)->count, 1);
    assert_non_null(strstr(policy_gate_warnings(w->gate)->item[0], "mscep.dll"));
    assert_done(ask(w, "host"), &w->err, "");
    assert_false(ask(w, "other"));
}

static void create__some_keys_conflict__warning(void **state)
{
    struct world *w = *state;

    one_policy(w, "{'policy':'p','key':{'bits':[1024,2048]}}", "enforce");
    assert_int_equal(policy_gate_warnings(w->gate)->count, 1);
}

/* What a policy rests on, and nobody has looked at. */
static void create__values_nobody_vouches_for__warning(void **state)
{
    static const char policy[] =
        "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}},OU={{Invented}}'},"
        "'san':[{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}]}";
    static const struct {
        const char *settings, *list;
        const char *said; /* NULL: nothing */
    } cases[] = {
        { "'policy':{'files':'p.json'}", "", "SID of any account" },
        { "'policy':{'files':'p.json','known':'k.csv'}", "aadDeviceId\nx\n", "SID of any account" },
        { "'policy':{'files':'p.json','known':'k.csv'}", "sid\nx\n", "no column aadDeviceId" },
        { "'policy':{'files':'p.json','known':'k.csv'}", "sid,aadDeviceId\nx,y\n", NULL },
    };
    struct world *w = *state;

    write_policy(w, "p.json", policy);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char settings[200];
        const struct policy_texts *warnings = NULL;

        test_folder_write(&w->folder, "k.csv", cases[i].list);
        assert_true(text_format(settings, sizeof(settings), "'san':{'types':['uri']},%s",
                                cases[i].settings));
        assert_done(make_gate(w, settings), &w->err, cases[i].settings);
        warnings = policy_gate_warnings(w->gate);
        assert_int_equal(warnings->count, cases[i].said == NULL ? 0 : 1);
        if (cases[i].said != NULL) {
            assert_non_null(strstr(warnings->item[0], cases[i].said));
        }
    }
}

/* ---- verdicts and modes ---------------------------------------------------------------------- */

static void check__modes__weaker_of_both(void **state)
{
    static const struct {
        const char *template_mode, *policy_mode;
        bool issued;
        const char *verdict;
    } cases[] = {
        { "enforce", "enforce", false, "deny" }, { "enforce", "audit", true, "audit" },
        { "audit", "enforce", true, "audit" },   { "audit", "audit", true, "audit" },
        { "enforce", "off", true, "" },          { "audit", "off", true, "" },
    };
    struct world *w = *state;
    char json[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_format(json, sizeof(json),
                                "{'policy':'p','mode':'%s','subject':{'template':'CN=host'},"
                                "'validity':{'value':10,'unit':'days'}}",
                                cases[i].policy_mode));
        one_policy(w, json, cases[i].template_mode);
        if (ask(w, "other") != cases[i].issued) {
            fail_msg("%s with %s: %s", cases[i].template_mode, cases[i].policy_mode, w->err.detail);
        }
        assert_string_equal(w->report.verdict, cases[i].verdict);
        if (!cases[i].issued) {
            assert_int_equal(w->err.reason, REASON_POLICY_DENIED);
            assert_true(text_starts_nocase(w->err.detail, "IPV-SUBJECT"));
        }
        if (strcmp(cases[i].verdict, "audit") == 0) {
            assert_true(text_starts_nocase(w->report.check, "IPV-SUBJECT"));
            assert_non_null(strstr(w->report.detail, "other"));
            /* What was not accepted is not shaped either. */
            assert_true(w->plan.not_after == NOW + 1000 * DAY);
        }
    }
}

/* A policy in audit is no way around one that is enforced. */
static void check__one_audits_one_enforces__refused(void **state)
{
    struct world *w = *state;

    write_policy(w, "p.json",
                 "[{'policy':'a','mode':'audit',"
                 "'subject':{'template':'CN=x'}},"
                 "{'policy':'b','subject':{'template':'CN=y'},'hash':{'family':'sha1'}}]");
    assert_done(make_gate(w, "'policy':{'files':'p.json'}"), &w->err, "");
    assert_false(ask(w, "other"));
    assert_int_equal(w->err.reason, REASON_POLICY_DENIED);
    assert_string_equal(w->report.policy, "a"); /* the nearest: one denial, not two */
    assert_done(ask(w, "x"), &w->err, "");
}

static void check__comparison_impossible__refused_in_audit_too(void **state)
{
    struct world *w = *state;
    struct csr_builder b;

    one_policy(w, "{'policy':'p','mode':'audit'}", "audit");
    csr_builder_init(&b, w->key);
    csr_builder_cn(&b, "host");
    csr_builder_extension(&b, OID_EKU, false, bytes_of("\x30\x05\x01", 3));
    take_request(w, &b);
    fresh_plan(w, "host");
    assert_false(policy_gate_check(w->gate, &w->request, POLICY_CHALLENGE_ANY, NOW, &w->plan,
                                   &w->report, &w->err));
    assert_int_equal(w->err.reason, REASON_SYNTAX);
}

/* ---- selection ------------------------------------------------------------------------------- */

static void check__several_fit__strictest_of_each_with_a_warning(void **state)
{
    struct world *w = *state;

    write_policy(w, "p.json",
                 "[{'policy':'a','validity':{'value':30,'unit':'days','backdateMinutes':600},"
                 "'keyUsage':{'bits':['digitalSignature','keyEncipherment']}},"
                 "{'policy':'b','validity':{'value':1,'unit':'years','backdateMinutes':10},"
                 "'keyUsage':{'bits':['digitalSignature']}}]");
    assert_done(make_gate(w, "'policy':{'files':'p.json'}"), &w->err, "");
    assert_done(ask(w, "host"), &w->err, "");
    assert_string_equal(w->report.policy, "a, b");
    assert_string_equal(w->report.verdict, "warn");
    assert_string_equal(w->report.check, POLICY_GATE_SEVERAL);
    assert_true(w->plan.not_after == NOW + 30 * DAY);
    assert_true(w->plan.not_before == NOW - 600);
    assert_int_equal(w->plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
}

/* Nothing left is a refusal, and never a certificate for every use. */
static void check__several_fit_and_exclude_each_other__refused(void **state)
{
    struct world *w = *state;

    write_policy(w, "p.json",
                 "[{'policy':'a','keyUsage':{'bits':['keyEncipherment']}},"
                 "{'policy':'b','keyUsage':{'bits':['digitalSignature']}}]");
    assert_done(make_gate(w, "'policy':{'files':'p.json'}"), &w->err, "");
    assert_false(ask(w, "host"));
    assert_int_equal(w->err.reason, REASON_POLICY_CONFLICT);
    write_policy(w, "p.json",
                 "[{'policy':'a','eku':{'oids':['1.3.6.1.5.5.7.3.1']}},"
                 "{'policy':'b','eku':{'oids':['1.3.6.1.5.5.7.3.2']}}]");
    assert_done(make_gate(w, SERVER_TOO "'policy':{'files':'p.json'}"), &w->err, "");
    assert_false(ask(w, "host"));
    assert_int_equal(w->err.reason, REASON_POLICY_CONFLICT);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void plan__policy_states__narrowed(void **state)
{
    struct world *w = *state;
    char oid[80];

    one_policy(w,
               "{'policy':'p','keyUsage':{'bits':['digitalSignature']},"
               "'eku':{'oids':['1.3.6.1.5.5.7.3.2']},"
               "'validity':{'value':18,'unit':'months','backdateMinutes':1440}}",
               "enforce");
    assert_done(ask(w, "host"), &w->err, "");
    assert_string_equal(w->report.policy, "p");
    assert_int_equal(w->plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    assert_int_equal(sk_ASN1_OBJECT_num(w->plan.eku), 1);
    assert_true(OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(w->plan.eku, 0), 1) > 0);
    assert_string_equal(oid, OID_CLIENT_AUTH);
    assert_true(w->plan.not_after == seconds("2025-05-14T22:13:20Z"));
    assert_true(w->plan.not_before == NOW - DAY);
}

static void plan__policy_states_nothing_or_more__as_it_was(void **state)
{
    struct world *w = *state;

    one_policy(w, "{'policy':'p','validity':{'value':10,'unit':'years'}}", "enforce");
    assert_done(ask(w, "host"), &w->err, "");
    assert_int_equal(w->plan.key_usage, BOTH_USAGES);
    assert_int_equal(sk_ASN1_OBJECT_num(w->plan.eku), 2);
    assert_true(w->plan.not_after == NOW + 1000 * DAY);
    assert_true(w->plan.not_before == NOW - 3600);
}

/* The template gives one usage to this request: the policy's second one is not added. */
static void plan__template_gives_less__stays_less(void **state)
{
    struct world *w = *state;
    struct csr_builder b;

    one_policy(w, "{'policy':'p','keyUsage':{'bits':['digitalSignature','keyEncipherment']}}",
               "enforce");
    csr_builder_init(&b, w->key);
    csr_builder_cn(&b, "host");
    take_request(w, &b);
    fresh_plan(w, "host");
    w->plan.key_usage = KEY_USAGE_KEY_ENCIPHERMENT;
    assert_done(policy_gate_check(w->gate, &w->request, POLICY_CHALLENGE_ANY, NOW, &w->plan,
                                  &w->report, &w->err),
                &w->err, "");
    assert_int_equal(w->plan.key_usage, KEY_USAGE_KEY_ENCIPHERMENT);
}

static void plan__request_asks_for_less_time__gets_less(void **state)
{
    static const struct {
        const char *period, *units, *end;
    } cases[] = {
        { "Months", "6", "2024-05-14T22:13:20Z" },
        { "6", "Months", "2024-05-14T22:13:20Z" },
        { "Days", "1", "2023-11-15T22:13:20Z" },
        { "Years", "1", "2024-11-14T22:13:20Z" }, /* as much as the policy has */
        { "Years", "2", "2024-11-14T22:13:20Z" }, /* more is cut */
        { "Hours", "12", "2023-11-15T10:13:20Z" },
        { "30", "Minutes", "2023-11-14T22:43:20Z" },
        { "Seconds", "999999", "2023-11-26T11:59:59Z" },
        { "Fortnights", "1", "2024-11-14T22:13:20Z" }, /* nobody knows what that is */
    };
    struct world *w = *state;

    one_policy(w, "{'policy':'p','validity':{'value':1,'unit':'years','over':'clamp'}}", "enforce");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        char end[CLOCK_TEXT_MAX];

        csr_builder_init(&b, w->key);
        csr_builder_cn(&b, "host");
        csr_builder_pair_text(&b, "ValidityPeriod", cases[i].period);
        csr_builder_pair_text(&b, "ValidityPeriodUnits", cases[i].units);
        take_request(w, &b);
        fresh_plan(w, "host");
        assert_done(policy_gate_check(w->gate, &w->request, POLICY_CHALLENGE_ANY, NOW, &w->plan,
                                      &w->report, &w->err),
                    &w->err, cases[i].units);
        clock_format(w->plan.not_after, end);
        assert_string_equal(end, cases[i].end);
    }
}

/* ---- with a database ------------------------------------------------------------------------- */

static void record(struct world *w, const char *subject, unsigned index)
{
    struct sample s;

    sample_init(&s, index);
    s.key.template_name = "corp";
    s.cert.issued_at = NOW - 60;
    s.info.not_after = NOW + DAY;
    (void)snprintf(s.info.subject, sizeof(s.info.subject), "%s", subject);
    assert_int_equal(fixture_record(w->store, &s, 0), STORE_RECORDED);
}

static void check__limit_a_day__of_this_subject_and_template(void **state)
{
    struct world *w = *state;
    struct store_options options = { .readers = 1 };
    char path[FILE_PATH_MAX];

    test_folder_path(&w->folder, "openndes.db", path);
    options.path = path;
    w->store = store_open(&options, &w->err);
    assert_done(w->store != NULL, &w->err, "");
    one_policy(w, "{'policy':'p','limits':{'perIdentityPerDay':2}}", "enforce");
    record(w, "CN=other", 1);
    record(w, "CN=other", 2);
    record(w, "CN=host", 3);
    assert_done(ask(w, "host"), &w->err, "");
    record(w, "CN=Host", 4);
    assert_false(ask(w, "host"));
    assert_int_equal(w->err.reason, REASON_POLICY_DENIED);
    assert_false(ask(w, "HOST")); /* the same, in capitals */
    assert_int_equal(w->err.reason, REASON_POLICY_DENIED);
}

/* Hints, however many, are no reason to refuse every request of the template. */
static void load__more_warnings_than_are_kept__told_and_in_force(void **state)
{
    struct world *w = *state;
    struct buffer text = BUFFER_INIT(1000000);
    const struct policy_texts *warnings = NULL;
    bool ok = buffer_append_text(&text, "[", &w->err);

    for (unsigned i = 0; i < 200 && ok; i++) {
        ok = buffer_printf(&text, &w->err,
                           "%s{'policy':'p%u','endpoint':'/other','subject':{'template':"
                           "'CN=a\\\\,b'}}",
                           i > 0 ? "," : "", i);
    }
    assert_done(ok && buffer_append_text(&text, "]", &w->err), &w->err, "");
    write_policy(w, "p.json", buffer_text(&text));
    assert_done(make_gate(w, "'policy':{'files':'p.json'}"), &w->err, "");
    assert_int_equal(policy_gate_count(w->gate), 200);
    warnings = policy_gate_warnings(w->gate);
    assert_int_equal(warnings->count, LIMIT_POLICIES);
    assert_string_equal(warnings->item[warnings->count - 1], "further warnings are left out");
    buffer_clear(&text);
}

/* A typing error in the header unbinds a variable: that must be seen. */
static void load__list_without_a_variables_column__warned_about(void **state)
{
    struct world *w = *state;
    const struct policy_texts *warnings = NULL;

    write_policy(w, "p.json",
                 "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}},OU={{SerialNumber}}'},"
                 "'san':[{'type':'dns','template':'{{Device_Serial}}.example.net'}]}");
    test_folder_write(&w->folder, "known.csv", "aadDeviceId,serail\n");
    assert_done(make_gate(w, "'san':{'types':'dns'},"
                             "'policy':{'files':'p.json','known':'known.csv'}"),
                &w->err, "");
    warnings = policy_gate_warnings(w->gate);
    assert_int_equal(warnings->count, 1);
    assert_non_null(strstr(warnings->item[0], "no column serial"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        GATE_TEST(create__no_files_or_off__none_without_error),
        GATE_TEST(create__broken__reason_and_file),
        GATE_TEST(create__one_names_the_url__others_left_out),
        GATE_TEST(create__none_names_the_url__all_asked_with_a_warning),
        GATE_TEST(create__some_keys_conflict__warning),
        GATE_TEST(create__values_nobody_vouches_for__warning),
        GATE_TEST(load__more_warnings_than_are_kept__told_and_in_force),
        GATE_TEST(load__list_without_a_variables_column__warned_about),
        GATE_TEST(check__modes__weaker_of_both),
        GATE_TEST(check__one_audits_one_enforces__refused),
        GATE_TEST(check__comparison_impossible__refused_in_audit_too),
        GATE_TEST(check__several_fit__strictest_of_each_with_a_warning),
        GATE_TEST(check__several_fit_and_exclude_each_other__refused),
        GATE_TEST(plan__policy_states__narrowed),
        GATE_TEST(plan__policy_states_nothing_or_more__as_it_was),
        GATE_TEST(plan__template_gives_less__stays_less),
        GATE_TEST(plan__request_asks_for_less_time__gets_less),
        GATE_TEST(check__limit_a_day__of_this_subject_and_template),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
