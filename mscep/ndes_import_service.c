/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of NDES and its IIS site goes into openndes.json.
 */
#include <string.h>

#include "base/text.h"
#include "mscep/ndes_import_plan.h"

/* Appends to a list of listeners; the face list of the page keeps it off plain HTTP. */
struct listen_list {
    char text[NDES_IMPORT_VALUE_MAX];
    size_t count;
    bool full;
};

/* ---- one setting ----------------------------------------------------------------------------- */

bool ndes_import_current(struct ndes_import_draft *d, const char *key, struct buffer *out)
{
    const struct config_key *row = config_key_find(CONFIG_SCOPE_SERVICE, key, NULL);
    bool found = false;

    if (row == NULL) {
        return error_set(d->err, REASON_INTERNAL, "%s: no such setting", key);
    }
    return config_edit_get(d->facts->service, key, out, &found, d->err)
           && (found || buffer_append_text(out, row->default_text, d->err));
}

/*
 * Take a setting over, unless an administrator has set it to something else already. `why` says
 * where it comes from. False when theirs stays.
 */
static bool want(struct ndes_import_draft *d, const char *name, const char *value, const char *why)
{
    const struct config_key *key = config_key_find(CONFIG_SCOPE_SERVICE, name, NULL);
    struct buffer current = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    const char *shown;
    bool wanted = true;

    if (error_is_set(d->err) || key == NULL || !ndes_import_current(d, name, &current)) {
        goto out;
    }
    shown = value[0] == '\0' ? "(empty)" : value;
    if (strcmp(buffer_text(&current), value) == 0) {
        ndes_import_note(d, NDES_IMPORT_TAKEN, name, "%s, as it is already (%s)", shown, why);
    } else if (strcmp(buffer_text(&current), key->default_text) == 0) {
        ndes_import_set(d, &d->plan->service, key->name, value);
        ndes_import_note(d, NDES_IMPORT_TAKEN, name, "%s (%s)", shown, why);
    } else {
        wanted = false;
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, name,
                         "%s (%s): openndes.json says %.512s, which somebody has set; it stays. "
                         "Change it there if NDES's is right",
                         shown, why, buffer_text(&current));
    }
out:
    buffer_clear(&current);
    return wanted;
}

/* ---- the face -------------------------------------------------------------------------------- */

static bool has_general(struct ndes_import_draft *d)
{
    struct buffer current = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool has = ndes_import_current(d, "ndes.GeneralPurposeTemplate", &current) && current.len > 0;

    buffer_clear(&current);
    return has;
}

static void want_templates(struct ndes_import_draft *d)
{
    const struct ndes_import_template *general =
        ndes_import_template_of(d->plan, NDES_ROLE_GENERAL);
    const struct ndes_import_template *signature =
        ndes_import_template_of(d->plan, NDES_ROLE_SIGNATURE);
    const struct ndes_import_template *encryption =
        ndes_import_template_of(d->plan, NDES_ROLE_ENCRYPTION);
    const char *why = "GeneralPurposeTemplate";

    if (general == NULL) { /* one has to be there for requests that ask for nothing */
        general = signature != NULL ? signature : encryption;
        why = "NDES names no usable GeneralPurposeTemplate";
    }
    if (general == NULL && !has_general(d)) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "ndes.enabled",
                         "no template can serve at /certsrv/mscep, so it stays switched off");
        return;
    }
    (void)want(d, "ndes.enabled", "true", "NDES answers at /certsrv/mscep");
    if (general != NULL) {
        (void)want(d, "ndes.GeneralPurposeTemplate", general->name, why);
    }
    if (signature != NULL) {
        (void)want(d, "ndes.SignatureTemplate", signature->name, "SignatureTemplate");
    }
    if (encryption != NULL) {
        (void)want(d, "ndes.EncryptionTemplate", encryption->name, "EncryptionTemplate");
    }
}

static bool list_holds(const char *lines, const char *word)
{
    struct bytes item;
    size_t pos = 0;

    while (text_next_item(bytes_of_text(lines), '\n', &pos, &item)) {
        if (item.len == strlen(word) && text_starts_nocase((const char *)item.data, word)) {
            return true;
        }
    }
    return false;
}

/*
 * The list replaces NDES's lines on algorithms. One that names AES wants what we say by default;
 * one without it wants clients to see no AES, so they see NDES's own lines and nothing else.
 */
static void want_capabilities(struct ndes_import_draft *d)
{
    const char *lines = ndes_import_text(d, NDES_CAPS_ALGORITHMS);

    if (lines == NULL) {
        return;
    }
    if (list_holds(lines, "AES")) {
        (void)want(d, "ndes.caps", "extended", "CACapabilitiesAlgorithms names AES");
    } else {
        (void)want(d, "ndes.caps", "strict", "CACapabilitiesAlgorithms names no AES");
    }
}

/* ---- IIS ------------------------------------------------------------------------------------- */

static void add_listener(struct listen_list *list, const char *listener)
{
    struct bytes item;
    size_t pos = 0;
    size_t len = strlen(list->text);

    while (text_next_item(bytes_of_text(list->text), ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text(listener))) {
            return; /* the same address and port for another host name */
        }
    }
    if (list->count == LIMIT_LISTENERS
        || !text_format(list->text + len, sizeof(list->text) - len, "%s%s", len == 0 ? "" : ",",
                        listener)) {
        list->text[len] = '\0';
        list->full = true;
        return;
    }
    list->count++;
}

static void add_address(struct listen_list *list, const char *address, uint16_t port,
                        const char *faces)
{
    char text[IP_TEXT_MAX + 64];

    if (text_format(text, sizeof(text), "%s:%u%s", address, (unsigned)port, faces)) {
        add_listener(list, text);
    }
}

static void add_binding(struct listen_list *list, const struct ndes_iis_binding *binding,
                        const char *faces)
{
    char plain[IP_TEXT_MAX];
    char address[IP_TEXT_MAX + 2];

    if (binding->any) {
        add_address(list, "0.0.0.0", binding->port, faces);
        add_address(list, "[::]", binding->port, faces);
        return;
    }
    ip_address_format(&binding->address, plain);
    if (text_format(address, sizeof(address), binding->address.v6 ? "[%s]" : "%s", plain)) {
        add_address(list, address, binding->port, faces);
    }
}

/* IIS takes "*:80" beside "10.0.0.1:80"; to listen on every address takes the port for all. */
static bool is_covered(const struct ndes_iis *iis, const struct ndes_iis_binding *binding)
{
    for (size_t i = 0; i < iis->binding_count && !binding->any; i++) {
        const struct ndes_iis_binding *other = &iis->bindings[i];

        if (other->any && other->https == binding->https && other->port == binding->port) {
            return true;
        }
    }
    return false;
}

static void collect(const struct ndes_iis *iis, bool https, const char *faces,
                    struct listen_list *list)
{
    memset(list, 0, sizeof(*list));
    for (size_t i = 0; i < iis->binding_count; i++) {
        if (iis->bindings[i].https == https && !is_covered(iis, &iis->bindings[i])) {
            add_binding(list, &iis->bindings[i], faces);
        }
    }
}

static void want_http(struct ndes_import_draft *d, const struct listen_list *http)
{
    if (http->count == 0) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "listen",
                         "the site had no binding for HTTP; what listen says stays open. To serve "
                         "HTTPS alone, set it to 127.0.0.1:80/crl");
        return;
    }
    d->listen_kept = !want(d, "listen", http->text,
                           d->facts->iis->needs_tls
                               ? "bindings of the IIS site; the password page there wants TLS, "
                                 "so it is not served on HTTP"
                               : "bindings of the IIS site");
}

static void want_https(struct ndes_import_draft *d, const struct listen_list *https)
{
    if (https->count == 0) {
        return;
    }
    if (!d->facts->https_ready) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "https.listen",
                         "%s (bindings of the IIS site): there is no certificate for HTTPS here "
                         "yet; the one of IIS stays in Windows's store",
                         https->text);
        return;
    }
    (void)want(d, "https.listen", https->text, "bindings of the IIS site");
}

static void want_sign_in(struct ndes_import_draft *d, bool site_has_https)
{
    const struct ndes_iis *iis = d->facts->iis;
    bool windows = iis == NULL || iis->windows != NDES_IIS_OFF;

    (void)want(d, "signin.negotiate", windows ? "true" : "false",
               iis == NULL || iis->windows == NDES_IIS_UNSET
                   ? "NDES's default"
                   : "Windows authentication of mscep_admin in IIS");
    if (iis == NULL || iis->basic != NDES_IIS_ON) {
        return;
    }
    if (site_has_https) {
        (void)want(d, "signin.basic", "true", "Basic authentication of mscep_admin in IIS");
    } else {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "signin.basic",
                         "IIS offers Basic for mscep_admin on HTTP, where everybody on the way "
                         "reads the password. Set up HTTPS and signin.basic, or allow it for some "
                         "addresses (basic_http.enabled, basic_http.allowed)");
    }
}

static void want_iis(struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;
    struct listen_list http;
    struct listen_list https;

    if (iis == NULL || !iis->found) {
        want_sign_in(d, false);
        return;
    }
    collect(iis, false, iis->needs_tls ? "/scep+crl" : "", &http);
    collect(iis, true, "", &https);
    want_http(d, &http);
    want_https(d, &https);
    want_sign_in(d, https.count > 0);
    if (iis->bindings_skipped > 0 || http.full || https.full) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "IIS bindings",
                         "some of the site's bindings: not readable, or more than %u; look them up "
                         "in IIS",
                         LIMIT_LISTENERS);
    }
}

void ndes_import_plan_service(struct ndes_import_draft *d)
{
    want_templates(d);
    want_capabilities(d);
    if (ndes_import_text(d, NDES_POLICY_MODULE) != NULL) {
        (void)want(d, "ndes.plain_get", "forbidden",
                   "a policy module is installed: monitoring for Intune takes 403 for healthy");
    }
    want_iis(d);
}
