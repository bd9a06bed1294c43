/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  our own accounts, for products that only speak Basic and where there is no Windows.
 * Not here: the file (accounts_file.h), HTTP (sign_in_basic.c), limits on attempts
 *           (sign_in_throttle.h).
 * Owns:     what was last read of the file.
 * Threads:  any thread; references are counted. At most ACCOUNTS_AT_ONCE passwords are computed at
 *           a time.
 * Spec:     RFC 7914 (scrypt); docs/sign-in.md.
 */
#ifndef OPENNDES_MSCEP_ACCOUNTS_H
#define OPENNDES_MSCEP_ACCOUNTS_H

#include "base/buffer.h"
#include "base/limits.h"

#define ACCOUNTS_MAX 1000u
#define ACCOUNTS_AT_ONCE 4u  /* scrypt computations, 32 MB each */
#define ACCOUNTS_WAITING 16u /* for one of them; further ones are refused */
#define ACCOUNT_NAME_MAX 64  /* bytes */
#define ACCOUNT_SCOPES_MAX 16u
#define ACCOUNT_PASSWORD_MIN 12u  /* characters */
#define ACCOUNT_SCOPE_SERVICE "*" /* the service's own face */

struct account {
    char name[ACCOUNT_NAME_MAX + 1];
    /* templates' names or ACCOUNT_SCOPE_SERVICE; none: everything */
    char scopes[ACCOUNT_SCOPES_MAX][LIMIT_TEMPLATE_NAME + 1];
    size_t scope_count;
    int64_t created; /* seconds */
};

bool account_has_scope(const struct account *account, const char *scope);

/* ---- signing in ------------------------------------------------------------------------------ */

struct accounts;

/* One reference. data_folder must outlive it. NULL: REASON_NO_MEMORY. */
struct accounts *accounts_open(const char *data_folder, struct error *err);
struct accounts *accounts_ref(struct accounts *accounts);
void accounts_unref(struct accounts *accounts); /* NULL is allowed */

/*
 * Check a password; a file that has changed is read first. An unknown name costs as much as a wrong
 * password. Errors: REASON_SIGN_IN_FAILED; REASON_SIGN_IN_UNAVAILABLE (the file is broken: then
 * nobody of it may sign in); REASON_SERVER_BUSY; REASON_NO_MEMORY.
 */
MUST_USE bool accounts_sign_in(struct accounts *accounts, const char *name, struct bytes password,
                               struct account *out, struct error *err);

/* ---- administration -------------------------------------------------------------------------- */

/*
 * 1..64 bytes of printable text without quotes, ':', '\\' and '@', no space at the ends (the last
 * two belong to Windows accounts). REASON_CONFIG_BAD_VALUE.
 */
MUST_USE bool account_name_check(const char *name, struct error *err);
/* At least ACCOUNT_PASSWORD_MIN characters, UTF-8. REASON_PASSPHRASE_TOO_SHORT, REASON_SYNTAX. */
MUST_USE bool account_password_check(struct bytes password, struct error *err);

/*
 * Each changes the file under a lock, durable when it returns. Errors: REASON_ACCOUNT_EXISTS,
 * REASON_ACCOUNT_MISSING, REASON_LIMIT (ACCOUNTS_MAX), REASON_DATA_FOLDER_IN_USE (another command
 * changes accounts), those of the two checks, file errors.
 */
MUST_USE bool accounts_add(const char *data_folder, const struct account *account,
                           struct bytes password, struct error *err);
MUST_USE bool accounts_set_password(const char *data_folder, const char *name,
                                    struct bytes password, struct error *err);
MUST_USE bool accounts_remove(const char *data_folder, const char *name, struct error *err);

/* Visit all, in the file's order; stops with false when visit returns false. Errors: as reading. */
typedef bool account_visit(void *context, const struct account *account, struct error *err);
MUST_USE bool accounts_list(const char *data_folder, account_visit *visit, void *context,
                            struct error *err);

#endif
