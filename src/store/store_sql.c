/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sql.h"

/* One row as struct store_certificate_row has it; read_row in store_certificates.c follows. */
#define ROW_COLUMNS                                                                                \
    "id, serial, ca_name, template, subject, peer, request_id, challenge_type, issued_at, "        \
    "not_before, not_after, coalesce(revoked_at, 0), coalesce(revocation_reason, 0), "             \
    "transaction_id, der, withheld, revoked_by, renews"

/* One row as struct store_password_row has it; read_row in store_passwords.c follows. */
#define PASSWORD_COLUMNS                                                                           \
    "id, scope, kind, subject, peer, made_by, created_at, expires_at, coalesce(spent_at, 0), "     \
    "spent_ca, spent_serial, spent_peer, mac, sealed"

/* One row as struct store_pending_row has it; read_row in store_pending.c follows. */
#define PENDING_COLUMNS                                                                            \
    "id, state, request_id, template, ca_name, subject, peer, challenge_type, decided_by, note, "  \
    "created_at, expires_at, coalesce(decided_at, 0), transaction_id, signer_key_sha256, "         \
    "csr_sha256, csr_sha1, csr_md5, csr, renews"

/* Whose request? The index leaves a handful of rows. */
#define PENDING_OF_KEY                                                                             \
    " FROM pending WHERE transaction_id = ?1 AND signer_key_sha256 = ?2 AND template = ?3"         \
    " AND ca_name = ?4 AND expires_at > ?5"

/* certificateHold of RFC 5280 5.3.1: the one revocation that can be taken back. */
#define HOLD "6"

/* The partial indexes are used where these words stand. */
#define PASSWORD_UNSPENT "kind = 'once' AND spent_at IS NULL"

const char *const store_sql_texts[STORE_SQL_END] = {
    /* Both questions about a request probe the same index, where a new request finds nothing.
       What is provisional or withheld is nobody's answer, and no reason to refuse either. */
    [STORE_SQL_CSR_REVOKED] =
        "SELECT 1 FROM certificate"
        " WHERE csr_sha256 = ?1 AND template = ?2 AND revoked_at IS NOT NULL AND withheld = 0"
        " LIMIT 1",
    /* Not revoked: a revocation may come between the two questions. */
    [STORE_SQL_FIND_REQUEST] =
        "SELECT der FROM certificate"
        " WHERE csr_sha256 = ?1 AND issued_at >= ?2 AND template = ?3 AND ca_name = ?4"
        " AND signer_key_sha256 = ?5 AND transaction_id = ?6 AND revoked_at IS NULL"
        " AND withheld = 0"
        " ORDER BY issued_at DESC LIMIT 1",
    [STORE_SQL_INSERT_CERTIFICATE] =
        "INSERT INTO certificate (ca_name, serial, template, subject, issuer, not_before,"
        " not_after, cert_sha256, key_sha256, issued_at, peer, request_id, challenge_type,"
        " transaction_id, signer_key_sha256, csr_sha256, der, withheld, renews)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
        " ?19)",
    /* From the index alone. What is provisional counts: it is about to be handed out; so does what
       is on hold: it may be in use again. */
    [STORE_SQL_COUNT_RENEWALS] = "SELECT count(*) FROM certificate"
                                 " WHERE renews = ?1 AND not_after >= ?2"
                                 " AND (revoked_at IS NULL OR revocation_reason = " HOLD ")",

    [STORE_SQL_FIND_PASSWORD] =
        "SELECT " PASSWORD_COLUMNS " FROM password WHERE kind = 'once' AND mac = ?1",
    /* At most one of those who try changes the row. */
    [STORE_SQL_SPEND_PASSWORD] =
        "UPDATE password SET spent_at = ?2, spent_ca = ?3, spent_serial = ?4, spent_peer = ?5"
        " WHERE id = ?1 AND " PASSWORD_UNSPENT " AND expires_at > ?2"
        " AND created_at <= ?6",
    [STORE_SQL_SHOW_PASSWORD] = "SELECT " PASSWORD_COLUMNS " FROM password WHERE id = ?1",

    [STORE_SQL_READ_STATE] =
        "SELECT withheld, coalesce(revoked_at, 0) FROM certificate WHERE id = ?1",
    [STORE_SQL_RELEASE] = "UPDATE certificate SET withheld = 0 WHERE id = ?1 AND withheld = 1",
    [STORE_SQL_WITHHOLD] = "UPDATE certificate SET withheld = 2, revoked_at = ?2,"
                           " revocation_reason = ?3, revoked_by = ?4"
                           " WHERE id = ?1 AND withheld = 1",
    [STORE_SQL_LIST_PROVISIONAL] =
        "SELECT id, ca_name, serial, template, request_id"
        " FROM certificate WHERE withheld = 1 AND issued_at < ?2 LIMIT ?1",
    /* Provisional ones count: two requests at a time must not both be the last that is allowed. */
    [STORE_SQL_HISTORY] =
        "SELECT coalesce(sum(issued_at >= ?3), 0),"
        " coalesce(max(CASE WHEN revoked_at IS NULL AND not_after >= ?4 THEN not_after END), 0)"
        " FROM certificate WHERE subject COLLATE NOCASE = ?1 AND template = ?2 AND withheld <> 2",

    [STORE_SQL_INSERT_NOTIFICATION] =
        "INSERT INTO notification (certificate_id, template, transaction_id, ticket, validated,"
        " hresult, reason, detail, created_at, due_at)"
        " VALUES (nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, nullif(?10, 0))",
    [STORE_SQL_SETTLE_NOTIFICATION] =
        "UPDATE notification SET certificate_id = NULL, due_at = ?2, created_at = ?2,"
        " hresult = ?3, reason = ?4, detail = ?5 WHERE certificate_id = ?1",
    [STORE_SQL_DROP_NOTIFICATION] = "DELETE FROM notification WHERE certificate_id = ?1",
    /* An armed one that nobody needs: the same request has its certificate, the same is waiting to
       be told already, or too many are. */
    [STORE_SQL_DROP_NEEDLESS] =
        "DELETE FROM notification WHERE certificate_id = ?1 AND ("
        "EXISTS (SELECT 1 FROM certificate AS lost JOIN certificate AS won"
        " ON won.csr_sha256 = lost.csr_sha256 WHERE lost.id = ?1 AND won.template = lost.template"
        " AND won.transaction_id = lost.transaction_id AND won.withheld = 0"
        " AND won.revoked_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM notification AS same"
        " WHERE same.transaction_id = notification.transaction_id"
        " AND same.template = notification.template AND same.reason = ?2"
        " AND same.due_at IS NOT NULL)"
        " OR (SELECT count(*) FROM (SELECT 1 FROM notification"
        " WHERE due_at IS NOT NULL AND validated = 1 LIMIT ?3)) >= ?3)",
    [STORE_SQL_DROP_OVERTAKEN] = "DELETE FROM notification"
                                 " WHERE transaction_id = ?1 AND template = ?2"
                                 " AND due_at IS NOT NULL",
    [STORE_SQL_RELEASE_NOTIFICATIONS] =
        "UPDATE notification SET certificate_id = NULL, due_at = ?1, created_at = ?1"
        " WHERE certificate_id IS NOT NULL AND created_at < ?2",
    [STORE_SQL_FIND_NOTIFICATION] =
        "SELECT 1 FROM notification WHERE transaction_id = ?1 AND template = ?2 AND reason = ?3"
        " AND due_at IS NOT NULL LIMIT 1",
    [STORE_SQL_COUNT_NOTIFICATIONS] = "SELECT count(*) FROM (SELECT 1 FROM notification"
                                      " WHERE due_at IS NOT NULL AND validated = ?1 LIMIT ?2)",
    /*
     * The ids come from the index alone: a ticket is some kilobytes. What the validator has seen
     * comes first: whoever sends junk cannot make it wait.
     */
    [STORE_SQL_LIST_DUE] =
        "SELECT id, template, transaction_id, ticket, hresult, reason, detail, created_at,"
        " attempts FROM notification WHERE id IN (SELECT id FROM"
        " (SELECT id, validated FROM notification WHERE due_at <= ?1"
        " UNION ALL SELECT id, validated FROM notification WHERE due_at > ?1 + ?3)"
        " ORDER BY validated DESC, id LIMIT ?2)"
        " ORDER BY validated DESC, id",
    [STORE_SQL_IS_WAITING] = "SELECT 1 FROM notification WHERE id = ?1 AND due_at IS NOT NULL",
    [STORE_SQL_REMOVE_NOTIFICATION] = "DELETE FROM notification WHERE id = ?1",
    [STORE_SQL_RETRY_NOTIFICATION] = "UPDATE notification SET due_at = ?2, attempts = attempts + 1"
                                     " WHERE id = ?1 AND due_at IS NOT NULL",
    [STORE_SQL_READ_OUTBOX] = "SELECT count(*), coalesce(min(due_at), 0) FROM notification"
                              " WHERE due_at IS NOT NULL",

    [STORE_SQL_LIST] =
        "SELECT " ROW_COLUMNS " FROM certificate"
        " WHERE id < ?1 AND (?2 IS NULL OR template = ?2) AND (?3 IS NULL OR ca_name = ?3)"
        " AND (?4 IS NULL OR instr(lower(subject), lower(?4)) > 0)"
        " AND (?5 = 0 OR (revoked_at IS NULL AND withheld = 0 AND not_after >= ?6))"
        " AND (?7 = 0 OR revoked_at IS NOT NULL)"
        " ORDER BY id DESC LIMIT ?8",
    [STORE_SQL_SHOW] = "SELECT " ROW_COLUMNS " FROM certificate WHERE id = ?1",
    [STORE_SQL_COUNT] = "SELECT count(*) FROM certificate",
    /* Two rows are enough to know that there is not one. */
    [STORE_SQL_FIND_SERIAL] = "SELECT id, coalesce(revoked_at, 0) FROM certificate"
                              " WHERE serial = ?1 AND (?2 IS NULL OR ca_name = ?2) LIMIT 2",
    /* A handful at most: one row per CA that has issued this serial. */
    [STORE_SQL_LIST_SERIAL] =
        "SELECT " ROW_COLUMNS " FROM certificate WHERE serial = ?1 ORDER BY ca_name LIMIT ?2",
    [STORE_SQL_READ_REVOKED_BY] = "SELECT revoked_by FROM certificate WHERE id = ?1",
    /* Also a revoked one: whoever asks shall hear by whom. */
    [STORE_SQL_FIND_SUCCESSOR] =
        "SELECT won.serial FROM certificate AS lost JOIN certificate AS won"
        " ON won.csr_sha256 = lost.csr_sha256 WHERE lost.serial = ?1 AND lost.ca_name = ?2"
        " AND lost.withheld = 2 AND won.ca_name = lost.ca_name AND won.template = lost.template"
        " AND won.transaction_id = lost.transaction_id AND won.withheld <> 2"
        " ORDER BY won.id DESC LIMIT 1",
    /* Somebody's revocation counts like any other, also when a decision is still under way. */
    [STORE_SQL_REVOKE] = "UPDATE certificate SET revoked_at = ?2, revocation_reason = ?3,"
                         " revoked_by = ?4, withheld = 0 WHERE id = ?1 AND revoked_at IS NULL",
    /* Since when it is not to be trusted stays as it was. */
    [STORE_SQL_REVOKE_HELD] = "UPDATE certificate SET revocation_reason = ?2, revoked_by = ?3"
                              " WHERE id = ?1 AND revocation_reason = " HOLD " AND withheld = 0",
    [STORE_SQL_RELEASE_HELD] =
        "UPDATE certificate SET revoked_at = NULL, revocation_reason = NULL, revoked_by = NULL"
        " WHERE id = ?1 AND revocation_reason = " HOLD " AND withheld = 0",
    /* The counter belongs to the CA of certificate ?2. */
    [STORE_SQL_INCREMENT_COUNT] =
        "UPDATE meta SET value = value + 1"
        " WHERE name = ?1 AND scope = (SELECT ca_name FROM certificate WHERE id = ?2)",
    [STORE_SQL_START_COUNT] = "INSERT INTO meta (name, scope, value)"
                              " SELECT ?1, ca_name, 1 FROM certificate WHERE id = ?2",

    /* The last id is the number of rows: they come in order and none ever goes. */
    [STORE_SQL_READ_GAUGES] =
        "SELECT (SELECT coalesce(max(id), 0) FROM certificate),"
        " (SELECT count(*) FROM certificate WHERE revoked_at IS NOT NULL),"
        " (SELECT count(*) FROM certificate WHERE withheld = 1),"
        " (SELECT count(*) FROM notification WHERE due_at IS NOT NULL),"
        " (SELECT coalesce(min(created_at), 0) FROM notification WHERE due_at IS NOT NULL)",
    [STORE_SQL_UPDATE_PROBE] = "UPDATE meta SET value = ?2 WHERE name = ?1 AND scope = ''",
    [STORE_SQL_INSERT_PROBE] = "INSERT INTO meta (name, scope, value) VALUES (?1, '', ?2)",

    [STORE_SQL_LIST_REVOKED] =
        "SELECT serial, revoked_at, revocation_reason FROM certificate"
        " WHERE ca_name = ?1 AND revoked_at IS NOT NULL AND not_after >= ?2 ORDER BY serial",
    [STORE_SQL_READ_STATUS] =
        "SELECT withheld, coalesce(revoked_at, 0), coalesce(revocation_reason, 0) FROM certificate"
        " WHERE serial = ?1 AND ca_name = ?2",
    [STORE_SQL_READ_COUNT] = "SELECT value FROM meta WHERE name = ?1 AND scope = ?2",
    [STORE_SQL_GET_CRL] = "SELECT number, revocation_count, this_update, next_update, der FROM crl"
                          " WHERE ca_name = ?1",
    [STORE_SQL_UPDATE_CRL] =
        "UPDATE crl SET number = ?2, revocation_count = ?3, this_update = ?4, next_update = ?5,"
        " der = ?6 WHERE ca_name = ?1 AND number < ?2",
    [STORE_SQL_INSERT_CRL] =
        "INSERT INTO crl (ca_name, number, revocation_count, this_update, next_update, der)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6"
        " WHERE NOT EXISTS (SELECT 1 FROM crl WHERE ca_name = ?1)",

    /* No further than the limit: whether there are more does not matter. */
    [STORE_SQL_COUNT_OUTSTANDING] =
        "SELECT count(*) FROM (SELECT 1 FROM password"
        " WHERE " PASSWORD_UNSPENT " AND scope = ?1 AND expires_at > ?2 LIMIT ?3)",
    [STORE_SQL_INSERT_PASSWORD] =
        "INSERT INTO password (scope, kind, mac, sealed, subject, peer, made_by, created_at,"
        " expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
    [STORE_SQL_LIST_PASSWORDS] =
        "SELECT " PASSWORD_COLUMNS " FROM password"
        " WHERE id < ?1 AND (?2 IS NULL OR scope = ?2)"
        " AND (?3 = 1 OR (spent_at IS NULL AND (expires_at = 0 OR expires_at > ?4)))"
        " ORDER BY id DESC LIMIT ?5",
    [STORE_SQL_COUNT_PASSWORDS] =
        "SELECT scope, sum(expires_at > ?1), sum(expires_at <= ?1) FROM password"
        " WHERE " PASSWORD_UNSPENT " GROUP BY scope ORDER BY scope",
    /* In parts: a service that issues must not wait for a hundred thousand rows. */
    [STORE_SQL_PURGE_PASSWORDS] =
        "DELETE FROM password WHERE id IN (SELECT id FROM password WHERE " PASSWORD_UNSPENT
        " AND (?1 = 0 OR id = ?1) AND (?2 IS NULL OR scope = ?2) AND expires_at <= ?3 LIMIT ?4)",
    [STORE_SQL_TIDY_SPENT] = "DELETE FROM password WHERE id IN (SELECT id FROM password"
                             " WHERE spent_at IS NOT NULL AND spent_at <= ?1 LIMIT ?2)",
    [STORE_SQL_TIDY_EXPIRED] = "DELETE FROM password WHERE id IN (SELECT id FROM password"
                               " WHERE " PASSWORD_UNSPENT " AND expires_at <= ?1 LIMIT ?2)",
    [STORE_SQL_FIND_SINGLE] =
        "SELECT " PASSWORD_COLUMNS " FROM password WHERE kind = 'single' AND scope = ?1",
    [STORE_SQL_REMOVE_SINGLE] = "DELETE FROM password WHERE kind = 'single' AND scope = ?1",

    /* What was issued is answered from the certificates, as long as repeats are. */
    [STORE_SQL_FIND_PENDING] = "SELECT " PENDING_COLUMNS PENDING_OF_KEY
                               " AND csr_sha256 = ?6 AND state <> 3 ORDER BY id DESC LIMIT 1",
    [STORE_SQL_POLL_PENDING] = "SELECT " PENDING_COLUMNS PENDING_OF_KEY " ORDER BY id DESC LIMIT 1",
    [STORE_SQL_PENDING_TEMPLATES] =
        "SELECT template, max(id) AS newest FROM pending WHERE transaction_id = ?1"
        " AND signer_key_sha256 = ?2 AND expires_at > ?3 GROUP BY template ORDER BY newest DESC",
    /* No further than the limit: whether there are more does not matter. */
    [STORE_SQL_COUNT_WAITING] = "SELECT count(*) FROM (SELECT 1 FROM pending WHERE state = 0"
                                " AND template = ?1 AND expires_at > ?2 LIMIT ?3)",
    [STORE_SQL_INSERT_PENDING] =
        "INSERT INTO pending (request_id, template, ca_name, transaction_id, signer_key_sha256,"
        " csr_sha256, csr_sha1, csr_md5, csr, subject, peer, challenge_type, renews, created_at,"
        " expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [STORE_SQL_LIST_PENDING] =
        "SELECT " PENDING_COLUMNS " FROM pending WHERE id < ?5 AND (?1 IS NULL OR template = ?1)"
        " AND (?2 = 1 OR state = 0) AND expires_at > ?3 ORDER BY id DESC LIMIT ?4",
    /* For people: looks at every row. */
    [STORE_SQL_MATCH_PENDING] =
        "SELECT " PENDING_COLUMNS " FROM pending WHERE (id = ?1 OR lower(request_id) = lower(?2)"
        " OR substr(hex(csr_sha256), 1, length(?3)) = upper(?3)"
        " OR substr(hex(csr_sha1), 1, length(?3)) = upper(?3)"
        " OR substr(hex(csr_md5), 1, length(?3)) = upper(?3))"
        " AND expires_at > ?4 ORDER BY id DESC LIMIT ?5",
    [STORE_SQL_SHOW_PENDING] = "SELECT " PENDING_COLUMNS " FROM pending WHERE id = ?1",
    [STORE_SQL_PENDING_COUNTS] =
        "SELECT template, count(*), min(created_at) FROM pending WHERE state = 0"
        " AND expires_at > ?1 GROUP BY template ORDER BY template",
    /* ?6: the state that this decision may end besides 0. At most one of those who try succeeds. */
    [STORE_SQL_DECIDE_PENDING] = "UPDATE pending SET state = ?2, decided_at = ?3, decided_by = ?4,"
                                 " note = ?5 WHERE id = ?1 AND (state = 0 OR state = ?6)"
                                 " AND expires_at > ?3",
    [STORE_SQL_SETTLE_PENDING] =
        "UPDATE pending SET state = 3 WHERE id = ?1 AND state = 1 AND expires_at > ?2",
    [STORE_SQL_TIDY_PENDING] = "DELETE FROM pending WHERE id IN (SELECT id FROM pending"
                               " WHERE expires_at <= ?1 LIMIT ?2)",
    [STORE_SQL_FORGET_PENDING] = "DELETE FROM pending WHERE id IN (SELECT id FROM pending"
                                 " WHERE template = ?1 LIMIT ?2)",

    [STORE_SQL_LIST_SEALED_PASSWORDS] =
        /* only these are sealed; the index knows them among a hundred thousand others */
    "SELECT id, scope, sealed FROM password WHERE kind = 'single' AND sealed IS NOT NULL"
    " ORDER BY scope",
    [STORE_SQL_UPDATE_SEALED_PASSWORD] =
        "UPDATE password SET sealed = ?2 WHERE id = ?1 AND sealed IS NOT NULL",
    [STORE_SQL_LIST_TICKETS] = "SELECT id, '', ticket FROM notification ORDER BY id",
    [STORE_SQL_UPDATE_TICKET] = "UPDATE notification SET ticket = ?2 WHERE id = ?1",
};
