/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what "openndes check" has found: counted, and printed for people, as JSON, or as a
 *           monitoring plugin.
 * Not here: looking for it (cmd_check.c, check_*.h).
 * Owns:     the collected findings.
 * Threads:  the main thread.
 * Spec:     docs/check.md; the monitoring plugins' exit codes 0, 1, 2.
 */
#ifndef OPENNDES_SERVICE_CHECK_REPORT_H
#define OPENNDES_SERVICE_CHECK_REPORT_H

#include "base/json.h"
#include "service/check_finding.h"

enum check_form {
    CHECK_FORM_TEXT,      /* each finding as it comes, with its remedy below it */
    CHECK_FORM_JSON,      /* one array at the end */
    CHECK_FORM_MONITORING /* one line of summary, then what is not in order */
};

struct check_report {
    enum check_form form;
    struct json *array;   /* JSON */
    struct buffer issues; /* MONITORING */
    size_t oks, warnings, errors;
    struct error first; /* the first error, as the command fails with it */
    char first_issue[512];
};

MUST_USE bool check_report_begin(struct check_report *report, enum check_form form,
                                 struct error *err);
/* A check_visit, whose context is a struct check_report. */
check_visit check_report_finding;
/* Print what is left to print. False when there are errors, with the first one's reason. */
MUST_USE bool check_report_end(struct check_report *report, struct error *err);
/* 0 all in order, 1 warnings, 2 errors. */
int check_report_code(const struct check_report *report);
void check_report_clear(struct check_report *report);

#endif
