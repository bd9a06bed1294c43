/* SPDX-License-Identifier: Apache-2.0 */
#include "store/power_work.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/provisional_fixture.h"
#include "store/store_passwords.h"
#include "store/store_pending.h"
#include "store/store_snapshot.h"

#define HOUR 3600
#define LATE_CERTIFICATE 9999u
#define ROWS "SELECT count(*) FROM certificate WHERE serial = '@' AND "
#define PASSWORDS "SELECT count(*) FROM password WHERE made_by = 'p@'"

enum verb {
    OPEN,
    PASSWORD, /* a new one */
    RECORD,   /* a certificate, with the password of step `of`, 0: with none */
    REVOKE,   /* that of step `of` */
    HOLD,     /* likewise */
    UNHOLD,   /* likewise */
    CRL,
    PROVISIONAL, /* a certificate */
    CONFIRM,     /* that of step `of` */
    WITHHOLD,    /* likewise */
    ASK,         /* a request that waits, with the password of step `of` */
    APPROVE,     /* that of step `of` */
    ISSUE,       /* the certificate of the approval in step `of` */
    PURGE,       /* the password of step `of` */
    SNAPSHOT,
    REOPEN /* the last connection moves the log into the database */
};

struct step {
    const char *name;
    enum verb verb;
    size_t of;
    const char
        *done;     /* gives 1 when it is done; @: serial, or number, of the step; NULL: no trace */
    bool may_show; /* also by other means than this step */
};

static const struct step steps[] = {
    { "open", OPEN, 0, NULL, false },
    { "first password", PASSWORD, 0, PASSWORDS, false },
    { "second password", PASSWORD, 0, PASSWORDS, false },
    { "certificate", RECORD, 0, ROWS "withheld = 0", false },
    { "certificate with the first password", RECORD, 1, ROWS "withheld = 0", false },
    { "CRL", CRL, 0, "SELECT count(*) FROM crl WHERE number >= @", false },
    { "revocation", REVOKE, 3, "SELECT revoked_at IS NOT NULL FROM certificate WHERE serial = '@'",
      false },
    { "next CRL", CRL, 0, "SELECT count(*) FROM crl WHERE number >= @", false },
    { "reopen", REOPEN, 0, NULL, false },
    { "provisional certificate", PROVISIONAL, 0, ROWS "1", false },
    { "its confirmation", CONFIRM, 9, ROWS "withheld = 0", false },
    { "another provisional one", PROVISIONAL, 0, ROWS "1", false },
    { "its withholding", WITHHOLD, 11, ROWS "withheld = 2", true },
    { "a third that nobody settles", PROVISIONAL, 0, ROWS "1", false },
    { "request with the second password", ASK, 2, "SELECT count(*) FROM pending WHERE id = @",
      false },
    { "approval", APPROVE, 14, "SELECT state IN (1, 3) FROM pending WHERE id = @", false },
    { "approved certificate", ISSUE, 15, ROWS "withheld = 0", false },
    { "snapshot", SNAPSHOT, 0, NULL, false },
    { "hold", HOLD, 16, "SELECT revoked_at IS NOT NULL FROM certificate WHERE serial = '@'", true },
    { "release", UNHOLD, 18, "SELECT revoked_at IS NULL FROM certificate WHERE serial = '@'",
      true },
    { "third password", PASSWORD, 0, PASSWORDS, false },
    { "its purge", PURGE, 20, "SELECT count(*) = 0 FROM password WHERE made_by = 'p@'", true },
    { "reopen again", REOPEN, 0, NULL, false },
    { "last certificate", RECORD, 0, ROWS "withheld = 0", false },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* What is true whatever has happened; each gives 0. */
static const char *const laws[] = {
    /* a password is spent if, and only if, what it was spent for is recorded */
    "SELECT count(*) FROM password p WHERE spent_at IS NOT NULL AND spent_serial != ''"
    " AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.serial = p.spent_serial"
    " AND c.ca_name = p.spent_ca)",
    "SELECT count(*) FROM certificate c WHERE challenge_type = 'ndes'"
    " AND 1 != (SELECT count(*) FROM password p WHERE p.spent_serial = c.serial)",
    "SELECT count(*) FROM password p WHERE spent_at IS NOT NULL"
    " AND (spent_serial IS NULL OR spent_serial = '') AND NOT EXISTS (SELECT 1 FROM pending)",
    "SELECT count(*) FROM pending WHERE NOT EXISTS"
    " (SELECT 1 FROM password WHERE spent_at IS NOT NULL"
    " AND (spent_serial IS NULL OR spent_serial = ''))",
    /* an approval is used up if, and only if, its certificate is recorded */
    "SELECT count(*) FROM pending p WHERE (state = 3) != EXISTS"
    " (SELECT 1 FROM certificate c WHERE c.csr_sha256 = p.csr_sha256)",
    /* every revocation and release was counted, or no CRL would be made for it */
    "SELECT (SELECT count(*) FROM certificate WHERE revoked_at IS NOT NULL)"
    " > (SELECT coalesce(sum(value), 0) FROM meta WHERE name = 'revocations')",
    /* armed: of a provisional certificate */
    "SELECT count(*) FROM notification n WHERE certificate_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.id = n.certificate_id AND withheld = 1)",
    "SELECT count(*) FROM certificate WHERE withheld = 1 AND NOT EXISTS"
    " (SELECT 1 FROM notification n WHERE n.certificate_id = certificate.id)",
    "SELECT count(*) FROM certificate WHERE length(der) != 1200",
    "SELECT count(*) - count(DISTINCT serial) FROM certificate",
};

#define LAWS (sizeof(laws) / sizeof(laws[0]))

size_t power_step_count(void)
{
    return STEPS;
}

const char *power_step_name(size_t step)
{
    return step < STEPS ? steps[step].name : "the end";
}

/* The step whose certificate, password or request this one is about. */
static size_t subject_of(size_t step)
{
    switch (steps[step].verb) {
    case REVOKE:
    case HOLD:
    case CONFIRM:
    case WITHHOLD:
    case PURGE:
        return steps[step].of;
    case UNHOLD:
    case APPROVE:
        return subject_of(steps[step].of);
    default:
        return step;
    }
}

/* Certificate of a step; an approved one is of the request that was made earlier. */
static void certificate_of(size_t step, struct sample *sample)
{
    if (steps[step].verb == ISSUE) {
        fixture_answer(sample, (uint32_t)step, (uint32_t)steps[steps[step].of].of);
    } else {
        sample_init(sample, (uint32_t)step);
    }
}

/* ---- the steps ------------------------------------------------------------------------------- */

static bool do_open(struct power_work *w, struct error *err)
{
    struct store_options options = fixture_options(w->fixture);

    options.readers = 1;
    options.busy_ms = 50;
    w->store = store_open(&options, err);
    return w->store != NULL;
}

static bool do_password(struct power_work *w, size_t step, struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES];
    uint32_t number = (uint32_t)step;
    char made_by[16];

    (void)snprintf(made_by, sizeof(made_by), "p%zu", step);
    const struct store_password password = {
        .scope = "devices",
        .mac = bytes_of(mac, sizeof(mac)),
        .made_by = made_by,
        .created_at = FIXTURE_NOW,
        .expires_at = FIXTURE_NOW + HOUR,
    };
    return digest_sha256(bytes_of(&number, sizeof(number)), mac, err)
           && store_password_add(w->store, &password, 100, &w->ids[step], err);
}

static bool do_record(struct power_work *w, size_t step, struct error *err)
{
    enum store_record_result result = STORE_RECORDED;
    const struct step *s = &steps[step];
    struct sample sample;

    certificate_of(step, &sample);
    if (s->verb == RECORD && s->of != 0) {
        sample.cert.reservation = w->ids[s->of];
        sample.cert.spent_at = FIXTURE_NOW + 1;
        sample.cert.challenge_type = "ndes";
    }
    sample.cert.pending = s->verb == ISSUE ? w->ids[steps[s->of].of] : 0;
    return store_record_certificate(w->store, &sample.cert, FIXTURE_DAY, &result, err)
           && (result == STORE_RECORDED
               || error_set(err, REASON_INTERNAL, "%s: not recorded", s->name));
}

static bool do_crl(struct power_work *w, size_t step, struct error *err)
{
    struct store_crl crl = { .number = (int64_t)step, .this_update = FIXTURE_NOW };
    bool kept = false;

    return store_revocation_count(w->store, "issuing", &crl.revocation_count, err)
           && store_put_crl(w->store, "issuing", &crl, bytes_of_text("the list"), &kept, err)
           && (kept || error_set(err, REASON_INTERNAL, "%s: not kept", steps[step].name));
}

static bool do_provisional(struct power_work *w, size_t step, struct error *err)
{
    static const struct store_refusal refusal = { 1, "intune-not-confirmed", "no answer" };
    enum store_record_result result = STORE_WAS_REVOKED;
    const struct step *s = &steps[step];
    struct sample sample;

    certificate_of(subject_of(step), &sample);
    switch (s->verb) {
    case PROVISIONAL:
        return store_provisional_record(w->store, &sample.cert, bytes_of_text("ticket"),
                                        &fixture_interrupted, &w->ids[step], err);
    case CONFIRM:
        return store_provisional_confirm(w->store, w->ids[s->of], &sample.key, FIXTURE_NOW + 2,
                                         FIXTURE_DAY, &result, err)
               && (result == STORE_RECORDED
                   || error_set(err, REASON_INTERNAL, "%s: not confirmed", s->name));
    default:
        return store_provisional_withhold(w->store, w->ids[s->of], FIXTURE_NOW + 2, &refusal, err);
    }
}

static bool take_id(void *context, const struct store_pending_row *row, struct error *err)
{
    (void)err;
    *(int64_t *)context = row->id;
    return true;
}

static bool do_ask(struct power_work *w, size_t step, struct error *err)
{
    struct sample sample;
    bool recorded = false;
    bool found = false;

    sample_init(&sample, (uint32_t)step);
    const struct store_pending pending = {
        .request = &sample.key,
        .request_id = "r-1",
        .csr = bytes_of_text("the request"),
        .subject = "CN=waits",
        .peer = "192.0.2.9",
        .challenge_type = "ndes",
        .reservation = w->ids[steps[step].of],
        .now = FIXTURE_NOW + 1,
        .expires_at = FIXTURE_NOW + FIXTURE_DAY,
    };
    return store_pending_record(w->store, &pending, 100, &recorded, err)
           && store_pending_find(w->store, &sample.key, FIXTURE_NOW + 1, take_id, &w->ids[step],
                                 &found, err)
           && (found || error_set(err, REASON_INTERNAL, "%s: not found", steps[step].name));
}

static bool do_approve(struct power_work *w, size_t step, struct error *err)
{
    const struct store_pending_decision decision = { .id = w->ids[steps[step].of],
                                                     .approve = true,
                                                     .by = "me",
                                                     .note = "",
                                                     .now = FIXTURE_NOW + 2 };

    return store_pending_decide(w->store, &decision, err);
}

static bool do_revoke(struct power_work *w, size_t step, struct error *err)
{
    struct sample sample;

    certificate_of(subject_of(step), &sample);
    if (steps[step].verb == UNHOLD) {
        return store_release_certificate(w->store, "issuing", sample.info.serial, err);
    }
    return store_revoke_certificate(w->store, "issuing", sample.info.serial,
                                    steps[step].verb == HOLD ? STORE_REASON_HOLD : 1,
                                    FIXTURE_NOW + 10, err);
}

static bool do_purge(struct power_work *w, size_t step, struct error *err)
{
    const struct store_password_purge purge = { .id = w->ids[steps[step].of] };
    int64_t count = 0;

    return store_password_purge(w->store, &purge, &count, err);
}

static bool do_snapshot(struct power_work *w, struct error *err)
{
    char path[FILE_PATH_MAX];
    struct store_snapshot *snapshot = NULL;
    bool ok = false;

    test_folder_path(&w->fixture->folder, "openndes.db.snapshot", path);
    if (!file_remove(path, err) || !file_create_new(path, bytes_of(NULL, 0), true, err)) {
        return false;
    }
    snapshot = store_snapshot_begin(w->fixture->path, err);
    ok = snapshot != NULL && store_snapshot_copy(snapshot, path, err);
    store_snapshot_end(snapshot);
    return file_remove(path, &(struct error)ERROR_INIT) && ok;
}

static bool perform(struct power_work *w, size_t step, struct error *err)
{
    if (w->store == NULL && steps[step].verb != REOPEN && !do_open(w, err)) {
        return false;
    }
    switch (steps[step].verb) {
    case OPEN:
        return true;
    case PASSWORD:
        return do_password(w, step, err);
    case RECORD:
    case ISSUE:
        return do_record(w, step, err);
    case REVOKE:
    case HOLD:
    case UNHOLD:
        return do_revoke(w, step, err);
    case CRL:
        return do_crl(w, step, err);
    case PROVISIONAL:
    case CONFIRM:
    case WITHHOLD:
        return do_provisional(w, step, err);
    case ASK:
        return do_ask(w, step, err);
    case APPROVE:
        return do_approve(w, step, err);
    case PURGE:
        return do_purge(w, step, err);
    case SNAPSHOT:
        return do_snapshot(w, err);
    case REOPEN:
        power_work_close(w);
        return do_open(w, err);
    }
    return false;
}

void power_work_init(struct power_work *work, const struct fixture *fixture)
{
    *work = (struct power_work){ .fixture = fixture };
}

void power_work_close(struct power_work *work)
{
    store_close(work->store);
    work->store = NULL;
}

bool power_work_step(struct power_work *work, size_t step)
{
    size_t needed = steps[step].of;

    if (needed != 0 && work->outcome[needed] != POWER_DONE) {
        return true;
    }
    error_clear(&work->err);
    /* Whatever happens to it from now on. */
    work->outcome[step] = POWER_UNSURE;
    if (!perform(work, step, &work->err)) {
        return false;
    }
    work->outcome[step] = POWER_DONE;
    return true;
}

/* ---- what is left of them -------------------------------------------------------------------- */

static void question_of(size_t step, char text[256])
{
    char number[16];
    struct sample sample;
    size_t subject = subject_of(step);
    enum verb verb = steps[subject].verb;

    certificate_of(subject, &sample);
    (void)snprintf(number, sizeof(number), "%zu", subject);
    bool numbered = verb == PASSWORD || verb == CRL;
    bool request = verb == ASK;
    /* The only request that waits is the first. */
    const char *value = request ? "1" : numbered ? number : sample.info.serial;
    const char *form = steps[step].done;
    size_t at = strcspn(form, "@");
    (void)snprintf(text, 256, "%.*s%s%s", (int)at, form, value, form + at + 1);
}

static int64_t ask(struct db *db, size_t number, bool *answered)
{
    struct db_query *query = NULL;
    struct error err = ERROR_INIT;
    bool row = false;
    int64_t value = 0;

    *answered = db_query_begin(db, number, &query, &err) && db_step(query, &row, &err);
    if (*answered && row) {
        value = db_column_int(query, 0);
    }
    db_query_end(query);
    return value;
}

static const char *contradiction(struct db *db, const enum power_outcome *outcome)
{
    static char text[128];
    bool answered = false;

    for (size_t i = 0; i < LAWS; i++) {
        if (ask(db, i, &answered) != 0 || !answered) {
            return laws[i];
        }
    }
    for (size_t i = 0; i < STEPS; i++) {
        if (steps[i].done == NULL || outcome[i] == POWER_UNSURE
            || (outcome[i] == POWER_NOT_BEGUN && steps[i].may_show)) {
            continue;
        }
        bool is = ask(db, LAWS + i, &answered) == 1;
        /* What a later step has changed again says nothing. */
        if (steps[i].verb == PASSWORD && outcome[i + 1] != POWER_NOT_BEGUN
            && steps[i + 1].verb == PURGE) {
            continue;
        }
        if (steps[i].verb == HOLD && outcome[i + 1] != POWER_NOT_BEGUN) {
            continue;
        }
        if (!answered || is != (outcome[i] == POWER_DONE)) {
            (void)snprintf(text, sizeof(text), "%s: %s", steps[i].name,
                           is ? "is there" : "is not there");
            return text;
        }
    }
    return NULL;
}

const char *power_work_check(const char *path, const enum power_outcome outcome[POWER_STEPS_MAX])
{
    static char questions[STEPS][256];
    static const char *texts[LAWS + STEPS];
    struct db_options options = {
        .path = path, .busy_ms = 1000, .cache_kib = 256, .texts = texts, .text_count = LAWS + STEPS
    };
    struct error err = ERROR_INIT;

    memcpy(texts, laws, sizeof(laws));
    for (size_t i = 0; i < STEPS; i++) {
        if (steps[i].done != NULL) {
            question_of(i, questions[i]);
        }
        texts[LAWS + i] = questions[i];
    }
    struct db *db = db_open(&options, &err);
    if (db == NULL) {
        return "the database cannot be opened";
    }
    const char *found = contradiction(db, outcome);
    db_close(db);
    return found;
}

static const char *say(const char *what, const struct error *err)
{
    static char text[ERROR_DETAIL_MAX + 64];

    (void)snprintf(text, sizeof(text), "%s: %s", what, err->detail);
    return text;
}

const char *power_work_restart(const struct fixture *fixture,
                               const enum power_outcome outcome[POWER_STEPS_MAX])
{
    struct store_options options = fixture_options(fixture);
    enum store_record_result result = STORE_WAS_REVOKED;
    struct error err = ERROR_INIT;
    const char *found = NULL;
    struct store *store = NULL;
    struct sample late;
    int64_t count = 0;

    options.readers = 1;
    store = store_open(&options, &err);
    if (store == NULL) {
        return say("store_open", &err);
    }
    if (!store_check(store, &err)) {
        found = say("store_check", &err);
    } else if (!store_provisional_recover(store, FIXTURE_NOW + 60, INT64_MAX, NULL, NULL, &count,
                                          &err)) {
        found = say("recovery", &err);
    } else {
        found = power_work_check(fixture->path, outcome);
    }
    sample_init(&late, LATE_CERTIFICATE);
    if (found == NULL
        && (!store_record_certificate(store, &late.cert, 0, &result, &err)
            || result != STORE_RECORDED)) {
        found = say("one more certificate", &err);
    }
    store_close(store);
    return found;
}
