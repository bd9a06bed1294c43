/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ca/ca_subject.h"
#include "config/config_load.h"
#include "mscep/ndes_password.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/print_list.h"
#include "service/urls.h"
#include "store/store_passwords.h"

#define MINUTES_MAX 525600 /* a year, as ndes.PasswordValidity */
#define MADE_BY "command line"
#define SERVICE_URL "/certsrv/mscep/mscep.dll"

/* ---- whose passwords ------------------------------------------------------------------------ */

/* A template, or the service's face and the template its numbers come from. */
struct password_target {
    const char *scope;
    bool service;
    struct template_config config;
    char url[URL_BASE_MAX + LIMIT_TEMPLATE_NAME + 64];
    struct secret mac_key;
    struct store *store;
    struct ndes_password_source source;
};

static void target_close(struct password_target *t)
{
    template_config_clear(&t->config);
    secret_clear(&t->mac_key);
    store_close(t->store);
}

/* "TEMPLATE" or "--service", not both and not neither. */
static bool one_scope(const struct args *args, bool service, const char *usage,
                      struct password_target *t, struct error *err)
{
    if (!args_expect(args, service ? 0 : 1, service ? 0 : 1, usage, err)) {
        return false;
    }
    t->service = service;
    t->scope = service ? NDES_PASSWORD_SCOPE_SERVICE : args->positional[0];
    return service || template_name_check(t->scope, err);
}

static bool target_name(const struct password_target *t, const struct service_config *config,
                        const char **name, struct error *err)
{
    if (!t->service) {
        *name = t->scope;
        return true;
    }
    if (!config->ndes.enabled) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "the service has no NDES face: ndes.enabled in openndes.json is false");
    }
    *name = config->ndes.general_template;
    return true;
}

static bool target_url(struct password_target *t, const struct service_config *config,
                       struct error *err)
{
    struct url_bases urls;

    url_bases_of_config(config, &urls);
    return text_format(t->url, sizeof(t->url), "%s%s%s", urls.scep,
                       t->service ? SERVICE_URL : "/scep/", t->service ? "" : t->scope)
           || error_set(err, REASON_LIMIT, "the URL is too long");
}

static bool target_config(const struct command *command, struct password_target *t,
                          struct error *err)
{
    struct service_config config = { 0 };
    const char *name = NULL;
    bool ok = false;

    if (!config_load_service(command->data, &config, err)) goto out;
    if (!target_name(t, &config, &name, err)) goto out;
    if (!config_load_template(command->data, name, &t->config, err)) goto out;
    if (t->config.challenge.type != CHALLENGE_TYPE_NDES) {
        error_set(
            err, REASON_CONFIG_CONFLICT,
            "template %s has no passwords of this kind; they come with: openndes template set "
            "%s challenge.type=ndes",
            name, name);
        goto out;
    }
    ok = target_url(t, &config, err);
out:
    service_config_clear(&config);
    return ok;
}

static bool target_open(const struct command *command, struct password_target *t, struct error *err)
{
    if (!data_folder_check(command->data, err) || !target_config(command, t, err)
        || !data_mac_key(command->data, false, &t->mac_key, err)) {
        return false;
    }
    t->store = data_store_open(command->data, 1, err);
    t->source = (struct ndes_password_source){
        .data_folder = command->data,
        .store = t->store,
        .mac_key = secret_bytes(&t->mac_key),
    };
    return t->store != NULL;
}

static bool audit_password(const struct command *command, const char *event, const char *scope,
                           int64_t id, struct error *err)
{
    char target[LIMIT_TEMPLATE_NAME + 32];

    if (!text_format(target, sizeof(target), "%s %" PRId64, scope, id)) {
        target[0] = '\0';
    }
    return command_audit(command, event, target, err);
}

/* ---- output --------------------------------------------------------------------------------- */

/* "never" where there is no end. */
static const char *end_text(int64_t expires_at, char text[CLOCK_TEXT_MAX])
{
    clock_format(expires_at, text);
    return expires_at == 0 ? "never" : text;
}

static bool print_made(const struct command *command, const struct password_target *t,
                       const struct ndes_password_made *made, struct error *err)
{
    const char *password = (const char *)made->password.data;
    char time[CLOCK_TEXT_MAX];
    const char *end = end_text(made->expires_at, time);

    if (!command->json) {
        command_print("Password: %s\nExpires: %s\nSCEP URL: %s\n", password, end, t->url);
        return true;
    }
    struct json *root = json_value_new_object();
    if (root == NULL || !json_value_put_integer(root, "id", made->id, err)
        || !json_value_put_text(root, "scope", t->scope, err)
        || !json_value_put_text(root, "password", password, err)
        || !json_value_put_text(root, "expires_at", end, err)
        || !json_value_put_text(root, "scep_url", t->url, err)) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

/* ---- new ------------------------------------------------------------------------------------ */

struct new_options {
    const char *subject, *address, *minutes;
    bool service;
    char subject_text[LIMIT_DN_BYTES + 1];
    struct ip_prefix peer;
};

static bool read_minutes(const char *text, int64_t *minutes, struct error *err)
{
    uint64_t value = 0;

    if (text != NULL && (!text_parse_u64(bytes_of_text(text), MINUTES_MAX, &value) || value == 0)) {
        return error_set(err, REASON_USAGE, "--minutes takes a number from 1 to %d", MINUTES_MAX);
    }
    *minutes = (int64_t)value;
    return true;
}

static bool read_bindings(struct new_options *o, struct ndes_password_order *order,
                          struct error *err)
{
    struct error why = ERROR_INIT;

    if (o->subject != NULL) {
        if (!ca_subject_normalise(o->subject, o->subject_text, sizeof(o->subject_text), err)) {
            return false;
        }
        order->subject = o->subject_text;
    }
    if (o->address != NULL) {
        if (!ip_prefix_parse(bytes_of_text(o->address), &o->peer, &why)) {
            return error_set(err, REASON_USAGE, "--address: %s", why.detail);
        }
        order->peer = &o->peer;
    }
    return true;
}

/* A password that would not be asked for, or not be accepted, helps nobody. */
static bool wants_one_time(const struct password_target *t, struct error *err)
{
    if (!t->config.password.enforce) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "template %s asks for no password (ndes.EnforcePassword is false)",
                         t->config.name);
    }
    if (t->config.password.single) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "template %s accepts its single password alone (ndes.UseSinglePassword); "
                         "see: openndes password single",
                         t->config.name);
    }
    return true;
}

static bool password_new(const struct command *command, struct error *err)
{
    struct new_options o = { .subject = NULL };
    const struct arg_option known[] = {
        { "--subject", ARG_TEXT, &o.subject },
        { "--address", ARG_TEXT, &o.address },
        { "--minutes", ARG_TEXT, &o.minutes },
        { "--service", ARG_FLAG, &o.service },
    };
    struct password_target t = { .mac_key = SECRET_INIT };
    struct ndes_password_order order = { .made_by = MADE_BY, .now = clock_now() };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 4, &args, err)) goto out;
    if (!one_scope(&args, o.service, "password new TEMPLATE|--service [OPTIONS]", &t, err)) {
        goto out;
    }
    if (!read_minutes(o.minutes, &order.validity_minutes, err)) goto out;
    if (!read_bindings(&o, &order, err)) goto out;
    if (!target_open(command, &t, err) || !wants_one_time(&t, err)) goto out;
    order.scope = t.scope;
    order.config = &t.config.password;
    if (!ndes_password_make(&t.source, &order, &made, err)) goto out;
    if (!print_made(command, &t, &made, err)) goto out;
    ok = audit_password(command, "password-new", t.scope, made.id, err);
out:
    ndes_password_made_clear(&made);
    target_close(&t);
    return ok;
}

/* ---- list ----------------------------------------------------------------------------------- */

struct listing {
    struct print_list list;
    int64_t now;
    int64_t last_id;
};

static const char *state_of(const struct store_password_row *row, int64_t now)
{
    if (row->single) {
        return "single";
    }
    if (row->spent_at != 0) {
        return "used";
    }
    return row->expires_at <= now ? "expired" : "unused";
}

static bool put_binding(struct json *object, const char *key, const char *text, struct error *err)
{
    return text[0] == '\0' || json_value_put_text(object, key, text, err);
}

static struct json *row_json(const struct store_password_row *row, int64_t now, struct error *err)
{
    struct json *object = json_value_new_object();
    char created[CLOCK_TEXT_MAX];
    char expires[CLOCK_TEXT_MAX];
    char spent[CLOCK_TEXT_MAX];
    bool ok = object != NULL;

    clock_format(row->created_at, created);
    clock_format(row->spent_at, spent);
    ok = ok && json_value_put_integer(object, "id", row->id, err)
         && json_value_put_text(object, "scope", row->scope, err)
         && json_value_put_text(object, "state", state_of(row, now), err)
         && json_value_put_text(object, "made_by", row->made_by, err)
         && json_value_put_text(object, "created_at", created, err)
         && json_value_put_text(object, "expires_at", end_text(row->expires_at, expires), err)
         && put_binding(object, "subject", row->subject, err)
         && put_binding(object, "address", row->peer, err);
    if (ok && row->spent_at != 0) {
        ok = json_value_put_text(object, "used_at", spent, err)
             && json_value_put_text(object, "serial", row->spent_serial, err)
             && json_value_put_text(object, "ca", row->spent_ca, err)
             && json_value_put_text(object, "peer", row->spent_peer, err);
    }
    if (!ok) {
        json_value_free(object);
        object = NULL;
    }
    return object;
}

static bool list_row(void *context, const struct store_password_row *row, struct error *err)
{
    struct listing *listing = context;
    char expires[CLOCK_TEXT_MAX];
    char made_by[128];

    listing->last_id = row->id;
    if (listing->list.json) {
        return print_list_add_json(&listing->list, row_json(row, listing->now, err), err);
    }
    text_escape(made_by, sizeof(made_by), bytes_of_text(row->made_by));
    return print_list_add_line(
        &listing->list, err, "%-6" PRId64 " %-16s %-7s until %-20s by %s%s%s%s%s%s%s\n", row->id,
        strcmp(row->scope, NDES_PASSWORD_SCOPE_SERVICE) == 0 ? "(service)" : row->scope,
        state_of(row, listing->now), end_text(row->expires_at, expires), made_by,
        row->subject[0] != '\0' ? "  subject " : "", row->subject,
        row->peer[0] != '\0' ? "  address " : "", row->peer,
        row->spent_serial[0] != '\0' ? "  serial " : "", row->spent_serial);
}

/* Page after page, so that no read of the database lasts while a terminal is slow. */
static bool list_all(struct store *store, struct store_password_filter *filter,
                     struct listing *listing, struct error *err)
{
    size_t before = 0;

    do {
        before = listing->list.count;
        if (!store_password_list(store, filter, list_row, listing, err)) {
            return false;
        }
        print_list_flush(&listing->list);
        filter->before_id = listing->last_id;
    } while (listing->list.count > before);
    return true;
}

static bool password_list(const struct command *command, struct error *err)
{
    struct store_password_filter filter = { .now = clock_now() };
    struct listing listing = { .now = filter.now };
    bool service = false;
    const struct arg_option known[] = {
        { "--service", ARG_FLAG, &service },
        { "--all", ARG_FLAG, &filter.all },
    };
    struct store *store = NULL;
    struct args args;
    bool ok = false;

    print_list_begin(&listing.list, command->json);
    if (!args_parse(command->argc, command->argv, known, 2, &args, err)) goto out;
    if (!args_expect(&args, 0, service ? 0 : 1,
                     "password list [TEMPLATE|--service] [--all] [--json]", err)) {
        goto out;
    }
    if (args.count == 1 && !template_name_check(args.positional[0], err)) goto out;
    filter.scope = args.count == 1 ? args.positional[0]
                   : service       ? NDES_PASSWORD_SCOPE_SERVICE
                                   : NULL;
    if (!data_folder_check(command->data, err)) goto out;
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    ok = list_all(store, &filter, &listing, err)
         && print_list_end(&listing.list, filter.all ? "No passwords.\n" : "No unused passwords.\n",
                           err);
out:
    print_list_clear(&listing.list);
    store_close(store);
    return ok;
}

/* ---- purge ---------------------------------------------------------------------------------- */

struct purge_options {
    const char *template_name;
    bool service, expired, all;
    struct store_password_purge purge;
    char target[LIMIT_TEMPLATE_NAME + 32]; /* for the audit record */
};

/* Exactly one of the five ways to name passwords. */
static bool read_purge(struct purge_options *o, const struct args *args, struct error *err)
{
    static const char usage[] =
        "password purge ID | --template NAME | --service | --expired | --all";
    size_t ways = args->count + (o->template_name != NULL ? 1 : 0) + (o->service ? 1 : 0)
                  + (o->expired ? 1 : 0) + (o->all ? 1 : 0);
    uint64_t id = 0;
    const char *what = o->expired ? "expired" : "all";

    if (!args_expect(args, 0, 1, usage, err)) {
        return false;
    }
    if (ways != 1) {
        return error_set(err, REASON_USAGE, "usage: openndes %s", usage);
    }
    if (args->count == 1) {
        what = args->positional[0];
        if (!text_parse_u64(bytes_of_text(what), INT64_MAX, &id) || id == 0) {
            return error_set(err, REASON_USAGE,
                             "the number of a password is expected, as \"password list\" shows it");
        }
    }
    if (o->template_name != NULL) {
        what = o->template_name;
        if (!template_name_check(o->template_name, err)) {
            return false;
        }
    }
    o->purge.id = (int64_t)id;
    o->purge.only_expired = o->expired;
    o->purge.now = clock_now();
    o->purge.scope = o->service ? NDES_PASSWORD_SCOPE_SERVICE : o->template_name;
    if (!text_copy(o->target, sizeof(o->target), o->service ? NDES_PASSWORD_SCOPE_SERVICE : what)) {
        o->target[0] = '\0';
    }
    return true;
}

static bool password_purge(const struct command *command, struct error *err)
{
    struct purge_options o = { .template_name = NULL };
    const struct arg_option known[] = {
        { "--template", ARG_TEXT, &o.template_name },
        { "--service", ARG_FLAG, &o.service },
        { "--expired", ARG_FLAG, &o.expired },
        { "--all", ARG_FLAG, &o.all },
    };
    struct store *store = NULL;
    struct args args;
    int64_t count = 0;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 4, &args, err)
        || !read_purge(&o, &args, err) || !data_folder_check(command->data, err)) {
        goto out;
    }
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    if (!store_password_purge(store, &o.purge, &count, err)) goto out;
    if (o.purge.id != 0 && count == 0) {
        error_set(err, REASON_PASSWORD_MISSING,
                  "there is no unused one-time password %" PRId64 "; see: openndes password list",
                  o.purge.id);
        goto out;
    }
    command_print("%" PRId64 " unused password%s removed.\n", count, count == 1 ? "" : "s");
    ok = command_audit(command, "password-purge", o.target, err);
out:
    store_close(store);
    return ok;
}

/* ---- single --------------------------------------------------------------------------------- */

struct single_options {
    const char *set;
    bool service, renew, show;
};

static bool run_single(const struct command *command, const struct single_options *o,
                       const struct password_target *t, struct bytes text, struct error *err)
{
    struct ndes_password_order order = {
        .scope = t->scope,
        .config = &t->config.password,
        .made_by = MADE_BY,
        .now = clock_now(),
    };
    struct ndes_password_made made = { .password = SECRET_INIT };
    bool change = o->set != NULL || o->renew;
    bool ok = false;

    if (change && !ndes_password_single_set(&t->source, &order, text, &made, err)) goto out;
    if (!change && !ndes_password_single(&t->source, &order, &made, err)) goto out;
    if (!print_made(command, t, &made, err)) goto out;
    if (!t->config.password.single && !command->json) {
        command_print("Not accepted until ndes.UseSinglePassword is true: openndes template set %s "
                      "ndes.UseSinglePassword=true\n",
                      t->config.name);
    }
    ok = audit_password(command, change ? "password-single-set" : "password-single-show", t->scope,
                        made.id, err);
out:
    ndes_password_made_clear(&made);
    return ok;
}

static bool password_single(const struct command *command, struct error *err)
{
    struct single_options o = { .set = NULL };
    const struct arg_option known[] = {
        { "--set", ARG_TEXT, &o.set },
        { "--renew", ARG_FLAG, &o.renew },
        { "--show", ARG_FLAG, &o.show },
        { "--service", ARG_FLAG, &o.service },
    };
    struct password_target t = { .mac_key = SECRET_INIT };
    struct secret text = SECRET_INIT;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 4, &args, err)) goto out;
    if (!one_scope(&args, o.service,
                   "password single TEMPLATE|--service [--set - | --renew | --show]", &t, err)) {
        goto out;
    }
    if ((o.set != NULL) + o.renew + o.show > 1) {
        error_set(err, REASON_USAGE, "one of --set, --renew and --show");
        goto out;
    }
    if (o.set != NULL && strcmp(o.set, "-") != 0) {
        error_set(err, REASON_USAGE,
                  "--set takes \"-\" (read from standard input): a secret on the command line is "
                  "visible to others");
        goto out;
    }
    if (!target_open(command, &t, err)) goto out;
    if (o.set != NULL) {
        if (!command_read_secret("Single password: ", true, &text, err)) goto out;
        if (text.len == 0) {
            error_set(err, REASON_USAGE, "the password is empty; --renew makes one");
            goto out;
        }
    }
    ok = run_single(command, &o, &t, secret_bytes(&text), err);
out:
    secret_clear(&text);
    target_close(&t);
    return ok;
}

bool cmd_password(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "new", password_new },
        { "list", password_list },
        { "purge", password_purge },
        { "single", password_single },
    };

    return command_dispatch(command, "password", table, 4, err);
}
