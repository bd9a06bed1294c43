/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "audit/audit_reader.h"
#include "base/text.h"
#include "service/flood_digest.h"

#define SECOND_US INT64_C(1000000)

/* A digest with a clock of the test's and a real audit file. */
struct scene {
    struct test_folder folder;
    struct audit *audit;
    struct flood_digest *digest;
    int64_t now_us;
};

static int64_t scene_now(void *context)
{
    return ((struct scene *)context)->now_us;
}

static void scene_open(struct scene *scene)
{
    struct audit_options audit = { .folder = scene->folder.path, .file_mb = 1, .files = 1 };
    struct error err = ERROR_INIT;

    memset(scene, 0, sizeof(*scene));
    test_folder_create(&scene->folder);
    scene->now_us = 1000 * SECOND_US;
    scene->audit = audit_open(&audit, &err);
    assert_non_null(scene->audit);
    scene->digest = flood_digest_create(
        &(struct flood_options){ .audit = scene->audit, .now_us = scene_now, .context = scene },
        &err);
    assert_non_null(scene->digest);
}

static void scene_close(struct scene *scene)
{
    flood_digest_free(scene->digest);
    audit_close(scene->audit);
    test_folder_remove(&scene->folder);
}

/* So many of one kind; returns how many may be written. */
static unsigned send(struct scene *scene, unsigned count, enum flood_kind kind, enum reason reason,
                     const char *from)
{
    struct ip_address peer;
    struct error err = ERROR_INIT;
    unsigned admitted = 0;

    assert_true(ip_address_parse(bytes_of_text(from), &peer, &err));
    for (unsigned i = 0; i < count; i++) {
        admitted += flood_digest_admit(scene->digest, kind, reason, &peer) ? 1u : 0u;
    }
    return admitted;
}

/* What the audit file tells of records that are not there; *rows: in how many records. */
static uint64_t counted(struct scene *scene, const char *peer, size_t *rows)
{
    struct error err = ERROR_INIT;
    struct audit_reader *reader = audit_reader_open(scene->folder.path, &err);
    struct json *record = NULL;
    uint64_t sum = 0;

    assert_non_null(reader);
    *rows = 0;
    while (audit_reader_next(reader, &record, &err) && record != NULL) {
        const char *text = json_value_text(json_value_get(record, "peer"));
        int64_t number = json_value_integer(json_value_get(record, "count"));

        assert_string_equal(json_value_text(json_value_get(record, "event")), "flood");
        assert_true(number > 0);
        if (peer == NULL || (text != NULL && strcmp(text, peer) == 0)) {
            sum += (uint64_t)number;
            (*rows)++;
        }
        json_value_free(record);
    }
    audit_reader_close(reader);
    return sum;
}

static void admit__one_address__some_of_each_reason_and_a_count(void **state)
{
    const uint32_t most = flood_limits[FLOOD_REQUESTS].of_one;
    struct scene scene;
    size_t rows = 0;

    (void)state;
    scene_open(&scene);
    assert_int_equal(send(&scene, 1000, FLOOD_REQUESTS, REASON_NO_SUCH_URL, "192.0.2.1"), most);
    assert_int_equal(send(&scene, 1000, FLOOD_REQUESTS, REASON_SYNTAX, "192.0.2.1"), most);
    assert_int_equal(send(&scene, 5, FLOOD_REQUESTS, REASON_SYNTAX, "192.0.2.2"), 5);
    /* another kind has places of its own */
    assert_int_equal(send(&scene, 1000, FLOOD_MESSAGES, REASON_CHALLENGE_REJECTED, "192.0.2.1"),
                     flood_limits[FLOOD_MESSAGES].of_one);
    scene.now_us += 59 * SECOND_US;
    flood_digest_tick(scene.digest);
    assert_int_equal(counted(&scene, NULL, &rows), 0);
    scene.now_us += 2 * SECOND_US;
    flood_digest_tick(scene.digest);
    assert_int_equal(counted(&scene, NULL, &rows),
                     3000 - 2 * most - flood_limits[FLOOD_MESSAGES].of_one);
    assert_int_equal(rows, 3);
    flood_digest_tick(scene.digest); /* nothing twice */
    (void)counted(&scene, NULL, &rows);
    assert_int_equal(rows, 3);
    /* a new minute */
    assert_int_equal(send(&scene, 1000, FLOOD_REQUESTS, REASON_SYNTAX, "192.0.2.1"), most);
    scene_close(&scene);
}

static void admit__ipv6_of_one_client__counts_by_prefix(void **state)
{
    const uint32_t most = flood_limits[FLOOD_REQUESTS].of_one;
    struct scene scene;
    unsigned admitted = 0;
    size_t rows = 0;
    char text[64];

    (void)state;
    scene_open(&scene);
    for (unsigned i = 0; i < 500; i++) {
        assert_true(text_format(text, sizeof(text), "2001:db8:0:1::%x", i + 1));
        admitted += send(&scene, 1, FLOOD_REQUESTS, REASON_SYNTAX, text);
    }
    assert_int_equal(admitted, most);
    scene.now_us += 61 * SECOND_US;
    flood_digest_tick(scene.digest);
    assert_int_equal(counted(&scene, "2001:db8:0:1::/64", &rows), 500 - most);
    assert_int_equal(rows, 1);
    scene_close(&scene);
}

/* Each address comes once: the stock bounds what is written, and the rows bound the counts. */
static void admit__ever_new_addresses__bounded_and_all_counted(void **state)
{
    enum { ADDRESSES = 60000 };
    const struct flood_limit *limit = &flood_limits[FLOOD_REQUESTS];
    struct scene scene;
    uint64_t admitted = 0;
    size_t rows = 0;
    char text[64];

    (void)state;
    scene_open(&scene);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        assert_true(text_format(text, sizeof(text), "10.%u.%u.1", i / 256, i % 256));
        admitted += send(&scene, 1, FLOOD_REQUESTS, REASON_SYNTAX, text);
        if (i % 1000 == 999) {
            scene.now_us += SECOND_US;
        }
    }
    assert_in_range(admitted, limit->stock, limit->stock + 61 * limit->per_second);
    scene.now_us += 61 * SECOND_US;
    flood_digest_tick(scene.digest);
    assert_int_equal(counted(&scene, NULL, &rows), ADDRESSES - admitted);
    assert_int_equal(rows, FLOOD_ROWS + 1);
    scene_close(&scene);
}

static void free__counts_left__written(void **state)
{
    struct scene scene;
    struct error err = ERROR_INIT;
    size_t rows = 0;

    (void)state;
    scene_open(&scene);
    (void)send(&scene, 100, FLOOD_MESSAGES, REASON_NONE, "192.0.2.1");
    (void)send(&scene, 1000, FLOOD_QUESTIONS, REASON_NONE, "192.0.2.1"); /* the log's alone */
    flood_digest_free(scene.digest);
    assert_int_equal(counted(&scene, "192.0.2.1", &rows),
                     100 - flood_limits[FLOOD_MESSAGES].of_one);
    assert_int_equal(rows, 1);
    scene.digest = flood_digest_create(&(struct flood_options){ .audit = scene.audit }, &err);
    assert_non_null(scene.digest);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admit__one_address__some_of_each_reason_and_a_count),
        cmocka_unit_test(admit__ipv6_of_one_client__counts_by_prefix),
        cmocka_unit_test(admit__ever_new_addresses__bounded_and_all_counted),
        cmocka_unit_test(free__counts_left__written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
