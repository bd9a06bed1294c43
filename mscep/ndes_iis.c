/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_iis.h"

#include <string.h>

#include "base/text.h"
#include "base/xml.h"
#include "platform/files.h"

#define DEVICE_PATH "/CertSrv/mscep"
#define ADMIN_PATH "/CertSrv/mscep_admin"
#define ATTRIBUTE_BYTES 4096u

/* ---- elements -------------------------------------------------------------------------------- */

static bool is_named(const struct xml_node *node, const char *name)
{
    return strcmp(xml_node_name(node), name) == 0;
}

/* First child with this name; NULL when there is none, or no node. */
static const struct xml_node *child_named(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = node == NULL ? NULL : xml_node_child(node);

    while (child != NULL && !is_named(child, name)) {
        child = xml_node_next(child);
    }
    return child;
}

/* A missing attribute, and one that is too long for us, is "". */
static bool attribute(const struct xml_node *node, const char *name, char *out, size_t size,
                      struct error *err)
{
    struct buffer value = BUFFER_INIT(ATTRIBUTE_BYTES);
    struct error cause = ERROR_INIT;
    bool found = false;
    bool ok = xml_node_attribute(node, name, &value, &found, &cause);

    out[0] = '\0';
    if (ok && found && !text_copy(out, size, buffer_text(&value))) {
        out[0] = '\0';
    }
    buffer_clear(&value);
    return ok || cause.reason == REASON_LIMIT || error_set(err, cause.reason, "%s", cause.detail);
}

/* ---- site and bindings ----------------------------------------------------------------------- */

/* "*:80:", "10.0.0.1:80:host", "[::1]:443:" */
static bool parse_binding(const char *text, struct ndes_iis_binding *out)
{
    struct error ignored = ERROR_INIT;
    const char *colon = NULL;
    const char *host = NULL;
    uint64_t port = 0;
    size_t len = 0;

    if (text[0] == '[') {
        const char *closing = strchr(text, ']');

        colon = closing == NULL || closing[1] != ':' ? NULL : closing + 1;
    } else {
        colon = strchr(text, ':');
    }
    host = colon == NULL ? NULL : strchr(colon + 1, ':');
    if (host == NULL || !text_copy(out->host, sizeof(out->host), host + 1)
        || !text_parse_u64(bytes_of(colon + 1, (size_t)(host - colon) - 1), 65535, &port)
        || port == 0) {
        return false;
    }
    out->port = (uint16_t)port;
    len = (size_t)(colon - text);
    out->any = len == 0 || (len == 1 && text[0] == '*');
    if (out->any) {
        return true;
    }
    return text[0] == '[' ? ip_address_parse(bytes_of(text + 1, len - 2), &out->address, &ignored)
                          : ip_address_parse(bytes_of(text, len), &out->address, &ignored);
}

static bool read_binding(struct ndes_iis *iis, const struct xml_node *node, struct error *err)
{
    struct ndes_iis_binding binding = { 0 };
    char protocol[32];
    char information[NDES_IIS_TEXT_MAX + 64];

    if (!attribute(node, "protocol", protocol, sizeof(protocol), err)
        || !attribute(node, "bindingInformation", information, sizeof(information), err)) {
        return false;
    }
    binding.https = text_equal_nocase(protocol, "https");
    if (!binding.https && !text_equal_nocase(protocol, "http")) {
        return true; /* net.tcp and the like: not NDES's */
    }
    if (!parse_binding(information, &binding) || iis->binding_count == NDES_IIS_BINDINGS_MAX) {
        iis->bindings_skipped++;
        return true;
    }
    iis->bindings[iis->binding_count++] = binding;
    return true;
}

static bool read_bindings(struct ndes_iis *iis, const struct xml_node *site, struct error *err)
{
    const struct xml_node *bindings = child_named(site, "bindings");
    const struct xml_node *node = bindings == NULL ? NULL : xml_node_child(bindings);

    for (; node != NULL; node = xml_node_next(node)) {
        if (is_named(node, "binding") && !read_binding(iis, node, err)) {
            return false;
        }
    }
    return true;
}

/* What one site has of NDES. */
struct site_applications {
    bool device;
    bool admin;
    size_t others;
    char pool[NDES_IIS_TEXT_MAX];
};

static bool read_applications(const struct xml_node *site, struct site_applications *out,
                              struct error *err)
{
    const struct xml_node *node = xml_node_child(site);
    char path[NDES_IIS_TEXT_MAX];

    memset(out, 0, sizeof(*out));
    for (; node != NULL; node = xml_node_next(node)) {
        if (!is_named(node, "application")) {
            continue;
        }
        if (!attribute(node, "path", path, sizeof(path), err)) {
            return false;
        }
        if (text_equal_nocase(path, DEVICE_PATH)) {
            out->device = true;
            if (!attribute(node, "applicationPool", out->pool, sizeof(out->pool), err)) {
                return false;
            }
        } else if (text_equal_nocase(path, ADMIN_PATH)) {
            out->admin = true;
        } else if (strcmp(path, "/") != 0) {
            out->others++;
        }
    }
    return true;
}

static bool read_site(struct ndes_iis *iis, const struct xml_node *site, struct error *err)
{
    struct site_applications applications;

    if (!read_applications(site, &applications, err)) {
        return false;
    }
    if (!applications.device) {
        return true;
    }
    if (iis->found) {
        iis->other_sites++;
        return true;
    }
    iis->found = true;
    iis->has_admin = applications.admin;
    iis->other_applications = applications.others;
    memcpy(iis->pool, applications.pool, sizeof(iis->pool));
    return attribute(site, "name", iis->site, sizeof(iis->site), err)
           && read_bindings(iis, site, err);
}

static bool read_sites(struct ndes_iis *iis, const struct xml_node *host, struct error *err)
{
    const struct xml_node *sites = child_named(host, "sites");
    const struct xml_node *node = sites == NULL ? NULL : xml_node_child(sites);

    for (; node != NULL; node = xml_node_next(node)) {
        if (is_named(node, "site") && !read_site(iis, node, err)) {
            return false;
        }
    }
    return true;
}

/* The account is wanted for its SPN; the password beside it is not read. */
static bool read_pool(struct ndes_iis *iis, const struct xml_node *host, struct error *err)
{
    const struct xml_node *pools = child_named(host, "applicationPools");
    const struct xml_node *node = pools == NULL ? NULL : xml_node_child(pools);
    char name[NDES_IIS_TEXT_MAX];

    for (; node != NULL; node = xml_node_next(node)) {
        const struct xml_node *model = child_named(node, "processModel");

        if (!is_named(node, "add") || model == NULL) {
            continue;
        }
        if (!attribute(node, "name", name, sizeof(name), err)) {
            return false;
        }
        if (text_equal_nocase(name, iis->pool)) {
            return attribute(model, "userName", iis->pool_account, sizeof(iis->pool_account), err)
                   && (iis->pool_account[0] != '\0'
                       || attribute(model, "identityType", iis->pool_account,
                                    sizeof(iis->pool_account), err));
        }
    }
    return true;
}

/* ---- sign-in --------------------------------------------------------------------------------- */

/* One setting, and how specific the place is that has set it. */
struct inherited {
    const char *element;
    enum ndes_iis_switch *value;
    size_t depth;
};

struct sign_in_walk {
    struct inherited methods[4];
    bool *needs_tls;
    size_t tls_depth;
};

static bool read_method(const struct xml_node *authentication, struct inherited *method,
                        size_t depth, struct error *err)
{
    const struct xml_node *node = child_named(authentication, method->element);
    char enabled[16];

    if (node == NULL) {
        return true;
    }
    if (!attribute(node, "enabled", enabled, sizeof(enabled), err)) {
        return false;
    }
    if (enabled[0] != '\0' && depth >= method->depth) {
        *method->value = text_equal_nocase(enabled, "true") ? NDES_IIS_ON : NDES_IIS_OFF;
        method->depth = depth;
    }
    return true;
}

/* "None", "Ssl", "Ssl,SslNegotiateCert,Ssl128", or a number whose bit 8 is Ssl. */
static bool demands_tls(const char *flags)
{
    struct bytes item;
    uint64_t number = 0;
    size_t pos = 0;

    while (text_next_item(bytes_of_text(flags), ',', &pos, &item)) {
        if ((item.len == 3 && text_starts_nocase((const char *)item.data, "Ssl"))
            || (text_parse_u64(item, UINT32_MAX, &number) && (number & 8) != 0)) {
            return true;
        }
    }
    return false;
}

static bool read_access(const struct xml_node *security, struct sign_in_walk *walk, size_t depth,
                        struct error *err)
{
    const struct xml_node *access = child_named(security, "access");
    char flags[128];

    if (access == NULL) {
        return true;
    }
    if (!attribute(access, "sslFlags", flags, sizeof(flags), err)) {
        return false;
    }
    if (flags[0] != '\0' && depth >= walk->tls_depth) {
        *walk->needs_tls = demands_tls(flags);
        walk->tls_depth = depth;
    }
    return true;
}

/* <system.webServer><security>: of the whole file, or of one location. */
static bool read_security(const struct xml_node *holder, struct sign_in_walk *walk, size_t depth,
                          struct error *err)
{
    const struct xml_node *security =
        child_named(child_named(holder, "system.webServer"), "security");
    const struct xml_node *authentication = child_named(security, "authentication");

    if (security == NULL) {
        return true;
    }
    for (size_t i = 0; authentication != NULL && i < 4; i++) {
        if (!read_method(authentication, &walk->methods[i], depth, err)) {
            return false;
        }
    }
    return read_access(security, walk, depth, err);
}

/* A location counts for the page when its path is the page's, or one above it. */
static bool covers(const char *location, const char *page)
{
    size_t len = strlen(location);

    return len == 0
           || (text_starts_nocase(page, location) && (page[len] == '\0' || page[len] == '/'));
}

static bool read_sign_in(struct ndes_iis *iis, const struct xml_node *root, struct error *err)
{
    struct sign_in_walk walk = {
        .methods = { { "anonymousAuthentication", &iis->anonymous, 0 },
                     { "windowsAuthentication", &iis->windows, 0 },
                     { "basicAuthentication", &iis->basic, 0 },
                     { "digestAuthentication", &iis->digest, 0 } },
        .needs_tls = &iis->needs_tls,
    };
    char page[NDES_IIS_TEXT_MAX + sizeof(ADMIN_PATH)];
    char path[NDES_IIS_TEXT_MAX + 64];

    if (!text_format(page, sizeof(page), "%s%s", iis->site, ADMIN_PATH)) {
        return error_set(err, REASON_LIMIT, "the site's name is too long");
    }
    if (!read_security(root, &walk, 0, err)) {
        return false;
    }
    for (const struct xml_node *node = xml_node_child(root); node != NULL;
         node = xml_node_next(node)) {
        if (!is_named(node, "location")) {
            continue;
        }
        if (!attribute(node, "path", path, sizeof(path), err)) {
            return false;
        }
        if (covers(path, page) && !read_security(node, &walk, strlen(path), err)) {
            return false;
        }
    }
    return true;
}

/* ---- the file -------------------------------------------------------------------------------- */

bool ndes_iis_parse(struct ndes_iis *out, struct bytes file, struct error *err)
{
    struct xml_doc *doc = xml_doc_parse(file, LIMIT_XML_BYTES, LIMIT_XML_DEPTH, err);
    const struct xml_node *root = doc == NULL ? NULL : xml_doc_root(doc);
    const struct xml_node *host = NULL;
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (root == NULL) goto out;
    if (!is_named(root, "configuration")) {
        error_set(err, REASON_SYNTAX, "line %zu: not a configuration of IIS", xml_node_line(root));
        goto out;
    }
    host = child_named(root, "system.applicationHost");
    if (!read_sites(out, host, err)) goto out;
    ok = !out->found || (read_pool(out, host, err) && read_sign_in(out, root, err));
out:
    xml_doc_free(doc);
    if (!ok) {
        memset(out, 0, sizeof(*out));
    }
    return ok;
}

bool ndes_iis_read_file(struct ndes_iis *out, const char *path, struct error *err)
{
    struct buffer file = BUFFER_INIT(LIMIT_XML_BYTES);
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (file_read(path, LIMIT_XML_BYTES, &file, err)) {
        ok = ndes_iis_parse(out, buffer_bytes(&file), err) || error_context(err, "%s", path);
    }
    buffer_clear(&file);
    return ok;
}
