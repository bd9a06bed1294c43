/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_fixture.h"

#include <string.h>

#include "platform/clock.h"
#include "service/data_folder.h"

/* A data folder with the CA "issuing" of ca_fixture.h and a database. */
struct issuing {
    struct tls_world world;
    struct store *store;
    struct tls_issue_options options;
};

static const char *const names[] = { "scep.example.com", "ndes01" };
static const char *const addresses[] = { "192.0.2.1" };

static int set_up(void **state)
{
    static struct issuing w;
    struct ca_new_options ca;
    struct error err = ERROR_INIT;

    tls_world_create(&w.world);
    ca = fixture_options(&w.world.folder);
    assert_done(ca_files_create(&ca, &err), &err, "CA");
    w.store = data_store_open(w.world.folder.path, 1, &err);
    assert_done(w.store != NULL, &err, "database");
    w.options = (struct tls_issue_options){
        .data = w.world.folder.path,
        .config = &w.world.config,
        .public_url = "http://scep.example.com",
        .store = w.store,
        .ca = "issuing",
        .names = names,
        .name_count = 2,
        .addresses = addresses,
        .address_count = 1,
        .key = CA_KEY_EC_P256,
        .days = 365,
    };
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct issuing *w = *state;

    store_close(w->store);
    tls_world_clear(&w->world);
    return 0;
}

static void load_own(const struct issuing *w, struct tls_files *files)
{
    struct error err = ERROR_INIT;

    assert_done(tls_files_load(w->world.folder.path, &w->world.config, files, &err), &err, "load");
}

static void issued(const struct issuing *w, struct certificate_info *info)
{
    struct error err = ERROR_INIT;

    assert_done(tls_files_issue(&w->options, info, &err), &err, "issue");
}

static bool due_at(const struct issuing *w, int64_t when)
{
    struct error err = ERROR_INIT;
    bool due = false;

    assert_done(tls_files_renew_due(&w->options, when, &due, &err), &err, "due");
    return due;
}

static bool check_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    size_t *count = context;

    (void)err;
    assert_string_equal(row->template_name, TLS_TEMPLATE_NAME);
    assert_string_equal(row->challenge_type, "tls");
    assert_string_equal(row->ca_name, "issuing");
    assert_int_equal(row->transaction_id.len, 64);
    (*count)++;
    return true;
}

static void issue__by_the_ca__recorded_and_in_use(void **state)
{
    struct issuing *w = *state;
    const struct store_list_filter all = { .now = 0 };
    struct certificate_info info;
    struct tls_files files = { .source = TLS_SOURCE_FILES };
    struct tls_origin origin;
    struct buffer text = BUFFER_INIT(1024);
    struct error err = ERROR_INIT;
    X509 *root = fixture_certificate(&w->world.folder, "ca.crt");
    size_t count = 0;

    issued(w, &info);
    load_own(w, &files);
    assert_string_equal(files.info.serial, info.serial);
    assert_string_equal(files.info.subject, "CN=scep.example.com");
    assert_done(server_cert_names(&files.server, &text, &err), &err, "");
    assert_string_equal(buffer_text(&text), "scep.example.com, ndes01, 192.0.2.1");
    assert_int_equal(X509_get_extended_key_usage(files.server.cert), XKU_SSL_SERVER);
    assert_int_equal(server_cert_chain_length(&files.server), 0); /* a root signed it */
    assert_verifies(files.server.cert, root, NULL);
    assert_done(store_list_certificates(w->store, &all, check_row, &count, &err), &err, "list");
    assert_int_equal(count, 1);
    assert_done(tls_files_origin(&files, w->store, &origin, &err), &err, "origin");
    assert_true(origin.issued);
    assert_false(origin.revoked);
    assert_string_equal(origin.ca, "issuing");
    X509_free(root);
    buffer_clear(&text);
    tls_files_clear(&files);
}

static void issue__refused__nothing_is_there_or_recorded(void **state)
{
    static const char *const wrong[] = { "two words" };
    struct issuing *w = *state;
    struct tls_issue_options options = w->options;
    struct certificate_info info;
    struct file_lock *lock = NULL;
    struct error err = ERROR_INIT;
    int64_t count = 0;

    options.names = wrong;
    options.name_count = 1;
    assert_refusal(tls_files_issue(&options, &info, &err), &err, REASON_USAGE, "name");
    options = w->options;
    options.ca = "nobody";
    assert_refusal(tls_files_issue(&options, &info, &err), &err, REASON_CA_MISSING, "CA");
    assert_done(tls_files_lock(w->world.folder.path, &lock, &err), &err, "lock");
    assert_refusal(tls_files_issue(&w->options, &info, &err), &err, REASON_DATA_FOLDER_IN_USE,
                   "another at work");
    file_lock_release(lock);
    assert_no_load(&w->world, "openndes tls issue", "");
    assert_done(store_count_certificates(w->store, &count, &err), &err, "");
    assert_int_equal(count, 0);
}

static void renew__a_month_before_the_end__same_names_new_key(void **state)
{
    struct issuing *w = *state;
    struct certificate_info info;
    struct certificate_info next;
    struct tls_files before = { .source = TLS_SOURCE_OWN };
    struct tls_files after = { .source = TLS_SOURCE_OWN };
    struct buffer text = BUFFER_INIT(1024);
    struct error err = ERROR_INIT;
    bool renewed = true;
    int64_t when = 0;

    w->options.key = CA_KEY_EC_P384;
    issued(w, &info);
    load_own(w, &before);
    assert_false(due_at(w, clock_now()));
    assert_false(due_at(w, info.not_after - 31 * DAY));
    when = info.not_after - 29 * DAY;
    assert_true(due_at(w, when));
    assert_true(due_at(w, info.not_after + DAY)); /* late is better than never */
    assert_done(tls_files_renew(&w->options, clock_now(), &renewed, &next, &err), &err, "");
    assert_false(renewed);
    assert_done(tls_files_renew(&w->options, when, &renewed, &next, &err), &err, "");
    assert_true(renewed);
    load_own(w, &after);
    assert_string_equal(after.info.serial, next.serial);
    assert_string_not_equal(next.serial, info.serial);
    assert_string_equal(after.info.subject, before.info.subject);
    assert_memory_not_equal(next.key_sha256, info.key_sha256, sizeof(info.key_sha256));
    assert_int_equal(EVP_PKEY_get_bits(after.server.key), 384);
    assert_int_equal(next.not_after, when + 365 * DAY - 1);
    assert_done(server_cert_names(&after.server, &text, &err), &err, "");
    assert_string_equal(buffer_text(&text), "scep.example.com, ndes01, 192.0.2.1");
    assert_false(due_at(w, when));
    assert_true(due_at(w, next.not_after - 29 * DAY));
    buffer_clear(&text);
    tls_files_clear(&before);
    tls_files_clear(&after);
}

static void renew__short_life__in_its_last_third(void **state)
{
    struct issuing *w = *state;
    struct certificate_info info;

    w->options.days = 9;
    issued(w, &info);
    assert_false(due_at(w, clock_now()));
    assert_false(due_at(w, info.not_after - 4 * DAY));
    assert_true(due_at(w, info.not_after - 2 * DAY));
}

static void renew__not_ours_to_renew__left_alone(void **state)
{
    struct issuing *w = *state;
    struct certificate_info info;
    struct made made = { .key = NULL };
    struct error err = ERROR_INIT;
    int64_t late = 0;

    assert_false(due_at(w, clock_now())); /* nothing there */
    issued(w, &info);
    late = info.not_after - DAY;
    assert_true(due_at(w, late));
    tls_world_set(&w->world, "server.pem", "");
    assert_false(due_at(w, late)); /* an administrator's file is in use */
    tls_world_set(&w->world, "", "");
    assert_done(store_revoke_certificate(w->store, "issuing", info.serial, 4, 0, &err), &err, "");
    assert_false(due_at(w, late));
    make_server(&made, &(struct wanted){ .not_after = late + DAY });
    install(&w->world, &made);
    assert_false(due_at(w, late)); /* imported */
    made_clear(&made);
}

/* With a CA that ends as early, each hour would make one more certificate. */
static void renew__the_ca_ends_too__not_again_and_again(void **state)
{
    struct issuing *w = *state;
    struct ca_new_options ca = fixture_options(&w->world.folder);
    struct certificate_info info;
    struct error err = ERROR_INIT;

    ca.name = "short";
    ca.validity_days = 20;
    assert_done(ca_files_create(&ca, &err), &err, "CA");
    w->options.ca = "short";
    issued(w, &info);
    assert_true(info.not_after <= clock_now() + 20 * DAY);
    assert_false(due_at(w, info.not_after - DAY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(issue__by_the_ca__recorded_and_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(issue__refused__nothing_is_there_or_recorded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(renew__a_month_before_the_end__same_names_new_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(renew__short_life__in_its_last_third, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renew__not_ours_to_renew__left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renew__the_ca_ends_too__not_again_and_again, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
