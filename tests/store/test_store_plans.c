/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a request, the outbox and housekeeping find their rows by an index. */
#include <string.h>

#include "base/text.h"
#include "store/store_fixture.h"
#include "store/store_sql.h"

/* The plan of a statement, its lines joined. */
static void plan_of(const struct fixture *f, enum store_sql statement, char *plan, size_t size)
{
    struct buffer sql = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    struct db_query *query = NULL;
    bool row = true;

    assert_ok(buffer_printf(&sql, &err, "EXPLAIN QUERY PLAN %s", store_sql_texts[statement]), err);
    const char *const texts[] = { buffer_text(&sql) };
    struct db_options options = {
        .path = f->path, .busy_ms = 10000, .cache_kib = 256, .texts = texts, .text_count = 1
    };
    struct db *db = db_open(&options, &err);
    assert_ok(db != NULL, err);
    assert_ok(db_query_begin(db, 0, &query, &err), err);
    for (plan[0] = '\0';;) {
        size_t len = strlen(plan);

        assert_ok(db_step(query, &row, &err), err);
        if (!row) break;
        assert_true(text_format(plan + len, size - len, "%s; ", db_column_text(query, 3)));
    }
    db_query_end(query);
    db_close(db);
    buffer_clear(&sql);
}

static void plans__whatever_runs_in_a_request__by_index(void **state)
{
    static const struct {
        enum store_sql statement;
        const char *index;
    } cases[] = {
        { STORE_SQL_FIND_PASSWORD, "SEARCH password USING INDEX password_mac" },
        { STORE_SQL_SPEND_PASSWORD, "SEARCH password USING INTEGER PRIMARY KEY" },
        { STORE_SQL_SHOW_PASSWORD, "SEARCH password USING INTEGER PRIMARY KEY" },
        { STORE_SQL_COUNT_OUTSTANDING, "SEARCH password USING COVERING INDEX password_unspent" },
        { STORE_SQL_TIDY_SPENT, "SEARCH password USING COVERING INDEX password_spent" },
        { STORE_SQL_TIDY_EXPIRED, "SEARCH password USING COVERING INDEX password_expiry" },
        { STORE_SQL_FIND_SINGLE, "SEARCH password USING INDEX password_single" },
        { STORE_SQL_REMOVE_SINGLE, "SEARCH password USING INDEX password_single" },
        { STORE_SQL_CSR_REVOKED, "SEARCH certificate USING INDEX certificate_request" },
        { STORE_SQL_FIND_REQUEST, "SEARCH certificate USING INDEX certificate_request" },
        { STORE_SQL_COUNT_RENEWALS, "SEARCH certificate USING COVERING INDEX certificate_renews" },
        { STORE_SQL_FIND_SERIAL, "SEARCH certificate USING INDEX certificate_serial" },
        { STORE_SQL_READ_STATUS, "SEARCH certificate USING INDEX certificate_serial" },
        { STORE_SQL_REVOKE_HELD, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_RELEASE_HELD, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_LIST_SERIAL, "SEARCH certificate USING INDEX certificate_serial" },
        { STORE_SQL_LIST_REVOKED, "SEARCH certificate USING COVERING INDEX certificate_revoked" },
        { STORE_SQL_READ_REVOKED_BY, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_FIND_SUCCESSOR, "SEARCH lost USING INDEX certificate_serial" },
        { STORE_SQL_FIND_SUCCESSOR, "SEARCH won USING INDEX certificate_request" },
        { STORE_SQL_READ_STATE, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_RELEASE, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_WITHHOLD, "SEARCH certificate USING INTEGER PRIMARY KEY" },
        { STORE_SQL_LIST_PROVISIONAL, "SEARCH certificate USING INDEX certificate_provisional" },
        { STORE_SQL_HISTORY, "SEARCH certificate USING COVERING INDEX certificate_history" },
        { STORE_SQL_SETTLE_NOTIFICATION, "SEARCH notification USING INDEX notification_armed" },
        { STORE_SQL_DROP_NOTIFICATION, "SEARCH notification USING INDEX notification_armed" },
        { STORE_SQL_DROP_NEEDLESS, "SEARCH notification USING INDEX notification_armed" },
        { STORE_SQL_DROP_NEEDLESS, "SEARCH won USING INDEX certificate_request" },
        { STORE_SQL_DROP_NEEDLESS, "SEARCH same USING COVERING INDEX notification_same" },
        { STORE_SQL_DROP_OVERTAKEN, "SEARCH notification USING INDEX notification_same" },
        { STORE_SQL_IS_WAITING, "SEARCH notification USING INTEGER PRIMARY KEY" },
        { STORE_SQL_FIND_NOTIFICATION,
          "SEARCH notification USING COVERING INDEX notification_same" },
        { STORE_SQL_COUNT_NOTIFICATIONS,
          "SEARCH notification USING COVERING INDEX notification_waiting" },
        { STORE_SQL_LIST_DUE, "SEARCH notification USING COVERING INDEX notification_due" },
        { STORE_SQL_LIST_DUE, "SEARCH notification USING INTEGER PRIMARY KEY" },
        { STORE_SQL_REMOVE_NOTIFICATION, "SEARCH notification USING INTEGER PRIMARY KEY" },
        { STORE_SQL_RETRY_NOTIFICATION, "SEARCH notification USING INTEGER PRIMARY KEY" },
        { STORE_SQL_RELEASE_NOTIFICATIONS, "notification USING INDEX notification_armed" },
        { STORE_SQL_READ_GAUGES, "USING COVERING INDEX certificate_revoked" },
        { STORE_SQL_READ_GAUGES, "USING COVERING INDEX certificate_provisional" },
        { STORE_SQL_UPDATE_PROBE, "SEARCH meta USING PRIMARY KEY" },
        { STORE_SQL_READ_OUTBOX, "SEARCH notification USING COVERING INDEX notification_due" },
        { STORE_SQL_FIND_PENDING, "SEARCH pending USING INDEX pending_poll" },
        { STORE_SQL_POLL_PENDING, "SEARCH pending USING INDEX pending_poll" },
        { STORE_SQL_PENDING_TEMPLATES, "SEARCH pending USING INDEX pending_poll" },
        { STORE_SQL_COUNT_WAITING, "SEARCH pending USING COVERING INDEX pending_open" },
        { STORE_SQL_SHOW_PENDING, "SEARCH pending USING INTEGER PRIMARY KEY" },
        { STORE_SQL_PENDING_COUNTS, "pending USING COVERING INDEX pending_open" },
        { STORE_SQL_DECIDE_PENDING, "SEARCH pending USING INTEGER PRIMARY KEY" },
        { STORE_SQL_SETTLE_PENDING, "SEARCH pending USING INTEGER PRIMARY KEY" },
        { STORE_SQL_TIDY_PENDING, "SEARCH pending USING COVERING INDEX pending_expiry" },
        { STORE_SQL_COUNT_PASSWORDS, "SCAN password USING COVERING INDEX password_unspent" },
    };
    struct fixture *f = *state;
    char plan[1024];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan_of(f, cases[i].statement, plan, sizeof plan);
        if (strstr(plan, cases[i].index) == NULL) {
            print_error("statement %d: %s\n", (int)cases[i].statement, plan);
            fail();
        }
    }
}

/*
 * Whatever is not named here looks up its rows, however many there are: nothing that a request, the
 * start or housekeeping runs gets slower with the years.
 */
static const struct {
    enum store_sql statement;
    const char *line; /* of its plan */
} walks[] = {
    /* at most so many rows as the statement's limit says */
    { STORE_SQL_DROP_NEEDLESS, "SCAN (subquery-3)" },
    { STORE_SQL_COUNT_NOTIFICATIONS, "SCAN (subquery-1)" },
    { STORE_SQL_COUNT_OUTSTANDING, "SCAN (subquery-1)" },
    { STORE_SQL_COUNT_WAITING, "SCAN (subquery-1)" },
    /* one row: there is no table */
    { STORE_SQL_READ_GAUGES, "SCAN CONSTANT ROW" },
    { STORE_SQL_INSERT_CRL, "SCAN CONSTANT ROW" },
    /* sorted: what is due; the certificates of one CSR; the templates of one transaction */
    { STORE_SQL_LIST_DUE, "SCAN (subquery-2)" },
    { STORE_SQL_LIST_DUE, "USE TEMP B-TREE FOR ORDER BY" },
    { STORE_SQL_FIND_SUCCESSOR, "USE TEMP B-TREE FOR ORDER BY" },
    { STORE_SQL_PENDING_TEMPLATES, "USE TEMP B-TREE FOR GROUP BY" },
    { STORE_SQL_PENDING_TEMPLATES, "USE TEMP B-TREE FOR ORDER BY" },
    /* metrics: what is counted, from an index that holds nothing else */
    { STORE_SQL_READ_GAUGES, "SCAN certificate USING COVERING INDEX certificate_revoked" },
    { STORE_SQL_COUNT_PASSWORDS, "SCAN password USING COVERING INDEX password_unspent" },
    { STORE_SQL_PENDING_COUNTS, "SCAN pending USING COVERING INDEX pending_open" },
    /* an administrator's command: check, request show and approve, template remove, restore */
    { STORE_SQL_COUNT, "SCAN certificate USING COVERING INDEX" },
    { STORE_SQL_MATCH_PENDING, "SCAN pending" },
    { STORE_SQL_FORGET_PENDING, "SCAN pending" },
    { STORE_SQL_LIST_SEALED_PASSWORDS, "SCAN password USING INDEX password_single" },
    { STORE_SQL_LIST_TICKETS, "SCAN notification" },
};

static bool is_allowed(enum store_sql statement, const char *line)
{
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        if (walks[i].statement == statement
            && strncmp(line, walks[i].line, strlen(walks[i].line)) == 0) {
            return true;
        }
    }
    return false;
}

static void plans__every_statement__no_walk_over_a_table(void **state)
{
    struct fixture *f = *state;
    char plan[1024];
    int failed = 0;

    for (int i = 0; i < (int)STORE_SQL_END; i++) {
        plan_of(f, (enum store_sql)i, plan, sizeof plan);
        for (const char *line = plan; *line != '\0'; line = strstr(line, "; ") + 2) {
            bool looks_up = strncmp(line, "SCAN ", 5) != 0 && strncmp(line, "USE TEMP", 8) != 0;

            if (!looks_up && !is_allowed((enum store_sql)i, line)) {
                print_error("statement %d: %s\n", i, line);
                failed++;
            }
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plans__whatever_runs_in_a_request__by_index,
                                        fixture_set_up_open, fixture_tear_down),
        cmocka_unit_test_setup_teardown(plans__every_statement__no_walk_over_a_table,
                                        fixture_set_up_open, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
