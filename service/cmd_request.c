/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/cert_row.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/print_list.h"
#include "service/request_pending.h"
#include "service/request_records.h"

#define LAST_DEFAULT 50u
#define LAST_MAX 100000u
#define FLUSH_BYTES 65536u /* printed at a time */
#define SHOWN_MAX 2048u    /* bytes of one field in a line for people */

/*
 * A field for the terminal: what could move or hide text is escaped, quotes and backslashes, which
 * names have, stay. Each backslash of text_escape_sentence begins an escape.
 */
static const char *shown(const struct json *record, const char *field, char text[SHOWN_MAX])
{
    size_t len = 0;

    text_escape_sentence(text, SHOWN_MAX, bytes_of_text(request_records_text(record, field)));
    for (const char *from = text; *from != '\0';) {
        bool quote = strncmp(from, "\\x22", 4) == 0;
        bool backslash = strncmp(from, "\\x5c", 4) == 0;

        text[len++] = (char)(quote ? '"' : *from);
        from += quote || backslash ? 4 : 1;
    }
    text[len] = '\0';
    return text;
}

/* ---- list ------------------------------------------------------------------------------------ */

static bool list_record(void *context, const struct json *record, struct error *err)
{
    struct print_list *list = context;
    char field[8][SHOWN_MAX];
    const char *subject = "subject";
    bool issued = request_records_text(record, "serial")[0] != '\0';

    if (list->text.len > FLUSH_BYTES) {
        print_list_flush(list);
    }
    if (list->json) {
        struct json *object = request_records_object(record, err);

        return object != NULL && print_list_add_json(list, object, err);
    }
    if (request_records_text(record, subject)[0] == '\0') {
        subject = "requested_subject";
    }
    return print_list_add_line(list, err, "%-16s %.19sZ %-8s %-16s %-15s %s%s%s\n",
                               shown(record, "request_id", field[0]),
                               shown(record, "time", field[1]), shown(record, "result", field[2]),
                               shown(record, "template", field[3]), shown(record, "peer", field[4]),
                               shown(record, issued ? "serial" : "reason", field[5]),
                               request_records_text(record, subject)[0] != '\0' ? " " : "",
                               shown(record, subject, field[6]));
}

/* "30m", "12h", "7d" ago. */
static bool parse_ago(const char *text, int64_t now, int64_t *since)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    size_t len = strlen(text);
    uint64_t number = 0;

    if (len < 2 || !text_parse_u64(bytes_of(text, len - 1), 100000, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text[len - 1] == units[i].unit) {
            *since = now - (int64_t)number * units[i].seconds;
            return true;
        }
    }
    return false;
}

static bool parse_since(const char *text, int64_t *since, struct error *err)
{
    char begin[CLOCK_TEXT_MAX];

    return text == NULL || clock_parse(text, since) || parse_ago(text, clock_now(), since)
           || (text_format(begin, sizeof(begin), "%sT00:00:00Z", text) && clock_parse(begin, since))
           || error_set(err, REASON_USAGE,
                        "--since takes a time such as 2026-01-31T12:00:00Z, a day such as "
                        "2026-01-31, or how long ago: 30m, 12h, 7d");
}

static bool parse_result(const char *text, struct error *err)
{
    static const char *const results[] = { "issued", "repeated", "refused", "pending", "ok" };

    for (size_t i = 0; text != NULL && i < sizeof(results) / sizeof(results[0]); i++) {
        if (text_equal_nocase(text, results[i])) {
            return true;
        }
    }
    return text == NULL
           || error_set(err, REASON_USAGE,
                        "--result takes issued, repeated, refused, pending or ok");
}

/* *pending: those that wait are meant, and nothing but --template narrows them. */
static bool parse_list(const struct command *command, struct request_filter *filter, bool *pending,
                       struct error *err)
{
    const char *last = NULL;
    const char *since = NULL;
    const struct arg_option known[] = {
        { "--last", ARG_TEXT, &last },
        { "--template", ARG_TEXT, &filter->template_name },
        { "--result", ARG_TEXT, &filter->result },
        { "--subject", ARG_TEXT, &filter->subject },
        { "--since", ARG_TEXT, &since },
        { "--all", ARG_FLAG, &filter->every },
        { "--pending", ARG_FLAG, pending },
    };
    uint64_t number = LAST_DEFAULT;
    struct args args;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "request list [OPTIONS]", err)
        || !parse_since(since, &filter->since, err) || !parse_result(filter->result, err)) {
        return false;
    }
    if (last != NULL && (!text_parse_u64(bytes_of_text(last), LAST_MAX, &number) || number == 0)) {
        return error_set(err, REASON_USAGE, "--last takes a number from 1 to %u", LAST_MAX);
    }
    if (*pending
        && (last != NULL || since != NULL || filter->result != NULL || filter->subject != NULL
            || filter->every)) {
        return error_set(err, REASON_USAGE, "--pending goes with --template alone");
    }
    filter->last = (size_t)number;
    return true;
}

/* The files tell what happened; whoever reads them shall hear what is to be done. */
static void tell_waiting(const struct command *command)
{
    int64_t waiting = request_pending_count(command);

    if (waiting > 0) {
        command_print("Waiting for approval: %lld (openndes request list --pending)\n",
                      (long long)waiting);
    }
}

static bool request_list(const struct command *command, struct error *err)
{
    struct request_filter filter = { 0 };
    struct print_list list;
    bool pending = false;
    uint64_t damaged = 0;
    bool ok = false;

    print_list_begin(&list, command->json);
    if (!parse_list(command, &filter, &pending, err) || !data_folder_check(command->data, err)) {
        goto out;
    }
    if (pending) {
        ok = request_pending_list(command, filter.template_name, err);
        goto out;
    }
    if (!request_records_list(command->data, &filter, list_record, &list, &damaged, err)
        || !print_list_end(&list, "No requests.\n", err)) {
        goto out;
    }
    if (command->json) {
        ok = true;
        goto out;
    }
    if (damaged != 0) {
        command_print("Left out: %llu lines of the audit files that cannot be read.\n",
                      (unsigned long long)damaged);
    }
    tell_waiting(command);
    ok = true;
out:
    print_list_clear(&list);
    return ok;
}

/* ---- show ------------------------------------------------------------------------------------ */

struct found_certificate {
    struct json *object;
};

static bool take_certificate(void *context, const struct store_certificate_row *row,
                             struct error *err)
{
    struct found_certificate *found = context;

    found->object = cert_row_json(row, clock_now(), err);
    return found->object != NULL;
}

/* The certificate's row as an object; *out stays NULL when the database has none. */
static bool find_certificate(const struct command *command, const struct json *record,
                             struct json **out, struct error *err)
{
    struct found_certificate found = { NULL };
    struct error why = ERROR_INIT;
    const char *ca = request_records_text(record, "ca");
    struct store *store = data_store_open(command->data, 1, err);
    bool ok = false;

    if (store == NULL) {
        return false;
    }
    ok = store_show_certificate(store, ca[0] != '\0' ? ca : NULL,
                                request_records_text(record, "serial"), take_certificate, &found,
                                &why);
    if (!ok && why.reason != REASON_CERT_NOT_FOUND) {
        error_set(err, why.reason, "%s", why.detail);
    } else {
        ok = true;
    }
    store_close(store);
    *out = found.object;
    return ok;
}

static void print_field(const struct json *object, const char *name, const struct json *value)
{
    char text[SHOWN_MAX];

    if (json_value_kind(value) == JSON_KIND_ARRAY) {
        for (size_t i = 0; i < json_value_count(value); i++) {
            const char *item = json_value_text(json_value_at(value, i));

            text_escape_sentence(text, sizeof(text), bytes_of_text(item != NULL ? item : ""));
            command_print("%-18s %s\n", name, text);
        }
    } else if (json_value_kind(value) == JSON_KIND_BOOL) {
        command_print("%-18s %s\n", name, json_value_bool(value) ? "yes" : "no");
    } else if (json_value_kind(value) == JSON_KIND_INTEGER) {
        command_print("%-18s %lld\n", name, (long long)json_value_integer(value));
    } else if (request_records_text(object, name)[0] != '\0') {
        command_print("%-18s %s\n", name, shown(object, name, text));
    }
}

static void print_request(const struct json *object, const struct json *certificate)
{
    static const char *const of_certificate[] = { "state", "revoked_at", "revocation_reason",
                                                  "revoked_by" };
    struct json *value = NULL;
    const char *name = NULL;
    char text[SHOWN_MAX];
    void *it = NULL;

    while (json_value_next(object, &it, &name, &value)) {
        print_field(object, name, value);
    }
    if (request_records_text(object, "serial")[0] == '\0') {
        return;
    }
    if (certificate == NULL) {
        command_print("%-18s not in the database\n", "certificate");
        return;
    }
    for (size_t i = 0; i < sizeof(of_certificate) / sizeof(of_certificate[0]); i++) {
        if (json_value_get(certificate, of_certificate[i]) != NULL) {
            command_print("certificate %-18s %s\n", of_certificate[i],
                          shown(certificate, of_certificate[i], text));
        }
    }
}

static bool parse_id(const struct command *command, const char *usage, const char **id,
                     struct error *err)
{
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 1, 1, usage, err) || !data_folder_check(command->data, err)) {
        return false;
    }
    *id = args.positional[0];
    return true;
}

static bool request_show(const struct command *command, struct error *err)
{
    struct json *record = NULL;
    struct json *object = NULL;
    struct json *certificate = NULL;
    const char *id = NULL;
    bool ok = false;

    if (!parse_id(command, "request show ID [--json]", &id, err)
        || !request_pending_find(command, id, &object, err)) {
        goto out;
    }
    if (object == NULL) {
        if (!request_records_find(command->data, id, &record, err)) goto out;
        object = request_records_object(record, err);
        if (object == NULL) goto out;
    }
    if (request_records_text(object, "serial")[0] != '\0'
        && !find_certificate(command, object, &certificate, err)) {
        goto out;
    }
    if (!command->json) {
        print_request(object, certificate);
        ok = true;
        goto out;
    }
    if (certificate != NULL) {
        struct json *taken = certificate;

        certificate = NULL;
        if (!json_value_put(object, "certificate", taken, err)) goto out;
    }
    ok = command_print_json(object, err);
    object = NULL;
out:
    json_value_free(certificate);
    json_value_free(object);
    json_value_free(record);
    return ok;
}

/* ---- approve, deny --------------------------------------------------------------------------- */

/* A request that never waited, or is forgotten: the audit files say what became of it. */
static bool fail_decided(const struct command *command, const char *id, struct error *err)
{
    struct json *record = NULL;
    char field[3][SHOWN_MAX];
    bool issued;

    if (!request_records_find(command->data, id, &record, err)) {
        return false;
    }
    issued = request_records_text(record, "serial")[0] != '\0';
    error_set(err, REASON_REQUEST_NOT_PENDING,
              "request %.32s does not wait for a decision: it was %s at %s%s%s", id,
              shown(record, "result", field[0]), shown(record, "time", field[1]),
              issued ? ", serial " : ", ", shown(record, issued ? "serial" : "reason", field[2]));
    json_value_free(record);
    return false;
}

static bool decide(const struct command *command, const char *usage, bool approve,
                   struct error *err)
{
    const char *note = NULL;
    const struct arg_option known[] = { { "--note", ARG_TEXT, &note } };
    bool found = false;
    struct args args;

    if (!args_parse(command->argc, command->argv, known, 1, &args, err)
        || !args_expect(&args, 1, 1, usage, err) || !data_folder_check(command->data, err)
        || !request_pending_decide(command, args.positional[0], approve, note, &found, err)) {
        return false;
    }
    return found || fail_decided(command, args.positional[0], err);
}

static bool request_approve(const struct command *command, struct error *err)
{
    return decide(command, "request approve ID [--note TEXT]", true, err);
}

static bool request_deny(const struct command *command, struct error *err)
{
    return decide(command, "request deny ID [--note TEXT]", false, err);
}

bool cmd_request(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = { { "list", request_list },
                                               { "show", request_show },
                                               { "approve", request_approve },
                                               { "deny", request_deny } };

    return command_dispatch(command, "request", table, sizeof(table) / sizeof(table[0]), err);
}
