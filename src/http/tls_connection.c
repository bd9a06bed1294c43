/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_connection.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/limits.h"
#include "base/secret.h"
#include "platform/clock.h"

#define RELAY_BYTES 8192  /* each way; a record of ours holds as much */
#define RELAY_ROUNDS 8    /* then others have their turn */
#define LINGER_ROUNDS 16  /* pieces thrown away before others have their turn */
#define LINGER_PIECE 4096 /* on the stack */
#define US_PER_SECOND INT64_C(1000000)
#define READS_PER_STEP 32 /* of the client's socket; a record takes two */

enum stage { STAGE_HANDSHAKE, STAGE_RELAY, STAGE_LINGER };

/* Bytes on their way in one direction; filled only when empty. */
struct pipe {
    uint8_t data[RELAY_BYTES];
    size_t begin;
    size_t end;
};

struct tls_connection {
    SSL *ssl;
    socket_handle client;
    socket_handle inner;
    enum stage stage;
    struct tls_binding binding;
    bool broken;         /* TLS has failed: nothing may be sent through it any more */
    bool client_ended;   /* it sends nothing more */
    bool inner_ended;    /* the same */
    bool inner_told;     /* inner knows that the client sends nothing more */
    bool at_once;        /* the last step stopped only because others have their turn */
    bool notify_waits;   /* close_notify is not sent yet */
    unsigned reads_left; /* of this step */
    unsigned read_wait;  /* what the socket must be able to do before SSL_read goes on */
    unsigned write_wait;
    int64_t moved_us;     /* when the client last took something, or something began to wait */
    int64_t since_us;     /* since when there was always something for the client; 0: nothing is */
    uint64_t taken;       /* what it took of this */
    struct pipe to_inner; /* plain text of the client: passwords may pass here */
    struct pipe to_client;
};

static bool is_empty(const struct pipe *pipe)
{
    return pipe->begin == pipe->end;
}

/*
 * OpenSSL goes on reading as long as records come that bring no data: key updates, handshakes that
 * are refused. A client that sends them faster than we work them off would keep the thread of all
 * connections in one SSL_read. So each step reads so much and no more, as if nothing else had come:
 * the socket stays readable, and the next step goes on when others had their turn.
 */
static long limit_reads(BIO *bio, int operation, const char *data, size_t len, int argi, long argl,
                        int result, size_t *processed)
{
    struct tls_connection *c = (struct tls_connection *)(void *)BIO_get_callback_arg(bio);

    (void)data;
    (void)len;
    (void)argi;
    (void)argl;
    (void)processed;
    if (operation != BIO_CB_READ) return result;
    if (c->reads_left == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    c->reads_left--;
    return result;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct tls_connection *tls_connection_create(struct tls_context *context, socket_handle take_client,
                                             struct error *err)
{
    struct tls_connection *c = calloc(1, sizeof(*c));
    struct tls_connection *result = NULL;

    if (c == NULL) {
        socket_close(take_client);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a TLS connection");
        return NULL;
    }
    c->client = take_client;
    c->inner = SOCKET_HANDLE_NONE;
    c->read_wait = SOCKET_POLL_READ;
    c->write_wait = SOCKET_POLL_WRITE;
    c->ssl = tls_context_accept(context, &c->binding, err);
    if (c->ssl == NULL) goto out;
    if (SSL_set_fd(c->ssl, (int)take_client) != 1) {
        ERR_clear_error();
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a TLS connection");
        goto out;
    }
    BIO_set_callback_ex(SSL_get_rbio(c->ssl), limit_reads);
    BIO_set_callback_arg(SSL_get_rbio(c->ssl), (char *)c);
    result = c;
    c = NULL;
out:
    tls_connection_free(c);
    return result;
}

/*
 * When this is called the client has all that the inner side said, or wants it no more. On Windows
 * the inner side is a TCP connection of this machine: closed in good order it would occupy a port
 * for minutes. (It still does when the client ended first and the inner side had to be told.)
 */
static void close_inner(struct tls_connection *c)
{
    socket_abort(c->inner);
    c->inner = SOCKET_HANDLE_NONE;
}

void tls_connection_free(struct tls_connection *c)
{
    if (c == NULL) return;
    SSL_free(c->ssl); /* does not close the socket: SSL_set_fd */
    close_inner(c);
    socket_close(c->client);
    secret_wipe(c, sizeof(*c));
    free(c);
}

const struct tls_binding *tls_connection_binding(const struct tls_connection *c)
{
    return &c->binding;
}

static void relay_wants(const struct tls_connection *c, struct tls_wants *out)
{
    if (is_empty(&c->to_inner) && !c->client_ended) {
        out->client |= c->read_wait;
    }
    if (!is_empty(&c->to_client)) {
        out->client |= c->write_wait;
    }
    if (is_empty(&c->to_client) && !c->inner_ended) {
        out->inner |= SOCKET_POLL_READ;
    }
    if (!is_empty(&c->to_inner)) {
        out->inner |= SOCKET_POLL_WRITE;
    }
}

void tls_connection_wants(const struct tls_connection *c, struct tls_wants *out)
{
    memset(out, 0, sizeof(*out));
    out->client_socket = c->client;
    out->inner_socket = c->inner;
    out->at_once = c->at_once;
    switch (c->stage) {
    case STAGE_HANDSHAKE:
        out->client = c->read_wait;
        break;
    case STAGE_RELAY:
        relay_wants(c, out);
        break;
    case STAGE_LINGER:
        out->client = SOCKET_POLL_READ | (c->notify_waits ? SOCKET_POLL_WRITE : 0u);
        break;
    }
}

/* ---- handshake ------------------------------------------------------------------------------- */

/* A constant text about the failure that OpenSSL has just had. */
static const char *handshake_failure(int problem)
{
    unsigned long number = ERR_peek_error();
    const char *text = NULL;

    if (problem == SSL_ERROR_ZERO_RETURN || number == 0) return "the client closed the connection";
    if (ERR_GET_LIB(number) == ERR_LIB_SSL && ERR_GET_REASON(number) == SSL_R_HTTP_REQUEST) {
        return "plain HTTP on an HTTPS port";
    }
    text = ERR_reason_error_string(number);
    return text != NULL ? text : "the handshake failed";
}

enum tls_progress tls_connection_handshake(struct tls_connection *c, const char **why)
{
    enum tls_progress progress = TLS_PROGRESS_LATER;
    int problem = SSL_ERROR_NONE;
    int rc = 0;

    ERR_clear_error();
    c->reads_left = READS_PER_STEP;
    rc = SSL_do_handshake(c->ssl);
    if (rc == 1) {
        c->read_wait = SOCKET_POLL_READ;
        return TLS_PROGRESS_DONE;
    }
    problem = SSL_get_error(c->ssl, rc);
    if (problem == SSL_ERROR_WANT_READ) {
        c->read_wait = SOCKET_POLL_READ;
    } else if (problem == SSL_ERROR_WANT_WRITE) {
        c->read_wait = SOCKET_POLL_WRITE;
    } else {
        *why = handshake_failure(problem);
        c->broken = true;
        progress = TLS_PROGRESS_FAILED;
    }
    ERR_clear_error();
    return progress;
}

/* ---- relay ----------------------------------------------------------------------------------- */

void tls_connection_attach(struct tls_connection *c, socket_handle take_inner)
{
    c->inner = take_inner;
    c->stage = STAGE_RELAY;
    c->at_once = true; /* the first request may have come with the end of the handshake */
}

/* What an SSL call that moved nothing has to wait for; false: the connection is over. */
static bool must_wait(struct tls_connection *c, int rc, unsigned *wait)
{
    switch (SSL_get_error(c->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        *wait = SOCKET_POLL_READ;
        return true;
    case SSL_ERROR_WANT_WRITE:
        *wait = SOCKET_POLL_WRITE;
        return true;
    default:
        c->broken = true;
        ERR_clear_error();
        return false;
    }
}

/* Each returns false when the client has gone; *moved becomes true when a byte or an end moved. */

static bool read_client(struct tls_connection *c, bool *moved)
{
    struct pipe *pipe = &c->to_inner;
    int rc = 0;

    if (c->client_ended || !is_empty(pipe)) return true;
    ERR_clear_error();
    rc = SSL_read(c->ssl, pipe->data, (int)sizeof(pipe->data));
    if (rc > 0) {
        pipe->begin = 0;
        pipe->end = (size_t)rc;
        c->read_wait = SOCKET_POLL_READ;
    } else if (SSL_get_error(c->ssl, rc) == SSL_ERROR_ZERO_RETURN) {
        c->client_ended = true;
    } else {
        return must_wait(c, rc, &c->read_wait);
    }
    *moved = true;
    return true;
}

static void write_inner(struct tls_connection *c, bool *moved)
{
    struct pipe *pipe = &c->to_inner;
    size_t sent = 0;

    if (!is_empty(pipe)) {
        struct bytes rest = bytes_of(pipe->data + pipe->begin, pipe->end - pipe->begin);

        switch (socket_send(c->inner, rest, &sent)) {
        case SOCKET_IO_DONE:
            pipe->begin += sent;
            *moved = true;
            break;
        case SOCKET_IO_LATER:
            break;
        case SOCKET_IO_ENDED: /* it listens no more, but its answer may still be here */
            pipe->begin = pipe->end;
            c->client_ended = true;
            *moved = true;
            break;
        }
    }
    if (c->client_ended && is_empty(pipe) && !c->inner_told) {
        socket_end_sending(c->inner);
        c->inner_told = true;
    }
}

static void read_inner(struct tls_connection *c, bool *moved)
{
    struct pipe *pipe = &c->to_client;
    size_t got = 0;

    if (c->inner_ended || !is_empty(pipe)) return;
    switch (socket_receive(c->inner, pipe->data, sizeof(pipe->data), &got)) {
    case SOCKET_IO_DONE:
        pipe->begin = 0;
        pipe->end = got;
        c->moved_us = clock_monotonic_us();
        if (c->since_us == 0) {
            c->since_us = c->moved_us;
            c->taken = 0;
        }
        *moved = true;
        break;
    case SOCKET_IO_LATER:
        c->since_us = 0;
        break;
    case SOCKET_IO_ENDED:
        c->inner_ended = true;
        *moved = true;
        break;
    }
}

static bool write_client(struct tls_connection *c, bool *moved)
{
    struct pipe *pipe = &c->to_client;
    int rc = 0;

    if (is_empty(pipe)) return true;
    ERR_clear_error();
    rc = SSL_write(c->ssl, pipe->data + pipe->begin, (int)(pipe->end - pipe->begin));
    if (rc <= 0) return must_wait(c, rc, &c->write_wait);
    pipe->begin += (size_t)rc;
    c->taken += (uint64_t)rc;
    c->write_wait = SOCKET_POLL_WRITE;
    c->moved_us = clock_monotonic_us();
    *moved = true;
    return true;
}

enum tls_progress tls_connection_relay(struct tls_connection *c)
{
    bool moved = true;

    c->reads_left = READS_PER_STEP;
    for (unsigned i = 0; moved && i < RELAY_ROUNDS; i++) {
        moved = false;
        if (!read_client(c, &moved)) return TLS_PROGRESS_FAILED;
        write_inner(c, &moved);
        read_inner(c, &moved);
        if (!write_client(c, &moved)) return TLS_PROGRESS_FAILED;
        if (c->inner_ended && is_empty(&c->to_client)) return TLS_PROGRESS_DONE;
    }
    c->at_once = moved;
    return TLS_PROGRESS_LATER;
}

int64_t tls_connection_stalled_us(const struct tls_connection *c)
{
    return is_empty(&c->to_client) ? 0 : clock_monotonic_us() - c->moved_us;
}

bool tls_connection_too_slow(const struct tls_connection *c, unsigned grace_seconds, int64_t now_us)
{
    int64_t allowed_us = (grace_seconds + (int64_t)(c->taken / LIMIT_ANSWER_RATE)) * US_PER_SECOND;

    return c->since_us != 0 && !is_empty(&c->to_client) && now_us - c->since_us > allowed_us;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* close_notify, and behind it the end of the TCP stream. */
static void send_end(struct tls_connection *c)
{
    if (!c->broken) {
        int rc = 0;

        ERR_clear_error();
        rc = SSL_shutdown(c->ssl);
        c->notify_waits = rc < 0 && SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_WRITE;
        ERR_clear_error();
    }
    if (!c->notify_waits) {
        socket_end_sending(c->client);
    }
}

void tls_connection_end(struct tls_connection *c)
{
    close_inner(c);
    c->stage = STAGE_LINGER;
    c->at_once = true; /* the client's end may be here already */
    send_end(c);
}

enum tls_progress tls_connection_linger(struct tls_connection *c)
{
    uint8_t dropped[LINGER_PIECE];
    size_t got = 0;

    if (c->notify_waits) {
        send_end(c);
    }
    c->at_once = false;
    for (unsigned i = 0; i < LINGER_ROUNDS; i++) {
        switch (socket_receive(c->client, dropped, sizeof(dropped), &got)) {
        case SOCKET_IO_DONE:
            break;
        case SOCKET_IO_LATER:
            return TLS_PROGRESS_LATER;
        case SOCKET_IO_ENDED:
            return TLS_PROGRESS_DONE;
        }
    }
    c->at_once = true;
    return TLS_PROGRESS_LATER;
}
