/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what came of many requests: how long each took, how each ended, which serials were
 *           given out and which of them more than once.
 * Not here: reading answers (load_requests.h).
 * Owns:     lists of times and serials.
 * Threads:  one.
 * Spec:     RFC 8894 3.2.1.4 (failInfo).
 */
#ifndef OPENNDES_TESTS_BENCH_LOAD_TALLY_H
#define OPENNDES_TESTS_BENCH_LOAD_TALLY_H

#include "bench/load_requests.h"

#define LOAD_FAIL_INFO_COUNT 6 /* badAlg ... badCertId, and what is none of them */

struct load_tally {
    size_t results[LOAD_BROKEN + 1];
    size_t fail_infos[LOAD_FAIL_INFO_COUNT];
    char first_problem[160]; /* of what was broken */
    double *seconds;
    size_t seconds_count, seconds_room;
    char (*serials)[LOAD_SERIAL_MAX];
    size_t serial_count, serial_room;
    bool sorted;
};

void load_tally_clear(struct load_tally *tally);

/* No memory ends the program. */
void load_tally_time(struct load_tally *tally, double seconds);
void load_tally_answer(struct load_tally *tally, enum load_result result,
                       const struct load_answer_facts *facts);

/* Sorts: the least time that `share` (0 to 1) of all requests did not exceed; 0 without any. */
double load_tally_percentile(struct load_tally *tally, double share);
/* Sorts: certificates whose serial another one had before: all less the distinct ones. */
size_t load_tally_duplicates(struct load_tally *tally);

/* "badAlg" ... "badCertId", "other" for the last index. */
const char *load_fail_info_name(size_t index);

/* One serial a line, sorted. False: a sentence stands on stderr. */
bool load_tally_write_serials(struct load_tally *tally, const char *path);

#endif
