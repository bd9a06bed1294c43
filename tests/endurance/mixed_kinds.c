/* SPDX-License-Identifier: Apache-2.0 */
#include "endurance/mixed_kinds.h"

#include <stdarg.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "bench/load_run.h"

/* Seconds after which a device asks GetCACert anew; an RA may be replaced thrice meanwhile. */
#define FACE_AGE 20.0
/* A message is sent again only while an RA still opens it. */
#define KEPT_AGE 60.0
/* Every so manyth certificate is the administrator's, to revoke. */
#define GIVEN_EACH 20

enum outcome mixed_surprise(struct device *d, const char *kind, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ledger_surprise(d->mixed->ledger, kind, "device %u: %s", d->number, text);
    return OUTCOME_SURPRISE;
}

/* ---- what became of a message ---------------------------------------------------------------- */

/*
 * What is refused before the server looks for its recipient, or has none of the server's, is
 * answered by the current RA, which may be newer than ours.
 */
static bool read_by_current(struct device *d, enum mixed_face which, struct sent *sent,
                            struct scep_client_reply *reply)
{
    const struct face *face = device_face(d, which, 0);
    if (!face) {
        return false;
    }
    scep_client_reply_clear(reply);
    X509_free(sent->signer);
    sent->signer = face->target.signer;
    X509_up_ref(sent->signer);
    return device_read(d, sent, NULL, reply);
}

/* Send and read; false: surprise. */
static bool exchange(struct device *d, struct face *face, const char *kind, const struct sent *sent,
                     X509 *signed_by, struct scep_client_reply *reply)
{
    long status = device_send(d, face, sent);
    if (status != 200) {
        mixed_surprise(d, kind, "%s: HTTP %ld %s", sent->cn, status, device_problem(d, face));
        return false;
    }
    if (!device_read(d, sent, signed_by, reply)) {
        mixed_surprise(d, kind, "%s: %s", sent->cn, reply->problem);
        return false;
    }
    return true;
}

static enum outcome unexpected(struct device *d, const char *kind, const struct sent *sent,
                               const struct scep_client_reply *r)
{
    return mixed_surprise(d, kind, "%s: pkiStatus %d, failInfo %d, %s", sent->cn, r->status,
                          r->fail_info, r->cert ? "with a certificate" : r->fail_text);
}

/* A new certificate: into the pool, or to the administrator. */
static enum outcome take(struct device *d, const struct face *face, const char *kind,
                         struct sent *sent, X509 *cert, const char *cn, bool pooled)
{
    const char *why = device_judge(d, face, cert, cn);
    device_serial(cert, sent->serial);
    if (why) {
        return mixed_surprise(d, kind, "%s: %s", cn, why);
    }
    if (!ledger_issued(d->mixed->ledger, sent->serial)) {
        return mixed_surprise(d, kind, "%s: serial %s came before", cn, sent->serial);
    }
    if (!pooled) {
        return OUTCOME_ISSUED;
    }
    if (d->mixed->given && d->names % GIVEN_EACH == 0) {
        ledger_given(d->mixed->ledger, sent->serial, d->mixed->given);
        return OUTCOME_ISSUED;
    }
    size_t at = d->pool_count < POOL_MAX ? d->pool_count++ : device_dice(d, POOL_MAX);
    X509_free(d->pool[at]);
    d->pool[at] = cert;
    X509_up_ref(cert);
    return OUTCOME_ISSUED;
}

/* Whatever was sent is kept for a repeat, in the place of the oldest. Takes *sent over. */
static void keep(struct device *d, struct sent *sent)
{
    struct sent *place = &d->kept[d->kept_next++ % KEPT_MAX];
    sent_clear(place);
    *place = *sent;
    *sent = (struct sent){ .signer = NULL };
}

/* A request that must be granted at once. */
static enum outcome granted(struct device *d, enum mixed_face which, const char *kind,
                            const char *challenge)
{
    char cn[80];
    struct sent sent;
    struct scep_client_reply reply = { 0 };
    enum outcome outcome = OUTCOME_SURPRISE;
    struct face *face = device_face(d, which, FACE_AGE);
    if (!face) {
        return mixed_surprise(d, kind, "GetCACert failed");
    }
    device_name(d, kind, cn, sizeof(cn));
    device_message(d, face, &(struct asked){ .cn = cn, .challenge = challenge }, &sent);
    if (exchange(d, face, kind, &sent, NULL, &reply)) {
        bool pooled = which == FACE_STATIC;
        outcome = reply.status == 0 && reply.cert
                      ? take(d, face, kind, &sent, reply.cert, cn, pooled)
                      : unexpected(d, kind, &sent, &reply);
        /* What is the administrator's may be revoked, and a repeat is refused then. */
        if (outcome == OUTCOME_ISSUED && pooled && d->names % GIVEN_EACH != 0) {
            keep(d, &sent);
        }
    }
    scep_client_reply_clear(&reply);
    sent_clear(&sent);
    return outcome;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static enum outcome enrol(struct device *d)
{
    return granted(d, FACE_STATIC, "enrol", d->mixed->challenge);
}

static enum outcome enrol_roll(struct device *d)
{
    return granted(d, FACE_ROLL, "roll", d->mixed->challenge);
}

static enum outcome renew(struct device *d)
{
    char cn[80] = "", name[80];
    struct sent sent;
    struct scep_client_reply reply = { 0 };
    enum outcome outcome = OUTCOME_SURPRISE;
    struct face *face = device_face(d, FACE_STATIC, FACE_AGE);
    if (d->pool_count == 0 || !face) {
        return enrol(d);
    }
    /* A certificate renews once: it leaves the pool. */
    size_t at = device_dice(d, (uint32_t)d->pool_count);
    X509 *old = d->pool[at];
    d->pool[at] = d->pool[--d->pool_count];
    d->pool[d->pool_count] = NULL;
    X509_NAME_get_text_by_NID(X509_get_subject_name(old), NID_commonName, cn, sizeof(cn));
    device_name(d, "renew", name, sizeof(name));
    bool renewal_req = device_dice(d, 2) == 0;
    device_message(
        d, face, &(struct asked){ .cn = name, .signed_by = old, .type = renewal_req ? "17" : "19" },
        &sent);
    if (exchange(d, face, "renew", &sent, old, &reply)) {
        outcome = reply.status == 0 && reply.cert
                      ? take(d, face, "renew", &sent, reply.cert, cn, true)
                      : unexpected(d, "renew", &sent, &reply);
    }
    scep_client_reply_clear(&reply);
    sent_clear(&sent);
    X509_free(old);
    return outcome;
}

static enum outcome repeat(struct device *d)
{
    char serial[64] = "";
    struct scep_client_reply reply = { 0 };
    const struct sent *sent = &d->kept[device_dice(d, KEPT_MAX)];
    struct face *face = device_face(d, FACE_STATIC, FACE_AGE);
    if (!face || !sent->message.data || load_clock() - sent->when > KEPT_AGE) {
        return enrol(d);
    }
    enum outcome outcome = OUTCOME_SURPRISE;
    if (exchange(d, face, "repeat", sent, NULL, &reply)) {
        if (reply.cert) {
            device_serial(reply.cert, serial);
        }
        outcome = reply.status == 0 && strcmp(serial, sent->serial) == 0
                      ? OUTCOME_REPEATED
                      : unexpected(d, "repeat", sent, &reply);
    }
    scep_client_reply_clear(&reply);
    return outcome;
}

static enum outcome poll_one(struct device *d);

/* A request for the administrator: his script approves "yes" and denies "no". */
static enum outcome wait_for_approval(struct device *d)
{
    char cn[80];
    struct scep_client_reply reply = { 0 };
    enum outcome outcome = OUTCOME_SURPRISE;
    struct face *face = device_face(d, FACE_WAITS, FACE_AGE);
    if (d->waiting_count == WAITING_MAX || !face) {
        return poll_one(d);
    }
    struct sent *sent = &d->waiting[d->waiting_count];
    const char *word = device_dice(d, 3) == 0 ? "no" : "yes";
    device_name(d, word, cn, sizeof(cn));
    /* Some are vouched for by a passphrase, the others by nothing. */
    bool vouched = device_dice(d, 2) == 0;
    device_message(d, face,
                   &(struct asked){ .cn = cn, .challenge = vouched ? d->mixed->challenge : NULL },
                   sent);
    sent->outcome = word;
    if (exchange(d, face, "wait", sent, NULL, &reply)) {
        outcome = reply.status == 3 ? OUTCOME_PENDING : unexpected(d, "wait", sent, &reply);
    }
    if (outcome == OUTCOME_PENDING) {
        d->waiting_count++;
    } else {
        sent_clear(sent);
    }
    scep_client_reply_clear(&reply);
    return outcome;
}

/* What was decided about one that waits. */
static enum outcome decided(struct device *d, const struct face *face, struct sent *waiting,
                            const struct scep_client_reply *reply)
{
    bool yes = strcmp(waiting->outcome, "yes") == 0;
    if (reply->status == 3) {
        return OUTCOME_PENDING;
    }
    if (reply->status == 0 && reply->cert && yes) {
        return take(d, face, "poll", waiting, reply->cert, waiting->cn, false);
    }
    if (reply->status == 2 && reply->fail_info == 2 && !yes) {
        return OUTCOME_REFUSED;
    }
    return unexpected(d, "poll", waiting, reply);
}

static enum outcome poll_one(struct device *d)
{
    struct sent poll;
    struct scep_client_reply reply = { 0 };
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    enum outcome outcome = OUTCOME_SURPRISE;
    struct face *face = device_face(d, FACE_WAITS, FACE_AGE);
    if (d->waiting_count == 0 || !face) {
        return enrol(d);
    }
    size_t at = device_dice(d, (uint32_t)d->waiting_count);
    struct sent *waiting = &d->waiting[at];
    struct scep_client name = { .cn = waiting->cn };
    scep_client_subject_id(&name, face->target.certs[face->target.cert_count - 1], &plain);
    device_message(
        d, face, &(struct asked){ .cn = waiting->cn, .type = "20", .plain = buffer_bytes(&plain) },
        &poll);
    if (exchange(d, face, "poll", &poll, NULL, &reply)) {
        outcome = decided(d, face, waiting, &reply);
    }
    if (outcome != OUTCOME_PENDING) {
        sent_clear(waiting);
        *waiting = d->waiting[--d->waiting_count];
        d->waiting[d->waiting_count] = (struct sent){ .signer = NULL };
    }
    buffer_clear(&plain);
    scep_client_reply_clear(&reply);
    sent_clear(&poll);
    return outcome;
}

/*
 * The password on NDES's page, as an MDM looks for it: UTF-16, and the only sixteen hexadecimal
 * digits that stand alone.
 */
static bool find_password(struct bytes page, char password[PASSWORD_MAX])
{
    size_t run = 0;
    for (size_t i = 2; i + 1 < page.len; i += 2) {
        char c = page.data[i + 1] == 0 ? (char)page.data[i] : ' ';
        bool hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        if (hex && run < PASSWORD_MAX - 1) {
            password[run++] = c;
        } else if (run == 16 && !hex) {
            password[run] = '\0';
            return true;
        } else {
            run = 0;
        }
    }
    return false;
}

static enum outcome redeem(struct device *d, const char *kind, const char *password)
{
    enum outcome outcome = granted(d, FACE_NDES, kind, password);
    if (outcome == OUTCOME_ISSUED) {
        snprintf(d->spent, sizeof(d->spent), "%s", password);
    }
    return outcome;
}

static enum outcome scrape(struct device *d)
{
    char url[TEXT_MAX], password[PASSWORD_MAX];
    const char *scheme_end = strstr(d->mixed->base, "://");
    if (!d->mixed->account || !scheme_end) {
        return enrol(d);
    }
    /* Basic by plain HTTP from this machine, as the listener allows. */
    snprintf(url, sizeof(url), "http://%s@%s/certsrv/mscep_admin/", d->mixed->account,
             scheme_end + 3);
    long status = device_get(d, url);
    if (status != 200 || !find_password(buffer_bytes(&d->answer), password)) {
        return mixed_surprise(d, "scrape", "HTTP %ld, no password on the page; %s", status,
                              device_problem(d, NULL));
    }
    return redeem(d, "scrape", password);
}

/* One that the administrator made; when there is none left, one from the page. */
static enum outcome listed(struct device *d)
{
    char password[PASSWORD_MAX];
    bool got = false;
    FILE *file = d->mixed->passwords;
    if (file) {
        flockfile(file);
        clearerr(file); /* the end of the file moves on */
        got = fgets(password, sizeof(password), file) != NULL;
        funlockfile(file);
    }
    if (!got) {
        return scrape(d);
    }
    password[strcspn(password, "\r\n")] = '\0';
    return redeem(d, "listed", password);
}

/* A message that must be refused with this failInfo. */
static enum outcome refused(struct device *d, enum mixed_face which, const char *kind,
                            const struct asked *asked, int fail_info)
{
    struct sent sent;
    struct scep_client_reply reply = { 0 };
    enum outcome outcome = OUTCOME_SURPRISE;
    struct face *face = device_face(d, which, FACE_AGE);
    if (!face) {
        return mixed_surprise(d, kind, "GetCACert failed");
    }
    device_message(d, face, asked, &sent);
    long status = device_send(d, face, &sent);
    if (status != 200) {
        mixed_surprise(d, kind, "%s: HTTP %ld %s", sent.cn, status, device_problem(d, face));
    } else if (!device_read(d, &sent, NULL, &reply)
               && !((asked->encrypted_to || asked->faults)
                    && read_by_current(d, which, &sent, &reply))) {
        mixed_surprise(d, kind, "%s: %s", sent.cn, reply.problem);
    } else {
        outcome = reply.status == 2 && reply.fail_info == fail_info
                      ? OUTCOME_REFUSED
                      : unexpected(d, kind, &sent, &reply);
    }
    scep_client_reply_clear(&reply);
    sent_clear(&sent);
    return outcome;
}

static enum outcome spent(struct device *d)
{
    char cn[80];
    if (!d->spent[0]) {
        return listed(d);
    }
    device_name(d, "spent", cn, sizeof(cn));
    return refused(d, FACE_NDES, "spent", &(struct asked){ .cn = cn, .challenge = d->spent }, 2);
}

static enum outcome wrong(struct device *d)
{
    char cn[80];
    device_name(d, "wrong", cn, sizeof(cn));
    switch (device_dice(d, 4)) {
    case 0:
        return refused(d, FACE_STATIC, "wrong",
                       &(struct asked){ .cn = cn, .challenge = "not this passphrase" }, 2);
    case 1:
        return refused(d, FACE_STATIC, "wrong",
                       &(struct asked){ .cn = cn,
                                        .challenge = d->mixed->challenge,
                                        .faults = SCEP_CLIENT_BAD_SIGNATURE },
                       1);
    case 2: /* to a certificate that the server has never seen */
        return refused(d, FACE_STATIC, "wrong",
                       &(struct asked){ .cn = cn,
                                        .challenge = d->mixed->challenge,
                                        .encrypted_to = d->mixed->cert },
                       2);
    default:
        return refused(d, FACE_NDES, "wrong",
                       &(struct asked){ .cn = cn, .challenge = "0123456789ABCDEF" }, 2);
    }
}

const struct mixed_kind mixed_kinds[] = {
    { "enrol", 24, enrol },
    { "roll", 6, enrol_roll },
    { "renew", 14, renew },
    { "repeat", 8, repeat },
    { "wait", 4, wait_for_approval },
    { "poll", 8, poll_one },
    { "scrape", 1, scrape },
    { "listed", 1, listed },
    { "spent", 2, spent },
    { "wrong", 4, wrong },
    { "nonsense", 4, ask_nonsense },
    { "caps", 4, ask_caps },
    { "cacert", 2, ask_cacert },
    { "chain", 2, ask_chain },
    { "help", 1, ask_help },
    { "no-sign-in", 1, ask_page_without_sign_in },
    { "getcert", 2, ask_cert },
    { "getcrl", 2, ask_crl_by_message },
    { "crl", 3, ask_crl },
    { "ocsp", 4, ask_ocsp },
    { "metrics", 1, ask_metrics },
};
const size_t mixed_kind_count = sizeof(mixed_kinds) / sizeof(mixed_kinds[0]);
_Static_assert(sizeof(mixed_kinds) / sizeof(mixed_kinds[0]) <= LEDGER_KINDS_MAX,
               "the ledger has too few rows");
