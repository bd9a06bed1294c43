/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "ca rollover": one CA follows another, for all templates of it at once. All are looked at before
 * the first is changed, so that one that cannot be leaves the others alone, too. A template is
 * changed as a whole and by itself; a command that was interrupted is given again and does the
 * rest.
 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "ca/ca_files.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"

/* What a template is set to; none: it has nothing to change. */
struct rollover_change {
    struct {
        const char *key;
        const char *value;
    } set[3];
    size_t count;
};

/* One step, for each template whose ca is `name`. */
struct rollover {
    const struct command *command;
    char name[LIMIT_TEMPLATE_NAME + 1];
    char next[LIMIT_TEMPLATE_NAME + 1]; /* "start" only */
    bool (*plan)(const struct rollover *r, const struct template_config *config,
                 struct rollover_change *change, struct error *err);
    bool looks_only; /* nothing is changed yet */
    size_t seen;     /* templates of this CA */
    size_t changed;  /* of these */
};

static void set(struct rollover_change *change, const char *key, const char *value)
{
    change->set[change->count].key = key;
    change->set[change->count++].value = value;
}

/* ---- one template ---------------------------------------------------------------------------- */

static bool save(const struct rollover *r, const char *template_name,
                 const struct rollover_change *change, struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!data_path_template(r->command->data, template_name, path, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, path, err);
    if (edit == NULL) goto out;
    for (size_t i = 0; i < change->count; i++) {
        if (!config_edit_set(edit, change->set[i].key, change->set[i].value, false, err)) goto out;
    }
    ok = config_edit_save(edit, template_name, false, err);
out:
    config_edit_close(edit);
    return ok;
}

static bool change_template(void *context, const char *template_name, struct error *err)
{
    struct rollover *r = context;
    struct rollover_change change = { .count = 0 };
    struct template_config config;
    bool ok = false;

    memset(&config, 0, sizeof(config));
    if (!config_load_template(r->command->data, template_name, &config, err)) goto out;
    if (!text_equal_nocase(config.ca, r->name)) {
        ok = true;
        goto out;
    }
    r->seen += r->looks_only ? 1 : 0;
    if (!r->plan(r, &config, &change, err)) {
        error_context(err, "template %s", template_name);
        goto out;
    }
    ok = r->looks_only || change.count == 0 || save(r, template_name, &change, err);
    if (ok && !r->looks_only && change.count > 0) {
        r->changed++;
        command_print("Template %s:", template_name);
        for (size_t i = 0; i < change.count; i++) {
            command_print(" %s=%s", change.set[i].key, change.set[i].value);
        }
        command_print("\n");
    }
out:
    template_config_clear(&config);
    return ok;
}

/*
 * Under the lock of the settings: two commands at once would undo each other. What was changed
 * before one could not be is in the audit file like all that was.
 */
static bool change_all(struct rollover *r, const char *event, const char *target, struct error *err)
{
    struct file_lock *lock = NULL;
    struct error why = ERROR_INIT;
    bool ok = data_settings_lock(r->command->data, &lock, err);

    r->looks_only = true;
    ok = ok && config_list_templates(r->command->data, change_template, r, err);
    r->looks_only = false;
    ok = ok && config_list_templates(r->command->data, change_template, r, err);
    file_lock_release(lock);
    if (!ok && r->changed > 0 && !command_audit(r->command, event, target, &why)) {
        error_context(err, "%s", why.detail);
    }
    return ok;
}

/* ---- the CAs --------------------------------------------------------------------------------- */

struct called {
    const char *typed;
    char *name;
};

static bool take_called(void *context, const char *name, struct error *err)
{
    const struct called *called = context;

    return !text_equal_nocase(name, called->typed)
           || text_copy(called->name, LIMIT_TEMPLATE_NAME + 1, name)
           || error_set(err, REASON_LIMIT, "the CA's name is too long");
}

/* Case does not matter when a name is typed; settings have it as the CA's folder is called. */
static bool name_ca(const struct command *command, const char *typed,
                    char name[LIMIT_TEMPLATE_NAME + 1], struct error *err)
{
    struct called called = { typed, name };

    return (text_copy(name, LIMIT_TEMPLATE_NAME + 1, typed)
            || error_set(err, REASON_LIMIT, "the CA's name is too long"))
           && ca_files_list(command->data, take_called, &called, err);
}

struct ca_life {
    struct certificate_info info;
    bool ready;
    struct error why; /* not ready */
};

/* Errors: the CA cannot be opened at all. */
static bool look_at_ca(const struct command *command, const char *name, struct ca_life *life,
                       struct error *err)
{
    struct ca_builtin_options options = {
        .data_folder = command->data, .name = name, .crl_validity_hours = 168, .crl_renew_hours = 48
    };
    struct ca_builtin *builtin = ca_builtin_open(&options, err);
    struct ca *ca = builtin == NULL ? NULL : ca_builtin_as_ca(builtin);
    bool ok = false;

    memset(life, 0, sizeof(*life));
    if (builtin == NULL) goto out;
    if (ca == NULL) {
        error_set(err, REASON_NO_MEMORY, "CA");
        goto out;
    }
    life->ready = ca_ready(ca, &life->why);
    ok = ca_builtin_certificate(builtin) == NULL
         || certificate_info(ca_builtin_certificate(builtin), &life->info, err);
out:
    ca_free(ca);
    return ok;
}

static bool need_ready(const struct command *command, const char *name, struct error *err)
{
    struct ca_life life;

    if (!look_at_ca(command, name, &life, err)) {
        return false;
    }
    return life.ready
           || error_set(err, REASON_ROLLOVER, "CA %s cannot issue (%s): %s", name,
                        reason_id(life.why.reason), life.why.detail);
}

/* ---- the steps ------------------------------------------------------------------------------- */

static bool plan_start(const struct rollover *r, const struct template_config *config,
                       struct rollover_change *change, struct error *err)
{
    const char *next = config->rollover.next;

    if (next[0] != '\0' && !text_equal_nocase(next, r->next)) {
        return error_set(err, REASON_ROLLOVER,
                         "CA %s is announced already; first: openndes ca rollover cancel %s", next,
                         r->name);
    }
    if (next[0] == '\0') {
        set(change, "rollover.next", r->next);
    }
    return true;
}

static bool plan_finish(const struct rollover *r, const struct template_config *config,
                        struct rollover_change *change, struct error *err)
{
    const char *previous = config->rollover.previous;

    if (config->rollover.next[0] == '\0') {
        return true;
    }
    if (previous[0] != '\0') {
        return error_set(err, REASON_ROLLOVER,
                         "devices that know CA %s only would be cut off; when there are none any "
                         "more: openndes ca rollover end %s",
                         previous, r->name);
    }
    set(change, "ca", config->rollover.next);
    set(change, "rollover.previous", config->ca);
    set(change, "rollover.next", "");
    return true;
}

static bool plan_cancel(const struct rollover *r, const struct template_config *config,
                        struct rollover_change *change, struct error *err)
{
    (void)r;
    (void)err;
    if (config->rollover.next[0] != '\0') {
        set(change, "rollover.next", "");
    }
    return true;
}

static bool plan_end(const struct rollover *r, const struct template_config *config,
                     struct rollover_change *change, struct error *err)
{
    (void)r;
    (void)err;
    if (config->rollover.previous[0] != '\0') {
        set(change, "rollover.previous", "");
    }
    return true;
}

/* The one CA that all templates of `name` announce; "" when none does. */
struct announced {
    const char *data;
    const char *name;
    char next[LIMIT_TEMPLATE_NAME + 1];
    bool several;
};

static bool find_announced(void *context, const char *template_name, struct error *err)
{
    struct announced *a = context;
    struct template_config config;
    bool ok;

    memset(&config, 0, sizeof(config));
    ok = config_load_template(a->data, template_name, &config, err);
    if (ok && text_equal_nocase(config.ca, a->name) && config.rollover.next[0] != '\0') {
        a->several =
            a->several || (a->next[0] != '\0' && !text_equal_nocase(a->next, config.rollover.next));
        ok = text_copy(a->next, sizeof(a->next), config.rollover.next)
             || error_set(err, REASON_LIMIT, "the CA's name is too long");
    }
    template_config_clear(&config);
    return ok;
}

/* What became of it, for people and for the audit file. */
static bool told(const struct rollover *r, const char *event, const char *target,
                 const char *nothing, struct error *err)
{
    if (r->seen == 0) {
        return error_set(err, REASON_ROLLOVER, "no template has ca=%s; see: openndes template list",
                         r->name);
    }
    if (r->changed == 0) {
        command_print("%s\n", nothing);
        return true;
    }
    command_print("A running service takes it over within seconds.\n");
    return command_audit(r->command, event, target, err);
}

static bool parse(const struct command *command, size_t count, const char *usage, struct args *args,
                  struct error *err)
{
    return args_parse(command->argc, command->argv, NULL, 0, args, err)
           && args_expect(args, count, count, usage, err) && data_folder_check(command->data, err);
}

static bool rollover_start(const struct command *command, struct error *err)
{
    struct args args;
    struct rollover r = { .command = command, .plan = plan_start };
    char target[2 * LIMIT_TEMPLATE_NAME + 16];

    if (!parse(command, 2, "ca rollover start NAME NEXT", &args, err)) {
        return false;
    }
    if (!name_ca(command, args.positional[0], r.name, err)
        || !name_ca(command, args.positional[1], r.next, err)) {
        return false;
    }
    if (text_equal_nocase(r.name, r.next)) {
        return error_set(err, REASON_ROLLOVER, "a CA cannot follow itself");
    }
    if (!text_format(target, sizeof(target), "%s to %s", r.name, r.next)) {
        return error_set(err, REASON_LIMIT, "the names are too long");
    }
    if (!need_ready(command, r.next, err) || !change_all(&r, "ca-rollover-start", target, err)) {
        return false;
    }
    if (r.changed > 0) {
        command_print("Devices learn of CA %s by GetNextCACert. When they have: openndes ca "
                      "rollover finish %s\n",
                      r.next, r.name);
    }
    return told(&r, "ca-rollover-start", target, "It is announced already.", err);
}

static bool rollover_finish(const struct command *command, struct error *err)
{
    struct args args;
    struct rollover r = { .command = command, .plan = plan_finish };
    struct announced a = { .data = command->data };
    char target[2 * LIMIT_TEMPLATE_NAME + 16];

    if (!parse(command, 1, "ca rollover finish NAME", &args, err)) {
        return false;
    }
    a.name = r.name;
    if (!name_ca(command, args.positional[0], r.name, err)
        || !config_list_templates(command->data, find_announced, &a, err)) {
        return false;
    }
    if (a.next[0] == '\0') {
        return error_set(err, REASON_ROLLOVER,
                         "nothing follows CA %s; first: openndes ca rollover start %s NEXT", r.name,
                         r.name);
    }
    if (a.several) {
        return error_set(err, REASON_ROLLOVER,
                         "the templates of CA %s announce different CAs; see: openndes ca rollover "
                         "status %s",
                         r.name, r.name);
    }
    if (!text_format(target, sizeof(target), "%s to %s", r.name, a.next)) {
        return error_set(err, REASON_LIMIT, "the names are too long");
    }
    if (!need_ready(command, a.next, err) || !change_all(&r, "ca-rollover-finish", target, err)) {
        return false;
    }
    command_print("CA %s issues now. Devices that know only CA %s go on with it until it ends, or "
                  "until: openndes ca rollover end %s\n",
                  a.next, r.name, a.next);
    return told(&r, "ca-rollover-finish", target, "Nothing to do.", err);
}

static bool rollover_cancel(const struct command *command, struct error *err)
{
    struct args args;
    struct rollover r = { .command = command, .plan = plan_cancel };

    if (!parse(command, 1, "ca rollover cancel NAME", &args, err)) {
        return false;
    }
    return name_ca(command, args.positional[0], r.name, err)
           && change_all(&r, "ca-rollover-cancel", r.name, err)
           && told(&r, "ca-rollover-cancel", r.name, "Nothing is announced.", err);
}

static bool rollover_end(const struct command *command, struct error *err)
{
    struct args args;
    struct rollover r = { .command = command, .plan = plan_end };

    if (!parse(command, 1, "ca rollover end NAME", &args, err)) {
        return false;
    }
    return name_ca(command, args.positional[0], r.name, err)
           && change_all(&r, "ca-rollover-end", r.name, err)
           && told(&r, "ca-rollover-end", r.name, "There is no CA before it.", err);
}

/* ---- status ---------------------------------------------------------------------------------- */

struct status {
    const struct command *command;
    const char *only;   /* NULL: every CA */
    struct json *array; /* with --json */
    size_t count;
};

/* "default (ready, until 2036-11-24T00:00:00Z)"; "-" for none. */
static void describe(const struct command *command, const char *name, char *out, size_t size)
{
    struct ca_life life;
    struct error why = ERROR_INIT;
    char until[CLOCK_TEXT_MAX] = "";
    bool fits;

    if (name[0] == '\0') {
        fits = text_copy(out, size, "-");
    } else if (!look_at_ca(command, name, &life, &why)) {
        fits = text_format(out, size, "%s (%s)", name, reason_id(why.reason));
    } else {
        clock_format(life.info.not_after, until);
        fits = text_format(out, size, "%s (%s, until %s)", name,
                           life.ready ? "ready" : reason_id(life.why.reason), until);
    }
    if (!fits) {
        out[0] = '\0';
    }
}

static struct json *status_row(const char *template_name, const struct template_config *config,
                               struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL) {
        error_set(err, REASON_NO_MEMORY, "JSON");
        return NULL;
    }
    if (!json_value_put_text(row, "template", template_name, err)
        || !json_value_put_text(row, "ca", config->ca, err)
        || !json_value_put_text(row, "next", config->rollover.next, err)
        || !json_value_put_text(row, "previous", config->rollover.previous, err)) {
        json_value_free(row);
        return NULL;
    }
    return row;
}

static bool status_template(void *context, const char *template_name, struct error *err)
{
    struct status *s = context;
    struct template_config config;
    struct json *row = NULL;
    char text[3][LIMIT_TEMPLATE_NAME + CLOCK_TEXT_MAX + 64];
    bool ok = false;

    memset(&config, 0, sizeof(config));
    if (!config_load_template(s->command->data, template_name, &config, err)) goto out;
    ok = true;
    if (s->only != NULL && !text_equal_nocase(config.ca, s->only)) goto out;
    s->count++;
    if (s->array != NULL) {
        row = status_row(template_name, &config, err);
        ok = row != NULL && json_value_push(s->array, row, err);
        goto out;
    }
    describe(s->command, config.ca, text[0], sizeof(text[0]));
    describe(s->command, config.rollover.next, text[1], sizeof(text[1]));
    describe(s->command, config.rollover.previous, text[2], sizeof(text[2]));
    command_print("Template %s:\n  issues:   %s\n  next:     %s\n  previous: %s\n", template_name,
                  text[0], text[1][0] != '\0' ? text[1] : "-", text[2][0] != '\0' ? text[2] : "-");
out:
    template_config_clear(&config);
    return ok;
}

static bool rollover_status(const struct command *command, struct error *err)
{
    struct status s = { .command = command };
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 1, "ca rollover status [NAME] [--json]", err)
        || !data_folder_check(command->data, err)) {
        return false;
    }
    s.only = args.count == 0 ? NULL : args.positional[0];
    if (command->json) {
        s.array = json_value_new_array();
        if (s.array == NULL) {
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
    }
    if (!config_list_templates(command->data, status_template, &s, err)) {
        json_value_free(s.array);
        return false;
    }
    if (command->json) {
        return command_print_json(s.array, err);
    }
    if (s.count == 0) {
        command_print("No template%s%s.\n",
                      s.only == NULL ? "" : " has ca=", s.only == NULL ? "" : s.only);
    }
    return true;
}

bool cmd_ca_rollover(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "status", rollover_status }, { "start", rollover_start }, { "finish", rollover_finish },
        { "cancel", rollover_cancel }, { "end", rollover_end },
    };

    return command_dispatch(command, "ca rollover", table, sizeof(table) / sizeof(table[0]), err);
}
