/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of the HTTPS client share: a CA, servers on localhost, a client that
 *           trusts the CA, calls and what they have to come to.
 * Not here: the servers (tls_peer.h), the proxy (connect_proxy.h).
 * Owns:     see the structs.
 * Threads:  the test's thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_HTTP_CLIENT_WORLD_H
#define OPENNDES_TESTS_HTTP_CLIENT_WORLD_H

#include "support/test_support.h"

#include "http/connect_proxy.h"
#include "http/http_client.h"
#include "http/tls_peer.h"

#define CLIENT_URL_MAX 128

/* Made once per program. */
struct client_pki {
    struct test_pki *pki;
    struct tls_identity *identity; /* localhost, 127.0.0.1 and cloud.example */
    struct test_folder folder;
    char ca_file[FILE_PATH_MAX];
};
int client_pki_create(void **state);
int client_pki_free(void **state);

/* A client without proxy that trusts the CA, with more time than a busy machine needs. */
struct http_client_options client_options(const struct client_pki *pki);
struct http_client *client_create(const struct http_client_options *options);
/* A server with this identity and these answers. */
struct tls_peer *client_peer(const struct client_pki *pki, const struct tls_peer_answer *answers,
                             size_t count);
/* "https://HOST:PORT/path" */
void client_url(char url[CLIENT_URL_MAX], const char *host, uint16_t port, const char *path);

/* GET of https://localhost:PORT/path: an answer came. The caller clears it. */
void client_get(struct http_client *client, uint16_t port, const char *path,
                struct http_answer *answer);
/* The call fails with reason and failure, and says this. */
void client_refused(struct http_client *client, const char *url, enum reason reason,
                    enum http_call_failure failure, const char *sentence);

#endif
