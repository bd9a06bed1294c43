/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the pages of mscep and mscep_admin, byte by byte as MDM products scrape them.
 * Not here: who may see them (sign_in.h), where passwords come from (ndes_password.h).
 * Owns:     nothing: appends to the caller's buffer.
 * Threads:  pure functions.
 * Spec:     NDES: observed; docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_MSCEP_NDES_PAGE_H
#define OPENNDES_MSCEP_NDES_PAGE_H

#include "base/buffer.h"
#include "base/limits.h"

/* UTF-16LE with BOM, whatever the page's own Meta tag claims. */
#define NDES_PAGE_MEDIA_TYPE "text/html; charset=utf-16"
#define NDES_PAGE_BYTES_MAX 65536u

enum ndes_page_kind {
    NDES_PAGE_PASSWORD,        /* a fresh one-time password */
    NDES_PAGE_SINGLE_PASSWORD, /* UseSinglePassword */
    NDES_PAGE_NO_PASSWORD,     /* EnforcePassword=0 */
    NDES_PAGE_CACHE_FULL,
    NDES_PAGE_NO_PERMISSION,
    NDES_PAGE_HELP /* the device URL without operation */
};

struct ndes_page {
    enum ndes_page_kind kind;
    struct bytes ca_der;      /* PASSWORD, SINGLE_PASSWORD, NO_PASSWORD: whose MD5 is shown */
    struct bytes password;    /* PASSWORD, SINGLE_PASSWORD: upper-case hex */
    int64_t validity_minutes; /* PASSWORD, CACHE_FULL */
    int64_t max;              /* CACHE_FULL: PasswordMax */
    const char *admin_url;    /* HELP: where the password page is; escaped here; NULL: unsaid */
};

/*
 * Append the page; on failure `out` is unchanged. Errors: REASON_NO_MEMORY, REASON_LIMIT;
 * REASON_INTERNAL for a password that is none (other characters, over LIMIT_PASSWORD_BYTES) and for
 * a missing CA certificate.
 */
MUST_USE bool ndes_page_write(const struct ndes_page *page, struct buffer *out, struct error *err);

#endif
