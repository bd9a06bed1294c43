/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "mscep/ndes_route.h"

struct route_case {
    const char *path;
    enum ndes_route_kind kind;
    const char *name;
};

static const struct route_case cases[] = {
    /* what devices and MDM products are configured with */
    { "/certsrv/mscep", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/mscep.dll", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/mscep.dll/", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/mscep.dll/pkiclient.exe", NDES_ROUTE_DEVICE, "" },
    { "/CertSrv/mscep/mscep.dll", NDES_ROUTE_DEVICE, "" },
    { "/CERTSRV/MSCEP/MSCEP.DLL/PKICLIENT.EXE", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/pkiclient.exe", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep/a/b/c", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep_admin", NDES_ROUTE_ADMIN_TO_DIR, "" },
    { "/CertSrv/mscep_admin", NDES_ROUTE_ADMIN_TO_DIR, "" },
    { "/certsrv/mscep_admin/", NDES_ROUTE_ADMIN, "" },
    { "/certsrv/mscep_admin/mscep.dll", NDES_ROUTE_ADMIN, "" },
    { "/certsrv/mscep_admin/mscep.dll/", NDES_ROUTE_ADMIN, "" },
    { "/certsrv/mscep_admin/mscep.dll/pkiclient.exe", NDES_ROUTE_ADMIN, "" },
    /* the same of one template */
    { "/scep/device/certsrv/mscep", NDES_ROUTE_DEVICE, "device" },
    { "/scep/device/certsrv/mscep/", NDES_ROUTE_DEVICE, "device" },
    { "/scep/device/certsrv/mscep/mscep.dll", NDES_ROUTE_DEVICE, "device" },
    { "/SCEP/Device.A-1_b/CertSrv/mscep/mscep.dll/pkiclient.exe", NDES_ROUTE_DEVICE,
      "device.a-1_b" },
    { "/scep/device/certsrv/mscep_admin", NDES_ROUTE_ADMIN_TO_DIR, "device" },
    { "/scep/device/certsrv/mscep_admin/", NDES_ROUTE_ADMIN, "device" },
    { "/scep/Device/CertSrv/mscep_admin/mscep.dll", NDES_ROUTE_ADMIN, "device" },
    { "/scep/device/challenge", NDES_ROUTE_CHALLENGE, "device" },
    { "/scep/device/challenge/", NDES_ROUTE_CHALLENGE, "device" },
    { "/scep/DEVICE/Challenge", NDES_ROUTE_CHALLENGE, "device" },
    { "/scep/challenge/challenge", NDES_ROUTE_CHALLENGE, "challenge" },
    { "/scep/certsrv/certsrv/mscep", NDES_ROUTE_DEVICE, "certsrv" },
    /* a run of slashes is one, as in IIS */
    { "//certsrv/mscep", NDES_ROUTE_DEVICE, "" },
    { "//certsrv//mscep///mscep.dll", NDES_ROUTE_DEVICE, "" },
    { "/certsrv//mscep_admin", NDES_ROUTE_ADMIN_TO_DIR, "" },
    { "/certsrv//mscep_admin//", NDES_ROUTE_ADMIN, "" },
    { "/scep/device//certsrv//mscep_admin/", NDES_ROUTE_ADMIN, "device" },
    { "/scep/device//challenge//", NDES_ROUTE_CHALLENGE, "device" },
    /* nothing is resolved: what stands below one application never is the other */
    { "/certsrv/mscep/../mscep_admin/", NDES_ROUTE_DEVICE, "" },
    { "/certsrv/mscep_admin/../mscep/", NDES_ROUTE_ADMIN, "" },
    { "/certsrv/mscep/mscep_admin/", NDES_ROUTE_DEVICE, "" },
    /* others */
    { "/certsrv/mscepX", NDES_ROUTE_NONE, "" },
    { "/certsrv/mscep.dll", NDES_ROUTE_NONE, "" },
    { "/certsrv/mscep_adminX", NDES_ROUTE_NONE, "" },
    { "/certsrv/mscep_admin.dll/", NDES_ROUTE_NONE, "" },
    { "/certsrv/msce", NDES_ROUTE_NONE, "" },
    { "/certsrv/", NDES_ROUTE_NONE, "" },
    { "/certsrv", NDES_ROUTE_NONE, "" },
    { "/certsrvmscep", NDES_ROUTE_NONE, "" },
    { "/x/certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/certsrv/../certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/mscep", NDES_ROUTE_NONE, "" },
    { "/scep/device", NDES_ROUTE_NONE, "" },
    { "/scep/device/", NDES_ROUTE_NONE, "" },
    { "/scep/device/pkiclient.exe", NDES_ROUTE_NONE, "" },
    { "/scep/device/challenge/x", NDES_ROUTE_NONE, "" },
    { "/scep/device/challengeX", NDES_ROUTE_NONE, "" },
    { "/scep/device/x/challenge", NDES_ROUTE_NONE, "" },
    { "/scep/device/x/certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/scep/certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/scep//certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/scep//device/certsrv/mscep", NDES_ROUTE_NONE, "" },
    { "/scep//challenge", NDES_ROUTE_NONE, "" },
    { "/scep/challenge", NDES_ROUTE_NONE, "" },
    { "/scep/", NDES_ROUTE_NONE, "" },
    { "/challenge", NDES_ROUTE_NONE, "" },
    { "/", NDES_ROUTE_NONE, "" },
    { "", NDES_ROUTE_NONE, "" },
};

static void path__of_ndes_or_not__names_the_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_route route = ndes_route_find(cases[i].path);

        if (route.kind != cases[i].kind || strcmp(route.template_name, cases[i].name) != 0) {
            fail_msg("%s: kind %d name \"%s\"", cases[i].path, (int)route.kind,
                     route.template_name);
        }
    }
}

static void name__at_and_over_the_limit__is_no_route_behind_it(void **state)
{
    static const char tail[] = "/certsrv/mscep";
    char path[LIMIT_TEMPLATE_NAME + 32] = "/scep/";

    (void)state;
    memset(path + 6, 'A', LIMIT_TEMPLATE_NAME + 1);
    memcpy(path + 6 + LIMIT_TEMPLATE_NAME, tail, sizeof(tail));
    assert_int_equal(ndes_route_find(path).kind, NDES_ROUTE_DEVICE);
    assert_int_equal(strlen(ndes_route_find(path).template_name), LIMIT_TEMPLATE_NAME);
    path[6 + LIMIT_TEMPLATE_NAME] = 'A';
    memcpy(path + 7 + LIMIT_TEMPLATE_NAME, tail, sizeof(tail));
    assert_int_equal(ndes_route_find(path).kind, NDES_ROUTE_NONE);
    assert_string_equal(ndes_route_find(path).template_name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__of_ndes_or_not__names_the_part),
        cmocka_unit_test(name__at_and_over_the_limit__is_no_route_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
