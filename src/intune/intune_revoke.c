/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one look for revocation requests: fetched, matched with our certificates, done,
 *           answered.
 * Not here: when to look (intune_keeper.c), the calls (intune_revocation.c), revoking
 *           (store/store_outbox.h).
 * Owns:     the copies of one page's rows.
 * Threads:  as intune_keeper_rounds.h says.
 * Spec:     Intune-Resource-Access, IntuneRevocationClient; RFC 5280 5.3.1.
 *
 * One tenant may have several CAs, and Intune gives each of their servers the requests of all:
 * what is not ours is left unanswered, for whoever it belongs to.
 */
#include "intune/intune_keeper_rounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_challenge.h"

#define CRL_CESSATION 5 /* cessationOfOperation: the device or user no longer has the profile */
#define REVOKED_BY "intune"
#define ISSUED_BY "intune" /* challenge type of the certificates that Intune may revoke */
#define NOT_FOUND "No certificate with this serial number was issued through Intune."
#define OURS "openndes:" /* how a caConfiguration of any OpenNDES begins */
#define CONFIGURATION_MAX 160

#define RESULTS_PER_UPLOAD 100u
/* Pages of one look; more come with the next one. */
#define PAGES_MAX 20u
/* CAs of ours with one serial; 159 random bits make a second one a curiosity. */
#define CANDIDATES_MAX 8u

struct request {
    char *context, *serial, *issuer, *ca_configuration;
    enum intune_revocation_error error;
    const char *message;
    bool answered;
};

struct page {
    struct request rows[INTUNE_REVOKE_ROWS];
    size_t count;
};

struct look {
    const struct intune_keeper_options *options;
    struct intune_client *client;
    int64_t now;
    struct intune_round *round;
    struct page *page;
    /* The caConfiguration that was looked up last: of an unknown serial, is it ours? */
    char known[CONFIGURATION_MAX];
    bool known_is_ours;
    bool store_failed; /* what failed for one fails for all: the others wait for the next look */
};

/* ---- a page ---------------------------------------------------------------------------------- */

static void clear_page(struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        free(page->rows[i].context);
        free(page->rows[i].serial);
        free(page->rows[i].issuer);
        free(page->rows[i].ca_configuration);
    }
    page->count = 0;
}

/* As the store writes serials: no zero octets in front. */
static const char *without_zeros(const char *serial)
{
    while (serial[0] == '0' && serial[1] == '0' && serial[2] != '\0') {
        serial += 2;
    }
    return serial;
}

static bool copy_request(void *context, const struct intune_revocation *row, struct error *err)
{
    struct page *page = context;
    struct request *request = NULL;

    if (page->count >= INTUNE_REVOKE_ROWS) {
        return true;
    }
    request = &page->rows[page->count++];
    *request = (struct request){ .context = text_dup(row->context),
                                 .serial = text_dup(without_zeros(row->serial)),
                                 .issuer = text_dup(row->issuer),
                                 .ca_configuration = text_dup(row->ca_configuration),
                                 .message = "" };
    return (request->context != NULL && request->serial != NULL && request->issuer != NULL
            && request->ca_configuration != NULL)
           || error_set(err, REASON_NO_MEMORY, "out of memory for revocation requests");
}

/* ---- whose certificate? ---------------------------------------------------------------------- */

struct candidate {
    char ca_name[LIMIT_TEMPLATE_NAME + 1];
    bool through_intune;
    struct buffer der;
};

struct candidates {
    struct candidate items[CANDIDATES_MAX];
    size_t count;
};

static bool copy_candidate(void *context, const struct store_certificate_row *row,
                           struct error *err)
{
    struct candidates *candidates = context;
    struct candidate *candidate = NULL;

    if (candidates->count >= CANDIDATES_MAX) {
        return true;
    }
    candidate = &candidates->items[candidates->count++];
    *candidate = (struct candidate){ .through_intune = strcmp(row->challenge_type, ISSUED_BY) == 0,
                                     .der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    return (text_copy(candidate->ca_name, sizeof(candidate->ca_name), row->ca_name)
            || error_set(err, REASON_INTERNAL, "the CA's name is too long"))
           && buffer_append_bytes(&candidate->der, row->der, err);
}

static void clear_candidates(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        buffer_clear(&candidates->items[i].der);
    }
    candidates->count = 0;
}

static bool is_issuer(const struct candidate *candidate, const char *name)
{
    struct error unused = ERROR_INIT;
    struct certificate_info info;
    struct x509_st *cert = certificate_parse(buffer_bytes(&candidate->der), &unused);
    bool same =
        cert != NULL && certificate_info(cert, &info, &unused) && strcmp(info.issuer, name) == 0;

    certificate_free(cert);
    return same;
}

/*
 * What we have sent as caConfiguration comes back and decides. Where something else came back, the
 * issuer's name does; where nothing did, the serial alone, which is random enough. Only what was
 * issued through Intune is Intune's to revoke: whoever may write in the tenant has no say about the
 * certificates of other templates, whose serials are no secret.
 */
static bool is_meant(const struct request *request, const struct candidate *candidate,
                     size_t candidates)
{
    struct error unused = ERROR_INIT;
    char ours[CONFIGURATION_MAX];

    if (text_starts_nocase(request->ca_configuration, OURS)) {
        return intune_ca_configuration(candidate->ca_name, buffer_bytes(&candidate->der), ours,
                                       &unused)
               && text_equal_nocase(ours, request->ca_configuration);
    }
    if (request->issuer[0] != '\0') {
        return is_issuer(candidate, request->issuer);
    }
    return request->ca_configuration[0] == '\0' && candidates == 1;
}

/* "openndes:NAME:KEY" are of the same key, which is as good as the issuer: NAME may be another. */
static bool same_key(const char *a, const char *b)
{
    const char *key_a = strrchr(a, ':');
    const char *key_b = strrchr(b, ':');

    return key_a != NULL && key_b != NULL && text_equal_nocase(key_a, key_b);
}

/*
 * The same where the CA's name alone differs: while one CA follows another a template has
 * certificates of both, and the name that was sent is that of the one in force.
 */
static bool is_meant_by_key(const struct request *request, const struct candidate *candidate)
{
    struct error unused = ERROR_INIT;
    char ours[CONFIGURATION_MAX];

    return text_starts_nocase(request->ca_configuration, OURS)
           && intune_ca_configuration(candidate->ca_name, buffer_bytes(&candidate->der), ours,
                                      &unused)
           && same_key(ours, request->ca_configuration);
}

static const struct candidate *find_meant(const struct request *request,
                                          const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (candidates->items[i].through_intune
            && is_meant(request, &candidates->items[i], candidates->count)) {
            return &candidates->items[i];
        }
    }
    for (size_t i = 0; i < candidates->count; i++) {
        if (candidates->items[i].through_intune
            && is_meant_by_key(request, &candidates->items[i])) {
            return &candidates->items[i];
        }
    }
    return NULL;
}

/* Of a serial that we do not have: would it be ours? The CA's newest certificate shows its key. */
static bool is_our_ca(struct look *look, const char *configuration, bool *ours, struct error *err)
{
    struct candidates newest = { .count = 0 };
    struct store_list_filter filter = { .now = look->now, .limit = 1 };
    const struct request asked = { .ca_configuration = (char *)configuration };
    char name[LIMIT_TEMPLATE_NAME + 1];
    const char *end = NULL;
    bool ok = true;

    *ours = false;
    if (!text_starts_nocase(configuration, OURS)) {
        return true;
    }
    configuration += strlen(OURS);
    end = strrchr(configuration, ':');
    if (end == NULL
        || !text_format(name, sizeof(name), "%.*s", (int)(end - configuration), configuration)) {
        return true;
    }
    filter.ca_name = name;
    ok = store_list_certificates(look->options->store, &filter, copy_candidate, &newest, err);
    *ours = ok && newest.count == 1 && is_meant(&asked, &newest.items[0], 1);
    clear_candidates(&newest);
    return ok;
}

/* The same, remembered: requests of one CA come in numbers. */
static bool is_our_ca_cached(struct look *look, const char *configuration, bool *ours,
                             struct error *err)
{
    if (strcmp(look->known, configuration) != 0 || configuration[0] == '\0') {
        if (!is_our_ca(look, configuration, &look->known_is_ours, err)) {
            return false;
        }
        if (!text_copy(look->known, sizeof(look->known), configuration)) {
            look->known[0] = '\0'; /* too long to be one of ours */
        }
    }
    *ours = look->known_is_ours;
    return true;
}

/* ---- one request ----------------------------------------------------------------------------- */

static void answer(struct request *request, enum intune_revocation_error error, const char *message)
{
    request->answered = true;
    request->error = error;
    request->message = message;
}

static void tell_of(const struct look *look, enum intune_news news, const char *ca_name,
                    const char *serial, const char *text, const struct error *why)
{
    const struct intune_news_item item = {
        .news = news, .text = text, .serial = serial, .ca_name = ca_name, .why = why
    };

    if (look->options->news != NULL) {
        look->options->news(look->options->context, &item);
    }
}

/*
 * Of two answers to one request Intune may remember the one that nobody got: then the other is
 * meant. Done before (a crash came before the answer): the answer is the same as then.
 */
static bool carry_out(struct look *look, const struct request *request, const char *ca_name,
                      char serial[SERIAL_TEXT_MAX], bool *again, struct error *why)
{
    struct store *store = look->options->store;
    bool found = false;

    return (text_copy(serial, SERIAL_TEXT_MAX, request->serial)
            || error_set(why, REASON_CERT_NOT_FOUND, "no serial number is so long"))
           && store_successor(store, ca_name, request->serial, serial, &found, why)
           && store_revoke_for(store, ca_name, serial, CRL_CESSATION, REVOKED_BY, look->now, again,
                               why);
}

static void revoke(struct look *look, struct request *request, const char *ca_name)
{
    struct error why = ERROR_INIT;
    char serial[SERIAL_TEXT_MAX];
    bool again = false;

    if (carry_out(look, request, ca_name, serial, &again, &why)) {
        answer(request, INTUNE_REVOKED, "");
        if (!again) {
            look->round->revoked++;
            tell_of(look, INTUNE_NEWS_REVOKED, ca_name, serial, "revoked at Intune's request",
                    NULL);
        }
        return;
    }
    switch (why.reason) {
    case REASON_CERT_ALREADY_REVOKED:
        answer(request, INTUNE_REVOCATION_CONFLICT, "The certificate was revoked before.");
        return;
    case REASON_CERT_NOT_FOUND:
        answer(request, INTUNE_REVOCATION_NOT_FOUND, NOT_FOUND);
        return;
    default:
        look->store_failed = true;
        answer(request, INTUNE_REVOCATION_RETRYABLE,
               "The CA's database cannot be written at the moment.");
        tell_of(look, INTUNE_NEWS_NOT_REVOKED, ca_name, request->serial,
                "Intune's request to revoke could not be carried out; Intune will ask again", &why);
    }
}

static bool handle(struct look *look, struct request *request, struct error *err)
{
    struct candidates candidates = { .count = 0 };
    const struct candidate *meant = NULL;
    bool ours = false;
    bool ok = false;

    if (request->serial[0] == '\0' || request->context[0] == '\0') {
        look->round->foreign++;
        return true;
    }
    if (!store_each_serial(look->options->store, request->serial, copy_candidate, &candidates,
                           err)) {
        goto out;
    }
    meant = find_meant(request, &candidates);
    if (meant != NULL) {
        revoke(look, request, meant->ca_name);
    } else if (!is_our_ca_cached(look, request->ca_configuration, &ours, err)) {
        goto out;
    } else if (ours) {
        answer(request, INTUNE_REVOCATION_NOT_FOUND, NOT_FOUND);
    } else {
        look->round->foreign++;
    }
    ok = true;
out:
    clear_candidates(&candidates);
    return ok;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool upload(struct look *look, size_t *answered, struct error *err)
{
    struct intune_revocation_result results[RESULTS_PER_UPLOAD];
    const struct page *page = look->page;
    size_t count = 0;

    *answered = 0;
    for (size_t i = 0; i <= page->count; i++) {
        const struct request *row = i < page->count ? &page->rows[i] : NULL;

        if (row != NULL && row->answered) {
            results[count++] =
                (struct intune_revocation_result){ row->context, row->error, row->message };
        }
        if (count == RESULTS_PER_UPLOAD || (row == NULL && count > 0)) {
            if (!intune_upload_revocations(look->client, results, count, err)) {
                return false;
            }
            *answered += count;
            look->round->answered += (unsigned)count;
            count = 0;
        }
    }
    return true;
}

/* One page: fetched, handled, answered. *more: another one may bring something. */
static bool do_page(struct look *look, bool *more, struct error *err)
{
    struct page *page = look->page;
    size_t answered = 0;

    *more = false;
    clear_page(page);
    if (!intune_download_revocations(look->client, INTUNE_REVOKE_ROWS, copy_request, page, err)) {
        return false;
    }
    for (size_t i = 0; i < page->count && !look->store_failed; i++) {
        if (!handle(look, &page->rows[i], err)) {
            return false;
        }
    }
    if (!upload(look, &answered, err)) {
        return false;
    }
    *more = page->count == INTUNE_REVOKE_ROWS && !look->store_failed;
    if (*more && answered == 0) {
        return error_set(err, REASON_INTUNE_ANSWER,
                         "Intune shows %u revocation requests at a time, and all of them belong to "
                         "other CAs of this tenant: requests for our certificates may stand behind "
                         "them. Let the servers of those CAs fetch theirs, or end their SCEP "
                         "profiles",
                         INTUNE_REVOKE_ROWS);
    }
    return true;
}

bool intune_revoke_round(const struct intune_keeper_options *options, struct intune_client *client,
                         int64_t now, struct intune_round *round, struct error *err)
{
    struct look look = { .options = options, .client = client, .now = now, .round = round };
    bool more = true;
    bool ok = false;

    look.page = calloc(1, sizeof(*look.page));
    if (look.page == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for revocation requests");
    }
    for (unsigned pages = 0; more && pages < PAGES_MAX; pages++) {
        if (!do_page(&look, &more, err)) goto out;
    }
    ok = true;
out:
    clear_page(look.page);
    free(look.page);
    return ok;
}

bool intune_keeper_revoke(const struct intune_keeper_options *options, struct intune_client *client,
                          int64_t now, struct intune_round *round, struct error *err)
{
    if (intune_revoke_round(options, client, now, round, err)) {
        return true;
    }
    if (err->reason != REASON_STOPPING) {
        intune_keeper_tell(options, INTUNE_NEWS_POLL_FAILED, err->detail, err);
    }
    return false;
}
