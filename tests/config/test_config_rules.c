/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_load.h"
#include "config/config_net.h"
#include "config/config_rules.h"

#define X16 "0123456789abcdef"
#define MAC "\"passphrase_mac\": \"" X16 X16 X16 X16 "\""

/* says NULL: the document is taken; else the beginning of the message behind "f.json:". */
struct rule_case {
    const char *name, *text, *says;
};

static void check_result(const struct rule_case *c, bool ok, const struct error *err)
{
    if (ok != (c->says == NULL)) {
        fail_msg("%s: %s", c->name, ok ? "is taken" : err->detail);
    }
    if (!ok
        && (err->reason != REASON_CONFIG_CONFLICT || strncmp(err->detail, "f.json:", 7) != 0
            || strncmp(err->detail + 7, c->says, strlen(c->says)) != 0)) {
        fail_msg("%s: %s: %s", c->name, reason_id(err->reason), err->detail);
    }
}

static void template__table_of_conflicts__refused_at_the_key(void **state)
{
    static const struct rule_case cases[] = {
        { "static, off, no passphrase", "{\"enabled\": false}", NULL },
        { "static, on, no passphrase", "{\n\n\"enabled\": true}", "3: enabled: true, but" },
        { "static, on, passphrase", "{\"enabled\": true, \"challenge\": {" MAC "}}", NULL },
        { "static, on, empty passphrase",
          "{\"enabled\": true, \"challenge\": {\"passphrase_mac\": \"\"}}", "1: enabled: true" },
        { "no password, on, no list",
          "{\"enabled\": true, \"challenge\": {\"type\": \"ndes\"},\n\"ndes\": "
          "{\"EnforcePassword\": false}}",
          "2: ndes.EnforcePassword: false is possible only together with an address list" },
        { "no password, on, list for the page only",
          "{\"enabled\": true, \"challenge\": {\"type\": \"ndes\"}, \"ndes\": "
          "{\"EnforcePassword\": false}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"10.0.0.1\", \"limit\": \"ui\"}}",
          "1: ndes.EnforcePassword" },
        { "no password, on, list",
          "{\"enabled\": true, \"challenge\": {\"type\": \"ndes\"}, \"ndes\": "
          "{\"EnforcePassword\": false}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"10.0.0.1\", \"limit\": \"both\"}}",
          NULL },
        { "no password, off",
          "{\"challenge\": {\"type\": \"ndes\"}, \"ndes\": {\"EnforcePassword\": false}}", NULL },
        { "one-time passwords need no passphrase",
          "{\"enabled\": true, \"challenge\": {\"type\": \"ndes\"}}", NULL },
        { "none without list", "{\n\"challenge\": {\n\"type\": \"none\"}}",
          "3: challenge.type: none is possible only together with an address list" },
        { "none, list off",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"allowed\": \"10.0.0.1\"}}",
          "1: challenge.type: none" },
        { "none, empty list",
          "{\"challenge\": {\"type\": \"none\"},\n\"ip_acl\": {\"enabled\": true}}",
          "2: ip_acl.enabled: true, but ip_acl.allowed is empty" },
        { "none, list for the page only",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"10.0.0.1\", \"limit\": \"ui\"}}",
          "1: challenge.type: none" },
        { "none, list of everybody",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"10.0.0.1,0.0.0.0/0\"}}",
          "1: challenge.type: none" },
        { "none, list of everybody in IPv6",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "[\"::/0\"]}}",
          "1: challenge.type: none" },
        { "none, list of all mapped IPv4",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "[\"::ffff:0.0.0.0/96\"]}}",
          "1: challenge.type: none" },
        { "none, list, no passphrase, on",
          "{\"enabled\": true, \"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": "
          "true, \"allowed\": \"10.0.0.1\"}}",
          NULL },
        { "none, list for both",
          "{\"challenge\": {\"type\": \"none\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"10.0.0.1\", \"limit\": \"both\"}}",
          NULL },
        { "legacy without list", "{\n\"algorithms\": \"legacy\"}",
          "2: algorithms: legacy (MD5, single DES) is possible only" },
        { "legacy with list",
          "{\"algorithms\": \"legacy\", \"ip_acl\": {\"enabled\": true, \"allowed\": "
          "\"2001:db8::/32\"}}",
          NULL },
        { "compat without list", "{\"algorithms\": \"compat\"}", NULL },
        { "list on and empty", "{\"ip_acl\": {\"enabled\": true}}", "1: ip_acl.enabled: true" },
        { "list on and empty array", "{\"ip_acl\": {\"enabled\": true, \"allowed\": []}}",
          "1: ip_acl.enabled: true" },
        { "list of everybody with a passphrase",
          "{\"ip_acl\": {\"enabled\": true, \"allowed\": \"0.0.0.0/0\"}}", NULL },
        { "RSA 1024 modern", "{\n\"key\": {\n\"rsa_min_bits\": 1024}}",
          "3: key.rsa_min_bits: 1024 is possible only with algorithms compat or legacy" },
        { "RSA 2047 modern", "{\"key\": {\"rsa_min_bits\": 2047}}", "1: key.rsa_min_bits: 2047" },
        { "RSA 1024 compat", "{\"algorithms\": \"compat\", \"key\": {\"rsa_min_bits\": 1024}}",
          NULL },
        { "RSA equal", "{\"key\": {\"rsa_min_bits\": 3072, \"rsa_max_bits\": 3072}}", NULL },
        { "RSA crossed", "{\"key\": {\"rsa_min_bits\": 3073, \"rsa_max_bits\": 3072}}",
          "1: key.rsa_min_bits: 3073 is more than key.rsa_max_bits (3072)" },
        { "RSA above the default maximum", "{\"key\": {\"rsa_min_bits\": 8192}}",
          "1: key.rsa_min_bits: 8192 is more" },
        { "RSA below the default minimum", "{\"key\": {\"rsa_max_bits\": 1024}}",
          " key.rsa_min_bits: 2048 is more than key.rsa_max_bits (1024)" },
        { "encipherOnly alone", "{\"key_usage\": {\"allowed\": \"digitalSignature,encipherOnly\"}}",
          "1: key_usage.allowed: encipherOnly and decipherOnly" },
        { "encipherOnly with keyAgreement",
          "{\"key_usage\": {\"allowed\": \"keyAgreement,encipherOnly\"}}", NULL },
        { "three CAs",
          "{\"ca\": \"one\", \"rollover\": {\"next\": \"two\", \"previous\": \"three\"}}", NULL },
        { "next is ca", "{\"ca\": \"one\",\n\"rollover\": {\"next\": \"one\"}}",
          "2: rollover.next: \"one\" is also the template's ca" },
        { "next is previous", "{\"rollover\": {\"next\": \"two\", \"previous\": \"two\"}}",
          "1: rollover.next: \"two\" is also" },
        { "previous is ca", "{\"ca\": \"one\", \"rollover\": {\"previous\": \"one\"}}",
          "1: rollover.previous: \"one\" is also the template's ca" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config t;
        struct error err = ERROR_INIT;
        bool ok = config_parse_template("f.json", "device", bytes_of_text(cases[i].text), &t, &err);

        check_result(&cases[i], ok, &err);
        template_config_clear(&t);
    }
}

static void service__table_of_conflicts__refused_at_the_key(void **state)
{
    static const struct rule_case cases[] = {
        { "two listeners", "{\"listen\": \"127.0.0.1:80,127.0.0.1:81,[::1]:80\"}", NULL },
        { "same listener", "{\n\"listen\": \"127.0.0.1:80,[::1]:80,127.0.0.1:80\"}",
          "2: listen: 127.0.0.1:80 is listed twice" },
        { "same listener, mapped", "{\"listen\": [\"127.0.0.1:80\", \"[::ffff:127.0.0.1]:80\"]}",
          "1: listen: [::ffff:127.0.0.1]:80 is listed twice" },
        { "same listener, other spelling", "{\"listen\": [\"[::1]:80\", \"[0:0:0::1]:80\"]}",
          "1: listen: [0:0:0::1]:80 is listed twice" },
        { "HTTP and HTTPS at one port",
          "{\"listen\": \"127.0.0.1:80\", \"https\": {\"listen\": \"127.0.0.1:80/ui\"}}",
          "1: listen: 127.0.0.1:80/ui is listed twice" },
        { "HTTPS only", "{\"listen\": \"\", \"https\": {\"listen\": \"127.0.0.1:443\"}}", NULL },
        { "no listener", "{\"listen\": \"\"}", "1: listen: empty, and https.listen is empty" },
        { "free ports", "{\"listen\": \"127.0.0.1:0,127.0.0.1:0\"}", NULL },
        { "NDES without template", "{\n\"ndes\": {\"enabled\": true}}",
          "2: ndes.enabled: true, but ndes.GeneralPurposeTemplate" },
        { "NDES with template",
          "{\"ndes\": {\"enabled\": true, \"GeneralPurposeTemplate\": \"vpn\"}}", NULL },
        { "Basic by HTTP without Basic", "{\"basic_http\": {\"enabled\": true}}",
          "1: basic_http.enabled: true, but signin.basic is false" },
        { "CRL in order", "{\"crl\": {\"validity_hours\": 49}}", NULL },
        { "CRL equal", "{\"crl\": {\"validity_hours\": 48}}",
          " crl.renew_hours: 48 is not less than crl.validity_hours (48)" },
        { "CRL crossed", "{\"crl\": {\"validity_hours\": 10,\n\"renew_hours\": 11}}",
          "2: crl.renew_hours: 11" },
        { "list on and empty", "{\"ip_acl\": {\"enabled\": true}}", "1: ip_acl.enabled: true" },
        { "list on", "{\"ip_acl\": {\"enabled\": true, \"allowed\": \"127.0.0.1\"}}", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct service_config c;
        struct error err = ERROR_INIT;
        bool ok = config_parse_service("f.json", bytes_of_text(cases[i].text), &c, &err);

        check_result(&cases[i], ok, &err);
        service_config_clear(&c);
    }
}

static void listen_unique__more_than_the_limit__stays_in_bounds(void **state)
{
    char list[64 * 14 + 1] = "";
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        memcpy(list + 14 * i, "127.0.0.1:1000", 14);
        list[14 * i + 12] = (char)('0' + i / 10);
        list[14 * i + 13] = (char)('0' + i % 10);
    }
    for (size_t i = 1; i < 64; i++) {
        list[14 * i] = ','; /* ",27.0.0.1:10xx" */
    }
    assert_true(config_net_listen_unique(list, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template__table_of_conflicts__refused_at_the_key),
        cmocka_unit_test(service__table_of_conflicts__refused_at_the_key),
        cmocka_unit_test(listen_unique__more_than_the_limit__stays_in_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
