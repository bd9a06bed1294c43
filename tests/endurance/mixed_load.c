/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mixed load against a running server: enrolments, renewals, polls, NDES's page, questions and
 * nonsense over several connections at once; every answer is judged, every certificate entered in a
 * ledger. mixed_lib.sh makes the server's data folder.
 *
 *   mixed_load --base http://ADDRESS:PORT [OPTION...]
 *       the passphrase is read from OPENNDES_LOAD_CHALLENGE, the account of the password page,
 *       "name:password", from OPENNDES_LOAD_ACCOUNT
 *
 *   --secure URL      the same by HTTPS; every second device uses it
 *   --metrics URL     of the management listener
 *   --connections N   devices at once, each with a connection for each SCEP URL (8)
 *   --seconds N       how long (10); or
 *   --requests N      how many requests
 *   --rate N          requests a second, all devices together; 0 (the default): each as soon as the
 *                     last is answered
 *   --prefix TEXT     of all names; another one for each run against a server
 *   --only KIND       nothing but this kind of request
 *   --passwords FILE  one-time passwords, one a line; lines that are appended are found
 *   --given FILE      serials of certificates that are the administrator's from now on
 *   --serials FILE    serials of all certificates, at the end
 *
 * Exit code 1: a surprise.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <curl/curl.h>

#include "bench/load_run.h"
#include "endurance/mixed_kinds.h"
#include "support/scep_ca.h"

#define DEVICES_MAX 256

struct options {
    unsigned devices;
    double seconds, rate;
    size_t requests;
    const char *serials, *only;
};

struct running {
    struct mixed *mixed;
    const struct options *options;
    double begun;
    atomic_size_t next; /* requests begun */
    size_t only;        /* index of the kind; mixed_kind_count: all */
    unsigned weights;   /* of all kinds together */
};

struct runner {
    pthread_t thread;
    struct running *running;
    unsigned number;
};

static size_t choose(const struct running *r, struct device *d)
{
    if (r->only < mixed_kind_count) {
        return r->only;
    }
    uint32_t dice = device_dice(d, r->weights);
    size_t kind = 0;
    while (dice >= mixed_kinds[kind].weight) {
        dice -= mixed_kinds[kind++].weight;
    }
    return kind;
}

/* False: it is over. */
static bool wait_for_turn(struct running *r)
{
    const struct options *o = r->options;
    size_t i = atomic_fetch_add(&r->next, 1);
    if (o->requests && i >= o->requests) {
        return false;
    }
    double now = load_clock();
    double left = o->rate > 0 ? r->begun + (double)i / o->rate - now : 0;
    if (!o->requests && now + (left > 0 ? left : 0) - r->begun >= o->seconds) {
        return false;
    }
    if (left > 0) {
        nanosleep(&(struct timespec){ .tv_sec = (time_t)left,
                                      .tv_nsec = (long)((left - (double)(time_t)left) * 1e9) },
                  NULL);
    }
    return true;
}

static void *run_device(void *context)
{
    struct runner *runner = context;
    struct running *r = runner->running;
    struct device *d = calloc(1, sizeof(*d));
    if (!d) {
        fprintf(stderr, "mixed load: no memory\n");
        exit(EXIT_FAILURE);
    }
    device_open(d, r->mixed, runner->number);
    while (wait_for_turn(r)) {
        size_t kind = choose(r, d);
        d->seconds = 0;
        enum outcome outcome = mixed_kinds[kind].run(d);
        ledger_count(r->mixed->ledger, kind, outcome, d->seconds);
    }
    device_close(d);
    free(d);
    return NULL;
}

static void run_all(struct running *r)
{
    struct runner runners[DEVICES_MAX];
    r->begun = load_clock();
    for (unsigned i = 0; i < r->options->devices; i++) {
        runners[i] = (struct runner){ .running = r, .number = i };
        if (pthread_create(&runners[i].thread, NULL, run_device, &runners[i]) != 0) {
            fprintf(stderr, "mixed load: no thread for device %u\n", i);
            exit(EXIT_FAILURE);
        }
    }
    for (unsigned i = 0; i < r->options->devices; i++) {
        pthread_join(runners[i].thread, NULL);
    }
}

enum {
    OPT_BASE = 1,
    OPT_SECURE,
    OPT_METRICS,
    OPT_CONNECTIONS,
    OPT_SECONDS,
    OPT_REQUESTS,
    OPT_RATE,
    OPT_PREFIX,
    OPT_ONLY,
    OPT_PASSWORDS,
    OPT_GIVEN,
    OPT_SERIALS
};

static const struct option names[] = { { "base", 1, 0, OPT_BASE },
                                       { "secure", 1, 0, OPT_SECURE },
                                       { "metrics", 1, 0, OPT_METRICS },
                                       { "connections", 1, 0, OPT_CONNECTIONS },
                                       { "seconds", 1, 0, OPT_SECONDS },
                                       { "requests", 1, 0, OPT_REQUESTS },
                                       { "rate", 1, 0, OPT_RATE },
                                       { "prefix", 1, 0, OPT_PREFIX },
                                       { "only", 1, 0, OPT_ONLY },
                                       { "passwords", 1, 0, OPT_PASSWORDS },
                                       { "given", 1, 0, OPT_GIVEN },
                                       { "serials", 1, 0, OPT_SERIALS },
                                       { 0, 0, 0, 0 } };

static bool open_file(const char *path, const char *mode, FILE **file)
{
    *file = fopen(path, mode);
    if (!*file) {
        perror(path);
    }
    return *file != NULL;
}

static bool take_option(struct mixed *m, struct options *o, int option)
{
    switch (option) {
    case OPT_BASE:
        m->base = optarg;
        return true;
    case OPT_SECURE:
        m->secure = optarg;
        return true;
    case OPT_METRICS:
        m->metrics = optarg;
        return true;
    case OPT_CONNECTIONS:
        o->devices = (unsigned)strtoul(optarg, NULL, 10);
        return o->devices > 0 && o->devices <= DEVICES_MAX;
    case OPT_SECONDS:
        o->seconds = strtod(optarg, NULL);
        return o->seconds > 0;
    case OPT_REQUESTS:
        o->requests = strtoul(optarg, NULL, 10);
        return o->requests > 0;
    case OPT_RATE:
        o->rate = strtod(optarg, NULL);
        return o->rate >= 0;
    case OPT_PREFIX:
        m->prefix = optarg;
        return true;
    case OPT_ONLY:
        o->only = optarg;
        return true;
    case OPT_PASSWORDS:
        return open_file(optarg, "re", &m->passwords);
    case OPT_GIVEN:
        return open_file(optarg, "we", &m->given);
    case OPT_SERIALS:
        o->serials = optarg;
        return true;
    default:
        return false;
    }
}

static bool weigh(struct running *r)
{
    r->only = mixed_kind_count;
    for (size_t i = 0; i < mixed_kind_count; i++) {
        r->weights += mixed_kinds[i].weight;
        if (r->options->only && strcmp(mixed_kinds[i].name, r->options->only) == 0) {
            r->only = i;
        }
    }
    return !r->options->only || r->only < mixed_kind_count;
}

static void print(const struct running *r)
{
    const char *kinds[LEDGER_KINDS_MAX];
    for (size_t i = 0; i < mixed_kind_count; i++) {
        kinds[i] = mixed_kinds[i].name;
    }
    printf("%u devices, %.0f seconds\n", r->options->devices, load_clock() - r->begun);
    ledger_print(r->mixed->ledger, kinds, mixed_kind_count, stdout);
}

int main(int argc, char **argv)
{
    struct mixed mixed = { .challenge = getenv("OPENNDES_LOAD_CHALLENGE"),
                           .account = getenv("OPENNDES_LOAD_ACCOUNT"),
                           .prefix = "mixed" };
    struct options options = { .devices = 8, .seconds = 10 };
    struct running running = { .mixed = &mixed, .options = &options };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(&mixed, &options, option)) {
            return 2;
        }
    }
    if (!mixed.base || optind != argc || !weigh(&running)) {
        fprintf(stderr, "Usage: mixed_load --base URL [OPTION...], see mixed_load.c\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    mixed.ledger = ledger_create();
    mixed.key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    mixed.cert =
        scep_cert_make(&(struct scep_cert_options){ .key = mixed.key, .cn = mixed.prefix });

    run_all(&running);
    print(&running);
    bool good = ledger_surprises(mixed.ledger) == 0;
    good = (!options.serials || ledger_write_serials(mixed.ledger, options.serials)) && good;

    X509_free(mixed.cert);
    EVP_PKEY_free(mixed.key);
    ledger_free(mixed.ledger);
    if (mixed.passwords) {
        fclose(mixed.passwords);
    }
    if (mixed.given && fclose(mixed.given) != 0) {
        perror("the file of given certificates");
        good = false;
    }
    curl_global_cleanup();
    return good ? 0 : 1;
}
