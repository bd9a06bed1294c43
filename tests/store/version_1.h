/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a database as the first release left it: never edited, every later one must open it.
 * Not here: the schema of today (src/store/store_schema.c).
 * Owns:     one text.
 * Threads:  constant.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_STORE_VERSION_1_H
#define OPENNDES_TESTS_STORE_VERSION_1_H

static const char version_1_sql[] =
    "PRAGMA journal_mode = WAL;"
    "BEGIN;"
    "CREATE TABLE certificate (id INTEGER PRIMARY KEY, ca_name TEXT NOT NULL,"
    " serial TEXT NOT NULL, template TEXT NOT NULL, subject TEXT NOT NULL, issuer TEXT NOT NULL,"
    " not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, cert_sha256 BLOB NOT NULL,"
    " key_sha256 BLOB NOT NULL, issued_at INTEGER NOT NULL, peer TEXT NOT NULL,"
    " request_id TEXT NOT NULL, challenge_type TEXT NOT NULL, transaction_id BLOB NOT NULL,"
    " signer_key_sha256 BLOB NOT NULL, csr_sha256 BLOB NOT NULL, revoked_at INTEGER,"
    " revocation_reason INTEGER, der BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX certificate_serial ON certificate (serial, ca_name);"
    "CREATE INDEX certificate_request ON certificate (csr_sha256, issued_at);"
    "CREATE INDEX certificate_revoked ON certificate"
    " (ca_name, serial, not_after, revoked_at, revocation_reason) WHERE revoked_at IS NOT NULL;"
    "CREATE TABLE crl (ca_name TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL,"
    " revocation_count INTEGER NOT NULL, this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL, der BLOB NOT NULL) STRICT;"
    "CREATE TABLE meta (name TEXT NOT NULL, scope TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY (name, scope)) STRICT, WITHOUT ROWID;"
    "INSERT INTO certificate VALUES (1, 'issuing', '0a1b', 'devices', 'CN=old', 'CN=ca',"
    " 1700000000, 1800000000, x'01', x'02', 1700000000, '192.0.2.7', 'r-7', 'static', x'03',"
    " x'04', x'05', NULL, NULL, x'3000');"
    "INSERT INTO certificate VALUES (2, 'issuing', '0a1c', 'devices', 'CN=gone', 'CN=ca',"
    " 1700000000, 1800000000, x'01', x'02', 1700000001, '192.0.2.8', 'r-8', 'static', x'03',"
    " x'04', x'06', 1700000100, 1, x'3001');"
    "INSERT INTO meta VALUES ('revocations', 'issuing', 1);"
    "INSERT INTO crl VALUES ('issuing', 12, 1, 1700000200, 1700600000, x'3002');"
    "PRAGMA application_id = 1330529363;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

#endif
