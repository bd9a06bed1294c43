/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the folder ca/<name>/ of the built-in CA: make, import, request, install; sealed keys.
 * Not here: issuing (ca_builtin.h).
 * Owns:     nothing that lives on.
 * Threads:  one administrative command at a time per folder.
 * Spec:     RFC 5280, RFC 7292 (PKCS#12), RFC 5958 (PKCS#8); key usages RFC 8894 2.1.2.
 */
#ifndef OPENNDES_CA_CA_FILES_H
#define OPENNDES_CA_CA_FILES_H

#include "base/secret.h"

/*
 * ca.crt (PEM), ca.key (sealed), chain.pem (parents, may be missing; chain.new.pem in between:
 * ca_chain_files.h), ra.crt, ra.key (sealed), the
 * same for NDES's pair in ra-sign.crt, ra-sign.key, ra-enc.crt, ra-enc.key; RAs that have been
 * replaced in ra.1.crt... (ra_generations.h); request.csr
 * and request.key (sealed) while waiting for an offline root. In place of a sealed key a reference
 * to one in the machine's store may stand (ca_key_reference.h).
 */

enum ca_key_spec {
    CA_KEY_RSA_2048,
    CA_KEY_RSA_3072,
    CA_KEY_RSA_4096,
    CA_KEY_EC_P256,
    CA_KEY_EC_P384
};
/* "rsa2048", "rsa3072", "rsa4096", "p256", "p384"; REASON_USAGE with the list. */
MUST_USE bool ca_key_spec_parse(const char *text, enum ca_key_spec *out, struct error *err);

/* RAs whose certificate and key are in the machine's store, by thumbprint; NULL: made here. */
struct ca_machine_ras {
    const char *single;
    const char *sign; /* the pair: both or none */
    const char *decrypt;
};

/* What a replacement of RAs has done with the former ones; a pair counts as one. */
struct ca_ra_change {
    unsigned kept;         /* go on */
    unsigned given_way;    /* older ones for which there was no place any more */
    int64_t given_way_end; /* of the last of them, seconds */
};

struct ca_new_options {
    const char *data_folder;
    const char *name; /* folder below ca/, checked like a template name */
    enum ca_key_spec key;
    const char *subject;      /* "CN=OpenNDES CA,O=Example"; NULL: a default with host name */
    int64_t validity_days;    /* 1..36500 */
    unsigned ra_bits;         /* 2048 or 3072 */
    int64_t ra_validity_days; /* 1..36500, cut to the CA's end */
    struct ca_machine_ras machine_ras; /* import, renew_ra */
    /* renew_ra: put sealed keys in place of those that are in the machine's store */
    bool seal_ra;
    bool drop_former_ras;           /* renew_ra: none goes on, as after a key has become known */
    struct ca_ra_change *ra_change; /* renew_ra, install: filled; NULL: nobody asks */
};

/*
 * A self-signed CA and its RAs.
 * Errors: REASON_CA_EXISTS, REASON_KEY_PROTECTION, REASON_USAGE (subject),
 * REASON_DATA_FOLDER_IN_USE (another command), file errors. Nothing half made stays.
 */
MUST_USE bool ca_files_create(const struct ca_new_options *options, struct error *err);

struct ca_import_options {
    struct ca_new_options base; /* key, subject, validity_days unused */
    const char *cert_file; /* PEM, DER or PKCS#7: CA certificate and parents; NULL with PKCS#12 */
    const char *key_file;  /* PEM (also encrypted) or DER; NULL with PKCS#12 */
    const char *pkcs12_file;
    const struct secret *password; /* may be NULL */
    const char *machine_store;     /* thumbprint: certificate and key there, no file then */
    const char *chain_file;        /* with machine_store: parents; NULL: none */
};
/*
 * Take over an existing CA. Checks: key fits, CA:TRUE, keyCertSign, not expired, chain (any order);
 * a key of the machine's store signs and decrypts as its certificate needs, and stays there.
 * Errors also: those of machine_key.h and
 * REASON_KEY_PASSWORD, REASON_KEY_MISMATCH, REASON_CA_UNSUITABLE, REASON_CA_EXPIRED,
 * REASON_CA_NOT_YET_VALID, REASON_KEY_UNREADABLE, REASON_CERT_UNREADABLE.
 */
MUST_USE bool ca_files_import(const struct ca_import_options *options, struct error *err);
/*
 * A key and a PKCS#10 for a subordinate CA that an offline root signs; appends the PEM. The folder
 * waits in state "request". A second call gives the same request again.
 */
MUST_USE bool ca_files_request(const struct ca_new_options *options, struct buffer *csr_pem,
                               struct error *err);
/*
 * The signed certificate (PEM, DER or PKCS#7, parents behind or in chain_file, which may be NULL):
 * checks that it belongs to the request, makes the RAs. For a CA that is installed already: a
 * renewed certificate for the same key and subject replaces the old one, and the RAs are made anew,
 * as by renew_ra, except those of the machine's store, which stay.
 * Errors: as for import; REASON_CA_MISSING.
 */
MUST_USE bool ca_files_install(const struct ca_new_options *options, const char *cert_file,
                               const char *chain_file, struct error *err);
/*
 * New RA keys and certificates, single and pair, for a CA that is there; the old ones go on for
 * devices that have them. Of the options, data_folder, name, ra_bits, ra_validity_days,
 * machine_ras, seal_ra, drop_former_ras and ra_change are used. One whose key is in the machine's
 * store is replaced by one that is named, or by a sealed one if seal_ra says so; else nothing is
 * done: REASON_RA_UNSUITABLE. Errors: REASON_CA_MISSING, REASON_CA_EXPIRED, as for loading the CA
 * and for import.
 */
MUST_USE bool ca_files_renew_ra(const struct ca_new_options *options, struct error *err);
/* Names below ca/, sorted, with visit as in files.h. */
typedef bool ca_visit(void *context, const char *name, struct error *err);
MUST_USE bool ca_files_list(const char *data_folder, ca_visit *visit, void *context,
                            struct error *err);

#endif
