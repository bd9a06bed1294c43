/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_overlay.h"

#include <string.h>

#include "base/text.h"
#include "config/config_rules.h"
#include "config/config_value.h"

#define RULE_STEPS_MAX 32u /* each step mends one rule or ends */

/* The settings that restrict, and what they are when nobody knows what was meant. */
static const struct {
    const char *key;
    const char *value;
} closed_values[] = {
    { "ip_acl.enabled", "true" },
    { "ip_acl.allowed", "127.0.0.1,::1" },
    { "ip_acl.limit", "both" },
    { "trusted_proxies", "" },
    { "ndes.allowed", "" },
    { "signin.basic", "false" },
    { "basic_http.enabled", "false" },
    { "basic_http.allowed", "" },
    { "signin.channel_binding", "require" },
    { "https.min_version", "1.3" },
    { "management.listen", "" },
};

struct overlay {
    const struct config_policy *policy;
    const struct service_config *previous;
    const struct config_key *keys;
    size_t count;
    struct service_config file; /* as config was before */
    struct service_config *config;
    struct config_overlay_mark *marks;
};

static const char *closed_value(const struct config_key *key)
{
    for (size_t i = 0; i < sizeof(closed_values) / sizeof(closed_values[0]); i++) {
        if (strcmp(closed_values[i].key, key->name) == 0) {
            return closed_values[i].value;
        }
    }
    return NULL;
}

static bool set_text(struct overlay *o, const struct config_key *key, const char *text,
                     struct error *err)
{
    struct config_value value = CONFIG_VALUE_INIT;

    if (!config_value_from_text(key, text, &value, err)) {
        return false;
    }
    config_value_store(key, o->config, &value);
    return true;
}

/* Take a key's value from another struct: it was valid there. */
static bool set_from(struct overlay *o, const struct config_key *key,
                     const struct service_config *from, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok =
        config_value_format(key, from, &text, err) && set_text(o, key, buffer_text(&text), err);

    buffer_clear(&text);
    return ok;
}

/* The items of a list that are possible each for itself. */
static bool possible_items(const struct config_key *key, const char *list, struct buffer *out,
                           struct error *err)
{
    struct bytes item;
    size_t pos = 0;
    int64_t count = 0;

    while (count < key->max && text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        struct config_value value = CONFIG_VALUE_INIT;
        struct error unused = ERROR_INIT;
        char text[CONFIG_LIST_ITEM_MAX];

        if (text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)
            && config_value_from_text(key, text, &value, &unused)) {
            count++;
            if ((out->len > 0 && !buffer_append_byte(out, ',', err))
                || !buffer_append_text(out, value.text, err)) {
                config_value_clear(&value);
                return false;
            }
        }
        config_value_clear(&value);
    }
    return true;
}

static bool set_closed(struct overlay *o, size_t index, struct error *err)
{
    const struct config_key *key = &o->keys[index];
    const char *list = config_policy_text(o->policy, index, NULL);
    struct buffer items = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok =
        key->type != CONFIG_TYPE_LIST || list == NULL || possible_items(key, list, &items, err);

    ok = ok && set_text(o, key, items.len > 0 ? buffer_text(&items) : closed_value(key), err);
    o->marks[index].closed = ok;
    o->marks[index].in_force = false;
    o->marks[index].kept = false;
    buffer_clear(&items);
    return ok;
}

/* The policy's value does not count: marks[index].why says why. */
static bool refuse(struct overlay *o, size_t index, struct error *err)
{
    const struct config_key *key = &o->keys[index];

    o->marks[index].in_force = false;
    if (o->previous != NULL) {
        o->marks[index].kept = true;
        return set_from(o, key, o->previous, err);
    }
    return closed_value(key) != NULL ? set_closed(o, index, err) : set_from(o, key, &o->file, err);
}

static bool apply_values(struct overlay *o, struct error *err)
{
    for (size_t i = 0; i < o->count; i++) {
        struct config_overlay_mark *mark = &o->marks[i];
        const struct error *why = NULL;
        const char *text = config_policy_text(o->policy, i, &why);

        mark->set = text != NULL || why != NULL;
        if (!mark->set) {
            continue;
        }
        if (why != NULL) {
            mark->why = *why;
        }
        mark->in_force = text != NULL && set_text(o, &o->keys[i], text, &mark->why);
        if (mark->why.reason == REASON_NO_MEMORY) {
            return error_set(err, REASON_NO_MEMORY, "the policy's settings");
        }
        if (!mark->in_force && !refuse(o, i, err)) {
            return false;
        }
    }
    return true;
}

/* ---- rules between keys ---------------------------------------------------------------------- */

static size_t index_of(const struct overlay *o, const char *name)
{
    size_t i = 0;

    while (i < o->count && strcmp(o->keys[i].name, name) != 0) {
        i++;
    }
    return i;
}

static bool is_closed(const struct overlay *o, size_t index, bool *closed, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    const char *value = closed_value(&o->keys[index]);
    bool ok = config_value_format(&o->keys[index], o->config, &text, err);

    *closed = ok && value != NULL && strcmp(buffer_text(&text), value) == 0;
    buffer_clear(&text);
    return ok;
}

/*
 * What the policy closes stays closed: a switch of openndes.json, or of the policy itself, that
 * needs it open is switched off. Else whoever writes that file could hold the policy off.
 */
static bool close_dependent(struct overlay *o, const size_t at[2], const struct error *why,
                            bool *mended, struct error *err)
{
    for (size_t i = 0; i < 2 && !*mended; i++) {
        const struct config_key *other = &o->keys[at[1 - i]];
        struct config_overlay_mark *mark = &o->marks[at[1 - i]];
        bool closed = false;

        if (!o->marks[at[i]].in_force || other->type != CONFIG_TYPE_BOOL
            || closed_value(other) == NULL || mark->closed) {
            continue;
        }
        if (!is_closed(o, at[i], &closed, err)) {
            return false;
        }
        if (closed) {
            if (mark->in_force) {
                mark->why = *why;
            }
            if (!set_closed(o, at[1 - i], err)) {
                return false;
            }
            *mended = true;
        }
    }
    return true;
}

/* First the policy's values go, then what is left is closed. *mended false: neither can help. */
static bool mend_rule(struct overlay *o, const char *const names[2], const struct error *why,
                      bool *mended, struct error *err)
{
    size_t at[2] = { index_of(o, names[0]), index_of(o, names[1]) };
    bool any = false;

    *mended = false;
    if (!close_dependent(o, at, why, mended, err) || *mended) {
        return !error_is_set(err);
    }
    for (size_t i = 0; i < 2; i++) {
        struct config_overlay_mark *mark = &o->marks[at[i]];

        any = any || mark->set;
        if (!mark->in_force) {
            continue;
        }
        mark->why = *why;
        if (strcmp(names[i], names[0]) != 0) {
            (void)error_context(&mark->why, "does not fit %s", names[0]);
        }
        if (!refuse(o, at[i], err)) {
            return false;
        }
        *mended = true;
    }
    for (size_t i = 0; i < 2 && any && !*mended && o->previous == NULL; i++) {
        /* where one of the two is open still */
        if (closed_value(&o->keys[at[i]]) != NULL && !o->marks[at[i]].closed) {
            if (!set_closed(o, at[i], err)) {
                return false;
            }
            *mended = true;
        }
    }
    return true;
}

static bool apply_rules(struct overlay *o, struct error *err)
{
    bool mended = true;

    for (unsigned i = 0; mended && i < RULE_STEPS_MAX; i++) {
        const char *names[2] = { NULL, NULL };
        struct error why = ERROR_INIT;

        if (!config_rules_broken(o->config, names, &why)) {
            return true;
        }
        if (why.reason != REASON_CONFIG_CONFLICT && why.reason != REASON_CONFIG_BAD_VALUE) {
            return error_set(err, why.reason, "%s", why.detail);
        }
        if (!mend_rule(o, names, &why, &mended, err)) {
            return false;
        }
    }
    return true; /* whoever checks the rules next tells which one */
}

bool config_overlay_apply(const struct config_policy *policy, const struct service_config *previous,
                          struct service_config *config, struct config_overlay_mark *marks,
                          struct error *err)
{
    struct overlay o = { .policy = policy, .previous = previous, .config = config, .marks = marks };
    bool ok = false;

    o.keys = config_keys(CONFIG_SCOPE_SERVICE, &o.count);
    ok = service_config_copy(&o.file, config, err) && apply_values(&o, err) && apply_rules(&o, err);
    service_config_clear(&o.file);
    return ok;
}
