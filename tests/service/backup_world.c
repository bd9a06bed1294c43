/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_challenge.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"
#include "service/backup_restore.h"
#include "service/backup_write.h"
#include "service/data_folder.h"
#include "store/store_outbox.h"

const struct scrypt_cost backup_world_cost = { 16384, 8, 1 };

const struct ndes_password_config backup_world_password_config = { .length = 8,
                                                                   .validity_minutes = 60,
                                                                   .max = 5,
                                                                   .enforce = true };

/* ---- the folder ------------------------------------------------------------------------------ */

void backup_world_write(const char *folder, const char *name, const char *content)
{
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    assert_done(path_join(path, folder, name, &err)
                    && file_write_atomic(path, bytes_of_text(content), true, &err),
                &err, name);
}

static void make_cas(const struct backup_world *world)
{
    struct ca_new_options options = fixture_options(&world->tls.folder);
    struct buffer csr = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    options.name = "default";
    assert_done(ca_files_create(&options, &err), &err, "CA");
    assert_done(ca_files_renew_ra(&options, &err), &err, "former RAs");
    options.name = "waiting";
    assert_done(ca_files_request(&options, &csr, &err), &err, "request");
    buffer_clear(&csr);
}

static void make_credentials(struct backup_world *world)
{
    const char *data = world->tls.folder.path;
    struct made made = { NULL, NULL, NULL, NULL };
    struct error err = ERROR_INIT;

    make_server(&made, &(struct wanted){ .eku = "serverAuth" });
    install(&world->tls, &made);
    made_clear(&made);
    copy_file(&world->tls, "tls/server.key", "tls/server.key.new");
    seal_password(&world->tls, "of the files");
    assert_done(intune_secret_set(data, INTUNE_SECRET_CLIENT, bytes_of_text("secret"), &err)
                    && intune_secret_set(data, INTUNE_SECRET_PROXY, bytes_of_text("proxy"), &err)
                    && intune_certificate_new(data, "OpenNDES", 730, &err),
                &err, "intune");
    copy_file(&world->tls, "intune/client.key", "intune/client.key.new");
}

static void add_ticket(const char *data, struct store *store, unsigned number)
{
    const struct store_refusal why = { 0x80070005u, "challenge-used", "detail" };
    struct buffer ticket = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    char transaction[16];
    char csr[16];
    bool added = false;

    assert_true(text_format(transaction, sizeof(transaction), "txn-%u", number));
    assert_true(text_format(csr, sizeof(csr), "request %u", number));
    const struct intune_request request = { transaction, bytes_of_text(csr) };

    assert_done(intune_ticket_seal(data, &request, &ticket, &err), &err, "ticket");
    assert_done(store_outbox_add(store, "device", bytes_of_text(transaction), buffer_bytes(&ticket),
                                 true, &why, clock_now(), 1000, &added, &err),
                &err, "outbox");
    assert_true(added);
    buffer_clear(&ticket);
}

static void add_certificate(struct store *store)
{
    struct store_request_key key = { .template_name = "device", .ca_name = "default" };
    struct certificate_info info;
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    memset(&info, 0, sizeof(info));
    assert_true(text_copy(info.serial, sizeof(info.serial), "0123456789abcdef"));
    assert_true(text_copy(info.subject, sizeof(info.subject), "CN=device"));
    assert_true(text_copy(info.issuer, sizeof(info.issuer), "CN=CA"));
    info.not_after = clock_now() + 1000;
    const struct store_certificate cert = {
        .request = &key,
        .info = &info,
        .der = bytes_of_text("der"),
        .peer = "192.0.2.1",
        .challenge_type = "static",
        .request_id = "r",
        .issued_at = clock_now(),
    };

    assert_done(store_record_certificate(store, &cert, 0, &result, &err), &err, "record");
    assert_int_equal(result, STORE_RECORDED);
}

struct ndes_password_source backup_world_passwords(const char *data, struct store *store)
{
    return (struct ndes_password_source){ data, store, bytes_of_text("key of the MACs") };
}

static void make_database(struct backup_world *world)
{
    const char *data = world->tls.folder.path;
    const struct ndes_password_order order = { .scope = "device",
                                               .config = &backup_world_password_config,
                                               .made_by = "test",
                                               .now = clock_now() };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct error err = ERROR_INIT;
    struct store *store = data_store_open(data, 1, &err);

    assert_done(store != NULL, &err, "store");
    const struct ndes_password_source source = backup_world_passwords(data, store);

    assert_done(ndes_password_single(&source, &order, &made, &err), &err, "single");
    assert_true(text_copy(world->single, sizeof(world->single), (const char *)made.password.data));
    ndes_password_made_clear(&made);
    assert_done(ndes_password_make(&source, &order, &made, &err), &err, "once");
    ndes_password_made_clear(&made);
    for (unsigned i = 0; i < TICKETS; i++) {
        add_ticket(data, store, i);
    }
    add_certificate(store);
    store_close(store);
}

/* Every file that docs/data-folder.md names, made by the code that makes it where there is one. */
static void fill(struct backup_world *world)
{
    const char *data = world->tls.folder.path;
    struct secret key = SECRET_INIT;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_done(data_folder_create(data, &err) && data_mac_key(data, true, &key, &err), &err, "");
    secret_clear(&key);
    backup_world_write(data, "openndes.json", "{\"public_url\": \"http://scep.example.com\"}\n");
    backup_world_write(data, "accounts.json", "{\"accounts\": []}\n");
    backup_world_write(data, "templates/device.json", "{}\n");
    backup_world_write(data, "templates/b.json", "{}\n");
    backup_world_write(data, "policies/Corp Wi-Fi.xml", "<policy/>\n");
    backup_world_write(data, "policies/empty", "");
    backup_world_write(data, "logs/openndes.log", "line\n");
    backup_world_write(data, "logs/audit.jsonl", "{}\n");
    backup_world_write(data, "logs/audit.jsonl.1", "{}\n{}\n");
    make_cas(world);
    make_credentials(world);
    make_database(world);
    /* A CA whose key lies in the machine's store; what is left over; what is not ours. */
    assert_done(path_join(path, data, "ca/hsm", &err) && folder_create(path, true, &err), &err, "");
    copy_file(&world->tls, "ca/default/ca.crt", "ca/hsm/ca.crt");
    backup_world_write(data, "ca/hsm/ca.key",
                       "ONDK1 thumbprint 00112233445566778899aabbccddeeff00112233\n");
    backup_world_write(data, "config.lock", "");
    backup_world_write(data, "openndes.json.0011.tmp", "{");
    backup_world_write(data, "mine.pem", "-----BEGIN");
}

int backup_world_set_up(void **state)
{
    struct backup_world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    tls_world_create(&world->tls);
    test_folder_create(&world->place);
    test_folder_path(&world->place, "x.bak", world->file);
    test_folder_path(&world->place, "restored", world->restored);
    fill(world);
    *state = world;
    return 0;
}

int backup_world_tear_down(void **state)
{
    struct backup_world *world = *state;

    tls_world_clear(&world->tls);
    test_folder_remove(&world->place);
    free(world);
    return 0;
}

/* Each test has a place of its own for backups; the data folder is shared. */
int backup_world_fresh_place(void **state)
{
    struct backup_world *world = *state;

    test_folder_remove(&world->place);
    test_folder_create(&world->place);
    test_folder_path(&world->place, "x.bak", world->file);
    test_folder_path(&world->place, "restored", world->restored);
    return 0;
}

bool backup_world_backup(const struct backup_world *world, bool with_logs, struct json **manifest,
                         struct error *err)
{
    const struct backup_write_order order = {
        .data = world->tls.folder.path,
        .file = world->file,
        .password = bytes_of_text(BACKUP_PASSWORD),
        .cost = backup_world_cost,
        .with_logs = with_logs,
    };

    return backup_write(&order, manifest, err);
}

void backup_world_backed_up(const struct backup_world *world, bool with_logs)
{
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;

    assert_done(backup_world_backup(world, with_logs, &manifest, &err), &err, "backup");
    json_value_free(manifest);
}

bool backup_world_restore(const struct backup_world *world, const char *data, struct error *err)
{
    const struct backup_restore_order order = { data, world->file, bytes_of_text(BACKUP_PASSWORD) };
    struct backup_restore_result result;
    bool ok = backup_restore(&order, &result, err);

    assert_true(ok == (result.manifest != NULL));
    backup_restore_result_clear(&result);
    return ok;
}

/* ---- walking over a folder ------------------------------------------------------------------- */

struct walk {
    const char *data;
    const char *below;
    file_visit *visit;
    void *context;
};

static bool walk_entry(void *context, const char *entry, bool is_folder, struct error *err);

static void walk_folder(const struct walk *walk)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_done(path_join(path, walk->data, walk->below[0] != '\0' ? walk->below : ".", &err), &err,
                "");
    assert_done(folder_list(path, 1000, walk_entry, (void *)(uintptr_t)walk, &err), &err, path);
}

static bool walk_entry(void *context, const char *entry, bool is_folder, struct error *err)
{
    const struct walk *walk = context;
    struct buffer content = BUFFER_INIT(CONTENT_MAX);
    char name[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    assert_true(text_format(name, sizeof(name), "%s%s%s", walk->below,
                            walk->below[0] != '\0' ? "/" : "", entry));
    if (is_folder) {
        const struct walk inside = { walk->data, name, walk->visit, walk->context };

        walk_folder(&inside);
        return true;
    }
    assert_done(path_join(path, walk->data, name, err)
                    && file_read(path, CONTENT_MAX, &content, err),
                err, name);
    walk->visit(walk->context, name, buffer_bytes(&content));
    buffer_clear(&content);
    return true;
}

void backup_world_walk(const char *data, file_visit *visit, void *context)
{
    const struct walk walk = { data, "", visit, context };

    walk_folder(&walk);
}
