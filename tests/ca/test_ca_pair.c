/* SPDX-License-Identifier: Apache-2.0 */
/* NDES's pair of RA certificates: made, kept, renewed, made for folders from before. */
#include "ca/ca_fixture.h"

#include <string.h>

#include "base/limits.h"
#include "ca/ca_key.h"
#include "ca/ca_set.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "platform/threads.h"

static const unsigned char leaf_constraints[] = { 0x30, 0x00 };
static const unsigned char sign_usage[] = { 0x03, 0x02, 0x07, 0x80 };
static const unsigned char enc_usage[] = { 0x03, 0x02, 0x05, 0x20 };
/* Certificate Request Agent, serverAuth */
static const unsigned char ra_eku[] = { 0x30, 0x16, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                        0x01, 0x82, 0x37, 0x14, 0x02, 0x01, 0x06, 0x08,
                                        0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01 };

struct member {
    const char *cert;
    const char *key;
    const char *kind;
    const unsigned char *usage;
};

static const struct member members[] = {
    { "ra-sign.crt", "ra-sign.key", "ra-sign-key", sign_usage },
    { "ra-enc.crt", "ra-enc.key", "ra-enc-key", enc_usage },
};
static const char *const all_files[] = { "ra.crt",      "ra.key",     "ra-sign.crt",
                                         "ra-sign.key", "ra-enc.crt", "ra-enc.key" };
#define FILES (sizeof(all_files) / sizeof(all_files[0]))

static void create(struct test_folder *folder)
{
    struct error err = ERROR_INIT;

    test_folder_create(folder);
    struct ca_new_options options = fixture_options(folder);
    assert_done(ca_files_create(&options, &err), &err, "create");
}

static void remove_file(const struct test_folder *folder, const char *file)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    fixture_path(folder, file, path);
    assert_done(file_remove(path, &err), &err, file);
}

static void write_file(const struct test_folder *folder, const char *file, const char *content)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    fixture_path(folder, file, path);
    assert_done(file_write_atomic(path, bytes_of_text(content), true, &err), &err, file);
}

static void remove_pair(const struct test_folder *folder)
{
    for (size_t i = 0; i < 2; i++) {
        remove_file(folder, members[i].cert);
        remove_file(folder, members[i].key);
    }
}

/* As the service opens it (make), or as commands that only look. */
static struct ca_builtin *open_ca(const struct test_folder *folder, bool make)
{
    const struct ca_builtin_options options = { .data_folder = folder->path,
                                                .name = "issuing",
                                                .make_missing_ra = make };
    struct error err = ERROR_INIT;
    struct ca_builtin *b = ca_builtin_open(&options, &err);

    assert_done(b != NULL, &err, "open");
    return b;
}

/* The files of the RAs as they are now, to see what changes. */
struct snapshot {
    struct buffer content[FILES];
};

static void snapshot_take(const struct test_folder *folder, struct snapshot *s)
{
    for (size_t i = 0; i < FILES; i++) {
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        s->content[i] = (struct buffer)BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
        fixture_path(folder, all_files[i], path);
        if (file_exists(path)) {
            assert_done(file_read(path, LIMIT_PEM_FILE_BYTES, &s->content[i], &err), &err, path);
        }
    }
}

/* Compare with the folder and end; a set bit in `changed` says that this file must differ. */
static void snapshot_check(const struct test_folder *folder, struct snapshot *s, unsigned changed,
                           const char *name)
{
    struct snapshot now;

    snapshot_take(folder, &now);
    for (size_t i = 0; i < FILES; i++) {
        bool same = bytes_equal(buffer_bytes(&s->content[i]), buffer_bytes(&now.content[i]));

        if (same == ((changed & (1u << i)) != 0)) {
            fail_msg("%s: %s is %s", name, all_files[i], same ? "the same" : "another");
        }
        buffer_clear(&s->content[i]);
        buffer_clear(&now.content[i]);
    }
}

/* Put everything back and end. */
static void snapshot_restore(const struct test_folder *folder, struct snapshot *s)
{
    for (size_t i = 0; i < FILES; i++) {
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        fixture_path(folder, all_files[i], path);
        assert_done(file_write_atomic(path, buffer_bytes(&s->content[i]), true, &err), &err, path);
        buffer_clear(&s->content[i]);
    }
}

/* Keys and certificates of the pair as the specification has them; they end when the RA ends. */
static void check_pair(const struct test_folder *folder, int bits)
{
    X509 *root = fixture_certificate(folder, "ca.crt");
    X509 *single = fixture_certificate(folder, "ra.crt");

    for (size_t i = 0; i < 2; i++) {
        X509 *cert = fixture_certificate(folder, members[i].cert);
        EVP_PKEY *key = fixture_key(folder, members[i].key, members[i].kind);

        assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_RSA);
        assert_int_equal(EVP_PKEY_get_bits(key), bits);
        assert_int_equal(X509_check_private_key(cert, key), 1);
        assert_int_equal(X509_NAME_cmp(X509_get_subject_name(cert), X509_get_subject_name(single)),
                         0);
        assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(single)),
                         0);
        assert_int_not_equal(
            ASN1_INTEGER_cmp(X509_get0_serialNumber(cert), X509_get0_serialNumber(single)), 0);
        assert_int_equal(EVP_PKEY_eq(key, X509_get0_pubkey(single)), 0);
        assert_int_equal(X509_get_ext_count(cert), 5);
        assert_extension(cert, NID_basic_constraints, false, leaf_constraints,
                         sizeof(leaf_constraints));
        assert_extension(cert, NID_key_usage, true, members[i].usage, 4);
        assert_extension(cert, NID_ext_key_usage, false, ra_eku, sizeof(ra_eku));
        assert_key_ids(cert, root);
        assert_verifies(cert, root, NULL);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    X509_free(single);
    X509_free(root);
}

/* What the CA serves: single first, then sign, enc; behind them those that were replaced. */
static void check_served(const struct test_folder *folder, size_t former)
{
    struct error err = ERROR_INIT;
    struct ca_builtin *b = open_ca(folder, false);
    struct ca *ca = ca_builtin_as_ca(b);
    struct ra_set *ras = ca_ra(ca, &err);
    static const char *const files[] = { "ra.crt", "ra-sign.crt", "ra-enc.crt" };
    size_t decrypt = 0;

    assert_done(ras != NULL, &err, "ca_ra");
    assert_null(ca_builtin_pair_error(b));
    assert_int_equal(ras->ra_count, 3 + former);
    for (size_t i = 0; i < 3; i++) {
        X509 *cert = fixture_certificate(folder, files[i]);

        assert_int_equal(X509_cmp(ras->ra[i].cert, cert), 0);
        X509_free(cert);
    }
    assert_true(ra_set_find_pair(ras, &decrypt));
    assert_int_equal(decrypt, 2);
    assert_int_equal(X509_cmp(ca_builtin_ra_certificate(b), ras->ra[0].cert), 0);
    assert_int_equal(X509_cmp(ca_builtin_ra_sign_certificate(b), ras->ra[1].cert), 0);
    assert_int_equal(X509_cmp(ca_builtin_ra_enc_certificate(b), ras->ra[2].cert), 0);
    ra_set_unref(ras);
    ca_free(ca);
}

/* The single RA serves alone, and it is said why. */
static void check_unserved(const struct test_folder *folder, bool make, enum reason reason,
                           const char *name)
{
    struct error err = ERROR_INIT;
    struct ca_builtin *b = open_ca(folder, make);
    struct ca *ca = ca_builtin_as_ca(b);
    struct ra_set *ras = ca_ra(ca, &err);
    const struct error *why = ca_builtin_pair_error(b);

    assert_done(ras != NULL, &err, name);
    assert_int_equal(ras->ra_count, 1);
    if (why == NULL || why->reason != reason) {
        fail_msg("%s: %s", name, why == NULL ? "there is a pair" : why->detail);
    }
    assert_null(ca_builtin_ra_sign_certificate(b));
    assert_null(ca_builtin_ra_enc_certificate(b));
    assert_non_null(ca_builtin_ra_certificate(b));
    ra_set_unref(ras);
    ca_free(ca);
}

static void create__new_ca__pair_as_specified_and_served(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    create(&folder);
    check_pair(&folder, 2048);
    check_served(&folder, 0);
    test_folder_remove(&folder);

    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    options.ra_bits = 3072;
    assert_done(ca_files_create(&options, &err), &err, "3072");
    check_pair(&folder, 3072);
    test_folder_remove(&folder);
}

static void keys__of_the_pair__are_sealed_for_their_own_purpose(void **state)
{
    static const char *const kinds[] = { "ca-key", "ra-key", "ra-sign-key", "ra-enc-key" };
    struct test_folder folder;

    (void)state;
    create(&folder);
    for (size_t i = 0; i < 2; i++) {
        struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        fixture_path(&folder, members[i].key, path);
        assert_done(file_read(path, CA_KEY_SEALED_MAX, &sealed, &err), &err, path);
        assert_true(sealed.len > 5 && memcmp(sealed.data, "ONDP1", 5) == 0);
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            EVP_PKEY *key =
                ca_key_unseal(folder.path, kinds[k], "issuing", buffer_bytes(&sealed), &err);

            assert_int_equal(key != NULL, strcmp(kinds[k], members[i].kind) == 0);
            error_clear(&err);
            EVP_PKEY_free(key);
        }
        buffer_clear(&sealed);
    }
    test_folder_remove(&folder);
}

static void renew_ra__whole_pair__all_are_new(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct snapshot before;

    (void)state;
    create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    snapshot_take(&folder, &before);
    assert_done(ca_files_renew_ra(&options, &err), &err, "renew");
    snapshot_check(&folder, &before, 0x3f, "renew");
    check_pair(&folder, 2048);
    check_served(&folder, 3);
    test_folder_remove(&folder);
}

/* Whoever only looks changes nothing; whoever serves makes the pair once. */
static void open__folder_from_before__made_for_serving_only(void **state)
{
    struct test_folder folder;
    struct snapshot before;

    (void)state;
    create(&folder);
    remove_pair(&folder);
    snapshot_take(&folder, &before);
    check_unserved(&folder, false, REASON_RA_MISSING, "look");
    snapshot_check(&folder, &before, 0, "look");

    snapshot_take(&folder, &before);
    ca_builtin_free(open_ca(&folder, true));
    snapshot_check(&folder, &before, 0x3c, "serve");
    check_pair(&folder, 2048);
    check_served(&folder, 0);

    snapshot_take(&folder, &before);
    ca_builtin_free(open_ca(&folder, true));
    snapshot_check(&folder, &before, 0, "serve again");
    test_folder_remove(&folder);
}

/* What a power failure can leave, and what becomes of it when the service opens the CA. */
struct leftover_case {
    const char *name;
    const char *gone[4];
    const char *damaged; /* file that gets other content */
    unsigned changed;    /* bits as in all_files */
    enum reason unserved;
};

static const struct leftover_case leftover_cases[] = {
    { "whole", { NULL }, NULL, 0, REASON_NONE },
    { "before the first file",
      { "ra-sign.crt", "ra-sign.key", "ra-enc.crt", "ra-enc.key" },
      NULL,
      0x3c,
      REASON_NONE },
    { "key without certificate",
      { "ra-sign.crt", "ra-enc.crt", "ra-enc.key" },
      NULL,
      0x3c,
      REASON_NONE },
    { "one member", { "ra-enc.crt", "ra-enc.key" }, NULL, 0x30, REASON_NONE },
    { "one member and a key", { "ra-enc.crt" }, NULL, 0x30, REASON_NONE },
    { "the other member", { "ra-sign.crt", "ra-sign.key" }, NULL, 0x0c, REASON_NONE },
    { "damaged key without certificate", { "ra-enc.crt" }, "ra-enc.key", 0x30, REASON_NONE },
    /* certificates that are there are never touched, whatever is wrong */
    { "certificate without key", { "ra-sign.key" }, NULL, 0, REASON_RA_MISSING },
    { "damaged certificate", { NULL }, "ra-sign.crt", 0, REASON_RA_UNSUITABLE },
    { "damaged key", { NULL }, "ra-enc.key", 0, REASON_RA_UNSUITABLE },
};

static void open__leftovers__made_again_and_nothing_touched(void **state)
{
    struct test_folder folder;

    (void)state;
    create(&folder);
    for (size_t i = 0; i < sizeof(leftover_cases) / sizeof(leftover_cases[0]); i++) {
        const struct leftover_case *c = &leftover_cases[i];
        struct snapshot good;
        struct snapshot before;

        snapshot_take(&folder, &good);
        if (c->damaged != NULL) {
            write_file(&folder, c->damaged, "ONDP1 and then nothing of use");
        }
        for (size_t g = 0; g < 4 && c->gone[g] != NULL; g++) {
            remove_file(&folder, c->gone[g]);
        }
        snapshot_take(&folder, &before);
        ca_builtin_free(open_ca(&folder, true));
        snapshot_check(&folder, &before, c->changed, c->name);
        if (c->unserved == REASON_NONE) {
            check_served(&folder, 0);
        } else {
            check_unserved(&folder, true, c->unserved, c->name);
        }
        snapshot_restore(&folder, &good);
    }
    test_folder_remove(&folder);
}

/* Each in the other's place: the usages do not fit. */
static void open__members_exchanged__unsuitable(void **state)
{
    struct test_folder folder;
    struct buffer sign = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct error err = ERROR_INIT;
    EVP_PKEY *ca_key = NULL;
    EVP_PKEY *enc_key = NULL;
    char path[FILE_PATH_MAX];

    (void)state;
    create(&folder);
    ca_key = fixture_key(&folder, "ca.key", "ca-key");
    enc_key = fixture_key(&folder, "ra-enc.key", "ra-enc-key");
    X509 *root = fixture_certificate(&folder, "ca.crt");
    static const uint32_t usages[] = { KEY_USAGE_DIGITAL_SIGNATURE,
                                       KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT };
    for (size_t i = 0; i < 2; i++) {
        X509 *wrong = sample_cert(&(struct sample_cert){ .subject = "RA",
                                                         .key = enc_key,
                                                         .issuer = root,
                                                         .issuer_key = ca_key,
                                                         .not_ca = true,
                                                         .key_usage = usages[i] });

        sample_write_pem(&folder, "ca/issuing/ra-enc.crt", &wrong, 1, NULL, NULL, NULL);
        check_unserved(&folder, true, REASON_RA_UNSUITABLE, "usage");
        X509_free(wrong);
    }
    /* a whole member under the other's name: its key was sealed for another purpose */
    fixture_path(&folder, "ra-sign.crt", path);
    assert_done(file_read(path, LIMIT_PEM_FILE_BYTES, &sign, &err), &err, path);
    fixture_path(&folder, "ra-enc.crt", path);
    assert_done(file_write_atomic(path, buffer_bytes(&sign), true, &err), &err, path);
    check_unserved(&folder, true, REASON_RA_UNSUITABLE, "exchanged");
    buffer_clear(&sign);
    X509_free(root);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(enc_key);
    test_folder_remove(&folder);
}

static void open__another_command_holds_the_lock__without_the_pair_until_it_is_free(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct ca_folder other;
    struct snapshot before;

    (void)state;
    create(&folder);
    remove_pair(&folder);
    assert_done(ca_folder_open(&other, folder.path, "other", &err), &err, "open");
    assert_done(ca_folder_lock(&other, &err), &err, "lock");
    snapshot_take(&folder, &before);
    check_unserved(&folder, true, REASON_DATA_FOLDER_IN_USE, "locked");
    snapshot_check(&folder, &before, 0, "locked");
    ca_folder_close(&other);
    ca_builtin_free(open_ca(&folder, true));
    check_served(&folder, 0);
    /* a whole pair needs no lock, so that a service starts beside a command */
    assert_done(ca_folder_lock(&other, &err), &err, "lock");
    ca_free(fixture_open(&folder, NULL, NULL));
    check_served(&folder, 0);
    ca_folder_close(&other);
    test_folder_remove(&folder);
}

static void *open_for_serving(void *context)
{
    const struct ca_builtin_options options = { .data_folder = context,
                                                .name = "issuing",
                                                .make_missing_ra = true };
    struct error err = ERROR_INIT;

    ca_builtin_free(ca_builtin_open(&options, &err));
    return NULL;
}

/* Whoever comes first makes it; nobody makes a half of it anew. */
static void open__several_at_once__one_whole_pair(void **state)
{
    struct test_folder folder;

    (void)state;
    create(&folder);
    for (size_t round = 0; round < 2; round++) {
        pthread_t threads[4];

        remove_pair(&folder);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, open_for_serving, folder.path), 0);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        check_pair(&folder, 2048);
        check_served(&folder, 0);
    }
    test_folder_remove(&folder);
}

/* An ended CA, or one whose RA has ended, still opens; nothing is made with it. */
static void open__ca_or_ra_ended__opens_without_the_pair(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    int64_t now = clock_now();
    EVP_PKEY *ca_key = NULL;
    EVP_PKEY *ra_key = NULL;

    (void)state;
    create(&folder);
    ca_key = fixture_key(&folder, "ca.key", "ca-key");
    ra_key = fixture_key(&folder, "ra.key", "ra-key");
    X509 *root = fixture_certificate(&folder, "ca.crt");
    X509 *ended_ra = sample_cert(&(struct sample_cert){ .subject = "RA",
                                                        .key = ra_key,
                                                        .issuer = root,
                                                        .issuer_key = ca_key,
                                                        .not_ca = true,
                                                        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE
                                                                     | KEY_USAGE_KEY_ENCIPHERMENT,
                                                        .not_before = now - 10 * DAY,
                                                        .not_after = now - DAY });
    X509 *ended_ca = sample_cert(&(struct sample_cert){ .subject = "Test CA",
                                                        .key = ca_key,
                                                        .not_before = now - 20 * DAY,
                                                        .not_after = now - DAY });
    struct sample_cert of_ended = { .subject = "RA",
                                    .key = ra_key,
                                    .issuer = ended_ca,
                                    .issuer_key = ca_key,
                                    .not_ca = true,
                                    .key_usage =
                                        KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT };
    X509 *ra_of_ended = sample_cert(&of_ended);
    struct ca_builtin *b = NULL;

    remove_pair(&folder);
    sample_write_pem(&folder, "ca/issuing/ra.crt", &ended_ra, 1, NULL, NULL, NULL);
    b = open_ca(&folder, true);
    assert_int_equal(ca_builtin_pair_error(b)->reason, REASON_RA_EXPIRED);
    assert_non_null(strstr(ca_builtin_pair_error(b)->detail, "renew-ra"));
    ca_builtin_free(b);

    sample_write_pem(&folder, "ca/issuing/ca.crt", &ended_ca, 1, NULL, NULL, NULL);
    sample_write_pem(&folder, "ca/issuing/ra.crt", &ra_of_ended, 1, NULL, NULL, NULL);
    check_unserved(&folder, true, REASON_CA_EXPIRED, "ended CA");
    assert_false(fixture_has(&folder, "ra-sign.key"));
    error_clear(&err);
    X509_free(root);
    X509_free(ended_ra);
    X509_free(ended_ca);
    X509_free(ra_of_ended);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(ra_key);
    test_folder_remove(&folder);
}

/* An ended pair is offered to nobody, but it is shown, so that its end can be told. */
static void ra__pair_out_of_its_time__single_serves_alone(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    int64_t now = clock_now();
    EVP_PKEY *ca_key = NULL;
    EVP_PKEY *enc_key = NULL;
    struct ca_builtin *b = NULL;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    (void)state;
    create(&folder);
    ca_key = fixture_key(&folder, "ca.key", "ca-key");
    enc_key = fixture_key(&folder, "ra-enc.key", "ra-enc-key");
    X509 *root = fixture_certificate(&folder, "ca.crt");
    X509 *ended = sample_cert(&(struct sample_cert){ .subject = "RA",
                                                     .key = enc_key,
                                                     .issuer = root,
                                                     .issuer_key = ca_key,
                                                     .not_ca = true,
                                                     .key_usage = KEY_USAGE_KEY_ENCIPHERMENT,
                                                     .not_before = now - 10 * DAY,
                                                     .not_after = now - DAY });

    sample_write_pem(&folder, "ca/issuing/ra-enc.crt", &ended, 1, NULL, NULL, NULL);
    b = open_ca(&folder, true);
    ca = ca_builtin_as_ca(b);
    assert_null(ca_builtin_pair_error(b));
    assert_int_equal(X509_cmp(ca_builtin_ra_enc_certificate(b), ended), 0);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, "ca_ra");
    assert_int_equal(ras->ra_count, 1);
    assert_done(ca_ready(ca, &err), &err, "ready");
    ra_set_unref(ras);
    ca_free(ca);
    X509_free(root);
    X509_free(ended);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(enc_key);
    test_folder_remove(&folder);
}

static void import__ca_of_somebody_else__has_its_pair(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    EVP_PKEY *key = sample_key_ec();
    X509 *root = sample_cert(&(struct sample_cert){ .subject = "Imported", .key = key });
    char cert_file[FILE_PATH_MAX];
    char key_file[FILE_PATH_MAX];

    (void)state;
    test_folder_create(&folder);
    sample_write_pem(&folder, "in.crt", &root, 1, NULL, NULL, NULL);
    sample_write_pem(&folder, "in.key", NULL, 0, key, NULL, NULL);
    test_folder_path(&folder, "in.crt", cert_file);
    test_folder_path(&folder, "in.key", key_file);
    struct ca_import_options options = { .base = fixture_options(&folder),
                                         .cert_file = cert_file,
                                         .key_file = key_file };
    assert_done(ca_files_import(&options, &err), &err, "import");
    check_served(&folder, 0);
    X509_free(root);
    EVP_PKEY_free(key);
    test_folder_remove(&folder);
}

static void install__renewed_certificate__pair_is_new_too(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct snapshot before;
    char file[FILE_PATH_MAX];

    (void)state;
    create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    snapshot_take(&folder, &before);
    fixture_path(&folder, "ca.crt", file);
    assert_done(ca_files_install(&options, file, NULL, &err), &err, "install");
    snapshot_check(&folder, &before, 0x3f, "install");
    check_pair(&folder, 2048);
    check_served(&folder, 3);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__new_ca__pair_as_specified_and_served),
        cmocka_unit_test(keys__of_the_pair__are_sealed_for_their_own_purpose),
        cmocka_unit_test(renew_ra__whole_pair__all_are_new),
        cmocka_unit_test(open__folder_from_before__made_for_serving_only),
        cmocka_unit_test(open__leftovers__made_again_and_nothing_touched),
        cmocka_unit_test(open__members_exchanged__unsuitable),
        cmocka_unit_test(open__another_command_holds_the_lock__without_the_pair_until_it_is_free),
        cmocka_unit_test(open__several_at_once__one_whole_pair),
        cmocka_unit_test(open__ca_or_ra_ended__opens_without_the_pair),
        cmocka_unit_test(ra__pair_out_of_its_time__single_serves_alone),
        cmocka_unit_test(import__ca_of_somebody_else__has_its_pair),
        cmocka_unit_test(install__renewed_certificate__pair_is_new_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
