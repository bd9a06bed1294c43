/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ca/ca_files.h"
#include "ca/ra_sets.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "service/data_folder.h"
#include "service/runtime_faces.h"
#include "service/runtime_settings.h"
#include "service/runtime_slots.h"

struct runtime {
    int references; /* atomic */
    struct runtime_settings settings;
    struct template_slot **templates; /* sorted by name */
    size_t template_count;
    struct ca_slot **cas; /* sorted by name */
    size_t ca_count;
    struct runtime_faces faces;
};

/* What the loading steps share. */
struct loading {
    const struct runtime_options *options;
    const struct runtime *previous;
    struct runtime *now;
};

/* ---- CAs ------------------------------------------------------------------------------------ */

static struct ca_slot *ca_slot_named(const struct runtime *runtime, const char *name)
{
    for (size_t i = 0; runtime != NULL && i < runtime->ca_count; i++) {
        if (text_equal_nocase(runtime->cas[i]->name, name)) {
            return runtime->cas[i];
        }
    }
    return NULL;
}

static bool ca_unchanged(const struct ca_slot *slot, const struct file_stamp stamps[CA_STAMPS],
                         const char *public_url)
{
    for (size_t i = 0; i < CA_STAMPS; i++) {
        if (!file_stamp_equal(&slot->stamps[i], &stamps[i])) {
            return false;
        }
    }
    return strcmp(slot->public_url, public_url) == 0 && !ca_slot_former_ras_stale(slot);
}

static const struct error *pair_error_of(const struct ca_slot *slot)
{
    return slot == NULL || slot->builtin == NULL ? NULL : ca_builtin_pair_error(slot->builtin);
}

/* Once per cause, not at every attempt to do better. */
static void report_pair(const struct runtime_options *options, const struct ca_slot *old,
                        const struct ca_slot *slot)
{
    const struct error *before = pair_error_of(old);
    const struct error *why = pair_error_of(slot);
    char what[LIMIT_TEMPLATE_NAME + 64];

    if (why == NULL || (before != NULL && before->reason == why->reason)
        || !text_format(what, sizeof(what), "CA %s has no pair of RAs for the NDES face",
                        slot->name)) {
        return;
    }
    log_error(options->log, LOG_LEVEL_WARNING, why, "%s", what);
    event_log_failure(options->events, EVENT_RA_UNUSABLE, what, why);
}

/* Devices that have one of these are refused; once per load. */
static void report_former(const struct runtime_options *options, const struct ca_slot *slot)
{
    const struct ra_sets *sets = slot->builtin == NULL ? NULL : ca_builtin_ra_sets(slot->builtin);

    if (sets != NULL && sets->unusable > 0) {
        log_error(options->log, LOG_LEVEL_WARNING, &sets->unusable_error,
                  "CA %s: %zu former RAs cannot be used", slot->name, sets->unusable);
    }
}

static bool load_ca(void *context, const char *name, struct error *err)
{
    struct loading *l = context;
    struct ca_slot *old = ca_slot_named(l->previous, name);
    struct file_stamp stamps[CA_STAMPS];
    struct ca_slot **grown;
    struct ca_slot *slot;

    if (old != NULL && ca_slot_stamps(l->options->data_folder, name, stamps, err) && old->ca != NULL
        && ca_unchanged(old, stamps, l->now->settings.urls.crl)
        && ca_slot_settings_same(old, &l->now->settings.config)) {
        slot = ca_slot_ref(old);
    } else {
        error_clear(err);
        slot = ca_slot_load(l->options, name, l->now->settings.urls.crl, &l->now->settings.config,
                            err);
        if (slot == NULL) {
            return false;
        }
        slot = ca_slot_whole(slot, old);
        report_pair(l->options, old, slot);
        report_former(l->options, slot);
        if (slot->ca == NULL) {
            if (old == NULL || !old->files_broken || slot->error.reason != REASON_NO_MEMORY) {
                runtime_report_broken(l->options, &slot->error,
                                      "a CA cannot be opened"); /* not each second */
            }
            if (old != NULL && old->ca != NULL) {
                /* Keys in memory are still good: a broken file must not take the service down. Its
                   stamps are taken over: the same broken files are not read again every second. */
                memcpy(old->stamps, slot->stamps, sizeof(old->stamps));
                old->files_broken = true;
                ca_slot_unref(slot);
                slot = ca_slot_ref(old);
            }
        }
    }
    grown = realloc(l->now->cas, (l->now->ca_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        ca_slot_unref(slot);
        return error_set(err, REASON_NO_MEMORY, "CAs");
    }
    l->now->cas = grown;
    l->now->cas[l->now->ca_count++] = slot;
    return true;
}

static struct ca_slot *find_ca(void *context, const char *name)
{
    struct loading *l = context;

    return ca_slot_named(l->now, name);
}

/* ---- templates ------------------------------------------------------------------------------ */

static struct template_slot *slot_named(const struct runtime *runtime, const char *name)
{
    for (size_t i = 0; runtime != NULL && i < runtime->template_count; i++) {
        if (text_equal_nocase(runtime->templates[i]->name, name)) {
            return runtime->templates[i];
        }
    }
    return NULL;
}

/* Do the passwords of the service's NDES face count for this template? */
static bool in_service_scope(const struct service_config *config, const char *name)
{
    return config->ndes.enabled
           && (text_equal_nocase(config->ndes.general_template, name)
               || text_equal_nocase(config->ndes.signature_template, name)
               || text_equal_nocase(config->ndes.encryption_template, name));
}

/* While its file, its part in the service's NDES face and the CA behind it are the same. */
static bool template_unchanged(struct loading *l, const struct template_slot *old,
                               const struct file_stamp *stamp, bool service_scope)
{
    return old != NULL && file_stamp_equal(&old->stamp, stamp) && !old->broken
           && old->service_scope == service_scope
           && (old->intune == NULL || old->intune == l->now->settings.intune.client)
           && !template_slot_files_stale(old, l->options->data_folder)
           && old->ca == ca_slot_named(l->now, old->ca->name)
           && rollover_slot_current(&old->next, find_ca, l)
           && rollover_slot_current(&old->previous, find_ca, l)
           && runtime_renewal_current(&old->renewal, find_ca, l);
}

/* Remember the last form that worked under a file that does not. */
static void keep_old_form(struct loading *l, struct template_slot *slot, struct template_slot *old)
{
    char what[LIMIT_TEMPLATE_NAME + 80];
    struct template_slot *good = old == NULL || old->endpoint != NULL ? old : old->old;

    if (good != NULL) {
        slot->old = template_slot_ref(good);
    }
    if (old != NULL && old->broken && file_stamp_equal(&old->stamp, &slot->stamp)
        && strcmp(old->error.detail, slot->error.detail) == 0) {
        return; /* said before */
    }
    if (text_format(what, sizeof(what), "template %s is broken, %s", slot->name,
                    good != NULL ? "the old one stays in force" : "its URL answers nobody")) {
        runtime_report_broken(l->options, &slot->error, what);
    }
}

/* What the policies' loaders passed over. */
static void report_policies(const struct loading *l, const struct template_slot *slot)
{
    const struct policy_gate *gate =
        slot->endpoint == NULL ? NULL : endpoint_policy(slot->endpoint);
    const struct policy_texts *warnings = gate == NULL ? NULL : policy_gate_warnings(gate);

    for (size_t i = 0; warnings != NULL && i < warnings->count; i++) {
        log_line(l->options->log, LOG_LEVEL_WARNING, "template %s: %s", slot->name,
                 warnings->item[i]);
    }
}

static bool load_template(void *context, const char *name, struct error *err)
{
    struct loading *l = context;
    bool service_scope = in_service_scope(&l->now->settings.config, name);
    struct template_slot *old = slot_named(l->previous, name);
    struct template_slot **grown;
    struct template_slot *slot;
    struct file_stamp stamp;
    char path[FILE_PATH_MAX];

    if (!data_path_template(l->options->data_folder, name, path, err)
        || !file_stamp(path, &stamp, err)) {
        return false;
    }
    if (template_unchanged(l, old, &stamp, service_scope)) {
        slot = template_slot_ref(old);
    } else {
        slot = template_slot_load(l->options, name, &stamp, service_scope, &l->now->settings.intune,
                                  find_ca, l, err);
        if (slot == NULL) {
            return false;
        }
        if (slot->broken) {
            keep_old_form(l, slot, old);
        } else if (old != NULL) {
            log_line(l->options->log, LOG_LEVEL_INFO, "template %s reloaded", name);
        }
        report_policies(l, slot);
    }
    grown = realloc(l->now->templates, (l->now->template_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        template_slot_unref(slot);
        return error_set(err, REASON_NO_MEMORY, "templates");
    }
    l->now->templates = grown;
    l->now->templates[l->now->template_count++] = slot;
    return true;
}

static bool has_page(const struct runtime *runtime)
{
    for (size_t i = 0; i < runtime->faces.count; i++) {
        if (runtime->faces.own[i] != NULL) {
            return true;
        }
    }
    return runtime->faces.service != NULL;
}

/*
 * Said when it is new: at the start, and when a reload has changed it; and only where somebody
 * could want to sign in.
 */
static void report_sign_in(struct loading *l)
{
    const char *before = l->previous != NULL && has_page(l->previous)
                             ? sign_in_problem(l->previous->settings.sign_in)
                             : "";
    const char *problem = has_page(l->now) ? sign_in_problem(l->now->settings.sign_in) : "";

    if (problem[0] != '\0' && strcmp(problem, before) != 0) {
        log_line(l->options->log, LOG_LEVEL_WARNING, "sign-in to the password page: %s", problem);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct runtime *runtime_load(const struct runtime_options *options, struct runtime *previous,
                             struct error *err)
{
    struct runtime *now = calloc(1, sizeof(*now));
    struct loading l = { options, previous, now };

    if (now == NULL) {
        error_set(err, REASON_NO_MEMORY, "runtime");
        return NULL;
    }
    now->references = 1;
    if (!runtime_settings_load(&now->settings, options,
                               previous == NULL ? NULL : &previous->settings, err)
        || !ca_files_list(options->data_folder, load_ca, &l, err)
        || !config_list_templates(options->data_folder, load_template, &l, err)
        || !runtime_faces_load(&now->faces, options, now,
                               previous == NULL ? NULL : &previous->faces, err)) {
        runtime_unref(now);
        return NULL;
    }
    report_sign_in(&l);
    return now;
}

struct runtime *runtime_ref(struct runtime *runtime)
{
    __atomic_add_fetch(&runtime->references, 1, __ATOMIC_RELAXED);
    return runtime;
}

void runtime_unref(struct runtime *runtime)
{
    if (runtime == NULL || __atomic_sub_fetch(&runtime->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    runtime_faces_clear(&runtime->faces); /* they borrow from the endpoints */
    for (size_t i = 0; i < runtime->template_count; i++) {
        template_slot_unref(runtime->templates[i]);
    }
    for (size_t i = 0; i < runtime->ca_count; i++) {
        ca_slot_unref(runtime->cas[i]);
    }
    free(runtime->templates);
    free(runtime->cas);
    runtime_settings_clear(&runtime->settings);
    free(runtime);
}

/* Counts names and compares their stamps against what was loaded. */
struct stale_check {
    const struct runtime *runtime;
    const char *data_folder;
    size_t seen;
    bool stale;
};

static bool stale_template(void *context, const char *name, struct error *err)
{
    struct stale_check *check = context;
    const struct template_slot *slot = slot_named(check->runtime, name);
    struct file_stamp stamp;
    char path[FILE_PATH_MAX];

    check->seen++;
    if (slot == NULL || !data_path_template(check->data_folder, name, path, err)
        || !file_stamp(path, &stamp, err) || !file_stamp_equal(&slot->stamp, &stamp)
        || template_slot_files_stale(slot, check->data_folder)) {
        check->stale = true;
    }
    return !check->stale;
}

static bool stale_ca(void *context, const char *name, struct error *err)
{
    struct stale_check *check = context;
    const struct ca_slot *slot = ca_slot_named(check->runtime, name);
    struct file_stamp stamps[CA_STAMPS];

    check->seen++;
    if (slot == NULL || !ca_slot_stamps(check->data_folder, name, stamps, err)
        || !ca_unchanged(slot, stamps, slot->public_url)) {
        check->stale = true;
    }
    return !check->stale;
}

bool runtime_stale(const struct runtime *runtime, const char *data_folder)
{
    struct stale_check templates = { runtime, data_folder, 0, false };
    struct stale_check cas = { runtime, data_folder, 0, false };
    struct error ignored = ERROR_INIT;

    if (runtime_settings_stale(&runtime->settings, data_folder)) {
        return true;
    }
    if (!config_list_templates(data_folder, stale_template, &templates, &ignored)) {
        return templates.stale;
    }
    if (!ca_files_list(data_folder, stale_ca, &cas, &ignored)) {
        return cas.stale;
    }
    return templates.seen != runtime->template_count || cas.seen != runtime->ca_count;
}

bool runtime_policy_stale(const struct runtime *runtime, struct registry_stamp *last_look)
{
    struct registry_stamp found;
    struct error ignored = ERROR_INIT;

    return config_policy_stamp(&found, &ignored)
           && config_policy_changed(&runtime->settings.policy_stamp, &found, clock_now_ms(),
                                    last_look);
}

const struct service_config *runtime_config(const struct runtime *runtime)
{
    return &runtime->settings.config;
}

const struct ip_acl *runtime_acl(const struct runtime *runtime)
{
    return runtime->settings.acl;
}

const struct ip_acl *runtime_proxies(const struct runtime *runtime)
{
    return runtime->settings.proxies;
}

struct sign_in *runtime_sign_in(const struct runtime *runtime)
{
    return runtime->settings.sign_in;
}

const struct ndes_face *runtime_ndes_face(const struct runtime *runtime, const char *template_name,
                                          struct error *err)
{
    if (template_name[0] == '\0') {
        if (runtime->faces.service == NULL) {
            *err = runtime->faces.service_error;
        }
        return runtime->faces.service;
    }
    for (size_t i = 0; i < runtime->faces.count; i++) {
        if (text_equal_nocase(runtime->templates[i]->name, template_name)
            && runtime->faces.own[i] != NULL) {
            return runtime->faces.own[i];
        }
    }
    error_set(err, REASON_NO_SUCH_URL, "the template has no NDES face");
    return NULL;
}

struct intune_client *runtime_intune(const struct runtime *runtime)
{
    return runtime->settings.intune.client;
}

const struct url_bases *runtime_urls(const struct runtime *runtime)
{
    return &runtime->settings.urls;
}

const struct endpoint *runtime_endpoint(const struct runtime *runtime, const char *name,
                                        struct error *err)
{
    const struct template_slot *slot = slot_named(runtime, name);
    const struct endpoint *endpoint;
    char shown[LIMIT_TEMPLATE_NAME + 8];

    if (slot == NULL) {
        text_escape(shown, sizeof(shown), bytes_of_text(name));
        error_set(err, REASON_TEMPLATE_MISSING, "no template is called \"%s\"", shown);
        return NULL;
    }
    endpoint = template_slot_endpoint(slot);
    if (endpoint == NULL) {
        error_set(err, REASON_TEMPLATE_BROKEN, "template %s has never loaded: %s", slot->name,
                  slot->error.detail);
    }
    return endpoint;
}

size_t runtime_endpoint_count(const struct runtime *runtime)
{
    return runtime->template_count;
}

const struct endpoint *runtime_endpoint_at(const struct runtime *runtime, size_t index)
{
    return template_slot_endpoint(runtime->templates[index]);
}

const char *runtime_template_name_at(const struct runtime *runtime, size_t index)
{
    return runtime->templates[index]->name;
}

const struct error *runtime_template_error_at(const struct runtime *runtime, size_t index)
{
    return runtime->templates[index]->broken ? &runtime->templates[index]->error : NULL;
}

size_t runtime_broken_count(const struct runtime *runtime)
{
    size_t count = 0;

    for (size_t i = 0; i < runtime->template_count; i++) {
        count += runtime->templates[i]->broken ? 1 : 0;
    }
    return count;
}

size_t runtime_ca_count(const struct runtime *runtime)
{
    return runtime->ca_count;
}

struct ca_builtin *runtime_ca_at(const struct runtime *runtime, size_t index)
{
    return runtime->cas[index]->builtin;
}

const char *runtime_ca_name_at(const struct runtime *runtime, size_t index)
{
    return runtime->cas[index]->name;
}

struct ca_builtin *runtime_ca_find(const struct runtime *runtime, const char *name)
{
    const struct ca_slot *slot = ca_slot_named(runtime, name);

    return slot == NULL ? NULL : slot->builtin;
}
