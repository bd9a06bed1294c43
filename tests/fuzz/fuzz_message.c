/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message from its bytes to the decrypted request, with fixed keys. The first byte says what the
 * rest is, because a changed message has no valid signature and a changed envelope seldom a valid
 * padding: 0  a whole pkiMessage 1  the content of one: it is signed here, so that decryption is
 * reached 2  the plaintext of an envelope: it is encrypted and signed here, so that the PKCS#10 is
 * reached
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
static struct evp_pkey_st *client_key;
static struct x509_st *client_cert;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct scep_client client;
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);

    (void)argc;
    (void)argv;
    scep_test_ca_init(&ca);
    client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    scep_client_init(&client, client_key, ca.ra_certs[0]);
    scep_client_request(&client, &message, &client_cert);
    buffer_clear(&message);
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
    struct scep_client client;

    if (size < 2 || size > INPUT_MAX) {
        return 0;
    }
    rest = bytes_of(data + 1, size - 1);
    scep_client_init(&client, client_key, ca.ra_certs[0]);
    client.cert = client_cert;
    switch (data[0] % 3) {
    case 0:
        open_message(rest);
        break;
    case 1:
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
