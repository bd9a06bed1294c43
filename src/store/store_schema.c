/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_schema.h"

/*
 * Version 1. Times are seconds since 1970 UTC, digests 32 bytes.
 */
static const char step_1[] =
    "CREATE TABLE certificate ("
    " id INTEGER PRIMARY KEY,"
    " ca_name TEXT NOT NULL,"
    " serial TEXT NOT NULL," /* lower-case hex */
    " template TEXT NOT NULL,"
    " subject TEXT NOT NULL," /* RFC 2253, escaped */
    " issuer TEXT NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " cert_sha256 BLOB NOT NULL,"
    " key_sha256 BLOB NOT NULL," /* of the certificate's public key */
    " issued_at INTEGER NOT NULL,"
    " peer TEXT NOT NULL,"
    " request_id TEXT NOT NULL,"
    " challenge_type TEXT NOT NULL,"
    " transaction_id BLOB NOT NULL,"
    " signer_key_sha256 BLOB NOT NULL,"
    " csr_sha256 BLOB NOT NULL,"
    " revoked_at INTEGER," /* NULL: not revoked */
    " revocation_reason INTEGER,"
    " der BLOB NOT NULL" /* last: the others are read without it */
    ") STRICT;"
    /* The serial comes first: an administrator looks for it without naming the CA. */
    "CREATE UNIQUE INDEX certificate_serial ON certificate (serial, ca_name);"
    /* "Have I seen this request?" The hash leaves one row or none. */
    "CREATE INDEX certificate_request ON certificate (csr_sha256, issued_at);"
    /* A CRL is made from this index alone; it holds only what is revoked. */
    "CREATE INDEX certificate_revoked ON certificate"
    " (ca_name, serial, not_after, revoked_at, revocation_reason) WHERE revoked_at IS NOT NULL;"
    "CREATE TABLE crl ("
    " ca_name TEXT NOT NULL PRIMARY KEY,"
    " number INTEGER NOT NULL,"
    " revocation_count INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " der BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE meta (" /* counters */
    " name TEXT NOT NULL,"
    " scope TEXT NOT NULL,"
    " value INTEGER NOT NULL,"
    " PRIMARY KEY (name, scope)"
    ") STRICT, WITHOUT ROWID;";

/*
 * Version 2: passwords of the NDES face. An id is never given twice (AUTOINCREMENT): a decision
 * that is under way holds one, and must not spend another password that came in its place.
 */
static const char step_2[] =
    "CREATE TABLE password ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " scope TEXT NOT NULL," /* template, or the word for the service's face */
    " kind TEXT NOT NULL CHECK (kind IN ('once', 'single')),"
    " mac BLOB NOT NULL,"     /* keyed: the password itself stands nowhere */
    " sealed BLOB,"           /* single: to be shown again; opens on this machine only */
    " subject TEXT NOT NULL," /* the request must have it; '': any */
    " peer TEXT NOT NULL,"    /* prefix the request must come from; '': any */
    " made_by TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL," /* 0: never */
    " spent_at INTEGER,"            /* NULL: not spent; set for good */
    " spent_ca TEXT,"
    " spent_serial TEXT,"
    " spent_peer TEXT,"
    " CHECK ((kind = 'once') = (expires_at > 0)),"
    " CHECK ((kind = 'single') = (sealed IS NOT NULL))"
    ") STRICT;"
    /* Two templates may have the same single password, brought over from one NDES. */
    "CREATE UNIQUE INDEX password_mac ON password (mac) WHERE kind = 'once';"
    "CREATE UNIQUE INDEX password_single ON password (scope) WHERE kind = 'single';"
    /* "How many are outstanding?" is answered from this index alone; that needs the last two. */
    "CREATE INDEX password_unspent ON password (scope, expires_at, kind, spent_at)"
    " WHERE kind = 'once' AND spent_at IS NULL;"
    /* What is old enough to go. */
    "CREATE INDEX password_expiry ON password (expires_at, kind, spent_at)"
    " WHERE kind = 'once' AND spent_at IS NULL;"
    "CREATE INDEX password_spent ON password (spent_at) WHERE spent_at IS NOT NULL;";

/*
 * Version 3: certificates that wait for a remote validator, what it is still to be told, and an
 * index for "how often did this subject get one?". Whatever was revoked before was revoked on the
 * command line: nobody else could.
 */
static const char step_3[] =
    /* 0: in use; 1: provisional; 2: withheld. Provisional ends with any revocation. */
    "ALTER TABLE certificate ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0"
    " CHECK (withheld = 0 OR (withheld = 1 AND revoked_at IS NULL)"
    " OR (withheld = 2 AND revoked_at IS NOT NULL));"
    "ALTER TABLE certificate ADD COLUMN revoked_by TEXT;" /* NULL: not revoked */
    "UPDATE certificate SET revoked_by = 'administrator' WHERE revoked_at IS NOT NULL;"
    /* Empty but for the decisions under way and what a crash has left. */
    "CREATE INDEX certificate_provisional ON certificate (withheld) WHERE withheld = 1;"
    /*
     * Answers alone: a subject that many devices share would cost a look at every row. Names that
     * differ in case are one name, or writing a GUID in another way would make another of it.
     */
    "CREATE INDEX certificate_history ON certificate"
    " (subject COLLATE NOCASE, template, issued_at, not_after, revoked_at, withheld);"
    "CREATE TABLE notification ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* the order of telling */
    " certificate_id INTEGER,"               /* armed: of this provisional one; NULL: waits */
    " template TEXT NOT NULL,"
    " transaction_id BLOB NOT NULL,"
    " ticket BLOB NOT NULL," /* opens on this machine only */
    " validated INTEGER NOT NULL,"
    " hresult INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " due_at INTEGER," /* NULL: armed */
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " CHECK ((certificate_id IS NULL) = (due_at IS NOT NULL))"
    ") STRICT;"
    "CREATE UNIQUE INDEX notification_armed ON notification (certificate_id)"
    " WHERE certificate_id IS NOT NULL;"
    "CREATE INDEX notification_due ON notification (due_at, validated) WHERE due_at IS NOT NULL;"
    "CREATE INDEX notification_waiting ON notification (validated, due_at)"
    " WHERE due_at IS NOT NULL;"
    "CREATE INDEX notification_same ON notification (transaction_id, template, reason, due_at);";

/*
 * Version 4: which certificate one renews, and requests that wait for an administrator. What a
 * request asked for is kept without its challenge.
 */
static const char step_4[] =
    "ALTER TABLE certificate ADD COLUMN renews BLOB;" /* SHA-256 of a certificate; NULL: none */
    /* "How many certificates in use does this one have already?" */
    "CREATE INDEX certificate_renews ON certificate"
    " (renews, not_after, revoked_at, revocation_reason) WHERE renews IS NOT NULL;"
    "CREATE TABLE pending ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " request_id TEXT NOT NULL,"
    " template TEXT NOT NULL,"
    " ca_name TEXT NOT NULL,"
    " transaction_id BLOB NOT NULL,"
    " signer_key_sha256 BLOB NOT NULL,"
    " csr_sha256 BLOB NOT NULL," /* of the request as it came, like the next two */
    " csr_sha1 BLOB NOT NULL,"
    " csr_md5 BLOB NOT NULL,"
    " csr BLOB NOT NULL," /* without challengePassword; its signature fits no more */
    " subject TEXT NOT NULL,"
    " peer TEXT NOT NULL,"
    " challenge_type TEXT NOT NULL," /* '': none was given */
    " renews BLOB,"                  /* DER of the certificate that vouches; NULL: none */
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0" /* 0 waits, 1 approved, 2 denied, 3 issued */
    " CHECK (state BETWEEN 0 AND 3),"
    " decided_at INTEGER,"
    " decided_by TEXT,"
    " note TEXT NOT NULL DEFAULT '',"
    " CHECK ((state = 0) = (decided_at IS NULL))"
    ") STRICT;"
    /* A poll knows no more. */
    "CREATE INDEX pending_poll ON pending (transaction_id, signer_key_sha256);"
    /* "How many wait, and since when?" is answered from this index alone. */
    "CREATE INDEX pending_open ON pending (template, expires_at, created_at, state)"
    " WHERE state = 0;"
    "CREATE INDEX pending_expiry ON pending (expires_at);";

static const char *const steps[] = { step_1, step_2, step_3, step_4 };

struct store_schema store_schema_current(void)
{
    struct store_schema schema = { steps, sizeof steps / sizeof steps[0] };
    return schema;
}

bool store_schema_inspect(struct db *db, const struct store_schema *schema, int64_t *version,
                          struct error *err)
{
    struct db_identity identity = { 0 };

    if (!db_read_identity(db, &identity, err)) {
        return false;
    }
    if (identity.application == 0 && identity.version == 0 && identity.empty) {
        *version = 0;
        return true;
    }
    if (identity.application != STORE_SCHEMA_APPLICATION || identity.version < 1) {
        return error_set(err, REASON_STORE_FAILED,
                         "%s: the file belongs to another program (application id %lld); give the "
                         "path of OpenNDES's own data folder, or move the file away",
                         db_path(db), (long long)identity.application);
    }
    if (identity.version > (int64_t)schema->count) {
        return error_set(err, REASON_STORE_SCHEMA_NEWER,
                         "%s: the database has schema version %lld, this program knows up to %zu; "
                         "install the newer OpenNDES again, or restore the backup made before its "
                         "installation",
                         db_path(db), (long long)identity.version, schema->count);
    }
    *version = identity.version;
    return true;
}

/* *done is true when nothing was left to do: another process may be upgrading at the same time. */
static bool upgrade_step(struct db *db, const struct store_schema *schema, bool *done,
                         struct error *err)
{
    struct db_identity identity = { STORE_SCHEMA_APPLICATION, 0, false };
    int64_t version = 0;
    bool ok = false;

    if (!db_begin(db, err)) {
        return false;
    }
    if (!store_schema_inspect(db, schema, &version, err)) goto out;
    *done = version == (int64_t)schema->count;
    if (!*done) {
        identity.version = version + 1;
        if (!db_execute(db, schema->steps[version], err)
            || !db_write_identity(db, &identity, err)) {
            error_context(err, "schema version %lld", (long long)identity.version);
            goto out;
        }
    }
    ok = db_commit(db, err);
out:
    db_rollback(db);
    return ok;
}

bool store_schema_upgrade(struct db *db, const struct store_schema *schema, struct error *err)
{
    int64_t version = 0;
    bool done = false;

    if (!store_schema_inspect(db, schema, &version, err)) {
        return false;
    }
    done = version == (int64_t)schema->count;
    while (!done) {
        if (!upgrade_step(db, schema, &done, err)) {
            return false;
        }
    }
    return true;
}
