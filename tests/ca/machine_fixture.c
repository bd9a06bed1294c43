/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/machine_fixture.h"

#include "ca/ca_key.h"
#include "support/scep_keys.h"

/* In place of the generation of sealed RA keys, by the linker: these tests are not about it. */
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    (void)spec;
    (void)err;
    return scep_test_key(SCEP_TEST_KEY_OTHER);
}

X509 *machine_world_ra(const struct machine_world *w, EVP_PKEY *key, uint32_t usage)
{
    return sample_cert(&(struct sample_cert){ .subject = "RA",
                                              .key = key,
                                              .issuer = w->ca,
                                              .issuer_key = w->ca_key,
                                              .not_ca = true,
                                              .key_usage = usage });
}

/* As on an NDES host: the signing RA's key signs only, the other one's does all but raw RSA. */
int machine_world_open(void **state)
{
    static struct machine_world world; /* of one test at a time */
    struct machine_world *w = &world;

    test_folder_create(&w->folder);
    w->ca_key = scep_test_key(SCEP_TEST_KEY_CA);
    w->ra_key = scep_test_key(SCEP_TEST_KEY_RA);
    w->sign_key = scep_test_key(SCEP_TEST_KEY_OLD_RA);
    w->enc_key = scep_test_key(SCEP_TEST_KEY_RA_3072);
    w->client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    w->ca = sample_cert(&(struct sample_cert){ .subject = "Issuing", .key = w->ca_key });
    w->ra =
        machine_world_ra(w, w->ra_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    w->sign = machine_world_ra(w, w->sign_key, KEY_USAGE_DIGITAL_SIGNATURE);
    w->enc = machine_world_ra(w, w->enc_key, KEY_USAGE_KEY_ENCIPHERMENT);
    machine_stand_in_add(w->ca, w->ca_key, MACHINE_NO_RAW, w->ca_thumb);
    machine_stand_in_add(w->ra, w->ra_key, 0, w->ra_thumb);
    machine_stand_in_add(w->sign, w->sign_key, MACHINE_NO_RAW | MACHINE_NO_DECRYPT, w->sign_thumb);
    machine_stand_in_add(w->enc, w->enc_key, MACHINE_NO_RAW, w->enc_thumb);
    *state = w;
    return 0;
}

int machine_world_close(void **state)
{
    struct machine_world *w = *state;
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
struct ca_import_options machine_world_import_options(const struct machine_world *w)
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

void machine_world_import(const struct machine_world *w)
{
    struct ca_import_options options = machine_world_import_options(w);
    struct error err = ERROR_INIT;

    assert_done(ca_files_import(&options, &err), &err, "import");
}

void machine_world_read(const struct machine_world *w, const char *file, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    fixture_path(&w->folder, file, path);
    assert_done(file_read(path, 65536, out, &err), &err, file);
}

void machine_world_assert_reference(const struct machine_world *w, const char *file,
                                    const char *thumbprint)
{
    struct buffer text = BUFFER_INIT(65536);
    char expected[80];

    machine_world_read(w, file, &text);
    (void)snprintf(expected, sizeof(expected), "ONDK1 store %s\n", thumbprint);
    assert_string_equal(buffer_text(&text), expected);
    buffer_clear(&text);
}
