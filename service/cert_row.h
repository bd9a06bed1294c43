/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a certificate's row as the verbs show it: its state, and the object of --json.
 * Not here: the verbs (cmd_cert.c, cmd_request.c), the rows (store/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_CERT_ROW_H
#define OPENNDES_SERVICE_CERT_ROW_H

#include "base/json.h"
#include "store/store.h"

/* "valid", "expired", "revoked", "provisional" or "withheld". */
const char *cert_row_state(const struct store_certificate_row *row, int64_t now);
/* RFC 5280's word of a revocation reason; "other" when a verb cannot set it. */
const char *cert_row_reason(int value);
/* The number of such a word, in any case; false when it is none. */
MUST_USE bool cert_row_parse_reason(const char *text, int *value);
/* Owned; NULL: REASON_NO_MEMORY. */
struct json *cert_row_json(const struct store_certificate_row *row, int64_t now, struct error *err);

#endif
