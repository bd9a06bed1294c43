/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  where the parts of intune_credential.h lie below the data folder, and the one way in
 *           which a certificate and its key are replaced.
 * Not here: what is done with them.
 * Owns:     nothing.
 * Threads:  any thread, any process: a lock file lets one replace at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CREDENTIAL_FILES_H
#define OPENNDES_INTUNE_INTUNE_CREDENTIAL_FILES_H

#include "base/error.h"

#define INTUNE_FOLDER "intune"
#define INTUNE_FILE_SECRET "intune/secret"
#define INTUNE_FILE_PROXY "intune/proxy-password"
#define INTUNE_FILE_CERT "intune/client.crt"
#define INTUNE_FILE_KEY "intune/client.key"
#define INTUNE_FILE_NEW_KEY "intune/client.key.new" /* between two steps of a replacement */
#define INTUNE_FILE_LOCK "intune/lock"

struct x509_st;
struct evp_pkey_st;

/*
 * Seal and put both in place: the new key beside the old one, the certificate, then the key over
 * the old one. Whoever reads meanwhile, or after a crash in between, finds the certificate's key.
 * Errors: REASON_KEY_PROTECTION, REASON_DATA_FOLDER_IN_USE (another one replaces), file errors.
 */
MUST_USE bool intune_certificate_put(const char *data_folder, const struct x509_st *cert,
                                     const struct evp_pkey_st *key, struct error *err);

#endif
