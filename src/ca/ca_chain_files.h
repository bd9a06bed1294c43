/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a CA's certificate and its parents on disk: two files that change as one.
 * Not here: keys and RAs (ca_set.h).
 * Owns:     nothing that lives on.
 * Threads:  writing under the folder's lock; reading without it, at any moment.
 * Spec:     docs/ca.md.
 */
#ifndef OPENNDES_CA_CA_CHAIN_FILES_H
#define OPENNDES_CA_CA_CHAIN_FILES_H

#include "ca/ca_folder.h"

/*
 * chain.new.pem holds a certificate and its parents. While ca.crt is that certificate its parents
 * are these, whatever chain.pem says: so a renewal under another root is one step, the writing of
 * ca.crt. Whoever is cut off behind that step leaves the file; it goes with the next change.
 */
#define CA_FILE_NEXT_CHAIN "chain.new.pem"

struct x509_st;
struct stack_st_X509;

/* The parents of ca.crt, owned; NULL: none. Errors: as cert_chain_parse and cert_chain_order. */
MUST_USE bool ca_chain_files_load(const struct ca_folder *folder, struct x509_st *cert,
                                  struct stack_st_X509 **parents, struct error *err);
/* Both, in a folder that has them already or not; parents NULL: none. Errors: file errors. */
MUST_USE bool ca_chain_files_write(const char *place, const struct x509_st *cert,
                                   const struct stack_st_X509 *parents, struct error *err);

#endif
