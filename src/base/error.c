/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One row of the table of reasons; index is the reason. */
struct reason_info {
    const char *id;
    enum error_kind kind;
    const char *public_text;
};

static const struct reason_info reasons[] = {
    [REASON_NONE] = { "none", ERROR_NONE, "" },
#define REASON(symbol, id, kind, public_text) [REASON_##symbol] = { id, kind, public_text },
#include "base/reasons.def"
#undef REASON
};
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == REASON_COUNT, "one row per reason");

/* HRESULTs of the Microsoft SCEP error attribute, as winerror.h names them. */
#define HR_E_FAIL 0x80004005u          /* E_FAIL */
#define HR_INVALID_ARG 0x80070057u     /* E_INVALIDARG; what NDES signs for a bad request */
#define HR_ACCESS_DENIED 0x80070005u   /* E_ACCESSDENIED */
#define HR_NOT_FOUND 0x80070490u       /* ERROR_NOT_FOUND; NDES: no such password in the cache */
#define HR_FILE_NOT_FOUND 0x80070002u  /* ERROR_FILE_NOT_FOUND */
#define HR_OUT_OF_MEMORY 0x8007000eu   /* E_OUTOFMEMORY */
#define HR_BUSY 0x800700aau            /* ERROR_BUSY */
#define HR_RPC_UNAVAILABLE 0x800706bau /* RPC_S_SERVER_UNAVAILABLE */
#define HR_ADDRESS_IN_USE 0x80072740u  /* WSAEADDRINUSE */
#define HR_WRITE_FAULT 0x8007001du     /* ERROR_WRITE_FAULT */
#define HR_BAD_DATA 0x80090005u        /* NTE_BAD_DATA */
#define HR_BAD_KEY 0x80090003u         /* NTE_BAD_KEY */
#define HR_BAD_ALGID 0x80090008u       /* NTE_BAD_ALGID */
#define HR_DENIED_BY_ADMIN 0x80094014u /* CERTSRV_E_ADMIN_DENIED_REQUEST */
/*
 * A signing time that is off says "the clocks differ" (ERROR_TIME_SKEW), not CERT_E_EXPIRED
 * (0x800b0101): the text Windows shows for the latter sends people to look at certificates.
 */
#define HR_TIME_SKEW 0x80070576u
/*
 * A template or policy that says no: CERT_E_INVALID_POLICY. CERTSRV_E_UNSUPPORTED_CERT_TYPE
 * (0x80094800) is AD CS's word for an unknown template, which is another fault (below).
 */
#define HR_INVALID_POLICY 0x800b0113u

/*
 * Reasons whose HRESULT is another than their kind's: what NDES signs for the same cause
 * (observed), so that what help desks and clients know of these numbers stays true. That a request
 * came without a password is told apart from a wrong one: its sender knows that anyway.
 */
static const struct {
    enum reason reason;
    uint32_t hresult;
} reason_hresults[] = {
    { REASON_KEY_SIZE, 0x80094811u },      /* CERTSRV_E_KEY_LENGTH */
    { REASON_SUBJECT_EMPTY, 0x80094001u }, /* CERTSRV_E_BAD_REQUESTSUBJECT */
    { REASON_SUBJECT_ATTRIBUTE, 0x80094001u },
    { REASON_SUBJECT_CN, 0x80094001u },
    { REASON_SUBJECT_TOO_LONG, 0x80094001u },
    { REASON_CHALLENGE_MISSING, 0x80096004u }, /* TRUST_E_CERT_SIGNATURE */
    { REASON_TEMPLATE_DISABLED, 0x80094800u }, /* CERTSRV_E_UNSUPPORTED_CERT_TYPE */
    { REASON_NDES_FACE_BROKEN, 0x80094800u },
};

/*
 * Kind -> HTTP status, failInfo, HRESULT, exit code. FAIL_INFO_NONE: the kind cannot occur once a
 * message is open; denied and not-found can, where one URL serves several templates.
 * ERROR_CHALLENGE is badRequest, one failInfo for every cause.
 */
static const struct error_kind_info kinds[] = {
    [ERROR_NONE] = { ERROR_NONE, "none", 200, FAIL_INFO_NONE, 0, 0 },
    [ERROR_USAGE] = { ERROR_USAGE, "usage", 500, FAIL_INFO_NONE, HR_INVALID_ARG, 2 },
    [ERROR_CONFIG] = { ERROR_CONFIG, "config", 500, FAIL_INFO_BAD_REQUEST, HR_E_FAIL, 3 },
    [ERROR_DENIED] = { ERROR_DENIED, "denied", 403, FAIL_INFO_BAD_REQUEST, HR_ACCESS_DENIED, 4 },
    [ERROR_SIGN_IN] = { ERROR_SIGN_IN, "sign-in", 401, FAIL_INFO_NONE, HR_ACCESS_DENIED, 4 },
    [ERROR_THROTTLED] = { ERROR_THROTTLED, "throttled", 429, FAIL_INFO_NONE, HR_BUSY, 5 },
    [ERROR_MISSING] = { ERROR_MISSING, "not-found", 404, FAIL_INFO_BAD_REQUEST, HR_FILE_NOT_FOUND,
                        10 },
    [ERROR_METHOD] = { ERROR_METHOD, "method", 405, FAIL_INFO_NONE, HR_INVALID_ARG, 11 },
    [ERROR_TOO_LARGE] = { ERROR_TOO_LARGE, "too-large", 413, FAIL_INFO_NONE, HR_INVALID_ARG, 11 },
    [ERROR_URI_TOO_LONG] = { ERROR_URI_TOO_LONG, "uri-too-long", 414, FAIL_INFO_NONE,
                             HR_INVALID_ARG, 11 },
    [ERROR_MALFORMED] = { ERROR_MALFORMED, "malformed", 400, FAIL_INFO_BAD_REQUEST, HR_INVALID_ARG,
                          11 },
    [ERROR_BAD_ALGORITHM] = { ERROR_BAD_ALGORITHM, "bad-algorithm", 400, FAIL_INFO_BAD_ALG,
                              HR_BAD_ALGID, 11 },
    [ERROR_BAD_MESSAGE_CHECK] = { ERROR_BAD_MESSAGE_CHECK, "bad-message-check", 400,
                                  FAIL_INFO_BAD_MESSAGE_CHECK, HR_BAD_DATA, 11 },
    [ERROR_BAD_REQUEST] = { ERROR_BAD_REQUEST, "bad-request", 400, FAIL_INFO_BAD_REQUEST,
                            HR_INVALID_ARG, 11 },
    [ERROR_BAD_TIME] = { ERROR_BAD_TIME, "bad-time", 400, FAIL_INFO_BAD_TIME, HR_TIME_SKEW, 11 },
    [ERROR_BAD_CERT_ID] = { ERROR_BAD_CERT_ID, "bad-cert-id", 404, FAIL_INFO_BAD_CERT_ID,
                            HR_INVALID_ARG, 10 },
    [ERROR_CHALLENGE] = { ERROR_CHALLENGE, "challenge", 403, FAIL_INFO_BAD_REQUEST, HR_NOT_FOUND,
                          11 },
    [ERROR_POLICY] = { ERROR_POLICY, "policy", 403, FAIL_INFO_BAD_REQUEST, HR_INVALID_POLICY, 11 },
    [ERROR_CA_REFUSED] = { ERROR_CA_REFUSED, "ca-refused", 403, FAIL_INFO_BAD_REQUEST,
                           HR_DENIED_BY_ADMIN, 11 },
    [ERROR_UNAVAILABLE] = { ERROR_UNAVAILABLE, "unavailable", 503, FAIL_INFO_BAD_REQUEST,
                            HR_RPC_UNAVAILABLE, 5 },
    [ERROR_OVERLOADED] = { ERROR_OVERLOADED, "busy", 503, FAIL_INFO_BAD_REQUEST, HR_BUSY, 5 },
    [ERROR_IO] = { ERROR_IO, "io", 500, FAIL_INFO_BAD_REQUEST, HR_WRITE_FAULT, 6 },
    [ERROR_STORE] = { ERROR_STORE, "store", 503, FAIL_INFO_BAD_REQUEST, HR_E_FAIL, 7 },
    [ERROR_KEY] = { ERROR_KEY, "key", 503, FAIL_INFO_BAD_REQUEST, HR_BAD_KEY, 8 },
    [ERROR_PORT] = { ERROR_PORT, "port", 500, FAIL_INFO_NONE, HR_ADDRESS_IN_USE, 9 },
    [ERROR_NO_MEMORY] = { ERROR_NO_MEMORY, "no-memory", 503, FAIL_INFO_BAD_REQUEST,
                          HR_OUT_OF_MEMORY, 1 },
    [ERROR_INTERNAL] = { ERROR_INTERNAL, "internal", 500, FAIL_INFO_BAD_REQUEST, HR_E_FAIL, 1 },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == ERROR_KIND_COUNT, "one row per kind");

/* A text that was cut may end inside a character; take the started one away. */
static void cut_at_character(char *text, size_t len)
{
    size_t start = len;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
        start--;
    }
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
        text[start - 1] = '\0';
    }
}

bool error_set_at(struct error *err, enum reason reason, const char *file, int line,
                  const char *format, ...)
{
    va_list args;
    int len = 0;

    if (err == NULL || err->reason != REASON_NONE) {
        return false;
    }
    err->reason = reason;
    err->file = file;
    err->line = line;
    va_start(args, format);
    len = vsnprintf(err->detail, sizeof(err->detail), format, args);
    va_end(args);
    if (len < 0) {
        err->detail[0] = '\0';
    } else if ((size_t)len >= sizeof(err->detail)) {
        cut_at_character(err->detail, sizeof(err->detail) - 1);
    }
    return false;
}

bool error_context(struct error *err, const char *format, ...)
{
    char context[ERROR_DETAIL_MAX];
    va_list args;
    int len = 0;
    size_t used = 0;
    size_t keep = 0;

    if (err == NULL || err->reason == REASON_NONE) {
        return false;
    }
    va_start(args, format);
    len = vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    if (len < 0) {
        return false;
    }
    if ((size_t)len >= sizeof(context)) {
        cut_at_character(context, sizeof(context) - 1);
    }
    used = strlen(context);
    if (used + 3 > sizeof(err->detail)) {
        return false; /* no room for anything behind it: the cause is worth more than the context */
    }
    keep = strlen(err->detail);
    if (keep > sizeof(err->detail) - used - 3) {
        keep = sizeof(err->detail) - used - 3;
        err->detail[keep] = '\0';
        cut_at_character(err->detail, keep);
        keep = strlen(err->detail);
    }
    memmove(err->detail + used + 2, err->detail, keep + 1);
    memcpy(err->detail, context, used);
    memcpy(err->detail + used, ": ", 2);
    return false;
}

void error_clear(struct error *err)
{
    if (err != NULL) {
        memset(err, 0, sizeof(*err));
    }
}

bool error_is_set(const struct error *err)
{
    return err != NULL && err->reason != REASON_NONE;
}

enum error_kind error_kind(const struct error *err)
{
    return err == NULL ? ERROR_NONE : reason_kind(err->reason);
}

const struct error_kind_info *error_kind_info(enum error_kind kind)
{
    if ((unsigned)kind >= ERROR_KIND_COUNT) {
        return &kinds[ERROR_INTERNAL];
    }
    return &kinds[kind];
}

/* The row of a reason; a number that is none counts as an internal error. */
static const struct reason_info *reason_row(enum reason reason)
{
    if ((unsigned)reason >= REASON_COUNT) {
        return &reasons[REASON_INTERNAL];
    }
    return &reasons[reason];
}

const char *reason_id(enum reason reason)
{
    return reason_row(reason)->id;
}

const char *reason_public_text(enum reason reason)
{
    return reason_row(reason)->public_text;
}

enum error_kind reason_kind(enum reason reason)
{
    return reason_row(reason)->kind;
}

enum reason reason_from_id(const char *id)
{
    for (unsigned i = REASON_NONE + 1; id != NULL && i < REASON_COUNT; i++) {
        if (strcmp(reasons[i].id, id) == 0) {
            return (enum reason)i;
        }
    }
    return REASON_NONE;
}

int error_http_status(const struct error *err)
{
    return error_kind_info(error_kind(err))->http_status;
}

enum fail_info error_fail_info(const struct error *err)
{
    return error_kind_info(error_kind(err))->fail_info;
}

uint32_t error_hresult(const struct error *err)
{
    if (err != NULL && err->hresult != 0) {
        return err->hresult;
    }
    for (size_t i = 0; err != NULL && i < sizeof(reason_hresults) / sizeof(reason_hresults[0]);
         i++) {
        if (reason_hresults[i].reason == err->reason) {
            return reason_hresults[i].hresult;
        }
    }
    return error_kind_info(error_kind(err))->hresult;
}

int error_exit_code(const struct error *err)
{
    return error_kind_info(error_kind(err))->exit_code;
}
