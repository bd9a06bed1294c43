/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the normalised policy: what an administrator meant a request to look like, whatever
 *           language it was written in.
 * Not here: reading one (policy_load.h), comparing a request with it (policy_match.h).
 * Owns:     its texts and lists.
 * Threads:  immutable after loading.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_H
#define OPENNDES_POLICY_POLICY_H

#include "base/buffer.h"
#include "base/limits.h"
#include "config/template_config.h"

/* Where it came from; decides about the names in paths and about nothing else. */
enum policy_source {
    POLICY_SOURCE_OWN,
    POLICY_SOURCE_GRAPH,
    POLICY_SOURCE_SYNCML,
    POLICY_SOURCE_APPLE
};
enum policy_platform {
    POLICY_PLATFORM_ANY,
    POLICY_PLATFORM_WINDOWS,
    POLICY_PLATFORM_APPLE,
    POLICY_PLATFORM_ANDROID
};
enum policy_san_type { POLICY_SAN_EMAIL, POLICY_SAN_DNS, POLICY_SAN_URI, POLICY_SAN_UPN };
/* A key usage or EKU that the request does not ask for. */
enum policy_absent { POLICY_ABSENT_ADD, POLICY_ABSENT_DENY };
enum policy_over { POLICY_OVER_CLAMP, POLICY_OVER_DENY };
enum policy_order { POLICY_ORDER_ANY, POLICY_ORDER_EXACT };
enum policy_extra { POLICY_EXTRA_DENY, POLICY_EXTRA_ALLOW };
/* An extension in the request that no rule knows: never copied; drop tells, deny refuses. */
enum policy_unknown { POLICY_UNKNOWN_DROP, POLICY_UNKNOWN_DENY };
enum policy_unit { POLICY_UNIT_DAYS, POLICY_UNIT_MONTHS, POLICY_UNIT_YEARS };
enum policy_shape { POLICY_SHAPE_ANY, POLICY_SHAPE_INTUNE };
enum policy_store { POLICY_STORE_UNSTATED, POLICY_STORE_USER, POLICY_STORE_MACHINE };
enum policy_protection {
    POLICY_PROTECTION_UNSTATED,
    POLICY_PROTECTION_TPM,
    POLICY_PROTECTION_TPM_IF_THERE,
    POLICY_PROTECTION_SOFTWARE,
    POLICY_PROTECTION_HELLO
};

/* One attribute of a subject. */
struct policy_rdn {
    char *oid;     /* dotted: "2.5.4.3" */
    char *pattern; /* the value, unquoted; {{Variables}} inside */
};

struct policy_san {
    enum policy_san_type type;
    char *pattern;
    unsigned min, max; /* how often; 1 and 1 outside our own format */
    unsigned row;      /* where it stood in its file, from 0: policy_finish sorts */
};

/* A list of texts. */
struct policy_texts {
    char **item;
    size_t count;
};

struct policy {
    char *name;                  /* never NULL or "" */
    enum policy_strictness mode; /* own format; others: enforce */

    struct {
        bool stated;   /* false: any subject */
        bool unquoted; /* as written, a value has + ; , or = outside quotes; for lint */
        struct policy_rdn *item;
        size_t count;
        bool whole_dn; /* the one item is {{OnPrem_Distinguished_Name}}: oid "", the whole name */
        enum policy_order order;
        enum policy_extra extra;
    } subject;
    struct {
        bool stated; /* false: any names, but no SID; true with count 0: none */
        struct policy_san *item;
        size_t count;
    } san;
    struct {
        bool stated;
        uint32_t bits; /* KEY_USAGE_... of model/csr.h */
        enum policy_absent absent;
    } key_usage;
    struct {
        bool stated;
        struct policy_texts oids; /* dotted */
        enum policy_absent absent;
    } eku;
    struct {
        bool rsa; /* RSA only: the default; our own format can say "any" */
        unsigned bits[8];
        size_t bits_count; /* 0: any */
        bool at_least;     /* the smallest of bits or more */
    } key;
    struct {
        bool stated;
        bool sha1, sha2;
    } hash;
    struct {
        bool stated;
        int64_t value; /* 1.. */
        enum policy_unit unit;
        enum policy_over over;
        int64_t backdate_minutes; /* -1: as the template says */
    } validity;
    struct {
        struct policy_texts allow; /* OIDs that pass without a word; never copied */
        bool sid_drop;             /* SID extension in a request: false: deny; true: fixed */
        enum policy_unknown unknown;
    } extensions;
    struct {
        enum policy_shape shape;
        int64_t max; /* bytes; 0: LIMIT_CHALLENGE_BYTES */
    } challenge;
    struct {
        int64_t per_identity_per_day; /* certificates; 0: any number */
    } limits;
    struct policy_texts endpoints;     /* URLs or paths it is for; none: any */
    struct policy_texts email_domains; /* of UPN and e-mail variables; none: any */
    struct policy_texts host_suffixes; /* of host variables; none: any */

    /* What no request shows; for lint, dump --all and messages. */
    struct {
        enum policy_source source;
        enum policy_platform platform;
        enum policy_store store;
        enum policy_protection protection;
        char *ca_fingerprint; /* hex, lower case, SHA-1 or MD5 or SHA-256 by length; NULL none */
        char *ca_ident;       /* message=; NULL none */
        char *template_name;  /* NULL none */
        bool aad_keys;        /* AADKeyIdentifierList stated */
        int64_t renewal_threshold;   /* percent of life left; -1 not stated */
        int64_t retry_delay_seconds; /* -1 not stated */
        int64_t retry_count;         /* -1 not stated */
        char *file;                  /* name it was loaded from */
        size_t line;                 /* where it begins; 0 not known */
    } facts;
};

/* With every default set; name is copied. Owned: policy_free. NULL: no memory. */
struct policy *policy_new(const char *name, struct error *err);
void policy_free(struct policy *p); /* NULL is allowed */

/*
 * The building verbs: copy their texts, which must be UTF-8 without control characters and not
 * empty. Adding to a list sets its `stated`. Errors: REASON_LIMIT, REASON_POLICY_VALUE, _NO_MEMORY.
 */
MUST_USE bool policy_add_rdn(struct policy *p, const char *oid, const char *pattern,
                             struct error *err);
MUST_USE bool policy_add_san(struct policy *p, enum policy_san_type type, const char *pattern,
                             unsigned min, unsigned max, struct error *err);
MUST_USE bool policy_add_eku(struct policy *p, const char *oid, struct error *err); /* once each */
MUST_USE bool policy_add_bits(struct policy *p, int64_t bits, struct error *err);
MUST_USE bool policy_texts_add(struct policy_texts *texts, const char *text, struct error *err);
/* For sentences about a policy: beyond LIMIT_POLICIES of them the rest is only mentioned, since too
 * many are no reason to refuse anything. */
MUST_USE bool policy_texts_tell(struct policy_texts *texts, const char *sentence,
                                struct error *err);
/* A text field of the policy: replaces what was there; NULL or "" leaves it NULL. */
MUST_USE bool policy_set_text(char **field, const char *text, struct error *err);

/*
 * After loading: sorts what has no order (SANs, EKUs, bits, texts), folds equal items into one
 * (equal names add their min and max up), so that the same profile gives the same policy, and
 * checks what no loader can see alone. Errors: REASON_POLICY_VALUE.
 */
MUST_USE bool policy_finish(struct policy *p, struct error *err);

/*
 * Words of the own format and of messages: "uri", "digitalSignature", "years"; NULL out of range.
 */
const char *policy_san_word(enum policy_san_type type);
const char *policy_unit_word(enum policy_unit unit);
const char *policy_source_word(enum policy_source source);
const char *policy_platform_word(enum policy_platform platform);
const char *policy_mode_word(enum policy_strictness mode);
bool policy_san_from_word(struct bytes word, enum policy_san_type *out);
bool policy_key_usage_from_word(struct bytes word, uint32_t *bit);
const char *policy_key_usage_word(uint32_t bit);

/* Digits and dots, two arcs or more, no leading zero, at most 127 bytes. */
bool policy_oid_valid(const char *oid);

/* The other words of the own format, XML and JSON alike; exact, as all words are. */
enum policy_words {
    POLICY_WORDS_SOURCE,     /* own graph syncml apple */
    POLICY_WORDS_PLATFORM,   /* any windows apple android */
    POLICY_WORDS_MODE,       /* enforce audit off */
    POLICY_WORDS_ABSENT,     /* add deny */
    POLICY_WORDS_OVER,       /* clamp deny */
    POLICY_WORDS_ORDER,      /* any exact */
    POLICY_WORDS_EXTRA,      /* deny allow */
    POLICY_WORDS_UNKNOWN,    /* drop deny */
    POLICY_WORDS_UNIT,       /* days months years */
    POLICY_WORDS_SHAPE,      /* any intune */
    POLICY_WORDS_STORE,      /* unstated user machine */
    POLICY_WORDS_PROTECTION, /* unstated tpm tpmIfThere software hello */
    POLICY_WORDS_SAN,        /* email dns uri upn */
    POLICY_WORDS_COUNT
};
const char *policy_word(enum policy_words list, unsigned value); /* NULL out of range */
bool policy_word_find(enum policy_words list, struct bytes word, unsigned *value);
/* "add, deny" for messages. */
void policy_words_format(enum policy_words list, char *text, size_t size);

/* What one file holds. */
struct policy_set {
    struct policy **item;
    size_t count;
    struct policy_texts warnings; /* things passed over, one sentence each, with their place;
                                     beyond LIMIT_POLICIES of them the rest is only mentioned */
};
void policy_set_clear(struct policy_set *set); /* NULL is allowed */
/* Takes p over, also on failure. */
MUST_USE bool policy_set_add(struct policy_set *set, struct policy *take, struct error *err);
MUST_USE bool policy_set_warn(struct policy_set *set, struct error *err, const char *format, ...)
    PRINTF_FORMAT(3, 4);

#endif
