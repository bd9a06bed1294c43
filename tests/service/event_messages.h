/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the message of an event has to look like in each language of service/openndes.mc.
 * Not here: reading the file (test_event_messages.c) and the EXE (test_event_messages_win32.c).
 * Owns:     nothing.
 * Threads:  constants and pure functions.
 * Spec:     docs/events.md.
 */
#ifndef OPENNDES_TESTS_SERVICE_EVENT_MESSAGES_H
#define OPENNDES_TESTS_SERVICE_EVENT_MESSAGES_H

#include "service/event_catalogue.h"

/* The frame around the two sentences of a message. */
struct message_language {
    const char *name; /* of the .mc file */
    uint16_t id;      /* LANGID */
    const char *subject, *details, *more;
};

extern const struct message_language message_languages[2]; /* [0]: English */

/*
 * What stands between the two sentences of a message, from the CR LF behind the first to the one
 * before the second, with the given inserts.
 */
void message_middle(const struct message_language *language, enum event_kind kind,
                    const char *const inserts[EVENTLOG_INSERTS_MAX], char *text, size_t size);
/* What stands behind the second sentence. */
void message_end(const struct message_language *language, enum event_kind kind,
                 const char *const inserts[EVENTLOG_INSERTS_MAX], char *text, size_t size);
/*
 * Fails the test unless text is <sentence> middle <sentence> end, with the catalogue's sentences in
 * English and sentences of their own in every other language.
 */
void message_check(const struct message_language *language, const struct event_info *info,
                   const char *const inserts[EVENTLOG_INSERTS_MAX], const char *text);

#endif
