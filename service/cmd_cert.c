/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/console.h"
#include "service/args.h"
#include "service/cert_row.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/print_list.h"

#define LIST_PAGE 1000 /* rows */

static bool parse_reason(const char *text, int *value, struct error *err)
{
    return cert_row_parse_reason(text, value)
           || error_set(
               err, REASON_USAGE,
               "--reason takes unspecified, keyCompromise, affiliationChanged, superseded, "
               "cessationOfOperation, privilegeWithdrawn or certificateHold");
}

/* "0A:1B" and "0a1b" are the same serial; leading zero octets do not count. */
static bool parse_serial(const char *text, char serial[SERIAL_TEXT_MAX], struct error *err)
{
    size_t len = 0;

    for (const char *p = text; *p != '\0'; p++) {
        char c = *p >= 'A' && *p <= 'F' ? (char)(*p - 'A' + 'a') : *p;

        if (c == ':' || c == ' ') {
            continue;
        }
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c == '-' && len == 0))
            || len + 2 >= SERIAL_TEXT_MAX) {
            return error_set(err, REASON_USAGE, "the serial number is written in hex digits");
        }
        serial[len++] = c;
    }
    serial[len] = '\0';
    while (len > 2 && serial[0] == '0' && serial[1] == '0') {
        memmove(serial, serial + 2, len - 1);
        len -= 2;
    }
    if (len % 2 == 1 && serial[0] != '-') {
        memmove(serial + 1, serial, len + 1);
        serial[0] = '0';
        len++;
    }
    return len != 0 || error_set(err, REASON_USAGE, "the serial number is empty");
}

/* ---- output --------------------------------------------------------------------------------- */

struct output {
    bool json;
    bool pem;
    int64_t now;
};

struct listing {
    struct print_list list;
    int64_t now;
    int64_t last_id; /* of the rows so far, newest first */
};

static bool list_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct listing *listing = context;
    char until[CLOCK_TEXT_MAX];

    listing->last_id = row->id;
    if (listing->list.json) {
        struct json *object = cert_row_json(row, listing->now, err);

        return object != NULL && print_list_add_json(&listing->list, object, err);
    }
    clock_format(row->not_after, until);
    return print_list_add_line(&listing->list, err, "%-40s %-11s until %s  %-12s %s\n", row->serial,
                               cert_row_state(row, listing->now), until, row->template_name,
                               row->subject);
}

/* Page after page: no read of the database lasts while a terminal is slow. */
static bool list_pages(struct store *store, struct store_list_filter *filter, int64_t rows,
                       struct listing *listing, struct error *err)
{
    size_t before = 0;
    int64_t left = rows;

    do {
        before = listing->list.count;
        filter->limit = left < LIST_PAGE ? left : LIST_PAGE;
        if (!store_list_certificates(store, filter, list_row, listing, err)) {
            return false;
        }
        print_list_flush(&listing->list);
        filter->before_id = listing->last_id;
        left = rows - (int64_t)listing->list.count;
    } while (left > 0 && listing->list.count == before + (size_t)filter->limit);
    return true;
}

static bool print_pem(const struct store_certificate_row *row, struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_BODY_BYTES_MAX * 2);
    struct x509_st *cert = certificate_parse(row->der, err);
    bool ok = cert != NULL && certificate_pem(cert, &pem, err);

    if (ok) {
        console_write(CONSOLE_OUT, buffer_bytes(&pem));
    }
    certificate_free(cert);
    buffer_clear(&pem);
    return ok;
}

static bool show_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct output *out = context;
    char time[CLOCK_TEXT_MAX];

    if (out->json) {
        return command_print_json(cert_row_json(row, out->now, err), err);
    }
    if (out->pem) {
        return print_pem(row, err);
    }
    command_print(
        "Serial:      %s\nState:       %s\nSubject:     %s\nTemplate:    %s\nCA:          %s\n",
        row->serial, cert_row_state(row, out->now), row->subject, row->template_name, row->ca_name);
    clock_format(row->issued_at, time);
    command_print("Issued:      %s to %s by request %s\n", time, row->peer, row->request_id);
    clock_format(row->not_before, time);
    command_print("Valid from:  %s\n", time);
    clock_format(row->not_after, time);
    command_print("Valid until: %s\n", time);
    if (row->renews.len != 0) {
        char old[2 * DIGEST_SHA256_BYTES + 1];

        text_hex(old, sizeof(old), row->renews);
        command_print("Renews:      the certificate with SHA-256 %s\n", old);
    }
    if (row->revoked_at != 0) {
        clock_format(row->revoked_at, time);
        command_print("Revoked:     %s, %s, by %s\n", time, cert_row_reason(row->revocation_reason),
                      row->revoked_by);
    }
    return true;
}

/* ---- verbs ---------------------------------------------------------------------------------- */

static bool cert_list(const struct command *command, struct error *err)
{
    struct store_list_filter filter = { .now = clock_now() };
    struct listing listing = { .now = filter.now };
    const char *limit = NULL;
    uint64_t limit_value = 1000;
    const struct arg_option known[] = {
        { "--template", ARG_TEXT, &filter.template_name },
        { "--ca", ARG_TEXT, &filter.ca_name },
        { "--subject", ARG_TEXT, &filter.subject_contains },
        { "--valid", ARG_FLAG, &filter.only_valid },
        { "--revoked", ARG_FLAG, &filter.only_revoked },
        { "--limit", ARG_TEXT, &limit },
    };
    struct store *store = NULL;
    struct args args;
    bool ok = false;

    print_list_begin(&listing.list, command->json);
    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "cert list [OPTIONS]", err)) {
        goto out;
    }
    if (limit != NULL
        && (!text_parse_u64(bytes_of_text(limit), 1000000, &limit_value) || limit_value == 0)) {
        error_set(err, REASON_USAGE, "--limit takes a number from 1 to 1000000");
        goto out;
    }
    if (!data_folder_check(command->data, err)) goto out;
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    ok = list_pages(store, &filter, (int64_t)limit_value, &listing, err)
         && print_list_end(&listing.list, "No certificates.\n", err);
out:
    print_list_clear(&listing.list);
    store_close(store);
    return ok;
}

static bool cert_show(const struct command *command, struct error *err)
{
    struct output out = { .json = command->json, .now = clock_now() };
    const char *ca = NULL;
    const struct arg_option known[] = {
        { "--ca", ARG_TEXT, &ca },
        { "--pem", ARG_FLAG, &out.pem },
    };
    char serial[SERIAL_TEXT_MAX];
    struct store *store = NULL;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 2, &args, err)
        || !args_expect(&args, 1, 1, "cert show SERIAL [--ca NAME] [--pem] [--json]", err)
        || !parse_serial(args.positional[0], serial, err)
        || !data_folder_check(command->data, err)) {
        goto out;
    }
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    ok = store_show_certificate(store, ca, serial, show_row, &out, err);
out:
    store_close(store);
    return ok;
}

/* The one CA that has this serial, so that a revocation never hits a namesake. */
struct found_ca {
    char name[LIMIT_TEMPLATE_NAME + 1];
};

static bool take_ca(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct found_ca *found = context;

    return text_copy(found->name, sizeof(found->name), row->ca_name)
           || error_set(err, REASON_INTERNAL, "the CA's name is too long");
}

static void say_revoked(const char *serial, const char *ca, int reason)
{
    bool held = reason == STORE_REASON_HOLD;

    command_print("Certificate %s of CA %s is %s (%s). A running service publishes the CRL within "
                  "seconds, otherwise at its next start.%s%s\n",
                  serial, ca, held ? "on hold" : "revoked", cert_row_reason(reason),
                  held ? " Take it back: openndes cert release " : "", held ? serial : "");
}

static bool cert_revoke(const struct command *command, struct error *err)
{
    const char *ca = NULL;
    const char *reason_text = "unspecified";
    const char *given_reason = NULL;
    const struct arg_option known[] = {
        { "--ca", ARG_TEXT, &ca },
        { "--reason", ARG_TEXT, &given_reason },
    };
    struct found_ca found = { "" };
    char serial[SERIAL_TEXT_MAX];
    char target[SERIAL_TEXT_MAX + LIMIT_TEMPLATE_NAME + 64];
    struct store *store = NULL;
    struct args args;
    int reason = 0;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 2, &args, err)
        || !args_expect(&args, 1, 1, "cert revoke SERIAL [--ca NAME] [--reason REASON]", err)) {
        goto out;
    }
    reason_text = given_reason != NULL ? given_reason : reason_text;
    if (!parse_reason(reason_text, &reason, err) || !parse_serial(args.positional[0], serial, err)
        || !data_folder_check(command->data, err)) {
        goto out;
    }
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    if (!store_show_certificate(store, ca, serial, take_ca, &found, err)) goto out;
    if (!store_revoke_certificate(store, found.name, serial, reason, clock_now(), err)) goto out;
    say_revoked(serial, found.name, reason);
    if (!text_format(target, sizeof(target), "%s %s %s", found.name, serial,
                     cert_row_reason(reason))) {
        target[0] = '\0';
    }
    ok = command_audit(command, "cert-revoke", target, err);
out:
    store_close(store);
    return ok;
}

static bool cert_release(const struct command *command, struct error *err)
{
    const char *ca = NULL;
    const struct arg_option known[] = { { "--ca", ARG_TEXT, &ca } };
    struct found_ca found = { "" };
    char serial[SERIAL_TEXT_MAX];
    char target[SERIAL_TEXT_MAX + LIMIT_TEMPLATE_NAME + 8];
    struct store *store = NULL;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 1, &args, err)
        || !args_expect(&args, 1, 1, "cert release SERIAL [--ca NAME]", err)
        || !parse_serial(args.positional[0], serial, err)
        || !data_folder_check(command->data, err)) {
        goto out;
    }
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    if (!store_show_certificate(store, ca, serial, take_ca, &found, err)) goto out;
    if (!store_release_certificate(store, found.name, serial, err)) goto out;
    command_print("Certificate %s of CA %s is no longer on hold. A running service publishes a CRL "
                  "without it within seconds, otherwise at its next start.\n",
                  serial, found.name);
    if (!text_format(target, sizeof(target), "%s %s", found.name, serial)) {
        target[0] = '\0';
    }
    ok = command_audit(command, "cert-release", target, err);
out:
    store_close(store);
    return ok;
}

bool cmd_cert(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = { { "list", cert_list },
                                               { "show", cert_show },
                                               { "revoke", cert_revoke },
                                               { "release", cert_release } };

    return command_dispatch(command, "cert", table, sizeof(table) / sizeof(table[0]), err);
}
