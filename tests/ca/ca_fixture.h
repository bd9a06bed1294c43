/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the CA's tests share: options, certificates and requests made for a case, a look
 *           into extensions.
 * Not here: cases.
 * Owns:     nothing that lives on.
 * Threads:  one test at a time.
 * Spec:     RFC 5280.
 */
#ifndef OPENNDES_TESTS_CA_CA_FIXTURE_H
#define OPENNDES_TESTS_CA_CA_FIXTURE_H

#include "support/test_support.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/ca_builtin.h"
#include "ca/ca_files.h"

#define DAY INT64_C(86400)

/* assert_refused, and err can be used again. */
#define assert_refusal(call, err, expected, name)                                                  \
    do {                                                                                           \
        assert_refused((call), (err), (expected), (name));                                         \
        error_clear(err);                                                                          \
    } while (0)

/* A P-256 CA "issuing", 10 years, its RA 2048 bits and 2 years. */
struct ca_new_options fixture_options(const struct test_folder *folder);
/* <folder>/ca/issuing/<file> */
void fixture_path(const struct test_folder *folder, const char *file, char out[FILE_PATH_MAX]);
bool fixture_has(const struct test_folder *folder, const char *file);
/* Open the CA of fixture_options; fails the test when that fails. Owned. */
struct ca *fixture_open(const struct test_folder *folder, struct store *store,
                        struct ca_builtin **builtin);
/* The certificate in <folder>/ca/issuing/<file>, owned. */
X509 *fixture_certificate(const struct test_folder *folder, const char *file);
/* The sealed key in it, owned; kind as in ca_folder.h. */
EVP_PKEY *fixture_key(const struct test_folder *folder, const char *file, const char *kind);

/* Owned. */
EVP_PKEY *sample_key_rsa(void);
EVP_PKEY *sample_key_ec(void);

/* A certificate as a test wants it; zero fields have the default in brackets. */
struct sample_cert {
    const char *subject; /* common name */
    EVP_PKEY *key;
    X509 *issuer; /* [itself] */
    EVP_PKEY *issuer_key;
    bool no_constraints; /* no basicConstraints at all */
    bool not_ca;
    int pathlen; /* [none]; n means n - 1 */
    uint32_t key_usage;
    bool no_key_usage;
    int64_t not_before;   /* [now - 1 day] */
    int64_t not_after;    /* [now + 3650 days] */
    const EVP_MD *digest; /* [SHA-256] */
};
X509 *sample_cert(const struct sample_cert *wanted); /* owned */

/* PEM of the certificates, then of the key (NULL: none), to a file in the folder. */
void sample_write_pem(const struct test_folder *folder, const char *name, X509 *const *certs,
                      size_t count, EVP_PKEY *key, const EVP_CIPHER *cipher, const char *password);
void sample_write(const struct test_folder *folder, const char *name, const void *data, size_t len);

/* A request for "CN=device" by this key, parsed. */
void sample_csr(struct csr *csr, EVP_PKEY *key);
/* digitalSignature and keyEncipherment, clientAuth, DNS name device.example.com, these times. */
void sample_plan(struct cert_plan *plan, int64_t not_before, int64_t not_after);

/* The extension is there once, with this criticality and exactly these bytes. */
void assert_extension(const X509 *cert, int nid, bool critical, const void *der, size_t len);
void assert_no_extension(const X509 *cert, int nid);
/* Key identifiers as RFC 5280 4.2.1.2 method 1 has them. */
void assert_key_ids(X509 *cert, X509 *issuer);
/* The whole path verifies as OpenSSL sees it at this time; parents may be NULL. */
void assert_verifies(X509 *cert, X509 *root, STACK_OF(X509) * parents);

#endif
