/* SPDX-License-Identifier: Apache-2.0 */
/* The encrypted file: what was written comes back whole, or it is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/backup_file.h"
#include "support/test_support.h"

#define PASSWORD "correct horse battery"
#define CHUNK 1024u
#define SEALED_CHUNK (CHUNK + 16u)
#define CONTENT (3u * CHUNK + 100u) /* four chunks */

/* The cheapest that is allowed. */
static const struct scrypt_cost cheap = { 16384, 8, 1 };

struct world {
    struct test_folder folder;
    char path[FILE_PATH_MAX];
    struct buffer file; /* a whole backup of CONTENT bytes */
};

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

/* Written in pieces of `piece` bytes. */
static void make(struct world *world, size_t len, size_t piece)
{
    const struct backup_file_order order = { world->path, bytes_of_text(PASSWORD), cheap, CHUNK };
    struct error err = ERROR_INIT;
    struct backup_file_out *out = NULL;
    uint8_t *content = malloc(len + 1);

    assert_non_null(content);
    for (size_t i = 0; i < len; i++) {
        content[i] = byte_at(i);
    }
    assert_done(file_remove(world->path, &err), &err, "");
    out = backup_file_create(&order, &err);
    assert_done(out != NULL, &err, "create");
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;

        assert_done(backup_file_write(out, bytes_of(content + at, part), &err), &err, "write");
    }
    assert_done(backup_file_finish(out, &err), &err, "finish");
    backup_file_out_free(out);
    free(content);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->file = (struct buffer)BUFFER_INIT(65536);
    test_folder_create(&world->folder);
    test_folder_path(&world->folder, "x.bak", world->path);
    make(world, CONTENT, 333);
    test_folder_read(&world->folder, "x.bak", &world->file);
    assert_int_equal(world->file.len, BACKUP_FILE_HEADER_BYTES + 3 * SEALED_CHUNK + 116);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    buffer_clear(&world->file);
    test_folder_remove(&world->folder);
    free(world);
    return 0;
}

/* All of it, to the end; *len gets how much came before a failure. */
static bool read_all(struct world *world, const char *password, size_t *len, struct error *err)
{
    struct backup_file_in *in = backup_file_open(world->path, bytes_of_text(password), err);
    bool at_end = false;
    bool ok = in != NULL;
    uint8_t byte = 0;

    *len = 0;
    while (ok) {
        ok = backup_file_at_end(in, &at_end, err);
        if (!ok || at_end) {
            break;
        }
        ok = backup_file_read(in, &byte, 1, err);
        /* also before a failure nothing false ever comes out */
        assert_true(!ok || byte == byte_at(*len));
        *len += ok ? 1 : 0;
    }
    backup_file_close(in);
    return ok;
}

static void put_file(struct world *world, const void *data, size_t len)
{
    struct error err = ERROR_INIT;

    assert_done(file_write_atomic(world->path, bytes_of(data, len), true, &err), &err, "");
}

static void assert_file_refused(struct world *world, enum reason reason, const char *name)
{
    struct error err = ERROR_INIT;
    size_t len = 0;

    assert_refused(read_all(world, PASSWORD, &len, &err), &err, reason, name);
}

static void round_trip__sizes_around_chunks__same_bytes(void **state)
{
    static const struct {
        size_t len, piece;
    } cases[] = {
        { 0, 1 },
        { 1, 1 },
        { CHUNK - 1, 500 },
        { CHUNK, CHUNK },
        { CHUNK + 1, 7 },
        { 2 * CHUNK, 3000 },
        { 5 * CHUNK + 3, 4096 },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        size_t len = 0;

        make(world, cases[i].len, cases[i].piece);
        assert_done(read_all(world, PASSWORD, &len, &err), &err, "");
        assert_int_equal(len, cases[i].len);
    }
}

static void read__twice__same_bytes(void **state)
{
    struct world *world = *state;
    struct error err = ERROR_INIT;
    struct backup_file_in *in = backup_file_open(world->path, bytes_of_text(PASSWORD), &err);
    uint8_t first[CONTENT];
    uint8_t second[CONTENT];
    bool at_end = true;

    assert_done(in != NULL, &err, "");
    assert_done(backup_file_read(in, first, sizeof(first), &err), &err, "");
    assert_done(backup_file_rewind(in, &err), &err, "");
    assert_done(backup_file_at_end(in, &at_end, &err), &err, "");
    assert_false(at_end);
    assert_done(backup_file_read(in, second, sizeof(second), &err), &err, "");
    assert_memory_equal(first, second, sizeof(first));
    assert_done(backup_file_at_end(in, &at_end, &err), &err, "");
    assert_true(at_end);
    assert_refused(backup_file_read(in, first, 1, &err), &err, REASON_BACKUP_DAMAGED, "behind");
    backup_file_close(in);
}

static void read__wrong_password__refused(void **state)
{
    static const char *const wrong[] = { "", "correct horse batter", "correct horse battery " };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err = ERROR_INIT;
        size_t len = 0;

        assert_refused(read_all(world, wrong[i], &len, &err), &err, REASON_BACKUP_PASSWORD,
                       wrong[i]);
    }
}

static void read__cut_off_anywhere__refused(void **state)
{
    struct world *world = *state;

    for (size_t chunk = 0; chunk <= 4; chunk++) {
        size_t border = BACKUP_FILE_HEADER_BYTES + chunk * SEALED_CHUNK;

        border = border < world->file.len ? border : world->file.len;
        for (size_t around = border - 1; around <= border + 1; around++) {
            char name[32];

            if (around < world->file.len) {
                assert_true(text_format(name, sizeof(name), "%zu bytes", around));
                put_file(world, world->file.data, around);
                assert_file_refused(world, REASON_BACKUP_DAMAGED, name);
            }
        }
    }
    put_file(world, world->file.data, 10);
    assert_file_refused(world, REASON_BACKUP_DAMAGED, "10 bytes");
    put_file(world, world->file.data, 7);
    assert_file_refused(world, REASON_BACKUP_FORMAT, "7 bytes");
    put_file(world, "", 0);
    assert_file_refused(world, REASON_BACKUP_FORMAT, "empty");
}

static void read__a_bit_flipped__refused(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        enum reason reason;
    } cases[] = {
        { "magic", 3, REASON_BACKUP_FORMAT },
        { "version", 9, REASON_BACKUP_FORMAT },
        { "header length", 11, REASON_BACKUP_FORMAT },
        { "r", 19, REASON_BACKUP_FORMAT },
        { "salt", 30, REASON_BACKUP_PASSWORD },
        { "chunk length", 43, REASON_BACKUP_PASSWORD },
        { "prefix", 46, REASON_BACKUP_PASSWORD },
        { "reserved", 60, REASON_BACKUP_PASSWORD },
        { "MAC", 80, REASON_BACKUP_PASSWORD },
        { "first chunk", 96, REASON_BACKUP_DAMAGED },
        { "its tag", 96 + CHUNK + 3, REASON_BACKUP_DAMAGED },
        { "second chunk", 96 + SEALED_CHUNK + 500, REASON_BACKUP_DAMAGED },
        { "last chunk", 96 + 3 * SEALED_CHUNK + 99, REASON_BACKUP_DAMAGED },
        { "last tag", 96 + 3 * SEALED_CHUNK + 115, REASON_BACKUP_DAMAGED },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world->file.data[cases[i].at] ^= 1;
        put_file(world, world->file.data, world->file.len);
        world->file.data[cases[i].at] ^= 1;
        assert_file_refused(world, cases[i].reason, cases[i].name);
    }
}

/* One chunk, by number, to a place in a new file. */
static size_t put_chunk(const struct world *world, uint8_t *file, size_t at, size_t number)
{
    size_t from = BACKUP_FILE_HEADER_BYTES + number * SEALED_CHUNK;
    size_t len = number < 3 ? SEALED_CHUNK : 116;

    memcpy(file + at, world->file.data + from, len);
    return at + len;
}

static void read__chunks_in_another_order__refused(void **state)
{
    static const struct {
        const char *name;
        size_t chunks[6];
        size_t count;
    } cases[] = {
        { "swapped", { 1, 0, 2, 3 }, 4 },
        { "one twice", { 0, 1, 1, 2, 3 }, 5 },
        { "one missing", { 0, 2, 3 }, 3 },
        { "first missing", { 1, 2, 3 }, 3 },
        { "last missing", { 0, 1, 2 }, 3 },
        { "last twice", { 0, 1, 2, 3, 3 }, 5 },
        { "last in the middle", { 0, 1, 3, 2 }, 4 },
        { "begins again", { 0, 1, 2, 3, 0 }, 5 },
        { "only the last", { 3 }, 1 },
    };
    struct world *world = *state;
    uint8_t file[BACKUP_FILE_HEADER_BYTES + 6 * SEALED_CHUNK];

    memcpy(file, world->file.data, BACKUP_FILE_HEADER_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t at = BACKUP_FILE_HEADER_BYTES;

        for (size_t k = 0; k < cases[i].count; k++) {
            at = put_chunk(world, file, at, cases[i].chunks[k]);
        }
        put_file(world, file, at);
        assert_file_refused(world, REASON_BACKUP_DAMAGED, cases[i].name);
    }
    memcpy(file, world->file.data, world->file.len);
    file[world->file.len] = 0;
    put_file(world, file, world->file.len + 1);
    assert_file_refused(world, REASON_BACKUP_DAMAGED, "a byte more");
}

/* Refused before scrypt runs: nothing of it is computed, no memory is taken. */
static void open__hostile_header__refused_at_once(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t bytes[4];
    } cases[] = {
        { "N of 2^31", 12, { 0x80, 0, 0, 0 } },
        { "N of 2^20", 12, { 0, 0x10, 0, 0 } },
        { "N no power", 12, { 0, 0, 0x40, 1 } },
        { "N cheap", 12, { 0, 0, 0, 2 } },
        { "N zero", 12, { 0, 0, 0, 0 } },
        { "r of 2^30", 16, { 0x40, 0, 0, 0 } },
        { "r zero", 16, { 0, 0, 0, 0 } },
        { "p of 2^30", 20, { 0x40, 0, 0, 0 } },
        { "p zero", 20, { 0, 0, 0, 0 } },
        { "chunk of 4 GB", 40, { 255, 255, 255, 255 } },
        { "chunk of nothing", 40, { 0, 0, 0, 0 } },
        { "chunk of 2 MB", 40, { 0, 0x20, 0, 0 } },
        { "newer", 8, { 0, 2, 0, 96 } },
        { "version 0", 8, { 0, 0, 0, 96 } },
    };
    struct world *world = *state;
    uint8_t header[BACKUP_FILE_HEADER_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(header, world->file.data, sizeof(header));
        memcpy(header + cases[i].at, cases[i].bytes, 4);
        put_file(world, header, sizeof(header));
        assert_file_refused(world, REASON_BACKUP_FORMAT, cases[i].name);
    }
}

static void create__name_is_taken__stays_as_it_is(void **state)
{
    struct world *world = *state;
    const struct backup_file_order order = { world->path, bytes_of_text(PASSWORD), cheap, CHUNK };
    struct error err = ERROR_INIT;
    struct backup_file_out *out = NULL;

    assert_refused(backup_file_create(&order, &err) != NULL, &err, REASON_FILE_NOT_WRITABLE, "");
    assert_true(file_exists(world->path));
    /* and one that is given up goes */
    error_clear(&err);
    assert_done(file_remove(world->path, &err), &err, "");
    out = backup_file_create(&order, &err);
    assert_done(out != NULL, &err, "");
    assert_done(backup_file_write(out, bytes_of_text("x"), &err), &err, "");
    backup_file_out_free(out);
    assert_false(file_exists(world->path));
}

static void create__same_content_twice__nothing_in_common(void **state)
{
    struct world *world = *state;
    struct buffer other = BUFFER_INIT(65536);

    make(world, CONTENT, 333);
    test_folder_read(&world->folder, "x.bak", &other);
    assert_int_equal(other.len, world->file.len);
    assert_memory_not_equal(other.data + 24, world->file.data + 24, 16);
    assert_memory_not_equal(other.data + 96, world->file.data + 96, 16);
    buffer_clear(&other);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(round_trip__sizes_around_chunks__same_bytes),
        CASE(read__twice__same_bytes),
        CASE(read__wrong_password__refused),
        CASE(read__cut_off_anywhere__refused),
        CASE(read__a_bit_flipped__refused),
        CASE(read__chunks_in_another_order__refused),
        CASE(open__hostile_header__refused_at_once),
        CASE(create__name_is_taken__stays_as_it_is),
        CASE(create__same_content_twice__nothing_in_common),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
