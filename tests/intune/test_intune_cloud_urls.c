/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "intune/intune_cloud_urls.h"

static char empty[] = "";
static char tenant[] = "contoso.onmicrosoft.com";
static char client[] = "11111111-2222-3333-4444-555555555555";
static char app[] = "0000000a-0000-0000-c000-000000000000";

static struct service_config settings(enum intune_cloud cloud)
{
    struct service_config config = { .listen = NULL };

    config.intune.tenant = tenant;
    config.intune.client_id = client;
    config.intune.cloud = cloud;
    config.intune.authority = empty;
    config.intune.graph = empty;
    config.intune.resource = empty;
    config.intune.service_suffix = empty;
    config.intune.scope = empty;
    config.intune.discovery_app = app;
    return config;
}

struct cloud_case {
    enum intune_cloud cloud;
    const char *authority, *graph, *resource, *suffix;
};

static const struct cloud_case cloud_cases[] = {
    { INTUNE_CLOUD_PUBLIC, "https://login.microsoftonline.com", "https://graph.microsoft.com",
      "https://api.manage.microsoft.com", "manage.microsoft.com" },
    { INTUNE_CLOUD_GCC_HIGH, "https://login.microsoftonline.us", "https://graph.microsoft.us",
      "https://api.manage.microsoft.us", "manage.microsoft.us" },
    { INTUNE_CLOUD_DOD, "https://login.microsoftonline.us", "https://dod-graph.microsoft.us",
      "https://api.manage.microsoft.us", "manage.microsoft.us" },
    { INTUNE_CLOUD_CHINA, "https://login.partner.microsoftonline.cn",
      "https://microsoftgraph.chinacloudapi.cn", "https://api.manage.microsoftonline.cn",
      "manage.microsoftonline.cn" },
};

static void assert_joined(const char *found, const char *base, const char *rest)
{
    size_t len = strlen(base);

    assert_true(strlen(found) == len + strlen(rest));
    assert_memory_equal(found, base, len);
    assert_string_equal(found + len, rest);
}

static void urls__each_cloud__has_its_bases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cloud_cases) / sizeof(cloud_cases[0]); i++) {
        const struct cloud_case *c = &cloud_cases[i];
        struct service_config config = settings(c->cloud);
        struct intune_urls urls;
        struct error err = ERROR_INIT;

        assert_done(intune_urls_of(&config, &urls, &err), &err, c->authority);
        assert_joined(urls.token, c->authority, "/contoso.onmicrosoft.com/oauth2/v2.0/token");
        assert_joined(urls.discovery, c->graph,
                      "/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000"
                      "/endpoints");
        assert_joined(urls.application, c->graph,
                      "/v1.0/applications(appId='11111111-2222-3333-4444-555555555555')"
                      "?$select=passwordCredentials,keyCredentials");
        assert_joined(urls.graph_scope, c->graph, "/.default");
        assert_joined(urls.scope, c->resource, "//.default");
        assert_joined(urls.scope_second, c->resource, "/.default");
        assert_string_equal(urls.service_suffix, c->suffix);
    }
    assert_null(intune_cloud_bases((enum intune_cloud)9));
}

static void urls__settings__go_before_the_cloud_and_lose_their_slash(void **state)
{
    static char authority[] = "https://login.example//";
    static char graph[] = "https://graph.example/";
    static char resource[] = "https://api.example/";
    static char suffix[] = "services.example";
    static char scope[] = "https://other.example/.default";
    struct service_config config = settings(INTUNE_CLOUD_CHINA);
    struct intune_urls urls;
    struct error err = ERROR_INIT;

    (void)state;
    config.intune.authority = authority;
    config.intune.graph = graph;
    config.intune.resource = resource;
    config.intune.service_suffix = suffix;
    assert_done(intune_urls_of(&config, &urls, &err), &err, "");
    assert_string_equal(urls.token,
                        "https://login.example/contoso.onmicrosoft.com/oauth2/v2.0/token");
    assert_string_equal(urls.graph_scope, "https://graph.example/.default");
    assert_string_equal(urls.scope, "https://api.example//.default");
    assert_string_equal(urls.service_suffix, "services.example");
    config.intune.scope = scope; /* what is set is used, and nothing else is tried */
    assert_done(intune_urls_of(&config, &urls, &err), &err, "");
    assert_string_equal(urls.scope, "https://other.example/.default");
    assert_string_equal(urls.scope_second, "");
}

struct address_case {
    const char *url;
    const char *accepted; /* NULL: refused */
};

static const struct address_case address_cases[] = {
    { "https://fef.msuc02.manage.microsoft.com/RACerts/Service",
      "https://fef.msuc02.manage.microsoft.com/RACerts/Service" },
    { "https://manage.microsoft.com/a/", "https://manage.microsoft.com/a" },
    { "https://manage.microsoft.com", "https://manage.microsoft.com" },
    { "https://manage.microsoft.com///", "https://manage.microsoft.com" },
    { "https://FEF.Manage.Microsoft.COM:8443/a/b", "https://FEF.Manage.Microsoft.COM:8443/a/b" },
    { "HTTPS://fef.manage.microsoft.com/a", "HTTPS://fef.manage.microsoft.com/a" },
    { "http://fef.manage.microsoft.com/a", NULL },
    { "https://notmanage.microsoft.com/a", NULL },
    { "https://evil-manage.microsoft.com/a", NULL },
    { "https://manage.microsoft.com.attacker.example/a", NULL },
    { "https://attacker.example/manage.microsoft.com", NULL },
    { "https://attacker.example#.manage.microsoft.com", NULL },
    { "https://attacker.example?.manage.microsoft.com", NULL },
    { "https://attacker.example\\.manage.microsoft.com/", NULL },
    { "https://user@fef.manage.microsoft.com/a", NULL },
    { "https://fef.manage.microsoft.com@attacker.example/a", NULL },
    { "https://fef.manage.microsoft.com:80@attacker.example/a", NULL },
    { "https://.manage.microsoft.com/a", NULL },
    { "https://fef.manage.microsoft.com./a", NULL },
    { "https://fef.manage.microsoft.com:/a", NULL },
    { "https://fef.manage.microsoft.com:0/a", NULL },
    { "https://fef.manage.microsoft.com:65536/a", NULL },
    { "https://fef.manage.microsoft.com/a?b=c", NULL },
    { "https://fef.manage.microsoft.com/a#b", NULL },
    { "https://fef.manage.microsoft.com/a b", NULL },
    { "https://fef.manage.microsoft.com/a\r\nHost: x", NULL },
    { "https://[::1]/a", NULL },
    { "https://", NULL },
    { "https:///a", NULL },
    { "", NULL },
};

static void address__of_a_service__must_lie_below_the_suffix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(address_cases) / sizeof(address_cases[0]); i++) {
        const struct address_case *c = &address_cases[i];
        struct error err = ERROR_INIT;
        char out[INTUNE_URL_MAX] = "untouched";
        bool ok = intune_service_url(c->url, "manage.microsoft.com", out, &err);

        if (c->accepted == NULL) {
            assert_refused(ok, &err, REASON_INTUNE_DISCOVERY, c->url);
            assert_string_equal(out, "untouched");
        } else {
            assert_done(ok, &err, c->url);
            assert_string_equal(out, c->accepted);
        }
    }
}

static void address__longest__is_refused_one_byte_later(void **state)
{
    char url[INTUNE_URL_MAX + 1] = "https://manage.microsoft.com/";
    char out[INTUNE_URL_MAX];
    struct error err = ERROR_INIT;
    size_t len = strlen(url);

    (void)state;
    memset(url + len, 'a', INTUNE_URL_MAX - 1 - len);
    url[INTUNE_URL_MAX - 1] = '\0';
    assert_done(intune_service_url(url, "manage.microsoft.com", out, &err), &err, "");
    url[INTUNE_URL_MAX - 1] = 'a';
    url[INTUNE_URL_MAX] = '\0';
    assert_refused(intune_service_url(url, "manage.microsoft.com", out, &err), &err,
                   REASON_INTUNE_DISCOVERY, "");
    error_clear(&err);
    assert_refused(intune_service_url("https://manage.microsoft.com/a", "", out, &err), &err,
                   REASON_INTUNE_DISCOVERY, "no suffix allows nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls__each_cloud__has_its_bases),
        cmocka_unit_test(urls__settings__go_before_the_cloud_and_lose_their_slash),
        cmocka_unit_test(address__of_a_service__must_lie_below_the_suffix),
        cmocka_unit_test(address__longest__is_refused_one_byte_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
