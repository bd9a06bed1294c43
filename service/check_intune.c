/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_intune.h"

#include "base/text.h"
#include "intune/intune_client.h"
#include "intune/intune_credential.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "service/end_watch.h"

#define WHAT "Intune"

static bool has_item(const char *list, const char *name)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text(name))) {
            return true;
        }
    }
    return false;
}

struct intune_check {
    const char *data;
    const struct service_config *config;
    int64_t now;
    check_visit *visit;
    void *context;
};

/* Of the certificate, or what the administrator has said about the secret; 0: not known. */
static int64_t credential_end(const char *data, const struct service_config *config)
{
    struct certificate_info info = { .not_after = 0 };
    struct error ignored = ERROR_INIT;
    struct x509_st *cert = NULL;
    struct evp_pkey_st *key = NULL;
    char text[CLOCK_TEXT_MAX];
    bool found = false;
    int64_t end = 0;

    if (config->intune.credential == INTUNE_CREDENTIAL_SECRET) {
        return text_format(text, sizeof(text), "%sT23:59:59Z", config->intune.secret_expires)
                       && clock_parse(text, &end)
                   ? end
                   : 0;
    }
    if (intune_certificate_get(data, &cert, &key, &found, &ignored) && found
        && certificate_info(cert, &info, &ignored)) {
        end = info.not_after;
    }
    certificate_free(cert);
    intune_key_free(key);
    return end;
}

bool check_intune_template(const struct template_config *config, const char *what,
                           check_visit *visit, void *context, struct error *err)
{
    const char *types = config->san.types != NULL ? config->san.types : "";
    char remedy[LIMIT_TEMPLATE_NAME + 96];

    if (!config->enabled || config->challenge.type != CHALLENGE_TYPE_INTUNE
        || config->policy.files[0] != '\0' || has_item(types, "uri") || has_item(types, "upn")) {
        return true;
    }
    return text_format(remedy, sizeof(remedy),
                       "openndes template set %s san.types=dns,email,uri,upn", config->name)
           && visit(context, CHECK_WARNING, what, NULL,
                    "san.types has neither uri nor upn, which most profiles of Intune ask for",
                    remedy, err);
}

/* What can be known without asking Microsoft's cloud. */
static bool check_end(const struct intune_check *check, int64_t end, struct error *err)
{
    enum end_stage stage = end_stage(end, 0, check->now);
    enum check_level level = CHECK_OK;
    char until[CLOCK_TEXT_MAX];
    char text[256];

    if (end == 0) {
        return check->visit(check->context, CHECK_OK, WHAT, NULL,
                            "when the client secret ends is asked of Microsoft Graph once a day; "
                            "or say it: openndes config set intune.secret_expires=2027-05-31",
                            NULL, err);
    }
    if (stage != END_FAR) {
        level = stage >= END_URGENT ? CHECK_ERROR : CHECK_WARNING;
    }
    clock_format(end, until);
    return text_format(text, sizeof(text), "the app registration's credential %s %s",
                       end <= check->now ? "has ended on" : "ends on", until)
           && check->visit(check->context, level, WHAT, NULL, text,
                           level == CHECK_OK ? NULL
                           : check->config->intune.credential == INTUNE_CREDENTIAL_SECRET
                               ? "make a new one in Entra, then: openndes intune secret"
                               : "openndes intune certificate new, and upload it in Entra",
                           err);
}

/* An intune_probe_visit, whose context is a struct intune_check. */
static bool probe_step(void *context, const struct intune_probe_finding *f, struct error *err)
{
    const struct intune_check *check = context;
    struct error why = ERROR_INIT;
    char what[64];

    if (f->level == INTUNE_PROBE_ERROR) {
        (void)error_set(&why, f->reason, "%s", f->text);
    }
    return !text_format(what, sizeof(what), "%s %s", WHAT, f->step)
           || check->visit(
               check->context,
               f->level == INTUNE_PROBE_ERROR     ? CHECK_ERROR
               : f->level == INTUNE_PROBE_WARNING ? CHECK_WARNING
                                                  : CHECK_OK,
               what, f->level == INTUNE_PROBE_ERROR ? &why : NULL, f->text,
               f->level == INTUNE_PROBE_OK ? NULL : "docs/intune.md, When something is wrong", err);
}

/* The way to Microsoft's cloud, as devices' requests will go it. */
static bool probe(struct intune_check *check, struct intune_client *client, struct error *err)
{
    enum intune_probe_level worst = INTUNE_PROBE_OK;

    return intune_probe(client, bytes_of(NULL, 0), probe_step, check, &worst, err);
}

bool check_intune(const char *data, const struct service_config *config, bool needed, bool offline,
                  int64_t now, check_visit *visit, void *context, struct error *err)
{
    struct intune_check check = { data, config, now, visit, context };
    struct intune_client_options options = { .data_folder = data, .config = config };
    struct intune_client *client = NULL;
    struct error why = ERROR_INIT;
    bool ok = false;

    if (config->intune.tenant[0] == '\0') {
        return !needed
               || visit(context, CHECK_ERROR, WHAT, NULL,
                        "a template asks Intune, but intune.tenant is empty",
                        "openndes config set intune.tenant=... intune.client_id=...", err);
    }
    client = intune_client_create(&options, &why);
    if (client == NULL) {
        return visit(context, needed ? CHECK_ERROR : CHECK_WARNING, WHAT, &why, why.detail,
                     "openndes intune show; openndes intune secret", err);
    }
    ok = visit(context, CHECK_OK, WHAT, NULL, "settings and credential are there", NULL, err)
         && check_end(&check, credential_end(data, config), err)
         && (offline || probe(&check, client, err));
    intune_client_unref(client);
    return ok;
}
