/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <pthread.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/crl_builder.h"
#include "model/certificate.h"
#include "platform/clock.h"

#define HOUR INT64_C(3600)

/* A CA with a database of its own for each test. */
struct world {
    struct test_folder folder;
    struct store *store;
    struct ca_builtin *builtin;
    struct ca *ca;
    EVP_PKEY *key; /* public, of root */
    X509 *root;
};

static struct store *open_store(const struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct store *store = NULL;

    test_folder_path(folder, "openndes.db", path);
    store = store_open(&(struct store_options){ .path = path, .readers = 2 }, &err);
    assert_done(store != NULL, &err, "store");
    return store;
}

static int set_up(void **state)
{
    static struct world world; /* of this test program alone */
    struct world *w = &world;
    struct error err = ERROR_INIT;

    test_folder_create(&w->folder);
    struct ca_new_options options = fixture_options(&w->folder);
    assert_done(ca_files_create(&options, &err), &err, "create");
    w->store = open_store(&w->folder);
    w->ca = fixture_open(&w->folder, w->store, &w->builtin);
    w->root = fixture_certificate(&w->folder, "ca.crt");
    w->key = X509_get0_pubkey(w->root);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    X509_free(w->root);
    ca_free(w->ca);
    store_close(w->store);
    test_folder_remove(&w->folder);
    return 0;
}

/* Record a certificate with this serial that ends at not_after, and revoke it. */
static void revoke(struct store *store, const char *serial, int reason, int64_t revoked_at,
                   int64_t not_after)
{
    static const uint8_t der[] = { 0x30, 0x00 };
    struct store_request_key key = { .template_name = "devices", .ca_name = "issuing" };
    struct certificate_info info = { .subject = "CN=x", .issuer = "CN=Test CA" };
    struct store_certificate cert = { .request = &key,
                                      .info = &info,
                                      .der = bytes_of(der, sizeof(der)),
                                      .peer = "192.0.2.1",
                                      .challenge_type = "static",
                                      .request_id = "r1",
                                      .issued_at = revoked_at };
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    key.transaction_id = bytes_of_text(serial);
    assert_done(digest_sha256(bytes_of_text(serial), key.csr_sha256, &err), &err, serial);
    memcpy(info.sha256, key.csr_sha256, sizeof(info.sha256));
    assert_true(text_copy(info.serial, sizeof(info.serial), serial));
    info.not_before = revoked_at - DAY;
    info.not_after = not_after;
    assert_done(store_record_certificate(store, &cert, 0, &result, &err), &err, serial);
    assert_int_equal(result, STORE_RECORDED);
    assert_done(store_revoke_certificate(store, "issuing", serial, reason, revoked_at, &err), &err,
                serial);
}

/* The current CRL, verified; owned. */
static X509_CRL *current(struct ca_builtin *builtin, EVP_PKEY *key, int64_t *next_update)
{
    struct buffer der = BUFFER_INIT(CRL_BYTES_MAX);
    struct error err = ERROR_INIT;
    const unsigned char *p = NULL;
    X509_CRL *crl = NULL;

    assert_done(ca_builtin_crl(builtin, &der, next_update, &err), &err, "crl");
    p = der.data;
    crl = d2i_X509_CRL(NULL, &p, (long)der.len);
    assert_non_null(crl);
    assert_ptr_equal(p, der.data + der.len);
    assert_int_equal(X509_CRL_verify(crl, key), 1);
    buffer_clear(&der);
    return crl;
}

static bool refresh(struct ca_builtin *builtin, int64_t now)
{
    struct error err = ERROR_INIT;
    bool made = false;

    assert_done(ca_builtin_crl_refresh(builtin, now, &made, &err), &err, "refresh");
    return made;
}

static int64_t number_of(struct ca_builtin *builtin, EVP_PKEY *key)
{
    int64_t next_update = 0;
    X509_CRL *crl = current(builtin, key, &next_update);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    int64_t value = 0;

    assert_non_null(number);
    assert_int_equal(ASN1_INTEGER_get_int64(&value, number), 1);
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    return value;
}

static int64_t seconds(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int rest = 0;

    assert_int_equal(ASN1_TIME_diff(&days, &rest, epoch, time), 1);
    ASN1_TIME_free(epoch);
    return days * DAY + rest;
}

/* ---- content --------------------------------------------------------------------------------- */

static void refresh__first__empty_v2_crl(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(10000);
    int64_t now = clock_now();
    int64_t next_update = 0;
    X509_CRL *crl = NULL;
    unsigned char key_id[20];
    unsigned len = 0;
    AUTHORITY_KEYID *authority = NULL;

    assert_refusal(ca_builtin_crl(w->builtin, &out, &next_update, &err), &err, REASON_CA_NOT_READY,
                   "none yet");
    assert_true(refresh(w->builtin, now));
    crl = current(w->builtin, w->key, &next_update);
    assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
    assert_int_equal(X509_CRL_get_signature_nid(crl), NID_ecdsa_with_SHA256);
    assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(w->root)), 0);
    assert_null(X509_CRL_get_REVOKED(crl)); /* absent, not empty: RFC 5280 5.1.2.6 */
    assert_int_equal(next_update, now + 168 * HOUR);
    assert_int_equal(seconds(X509_CRL_get0_nextUpdate(crl)), next_update);
    assert_int_equal(seconds(X509_CRL_get0_lastUpdate(crl)), now - 600);
    assert_int_equal(X509_CRL_get_ext_count(crl), 2);
    authority = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
    assert_non_null(authority);
    assert_int_equal(X509_pubkey_digest(w->root, EVP_sha1(), key_id, &len), 1);
    assert_int_equal(ASN1_STRING_length(authority->keyid), 20);
    assert_memory_equal(ASN1_STRING_get0_data(authority->keyid), key_id, 20);
    assert_true(number_of(w->builtin, w->key) >= now);
    AUTHORITY_KEYID_free(authority);
    X509_CRL_free(crl);
    assert_false(refresh(w->builtin, now + 60));
}

struct reason_case {
    const char *serial;
    int reason;
    int written; /* -1: no reason in the entry */
};

static const struct reason_case reason_cases[] = {
    { "01", 0, -1 },
    { "7f", 1, 1 },
    { "00ff", 2, 2 }, /* DER: 02 02 00 ff */
    { "4000000000000000000000000000000000000001", 3, 3 },
    { "4000000000000000000000000000000000000002", 4, 4 },
    { "4000000000000000000000000000000000000003", 5, 5 },
    { "4000000000000000000000000000000000000004", 6, 6 },
    { "4000000000000000000000000000000000000005", 9, 9 },
    { "4000000000000000000000000000000000000006", 10, 10 },
};

static int entry_reason(X509_REVOKED *entry)
{
    ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    int reason = value != NULL ? (int)ASN1_ENUMERATED_get(value) : -1;

    ASN1_ENUMERATED_free(value);
    return reason;
}

static void refresh__after_revocations__each_with_its_reason(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    int64_t next_update = 0;
    X509_CRL *crl = NULL;
    int64_t first = 0;

    assert_true(refresh(w->builtin, now));
    first = number_of(w->builtin, w->key);
    for (size_t i = 0; i < sizeof(reason_cases) / sizeof(reason_cases[0]); i++) {
        revoke(w->store, reason_cases[i].serial, reason_cases[i].reason, now - 100, now + DAY);
    }
    assert_true(refresh(w->builtin, now));
    assert_true(number_of(w->builtin, w->key) > first);
    crl = current(w->builtin, w->key, &next_update);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)),
                     sizeof(reason_cases) / sizeof(reason_cases[0]));
    for (size_t i = 0; i < sizeof(reason_cases) / sizeof(reason_cases[0]); i++) {
        BIGNUM *number = NULL;
        ASN1_INTEGER *serial = NULL;
        X509_REVOKED *entry = NULL;

        assert_true(BN_hex2bn(&number, reason_cases[i].serial) > 0);
        serial = BN_to_ASN1_INTEGER(number, NULL);
        assert_int_equal(X509_CRL_get0_by_serial(crl, &entry, serial), 1);
        assert_int_equal(entry_reason(entry), reason_cases[i].written);
        assert_int_equal(seconds(X509_REVOKED_get0_revocationDate(entry)), now - 100);
        ASN1_INTEGER_free(serial);
        BN_free(number);
    }
    X509_CRL_free(crl);
    assert_false(refresh(w->builtin, now));
}

static void refresh__expired_certificates__stay_for_one_more_crl(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    int64_t next_update = 0;
    X509_CRL *crl = NULL;

    revoke(w->store, "11", 1, now - 20 * DAY, now - HOUR);
    revoke(w->store, "22", 1, now - 20 * DAY, now - 8 * DAY);
    assert_true(refresh(w->builtin, now));
    crl = current(w->builtin, w->key, &next_update);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 1);
    X509_CRL_free(crl);
}

/* ---- when ------------------------------------------------------------------------------------ */

static void refresh__near_the_end_or_clock_set_back__new_crl(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    int64_t number = 0;

    assert_true(refresh(w->builtin, now));
    assert_false(refresh(w->builtin, now + 144 * HOUR - 1));
    number = number_of(w->builtin, w->key);
    assert_true(refresh(w->builtin, now + 144 * HOUR));
    assert_true(number_of(w->builtin, w->key) > number);
    number = number_of(w->builtin, w->key);
    /* dated in the future: clients would not take it */
    assert_true(refresh(w->builtin, now));
    assert_true(number_of(w->builtin, w->key) > number);
}

static void refresh__restart__goes_on_with_the_kept_one(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    int64_t number = 0;

    assert_true(refresh(w->builtin, now));
    number = number_of(w->builtin, w->key);
    ca_free(w->ca);
    store_close(w->store);
    w->store = open_store(&w->folder);
    w->ca = fixture_open(&w->folder, w->store, &w->builtin);
    assert_false(refresh(w->builtin, now + 60));
    assert_int_equal(number_of(w->builtin, w->key), number);
    revoke(w->store, "33", 1, now, now + DAY);
    assert_true(refresh(w->builtin, now + 60));
    assert_true(number_of(w->builtin, w->key) > number);
}

static void refresh__crl_of_an_earlier_ca_of_this_name__replaced(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    int64_t now = clock_now();
    int64_t number = 0;
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    assert_true(refresh(w->builtin, now));
    number = number_of(w->builtin, w->key);
    test_folder_path(&w->folder, "ca/issuing", from);
    test_folder_path(&w->folder, "ca/moved", to);
    assert_done(file_rename(from, to, &err), &err, "move");
    ca_free(w->ca);
    X509_free(w->root);
    struct ca_new_options options = fixture_options(&w->folder);
    assert_done(ca_files_create(&options, &err), &err, "create");
    w->ca = fixture_open(&w->folder, w->store, &w->builtin);
    w->root = fixture_certificate(&w->folder, "ca.crt");
    w->key = X509_get0_pubkey(w->root);
    assert_true(refresh(w->builtin, now));
    assert_true(number_of(w->builtin, w->key) > number);
}

static void refresh__ca_ends_soon__cut_and_not_made_again_and_again(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct certificate_info info;
    int64_t now = clock_now();
    int64_t next_update = 0;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    options.validity_days = 1;
    assert_done(ca_files_create(&options, &err), &err, "create");
    struct store *store = open_store(&folder);
    struct ca *ca = fixture_open(&folder, store, &builtin);
    assert_true(refresh(builtin, now));
    assert_done(certificate_info(ca_builtin_certificate(builtin), &info, &err), &err, "info");
    X509_CRL_free(
        current(builtin, X509_get0_pubkey(ca_builtin_certificate(builtin)), &next_update));
    assert_int_equal(next_update, info.not_after);
    assert_false(refresh(builtin, now + 60));
    revoke(store, "44", 1, now, now + DAY);
    assert_true(refresh(builtin, now + 60));
    ca_free(ca);
    store_close(store);
    test_folder_remove(&folder);
}

static void refresh__no_store_or_no_right__nothing_due(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(10000);
    struct ca_builtin *builtin = NULL;
    struct ca *ca = fixture_open(&w->folder, NULL, &builtin);
    int64_t next_update = 0;

    assert_false(refresh(builtin, clock_now()));
    assert_refusal(ca_builtin_crl(builtin, &out, &next_update, &err), &err, REASON_CA_NOT_READY,
                   "no store");
    ca_free(ca);
}

static void refresh__imported_ca_without_crl_sign__no_crl_no_address(void **state)
{
    struct world *w = *state;
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(10000);
    struct ca_builtin *builtin = NULL;
    EVP_PKEY *key = sample_key_ec();
    X509 *cert = sample_cert(
        &(struct sample_cert){ .subject = "x", .key = key, .key_usage = KEY_USAGE_KEY_CERT_SIGN });
    char path[FILE_PATH_MAX];
    int64_t next_update = 0;

    test_folder_create(&folder);
    sample_write_pem(&folder, "both", &cert, 1, key, NULL, NULL);
    test_folder_path(&folder, "both", path);
    struct ca_import_options options = { .base = fixture_options(&folder),
                                         .cert_file = path,
                                         .key_file = path };
    assert_done(ca_files_import(&options, &err), &err, "import");
    struct ca *ca = fixture_open(&folder, w->store, &builtin);
    assert_false(refresh(builtin, clock_now()));
    assert_refusal(ca_builtin_crl(builtin, &out, &next_update, &err), &err, REASON_CA_NOT_READY,
                   "no cRLSign");
    ca_free(ca);
    X509_free(cert);
    EVP_PKEY_free(key);
    test_folder_remove(&folder);
}

/* ---- several at once ------------------------------------------------------------------------- */

static void refresh__another_process__its_crl_is_taken_over(void **state)
{
    struct world *w = *state;
    struct ca_builtin *other = NULL;
    struct store *other_store = open_store(&w->folder);
    struct ca *other_ca = fixture_open(&w->folder, other_store, &other);
    int64_t now = clock_now();
    int64_t number = 0;

    assert_true(refresh(w->builtin, now));
    assert_false(refresh(other, now));
    number = number_of(w->builtin, w->key);
    assert_int_equal(number_of(other, w->key), number);
    /* the command line revokes, the service notices */
    revoke(other_store, "55", 1, now, now + DAY);
    assert_true(refresh(w->builtin, now));
    assert_true(number_of(w->builtin, w->key) > number);
    assert_false(refresh(other, now));
    assert_int_equal(number_of(other, w->key), number_of(w->builtin, w->key));
    ca_free(other_ca);
    store_close(other_store);
}

struct racer {
    pthread_t thread;
    struct ca_builtin *builtin;
    int64_t now;
    bool made;
    bool ok;
    struct error err;
};

static void *race(void *context)
{
    struct racer *racer = context;

    racer->ok = ca_builtin_crl_refresh(racer->builtin, racer->now, &racer->made, &racer->err);
    return NULL;
}

static void refresh__threads_of_two_processes__one_makes_it_each_time(void **state)
{
    struct world *w = *state;
    struct ca_builtin *other = NULL;
    struct store *other_store = open_store(&w->folder);
    struct ca *other_ca = fixture_open(&w->folder, other_store, &other);
    int64_t now = clock_now();

    for (int64_t round = 0; round < 20; round++) {
        struct racer racers[4];
        int made = 0;

        for (size_t i = 0; i < 4; i++) {
            racers[i] = (struct racer){ .builtin = i % 2 == 0 ? w->builtin : other,
                                        .now = now + round * 168 * HOUR };
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
            made += racers[i].made ? 1 : 0;
        }
        for (size_t i = 0; i < 4; i++) {
            assert_done(racers[i].ok, &racers[i].err, "racer");
        }
        assert_int_equal(made, 1);
        assert_int_equal(number_of(w->builtin, w->key), number_of(other, w->key));
    }
    ca_free(other_ca);
    store_close(other_store);
}

/* A slow client holds the list it was promised, whatever becomes of the CA. */
static void hold__newer_lists_and_the_end_of_the_ca__copy_stays(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct bytes der = { NULL, 0 };
    struct bytes newer = { NULL, 0 };
    struct buffer before = BUFFER_INIT(CRL_BYTES_MAX);
    struct crl_copy *first = NULL;
    struct crl_copy *second = NULL;
    int64_t now = clock_now();

    assert_null(ca_builtin_crl_hold(w->builtin, &der, &err));
    assert_int_equal(err.reason, REASON_CA_NOT_READY);
    error_clear(&err);
    assert_true(refresh(w->builtin, now));
    first = ca_builtin_crl_hold(w->builtin, &der, &err);
    assert_non_null(first);
    assert_true(buffer_append_bytes(&before, der, &err));
    revoke(w->store, "5a", 1, now, now + DAY);
    assert_true(refresh(w->builtin, now));
    second = ca_builtin_crl_hold(w->builtin, &newer, &err);
    assert_ptr_not_equal(second, first);
    assert_false(bytes_equal(der, newer));
    assert_true(bytes_equal(der, buffer_bytes(&before)));
    ca_free(w->ca);
    w->ca = NULL;
    assert_true(bytes_equal(der, buffer_bytes(&before)));
    ca_builtin_crl_release(first);
    assert_int_equal(newer.data[0], 0x30);
    ca_builtin_crl_release(second);
    ca_builtin_crl_release(NULL);
    buffer_clear(&before);
}

#define crl_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        crl_test(refresh__first__empty_v2_crl),
        crl_test(refresh__after_revocations__each_with_its_reason),
        crl_test(refresh__expired_certificates__stay_for_one_more_crl),
        crl_test(refresh__near_the_end_or_clock_set_back__new_crl),
        crl_test(refresh__restart__goes_on_with_the_kept_one),
        crl_test(refresh__crl_of_an_earlier_ca_of_this_name__replaced),
        crl_test(refresh__ca_ends_soon__cut_and_not_made_again_and_again),
        crl_test(refresh__no_store_or_no_right__nothing_due),
        crl_test(refresh__imported_ca_without_crl_sign__no_crl_no_address),
        crl_test(refresh__another_process__its_crl_is_taken_over),
        crl_test(refresh__threads_of_two_processes__one_makes_it_each_time),
        crl_test(hold__newer_lists_and_the_end_of_the_ca__copy_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
