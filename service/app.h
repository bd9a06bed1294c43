/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the composition root: opens everything in order, serves, reloads, closes in reverse.
 * Not here: command line (cli.h), signals (host.h).
 * Owns:     every handle of the running service.
 * Threads:  one thread creates, ticks and frees; requests run on the server's threads.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_APP_H
#define OPENNDES_SERVICE_APP_H

#include "base/buffer.h"

struct app;

struct app_options {
    const char *data_folder;
    const char *const *listen; /* ADDRESS:PORT texts that replace the configured ones */
    size_t listen_count;
    const char *const *listen_https; /* the same for HTTPS; both empty: as configured */
    size_t listen_https_count;
    const char *const *listen_management; /* for health and metrics: ADDRESS:PORT */
    size_t listen_management_count;
    bool log_console;
};

/*
 * Open and listen. Errors: everything that can be wrong with the data folder or a port, as a
 * sentence.
 */
struct app *app_create(const struct app_options *options, struct error *err);
void app_free(struct app *app); /* stops first; NULL is allowed */

/*
 * Once a second: files that changed, CRLs that are due. `reload`: asked for, look even if nothing
 * seems changed.
 */
void app_tick(struct app *app, bool reload);

/*
 * Append a line "SCEP URL: http://127.0.0.1:8080/scep/device" for each template that is on and each
 * listener that serves SCEP, and lines for password pages and NDES's own URLs.
 */
MUST_USE bool app_scep_urls(struct app *app, struct buffer *out, struct error *err);
/* Append a line "Metrics: http://127.0.0.1:9880/metrics" for each listener that serves them. */
MUST_USE bool app_metrics_urls(const struct app *app, struct buffer *out, struct error *err);

#endif
