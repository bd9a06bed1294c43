/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seed corpora: make_corpus FOLDER fills FOLDER/fuzz_preparse, fuzz_message, fuzz_csr,
 * fuzz_query and fuzz_text. Run by hand when the builder in tests/support learns a new shape; the
 * files are checked in (those of fuzz_csr called policy_... are fuzz_policy_match's).
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "platform/files.h"
#include "support/scep_asn1.h"
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
    { "ec", "SHA256", "AES-128-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_ECDSA, false, false, 0 },
    { "ec_sha512", "SHA512", "AES-256-CBC", SCEP_CLIENT_OAEP_SHA256, SCEP_CLIENT_ECDSA, true, false,
      0 },
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
    EVP_PKEY *ec = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    bool by_ec = seed->signature == SCEP_CLIENT_ECDSA;
    struct scep_client client;

    scep_client_init(&client, by_ec ? ec : key, ca->ra_certs[0]);
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
    write_seed(folder, "fuzz_message", seed->name, "envelope", by_ec ? 3 : 1,
               buffer_bytes(&envelope));
    write_seed(folder, "fuzz_message", seed->name, "csr", by_ec ? 4 : 2, buffer_bytes(&csr));
    EVP_PKEY_free(ec);
    X509_free(cert);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&message);
}

/* Requests as they come out of envelopes. */
static void write_requests(const char *folder, const struct scep_test_ca *ca)
{
    static const struct {
        const char *name;
        enum scep_test_key key;
        const char *cn;
        const char *challenge;
        const char *key_usage;
    } requests[] = {
        { "rsa", SCEP_TEST_KEY_CLIENT, "client", "secret", NULL },
        { "rsa_usage", SCEP_TEST_KEY_CLIENT_1024, "client", "",
          "digitalSignature,keyEncipherment" },
        { "p256", SCEP_TEST_KEY_CLIENT_EC, "client", "secret", "digitalSignature" },
        { "p384", SCEP_TEST_KEY_CLIENT_EC_384, "client", NULL, "keyEncipherment" },
        { "p521_nameless", SCEP_TEST_KEY_CLIENT_EC_521, NULL, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct buffer csr = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        EVP_PKEY *key = scep_test_key(requests[i].key);
        struct scep_client client;

        scep_client_init(&client, key, ca->ra_certs[0]);
        client.cn = requests[i].cn;
        client.challenge = requests[i].challenge;
        client.key_usage = requests[i].key_usage;
        scep_client_csr(&client, &csr);
        write_seed(folder, "fuzz_csr", requests[i].name, "csr", -1, buffer_bytes(&csr));
        EVP_PKEY_free(key);
        buffer_clear(&csr);
    }
}

/* What devices send by GET and POST, and paths; the first byte is fuzz_query's. */
static void write_queries(const char *folder)
{
    static const struct {
        const char *name;
        int mode;
        const char *text;
    } seeds_of_query[] = {
        { "caps", 0, "operation=GetCACaps&message=default" },
        { "cacert", 0, "message=x&OPERATION=GetCACert" },
        { "get", 0, "operation=PKIOperation&message=MIIBAjCCAQ%3D%3D" },
        { "get_lines", 0, "operation=PKIOperation&message=MII%0aBAj CC%2bAQ%2f" },
        { "bare", 0, "operation" },
        { "double", 0, "operation=GetCACaps&operation=PKIOperation&&=&message" },
        { "broken", 0, "operation=%4&message=%%3D%G1" },
        { "base64", 1, "MIIBAjCCAQ==\r\n" },
        { "der", 1, "0\003\002\001\001\r\n" },
        { "scep", 2, "/scep/Device/pkiclient.exe" },
        { "ndes", 2, "/certsrv/mscep/mscep.dll/pkiclient.exe" },
        { "ndes_below", 2, "/scep/device/certsrv/mscep_admin/" },
        { "crl", 2, "/crl/default.crl" },
        { "ca", 2, "/CA/default.p7b" },
        { "up", 2, "/scep/../../ca/..%2f.crt" },
    };

    for (size_t i = 0; i < sizeof(seeds_of_query) / sizeof(seeds_of_query[0]); i++) {
        write_seed(folder, "fuzz_query", seeds_of_query[i].name, "query", seeds_of_query[i].mode,
                   bytes_of_text(seeds_of_query[i].text));
    }
}

static void write_texts(const char *folder)
{
    static const struct {
        const char *name;
        const char *texts[4];
    } seeds_of_text[] = {
        { "usual", { "3A5F0C0F9A2B4C6D8E1F", "client", "", "" } },
        { "refused", { "SSCEP transactionId", "PC-42", "0123456789ABCDEF", "CORP\\anna" } },
        { "lines", { "a\r\nb", "c\n\"}{\"x\":\"", "\x1b[2J\x07", "a\tb\x7f" } },
        { "unicode",
          { "\xc3\xa9", "M\xc3\xbcller \xe2\x80\xae", "\xe2\x80\xa8", "\xf0\x9f\x98\x80" } },
        { "malformed", { "\xff\xfe", "\xed\xa0\x80\xc0\xaf", "\\x22\"'", "\xc3" } },
    };

    for (size_t i = 0; i < sizeof(seeds_of_text) / sizeof(seeds_of_text[0]); i++) {
        struct buffer out = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);

        for (size_t t = 0; t < 4; t++) {
            struct bytes text = bytes_of_text(seeds_of_text[i].texts[t]);

            scep_must(buffer_append_byte(&out, (uint8_t)text.len, NULL)
                      && buffer_append_bytes(&out, text, NULL));
        }
        write_seed(folder, "fuzz_text", seeds_of_text[i].name, "text", -1, buffer_bytes(&out));
        buffer_clear(&out);
    }
}

int main(int argc, char **argv)
{
    static const char *const targets[] = { "fuzz_preparse", "fuzz_message", "fuzz_csr",
                                           "fuzz_query", "fuzz_text" };
    struct scep_test_ca ca;
    struct evp_pkey_st *key = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (!path_join(path, argv[1], targets[i], &err) || !folder_create(path, false, &err)) {
            stop(&err);
        }
    }
    scep_test_ca_init(&ca);
    key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        write_all(argv[1], &seeds[i], &ca, key);
    }
    write_requests(argv[1], &ca);
    write_queries(argv[1]);
    write_texts(argv[1]);
    EVP_PKEY_free(key);
    scep_test_ca_clear(&ca);
    return 0;
}
