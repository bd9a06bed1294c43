/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_fixture.h"

#include <string.h>

#include "platform/clock.h"
#include "service/tls_pair.h"
#include "service/tls_watch.h"

struct watched {
    struct tls_world world;
    struct tls_watch *watch;
    struct tls_identity identity;
    struct error err;
};

static int set_up(void **state)
{
    static struct watched w;

    memset(&w, 0, sizeof(w));
    tls_world_create(&w.world);
    w.watch = tls_watch_create(w.world.folder.path);
    assert_non_null(w.watch);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct watched *w = *state;

    tls_watch_free(w->watch);
    tls_watch_free(NULL);
    tls_world_clear(&w->world);
    return 0;
}

static void expect(struct watched *w, enum tls_watch_result expected, const struct made *in_force,
                   const char *name)
{
    enum tls_watch_result result;

    error_clear(&w->err);
    result = tls_watch_poll(w->watch, &w->world.config, &w->identity, &w->err);
    if (result != expected) {
        fail_msg("%s: %d instead of %d: %s", name, result, expected, w->err.detail);
    }
    assert_int_equal(error_is_set(&w->err), expected == TLS_WATCH_BROKEN);
    if (in_force == NULL) {
        assert_null(w->identity.cert);
        assert_null(tls_watch_certificate_info(w->watch));
        return;
    }
    assert_int_equal(X509_cmp(w->identity.cert, in_force->cert), 0);
    assert_int_equal(EVP_PKEY_eq(w->identity.key, in_force->key), 1);
    assert_int_equal(sk_X509_num(w->identity.chain), 1);
    assert_non_null(tls_watch_certificate_info(w->watch));
}

static void poll__pair_replaced_half_by_half__the_old_one_stays_meanwhile(void **state)
{
    struct watched *w = *state;
    struct made old = { .key = NULL };
    struct made new = { .key = NULL };

    make_server(&old, &(struct wanted){ .eku = NULL });
    make_server(&new, &(struct wanted){ .eku = NULL });
    write_chain(&w->world, "server.pem", &old, NULL, NULL);
    write_key(&w->world, "server.key", old.key, NULL);
    tls_world_set(&w->world, "server.pem", "server.key");
    expect(w, TLS_WATCH_NEW, &old, "first");
    expect(w, TLS_WATCH_SAME, &old, "nothing changed");
    write_chain(&w->world, "server.pem", &new, NULL, NULL);
    expect(w, TLS_WATCH_BROKEN, &old, "half");
    assert_int_equal(w->err.reason, REASON_TLS_CERTIFICATE);
    expect(w, TLS_WATCH_SAME, &old, "told once");
    expect(w, TLS_WATCH_SAME, &old, "told once");
    write_key(&w->world, "server.key", new.key, NULL);
    expect(w, TLS_WATCH_NEW, &new, "both");
    expect(w, TLS_WATCH_SAME, &new, "nothing changed");
    made_clear(&old);
    made_clear(&new);
}

static void poll__broken_and_mended__is_told_even_if_it_is_the_same(void **state)
{
    struct watched *w = *state;
    struct made made = { .key = NULL };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    expect(w, TLS_WATCH_BROKEN, NULL, "nothing there");
    expect(w, TLS_WATCH_SAME, NULL, "told once");
    make_server(&made, &(struct wanted){ .eku = NULL });
    write_chain(&w->world, "server.pem", &made, made.key, NULL);
    tls_world_set(&w->world, "server.pem", "");
    expect(w, TLS_WATCH_NEW, &made, "named");
    test_folder_path(&w->world.folder, "server.pem", path);
    assert_done(file_remove(path, &err), &err, "");
    expect(w, TLS_WATCH_BROKEN, &made, "removed");
    test_folder_write(&w->world.folder, "server.pem", "garbage");
    expect(w, TLS_WATCH_BROKEN, &made, "another change, another sentence");
    write_chain(&w->world, "server.pem", &made, made.key, NULL);
    expect(w, TLS_WATCH_NEW, &made, "mended");
    write_chain(&w->world, "server.pem", &made, made.key, NULL);
    expect(w, TLS_WATCH_SAME, &made, "written again with the same content");
    made_clear(&made);
}

static void poll__settings_change__loads_what_they_name(void **state)
{
    struct watched *w = *state;
    struct made first = { .key = NULL };
    struct made second = { .key = NULL };

    make_server(&first, &(struct wanted){ .eku = NULL });
    make_server(&second, &(struct wanted){ .eku = NULL });
    install(&w->world, &first);
    write_chain(&w->world, "server.pem", &second, second.key, PASSWORD);
    expect(w, TLS_WATCH_NEW, &first, "own");
    tls_world_set(&w->world, "server.pem", "");
    expect(w, TLS_WATCH_BROKEN, &first, "no password yet");
    seal_password(&w->world, PASSWORD);
    expect(w, TLS_WATCH_NEW, &second, "password");
    tls_world_set(&w->world, "", "");
    expect(w, TLS_WATCH_NEW, &first, "own again");
    made_clear(&first);
    made_clear(&second);
}

/* Whichever moment of a replacement it looks at, it finds a pair; the last step is no change. */
static void poll__own_pair_replaced__never_broken(void **state)
{
    struct watched *w = *state;
    struct made old = { .key = NULL };
    struct made new = { .key = NULL };
    struct error err = ERROR_INIT;
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    make_server(&old, &(struct wanted){ .eku = NULL });
    make_server(&new, &(struct wanted){ .eku = NULL });
    install(&w->world, &new);
    copy_file(&w->world, TLS_FILE_CERT, "new.crt");
    copy_file(&w->world, TLS_FILE_KEY, "new.key");
    install(&w->world, &old);
    expect(w, TLS_WATCH_NEW, &old, "before");
    copy_file(&w->world, "new.key", TLS_FILE_NEW_KEY);
    expect(w, TLS_WATCH_SAME, &old, "first step");
    copy_file(&w->world, "new.crt", TLS_FILE_CERT);
    expect(w, TLS_WATCH_NEW, &new, "second step");
    test_folder_path(&w->world.folder, TLS_FILE_NEW_KEY, from);
    test_folder_path(&w->world.folder, TLS_FILE_KEY, to);
    assert_done(file_rename(from, to, &err), &err, "");
    expect(w, TLS_WATCH_SAME, &new, "third step");
    made_clear(&old);
    made_clear(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            poll__pair_replaced_half_by_half__the_old_one_stays_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(poll__broken_and_mended__is_told_even_if_it_is_the_same,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(poll__settings_change__loads_what_they_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(poll__own_pair_replaced__never_broken, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
