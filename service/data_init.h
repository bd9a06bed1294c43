/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make a new data folder: CA, RA, first template, openndes.json.
 * Not here: the command line (cmd_init.c), what the setup of the service adds (setup_data.c).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_SERVICE_DATA_INIT_H
#define OPENNDES_SERVICE_DATA_INIT_H

#include "base/secret.h"

struct data_init_options {
    const char *template_name;
    const char *public_url;    /* NULL: none */
    const char *const *listen; /* none: port 80 of every address */
    size_t listen_count;
    const char *https_listen; /* NULL: none */
    const char *ca_key;       /* NULL: as "openndes ca create" has them */
    const char *ca_subject;
    const char *ca_days;
    bool no_ca;
    bool ndes; /* one-time passwords and NDES's own URLs */
};

/*
 * A folder that init has finished, or that has been in use, is never touched: its CA is somebody's
 * trust anchor. Errors: REASON_DATA_FOLDER_EXISTS.
 */
MUST_USE bool data_init_check_unused(const char *data, struct error *err);
/*
 * Make everything; what an earlier one that was cut off has left is completed. passphrase: of the
 * template, unless options->ndes. *ca_kept: the CA was there already. Errors: of the CA, of the
 * configuration, file errors.
 */
MUST_USE bool data_init_make(const char *data, const struct data_init_options *options,
                             struct bytes passphrase, bool *ca_kept, struct error *err);

#endif
