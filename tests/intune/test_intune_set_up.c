/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator can set: a certificate in place of the secret, and a proxy. */
#include "intune/intune_world.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "http/connect_proxy.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"

#define DAY 86400
#define BASIC "c3ZjOnB+dyBk" /* svc:p~w d */

/* ---- certificate ----------------------------------------------------------------------------- */

/* A new certificate, which the cloud knows. */
static void give_certificate(struct intune_world *world, bool is_registered)
{
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool found = false;
    struct error err = ERROR_INIT;

    assert_done(intune_certificate_new(world->folder.path, "scep.example.com", 30, &err), &err, "");
    assert_done(intune_certificate_get(world->folder.path, &cert, &key, &found, &err), &err, "");
    assert_true(found);
    if (is_registered) {
        assert_done(intune_cloud_register(world->cloud, cert, &err), &err, "");
    }
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void certificate__that_was_uploaded__signs_in(void **state)
{
    struct intune_world *world = *state;
    struct intune_cloud_call call;
    int64_t now = clock_now();
    int64_t end = 0;
    struct error err = ERROR_INIT;

    give_certificate(world, true);
    intune_world_client(world, "\"credential\":\"certificate\"");
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_true(intune_cloud_call_at(world->cloud, INTUNE_CLOUD_TOKEN_GRAPH, 0, &call));
    assert_non_null(strstr(buffer_text(&call.body), "client_assertion="));
    assert_null(strstr(buffer_text(&call.body), "client_secret"));
    intune_cloud_call_clear(&call);
    end = intune_credential_end(world->client, now);
    assert_true(end > now + 29 * DAY && end < now + 31 * DAY);
    assert_calls(world, INTUNE_CLOUD_APPLICATION, 0); /* nobody has to be asked */
}

static void certificate__that_nobody_uploaded__says_so(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    give_certificate(world, false);
    intune_world_client(world, "\"credential\":\"certificate\"");
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_CREDENTIAL, "");
    assert_says(&err, "upload", "");
}

/* ---- proxy ----------------------------------------------------------------------------------- */

static struct connect_proxy *proxy_of(struct intune_world *world, const char *more)
{
    const struct connect_proxy_options options = { .basic = BASIC };
    struct connect_proxy *proxy = connect_proxy_start(&options);
    char members[512];

    assert_true(text_format(members, sizeof(members), "\"proxy\":\"%s\"%s",
                            connect_proxy_url(proxy), more));
    intune_world_client(world, members);
    return proxy;
}

static void set_password(struct intune_world *world, const char *password)
{
    struct error err = ERROR_INIT;

    assert_done(
        intune_secret_set(world->folder.path, INTUNE_SECRET_PROXY, bytes_of_text(password), &err),
        &err, "");
}

struct told {
    char text[4096];
};

static bool visit(void *context, const struct intune_probe_finding *finding, struct error *err)
{
    struct told *told = context;
    size_t len = strlen(told->text);

    (void)err;
    return text_format(told->text + len, sizeof(told->text) - len, "%s: %s\n", finding->step,
                       finding->text);
}

static void proxy__with_password__everything_goes_through_it(void **state)
{
    struct intune_world *world = *state;
    struct connect_proxy *proxy = NULL;
    struct buffer seen = BUFFER_INIT(65536);
    struct told told = { "" };
    enum intune_probe_level worst = INTUNE_PROBE_OK;
    struct error err = ERROR_INIT;

    set_password(world, "p~w d");
    proxy = proxy_of(world, ",\"proxy_user\":\"svc\"");
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_true(connect_proxy_tunnels(proxy) > 0);
    connect_proxy_seen(proxy, &seen);
    assert_non_null(strstr(buffer_text(&seen), "CONNECT localhost:"));
    assert_null(strstr(buffer_text(&seen), "Bearer")); /* only what a proxy has to know */
    assert_done(intune_probe(world->client, bytes_of(NULL, 0), visit, &told, &worst, &err), &err,
                "");
    assert_non_null(strstr(told.text, "proxy: The proxy http://127.0.0.1:"));
    assert_null(strstr(told.text, "p~w d"));
    buffer_clear(&seen);
    intune_client_unref(world->client);
    world->client = NULL;
    connect_proxy_stop(proxy);
}

static void proxy__with_the_wrong_password__is_the_reason(void **state)
{
    struct intune_world *world = *state;
    struct connect_proxy *proxy = NULL;
    struct told told = { "" };
    enum intune_probe_level worst = INTUNE_PROBE_OK;
    struct error err = ERROR_INIT;

    set_password(world, "something else");
    proxy = proxy_of(world, ",\"proxy_user\":\"svc\"");
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    assert_says(&err, "proxy", "");
    assert_null(strstr(err.detail, "something else"));
    assert_calls(world, INTUNE_CLOUD_ANY, 0);
    error_clear(&err);
    assert_done(intune_probe(world->client, bytes_of(NULL, 0), visit, &told, &worst, &err), &err,
                "");
    assert_int_equal(worst, INTUNE_PROBE_ERROR);
    intune_client_unref(world->client);
    world->client = NULL;
    connect_proxy_stop(proxy);
}

static void proxy__for_other_hosts__is_gone_past(void **state)
{
    struct intune_world *world = *state;
    struct connect_proxy *proxy = proxy_of(world, ",\"no_proxy\":\"localhost\"");
    struct error err = ERROR_INIT;

    assert_done(intune_world_validate(world, &err), &err, "");
    assert_int_equal(connect_proxy_tunnels(proxy), 0);
    intune_client_unref(world->client);
    world->client = NULL;
    connect_proxy_stop(proxy);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(certificate__that_was_uploaded__signs_in),
        WORLD_TEST(certificate__that_nobody_uploaded__says_so),
        WORLD_TEST(proxy__with_password__everything_goes_through_it),
        WORLD_TEST(proxy__with_the_wrong_password__is_the_reason),
        WORLD_TEST(proxy__for_other_hosts__is_gone_past),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
