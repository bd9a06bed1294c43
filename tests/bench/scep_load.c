/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator for any SCEP server.
 *
 *   scep_load --url URL [OPTION...]          the challenge is read from OPENNDES_LOAD_CHALLENGE
 *
 *   --requests N      so many enrolments (1000)
 *   --warmup N        so many before them whose time and CPU do not count; their results do (0)
 *   --batch N         so many are made, sent and read at a time; the clock runs while they are sent
 *                     (20000: about 100 MB)
 *   --connections N   at once (1)
 *   --operation NAME  PKIOperation; GetCACert and GetCACaps are asked for without a message
 *   --new             a new connection for each request
 *   --get             GET instead of POST
 *   --rate N          requests a second instead of as many as are answered; times then count from
 *                     when a request was due
 *   --cipher NAME     of the messages: AES-128-CBC (the default), AES-256-CBC, DES-EDE3-CBC
 *   --wrong-every N   each N-th has a wrong challenge
 *   --prefix TEXT     names of the devices, "load"; another one for each run against a server
 *   --first N         number of the first device, 0
 *   --verify N        so many answers of each batch are read; -1 (the default): all, which is what
 *                     counting serials needs. An answer that is read is verified whole
 *   --pid N           a process of the server; may be repeated
 *   --serials FILE    the serials of all certificates, hexadecimal, one a line
 *   --json            one JSON object instead of lines
 *
 * Exit code 1: an answer was missing, broken or a refusal, or a serial came twice. Without
 * PKIOperation: an answer was missing.
 */
#include <getopt.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load_run.h"
#include "bench/load_tally.h"
#include "bench/load_threads.h"

#define PIDS_MAX 16

#define JSON_REPORT                                                                                \
    "{\"connections\":%u,\"requests\":%zu,\"seconds\":%.4f,\"per_second\":%.2f,"                   \
    "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"cpu_ms\":%.4f,\"client_cpu_ms\":%.4f,"      \
    "\"rss_kb\":%ld,\"peak_kb\":%ld,\"threads\":%ld,\"files\":%ld,\"warmup\":%zu,"                 \
    "\"http_failures\":%zu,\"read\":%zu,\"issued\":%zu,\"refused\":%zu,\"pending\":%zu,"           \
    "\"broken\":%zu,\"certificates\":%zu,\"duplicates\":%zu,\"fail_info\":{"
#define TEXT_REPORT                                                                                \
    "connections %u, requests %zu, %.3f s, %.1f a second\n"                                        \
    "latency: p50 %.3f ms, p99 %.3f ms, longest %.3f ms\n"                                         \
    "CPU of each: server %.4f ms, this program %.4f ms; server: %ld KB (peak %ld KB), "            \
    "%ld threads, %ld files\n"                                                                     \
    "warm-up %zu, HTTP failures %zu; read %zu: issued %zu, refused %zu, pending %zu, broken %zu; " \
    "certificates %zu, duplicate serials %zu\n"

struct options {
    const char *url, *serials;
    struct load_request_options request;
    size_t requests, warmup, batch;
    long verify;
    struct load_run_options run;
    long pids[PIDS_MAX];
    size_t pid_count;
    bool json;
};

/* What all batches gave. */
struct totals {
    struct load_tally tally;
    size_t sent, read, http_failures;
    double seconds, client_cpu;
    double server_cpu[PIDS_MAX]; /* of each process */
    struct load_usage usage;     /* last seen */
    bool usage_lost;
    char problem[256];
};

struct reading {
    const struct load_target *target;
    const struct load_requests *requests;
    const struct load_run *run;
    enum load_result *results;
    struct load_answer_facts *facts;
};

static void read_one(void *context, size_t i)
{
    struct reading *r = context;
    const struct load_answer *answer = &r->run->answers[i];
    r->results[i] = LOAD_NO_ANSWER;
    if (answer->status == 200) {
        r->results[i] =
            load_answer_check(r->target, r->requests, i, buffer_bytes(&answer->body), &r->facts[i]);
    }
}

static void read_batch(const struct load_target *target, const struct load_requests *requests,
                       const struct load_run *run, long verify, struct totals *totals)
{
    size_t count = verify < 0 || (size_t)verify > run->count ? run->count : (size_t)verify;
    struct reading r = { .target = target,
                         .requests = requests,
                         .run = run,
                         .results = calloc(count + 1, sizeof(*r.results)),
                         .facts = calloc(count + 1, sizeof(*r.facts)) };
    if (!r.results || !r.facts) {
        fprintf(stderr, "no memory to read %zu answers\n", count);
        exit(EXIT_FAILURE);
    }
    load_for_each(count, read_one, &r);
    for (size_t i = 0; i < count; i++) {
        load_tally_answer(&totals->tally, r.results[i], &r.facts[i]);
    }
    totals->read += count;
    free(r.results);
    free(r.facts);
}

static double own_cpu(void)
{
    struct load_usage usage;
    long pid = getpid();
    return load_usage_read(&pid, 1, &usage) ? usage.cpu_seconds : 0;
}

/* CPU of each process, with the sign of `way` added to what is there. */
static bool add_cpu(const struct options *o, double way, double cpu[PIDS_MAX])
{
    for (size_t i = 0; i < o->pid_count; i++) {
        struct load_usage usage;
        if (!load_usage_read(&o->pids[i], 1, &usage)) {
            return false;
        }
        cpu[i] += way * usage.cpu_seconds;
    }
    return true;
}

/* Send; `counted` says whether time and CPU count. */
static void send_batch(const struct options *o, const struct load_target *target,
                       const struct buffer *messages, size_t count, bool counted,
                       struct load_run *run, struct totals *totals)
{
    double cpu[PIDS_MAX] = { 0 };
    bool seen = add_cpu(o, -1, cpu);
    double client = own_cpu();
    load_run(target, &o->run, messages, count, run);
    client = own_cpu() - client;
    seen = add_cpu(o, 1, cpu) && load_usage_read(o->pids, o->pid_count, &totals->usage) && seen;
    totals->usage_lost = totals->usage_lost || !seen;
    totals->http_failures += run->http_failures;
    if (!totals->problem[0]) {
        memcpy(totals->problem, run->problem, sizeof(totals->problem));
    }
    if (!counted) {
        return;
    }
    totals->sent += count;
    totals->seconds += run->seconds;
    totals->client_cpu += client;
    for (size_t i = 0; i < o->pid_count; i++) {
        totals->server_cpu[i] += cpu[i];
    }
    for (size_t i = 0; i < count; i++) {
        load_tally_time(&totals->tally, run->answers[i].seconds);
    }
}

static void run_batch(const struct options *o, const struct load_target *target, size_t first,
                      size_t count, bool counted, struct totals *totals)
{
    struct load_requests requests = { .count = 0 };
    struct load_run run;
    bool messages = strcmp(o->run.operation, "PKIOperation") == 0;
    if (messages) {
        struct load_request_options request = o->request;
        request.first += first;
        load_requests_make_as(target, &request, count, &requests);
    }
    send_batch(o, target, messages ? requests.messages : NULL, count, counted, &run, totals);
    if (messages) {
        read_batch(target, &requests, &run, o->verify, totals);
    }
    load_run_clear(&run);
    load_requests_clear(&requests);
}

static void run_all(const struct options *o, const struct load_target *target,
                    struct totals *totals)
{
    if (o->warmup) {
        run_batch(o, target, 0, o->warmup, false, totals);
    }
    for (size_t done = 0; done < o->requests;) {
        size_t left = o->requests - done, count = left < o->batch ? left : o->batch;
        run_batch(o, target, o->warmup + done, count, true, totals);
        done += count;
    }
}

static void print_report(const struct options *o, struct totals *totals, size_t duplicates)
{
    struct load_tally *t = &totals->tally;
    double each = 1000.0 / (double)totals->sent, server_cpu = 0;
    for (size_t i = 0; i < o->pid_count; i++) {
        server_cpu += totals->server_cpu[i];
    }
    printf(o->json ? JSON_REPORT : TEXT_REPORT, o->run.connections, totals->sent, totals->seconds,
           (double)totals->sent / totals->seconds, load_tally_percentile(t, 0.5) * 1000,
           load_tally_percentile(t, 0.99) * 1000, load_tally_percentile(t, 1) * 1000,
           server_cpu * each, totals->client_cpu * each, totals->usage.rss_kb,
           totals->usage.peak_kb, totals->usage.threads, totals->usage.files, o->warmup,
           totals->http_failures, totals->read, t->results[LOAD_ISSUED], t->results[LOAD_REFUSED],
           t->results[LOAD_PENDING], t->results[LOAD_BROKEN], t->serial_count, duplicates);
    for (size_t i = 0; i < LOAD_FAIL_INFO_COUNT; i++) {
        if (o->json) {
            printf("%s\"%s\":%zu", i ? "," : "", load_fail_info_name(i), t->fail_infos[i]);
        } else if (t->fail_infos[i]) {
            printf("refused with %s: %zu\n", load_fail_info_name(i), t->fail_infos[i]);
        }
    }
    if (o->json) {
        printf("},\"cpu_ms_by_process\":[");
        for (size_t i = 0; i < o->pid_count; i++) {
            printf("%s%.4f", i ? "," : "", totals->server_cpu[i] * each);
        }
        printf("]}\n");
    }
    if (totals->problem[0]) {
        fprintf(stderr, "first failure: %s\n", totals->problem);
    }
    if (t->first_problem[0]) {
        fprintf(stderr, "first broken answer: %s\n", t->first_problem);
    }
    if (totals->usage_lost) {
        fprintf(stderr, "a process of the server is gone, or not ours to look at\n");
    }
}

enum {
    OPT_URL = 1,
    OPT_REQUESTS,
    OPT_WARMUP,
    OPT_BATCH,
    OPT_CONNECTIONS,
    OPT_OPERATION,
    OPT_NEW,
    OPT_GET,
    OPT_RATE,
    OPT_CIPHER,
    OPT_WRONG_EVERY,
    OPT_PREFIX,
    OPT_FIRST,
    OPT_VERIFY,
    OPT_PID,
    OPT_SERIALS,
    OPT_JSON
};

static const struct option names[] = { { "url", 1, 0, OPT_URL },
                                       { "requests", 1, 0, OPT_REQUESTS },
                                       { "warmup", 1, 0, OPT_WARMUP },
                                       { "batch", 1, 0, OPT_BATCH },
                                       { "connections", 1, 0, OPT_CONNECTIONS },
                                       { "operation", 1, 0, OPT_OPERATION },
                                       { "new", 0, 0, OPT_NEW },
                                       { "get", 0, 0, OPT_GET },
                                       { "rate", 1, 0, OPT_RATE },
                                       { "cipher", 1, 0, OPT_CIPHER },
                                       { "wrong-every", 1, 0, OPT_WRONG_EVERY },
                                       { "prefix", 1, 0, OPT_PREFIX },
                                       { "first", 1, 0, OPT_FIRST },
                                       { "verify", 1, 0, OPT_VERIFY },
                                       { "pid", 1, 0, OPT_PID },
                                       { "serials", 1, 0, OPT_SERIALS },
                                       { "json", 0, 0, OPT_JSON },
                                       { 0, 0, 0, 0 } };

/* A whole number and nothing behind it. */
static bool take_number(size_t *number, size_t least)
{
    char *end = NULL;
    *number = strtoul(optarg, &end, 10);
    return optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && *number >= least;
}

static bool take_connections(struct options *o)
{
    size_t number;
    if (!take_number(&number, 1) || number > LOAD_CONNECTIONS_MAX) {
        return false;
    }
    o->run.connections = (unsigned)number;
    return true;
}

static bool take_pid(struct options *o)
{
    size_t number;
    if (!take_number(&number, 1) || o->pid_count == PIDS_MAX) {
        return false;
    }
    o->pids[o->pid_count++] = (long)number;
    return true;
}

static bool take_text(const char **text)
{
    *text = optarg;
    return true;
}

static bool take_option(struct options *o, int option)
{
    switch (option) {
    case OPT_URL:
        return take_text(&o->url);
    case OPT_REQUESTS:
        return take_number(&o->requests, 1);
    case OPT_WARMUP:
        return take_number(&o->warmup, 0);
    case OPT_BATCH:
        return take_number(&o->batch, 1);
    case OPT_CONNECTIONS:
        return take_connections(o);
    case OPT_OPERATION:
        return take_text(&o->run.operation);
    case OPT_NEW:
        o->run.fresh = true;
        return true;
    case OPT_GET:
        o->run.get = true;
        return true;
    case OPT_RATE:
        o->run.rate = strtod(optarg, NULL);
        return o->run.rate > 0;
    case OPT_CIPHER:
        return take_text(&o->request.cipher);
    case OPT_WRONG_EVERY:
        return take_number(&o->request.wrong_every, 1);
    case OPT_PREFIX:
        return take_text(&o->request.prefix) && strlen(optarg) < LOAD_NAME_MAX;
    case OPT_FIRST:
        return take_number(&o->request.first, 0);
    case OPT_VERIFY:
        o->verify = strtol(optarg, NULL, 10);
        return true;
    case OPT_PID:
        return take_pid(o);
    case OPT_SERIALS:
        return take_text(&o->serials);
    case OPT_JSON:
        o->json = true;
        return true;
    default:
        return false;
    }
}

/* Run and report; true when every answer was a certificate with a serial of its own. */
static bool measure(const struct options *o, const struct load_target *target)
{
    struct totals totals = { .sent = 0 };
    run_all(o, target, &totals);
    size_t duplicates = load_tally_duplicates(&totals.tally);
    bool written = !o->serials || load_tally_write_serials(&totals.tally, o->serials);
    print_report(o, &totals, duplicates);
    bool good = written && !totals.usage_lost && totals.http_failures == 0 && duplicates == 0
                && totals.tally.results[LOAD_ISSUED] == totals.read;
    load_tally_clear(&totals.tally);
    return good;
}

int main(int argc, char **argv)
{
    struct options o = { .request = { .challenge = getenv("OPENNDES_LOAD_CHALLENGE"),
                                      .prefix = "load" },
                         .requests = 1000,
                         .batch = 20000,
                         .verify = -1,
                         .run = { .operation = "PKIOperation", .connections = 1 } };
    struct load_target target;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(&o, option)) {
            fprintf(stderr, "scep_load: wrong option or value%s%s\n", optarg ? ": " : "",
                    optarg ? optarg : "");
            return 2;
        }
    }
    if (!o.url || optind != argc) {
        fprintf(stderr, "Usage: scep_load --url URL [OPTION...], see scep_load.c\n");
        return 2;
    }
    /* scepserver encrypts its answers by single DES. */
    OSSL_PROVIDER *current = OSSL_PROVIDER_load(NULL, "default");
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(NULL, "legacy");
    bool good = load_target_open(&target, o.url) && measure(&o, &target);
    load_target_close(&target);
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(current);
    return good ? 0 : 1;
}
