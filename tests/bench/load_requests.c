/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_requests.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load_threads.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

struct making {
    const struct load_target *target;
    const char *challenge, *prefix;
    size_t first;
    struct load_requests *out;
};

static void make_one(void *context, size_t i)
{
    const struct making *m = context;
    char cn[64], transaction[80];
    snprintf(cn, sizeof(cn), "%s-%zu", m->prefix, m->first + i);
    snprintf(transaction, sizeof(transaction), "T-%s", cn);
    struct scep_client c;
    scep_client_init(&c, m->out->key, m->target->recipient);
    c.cert = m->out->cert;
    c.cn = cn;
    c.challenge = m->challenge;
    c.transaction_id = bytes_of_text(transaction);
    m->out->messages[i].max = SCEP_CLIENT_BYTES_MAX;
    scep_client_request(&c, &m->out->messages[i], NULL);
}

void load_requests_make(const struct load_target *target, const char *challenge, const char *prefix,
                        size_t first, size_t count, struct load_requests *out)
{
    *out = (struct load_requests){ .key = scep_test_key(SCEP_TEST_KEY_CLIENT), .count = count };
    out->cert = scep_cert_make(&(struct scep_cert_options){ .key = out->key, .cn = prefix });
    out->messages = calloc(count ? count : 1, sizeof(*out->messages));
    if (!out->messages) {
        fprintf(stderr, "no memory for %zu requests\n", count);
        exit(EXIT_FAILURE);
    }
    struct making making = { target, challenge, prefix, first, out };
    load_for_each(count, make_one, &making);
}

void load_requests_clear(struct load_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        buffer_clear(&requests->messages[i]);
    }
    free(requests->messages);
    X509_free(requests->cert);
    EVP_PKEY_free(requests->key);
    *requests = (struct load_requests){ .count = 0 };
}

static void serial_text(const X509 *cert, char serial[LOAD_SERIAL_MAX])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = number ? BN_bn2hex(number) : NULL;
    snprintf(serial, LOAD_SERIAL_MAX, "%s", text ? text : "?");
    OPENSSL_free(text);
    BN_free(number);
}

enum load_result load_answer_read(const struct load_target *target,
                                  const struct load_requests *requests, struct bytes answer,
                                  char serial[LOAD_SERIAL_MAX], X509 **cert)
{
    struct scep_client_reply reply = { 0 };
    enum load_result result = LOAD_BROKEN;
    serial[0] = '\0';
    bool read = scep_client_read(answer, target->signer, requests->key, requests->cert, &reply);
    if (read && reply.status == 2) {
        result = LOAD_REFUSED;
    } else if (read && reply.status == 3) {
        result = LOAD_PENDING;
    } else if (read && reply.status == 0 && reply.cert) {
        result = LOAD_ISSUED;
        serial_text(reply.cert, serial);
        if (cert) {
            *cert = reply.cert;
            X509_up_ref(*cert);
        }
    }
    scep_client_reply_clear(&reply);
    return result;
}
