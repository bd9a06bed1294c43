/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the names under which this server is known, and an HTTPS certificate for them by the
 *           CA of the house.
 * Not here: certificates for other names (cmd_tls.c), issuing (tls_files.h).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_SERVICE_TLS_NAMES_H
#define OPENNDES_SERVICE_TLS_NAMES_H

#include "service/tls_files.h"

#define TLS_KEY_DEFAULT "rsa2048"

/* The pointers point into the struct: it stays where it is. */
struct tls_names {
    char host[256];
    char url_host[256];
    const char *names[2];
    size_t name_count;
    const char *addresses[1];
    size_t address_count;
};

/* This host and the host in public_url. */
void tls_names_find(const struct service_config *config, struct tls_names *out);
/*
 * What "tls issue" does without options: CA "default", those names. Errors: of tls_files_issue, of
 * the database.
 */
MUST_USE bool tls_names_issue(const char *data, const struct service_config *config,
                              struct certificate_info *info, struct error *err);

#endif
