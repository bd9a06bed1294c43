/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that the system does not give. While the service starts: whichever it is, of the service
 * itself or of a library, it does not start (only monitoring may be missing), says why, and leaves
 * none behind. While it runs: it
 * needs no new one to answer and to load its files anew; and a call that needs one, for a name to
 * be looked up, ends with a reason, and the next one works.
 */
#include <string.h>

#include "base/text.h"
#include "http/http_client.h"
#include "http/raw_client.h"
#include "service/app.h"
#include "service/data_init.h"
#include "service/tls_fixture.h"
#include "support/thread_fail.h"

static struct tls_world world;

static const char *const listen_to[] = { "127.0.0.1:0" };

static int open_world(void **state)
{
    const struct data_init_options options = {
        .template_name = "device", .listen = listen_to, .listen_count = 1, .ca_key = "p256"
    };
    struct made made;
    struct error err = ERROR_INIT;
    bool kept = false;

    (void)state;
    tls_world_create(&world);
    assert_done(data_init_make(world.folder.path, &options, bytes_of_text("a long passphrase"),
                               &kept, &err),
                &err, "init");
    test_folder_write(&world.folder, "openndes.json", "{\"workers\":{\"threads\":2}}");
    make_server(&made, &(struct wanted){ .eku = "serverAuth" });
    install(&world, &made);
    made_clear(&made);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    tls_world_clear(&world);
    return 0;
}

static struct app *start(struct error *err)
{
    const struct app_options options = { .data_folder = world.folder.path,
                                         .listen = listen_to,
                                         .listen_count = 1,
                                         .listen_https = listen_to,
                                         .listen_https_count = 1,
                                         .listen_management = listen_to,
                                         .listen_management_count = 1 };

    return app_create(&options, err);
}

/* Monitoring is no reason not to serve devices: it is told, and the service goes on without. */
static void assert_without_management(struct app *app)
{
    struct buffer urls = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    assert_done(app_metrics_urls(app, &urls, &err), &err, "urls");
    assert_int_equal(urls.len, 0);
    buffer_clear(&urls);
}

static void start__thread_missing__refused_and_none_left(void **state)
{
    size_t alive = thread_fail_alive();
    size_t asked = 0;
    unsigned without = 0;
    unsigned refused = 0;

    (void)state;
    for (size_t nth = 1; asked + 1 >= nth; nth++) {
        struct error err = ERROR_INIT;
        struct app *app = NULL;

        thread_fail_arm(nth, false);
        app = start(&err);
        asked = thread_fail_disarm();
        if (app == NULL) {
            print_message("thread %zu: %s: %s\n", nth, reason_id(err.reason), err.detail);
            assert_true(asked >= nth); /* one was missing */
            refused++;
        } else if (asked >= nth) {
            assert_without_management(app);
            without++;
        } else {
            nth = asked + 1; /* nothing was missing: the last round */
        }
        app_free(app);
        assert_int_equal(thread_fail_alive(), alive);
    }
    print_message("%u times refused, %u times without management\n", refused, without);
    assert_true(refused >= 8 && without >= 2);
}

static uint16_t port_of(struct app *app)
{
    static const char before[] = "SCEP URL: http://127.0.0.1:";
    struct buffer urls = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    uint64_t port = 0;
    const char *found = NULL;

    assert_done(app_scep_urls(app, &urls, &err), &err, "urls");
    found = strstr(buffer_text(&urls), before);
    assert_non_null(found);
    found += sizeof(before) - 1;
    assert_true(text_parse_u64(bytes_of(found, strspn(found, "0123456789")), 65535, &port));
    buffer_clear(&urls);
    return (uint16_t)port;
}

static void assert_answers(uint16_t port, const char *operation)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    struct ip_address address;
    struct error err = ERROR_INIT;
    struct raw_client *client = NULL;
    char request[200];

    assert_done(ip_address_parse(bytes_of_text("127.0.0.1"), &address, &err), &err, "");
    client = raw_client_connect(&address, port);
    assert_non_null(client);
    assert_true(text_format(request, sizeof(request),
                            "GET /scep/device?operation=%s HTTP/1.1\r\nHost: x\r\n\r\n",
                            operation));
    assert_true(raw_client_send_text(client, request)
                && raw_client_receive(client, true, &response));
    assert_int_equal(response.status, 200);
    raw_response_clear(&response);
    raw_client_close(client);
}

static void run__no_thread_any_more__answers_and_reloads(void **state)
{
    struct error err = ERROR_INIT;
    struct app *app = start(&err);
    uint16_t port;

    (void)state;
    assert_done(app != NULL, &err, "start");
    port = port_of(app);
    thread_fail_arm(1, true);
    assert_answers(port, "GetCACaps");
    test_folder_write(&world.folder, "openndes.json",
                      "{\"workers\":{\"threads\":2},\"limits\":{\"stop_seconds\":1}}");
    app_tick(app, true);
    assert_answers(port, "GetCACaps");
    assert_answers(port, "GetCACert");
    assert_int_equal(thread_fail_disarm(), 0);
    app_free(app);
}

static void call__no_thread_for_the_name__refused_then_tried_anew(void **state)
{
    const struct http_client_options options = { .user_agent = "x",
                                                 .proxy = "none",
                                                 .no_proxy = "",
                                                 .proxy_user = "",
                                                 .ca_file = "",
                                                 .connect_seconds = 5,
                                                 .total_seconds = 5 };
    const struct http_call call = { .url = "https://nowhere.invalid/", .method = "GET" };
    struct error err = ERROR_INIT;
    struct http_client *client = http_client_create(&options, &err);
    size_t alive = thread_fail_alive();

    (void)state;
    assert_done(client != NULL, &err, "client");
    for (int i = 0; i < 2; i++) {
        struct http_answer answer = HTTP_ANSWER_INIT;

        thread_fail_arm(i == 0 ? 1 : 0, true);
        assert_false(http_client_call(client, &call, &answer, &err));
        assert_true(thread_fail_disarm() > 0); /* it wanted one */
        print_message("%s: %s\n", reason_id(err.reason), err.detail);
        assert_int_equal(err.reason, REASON_HTTP_CLIENT);
        /* where no name server answers, the second one may take all of its time */
        assert_true(answer.failure == HTTP_CALL_NAME
                    || (i == 1 && answer.failure == HTTP_CALL_TIMEOUT));
        http_answer_clear(&answer);
        error_clear(&err);
    }
    http_client_free(client);
    assert_true(thread_fail_alive() <= alive + 1); /* the last look-up may still go on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__thread_missing__refused_and_none_left),
        cmocka_unit_test(run__no_thread_any_more__answers_and_reloads),
        cmocka_unit_test(call__no_thread_for_the_name__refused_then_tried_anew),
    };

    return cmocka_run_group_tests_name("threads, lack", tests, open_world, close_world);
}
