/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  measure whether the time or the size of an answer tells which part of opening a message
 *           failed (RFC 3218: a decryption oracle): the whole way through an endpoint, in process.
 * Not here: that the answers are the same otherwise (tests/endpoint).
 * Owns:     nothing beyond the run.
 * Threads:  one.
 * Spec:     Welch's t-test, as in "dude, is my code constant time?" (Reparaz and others 2017): also
 *           without the slowest tenth, whose delays are the machine's, and of the fastest quarter.
 *
 *     oracle_timing [SAMPLES]
 *
 * The kinds of messages take turns in random order, so that whatever else the machine does meets
 * all of them alike. What is measured is the time that this thread computes: an attacker sees it
 * through scheduler and network, and sees less.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "base/secret.h"
#include "endpoint/endpoint_world.h"
#include "support/scep_asn1.h"

#define SAMPLES_DEFAULT 2000u
#define SAMPLES_MAX 1000000u
#define VARIANTS 32u /* messages of one kind: other keys, IVs, nonces */
#define WARM_UP 50u
#define MOST_PERCENT 90u
#define FASTEST_PERCENT 25u /* hardly disturbed by anything */
#define T_LIMIT 4.5         /* beyond: different with near certainty */

/* What is wrong with a message. */
struct kind {
    const char *name;
    bool uniform; /* has to look like all others of these */
    void (*spoil)(const struct endpoint_world *world, struct scep_client *c);
    /* changes the PKCS#10 before it is encrypted; NULL: not at all */
    void (*change)(struct buffer *csr);
};

static void random_key(const struct endpoint_world *world, struct scep_client *c)
{
    (void)world;
    c->faults = SCEP_CLIENT_RANDOM_KEY;
}

static void short_key(const struct endpoint_world *world, struct scep_client *c)
{
    (void)world;
    c->faults = SCEP_CLIENT_SHORT_KEY;
}

static void bad_padding(const struct endpoint_world *world, struct scep_client *c)
{
    (void)world;
    c->faults = SCEP_CLIENT_BAD_PADDING_17;
}

static void other_key(const struct endpoint_world *world, struct scep_client *c)
{
    c->csr_key = world->other_key;
}

static void wrong_challenge(const struct endpoint_world *world, struct scep_client *c)
{
    (void)world;
    c->challenge = "not the passphrase at all, no";
}

static void not_der(struct buffer *csr)
{
    memset(csr->data, 0x5a, csr->len);
}

/* What an attacker gets who changes one block of a recorded envelope in the middle. */
static void damaged_middle(struct buffer *csr)
{
    memset(csr->data + csr->len / 3, 0x5a, 16);
}

static void wrong_signature(struct buffer *csr)
{
    csr->data[csr->len - 1] ^= 1;
}

/* The first one is what the uniform ones are compared with. */
static const struct kind kinds[] = {
    { "random RSA ciphertext", true, random_key, NULL },
    { "content key of wrong length", true, short_key, NULL },
    { "content with bad padding", true, bad_padding, NULL },
    { "content no PKCS#10 at all", true, NULL, not_der },
    { "PKCS#10 with a damaged block", true, NULL, damaged_middle },
    { "PKCS#10 with wrong signature", true, NULL, wrong_signature },
    { "PKCS#10 of another key", true, other_key, NULL },
    { "wrong challenge", false, wrong_challenge, NULL },
    { "valid, sent again", false, NULL, NULL },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct series {
    struct buffer messages[VARIANTS];
    double *us;
    size_t reply_min;
    size_t reply_max;
    enum reason reason;
};

/* ---- measuring ------------------------------------------------------------------------------- */

static void make_message(const struct endpoint_world *world, const struct kind *kind,
                         struct buffer *out)
{
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct scep_client c;
    X509 *cert = NULL;

    endpoint_world_client(world, &c);
    if (kind->spoil != NULL) {
        kind->spoil(world, &c);
    }
    scep_client_csr(&c, &csr);
    if (kind->change != NULL) {
        kind->change(&csr);
    }
    scep_client_envelope(&c, buffer_bytes(&csr), &envelope);
    scep_client_sign(&c, buffer_bytes(&envelope), out, &cert);
    X509_free(cert);
    buffer_clear(&csr);
    buffer_clear(&envelope);
}

static void prepare(const struct endpoint_world *world, struct series *series, size_t samples)
{
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t v = 0; v < VARIANTS; v++) {
            series[k].messages[v] = (struct buffer)BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
            make_message(world, &kinds[k], &series[k].messages[v]);
        }
        series[k].us = calloc(samples, sizeof(double));
        assert_non_null(series[k].us);
        series[k].reply_min = SIZE_MAX;
    }
}

static unsigned draw(unsigned below)
{
    struct error err = ERROR_INIT;
    uint32_t number = 0;

    assert_done(secret_random(&number, sizeof(number), &err), &err, "random");
    return (unsigned)(((uint64_t)number * below) >> 32);
}

static void shuffle(unsigned order[KINDS])
{
    for (unsigned i = 0; i < KINDS; i++) {
        order[i] = i;
    }
    for (unsigned i = KINDS - 1; i > 0; i--) {
        unsigned j = draw(i + 1);
        unsigned kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
}

static double now_us(void)
{
    struct timespec now = { 0, 0 };

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double measure_one(const struct endpoint *endpoint, struct series *s)
{
    struct bytes message = buffer_bytes(&s->messages[draw(VARIANTS)]);
    struct endpoint_answer answer;
    double begin = now_us();
    double end;

    endpoint_post(endpoint, message, &answer);
    end = now_us();
    assert_int_equal(answer.response.status, 200);
    s->reason = answer.report.error.reason;
    if (answer.response.body.len < s->reply_min) s->reply_min = answer.response.body.len;
    if (answer.response.body.len > s->reply_max) s->reply_max = answer.response.body.len;
    endpoint_answer_clear(&answer);
    return end - begin;
}

static void measure(const struct endpoint *endpoint, struct series *series, size_t samples)
{
    for (size_t round = 0; round < samples + WARM_UP; round++) {
        unsigned order[KINDS];

        shuffle(order);
        for (size_t i = 0; i < KINDS; i++) {
            double us = measure_one(endpoint, &series[order[i]]);

            if (round >= WARM_UP) {
                series[order[i]].us[round - WARM_UP] = us;
            }
        }
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

struct moments {
    double count;
    double mean;
    double variance;
};

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return left < right ? -1 : (left > right ? 1 : 0);
}

/* Of the values up to `most` (Welford 1962). */
static struct moments moments_of(const double *us, size_t samples, double most)
{
    struct moments m = { 0, 0, 0 };

    for (size_t i = 0; i < samples && us[i] <= most; i++) {
        double delta = us[i] - m.mean;

        m.count += 1;
        m.mean += delta / m.count;
        m.variance += delta * (us[i] - m.mean);
    }
    m.variance = m.count > 1 ? m.variance / (m.count - 1) : 0;
    return m;
}

static double welch(const struct moments *a, const struct moments *b)
{
    double error = sqrt(a->variance / a->count + b->variance / b->count);

    return error > 0 ? (a->mean - b->mean) / error : 0;
}

/* Sorted: the value below which so many of both together are. */
static double crop_at(const double *a, const double *b, size_t samples, size_t percent)
{
    size_t i = 0;
    size_t j = 0;

    while (i + j < 2 * samples * percent / 100) {
        if (j >= samples || (i < samples && a[i] <= b[j])) {
            i++;
        } else {
            j++;
        }
    }
    return i > 0 && (j == 0 || a[i - 1] > b[j - 1]) ? a[i - 1] : b[j - 1];
}

/* Welch's t against the first kind among the fastest `percent` of both; *delta: of the means. */
static double compare(const struct series *series, size_t k, size_t samples, size_t percent,
                      double *delta)
{
    double most = crop_at(series[k].us, series[0].us, samples, percent);
    struct moments mine = moments_of(series[k].us, samples, most);
    struct moments first = moments_of(series[0].us, samples, most);

    *delta = mine.mean - first.mean;
    return welch(&mine, &first);
}

static bool print_kind(const struct series *series, size_t k, size_t samples)
{
    const double *us = series[k].us;
    struct moments all = moments_of(us, samples, INFINITY);
    double delta = 0;
    double ignored = 0;
    double t = compare(series, k, samples, 100, &ignored);
    double t_most = compare(series, k, samples, MOST_PERCENT, &delta);
    double t_fastest = compare(series, k, samples, FASTEST_PERCENT, &ignored);
    bool same =
        series[k].reply_min == series[0].reply_min && series[k].reply_max == series[0].reply_max;

    print_message("%-30s %8.0f %8.1f %8.0f ", kinds[k].name, us[samples / 2], all.mean,
                  us[samples * 9 / 10]);
    if (kinds[k].uniform) {
        print_message("%+7.1f %+6.2f %+6.2f %+6.2f ", delta, t, t_most, t_fastest);
    } else {
        print_message("%7s %6s %6s %6s ", "-", "-", "-", "-");
    }
    print_message("%5zu-%-5zu %s\n", series[k].reply_min, series[k].reply_max,
                  series[k].reason == REASON_NONE ? "-" : reason_id(series[k].reason));
    return !kinds[k].uniform || (same && fabs(t_most) < T_LIMIT && fabs(t_fastest) < T_LIMIT);
}

static bool print(struct series *series, size_t samples)
{
    bool alike = true;

    for (size_t k = 0; k < KINDS; k++) {
        qsort(series[k].us, samples, sizeof(double), by_value);
    }
    print_message("%zu samples of each kind, microseconds of computing; t: Welch's against the "
                  "first row\n\n"
                  "%-30s %8s %8s %8s %7s %6s %6s %6s %-11s %s\n",
                  samples, "kind", "median", "mean", "p90", "delta90", "t", "t90", "t25", "reply",
                  "reason");
    for (size_t k = 0; k < KINDS; k++) {
        alike = print_kind(series, k, samples) && alike;
    }
    print_message("\n%s\n",
                  alike ? "Nothing tells the uniform kinds apart at this number."
                        : "A uniform kind differs: t90 or t25 beyond 4.5, or another size.");
    return alike;
}

int main(int argc, char **argv)
{
    unsigned long samples = argc > 1 ? strtoul(argv[1], NULL, 10) : SAMPLES_DEFAULT;
    struct endpoint_world world;
    struct series series[KINDS];
    struct endpoint *endpoint = NULL;
    bool alike;

    if (samples < 100 || samples > SAMPLES_MAX) {
        print_error("oracle_timing [SAMPLES], 100 to %u\n", SAMPLES_MAX);
        return 2;
    }
    memset(series, 0, sizeof(series));
    endpoint_world_open(&world);
    endpoint = endpoint_world_template(&world, "device", "");
    prepare(&world, series, samples);
    measure(endpoint, series, samples);
    alike = print(series, samples);
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t v = 0; v < VARIANTS; v++) {
            buffer_clear(&series[k].messages[v]);
        }
        free(series[k].us);
    }
    endpoint_free(endpoint);
    endpoint_world_close(&world);
    return alike ? 0 : 1;
}
