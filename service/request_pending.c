/* SPDX-License-Identifier: Apache-2.0 */
#include "service/request_pending.h"

#include <inttypes.h>
#include <string.h>

#include "base/product.h"
#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "platform/eventlog.h"
#include "service/data_folder.h"
#include "service/event_log.h"
#include "service/pending_row.h"
#include "service/print_list.h"

#define FINGERPRINT_SHOWN 16
#define BY "command line"
#define NOTE_MAX 500

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
    struct print_list list;
    int64_t last_id;
};

static bool list_row(void *context, const struct store_pending_row *row, struct error *err)
{
    struct listing *listing = context;
    struct print_list *list = &listing->list;
    char time[CLOCK_TEXT_MAX];
    char end[CLOCK_TEXT_MAX];
    char fingerprint[FINGERPRINT_SHOWN + 1];

    listing->last_id = row->id;
    if (list->json) {
        struct json *object = pending_row_json(row, err);

        return object != NULL && print_list_add_json(list, object, err);
    }
    clock_format(row->created_at, time);
    clock_format(row->expires_at, end);
    text_hex(fingerprint, sizeof(fingerprint), row->csr_sha256);
    /* the subject comes from name_format, which has escaped it */
    return print_list_add_line(list, err, "%-5" PRId64 " %s until %s %-16s %-15s %-9s %s %s\n",
                               row->id, time, end, row->template_name, row->peer,
                               row->challenge_type[0] != '\0' ? row->challenge_type : "(none)",
                               fingerprint, row->subject);
}

/* Page after page: no read of the database lasts while a terminal is slow. */
static bool list_pages(struct store *store, struct store_pending_filter *filter,
                       struct listing *listing, struct error *err)
{
    size_t before = 0;

    do {
        before = listing->list.count;
        if (!store_pending_list(store, filter, list_row, listing, err)) {
            return false;
        }
        print_list_flush(&listing->list);
        filter->before_id = listing->last_id;
    } while (listing->list.count > before);
    return true;
}

bool request_pending_list(const struct command *command, const char *template_name,
                          struct error *err)
{
    struct store_pending_filter filter = { .template_name = template_name, .now = clock_now() };
    struct listing listing = { .last_id = 0 };
    struct store *store = NULL;
    bool ok = false;

    print_list_begin(&listing.list, command->json);
    store = data_store_open(command->data, 1, err);
    if (store == NULL) goto out;
    ok = list_pages(store, &filter, &listing, err)
         && print_list_end(&listing.list, "No request waits for approval.\n", err);
out:
    print_list_clear(&listing.list);
    store_close(store);
    return ok;
}

static bool add_count(void *context, const char *template_name, int64_t waiting, int64_t oldest_at,
                      struct error *err)
{
    (void)template_name;
    (void)oldest_at;
    (void)err;
    *(int64_t *)context += waiting;
    return true;
}

int64_t request_pending_count(const struct command *command)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .read_only = true, .readers = 1 };
    struct store *store = NULL;
    int64_t count = 0;

    if (!data_path_database(command->data, path, &ignored)) {
        return 0;
    }
    store = store_open(&options, &ignored);
    if (store == NULL || !store_pending_counts(store, clock_now(), add_count, &count, &ignored)) {
        count = 0;
    }
    store_close(store);
    return count;
}

/* ---- which one ------------------------------------------------------------------------------- */

struct choice {
    bool with_object; /* the one chosen, as JSON */
    struct json *object;
    size_t waiting; /* of all that are meant */
    bool found;
    bool waits; /* the chosen one does */
    int64_t id;
    int64_t expires_at;
    enum store_pending_state state;
    char request_id[64];
    char template_name[LIMIT_TEMPLATE_NAME + 1];
    char ca_name[LIMIT_TEMPLATE_NAME + 1];
    char subject[NAME_TEXT_MAX]; /* escaped by name_format */
    uint8_t transaction_id[LIMIT_TRANSACTION_ID_BYTES];
    struct store_request_key key; /* points into the others */
};

static bool copy_key(struct choice *c, const struct store_pending_row *row)
{
    if (row->transaction_id.len > sizeof(c->transaction_id)
        || row->signer_key_sha256.len != DIGEST_SHA256_BYTES
        || row->csr_sha256.len != DIGEST_SHA256_BYTES) {
        return false;
    }
    memcpy(c->transaction_id, row->transaction_id.data, row->transaction_id.len);
    memcpy(c->key.signer_key_sha256, row->signer_key_sha256.data, DIGEST_SHA256_BYTES);
    memcpy(c->key.csr_sha256, row->csr_sha256.data, DIGEST_SHA256_BYTES);
    c->key.transaction_id = bytes_of(c->transaction_id, row->transaction_id.len);
    c->key.template_name = c->template_name;
    c->key.ca_name = c->ca_name;
    return true;
}

static bool copy_row(struct choice *c, const struct store_pending_row *row, struct error *err)
{
    c->id = row->id;
    c->state = row->state;
    c->expires_at = row->expires_at;
    return (text_copy(c->request_id, sizeof(c->request_id), row->request_id)
            && text_copy(c->template_name, sizeof(c->template_name), row->template_name)
            && text_copy(c->ca_name, sizeof(c->ca_name), row->ca_name)
            && text_copy(c->subject, sizeof(c->subject), row->subject) && copy_key(c, row))
           || error_set(err, REASON_STORE_CORRUPT, "request %" PRId64 " is malformed", row->id);
}

/* They come newest first: the first that waits, or else the first. */
static bool choose(void *context, const struct store_pending_row *row, struct error *err)
{
    struct choice *c = context;
    bool waits = row->state == STORE_PENDING_WAITS;

    c->waiting += waits ? 1 : 0;
    if (c->found && (c->waits || !waits)) {
        return true;
    }
    c->found = true;
    c->waits = waits;
    json_value_free(c->object);
    c->object = c->with_object ? pending_row_json(row, err) : NULL;
    return (!c->with_object || c->object != NULL) && copy_row(c, row, err);
}

static bool choose_one(struct store *store, const char *id, struct choice *choice,
                       struct error *err)
{
    const char *text = id[0] == '#' ? id + 1 : id;

    return store_pending_match(store, text, clock_now(), choose, choice, err)
           && (choice->waiting <= 1
               || error_set(err, REASON_USAGE,
                            "%zu requests that wait are meant by this; name one by its number "
                            "(openndes request list --pending)",
                            choice->waiting));
}

/* ---- show ------------------------------------------------------------------------------------ */

/* What was issued is in the certificates' table, by the request's key. */
static bool put_serial(struct store *store, const struct choice *choice, struct error *err)
{
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    enum store_seen seen = STORE_SEEN_NEVER;
    struct certificate_info info;
    struct x509_st *cert = NULL;
    bool ok = false;

    if (choice->state != STORE_PENDING_ISSUED) return true;
    if (!store_find_request(store, &choice->key, 0, &seen, &der, err)) goto out;
    if (seen != STORE_SEEN_ISSUED) {
        /* revoked: the answer to the device is another one, and "cert list" has it */
        ok = true;
        goto out;
    }
    cert = certificate_parse(buffer_bytes(&der), err);
    ok = cert != NULL && certificate_info(cert, &info, err)
         && json_value_put_text(choice->object, "serial", info.serial, err);
out:
    certificate_free(cert);
    buffer_clear(&der);
    return ok;
}

bool request_pending_find(const struct command *command, const char *id, struct json **object,
                          struct error *err)
{
    struct store *store = data_store_open(command->data, 1, err);
    struct choice choice = { .with_object = true };
    bool ok = store != NULL && choose_one(store, id, &choice, err)
              && (!choice.found || put_serial(store, &choice, err));

    store_close(store);
    if (ok) {
        *object = choice.object;
    } else {
        json_value_free(choice.object);
    }
    return ok;
}

/* ---- approve, deny --------------------------------------------------------------------------- */

static void tell_event_log(const struct choice *choice, const char *word, const char *note)
{
    struct eventlog *sink = eventlog_open(PRODUCT_SERVICE);
    struct event_log *events = event_log_create(sink);
    char shown[256];
    char text[NAME_TEXT_MAX + 512];

    text_escape_sentence(shown, sizeof(shown), bytes_of_text(note));
    if (text_format(text, sizeof(text),
                    "Request %s of template %s, subject %s, was %s by the command line%s%s",
                    choice->request_id, choice->template_name, choice->subject, word,
                    shown[0] != '\0' ? ": " : "", shown)) {
        event_log_report(events, EVENT_REQUEST_DECIDED, text);
    }
    event_log_free(events);
    eventlog_close(sink);
}

static void tell_user(const struct choice *choice, bool approve)
{
    char end[CLOCK_TEXT_MAX];

    clock_format(choice->expires_at, end);
    if (approve) {
        command_print("Request %" PRId64 " (%s) is approved. The device gets its certificate when "
                      "it asks the next time, until %s.\n",
                      choice->id, choice->subject, end);
    } else {
        command_print("Request %" PRId64 " (%s) is denied. The device is told when it asks the "
                      "next time.\n",
                      choice->id, choice->subject);
    }
}

bool request_pending_decide(const struct command *command, const char *id, bool approve,
                            const char *note, bool *found, struct error *err)
{
    struct store *store = data_store_open(command->data, 1, err);
    struct choice choice = { .found = false };
    struct store_pending_decision decision = {
        .approve = approve, .by = BY, .note = note != NULL ? note : "", .now = clock_now()
    };
    char target[LIMIT_TEMPLATE_NAME + NOTE_MAX + 128];
    bool ok = false;

    if (strlen(decision.note) > NOTE_MAX) {
        error_set(err, REASON_USAGE, "--note takes up to %d bytes", NOTE_MAX);
        goto out;
    }
    if (store == NULL || !choose_one(store, id, &choice, err)) goto out;
    *found = choice.found;
    if (!choice.found) {
        ok = true;
        goto out;
    }
    decision.id = choice.id;
    if (!store_pending_decide(store, &decision, err)) goto out;
    if (!text_format(target, sizeof(target), "%s %s%s%s", choice.template_name, choice.request_id,
                     decision.note[0] != '\0' ? ": " : "", decision.note)) {
        target[0] = '\0';
    }
    ok = command_audit(command, approve ? "request-approve" : "request-deny", target, err);
    tell_event_log(&choice, approve ? "approved" : "denied", decision.note);
    if (ok) {
        tell_user(&choice, approve); /* whoever reads it finds it recorded */
    }
out:
    store_close(store);
    return ok;
}
