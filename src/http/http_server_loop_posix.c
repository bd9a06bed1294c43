/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server_loop.h"

#include <microhttpd.h>

/*
 * poll(), though Linux has epoll: some hundred connections are nothing for poll. ITC wakes the
 * thread for resumed and new connections and for the end.
 */
unsigned http_loop_flags(void)
{
    return MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
}

void http_loop_daemon_options(unsigned sockets, struct MHD_OptionItem *out)
{
    (void)sockets;
    out[0] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    out[1] = out[0];
}

/* libmicrohttpd has its thread: there is nothing to begin, to wake or to end. */
struct http_loop *http_loop_begin(const struct http_loop_options *options, struct error *err)
{
    (void)err;
    return (struct http_loop *)options->context; /* not NULL; nobody looks into it */
}

void http_loop_end(struct http_loop *loop)
{
    (void)loop;
}

void http_loop_free(struct http_loop *loop)
{
    (void)loop;
}

void http_loop_wake(struct http_loop *loop)
{
    (void)loop;
}

bool http_loop_watch(struct http_loop *loop, struct http_watched *w, socket_handle socket)
{
    (void)loop;
    (void)w;
    (void)socket;
    return true;
}

void http_loop_unwatch(struct http_loop *loop, struct http_watched *w)
{
    (void)loop;
    (void)w;
}

void http_loop_suspended(struct http_loop *loop, const struct http_watched *w)
{
    (void)loop;
    (void)w;
}

void http_loop_written(struct http_watched *w)
{
    (void)w;
}

/* Here the system does tell. */
void http_loop_shut(struct http_watched *w)
{
    (void)w;
}
