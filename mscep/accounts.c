/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in; the administration's half is accounts_edit.c. */
#include "mscep/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "mscep/accounts_file.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define WAIT_MS 5000 /* for one of ACCOUNTS_AT_ONCE; a computation takes a tenth of a second */

struct accounts {
    const char *data_folder;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t turn;  /* a computation has ended */
    unsigned references;
    unsigned computing;
    unsigned waiting;
    bool known; /* stamp, file and problem are of the file as it was last read */
    struct file_stamp stamp;
    struct accounts_file file;
    struct error problem; /* why the file cannot be used; then it holds no account */
};

bool account_has_scope(const struct account *account, const char *scope)
{
    for (size_t i = 0; i < account->scope_count; i++) {
        if (strcmp(account->scopes[i], scope) == 0) {
            return true;
        }
    }
    return account->scope_count == 0;
}

struct accounts *accounts_open(const char *data_folder, struct error *err)
{
    struct accounts *a = calloc(1, sizeof(*a));

    if (a == NULL || pthread_mutex_init(&a->lock, NULL) != 0) {
        free(a);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for accounts");
        return NULL;
    }
    if (!thread_cond_init(&a->turn, err)) {
        (void)pthread_mutex_destroy(&a->lock);
        free(a);
        return NULL;
    }
    a->data_folder = data_folder;
    a->references = 1;
    return a;
}

struct accounts *accounts_ref(struct accounts *accounts)
{
    (void)pthread_mutex_lock(&accounts->lock);
    accounts->references++;
    (void)pthread_mutex_unlock(&accounts->lock);
    return accounts;
}

void accounts_unref(struct accounts *accounts)
{
    bool last;

    if (accounts == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&accounts->lock);
    last = --accounts->references == 0;
    (void)pthread_mutex_unlock(&accounts->lock);
    if (last) {
        accounts_file_clear(&accounts->file);
        (void)pthread_cond_destroy(&accounts->turn);
        (void)pthread_mutex_destroy(&accounts->lock);
        free(accounts);
    }
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Under the lock: read the file when it is not the one that was read last. */
static bool refresh(struct accounts *a, struct error *err)
{
    struct file_stamp now;
    char path[FILE_PATH_MAX];

    if (!path_join(path, a->data_folder, ACCOUNTS_FILE_NAME, err) || !file_stamp(path, &now, err)) {
        a->known = false;
        return false;
    }
    if (!a->known || !file_stamp_equal(&now, &a->stamp)) {
        accounts_file_clear(&a->file);
        error_clear(&a->problem);
        /* what cannot be read now may be readable later with the same stamp */
        a->known = accounts_file_read(a->data_folder, &a->file, &a->stamp, &a->problem)
                   || error_kind(&a->problem) == ERROR_CONFIG;
    }
    if (error_is_set(&a->problem)) {
        *err = a->problem;
        return false;
    }
    return true;
}

/* A copy of the account's row; one that nobody's password opens when there is none. */
static bool find_row(struct accounts *a, const char *name, struct account_row *row, bool *found,
                     struct error *err)
{
    static const struct account_row nobody = { .cost = SCRYPT_COST_DEFAULT };
    struct error cause = ERROR_INIT;
    bool readable;

    (void)pthread_mutex_lock(&a->lock);
    readable = refresh(a, &cause);
    *row = nobody;
    *found = false;
    if (readable) {
        const struct account_row *there = accounts_file_find(&a->file, name);

        if (there != NULL) {
            *row = *there;
            *found = true;
        }
    }
    (void)pthread_mutex_unlock(&a->lock);
    return readable
           || error_set(err, REASON_SIGN_IN_UNAVAILABLE, "accounts cannot be used: %s",
                        cause.detail);
}

/* ---- the computation ------------------------------------------------------------------------- */

static bool take_turn(struct accounts *a, struct error *err)
{
    int64_t until = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    bool ok = true;

    (void)pthread_mutex_lock(&a->lock);
    if (a->computing >= ACCOUNTS_AT_ONCE && a->waiting >= ACCOUNTS_WAITING) {
        ok = false;
    }
    a->waiting++;
    while (ok && a->computing >= ACCOUNTS_AT_ONCE) {
        int64_t left = (until - clock_monotonic_us()) / 1000;

        ok = left > 0;
        if (ok) {
            (void)thread_cond_wait_ms(&a->turn, &a->lock, left);
        }
    }
    a->waiting--;
    if (ok) {
        a->computing++;
    }
    (void)pthread_mutex_unlock(&a->lock);
    return ok || error_set(err, REASON_SERVER_BUSY, "too many sign-ins with passwords at once");
}

static void end_turn(struct accounts *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->computing--;
    (void)pthread_cond_signal(&a->turn);
    (void)pthread_mutex_unlock(&a->lock);
}

bool accounts_sign_in(struct accounts *accounts, const char *name, struct bytes password,
                      struct account *out, struct error *err)
{
    struct account_row row;
    uint8_t hash[ACCOUNT_HASH_BYTES];
    bool found = false;
    bool ok = false;

    if (!find_row(accounts, name, &row, &found, err) || !take_turn(accounts, err)) {
        goto out;
    }
    ok = crypto_scrypt(password, bytes_of(row.salt, sizeof(row.salt)), &row.cost, hash,
                       sizeof(hash), err);
    end_turn(accounts);
    if (!ok) goto out;
    /* the comparison comes first, so that both ways end alike */
    ok = secret_equal(bytes_of(hash, sizeof(hash)), bytes_of(row.hash, sizeof(row.hash))) && found;
    if (ok) {
        *out = row.account;
    } else {
        (void)error_set(err, REASON_SIGN_IN_FAILED,
                        found ? "wrong password" : "there is no account of this name");
    }
out:
    secret_wipe(&row, sizeof(row));
    secret_wipe(hash, sizeof(hash));
    return ok;
}
