/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_renewal.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "service/runtime_slots.h"

static bool add_server_ca(struct runtime_renewal *renewal, const char *template_name,
                          struct ca_slot *slot, struct error *err)
{
    if (slot->ca == NULL) {
        return error_set(err, slot->error.reason, "templates/%s.json: renewal.cas: CA %s: %s",
                         template_name, slot->name, slot->error.detail);
    }
    if (renewal->count >= TRUSTED_CAS_MAX) {
        return error_set(err, REASON_LIMIT, "renewal.cas names too many CAs");
    }
    renewal->slots[renewal->count] = ca_slot_ref(slot);
    renewal->cas[renewal->count++] = slot->ca;
    return true;
}

static bool add_trusted(struct trusted_cas **trusted, const char *data_folder,
                        const char *template_name, const char *name, struct error *err)
{
    if (!trusted_cas_exists(data_folder, name)) {
        return error_set(err, REASON_TRUSTED_CA,
                         "templates/%s.json: renewal.cas: %s is neither a CA of this server nor a "
                         "file " TRUSTED_CAS_FOLDER "/%s.crt",
                         template_name, name, name);
    }
    if (*trusted == NULL) {
        *trusted = trusted_cas_create(data_folder, err);
    }
    return *trusted != NULL && trusted_cas_add(*trusted, name, err);
}

bool runtime_renewal_load(struct runtime_renewal *renewal, const char *data_folder,
                          const struct template_config *config,
                          struct ca_slot *(*find_ca)(void *context, const char *name),
                          void *context, struct trusted_cas **trusted, struct error *err)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;
    bool ok = true;

    memset(renewal, 0, sizeof(*renewal));
    *trusted = NULL;
    while (ok && text_next_item(bytes_of_text(config->renewal.cas), ',', &pos, &item)) {
        char name[LIMIT_TEMPLATE_NAME + 1];
        struct ca_slot *slot = NULL;

        ok = text_format(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data)
             || error_set(err, REASON_LIMIT, "renewal.cas: a name is too long");
        if (ok) {
            slot = find_ca(context, name);
            ok = slot != NULL ? add_server_ca(renewal, config->name, slot, err)
                              : add_trusted(trusted, data_folder, config->name, name, err);
        }
    }
    if (!ok) {
        trusted_cas_free(*trusted);
        *trusted = NULL;
        runtime_renewal_clear(renewal);
    }
    return ok;
}

void runtime_renewal_report(const struct trusted_cas *trusted, const char *template_name,
                            struct log *log)
{
    struct error why = ERROR_INIT;

    for (size_t i = 0; i < trusted_cas_count(trusted); i++) {
        if (trusted_cas_problem(trusted, i, clock_now(), &why) != NULL) {
            log_error(log, LOG_LEVEL_WARNING, &why,
                      "template %s: certificates of the trusted CA %s are not renewed",
                      template_name, trusted_cas_name(trusted, i));
        }
    }
}

void runtime_renewal_clear(struct runtime_renewal *renewal)
{
    for (size_t i = 0; i < renewal->count; i++) {
        ca_slot_unref(renewal->slots[i]);
    }
    memset(renewal, 0, sizeof(*renewal));
}

bool runtime_renewal_current(const struct runtime_renewal *renewal,
                             struct ca_slot *(*find_ca)(void *context, const char *name),
                             void *context)
{
    for (size_t i = 0; i < renewal->count; i++) {
        if (find_ca(context, renewal->slots[i]->name) != renewal->slots[i]) {
            return false;
        }
    }
    return true;
}
