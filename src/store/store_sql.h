/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  every statement the verbs use, by number.
 * Not here: the tables themselves (store_schema.h), how a statement is run (db.h).
 * Owns:     the table of texts.
 * Threads:  constants.
 * Spec:     SQL:1999 as far as it goes: a second driver shall use the same texts.
 */
#ifndef OPENNDES_STORE_STORE_SQL_H
#define OPENNDES_STORE_STORE_SQL_H

enum store_sql {
    /* hot path */
    STORE_SQL_CSR_REVOKED,
    STORE_SQL_FIND_REQUEST,
    STORE_SQL_INSERT_CERTIFICATE,
    STORE_SQL_FIND_PASSWORD,
    STORE_SQL_SPEND_PASSWORD,
    STORE_SQL_SHOW_PASSWORD,
    /* provisional certificates */
    STORE_SQL_READ_STATE,
    STORE_SQL_RELEASE,
    STORE_SQL_WITHHOLD,
    STORE_SQL_LIST_PROVISIONAL,
    STORE_SQL_HISTORY,
    /* outbox */
    STORE_SQL_INSERT_NOTIFICATION,
    STORE_SQL_SETTLE_NOTIFICATION,
    STORE_SQL_DROP_NOTIFICATION,
    STORE_SQL_DROP_NEEDLESS,
    STORE_SQL_DROP_OVERTAKEN,
    STORE_SQL_RELEASE_NOTIFICATIONS,
    STORE_SQL_FIND_NOTIFICATION,
    STORE_SQL_COUNT_NOTIFICATIONS,
    STORE_SQL_LIST_DUE,
    STORE_SQL_IS_WAITING,
    STORE_SQL_REMOVE_NOTIFICATION,
    STORE_SQL_RETRY_NOTIFICATION,
    STORE_SQL_READ_OUTBOX,
    /* administration */
    STORE_SQL_LIST,
    STORE_SQL_SHOW,
    STORE_SQL_COUNT,
    STORE_SQL_FIND_SERIAL,
    STORE_SQL_LIST_SERIAL,
    STORE_SQL_READ_REVOKED_BY,
    STORE_SQL_FIND_SUCCESSOR,
    STORE_SQL_REVOKE,
    STORE_SQL_REVOKE_HELD,
    STORE_SQL_RELEASE_HELD,
    STORE_SQL_INCREMENT_COUNT,
    STORE_SQL_START_COUNT,
    /* metrics */
    STORE_SQL_READ_GAUGES,
    STORE_SQL_UPDATE_PROBE,
    STORE_SQL_INSERT_PROBE,
    /* CRL */
    STORE_SQL_LIST_REVOKED,
    STORE_SQL_READ_STATUS,
    STORE_SQL_READ_COUNT,
    STORE_SQL_GET_CRL,
    STORE_SQL_UPDATE_CRL,
    STORE_SQL_INSERT_CRL,
    /* passwords */
    STORE_SQL_COUNT_OUTSTANDING,
    STORE_SQL_INSERT_PASSWORD,
    STORE_SQL_LIST_PASSWORDS,
    STORE_SQL_COUNT_PASSWORDS,
    STORE_SQL_PURGE_PASSWORDS,
    STORE_SQL_TIDY_SPENT,
    STORE_SQL_TIDY_EXPIRED,
    STORE_SQL_FIND_SINGLE,
    STORE_SQL_REMOVE_SINGLE,
    /* what is sealed */
    STORE_SQL_LIST_SEALED_PASSWORDS,
    STORE_SQL_UPDATE_SEALED_PASSWORD,
    STORE_SQL_LIST_TICKETS,
    STORE_SQL_UPDATE_TICKET,
    STORE_SQL_END
};

extern const char *const store_sql_texts[STORE_SQL_END];

/* meta.name: revocations of one CA so far; meta.scope is the CA's name. */
#define STORE_META_REVOCATIONS "revocations"
/* meta.name, scope "": when store_probe was here last. */
#define STORE_META_PROBE "probe"

#endif
