/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include "ca/server_order.h"
#include "platform/clock.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static struct server_names one_name(const char *const *name)
{
    return (struct server_names){ .dns = name, .dns_count = 1 };
}

/* "DNS:a,IP:192.0.2.1" as OpenSSL prints the extension's names. */
static void print_names(const GENERAL_NAMES *san, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        BIO_puts(bio, i == 0 ? "" : ",");
        GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(san, i));
    }
    len = BIO_get_mem_data(bio, &text);
    assert_true((size_t)len < size);
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    BIO_free(bio);
}

static void create__dns_names__taken_or_refused(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "scep.example.com", true },
        { "SCEP.Example.COM", true },
        { "host", true },
        { "NDES_01", true },
        { "*.example.com", true },
        { "xn--bcher-kva.example", true },
        { LABEL_63 ".example.com", true },
        { LABEL_63 "x.example.com", false },
        { LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, false },
        { "", false },
        { ".", false },
        { "a..b", false },
        { "host.", false },
        { "-a.example.com", false },
        { "a-.example.com", false },
        { "*", false },
        { "*.", false },
        { "a.*.example.com", false },
        { "b\xc3\xbc"
          "cher.example",
          false },
        { "two words", false },
        { "a/b", false },
        { "192.0.2.1", false },
        { "2001:db8::1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct server_order order = SERVER_ORDER_INIT;
        struct server_names names = one_name(&cases[i].name);
        struct error err = ERROR_INIT;
        bool done = server_order_create(&order, &names, CA_KEY_EC_P256, clock_now(), 1, &err);

        if (cases[i].good) {
            assert_done(done, &err, cases[i].name);
        } else {
            assert_refused(done, &err, REASON_USAGE, cases[i].name);
        }
        server_order_clear(&order);
    }
}

static void create__several_names__once_each_in_lower_case(void **state)
{
    static const char *const dns[] = { LABEL_63 ".example.com", "B.Example.Com", "b.example.com" };
    static const char *const addresses[] = { "192.0.2.1", "2001:db8::1", "192.0.2.1" };
    const struct server_names names = { dns, 3, addresses, 3 };
    struct server_order order = SERVER_ORDER_INIT;
    struct error err = ERROR_INIT;
    char text[512];

    (void)state;
    assert_done(server_order_create(&order, &names, CA_KEY_EC_P256, clock_now(), 365, &err), &err,
                "");
    print_names(order.plan.san, text, sizeof(text));
    assert_string_equal(text, "DNS:" LABEL_63 ".example.com,DNS:b.example.com,IP "
                              "Address:192.0.2.1,IP Address:2001:DB8:0:0:0:0:0:1");
    name_format(order.plan.subject, text, sizeof(text));
    assert_string_equal(text, "CN=b.example.com"); /* the first one is too long for it */
    assert_done(csr_verify(&order.csr, &err), &err, "request");
    assert_int_equal(EVP_PKEY_eq(csr_key(&order.csr), order.key), 1);
    server_order_clear(&order);
}

static void create__address_alone__is_the_common_name(void **state)
{
    static const char *const addresses[] = { "192.0.2.1" };
    static const char *const words[] = { "nonsense" };
    const struct server_names names = { NULL, 0, addresses, 1 };
    const struct server_names wrong = { NULL, 0, words, 1 };
    const struct server_names none = { NULL, 0, NULL, 0 };
    struct server_order order = SERVER_ORDER_INIT;
    struct error err = ERROR_INIT;
    char text[64];

    (void)state;
    assert_done(server_order_create(&order, &names, CA_KEY_EC_P256, 0, 1, &err), &err, "");
    name_format(order.plan.subject, text, sizeof(text));
    assert_string_equal(text, "CN=192.0.2.1");
    server_order_clear(&order);
    assert_refusal(server_order_create(&order, &wrong, CA_KEY_EC_P256, 0, 1, &err), &err,
                   REASON_USAGE, "not an address");
    assert_refusal(server_order_create(&order, &none, CA_KEY_EC_P256, 0, 1, &err), &err,
                   REASON_USAGE, "no name");
}

static void create__days__within_what_browsers_accept(void **state)
{
    static const char *const dns[] = { "scep.example.com" };
    const struct server_names names = { dns, 1, NULL, 0 };
    struct server_order order = SERVER_ORDER_INIT;
    struct error err = ERROR_INIT;
    int64_t now = clock_now();

    (void)state;
    assert_refusal(server_order_create(&order, &names, CA_KEY_EC_P256, now, 0, &err), &err,
                   REASON_USAGE, "0");
    assert_refusal(
        server_order_create(&order, &names, CA_KEY_EC_P256, now, SERVER_DAYS_MAX + 1, &err), &err,
        REASON_USAGE, "398");
    assert_done(server_order_create(&order, &names, CA_KEY_EC_P256, now, SERVER_DAYS_MAX, &err),
                &err, "397");
    /* Both ends count (RFC 5280 4.1.2.5). */
    assert_true(order.plan.not_after - order.plan.not_before + 1 <= 398 * DAY);
    assert_true(order.plan.not_after >= now + 396 * DAY);
    server_order_clear(&order);
}

static void create__key_usage__fits_the_key(void **state)
{
    static const char *const dns[] = { "scep.example.com" };
    const struct server_names names = { dns, 1, NULL, 0 };
    struct server_order order = SERVER_ORDER_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(server_order_create(&order, &names, CA_KEY_RSA_2048, 0, 1, &err), &err, "RSA");
    assert_int_equal(order.plan.key_usage,
                     KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    assert_int_equal(sk_ASN1_OBJECT_num(order.plan.eku), 1);
    assert_int_equal(OBJ_obj2nid(sk_ASN1_OBJECT_value(order.plan.eku, 0)), NID_server_auth);
    server_order_clear(&order);
    assert_done(server_order_create(&order, &names, CA_KEY_EC_P384, 0, 1, &err), &err, "EC");
    assert_int_equal(order.plan.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    server_order_clear(&order);
    server_order_clear(&order);
    server_order_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__dns_names__taken_or_refused),
        cmocka_unit_test(create__several_names__once_each_in_lower_case),
        cmocka_unit_test(create__address_alone__is_the_common_name),
        cmocka_unit_test(create__days__within_what_browsers_accept),
        cmocka_unit_test(create__key_usage__fits_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
