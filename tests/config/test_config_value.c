/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "config/config_net.h"
#include "config/config_value.h"

#define S CONFIG_SCOPE_SERVICE
#define T CONFIG_SCOPE_TEMPLATE
#define X16 "0123456789abcdef"
#define X64 X16 X16 X16 X16

static const enum config_scope scopes[] = { CONFIG_SCOPE_SERVICE, CONFIG_SCOPE_TEMPLATE };

/* ---- text, as typed -------------------------------------------------------------------------- */

static void from_text__legal_values__are_taken(void **state)
{
    /* expected: what is stored, as text; NULL: the same as typed */
    static const struct {
        enum config_scope scope;
        const char *key, *text, *expected;
    } cases[] = {
        { S, "listen", "127.0.0.1:8080", NULL },
        { S, "listen", "127.0.0.1:8080/scep, [::1]:8443/ui+crl",
          "127.0.0.1:8080/scep,[::1]:8443/ui+crl" },
        { S, "listen", "", NULL },
        { S, "ndes.allowed", "CORP\\alice,bob@corp.example,S-1-5-32-544,BUILTIN\\Administrators",
          NULL },
        { S, "listen", " 0.0.0.0:80 , [::]:80,", "0.0.0.0:80,[::]:80" },
        { S, "public_url", "", NULL },
        { S, "public_url", "http://scep.example.com", NULL },
        { S, "public_url", "https://scep.example.com:8443/pki/scep", NULL },
        { S, "public_url", "http://[2001:db8::1]:80", NULL },
        { S, "public_url", "http://10.0.0.1", NULL },
        { S, "log.level", "error", "0" },
        { S, "log.level", "debug", "3" },
        { S, "ip_acl.limit", "both", "2" },
        { S, "ip_acl.allowed", "", NULL },
        { S, "ip_acl.allowed", "10.1.0.0/16, 10.2.3.4,2001:db8::/32",
          "10.1.0.0/16,10.2.3.4,2001:db8::/32" },
        { S, "workers.threads", "0", NULL },
        { S, "workers.threads", "0008", "8" },
        { T, "enabled", "true", NULL },
        { T, "enabled", "false", NULL },
        { T, "description", "Ger\xc3\xa4te, Werk 2", NULL },
        { T, "ca", "issuing-2", NULL },
        { T, "challenge.type", "static", "0" },
        { T, "challenge.type", "none", "3" },
        { T, "challenge.passphrase_mac", "", NULL },
        { T, "challenge.passphrase_mac", X64, NULL },
        { T, "subject.attributes", "CN", NULL },
        { T, "subject.attributes", "organizationIdentifier,street", NULL },
        { T, "subject.unlisted", "drop", "1" },
        { T, "subject.cn_patterns", "*.example.com,dev-????", NULL },
        { T, "subject.append", "", NULL },
        { T, "subject.append", "O=Example GmbH,C=DE", NULL },
        { T, "subject.append", "OU=a=b,OU=M\xc3\xbcnchen", NULL },
        { T, "san.types", "", NULL },
        { T, "san.types", "dns,ip,email,uri,upn,dirname,rid", NULL },
        { T, "san.unlisted", "refuse", "0" },
        { T, "san.dns_patterns", "", NULL },
        { T, "key.types", "rsa", NULL },
        { T, "key_usage.allowed", "digitalSignature", NULL },
        { T, "key_usage.allowed", "keyAgreement,encipherOnly,decipherOnly", NULL },
        { T, "key_usage.source", "csr", "1" },
        { T, "eku", "", NULL },
        { T, "eku", "clientAuth, serverAuth", "clientAuth,serverAuth" },
        { T, "eku", "1.3.6.1.5.5.7.3.2,msSmartcardLogin,1.3.6.1.4.1.311.20.2.2", NULL },
        { T, "eku", "2.999.1,0.39,1.2.4294967295", NULL },
        { T, "algorithms", "modern", "0" },
        { T, "algorithms", "compat", "1" },
        { T, "algorithms", "legacy", "2" },
        { T, "reply.chain", "true", NULL },
        { T, "getcacert.root", "false", NULL },
        { T, "ip_acl.limit", "scep", "0" },
        { T, "ip_acl.limit", "ui", "1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_key *key = config_key_find(cases[i].scope, cases[i].key, NULL);
        struct config_value value = CONFIG_VALUE_INIT;
        struct error err = ERROR_INIT;
        char shown[32];
        const char *found = shown;
        const char *expected = cases[i].expected ? cases[i].expected : cases[i].text;

        assert_non_null(key);
        if (!config_value_from_text(key, cases[i].text, &value, &err)) {
            fail_msg("%s=%s: %s", cases[i].key, cases[i].text, err.detail);
        }
        switch (key->type) {
        case CONFIG_TYPE_BOOL:
            found = value.boolean ? "true" : "false";
            break;
        case CONFIG_TYPE_INTEGER:
            assert_true(text_format(shown, sizeof(shown), "%" PRId64, value.integer));
            break;
        case CONFIG_TYPE_WORD:
            assert_true(text_format(shown, sizeof(shown), "%u", value.word));
            break;
        case CONFIG_TYPE_TEXT:
        case CONFIG_TYPE_LIST:
            found = value.text;
            break;
        }
        assert_string_equal(found, expected);
        config_value_clear(&value);
    }
}

/* One refused value, and a part of what the message must say. */
struct refused {
    enum config_scope scope;
    const char *key, *text;
    enum reason reason;
    const char *says;
};

static void check_refused(const struct refused *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_key *key = config_key_find(cases[i].scope, cases[i].key, NULL);
        struct config_value value = CONFIG_VALUE_INIT;
        struct error err = ERROR_INIT;

        assert_non_null(key);
        if (config_value_from_text(key, cases[i].text, &value, &err)) {
            fail_msg("%s=%s is taken", cases[i].key, cases[i].text);
        }
        if (err.reason != cases[i].reason || strstr(err.detail, cases[i].says) == NULL) {
            fail_msg("%s=%s: %s: %s", cases[i].key, cases[i].text, reason_id(err.reason),
                     err.detail);
        }
        assert_null(value.text);
    }
}

static void from_text__illegal_words_and_numbers__are_refused(void **state)
{
    static const struct refused cases[] = {
        { T, "enabled", "yes", REASON_CONFIG_WRONG_TYPE, "expected true or false, found \"yes\"" },
        { T, "enabled", "", REASON_CONFIG_WRONG_TYPE, "true or false" },
        { T, "enabled", "True", REASON_CONFIG_WRONG_TYPE, "true or false" },
        { T, "san.max", "", REASON_CONFIG_WRONG_TYPE, "whole number" },
        { T, "san.max", "ten", REASON_CONFIG_WRONG_TYPE, "found \"ten\"" },
        { T, "san.max", "1.5", REASON_CONFIG_WRONG_TYPE, "whole number" },
        { T, "san.max", "0x10", REASON_CONFIG_WRONG_TYPE, "whole number" },
        { T, "san.max", " 1", REASON_CONFIG_WRONG_TYPE, "whole number" },
        { T, "san.max", "-", REASON_CONFIG_WRONG_TYPE, "whole number" },
        { T, "san.max", "-1", REASON_CONFIG_OUT_OF_RANGE, "possible: 0 to 100 names" },
        { T, "san.max", "101", REASON_CONFIG_OUT_OF_RANGE, "101 is out of range" },
        { T, "san.max", "18446744073709551616", REASON_CONFIG_OUT_OF_RANGE, "0 to 100" },
        { T, "san.max", "9223372036854775808", REASON_CONFIG_OUT_OF_RANGE, "0 to 100" },
        { T, "challenge.type", "", REASON_CONFIG_BAD_VALUE,
          "possible: static, ndes, intune, none" },
        { T, "challenge.type", "statik", REASON_CONFIG_BAD_VALUE, "did you mean \"static\"?" },
        { T, "challenge.type", "intune2", REASON_CONFIG_BAD_VALUE,
          "possible: static, ndes, intune, none" },
        { T, "challenge.type", "static,none", REASON_CONFIG_BAD_VALUE, "possible" },
        { T, "algorithms", "Modern", REASON_CONFIG_BAD_VALUE, "did you mean \"modern\"?" },
        { T, "algorithms", "a\x1b[2J", REASON_CONFIG_BAD_VALUE, "a\\x1b[2J" },
        { S, "log.level", "trace", REASON_CONFIG_BAD_VALUE, "error, warning, info, debug" },
    };

    (void)state;
    check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

static void from_text__illegal_addresses_and_urls__are_refused(void **state)
{
    static const struct refused cases[] = {
        { S, "listen", "80/scep", REASON_CONFIG_BAD_VALUE, "ADDRESS:PORT" },
        { S, "listen", "0.0.0.0:80/", REASON_CONFIG_BAD_VALUE, "scep, ui and crl" },
        { S, "listen", "0.0.0.0:80/all", REASON_CONFIG_BAD_VALUE, "such as 0.0.0.0:80/scep+crl" },
        { S, "listen", "0.0.0.0:80/scep/ui", REASON_CONFIG_BAD_VALUE, "joined by +" },
        { S, "ndes.allowed", "a|b", REASON_CONFIG_BAD_VALUE, "S-1-5-32-544" },
        { S, "ndes.GeneralPurposeTemplate", "No Name", REASON_CONFIG_BAD_VALUE, "template list" },
        { S, "listen", "80", REASON_CONFIG_BAD_VALUE, "ADDRESS:PORT" },
        { S, "listen", "localhost:80", REASON_CONFIG_BAD_VALUE, "localhost" },
        { S, "listen", "0.0.0.0:65536", REASON_CONFIG_BAD_VALUE, "ADDRESS:PORT" },
        { S, "listen", "::1:80", REASON_CONFIG_BAD_VALUE, "ADDRESS:PORT" },
        { S, "ip_acl.allowed", "10.0.0.1/8", REASON_CONFIG_BAD_VALUE, "write 10.0.0.0/8" },
        { S, "ip_acl.allowed", "10.0.0.0/33", REASON_CONFIG_BAD_VALUE, "0 to 32" },
        { T, "ip_acl.allowed", "10.0.0.5,host", REASON_CONFIG_BAD_VALUE, "host" },
        { T, "ip_acl.allowed", "10.0.0.0-10.0.0.9", REASON_CONFIG_BAD_VALUE, "not an IP" },
        { S, "public_url", "scep.example.com", REASON_CONFIG_BAD_VALUE, "http:// or https://" },
        { S, "public_url", "ftp://a", REASON_CONFIG_BAD_VALUE, "http:// or https://" },
        { S, "public_url", "http://", REASON_CONFIG_BAD_VALUE, "ends with" },
        { S, "public_url", "http:///scep", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://a/", REASON_CONFIG_BAD_VALUE, "ends with \"/\"" },
        { S, "public_url", "http://a/b?c", REASON_CONFIG_BAD_VALUE, "query" },
        { S, "public_url", "http://a?c", REASON_CONFIG_BAD_VALUE, "query" },
        { S, "public_url", "http://a#c", REASON_CONFIG_BAD_VALUE, "fragment" },
        { S, "public_url", "http://a/b c", REASON_CONFIG_BAD_VALUE, "space" },
        { S, "public_url", "http://a b", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://user@a", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://a:0", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://a:99999", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://a:", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://[::1", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://[::1]x", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://[]", REASON_CONFIG_BAD_VALUE, "host or port" },
        { S, "public_url", "http://:80", REASON_CONFIG_BAD_VALUE, "host or port" },
    };

    (void)state;
    check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

/* What would pass here, and then keep the service from asking Intune at all. */
static void from_text__intune__what_its_client_does_not_take__is_refused(void **state)
{
    static const struct refused cases[] = {
        { S, "intune.proxy", "http://proxy", REASON_CONFIG_BAD_VALUE, "http://HOST:PORT" },
        { S, "intune.proxy", "http://[::1]", REASON_CONFIG_BAD_VALUE, "http://HOST:PORT" },
        { S, "intune.proxy", "http://proxy:3128/path", REASON_CONFIG_BAD_VALUE, "HOST:PORT" },
        { S, "intune.proxy", "http://user:secret@proxy:3128", REASON_CONFIG_BAD_VALUE,
          "settings of their own" },
        { S, "intune.proxy", "https://proxy:3128", REASON_CONFIG_BAD_VALUE, "HOST:PORT" },
        { S, "intune.proxy_user", "svc:secret", REASON_CONFIG_BAD_VALUE, "proxy-password" },
        { S, "intune.secret_expires", "2027-13-01", REASON_CONFIG_BAD_VALUE, "2027-05-31" },
        { S, "intune.secret_expires", "2027-02-30", REASON_CONFIG_BAD_VALUE, "2027-05-31" },
        { S, "intune.secret_expires", "31.5.2027", REASON_CONFIG_BAD_VALUE, "2027-05-31" },
        { S, "intune.service_suffix", ".manage.microsoft.com", REASON_CONFIG_BAD_VALUE, "host" },
        { S, "intune.service_suffix", "*.manage.microsoft.com", REASON_CONFIG_BAD_VALUE, "star" },
        { S, "intune.service_suffix", "manage.microsoft.com.", REASON_CONFIG_BAD_VALUE, "host" },
        { S, "intune.service_suffix", ".", REASON_CONFIG_BAD_VALUE, "host" },
        { S, "intune.authority", "https://user:secret@login", REASON_CONFIG_BAD_VALUE, "host" },
        { S, "intune.graph", "http://graph", REASON_CONFIG_BAD_VALUE, "https://" },
    };

    (void)state;
    check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

static void from_text__illegal_certificate_words__are_refused(void **state)
{
    static const struct refused cases[] = {
        { T, "ca", "", REASON_CONFIG_OUT_OF_RANGE, "1 to 64" },
        { T, "ca", "../other", REASON_CONFIG_BAD_VALUE, "not the name of a CA" },
        { T, "ca", "nul", REASON_CONFIG_BAD_VALUE, "Windows device" },
        { T, "ca", "Default", REASON_CONFIG_BAD_VALUE, "a-z" },
        { T, "challenge.passphrase_mac", X16, REASON_CONFIG_BAD_VALUE, "64 hexadecimal" },
        { T, "challenge.passphrase_mac", X16 X16 X16 "0123456789abcdeg", REASON_CONFIG_BAD_VALUE,
          "64 hexadecimal" },
        { T, "challenge.passphrase_mac", X64 "00", REASON_CONFIG_OUT_OF_RANGE, "66 bytes" },
        { T, "description", "line\nline", REASON_CONFIG_BAD_VALUE, "control character (byte 5)" },
        { T, "description", "\x7f", REASON_CONFIG_BAD_VALUE, "control character (byte 1)" },
        { T, "description", "\xff", REASON_CONFIG_BAD_VALUE, "UTF-8" },
        { T, "subject.attributes", "", REASON_CONFIG_OUT_OF_RANGE, "too few" },
        { T, "subject.attributes", "CN,Org", REASON_CONFIG_BAD_VALUE, "\"Org\" is not possible" },
        { T, "subject.attributes", "cn", REASON_CONFIG_BAD_VALUE, "did you mean \"CN\"?" },
        { T, "subject.attributes", "CN,\tO", REASON_CONFIG_BAD_VALUE, "control character" },
        { T, "subject.append", "Example", REASON_CONFIG_BAD_VALUE, "ATTRIBUTE=value" },
        { T, "subject.append", "O=Example, Inc.", REASON_CONFIG_BAD_VALUE, "comma" },
        { T, "subject.append", "Orga=x", REASON_CONFIG_BAD_VALUE, "not a subject attribute" },
        { T, "subject.append", "o=x", REASON_CONFIG_BAD_VALUE, "did you mean \"O\"?" },
        { T, "subject.append", "=x", REASON_CONFIG_BAD_VALUE, "not a subject attribute" },
        { T, "subject.append", "O=", REASON_CONFIG_BAD_VALUE, "0 characters; possible: 1 to 64" },
        { T, "subject.append", "O= x", REASON_CONFIG_BAD_VALUE, "begins with a space" },
        { T, "subject.append", "O=a\\+b", REASON_CONFIG_BAD_VALUE, "backslash" },
        { T, "subject.append", "C=Germany", REASON_CONFIG_BAD_VALUE, "possible: 2 to 2" },
        { T, "subject.append", "C=D\xc3\x9c", REASON_CONFIG_BAD_VALUE, "C cannot have" },
        { T, "subject.append", "DC=m\xc3\xbc", REASON_CONFIG_BAD_VALUE, "DC cannot have" },
        { T, "subject.append", "serialNumber=a@b", REASON_CONFIG_BAD_VALUE, "cannot have" },
        { T, "subject.append", "CN=" X64 "0", REASON_CONFIG_BAD_VALUE, "has 65 characters" },
        { T, "san.types", "dns,dns_name", REASON_CONFIG_BAD_VALUE, "dns, ip, email, uri" },
        { T, "key.types", "", REASON_CONFIG_OUT_OF_RANGE, "too few" },
        { T, "key.types", "dsa", REASON_CONFIG_BAD_VALUE, "possible: rsa" },
        { T, "key_usage.allowed", "", REASON_CONFIG_OUT_OF_RANGE, "too few" },
        { T, "key_usage.allowed", "digitalSignature,keyCertSign", REASON_CONFIG_BAD_VALUE,
          "would make it a CA" },
        { T, "key_usage.allowed", "cRLSign", REASON_CONFIG_BAD_VALUE, "would make it a CA" },
        { T, "key_usage.allowed", "digitalSignatur", REASON_CONFIG_BAD_VALUE,
          "did you mean \"digitalSignature\"?" },
        { T, "eku", "clientauth", REASON_CONFIG_BAD_VALUE, "did you mean \"clientAuth\"?" },
        { T, "eku", "something", REASON_CONFIG_BAD_VALUE, "an OID such as" },
        { T, "eku", "anyExtendedKeyUsage", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "2.5.29.37.0", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "clientAuth,OCSPSigning", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "1.3.6.1.5.5.7.3.9", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "timeStamping", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "1.3.6.1.5.5.7.3.8", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "1.3.6.1.4.1.311.20.2.1", REASON_CONFIG_BAD_VALUE, "request agent" },
        { T, "eku", "1.3.6.1.4.1.311.21.6", REASON_CONFIG_BAD_VALUE, "never issued" },
        { T, "eku", "2.5.29.37.00", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "02.5.29.37.0", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "2.5.29.37.0.", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", ".2.5", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "2", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "3.1", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "1.40", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
        { T, "eku", "1.2.4294967296", REASON_CONFIG_BAD_VALUE, "not an extended key usage" },
    };

    (void)state;
    check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

/* The names in the help of "eku" are written by hand. */
static void from_text__names_in_the_help_of_eku__are_taken(void **state)
{
    const struct config_key *key = config_key_find(T, "eku", NULL);
    const char *begin = strchr(key->help, '(');
    struct bytes names;
    struct bytes name;
    size_t count = 0;
    size_t pos = 0;

    (void)state;
    assert_non_null(begin);
    names = bytes_of(begin + 1, strcspn(begin + 1, ")"));
    while (text_next_item(names, ',', &pos, &name)) {
        struct error err = ERROR_INIT;
        char text[64];

        assert_true(
            text_format(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.data));
        if (!key->check(text, &err)) {
            fail_msg("%s: %s", text, err.detail);
        }
        count++;
    }
    assert_int_equal(count, 15);
}

/* What is not shown cannot leak: a passphrase put where its MAC belongs, or in a wrong place. */
static void from_text__internal_key__never_shows_its_value(void **state)
{
    static const char *const values[] = { "Sw0rdfish-Marker", X64 "Sw0rdfish-Marker",
                                          "Sw0rdfish-Marker\n" };
    const struct config_key *key = config_key_find(T, "challenge.passphrase_mac", NULL);

    (void)state;
    assert_true(key->internal);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct config_value value = CONFIG_VALUE_INIT;
        struct error err = ERROR_INIT;

        assert_false(config_value_from_text(key, values[i], &value, &err));
        assert_null(strstr(err.detail, "Marker"));
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void from_text__every_integer__takes_limits_and_no_more(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        size_t count = 0;
        const struct config_key *keys = config_keys(scopes[s], &count);

        for (size_t i = 0; i < count; i++) {
            const struct {
                int64_t value;
                bool ok;
            } cases[] = { { keys[i].min, true },
                          { keys[i].max, true },
                          { keys[i].min - 1, false },
                          { keys[i].max + 1, false } };

            for (size_t c = 0; keys[i].type == CONFIG_TYPE_INTEGER && c < 4; c++) {
                struct config_value value = CONFIG_VALUE_INIT;
                struct error err = ERROR_INIT;
                struct json *json = json_value_new_integer(cases[c].value);
                char text[32];

                assert_true(text_format(text, sizeof(text), "%" PRId64, cases[c].value));
                if (config_value_from_text(&keys[i], text, &value, &err) != cases[c].ok
                    || (!cases[c].ok && err.reason != REASON_CONFIG_OUT_OF_RANGE)) {
                    fail_msg("%s=%s: %s", keys[i].name, text, err.detail);
                }
                error_clear(&err);
                assert_non_null(json);
                assert_int_equal(config_value_from_json(&keys[i], json, &value, &err), cases[c].ok);
                json_value_free(json);
            }
        }
    }
}

/* `count` times the item, joined by commas. */
static void repeat(struct buffer *out, const char *item, size_t count)
{
    struct error err = ERROR_INIT;

    buffer_reset(out);
    for (size_t i = 0; i < count; i++) {
        assert_true(buffer_printf(out, &err, "%s%s", i > 0 ? "," : "", item));
    }
}

static void from_text__long_lists_and_texts__limit_and_one_more(void **state)
{
    static const struct {
        enum config_scope scope;
        const char *key, *item;
    } lists[] = {
        { S, "listen", "127.0.0.1:80" },
        { S, "ip_acl.allowed", "2001:db8::/32" },
        { T, "ip_acl.allowed", "10.0.0.1" },
        { T, "eku", "clientAuth" },
        { T, "subject.cn_patterns", "a*" },
        { T, "san.dns_patterns", "a*" },
        { T, "subject.attributes", "CN" },
        { T, "san.types", "dns" },
        { T, "key_usage.allowed", "keyAgreement" },
        { T, "key.types", "rsa" },
    };
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct error err = ERROR_INIT;
    const struct config_key *key = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct config_value value = CONFIG_VALUE_INIT;

        key = config_key_find(lists[i].scope, lists[i].key, NULL);
        repeat(&text, lists[i].item, (size_t)key->max);
        assert_true(config_value_from_text(key, buffer_text(&text), &value, &err));
        config_value_clear(&value);
        repeat(&text, lists[i].item, (size_t)key->max + 1);
        assert_false(config_value_from_text(key, buffer_text(&text), &value, &err));
        assert_int_equal(err.reason, REASON_CONFIG_OUT_OF_RANGE);
        assert_non_null(strstr(err.detail, "too many items"));
        error_clear(&err);
    }
    key = config_key_find(T, "description", NULL);
    for (size_t len = 256; len <= 257; len++) {
        struct config_value value = CONFIG_VALUE_INIT;

        buffer_reset(&text);
        for (size_t i = 0; i < len; i++) {
            assert_true(buffer_append_byte(&text, 'd', &err));
        }
        assert_int_equal(config_value_from_text(key, buffer_text(&text), &value, &err), len == 256);
        config_value_clear(&value);
        error_clear(&err);
    }
    buffer_clear(&text);
}

static void from_text__long_items__limit_and_one_more(void **state)
{
    static const struct {
        size_t len;
        bool ok;
        const char *says;
    } cases[] = { { 253, true, "" },
                  { 254, false, "up to 253" },
                  { 255, false, "up to 253" },
                  { 256, false, "up to 255" },
                  { 4000, false, "up to 255" } };
    const struct config_key *key = config_key_find(T, "san.dns_patterns", NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_value value = CONFIG_VALUE_INIT;
        struct error err = ERROR_INIT;
        char *text = malloc(cases[i].len + 1);

        assert_non_null(text);
        memset(text, '*', cases[i].len);
        text[cases[i].len] = '\0';
        assert_int_equal(config_value_from_text(key, text, &value, &err), cases[i].ok);
        assert_true(cases[i].ok || strstr(err.detail, cases[i].says) != NULL);
        config_value_clear(&value);
        free(text);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void from_json__table_of_values__typed_strictly(void **state)
{
    static const struct {
        enum config_scope scope;
        const char *key, *json, *expected, *says;
    } cases[] = {
        { T, "eku", "[\"clientAuth\", \" serverAuth \"]", "clientAuth,serverAuth", NULL },
        { T, "eku", "\"clientAuth,serverAuth\"", "clientAuth,serverAuth", NULL },
        { T, "eku", "[]", "", NULL },
        { T, "eku", "[\"clientAuth\", 5]", NULL, "found a whole number as item 2" },
        { T, "eku", "[\"clientAuth,serverAuth\"]", NULL, "item 1 of the array" },
        { T, "eku", "[\"clientAuth\", \"\"]", NULL, "item 2 of the array" },
        { T, "eku", "[\"clientAuth\", \" \"]", NULL, "item 2 of the array" },
        { T, "eku", "[[\"clientAuth\"]]", NULL, "found an array as item 1" },
        { T, "eku", "true", NULL, "expected an array of texts or a text with commas" },
        { T, "eku", "null", NULL, "expected an array of texts or a text with commas" },
        { T, "description", "\"text\"", "text", NULL },
        { T, "description", "5", NULL, "expected a text, found a whole number" },
        { T, "description", "[\"a\"]", NULL, "expected a text, found an array" },
        { T, "description", "\"a\\u0007\"", NULL, "control character" },
        { T, "enabled", "\"true\"", NULL, "expected true or false, found a text" },
        { T, "enabled", "1", NULL, "expected true or false, found a whole number" },
        { T, "san.max", "\"5\"", NULL, "expected a whole number, found a text" },
        { T, "san.max", "5.0", NULL, "expected a whole number, found" },
        { T, "san.max", "{}", NULL, "expected a whole number, found an object" },
        { T, "challenge.type", "0", NULL, "expected a text, found a whole number" },
        { T, "challenge.type", "[\"none\"]", NULL, "expected a text, found an array" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_key *key = config_key_find(cases[i].scope, cases[i].key, NULL);
        struct config_value value = CONFIG_VALUE_INIT;
        struct error err = ERROR_INIT;
        struct json *json = json_value_parse(bytes_of_text(cases[i].json), 4096, 8, &err);

        assert_non_null(json);
        if (config_value_from_json(key, json, &value, &err) != (cases[i].expected != NULL)) {
            fail_msg("%s: %s: %s", cases[i].key, cases[i].json, err.detail);
        }
        if (cases[i].expected != NULL) {
            assert_string_equal(value.text, cases[i].expected);
        } else if (strstr(err.detail, cases[i].says) == NULL) {
            fail_msg("%s: %s: %s", cases[i].key, cases[i].json, err.detail);
        }
        config_value_clear(&value);
        json_value_free(json);
    }
}

static void to_json__every_default__comes_back_equal(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        size_t count = 0;
        const struct config_key *keys = config_keys(scopes[s], &count);

        for (size_t i = 0; i < 2 * count; i++) {
            const struct config_key *key = &keys[i / 2];
            struct config_value a = CONFIG_VALUE_INIT;
            struct config_value b = CONFIG_VALUE_INIT;
            struct error err = ERROR_INIT;
            struct json *json = NULL;

            assert_true(config_value_from_text(key, key->default_text, &a, &err));
            json = config_value_to_json(key, &a, i % 2 == 1, &err);
            assert_non_null(json);
            if (!config_value_from_json(key, json, &b, &err)) {
                fail_msg("%s: %s", key->name, err.detail);
            }
            assert_int_equal(a.boolean, b.boolean);
            assert_int_equal(a.integer, b.integer);
            assert_int_equal(a.word, b.word);
            assert_true((a.text == NULL) == (b.text == NULL));
            assert_true(a.text == NULL || strcmp(a.text, b.text) == 0);
            config_value_clear(&a);
            config_value_clear(&b);
            json_value_free(json);
        }
    }
}

static void clear__null__is_safe(void **state)
{
    (void)state;
    config_value_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_text__legal_values__are_taken),
        cmocka_unit_test(from_text__illegal_words_and_numbers__are_refused),
        cmocka_unit_test(from_text__illegal_addresses_and_urls__are_refused),
        cmocka_unit_test(from_text__intune__what_its_client_does_not_take__is_refused),
        cmocka_unit_test(from_text__illegal_certificate_words__are_refused),
        cmocka_unit_test(from_text__names_in_the_help_of_eku__are_taken),
        cmocka_unit_test(from_text__internal_key__never_shows_its_value),
        cmocka_unit_test(from_text__every_integer__takes_limits_and_no_more),
        cmocka_unit_test(from_text__long_lists_and_texts__limit_and_one_more),
        cmocka_unit_test(from_text__long_items__limit_and_one_more),
        cmocka_unit_test(from_json__table_of_values__typed_strictly),
        cmocka_unit_test(to_json__every_default__comes_back_equal),
        cmocka_unit_test(clear__null__is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
