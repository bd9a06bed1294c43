/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  how IIS publishes NDES: site, bindings, sign-in to the password page, pool's account.
 * Not here: what is made of it (ndes_import.h). Passwords in the file are not looked at.
 * Owns:     nothing: plain values.
 * Threads:  one owner.
 * Spec:     IIS applicationHost.config; a setting in a <location> counts more the longer its path.
 */
#ifndef OPENNDES_MSCEP_NDES_IIS_H
#define OPENNDES_MSCEP_NDES_IIS_H

#include "base/ip_prefix.h"
#include "base/limits.h"

#define NDES_IIS_BINDINGS_MAX LIMIT_LISTENERS
#define NDES_IIS_TEXT_MAX 256u

enum ndes_iis_switch { NDES_IIS_UNSET, NDES_IIS_OFF, NDES_IIS_ON };

struct ndes_iis_binding {
    bool https;
    bool any; /* "*": every address */
    struct ip_address address;
    uint16_t port;
    char host[NDES_IIS_TEXT_MAX]; /* "" any */
};

/* Texts come from the file as they are: escape them where they are shown. */
struct ndes_iis {
    bool found;                   /* the file was read and publishes NDES */
    char site[NDES_IIS_TEXT_MAX]; /* the first one that holds the device's application */
    size_t other_sites;           /* more sites hold one */
    size_t other_applications;    /* of the site, beside "/" and NDES's own */
    bool has_admin;               /* the password page is there */
    struct ndes_iis_binding bindings[NDES_IIS_BINDINGS_MAX];
    size_t binding_count;
    size_t bindings_skipped; /* not readable, over the limit */
    char pool[NDES_IIS_TEXT_MAX];
    char pool_account[NDES_IIS_TEXT_MAX]; /* user name, or the identity's type */
    /* of the password page */
    enum ndes_iis_switch anonymous;
    enum ndes_iis_switch windows;
    enum ndes_iis_switch basic;
    enum ndes_iis_switch digest;
    bool needs_tls; /* access sslFlags has Ssl */
};

/*
 * Read a file's content. `out` is overwritten; found is false when no site holds
 * /CertSrv/mscep. Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool ndes_iis_parse(struct ndes_iis *out, struct bytes file, struct error *err);
/* The same from a file. Errors also: REASON_FILE_MISSING, REASON_FILE_UNREADABLE. */
MUST_USE bool ndes_iis_read_file(struct ndes_iis *out, const char *path, struct error *err);

#endif
