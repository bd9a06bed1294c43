/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "policy/policy_case.h"
#include "policy/policy_conflict.h"

/* A policy with a template: both settings are in the sentence. */
static const struct {
    const char *name;
    const char *policy;
    const char *config;
    int conflict; /* 1: refused, 0: nothing, -1: a warning */
    const char *said[2];
} cases[] = {
    { "usage within", "'keyUsage':{'bits':['digitalSignature']}", "", 0, { NULL, NULL } },
    { "usage beyond",
      "'keyUsage':{'bits':['digitalSignature','dataEncipherment']}",
      "",
      1,
      { "dataEncipherment", "key_usage.allowed has digitalSignature,keyEncipherment" } },
    { "usage within a wider template",
      "'keyUsage':{'bits':['dataEncipherment']}",
      "'key_usage':{'allowed':'digitalSignature,dataEncipherment'}",
      0,
      { NULL, NULL } },
    { "eku within", "'eku':{'oids':['1.3.6.1.5.5.7.3.2']}", "", 0, { NULL, NULL } },
    { "eku beyond",
      "'eku':{'oids':['1.3.6.1.5.5.7.3.2','1.3.6.1.5.5.7.3.1']}",
      "",
      1,
      { "1.3.6.1.5.5.7.3.1", "eku has clientAuth" } },
    { "eku as OID in the template",
      "'eku':{'oids':['1.3.6.1.5.5.7.3.1']}",
      "'eku':['1.3.6.1.5.5.7.3.1']",
      0,
      { NULL, NULL } },
    { "eku of a template without",
      "'eku':{'oids':['1.3.6.1.5.5.7.3.2']}",
      "'eku':[]",
      1,
      { "1.3.6.1.5.5.7.3.2", "eku has nothing" } },
    { "key within", "'key':{'bits':[2048]}", "", 0, { NULL, NULL } },
    { "key too small", "'key':{'bits':[1024]}", "", 1, { "1024", "key.rsa_min_bits=2048" } },
    { "key too big", "'key':{'bits':[8192]}", "", 1, { "8192", "key.rsa_max_bits=4096" } },
    { "one key of two", "'key':{'bits':[1024,2048]}", "", -1, { "1024", "key.rsa_min_bits" } },
    { "at least less than the template's",
      "'key':{'bits':[1024],'atLeast':true}",
      "",
      0,
      { NULL, NULL } },
    { "at least more than the template has",
      "'key':{'bits':[8192],'atLeast':true}",
      "",
      1,
      { "8192", "key.rsa_max_bits=4096" } },
    { "EC template, RSA policy",
      "'key':{'bits':[2048]}",
      "'key':{'types':['ec']}",
      1,
      { "RSA keys only", "key.types has ec" } },
    { "EC template, any key", "'key':{'type':'any'}", "'key':{'types':['ec']}", 0, { NULL, NULL } },
    { "EC beside RSA, RSA policy",
      "'key':{'bits':[2048]}",
      "'key':{'types':['rsa','ec']}",
      0,
      { NULL, NULL } },
    { "name taken over", "'san':[{'type':'dns','template':'x'}]", "", 0, { NULL, NULL } },
    { "name refused",
      "'san':[{'type':'uri','template':'x:y'}]",
      "",
      1,
      { "type uri", "san.types=dns,ip,email,uri" } },
    { "name dropped",
      "'san':[{'type':'upn','template':'a@b'}]",
      "'san':{'types':[],'unlisted':'drop'}",
      1,
      { "type upn", "san.types=upn" } },
    { "name that may be missing",
      "'san':[{'type':'upn','template':'a@b','min':0}]",
      "",
      -1,
      { "type upn", "san.types" } },
    { "too many names",
      "'san':[{'type':'dns','template':'x','min':3,'max':3}]",
      "'san':{'max':2}",
      1,
      { "3 subject", "san.max is 2" } },
    { "attribute taken over", "'subject':{'template':'CN=x,OU=y'}", "", 0, { NULL, NULL } },
    { "attribute refused",
      "'subject':{'template':'CN=x,OU=y'}",
      "'subject':{'attributes':'CN'}",
      1,
      { "OU", "subject.attributes" } },
    { "attribute left out",
      "'subject':{'template':'CN=x,OU=y'}",
      "'subject':{'attributes':'CN','unlisted':'drop'}",
      -1,
      { "OU", "leaves out" } },
    { "whole name",
      "'subject':{'template':'{{OnPrem_Distinguished_Name}}'}",
      "",
      0,
      { NULL, NULL } },
};

static void load_config(const char *settings, struct template_config *out)
{
    struct error err = ERROR_INIT;
    struct buffer text = BUFFER_INIT(4096);

    assert_true(buffer_printf(&text, &err, "{'ca':'default'%s%s}", settings[0] == '\0' ? "" : ",",
                              settings));
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
    }
    assert_done(config_parse_template("t.json", "corp", buffer_bytes(&text), out, &err), &err,
                buffer_text(&text));
    buffer_clear(&text);
}

static void check__each_case__both_settings_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config;
        struct policy_set set = { 0 };
        struct policy_set kept = { 0 }; /* its warnings */
        struct error err = ERROR_INIT;
        char json[500];
        const char *text;
        bool ok;

        assert_true(text_format(json, sizeof(json), "{'policy':'p',%s}", cases[i].policy));
        policy_case_load(json, &set);
        load_config(cases[i].config, &config);
        ok = policy_conflict_check(set.item[0], &config, &kept.warnings, &err);
        if (ok != (cases[i].conflict != 1) || kept.warnings.count != (cases[i].conflict == -1)) {
            fail_msg("%s: %d, %zu warnings, %s", cases[i].name, ok, kept.warnings.count,
                     err.detail);
        }
        assert_true(ok || err.reason == REASON_POLICY_CONFLICT);
        text = ok ? (kept.warnings.count == 0 ? "" : kept.warnings.item[0]) : err.detail;
        for (size_t k = 0; k < 2; k++) {
            if (cases[i].said[k] != NULL && strstr(text, cases[i].said[k]) == NULL) {
                fail_msg("%s: \"%s\" is not in: %s", cases[i].name, cases[i].said[k], text);
            }
        }
        template_config_clear(&config);
        policy_set_clear(&set);
        policy_set_clear(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__each_case__both_settings_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
