/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a database as the third version left it: what version_1.h and version_2.h make, then
 *           this; never edited, every later one must open it.
 * Not here: the schema of today (src/store/store_schema.c).
 * Owns:     one text.
 * Threads:  constant.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_STORE_VERSION_3_H
#define OPENNDES_TESTS_STORE_VERSION_3_H

static const char version_3_sql[] =
    "BEGIN;"
    "ALTER TABLE certificate ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0"
    " CHECK (withheld = 0 OR (withheld = 1 AND revoked_at IS NULL)"
    " OR (withheld = 2 AND revoked_at IS NOT NULL));"
    "ALTER TABLE certificate ADD COLUMN revoked_by TEXT;"
    "UPDATE certificate SET revoked_by = 'administrator' WHERE revoked_at IS NOT NULL;"
    "CREATE INDEX certificate_provisional ON certificate (withheld) WHERE withheld = 1;"
    "CREATE INDEX certificate_history ON certificate"
    " (subject COLLATE NOCASE, template, issued_at, not_after, revoked_at, withheld);"
    "CREATE TABLE notification ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " certificate_id INTEGER,"
    " template TEXT NOT NULL,"
    " transaction_id BLOB NOT NULL,"
    " ticket BLOB NOT NULL,"
    " validated INTEGER NOT NULL,"
    " hresult INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " due_at INTEGER,"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " CHECK ((certificate_id IS NULL) = (due_at IS NOT NULL))"
    ") STRICT;"
    "CREATE UNIQUE INDEX notification_armed ON notification (certificate_id)"
    " WHERE certificate_id IS NOT NULL;"
    "CREATE INDEX notification_due ON notification (due_at, validated) WHERE due_at IS NOT NULL;"
    "CREATE INDEX notification_waiting ON notification (validated, due_at)"
    " WHERE due_at IS NOT NULL;"
    "CREATE INDEX notification_same ON notification (transaction_id, template, reason, due_at);"
    "INSERT INTO certificate (ca_name, serial, template, subject, issuer, not_before, not_after,"
    " cert_sha256, key_sha256, issued_at, peer, request_id, challenge_type, transaction_id,"
    " signer_key_sha256, csr_sha256, der, withheld) VALUES ('issuing', '0c33', 'vpn', 'CN=third',"
    " 'CN=CA', 1700000000, 1800000000, x'03', x'03', 1700000000, '192.0.2.7', 'r-3', 'intune',"
    " x'74', x'03', x'03', x'3000', 1);"
    "INSERT INTO notification (certificate_id, template, transaction_id, ticket, validated,"
    " hresult, reason, detail, created_at, due_at) VALUES (NULL, 'vpn', x'74', x'00', 1, -1,"
    " 'subject-cn', 'detail', 1700000000, 1700000001);"
    "PRAGMA user_version = 3;"
    "COMMIT;";

#endif
