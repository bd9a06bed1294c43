/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that enrol until the server is gone, and a ledger of what they have received.
 *
 *   crash_client --device URL --once URL --passwords FILE --ledger FILE --again FILE --prefix TEXT
 *                [--threads N] [--pairs N] [--seconds N]
 *
 *   --device URL      template with a passphrase, which is read from OPENNDES_LOAD_CHALLENGE
 *   --once URL        template with one-time passwords
 *   --passwords FILE  "ID PASSWORD" on each line; each is given to two devices at the same time
 *   --ledger FILE     appended to: one line for each answer, on disk before the device goes on
 *   --again FILE      requests that got no answer: sent again first, as devices do, with the same
 *                     bytes; replaced at the end by those that are without an answer now
 *   --prefix TEXT     names of the devices, another one for each run
 *   --threads N       devices at once with the passphrase (2); --pairs N of two with a password (2)
 *   --seconds N       end after so long although the server lives (60)
 *
 * A line of the ledger: RESULT KIND PASSWORD-ID CN SERIAL DER, with "-" for what does not apply.
 * Exit code 0: the server was gone, or the time was over; 1: an answer was broken; 2: usage.
 */
#include <openssl/x509.h>

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load_requests.h"
#include "bench/load_run.h"
#include "support/scep_client.h"

#define NAME_MAX_BYTES 64
#define THREADS_MAX 32
#define PASSWORDS_MAX 4096u
#define WAITING_MAX 65536u
#define MESSAGE_MAX 65536u

enum kind { DEVICE, ONCE, KINDS };
static const char *const kind_names[KINDS] = { "device", "once" };

struct message {
    uint32_t kind, password, len;
    char cn[NAME_MAX_BYTES];
    uint8_t *bytes; /* owned */
};

struct password {
    uint32_t id;
    char text[64];
};

/* Two devices with one password. */
struct pair {
    struct world *world;
    pthread_barrier_t both;
    size_t next; /* password of both; PASSWORDS_MAX: the end */
};

struct world {
    const char *urls[KINDS], *prefix, *challenge, *again;
    struct load_target targets[KINDS];
    struct load_requests devices; /* key and certificate of all of them */
    struct password passwords[PASSWORDS_MAX];
    size_t password_count;
    atomic_size_t password_next, device_next, resend_next;
    struct message *waiting; /* sent before this run, WAITING_MAX */
    size_t waiting_count;
    pthread_mutex_t lock; /* guards what follows */
    int ledger;
    struct message *unanswered; /* WAITING_MAX */
    size_t unanswered_count;
    size_t issued, refused, broken;
    atomic_bool gone; /* the server, or the time */
    double until;
};

static void stop(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* ---- the ledger ------------------------------------------------------------------------------ */

/* One write, on disk before anybody counts on it. */
static void note(struct world *w, const char *result, const struct message *m, const char *serial,
                 X509 *cert)
{
    uint8_t *der = NULL;
    int len = cert ? i2d_X509(cert, &der) : 0;
    char id[16] = "-";
    char *line = malloc((size_t)len * 2 + 512);
    if (!line || len < 0) {
        stop("certificate");
    }
    if (m->kind == ONCE) {
        snprintf(id, sizeof(id), "%u", m->password);
    }
    size_t at = (size_t)snprintf(line, 400, "%s %s %s %s %s ", result, kind_names[m->kind], id,
                                 m->cn, serial[0] ? serial : "-");
    for (int i = 0; i < len; i++) {
        at += (size_t)snprintf(line + at, 3, "%02x", der[i]);
    }
    at += (size_t)snprintf(line + at, 3, len ? "\n" : "-\n");
    if (write(w->ledger, line, at) != (ssize_t)at || fdatasync(w->ledger) != 0) {
        stop("ledger");
    }
    OPENSSL_free(der);
    free(line);
}

/* Takes the message over. */
static void keep(struct world *w, struct message *m)
{
    pthread_mutex_lock(&w->lock);
    if (w->unanswered_count == WAITING_MAX) {
        stop("too many requests without an answer");
    }
    w->unanswered[w->unanswered_count++] = *m;
    pthread_mutex_unlock(&w->lock);
    m->bytes = NULL;
}

/* ---- one request ----------------------------------------------------------------------------- */

static void count(struct world *w, struct message *m, enum load_result result, const char *serial,
                  X509 *cert)
{
    pthread_mutex_lock(&w->lock);
    if (result == LOAD_ISSUED) {
        note(w, "issued", m, serial, cert);
        w->issued++;
    } else if (result == LOAD_REFUSED) {
        note(w, "refused", m, serial, NULL);
        w->refused++;
    } else {
        fprintf(stderr, "%s: a broken answer\n", m->cn);
        w->broken++;
    }
    pthread_mutex_unlock(&w->lock);
}

/* Send it; whatever becomes of it, the message is not the caller's any more. */
static void enrol(struct world *w, struct load_connection *connection, struct message *m)
{
    struct buffer answer = { .max = LOAD_ANSWER_MAX };
    char serial[LOAD_SERIAL_MAX] = "";
    X509 *cert = NULL;
    long status = load_exchange(connection, "PKIOperation", (struct bytes){ m->bytes, m->len },
                                false, &answer);
    if (status == 200) {
        enum load_result result =
            load_answer_read(&w->targets[m->kind], &w->devices,
                             (struct bytes){ answer.data, answer.len }, serial, &cert);
        count(w, m, result, serial, cert);
    } else {
        if (status == 0) {
            atomic_store(&w->gone, true);
        }
        keep(w, m);
    }
    X509_free(cert);
    buffer_clear(&answer);
    free(m->bytes);
    m->bytes = NULL;
}

static void make(struct world *w, enum kind kind, uint32_t password, const char *challenge,
                 const char *cn, struct message *m)
{
    struct scep_client c;
    struct buffer message = { .max = SCEP_CLIENT_BYTES_MAX };
    char transaction[NAME_MAX_BYTES + 4];
    *m = (struct message){ .kind = kind, .password = password };
    snprintf(m->cn, sizeof(m->cn), "%s", cn);
    snprintf(transaction, sizeof(transaction), "T-%s", cn);
    scep_client_init(&c, w->devices.key, w->targets[kind].recipient);
    c.cert = w->devices.cert;
    c.cn = m->cn;
    c.challenge = challenge;
    c.transaction_id = bytes_of_text(transaction);
    scep_client_request(&c, &message, NULL);
    m->len = (uint32_t)message.len;
    m->bytes = malloc(message.len);
    if (!m->bytes) {
        stop("request");
    }
    memcpy(m->bytes, message.data, message.len);
    buffer_clear(&message);
}

/* ---- devices --------------------------------------------------------------------------------- */

static bool over(struct world *w)
{
    if (load_clock() > w->until) {
        atomic_store(&w->gone, true);
    }
    return atomic_load(&w->gone);
}

static void send_again(struct world *w, struct load_connection *connections[KINDS])
{
    size_t i;
    while ((i = atomic_fetch_add(&w->resend_next, 1)) < w->waiting_count) {
        struct message m = w->waiting[i];
        w->waiting[i].bytes = NULL;
        if (over(w)) {
            keep(w, &m);
        } else {
            enrol(w, connections[m.kind], &m);
        }
    }
}

static void *be_device(void *context)
{
    struct world *w = context;
    struct load_connection *connections[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        connections[kind] = load_connection_open(&w->targets[kind], false);
    }
    send_again(w, connections);
    while (!over(w)) {
        struct message m;
        char cn[NAME_MAX_BYTES];
        snprintf(cn, sizeof(cn), "%s-d%zu", w->prefix, atomic_fetch_add(&w->device_next, 1));
        make(w, DEVICE, 0, w->challenge, cn, &m);
        enrol(w, connections[DEVICE], &m);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        load_connection_close(connections[kind]);
    }
    return NULL;
}

/* Both make their request first, then send it at the same moment. */
static void *be_one_of_two(void *context)
{
    struct pair *pair = context;
    struct world *w = pair->world;
    struct load_connection *connection = load_connection_open(&w->targets[ONCE], false);
    for (;;) {
        bool first = pthread_barrier_wait(&pair->both) == PTHREAD_BARRIER_SERIAL_THREAD;
        if (first) {
            pair->next = over(w) ? PASSWORDS_MAX : atomic_fetch_add(&w->password_next, 1);
        }
        pthread_barrier_wait(&pair->both);
        if (pair->next >= w->password_count) {
            break;
        }
        const struct password *password = &w->passwords[pair->next];
        struct message m;
        char cn[NAME_MAX_BYTES];
        snprintf(cn, sizeof(cn), "%s-p%zu%c", w->prefix, pair->next, first ? 'a' : 'b');
        make(w, ONCE, password->id, password->text, cn, &m);
        pthread_barrier_wait(&pair->both);
        enrol(w, connection, &m);
    }
    load_connection_close(connection);
    return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void read_passwords(struct world *w, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        stop(path);
    }
    while (w->password_count < PASSWORDS_MAX
           && fscanf(file, "%u %63s", &w->passwords[w->password_count].id,
                     w->passwords[w->password_count].text)
                  == 2) {
        w->password_count++;
    }
    fclose(file);
}

static bool read_message(FILE *file, struct message *m)
{
    if (fread(m, sizeof(*m), 1, file) != 1) {
        return false;
    }
    m->bytes = m->len <= MESSAGE_MAX && m->kind < KINDS ? malloc(m->len) : NULL;
    return m->bytes && fread(m->bytes, m->len, 1, file) == 1;
}

static void read_again(struct world *w)
{
    FILE *file = fopen(w->again, "re");
    while (file && w->waiting_count < WAITING_MAX
           && read_message(file, &w->waiting[w->waiting_count])) {
        w->waiting_count++;
    }
    if (file) {
        fclose(file);
    }
}

static void write_again(struct world *w)
{
    FILE *file = fopen(w->again, "we");
    if (!file) {
        stop(w->again);
    }
    for (size_t i = 0; i < w->unanswered_count; i++) {
        struct message *m = &w->unanswered[i];
        if (fwrite(m, sizeof(*m), 1, file) != 1 || fwrite(m->bytes, m->len, 1, file) != 1) {
            stop(w->again);
        }
        free(m->bytes);
    }
    if (fclose(file) != 0) {
        stop(w->again);
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

static void run(struct world *w, size_t devices, size_t pairs)
{
    pthread_t threads[THREADS_MAX];
    struct pair both[THREADS_MAX / 2];
    size_t running = 0;
    for (size_t i = 0; i < devices; i++) {
        pthread_create(&threads[running++], NULL, be_device, w);
    }
    for (size_t i = 0; i < pairs; i++) {
        both[i] = (struct pair){ .world = w };
        pthread_barrier_init(&both[i].both, NULL, 2);
        pthread_create(&threads[running++], NULL, be_one_of_two, &both[i]);
        pthread_create(&threads[running++], NULL, be_one_of_two, &both[i]);
    }
    for (size_t i = 0; i < running; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < pairs; i++) {
        pthread_barrier_destroy(&both[i].both);
    }
}

static const struct option names[] = {
    { "device", 1, 0, 'd' },  { "once", 1, 0, 'o' },  { "passwords", 1, 0, 'w' },
    { "ledger", 1, 0, 'l' },  { "again", 1, 0, 'a' }, { "prefix", 1, 0, 'p' },
    { "threads", 1, 0, 't' }, { "pairs", 1, 0, 'b' }, { "seconds", 1, 0, 's' },
    { 0, 0, 0, 0 },
};

int main(int argc, char **argv)
{
    static struct world w = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *values[128] = { [(int)'t'] = "2", [(int)'b'] = "2", [(int)'s'] = "60" };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == '?') {
            return 2;
        }
        values[option] = optarg;
    }
    size_t devices = strtoul(values[(int)'t'], NULL, 10);
    size_t pairs = strtoul(values[(int)'b'], NULL, 10);
    for (const char *needed = "dowlap"; *needed; needed++) {
        if (!values[(int)*needed] || devices + 2 * pairs > THREADS_MAX) {
            fprintf(stderr, "Usage: see crash_client.c\n");
            return 2;
        }
    }
    w.challenge = getenv("OPENNDES_LOAD_CHALLENGE");
    w.prefix = values[(int)'p'];
    w.again = values[(int)'a'];
    w.waiting = calloc(WAITING_MAX, sizeof(*w.waiting));
    w.unanswered = calloc(WAITING_MAX, sizeof(*w.unanswered));
    w.ledger = open(values[(int)'l'], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (!w.waiting || !w.unanswered || w.ledger < 0) {
        stop("start");
    }
    read_passwords(&w, values[(int)'w']);
    read_again(&w);
    if (!load_target_open(&w.targets[DEVICE], values[(int)'d'])
        || !load_target_open(&w.targets[ONCE], values[(int)'o'])) {
        return EXIT_FAILURE;
    }
    /* The name stays the same, or an answer to an older request could not be opened. */
    load_requests_make(&w.targets[DEVICE], NULL, "crash", 0, 0, &w.devices);
    w.until = load_clock() + strtod(values[(int)'s'], NULL);
    run(&w, devices, pairs);
    write_again(&w);
    printf("issued %zu, refused %zu, without an answer %zu, sent again %zu, broken %zu\n", w.issued,
           w.refused, w.unanswered_count, w.waiting_count, w.broken);
    free(w.waiting);
    free(w.unanswered);
    load_requests_clear(&w.devices);
    load_target_close(&w.targets[DEVICE]);
    load_target_close(&w.targets[ONCE]);
    return w.broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
