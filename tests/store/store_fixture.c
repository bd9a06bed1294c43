/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    test_folder_create(&fixture->folder);
    test_folder_path(&fixture->folder, "openndes.db", fixture->path);
    *state = fixture;
    return 0;
}

int fixture_set_up_open(void **state)
{
    int result = fixture_set_up(state);
    struct fixture *fixture = *state;

    fixture->store = fixture_open(fixture);
    return result;
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->store);
    test_folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

struct store_options fixture_options(const struct fixture *fixture)
{
    struct store_options options = { .path = fixture->path, .readers = 4 };
    return options;
}

struct store *fixture_open(const struct fixture *fixture)
{
    struct store_options options = fixture_options(fixture);
    struct error err = ERROR_INIT;
    struct store *store = store_open(&options, &err);

    assert_ok(store != NULL, err);
    return store;
}

struct db *fixture_open_db(const struct fixture *fixture)
{
    struct db_options options = { .path = fixture->path, .busy_ms = 10000, .cache_kib = 256 };
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);

    assert_ok(db != NULL, err);
    return db;
}

int64_t fixture_query(const struct fixture *fixture, const char *sql)
{
    const char *const texts[] = { sql };
    struct db_options options = {
        .path = fixture->path,
        .busy_ms = 10000,
        .cache_kib = 256,
        .texts = texts,
        .text_count = 1,
    };
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);
    struct db_query *query = NULL;
    bool row = false;

    assert_ok(db != NULL, err);
    assert_ok(db_query_begin(db, 0, &query, &err), err);
    assert_ok(db_step(query, &row, &err), err);
    assert_true(row);
    int64_t value = db_column_int(query, 0);
    db_query_end(query);
    db_close(db);
    return value;
}

static void fill_digest(uint8_t digest[DIGEST_SHA256_BYTES], const char *what, uint32_t number)
{
    char text[32];
    struct error err = ERROR_INIT;

    assert_true(text_format(text, sizeof text, "%s %u", what, (unsigned)number));
    assert_ok(digest_sha256(bytes_of_text(text), digest, &err), err);
}

void sample_init(struct sample *sample, uint32_t number)
{
    uint8_t digest[DIGEST_SHA256_BYTES];

    memset(sample, 0, sizeof *sample);
    assert_true(text_format(sample->transaction_id, sizeof sample->transaction_id, "txn-%u",
                            (unsigned)number));
    sample->key.template_name = "devices";
    sample->key.ca_name = "issuing";
    sample->key.transaction_id = bytes_of_text(sample->transaction_id);
    fill_digest(sample->key.signer_key_sha256, "signer", number);
    fill_digest(sample->key.csr_sha256, "csr", number);

    fill_digest(digest, "serial", number);
    text_hex(sample->info.serial, 33, bytes_of(digest, 16));
    assert_true(text_format(sample->info.subject, sizeof sample->info.subject,
                            "CN=Device %u,O=Example", (unsigned)number));
    assert_true(text_copy(sample->info.issuer, sizeof sample->info.issuer, "CN=Issuing CA"));
    sample->info.not_before = FIXTURE_NOW;
    sample->info.not_after = FIXTURE_NOW + 365 * FIXTURE_DAY;
    fill_digest(sample->info.sha256, "cert", number);
    fill_digest(sample->info.key_sha256, "key", number);
    for (size_t i = 0; i < sizeof sample->der; i++) {
        sample->der[i] = sample->info.sha256[i % DIGEST_SHA256_BYTES];
    }

    sample->cert.request = &sample->key;
    sample->cert.info = &sample->info;
    sample->cert.der = bytes_of(sample->der, sizeof sample->der);
    sample->cert.peer = "192.0.2.1";
    sample->cert.challenge_type = "static";
    sample->cert.request_id = "r-1";
    sample->cert.issued_at = FIXTURE_NOW;
}

enum store_record_result fixture_record(struct store *store, const struct sample *sample,
                                        int64_t repeat_seconds)
{
    struct error err = ERROR_INIT;
    enum store_record_result result = STORE_WAS_REVOKED;

    assert_ok(store_record_certificate(store, &sample->cert, repeat_seconds, &result, &err), err);
    return result;
}

void fixture_revoke(struct store *store, const struct sample *sample)
{
    struct error err = ERROR_INIT;

    assert_ok(store_revoke_certificate(store, sample->key.ca_name, sample->info.serial, 1,
                                       FIXTURE_NOW + 10, &err),
              err);
}
