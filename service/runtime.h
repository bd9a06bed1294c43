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
#include "config/config_policy.h"
#include "endpoint/endpoint.h"
#include "http/ip_acl.h"
#include "intune/intune_challenge.h"
#include "mscep/ndes_face.h"
#include "service/event_log.h"
#include "service/urls.h"
#include "store/store.h"

struct runtime;

struct runtime_options {
    const char *data_folder;
    struct store *store;
    struct bytes mac_key;
    const struct url_listener *listeners; /* for URLs when public_url does not say them */
    size_t listener_count;
    struct intune_seats *seats;        /* places among those who wait for Intune */
    struct intune_stats *intune_stats; /* may be NULL */
    struct rate_limit *rate;           /* counts that outlive a runtime; NULL: nothing is limited */
    struct log *log;                   /* may be NULL */
    struct event_log *events;          /* may be NULL */
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

/* True when Group Policy has other settings for this server; last_look: config_policy_changed. */
bool runtime_policy_stale(const struct runtime *runtime, struct registry_stamp *last_look);

const struct service_config *runtime_config(const struct runtime *runtime);
const struct ip_acl *runtime_acl(const struct runtime *runtime);
/* Reverse proxies whose forwarded headers count. */
const struct ip_acl *runtime_proxies(const struct runtime *runtime);
/* Sign-in to password pages; its counters go on from runtime to runtime. */
struct sign_in *runtime_sign_in(const struct runtime *runtime);
/*
 * The NDES face of a template, or with "" the service's own. NULL: REASON_NO_SUCH_URL (there is
 * none), REASON_NDES_FACE_BROKEN. Borrowed from the runtime.
 */
const struct ndes_face *runtime_ndes_face(const struct runtime *runtime, const char *template_name,
                                          struct error *err);
/* NULL: Intune is not used, or cannot be. Borrowed. */
struct intune_client *runtime_intune(const struct runtime *runtime);
/* The URL prefixes in certificates, pages and listings. */
const struct url_bases *runtime_urls(const struct runtime *runtime);

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
/* Why its file, or a policy it names, cannot be used right now; NULL: it can. Borrowed. */
const struct error *runtime_template_error_at(const struct runtime *runtime, size_t index);
/* Templates whose file is broken right now. */
size_t runtime_broken_count(const struct runtime *runtime);

size_t runtime_ca_count(const struct runtime *runtime);
/* NULL where the CA could not be opened. */
struct ca_builtin *runtime_ca_at(const struct runtime *runtime, size_t index);
const char *runtime_ca_name_at(const struct runtime *runtime, size_t index);
struct ca_builtin *runtime_ca_find(const struct runtime *runtime, const char *name);

#endif
