/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/product.h"
#include "base/text.h"
#include "config/config_suggest.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SETTLED_MS 400 /* Windows writes all values of a policy within some milliseconds */
#define AWAIT_PAUSE_MS 50u
#define AWAIT_TRIES 60u /* a policy that never rests does not hold a start up */

struct policy_value {
    char *text;       /* NULL: not set, or `why` */
    struct error why; /* its type makes no sense */
};

struct config_policy {
    struct policy_value *values; /* one for each of the service's keys */
    size_t count;
    struct config_policy_problem unknown[CONFIG_POLICY_PROBLEMS_MAX];
    size_t unknown_count;
};

static bool walk_registry(void *context, registry_visit *visit, void *visit_context, bool *found,
                          struct error *err)
{
    (void)context;
    return registry_walk(PRODUCT_POLICY_KEY, visit, visit_context, found, err);
}

const struct config_policy_source config_policy_registry = { walk_registry, NULL };

bool config_policy_stamp(struct registry_stamp *out, struct error *err)
{
    return registry_stamp(PRODUCT_POLICY_KEY, out, err);
}

bool config_policy_settled(const struct registry_stamp *stamp, int64_t now_ms)
{
    int64_t age_ms = now_ms - stamp->written_100ns / 10000;

    /* a time to come is one of a clock that was set: it says nothing */
    return stamp->written_100ns == 0 || age_ms >= SETTLED_MS || age_ms < 0;
}

void config_policy_await(struct registry_stamp *out)
{
    struct error ignored = ERROR_INIT;

    for (unsigned i = 0; i < AWAIT_TRIES; i++) {
        if (!config_policy_stamp(out, &ignored)) {
            *out = (struct registry_stamp){ 0, 0 };
        }
        if (config_policy_settled(out, clock_now_ms())) {
            return;
        }
        thread_pause_ms(AWAIT_PAUSE_MS);
    }
}

bool config_policy_changed(const struct registry_stamp *loaded, const struct registry_stamp *found,
                           int64_t now_ms, struct registry_stamp *last_look)
{
    int64_t age_ms = now_ms - found->written_100ns / 10000;
    bool again = registry_stamp_equal(found, last_look);

    *last_look = *found;
    if (registry_stamp_equal(found, loaded)) {
        return false;
    }
    /* a key that is gone tells no time, nor does a clock that was set: the second look counts */
    return again || (found->written_100ns != 0 && age_ms >= SETTLED_MS);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Names of the registry have no case. */
static bool find_key(const char *name, size_t *index)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(CONFIG_SCOPE_SERVICE, &count);

    for (size_t i = 0; i < count; i++) {
        if (!keys[i].internal && text_equal_nocase(keys[i].name, name)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void add_unknown(struct config_policy *policy, const struct registry_value *value)
{
    struct config_policy_problem *problem;
    const char *suggestion = NULL;
    bool below = value->key[0] != '\0';
    bool is_short = strlen(value->name) < CONFIG_KEY_NAME_MAX; /* the registry allows 16383 */

    if (policy->unknown_count == CONFIG_POLICY_PROBLEMS_MAX) {
        return;
    }
    problem = &policy->unknown[policy->unknown_count++];
    text_escape(problem->name, sizeof(problem->name),
                bytes_of_text(value->name[0] == '\0' ? "(Default)" : value->name));
    if (is_short) {
        (void)config_key_find(CONFIG_SCOPE_SERVICE, value->name, &suggestion);
    }
    if (below) {
        (void)error_set(&problem->why, REASON_CONFIG_UNKNOWN_KEY,
                        "in a key below the one of the policy; settings are values of that key");
    } else if (is_short && config_key_find(CONFIG_SCOPE_TEMPLATE, value->name, NULL) != NULL) {
        (void)error_set(&problem->why, REASON_CONFIG_UNKNOWN_KEY,
                        "a setting of templates, which no policy sets");
    } else {
        (void)error_set(&problem->why, REASON_CONFIG_UNKNOWN_KEY,
                        "no setting of the service has this name%s%s%s",
                        suggestion != NULL ? "; did you mean \"" : "",
                        suggestion != NULL ? suggestion : "", suggestion != NULL ? "\"?" : "");
    }
}

/* ---- types ----------------------------------------------------------------------------------- */

static const char *type_name(enum registry_type type)
{
    switch (type) {
    case REGISTRY_TEXT:
        return "REG_SZ";
    case REGISTRY_NUMBER:
        return "REG_DWORD";
    case REGISTRY_LIST:
        return "REG_MULTI_SZ";
    case REGISTRY_OTHER:
        break;
    }
    return "another type";
}

static const char *wanted_type(enum config_type type)
{
    switch (type) {
    case CONFIG_TYPE_BOOL:
        return "REG_DWORD 0 or 1, or REG_SZ true or false";
    case CONFIG_TYPE_INTEGER:
        return "REG_DWORD, or REG_SZ with a whole number";
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_WORD:
        return "REG_SZ";
    case CONFIG_TYPE_LIST:
        return "REG_MULTI_SZ, or REG_SZ with commas";
    }
    return "REG_SZ";
}

static bool wrong_type(const struct config_key *key, const struct registry_value *value,
                       struct error *why)
{
    return error_set(why, REASON_CONFIG_WRONG_TYPE, "expected %s, found %s", wanted_type(key->type),
                     type_name(value->type));
}

/* One setting a line, empty lines count for nothing; a line may hold several with commas. */
static bool join_lines(const char *lines, struct buffer *out, struct error *err)
{
    struct bytes line;
    size_t pos = 0;

    while (text_next_item(bytes_of_text(lines), '\n', &pos, &line)) {
        if ((out->len > 0 && !buffer_append_byte(out, ',', err))
            || !buffer_append_bytes(out, line, err)) {
            return false;
        }
    }
    return true;
}

/* A switch may be written as a number also in a text. */
static const char *as_bool(struct bytes text)
{
    if (bytes_equal(text, bytes_of_text("1"))) {
        return "true";
    }
    return bytes_equal(text, bytes_of_text("0")) ? "false" : NULL;
}

/* The value as it would be typed. False with *why: its type makes no sense. */
static bool convert(const struct config_key *key, const struct registry_value *value,
                    struct buffer *out, struct error *why)
{
    struct bytes text = text_trim(bytes_of_text(value->text));

    switch (value->type) {
    case REGISTRY_NUMBER:
        if (key->type == CONFIG_TYPE_INTEGER) {
            return buffer_printf(out, why, "%u", (unsigned)value->number);
        }
        if (key->type != CONFIG_TYPE_BOOL || value->number > 1) {
            return wrong_type(key, value, why);
        }
        return buffer_append_text(out, value->number == 1 ? "true" : "false", why);
    case REGISTRY_TEXT:
        if (key->type == CONFIG_TYPE_BOOL && as_bool(text) != NULL) {
            text = bytes_of_text(as_bool(text));
        }
        return buffer_append_bytes(out, text, why);
    case REGISTRY_LIST:
        return key->type == CONFIG_TYPE_LIST ? join_lines(value->text, out, why)
                                             : wrong_type(key, value, why);
    case REGISTRY_OTHER:
        break;
    }
    return wrong_type(key, value, why);
}

static bool take_value(void *context, const struct registry_value *value, struct error *err)
{
    struct config_policy *policy = context;
    struct buffer text = BUFFER_INIT(2 * REGISTRY_VALUE_BYTES);
    struct policy_value *slot;
    size_t count = 0;
    const struct config_key *keys = config_keys(CONFIG_SCOPE_SERVICE, &count);
    size_t index = 0;
    bool ok = true;

    if (value->key[0] != '\0' || !find_key(value->name, &index)) {
        add_unknown(policy, value);
        return true;
    }
    slot = &policy->values[index];
    if (convert(&keys[index], value, &text, &slot->why)) {
        slot->text = text_dup(buffer_text(&text));
        ok = slot->text != NULL || error_set(err, REASON_NO_MEMORY, "the policy's settings");
    }
    buffer_clear(&text);
    return ok;
}

struct config_policy *config_policy_read(const struct config_policy_source *source,
                                         struct error *err)
{
    struct config_policy *policy = calloc(1, sizeof(*policy));
    bool found = false;
    bool ok = false;

    if (policy != NULL) {
        (void)config_keys(CONFIG_SCOPE_SERVICE, &policy->count);
        policy->values = calloc(policy->count, sizeof(policy->values[0]));
    }
    if (policy == NULL || policy->values == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "the policy's settings");
        goto out;
    }
    ok = source->walk(source->context, take_value, policy, &found, err)
         || error_context(err, "Group Policy's settings cannot be read");
out:
    if (!ok) {
        config_policy_free(policy);
        policy = NULL;
    }
    return policy;
}

void config_policy_free(struct config_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    for (size_t i = 0; policy->values != NULL && i < policy->count; i++) {
        free(policy->values[i].text);
    }
    free(policy->values);
    free(policy);
}

const char *config_policy_text(const struct config_policy *policy, size_t index,
                               const struct error **why)
{
    const struct policy_value *value = &policy->values[index];

    if (why != NULL) {
        *why = error_is_set(&value->why) ? &value->why : NULL;
    }
    return value->text;
}

size_t config_policy_unknown(const struct config_policy *policy,
                             const struct config_policy_problem **problems)
{
    *problems = policy->unknown;
    return policy->unknown_count;
}
