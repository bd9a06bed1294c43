/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  all that a CA's folder holds, in memory: checked when it is loaded, written whole.
 * Not here: the folder as a place (ca_folder.h), the commands (ca_files.h).
 * Owns:     its certificates and keys.
 * Threads:  one owner.
 * Spec:     RFC 5280.
 */
#ifndef OPENNDES_CA_CA_SET_H
#define OPENNDES_CA_CA_SET_H

#include "ca/ca_files.h"
#include "ca/ca_folder.h"
#include "ca/cert_issuer.h"
#include "ca/ra_cert.h"

struct stack_st_X509;

struct ca_set {
    struct cert_issuer issuer;     /* certificate and key */
    struct stack_st_X509 *parents; /* the nearest first; NULL: none */
    struct ra_cert ra[RA_CERT_ROLES];
};

void ca_set_clear(struct ca_set *set); /* NULL is allowed */

/*
 * ca.crt, ca.key and chain.pem. Each sentence names the file and what to do.
 * Errors: REASON_CERT_UNREADABLE, REASON_KEY_UNREADABLE, REASON_KEY_PROTECTION,
 * REASON_KEY_MISMATCH, REASON_CA_UNSUITABLE.
 */
MUST_USE bool ca_set_load(const struct ca_folder *folder, struct ca_set *set, struct error *err);
/*
 * The RA of one role (ra.crt and ra.key, ra-sign..., ra-enc...) into a loaded set; after an
 * interrupted replacement the one that was to be replaced (ra_generations.h).
 * Errors: REASON_RA_MISSING, REASON_RA_UNSUITABLE.
 */
MUST_USE bool ca_set_load_ra(const struct ca_folder *folder, enum ra_cert_role role,
                             struct ca_set *set, struct error *err);
/*
 * A sealed key file, or a reference to a key of the machine's store, which must not be writable by
 * others (ca_key_reference.h). Errors: REASON_KEY_UNREADABLE (missing, no key),
 * REASON_KEY_PROTECTION, REASON_RIGHTS_UNSAFE, those of ca_key_reference_open.
 */
struct evp_pkey_st *ca_set_load_key(const struct ca_folder *folder, const char *file,
                                    const char *kind, struct error *err);

/*
 * Is the key of this role a reference? No when there is none; whose rights the file has does not
 * matter. Errors: those of reading it, so that nobody takes the unreadable one for a sealed one.
 */
MUST_USE bool ca_set_ra_is_reference(const struct ca_folder *folder, enum ra_cert_role role,
                                     bool *is_reference, struct error *err);
const char *ca_set_ra_key_file(enum ra_cert_role role);
/* What it is sealed for: a kind for ca_set_load_key. */
const char *ca_set_ra_key_kind(enum ra_cert_role role);
/* The certificates in one of the folder's files, owned; NULL with err set. */
struct stack_st_X509 *ca_set_load_certificates(const struct ca_folder *folder, const char *file,
                                               struct error *err);

/*
 * Make a set out of a key and the certificates that came with it: find the key's certificate, check
 * it and its time, order its parents, make the RAs.
 * Errors: REASON_KEY_MISMATCH, REASON_CA_UNSUITABLE, REASON_CA_EXPIRED, REASON_CA_NOT_YET_VALID.
 */
MUST_USE bool ca_set_make(struct ca_set *set, struct evp_pkey_st *key,
                          const struct stack_st_X509 *pool, const struct ra_cert_options *ra,
                          struct error *err);
/*
 * New RAs of every role in place of those in the set, except those that are kept; given ones are
 * checked and their keys tried.
 * Errors: as ra_cert_make and ra_cert_check, REASON_RA_EXPIRED, REASON_MACHINE_KEY_UNUSABLE.
 */
MUST_USE bool ca_set_make_ras(struct ca_set *set, const struct ra_cert_options *ra, int64_t now,
                              struct error *err);

/* Certificate, parents and RAs with their keys; ca.crt comes last. */
MUST_USE bool ca_set_write(const struct ca_folder *folder, const char *place,
                           const struct ca_set *set, struct error *err);
/* The CA's key alone: sealed, or as the reference that it came from. */
MUST_USE bool ca_set_write_key(const struct ca_folder *folder, const char *place,
                               const struct ca_set *set, struct error *err);
/* Certificate and parents only, as one step (ca_chain_files.h). */
MUST_USE bool ca_set_write_certificates(const char *place, const struct ca_set *set,
                                        struct error *err);
/*
 * All RAs that the set has, in place of those in the folder, which are kept and go on
 * (ra_generations.h); another in the folder stays. Whenever it is interrupted, of each form either
 * the former or the new one works, with its own key. Where there is none that works there is none
 * in between.
 */
MUST_USE bool ca_set_replace_ras(const struct ca_folder *folder, const struct ca_set *set,
                                 struct ca_ra_change *change, struct error *err);

/*
 * Make those members of the pair whose certificate is not in the folder, under the folder's lock,
 * key first: a key without certificate is what a power failure leaves and is made again, a
 * certificate that is there is never touched. They are as strong as the single RA of `set` and end
 * with it, so that one renewal is due for all. `set` is not changed. Without anything to make, the
 * lock is not asked for. Errors: REASON_DATA_FOLDER_IN_USE (another process is at it: try again),
 * REASON_RA_EXPIRED (the single RA has ended), REASON_RA_UNSUITABLE (the key without certificate is
 * one of the machine's store, which a sealed one must not push aside), REASON_CA_EXPIRED,
 * REASON_CA_NOT_YET_VALID, file errors.
 */
MUST_USE bool ca_set_make_missing_pair(struct ca_folder *folder, const struct ca_set *set,
                                       int64_t now, struct error *err);

#endif
