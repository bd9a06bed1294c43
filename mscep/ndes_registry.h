/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the settings of an NDES as its registry key holds them, each with whether it is there.
 * Not here: what is made of them (ndes_import.h).
 * Owns:     the texts of a struct ndes_registry.
 * Threads:  one owner.
 * Spec:     NDES: observed. Most settings lie in a key of the same name as the value
 *           (PasswordMax\PasswordMax); only the three templates are values of the root key.
 */
#ifndef OPENNDES_MSCEP_NDES_REGISTRY_H
#define OPENNDES_MSCEP_NDES_REGISTRY_H

#include "platform/registry.h"

#define NDES_REGISTRY_KEY "SOFTWARE\\Microsoft\\Cryptography\\MSCEP"
#define NDES_REGISTRY_IGNORED_MAX 64u /* names that are told; more are counted */

enum ndes_setting {
    NDES_GENERAL_TEMPLATE,
    NDES_SIGNATURE_TEMPLATE,
    NDES_ENCRYPTION_TEMPLATE,
    NDES_CA_CONFIGURATION, /* "HOST\CA name" */
    NDES_CA_TYPE,          /* 1 enterprise, 0 standalone */
    NDES_CERTS_IN_MY_STORE,
    NDES_ENFORCE_PASSWORD,
    NDES_USE_SINGLE_PASSWORD,
    NDES_PASSWORD_MAX,
    NDES_PASSWORD_VALIDITY, /* minutes */
    NDES_PASSWORD_LENGTH,   /* bytes */
    NDES_PASSWORD_VDIR,
    NDES_CACHE_REQUEST,  /* minutes */
    NDES_REFRESH_PERIOD, /* days */
    NDES_HASH_ALGORITHM,
    NDES_CAPS_ALGORITHMS,     /* one a line */
    NDES_RENEWAL_ANY_SUBJECT, /* DisableRenewalSubjectNameMatch */
    NDES_ENCRYPTED_PASSWORD,  /* that it is there; never its bytes */
    NDES_POLICY_MODULE,       /* ProgID */
    NDES_POLICY_CERTIFICATE,  /* thumbprint of the policy module's client certificate */
    NDES_SETTING_COUNT
};

enum ndes_value_state { NDES_VALUE_MISSING, NDES_VALUE_READ, NDES_VALUE_WRONG_TYPE };

struct ndes_value {
    enum ndes_value_state state;
    char *text; /* never NULL in what was READ; "" for a number */
    uint32_t number;
};

struct ndes_registry {
    bool found; /* the key is there */
    struct ndes_value values[NDES_SETTING_COUNT];
    char *ignored[NDES_REGISTRY_IGNORED_MAX]; /* "Key\Name", escaped */
    size_t ignored_count;                     /* may be more than are named */
};

/* "PasswordMax\PasswordMax", for messages. */
const char *ndes_setting_path(enum ndes_setting setting);
bool ndes_registry_has(const struct ndes_registry *r, enum ndes_setting setting); /* READ */

/*
 * Read this machine's registry, or a file that "reg export" has written. `out` is overwritten; it
 * is empty on failure. A missing key is no failure: out->found is false.
 * Errors: REASON_NOT_PERMITTED, REASON_SYNTAX, REASON_LIMIT, file errors.
 */
MUST_USE bool ndes_registry_read(struct ndes_registry *out, struct error *err);
MUST_USE bool ndes_registry_read_file(struct ndes_registry *out, const char *path,
                                      struct error *err);
/* The same from a file's content. */
MUST_USE bool ndes_registry_parse(struct ndes_registry *out, struct bytes file, struct error *err);
void ndes_registry_clear(struct ndes_registry *r); /* NULL is allowed */

#endif
