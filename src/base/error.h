/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the one error type; what a failure means in HTTP, SCEP, HRESULT and as an exit code.
 * Not here: deciding what to answer (endpoint/), writing it down (audit/).
 * Owns:     the tables of kinds and reasons.
 * Threads:  a struct error belongs to its caller; the tables are constant.
 * Spec:     RFC 8894 3.2.1.4 (failInfo), RFC 9110 15 (HTTP status).
 */
#ifndef OPENNDES_BASE_ERROR_H
#define OPENNDES_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

#if defined(__MINGW32__)
#define PRINTF_FORMAT(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#else
#define PRINTF_FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))
#endif

/* SCEP failInfo, RFC 8894 3.2.1.4; FAIL_INFO_NONE where no CertRep can be the answer. */
enum fail_info {
    FAIL_INFO_NONE = -1,
    FAIL_INFO_BAD_ALG = 0,
    FAIL_INFO_BAD_MESSAGE_CHECK = 1,
    FAIL_INFO_BAD_REQUEST = 2,
    FAIL_INFO_BAD_TIME = 3,
    FAIL_INFO_BAD_CERT_ID = 4
};

/*
 * What kind of thing went wrong. One row each in error.c: HTTP status, failInfo, HRESULT, exit
 * code.
 */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_USAGE,         /* wrong command line */
    ERROR_CONFIG,        /* configuration file refused */
    ERROR_DENIED,        /* address list, rights */
    ERROR_SIGN_IN,       /* nobody has signed in yet, or wrongly */
    ERROR_THROTTLED,     /* too many failed attempts: later */
    ERROR_MISSING,       /* no such URL, template, certificate; winerror.h owns ERROR_NOT_FOUND */
    ERROR_METHOD,        /* HTTP method not possible here */
    ERROR_TOO_LARGE,     /* body over the limit */
    ERROR_URI_TOO_LONG,  /* request line over the limit */
    ERROR_MALFORMED,     /* not the bytes that were promised */
    ERROR_BAD_ALGORITHM, /* algorithm unknown or not allowed at this level */
    ERROR_BAD_MESSAGE_CHECK, /* signature or decryption failed */
    ERROR_BAD_REQUEST,       /* understood and not permitted */
    ERROR_BAD_TIME,          /* signingTime enforced and off */
    ERROR_BAD_CERT_ID,       /* no certificate or transaction matches */
    ERROR_CHALLENGE,         /* challenge wrong, expired, used: never told apart outside */
    ERROR_POLICY,            /* the template or a policy says no */
    ERROR_CA_REFUSED,        /* the CA says no */
    ERROR_UNAVAILABLE,       /* CA, store or validator cannot be reached or used now */
    ERROR_OVERLOADED,        /* queue full: try again (winerror.h has ERROR_BUSY) */
    ERROR_IO,                /* file or disk */
    ERROR_STORE,             /* database broken or not writable */
    ERROR_KEY,               /* key missing, wrong password, not usable */
    ERROR_PORT,              /* listening address cannot be had */
    ERROR_NO_MEMORY,
    ERROR_INTERNAL,
    ERROR_KIND_COUNT
};

/* Every refusal the program can utter. Stable id, kind and public text stand in reasons.def. */
enum reason {
    REASON_NONE = 0,
#define REASON(symbol, id, kind, public_text) REASON_##symbol,
#include "base/reasons.def"
#undef REASON
    REASON_COUNT
};

/* One row of the table of kinds. */
struct error_kind_info {
    enum error_kind kind;
    const char *name;         /* "bad-algorithm" */
    int http_status;          /* answer when no CertRep can be given */
    enum fail_info fail_info; /* answer inside a CertRep */
    uint32_t hresult;         /* default of the Microsoft SCEP error attribute */
    int exit_code;            /* of the command line */
};

#define ERROR_DETAIL_MAX 768

/*
 * A failure. `detail` is for logs and administrators: it may name files and numbers, never a
 * secret. What a client may read is the public text of the reason, nothing else.
 */
struct error {
    enum reason reason;
    uint32_t hresult; /* 0: the default of the reason */
    const char *file;
    int line;
    char detail[ERROR_DETAIL_MAX];
};

/* Initialiser: struct error err = ERROR_INIT; */
#define ERROR_INIT                                                                                 \
    {                                                                                              \
        REASON_NONE, 0, NULL, 0,                                                                   \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/*
 * Record a failure; the first one wins, a later call leaves it. Always returns false, so that
 * `return error_set(err, REASON_X, "...");` reads well. The format gives `detail`.
 */
#define error_set(err, reason, ...) error_set_at((err), (reason), __FILE__, __LINE__, __VA_ARGS__)
bool error_set_at(struct error *err, enum reason reason, const char *file, int line,
                  const char *format, ...) PRINTF_FORMAT(5, 6);

/* Put "context: " before the detail of a failure that is already set. Returns false. */
bool error_context(struct error *err, const char *format, ...) PRINTF_FORMAT(2, 3);

/* Forget the failure, so that the struct can be used again. */
void error_clear(struct error *err);

/* True when a failure is recorded. */
bool error_is_set(const struct error *err);

enum error_kind error_kind(const struct error *err);
const struct error_kind_info *error_kind_info(enum error_kind kind);

/* Stable id such as "challenge-rejected"; "none" for REASON_NONE. Never NULL. */
const char *reason_id(enum reason reason);
/* Text a client may see (failInfoText, HTTP body). Never NULL. */
const char *reason_public_text(enum reason reason);
enum error_kind reason_kind(enum reason reason);
/* The reason with this id; REASON_NONE when there is none. */
enum reason reason_from_id(const char *id);

int error_http_status(const struct error *err);
enum fail_info error_fail_info(const struct error *err);
uint32_t error_hresult(const struct error *err);
int error_exit_code(const struct error *err);

#endif
