/* SPDX-License-Identifier: Apache-2.0 */
/* "ca machine-keys": which certificates of the machine's store a CA or an RA could have. */
#include "base/text.h"
#include "ca/ca_machine_keys.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"

struct listing {
    const struct command *command;
    struct json *array; /* NULL: text */
    size_t count;
};

static bool push_row(struct listing *listing, const struct ca_machine_key *key, const char *until,
                     struct error *err)
{
    struct json *row = json_value_new_object();
    bool ok =
        row != NULL && json_value_put_text(row, "thumbprint", key->thumbprint, err)
        && json_value_put_text(row, "subject", key->info.subject, err)
        && json_value_put_text(row, "issuer", key->info.issuer, err)
        && json_value_put_text(row, "not_after", until, err)
        && json_value_put_text(row, "provider", key->provider == NULL ? "" : key->provider, err)
        && json_value_put_bool(row, "ca", key->is_ca, err)
        && json_value_put_bool(row, "signs", key->signs, err)
        && json_value_put_bool(row, "decrypts", key->decrypts, err)
        && json_value_put_text(row, "problem", key->why == NULL ? "" : key->why->detail, err);

    if (!ok) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(listing->array, row, err);
}

static void print_row(const struct ca_machine_key *key, const char *until)
{
    command_print("%s%s\n  Subject:  %s\n  Issuer:   %s\n  Until:    %s\n", key->thumbprint,
                  key->is_ca ? "  (CA)" : "", key->info.subject, key->info.issuer, until);
    if (key->provider != NULL) {
        command_print("  Provider: %s\n  Signs:    %s\n  Decrypts: %s\n", key->provider,
                      key->signs ? "yes" : "no", key->decrypts ? "yes" : "no");
    }
    if (key->why != NULL) {
        command_print("  Problem:  %s\n", key->why->detail);
    }
}

static bool visit(void *context, const struct ca_machine_key *key, struct error *err)
{
    struct listing *listing = context;
    char until[CLOCK_TEXT_MAX];

    listing->count++;
    clock_format(key->info.not_after, until);
    if (listing->array != NULL) {
        return push_row(listing, key, until, err);
    }
    print_row(key, until);
    return true;
}

bool cmd_ca_machine_keys(const struct command *command, struct error *err)
{
    struct listing listing = { .command = command };
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "ca machine-keys [--json]", err)) {
        return false;
    }
    if (command->json) {
        listing.array = json_value_new_array();
        if (listing.array == NULL) {
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
    }
    if (!ca_machine_keys_list(visit, &listing, err)) {
        json_value_free(listing.array);
        return false;
    }
    if (listing.array != NULL) {
        return command_print_json(listing.array, err);
    }
    if (listing.count == 0) {
        command_print(
            "No certificate with an RSA key in LocalMachine\\MY (certlm.msc, Personal).\n");
    }
    return true;
}
