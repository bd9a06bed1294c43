/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  whom an HTTPS client trusts besides the system's CAs, and what its library says about a
 *           server's certificate.
 * Not here: the client (http_client.h), what our own server presents (tls_context.h).
 * Owns:     the certificates read.
 * Threads:  read-only after reading; any thread.
 * Spec:     RFC 5280 6, RFC 7468.
 */
#ifndef OPENNDES_HTTP_TLS_TRUST_H
#define OPENNDES_HTTP_TLS_TRUST_H

#include "base/error.h"

struct tls_trust;
struct ssl_ctx_st;

/*
 * The certificates of a PEM file, "": none. Everything in the file has to be readable: a CA that is
 * silently left out would be searched for long. Errors: file errors, REASON_HTTP_CLIENT (no
 * certificate, a damaged one), REASON_NO_MEMORY.
 */
struct tls_trust *tls_trust_read(const char *pem_file, struct error *err);
void tls_trust_free(struct tls_trust *trust); /* NULL is allowed */
/*
 * Make a client's context trust them too; what it trusts already stays. Session secrets are written
 * to no file, whatever the environment says (SSLKEYLOGFILE). False: out of memory.
 */
MUST_USE bool tls_trust_apply(const struct tls_trust *trust, struct ssl_ctx_st *context);

enum tls_trust_problem {
    TLS_TRUST_FINE,
    TLS_TRUST_UNKNOWN_CA,
    TLS_TRUST_EXPIRED,
    TLS_TRUST_NOT_YET_VALID,
    TLS_TRUST_OTHER
};
/* Of a number of SSL_get_verify_result. */
enum tls_trust_problem tls_trust_problem(long verify_result);

#endif
