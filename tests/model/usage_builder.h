/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificates with usages and AD CS's template extensions, for tests.
 * Not here: requests (csr_builder.h).
 * Owns:     nothing; what is made belongs to the caller.
 * Threads:  one test at a time.
 * Spec:     RFC 5280 4.2.1; MS-WCCE 2.2.2.7.7.
 */
#ifndef OPENNDES_TESTS_MODEL_USAGE_BUILDER_H
#define OPENNDES_TESTS_MODEL_USAGE_BUILDER_H

#include "base/buffer.h"

struct evp_pkey_st;
struct x509_st;

struct usage_spec {
    const char *subject;            /* common name */
    const char *key_usage;          /* "digitalSignature,keyEncipherment"; NULL: no extension */
    const char *eku;                /* "1.3.6.1.4.1.311.20.2.1,clientAuth"; NULL: no extension */
    const char *template_name;      /* as BMPString; NULL: no extension */
    struct bytes template_name_der; /* instead: the raw value */
    struct bytes template_der;      /* raw value of the newer extension; data NULL: none */
    const char *not_before;         /* "20240101000000Z" or NULL */
    const char *not_after;
};

/* Self-signed; owned (X509_free). Fails the test when OpenSSL refuses. */
struct x509_st *usage_builder_make(const struct usage_spec *spec, struct evp_pkey_st *key);

#endif
