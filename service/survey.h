/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what has to be looked for to know how the service is: database, disk, templates, CAs,
 *           ends of certificates; as metrics and as lines of /readyz.
 * Not here: when it is done and who is told (management.h), counters that are at hand
 *           (metrics_live.h).
 * Owns:     a survey owns its two texts.
 * Threads:  one thread takes surveys; a survey never changes and is read by any thread.
 * Spec:     docs/monitoring.md.
 */
#ifndef OPENNDES_SERVICE_SURVEY_H
#define OPENNDES_SERVICE_SURVEY_H

#include "service/metrics_text.h"
#include "service/runtime.h"

struct survey_sources {
    const char *data_folder;
    struct store *store;
    struct runtime *(*runtime)(void *context); /* a reference on the one in force */
    void *context;
};

/* What only the main thread knows of the HTTPS certificate. */
struct survey_tls {
    bool served;
    int64_t ends_at; /* seconds; 0: none is presented */
};

/* What the thread that takes surveys remembers. All zero at first. */
struct survey_memory {
    struct runtime *runtime; /* a reference on the one that was looked at */
    struct survey_tls tls;
    enum reason database; /* what was said about it */
    int64_t taken_us;     /* monotonic; 0: none yet */
};
void survey_memory_clear(struct survey_memory *memory);

struct survey {
    int references;   /* atomic */
    int64_t taken_us; /* monotonic */
    bool ready;
    struct buffer lines;   /* of /readyz: "ok NAME", "warning NAME: WORD", "failed NAME: WORD" */
    struct buffer metrics; /* whole families */
};

/*
 * If there is reason to look (something has changed, or the last time is long ago): a new survey
 * with one reference, else NULL. Writes to the database when nobody else has for a while: whether
 * that works is what matters. Waits for disk and database. NULL with err set: no memory.
 */
struct survey *survey_take(struct survey_memory *memory, const struct survey_sources *sources,
                           const struct survey_tls *tls, struct error *err);
struct survey *survey_ref(struct survey *survey);
void survey_unref(struct survey *survey); /* NULL is allowed */

#endif
