/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a small database a large one, with the store's own schema and statements.
 *
 *   store_fill DATABASE [OPTION...]      nobody may have the database open
 *
 *   --certificates N   so many more, each like the newest one that is recorded: same CA, template,
 *                      size and times; its own serial, subject, request and transaction (0)
 *   --revoked N        so many of them are revoked, spread over all (0)
 *   --passwords N      so many more unused one-time passwords of that template (0)
 *   --days N           how long these are valid (30)
 *
 * The newest certificate's subject must hold eight digits in a row: they count. A DER is what the
 * row says of it (serial, subject, digests), but for its signature, which is the model's. No
 * password is known to anybody: the MACs are random.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/secret.h"
#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "store/db.h"
#include "store/store_internal.h"
#include "store/store_schema.h"

#define CACHE_KIB 1048576     /* all indexes stay in memory while rows come in no order */
#define ROWS_PER_COMMIT 50000 /* and the journal small */
#define NUMBER_DIGITS 8
#define SERIAL_BYTES_MIN 8 /* of which the first stays the model's: it says the sign */
#define DAY_SECONDS 86400

struct options {
    const char *path;
    int64_t certificates, revoked, passwords, days;
};

/* The newest certificate, and where in its DER stands what is to be changed. */
struct model {
    struct buffer der;
    struct certificate_info info;
    char ca_name[LIMIT_TEMPLATE_NAME + 1], template_name[LIMIT_TEMPLATE_NAME + 1];
    char number[NUMBER_DIGITS + 1];
    size_t serial_at, serial_len, number_at, subject_at;
    int64_t issued_at;
};

/* ---- the model ------------------------------------------------------------------------------- */

static bool find_bytes(struct bytes all, struct bytes wanted, size_t *at)
{
    for (size_t i = 0; wanted.len > 0 && i + wanted.len <= all.len; i++) {
        if (memcmp(all.data + i, wanted.data, wanted.len) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

static bool find_number(struct model *m, struct error *err)
{
    size_t digits = 0;

    for (const char *p = m->info.subject; *p != '\0' && digits < NUMBER_DIGITS; p++) {
        digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
        m->subject_at = (size_t)(p - m->info.subject) + 1 - digits;
    }
    if (digits < NUMBER_DIGITS) {
        return error_set(err, REASON_USAGE, "%s: no eight digits in a row", m->info.subject);
    }
    memcpy(m->number, m->info.subject + m->subject_at, NUMBER_DIGITS);
    return true;
}

static bool find_places(struct model *m, struct error *err)
{
    uint8_t serial[SERIAL_TEXT_MAX / 2];
    struct bytes der = buffer_bytes(&m->der);

    m->serial_len = strlen(m->info.serial) / 2;
    for (size_t i = 0; i < m->serial_len; i++) {
        unsigned value = 0;

        if (sscanf(m->info.serial + 2 * i, "%2x", &value) != 1) {
            return error_set(err, REASON_USAGE, "serial %s", m->info.serial);
        }
        serial[i] = (uint8_t)value;
    }
    return (m->serial_len >= SERIAL_BYTES_MIN
            && find_bytes(der, bytes_of(serial, m->serial_len), &m->serial_at)
            && find_number(m, err) && find_bytes(der, bytes_of_text(m->number), &m->number_at))
           || error_set(err, REASON_USAGE, "the newest certificate is no model for others");
}

static bool read_model(struct db *db, struct model *m, struct error *err)
{
    struct db_query *query = NULL;
    struct x509_st *cert = NULL;
    bool row = false;
    bool ok = false;

    if (!db_query_begin(db, STORE_SQL_LIST, &query, err)) goto out;
    db_bind_int(query, 1, INT64_MAX);
    db_bind_int(query, 5, 0);
    db_bind_int(query, 7, 0);
    db_bind_int(query, 8, 1);
    if (!db_step(query, &row, err)) goto out;
    if (!row) {
        error_set(err, REASON_USAGE, "no certificate is recorded yet");
        goto out;
    }
    m->issued_at = db_column_int(query, 8);
    if (!text_copy(m->ca_name, sizeof(m->ca_name), db_column_text(query, 2))
        || !text_copy(m->template_name, sizeof(m->template_name), db_column_text(query, 3))
        || !buffer_append_bytes(&m->der, db_column_bytes(query, 14), err)) {
        goto out;
    }
    cert = certificate_parse(buffer_bytes(&m->der), err);
    ok = cert != NULL && certificate_info(cert, &m->info, err) && find_places(m, err);
out:
    certificate_free(cert);
    db_query_end(query);
    return ok;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool digest_of(struct bytes data, uint8_t digest[DIGEST_SHA256_BYTES], struct error *err)
{
    return EVP_Digest(data.data, data.len, digest, NULL, EVP_sha256(), NULL) == 1
           || error_set(err, REASON_INTERNAL, "SHA-256");
}

/* Thirty-two bytes that look random and differ for each kind and number. */
static bool draw(const struct model *m, const char *kind, int64_t number,
                 uint8_t digest[DIGEST_SHA256_BYTES], struct error *err)
{
    char text[SERIAL_TEXT_MAX + 64];

    return (text_format(text, sizeof(text), "%s %s %lld", kind, m->info.serial, (long long)number)
            || error_set(err, REASON_INTERNAL, "text too long"))
           && digest_of(bytes_of_text(text), digest, err);
}

static bool add_certificate(struct db *db, struct model *m, int64_t number, struct error *err)
{
    struct store_request_key key = { .template_name = m->template_name, .ca_name = m->ca_name };
    struct store_certificate cert = { .request = &key,
                                      .info = &m->info,
                                      .peer = "192.0.2.1",
                                      .challenge_type = "static",
                                      .issued_at = m->issued_at };
    uint8_t drawn[DIGEST_SHA256_BYTES];
    char digits[24];
    char transaction[2 * DIGEST_SHA256_BYTES + 1];
    char request_id[24];

    if (!draw(m, "serial", number, drawn, err)) return false;
    memcpy(m->der.data + m->serial_at + 1, drawn, m->serial_len - 1);
    text_hex(m->info.serial, sizeof(m->info.serial),
             bytes_of(m->der.data + m->serial_at, m->serial_len));
    if (!text_format(digits, sizeof(digits), "%0*lld", NUMBER_DIGITS, (long long)number)
        || !text_format(request_id, sizeof(request_id), "%016llx", (unsigned long long)number)) {
        return error_set(err, REASON_INTERNAL, "number too long");
    }
    memcpy(m->der.data + m->number_at, digits, NUMBER_DIGITS);
    memcpy(m->info.subject + m->subject_at, digits, NUMBER_DIGITS);
    cert.der = buffer_bytes(&m->der);
    cert.request_id = request_id;
    memcpy(key.signer_key_sha256, m->info.key_sha256, sizeof(key.signer_key_sha256));
    if (!digest_of(cert.der, m->info.sha256, err)
        || !draw(m, "request", number, key.csr_sha256, err)
        || !draw(m, "transaction", number, drawn, err)) {
        return false;
    }
    text_hex(transaction, sizeof(transaction), bytes_of(drawn, sizeof(drawn)));
    key.transaction_id = bytes_of_text(transaction);
    return store_certificate_insert(db, &cert, STORE_IN_USE, err);
}

static bool revoke(struct db *db, int64_t id, int64_t now, struct error *err)
{
    struct db_query *query = NULL;

    if (!db_query_begin(db, STORE_SQL_REVOKE, &query, err)) return false;
    db_bind_int(query, 1, id);
    db_bind_int(query, 2, now);
    db_bind_int(query, 3, id % 6); /* with and without a reason in the CRL */
    db_bind_text(query, 4, STORE_BY_ADMINISTRATOR);
    bool ok = db_run(query, NULL, err);
    db_query_end(query);
    return ok && store_revocation_add(db, id, err);
}

static bool add_password(struct db *db, const struct model *m, int64_t now, int64_t until,
                         struct error *err)
{
    struct db_query *query = NULL;
    uint8_t mac[DIGEST_SHA256_BYTES];
    bool row = false;

    if (!secret_random(mac, sizeof(mac), err)
        || !db_query_begin(db, STORE_SQL_INSERT_PASSWORD, &query, err)) {
        return false;
    }
    db_bind_text(query, 1, m->template_name);
    db_bind_text(query, 2, "once");
    db_bind_bytes(query, 3, bytes_of(mac, sizeof(mac)));
    db_bind_text(query, 5, "");
    db_bind_text(query, 6, "");
    db_bind_text(query, 7, "store_fill");
    db_bind_int(query, 8, now);
    db_bind_int(query, 9, until);
    bool ok = db_step(query, &row, err) && db_run(query, NULL, err);
    db_query_end(query);
    return ok;
}

/* ---- filling --------------------------------------------------------------------------------- */

static bool again(struct db *db, int64_t done, struct error *err)
{
    return done % ROWS_PER_COMMIT != 0 || (db_commit(db, err) && db_begin(db, err));
}

static bool last_id(struct db *db, int64_t *id, struct error *err)
{
    struct db_query *query = NULL;
    bool row = false;

    if (!db_query_begin(db, STORE_SQL_READ_GAUGES, &query, err)) return false;
    bool ok = db_step(query, &row, err);
    *id = ok ? db_column_int(query, 0) : 0;
    db_query_end(query);
    return ok;
}

static bool fill(struct db *db, const struct options *o, struct model *m, struct error *err)
{
    int64_t now = clock_now();
    int64_t before = 0;

    if (!db_begin(db, err) || !last_id(db, &before, err)) return false;
    for (int64_t i = 1; i <= o->certificates; i++) {
        if (!add_certificate(db, m, before + i, err) || !again(db, i, err)) return false;
    }
    for (int64_t i = 0; i < o->revoked; i++) {
        int64_t id = before + 1 + i * o->certificates / o->revoked;

        if (!revoke(db, id, now, err) || !again(db, i + 1, err)) return false;
    }
    for (int64_t i = 1; i <= o->passwords; i++) {
        /* a spread of ends, as if they had been made one after the other */
        int64_t until = now + o->days * DAY_SECONDS + i % DAY_SECONDS;

        if (!add_password(db, m, now, until, err) || !again(db, i, err)) return false;
    }
    return db_commit(db, err);
}

/* The file is made without logs and flushes; then it is as the service has left it. */
static bool run(const struct options *o, struct error *err)
{
    struct db_options db_options = { .path = o->path,
                                     .busy_ms = 1000,
                                     .cache_kib = CACHE_KIB,
                                     .texts = store_sql_texts,
                                     .text_count = STORE_SQL_END };
    struct store_schema schema = store_schema_current();
    struct model model = { .der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    struct db *db = db_open(&db_options, err);
    bool ok = db != NULL && store_schema_upgrade(db, &schema, err) && read_model(db, &model, err)
              && db_execute(db,
                            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY;"
                            "PRAGMA synchronous = OFF",
                            err)
              && fill(db, o, &model, err) && db_execute(db, "PRAGMA locking_mode = NORMAL", err)
              && db_make_durable(db, err);

    db_close(db);
    buffer_clear(&model.der);
    return ok;
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        { "certificates", required_argument, NULL, 'c' },
        { "revoked", required_argument, NULL, 'r' },
        { "passwords", required_argument, NULL, 'p' },
        { "days", required_argument, NULL, 'd' },
        { NULL, 0, NULL, 0 },
    };
    int64_t *const places[] = { &o->certificates, &o->revoked, &o->passwords, &o->days };
    static const char letters[] = "crpd";
    int letter = 0;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        const char *place = strchr(letters, letter);
        uint64_t value = 0;

        if (place == NULL || !text_parse_u64(bytes_of_text(optarg), 100000000, &value)) {
            return false;
        }
        *places[place - letters] = (int64_t)value;
    }
    o->path = optind + 1 == argc ? argv[optind] : NULL;
    return o->path != NULL && o->revoked <= o->certificates;
}

int main(int argc, char **argv)
{
    struct options options = { .days = 30 };
    struct error err = ERROR_INIT;

    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: store_fill DATABASE [--certificates N] [--revoked N]"
                        " [--passwords N] [--days N]\n");
        return 2;
    }
    if (!run(&options, &err)) {
        fprintf(stderr, "store_fill: %s\n", err.detail);
        return 1;
    }
    return 0;
}
