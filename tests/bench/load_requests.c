/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_requests.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load_threads.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

struct making {
    const struct load_target *target;
    const struct load_request_options *options;
    struct load_requests *out;
};

/* scepserver wants a signing time within the life of the signer's certificate: UTCTime of now. */
static const char *signing_time_now(char text[20])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, 20, "%Y%m%d%H%M%SZ", &utc);
    return text + 2; /* without the century */
}

struct names {
    char cn[LOAD_NAME_MAX + 24];
    char transaction[LOAD_NAME_MAX + 32];
};

static void name_device(const struct load_requests *requests, size_t i, struct names *names)
{
    snprintf(names->cn, sizeof(names->cn), "%s-%zu", requests->prefix, requests->first + i);
    snprintf(names->transaction, sizeof(names->transaction), "T-%s", names->cn);
}

static void make_one(void *context, size_t i)
{
    const struct making *m = context;
    const struct load_request_options *o = m->options;
    struct names names;
    char signing_time[20];
    name_device(m->out, i, &names);
    struct scep_client c;
    scep_client_init(&c, m->out->key, m->target->recipient);
    c.cert = m->out->cert;
    c.cn = names.cn;
    c.signing_time = signing_time_now(signing_time);
    c.challenge = o->challenge;
    if (o->wrong_every != 0 && (i + 1) % o->wrong_every == 0) {
        c.challenge = "not the challenge, on purpose";
    }
    if (o->cipher) {
        c.cipher = o->cipher;
    }
    c.transaction_id = bytes_of_text(names.transaction);
    memcpy(m->out->nonces[i], c.nonce_bytes, LOAD_NONCE_LEN);
    m->out->messages[i].max = SCEP_CLIENT_BYTES_MAX;
    scep_client_request(&c, &m->out->messages[i], NULL);
}

void load_requests_make_as(const struct load_target *target,
                           const struct load_request_options *options, size_t count,
                           struct load_requests *out)
{
    *out = (struct load_requests){ .key = scep_test_key(SCEP_TEST_KEY_CLIENT),
                                   .count = count,
                                   .first = options->first };
    snprintf(out->prefix, sizeof(out->prefix), "%s", options->prefix);
    out->cert = scep_cert_make(&(struct scep_cert_options){ .key = out->key, .cn = out->prefix });
    out->messages = calloc(count ? count : 1, sizeof(*out->messages));
    out->nonces = calloc(count ? count : 1, sizeof(*out->nonces));
    if (!out->messages || !out->nonces) {
        fprintf(stderr, "no memory for %zu requests\n", count);
        exit(EXIT_FAILURE);
    }
    struct making making = { target, options, out };
    load_for_each(count, make_one, &making);
}

void load_requests_make(const struct load_target *target, const char *challenge, const char *prefix,
                        size_t first, size_t count, struct load_requests *out)
{
    const struct load_request_options options = { .challenge = challenge,
                                                  .prefix = prefix,
                                                  .first = first };
    load_requests_make_as(target, &options, count, out);
}

void load_requests_clear(struct load_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        buffer_clear(&requests->messages[i]);
    }
    free(requests->messages);
    free(requests->nonces);
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

static enum load_result result_of(const struct scep_client_reply *reply, bool read)
{
    if (read && reply->status == 2) {
        return LOAD_REFUSED;
    }
    if (read && reply->status == 3) {
        return LOAD_PENDING;
    }
    return read && reply->status == 0 && reply->cert ? LOAD_ISSUED : LOAD_BROKEN;
}

enum load_result load_answer_read(const struct load_target *target,
                                  const struct load_requests *requests, struct bytes answer,
                                  char serial[LOAD_SERIAL_MAX], X509 **cert)
{
    struct scep_client_reply reply = { 0 };
    serial[0] = '\0';
    bool read = scep_client_read(answer, target->signer, requests->key, requests->cert, &reply);
    enum load_result result = result_of(&reply, read);
    if (result == LOAD_ISSUED) {
        serial_text(reply.cert, serial);
        if (cert) {
            *cert = reply.cert;
            X509_up_ref(*cert);
        }
    }
    scep_client_reply_clear(&reply);
    return result;
}

static bool same(const struct buffer *a, const void *data, size_t len)
{
    return a->len == len && memcmp(a->data, data, len) == 0;
}

static bool issued_by_target(const struct load_target *target, X509 *cert)
{
    for (size_t i = 0; i < target->cert_count; i++) {
        X509 *ca = target->certs[i];
        if (X509_check_ca(ca) != 0 && X509_check_issued(ca, cert) == X509_V_OK
            && X509_verify(cert, X509_get0_pubkey(ca)) == 1) {
            return true;
        }
    }
    ERR_clear_error();
    return false;
}

/* What is wrong with an answer that could be read; NULL: nothing. */
static const char *fault_of(const struct load_target *target, const struct load_requests *requests,
                            size_t i, const struct scep_client_reply *reply)
{
    struct names names;
    name_device(requests, i, &names);
    if (!same(&reply->transaction_id, names.transaction, strlen(names.transaction))) {
        return "another transactionID";
    }
    if (!same(&reply->recipient_nonce, requests->nonces[i], LOAD_NONCE_LEN)) {
        return "recipientNonce is not our senderNonce";
    }
    if (reply->status == 0 && reply->cert
        && EVP_PKEY_eq(X509_get0_pubkey(reply->cert), requests->key) != 1) {
        return "the certificate is for another key";
    }
    if (reply->status == 0 && reply->cert && !issued_by_target(target, reply->cert)) {
        return "the certificate does not verify by a CA of GetCACert";
    }
    return NULL;
}

enum load_result load_answer_check(const struct load_target *target,
                                   const struct load_requests *requests, size_t i,
                                   struct bytes answer, struct load_answer_facts *facts)
{
    struct scep_client_reply reply = { 0 };
    *facts = (struct load_answer_facts){ .fail_info = -1 };
    bool read = scep_client_read(answer, target->signer, requests->key, requests->cert, &reply);
    const char *fault = read ? fault_of(target, requests, i, &reply) : reply.problem;
    enum load_result result = fault ? LOAD_BROKEN : result_of(&reply, read);
    if (reply.cert) {
        serial_text(reply.cert, facts->serial);
    }
    if (result == LOAD_REFUSED) {
        facts->fail_info = reply.fail_info;
    }
    if (result == LOAD_BROKEN) {
        snprintf(facts->problem, sizeof(facts->problem), "%s",
                 fault ? fault : "success without a certificate, or an unknown pkiStatus");
    }
    scep_client_reply_clear(&reply);
    return result;
}
