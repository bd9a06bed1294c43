/* SPDX-License-Identifier: Apache-2.0 */
/* What would ask at the terminal asks a method of OpenSSL's that counts. */
#include "support/test_support.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "model/pem_password.h"

static unsigned asked;

static int count_question(UI *ui)
{
    (void)ui;
    asked++;
    return 0; /* no terminal */
}

static X509 *read(pem_password_cb *answer)
{
    static const char encrypted[] = "-----BEGIN CERTIFICATE-----\n"
                                    "Proc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n"
                                    "\n"
                                    "MDEyMzQ1Njc4OWFiY2RlZg==\n"
                                    "-----END CERTIFICATE-----\n";
    BIO *bio = BIO_new_mem_buf(encrypted, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, answer, NULL);

    BIO_free(bio);
    return cert;
}

static void read__encrypted_certificate__nobody_is_asked(void **state)
{
    UI_METHOD *method = UI_create_method("counts");
    const UI_METHOD *before = UI_get_default_method();

    (void)state;
    assert_non_null(method);
    assert_int_equal(UI_method_set_opener(method, count_question), 0);
    UI_set_default_method(method);
    assert_null(read(NULL)); /* as OpenSSL does by itself */
    assert_int_equal(asked, 1);
    assert_null(read(pem_no_password));
    assert_int_equal(asked, 1);
    UI_set_default_method(before);
    UI_destroy_method(method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__encrypted_certificate__nobody_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
