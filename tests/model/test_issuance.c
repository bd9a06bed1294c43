/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/x509.h>

#include "model/cert_plan.h"
#include "model/grant.h"
#include "model/issuance.h"

static void issuance__moved__source_is_empty(void **state)
{
    struct issuance from = ISSUANCE_INIT;
    struct issuance to = ISSUANCE_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    from.state = ISSUANCE_ISSUED;
    from.repeated = true;
    from.info.not_after = 5;
    assert_done(buffer_append_text(&from.cert_der, "new", &err), &err, "");
    assert_done(buffer_append_text(&to.cert_der, "old", &err), &err, "");
    issuance_move(&to, &from);
    assert_int_equal(to.state, ISSUANCE_ISSUED);
    assert_true(to.repeated);
    assert_true(to.info.not_after == 5);
    assert_bytes_text(buffer_bytes(&to.cert_der), "new");
    assert_int_equal(from.state, ISSUANCE_NONE);
    assert_int_equal(from.cert_der.len, 0);
    assert_true(from.info.not_after == 0);
    issuance_move(&to, &to);
    assert_bytes_text(buffer_bytes(&to.cert_der), "new");
    issuance_clear(&to);
    assert_null(to.cert_der.data);
    issuance_clear(NULL);
}

static void grant__cleared__can_be_used_again(void **state)
{
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    grant.reservation = 7;
    assert_done(buffer_append_text(&grant.ticket, "t", &err), &err, "");
    grant_clear(&grant);
    assert_true(grant.reservation == 0);
    assert_int_equal(grant.ticket.len, 0);
    assert_done(buffer_append_text(&grant.ticket, "u", &err), &err, "");
    grant_clear(&grant);
    grant_clear(NULL);
}

static void cert_plan__cleared__empty(void **state)
{
    struct cert_plan plan = { .subject = X509_NAME_new(), .key_usage = 1, .not_after = 2 };

    (void)state;
    cert_plan_clear(&plan);
    assert_null(plan.subject);
    assert_int_equal(plan.key_usage, 0);
    cert_plan_clear(&plan);
    cert_plan_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuance__moved__source_is_empty),
        cmocka_unit_test(grant__cleared__can_be_used_again),
        cmocka_unit_test(cert_plan__cleared__empty),
    };

    return cmocka_run_group_tests_name("issuance", tests, NULL, NULL);
}
