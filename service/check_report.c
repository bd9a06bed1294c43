/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_report.h"

#include <string.h>

#include "base/text.h"
#include "service/check_remedy.h"
#include "service/commands.h"

#define ISSUES_MAX (1u << 20)
/* Behind the levels, so that remedies stand below what they are for. */
#define REMEDY_INDENT "         -> "

static const char *const names[] = {
    [CHECK_OK] = "ok",
    [CHECK_WARNING] = "warning",
    [CHECK_ERROR] = "error",
};

bool check_report_begin(struct check_report *report, enum check_form form, struct error *err)
{
    *report = (struct check_report){
        .form = form,
        .issues = BUFFER_INIT(ISSUES_MAX),
        .first = ERROR_INIT,
    };
    if (form == CHECK_FORM_JSON) {
        report->array = json_value_new_array();
        return report->array != NULL || error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return true;
}

static bool push_row(struct check_report *report, enum check_level level, const char *what,
                     const struct error *why, const char *text, const char *remedy,
                     struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL || !json_value_put_text(row, "level", names[level], err)
        || !json_value_put_text(row, "what", what, err)
        || !json_value_put_text(row, "text", text, err)
        || (remedy != NULL && !json_value_put_text(row, "remedy", remedy, err))
        || (why != NULL && !json_value_put_text(row, "reason", reason_id(why->reason), err))) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(report->array, row, err);
}

static bool print_row(struct check_report *report, enum check_level level, const char *what,
                      const struct error *why, const char *text, const char *remedy,
                      struct error *err)
{
    struct buffer line = BUFFER_INIT(ISSUES_MAX);
    bool ok = buffer_printf(&line, err, "%-8s %s: %s", names[level], what, text)
              && (why == NULL || buffer_printf(&line, err, " [%s]", reason_id(why->reason)))
              && buffer_append_byte(&line, '\n', err)
              && (remedy == NULL || buffer_printf(&line, err, REMEDY_INDENT "%s\n", remedy));

    if (ok && report->form == CHECK_FORM_TEXT) {
        command_print("%s", buffer_text(&line));
    } else if (ok && level != CHECK_OK) {
        ok = buffer_append(&report->issues, line.data, line.len, err);
    }
    buffer_clear(&line);
    return ok;
}

/* The first error, or as long as there is none the first warning. */
static void keep_first(struct check_report *report, enum check_level level, const char *what,
                       const struct error *why, const char *text)
{
    bool first =
        level == CHECK_ERROR ? report->errors == 1 : report->errors == 0 && report->warnings == 1;

    if (level == CHECK_ERROR && report->errors == 1) {
        (void)error_set(&report->first, why != NULL ? why->reason : REASON_CONFIG_BAD_VALUE, "%s",
                        what);
    }
    if (first) {
        bool whole =
            text_format(report->first_issue, sizeof(report->first_issue), "%s: %s", what, text);

        (void)whole; /* a long one is cut; it stands whole below the summary */
    }
}

bool check_report_finding(void *context, enum check_level level, const char *what,
                          const struct error *why, const char *text, const char *remedy,
                          struct error *err)
{
    struct check_report *report = context;

    report->oks += level == CHECK_OK ? 1 : 0;
    report->warnings += level == CHECK_WARNING ? 1 : 0;
    report->errors += level == CHECK_ERROR ? 1 : 0;
    if (level != CHECK_OK) {
        keep_first(report, level, what, why, text);
        if (remedy == NULL && why != NULL) {
            remedy = check_remedy(why->reason);
        }
    }
    return report->form == CHECK_FORM_JSON ? push_row(report, level, what, why, text, remedy, err)
                                           : print_row(report, level, what, why, text, remedy, err);
}

int check_report_code(const struct check_report *report)
{
    if (report->errors != 0) {
        return 2;
    }
    return report->warnings != 0 ? 1 : 0;
}

/* What is behind a '|' is figures for a monitoring system, in every line. */
static void without_bars(uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == '|' ? '/' : text[i];
    }
}

/* What a monitoring plugin says: one line, then more for those who want it, then figures. */
static void print_monitoring(struct check_report *report)
{
    static const char *const states[] = { "OK", "WARNING", "CRITICAL" };

    report->first_issue[strcspn(report->first_issue, "\r\n")] = '\0';
    without_bars((uint8_t *)report->first_issue, strlen(report->first_issue));
    without_bars(report->issues.data, report->issues.len);

    command_print("OpenNDES %s - %zu errors, %zu warnings%s%s | errors=%zu warnings=%zu\n%s",
                  states[check_report_code(report)], report->errors, report->warnings,
                  report->first_issue[0] != '\0' ? ", first: " : "", report->first_issue,
                  report->errors, report->warnings, buffer_text(&report->issues));
}

bool check_report_end(struct check_report *report, struct error *err)
{
    struct json *array = report->array;

    report->array = NULL;
    if (report->form == CHECK_FORM_JSON && !command_print_json(array, err)) {
        return false;
    }
    if (report->form == CHECK_FORM_MONITORING) {
        print_monitoring(report);
        return true; /* its exit code says it */
    }
    return report->errors == 0
           || error_set(err, report->first.reason,
                        "%zu of the things checked are broken, first: %s", report->errors,
                        report->first.detail);
}

void check_report_clear(struct check_report *report)
{
    json_value_free(report->array);
    report->array = NULL;
    buffer_clear(&report->issues);
}
