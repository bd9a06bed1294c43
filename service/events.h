/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  numbers of the entries in the system's event log.
 * Not here: their texts (the callers), writing them (platform/eventlog.h).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/events.md.
 */
#ifndef OPENNDES_SERVICE_EVENTS_H
#define OPENNDES_SERVICE_EVENTS_H

/* The numbers are stable: administrators filter by them. */
enum event_id {
    EVENT_STARTED = 100,
    EVENT_STOPPED = 101,
    EVENT_START_FAILED = 102,
    EVENT_CONFIGURATION_BROKEN = 110,
    EVENT_CONFIGURATION_RELOADED = 111,
    EVENT_CRL_FAILED = 120,
    EVENT_CA_ENDS = 121,
    EVENT_AUDIT_FAILED = 130
};

#endif
