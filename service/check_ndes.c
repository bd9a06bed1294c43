/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_ndes.h"

#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "mscep/accounts.h"
#include "mscep/sign_in.h"
#include "platform/negotiate.h"

#define WHAT_FACE "/certsrv/mscep"
#define WHAT_SIGN_IN "sign-in"
/* Below 64 bits a password can be found by trying, and some clients do not find it on the page. */
#define PASSWORD_BYTES_GOOD 8

struct ndes_check {
    const char *data;
    const struct service_config *config;
    check_visit *visit;
    void *context;
};

/* ---- the service's face ---------------------------------------------------------------------- */

/* One of the three templates; `ca` gets its CA, or is what the others have. */
static bool check_face_template(const struct ndes_check *c, const char *name,
                                char ca[LIMIT_TEMPLATE_NAME + 1], struct error *why)
{
    struct template_config config;
    bool ok = config_load_template(c->data, name, &config, why);

    if (ok && !config.enabled) {
        ok = error_set(why, REASON_NDES_FACE_BROKEN,
                       "template %s is switched off; openndes template enable %s", name, name);
    }
    if (ok && config.challenge.type != CHALLENGE_TYPE_NDES) {
        ok = error_set(why, REASON_NDES_FACE_BROKEN,
                       "template %s does not have challenge.type=ndes", name);
    }
    if (ok && ca[0] == '\0') {
        ok = text_copy(ca, LIMIT_TEMPLATE_NAME + 1, config.ca);
    } else if (ok && !text_equal_nocase(ca, config.ca)) {
        ok = error_set(why, REASON_NDES_FACE_BROKEN,
                       "template %s has the CA %s, another one %s; NDES serves one", name,
                       config.ca, ca);
    }
    template_config_clear(&config);
    return ok;
}

/*
 * The page makes passwords as the general template has it, and the others have to take them: where
 * one takes its single password alone, the page's one-time passwords are refused, and vice versa.
 */
static bool check_face_passwords(const struct ndes_check *c, struct error *err)
{
    const char *const names[] = { c->config->ndes.signature_template,
                                  c->config->ndes.encryption_template };
    const char *general = c->config->ndes.general_template;
    struct template_config first;
    struct error ignored = ERROR_INIT;
    char text[2 * LIMIT_TEMPLATE_NAME + 200];
    bool ok = true;

    if (!config_load_template(c->data, general, &first, &ignored)) {
        return true; /* said before */
    }
    for (size_t i = 0; ok && i < sizeof(names) / sizeof(names[0]); i++) {
        struct template_config other;

        if (names[i][0] == '\0' || !config_load_template(c->data, names[i], &other, &ignored)) {
            continue;
        }
        if (other.password.enforce && other.password.single != first.password.single) {
            ok = text_format(text, sizeof(text),
                             "templates %s and %s differ in ndes.UseSinglePassword: %s refuses the "
                             "passwords of the page /certsrv/mscep_admin",
                             general, names[i], names[i])
                 && c->visit(c->context, CHECK_WARNING, WHAT_FACE, NULL, text,
                             "openndes template set NAME ndes.UseSinglePassword=..., the same in "
                             "all of them",
                             err);
        }
        template_config_clear(&other);
    }
    template_config_clear(&first);
    return ok;
}

static bool check_face(const struct ndes_check *c, struct error *err)
{
    const char *const names[] = { c->config->ndes.general_template,
                                  c->config->ndes.signature_template,
                                  c->config->ndes.encryption_template };
    char ca[LIMIT_TEMPLATE_NAME + 1] = "";
    struct error why = ERROR_INIT;

    if (!c->config->ndes.enabled) {
        return c->visit(c->context, CHECK_OK, WHAT_FACE, NULL, "off (ndes.enabled)", NULL, err);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i][0] != '\0' && !check_face_template(c, names[i], ca, &why)) {
            return c->visit(c->context, CHECK_ERROR, WHAT_FACE, &why, why.detail, NULL, err);
        }
    }
    return check_face_passwords(c, err)
           && c->visit(c->context, CHECK_OK, WHAT_FACE, NULL, "its templates can serve it", NULL,
                       err);
}

/* ---- who gets passwords ---------------------------------------------------------------------- */

static bool count_account(void *context, const struct account *account, struct error *err)
{
    size_t *count = context;

    (void)account;
    (void)err;
    (*count)++;
    return true;
}

static bool check_accounts(const struct ndes_check *c, size_t *count, struct error *err)
{
    struct error why = ERROR_INIT;

    if (accounts_list(c->data, count_account, count, &why)) {
        return true;
    }
    return c->visit(c->context, CHECK_ERROR, "accounts.json", &why, why.detail,
                    "restore accounts.json from a backup, or remove it and make the accounts anew",
                    err);
}

/* Windows may know no such name: somebody has left, or it is misspelt. */
static bool check_allowed(const char *allowed, const char *what, check_visit *visit, void *context,
                          struct error *err)
{
    char unknown[256] = "";
    char shown[300];
    char text[400];
    struct sign_in_list *list = sign_in_list_create(allowed, unknown, sizeof(unknown), err);

    if (list == NULL) {
        return false;
    }
    sign_in_list_free(list);
    if (unknown[0] == '\0' || !negotiate_available()) {
        return true;
    }
    text_escape(shown, sizeof(shown), bytes_of_text(unknown));
    return text_format(text, sizeof(text),
                       "ndes.allowed: this machine knows no user or group \"%s\"", shown)
           && visit(context, CHECK_WARNING, what, NULL, text,
                    "correct the name, or take it out of ndes.allowed", err);
}

static bool check_sign_in(const struct ndes_check *c, struct error *err)
{
    bool windows = c->config->signin.negotiate && negotiate_available();
    size_t accounts = 0;

    if (!check_accounts(c, &accounts, err)) {
        return false;
    }
    if (windows
        && !check_allowed(c->config->ndes.face.allowed, WHAT_SIGN_IN, c->visit, c->context, err)) {
        return false;
    }
    if (!windows && !c->config->signin.basic) {
        return c->visit(c->context, CHECK_WARNING, WHAT_SIGN_IN, NULL,
                        "nobody can sign in to the password page: signin.negotiate needs Windows, "
                        "and signin.basic is false; passwords come from \"openndes password new\"",
                        "openndes config set signin.basic=true, openndes account add NAME", err);
    }
    if (!windows && accounts == 0) {
        return c->visit(c->context, CHECK_WARNING, WHAT_SIGN_IN, NULL, "nobody has an account",
                        "openndes account add NAME", err);
    }
    return c->visit(c->context, CHECK_OK, WHAT_SIGN_IN, NULL,
                    windows ? "Negotiate and NTLM" : "Basic", NULL, err);
}

bool check_ndes(const char *data, const struct service_config *config, bool has_page,
                check_visit *visit, void *context, struct error *err)
{
    struct ndes_check c = { data, config, visit, context };

    return check_face(&c, err) && (!has_page || check_sign_in(&c, err));
}

bool check_ndes_template(const struct template_config *config, const char *what, check_visit *visit,
                         void *context, struct error *err)
{
    if (config->challenge.type != CHALLENGE_TYPE_NDES || !config->enabled) {
        return true;
    }
    if (!check_allowed(config->ndes.allowed, what, visit, context, err)) {
        return false;
    }
    if (config->password.enforce && config->password.length < PASSWORD_BYTES_GOOD
        && !visit(context, CHECK_WARNING, what, NULL,
                  "ndes.PasswordLength is below 8: its passwords can be found by trying, and some "
                  "MDM products do not find them on the page",
                  "openndes template set NAME ndes.PasswordLength=8", err)) {
        return false;
    }
    return !config->password.single || !config->password.enforce
           || visit(context, CHECK_WARNING, what, NULL,
                    "ndes.UseSinglePassword: whoever has seen the password once can enrol for ever",
                    "renew it now and then: openndes password single NAME --renew", err);
}
