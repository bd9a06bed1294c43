/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "policy/policy_case.h"
#include "policy/policy_lint.h"

#define NOW 1700000000
#define DAY 86400
#define GOOD "'subject':{'template':'CN={{AAD_Device_ID}}'},'san':[],"

/* What a walk has told. */
struct told {
    char ids[64][40];
    enum policy_lint_level levels[64];
    size_t count;
};

static bool tell(void *context, const struct policy *p, const struct policy_lint_finding *f,
                 struct error *err)
{
    struct told *t = context;

    (void)p;
    (void)err;
    assert_true(t->count < 64);
    assert_true(strlen(f->text) > 0 && strlen(f->remedy) > 0);
    (void)snprintf(t->ids[t->count], sizeof(t->ids[0]), "%s", f->id);
    t->levels[t->count++] = f->level;
    return true;
}

static void lint(const char *json, const struct policy_ca *ca, struct told *t)
{
    struct error err = ERROR_INIT;
    struct policy_set set = { 0 };

    memset(t, 0, sizeof(*t));
    policy_case_load(json, &set);
    assert_done(policy_lint(&set, ca, NOW, tell, t, &err), &err, json);
    policy_set_clear(&set);
}

/* The level it is told with; -1: it is not told. */
static int level_of(const struct told *t, const char *id)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->ids[i], id) == 0) {
            return (int)t->levels[i];
        }
    }
    return -1;
}

#define NOT (-1)
#define INFO POLICY_LINT_INFO
#define WARNING POLICY_LINT_WARNING
#define ERROR POLICY_LINT_ERROR

/* Each lint with a policy that has it and one next to it that has not. */
static const struct {
    const char *id;
    int level;
    const char *json;
} cases[] = {
    { "IPL-ANY-NAME", WARNING, "{'policy':'p'}" },
    { "IPL-ANY-NAME", WARNING, "{'policy':'p','subject':{'template':''}}" },
    { "IPL-ANY-NAME", NOT, "{'policy':'p','subject':{'template':'CN=x'}}" },
    { "IPL-NO-NAME", ERROR, "{'policy':'p','subject':{'template':''},'san':[]}" },
    { "IPL-NO-NAME", NOT, "{'policy':'p'}" },
    { "IPL-ONE-DEVICE", INFO, "{'policy':'p','subject':{'template':'CN=x'},'san':[]}" },
    { "IPL-ONE-DEVICE", NOT, "{'policy':'p'," GOOD "'mode':'enforce'}" },
    { "IPL-SPOOFABLE", WARNING,
      "{'policy':'p','subject':{'template':'CN={{DeviceName}},OU={{SERIALNUMBER}}'}}" },
    { "IPL-SPOOFABLE", NOT,
      "{'policy':'p','subject':{'template':'CN={{DeviceName}},OU={{AAD_Device_ID}}'}}" },
    { "IPL-UNKNOWN-VARIABLE", WARNING, "{'policy':'p','subject':{'template':'CN={{UserNmae}}'}}" },
    { "IPL-UNKNOWN-VARIABLE", NOT, "{'policy':'p','subject':{'template':'CN={{UserName}}'}}" },
    { "IPL-AFTER-VARIABLE", WARNING, "{'policy':'p','subject':{'template':'CN={{UserName}}|x'}}" },
    { "IPL-AFTER-VARIABLE", WARNING,
      "{'policy':'p','subject':{'template':'CN=x'},"
      "'san':[{'type':'uri','template':'a:{{DeviceId}};x'}]}" },
    { "IPL-AFTER-VARIABLE", NOT, "{'policy':'p','subject':{'template':'CN={{UserName}}-x'}}" },
    { "IPL-AFTER-VARIABLE", NOT,
      "{'policy':'p','subject':{'template':'CN={{UserName}}{{DeviceId}}'}}" },
    { "IPL-QUOTES", INFO, "{'policy':'p','subject':{'template':'CN={{UserName}}\\\\, Sales'}}" },
    { "IPL-QUOTES", INFO, "{'policy':'p','subject':{'template':'CN={{UserName}}=Sales'}}" },
    { "IPL-QUOTES", NOT, "{'policy':'p','subject':{'template':'CN=\\\"{{UserName}}, Sales\\\"'}}" },
    { "IPL-QUOTES", NOT,
      "{'policy':'p','source':'apple','subject':{'template':'CN=\\\"{{UserName}}, S\\\"'}}" },
    { "IPL-QUOTES", NOT, "{'policy':'p','subject':{'template':'CN={{UserName}} Sales'}}" },
    { "IPL-CN-LENGTH", INFO, "{'policy':'p','subject':{'template':'CN={{UserPrincipalName}}'}}" },
    { "IPL-CN-LENGTH", ERROR,
      "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}}-{{DeviceId}}'}}" },
    { "IPL-CN-LENGTH", NOT,
      "{'policy':'p','subject':{'template':'CN=a-prefix-of-27-characters-{{DeviceId}}'}}" },
    { "IPL-CN-LENGTH", ERROR,
      "{'policy':'p','subject':{'template':'CN=12345678901234567890123456789{{ DeviceId }}'}}" },
    { "IPL-CN-LENGTH", NOT, "{'policy':'p','subject':{'template':'OU={{UserPrincipalName}}'}}" },
    { "IPL-DN-ALONE", WARNING,
      "{'policy':'p','subject':{'template':'{{OnPrem_Distinguished_Name}}'}}" },
    { "IPL-DN-ALONE", NOT, "{'policy':'p'," GOOD "'mode':'enforce'}" },
    { "IPL-DN-INSIDE", ERROR,
      "{'policy':'p','subject':{'template':'CN={{OnPrem_Distinguished_Name}}'}}" },
    { "IPL-DN-INSIDE", NOT,
      "{'policy':'p','subject':{'template':'{{OnPrem_Distinguished_Name}}'}}" },
    { "IPL-SID-MISSING", WARNING,
      "{'policy':'p','subject':{'template':'CN={{UserName}}'},'eku':{'oids':['1.3.6.1.5.5.7.3.2']},"
      "'san':[{'type':'upn','template':'{{UserPrincipalName}}'}],'facts':{'store':'user'}}" },
    { "IPL-SID-MISSING", NOT,
      "{'policy':'p','subject':{'template':'CN={{UserName}}'},'eku':{'oids':['1.3.6.1.5.5.7.3.2']},"
      "'san':[{'type':'upn','template':'{{UserPrincipalName}}'},"
      "{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}]}" },
    { "IPL-SID-MISSING", NOT,
      "{'policy':'p','subject':{'template':'CN={{UserName}}'},'eku':{'oids':['1.3.6.1.5.5.7.3.4']},"
      "'san':[{'type':'upn','template':'{{UserPrincipalName}}'}]}" },
    { "IPL-SID-MISSING", NOT,
      "{'policy':'p','platform':'android','subject':{'template':'CN={{UserName}}'},"
      "'san':[{'type':'upn','template':'{{UserPrincipalName}}'}]}" },
    { "IPL-SID-MISSING", INFO,
      "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}}'},'facts':{'store':'machine'},"
      "'san':[{'type':'dns','template':'{{FullyQualifiedDomainName}}'}]}" },
    { "IPL-SID-PLACE", ERROR,
      "{'policy':'p','subject':{'template':'CN=x'},"
      "'san':[{'type':'dns','template':'{{OnPremisesSecurityIdentifier}}'}]}" },
    { "IPL-SID-PLACE", ERROR,
      "{'policy':'p','subject':{'template':'CN={{OnPremisesSecurityIdentifier}}'}}" },
    { "IPL-SID-PLACE", NOT,
      "{'policy':'p','subject':{'template':'CN=x'},"
      "'san':[{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}]}" },
    { "IPL-SID-ANDROID", WARNING,
      "{'policy':'p','platform':'android','subject':{'template':'CN=x'},"
      "'san':[{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}]}" },
    { "IPL-SID-ANDROID", NOT,
      "{'policy':'p','platform':'apple','subject':{'template':'CN=x'},"
      "'san':[{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}]}" },
    { "IPL-FQDN", WARNING,
      "{'policy':'p','platform':'apple',"
      "'subject':{'template':'CN={{FullyQualifiedDomainName}}'}}" },
    { "IPL-FQDN", NOT,
      "{'policy':'p','platform':'windows','subject':{'template':"
      "'CN={{FullyQualifiedDomainName}}'}}" },
    { "IPL-ANDROID-NAME", INFO,
      "{'policy':'p','platform':'android','subject':{'template':'CN={{IMEINumber}}'}}" },
    { "IPL-ANDROID-NAME", INFO,
      "{'policy':'p','platform':'android','subject':{'template':'CN=x'},"
      "'san':[{'type':'upn','template':'{{UserName}}@example.net'}]}" },
    { "IPL-ANDROID-NAME", NOT,
      "{'policy':'p','platform':'android','subject':{'template':'CN={{UserName}}'}}" },
    { "IPL-ANDROID-NAME", NOT,
      "{'policy':'p','platform':'apple','subject':{'template':'CN={{IMEINumber}}'}}" },
    { "IPL-DEVICE-ID", INFO,
      "{'policy':'p','platform':'windows','subject':{'template':'CN={{DeviceId}}'}}" },
    { "IPL-DEVICE-ID", NOT,
      "{'policy':'p','platform':'windows','subject':{'template':"
      "'CN={{DeviceId}},OU={{AAD_Device_ID}}'}}" },
    { "IPL-DEVICE-ID", NOT,
      "{'policy':'p','platform':'apple','subject':{'template':'CN={{DeviceId}}'}}" },
    { "IPL-STORE-USER", WARNING,
      "{'policy':'p','subject':{'template':'CN={{UserName}}'},'facts':{'store':'machine'}}" },
    { "IPL-STORE-USER", NOT,
      "{'policy':'p','subject':{'template':'CN={{UserName}}'},'facts':{'store':'user'}}" },
    { "IPL-STORE-DEVICE", INFO,
      "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}}'},'facts':{'store':'user'}}" },
    { "IPL-STORE-DEVICE", NOT,
      "{'policy':'p','subject':{'template':'CN={{AAD_Device_ID}},OU={{UserName}}'},"
      "'facts':{'store':'user'}}" },
    { "IPL-SHA1", WARNING, "{'policy':'p','hash':{'family':['sha1','sha2']}}" },
    { "IPL-SHA1", NOT, "{'policy':'p','hash':{'family':'sha2'}}" },
    { "IPL-KEY-1024", ERROR, "{'policy':'p','key':{'bits':[1024,2048]}}" },
    { "IPL-KEY-1024", NOT, "{'policy':'p','key':{'bits':[2048]}}" },
    { "IPL-KEY-4096", WARNING,
      "{'policy':'p','key':{'bits':[4096]},'facts':{'protection':'tpm'}}" },
    { "IPL-KEY-4096", WARNING,
      "{'policy':'p','key':{'bits':[4096]},'facts':{'protection':'hello'}}" },
    { "IPL-KEY-4096", INFO,
      "{'policy':'p','key':{'bits':[4096]},'facts':{'protection':'tpmIfThere'}}" },
    { "IPL-KEY-4096", NOT,
      "{'policy':'p','key':{'bits':[4096]},'facts':{'protection':'software'}}" },
    { "IPL-KEY-4096", NOT, "{'policy':'p','key':{'bits':[2048]},'facts':{'protection':'tpm'}}" },
    { "IPL-KEY-ANY", INFO, "{'policy':'p','key':{'type':'any'}}" },
    { "IPL-KEY-ANY", NOT, "{'policy':'p','key':{'type':'rsa'}}" },
    { "IPL-ANY-EKU", ERROR, "{'policy':'p','eku':{'oids':['2.5.29.37.0']}}" },
    { "IPL-ANY-EKU", NOT, "{'policy':'p','eku':{'oids':['1.3.6.1.5.5.7.3.2']}}" },
    { "IPL-RENEWAL", WARNING, "{'policy':'p','facts':{'renewalThreshold':0}}" },
    { "IPL-RENEWAL", WARNING, "{'policy':'p','facts':{'renewalThreshold':80}}" },
    { "IPL-RENEWAL", WARNING,
      "{'policy':'p','validity':{'value':10,'unit':'days'},'facts':{'renewalThreshold':20}}" },
    { "IPL-RENEWAL", NOT,
      "{'policy':'p','validity':{'value':1,'unit':'years'},'facts':{'renewalThreshold':20}}" },
    { "IPL-HTTP", ERROR,
      "{'policy':'p','platform':'android','endpoint':['http://scep.example.com/scep/p']}" },
    { "IPL-HTTP", NOT,
      "{'policy':'p','platform':'windows','endpoint':['http://scep.example.com/scep/p']}" },
    { "IPL-HTTP", NOT,
      "{'policy':'p','platform':'android','endpoint':['https://scep.example.com/scep/p']}" },
    { "IPL-URL", ERROR, "{'policy':'p','endpoint':['ftp://scep.example.com/scep/p']}" },
    { "IPL-URL", NOT, "{'policy':'p','endpoint':['/scep/p']}" },
    { "IPL-PKICLIENT", WARNING,
      "{'policy':'p','endpoint':['https://scep.example.com/scep/p/PkiClient.exe']}" },
    { "IPL-PKICLIENT", NOT, "{'policy':'p','endpoint':['https://scep.example.com/scep/p']}" },
    { "IPL-PENDING", WARNING, "{'policy':'p','facts':{'retryCount':30,'retryDelaySeconds':300}}" },
    { "IPL-PENDING", INFO, "{'policy':'p','facts':{'retryCount':3,'retryDelaySeconds':60}}" },
    { "IPL-PENDING", NOT, "{'policy':'p','facts':{'retryCount':3}}" },
    { "IPL-MODE", INFO, "{'policy':'p','mode':'audit'}" },
    { "IPL-MODE", NOT, "{'policy':'p','mode':'enforce'}" },
    { "IPL-SEVERAL", WARNING,
      "[{'policy':'p','endpoint':['/scep/a']},{'policy':'q','endpoint':['/scep/b','/SCEP/A']}]" },
    { "IPL-SEVERAL", NOT,
      "[{'policy':'p','endpoint':['/scep/a']},{'policy':'q','endpoint':['/scep/b']}]" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void lint__each_case__its_level(void **state)
{
    struct told t;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        int level;

        lint(cases[i].json, NULL, &t);
        level = level_of(&t, cases[i].id);
        if (level != cases[i].level) {
            fail_msg("%s has level %d instead of %d: %s", cases[i].id, level, cases[i].level,
                     cases[i].json);
        }
    }
}

/* Without a case that is told and one that is not, a lint is not tested. */
static void lint__infos__each_has_cases(void **state)
{
    size_t count = 0;
    const struct policy_lint_info *infos = policy_lint_infos(&count);
    /* with a CA, or a loader's warning: tests of their own below */
    static const char *const elsewhere[] = { "IPL-EKU-CA", "IPL-THUMBPRINT", "IPL-VALIDITY-CA",
                                             "IPL-READING" };

    (void)state;
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        size_t yes = 0;
        size_t no = 0;

        for (size_t k = 0; k < CASES; k++) {
            bool same = strcmp(cases[k].id, infos[i].id) == 0;

            yes += same && cases[k].level != NOT ? 1 : 0;
            no += same && cases[k].level == NOT ? 1 : 0;
        }
        for (size_t k = 0; k < sizeof(elsewhere) / sizeof(elsewhere[0]); k++) {
            yes += strcmp(elsewhere[k], infos[i].id) == 0 ? 1 : 0;
            no += strcmp(elsewhere[k], infos[i].id) == 0 ? 1 : 0;
        }
        if (yes == 0 || no == 0) {
            fail_msg("%s has %zu cases that are told and %zu that are not", infos[i].id, yes, no);
        }
        assert_true(strlen(infos[i].what) > 0 && strlen(infos[i].remedy) > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(infos[i].id, infos[k].id);
        }
    }
}

static void lint__good_profile__nothing_but_hints(void **state)
{
    struct told t;

    (void)state;
    lint("{'policy':'corp','platform':'windows','endpoint':['https://scep.example.com/scep/corp'],"
         "'subject':{'template':'CN={{AAD_Device_ID}}'},"
         "'san':[{'type':'uri','template':'{{OnPremisesSecurityIdentifier}}'}],"
         "'keyUsage':{'bits':['digitalSignature','keyEncipherment']},"
         "'eku':{'oids':['1.3.6.1.5.5.7.3.2']},'key':{'type':'rsa','bits':[2048]},"
         "'hash':{'family':'sha2'},'validity':{'value':1,'unit':'years'},"
         "'facts':{'store':'machine','renewalThreshold':20}}",
         NULL, &t);
    assert_int_equal(t.count, 0);
}

static void lint__loader_has_warned__reading(void **state)
{
    struct error err = ERROR_INIT;
    struct policy_set set = { 0 };
    struct told t = { .count = 0 };

    (void)state;
    policy_case_load("{'policy':'p'," GOOD "'mode':'enforce'}", &set);
    assert_done(policy_set_warn(&set, &err, "line %d: something", 3), &err, "");
    assert_done(policy_lint(&set, NULL, NOW, tell, &t, &err), &err, "");
    assert_int_equal(level_of(&t, "IPL-READING"), WARNING);
    policy_set_clear(&set);
}

/* ---- with a CA ------------------------------------------------------------------------------- */

static X509 *make_ca(EVP_PKEY *key, const char *cn, const char *issuer, const char *eku, long days)
{
    X509 *cert = X509_new();

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), NOW - DAY));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), NOW + days * DAY));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)cn, -1, -1, 0),
                     1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)issuer, -1, -1, 0),
                     1);
    if (eku != NULL) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, eku);

        assert_non_null(ext);
        assert_int_equal(X509_add_ext(cert, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

/* A root, and an issuing CA for clients alone that ends in 100 days. */
static struct policy_ca *make_chain(EVP_PKEY *key)
{
    struct error err = ERROR_INIT;
    STACK_OF(X509) *list = sk_X509_new_null();
    struct policy_ca *ca;

    assert_non_null(list);
    assert_true(sk_X509_push(list, make_ca(key, "Issuing", "Root", "clientAuth", 100)) > 0);
    assert_true(sk_X509_push(list, make_ca(key, "Root", "Root", NULL, 3650)) > 0);
    ca = policy_ca_create(list, &err);
    assert_done(ca != NULL, &err, "");
    sk_X509_pop_free(list, X509_free);
    return ca;
}

static void lint__with_ca__usage_thumbprint_end(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    struct policy_ca *ca = make_chain(key);
    struct told t;
    char json[300];

    (void)state;
    assert_int_equal(ca->count, 2);
    assert_true(ca->item[0].is_issuing && !ca->item[0].is_root);
    assert_true(ca->item[1].is_root && !ca->item[1].is_issuing);
    lint("{'policy':'p'," GOOD "'eku':{'oids':['1.3.6.1.5.5.7.3.1']}}", ca, &t);
    assert_int_equal(level_of(&t, "IPL-EKU-CA"), ERROR);
    lint("{'policy':'p'," GOOD "'eku':{'oids':['1.3.6.1.5.5.7.3.2']}}", ca, &t);
    assert_int_equal(level_of(&t, "IPL-EKU-CA"), NOT);
    lint("{'policy':'p'," GOOD "'validity':{'value':1,'unit':'years'}}", ca, &t);
    assert_int_equal(level_of(&t, "IPL-VALIDITY-CA"), WARNING);
    lint("{'policy':'p'," GOOD "'validity':{'value':3,'unit':'months'}}", ca, &t);
    assert_int_equal(level_of(&t, "IPL-VALIDITY-CA"), NOT);
    lint("{'policy':'p'," GOOD
         "'facts':{'caFingerprint':'00112233445566778899aabbccddeeff00112233'}}",
         ca, &t);
    assert_int_equal(level_of(&t, "IPL-THUMBPRINT"), ERROR);
    (void)snprintf(json, sizeof(json), "{'policy':'p'," GOOD "'facts':{'caFingerprint':'%s'}}",
                   ca->item[1].sha1);
    lint(json, ca, &t);
    assert_int_equal(level_of(&t, "IPL-THUMBPRINT"), NOT);
    lint("{'policy':'p'," GOOD
         "'facts':{'caFingerprint':'00112233445566778899aabbccddeeff00112233'}}",
         NULL, &t);
    assert_int_equal(level_of(&t, "IPL-THUMBPRINT"), NOT);
    policy_ca_free(ca);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint__each_case__its_level),
        cmocka_unit_test(lint__infos__each_has_cases),
        cmocka_unit_test(lint__good_profile__nothing_but_hints),
        cmocka_unit_test(lint__loader_has_warned__reading),
        cmocka_unit_test(lint__with_ca__usage_thumbprint_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
