/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/console.h"
#include "policy/policy_dump.h"
#include "policy/policy_learn.h"
#include "policy/policy_lint.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/policy_files.h"
#include "service/policy_table.h"

/* Requests on one command line. */
#define REQUESTS_MAX ARGS_POSITIONAL_MAX

/* ---- check ----------------------------------------------------------------------------------- */

struct check_files {
    struct policy_set set;
    struct policy_known *known;
    struct policy_table *table;
};

static bool load_known(const char *data, const char *name, struct policy_known **out,
                       struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_KNOWN_BYTES);

    if (policy_files_read(data, name, LIMIT_KNOWN_BYTES, &text, err)) {
        *out = policy_known_load(buffer_bytes(&text), name, err);
    }
    buffer_clear(&text);
    return *out != NULL;
}

/* Compare one request with each policy of the file and tell the outcome. */
static bool check_request(const struct check_files *files, const char *name, const char *path,
                          struct error *err)
{
    struct policy_request_file file;
    bool ok;

    if (!policy_files_request(name, &file, err)) {
        return false;
    }
    {
        const struct policy_request request = { .csr = &file.csr,
                                                .details = file.details,
                                                .path = path == NULL ? "" : path,
                                                .known = files->known,
                                                .now = clock_now() };

        ok = policy_table_request(files->table, name, &files->set, &request, err);
    }
    policy_files_request_clear(&file);
    return ok;
}

static bool policy_check(const struct command *command, struct error *err)
{
    struct check_files files = { .known = NULL };
    const char *known = NULL;
    const char *path = NULL;
    const struct arg_option options[] = {
        { "--known", ARG_TEXT, &known },
        { "--path", ARG_TEXT, &path },
    };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, options, 2, &args, err)
        || !args_expect(&args, 2, REQUESTS_MAX,
                        "policy check POLICY CSR... [--known FILE] [--path PATH] [--json]", err)
        || !policy_files_load(command->data, args.positional[0], &files.set, err)
        || (known != NULL && !load_known(command->data, known, &files.known, err))) {
        goto out;
    }
    files.table = policy_table_new(command->json, err);
    if (files.table == NULL) goto out;
    for (size_t i = 1; i < args.count; i++) {
        if (!check_request(&files, args.positional[i], path, err)) goto out;
    }
    ok = policy_table_end(files.table, err);
out:
    policy_table_free(files.table);
    policy_known_free(files.known);
    policy_set_clear(&files.set);
    return ok;
}

/* ---- lint ------------------------------------------------------------------------------------ */

struct lint_output {
    bool json;
    struct json *array;
    size_t errors, warnings;
    char first[64]; /* id of the first error */
};

static bool lint_json(struct lint_output *out, const struct policy *p,
                      const struct policy_lint_finding *f, struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL || !json_value_put_text(row, "level", policy_lint_level_word(f->level), err)
        || !json_value_put_text(row, "id", f->id, err)
        || (p != NULL && !json_value_put_text(row, "policy", p->name, err))
        || !json_value_put_text(row, "place", f->place, err)
        || !json_value_put_text(row, "text", f->text, err)
        || !json_value_put_text(row, "remedy", f->remedy, err)) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(out->array, row, err);
}

/* A policy_lint_visit. */
static bool lint_finding(void *context, const struct policy *p, const struct policy_lint_finding *f,
                         struct error *err)
{
    struct lint_output *out = context;
    char name[160] = "";

    out->warnings += f->level == POLICY_LINT_WARNING ? 1 : 0;
    if (f->level == POLICY_LINT_ERROR && out->errors++ == 0 && !text_copy(out->first, 64, f->id)) {
        out->first[0] = '\0';
    }
    if (out->json) {
        return lint_json(out, p, f, err);
    }
    if (p != NULL) {
        text_escape(name, sizeof(name), bytes_of_text(p->name));
    }
    command_print("%-8s %s %s%s%s: %s\n         %s\n", policy_lint_level_word(f->level), f->id,
                  name, name[0] != '\0' && f->place[0] != '\0' ? " " : "", f->place, f->text,
                  f->remedy);
    return true;
}

/* As Intune's trusted certificate profiles and CAThumbprint want them. */
static void print_thumbprints(const struct policy_ca *ca)
{
    for (size_t i = 0; i < ca->count; i++) {
        const struct policy_ca_certificate *c = &ca->item[i];
        char sha1[sizeof(c->sha1)];
        char until[CLOCK_TEXT_MAX];

        for (size_t k = 0; k < sizeof(sha1); k++) {
            char digit = c->sha1[k];

            sha1[k] = digit >= 'a' && digit <= 'f' ? (char)(digit - 'a' + 'A') : digit;
        }
        clock_format(c->not_after, until);
        command_print("CA %s, %s, until %s\n  SHA-1 thumbprint %s\n  SHA-256          %s\n",
                      c->subject,
                      c->is_root && c->is_issuing ? "root and issuing"
                      : c->is_root                ? "root"
                      : c->is_issuing             ? "issuing"
                                                  : "in between",
                      until, sha1, c->sha256);
    }
}

static struct json *thumbprints_json(const struct policy_ca *ca, struct error *err)
{
    struct json *array = json_value_new_array();
    bool ok = array != NULL;

    for (size_t i = 0; ok && ca != NULL && i < ca->count; i++) {
        const struct policy_ca_certificate *c = &ca->item[i];
        struct json *row = json_value_new_object();
        char until[CLOCK_TEXT_MAX];

        clock_format(c->not_after, until);
        ok = row != NULL && json_value_put_text(row, "subject", c->subject, err)
             && json_value_put_bool(row, "root", c->is_root, err)
             && json_value_put_bool(row, "issuing", c->is_issuing, err)
             && json_value_put_text(row, "not_after", until, err)
             && json_value_put_text(row, "sha1", c->sha1, err)
             && json_value_put_text(row, "sha256", c->sha256, err);
        if (!ok) {
            json_value_free(row);
        }
        ok = ok && json_value_push(array, row, err);
    }
    if (!ok) {
        json_value_free(array);
        array = NULL;
    }
    return array;
}

static bool lint_end(struct lint_output *out, const struct policy_ca *ca, struct error *err)
{
    struct json *root;
    struct json *findings = out->array;

    if (!out->json) {
        command_print("%zu errors, %zu warnings\n", out->errors, out->warnings);
        if (ca != NULL) {
            print_thumbprints(ca);
        }
        return true;
    }
    root = json_value_new_object();
    out->array = NULL;
    if (root == NULL) {
        json_value_free(findings);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    if (!json_value_put(root, "findings", findings, err)
        || !json_value_put(root, "ca", thumbprints_json(ca, err), err)) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

static bool policy_lint_verb(const struct command *command, struct error *err)
{
    struct lint_output out = { .json = command->json };
    struct policy_set set = { 0 };
    struct policy_ca *ca = NULL;
    const char *ca_name = NULL;
    const struct arg_option options[] = { { "--ca", ARG_TEXT, &ca_name } };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, options, 1, &args, err)
        || !args_expect(&args, 1, 1, "policy lint POLICY [--ca FILE] [--json]", err)
        || !policy_files_load(command->data, args.positional[0], &set, err)) {
        goto out;
    }
    if (ca_name != NULL && (ca = policy_files_ca(ca_name, err)) == NULL) goto out;
    if (command->json && (out.array = json_value_new_array()) == NULL) {
        error_set(err, REASON_NO_MEMORY, "JSON");
        goto out;
    }
    if (!policy_lint(&set, ca, clock_now(), lint_finding, &out, err) || !lint_end(&out, ca, err))
        goto out;
    ok = out.errors == 0
         || error_set(err, REASON_POLICY_VALUE, "%zu of the lints are errors, first: %s",
                      out.errors, out.first);
out:
    json_value_free(out.array);
    policy_ca_free(ca);
    policy_set_clear(&set);
    return ok;
}

/* ---- dump and learn -------------------------------------------------------------------------- */

/* One policy is an object, several are an array: both can be read again. */
static bool dump_set(const struct policy_set *set, bool all, struct error *err)
{
    struct json *array;

    if (set->count == 1) {
        return command_print_json(policy_dump_json(set->item[0], all, err), err);
    }
    array = json_value_new_array();
    if (array == NULL) {
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    for (size_t i = 0; i < set->count; i++) {
        struct json *item = policy_dump_json(set->item[i], all, err);

        if (item == NULL || !json_value_push(array, item, err)) {
            json_value_free(array);
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
    }
    return command_print_json(array, err);
}

static bool policy_dump_verb(const struct command *command, struct error *err)
{
    struct policy_set set = { 0 };
    bool all = false;
    const struct arg_option options[] = { { "--all", ARG_FLAG, &all } };
    struct args args;
    bool ok = args_parse(command->argc, command->argv, options, 1, &args, err)
              && args_expect(&args, 1, 1, "policy dump POLICY [--all]", err)
              && policy_files_load(command->data, args.positional[0], &set, err)
              && dump_set(&set, all, err);

    policy_set_clear(&set);
    return ok;
}

/* The policy on standard output, what there is to say about it on standard error. */
static bool print_learned(const struct policy *p, const struct policy_texts *notes,
                          struct error *err)
{
    for (size_t i = 0; i < notes->count; i++) {
        console_printf(CONSOLE_ERR, "openndes: note: %s\n", notes->item[i]);
    }
    return command_print_json(policy_dump_json(p, false, err), err);
}

static bool policy_learn_verb(const struct command *command, struct error *err)
{
    struct policy_request_file *files = NULL;
    struct policy_learn_request requests[REQUESTS_MAX];
    struct policy_set notes = { 0 }; /* its warnings */
    struct policy *p = NULL;
    struct args args;
    size_t count = 0;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 1, REQUESTS_MAX, "policy learn CSR...", err)) {
        return false;
    }
    files = calloc(args.count, sizeof(*files));
    if (files == NULL) {
        return error_set(err, REASON_NO_MEMORY, "requests");
    }
    for (; count < args.count; count++) {
        if (!policy_files_request(args.positional[count], &files[count], err)) goto out;
        requests[count] = (struct policy_learn_request){ args.positional[count], &files[count].csr,
                                                         files[count].details };
    }
    p = policy_learn(requests, count, clock_now(), &notes.warnings, err);
    ok = p != NULL && print_learned(p, &notes.warnings, err);
out:
    for (size_t i = 0; i < count; i++) {
        policy_files_request_clear(&files[i]);
    }
    free(files);
    policy_free(p);
    policy_set_clear(&notes);
    return ok;
}

bool cmd_policy(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "check", policy_check },
        { "lint", policy_lint_verb },
        { "dump", policy_dump_verb },
        { "learn", policy_learn_verb },
    };

    return command_dispatch(command, "policy", table, sizeof(table) / sizeof(table[0]), err);
}
