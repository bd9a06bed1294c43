/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a database as the second version left it: what version_1.h makes, then this; never
 *           edited, every later one must open it.
 * Not here: the schema of today (src/store/store_schema.c).
 * Owns:     one text.
 * Threads:  constant.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_STORE_VERSION_2_H
#define OPENNDES_TESTS_STORE_VERSION_2_H

static const char version_2_sql[] =
    "BEGIN;"
    "CREATE TABLE password (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('once', 'single')), mac BLOB NOT NULL, sealed BLOB,"
    " subject TEXT NOT NULL, peer TEXT NOT NULL, made_by TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, spent_at INTEGER, spent_ca TEXT,"
    " spent_serial TEXT, spent_peer TEXT, CHECK ((kind = 'once') = (expires_at > 0)),"
    " CHECK ((kind = 'single') = (sealed IS NOT NULL))) STRICT;"
    "CREATE UNIQUE INDEX password_mac ON password (mac) WHERE kind = 'once';"
    "CREATE UNIQUE INDEX password_single ON password (scope) WHERE kind = 'single';"
    "CREATE INDEX password_unspent ON password (scope, expires_at, kind, spent_at)"
    " WHERE kind = 'once' AND spent_at IS NULL;"
    "CREATE INDEX password_expiry ON password (expires_at, kind, spent_at)"
    " WHERE kind = 'once' AND spent_at IS NULL;"
    "CREATE INDEX password_spent ON password (spent_at) WHERE spent_at IS NOT NULL;"
    "INSERT INTO password (scope, kind, mac, subject, peer, made_by, created_at, expires_at)"
    " VALUES ('vpn', 'once', x'0102', '', '', 'page', 1700000000, 1700003600);"
    "INSERT INTO password (scope, kind, mac, subject, peer, made_by, created_at, expires_at,"
    " spent_at, spent_ca, spent_serial, spent_peer) VALUES ('vpn', 'once', x'0103', '', '', 'page',"
    " 1700000000, 1700003600, 1700000005, 'issuing', '0a1b', '192.0.2.7');"
    "PRAGMA user_version = 2;"
    "COMMIT;";

#endif
