/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "mscep/ndes_iis.h"

#define DEVICE "<application path=\"/certsrv/MSCEP\" applicationPool=\"P\"/>"
#define SITE(bindings) "<site name=\"S\">" DEVICE "<bindings>" bindings "</bindings></site>"
#define HOST(sites, pools)                                                                         \
    "<system.applicationHost><applicationPools>" pools "</applicationPools><sites>" sites          \
    "</sites></system.applicationHost>"
#define FILE_OF(content) "<configuration>" content "</configuration>"
#define LOCATION(path, content)                                                                    \
    "<location path=\"" path "\"><system.webServer><security>" content                             \
    "</security></system.webServer></location>"
#define BASIC(value) "<authentication><basicAuthentication enabled=\"" value "\"/></authentication>"

static void parse(const char *text, struct ndes_iis *iis)
{
    struct error err = ERROR_INIT;

    assert_done(ndes_iis_parse(iis, bytes_of_text(text), &err), &err, text);
}

static void iis__whole_file__read(void **state)
{
    struct buffer file = BUFFER_INIT(65536);
    struct ndes_iis iis;
    struct error err = ERROR_INIT;
    char address[IP_TEXT_MAX];

    (void)state;
    test_fixture_read("ndes/iis.config", &file);
    assert_done(ndes_iis_parse(&iis, buffer_bytes(&file), &err), &err, "");
    assert_true(iis.found);
    assert_true(iis.has_admin);
    assert_string_equal(iis.site, "Default Web Site");
    assert_int_equal(iis.other_sites, 0);
    assert_int_equal(iis.other_applications, 0);
    assert_string_equal(iis.pool, "SCEP");
    assert_string_equal(iis.pool_account, "EXAMPLE\\svc-ndes");
    assert_int_equal(iis.binding_count, 3);
    assert_int_equal(iis.bindings_skipped, 0);
    assert_true(iis.bindings[0].any);
    assert_false(iis.bindings[0].https);
    assert_int_equal(iis.bindings[0].port, 80);
    assert_string_equal(iis.bindings[0].host, "");
    assert_string_equal(iis.bindings[1].host, "ndes.example.com");
    assert_true(iis.bindings[2].https);
    assert_false(iis.bindings[2].any);
    assert_int_equal(iis.bindings[2].port, 443);
    ip_address_format(&iis.bindings[2].address, address);
    assert_string_equal(address, "192.0.2.10");
    assert_int_equal(iis.anonymous, NDES_IIS_OFF);
    assert_int_equal(iis.windows, NDES_IIS_ON);
    assert_int_equal(iis.basic, NDES_IIS_ON);
    assert_int_equal(iis.digest, NDES_IIS_OFF);
    assert_false(iis.needs_tls);
    buffer_clear(&file);
}

static void iis__no_ndes__not_found(void **state)
{
    static const char *const files[] = {
        FILE_OF(""),
        FILE_OF("<system.applicationHost/>"),
        FILE_OF(HOST("", "")),
        FILE_OF(HOST("<site name=\"S\"><application path=\"/\"/></site>", "")),
        FILE_OF(HOST("<site name=\"S\"><application path=\"/CertSrv/mscep_admin\"/></site>", "")),
        FILE_OF(HOST("<site name=\"S\"><application/></site>", "")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct ndes_iis iis;

        parse(files[i], &iis);
        assert_false(iis.found);
    }
}

static void iis__bindings__read_or_counted(void **state)
{
    static const struct {
        const char *information;
        bool readable;
        bool any;
        const char *address;
        unsigned port;
    } cases[] = {
        { "*:80:", true, true, "", 80 },
        { ":8080:", true, true, "", 8080 },
        { "10.0.0.1:65535:h", true, false, "10.0.0.1", 65535 },
        { "[2001:db8::1]:81:", true, false, "2001:db8::1", 81 },
        { "*:0:", false, false, "", 0 },
        { "*:65536:", false, false, "", 0 },
        { "*:80", false, false, "", 0 },
        { "*", false, false, "", 0 },
        { "", false, false, "", 0 },
        { "[2001:db8::1:80:", false, false, "", 0 },
        { "[]:80:", false, false, "", 0 },
        { "host:80:", false, false, "", 0 },
        { "*:x:", false, false, "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = BUFFER_INIT(1000);
        struct error err = ERROR_INIT;
        struct ndes_iis iis;
        char address[IP_TEXT_MAX];

        assert_true(buffer_printf(
            &file, &err,
            FILE_OF(HOST(SITE("<binding protocol=\"http\" bindingInformation=\"%s\"/>"), "")),
            cases[i].information));
        parse(buffer_text(&file), &iis);
        assert_true(iis.found);
        if (iis.binding_count != (cases[i].readable ? 1u : 0u)
            || iis.bindings_skipped != (cases[i].readable ? 0u : 1u)) {
            fail_msg("binding \"%s\"", cases[i].information);
        }
        if (cases[i].readable) {
            assert_int_equal(iis.bindings[0].port, cases[i].port);
            assert_int_equal(iis.bindings[0].any, cases[i].any);
        }
        if (cases[i].address[0] != '\0') {
            ip_address_format(&iis.bindings[0].address, address);
            assert_string_equal(address, cases[i].address);
        }
        buffer_clear(&file);
    }
}

static void iis__more_bindings_than_fit__counted(void **state)
{
    struct buffer bindings = BUFFER_INIT(10000);
    struct buffer file = BUFFER_INIT(10000);
    struct error err = ERROR_INIT;
    struct ndes_iis iis;

    (void)state;
    for (unsigned i = 0; i < NDES_IIS_BINDINGS_MAX + 3; i++) {
        assert_true(buffer_printf(&bindings, &err,
                                  "<binding protocol=\"http\" bindingInformation=\"*:%u:\"/>",
                                  1000 + i));
    }
    assert_true(buffer_printf(&file, &err, FILE_OF(HOST(SITE("%s"), "")), buffer_text(&bindings)));
    parse(buffer_text(&file), &iis);
    assert_int_equal(iis.binding_count, NDES_IIS_BINDINGS_MAX);
    assert_int_equal(iis.bindings_skipped, 3);
    buffer_clear(&bindings);
    buffer_clear(&file);
}

/* The longest path wins, wherever it stands in the file; paths are compared part by part. */
static void iis__locations__most_specific_wins(void **state)
{
    static const struct {
        const char *name;
        const char *file;
        enum ndes_iis_switch basic;
        bool needs_tls;
    } cases[] = {
        { "nothing said", FILE_OF(HOST(SITE(""), "")), NDES_IIS_UNSET, false },
        { "everywhere",
          FILE_OF(HOST(SITE(""), "") "<system.webServer><security>" BASIC(
              "true") "</security></system.webServer>"),
          NDES_IIS_ON, false },
        { "the page, before its site",
          FILE_OF(HOST(SITE(""), "") LOCATION("S/CertSrv/mscep_admin", BASIC("true"))
                      LOCATION("S", BASIC("false"))),
          NDES_IIS_ON, false },
        { "the site, any case", FILE_OF(HOST(SITE(""), "") LOCATION("s", BASIC("True"))),
          NDES_IIS_ON, false },
        { "another site", FILE_OF(HOST(SITE(""), "") LOCATION("S2", BASIC("true"))), NDES_IIS_UNSET,
          false },
        { "a path that only begins alike",
          FILE_OF(HOST(SITE(""), "") LOCATION("S/CertSrv/mscep", BASIC("true"))), NDES_IIS_UNSET,
          false },
        { "below the page",
          FILE_OF(HOST(SITE(""), "") LOCATION("S/CertSrv/mscep_admin/x", BASIC("true"))),
          NDES_IIS_UNSET, false },
        { "TLS",
          FILE_OF(HOST(SITE(""), "")
                      LOCATION("S/certsrv/mscep_admin", "<access sslFlags=\"Ssl, Ssl128\"/>")),
          NDES_IIS_UNSET, true },
        { "TLS as a number", FILE_OF(HOST(SITE(""), "") LOCATION("S", "<access sslFlags=\"8\"/>")),
          NDES_IIS_UNSET, true },
        { "TLS taken back",
          FILE_OF(HOST(SITE(""), "") LOCATION("S", "<access sslFlags=\"Ssl\"/>")
                      LOCATION("S/CertSrv", "<access sslFlags=\"None\"/>")),
          NDES_IIS_UNSET, false },
        { "only certificates",
          FILE_OF(HOST(SITE(""), "") LOCATION("S", "<access sslFlags=\"SslNegotiateCert\"/>")),
          NDES_IIS_UNSET, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_iis iis;

        parse(cases[i].file, &iis);
        if (iis.basic != cases[i].basic || iis.needs_tls != cases[i].needs_tls) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void iis__pools_and_sites__found(void **state)
{
    struct ndes_iis iis;

    (void)state;
    parse(FILE_OF(HOST(SITE("") SITE("") "<site name=\"T\"/>",
                       "<add name=\"p\"><processModel identityType=\"NetworkService\"/></add>")),
          &iis);
    assert_int_equal(iis.other_sites, 1);
    assert_false(iis.has_admin);
    assert_string_equal(iis.pool_account, "NetworkService");
    parse(FILE_OF(HOST(SITE(""), "<add name=\"P\"/><applicationPoolDefaults/>")), &iis);
    assert_string_equal(iis.pool_account, "");
    parse(FILE_OF(HOST("<site name=\"S\"><application path=\"/CertSrv/mscep\"/>"
                       "<application path=\"/CertEnroll\"/><application path=\"/\"/></site>",
                       "")),
          &iis);
    assert_int_equal(iis.other_applications, 1);
}

static void iis__hostile_files__refused(void **state)
{
    static const struct {
        const char *name;
        const char *file;
        enum reason reason;
    } cases[] = {
        { "empty", "", REASON_SYNTAX },
        { "not XML", "hello", REASON_SYNTAX },
        { "another root", "<html/>", REASON_SYNTAX },
        { "entities",
          "<!DOCTYPE configuration [<!ENTITY x \"y\">]><configuration>&x;</configuration>",
          REASON_SYNTAX },
        { "cut", "<configuration><system.applicationHost>", REASON_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_iis iis;
        struct error err = ERROR_INIT;

        assert_refused(ndes_iis_parse(&iis, bytes_of_text(cases[i].file), &err), &err,
                       cases[i].reason, cases[i].name);
        assert_false(iis.found);
    }
}

static void iis__long_texts__are_none(void **state)
{
    struct buffer file = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    struct ndes_iis iis;

    (void)state;
    assert_true(buffer_append_text(
        &file, "<configuration><system.applicationHost><sites><site name=\"", &err));
    for (size_t i = 0; i < 10000; i++) {
        assert_true(buffer_append_byte(&file, 'x', &err));
    }
    assert_true(buffer_append_text(&file,
                                   "\"><application path=\"/CertSrv/mscep\"/></site></sites>"
                                   "</system.applicationHost></configuration>",
                                   &err));
    parse(buffer_text(&file), &iis);
    assert_true(iis.found);
    assert_string_equal(iis.site, "");
    buffer_clear(&file);
}

static void iis__file__missing(void **state)
{
    struct ndes_iis iis;
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(ndes_iis_read_file(&iis, OPENNDES_TEST_FIXTURES "/ndes/none.config", &err), &err,
                   REASON_FILE_MISSING, "");
    error_clear(&err);
    assert_refused(ndes_iis_read_file(&iis, OPENNDES_TEST_FIXTURES "/ndes/default.reg", &err), &err,
                   REASON_SYNTAX, "");
    assert_non_null(strstr(err.detail, "default.reg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iis__whole_file__read),
        cmocka_unit_test(iis__no_ndes__not_found),
        cmocka_unit_test(iis__bindings__read_or_counted),
        cmocka_unit_test(iis__more_bindings_than_fit__counted),
        cmocka_unit_test(iis__locations__most_specific_wins),
        cmocka_unit_test(iis__pools_and_sites__found),
        cmocka_unit_test(iis__hostile_files__refused),
        cmocka_unit_test(iis__long_texts__are_none),
        cmocka_unit_test(iis__file__missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
