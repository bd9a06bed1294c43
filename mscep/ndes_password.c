/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_password.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/name.h"
#include "platform/clock.h"
#include "platform/protect.h"
#include "platform/sealed_places.h"
#include "store/store_passwords.h"

#define MAC_CONTEXT "ndes-password"
#define SEAL_PURPOSE SEALED_SINGLE_PASSWORD
#define SEALED_BYTES_MAX 4096u /* DPAPI adds some 200 bytes to a password */

#define DIGITS_MAX (2 * LIMIT_PASSWORD_BYTES)
#define SINGLE_DIGITS_MIN 8

#define YEAR_MINUTES 525600

/*
 * A MAC that is there already is made anew: with the shortest passwords (32 bits) and a hundred
 * thousand of them about one in forty thousand.
 */
#define MAKE_TRIES 8

/* TRUST_E_CERT_SIGNATURE: what NDES signs when no password came. */
#define HR_NO_PASSWORD 0x80096004u

/*
 * A CSR's subject that was cut for being longer than this is still longer than any subject an order
 * may have, and so equals none.
 */
#define SUBJECT_TEXT_MAX (2 * LIMIT_DN_BYTES)
#define PEER_TEXT_MAX (IP_TEXT_MAX + 4)

/* ---- the text and its MAC -------------------------------------------------------------------- */

static bool is_digits(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
            return false;
        }
    }
    return true;
}

static void copy_upper(uint8_t *to, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        to[i] = c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 'A') : c;
    }
}

/*
 * Hex digits count in either case: some clients change it on the way. Nothing else is forgiven:
 * no client is known that sends white space around the digits, and a text with any has no row. The
 * scope is not bound in, so that a password of another template is found and the log can say so.
 */
static bool mac_of(struct bytes text, struct bytes mac_key, uint8_t mac[SECRET_MAC_BYTES],
                   struct error *err)
{
    uint8_t upper[DIGITS_MAX];

    if (text.len > sizeof(upper) || !is_digits(text)) {
        return secret_mac(mac_key, MAC_CONTEXT, text, mac, err);
    }
    copy_upper(upper, text);
    bool ok = secret_mac(mac_key, MAC_CONTEXT, bytes_of(upper, text.len), mac, err);
    secret_wipe(upper, sizeof(upper));
    return ok;
}

static bool generate(int64_t bytes, struct secret *out, struct error *err)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t random[LIMIT_PASSWORD_BYTES];
    char text[DIGITS_MAX];
    bool ok = false;

    if (bytes < 1 || bytes > (int64_t)LIMIT_PASSWORD_BYTES) {
        return error_set(err, REASON_INTERNAL, "a password of %" PRId64 " bytes", bytes);
    }
    if (!secret_random(random, (size_t)bytes, err)) goto out;
    for (size_t i = 0; i < (size_t)bytes; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 15];
    }
    ok = secret_set(out, text, 2 * (size_t)bytes, err);
out:
    secret_wipe(random, sizeof(random));
    secret_wipe(text, sizeof(text));
    return ok;
}

/* For messages: what a scope is called. */
static const char *scope_name(const char *scope)
{
    return strcmp(scope, NDES_PASSWORD_SCOPE_SERVICE) == 0 ? "the service's NDES face" : scope;
}

/* ---- one-time passwords ---------------------------------------------------------------------- */

static bool make_row(const struct ndes_password_order *order, char peer[PEER_TEXT_MAX],
                     struct store_password *row, struct error *err)
{
    int64_t minutes =
        order->validity_minutes > 0 ? order->validity_minutes : order->config->validity_minutes;
    char address[IP_TEXT_MAX];

    peer[0] = '\0';
    if (order->peer != NULL) {
        ip_address_format(&order->peer->address, address);
        if (!text_format(peer, PEER_TEXT_MAX, "%s/%u", address, (unsigned)order->peer->bits)) {
            return error_set(err, REASON_INTERNAL, "an address prefix is too long");
        }
    }
    if (order->subject != NULL && strlen(order->subject) > LIMIT_DN_BYTES) {
        return error_set(err, REASON_LIMIT, "a subject of more than %u bytes", LIMIT_DN_BYTES);
    }
    *row = (struct store_password){
        .scope = order->scope,
        .subject = order->subject,
        .peer = peer,
        .made_by = order->made_by,
        .created_at = order->now,
        .expires_at = order->now + 60 * (minutes < YEAR_MINUTES ? minutes : YEAR_MINUTES),
    };
    return true;
}

bool ndes_password_make(const struct ndes_password_source *source,
                        const struct ndes_password_order *order, struct ndes_password_made *out,
                        struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES];
    char peer[PEER_TEXT_MAX];
    struct store_password row;
    bool ok = make_row(order, peer, &row, err);
    bool again = ok;

    for (int i = 0; again && i < MAKE_TRIES; i++) {
        error_clear(err);
        ok = generate(order->config->length, &out->password, err)
             && mac_of(secret_bytes(&out->password), source->mac_key, mac, err);
        if (ok) {
            row.mac = bytes_of(mac, sizeof(mac));
            ok = store_password_add(source->store, &row, order->config->max, &out->id, err);
        }
        again = !ok && err->reason == REASON_STORE_DUPLICATE;
    }
    if (!ok) {
        ndes_password_made_clear(out);
        return error_context(err, "a password for %s", scope_name(order->scope));
    }
    out->expires_at = row.expires_at;
    return true;
}

void ndes_password_made_clear(struct ndes_password_made *made)
{
    if (made == NULL) {
        return;
    }
    secret_clear(&made->password);
    made->id = 0;
    made->expires_at = 0;
}

/* ---- the single password --------------------------------------------------------------------- */

/* A blob that was copied to another scope's row does not open there. */
static bool seal_purpose(const char *scope, char purpose[LIMIT_TEMPLATE_NAME + 32],
                         struct error *err)
{
    return text_format(purpose, LIMIT_TEMPLATE_NAME + 32, SEAL_PURPOSE "%s", scope)
           || error_set(err, REASON_LIMIT, "the template's name is too long");
}

struct sealed_copy {
    struct buffer sealed;
    int64_t id;
};

static bool copy_sealed(void *context, const struct store_password_row *row, struct error *err)
{
    struct sealed_copy *copy = context;

    copy->id = row->id;
    return buffer_append_bytes(&copy->sealed, row->sealed, err);
}

static bool read_single(const struct ndes_password_source *source, const char *scope, bool *found,
                        struct ndes_password_made *out, struct error *err)
{
    struct sealed_copy copy = { BUFFER_INIT(SEALED_BYTES_MAX), 0 };
    char purpose[LIMIT_TEMPLATE_NAME + 32];
    bool ok = false;

    if (!store_password_get_single(source->store, scope, copy_sealed, &copy, found, err)) goto out;
    if (*found) {
        if (!seal_purpose(scope, purpose, err)) goto out;
        if (!protect_open(source->data_folder, purpose, buffer_bytes(&copy.sealed), &out->password,
                          err)) {
            error_context(err,
                          "the single password of %s cannot be shown on this machine, set it anew "
                          "(openndes password single, --set - or --renew)",
                          scope_name(scope));
            goto out;
        }
        out->id = copy.id;
        out->expires_at = 0;
    }
    ok = true;
out:
    buffer_clear(&copy.sealed);
    return ok;
}

static bool write_single(const struct ndes_password_source *source,
                         const struct ndes_password_order *order, struct bytes text,
                         bool keep_former, bool *put, int64_t *id, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_BYTES_MAX);
    char purpose[LIMIT_TEMPLATE_NAME + 32];
    uint8_t mac[SECRET_MAC_BYTES];
    bool ok = false;

    if (!mac_of(text, source->mac_key, mac, err)) goto out;
    if (!seal_purpose(order->scope, purpose, err)) goto out;
    if (!protect_seal(source->data_folder, purpose, text, &sealed, err)) goto out;
    struct store_password row = {
        .scope = order->scope,
        .mac = bytes_of(mac, sizeof(mac)),
        .sealed = buffer_bytes(&sealed),
        .made_by = order->made_by,
        .created_at = order->now,
    };
    ok = store_password_put_single(source->store, &row, keep_former, put, id, err);
out:
    buffer_clear(&sealed);
    return ok;
}

bool ndes_password_single(const struct ndes_password_source *source,
                          const struct ndes_password_order *order, struct ndes_password_made *out,
                          struct error *err)
{
    struct secret fresh = SECRET_INIT;
    bool found = false;
    bool put = false;
    int64_t id = 0;
    bool ok = false;

    if (!read_single(source, order->scope, &found, out, err)) goto out;
    if (!found) {
        if (!generate(order->config->length, &fresh, err)) goto out;
        if (!write_single(source, order, secret_bytes(&fresh), true, &put, &id, err)) goto out;
        /* Whoever was first has made it; all show what is stored. */
        if (!read_single(source, order->scope, &found, out, err)) goto out;
    }
    ok = found || error_set(err, REASON_INTERNAL, "the single password has just been removed");
out:
    secret_clear(&fresh);
    if (!ok) {
        ndes_password_made_clear(out);
    }
    return ok;
}

bool ndes_password_single_set(const struct ndes_password_source *source,
                              const struct ndes_password_order *order, struct bytes text,
                              struct ndes_password_made *out, struct error *err)
{
    uint8_t upper[DIGITS_MAX];
    bool put = false;
    bool ok = false;

    if (text.len == 0) {
        if (!generate(order->config->length, &out->password, err)) goto out;
    } else {
        if (text.len < SINGLE_DIGITS_MIN || text.len > DIGITS_MAX || !is_digits(text)) {
            error_set(err, REASON_SYNTAX, "a single password is %d to %u hexadecimal digits",
                      SINGLE_DIGITS_MIN, DIGITS_MAX);
            goto out;
        }
        copy_upper(upper, text);
        if (!secret_set(&out->password, upper, text.len, err)) goto out;
    }
    if (!write_single(source, order, secret_bytes(&out->password), false, &put, &out->id, err)) {
        goto out;
    }
    out->expires_at = 0;
    ok = true;
out:
    secret_wipe(upper, sizeof(upper));
    if (!ok) {
        ndes_password_made_clear(out);
    }
    return ok;
}

/* ---- the challenge --------------------------------------------------------------------------- */

struct ndes_challenge {
    char template_name[LIMIT_TEMPLATE_NAME + 1];
    struct ndes_password_config config;
    bool service_scope;
    struct store *store; /* borrowed */
    struct secret mac_key;
};

/* One request before its password's row. */
struct judgement {
    const struct ndes_challenge *challenge;
    const struct enroll_request *request;
    int64_t now;
    struct grant *grant;
};

static bool scope_fits(const struct ndes_challenge *c, const struct store_password_row *row,
                       struct error *err)
{
    if (strcmp(row->scope, c->template_name) == 0
        || (c->service_scope && strcmp(row->scope, NDES_PASSWORD_SCOPE_SERVICE) == 0)) {
        return true;
    }
    return error_set(err, REASON_CHALLENGE_BINDING,
                     "one-time password %" PRId64 " was made for %s, not for template %s", row->id,
                     scope_name(row->scope), c->template_name);
}

static bool still_good(const struct store_password_row *row, int64_t now, struct error *err)
{
    return (row->spent_at == 0 && row->expires_at > now
            && row->created_at <= now + STORE_PASSWORD_EARLY_SECONDS)
           || store_password_refuse(row, err);
}

static bool subject_fits(const struct store_password_row *row, const struct enroll_request *request,
                         struct error *err)
{
    char subject[SUBJECT_TEXT_MAX];

    if (row->subject[0] == '\0') {
        return true;
    }
    name_format(csr_subject(&request->csr), subject, sizeof(subject));
    if (name_text_equal(subject, row->subject)) {
        return true;
    }
    return error_set(err, REASON_CHALLENGE_BINDING,
                     "one-time password %" PRId64 " was made for the subject %.200s, the request "
                     "has %.200s",
                     row->id, row->subject, subject);
}

static bool peer_fits(const struct store_password_row *row, const struct enroll_request *request,
                      struct error *err)
{
    struct error unreadable = ERROR_INIT;
    struct ip_prefix prefix;
    char peer[IP_TEXT_MAX];

    if (row->peer[0] == '\0') {
        return true;
    }
    if (!ip_prefix_parse(bytes_of_text(row->peer), &prefix, &unreadable)) {
        return error_set(err, REASON_CHALLENGE_UNAVAILABLE,
                         "the address of one-time password %" PRId64 " in the database: %s",
                         row->id, unreadable.detail);
    }
    if (ip_prefix_contains(&prefix, &request->peer)) {
        return true;
    }
    ip_address_format(&request->peer, peer);
    return error_set(err, REASON_CHALLENGE_BINDING,
                     "one-time password %" PRId64 " was made for the address %s, the request comes "
                     "from %s",
                     row->id, row->peer, peer);
}

static bool judge(void *context, const struct store_password_row *row, struct error *err)
{
    struct judgement *j = context;

    if (!scope_fits(j->challenge, row, err) || !still_good(row, j->now, err)
        || !subject_fits(row, j->request, err) || !peer_fits(row, j->request, err)) {
        return false;
    }
    j->grant->reservation = row->id;
    return true;
}

/* Nothing is locked here: the commit decides between those who hold the same password. */
static bool check_once(const struct ndes_challenge *c, const struct enroll_request *request,
                       struct bytes mac, struct grant *grant, struct error *err)
{
    struct judgement judgement = { c, request, clock_now(), grant };
    bool found = false;

    if (!store_password_find(c->store, mac, judge, &judgement, &found, err)) {
        return false;
    }
    return found
           || error_set(err, REASON_CHALLENGE_REJECTED,
                        "not a one-time password of the cache: mistyped, purged, or used or "
                        "expired more than %d days ago",
                        STORE_PASSWORD_KEEP_SECONDS / 86400);
}

struct comparison {
    struct bytes mac;
    bool equal;
};

static bool compare(void *context, const struct store_password_row *row, struct error *err)
{
    struct comparison *c = context;

    (void)err;
    c->equal = secret_equal(row->mac, c->mac) || c->equal;
    return true;
}

static bool check_single(const struct ndes_challenge *c, struct bytes mac, struct error *err)
{
    struct comparison comparison = { mac, false };
    bool of_template = false;
    bool of_service = false;

    if (!store_password_get_single(c->store, c->template_name, compare, &comparison, &of_template,
                                   err)
        || (c->service_scope
            && !store_password_get_single(c->store, NDES_PASSWORD_SCOPE_SERVICE, compare,
                                          &comparison, &of_service, err))) {
        return false;
    }
    if (comparison.equal) {
        return true;
    }
    return error_set(err, REASON_CHALLENGE_REJECTED, "%s",
                     of_template || of_service
                         ? "not the single password"
                         : "no single password has been made yet; see: openndes password single");
}

/* All refusals are one kind and look the same outside, except that nothing was sent: the sender
   knows that himself. */
static bool ndes_check(void *state, const struct enroll_request *request, struct grant *grant,
                       struct error *err)
{
    const struct ndes_challenge *c = state;
    uint8_t mac[SECRET_MAC_BYTES] = { 0 };
    bool ok = false;

    if (!c->config.enforce) {
        return true; /* the address list has been asked before (config_rules.c demands one) */
    }
    if (!request->csr.has_challenge || request->csr.challenge.len == 0) {
        error_set(err, REASON_CHALLENGE_MISSING, "the request has no challenge password");
        err->hresult = HR_NO_PASSWORD;
        return false;
    }
    if (mac_of(secret_bytes(&request->csr.challenge), secret_bytes(&c->mac_key), mac, err)) {
        struct bytes view = bytes_of(mac, sizeof(mac));

        ok = c->config.single ? check_single(c, view, err)
                              : check_once(c, request, view, grant, err);
    }
    secret_wipe(mac, sizeof(mac));
    return ok;
}

static void ndes_free(void *state)
{
    struct ndes_challenge *c = state;

    if (c != NULL) {
        secret_clear(&c->mac_key);
        free(c);
    }
}

/* No confirm and no refuse: the commit spends, and nothing was taken before it. */
static const struct challenge_ops ndes_ops = {
    .name = "ndes",
    .check = ndes_check,
    .free = ndes_free,
};

struct challenge *ndes_challenge_create(const struct ndes_password_source *source,
                                        const char *template_name,
                                        const struct ndes_password_config *config,
                                        bool service_scope, struct error *err)
{
    struct ndes_challenge *c = calloc(1, sizeof(*c));
    struct challenge *challenge = NULL;

    if (c == NULL) {
        error_set(err, REASON_NO_MEMORY, "challenge");
        goto out;
    }
    if (source->mac_key.len == 0 || source->store == NULL) {
        error_set(err, REASON_INTERNAL, "challenge without a MAC key or database");
        goto out;
    }
    if (!text_copy(c->template_name, sizeof(c->template_name), template_name)) {
        error_set(err, REASON_LIMIT, "the template's name is too long");
        goto out;
    }
    if (!secret_set(&c->mac_key, source->mac_key.data, source->mac_key.len, err)) goto out;
    c->config = *config;
    c->service_scope = service_scope;
    c->store = source->store;
    challenge = challenge_create(&ndes_ops, c);
    c = NULL; /* taken over, or freed */
    if (challenge == NULL) {
        error_set(err, REASON_NO_MEMORY, "challenge");
    }
out:
    ndes_free(c);
    return challenge;
}
