/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  RAs are replaced by themselves before they end; former ones go when their time is over.
 * Not here: the files of former ones (ra_generations.h), telling of it (service/ra_watch.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread; other processes are kept out by the folder's lock while something changes.
 * Spec:     RFC 8894 2.2; docs/ca.md, "RA certificates are replaced by themselves".
 */
#ifndef OPENNDES_CA_RA_ROLL_H
#define OPENNDES_CA_RA_ROLL_H

#include "ca/ca_files.h"
#include "ca/ra_generations.h"

/* Is an RA replaced by itself before it ends, and why not? */
enum ra_roll_fate {
    RA_ROLL_BY_ITSELF,
    RA_ROLL_OFF,          /* ra.renew_days is 0 */
    RA_ROLL_OUT_OF_STORE, /* its key is in the machine's store: only who put it there can */
    RA_ROLL_CA_ENDS       /* a new one would end (nearly) as early, with its CA */
};

struct ra_roll_life {
    int64_t not_before, not_after;
    bool in_store; /* the key is in the machine's store */
};
/*
 * *margin: seconds before its end at which it is replaced, renew_days, but at most a third of its
 * life, so that a short-lived one is not replaced for ever. ca_end: of the CA's certificate.
 */
enum ra_roll_fate ra_roll_fate(const struct ra_roll_life *life, int64_t ca_end, int64_t renew_days,
                               int64_t now, int64_t *margin);
/* The same for a loaded certificate and its key. Errors: REASON_CERT_UNREADABLE. */
MUST_USE bool ra_roll_life(const struct x509_st *cert, const struct evp_pkey_st *key,
                           struct ra_roll_life *out, struct error *err);

struct ra_roll_options {
    const char *data_folder;
    const char *name;
    int64_t renew_days; /* 0: nothing is replaced */
    int64_t keep_days;
    int64_t now;
    int64_t past; /* by which former ones have had their time: believed_clock.h */
};

struct ra_roll_result {
    bool replaced[RA_GENERATION_FORMS];
    struct certificate_info former[RA_GENERATION_FORMS]; /* the lead that was replaced */
    struct certificate_info made[RA_GENERATION_FORMS];   /* the one in its place */
    struct ca_ra_change change;
    size_t removed; /* former ones whose time was over */
};
/*
 * Replace what is due, by one with the same validity and key size; tidy up. A CA that waits or is
 * broken is left alone, as is a form that does not load. The lock is only asked for when there is
 * something to do. Errors: REASON_DATA_FOLDER_IN_USE (another process is at it: try again),
 * REASON_CA_NOT_YET_VALID, file errors; *out tells what was done before.
 */
MUST_USE bool ra_roll_run(const struct ra_roll_options *options, struct ra_roll_result *out,
                          struct error *err);

#endif
