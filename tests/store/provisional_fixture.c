/* SPDX-License-Identifier: Apache-2.0 */
#include "store/provisional_fixture.h"

#include <string.h>

#include "base/text.h"

const struct store_refusal fixture_interrupted = { 0xa0040003u, "intune-interrupted",
                                                   "the service was cut off" };

void fixture_answer(struct sample *sample, uint32_t serial, uint32_t request)
{
    struct sample other;

    sample_init(sample, serial);
    sample_init(&other, request);
    memcpy(sample->key.csr_sha256, other.key.csr_sha256, DIGEST_SHA256_BYTES);
    memcpy(sample->key.signer_key_sha256, other.key.signer_key_sha256, DIGEST_SHA256_BYTES);
    assert_true(
        text_copy(sample->transaction_id, sizeof sample->transaction_id, other.transaction_id));
    sample->key.transaction_id = bytes_of_text(sample->transaction_id);
}

int64_t fixture_provisional(struct store *store, const struct sample *sample)
{
    struct error err = ERROR_INIT;
    int64_t id = 0;

    assert_ok(store_provisional_record(store, &sample->cert, bytes_of_text("ticket"),
                                       &fixture_interrupted, &id, &err),
              err);
    assert_true(id > 0);
    return id;
}

enum store_record_result fixture_confirm(struct store *store, int64_t id,
                                         const struct sample *sample)
{
    enum store_record_result result = STORE_WAS_REVOKED;
    struct error err = ERROR_INIT;

    assert_ok(store_provisional_confirm(store, id, &sample->key, FIXTURE_NOW + 2, FIXTURE_REPEAT,
                                        &result, &err),
              err);
    return result;
}

void fixture_withhold(struct store *store, int64_t id, const char *detail)
{
    const struct store_refusal why = { 0xa0040002u, "intune-not-confirmed", detail };
    struct error err = ERROR_INIT;

    assert_ok(store_provisional_withhold(store, id, FIXTURE_NOW + 5, &why, &err), err);
}

enum store_seen fixture_find(struct store *store, const struct sample *sample)
{
    enum store_seen seen = STORE_SEEN_NEVER;
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct error err = ERROR_INIT;

    assert_ok(store_find_request(store, &sample->key, 0, &seen, &der, &err), err);
    if (seen == STORE_SEEN_ISSUED) {
        assert_true(bytes_equal(buffer_bytes(&der), sample->cert.der));
    }
    buffer_clear(&der);
    return seen;
}

static bool take_state(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct row_state *state = context;

    (void)err;
    state->withheld = row->withheld;
    state->revoked_at = row->revoked_at;
    state->reason = row->revocation_reason;
    return text_copy(state->by, sizeof state->by, row->revoked_by);
}

struct row_state fixture_state(struct store *store, const struct sample *sample)
{
    struct row_state state = { 0 };
    struct error err = ERROR_INIT;

    assert_ok(store_show_certificate(store, sample->key.ca_name, sample->info.serial, take_state,
                                     &state, &err),
              err);
    return state;
}

struct due {
    char *text;
    size_t size;
    size_t count;
};

static bool add_due(void *context, const struct store_outbox_row *row, struct error *err)
{
    struct due *due = context;
    size_t len = strlen(due->text);

    (void)err;
    due->count++;
    /* Cut when the caller only counts. */
    (void)!text_format(due->text + len, due->size - len, "%s:%s:%.*s:%d ", row->reason, row->detail,
                       (int)row->transaction_id.len, (const char *)row->transaction_id.data,
                       (int)row->attempts);
    return true;
}

size_t fixture_due(struct store *store, int64_t now, char *text, size_t size)
{
    struct due due = { text, size, 0 };
    struct error err = ERROR_INIT;

    text[0] = '\0';
    assert_ok(store_outbox_due(store, now, 100, add_due, &due, &err), err);
    return due.count;
}

int64_t fixture_revocations(struct store *store)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(store_revocation_count(store, "issuing", &count, &err), err);
    return count;
}

static bool count_revoked(void *context, const char *serial, int64_t revoked_at, int reason,
                          struct error *err)
{
    (void)serial;
    (void)revoked_at;
    (void)reason;
    (void)err;
    *(size_t *)context += 1;
    return true;
}

size_t fixture_crl_rows(struct store *store)
{
    struct error err = ERROR_INIT;
    size_t count = 0;

    assert_ok(store_list_revoked(store, "issuing", FIXTURE_NOW, count_revoked, &count, &err), err);
    return count;
}
