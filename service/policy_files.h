/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the files of the verb policy: policies, requests, CA certificates.
 * Not here: what they hold (policy/, model/), comparing (cmd_policy.c).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     RFC 7468 (PEM), RFC 2986.
 */
#ifndef OPENNDES_SERVICE_POLICY_FILES_H
#define OPENNDES_SERVICE_POLICY_FILES_H

#include "model/csr_details.h"
#include "platform/files.h"
#include "policy/policy_ca.h"

/* policies/ of the data folder. */
MUST_USE bool policy_files_folder(const char *data, char path[FILE_PATH_MAX], struct error *err);
/*
 * name is a path; or, where no such file is, the name of one in policies/ of the data folder. out
 * is cleared on failure. Errors: REASON_POLICY_..., REASON_FILE_....
 */
MUST_USE bool policy_files_load(const char *data, const char *name, struct policy_set *out,
                                struct error *err);
/* As above, any file. */
MUST_USE bool policy_files_read(const char *data, const char *name, size_t max_bytes,
                                struct buffer *out, struct error *err);

/* A request out of a file: PEM, base64 alone, or DER. */
struct policy_request_file {
    const char *name; /* borrowed: as it was given */
    struct csr csr;
    struct csr_details *details;
};
/* Errors: REASON_FILE_..., also for what is no request. */
MUST_USE bool policy_files_request(const char *name, struct policy_request_file *out,
                                   struct error *err);
void policy_files_request_clear(struct policy_request_file *file); /* NULL is allowed */

/* PEM or DER, one or more certificates. Owned: policy_ca_free. */
struct policy_ca *policy_files_ca(const char *name, struct error *err);

#endif
