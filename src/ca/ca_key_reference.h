/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a key file that holds no key but says where in the machine's key store it is.
 * Not here: the store (platform/machine_key.h), sealed keys (ca_key.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/ca.md, "Keys in the machine's store".
 */
#ifndef OPENNDES_CA_CA_KEY_REFERENCE_H
#define OPENNDES_CA_CA_KEY_REFERENCE_H

#include "base/buffer.h"
#include "platform/sealed_places.h"
#include "platform/thumbprint.h"

struct evp_pkey_st;
struct x509_st;

/*
 * One line: "ONDK1 store THUMBPRINT", "ONDK1 container - NAME" or
 * "ONDK1 container "PROVIDER" NAME". Neither name holds control characters or quotes.
 */
#define CA_KEY_REFERENCE_MAX 700u
#define CA_KEY_REFERENCE_NAME_MAX 256

struct ca_key_reference {
    char thumbprint[THUMBPRINT_TEXT_MAX];      /* "": a container */
    char provider[CA_KEY_REFERENCE_NAME_MAX];  /* "": the RSA and AES one */
    char container[CA_KEY_REFERENCE_NAME_MAX]; /* "": in the store */
};

/* Does the file begin as a reference? */
bool ca_key_reference_is(struct bytes content);
/* The whole file, one line end allowed. Errors: REASON_KEY_UNREADABLE. */
MUST_USE bool ca_key_reference_parse(struct bytes content, struct ca_key_reference *out,
                                     struct error *err);
MUST_USE bool ca_key_reference_format(const struct ca_key_reference *reference,
                                      char text[CA_KEY_REFERENCE_MAX], struct error *err);
/* As a person types a thumbprint. Errors: REASON_USAGE. */
MUST_USE bool ca_key_reference_store(const char *thumbprint, struct ca_key_reference *out,
                                     struct error *err);

/*
 * The key, owned. *cert (may be NULL) gets the store's certificate, owned, NULL for a container.
 * Errors: as machine_key_by_thumbprint, REASON_CERT_UNREADABLE.
 */
struct evp_pkey_st *ca_key_reference_open(const struct ca_key_reference *reference,
                                          struct x509_st **cert, struct error *err);
/*
 * For people: "machine's store, certificate 0123..., CNG, Microsoft Software Key Storage Provider",
 * or "data folder, sealed" for a key without a reference. Cut when it does not fit.
 */
void ca_key_reference_describe(const struct evp_pkey_st *key, char *text, size_t size);

#endif
