/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a renewal is checked against: real CAs and a real store, certificates made for a
 *           case with the CA's own key, requests signed with them.
 * Not here: cases.
 * Owns:     see scene_set_up; a renewal belongs to its test.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_ENROLL_RENEWAL_SCENE_H
#define OPENNDES_TESTS_ENROLL_RENEWAL_SCENE_H

#include "ca/ca_fixture.h"
#include "enroll/enroll_renewal.h"
#include "store/store_outbox.h"

#define SCENE_NOW INT64_C(1790000000)

struct scene {
    struct test_folder folder; /* of this test alone */
    char database[FILE_PATH_MAX];
    struct store *store;
    struct test_folder ca_folder, other_folder; /* these and the CAs are the whole program's */
    struct ca *ca;
    EVP_PKEY *ca_key;
    X509 *ca_cert;
    struct ca *other_ca; /* another one of the same name and subject */
    EVP_PKEY *other_key;
    X509 *other_cert;
    EVP_PKEY *old_key;
    EVP_PKEY *new_key;
    struct enroll_options options; /* template "device", names "equal", at any time */
    unsigned serial;
};

/* The CAs: set-up and tear-down of the group. */
int scene_open(void **state);
int scene_close(void **state);
/* cmocka set-up and tear-down of a test. */
int scene_set_up(void **state);
int scene_tear_down(void **state);

/* A name as "CN=a,O=b"; "+" instead of "," joins RDNs; values have neither. Alternative names as
 * "DNS:a.example|URI:b"; NULL: none. */
struct holder {
    const char *subject;
    const char *san;
    int string_type; /* of the subject's values; 0: UTF8String */
};

/* A certificate to be vouched with; zero fields have the default in brackets. */
struct wanted {
    struct holder holder;    /* [CN=dev1,O=Example; DNS:dev1.example.com] */
    const char *usage;       /* [digitalSignature,keyEncipherment]; "": no extension */
    const char *constraints; /* [critical,CA:FALSE]; "": no extension */
    int64_t not_before;      /* [a day ago] */
    int64_t not_after;       /* [in a day] */
    const char *eku;         /* "clientAuth,serverAuth" [no extension] */
    const char *sid;         /* SID extension [none] */
    bool by_other_ca;
    X509 *issuer; /* with issuer_key: somebody else */
    EVP_PKEY *issuer_key;
    bool san_twice;
    unsigned serial; /* [a new one] */
};
/* Made and recorded nowhere; owned. */
X509 *scene_make(struct scene *s, const struct wanted *wanted);
/* Record it for a template and a CA; fails the test when that fails. */
void scene_record(struct scene *s, X509 *cert, const char *template_name, const char *ca_name);
/* The same as provisional; returns its id. */
int64_t scene_record_provisional(struct scene *s, X509 *cert);
/* One that renews `old`, made and recorded; owned. */
X509 *scene_renewed(struct scene *s, X509 *old);
/* What the texts of its row are. */
void scene_serial(const X509 *cert, char serial[SERIAL_TEXT_MAX]);

/* A request of the new key for these names, signed with a certificate of the old key. */
void scene_request(struct scene *s, X509 *signer, const struct holder *holder,
                   const char *challenge, struct enroll_request *out);
void scene_request_clear(struct enroll_request *request);

/* The check at SCENE_NOW; what the certificate would hand on is freed. */
bool scene_check(struct scene *s, const struct enroll_request *request, struct error *err);
/* Checked and found good; refused with this in the detail. */
void scene_assert_good(struct scene *s, X509 *signer, const struct holder *holder,
                       const char *name);
void scene_assert_refused(struct scene *s, X509 *signer, const struct holder *holder,
                          const char *why, const char *name);
void scene_assert_why(bool done, const struct error *err, const char *why, const char *name);

#endif
