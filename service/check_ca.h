/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" says about one CA: its keys open, ends of its certificates, its
 *           CRL and its OCSP signer, and whether devices would accept its RAs.
 * Not here: the other sections and printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/ca.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_CA_H
#define OPENNDES_SERVICE_CHECK_CA_H

#include "ca/ca_builtin.h"
#include "service/check_finding.h"

/* What a section of the check writes to. */
struct check_ca_options {
    const char *data;
    const char *name;
    struct store *store; /* NULL: it does not open; nothing is said of CRL and OCSP */
    bool ocsp;           /* ocsp.enabled */
    int64_t now;
    int64_t ra_renew_days; /* setting ra.renew_days */
    check_visit *visit;
    void *context;
};

MUST_USE bool check_ca(const struct check_ca_options *options, struct error *err);
/* Only that it opens: for a template whose CA may not be listed. NULL: not; owned. */
struct ca_builtin *check_ca_open(const char *data, const char *name, struct error *err);

#endif
