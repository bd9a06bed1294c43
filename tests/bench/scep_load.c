/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator for any SCEP server.
 *
 *   scep_load --url URL [OPTION...]          the challenge is read from OPENNDES_LOAD_CHALLENGE
 *
 *   --requests N      so many enrolments (1000)
 *   --connections N   at once (1)
 *   --operation NAME  PKIOperation; GetCACert and GetCACaps are asked for without a message
 *   --new             a new connection for each request
 *   --get             GET instead of POST
 *   --rate N          requests a second instead of as many as are answered
 *   --prefix TEXT     names of the devices, "load"; another one for each run against a server
 *   --first N         number of the first device, 0
 *   --verify N        so many answers are verified and opened whole; -1 (the default): all, which
 *                     is what counting serials needs
 *   --pid N           a process of the server; may be repeated
 *   --serials FILE    the serials of all certificates, hexadecimal, one a line
 *   --json            one JSON object instead of lines
 *
 * Exit code 1: an answer was missing, broken or a refusal, or a serial came twice.
 */
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load_requests.h"
#include "bench/load_run.h"
#include "bench/load_threads.h"

#define PIDS_MAX 16

#define JSON_REPORT                                                                                \
    "{\"connections\":%u,\"requests\":%zu,\"seconds\":%.3f,\"per_second\":%.1f,"                   \
    "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"cpu_ms\":%.4f,\"rss_kb\":%ld,"              \
    "\"peak_kb\":%ld,\"threads\":%ld,\"files\":%ld,\"http_failures\":%zu,\"read\":%zu,"            \
    "\"issued\":%zu,\"refused\":%zu,\"pending\":%zu,\"broken\":%zu,\"duplicates\":%zu}\n"
#define TEXT_REPORT                                                                                \
    "connections %u, requests %zu, %.3f s, %.1f a second\n"                                        \
    "latency: p50 %.3f ms, p99 %.3f ms, longest %.3f ms\n"                                         \
    "server: %.4f ms of CPU each, %ld KB (peak %ld KB), %ld threads, %ld files\n"                  \
    "HTTP failures %zu; read %zu: issued %zu, refused %zu, pending %zu, broken %zu, "              \
    "duplicate serials %zu\n"

struct options {
    const char *url, *prefix, *serials;
    size_t requests, first;
    long verify;
    struct load_run_options run;
    long pids[PIDS_MAX];
    size_t pid_count;
    bool json;
};

struct tally {
    const struct load_target *target;
    const struct load_requests *requests;
    const struct load_run *run;
    size_t read;
    char (*serials)[LOAD_SERIAL_MAX];
    atomic_size_t results[LOAD_BROKEN + 1];
};

static void read_one(void *context, size_t i)
{
    struct tally *t = context;
    const struct load_answer *answer = &t->run->answers[i];
    enum load_result result = LOAD_NO_ANSWER;
    if (answer->status == 200) {
        result = load_answer_read(t->target, t->requests, buffer_bytes(&answer->body),
                                  t->serials[i], NULL);
    }
    atomic_fetch_add(&t->results[result], 1);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int compare_seconds(const void *a, const void *b)
{
    double x = ((const struct load_answer *)a)->seconds;
    double y = ((const struct load_answer *)b)->seconds;
    return (x > y) - (x < y);
}

/* Sorts the serials. */
static size_t count_duplicates(struct tally *t)
{
    size_t duplicates = 0;
    qsort(t->serials, t->read, sizeof(*t->serials), compare_text);
    for (size_t i = 1; i < t->read; i++) {
        duplicates += t->serials[i][0] && strcmp(t->serials[i], t->serials[i - 1]) == 0;
    }
    return duplicates;
}

static bool write_serials(const struct tally *t, const char *path)
{
    FILE *file = fopen(path, "we");
    for (size_t i = 0; file && i < t->read; i++) {
        if (t->serials[i][0]) {
            fprintf(file, "%s\n", t->serials[i]);
        }
    }
    if (!file || fclose(file) != 0) {
        perror(path);
        return false;
    }
    return true;
}

static void print_report(const struct options *o, const struct load_run *run, const struct tally *t,
                         size_t duplicates, const struct load_usage *before,
                         const struct load_usage *after)
{
    double each = 1000.0 / (double)run->count;
    const struct load_answer *a = run->answers;
    printf(o->json ? JSON_REPORT : TEXT_REPORT, o->run.connections, run->count, run->seconds,
           (double)run->count / run->seconds, a[run->count / 2].seconds * 1000,
           a[run->count * 99 / 100].seconds * 1000, a[run->count - 1].seconds * 1000,
           (after->cpu_seconds - before->cpu_seconds) * each, after->rss_kb, after->peak_kb,
           after->threads, after->files, run->http_failures, t->read,
           atomic_load(&t->results[LOAD_ISSUED]), atomic_load(&t->results[LOAD_REFUSED]),
           atomic_load(&t->results[LOAD_PENDING]), atomic_load(&t->results[LOAD_BROKEN]),
           duplicates);
    if (run->problem[0] && !o->json) {
        printf("first failure: %s\n", run->problem);
    }
}

enum {
    OPT_URL = 1,
    OPT_REQUESTS,
    OPT_CONNECTIONS,
    OPT_OPERATION,
    OPT_NEW,
    OPT_GET,
    OPT_RATE,
    OPT_PREFIX,
    OPT_FIRST,
    OPT_VERIFY,
    OPT_PID,
    OPT_SERIALS,
    OPT_JSON
};

static const struct option names[] = { { "url", 1, 0, OPT_URL },
                                       { "requests", 1, 0, OPT_REQUESTS },
                                       { "connections", 1, 0, OPT_CONNECTIONS },
                                       { "operation", 1, 0, OPT_OPERATION },
                                       { "new", 0, 0, OPT_NEW },
                                       { "get", 0, 0, OPT_GET },
                                       { "rate", 1, 0, OPT_RATE },
                                       { "prefix", 1, 0, OPT_PREFIX },
                                       { "first", 1, 0, OPT_FIRST },
                                       { "verify", 1, 0, OPT_VERIFY },
                                       { "pid", 1, 0, OPT_PID },
                                       { "serials", 1, 0, OPT_SERIALS },
                                       { "json", 0, 0, OPT_JSON },
                                       { 0, 0, 0, 0 } };

static bool take_option(struct options *o, int option)
{
    switch (option) {
    case OPT_URL:
        o->url = optarg;
        return true;
    case OPT_REQUESTS:
        o->requests = strtoul(optarg, NULL, 10);
        return o->requests > 0;
    case OPT_CONNECTIONS:
        o->run.connections = (unsigned)strtoul(optarg, NULL, 10);
        return o->run.connections > 0 && o->run.connections <= LOAD_CONNECTIONS_MAX;
    case OPT_OPERATION:
        o->run.operation = optarg;
        return true;
    case OPT_NEW:
        o->run.fresh = true;
        return true;
    case OPT_GET:
        o->run.get = true;
        return true;
    case OPT_RATE:
        o->run.rate = strtod(optarg, NULL);
        return o->run.rate > 0;
    case OPT_PREFIX:
        o->prefix = optarg;
        return true;
    case OPT_FIRST:
        o->first = strtoul(optarg, NULL, 10);
        return true;
    case OPT_VERIFY:
        o->verify = strtol(optarg, NULL, 10);
        return true;
    case OPT_PID:
        o->pids[o->pid_count++] = strtol(optarg, NULL, 10);
        return o->pid_count < PIDS_MAX;
    case OPT_SERIALS:
        o->serials = optarg;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    struct options o = { .prefix = "load",
                         .requests = 1000,
                         .verify = -1,
                         .run = { .operation = "PKIOperation", .connections = 1 } };
    struct load_target target;
    struct load_requests requests = { .count = 0 };
    struct load_run run;
    struct load_usage before = { .threads = 0 }, after = { .threads = 0 };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(&o, option)) {
            return 2;
        }
    }
    if (!o.url || optind != argc) {
        fprintf(stderr, "Usage: scep_load --url URL [OPTION...], see scep_load.c\n");
        return 2;
    }
    if (!load_target_open(&target, o.url)) {
        return 1;
    }
    bool messages = strcmp(o.run.operation, "PKIOperation") == 0;
    if (messages) {
        load_requests_make(&target, getenv("OPENNDES_LOAD_CHALLENGE"), o.prefix, o.first,
                           o.requests, &requests);
    }
    bool seen = load_usage_read(o.pids, o.pid_count, &before);
    load_run(&target, &o.run, messages ? requests.messages : NULL, o.requests, &run);
    seen = seen && load_usage_read(o.pids, o.pid_count, &after);
    if (!seen) {
        fprintf(stderr, "a process of the server is gone, or not ours to look at\n");
    }

    struct tally tally = { .target = &target, .requests = &requests, .run = &run };
    tally.read = !messages                                      ? 0
                 : o.verify < 0 || (size_t)o.verify > run.count ? run.count
                                                                : (size_t)o.verify;
    tally.serials = calloc(run.count, sizeof(*tally.serials));
    if (!tally.serials) {
        return 1;
    }
    load_for_each(tally.read, read_one, &tally);
    size_t duplicates = count_duplicates(&tally);
    bool written = !o.serials || write_serials(&tally, o.serials);
    qsort(run.answers, run.count, sizeof(*run.answers), compare_seconds);
    print_report(&o, &run, &tally, duplicates, &before, &after);
    bool good = written && seen && run.http_failures == 0 && duplicates == 0
                && atomic_load(&tally.results[LOAD_ISSUED]) == tally.read;
    free(tally.serials);
    load_run_clear(&run);
    load_requests_clear(&requests);
    load_target_close(&target);
    return good ? 0 : 1;
}
