/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ca_former.h"

#include "platform/clock.h"
#include "service/commands.h"

static const char *former_form(const struct ra_sets_former *former)
{
    return former->lead == RA_CERT_SINGLE ? "single" : "pair";
}

void ca_former_print(const struct ra_sets *ras)
{
    char until[CLOCK_TEXT_MAX];
    char kept[CLOCK_TEXT_MAX];

    for (size_t i = 0; i < ras->former_count; i++) {
        const struct ra_sets_former *former = &ras->former[i];

        clock_format(former->not_after, until);
        clock_format(former->kept_until, kept);
        command_print("Former RA:   %s, serial %s%s%s, until %s, serves until %s\n",
                      former_form(former), former->serial,
                      former->sign_serial[0] != '\0' ? ", signs with " : "", former->sign_serial,
                      until, kept);
    }
    if (ras->unusable > 0) {
        command_print("Former RAs:  %zu cannot be used (%s)\n", ras->unusable,
                      ras->unusable_error.detail);
    }
}

static struct json *former_row(const struct ra_sets_former *former, struct error *err)
{
    struct json *row = json_value_new_object();
    char until[CLOCK_TEXT_MAX];
    char kept[CLOCK_TEXT_MAX];

    clock_format(former->not_after, until);
    clock_format(former->kept_until, kept);
    if (row == NULL || !json_value_put_text(row, "form", former_form(former), err)
        || !json_value_put_text(row, "serial", former->serial, err)
        || !json_value_put_text(row, "sign_serial", former->sign_serial, err)
        || !json_value_put_text(row, "not_after", until, err)
        || !json_value_put_text(row, "serves_until", kept, err)) {
        json_value_free(row);
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        return NULL;
    }
    return row;
}

bool ca_former_put(struct json *row, const struct ra_sets *ras, struct error *err)
{
    struct json *array = json_value_new_array();
    bool ok = array != NULL || error_set(err, REASON_NO_MEMORY, "JSON");

    for (size_t i = 0; ok && ras != NULL && i < ras->former_count; i++) {
        struct json *former = former_row(&ras->former[i], err);

        ok = former != NULL && json_value_push(array, former, err);
    }
    if (!ok) {
        json_value_free(array);
        return false;
    }
    return json_value_put(row, "ra_former", array, err);
}

void ca_former_print_change(const char *name, const struct ca_ra_change *change)
{
    char until[CLOCK_TEXT_MAX];

    if (change->kept > 0) {
        command_print("Devices that have the former ones go on: openndes ca show %s\n", name);
    }
    if (change->given_way > 0) {
        clock_format(change->given_way_end, until);
        command_print(
            "The oldest former ones (until %s) had to give way, no more than %d are kept: "
            "devices that still have them must fetch GetCACert again.\n",
            until, RA_FORMERS_MAX);
    }
}
