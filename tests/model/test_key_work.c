/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/pkcs12.h>

#include "model/key_work.h"
#include "support/costly_key.h"

#define ROUNDS 2000000000

static void key__each_derivation__bounded(void **state)
{
    static const enum costly_kdf kdfs[] = { COSTLY_PBKDF2, COSTLY_PKCS12, COSTLY_SCRYPT };

    (void)state;
    for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
        for (int costly = 0; costly < 2; costly++) {
            int rounds = costly == 0 ? 1000000 : 10000 * 16384;
            struct buffer der = BUFFER_INIT(4096);
            struct buffer pem = BUFFER_INIT(8192);
            struct error err = ERROR_INIT;

            costly_key_der(kdfs[i], rounds, &der);
            /* Behind something damaged. */
            assert_done(buffer_append(&pem, "-----BEGIN X-----\n%%%\n", 23, &err), &err, "");
            costly_key_pem(kdfs[i], rounds, &pem);
            if (costly == 0) {
                assert_done(key_work_check(buffer_bytes(&der), &err), &err, "DER");
                assert_done(key_work_check(buffer_bytes(&pem), &err), &err, "PEM");
            } else {
                assert_refused(key_work_check(buffer_bytes(&der), &err), &err, REASON_LIMIT, "DER");
                error_clear(&err);
                assert_refused(key_work_check(buffer_bytes(&pem), &err), &err, REASON_LIMIT, "PEM");
            }
            buffer_clear(&der);
            buffer_clear(&pem);
        }
    }
}

static void key__something_else__no_work(void **state)
{
    static const char *const texts[] = { "", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "0" };
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_done(key_work_check(bytes_of_text(texts[i]), &err), &err, texts[i]);
    }
}

static bool check(struct bytes der, struct error *err)
{
    const unsigned char *p = der.data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)der.len);
    bool ok;

    assert_non_null(p12);
    ok = key_work_check_pkcs12(p12, err) && key_work_check_pkcs12_inside(p12, COSTLY_PASSWORD, err);
    PKCS12_free(p12);
    return ok;
}

static void pkcs12__each_place__bounded(void **state)
{
    (void)state;
    for (int place = COSTLY_MAC; place <= COSTLY_INSIDE; place++) {
        struct buffer der = BUFFER_INIT(8192);
        struct error err = ERROR_INIT;

        costly_pkcs12((enum costly_place)place, 2, &der);
        assert_done(check(buffer_bytes(&der), &err), &err, "cheap");
        buffer_reset(&der);
        costly_pkcs12((enum costly_place)place, ROUNDS, &der);
        assert_refused(check(buffer_bytes(&der), &err), &err, REASON_LIMIT, "costly");
        buffer_clear(&der);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key__each_derivation__bounded),
        cmocka_unit_test(key__something_else__no_work),
        cmocka_unit_test(pkcs12__each_place__bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
