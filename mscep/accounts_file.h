/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  accounts.json: our own accounts, read strictly and written whole.
 * Not here: checking passwords (accounts.h).
 * Owns:     the rows of a struct accounts_file.
 * Threads:  pure but for the file; a struct belongs to one thread at a time.
 * Spec:     docs/sign-in.md.
 */
#ifndef OPENNDES_MSCEP_ACCOUNTS_FILE_H
#define OPENNDES_MSCEP_ACCOUNTS_FILE_H

#include "base/crypto_scrypt.h"
#include "mscep/accounts.h"
#include "platform/files.h"

#define ACCOUNTS_FILE_NAME "accounts.json"
#define ACCOUNT_SALT_BYTES 16
#define ACCOUNT_HASH_BYTES 32

struct account_row {
    struct account account;
    struct scrypt_cost cost;
    uint8_t salt[ACCOUNT_SALT_BYTES];
    uint8_t hash[ACCOUNT_HASH_BYTES];
};

struct accounts_file {
    struct account_row *rows;
    size_t count;
};

#define ACCOUNTS_FILE_INIT                                                                         \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/*
 * Read <data folder>/accounts.json; a missing file holds no account. *stamp (may be NULL) is the
 * file's before it was read. Errors: file errors, REASON_CONFIG_... with the file's name; out is
 * then empty.
 */
MUST_USE bool accounts_file_read(const char *data_folder, struct accounts_file *out,
                                 struct file_stamp *stamp, struct error *err);
/* The same from text. */
MUST_USE bool accounts_file_parse(struct bytes text, struct accounts_file *out, struct error *err);
/* Replace the file. Private. Errors: file errors, REASON_NO_MEMORY. */
MUST_USE bool accounts_file_write(const char *data_folder, const struct accounts_file *file,
                                  struct error *err);
void accounts_file_clear(struct accounts_file *file); /* wipes; NULL is allowed */
/* Names are compared without regard to ASCII case. NULL: not there. */
struct account_row *accounts_file_find(const struct accounts_file *file, const char *name);

#endif
