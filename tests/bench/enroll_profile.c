/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what an enrolment costs this thread beyond the RSA operations that it cannot do
 *           without: the whole way through an endpoint, in process.
 * Not here: HTTP, threads and latencies (scep_load.c), whether answers are right (tests/endpoint).
 * Owns:     nothing beyond the run.
 * Threads:  one.
 * Spec:     none.
 *
 *     enroll_profile [KIND [COUNT]]       pkcsreq, renewal or refusal; 200 requests
 *
 * Requests and bare RSA private operations take turns, so that whatever else the machine does meets
 * both alike; the floor is three of them (opening, certificate, answer), two for a refusal. What is
 * measured happens below one function, which makes instructions easy to count:
 *
 *     valgrind --tool=callgrind --toggle-collect=profile_ask enroll_profile pkcsreq 20
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/crypto_memory.h"
#include "base/text.h"
#include "endpoint/endpoint_world.h"

#define COUNT_DEFAULT 200u
#define COUNT_MAX 100000u
#define WARM_UP 5u
#define RSA_BYTES 256u
#define SETTINGS ", \"renewal\": {\"enabled\": true, \"window_percent\": 100}"

enum kind { KIND_PKCS_REQ, KIND_RENEWAL, KIND_REFUSAL };

static const struct {
    const char *name;
    const char *result; /* of the report */
    unsigned private_operations;
} kinds[] = {
    [KIND_PKCS_REQ] = { "pkcsreq", "issued", 3 },
    [KIND_RENEWAL] = { "renewal", "issued", 3 },
    [KIND_REFUSAL] = { "refusal", "refused", 2 },
};

static double now_us(void)
{
    struct timespec now = { 0, 0 };

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* A client of its own name and transaction; texts live as long as the client is used. */
struct names {
    char cn[32];
    char transaction[32];
};

static void make_client(const struct endpoint_world *world, size_t number, struct names *names,
                        struct scep_client *c)
{
    assert_true(text_format(names->cn, sizeof(names->cn), "device-%zu", number));
    assert_true(text_format(names->transaction, sizeof(names->transaction), "profile-%zu", number));
    endpoint_world_client(world, c);
    c->cn = names->cn;
    c->transaction_id = bytes_of_text(names->transaction);
}

/* A new certificate, for a renewal: each can be renewed once. */
static X509 *enrolled(const struct endpoint_world *world, const struct endpoint *endpoint,
                      size_t number)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client_reply reply;
    struct endpoint_answer answer;
    struct scep_client c;
    struct names names;
    X509 *own = NULL;
    X509 *cert = NULL;

    make_client(world, COUNT_MAX + WARM_UP + number, &names, &c);
    scep_client_request(&c, &message, &own);
    endpoint_post(endpoint, buffer_bytes(&message), &answer);
    assert_true(scep_client_read(buffer_bytes(&answer.response.body), world->ras->ra[0].cert,
                                 world->client_key, own, &reply));
    assert_non_null(reply.cert);
    cert = X509_dup(reply.cert);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    X509_free(own);
    buffer_clear(&message);
    return cert;
}

static void make_message(const struct endpoint_world *world, const struct endpoint *endpoint,
                         enum kind kind, size_t number, struct buffer *message)
{
    struct scep_client c;
    struct names names;
    X509 *old = kind == KIND_RENEWAL ? enrolled(world, endpoint, number) : NULL;
    X509 *own = NULL;

    make_client(world, number, &names, &c);
    if (kind == KIND_RENEWAL) {
        c.type = "17";
        c.cert = old;
        c.csr_key = world->other_key;
        c.challenge = NULL;
    } else if (kind == KIND_REFUSAL) {
        c.challenge = NULL;
    }
    scep_client_request(&c, message, &own);
    X509_free(own);
    X509_free(old);
}

/* Not static: callgrind is told its name. */
double profile_ask(const struct endpoint *endpoint, enum kind kind, struct bytes message);

double profile_ask(const struct endpoint *endpoint, enum kind kind, struct bytes message)
{
    struct endpoint_answer answer;
    double begin = now_us();
    double spent = 0;

    endpoint_post(endpoint, message, &answer);
    spent = now_us() - begin;
    if (answer.report.result == NULL || strcmp(answer.report.result, kinds[kind].result) != 0) {
        fail_msg("%s: %s", kinds[kind].name, answer.report.error.detail);
    }
    endpoint_answer_clear(&answer);
    return spent;
}

/* One RSA private operation of 2048 bits with everything around it kept ready. */
static double operate(EVP_PKEY_CTX *ctx)
{
    static const unsigned char number[RSA_BYTES] = { 0, 1, 2, 3 };
    unsigned char out[RSA_BYTES];
    size_t len = sizeof(out);
    double begin = now_us();

    assert_int_equal(EVP_PKEY_sign(ctx, out, &len, number, sizeof(number)), 1);
    return now_us() - begin;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return left < right ? -1 : (left > right ? 1 : 0);
}

/* What a tenth of both was below is nearest to a machine with nothing else to do. */
static void print_at(enum kind kind, const double *asked, const double *operated, size_t at,
                     const char *name)
{
    double floor_us = operated[at] * kinds[kind].private_operations;

    print_message("%s, %s: %.0f us of computing; %u RSA private operations %.0f us; ratio %.2f\n",
                  kinds[kind].name, name, asked[at], kinds[kind].private_operations, floor_us,
                  asked[at] / floor_us);
}

static void print(enum kind kind, double *asked, double *operated, size_t count)
{
    qsort(asked, count, sizeof(double), by_value);
    qsort(operated, count, sizeof(double), by_value);
    print_at(kind, asked, operated, count / 2, "median");
    print_at(kind, asked, operated, count / 10, "fastest tenth");
}

static void measure(const struct endpoint_world *world, const struct endpoint *endpoint,
                    enum kind kind, size_t count)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(world->ras->ra[0].key, NULL);
    double *asked = calloc(count, sizeof(double));
    double *operated = calloc(count, sizeof(double));

    assert_non_null(ctx);
    assert_non_null(asked);
    assert_non_null(operated);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
    for (size_t i = 0; i < WARM_UP + count; i++) {
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        double spent = 0;

        make_message(world, endpoint, kind, i, &message);
        spent = profile_ask(endpoint, kind, buffer_bytes(&message));
        if (i >= WARM_UP) {
            asked[i - WARM_UP] = spent;
            operated[i - WARM_UP] = operate(ctx);
        }
        buffer_clear(&message);
    }
    print(kind, asked, operated, count);
    free(asked);
    free(operated);
    EVP_PKEY_CTX_free(ctx);
}

int main(int argc, char **argv)
{
    size_t kind = 0;
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : COUNT_DEFAULT;
    struct endpoint_world world;
    struct endpoint *endpoint = NULL;

    while (argc > 1 && kind < sizeof(kinds) / sizeof(kinds[0])
           && strcmp(argv[1], kinds[kind].name) != 0) {
        kind++;
    }
    if (kind >= sizeof(kinds) / sizeof(kinds[0]) || count < 1 || count > COUNT_MAX) {
        print_error("enroll_profile [pkcsreq|renewal|refusal [COUNT]], 1 to %u\n", COUNT_MAX);
        return 2;
    }
    crypto_memory_watch(); /* as the service does */
    endpoint_world_open(&world);
    endpoint = endpoint_world_template(&world, "device", SETTINGS);
    measure(&world, endpoint, (enum kind)kind, count);
    endpoint_free(endpoint);
    endpoint_world_close(&world);
    return 0;
}
