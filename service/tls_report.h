/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what is wrong, or soon will be, with an HTTPS certificate that loads, in sentences.
 * Not here: certificates that do not load (tls_files.h), printing (cmd_tls.c, check_https.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 6125, RFC 8446 4.4.2.2.
 */
#ifndef OPENNDES_SERVICE_TLS_REPORT_H
#define OPENNDES_SERVICE_TLS_REPORT_H

#include "service/end_watch.h"
#include "service/tls_files.h"

/*
 * The end of an HTTPS certificate is told from here on: what renews it by itself, the built-in CA
 * or an ACME client, does so about then.
 */
#define TLS_END_SECONDS (30 * END_DAY_SECONDS)

enum tls_times { TLS_TIMES_FINE, TLS_TIMES_END_SOON, TLS_TIMES_NOT_YET, TLS_TIMES_ENDED };

/* A sentence unless fine; within 30 days of its end it ends soon. */
enum tls_times tls_report_times(const struct certificate_info *info, int64_t now, char *text,
                                size_t size);

/* False ends the walk and is handed on. */
typedef bool tls_report_visit(void *context, bool is_error, const char *text, struct error *err);
/* Each thing that is wrong: times, names (against public_url when that is https), key usage. */
MUST_USE bool tls_report(const struct tls_files *files, const struct service_config *config,
                         int64_t now, tls_report_visit *visit, void *context, struct error *err);

#endif
