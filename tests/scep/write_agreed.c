/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes envelopes for EC recipients, for a reader that is not ours: write_agreed FOLDER fills it
 * with NAME.der (the envelope), NAME.key and NAME.crt (PEM) and the file "plain" that is inside.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "scep/scep_seal.h"
#include "support/scep_asn1.h"
#include "support/scep_ca.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PLAIN "what only the recipient may read, longer than one block of any cipher\n"

static FILE *create(const char *folder, const char *name, const char *suffix)
{
    char path[1024];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
    file = fopen(path, "wb");
    scep_must(file != NULL);
    return file;
}

static void write_one(const char *folder, const char *curve, EVP_PKEY *key, X509 *cert,
                      enum scep_cipher cipher, enum scep_digest kdf)
{
    const struct scep_seal_options options = {
        .recipient = cert, .key = key, .cipher = cipher, .kdf_digest = kdf
    };
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    char name[96];
    FILE *file = NULL;

    (void)snprintf(name, sizeof(name), "%s_%s_%s", curve, scep_cipher_info(cipher)->name,
                   scep_digest_info(kdf)->name);
    scep_must(scep_seal(&options, bytes_of_text(PLAIN), &out, &err));
    file = create(folder, name, ".der");
    scep_must(fwrite(out.data, 1, out.len, file) == out.len && fclose(file) == 0);
    file = create(folder, name, ".key");
    scep_must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    file = create(folder, name, ".crt");
    scep_must(PEM_write_X509(file, cert) == 1 && fclose(file) == 0);
    buffer_clear(&out);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum scep_test_key key;
    } curves[] = { { "P-256", SCEP_TEST_KEY_CLIENT_EC },
                   { "P-384", SCEP_TEST_KEY_CLIENT_EC_384 },
                   { "P-521", SCEP_TEST_KEY_CLIENT_EC_521 } };
    /* each curve, each wrap and each derivation at least once */
    static const struct {
        enum scep_cipher cipher;
        enum scep_digest kdf;
    } ways[COUNT_OF(curves)][2] = {
        { { SCEP_CIPHER_DES3, SCEP_DIGEST_SHA1 }, { SCEP_CIPHER_AES128, SCEP_DIGEST_SHA256 } },
        { { SCEP_CIPHER_AES192, SCEP_DIGEST_SHA256 }, { SCEP_CIPHER_AES128, SCEP_DIGEST_SHA1 } },
        { { SCEP_CIPHER_AES256, SCEP_DIGEST_SHA256 }, { SCEP_CIPHER_DES3, SCEP_DIGEST_SHA256 } },
    };
    FILE *file = NULL;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: write_agreed FOLDER\n");
        return 2;
    }
    file = create(argv[1], "plain", "");
    scep_must(fputs(PLAIN, file) >= 0 && fclose(file) == 0);
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        EVP_PKEY *key = scep_test_key(curves[i].key);
        const struct scep_cert_options options = { .key = key, .cn = "recipient" };
        X509 *cert = scep_cert_make(&options);

        for (size_t w = 0; w < COUNT_OF(ways[i]); w++) {
            write_one(argv[1], curves[i].name, key, cert, ways[i][w].cipher, ways[i][w].kdf);
        }
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    return 0;
}
