/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seed corpora: make_corpus FOLDER fills FOLDER/fuzz_preparse and FOLDER/fuzz_message.
 * Run by hand when the builder in tests/support learns a new shape; the files are checked in.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "platform/files.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

struct seed {
    const char *name;
    const char *digest;
    const char *cipher;
    enum scep_client_transport transport;
    enum scep_client_signature signature;
    bool ber;
    bool by_key_id;
    uint32_t faults;
};

static const struct seed seeds[] = {
    { "plain", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false, 0 },
    { "aes256", "SHA512", "AES-256-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA_WITH_DIGEST, false,
      false, 0 },
    { "compat", "SHA1", "DES-EDE3-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false, 0 },
    { "ber", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, true, false, 0 },
    { "oaep", "SHA256", "AES-128-CBC", SCEP_CLIENT_OAEP_SHA256, SCEP_CLIENT_RSA, false, false, 0 },
    { "oaep_absent", "SHA256", "AES-128-CBC", SCEP_CLIENT_OAEP_ABSENT, SCEP_CLIENT_RSA, false,
      false, 0 },
    { "pss", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_PSS, false, false, 0 },
    { "key_id", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, true, 0 },
    { "unsigned_attrs", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_UNSIGNED_ATTRS },
    { "crls", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_EMPTY_CRLS },
    { "two_signers", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_TWO_SIGNERS },
    { "key_agree", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_KEY_AGREE },
    { "auth_enveloped", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_AUTH_ENVELOPED },
    { "no_content", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA, false, false,
      SCEP_CLIENT_NO_CONTENT },
};

static void stop(const struct error *err)
{
    (void)fprintf(stderr, "make_corpus: %s\n", err->detail);
    exit(1);
}

/* mode: the first byte of fuzz_message's inputs; -1: none (fuzz_preparse). */
static void write_seed(const char *folder, const char *target, const char *name, const char *part,
                       int mode, struct bytes content)
{
    struct buffer out = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (!text_format(path, sizeof(path), "%s/%s/%s_%s", folder, target, name, part)
        || (mode >= 0 && !buffer_append_byte(&out, (uint8_t)mode, &err))
        || !buffer_append_bytes(&out, content, &err)
        || !file_write_atomic(path, buffer_bytes(&out), false, &err)) {
        stop(&err);
    }
    buffer_clear(&out);
}

static void write_all(const char *folder, const struct seed *seed, const struct scep_test_ca *ca,
                      struct evp_pkey_st *key)
{
    struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct x509_st *cert = NULL;
    struct scep_client client;

    scep_client_init(&client, key, ca->ra_certs[0]);
    client.digest = seed->digest;
    client.cipher = seed->cipher;
    client.transport = seed->transport;
    client.signature = seed->signature;
    client.ber = seed->ber;
    client.segment = seed->ber ? 200 : client.segment;
    client.recipient_by_key_id = seed->by_key_id;
    client.faults = seed->faults;
    scep_client_csr(&client, &csr);
    scep_client_envelope(&client, buffer_bytes(&csr), &envelope);
    scep_client_sign(&client, buffer_bytes(&envelope), &message, &cert);
    write_seed(folder, "fuzz_preparse", seed->name, "message", -1, buffer_bytes(&message));
    write_seed(folder, "fuzz_preparse", seed->name, "envelope", -1, buffer_bytes(&envelope));
    write_seed(folder, "fuzz_message", seed->name, "message", 0, buffer_bytes(&message));
    write_seed(folder, "fuzz_message", seed->name, "envelope", 1, buffer_bytes(&envelope));
    write_seed(folder, "fuzz_message", seed->name, "csr", 2, buffer_bytes(&csr));
    X509_free(cert);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&message);
}

int main(int argc, char **argv)
{
    struct scep_test_ca ca;
    struct evp_pkey_st *key = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    if (!path_join(path, argv[1], "fuzz_preparse", &err) || !folder_create(path, false, &err)
        || !path_join(path, argv[1], "fuzz_message", &err) || !folder_create(path, false, &err)) {
        stop(&err);
    }
    scep_test_ca_init(&ca);
    key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        write_all(argv[1], &seeds[i], &ca, key);
    }
    EVP_PKEY_free(key);
    scep_test_ca_clear(&ca);
    return 0;
}
