/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the names under which Windows knows this product; installer, service, event log and
 *           registry use the same ones.
 * Not here: the version (openndes_version.h).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/service.md. Stable: renaming one orphans what an older version installed.
 */
#ifndef OPENNDES_BASE_PRODUCT_H
#define OPENNDES_BASE_PRODUCT_H

#define PRODUCT_NAME "OpenNDES"
#define PRODUCT_SERVICE "OpenNDES"                     /* service name; also the event source */
#define PRODUCT_SERVICE_ACCOUNT "NT SERVICE\\OpenNDES" /* virtual account, the default */
/*
 * S-1-5-80 and the SHA-1 of the upper-case service name in UTF-16LE as five little-endian numbers:
 * known before the service exists, in its token whatever account it runs as.
 */
#define PRODUCT_SERVICE_SID "S-1-5-80-3989343243-1912646083-1131278858-482302991-2652067996"
/* Both in HKLM, 64-bit view. The first holds DataDir, the second what Group Policy sets. */
#define PRODUCT_REGISTRY_KEY "SOFTWARE\\OpenNDES\\OpenNDES"
#define PRODUCT_POLICY_KEY "SOFTWARE\\Policies\\OpenNDES\\OpenNDES"
#define PRODUCT_REGISTRY_DATA_DIR "DataDir"

#endif
