/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what belongs around the Windows service: data folder with rights and settings, service,
 *           event source, firewall rule; put there and taken away again.
 * Not here: the command line (cmd_service.c), starting and stopping (service_verbs.h).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     docs/service.md.
 */
#ifndef OPENNDES_SERVICE_SETUP_H
#define OPENNDES_SERVICE_SETUP_H

#include "base/product.h"
#include "platform/files.h"
#include "platform/service_control.h"
#include "service/check_finding.h"

#define SETUP_FIREWALL_RULE "OpenNDES (SCEP)"
#define SETUP_EVENT_SOURCE_KEY                                                                     \
    "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" PRODUCT_SERVICE
#define SETUP_STOP_MS (150 * 1000) /* limits.stop_seconds, at most two minutes, and closing */

struct setup_options {
    char data[FILE_PATH_MAX];      /* absolute */
    const char *account;           /* NULL: as it is; for a new service the virtual account */
    const struct secret *password; /* of that account; NULL none */
    bool automatic;                /* starts with Windows */
    uint16_t http_port;            /* for a new openndes.json */
    uint16_t https_port;           /* 0: no HTTPS */
    bool import_ndes;
    bool is_installer; /* nobody looks at what it says */
};

/* What the steps hand on. */
struct setup {
    const struct setup_options *options;
    check_visit *visit;
    void *context;
    bool data_is_new; /* openndes.json was made by this run */
};

/*
 * All steps, each told to visit with one line; idempotent. What only hurts convenience is a warning
 * and does not stop the rest. Errors: the first step that cannot be done without; it has been told
 * as well.
 */
MUST_USE bool setup_run(const struct setup_options *options, check_visit *visit, void *context,
                        struct error *err);
/*
 * Take away the service, the event source, the registry key and, unless kept, the firewall rule.
 * The data folder stays. Errors: as above.
 */
MUST_USE bool setup_undo(bool keep_firewall, check_visit *visit, void *context, struct error *err);
/* Only firewall rule and event source: what an installer does not know. Errors: the visitor's. */
MUST_USE bool setup_remove(check_visit *visit, void *context, struct error *err);

/* ---- the steps (setup_data.c, setup_system.c) ------------------------------------------------ */

bool setup_say(const struct setup *setup, enum check_level level, const char *what,
               const struct error *why, struct error *err, const char *format, ...)
    PRINTF_FORMAT(6, 7);
/* The folder, empty, with its rights. */
MUST_USE bool setup_data_folder(struct setup *setup, struct error *err);
/* Where it is, in the registry, for every command. */
MUST_USE bool setup_data_note(struct setup *setup, struct error *err);
/* openndes.json and all that belongs to it, where there is none yet. */
MUST_USE bool setup_data_content(struct setup *setup, struct error *err);
/* The settings of an NDES on this machine, into a new folder. */
MUST_USE bool setup_data_import(struct setup *setup, struct error *err);
/* Rights of everything that is in the folder now. */
MUST_USE bool setup_data_rights(struct setup *setup, struct error *err);
/* Says nothing: whether a service can be given this folder. */
MUST_USE bool setup_system_check(struct setup *setup, struct error *err);
MUST_USE bool setup_system_service(struct setup *setup, struct error *err);
MUST_USE bool setup_system_event_source(struct setup *setup, struct error *err);
MUST_USE bool setup_system_firewall(struct setup *setup, struct error *err);
MUST_USE bool setup_system_remove_service(struct setup *setup, struct error *err);
MUST_USE bool setup_system_remove_event_source(struct setup *setup, struct error *err);
MUST_USE bool setup_system_remove_firewall(struct setup *setup, struct error *err);
MUST_USE bool setup_system_remove_registry(struct setup *setup, struct error *err);
/*
 * The ports that other machines reach, as the firewall wants them ("80,443"), from the listeners of
 * HTTP and HTTPS: each once, in ascending order; "" none. False: they do not fit.
 */
MUST_USE bool setup_ports(const char *listen, const char *https_listen, char *ports, size_t size);
/* The command line that Windows starts the service with. */
MUST_USE bool setup_command(const char *program, const char *data, char *command, size_t size,
                            struct error *err);

#endif
