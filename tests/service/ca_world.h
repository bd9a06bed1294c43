/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a service without its sockets, for what a service does for its CAs over the years: data
 *           folder, database, log, audit file, Event Log, runtime; and the time.
 * Not here: the CAs' files (ca/ca_fixture.h).
 * Owns:     a struct ca_world and all in it, from begin to end.
 * Threads:  one.
 * Spec:     none. The program is linked with --wrap=clock_now and --wrap=clock_monotonic_us.
 */
#ifndef OPENNDES_TESTS_SERVICE_CA_WORLD_H
#define OPENNDES_TESTS_SERVICE_CA_WORLD_H

#include "audit/audit.h"
#include "ca/ca_fixture.h"
#include "service/event_log.h"
#include "service/runtime.h"

struct ca_world {
    struct test_folder folder;
    struct store *store;
    struct log *log; /* file "log" of the folder */
    struct audit *audit;
    struct event_log *events;
    unsigned crl_failures; /* entries about a CRL that was not made */
    unsigned replacements; /* entries about a new RA */
    struct runtime *runtime;
};

/* For cmocka. There is no CA yet, and no runtime. */
int ca_world_begin(void **state);
int ca_world_end(void **state);

/* So many seconds have passed since the beginning. */
void ca_world_ahead(int64_t seconds);
/* The clock is wrong by so many seconds, though no time has passed. */
void ca_world_leap(int64_t seconds);

/* With small keys; name NULL: that of fixture_options, days 0: its validity. */
void ca_world_add_ca(struct ca_world *w, const char *name, int days);
/* The service starts, or has noticed a change. */
void ca_world_load(struct ca_world *w);

#endif
