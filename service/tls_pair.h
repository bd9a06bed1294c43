/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  names of the files below tls/ and what they are sealed for.
 * Not here: the order in which they change (tls_files.h, tls_pair.c).
 * Owns:     nothing.
 * Threads:  constants; a write needs tls/.lock.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_SERVICE_TLS_PAIR_H
#define OPENNDES_SERVICE_TLS_PAIR_H

#include "base/buffer.h"
#include "platform/sealed_places.h"

#define TLS_FOLDER "tls"
#define TLS_FILE_CERT "tls/server.crt"
#define TLS_FILE_KEY "tls/server.key"
#define TLS_FILE_NEW_KEY "tls/server.key.new"
#define TLS_FILE_PASSWORD "tls/password"
#define TLS_FILE_LOCK "tls/.lock"

#define TLS_KEY_KIND SEALED_KIND_TLS
#define TLS_KEY_NAME SEALED_NAME_TLS
#define TLS_PASSWORD_PURPOSE SEALED_TLS_PASSWORD

/* Replace a file below the data folder, private, and its folder if it is missing. */
MUST_USE bool tls_pair_write(const char *data, const char *name, struct bytes content,
                             struct error *err);

#endif
