/* SPDX-License-Identifier: Apache-2.0 */
#include "support/file_flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store/power_vfs.h"
#include "support/disk_calls.h"
#include "support/test_support.h"

#define RESTS 11u /* of one moment: whole, lost, names, and mixed eight times */
#define QUICK_CUTS 2u
#define QUICK_FAULTS 2u
#define LASTING 1000000u
#define CASE_BYTES 512

static uint32_t seed;

static uint32_t dice(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static bool play_all(void)
{
    return getenv("OPENNDES_POWER_ALL") != NULL;
}

void file_flow_set_up(void)
{
    seed = (uint32_t)time(NULL) * 2654435761u;
    (void)umask(077); /* as the product's own processes have it */
    power_vfs_register();
}

/* How far to go from one case to the next, and where to begin. */
static size_t stride(size_t cases, size_t wanted)
{
    return play_all() || cases <= wanted ? 1 : cases / wanted;
}

static size_t begin_at(size_t step)
{
    return step > 1 ? dice() % step : 0;
}

/* ---- the old state --------------------------------------------------------------------------- */

/* The work done once, undisturbed; what was done to the files. */
static struct disk_log *note_work(const struct file_flow *flow)
{
    struct disk_log *log = disk_log_create();
    struct error err = ERROR_INIT;
    struct test_folder folder;

    test_folder_create(&folder);
    if (flow->prepare != NULL) {
        flow->prepare(folder.path);
        assert_int_equal(flow->look(folder.path, flow->name), FLOW_OLD);
    }
    disk_calls_record(log, folder.path);
    power_vfs_record(log, folder.path);
    assert_done(flow->act(folder.path, &err), &err, flow->name);
    disk_calls_end();
    power_vfs_record(NULL, "");
    disk_log_promise(log, 1);
    assert_int_equal(flow->look(folder.path, flow->name), FLOW_NEW);
    test_folder_remove(&folder);
    return log;
}

static void prepare(const struct disk_log *log, struct test_folder *folder)
{
    struct disk_state *state = disk_state_create(log);

    test_folder_create(folder);
    disk_state_cut(state, DISK_KEPT, 0, folder->path);
    disk_state_free(state);
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* Done again: it succeeds, or says that it is done. */
static void act_again(const struct file_flow *flow, const char *folder, enum flow_rest found,
                      const char *name)
{
    struct error err = ERROR_INIT;
    bool done = flow->act(folder, &err);

    if (!done && (found != FLOW_NEW || flow->again == REASON_NONE || err.reason != flow->again)) {
        fail_msg("%s; then %s is tried again: %s: %s", name,
                 found == FLOW_NEW ? "what was done" : "it", reason_id(err.reason), err.detail);
    }
    if (flow->look(folder, name) != FLOW_NEW) {
        fail_msg("%s; then it is done again and is not there", name);
    }
}

/* ---- power ----------------------------------------------------------------------------------- */

static void cut(const struct file_flow *flow, const struct disk_log *log,
                const struct disk_state *state, size_t number, unsigned rest)
{
    static const char *const fates[] = { "everything kept", "nothing kept", "only names kept",
                                         "mixed" };
    enum disk_fate fate = rest < DISK_MIXED ? (enum disk_fate)rest : DISK_MIXED;
    struct test_folder folder;
    char name[CASE_BYTES];

    (void)snprintf(name, sizeof(name), "%s: power fails after %s (%s)", flow->name,
                   number > 0 ? disk_log_tell(log, number - 1) : "nothing", fates[fate]);
    test_folder_create(&folder);
    disk_state_cut(state, fate, rest * 7919 + (unsigned)number, folder.path);
    enum flow_rest found = flow->look(folder.path, name);
    if (disk_state_promises(state) > 0 && !flow->is_unflushed && found != FLOW_NEW) {
        fail_msg("%s: what was promised is not there", name);
    }
    act_again(flow, folder.path, found, name);
    test_folder_remove(&folder);
}

void file_flow_power(const struct file_flow *flow)
{
    struct disk_log *log = note_work(flow);
    struct disk_state *state = disk_state_create(log);
    size_t moments = disk_log_count(log) + 1;
    size_t step = stride(moments * RESTS, QUICK_CUTS);
    size_t next = begin_at(step);
    size_t cuts = 0;

    for (size_t number = 0; number < moments; number++) {
        for (; next < (number + 1) * RESTS; next += step) {
            cut(flow, log, state, number, (unsigned)(next - number * RESTS));
            cuts++;
        }
        (void)disk_state_next(state);
    }
    print_message("    %s: %zu operations, %zu failures of the power\n", flow->name, moments - 1,
                  cuts);
    disk_state_free(state);
    disk_log_free(log);
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* Calls of both kinds in one row. */
#define KINDS (DISK_CALLS + POWER_CALLS)

static void fail_at(unsigned kind, unsigned nth, unsigned more, int number)
{
    if (kind < DISK_CALLS) {
        disk_calls_fail((enum disk_call)kind, nth, more, number);
    } else {
        power_vfs_fail((enum power_call)(kind - DISK_CALLS), nth, more);
    }
}

static void mend(void)
{
    disk_calls_mend();
    power_vfs_mend();
}

static bool was_hurt(unsigned kind)
{
    return (kind < DISK_CALLS ? disk_calls_failures() : power_vfs_failures()) > 0;
}

/* A reason of the disk, and the file or folder. */
static bool is_well_said(const struct error *err, unsigned kind, int number, const char *folder)
{
    static const enum reason reasons[] = { REASON_FILE_NOT_WRITABLE, REASON_DISK_FULL,
                                           REASON_STORE_FAILED,      REASON_STORE_FULL,
                                           REASON_STORE_READ_ONLY,   REASON_STORE_BUSY };

    if (kind < DISK_CALLS && number == ENOSPC && err->reason != REASON_DISK_FULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (err->reason == reasons[i]) {
            return strstr(err->detail, folder) != NULL;
        }
    }
    return false;
}

static bool find_left_over(void *context, const char *name, bool is_folder, struct error *err)
{
    char path[FILE_PATH_MAX];
    size_t len = strlen(name);

    if (!path_join(path, context, name, err)) {
        return false;
    }
    if (len > 4 && strcmp(name + len - 4, ".tmp") == 0) {
        return error_set(err, REASON_INTERNAL, "%s is left over", path);
    }
    return !is_folder || folder_list(path, 1000, find_left_over, path, err);
}

static void hurt(const struct file_flow *flow, const struct disk_log *log, unsigned kind,
                 unsigned nth, bool lasting)
{
    int number = dice() % 2 == 0 ? ENOSPC : EIO;
    enum flow_rest found = FLOW_NEW;
    struct error err = ERROR_INIT;
    struct test_folder folder;
    char name[CASE_BYTES];

    prepare(log, &folder);
    (void)snprintf(name, sizeof(name), "%s: %s %u%s fails with %s", flow->name,
                   kind < DISK_CALLS ? disk_call_names[kind] : power_call_names[kind - DISK_CALLS],
                   nth, lasting ? " and all behind it" : "", number == EIO ? "EIO" : "ENOSPC");
    fail_at(kind, nth, lasting ? LASTING : 0, number);
    bool done = flow->act(folder.path, &err);
    bool met = was_hurt(kind);
    mend();
    if (!done && (!met || !is_well_said(&err, kind, number, folder.path))) {
        fail_msg("%s: %s: %s", name, reason_id(err.reason), err.detail);
    }
    found = flow->look(folder.path, name);
    if (done && found != FLOW_NEW) {
        fail_msg("%s: it says that it was done", name);
    }
    act_again(flow, folder.path, found, name);
    error_clear(&err);
    if (kind != DISK_CALL_REMOVE && !find_left_over(folder.path, "", true, &err)) {
        fail_msg("%s: %s", name, err.detail);
    }
    test_folder_remove(&folder);
}

/* How often each call is made, so that a selection can be drawn. */
static void count_calls(const struct file_flow *flow, const struct disk_log *log,
                        unsigned calls[KINDS])
{
    struct error err = ERROR_INIT;
    struct test_folder folder;

    prepare(log, &folder);
    disk_calls_fail(DISK_CALLS, 0, 0, 0);
    power_vfs_fail(POWER_CALLS, 0, 0);
    assert_done(flow->act(folder.path, &err), &err, flow->name);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        calls[kind] = kind < DISK_CALLS ? disk_calls_met((enum disk_call)kind)
                                        : power_vfs_calls((enum power_call)(kind - DISK_CALLS));
    }
    test_folder_remove(&folder);
}

void file_flow_faults(const struct file_flow *flow)
{
    struct disk_log *log = note_work(flow);
    unsigned calls[KINDS];
    size_t all = 0;
    size_t runs = 0;

    count_calls(flow, log, calls);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        all += 2 * (size_t)calls[kind]; /* each once and lastingly */
    }
    size_t step = stride(all, QUICK_FAULTS);
    size_t next = begin_at(step);
    size_t first = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (; next < first + 2 * (size_t)calls[kind]; next += step) {
            hurt(flow, log, kind, (unsigned)((next - first) / 2) + 1, (next - first) % 2 == 1);
            runs++;
        }
        first += 2 * (size_t)calls[kind];
    }
    print_message("    %s: %zu ways to fail, %zu played\n", flow->name, all, runs);
    disk_log_free(log);
}
