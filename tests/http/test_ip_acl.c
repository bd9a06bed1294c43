/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/limits.h"
#include "http/ip_acl.h"

struct acl_case {
    const char *name;
    const char *allowed;
    enum acl_limit limit;
    enum acl_face face;
    const char *peer;
    bool enabled;
    bool passes;
};

static const struct acl_case cases[] = {
    { "disabled", "10.0.0.0/8", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "192.0.2.1", false, true },
    { "empty", "", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "127.0.0.1", true, false },
    { "address", "192.0.2.1", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "192.0.2.1", true, true },
    { "other address", "192.0.2.1", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "192.0.2.2", true, false },
    { "second", "192.0.2.1,10.0.0.0/8", ACL_LIMIT_BOTH, ACL_FACE_UI, "10.9.8.7", true, true },
    { "outside", "192.0.2.1,10.0.0.0/8", ACL_LIMIT_BOTH, ACL_FACE_UI, "11.0.0.0", true, false },
    { "v6", "2001:db8::/32", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "2001:db8:1::5", true, true },
    { "v6 outside", "2001:db8::/32", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "2001:db9::1", true, false },
    { "v4 is not v6", "::/0", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "10.0.0.1", true, false },
    { "mapped is v4", "10.0.0.0/8", ACL_LIMIT_BOTH, ACL_FACE_SCEP, "::ffff:10.0.0.1", true, true },
    { "scep limits scep", "10.0.0.1", ACL_LIMIT_SCEP, ACL_FACE_SCEP, "10.0.0.2", true, false },
    { "scep leaves ui", "10.0.0.1", ACL_LIMIT_SCEP, ACL_FACE_UI, "10.0.0.2", true, true },
    { "ui leaves scep", "10.0.0.1", ACL_LIMIT_UI, ACL_FACE_SCEP, "10.0.0.2", true, true },
    { "ui limits ui", "10.0.0.1", ACL_LIMIT_UI, ACL_FACE_UI, "10.0.0.2", true, false },
};

static struct ip_acl *make_acl(bool enabled, const char *allowed, enum acl_limit limit,
                               struct error *err)
{
    char text[LIMIT_ACL_PREFIXES * 16];
    struct acl_config config = { enabled, text, limit };

    assert_true(strlen(allowed) < sizeof(text));
    memcpy(text, allowed, strlen(allowed) + 1);
    return ip_acl_create(&config, err); /* keeps a copy: text ends here */
}

static void ip_acl_check__table__as_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct acl_case *c = &cases[i];
        struct error err = ERROR_INIT;
        struct ip_acl *acl = make_acl(c->enabled, c->allowed, c->limit, &err);
        struct ip_address peer;

        assert_non_null(acl);
        assert_done(ip_address_parse(bytes_of_text(c->peer), &peer, &err), &err, c->name);
        if (c->passes) {
            assert_done(ip_acl_check(acl, c->face, &peer, &err), &err, c->name);
        } else {
            assert_refused(ip_acl_check(acl, c->face, &peer, &err), &err, REASON_ADDRESS_DENIED,
                           c->name);
        }
        ip_acl_free(acl);
    }
}

static void ip_acl_create__bad_item__refused_by_name(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_null(make_acl(true, "10.0.0.1,ten", ACL_LIMIT_BOTH, &err));
    assert_int_equal(err.reason, REASON_CONFIG_BAD_VALUE);
    assert_non_null(strstr(err.detail, "ten"));
}

/* `count` different addresses */
static struct ip_acl *make_long(unsigned count, struct error *err)
{
    struct buffer list = BUFFER_INIT(65536);
    struct ip_acl *acl = NULL;

    for (unsigned i = 0; i < count; i++) {
        assert_true(buffer_printf(&list, err, "%s10.1.%u.%u", i > 0 ? "," : "", i / 256, i % 256));
    }
    acl = make_acl(true, buffer_text(&list), ACL_LIMIT_BOTH, err);
    buffer_clear(&list);
    return acl;
}

static void ip_acl_create__limit_and_one_more__only_limit_is_taken(void **state)
{
    struct error err = ERROR_INIT;
    struct ip_acl *acl = make_long(LIMIT_ACL_PREFIXES, &err);
    struct ip_address peer;

    (void)state;
    assert_non_null(acl);
    assert_true(ip_address_parse(bytes_of_text("10.1.3.255"), &peer, &err));
    assert_done(ip_acl_check(acl, ACL_FACE_SCEP, &peer, &err), &err, "last");
    ip_acl_free(acl);
    assert_null(make_long(LIMIT_ACL_PREFIXES + 1, &err));
    assert_int_equal(err.reason, REASON_CONFIG_BAD_VALUE);
}

static void ip_acl_free__null__does_nothing(void **state)
{
    (void)state;
    ip_acl_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_acl_check__table__as_expected),
        cmocka_unit_test(ip_acl_create__bad_item__refused_by_name),
        cmocka_unit_test(ip_acl_create__limit_and_one_more__only_limit_is_taken),
        cmocka_unit_test(ip_acl_free__null__does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
