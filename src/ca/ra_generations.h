/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  RAs that have been replaced and go on for devices that still use them: their places in
 *           the CA's folder, put there before the new one is written, taken out when they have had
 *           their time; and what an interrupted replacement leaves.
 * Not here: when an RA is replaced (ra_roll.h), what is answered with (ra_sets.h).
 * Owns:     what a struct ra_generations holds, until ra_generations_clear.
 * Threads:  writing under the folder's lock; reading without it, at any moment.
 * Spec:     RFC 8894 2.2; docs/ca.md, "RA certificates are replaced by themselves".
 */
#ifndef OPENNDES_CA_RA_GENERATIONS_H
#define OPENNDES_CA_RA_GENERATIONS_H

#include "ca/ca_folder.h"
#include "ca/ra_cert.h"
#include "model/certificate.h"
#include "model/ra_identity.h"

/*
 * ra.1.crt and ra.1.key to ra.3.*; the pair's members together in one slot, ra-sign.1.* and
 * ra-enc.1.*. The numbers are places, no order. A slot is in use while it has the certificate that
 * devices encrypt to (of a pair: ra-enc.N.crt), which is written last and removed first.
 *
 * A slot that has the same certificate as ra.crt (ra-enc.crt) is the current generation itself, as
 * a whole: somebody was about to replace it and did not get to the new certificate, so ra.key and
 * ra-sign.* may be the new ones already. That is what makes a replacement one step: until the new
 * certificate is there the slot counts, from then on the files do.
 */
#define RA_FORMERS_MAX (RA_GENERATIONS_MAX - 1)

/* Two forms of an RA have generations of their own. */
enum ra_generation_form { RA_GENERATION_SINGLE, RA_GENERATION_PAIR, RA_GENERATION_FORMS };
/* The role whose certificate devices encrypt to. */
enum ra_cert_role ra_generation_lead(enum ra_generation_form form);
enum ra_generation_form ra_generation_form_of(enum ra_cert_role role);

struct ra_former {
    enum ra_generation_form form;
    unsigned slot;                    /* 1..RA_FORMERS_MAX */
    struct ra_cert ra[RA_CERT_ROLES]; /* of its form; the others are empty */
    struct certificate_info info;     /* of the lead */
    /*
     * When its time is counted from, seconds: its end, or the start of the current one if that is
     * later. Whoever replaces late, or because the clock is ahead, leaves devices as much time.
     */
    int64_t counts_from;
};

struct ra_generations {
    struct ra_former former[RA_GENERATION_FORMS * RA_FORMERS_MAX]; /* of a form: newest first */
    size_t count;
    size_t unusable;  /* slots in use that cannot be opened */
    struct error why; /* the first of them */
};
void ra_generations_clear(struct ra_generations *generations);

/*
 * All former ones whose time counts from after `ended_before` (seconds; INT64_MIN: all). One that
 * cannot be opened is counted and keeps nobody from working.
 */
void ra_generations_load(const struct ca_folder *folder, const struct cert_issuer *issuer,
                         int64_t ended_before, struct ra_generations *out);
/*
 * The current RA of this role out of the slot that an interrupted replacement has left; false
 * without err: there is none, or it cannot be used.
 */
bool ra_generations_load_current(const struct ca_folder *folder, const struct cert_issuer *issuer,
                                 enum ra_cert_role role, struct ra_cert *out);

/* What had to give way. */
struct ra_given_way {
    bool any;
    struct certificate_info info; /* of the lead */
};
/*
 * Before a form is replaced: put what is current into a slot, under the lock. Without a current one
 * that works there is nothing to keep, *kept is false. When all slots are in use the oldest goes.
 * Errors: file errors; the current one is then as it was.
 */
MUST_USE bool ra_generations_keep(const struct ca_folder *folder, const struct cert_issuer *issuer,
                                  enum ra_generation_form form, bool *kept,
                                  struct ra_given_way *given_way, struct error *err);
/*
 * After it was replaced: when the new one is what was kept, or a former one, as with one that is
 * named again, its slot is emptied; *again tells.
 */
MUST_USE bool ra_generations_settle(const struct ca_folder *folder, enum ra_generation_form form,
                                    bool *again, struct error *err);

/* Is there something for ra_generations_tidy to do? */
bool ra_generations_untidy(const struct ca_folder *folder, int64_t ended_before);
/*
 * Under the lock: remove those whose time counts from before this and what is left over, and bring
 * an interrupted replacement back to where it began. *removed counts those that had their time.
 */
MUST_USE bool ra_generations_tidy(const struct ca_folder *folder, const struct cert_issuer *issuer,
                                  int64_t ended_before, size_t *removed, struct error *err);

#endif
