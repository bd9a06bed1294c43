/* SPDX-License-Identifier: Apache-2.0 */
#include "service/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct route_case {
    const char *path;
    enum route_kind kind;
    const char *name;
};

static void path__known_or_not__names_the_thing(void **state)
{
    static const struct route_case cases[] = {
        { "/scep/device", ROUTE_SCEP, "device" },
        { "/scep/device/", ROUTE_SCEP, "device" },
        { "/scep/device/pkiclient.exe", ROUTE_SCEP, "device" },
        { "/SCEP/Device/PKICLIENT.EXE", ROUTE_SCEP, "device" },
        { "/scep/a.b-c_1/x/y", ROUTE_SCEP, "a.b-c_1" },
        { "/scep/", ROUTE_NONE, "" },
        { "/scep", ROUTE_NONE, "" },
        { "/scep//device", ROUTE_NONE, "" },
        { "/crl/default.crl", ROUTE_CRL, "default" },
        { "/CRL/Default.CRL", ROUTE_CRL, "default" },
        { "/crl/.crl", ROUTE_NONE, "" },
        { "/crl/default", ROUTE_NONE, "" },
        { "/crl/default.crl/", ROUTE_NONE, "" },
        { "/crl/../ca/default.crl", ROUTE_NONE, "" },
        { "/ca/default.crt", ROUTE_CA_CRT, "default" },
        { "/ca/default.p7b", ROUTE_CA_P7B, "default" },
        { "/ca/default.key", ROUTE_NONE, "" },
        { "/ocsp/default", ROUTE_OCSP, "default" },
        { "/OCSP/Default/MEow/SDBG", ROUTE_OCSP, "default" },
        { "/ocsp/", ROUTE_NONE, "" },
        { "/ocsp//default", ROUTE_NONE, "" },
        { "/", ROUTE_NONE, "" },
        { "", ROUTE_NONE, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route route = route_find(cases[i].path);

        if (route.kind != cases[i].kind || strcmp(route.name, cases[i].name) != 0) {
            fail_msg("%s: kind %d name \"%s\"", cases[i].path, (int)route.kind, route.name);
        }
    }
}

/* Base64 keeps its case and its slashes. */
static void rest__below_ocsp__as_it_stands(void **state)
{
    static const struct {
        const char *path;
        const char *rest;
    } cases[] = {
        { "/ocsp/default", "" },
        { "/ocsp/default/", "/" },
        { "/ocsp/default/MEow/SDB+/A==", "/MEow/SDB+/A==" },
        { "/ocsp/default//MEow//SDB", "//MEow//SDB" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(route_find(cases[i].path).rest, cases[i].rest);
    }
    assert_null(route_find("/scep/device/x").rest);
}

static void name__at_and_over_the_limit__is_cut_off_there(void **state)
{
    char path[LIMIT_TEMPLATE_NAME + 16];

    (void)state;
    memcpy(path, "/scep/", 6);
    memset(path + 6, 'a', LIMIT_TEMPLATE_NAME + 1);
    path[6 + LIMIT_TEMPLATE_NAME] = '\0';
    assert_int_equal(route_find(path).kind, ROUTE_SCEP);
    path[6 + LIMIT_TEMPLATE_NAME] = 'a';
    path[7 + LIMIT_TEMPLATE_NAME] = '\0';
    assert_int_equal(route_find(path).kind, ROUTE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__known_or_not__names_the_thing),
        cmocka_unit_test(rest__below_ocsp__as_it_stands),
        cmocka_unit_test(name__at_and_over_the_limit__is_cut_off_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
