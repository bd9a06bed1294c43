/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_pending.h"

#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "store/store_pending.h"

/* Of pending.max: room for whoever comes until somebody has looked. */
#define NEARLY_FULL_PERCENT 80
/* Of pending.days: time for somebody to look before the first is forgotten. */
#define LONG_PERCENT 50
#define SECONDS_PER_DAY 86400
#define LOOK "openndes request list --pending, then request approve or deny"

struct pending_check {
    const char *data;
    int64_t now;
    check_visit *visit;
    void *context;
};

struct counts {
    int64_t waiting, oldest_at;
    int64_t max, days;
};

static bool say_counts(const struct pending_check *c, const char *what, const struct counts *n,
                       struct error *err)
{
    char since[CLOCK_TEXT_MAX];
    char text[256];

    clock_format(n->oldest_at, since);
    if (n->max > 0 && n->waiting >= n->max - n->max * (100 - NEARLY_FULL_PERCENT) / 100) {
        return text_format(text, sizeof(text),
                           "%lld requests wait for approval, %lld may (pending.max)",
                           (long long)n->waiting, (long long)n->max)
               && c->visit(c->context, CHECK_WARNING, what, NULL, text, LOOK, err);
    }
    if (n->days > 0 && c->now - n->oldest_at >= n->days * SECONDS_PER_DAY * LONG_PERCENT / 100) {
        return text_format(text, sizeof(text),
                           "%lld requests wait for approval, the oldest since %s; after %lld days "
                           "it is forgotten (pending.days)",
                           (long long)n->waiting, since, (long long)n->days)
               && c->visit(c->context, CHECK_WARNING, what, NULL, text, LOOK, err);
    }
    return text_format(text, sizeof(text), "%lld requests wait for approval, the oldest since %s",
                       (long long)n->waiting, since)
           && c->visit(c->context, CHECK_OK, what, NULL, text, NULL, err);
}

/* A visit of store_pending_counts. */
static bool check_template(void *context, const char *template_name, int64_t waiting,
                           int64_t oldest_at, struct error *err)
{
    const struct pending_check *c = context;
    struct counts counts = { .waiting = waiting, .oldest_at = oldest_at };
    struct template_config config;
    struct error ignored = ERROR_INIT; /* another section tells of a broken template */
    char what[LIMIT_TEMPLATE_NAME + 32];

    memset(&config, 0, sizeof(config));
    if (!text_format(what, sizeof(what), "template %s", template_name)) {
        return error_set(err, REASON_INTERNAL, "template name");
    }
    if (config_load_template(c->data, template_name, &config, &ignored)) {
        counts.max = config.pending.max;
        counts.days = config.pending.days;
        template_config_clear(&config);
    }
    return say_counts(c, what, &counts, err);
}

bool check_pending(const char *data, struct store *store, int64_t now, check_visit *visit,
                   void *context, struct error *err)
{
    struct pending_check c = { data, now, visit, context };

    return store == NULL || store_pending_counts(store, now, check_template, &c, err);
}
