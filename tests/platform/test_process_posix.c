/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "platform/process.h"

static void process__hardened__dumps_no_core(void **state)
{
    struct rlimit limit = { 1, 1 };

    (void)state;
    process_harden();
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(umask(077), 077);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process__hardened__dumps_no_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
