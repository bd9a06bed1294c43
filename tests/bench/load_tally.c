/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void load_tally_clear(struct load_tally *tally)
{
    free(tally->seconds);
    free(tally->serials);
    *tally = (struct load_tally){ .seconds = NULL };
}

/* Room for one more of `size` bytes. */
static void *grow(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return list;
    }
    *room = *room ? *room * 2 : 1024;
    void *more = realloc(list, *room * size);
    if (!more) {
        fprintf(stderr, "no memory for %zu results\n", *room);
        exit(EXIT_FAILURE);
    }
    return more;
}

void load_tally_time(struct load_tally *tally, double seconds)
{
    tally->seconds =
        grow(tally->seconds, tally->seconds_count, &tally->seconds_room, sizeof(*tally->seconds));
    tally->seconds[tally->seconds_count++] = seconds;
    tally->sorted = false;
}

void load_tally_answer(struct load_tally *tally, enum load_result result,
                       const struct load_answer_facts *facts)
{
    tally->results[result]++;
    if (result == LOAD_REFUSED) {
        bool known = facts->fail_info >= 0 && facts->fail_info < LOAD_FAIL_INFO_COUNT - 1;
        tally->fail_infos[known ? facts->fail_info : LOAD_FAIL_INFO_COUNT - 1]++;
    }
    if (result == LOAD_BROKEN && !tally->first_problem[0]) {
        snprintf(tally->first_problem, sizeof(tally->first_problem), "%s", facts->problem);
    }
    if (facts->serial[0]) {
        tally->serials =
            grow(tally->serials, tally->serial_count, &tally->serial_room, sizeof(*tally->serials));
        memcpy(tally->serials[tally->serial_count++], facts->serial, sizeof(facts->serial));
        tally->sorted = false;
    }
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int compare_seconds(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(struct load_tally *tally)
{
    if (tally->sorted) {
        return;
    }
    if (tally->seconds_count) {
        qsort(tally->seconds, tally->seconds_count, sizeof(*tally->seconds), compare_seconds);
    }
    if (tally->serial_count) {
        qsort(tally->serials, tally->serial_count, sizeof(*tally->serials), compare_text);
    }
    tally->sorted = true;
}

double load_tally_percentile(struct load_tally *tally, double share)
{
    sort(tally);
    if (tally->seconds_count == 0) {
        return 0;
    }
    /* Nearest rank, from 1. A little less, or 0.99 of 100 would be the 100th. */
    double exact = share * (double)tally->seconds_count - 1e-9;
    size_t rank = exact > 0 ? (size_t)exact : 0;
    return tally->seconds[rank < tally->seconds_count ? rank : tally->seconds_count - 1];
}

size_t load_tally_duplicates(struct load_tally *tally)
{
    size_t duplicates = 0;
    sort(tally);
    for (size_t i = 1; i < tally->serial_count; i++) {
        duplicates += strcmp(tally->serials[i], tally->serials[i - 1]) == 0;
    }
    return duplicates;
}

const char *load_fail_info_name(size_t index)
{
    static const char *const names[LOAD_FAIL_INFO_COUNT] = { "badAlg",     "badMessageCheck",
                                                             "badRequest", "badTime",
                                                             "badCertId",  "other" };
    return names[index < LOAD_FAIL_INFO_COUNT ? index : LOAD_FAIL_INFO_COUNT - 1];
}

bool load_tally_write_serials(struct load_tally *tally, const char *path)
{
    sort(tally);
    FILE *file = fopen(path, "we");
    for (size_t i = 0; file && i < tally->serial_count; i++) {
        fprintf(file, "%s\n", tally->serials[i]);
    }
    if (!file || fclose(file) != 0) {
        perror(path);
        return false;
    }
    return true;
}
