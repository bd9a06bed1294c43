/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sends prepared requests over several connections at once and keeps the answers with
 *           their times; what the server's processes used meanwhile.
 * Not here: making requests, reading answers (load_requests.h).
 * Owns:     the answers in struct load_run.
 * Threads:  one for each connection during load_run; else one caller.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_BENCH_LOAD_RUN_H
#define OPENNDES_TESTS_BENCH_LOAD_RUN_H

#include "bench/load_target.h"

#define LOAD_CONNECTIONS_MAX 1024

struct load_run_options {
    const char *operation; /* "PKIOperation" */
    unsigned connections;  /* 1..LOAD_CONNECTIONS_MAX */
    bool fresh;            /* a new connection for each request */
    bool get;              /* GET instead of POST */
    double
        rate; /* requests a second, all connections together; 0: each when the last is answered */
};

struct load_answer {
    long status;    /* HTTP; 0: none */
    double seconds; /* until the whole answer was there; with a rate: from when it was due */
    struct buffer body;
};

struct load_run {
    struct load_answer *answers; /* one for each request */
    size_t count;
    double seconds; /* of the whole run, wall clock */
    size_t http_failures;
    char problem[256]; /* of the first failure */
};

/*
 * Send messages[0..count) (NULL: the operation alone, `count` times). A failure of the machine ends
 * the program; one of the server is counted.
 */
void load_run(const struct load_target *target, const struct load_run_options *options,
              const struct buffer *messages, size_t count, struct load_run *run);
void load_run_clear(struct load_run *run);

double load_clock(void); /* seconds, monotonic */

/* A process as /proc shows it. */
struct load_usage {
    double cpu_seconds;                   /* user and system */
    long rss_kb, peak_kb, threads, files; /* now; peak since its start */
};

/* All processes together; false when one is gone. */
bool load_usage_read(const long *pids, size_t count, struct load_usage *usage);

#endif
