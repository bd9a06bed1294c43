/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_cloud_urls.h"

#include <string.h>

#include "base/text.h"

/* The first two of China are documented; its audience follows the host names of its services. */
static const struct intune_cloud_bases clouds[] = {
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

const struct intune_cloud_bases *intune_cloud_bases(enum intune_cloud cloud)
{
    for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
        if (clouds[i].cloud == cloud) {
            return &clouds[i];
        }
    }
    return NULL;
}

/* The setting, or the cloud's; without slashes at the end. */
static struct bytes base_of(const char *setting, const char *cloud)
{
    struct bytes base = bytes_of_text(setting[0] != '\0' ? setting : cloud);

    while (base.len > 0 && base.data[base.len - 1] == '/') {
        base.len--;
    }
    return base;
}

#define BASE_SHOWN(base) (int)(base).len, (const char *)(base).data

bool intune_urls_of(const struct service_config *config, struct intune_urls *out, struct error *err)
{
    const struct intune_cloud_bases *cloud = intune_cloud_bases(config->intune.cloud);
    struct intune_urls urls = { .token = "" };
    struct bytes authority, graph, resource;
    bool ok = true;

    if (cloud == NULL) {
        return error_set(err, REASON_INTERNAL, "a cloud without addresses");
    }
    authority = base_of(config->intune.authority, cloud->authority);
    graph = base_of(config->intune.graph, cloud->graph);
    resource = base_of(config->intune.resource, cloud->resource);
    ok = text_format(urls.token, sizeof(urls.token), "%.*s/%s/oauth2/v2.0/token",
                     BASE_SHOWN(authority), config->intune.tenant)
         && text_format(urls.discovery, sizeof(urls.discovery),
                        "%.*s/v1.0/servicePrincipals/appId=%s/endpoints", BASE_SHOWN(graph),
                        config->intune.discovery_app)
         && text_format(urls.application, sizeof(urls.application),
                        "%.*s/v1.0/applications(appId='%s')?$select=passwordCredentials,"
                        "keyCredentials",
                        BASE_SHOWN(graph), config->intune.client_id)
         && text_format(urls.graph_scope, sizeof(urls.graph_scope), "%.*s/.default",
                        BASE_SHOWN(graph))
         && text_copy(urls.service_suffix, sizeof(urls.service_suffix),
                      config->intune.service_suffix[0] != '\0' ? config->intune.service_suffix
                                                               : cloud->service_suffix);
    if (config->intune.scope[0] != '\0') {
        ok = ok && text_copy(urls.scope, sizeof(urls.scope), config->intune.scope);
    } else { /* the resource's name ends in a slash, and the scope begins with one */
        ok = ok
             && text_format(urls.scope, sizeof(urls.scope), "%.*s//.default", BASE_SHOWN(resource))
             && text_format(urls.scope_second, sizeof(urls.scope_second), "%.*s/.default",
                            BASE_SHOWN(resource));
    }
    if (!ok) {
        return error_set(err, REASON_LIMIT, "an address in the settings intune.* is too long");
    }
    *out = urls;
    return true;
}

/* ---- discovered addresses -------------------------------------------------------------------- */

static bool is_host_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-'
           || c == '.';
}

/* Letters that need no second look: a URL of Microsoft's has no others. */
static bool is_path_char(char c)
{
    return is_host_char(c) || (c != '\0' && strchr("/_~!$&'()*+,;=:@%", c) != NULL);
}

static bool host_allowed(const char *host, size_t len, const char *suffix)
{
    size_t suffix_len = strlen(suffix);
    char tail[256];

    if (len == 0 || suffix_len == 0 || suffix_len > len || suffix_len >= sizeof(tail)) {
        return false;
    }
    memcpy(tail, host + len - suffix_len, suffix_len);
    tail[suffix_len] = '\0';
    return text_equal_nocase(tail, suffix)
           && (len == suffix_len || (len > suffix_len + 1 && host[len - suffix_len - 1] == '.'));
}

/* ":8443" with a number that is a port, up to the path. */
static bool port_ok(const char *text, size_t len)
{
    uint64_t port = 0;

    return len == 0
           || (text[0] == ':' && text_parse_u64(bytes_of(text + 1, len - 1), UINT16_MAX, &port)
               && port > 0);
}

bool intune_service_url(const char *url, const char *suffix, char out[INTUNE_URL_MAX],
                        struct error *err)
{
    static const char scheme[] = "https://";
    char shown[200];
    size_t len = strlen(url);
    const char *host = url + sizeof(scheme) - 1;
    size_t host_len = 0;
    size_t authority_len = 0;

    text_escape(shown, sizeof(shown), bytes_of(url, len < INTUNE_URL_MAX ? len : 0));
    if (len >= INTUNE_URL_MAX || !text_starts_nocase(url, scheme)) {
        return error_set(err, REASON_INTUNE_DISCOVERY, "the address \"%s\" is none of https",
                         shown);
    }
    while (is_host_char(host[host_len])) {
        host_len++;
    }
    authority_len = strcspn(host, "/");
    if (!host_allowed(host, host_len, suffix)
        || !port_ok(host + host_len, authority_len - host_len)) {
        return error_set(err, REASON_INTUNE_DISCOVERY,
                         "the address \"%s\" does not lie on %s or below it "
                         "(intune.service_suffix)",
                         shown, suffix);
    }
    for (const char *c = host + authority_len; *c != '\0'; c++) {
        if (!is_path_char(*c)) {
            return error_set(err, REASON_INTUNE_DISCOVERY,
                             "the address \"%s\" has a query or odd characters", shown);
        }
    }
    while (url[len - 1] == '/') { /* ends at the host at the latest */
        len--;
    }
    memcpy(out, url, len);
    out[len] = '\0';
    return true;
}
