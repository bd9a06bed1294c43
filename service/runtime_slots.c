/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_slots.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ca/ra_generations.h"
#include "ca/ra_sets.h"
#include "challenge/challenge_static.h"
#include "config/config_load.h"
#include "mscep/ndes_password.h"
#include "scep/scep_legacy.h"
#include "service/challenge_intune.h"
#include "platform/clock.h"
#include "service/data_folder.h"

#define CLOCK_BACK_SECONDS 60 /* more than a time service corrects */

_Static_assert(RA_FORMERS_MAX == 3, "the stamps are of all former RAs");

bool ca_slot_stamps(const char *data_folder, const char *name, struct file_stamp stamps[CA_STAMPS],
                    struct error *err)
{
    static const char *const files[CA_STAMPS] = {
        "ca.crt",      "ca.key",      "chain.pem",    "ra.crt",       "ra.key",
        "ra-sign.crt", "ra-sign.key", "ra-enc.crt",   "ra-enc.key",   "ra.1.crt",
        "ra.2.crt",    "ra.3.crt",    "ra-enc.1.crt", "ra-enc.2.crt", "ra-enc.3.crt",
    };
    char relative[LIMIT_TEMPLATE_NAME + 32];
    char path[FILE_PATH_MAX];

    for (size_t i = 0; i < CA_STAMPS; i++) {
        if (!text_format(relative, sizeof(relative), "ca/%s/%s", name, files[i])) {
            return error_set(err, REASON_LIMIT, "the CA's name is too long");
        }
        if (!path_join(path, data_folder, relative, err) || !file_stamp(path, &stamps[i], err)) {
            return false;
        }
    }
    return true;
}

/* It passes without any file being changed: looked at again, while others wait for a new file. */
static bool passes_by_itself(const struct error *why)
{
    return why != NULL
           && (why->reason == REASON_DATA_FOLDER_IN_USE || error_kind(why) == ERROR_NO_MEMORY);
}

/*
 * Another command had the folder when the pair was to be made, and may be at another CA, or there
 * was no memory, so that no file of this one will change: without stamps the slot counts as stale
 * until it could be loaded whole.
 */
static void retry_incomplete(struct ca_slot *slot)
{
    const struct ra_sets *sets = slot->builtin == NULL ? NULL : ca_builtin_ra_sets(slot->builtin);

    if (passes_by_itself(&slot->error)
        || (sets != NULL
            && (passes_by_itself(ca_builtin_pair_error(slot->builtin))
                || (sets->unusable > 0 && passes_by_itself(&sets->unusable_error))))) {
        memset(slot->stamps, 0, sizeof(slot->stamps));
    }
}

static bool stamps_moved(const struct ca_slot *slot, const char *data_folder)
{
    struct file_stamp now[CA_STAMPS];
    struct error ignored = ERROR_INIT;

    if (!ca_slot_stamps(data_folder, slot->name, now, &ignored)) {
        return true;
    }
    for (size_t i = 0; i < CA_STAMPS; i++) {
        if (!file_stamp_equal(&slot->stamps[i], &now[i])) {
            return true;
        }
    }
    return false;
}

static struct ca_ocsp_settings ocsp_settings(const struct service_config *config)
{
    return (struct ca_ocsp_settings){
        .enabled = config->ocsp.enabled,
        .validity_minutes = config->ocsp.validity_minutes,
        .signer_days = config->ocsp.signer_days,
    };
}

bool ca_slot_settings_same(const struct ca_slot *slot, const struct service_config *config)
{
    const struct ca_ocsp_settings ocsp = ocsp_settings(config);

    return slot->crl_validity_hours == config->crl.validity_hours
           && slot->crl_renew_hours == config->crl.renew_hours
           && slot->ra_keep_days == config->ra.keep_days && slot->ocsp.enabled == ocsp.enabled
           && slot->ocsp.validity_minutes == ocsp.validity_minutes
           && slot->ocsp.signer_days == ocsp.signer_days;
}

/*
 * Never fails for what is wrong with the CA: that is kept in the slot and told to whoever needs it.
 */
struct ca_slot *ca_slot_load(const struct runtime_options *options, const char *name,
                             const char *public_url, const struct service_config *config,
                             struct error *err)
{
    struct ca_slot *slot = calloc(1, sizeof(*slot));

    if (slot == NULL) {
        error_set(err, REASON_NO_MEMORY, "CA");
        return NULL;
    }
    slot->references = 1;
    slot->crl_validity_hours = config->crl.validity_hours;
    slot->crl_renew_hours = config->crl.renew_hours;
    slot->ocsp = ocsp_settings(config);
    slot->ra_keep_days = config->ra.keep_days;
    if (!text_copy(slot->name, sizeof(slot->name), name)
        || !text_copy(slot->public_url, sizeof(slot->public_url), public_url)) {
        error_set(err, REASON_LIMIT, "name or public URL of CA %s is too long", name);
        ca_slot_unref(slot);
        return NULL;
    }
    struct ca_builtin_options ca_options = {
        .data_folder = options->data_folder,
        .name = slot->name,
        .public_url = slot->public_url,
        .store = options->store,
        .crl_validity_hours = config->crl.validity_hours,
        .crl_renew_hours = config->crl.renew_hours,
        .ocsp = slot->ocsp,
        .make_missing_ra = true,
        .ra_keep_days = config->ra.keep_days,
    };
    if (ca_slot_stamps(options->data_folder, name, slot->stamps, &slot->error)) {
        slot->builtin = ca_builtin_open(&ca_options, &slot->error);
        slot->files_moved = stamps_moved(slot, options->data_folder);
    }
    if (slot->builtin != NULL) {
        slot->ca = ca_builtin_as_ca(slot->builtin);
        if (slot->ca == NULL) {
            slot->builtin = NULL;
            error_set(&slot->error, REASON_NO_MEMORY, "CA");
        }
    }
    retry_incomplete(slot);
    return slot;
}

struct ca_slot *ca_slot_whole(struct ca_slot *take_slot, struct ca_slot *old)
{
    if (!take_slot->files_moved || old == NULL || old->ca == NULL) {
        return take_slot;
    }
    ca_slot_unref(take_slot);
    return ca_slot_ref(old);
}

struct ca_slot *ca_slot_ref(struct ca_slot *slot)
{
    __atomic_add_fetch(&slot->references, 1, __ATOMIC_RELAXED);
    return slot;
}

bool ca_slot_former_ras_stale(const struct ca_slot *slot)
{
    const struct ra_sets *ras = NULL;
    int64_t now = clock_now();

    if (slot->files_broken || slot->builtin == NULL
        || ca_builtin_certificate(slot->builtin) == NULL) {
        return false;
    }
    ras = ca_builtin_ra_sets(slot->builtin);
    return now >= ras->kept_until || now < ras->loaded_at - CLOCK_BACK_SECONDS;
}

void ca_slot_unref(struct ca_slot *slot)
{
    if (slot == NULL || __atomic_sub_fetch(&slot->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    ca_free(slot->ca);
    free(slot);
}

static struct challenge *make_intune(const struct runtime_options *options,
                                     const struct template_config *config,
                                     const struct runtime_intune *intune, struct error *err)
{
    struct intune_challenge_options challenge = {
        .data_folder = options->data_folder,
        .template_name = config->name,
        .ca_name = config->ca,
        .client = intune->client,
        .seats = options->seats,
        .store = options->store,
    };

    if (intune->client == NULL && error_is_set(&intune->error)) {
        error_set(err, intune->error.reason, "%s", intune->error.detail);
        return NULL;
    }
    if (intune->client == NULL) {
        error_set(
            err, REASON_INTUNE_NOT_CONFIGURED,
            "challenge.type is intune, but openndes.json names no tenant: openndes config set "
            "intune.tenant=... intune.client_id=..., then openndes intune secret");
        return NULL;
    }
    return challenge_intune_create(&challenge, err);
}

static struct challenge *make_challenge(const struct runtime_options *options,
                                        const struct template_config *config, bool service_scope,
                                        const struct runtime_intune *intune, struct error *err)
{
    struct ndes_password_source source = {
        .data_folder = options->data_folder,
        .store = options->store,
        .mac_key = options->mac_key,
    };

    switch (config->challenge.type) {
    case CHALLENGE_TYPE_STATIC:
        return challenge_static_create(config->name, config->challenge.passphrase_mac,
                                       options->mac_key, err);
    case CHALLENGE_TYPE_NONE:
        return challenge_none_create(err);
    case CHALLENGE_TYPE_INTUNE:
        return make_intune(options, config, intune, err);
    case CHALLENGE_TYPE_NDES:
        return ndes_challenge_create(&source, config->name, &config->password, service_scope, err);
    }
    error_set(err, REASON_INTERNAL, "challenge type without an implementation");
    return NULL;
}

/* A file that cannot be looked at counts as missing. */
static void other_stamp(const char *data_folder, const char *relative, struct file_stamp *stamp)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    memset(stamp, 0, sizeof(*stamp));
    if (!path_join(path, data_folder, relative, &ignored) || !file_stamp(path, stamp, &ignored)) {
        memset(stamp, 0, sizeof(*stamp));
    }
}

/* folder and ending around a name of the settings: "policies/", "". */
static bool note_file(struct template_slot *slot, const char *data_folder, const char *folder,
                      struct bytes name, const char *ending, struct error *err)
{
    char text[LIMIT_POLICY_FILE_NAME + 16];

    if (slot->file_count >= TEMPLATE_FILES
        || !text_format(text, sizeof(text), "%s%.*s%s", folder, (int)name.len,
                        (const char *)name.data, ending)) {
        return error_set(err, REASON_LIMIT, "too many files, or a name that is too long");
    }
    slot->files[slot->file_count] = text_dup(text);
    if (slot->files[slot->file_count] == NULL) {
        return error_set(err, REASON_NO_MEMORY, "template");
    }
    other_stamp(data_folder, text, &slot->file_stamps[slot->file_count++]);
    return true;
}

static bool note_policy(struct template_slot *slot, const char *data_folder, struct bytes name,
                        struct error *err)
{
    return note_file(slot, data_folder, "policies/", name, "", err);
}

/* For each name: where it is a CA of this server there are no such files, and none may come. */
static bool note_trusted(struct template_slot *slot, const char *data_folder,
                         const struct template_config *config, struct error *err)
{
    struct bytes item;
    size_t pos = 0;

    while (text_next_item(bytes_of_text(config->renewal.cas), ',', &pos, &item)) {
        if (!note_file(slot, data_folder, TRUSTED_CAS_FOLDER "/", item, ".crt", err)
            || !note_file(slot, data_folder, TRUSTED_CAS_FOLDER "/", item, ".crl", err)) {
            return false;
        }
    }
    return true;
}

/* Which files have a say: also when one of them cannot be used, so that mending it is noticed. */
static bool note_policies(struct template_slot *slot, const char *data_folder,
                          const struct template_config *config, struct error *err)
{
    struct bytes item;
    size_t pos = 0;

    while (slot->file_count < LIMIT_POLICY_FILES
           && text_next_item(bytes_of_text(config->policy.files), ',', &pos, &item)) {
        if (!note_policy(slot, data_folder, item, err)) {
            return false;
        }
    }
    return config->policy.known[0] == '\0'
           || note_policy(slot, data_folder, bytes_of_text(config->policy.known), err);
}

/* *policy NULL: the template has none. */
static bool make_policy(const struct runtime_options *options, const struct template_config *config,
                        struct policy_gate **policy, struct error *err)
{
    char path[LIMIT_TEMPLATE_NAME + 8];
    char folder[FILE_PATH_MAX];
    struct policy_gate_options gate = {
        .folder = folder,
        .config = config,
        .store = options->store,
        .url_path = path,
    };

    if (!path_join(folder, options->data_folder, "policies", err)) {
        return false;
    }
    if (!text_format(path, sizeof(path), "/scep/%s", config->name)) {
        return error_set(err, REASON_LIMIT, "the template's name is too long");
    }
    *policy = policy_gate_create(&gate, err);
    return *policy != NULL || !error_is_set(err);
}

/*
 * A generation that cannot be used must not hinder the one in force: the template answers without
 * it.
 */
static struct ca *rollover_ca(const struct runtime_options *options,
                              const struct template_slot *slot, const char *key,
                              const struct rollover_slot *rollover)
{
    if (rollover->name[0] == '\0') {
        return NULL;
    }
    if (rollover->ca == NULL) {
        log_line(options->log, LOG_LEVEL_WARNING, "template %s: %s: there is no CA %s", slot->name,
                 key, rollover->name);
        return NULL;
    }
    if (rollover->ca->ca == NULL) {
        log_error(options->log, LOG_LEVEL_WARNING, &rollover->ca->error,
                  "template %s: %s: CA %s cannot be used", slot->name, key, rollover->name);
    }
    return rollover->ca->ca;
}

bool rollover_slot_current(const struct rollover_slot *rollover,
                           struct ca_slot *(*find_ca)(void *context, const char *name),
                           void *context)
{
    return rollover->name[0] == '\0' || rollover->ca == find_ca(context, rollover->name);
}

static bool note_rollover(struct rollover_slot *rollover, const char *name,
                          struct ca_slot *(*find_ca)(void *context, const char *name),
                          void *context, struct error *err)
{
    struct ca_slot *ca = name[0] == '\0' ? NULL : find_ca(context, name);

    rollover->ca = ca == NULL ? NULL : ca_slot_ref(ca);
    return text_copy(rollover->name, sizeof(rollover->name), name)
           || error_set(err, REASON_LIMIT, "the CA's name is too long");
}

static bool load_endpoint(const struct runtime_options *options, struct template_slot *slot,
                          const struct runtime_intune *intune,
                          struct ca_slot *(*find_ca)(void *context, const char *name),
                          void *context, struct error *err)
{
    struct template_config config;
    struct ca_slot *ca;
    bool ok = false;

    memset(&config, 0, sizeof(config));
    if (!config_load_template(options->data_folder, slot->name, &config, err)) goto out;
    if (!note_policies(slot, options->data_folder, &config, err)) goto out;
    if (!note_rollover(&slot->next, config.rollover.next, find_ca, context, err)
        || !note_rollover(&slot->previous, config.rollover.previous, find_ca, context, err)) {
        goto out;
    }
    if (!note_trusted(slot, options->data_folder, &config, err)) goto out;
    ca = find_ca(context, config.ca);
    if (ca == NULL) {
        error_set(
            err, REASON_CA_MISSING,
            "templates/%s.json: ca: there is no folder ca/%s; make one with: openndes ca create %s",
            slot->name, config.ca, config.ca);
        goto out;
    }
    if (ca->ca == NULL) {
        error_set(err, ca->error.reason, "CA %s: %s", ca->name, ca->error.detail);
        goto out;
    }
    /* DES lives in OpenSSL's legacy provider: loaded only where an administrator asked for it. */
    if (config.enabled && config.algorithms == ALGORITHM_LEVEL_LEGACY && !scep_legacy_start(err)) {
        goto out;
    }
    struct endpoint_options endpoint_options = {
        .config = &config,
        .ca = ca->ca,
        .next = rollover_ca(options, slot, "rollover.next", &slot->next),
        .previous = rollover_ca(options, slot, "rollover.previous", &slot->previous),
        .store = options->store,
        .rate = options->rate,
    };
    /* A template that is switched off may lack its passphrase: it answers nobody. */
    if (config.enabled) {
        endpoint_options.take_challenge =
            make_challenge(options, &config, slot->service_scope, intune, err);
        if (endpoint_options.take_challenge == NULL) goto out;
        slot->intune = config.challenge.type == CHALLENGE_TYPE_INTUNE ? intune->client : NULL;
        if (!make_policy(options, &config, &endpoint_options.take_policy, err)) {
            challenge_free(endpoint_options.take_challenge);
            goto out;
        }
    }
    if (!runtime_renewal_load(&slot->renewal, options->data_folder, &config, find_ca, context,
                              &endpoint_options.take_trusted, err)) {
        challenge_free(endpoint_options.take_challenge);
        policy_gate_free(endpoint_options.take_policy);
        goto out;
    }
    runtime_renewal_report(endpoint_options.take_trusted, slot->name, options->log);
    endpoint_options.renewal_cas = slot->renewal.cas;
    endpoint_options.renewal_ca_count = slot->renewal.count;
    slot->endpoint = endpoint_create(&endpoint_options, err);
    if (slot->endpoint == NULL) {
        runtime_renewal_clear(&slot->renewal);
        goto out;
    }
    slot->ca = ca_slot_ref(ca);
    ok = true;
out:
    template_config_clear(&config);
    return ok;
}

struct template_slot *template_slot_load(
    const struct runtime_options *options, const char *name, const struct file_stamp *stamp,
    bool service_scope, const struct runtime_intune *intune,
    struct ca_slot *(*find_ca)(void *context, const char *name), void *context, struct error *err)
{
    struct template_slot *slot = calloc(1, sizeof(*slot));

    if (slot == NULL || !text_copy(slot->name, sizeof(slot->name), name)) {
        free(slot);
        error_set(err, REASON_NO_MEMORY, "template");
        return NULL;
    }
    slot->references = 1;
    slot->stamp = *stamp;
    slot->service_scope = service_scope;
    slot->broken = !load_endpoint(options, slot, intune, find_ca, context, &slot->error);
    if (slot->broken && passes_by_itself(&slot->error)) {
        slot->stamp = (struct file_stamp){ .id = 0 };
    }
    return slot;
}

struct template_slot *template_slot_ref(struct template_slot *slot)
{
    __atomic_add_fetch(&slot->references, 1, __ATOMIC_RELAXED);
    return slot;
}

void template_slot_unref(struct template_slot *slot)
{
    if (slot == NULL || __atomic_sub_fetch(&slot->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    endpoint_free(slot->endpoint);
    runtime_renewal_clear(&slot->renewal);
    ca_slot_unref(slot->ca);
    ca_slot_unref(slot->next.ca);
    ca_slot_unref(slot->previous.ca);
    template_slot_unref(slot->old);
    for (size_t i = 0; i < slot->file_count; i++) {
        free(slot->files[i]);
    }
    free(slot);
}

bool template_slot_files_stale(const struct template_slot *slot, const char *data_folder)
{
    struct file_stamp stamp;

    for (size_t i = 0; i < slot->file_count; i++) {
        other_stamp(data_folder, slot->files[i], &stamp);
        if (!file_stamp_equal(&stamp, &slot->file_stamps[i])) {
            return true;
        }
    }
    return false;
}

const struct endpoint *template_slot_endpoint(const struct template_slot *slot)
{
    if (slot->endpoint != NULL) {
        return slot->endpoint;
    }
    return slot->old == NULL ? NULL : slot->old->endpoint;
}
