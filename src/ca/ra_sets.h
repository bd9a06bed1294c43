/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the RAs of an open CA, current and former ones, as endpoints get them, and their times.
 * Not here: their files (ca_set.h, ra_generations.h), when they are replaced (ra_roll.h).
 * Owns:     references on certificates and keys.
 * Threads:  immutable once loaded; any thread.
 * Spec:     RFC 8894 2.1.2, 2.2; NDES: observed (the pair).
 */
#ifndef OPENNDES_CA_RA_SETS_H
#define OPENNDES_CA_RA_SETS_H

#include "ca/ca_set.h"
#include "ca/ra_generations.h"

struct ra_lifetime {
    int64_t not_before;
    int64_t not_after;
};

/* One that was replaced and goes on. */
struct ra_sets_former {
    enum ra_cert_role lead; /* RA_CERT_SINGLE, or RA_CERT_ENC for a pair */
    char serial[SERIAL_TEXT_MAX];
    char sign_serial[SERIAL_TEXT_MAX]; /* the pair's other member; "": not a pair */
    int64_t not_after;
    int64_t kept_until; /* seconds */
};

struct ra_sets {
    struct ra_set *plain; /* the single RA, and former ones */
    struct ra_lifetime plain_life;
    struct ra_set *with_pair;     /* the pair, too; NULL: there is none */
    struct ra_lifetime pair_life; /* while both its members are in their time */
    struct error pair_error;      /* why there is none */
    struct ra_sets_former former[RA_GENERATION_FORMS * RA_FORMERS_MAX];
    size_t former_count;
    size_t unusable;             /* former ones that cannot be opened */
    struct error unusable_error; /* why the first of them cannot */
    int64_t kept_until;          /* when the first former one has had its time; INT64_MAX: none */
    int64_t loaded_at;           /* seconds: those that had had it by then are not in here */
};

struct ra_sets_options {
    bool make_missing_pair; /* a folder that has no pair yet gets one */
    int64_t keep_days;
    int64_t now;
};

/*
 * Load the RAs into a loaded `set`, and make the sets. What is wrong with the pair or with former
 * ones is kept for whoever asks: the single RA can serve without. Errors: as ca_set_load_ra.
 */
MUST_USE bool ra_sets_load(struct ra_sets *sets, const struct ra_sets_options *options,
                           struct ca_folder *folder, struct ca_set *set, struct error *err);
void ra_sets_clear(struct ra_sets *sets);

/* The single RA is in its time. Errors: REASON_RA_EXPIRED. */
MUST_USE bool ra_sets_check_time(const struct ra_sets *sets, const char *ca_name, int64_t now,
                                 struct error *err);
/*
 * What is answered with now, a reference. A pair out of its time is as good as none: nobody is
 * offered it. Errors: REASON_RA_EXPIRED.
 */
struct ra_set *ra_sets_get(const struct ra_sets *sets, const char *ca_name, int64_t now,
                           struct error *err);
/* The current one of this role, also when it has ended, borrowed; NULL: none. */
const struct ra_identity *ra_sets_current(const struct ra_sets *sets, enum ra_cert_role role);

#endif
