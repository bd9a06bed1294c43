/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_report.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

static const char *text_of(const struct json *object, const char *key)
{
    const struct json *value = json_value_get(object, key);

    return value != NULL && json_value_kind(value) == JSON_KIND_TEXT ? json_value_text(value) : "";
}

static int64_t number_of(const struct json *object, const char *key)
{
    const struct json *value = json_value_get(object, key);

    return value != NULL && json_value_kind(value) == JSON_KIND_INTEGER ? json_value_integer(value)
                                                                        : 0;
}

/* NULL when it is no list. */
static const struct json *list_of(const struct json *object, const char *key)
{
    const struct json *value = json_value_get(object, key);

    return value != NULL && json_value_kind(value) == JSON_KIND_ARRAY ? value : NULL;
}

/* ---- text ------------------------------------------------------------------------------------ */

/*
 * What a backup says is authentic, yet of a machine that need not be in order. Backslashes are
 * those of Windows' folders.
 */
static void print_escaped(const char *before, const char *text, const char *behind)
{
    char shown[1024];
    const char *end = NULL;

    command_print("%s", before);
    do {
        end = strchr(text, '\\');
        text_escape_sentence(shown, sizeof(shown),
                             bytes_of(text, end != NULL ? (size_t)(end - text) : strlen(text)));
        command_print("%s%s", shown, end != NULL ? "\\" : "");
        text = end != NULL ? end + 1 : text;
    } while (end != NULL);
    command_print("%s", behind);
}

static void print_names(const struct json *list, const char *title)
{
    size_t count = list != NULL ? json_value_count(list) : 0;

    for (size_t i = 0; i < count; i++) {
        const struct json *name = json_value_at(list, i);

        if (i == 0) {
            command_print("%s\n", title);
        }
        print_escaped("  ", json_value_kind(name) == JSON_KIND_TEXT ? json_value_text(name) : "?",
                      "\n");
    }
}

/* How many files of a type, and their bytes. */
static void print_sum(const struct json *files, const char *type, const char *title)
{
    size_t count = json_value_count(files);
    int64_t bytes = 0;
    int64_t found = 0;

    for (size_t i = 0; i < count; i++) {
        const struct json *row = json_value_at(files, i);

        if (strcmp(text_of(row, "type"), type) == 0) {
            found++;
            bytes += number_of(row, "bytes");
        }
    }
    if (found > 0) {
        command_print("  %-10s %6lld, %lld bytes\n", title, (long long)found, (long long)bytes);
    }
}

static void print_files(const struct json *files)
{
    size_t count = json_value_count(files);

    for (size_t i = 0; i < count; i++) {
        const struct json *row = json_value_at(files, i);

        command_print("  %-8s %12lld  ", text_of(row, "type"), (long long)number_of(row, "bytes"));
        print_escaped("", text_of(row, "name"), "\n");
    }
}

static void print_manifest(const struct json *manifest, bool every_file)
{
    const struct json *files = list_of(manifest, "files");

    print_escaped("Made: ", text_of(manifest, "made_at"), "");
    print_escaped(" on ", text_of(manifest, "host"), "");
    print_escaped(" by OpenNDES ", text_of(manifest, "product"), "\n");
    print_escaped("Data folder: ", text_of(manifest, "data_folder"), "\n");
    command_print("In it:\n");
    if (files != NULL && every_file) {
        print_files(files);
    } else if (files != NULL) {
        print_sum(files, "file", "files");
        print_sum(files, "secret", "secrets");
        print_sum(files, "database", "database");
        print_sum(files, "log", "logs");
    }
    if (number_of(manifest, "sealed_values") > 0) {
        command_print("  %-10s %6lld, of the database\n", "secrets",
                      (long long)number_of(manifest, "sealed_values"));
    }
    print_names(list_of(manifest, "machine_keys"),
                "Keys that are NOT in it: they lie in the key store of the machine");
    print_names(list_of(manifest, "left_out"),
                "Not in it: files that are not OpenNDES's own, copy them yourself");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* A copy: the caller keeps its manifest. */
static struct json *copy_of(const struct json *manifest, struct error *err)
{
    struct buffer text = BUFFER_INIT(16u << 20);
    struct json *copy = NULL;

    if (json_value_print(manifest, 0, &text, err)) {
        copy = json_value_parse(buffer_bytes(&text), text.max, 16, err);
    }
    buffer_clear(&text);
    return copy;
}

bool backup_report_manifest(const struct command *command, const char *what, const char *file,
                            const struct json *manifest, bool every_file, struct error *err)
{
    if (command->json) {
        struct json *root = copy_of(manifest, err);

        if (root == NULL || !json_value_put_text(root, "file", file, err)) {
            json_value_free(root);
            return false;
        }
        return command_print_json(root, err);
    }
    command_print("%s: %s\n", what, file);
    print_manifest(manifest, every_file);
    return true;
}

static bool print_restored_json(const struct command *command, const char *file,
                                const struct backup_restore_result *result, struct error *err)
{
    struct json *root = copy_of(result->manifest, err);

    if (root == NULL || !json_value_put_text(root, "file", file, err)
        || !json_value_put_text(root, "restored_to", command->data, err)
        || !json_value_put_integer(root, "passwords_outstanding", result->passwords, err)) {
        json_value_free(root);
        return false;
    }
    return command_print_json(root, err);
}

bool backup_report_restored(const struct command *command, const char *file,
                            const struct backup_restore_result *result, struct error *err)
{
    const struct json *machine_keys = list_of(result->manifest, "machine_keys");

    if (command->json) {
        return print_restored_json(command, file, result, err);
    }
    command_print("Restored: %s\n", command->data);
    print_manifest(result->manifest, false);
    command_print(
        "Next:\n"
        "- The old host must not serve any more: two services with one CA know nothing of "
        "each other's\n  revocations, CRLs and one-time passwords. Stop it and take its "
        "data folder away.\n"
        "- What happened behind the time above is not in here. Certificates revoked since "
        "are valid again:\n  revoke them again (openndes cert revoke) before the service "
        "starts.\n");
    if (result->passwords > 0) {
        command_print("- %lld one-time passwords can be redeemed, also those used since the "
                      "backup. Unless the old\n  service was stopped before it was made: openndes "
                      "password purge --all\n",
                      (long long)result->passwords);
    }
    if (machine_keys != NULL && json_value_count(machine_keys) > 0) {
        command_print("- Bring the keys named above into this machine's key store, with their "
                      "certificates.\n");
    }
    if (result->has_public_url) {
        command_print("- Names: does public_url lead here, and does the HTTPS certificate have "
                      "this host's name?\n  openndes config show, openndes tls show\n");
    }
    if (result->has_intune_certificate) {
        command_print("- Intune: openndes intune test\n");
    }
    command_print(
        "- openndes check, then start the service (Windows: openndes service install).\n");
    return true;
}

/* ---- password -------------------------------------------------------------------------------- */

static bool check_length(const struct secret *password, bool allow_short, struct error *err)
{
    size_t count = 0;
    size_t pos = 0;
    uint32_t c = 0;

    while (pos < password->len) {
        if (!text_next_utf8(secret_bytes(password), &pos, &c)) {
            return error_set(err, REASON_USAGE, "the password is not UTF-8");
        }
        count++;
    }
    if (count == 0 || (count < LIMIT_PASSPHRASE_MIN && !allow_short)) {
        return error_set(err, REASON_PASSPHRASE_TOO_SHORT,
                         "a password of %zu characters for all keys of this service; use at least "
                         "%u%s",
                         count, count == 0 ? 1u : LIMIT_PASSPHRASE_MIN,
                         count == 0 ? "" : ", or --force");
    }
    return true;
}

bool backup_report_ask_password(bool is_new, bool allow_short, struct secret *out,
                                struct error *err)
{
    return command_read_secret("Password of the backup: ", is_new, out, err)
           && (!is_new || check_length(out, allow_short, err));
}

const char *backup_report_file_name(const char *path)
{
    const char *name = path;

    for (; *path != '\0'; path++) {
        if (*path == '/' || *path == '\\') {
            name = path + 1;
        }
    }
    return name;
}
