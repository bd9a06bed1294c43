/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a library context in which certificates are taken apart and nothing is computed.
 * Not here: what is parsed in it (scep/scep_message.c).
 * Owns:     one context for the life of the process; the library's exit frees it.
 * Threads:  any thread.
 * Spec:     none; OSSL_PROVIDER-null(7).
 *
 * Whoever parses a certificate with OpenSSL 3 gets its key decoded at once, which costs ten times
 * what the rest does, and happens to keys that nobody has looked at yet. Where there is no provider
 * but "null" there is no decoder either: the same parser accepts the same certificates, and their
 * keys stay bytes.
 */
#ifndef OPENNDES_MODEL_PARSE_CONTEXT_H
#define OPENNDES_MODEL_PARSE_CONTEXT_H

struct ossl_lib_ctx_st;

/*
 * Borrowed. NULL, which the library takes for its own context, when there is no memory for it: all
 * works then, only slower.
 */
struct ossl_lib_ctx_st *parse_context(void);

#endif
