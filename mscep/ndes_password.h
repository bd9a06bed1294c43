/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the password cache: make one-time and single passwords, and the challenge that redeems
 *           them.
 * Not here: rows (store/store_passwords.h), the page (ndes_page.h), who may ask (sign_in.h).
 * Owns:     a challenge owns copies of its settings and of the MAC key.
 * Threads:  a challenge is immutable after creation; all functions from any thread.
 * Spec:     NDES: observed (ndes-compatibility.md); RFC 8894 7.3.
 *
 * A password belongs to one template, or to the service's face and then works with each template of
 * that face. It exists on disk as a keyed MAC alone; only the single password, which the page has
 * to show again, is also kept sealed. Redeeming is part of the commit that records the
 * certificate: whatever refuses the request before leaves the password as it was.
 */
#ifndef OPENNDES_MSCEP_NDES_PASSWORD_H
#define OPENNDES_MSCEP_NDES_PASSWORD_H

#include "challenge/challenge.h"
#include "config/template_config.h"
#include "store/store.h"

/* Scope of passwords of the service's own face; no template can be called so. */
#define NDES_PASSWORD_SCOPE_SERVICE "*"

/* What making and redeeming need; all borrowed. */
struct ndes_password_source {
    const char *data_folder; /* for sealing the single password */
    struct store *store;
    struct bytes mac_key;
};

/* A password to be made. */
struct ndes_password_order {
    const char *scope; /* template's name, or NDES_PASSWORD_SCOPE_SERVICE */
    const struct ndes_password_config *config;
    int64_t validity_minutes; /* 0: the config's; never longer than a year */
    const char *subject;      /* whole subject the CSR must have, as name_format writes it; NULL */
    const struct ip_prefix *peer; /* address the request must come from; NULL: any */
    const char *made_by;          /* "page CORP\\alice", "command line": for lists and audit */
    int64_t now;
};

/* Zero at first; ndes_password_made_clear wipes. After a failure nothing is in it. */
struct ndes_password_made {
    struct secret password; /* upper-case hex */
    int64_t id;             /* its number in lists */
    int64_t expires_at;     /* seconds; 0: never */
};

/*
 * Make and store a one-time password; durable when this returns. Errors:
 * REASON_PASSWORD_CACHE_FULL (config->max are outstanding in this scope), REASON_LIMIT (a subject
 * of more than LIMIT_DN_BYTES), REASON_STORE_*.
 */
MUST_USE bool ndes_password_make(const struct ndes_password_source *source,
                                 const struct ndes_password_order *order,
                                 struct ndes_password_made *out, struct error *err);
/*
 * The single password of a scope; made at the first call. Errors: REASON_STORE_*,
 * REASON_KEY_PROTECTION.
 */
MUST_USE bool ndes_password_single(const struct ndes_password_source *source,
                                   const struct ndes_password_order *order,
                                   struct ndes_password_made *out, struct error *err);
/*
 * Replace the single password: by `text` (hex digits, 8 to 64, such as the one an NDES had), or by
 * a new one when text is empty. Errors: as above, REASON_SYNTAX.
 */
MUST_USE bool ndes_password_single_set(const struct ndes_password_source *source,
                                       const struct ndes_password_order *order, struct bytes text,
                                       struct ndes_password_made *out, struct error *err);
void ndes_password_made_clear(struct ndes_password_made *made); /* NULL is allowed */

/*
 * The challenge of one template. service_scope: passwords of the service's face count as well. The
 * store outlives it; data_folder is not needed. config->single: the single password alone counts;
 * otherwise one-time passwords alone. !config->enforce: everybody passes.
 * Errors: REASON_NO_MEMORY.
 * Its refusals: REASON_CHALLENGE_MISSING (HRESULT TRUST_E_CERT_SIGNATURE), _REJECTED (unknown),
 * _EXPIRED, _USED, _BINDING (made for another template, subject or address), REASON_STORE_*.
 */
struct challenge *ndes_challenge_create(const struct ndes_password_source *source,
                                        const char *template_name,
                                        const struct ndes_password_config *config,
                                        bool service_scope, struct error *err);

#endif
