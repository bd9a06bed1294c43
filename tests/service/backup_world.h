/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a data folder with everything in it that a data folder can hold, and its backups.
 * Not here: cases.
 * Owns:     the folder and a place for backups, from set-up to tear-down.
 * Threads:  one test at a time.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_TESTS_SERVICE_BACKUP_WORLD_H
#define OPENNDES_TESTS_SERVICE_BACKUP_WORLD_H

#include "base/crypto_scrypt.h"
#include "base/json.h"
#include "mscep/ndes_password.h"
#include "service/tls_fixture.h"

#define BACKUP_PASSWORD "a password for backups"
#define SEALED_FILES 16 /* rows of the table in sealed_places.c */
#define CONTENT_MAX 4194304u
#define TICKETS 40 /* more than one commit's worth */

struct backup_world {
    struct tls_world tls; /* its folder is the data folder */
    struct test_folder place;
    char file[FILE_PATH_MAX];     /* the backup */
    char restored[FILE_PATH_MAX]; /* not there yet */
    char single[80];              /* the single password of "device" */
};

extern const struct scrypt_cost backup_world_cost; /* the cheapest that is allowed */
extern const struct ndes_password_config backup_world_password_config;

/* cmocka: of a group, which shares the data folder; of each test, which has its own place. */
int backup_world_set_up(void **state);
int backup_world_tear_down(void **state);
int backup_world_fresh_place(void **state);

void backup_world_write(const char *folder, const char *name, const char *content);
struct ndes_password_source backup_world_passwords(const char *data, struct store *store);

/* Backup of the data folder to world->file, and back. */
bool backup_world_backup(const struct backup_world *world, bool with_logs, struct json **manifest,
                         struct error *err);
void backup_world_backed_up(const struct backup_world *world, bool with_logs);
bool backup_world_restore(const struct backup_world *world, const char *data, struct error *err);

/* Every file below a folder, by its path in it. */
typedef void file_visit(void *context, const char *name, struct bytes content);
void backup_world_walk(const char *data, file_visit *visit, void *context);

#endif
