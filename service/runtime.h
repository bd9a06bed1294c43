/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what requests are answered with at one moment: settings, endpoints, CAs; replaced as a
 *           whole on reload.
 * Not here: when to reload (app.c), answering (dispatch.c).
 * Owns:     references on its endpoints and CAs, which are shared between successive runtimes.
 * Threads:  immutable once loaded; references from any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_H
#define OPENNDES_SERVICE_RUNTIME_H

#include "audit/log.h"
#include "ca/ca_builtin.h"
#include "config/service_config.h"
#include "endpoint/endpoint.h"
#include "http/ip_acl.h"
#include "service/event_log.h"
#include "store/store.h"

struct runtime;

struct runtime_options {
    const char *data_folder;
    struct store *store;
    struct bytes mac_key;
    const char *derived_url;  /* public URL when the configuration has none; may be "" */
    struct log *log;          /* may be NULL */
    struct event_log *events; /* may be NULL */
};

/*
 * Read the data folder. What has not changed since `previous` (may be NULL) is shared with it; a
 * template or CA whose files are broken keeps its old form and is reported once in log and
 * Event Log. Only a broken openndes.json at the first load, an unreadable folder or lack of memory
 * fails. One reference for the caller.
 */
struct runtime *runtime_load(const struct runtime_options *options, struct runtime *previous,
                             struct error *err);
struct runtime *runtime_ref(struct runtime *runtime);
void runtime_unref(struct runtime *runtime); /* NULL is allowed */
/*
 * True when a file behind this runtime differs from what was loaded (also from what was found
 * broken).
 */
bool runtime_stale(const struct runtime *runtime, const char *data_folder);

const struct service_config *runtime_config(const struct runtime *runtime);
const struct ip_acl *runtime_acl(const struct runtime *runtime);
/* The URL prefix in certificates and listings: configured or derived, without trailing slash. */
const char *runtime_public_url(const struct runtime *runtime);

/*
 * Name compared without case. REASON_TEMPLATE_MISSING, REASON_TEMPLATE_BROKEN. Borrowed from the
 * runtime.
 */
const struct endpoint *runtime_endpoint(const struct runtime *runtime, const char *name,
                                        struct error *err);
size_t runtime_endpoint_count(const struct runtime *runtime);
/* NULL where the template has never loaded. */
const struct endpoint *runtime_endpoint_at(const struct runtime *runtime, size_t index);
const char *runtime_template_name_at(const struct runtime *runtime, size_t index);
/* Templates whose file is broken right now. */
size_t runtime_broken_count(const struct runtime *runtime);

size_t runtime_ca_count(const struct runtime *runtime);
/* NULL where the CA could not be opened. */
struct ca_builtin *runtime_ca_at(const struct runtime *runtime, size_t index);
const char *runtime_ca_name_at(const struct runtime *runtime, size_t index);
struct ca_builtin *runtime_ca_find(const struct runtime *runtime, const char *name);

#endif
