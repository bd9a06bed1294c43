/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ca_world.h"

#include "platform/clock.h"
#include "service/data_folder.h"

/* ---- time, by the linker --------------------------------------------------------------------- */

static int64_t ahead;  /* the wall clock's */
static int64_t passed; /* the other clock's */

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
    return __real_clock_now() + ahead;
}

int64_t __real_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void);

int64_t __wrap_clock_monotonic_us(void)
{
    return __real_clock_monotonic_us() + passed * 1000000;
}

void ca_world_ahead(int64_t seconds)
{
    ahead = seconds;
    passed = seconds > passed ? seconds : passed; /* it never goes back */
}

void ca_world_leap(int64_t seconds)
{
    ahead = seconds;
}

/* ---- the service ----------------------------------------------------------------------------- */

static void count_entry(void *context, const struct event_entry *entry)
{
    struct ca_world *w = context;

    w->crl_failures += entry->info->id == EVENT_CRL_FAILED ? 1 : 0;
    w->replacements += entry->info->id == EVENT_RA_REPLACED ? 1 : 0;
}

static int64_t no_time(void *context)
{
    (void)context;
    return 1;
}

int ca_world_begin(void **state)
{
    static struct ca_world w;
    const struct event_log_output output = { count_entry, no_time, &w };
    const struct log_options log = { .folder = w.folder.path,
                                     .file_name = "log",
                                     .level = LOG_LEVEL_DEBUG,
                                     .file_mb = 1,
                                     .files = 1 };
    const struct audit_options audit = { .folder = w.folder.path, .file_mb = 1, .files = 1 };
    struct error err = ERROR_INIT;

    ahead = passed = 0;
    w = (struct ca_world){ .runtime = NULL };
    test_folder_create(&w.folder);
    assert_done(data_folder_create(w.folder.path, &err), &err, "folder");
    test_folder_write(&w.folder, "openndes.json", "{}\n");
    w.store = data_store_open(w.folder.path, 1, &err);
    assert_done(w.store != NULL, &err, "store");
    w.log = log_open(&log, &err);
    w.audit = audit_open(&audit, &err);
    w.events = event_log_create_to(&output);
    assert_true(w.log != NULL && w.audit != NULL && w.events != NULL);
    *state = &w;
    return 0;
}

int ca_world_end(void **state)
{
    struct ca_world *w = *state;

    runtime_unref(w->runtime);
    event_log_free(w->events);
    audit_close(w->audit);
    log_close(w->log);
    store_close(w->store);
    test_folder_remove(&w->folder);
    return 0;
}

void ca_world_add_ca(struct ca_world *w, const char *name, int days)
{
    struct ca_new_options options = fixture_options(&w->folder);
    struct error err = ERROR_INIT;

    options.name = name != NULL ? name : options.name;
    options.validity_days = days != 0 ? days : options.validity_days;
    assert_done(ca_files_create(&options, &err), &err, options.name);
}

void ca_world_load(struct ca_world *w)
{
    struct runtime_options options = {
        .data_folder = w->folder.path, .store = w->store, .log = w->log, .events = w->events
    };
    struct runtime *old = w->runtime;
    struct error err = ERROR_INIT;

    w->runtime = runtime_load(&options, old, &err);
    assert_done(w->runtime != NULL, &err, "runtime");
    runtime_unref(old);
}
