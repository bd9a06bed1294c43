/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of the HTTPS certificate share: a data folder, settings, server
 *           certificates of every kind and their files.
 * Not here: cases.
 * Owns:     struct tls_world until tls_world_clear; struct made until made_clear.
 * Threads:  one test at a time.
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_TESTS_SERVICE_TLS_FIXTURE_H
#define OPENNDES_TESTS_SERVICE_TLS_FIXTURE_H

#include "ca/ca_fixture.h"
#include "service/tls_files.h"

#define PASSWORD "correct horse battery"

struct tls_world {
    struct test_folder folder;
    struct service_config config; /* defaults; texts are replaced with tls_world_set */
};

void tls_world_create(struct tls_world *world);
void tls_world_clear(struct tls_world *world);
/* https.certificate and https.key */
void tls_world_set(struct tls_world *world, const char *certificate, const char *key);

/* A server's certificate below two CAs. */
struct made {
    EVP_PKEY *key;
    X509 *cert;
    X509 *issuer;
    X509 *root;
};
/* What is asked for; zero fields have the default in brackets. */
struct wanted {
    EVP_PKEY *take_key; /* [P-256] */
    const char *eku;    /* "serverAuth" as OpenSSL writes it [no extension] */
    const char *san;    /* "DNS:a,IP:192.0.2.1" [DNS:scep.example.com] */
    bool is_ca;
    uint32_t key_usage;            /* [digitalSignature] */
    int64_t not_before, not_after; /* [from a day ago for ten years] */
};
void make_server(struct made *made, const struct wanted *wanted);
void made_clear(struct made *made);

/* Files in the data folder. */
void write_chain(const struct tls_world *world, const char *name, const struct made *made,
                 EVP_PKEY *key, const char *password);
void write_key(const struct tls_world *world, const char *name, EVP_PKEY *key,
               const char *password);
/* False: this OpenSSL has no legacy provider. */
bool write_pkcs12(const struct tls_world *world, const char *name, const struct made *made,
                  const char *password, bool legacy);

/* Load; the loaded certificate is this one, its chain the issuer. */
void assert_loads(const struct tls_world *world, const struct made *made, enum tls_source source,
                  const char *name);
/* Load is refused with REASON_TLS_CERTIFICATE and a sentence with this in it. */
void assert_no_load(const struct tls_world *world, const char *text, const char *name);
/* Keep the password as "openndes tls password" does, but without a look at the files. */
void seal_password(const struct tls_world *world, const char *password);
/* As "openndes tls import" does. */
void install(const struct tls_world *world, const struct made *made);
void copy_file(const struct tls_world *world, const char *from, const char *to);

#endif
