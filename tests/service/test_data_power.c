/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails, and the disk, in the middle of what commands and the service do to a data
 * folder: afterwards it is as before or as it was to be, and the command can be given again.
 */
#include <stdio.h>
#include <string.h>

#include "ca/ca_builtin.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "platform/protect.h"
#include "service/backup_restore.h"
#include "service/backup_write.h"
#include "service/data_folder.h"
#include "service/data_init.h"
#include "service/tls_files.h"
#include "store/store.h"
#include "support/file_flow.h"
#include "support/test_support.h"

#define PASSWORD "a password for backups"

/* ---- slow things, by the linker ------------------------------------------------------------ */

bool __wrap_crypto_scrypt(struct bytes password, struct bytes salt, const void *cost, uint8_t *out,
                          size_t len, struct error *err);

/* How hard a password is to guess is not in question here. */
bool __wrap_crypto_scrypt(struct bytes password, struct bytes salt, const void *cost, uint8_t *out,
                          size_t len, struct error *err)
{
    (void)cost;
    (void)err;
    for (size_t i = 0; i < len; i++) {
        out[i] = password.data[i % password.len] ^ salt.data[i % salt.len];
    }
    return true;
}

/* ---- a new data folder ---------------------------------------------------------------------- */

static const struct data_init_options init_options = { .template_name = "device",
                                                       .ca_key = "p256",
                                                       .ca_subject = "CN=Test",
                                                       .ca_days = "365" };

static bool init(const char *folder, struct error *err)
{
    bool ca_kept = false;

    return data_init_check_unused(folder, err)
           && data_init_make(folder, &init_options, bytes_of_text("correct horse battery"),
                             &ca_kept, err);
}

static void check_ca(const char *folder, const char *name)
{
    const struct ca_builtin_options options = { .data_folder = folder, .name = "default" };
    struct error err = ERROR_INIT;
    struct ca_builtin *ca = ca_builtin_open(&options, &err);

    assert_done(ca != NULL && ca_builtin_pair_error(ca) == NULL, &err, name);
    ca_builtin_free(ca);
}

static enum flow_rest look_init(const char *folder, const char *name)
{
    struct template_config template;
    struct service_config service;
    struct secret key = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (data_init_check_unused(folder, &err)) {
        return FLOW_OLD;
    }
    error_clear(&err);
    assert_done(data_folder_check(folder, &err), &err, name);
    assert_done(config_load_service(folder, &service, &err), &err, name);
    assert_done(config_load_template(folder, "device", &template, &err), &err, name);
    assert_done(data_mac_key(folder, false, &key, &err), &err, name);
    check_ca(folder, name);
    secret_clear(&key);
    template_config_clear(&template);
    service_config_clear(&service);
    return FLOW_NEW;
}

static void prepare_data(const char *folder)
{
    struct error err = ERROR_INIT;

    assert_done(init(folder, &err), &err, "init");
}

/* ---- settings and templates ----------------------------------------------------------------- */

static bool edit(const char *folder, const char *template_name, const char *key, const char *value,
                 bool must_be_new, struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = template_name != NULL ? data_path_template(folder, template_name, path, err)
                                    : data_path_config(folder, path, err);

    edit = ok ? config_edit_open(
               template_name != NULL ? CONFIG_SCOPE_TEMPLATE : CONFIG_SCOPE_SERVICE, path, err)
              : NULL;
    ok = edit != NULL && config_edit_set(edit, key, value, false, err)
         && config_edit_save(edit, template_name, must_be_new, err);
    config_edit_close(edit);
    return ok;
}

static bool config_set(const char *folder, struct error *err)
{
    return edit(folder, NULL, "public_url", "http://new.example.com", false, err);
}

static enum flow_rest look_config(const char *folder, const char *name)
{
    struct service_config config;
    struct error err = ERROR_INIT;
    enum flow_rest rest = FLOW_OLD;

    assert_done(config_load_service(folder, &config, &err), &err, name);
    rest = strcmp(config.public_url, "http://new.example.com") == 0 ? FLOW_NEW : FLOW_OLD;
    service_config_clear(&config);
    return rest;
}

static bool template_disable(const char *folder, struct error *err)
{
    return edit(folder, "device", "enabled", "false", false, err);
}

static enum flow_rest look_disabled(const char *folder, const char *name)
{
    struct template_config config;
    struct error err = ERROR_INIT;
    enum flow_rest rest = FLOW_OLD;

    assert_done(config_load_template(folder, "device", &config, &err), &err, name);
    rest = config.enabled ? FLOW_OLD : FLOW_NEW;
    template_config_clear(&config);
    return rest;
}

static bool template_add(const char *folder, struct error *err)
{
    return edit(folder, "second", "ca", "default", true, err);
}

static enum flow_rest look_added(const char *folder, const char *name)
{
    struct template_config config;
    struct error err = ERROR_INIT;

    if (!config_load_template(folder, "second", &config, &err)) {
        assert_int_equal(err.reason, REASON_TEMPLATE_MISSING);
        (void)name;
        return FLOW_OLD;
    }
    template_config_clear(&config);
    return FLOW_NEW;
}

/* ---- the HTTPS certificate ------------------------------------------------------------------ */

static struct certificate_info former; /* before the work */

static bool issue(const char *folder, struct certificate_info *info, struct error *err)
{
    static const char *const names[] = { "scep.example.com" };
    struct service_config config;
    struct store *store = NULL;
    bool ok = false;

    if (!config_load_service(folder, &config, err)) {
        return false;
    }
    store = data_store_open(folder, 1, err);
    const struct tls_issue_options options = {
        .data = folder,
        .config = &config,
        .public_url = "",
        .store = store,
        .ca = "default",
        .names = names,
        .name_count = 1,
        .key = CA_KEY_EC_P256,
        .days = 30,
    };

    ok = store != NULL && tls_files_issue(&options, info, err);
    store_close(store);
    service_config_clear(&config);
    return ok;
}

static void prepare_tls(const char *folder)
{
    struct error err = ERROR_INIT;

    prepare_data(folder);
    assert_done(issue(folder, &former, &err), &err, "issue");
}

static bool tls_issue(const char *folder, struct error *err)
{
    struct certificate_info info;

    return issue(folder, &info, err);
}

/* Certificate and key fit, and it is on record. */
static enum flow_rest look_tls(const char *folder, const char *name)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error err = ERROR_INIT;
    struct tls_origin origin;
    struct store *store = data_store_open(folder, 1, &err);
    enum flow_rest rest = FLOW_OLD;

    assert_done(store != NULL, &err, name);
    assert_done(tls_files_load_own(folder, &files, &err), &err, name);
    assert_done(tls_files_origin(&files, store, &origin, &err), &err, name);
    assert_true(origin.issued);
    rest = strcmp(files.info.serial, former.serial) == 0 ? FLOW_OLD : FLOW_NEW;
    tls_files_clear(&files);
    store_close(store);
    return rest;
}

/* ---- backup and restore --------------------------------------------------------------------- */

static void path_in(const char *folder, const char *name, char path[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    assert_done(path_join(path, folder, name, &err), &err, name);
}

static void prepare_backup(const char *folder)
{
    char data[FILE_PATH_MAX];

    path_in(folder, "data", data);
    prepare_tls(data);
}

static bool backup(const char *folder, struct error *err)
{
    char data[FILE_PATH_MAX];
    char file[FILE_PATH_MAX];
    struct json *manifest = NULL;

    path_in(folder, "data", data);
    path_in(folder, "x.bak", file);
    const struct backup_write_order order = {
        .data = data,
        .file = file,
        .password = bytes_of_text(PASSWORD),
        .cost = { 16384, 8, 1 },
        .with_logs = true,
    };
    bool ok = backup_write(&order, &manifest, err);

    json_value_free(manifest);
    return ok;
}

static enum flow_rest look_backup(const char *folder, const char *name)
{
    char data[FILE_PATH_MAX];
    char file[FILE_PATH_MAX];
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;

    path_in(folder, "data", data);
    path_in(folder, "x.bak", file);
    assert_int_equal(look_tls(data, name), FLOW_OLD); /* nothing happened to it */
    if (!file_exists(file)) {
        return FLOW_OLD;
    }
    assert_done(backup_write_verify(file, bytes_of_text(PASSWORD), &manifest, &err), &err, name);
    json_value_free(manifest);
    return FLOW_NEW;
}

/* The backup, without what it was made of. */
static void prepare_restore(const char *folder)
{
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];
    struct test_folder place;
    struct buffer content = BUFFER_INIT(4194304);
    struct error err = ERROR_INIT;

    test_folder_create(&place);
    prepare_backup(place.path);
    assert_done(backup(place.path, &err), &err, "backup");
    path_in(place.path, "x.bak", from);
    path_in(folder, "x.bak", to);
    assert_done(file_read(from, 4194304, &content, &err)
                    && file_write_atomic(to, buffer_bytes(&content), true, &err),
                &err, "copy");
    buffer_clear(&content);
    test_folder_remove(&place);
}

static bool restore(const char *folder, struct error *err)
{
    char data[FILE_PATH_MAX];
    char file[FILE_PATH_MAX];
    struct backup_restore_result result;

    path_in(folder, "data", data);
    path_in(folder, "x.bak", file);
    const struct backup_restore_order order = { data, file, bytes_of_text(PASSWORD) };
    bool ok = backup_restore(&order, &result, err);

    backup_restore_result_clear(&result);
    return ok;
}

static enum flow_rest look_restored(const char *folder, const char *name)
{
    char data[FILE_PATH_MAX];

    path_in(folder, "data", data);
    if (!folder_exists(data)) {
        return FLOW_OLD;
    }
    assert_int_equal(look_init(data, name), FLOW_NEW);
    assert_int_equal(look_tls(data, name), FLOW_OLD); /* the certificate that was backed up */
    return FLOW_NEW;
}

/* ---- cases --------------------------------------------------------------------------------- */

static const struct file_flow flows[] = {
    { "init", NULL, init, look_init, REASON_DATA_FOLDER_EXISTS, false },
    { "config set", prepare_data, config_set, look_config, REASON_NONE, false },
    { "template disable", prepare_data, template_disable, look_disabled, REASON_NONE, false },
    { "template add", prepare_data, template_add, look_added, REASON_TEMPLATE_EXISTS, false },
    { "tls issue", prepare_tls, tls_issue, look_tls, REASON_NONE, false },
    { "backup", prepare_backup, backup, look_backup, REASON_FILE_NOT_WRITABLE, false },
    { "restore", prepare_restore, restore, look_restored, REASON_RESTORE_TARGET, false },
};

static void folder__power_fails_anywhere__old_or_new(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        file_flow_power(&flows[i]);
    }
}

static void folder__disk_fails_anywhere__old_or_new_and_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        file_flow_faults(&flows[i]);
    }
}

static int set_up(void **state)
{
    (void)state;
    file_flow_set_up();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder__power_fails_anywhere__old_or_new),
        cmocka_unit_test(folder__disk_fails_anywhere__old_or_new_and_said),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
