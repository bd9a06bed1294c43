/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  every place whose content is sealed (protect.h), and what for: one table for the code
 *           that seals, and for backups, which have to open all of it and seal it again elsewhere.
 * Not here: sealing (protect.h), what the secrets are.
 * Owns:     the table.
 * Threads:  constants.
 * Spec:     docs/data-folder.md. Purposes are bound into what is sealed: changing one orphans it.
 */
#ifndef OPENNDES_PLATFORM_SEALED_PLACES_H
#define OPENNDES_PLATFORM_SEALED_PLACES_H

#include "base/error.h"

#define SEALED_PURPOSE_MAX 128 /* bytes with NUL */
#define SEALED_MAGIC "ONDP1"   /* what is sealed begins so */
/* Begins a file in the place of a sealed key that names one in the system's key store. */
#define SEALED_REFERENCE_MAGIC "ONDK1 "

/* Files. A key of a CA or RA is sealed for "<kind>:<name of the CA>". */
#define SEALED_MAC_KEY "mac-key"
#define SEALED_KIND_CA "ca-key"
#define SEALED_KIND_RA "ra-key"
#define SEALED_KIND_RA_SIGN "ra-sign-key"
#define SEALED_KIND_RA_ENC "ra-enc-key"
#define SEALED_KIND_TLS "tls-key"
#define SEALED_NAME_TLS "server"
#define SEALED_TLS_PASSWORD "tls-password"
#define SEALED_INTUNE_SECRET "intune:secret"
#define SEALED_INTUNE_PROXY "intune:proxy-password"
#define SEALED_INTUNE_KEY "intune:client-key"
/* Columns of the database (store/store_sealed.h). A single password: with its scope behind. */
#define SEALED_SINGLE_PASSWORD "ndes-single-password:"
#define SEALED_INTUNE_TICKET "intune-ticket"

/*
 * What a file of the data folder is sealed for; path is relative, with '/'. False: it is no place
 * for sealed content. The name of a CA is taken as it stands: the caller has checked it.
 */
bool sealed_place_purpose(const char *path, char purpose[SEALED_PURPOSE_MAX]);

/*
 * Is `path` this pattern, in which one '*' may stand for a name without '/', and each '#' stands
 * for a digit from 1 to 9? name (size bytes) gets what '*' stands for.
 */
bool sealed_place_matches(const char *pattern, const char *path, char *name, size_t size);

#endif
