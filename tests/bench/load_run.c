/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct running {
    const struct load_target *target;
    const struct load_run_options *options;
    const struct buffer *messages;
    struct load_run *run;
    double begun;
    atomic_size_t next;
    atomic_size_t failures;
    pthread_mutex_t lock; /* guards run->problem */
};

double load_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_until(double when)
{
    double left = when - load_clock();
    if (left > 0) {
        struct timespec pause = { .tv_sec = (time_t)left,
                                  .tv_nsec = (long)((left - (double)(time_t)left) * 1e9) };
        nanosleep(&pause, NULL);
    }
}

/* `said`: the server's words, if it said any. */
static void note_failure(struct running *r, long status, const char *problem, struct bytes said)
{
    if (atomic_fetch_add(&r->failures, 1) == 0) {
        pthread_mutex_lock(&r->lock);
        int shown = said.len > 120 ? 120 : (int)said.len;
        snprintf(r->run->problem, sizeof(r->run->problem), "HTTP %ld %s%.*s", status, problem,
                 shown, said.data ? (const char *)said.data : "");
        pthread_mutex_unlock(&r->lock);
    }
}

static void *connection_thread(void *context)
{
    struct running *r = context;
    const struct load_run_options *o = r->options;
    struct load_connection *connection = load_connection_open(r->target, o->fresh);
    if (!connection) {
        note_failure(r, 0, "no memory", (struct bytes){ 0 });
        return NULL;
    }
    size_t i;
    while ((i = atomic_fetch_add(&r->next, 1)) < r->run->count) {
        struct load_answer *answer = &r->run->answers[i];
        double due = load_clock();
        if (o->rate > 0) {
            due = r->begun + (double)i / o->rate;
            wait_until(due);
        }
        answer->body.max = LOAD_ANSWER_MAX;
        answer->status =
            load_exchange(connection, o->operation,
                          r->messages ? buffer_bytes(&r->messages[i]) : (struct bytes){ 0 }, o->get,
                          &answer->body);
        answer->seconds = load_clock() - due;
        if (answer->status != 200) {
            note_failure(r, answer->status, load_connection_problem(connection),
                         buffer_bytes(&answer->body));
        }
    }
    load_connection_close(connection);
    return NULL;
}

void load_run(const struct load_target *target, const struct load_run_options *options,
              const struct buffer *messages, size_t count, struct load_run *run)
{
    pthread_t threads[LOAD_CONNECTIONS_MAX];
    *run = (struct load_run){ .count = count, .answers = calloc(count, sizeof(*run->answers)) };
    struct running r = { .target = target,
                         .options = options,
                         .messages = messages,
                         .run = run,
                         .lock = PTHREAD_MUTEX_INITIALIZER };
    if (!run->answers || options->connections > LOAD_CONNECTIONS_MAX) {
        fprintf(stderr, "cannot keep %zu answers of %u connections\n", count, options->connections);
        exit(EXIT_FAILURE);
    }
    r.begun = load_clock();
    for (unsigned i = 0; i < options->connections; i++) {
        if (pthread_create(&threads[i], NULL, connection_thread, &r) != 0) {
            fprintf(stderr, "no thread for connection %u\n", i);
            exit(EXIT_FAILURE);
        }
    }
    for (unsigned i = 0; i < options->connections; i++) {
        pthread_join(threads[i], NULL);
    }
    run->seconds = load_clock() - r.begun;
    run->http_failures = atomic_load(&r.failures);
}

void load_run_clear(struct load_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        buffer_clear(&run->answers[i].body);
    }
    free(run->answers);
    *run = (struct load_run){ .count = 0 };
}
