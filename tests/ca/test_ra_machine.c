/* SPDX-License-Identifier: Apache-2.0 */
/* RAs whose keys are in the machine's store, a stand-in: replaced by hand alone, and they go on. */
#include "ca/ca_fixture.h"

#include <string.h>

#include "ca/ca_key.h"
#include "ca/ra_roll.h"
#include "model/machine_pkey.h"
#include "platform/clock.h"
#include "support/machine_key_stand_in.h"
#include "support/scep_keys.h"

/* In place of the generation of sealed RA keys, by the linker: these tests are not about it. */
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    (void)spec;
    (void)err;
    return scep_test_key(SCEP_TEST_KEY_OTHER);
}

struct world {
    struct test_folder folder;
    EVP_PKEY *ca_key, *ra_key, *sign_key, *enc_key, *client_key;
    X509 *ca, *ra, *sign, *enc;
    char ca_thumb[MACHINE_THUMBPRINT_MAX];
    char ra_thumb[MACHINE_THUMBPRINT_MAX];
    char sign_thumb[MACHINE_THUMBPRINT_MAX];
    char enc_thumb[MACHINE_THUMBPRINT_MAX];
};

static X509 *make_ra(const struct world *w, EVP_PKEY *key, uint32_t usage)
{
    return sample_cert(&(struct sample_cert){ .subject = "RA",
                                              .key = key,
                                              .issuer = w->ca,
                                              .issuer_key = w->ca_key,
                                              .not_ca = true,
                                              .key_usage = usage });
}

/* As on an NDES host: the signing RA's key signs only, the other one's does all but raw RSA. */
static int set_up(void **state)
{
    static struct world world; /* of one test at a time */
    struct world *w = &world;

    test_folder_create(&w->folder);
    w->ca_key = scep_test_key(SCEP_TEST_KEY_CA);
    w->ra_key = scep_test_key(SCEP_TEST_KEY_RA);
    w->sign_key = scep_test_key(SCEP_TEST_KEY_OLD_RA);
    w->enc_key = scep_test_key(SCEP_TEST_KEY_RA_3072);
    w->client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    w->ca = sample_cert(&(struct sample_cert){ .subject = "Issuing", .key = w->ca_key });
    w->ra = make_ra(w, w->ra_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    w->sign = make_ra(w, w->sign_key, KEY_USAGE_DIGITAL_SIGNATURE);
    w->enc = make_ra(w, w->enc_key, KEY_USAGE_KEY_ENCIPHERMENT);
    machine_stand_in_add(w->ca, w->ca_key, MACHINE_NO_RAW, w->ca_thumb);
    machine_stand_in_add(w->ra, w->ra_key, 0, w->ra_thumb);
    machine_stand_in_add(w->sign, w->sign_key, MACHINE_NO_RAW | MACHINE_NO_DECRYPT, w->sign_thumb);
    machine_stand_in_add(w->enc, w->enc_key, MACHINE_NO_RAW, w->enc_thumb);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    EVP_PKEY *keys[] = { w->ca_key, w->ra_key, w->sign_key, w->enc_key, w->client_key };
    X509 *certs[] = { w->ca, w->ra, w->sign, w->enc };

    for (size_t i = 0; i < 5; i++) {
        EVP_PKEY_free(keys[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        X509_free(certs[i]);
    }
    test_folder_remove(&w->folder);
    machine_stand_in_clear(); /* fails when a key is still open */
    return 0;
}

/* CA and RAs of the store. */
static struct ca_import_options all_in_store(const struct world *w)
{
    return (struct ca_import_options){
        .base = { .data_folder = w->folder.path,
                  .name = "issuing",
                  .ra_bits = 2048,
                  .ra_validity_days = 730,
                  .machine_ras = { w->ra_thumb, w->sign_thumb, w->enc_thumb } },
        .machine_store = w->ca_thumb,
    };
}

static void import(const struct world *w)
{
    struct ca_import_options options = all_in_store(w);
    struct error err = ERROR_INIT;

    assert_done(ca_files_import(&options, &err), &err, "import");
}

static void read_text(const struct world *w, const char *file, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    fixture_path(&w->folder, file, path);
    assert_done(file_read(path, 65536, out, &err), &err, file);
}

static void assert_reference(const struct world *w, const char *file, const char *thumbprint)
{
    struct buffer text = BUFFER_INIT(65536);
    char expected[80];

    read_text(w, file, &text);
    (void)snprintf(expected, sizeof(expected), "ONDK1 store %s\n", thumbprint);
    assert_string_equal(buffer_text(&text), expected);
    buffer_clear(&text);
}

/* What goes on and what is current, by their thumbprints' certificates. */
static void assert_members(const struct world *w, X509 *const *certs, size_t count)
{
    struct error err = ERROR_INIT;
    struct ca *ca = fixture_open(&w->folder, NULL, NULL);
    struct ra_set *ras = ca_ra(ca, &err);

    assert_done(ras != NULL, &err, "ra");
    assert_int_equal(ras->ra_count, count);
    for (size_t i = 0; i < count; i++) {
        if (certs[i] != NULL) {
            assert_int_equal(X509_cmp(ras->ra[i].cert, certs[i]), 0);
            assert_non_null(machine_pkey_place(ras->ra[i].key));
        }
    }
    ra_set_unref(ras);
    ca_free(ca);
}

static void renew_ra__of_store__the_former_go_on_from_the_store(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_ra_change change;
    struct ca_new_options options = all_in_store(w).base;
    X509 *next = make_ra(w, w->ra_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    char thumb[MACHINE_THUMBPRINT_MAX];

    import(w);
    machine_stand_in_add(next, w->ra_key, 0, thumb);
    options.ra_change = &change;
    /* a new single one; the pair is named again as it is, which is no former one of itself */
    options.machine_ras = (struct ca_machine_ras){ thumb, w->sign_thumb, w->enc_thumb };
    assert_done(ca_files_renew_ra(&options, &err), &err, "named");
    assert_int_equal(change.kept, 1);
    assert_reference(w, "ra.1.key", w->ra_thumb);
    assert_false(fixture_has(&w->folder, "ra-enc.1.crt"));
    assert_members(w, (X509 *[]){ next, w->sign, w->enc, w->ra }, 4);
    /* back to the first */
    options.machine_ras.single = w->ra_thumb;
    assert_done(ca_files_renew_ra(&options, &err), &err, "back");
    assert_members(w, (X509 *[]){ w->ra, w->sign, w->enc, next }, 4);
    /* sealed ones: those of the store go on */
    options.machine_ras = (struct ca_machine_ras){ NULL, NULL, NULL };
    options.seal_ra = true;
    assert_done(ca_files_renew_ra(&options, &err), &err, "sealed");
    assert_int_equal(change.kept, 2);
    assert_members(w, (X509 *[]){ NULL, NULL, NULL, NULL, NULL, w->sign, w->enc }, 7);
    X509_free(next);
}

static void roll__of_store__untouched(void **state)
{
    struct world *w = *state;
    const struct ra_roll_options options = { w->folder.path, "issuing", 365, 0,
                                             clock_now() + 3600 * DAY };
    struct ra_roll_result result;
    struct error err = ERROR_INIT;

    import(w);
    assert_done(ra_roll_run(&options, &result, &err), &err, "roll");
    assert_false(result.replaced[RA_GENERATION_SINGLE] || result.replaced[RA_GENERATION_PAIR]);
    assert_reference(w, "ra.key", w->ra_thumb);
    assert_reference(w, "ra-sign.key", w->sign_thumb);
    assert_members(w, (X509 *[]){ w->ra, w->sign, w->enc }, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(renew_ra__of_store__the_former_go_on_from_the_store),
        CASE(roll__of_store__untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
