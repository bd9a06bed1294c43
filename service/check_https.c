/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_https.h"

#include "base/text.h"
#include "config/config_net.h"
#include "platform/clock.h"
#include "service/tls_report.h"

#define WHAT "HTTPS"

struct https_check {
    check_visit *visit;
    void *context;
    bool listens; /* what nobody sees is no error */
    size_t problems;
};

static bool problem(void *context, bool is_error, const char *text, struct error *err)
{
    struct https_check *check = context;

    check->problems++;
    return check->visit(check->context, is_error && check->listens ? CHECK_ERROR : CHECK_WARNING,
                        WHAT, NULL, text, "openndes tls issue, or openndes tls import", err);
}

/* ---- the certificate ------------------------------------------------------------------------ */

static bool check_certificate(const char *data, const struct service_config *config,
                              struct https_check *check, struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error why = ERROR_INIT;
    char until[CLOCK_TEXT_MAX];
    char text[NAME_TEXT_MAX + 64];
    bool ok = false;

    if (!check->listens && !tls_files_configured(data, config)) {
        return check->visit(check->context, CHECK_OK, WHAT, NULL, "off (https.listen is empty)",
                            NULL, err);
    }
    if (!tls_files_load(data, config, &files, &why)) {
        return check->visit(check->context, check->listens ? CHECK_ERROR : CHECK_WARNING, WHAT,
                            &why, why.detail, "openndes tls issue, or openndes tls import", err);
    }
    if (!tls_report(&files, config, clock_now(), problem, check, err)) goto out;
    clock_format(files.info.not_after, until);
    ok = check->problems != 0
         || (text_format(text, sizeof(text), "certificate %.900s, valid until %s%s",
                         files.info.subject, until, check->listens ? "" : "; not in use")
             && check->visit(check->context, CHECK_OK, WHAT, NULL, text, NULL, err));
out:
    tls_files_clear(&files);
    return ok;
}

/* RFC 5280 8: who checks the revocation of the certificate needs the connection it protects. */
static bool check_public_url(const struct service_config *config, struct https_check *check,
                             struct error *err)
{
    return !text_starts_nocase(config->public_url, "https://")
           || check->visit(check->context, CHECK_WARNING, "public_url", NULL,
                           "certificates carry it as address of CRL and CA; Windows and many "
                           "devices fetch neither over https",
                           "openndes config set public_url=http://NAME", err);
}

/* ---- pages without HTTPS -------------------------------------------------------------------- */

/* Does a listener without TLS show the page to more than this machine? */
static bool page_in_clear(const struct service_config *config)
{
    struct listen_config listen;
    struct error ignored = ERROR_INIT;
    struct bytes item;
    size_t pos = 0;
    char text[CONFIG_LIST_ITEM_MAX];

    while (text_next_item(bytes_of_text(config->listen), ',', &pos, &item)) {
        if (text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)
            && config_net_parse_listen(text, &listen, &ignored)
            && (listen.faces & LISTEN_FACE_UI) != 0 && !ip_address_is_loopback(&listen.address)) {
            return true;
        }
    }
    return false;
}

/* May Basic without TLS come from beyond this machine? */
static bool basic_in_clear(const struct service_config *config)
{
    struct ip_prefix prefix;
    struct error ignored = ERROR_INIT;
    struct bytes item;
    size_t pos = 0;

    if (!config->signin.basic_http.enabled) {
        return false;
    }
    while (text_next_item(bytes_of_text(config->signin.basic_http.allowed), ',', &pos, &item)) {
        if (!ip_prefix_parse(item, &prefix, &ignored) || prefix.bits < 8
            || !ip_address_is_loopback(&prefix.address)) {
            return true;
        }
    }
    return false;
}

static bool check_page(const struct service_config *config, struct https_check *check,
                       struct error *err)
{
    if (!page_in_clear(config)) {
        return true;
    }
    if (basic_in_clear(config)
        && !check->visit(check->context, CHECK_WARNING, "basic_http.enabled", NULL,
                         "passwords of accounts cross the network in clear",
                         "serve the page by HTTPS only: openndes config set "
                         "listen=0.0.0.0:80/scep+crl https.listen=0.0.0.0:443 "
                         "basic_http.enabled=false",
                         err)) {
        return false;
    }
    return !config->signin.negotiate
           || check->visit(check->context, CHECK_WARNING, "signin.negotiate", NULL,
                           "the password page is served without HTTPS: a Windows sign-in can be "
                           "relayed (NTLM) and one-time passwords be read on the way",
                           "serve it by HTTPS only: openndes config set "
                           "listen=0.0.0.0:80/scep+crl https.listen=0.0.0.0:443",
                           err);
}

bool check_https(const char *data, const struct service_config *config, bool has_page,
                 check_visit *visit, void *context, struct error *err)
{
    struct https_check check = {
        .visit = visit,
        .context = context,
        .listens = config->https.listen[0] != '\0',
    };

    return check_certificate(data, config, &check, err) && check_public_url(config, &check, err)
           && (!has_page || check_page(config, &check, err));
}
