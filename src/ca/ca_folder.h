/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the folder ca/<name>/ as a place: paths, state, one writer at a time, all or nothing.
 * Not here: what the files mean (ca_set.h, ca_files.h).
 * Owns:     the lock and an unfinished folder until ca_folder_close.
 * Threads:  one owner; other processes are kept out by the lock.
 * Spec:     none.
 */
#ifndef OPENNDES_CA_CA_FOLDER_H
#define OPENNDES_CA_CA_FOLDER_H

#include "base/limits.h"
#include "platform/files.h"
#include "platform/sealed_places.h"

#define CA_FILE_CERT "ca.crt"
#define CA_FILE_KEY "ca.key"
#define CA_FILE_CHAIN "chain.pem"
#define CA_FILE_RA_CERT "ra.crt"
#define CA_FILE_RA_KEY "ra.key"
#define CA_FILE_RA_SIGN_CERT "ra-sign.crt"
#define CA_FILE_RA_SIGN_KEY "ra-sign.key"
#define CA_FILE_RA_ENC_CERT "ra-enc.crt"
#define CA_FILE_RA_ENC_KEY "ra-enc.key"
#define CA_FILE_REQUEST "request.csr"
#define CA_FILE_REQUEST_KEY "request.key"

/* What keys are sealed for, with ":<name>" behind: ca_key.h. */
#define CA_KEY_KIND_CA SEALED_KIND_CA
#define CA_KEY_KIND_RA SEALED_KIND_RA
#define CA_KEY_KIND_RA_SIGN SEALED_KIND_RA_SIGN
#define CA_KEY_KIND_RA_ENC SEALED_KIND_RA_ENC

enum ca_folder_state {
    CA_FOLDER_ABSENT,  /* no folder, or an empty one */
    CA_FOLDER_REQUEST, /* request.csr, no ca.crt: waits for its certificate */
    CA_FOLDER_CA,      /* ca.crt */
    CA_FOLDER_UNKNOWN  /* files, but neither of them */
};

/*
 * A new CA is built in ca/.<name>.new, which no CA can be called, and renamed as its last step. So
 * a folder ca/<name> is whole or not there at all, also after a power failure, and whatever lies
 * in ca/<name> is never taken for left over and overwritten: it may be the only copy of a key.
 * Writing ca.crt last could not tell an interrupted creation from a CA whose certificate somebody
 * deleted.
 */
struct ca_folder {
    const char *data_folder; /* borrowed */
    const char *name;        /* borrowed */
    char path[FILE_PATH_MAX];
    char draft[FILE_PATH_MAX];
    struct file_lock *lock;
    bool has_draft;
};

/* Paths only. Errors: REASON_TEMPLATE_NAME (same rules), REASON_LIMIT. */
MUST_USE bool ca_folder_open(struct ca_folder *folder, const char *data_folder, const char *name,
                             struct error *err);
/* Give the lock back; remove an unfinished draft. */
void ca_folder_close(struct ca_folder *folder);

MUST_USE bool ca_folder_state(const struct ca_folder *folder, enum ca_folder_state *state,
                              struct error *err);
/* Keep other commands out. Errors: REASON_DATA_FOLDER_IN_USE, file errors. */
MUST_USE bool ca_folder_lock(struct ca_folder *folder, struct error *err);
/* Must not be there yet. Errors: REASON_CA_EXISTS with what is there. */
MUST_USE bool ca_folder_check_absent(const struct ca_folder *folder, struct error *err);

/* A fresh empty draft (folder->draft), what an interrupted command left there is removed; then make
 * it the CA's folder. */
MUST_USE bool ca_folder_begin(struct ca_folder *folder, struct error *err);
MUST_USE bool ca_folder_commit(struct ca_folder *folder, struct error *err);

/* Files in `path` or `draft`. Everything is private: so are the folders. */
MUST_USE bool ca_folder_write(const char *place, const char *file, struct bytes content,
                              struct error *err);
MUST_USE bool ca_folder_read(const char *place, const char *file, size_t max_bytes,
                             struct buffer *out, struct error *err);
MUST_USE bool ca_folder_remove(const char *place, const char *file, struct error *err);
bool ca_folder_has(const char *place, const char *file);

#endif
