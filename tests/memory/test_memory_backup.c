/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup with memory running out: whole, so that every byte of it can be checked, or not there,
 * and nothing of it left behind; likewise what is read of one.
 */
#include "service/backup_world.h"

#include <string.h>

#include "base/text.h"
#include "service/backup_write.h"
#include "support/alloc_fail.h"

struct stage {
    const struct backup_world *world;
    struct json *manifest;
};

static bool make(void *context, struct error *err)
{
    struct stage *s = context;

    return backup_world_backup(s->world, false, &s->manifest, err);
}

static bool verify(void *context, struct error *err)
{
    struct stage *s = context;

    return backup_write_verify(s->world->file, bytes_of_text(BACKUP_PASSWORD), &s->manifest, err);
}

static void count_entry(void *context, const char *name, struct bytes content)
{
    (void)content;
    print_message("left: %s\n", name);
    (*(unsigned *)context)++;
}

static void no_copy(void *context, const char *name, struct bytes content)
{
    (void)context;
    (void)content;
    /* of the database, made for the backup */
    if (strstr(name, ".backup") != NULL || strstr(name, "snapshot") != NULL) {
        fail_msg("%s is left in the data folder", name);
    }
}

static void made_or_not(void *context, bool done)
{
    struct stage *s = context;
    struct error err = ERROR_INIT;
    unsigned left = 0;

    assert_int_equal(s->manifest != NULL, done);
    json_value_free(s->manifest);
    s->manifest = NULL;
    if (done) {
        assert_done(verify(s, &err), &err, "verify");
        json_value_free(s->manifest);
        s->manifest = NULL;
        assert_done(file_remove(s->world->file, &err), &err, "remove");
    }
    backup_world_walk(s->world->place.path, count_entry, &left);
    assert_int_equal(left, 0);
    backup_world_walk(s->world->tls.folder.path, no_copy, NULL);
}

static void verified_or_not(void *context, bool done)
{
    struct stage *s = context;

    assert_int_equal(s->manifest != NULL, done);
    json_value_free(s->manifest);
    s->manifest = NULL;
}

static void backup__memory_runs_out__whole_or_not_there(void **state)
{
    static const struct alloc_call calls[] = {
        { "backup: write", make, NULL, made_or_not, REASON_NONE, 3 },
        { "backup: verify", verify, NULL, verified_or_not, REASON_NONE, 3 },
    };
    struct stage s = { .world = *state };

    alloc_fail_calls(&calls[0], 1, &s);
    backup_world_backed_up(s.world, false);
    alloc_fail_calls(&calls[1], 1, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(backup__memory_runs_out__whole_or_not_there,
                               backup_world_fresh_place),
    };

    return cmocka_run_group_tests_name("memory backup", tests, backup_world_set_up,
                                       backup_world_tear_down);
}
