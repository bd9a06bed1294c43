/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_fixture.h"

#include "ca/ca_key.h"
#include "platform/clock.h"
#include "support/scep_keys.h"

/* ---- keys, time and the disk, by the linker -------------------------------------------------- */

struct evp_pkey_st *__real_ca_key_generate(enum ca_key_spec spec, struct error *err);
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

/* In turn, so that a role has another one in each of five generations. */
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    static const enum scep_test_key keys[] = { SCEP_TEST_KEY_CA, SCEP_TEST_KEY_RA,
                                               SCEP_TEST_KEY_OLD_RA, SCEP_TEST_KEY_CLIENT,
                                               SCEP_TEST_KEY_OTHER };
    static size_t next;

    switch (spec) {
    case CA_KEY_RSA_2048:
        return scep_test_key(keys[next++ % (sizeof(keys) / sizeof(keys[0]))]);
    case CA_KEY_RSA_3072:
        return scep_test_key(SCEP_TEST_KEY_RA_3072);
    default:
        return __real_ca_key_generate(spec, err);
    }
}

int64_t ra_fixture_later;

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
    return __real_clock_now() + ra_fixture_later;
}

unsigned ra_fixture_operations;
unsigned ra_fixture_power_fails_at;

static bool powered(struct error *err)
{
    ra_fixture_operations++;
    return ra_fixture_power_fails_at == 0 || ra_fixture_operations < ra_fixture_power_fails_at
           || error_set(err, REASON_DISK_FULL, "the power has failed");
}

/* The order of operations is in question; the disk's own time would be most of a test. */
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

bool __real_file_write_atomic(const char *path, struct bytes content, bool is_private,
                              struct error *err);
bool __wrap_file_write_atomic(const char *path, struct bytes content, bool is_private,
                              struct error *err);
bool __real_file_remove(const char *path, struct error *err);
bool __wrap_file_remove(const char *path, struct error *err);

bool __wrap_file_write_atomic(const char *path, struct bytes content, bool is_private,
                              struct error *err)
{
    return powered(err) && __real_file_write_atomic(path, content, is_private, err);
}

bool __wrap_file_remove(const char *path, struct error *err)
{
    return powered(err) && __real_file_remove(path, err);
}

/* ---- a CA and its generations ---------------------------------------------------------------- */

static const char *const cert_files[RA_CERT_ROLES] = { "ra.crt", "ra-sign.crt", "ra-enc.crt" };

struct ra_world *ra_world_open(void **state)
{
    struct ra_world *w = *state;
    struct error err = ERROR_INIT;

    w->options = fixture_options(&w->folder);
    w->options.ra_change = &w->change;
    assert_done(ca_files_create(&w->options, &err), &err, "create");
    return w;
}

int ra_world_set_up(void **state)
{
    static struct ra_world world; /* of one test at a time */

    ra_fixture_later = 0;
    ra_fixture_power_fails_at = 0;
    test_folder_create(&world.folder);
    *state = &world;
    return 0;
}

int ra_world_tear_down(void **state)
{
    struct ra_world *w = *state;

    test_folder_remove(&w->folder);
    return 0;
}

struct generation generation_current(const struct ra_world *w)
{
    struct generation g;

    for (size_t i = 0; i < RA_CERT_ROLES; i++) {
        g.cert[i] = fixture_certificate(&w->folder, cert_files[i]);
    }
    return g;
}

void generation_clear(struct generation *g)
{
    for (size_t i = 0; i < RA_CERT_ROLES; i++) {
        X509_free(g->cert[i]);
    }
}

void ra_world_renew(struct ra_world *w)
{
    struct error err = ERROR_INIT;

    w->options.ra_validity_days++;
    assert_done(ca_files_renew_ra(&w->options, &err), &err, "renew");
}

struct ca *ra_world_ca(const struct ra_world *w, int64_t keep_days, struct ca_builtin **builtin)
{
    const struct ca_builtin_options options = { .data_folder = w->folder.path,
                                                .name = "issuing",
                                                .make_missing_ra = true,
                                                .ra_keep_days = keep_days };
    struct error err = ERROR_INIT;

    *builtin = ca_builtin_open(&options, &err);
    assert_done(*builtin != NULL, &err, "open");
    return ca_builtin_as_ca(*builtin);
}

size_t ra_set_index(const struct ra_set *ras, const X509 *cert)
{
    for (size_t i = 0; i < ras->ra_count; i++) {
        if (X509_cmp(ras->ra[i].cert, cert) == 0) {
            return i;
        }
    }
    return RA_MEMBERS_MAX;
}

void assert_serves(const struct ra_set *ras, const struct generation *g, const char *name)
{
    size_t single = ra_set_index(ras, g->cert[RA_CERT_SINGLE]);
    size_t enc = ra_set_index(ras, g->cert[RA_CERT_ENC]);

    if (single == RA_MEMBERS_MAX || enc == RA_MEMBERS_MAX) {
        fail_msg("%s: %s is lost", name, single == RA_MEMBERS_MAX ? "the single RA" : "the pair");
        return;
    }
    assert_true(ras->ra[single].decrypts && ras->ra[enc].decrypts);
    assert_int_equal(ra_set_signer(ras, single) - ras->ra, single);
    if (X509_cmp(ra_set_signer(ras, enc)->cert, g->cert[RA_CERT_SIGN]) != 0) {
        fail_msg("%s: the pair's answers are signed by somebody else", name);
    }
    for (size_t i = 0; i < ras->ra_count; i++) {
        assert_int_equal(X509_check_private_key(ras->ra[i].cert, ras->ra[i].key), 1);
    }
}

void assert_world_serves(const struct ra_world *w, const struct generation *g, const char *name)
{
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = ra_world_ca(w, 0, &builtin);
    struct ra_set *ras = ca_ra(ca, &err);

    assert_done(ras != NULL, &err, name);
    assert_null(ca_builtin_pair_error(builtin));
    assert_serves(ras, g, name);
    ra_set_unref(ras);
    ca_free(ca);
}
