/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_renewal.h"

#include "base/text.h"
#include "enroll/trusted_cas.h"
#include "platform/clock.h"

#define DAY 86400
#define TEXT_MAX 256

struct renewal_check {
    const char *data;
    int64_t now;
    const char *what;
    check_visit *visit;
    void *context;
};

/* A CA of this server goes before a file; its own section says the rest. */
static bool is_server_ca(const char *data, const char *name)
{
    struct error ignored = ERROR_INIT;
    char relative[LIMIT_TEMPLATE_NAME + 8];
    char path[FILE_PATH_MAX];

    return text_format(relative, sizeof(relative), "ca/%s", name)
           && path_join(path, data, relative, &ignored) && folder_exists(path);
}

static bool tell_trusted(const struct renewal_check *c, const struct trusted_cas *trusted,
                         struct error *err)
{
    struct error why = ERROR_INIT;
    int64_t end = trusted_cas_crl_end(trusted, 0);
    char until[CLOCK_TEXT_MAX];
    char text[TEXT_MAX];

    if (trusted_cas_problem(trusted, 0, c->now, &why) != NULL) {
        return c->visit(c->context, CHECK_WARNING, c->what, &why, why.detail,
                        "certificates of this CA are not renewed until NAME.crt and a current "
                        "NAME.crl are in the folder " TRUSTED_CAS_FOLDER,
                        err);
    }
    clock_format(end, until);
    if (!text_format(text, sizeof(text),
                     "renews certificates of the trusted CA %s; its CRL is "
                     "valid until %s",
                     trusted_cas_name(trusted, 0), until)) {
        return error_set(err, REASON_INTERNAL, "the name of a CA");
    }
    return c->visit(c->context, end - c->now < DAY ? CHECK_WARNING : CHECK_OK, c->what, NULL, text,
                    end - c->now < DAY ? "put a newer one there: docs/renewal.md" : NULL, err);
}

static bool check_name(const struct renewal_check *c, const char *name, struct error *err)
{
    struct trusted_cas *trusted = NULL;
    struct error why = ERROR_INIT;
    bool ok = false;

    if (is_server_ca(c->data, name)) {
        return true;
    }
    if (!trusted_cas_exists(c->data, name)) {
        (void)error_set(&why, REASON_TRUSTED_CA,
                        "renewal.cas: %s is neither a CA of this server nor a "
                        "file " TRUSTED_CAS_FOLDER "/%s.crt",
                        name, name);
        return c->visit(c->context, CHECK_ERROR, c->what, &why, why.detail, NULL, err);
    }
    trusted = trusted_cas_create(c->data, err);
    ok = trusted != NULL && trusted_cas_add(trusted, name, err) && tell_trusted(c, trusted, err);
    trusted_cas_free(trusted);
    return ok;
}

bool check_renewal_template(const char *data, const struct template_config *config, int64_t now,
                            const char *what, check_visit *visit, void *context, struct error *err)
{
    const struct renewal_check c = { data, now, what, visit, context };
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (config->enabled
           && text_next_item(bytes_of_text(config->renewal.cas), ',', &pos, &item)) {
        char name[LIMIT_TEMPLATE_NAME + 1];

        if (!text_format(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data)) {
            return error_set(err, REASON_INTERNAL, "the name of a CA");
        }
        if (!check_name(&c, name, err)) {
            return false;
        }
    }
    return true;
}
