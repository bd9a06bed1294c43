/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_tables.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "config/config_load.h"
#include "config/config_names.h"
#include "config/config_net.h"
#include "platform/clock.h"
#include "platform/proxy_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const words_challenge[] = { "static", "ndes", "intune", "none", NULL };
static const char *const words_ra[] = { "single", "pair", NULL };
static const char *const words_plain_get[] = { "page", "forbidden", NULL };
static const char *const words_caps[] = { "extended", "strict", NULL };
static const char *const words_binding[] = { "none", "allow", "require", NULL };
static const char *const words_tls[] = { "1.2", "1.3", NULL };
static const char *const words_unlisted[] = { "refuse", "drop", NULL };
static const char *const words_key_types[] = { "rsa", "ec", NULL };
static const char *const words_curves[] = { "P-256", "P-384", "P-521", NULL };
static const char *const words_approval[] = { "automatic", "manual", NULL };
static const char *const words_renewal_names[] = { "certificate", "equal", NULL };
static const char *const words_renewal_challenge[] = { "first", "either", "both", NULL };
static const char *const words_source[] = { "template", "csr", NULL };
static const char *const words_algorithms[] = { "modern", "compat", "legacy", NULL };
static const char *const words_acl_limit[] = { "scep", "ui", "both", NULL };
static const char *const words_strictness[] = { "enforce", "audit", "off", NULL };
static const char *const words_intune_renewal[] = { "refuse", "certificate", NULL };
static const char *const words_credential[] = { "secret", "certificate", NULL };
static const char *const words_cloud[] = { "public", "gcchigh", "dod", "china", NULL };
static const char *const words_log_level[] = { "error", "warning", "info", "debug", NULL };

/* A CA's name is a folder: the same letters as in a template's name. */
static bool check_ca(const char *text, struct error *err)
{
    struct error unused = ERROR_INIT;

    if (!template_name_check(text, &unused)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "not the name of a CA; possible: a-z, 0-9, '-', '_', '.', first a letter "
                         "or digit, no Windows device name");
    }
    return true;
}

/* "" or a CA's name. */
static bool check_other_ca(const char *text, struct error *err)
{
    return text[0] == '\0' || check_ca(text, err);
}

/* "" or a template's name; that it exists is found out when the service loads it. */
static bool check_template(const char *text, struct error *err)
{
    struct error unused = ERROR_INIT;

    if (text[0] != '\0' && !template_name_check(text, &unused)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "not the name of a template; \"openndes template list\" shows them");
    }
    return true;
}

/* A Windows user or group; whether the machine knows it is found out when the service starts. */
static bool check_principal(const char *text, struct error *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || strchr("\"/[]:;|=+*?<>", *c) != NULL) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "not a user or group; possible: DOMAIN\\name, name@domain, or a SID "
                             "such as S-1-5-32-544");
        }
    }
    return true;
}

static bool check_passphrase_mac(const char *text, struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES];
    size_t len = 0;

    if (text[0] != '\0'
        && (!text_unhex(mac, sizeof(mac), &len, bytes_of_text(text)) || len != sizeof(mac))) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "not %zu hexadecimal digits; it is written by the command that sets the "
                         "passphrase, never by hand",
                         2 * sizeof(mac));
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A tenant is a GUID or a domain: it becomes part of a URL. */
static bool check_tenant(const char *text, struct error *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_alnum(*c) && *c != '-' && *c != '.') {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "not a tenant; possible: its id, such as "
                             "11111111-2222-3333-4444-555555555555, or a domain, such as "
                             "contoso.onmicrosoft.com");
        }
    }
    return true;
}

/* Below which host services may lie: no empty label, which no name ends with. */
static bool check_suffix(const char *text, struct error *err)
{
    size_t len = strlen(text);

    return (check_tenant(text, NULL) && text[0] != '.' && (len == 0 || text[len - 1] != '.')
            && strstr(text, "..") == NULL)
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "not the name of a host; possible: one such as manage.microsoft.com, "
                        "without a dot or a star in front");
}

/* "system", "none", or http://HOST:PORT, which is what the HTTPS client takes. */
static bool check_proxy(const char *text, struct error *err)
{
    struct error unused = ERROR_INIT;
    char proxy[PROXY_TEXT_MAX];

    if (strcmp(text, "system") == 0 || strcmp(text, "none") == 0) {
        return true;
    }
    return (strncmp(text, "http://", 7) == 0 && config_net_check_url(text, &unused)
            && proxy_of_list(text, "intune.proxy", proxy, &unused))
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "possible: system, none, or http://HOST:PORT; user and password have "
                        "settings of their own");
}

/* RFC 7617 2: the first colon would end the user. */
static bool check_proxy_user(const char *text, struct error *err)
{
    return strchr(text, ':') == NULL
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "a colon in it; the password is set with \"openndes intune "
                        "proxy-password\"");
}

static bool check_https_url(const char *text, struct error *err)
{
    return text[0] == '\0' || (strncmp(text, "https://", 8) == 0 && config_net_check_url(text, err))
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "possible: https://HOST, with :PORT and a path if need be");
}

/* Year, month, day; one that the calendar has. */
static bool check_date(const char *text, struct error *err)
{
    char begin[CLOCK_TEXT_MAX];
    int64_t seconds = 0;

    return text[0] == '\0'
           || (text_format(begin, sizeof(begin), "%sT00:00:00Z", text)
               && clock_parse(begin, &seconds))
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "possible: a day such as 2027-05-31, or empty");
}

/* A name in policies/, never a path. */
static bool check_policy_file(const char *text, struct error *err)
{
    bool ok = text[0] != '.' && strlen(text) <= LIMIT_POLICY_FILE_NAME;

    for (const char *c = text; ok && *c != '\0'; c++) {
        ok = is_alnum(*c) || strchr("-_. ", *c) != NULL;
    }
    return ok
           || error_set(err, REASON_CONFIG_BAD_VALUE,
                        "not the name of a file in the folder policies; possible: letters, digits, "
                        "'-', '_', '.', ' ', no folder, at most %u characters",
                        LIMIT_POLICY_FILE_NAME);
}

/* Health and metrics have a listener of their own: faces cannot be chosen. */
static bool check_management_listen(const char *text, struct error *err)
{
    return config_net_check_listen(text, err)
           && (strchr(text, '/') == NULL
               || error_set(err, REASON_CONFIG_BAD_VALUE,
                            "possible: ADDRESS:PORT; only health and metrics are served there"));
}

/* One row each; `at` is the field's offset in the struct of the scope. */
#define KEY_BOOL(name, at, standard, help)                                                         \
    {                                                                                              \
        name, CONFIG_TYPE_BOOL, at, standard, 0, 0, NULL, NULL, false, "", help                    \
    }
#define KEY_INTEGER(name, at, standard, min, max, unit, help)                                      \
    {                                                                                              \
        name, CONFIG_TYPE_INTEGER, at, standard, min, max, NULL, NULL, false, unit, help           \
    }
#define KEY_WORD(name, at, standard, words, help)                                                  \
    {                                                                                              \
        name, CONFIG_TYPE_WORD, at, standard, 0, 0, words, NULL, false, "", help                   \
    }
#define KEY_TEXT(name, at, standard, min, max, check, help)                                        \
    {                                                                                              \
        name, CONFIG_TYPE_TEXT, at, standard, min, max, NULL, check, false, "", help               \
    }
#define KEY_LIST(name, at, standard, min, max, words, check, help)                                 \
    {                                                                                              \
        name, CONFIG_TYPE_LIST, at, standard, min, max, words, check, false, "", help              \
    }

/* The rows of one struct ndes_face_config; at: the member that holds it. */
#define KEYS_NDES_FACE(at, allowed_default, allowed_help)                                          \
    KEY_WORD("ndes.plain_get", AT(at.plain_get), "page", words_plain_get,                          \
             "What the device URL of the NDES face says to a GET without operation: page (NDES's " \
             "page of help) or forbidden (403, as NDES with the Intune connector)."),              \
        KEY_WORD("ndes.caps", AT(at.caps), "extended", words_caps,                                 \
                 "GetCACaps on the NDES face: extended (NDES's lines, then AES and SCEPStandard) " \
                 "or strict (NDES's lines alone)."),                                               \
        KEY_WORD("ndes.ra", AT(at.ra), "pair", words_ra,                                           \
                 "RA certificates in GetCACert on the NDES face: pair (one that signs, one that "  \
                 "decrypts, as NDES) or single."),                                                 \
        KEY_LIST("ndes.allowed", AT(at.allowed), allowed_default, 0, 256, NULL, check_principal,   \
                 allowed_help)

#define AT(field) offsetof(struct service_config, field)

static const struct config_key service_keys[] = {
    KEY_LIST("listen", AT(listen), "0.0.0.0:80,[::]:80", 0, LIMIT_LISTENERS, NULL,
             config_net_check_listen,
             "Where the service listens for HTTP: ADDRESS:PORT, an IPv6 address in brackets. "
             "ADDRESS:PORT/FACES serves only some: scep, ui (the password page and its API), crl "
             "(CRL and CA certificates), joined by +, such as 0.0.0.0:80/scep+crl. Empty: HTTPS "
             "only."),
    KEY_TEXT("public_url", AT(public_url), "", 0, 512, config_net_check_url,
             "How devices reach this server, such as http://scep.example.com, without a \"/\" at "
             "the end. Empty: made from the host name and the first listener."),
    KEY_LIST("https.listen", AT(https.listen), "", 0, LIMIT_LISTENERS, NULL,
             config_net_check_listen,
             "Where the service listens for HTTPS, written as in listen. Empty: nowhere."),
    KEY_TEXT("https.certificate", AT(https.certificate), "", 0, 512, NULL,
             "File with the server's certificate: PEM with its chain, or PKCS#12 (.pfx, .p12). "
             "Empty: the one that \"openndes tls issue\" or \"tls import\" put into the data "
             "folder."),
    KEY_TEXT("https.key", AT(https.key), "", 0, 512, NULL,
             "PEM file with the certificate's private key. Empty: it stands in the certificate's "
             "file, or was sealed into the data folder by \"openndes tls\"."),
    KEY_WORD("https.min_version", AT(https.min_version), "1.2", words_tls,
             "The oldest TLS version that is spoken."),
    KEY_INTEGER("https.connections", AT(https.connections), "256", 1, 4096, "connections",
                "HTTPS connections open at the same time."),
    KEY_INTEGER("https.handshake_seconds", AT(https.handshake_seconds), "10", 1, 120, "seconds",
                "A TLS handshake that takes longer is ended."),
    KEY_LIST("management.listen", AT(management.listen), "127.0.0.1:9880", 0, 4, NULL,
             check_management_listen,
             "Where health (/healthz, /readyz) and metrics (/metrics) are served: ADDRESS:PORT. "
             "Nobody signs in there: keep it on this machine or behind a firewall. Empty: "
             "nowhere."),
    KEY_LIST("trusted_proxies", AT(trusted_proxies), "", 0, LIMIT_ACL_PREFIXES, NULL,
             config_net_check_prefix,
             "Addresses and prefixes of reverse proxies. From them, and only from them, "
             "X-Forwarded-For says who the client is and X-Forwarded-Proto whether it came by "
             "HTTPS."),
    KEY_BOOL("ndes.enabled", AT(ndes.enabled), "false",
             "Answer at NDES's own URLs, /certsrv/mscep and /certsrv/mscep_admin."),
    KEY_TEXT(
        "ndes.GeneralPurposeTemplate", AT(ndes.general_template), "", 0, LIMIT_TEMPLATE_NAME,
        check_template,
        "The template there for requests whose key usage asks for signature and encryption, "
        "or for nothing. Its PasswordLength, PasswordValidity and PasswordMax are those of the "
        "password page."),
    KEY_TEXT("ndes.SignatureTemplate", AT(ndes.signature_template), "", 0, LIMIT_TEMPLATE_NAME,
             check_template,
             "The template there for requests whose key usage asks for signature only. Empty: "
             "ndes.GeneralPurposeTemplate."),
    KEY_TEXT("ndes.EncryptionTemplate", AT(ndes.encryption_template), "", 0, LIMIT_TEMPLATE_NAME,
             check_template,
             "The template there for requests whose key usage asks for key encipherment only. "
             "Empty: ndes.GeneralPurposeTemplate."),
    KEYS_NDES_FACE(ndes.face, "S-1-5-32-544",
                   "Who gets passwords from the page and its API: Windows users and groups, as "
                   "DOMAIN\\name, name@domain or SID. S-1-5-32-544 are the machine's "
                   "administrators."),
    KEY_BOOL("signin.negotiate", AT(signin.negotiate), "true",
             "Offer Windows sign-in (Negotiate and NTLM) to the password page, on Windows."),
    KEY_BOOL("signin.basic", AT(signin.basic), "false",
             "Offer Basic sign-in to the password page over HTTPS: Windows accounts, and accounts "
             "made with \"openndes account add\"."),
    KEY_BOOL("basic_http.enabled", AT(signin.basic_http.enabled), "false",
             "Accept Basic without HTTPS from basic_http.allowed. The password then crosses "
             "the network in clear."),
    KEY_LIST("basic_http.allowed", AT(signin.basic_http.allowed), "127.0.0.0/8,::1", 0,
             LIMIT_ACL_PREFIXES, NULL, config_net_check_prefix,
             "Addresses and prefixes that may use Basic without HTTPS."),
    KEY_WORD("signin.channel_binding", AT(signin.channel_binding), "allow", words_binding,
             "Whether a Windows sign-in over HTTPS must be bound to the server's certificate "
             "(Extended Protection): none, allow (if the client can) or require. It stops relayed "
             "sign-ins."),
    KEY_INTEGER("signin.failures", AT(signin.failures), "10", 0, 10000, "sign-ins",
                "Failed sign-ins of one address within signin.throttle_minutes before it has to "
                "wait. 0: no such limit."),
    KEY_INTEGER("signin.throttle_minutes", AT(signin.throttle_minutes), "5", 1, 1440, "minutes",
                "How long failed sign-ins of an address are counted."),
    {
        .name = "signin.package",
        .type = CONFIG_TYPE_TEXT,
        .offset = AT(signin.package),
        .default_text = "Negotiate",
        .max = 64,
        .internal = true,
        .unit = "",
        .help = "Security package that checks Windows sign-ins; for tests.",
    },
    KEY_INTEGER("limits.body_bytes", AT(limits.body_bytes), "65536", 4096, LIMIT_BODY_BYTES_MAX,
                "bytes", "The largest request body. A SCEP request is below 10 KB."),
    KEY_INTEGER(
        "limits.connections", AT(limits.connections), "512", 1, 65536, "connections",
        "Connections open at the same time; when there are more, those that ask for nothing end."),
    KEY_INTEGER(
        "limits.connections_per_address", AT(limits.connections_per_address), "64", 0, 65536,
        "connections",
        "The same for one client address (IPv6: one /64). 0: no such limit. Raise it when all "
        "devices come through one proxy."),
    KEY_INTEGER(
        "limits.idle_seconds", AT(limits.idle_seconds), "30", 1, 3600, "seconds",
        "A connection without a request is closed after this time; one that is too slow, too."),
    KEY_INTEGER("limits.stop_seconds", AT(limits.stop_seconds), "10", 0, 120, "seconds",
                "Requests that run when the service stops get this long to end."),
    KEY_INTEGER("workers.threads", AT(workers.threads), "0", 0, 256, "threads",
                "Threads that work on requests. 0: four for each processor, because most wait for "
                "the disk at times."),
    KEY_INTEGER("workers.queue", AT(workers.queue), "200", 1, 10000, "requests",
                "Requests that may wait for a worker; beyond it a client is told to try again."),
    KEY_WORD("log.level", AT(log.level), "info", words_log_level,
             "The least important thing to log; each word includes those before it."),
    KEY_INTEGER("log.file_mb", AT(log.file_mb), "10", 1, 1024, "MB",
                "A log file larger than this is closed and a new one begun."),
    KEY_INTEGER("log.files", AT(log.files), "5", 1, 1000, "files",
                "Closed log files that are kept; the oldest is deleted."),
    KEY_INTEGER("audit.file_mb", AT(audit.file_mb), "50", 1, 4096, "MB",
                "An audit file larger than this is closed and a new one begun."),
    KEY_INTEGER("audit.files", AT(audit.files), "10", 1, 10000, "files",
                "Closed audit files that are kept; copy them away before the oldest is deleted."),
    KEY_INTEGER("crl.validity_hours", AT(crl.validity_hours), "168", 2, 8760, "hours",
                "How long a certificate revocation list is valid."),
    KEY_INTEGER("crl.renew_hours", AT(crl.renew_hours), "48", 1, 8759, "hours",
                "How long before its end a revocation list is replaced; less than "
                "crl.validity_hours."),
    KEY_BOOL("ocsp.enabled", AT(ocsp.enabled), "false",
             "Answer questions about certificates at /ocsp/<ca> (OCSP), and put that address into "
             "new certificates."),
    KEY_INTEGER("ocsp.validity_minutes", AT(ocsp.validity_minutes), "240", 10, 10080, "minutes",
                "How long an OCSP answer is valid; a revocation may stay unnoticed for so long."),
    KEY_INTEGER("ocsp.signer_days", AT(ocsp.signer_days), "14", 2, 397, "days",
                "How long a certificate that signs OCSP answers is valid; a new one is made in "
                "time."),
    KEY_INTEGER("ocsp.signatures_per_minute", AT(ocsp.signatures_per_minute), "600", 0, 1000000,
                "answers",
                "OCSP answers that are signed for one address in a minute; beyond it a client is "
                "told to try later. Answers that are kept do not count. 0: any number."),
    KEY_INTEGER("ra.renew_days", AT(ra.renew_days), "30", 0, 365, "days",
                "How long before its end an RA certificate is replaced; the old one goes on for "
                "devices that still use it. 0: only by \"openndes ca renew-ra\"."),
    KEY_INTEGER("ra.keep_days", AT(ra.keep_days), "30", 0, 3650, "days",
                "How long after its end a replaced RA certificate still opens messages of devices "
                "that have not noticed."),
    KEY_INTEGER("alarm.unprocessable_per_hour", AT(alarm.unprocessable_per_hour), "1000", 0,
                1000000, "messages",
                "More messages of one hour that cannot be opened or proven raise an alarm: "
                "somebody may be probing the RA key. 0: no alarm."),
    KEY_INTEGER("alarm.refused_per_hour", AT(alarm.refused_per_hour), "1000", 0, 1000000,
                "requests",
                "More refused challenges of one template in one hour raise an alarm: somebody may "
                "be guessing. 0: no alarm."),
    KEY_TEXT("intune.tenant", AT(intune.tenant), "", 0, 253, check_tenant,
             "The Entra tenant whose Intune challenges are checked: its id or a domain. Empty: "
             "Intune is not used."),
    KEY_TEXT("intune.client_id", AT(intune.client_id), "", 0, 64, check_tenant,
             "Application (client) id of the app registration of this server."),
    KEY_WORD("intune.credential", AT(intune.credential), "secret", words_credential,
             "How this server signs in to Entra: secret (\"openndes intune secret\") or "
             "certificate (\"openndes intune certificate\")."),
    KEY_TEXT("intune.secret_expires", AT(intune.secret_expires), "", 0, 10, check_date,
             "The day on which the client secret ends, such as 2027-05-31; it is warned about 60 "
             "days before."),
    KEY_WORD("intune.cloud", AT(intune.cloud), "public", words_cloud,
             "Microsoft's cloud: public, gcchigh, dod or china. It decides about the next five "
             "settings where they are empty."),
    KEY_TEXT("intune.authority", AT(intune.authority), "", 0, 256, check_https_url,
             "Where tokens come from, such as https://login.microsoftonline.com."),
    KEY_TEXT("intune.graph", AT(intune.graph), "", 0, 256, check_https_url,
             "Microsoft Graph, such as https://graph.microsoft.com."),
    KEY_TEXT("intune.resource", AT(intune.resource), "", 0, 256, check_https_url,
             "The Intune API as tokens name it, such as https://api.manage.microsoft.com."),
    KEY_TEXT("intune.service_suffix", AT(intune.service_suffix), "", 0, 253, check_suffix,
             "The services that Graph names must lie on this host or below it, such as "
             "manage.microsoft.com."),
    KEY_TEXT("intune.scope", AT(intune.scope), "", 0, 300, NULL,
             "The scope of tokens for Intune. Empty: intune.resource, then //.default."),
    KEY_TEXT("intune.discovery_app", AT(intune.discovery_app),
             "0000000a-0000-0000-c000-000000000000", 1, 64, check_tenant,
             "Intune's own application, whose service addresses Graph is asked for."),
    KEY_TEXT("intune.proxy", AT(intune.proxy), "system", 1, 256, check_proxy,
             "The HTTP proxy to Microsoft's cloud: system (as the machine is set up), none, or "
             "http://HOST:PORT."),
    KEY_TEXT("intune.proxy_user", AT(intune.proxy_user), "", 0, 128, check_proxy_user,
             "The proxy's user; its password is set with \"openndes intune proxy-password\"."),
    KEY_LIST("intune.no_proxy", AT(intune.no_proxy), "", 0, 64, NULL, check_tenant,
             "Hosts that are reached without proxy; .example.com stands for all below it."),
    KEY_TEXT("intune.ca_file", AT(intune.ca_file), "", 0, 512, NULL,
             "PEM file with CAs that are trusted besides the system's, such as that of a proxy "
             "which inspects TLS; relative to the data folder."),
    KEY_INTEGER("intune.connect_seconds", AT(intune.connect_seconds), "5", 1, 60, "seconds",
                "How long a connection to Microsoft's cloud may take to come about."),
    KEY_INTEGER("intune.total_seconds", AT(intune.total_seconds), "20", 1, 120, "seconds",
                "How long one call to Microsoft's cloud may take."),
    KEY_INTEGER("intune.requests", AT(intune.requests), "16", 1, 200, "requests",
                "Requests that may wait for Intune at the same time; more are told to try again, "
                "so that other templates go on answering."),
    KEY_INTEGER("intune.revocation_minutes", AT(intune.revocation_minutes), "15", 0, 1440,
                "minutes",
                "Time between two looks for certificates that Intune wants revoked. 0: never."),
    KEY_INTEGER("intune.notification_hours", AT(intune.notification_hours), "24", 1, 168, "hours",
                "How long it is tried to tell Intune of a refusal."),
    KEY_BOOL("ip_acl.enabled", AT(ip_acl.enabled), "false",
             "Answer only the addresses in ip_acl.allowed, for all templates; a template's own "
             "list comes on top."),
    KEY_LIST("ip_acl.allowed", AT(ip_acl.allowed), "", 0, LIMIT_ACL_PREFIXES, NULL,
             config_net_check_prefix,
             "Addresses and prefixes, IPv4 and IPv6, such as 10.1.0.0/16 or 2001:db8::/32."),
    KEY_WORD("ip_acl.limit", AT(ip_acl.limit), "both", words_acl_limit,
             "What the list limits: scep (the SCEP URLs), ui (the challenge page) or both."),
};

#undef AT
#define AT(field) offsetof(struct template_config, field)

static const struct config_key template_keys[] = {
    KEY_BOOL("enabled", AT(enabled), "false",
             "Whether the template answers. \"openndes template enable NAME\" sets it."),
    KEY_TEXT("description", AT(description), "", 0, 256, NULL, "A note for administrators."),
    KEY_TEXT("ca", AT(ca), "default", 1, LIMIT_TEMPLATE_NAME, check_ca,
             "The CA that issues: the name of a folder below ca."),
    KEY_TEXT("rollover.next", AT(rollover.next), "", 0, LIMIT_TEMPLATE_NAME, check_other_ca,
             "The CA that will follow: devices learn of it by GetNextCACert and may have "
             "certificates of it already. \"openndes ca rollover\" sets it. Empty: none."),
    KEY_TEXT("rollover.previous", AT(rollover.previous), "", 0, LIMIT_TEMPLATE_NAME, check_other_ca,
             "The CA before: goes on for devices that still use its RA, until it ends. "
             "\"openndes ca rollover\" sets it. Empty: none."),
    KEY_WORD(
        "approval", AT(approval), "automatic", words_approval,
        "automatic: a request that passes gets its certificate at once. manual: it waits until "
        "an administrator says \"openndes request approve\"; one without challenge may wait, "
        "too."),
    KEY_INTEGER("pending.days", AT(pending.days), "30", 1, 365, "days",
                "How long a request waits for approval; then it is forgotten."),
    KEY_INTEGER("pending.max", AT(pending.max), "1000", 1, 100000, "requests",
                "Requests that may wait for approval at the same time; more are refused."),
    KEY_BOOL("renewal.enabled", AT(renewal.enabled), "true",
             "Whether a device may have a new certificate without challenge when it signs with the "
             "one that it has. With challenge.type intune also intune.renewal has to say so."),
    KEY_INTEGER("renewal.window_percent", AT(renewal.window_percent), "50", 1, 100, "percent",
                "How early a certificate can be renewed: when so much of its time, or less, is "
                "left. 100: at any time."),
    KEY_INTEGER("renewal.grace_days", AT(renewal.grace_days), "0", 0, 3650, "days",
                "How long after its end a certificate can still be renewed."),
    KEY_BOOL("renewal.same_key", AT(renewal.same_key), "true",
             "Whether the new certificate may have the key of the old one."),
    KEY_WORD("renewal.names", AT(renewal.names), "certificate", words_renewal_names,
             "Where subject and alternative names come from: certificate (the old one; what the "
             "request says is not looked at) or equal (the request has to name the same)."),
    KEY_WORD("renewal.challenge", AT(renewal.challenge), "first", words_renewal_challenge,
             "A request with challenge that is signed with a certificate: first (in a PKCSReq the "
             "challenge decides alone, in a RenewalReq the certificate), either (in a PKCSReq the "
             "challenge, or else the certificate) or both (the certificate, and the challenge must "
             "be right as well)."),
    KEY_LIST(
        "renewal.cas", AT(renewal.cas), "", 0, 16, NULL, check_ca,
        "Other CAs whose certificates may be renewed here: CAs of this server, or foreign ones "
        "as files in the folder trusted (NAME.crt with its current NAME.crl)."),
    KEY_LIST("renewal.templates", AT(renewal.templates), "", 0, 64, NULL, check_template,
             "Other templates whose certificates may be renewed here."),
    KEY_INTEGER("renewal.per_certificate", AT(renewal.per_certificate), "1", 0, 1000,
                "certificates",
                "Certificates in use that one certificate may have been renewed to; revoke a lost "
                "one to make room. 0: any number."),
    KEY_INTEGER(
        "rate.address_per_minute", AT(rate.address_per_minute), "0", 0, 100000, "requests",
        "SCEP messages of one address in a minute; more are told to try again later. 0: any "
        "number."),
    KEY_INTEGER("rate.per_minute", AT(rate.per_minute), "0", 0, 1000000, "requests",
                "The same for all addresses together. 0: any number."),
    KEY_INTEGER(
        "rate.refused_per_minute", AT(rate.refused_per_minute), "10", 0, 100000, "requests",
        "Refused challenges of one address in a minute; it then has to wait. 0: any number."),
    KEY_WORD(
        "challenge.type", AT(challenge.type), "static", words_challenge,
        "How a device proves that it may have a certificate: static (one passphrase for "
        "all), ndes (one-time passwords, as NDES), intune (Microsoft Intune is asked about each "
        "request) or none (the address alone; needs an address list)."),
    {
        .name = "challenge.passphrase_mac",
        .type = CONFIG_TYPE_TEXT,
        .offset = AT(challenge.passphrase_mac),
        .default_text = "",
        .max = 2 * SECRET_MAC_BYTES,
        .check = check_passphrase_mac,
        .internal = true,
        .unit = "",
        .help = "Recognises the static passphrase without holding it. Written by the command that "
                "sets the passphrase.",
    },
    KEY_INTEGER("ndes.PasswordLength", AT(password.length), "8", 4, LIMIT_PASSWORD_BYTES, "bytes",
                "Length of a one-time password; it is shown as twice as many hexadecimal digits. "
                "NDES's default is 8; clients read up to 16."),
    KEY_INTEGER("ndes.PasswordValidity", AT(password.validity_minutes), "60", 1, 525600, "minutes",
                "How long a one-time password can be used."),
    KEY_INTEGER("ndes.PasswordMax", AT(password.max), "5", 1, LIMIT_PASSWORDS, "passwords",
                "Unused passwords that may be outstanding at the same time; NDES's default is 5."),
    KEY_BOOL("ndes.UseSinglePassword", AT(password.single), "false",
             "One password for all devices, which never ends and is shown to everybody who may see "
             "the page."),
    KEY_BOOL("ndes.EnforcePassword", AT(password.enforce), "true",
             "Whether a password is asked for. false needs an address list, as challenge.type "
             "none."),
    KEY_INTEGER(
        "ndes.CacheRequest", AT(password.cache_request_minutes), "20", 0, 525600, "minutes",
        "For how long the same request, sent again, gets the same certificate again without "
        "another password. 0: never. Takes the place of repeat_hours."),
    KEYS_NDES_FACE(ndes, "",
                   "Who gets passwords from this template's own page and API, written as in "
                   "openndes.json. Empty: those of openndes.json."),
    KEY_LIST(
        "subject.attributes", AT(subject.attributes),
        "CN,serialNumber,O,OU,L,ST,C,emailAddress,unstructuredName,unstructuredAddress,DC,UID,"
        "GN,SN,title",
        1, 64, config_names_attributes, NULL,
        "Subject attributes taken over from the request. GN and SN are given name and surname."),
    KEY_WORD("subject.unlisted", AT(subject.unlisted), "refuse", words_unlisted,
             "What to do with an attribute that is not listed: refuse the request or drop the "
             "attribute."),
    KEY_BOOL("subject.require_cn", AT(subject.require_cn), "false",
             "Refuse a request without a common name."),
    KEY_LIST("subject.cn_patterns", AT(subject.cn_patterns), "", 0, 64, NULL,
             config_names_check_pattern,
             "The common name must fit one of these; * stands for any characters, ? for one. "
             "Empty: any name."),
    KEY_TEXT("subject.append", AT(subject.append), "", 0, 1024, config_names_check_append,
             "Attributes the template puts in, such as O=Example,C=DE; they replace the same "
             "attributes of the request. A value cannot contain a comma."),
    KEY_LIST("san.types", AT(san.types), "dns,ip,email", 0, 7, config_names_san_types, NULL,
             "Kinds of subject alternative names taken over from the request. Empty: none."),
    KEY_WORD("san.unlisted", AT(san.unlisted), "refuse", words_unlisted,
             "What to do with a name of another kind: refuse the request or drop the name."),
    KEY_INTEGER("san.max", AT(san.max), "20", 0, LIMIT_SAN_ENTRIES, "names",
                "Subject alternative names in one request."),
    KEY_BOOL("san.wildcards", AT(san.wildcards), "false", "Allow DNS names such as *.example.com."),
    KEY_LIST("san.dns_patterns", AT(san.dns_patterns), "", 0, 64, NULL, config_names_check_pattern,
             "Every DNS name must fit one of these; * stands for any characters, ? for one. "
             "Empty: any name."),
    KEY_LIST("key.types", AT(key.types), "rsa", 1, 2, words_key_types, NULL,
             "Kinds of keys that get a certificate: rsa, ec. A client with an EC key must be able "
             "to read an answer encrypted by ECDH."),
    KEY_LIST("key.curves", AT(key.curves), "P-256,P-384", 1, 3, words_curves, NULL,
             "Curves of EC keys: P-256, P-384, P-521."),
    KEY_INTEGER("key.rsa_min_bits", AT(key.rsa_min_bits), "2048", LIMIT_RSA_BITS_MIN,
                LIMIT_RSA_BITS_MAX, "bits",
                "The shortest RSA key. Below 2048 only with algorithms compat or legacy."),
    KEY_INTEGER("key.rsa_max_bits", AT(key.rsa_max_bits), "4096", LIMIT_RSA_BITS_MIN,
                LIMIT_RSA_BITS_MAX, "bits", "The longest RSA key."),
    KEY_LIST("key_usage.allowed", AT(key_usage.allowed), "digitalSignature,keyEncipherment", 1, 7,
             config_names_key_usage, config_names_check_key_usage,
             "What certificates of this template may be used for."),
    KEY_WORD("key_usage.source", AT(key_usage.source), "template", words_source,
             "template: every certificate gets all of key_usage.allowed. csr: it gets what the "
             "request asks for, which must be within key_usage.allowed."),
    KEY_LIST("eku", AT(eku), "clientAuth", 0, 32, NULL, config_names_check_eku,
             "Extended key usage: names (clientAuth, serverAuth, emailProtection, codeSigning, "
             "ipsecEndSystem, ipsecTunnel, ipsecUser, ipsecIKE, capwapAC, capwapWTP, "
             "secureShellClient, secureShellServer, msSmartcardLogin, msEFS, pkInitClientAuth) or "
             "OIDs. Empty: none. What would make a device an authority is refused."),
    KEY_INTEGER("validity.days", AT(validity.days), "365", 1, 36500, "days",
                "How long a certificate is valid; never longer than its CA."),
    KEY_INTEGER("validity.backdate_minutes", AT(validity.backdate_minutes), "60", 0, 10080,
                "minutes",
                "How far before now the validity begins, for devices whose clock is slow."),
    KEY_WORD("algorithms", AT(algorithms), "modern", words_algorithms,
             "How old the cryptography of a request may be: modern (SHA-2, AES), compat (also "
             "SHA-1, 3DES) or legacy (also MD5, single DES; needs an address list)."),
    KEY_INTEGER("repeat_hours", AT(repeat_hours), "24", 0, 8760, "hours",
                "For how long the same request, sent again, gets the same certificate again. 0: "
                "never."),
    KEY_BOOL("reply.chain", AT(reply_chain), "false",
             "Put the CA certificates beside the issued one into the reply. Some clients need "
             "it, others refuse it."),
    KEY_BOOL("getcacert.root", AT(include_root), "true",
             "Put the root certificate into the answer to GetCACert."),
    KEY_WORD("ra", AT(ra), "single", words_ra,
             "RA certificates in GetCACert at the template's SCEP URL: single (one that signs and "
             "decrypts) or pair (as NDES)."),
    KEY_LIST("policy.files", AT(policy.files), "", 0, LIMIT_POLICY_FILES, NULL, check_policy_file,
             "Policies that a request is compared with: files in the folder policies (SyncML, "
             "mobileconfig, Graph JSON, or OpenNDES's own XML or JSON). It must fit one of them. "
             "Empty: none."),
    KEY_WORD("policy.mode", AT(policy.mode), "enforce", words_strictness,
             "What a request that fits no policy gets: enforce (a refusal), audit (a warning in "
             "the log, and its certificate) or off (no comparison)."),
    KEY_TEXT("policy.known", AT(policy.known), "", 0, LIMIT_POLICY_FILE_NAME, check_policy_file,
             "List of known devices and users (CSV or JSON, in the folder policies); the values "
             "of a request must belong to one line of it. Empty: none."),
    KEY_WORD("intune.renewal", AT(intune.renewal), "refuse", words_intune_renewal,
             "A request without challenge, signed with a certificate of this template: refuse it "
             "(Intune gives a challenge for each renewal), or certificate: the certificate vouches "
             "for it, without Intune."),
    KEY_BOOL("intune.sid_extension", AT(intune.sid_extension), "false",
             "Write the SID of the request's tag:microsoft.com URI also as the SID extension, for "
             "domain controllers that read only that; only after Intune has accepted the request."),
    KEY_BOOL("ip_acl.enabled", AT(ip_acl.enabled), "false",
             "Answer only the addresses in ip_acl.allowed."),
    KEY_LIST("ip_acl.allowed", AT(ip_acl.allowed), "", 0, LIMIT_ACL_PREFIXES, NULL,
             config_net_check_prefix,
             "Addresses and prefixes, IPv4 and IPv6, such as 10.1.0.0/16 or 2001:db8::/32."),
    KEY_WORD("ip_acl.limit", AT(ip_acl.limit), "scep", words_acl_limit,
             "What the list limits: scep (the SCEP URL), ui (the challenge page) or both."),
};

#undef AT

const struct config_key *config_tables_keys(enum config_scope scope, size_t *count)
{
    if (scope == CONFIG_SCOPE_SERVICE) {
        *count = COUNT(service_keys);
        return service_keys;
    }
    *count = COUNT(template_keys);
    return template_keys;
}
