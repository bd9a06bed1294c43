/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at the same moment, or for as long as somebody changes the server: what became of
 * every request.
 *
 *   crowd --url URL [--url URL...] [OPTION...]    challenge from OPENNDES_LOAD_CHALLENGE
 *
 *   --connections N   clients; each has one connection, to the URLs in turn (64)
 *   --until FILE      each goes on with new names until FILE exists; otherwise it sends one request
 *   --same            all send the same bytes
 *   --usages          every second one asks for digitalSignature alone
 *   --also URL        after each request a GET of this, which must be answered with 200
 *   --prefix TEXT     of the names, "crowd"
 *
 * All connections are open, and all first messages made, before the first is sent. One line for
 * each URL: "url N: answers N issued N refused N other N failed N", one for each OU in the
 * certificates, "OU NAME: N", "serials N" and "also N". Exit code 1: an answer was missing or could
 * not be read.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <curl/curl.h>

#include "bench/load_target.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

#define URLS_MAX 8
#define CLIENTS_MAX 256
#define OUS_MAX 8
#define SERIAL_MAX 64

struct counts {
    size_t answers, issued, refused, other, failed;
};

struct crowd {
    struct load_target targets[URLS_MAX];
    size_t target_count;
    struct evp_pkey_st *key;
    struct x509_st *cert;
    const char *challenge, *prefix, *until, *also;
    bool same, usages;
    unsigned clients;
    struct buffer shared; /* the message that all send */
    pthread_barrier_t start;
    pthread_mutex_t lock; /* guards what follows */
    struct counts counts[URLS_MAX];
    char ous[OUS_MAX][SERIAL_MAX];
    size_t ou_counts[OUS_MAX];
    char (*serials)[SERIAL_MAX];
    size_t serial_count, serial_room;
    size_t also_good, also_bad;
    bool told;
};

struct client {
    struct crowd *crowd;
    pthread_t thread;
    unsigned number;
};

static void make(const struct crowd *w, unsigned number, unsigned round, struct buffer *out)
{
    char cn[80], transaction[96];
    struct scep_client c;
    snprintf(cn, sizeof(cn), "%s-%u-%u", w->prefix, number, round);
    snprintf(transaction, sizeof(transaction), "T-%s", cn);
    scep_client_init(&c, w->key, w->targets[number % w->target_count].recipient);
    c.cert = w->cert;
    c.cn = cn;
    c.challenge = w->challenge;
    c.key_usage = w->usages && number % 2 == 1 ? "digitalSignature" : NULL;
    c.transaction_id = bytes_of_text(transaction);
    scep_client_request(&c, out, NULL);
}

static void count_ou(struct crowd *w, const X509 *cert)
{
    char ou[SERIAL_MAX] = "-";
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_organizationalUnitName, ou,
                              sizeof(ou));
    size_t at = 0;
    while (at + 1 < OUS_MAX && w->ous[at][0] && strcmp(w->ous[at], ou) != 0) {
        at++;
    }
    snprintf(w->ous[at], sizeof(w->ous[at]), "%s", ou);
    w->ou_counts[at]++;
}

static void count_serial(struct crowd *w, const X509 *cert)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = number ? BN_bn2hex(number) : NULL;
    if (w->serial_count == w->serial_room) {
        w->serial_room = w->serial_room ? w->serial_room * 2 : 256;
        w->serials = realloc(w->serials, w->serial_room * sizeof(*w->serials));
    }
    if (!w->serials || !text) {
        fprintf(stderr, "crowd: no memory\n");
        exit(EXIT_FAILURE);
    }
    snprintf(w->serials[w->serial_count++], SERIAL_MAX, "%s", text);
    OPENSSL_free(text);
    BN_free(number);
}

static void judge(struct crowd *w, size_t which, long status, const struct buffer *answer,
                  const char *problem)
{
    struct scep_client_reply reply = { 0 };
    bool read = status == 200
                && scep_client_read(buffer_bytes(answer), w->targets[which].signer, w->key, w->cert,
                                    &reply);
    pthread_mutex_lock(&w->lock);
    struct counts *c = &w->counts[which];
    c->answers++;
    if (!read) {
        c->failed++;
        if (!w->told) {
            fprintf(stderr, "HTTP %ld %s %s\n", status, problem, reply.problem);
            w->told = true;
        }
    } else if (reply.status == 0 && reply.cert) {
        c->issued++;
        count_ou(w, reply.cert);
        count_serial(w, reply.cert);
    } else if (reply.status == 2 && reply.fail_info == 2) {
        c->refused++;
    } else {
        c->other++;
    }
    pthread_mutex_unlock(&w->lock);
    scep_client_reply_clear(&reply);
}

static void ask_also(struct crowd *w, struct load_connection *connection, struct buffer *answer)
{
    long status = load_get(connection, w->also, answer);
    pthread_mutex_lock(&w->lock);
    w->also_good += status == 200;
    w->also_bad += status != 200;
    if (status != 200 && !w->told) {
        fprintf(stderr, "%s: HTTP %ld %s\n", w->also, status, load_connection_problem(connection));
        w->told = true;
    }
    pthread_mutex_unlock(&w->lock);
}

static bool is_over(const struct crowd *w)
{
    FILE *file = w->until ? fopen(w->until, "rb") : NULL;
    if (file) {
        fclose(file);
    }
    return !w->until || file;
}

static void *run_client(void *context)
{
    struct client *client = context;
    struct crowd *w = client->crowd;
    size_t which = client->number % w->target_count;
    struct load_connection *connection = load_connection_open(&w->targets[which], false);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer answer = BUFFER_INIT(LOAD_ANSWER_MAX);
    long ready =
        connection ? load_exchange(connection, "GetCACaps", (struct bytes){ 0 }, true, &answer) : 0;
    make(w, client->number, 0, &message);
    pthread_barrier_wait(&w->start);
    for (unsigned round = 1; ready == 200; round++) {
        struct bytes body = buffer_bytes(w->same ? &w->shared : &message);
        long status = load_exchange(connection, "PKIOperation", body, false, &answer);
        judge(w, which, status, &answer, load_connection_problem(connection));
        if (w->also) {
            ask_also(w, connection, &answer);
        }
        if (is_over(w)) {
            break;
        }
        make(w, client->number, round, &message);
    }
    if (ready != 200) {
        judge(w, which, ready, &answer, "GetCACaps");
    }
    load_connection_close(connection);
    buffer_clear(&message);
    buffer_clear(&answer);
    return NULL;
}

static void run_all(struct crowd *w)
{
    static struct client clients[CLIENTS_MAX];
    w->shared.max = SCEP_CLIENT_BYTES_MAX;
    make(w, 0, 0, &w->shared);
    pthread_mutex_init(&w->lock, NULL);
    pthread_barrier_init(&w->start, NULL, w->clients);
    for (unsigned i = 0; i < w->clients; i++) {
        clients[i] = (struct client){ .crowd = w, .number = i };
        if (pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0) {
            fprintf(stderr, "crowd: no thread for client %u\n", i);
            exit(EXIT_FAILURE);
        }
    }
    for (unsigned i = 0; i < w->clients; i++) {
        pthread_join(clients[i].thread, NULL);
    }
    pthread_barrier_destroy(&w->start);
    pthread_mutex_destroy(&w->lock);
}

static int compare_serials(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* False: an answer is missing or cannot be read. */
static bool report(struct crowd *w)
{
    bool good = true;
    size_t different = 0;
    for (size_t i = 0; i < w->target_count; i++) {
        const struct counts *c = &w->counts[i];
        printf("url %zu: answers %zu issued %zu refused %zu other %zu failed %zu\n", i, c->answers,
               c->issued, c->refused, c->other, c->failed);
        good = good && c->failed == 0 && c->answers > 0;
    }
    for (size_t i = 0; i < OUS_MAX && w->ous[i][0]; i++) {
        printf("OU %s: %zu\n", w->ous[i], w->ou_counts[i]);
    }
    if (w->serial_count > 0) {
        qsort(w->serials, w->serial_count, sizeof(*w->serials), compare_serials);
    }
    for (size_t i = 0; i < w->serial_count; i++) {
        different += i == 0 || strcmp(w->serials[i], w->serials[i - 1]) != 0;
    }
    printf("serials %zu\nalso %zu\n", different, w->also_good);
    return good && w->also_bad == 0;
}

enum { OPT_URL = 1, OPT_CONNECTIONS, OPT_UNTIL, OPT_SAME, OPT_USAGES, OPT_ALSO, OPT_PREFIX };

static const struct option names[] = {
    { "url", 1, 0, OPT_URL },       { "connections", 1, 0, OPT_CONNECTIONS },
    { "until", 1, 0, OPT_UNTIL },   { "same", 0, 0, OPT_SAME },
    { "usages", 0, 0, OPT_USAGES }, { "also", 1, 0, OPT_ALSO },
    { "prefix", 1, 0, OPT_PREFIX }, { 0, 0, 0, 0 }
};

static bool take_option(struct crowd *w, int option)
{
    switch (option) {
    case OPT_URL:
        return w->target_count < URLS_MAX
               && load_target_open(&w->targets[w->target_count++], optarg);
    case OPT_CONNECTIONS:
        w->clients = (unsigned)strtoul(optarg, NULL, 10);
        return w->clients > 0 && w->clients <= CLIENTS_MAX;
    case OPT_UNTIL:
        w->until = optarg;
        return true;
    case OPT_SAME:
        w->same = true;
        return true;
    case OPT_USAGES:
        w->usages = true;
        return true;
    case OPT_ALSO:
        w->also = optarg;
        return true;
    case OPT_PREFIX:
        w->prefix = optarg;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    int option;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    crowd.challenge = getenv("OPENNDES_LOAD_CHALLENGE");
    crowd.prefix = "crowd";
    crowd.clients = 64;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(&crowd, option)) {
            return 2;
        }
    }
    if (crowd.target_count == 0 || optind != argc) {
        fprintf(stderr, "Usage: crowd --url URL [OPTION...], see crowd.c\n");
        return 2;
    }
    crowd.key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    crowd.cert =
        scep_cert_make(&(struct scep_cert_options){ .key = crowd.key, .cn = crowd.prefix });
    run_all(&crowd);
    bool good = report(&crowd);
    for (size_t i = 0; i < crowd.target_count; i++) {
        load_target_close(&crowd.targets[i]);
    }
    buffer_clear(&crowd.shared);
    free(crowd.serials);
    X509_free(crowd.cert);
    EVP_PKEY_free(crowd.key);
    curl_global_cleanup();
    return good ? 0 : 1;
}
