/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key operations of an enrolment cost with the OpenSSL that this build uses: the floor
 * that no server on this machine can go below.
 *
 *   crypto_floor [--seconds S] [--threads N] [--json | --enrolment]
 *
 *   --seconds S   of each measurement (1)
 *   --threads N   the second column; the first is one thread (as many as there are processors)
 *   --enrolment   CPU of an enrolment alone, with N threads, as JSON: quick, to be asked beside a
 *                 measurement of the server, since what a processor does in a second varies
 *
 * Keys go through PKCS#8 and back as the server's do, and all threads share one key as its workers
 * do. CPU time decides, not the clock on the wall. One enrolment has three private operations:
 * decrypt the request, sign the certificate, sign the CertRep; the second one by the
 * CA's key, the others by the RA's, which is RSA-2048.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "ca/ca_key.h"
#include "platform/threads.h"

#define THREADS_MAX 64
#define OPERATIONS_AT_A_TIME 16 /* between two looks at the clock */

static void must(bool done, const char *what)
{
    if (!done) {
        fprintf(stderr, "crypto_floor: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

struct material {
    EVP_PKEY *rsa, *rsa3072, *ec;
    unsigned char digest[32];     /* of what is signed */
    unsigned char wrapped[512];   /* a content key under the RSA key */
    unsigned char signature[512]; /* of digest by the RSA key */
    size_t wrapped_len, signature_len;
};

enum kind { DECRYPT, SIGN, VERIFY, SIGN_3072, EC_SIGN, KINDS };

static const char *const kind_names[KINDS] = { "rsa2048_decrypt", "rsa2048_sign", "rsa2048_verify",
                                               "rsa3072_sign", "p256_sign" };

static EVP_PKEY *key_of(const struct material *m, enum kind kind)
{
    return kind == EC_SIGN ? m->ec : kind == SIGN_3072 ? m->rsa3072 : m->rsa;
}

static EVP_PKEY_CTX *prepare(const struct material *m, enum kind kind)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key_of(m, kind), NULL);
    int done = ctx == NULL       ? 0
               : kind == DECRYPT ? EVP_PKEY_decrypt_init(ctx)
               : kind == VERIFY  ? EVP_PKEY_verify_init(ctx)
                                 : EVP_PKEY_sign_init(ctx);
    must(done == 1, "preparing a key operation");
    if (kind != EC_SIGN) {
        must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1, "setting the padding");
    }
    if (kind != DECRYPT) {
        must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1, "setting the digest");
    }
    return ctx;
}

static void perform(EVP_PKEY_CTX *ctx, const struct material *m, enum kind kind)
{
    unsigned char out[512];
    size_t len = sizeof(out);
    int done = 0;
    if (kind == DECRYPT) {
        done = EVP_PKEY_decrypt(ctx, out, &len, m->wrapped, m->wrapped_len);
    } else if (kind == VERIFY) {
        done = EVP_PKEY_verify(ctx, m->signature, m->signature_len, m->digest, sizeof(m->digest));
    } else {
        done = EVP_PKEY_sign(ctx, out, &len, m->digest, sizeof(m->digest));
    }
    must(done == 1, kind_names[kind]);
}

static EVP_PKEY *server_key(enum ca_key_spec spec)
{
    struct error err = { 0 };
    struct secret plain = SECRET_INIT;
    EVP_PKEY *made = ca_key_generate(spec, &err);
    must(made && ca_key_pkcs8(made, &plain, &err), "making a key");
    EVP_PKEY *read = ca_key_from_pkcs8(secret_bytes(&plain), &err);
    must(read != NULL, "reading a key");
    secret_clear(&plain);
    EVP_PKEY_free(made);
    return read;
}

static void make_material(struct material *m)
{
    static const unsigned char content_key[16] = "sixteen bytes...";
    m->rsa = server_key(CA_KEY_RSA_2048);
    m->rsa3072 = server_key(CA_KEY_RSA_3072);
    m->ec = server_key(CA_KEY_EC_P256);
    memset(m->digest, 0x5a, sizeof(m->digest));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(m->rsa, NULL);
    m->wrapped_len = sizeof(m->wrapped);
    must(ctx && EVP_PKEY_encrypt_init(ctx) == 1
             && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1
             && EVP_PKEY_encrypt(ctx, m->wrapped, &m->wrapped_len, content_key, sizeof(content_key))
                    == 1,
         "encrypting");
    EVP_PKEY_CTX_free(ctx);
    ctx = prepare(m, SIGN);
    m->signature_len = sizeof(m->signature);
    must(EVP_PKEY_sign(ctx, m->signature, &m->signature_len, m->digest, sizeof(m->digest)) == 1,
         "signing");
    EVP_PKEY_CTX_free(ctx);
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct measurement {
    const struct material *material;
    enum kind kind;
    double until; /* wall */
    atomic_size_t operations;
};

struct result {
    double per_second; /* wall */
    double cpu_us;     /* of each */
};

static double seconds_of(clockid_t which)
{
    struct timespec now;
    must(clock_gettime(which, &now) == 0, "reading a clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *measure_thread(void *context)
{
    struct measurement *m = context;
    EVP_PKEY_CTX *ctx = prepare(m->material, m->kind);
    size_t operations = 0;
    do {
        for (int i = 0; i < OPERATIONS_AT_A_TIME; i++) {
            perform(ctx, m->material, m->kind);
        }
        operations += OPERATIONS_AT_A_TIME;
    } while (seconds_of(CLOCK_MONOTONIC) < m->until);
    EVP_PKEY_CTX_free(ctx);
    atomic_fetch_add(&m->operations, operations);
    return NULL;
}

static struct result measure(const struct material *material, enum kind kind, unsigned threads,
                             double seconds)
{
    pthread_t running[THREADS_MAX];
    double begun = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    struct measurement m = { .material = material, .kind = kind, .until = begun + seconds };
    for (unsigned i = 0; i < threads; i++) {
        must(pthread_create(&running[i], NULL, measure_thread, &m) == 0, "starting a thread");
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(running[i], NULL);
    }
    double operations = (double)atomic_load(&m.operations);
    return (struct result){
        .per_second = operations / (seconds_of(CLOCK_MONOTONIC) - begun),
        .cpu_us = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / operations,
    };
}

/* CPU milliseconds of one enrolment's private operations; `ca`: what the CA's key does. */
static double floor_of(const struct result *r, enum kind ca)
{
    return (r[DECRYPT].cpu_us + r[SIGN].cpu_us + r[ca].cpu_us) / 1000;
}

static void print_json(const struct result *r, unsigned threads)
{
    printf("{\"threads\":%u", threads);
    for (int kind = 0; kind < KINDS; kind++) {
        printf(",\"%s\":{\"per_second\":%.1f,\"cpu_us\":%.3f}", kind_names[kind],
               r[kind].per_second, r[kind].cpu_us);
    }
    printf(",\"enrolment_cpu_ms\":{\"rsa2048\":%.4f,\"rsa3072\":%.4f,\"p256\":%.4f}}",
           floor_of(r, SIGN), floor_of(r, SIGN_3072), floor_of(r, EC_SIGN));
}

static void print_text(const struct result *r, unsigned threads)
{
    printf("%u thread%s\n", threads, threads == 1 ? "" : "s");
    for (int kind = 0; kind < KINDS; kind++) {
        printf("  %-16s %10.1f a second %10.1f us of CPU\n", kind_names[kind], r[kind].per_second,
               r[kind].cpu_us);
    }
    printf("  CPU of an enrolment, CA with RSA-2048: %.4f ms, RSA-3072: %.4f ms, P-256: %.4f ms\n",
           floor_of(r, SIGN), floor_of(r, SIGN_3072), floor_of(r, EC_SIGN));
}

struct arguments {
    double seconds;
    long threads;
    bool json, enrolment;
};

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
    *out = (struct arguments){ .seconds = 1, .threads = (long)thread_processor_count() };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            out->json = true;
        } else if (strcmp(argv[i], "--enrolment") == 0) {
            out->enrolment = true;
        } else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            out->seconds = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            out->threads = strtol(argv[++i], NULL, 10);
        } else {
            fprintf(stderr,
                    "Usage: crypto_floor [--seconds S] [--threads N] [--json | --enrolment]\n");
            return false;
        }
    }
    if (out->seconds <= 0 || out->threads < 1 || out->threads > THREADS_MAX) {
        fprintf(stderr, "crypto_floor: 1 to %d threads, more than 0 seconds\n", THREADS_MAX);
        return false;
    }
    return true;
}

static void measure_all(const struct material *material, const struct arguments *arguments)
{
    struct result results[KINDS];
    printf(arguments->json ? "{\"openssl\":\"%s\",\"floors\":[" : "%s\n",
           OpenSSL_version(arguments->json ? OPENSSL_VERSION_STRING : OPENSSL_VERSION));
    for (int column = 0; column < (arguments->threads > 1 ? 2 : 1); column++) {
        unsigned threads = column == 0 ? 1 : (unsigned)arguments->threads;
        for (int kind = 0; kind < KINDS; kind++) {
            results[kind] = measure(material, (enum kind)kind, threads, arguments->seconds);
        }
        printf("%s", arguments->json && column > 0 ? "," : "");
        (arguments->json ? print_json : print_text)(results, threads);
    }
    printf("%s", arguments->json ? "]}\n" : "");
}

static void measure_enrolment(const struct material *material, const struct arguments *arguments)
{
    struct result results[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        if (kind == DECRYPT || kind == SIGN || kind == EC_SIGN) {
            results[kind] = measure(material, (enum kind)kind, (unsigned)arguments->threads,
                                    arguments->seconds);
        }
    }
    printf("{\"rsa2048\":%.4f,\"p256\":%.4f}\n", floor_of(results, SIGN),
           floor_of(results, EC_SIGN));
}

int main(int argc, char **argv)
{
    struct material material;
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments)) {
        return 2;
    }
    make_material(&material);
    (arguments.enrolment ? measure_enrolment : measure_all)(&material, &arguments);
    EVP_PKEY_free(material.rsa);
    EVP_PKEY_free(material.rsa3072);
    EVP_PKEY_free(material.ec);
    return 0;
}
