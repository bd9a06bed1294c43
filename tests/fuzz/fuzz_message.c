/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message from its bytes to the decrypted request and the answer, with fixed keys. The first byte
 * says what the rest is, because a changed message has no valid signature and a changed envelope
 * seldom a valid padding:
 *   0     a whole pkiMessage
 *   1, 3  the content of one: it is signed here, so that decryption is reached
 *   2, 4  the plaintext of an envelope: it is encrypted and signed here, so that the PKCS#10 is
 *         reached
 * 3 and 4 by a device with an EC key.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "scep/scep_message.h"
#include "scep/scep_reply.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

#define INPUT_MAX 65536u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer calls with bytes and nothing else: what stays the same lives here. */
static struct scep_test_ca ca;
static struct client {
    struct evp_pkey_st *key;
    struct x509_st *cert;
    enum scep_client_signature signature;
} clients[2]; /* RSA, EC */

static void clean_up(void)
{
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY_free(clients[i].key);
        X509_free(clients[i].cert);
    }
    scep_test_ca_clear(&ca);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const enum scep_test_key keys[2] = { SCEP_TEST_KEY_CLIENT, SCEP_TEST_KEY_CLIENT_EC };

    (void)argc;
    (void)argv;
    scep_test_ca_init(&ca);
    for (size_t i = 0; i < 2; i++) {
        struct scep_cert_options options = { .cn = "client" };

        clients[i].key = scep_test_key(keys[i]);
        clients[i].signature = i == 0 ? SCEP_CLIENT_RSA : SCEP_CLIENT_ECDSA;
        options.key = clients[i].key;
        clients[i].cert = scep_cert_make(&options);
    }
    (void)atexit(clean_up);
    return 0;
}

/* A refusal must be answerable; this is what the endpoint does next. */
static void answer(const struct scep_message *message, size_t ra_index, const struct error *why)
{
    struct scep_reply_options options = { .ras = ca.set,
                                          .ra_index = ra_index,
                                          .level = ALGORITHM_LEVEL_COMPAT,
                                          .hresult_attribute = true };
    struct buffer out = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct error err = ERROR_INIT;

    if (!scep_reply_failure(message, &options, why, &out, &err) || out.len == 0) {
        abort();
    }
    buffer_clear(&out);
}

/* What was opened is answered, too: encrypted to a key that the message has brought. */
static void issue(const struct scep_message *message, size_t ra_index)
{
    static const uint8_t cert[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
    struct scep_reply_options options = { .ras = ca.set,
                                          .ra_index = ra_index,
                                          .level = ALGORITHM_LEVEL_COMPAT };
    struct buffer out = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct error err = ERROR_INIT;

    /* an RSA key by numbers may be one that nobody can encrypt to */
    if (!scep_reply_success(message, &options, bytes_of(cert, sizeof(cert)), &out, &err)
        && (!error_is_set(&err) || out.len != 0)) {
        abort();
    }
    buffer_clear(&out);
}

static void open_message(struct bytes raw)
{
    struct error err = ERROR_INIT;
    struct scep_message *message = scep_message_parse(raw, &err);
    struct csr csr = CSR_INIT;
    size_t ra_index = 0;

    if (message == NULL) {
        if (error_http_status(&err) < 400) {
            abort();
        }
        return;
    }
    if (scep_message_verify(message, ALGORITHM_LEVEL_COMPAT, &err)
        && scep_message_decrypt(message, ALGORITHM_LEVEL_COMPAT, ca.set, &ra_index, &csr, &err)) {
        issue(message, ra_index);
        csr_clear(&csr);
    } else {
        answer(message, ra_index, &err);
    }
    scep_message_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer envelope = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct bytes rest;
    const struct client *from = NULL;
    struct scep_client client;

    if (size < 2 || size > INPUT_MAX) {
        return 0;
    }
    rest = bytes_of(data + 1, size - 1);
    from = &clients[data[0] % 5 >= 3 ? 1 : 0];
    scep_client_init(&client, from->key, ca.ra_certs[0]);
    client.cert = from->cert;
    client.signature = from->signature;
    switch (data[0] % 5) {
    case 0:
        open_message(rest);
        break;
    case 1:
    case 3:
        scep_client_sign(&client, rest, &message, NULL);
        open_message(buffer_bytes(&message));
        break;
    default:
        scep_client_envelope(&client, rest, &envelope);
        scep_client_sign(&client, buffer_bytes(&envelope), &message, NULL);
        open_message(buffer_bytes(&message));
        break;
    }
    buffer_clear(&envelope);
    buffer_clear(&message);
    return 0;
}
