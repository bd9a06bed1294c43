/* SPDX-License-Identifier: Apache-2.0 */
#include "challenge/challenge_static.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define MAC_CONTEXT "static-passphrase"
/* template name, NUL, passphrase; a challenge may be longer than any passphrase */
#define MESSAGE_BYTES_MAX (LIMIT_TEMPLATE_NAME + 1 + LIMIT_CHALLENGE_BYTES)

/*
 * 31 characters: digits and capitals without 0 O 1 I L, which are mistaken for each other. None
 * means anything in a shell, XML, JSON, a URL or an INF file, and no keyboard layout of Latin
 * letters lacks one. 27 of them hold 133 bits.
 */
#define ALPHABET "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
#define ALPHABET_SIZE (sizeof(ALPHABET) - 1)
#define GENERATED_CHARACTERS 27
/*
 * the largest multiple of the alphabet's size below 256: bytes from here on are thrown away,
 * which keeps the choice even
 */
#define FAIR_BYTES (256 / ALPHABET_SIZE * ALPHABET_SIZE)
_Static_assert(ALPHABET_SIZE == 31, "log2(31) * 27 characters are 133 bits");

struct challenge_static {
    char template_name[LIMIT_TEMPLATE_NAME + 1];
    bool has_mac;
    uint8_t mac[SECRET_MAC_BYTES];
    struct secret mac_key;
};

static bool mac_of(const char *template_name, struct bytes passphrase, struct bytes mac_key,
                   uint8_t mac[SECRET_MAC_BYTES], struct error *err)
{
    struct buffer message = BUFFER_INIT(MESSAGE_BYTES_MAX);
    bool ok = buffer_append(&message, template_name, strlen(template_name) + 1, err)
              && buffer_append_bytes(&message, passphrase, err)
              && secret_mac(mac_key, MAC_CONTEXT, buffer_bytes(&message), mac, err);

    buffer_clear(&message); /* wipes */
    return ok;
}

/*
 * Wrong, missing, and "no passphrase set yet" do the same work and look the same outside: the
 * public text is one, the MAC is always made. Inside, the log may tell them apart.
 */
static bool static_check(void *state, const struct enroll_request *request, struct grant *grant,
                         struct error *err)
{
    const struct challenge_static *s = state;
    bool given = request->csr.has_challenge && request->csr.challenge.len > 0;
    struct bytes passphrase = given ? secret_bytes(&request->csr.challenge) : bytes_of("", 0);
    uint8_t mac[SECRET_MAC_BYTES] = { 0 };
    bool equal = false;

    (void)grant;
    if (!mac_of(s->template_name, passphrase, secret_bytes(&s->mac_key), mac, err)) {
        return false;
    }
    equal = secret_equal(bytes_of(mac, sizeof(mac)), bytes_of(s->mac, sizeof(s->mac)));
    secret_wipe(mac, sizeof(mac));
    if (!given) { /* also when the MAC of nothing is what the file holds */
        return error_set(err, REASON_CHALLENGE_MISSING, "the request has no challenge");
    }
    if (!s->has_mac) {
        return error_set(err, REASON_CHALLENGE_REJECTED, "the template has no passphrase set");
    }
    if (!equal) {
        return error_set(err, REASON_CHALLENGE_REJECTED, "the passphrase is wrong");
    }
    return true;
}

static void static_free(void *state)
{
    struct challenge_static *s = state;

    if (s == NULL) {
        return;
    }
    secret_clear(&s->mac_key);
    secret_wipe(s, sizeof(*s));
    free(s);
}

static const struct challenge_ops static_ops = {
    .name = "static",
    .check = static_check,
    .free = static_free,
};

/* An empty text is a template whose passphrase is not set: it refuses everybody. */
static bool read_mac(struct challenge_static *s, const char *mac_hex, struct error *err)
{
    size_t len = 0;

    if (mac_hex == NULL || mac_hex[0] == '\0') {
        return true;
    }
    if (!text_unhex(s->mac, sizeof(s->mac), &len, bytes_of_text(mac_hex))
        || len != sizeof(s->mac)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "challenge.passphrase_mac: not %d hex digits; set the passphrase anew",
                         2 * SECRET_MAC_BYTES);
    }
    s->has_mac = true;
    return true;
}

struct challenge *challenge_static_create(const char *template_name, const char *mac_hex,
                                          struct bytes mac_key, struct error *err)
{
    struct challenge_static *s = calloc(1, sizeof(*s));
    struct challenge *c = NULL;

    if (s == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a challenge");
        goto out;
    }
    if (mac_key.len == 0) {
        (void)error_set(err, REASON_INTERNAL, "challenge without a MAC key");
        goto out;
    }
    if (!text_copy(s->template_name, sizeof(s->template_name), template_name)) {
        (void)error_set(err, REASON_LIMIT, "template name of more than %u bytes",
                        LIMIT_TEMPLATE_NAME);
        goto out;
    }
    if (!read_mac(s, mac_hex, err) || !secret_set(&s->mac_key, mac_key.data, mac_key.len, err)) {
        goto out;
    }
    c = challenge_create(&static_ops, s);
    s = NULL; /* taken over, or freed */
    if (c == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a challenge");
    }
out:
    static_free(s);
    return c;
}

static bool none_check(void *state, const struct enroll_request *request, struct grant *grant,
                       struct error *err)
{
    (void)state;
    (void)request;
    (void)grant;
    (void)err;
    return true; /* the address list has been asked before (http/ip_acl) */
}

static const struct challenge_ops none_ops = {
    .name = "none",
    .check = none_check,
};

struct challenge *challenge_none_create(struct error *err)
{
    struct challenge *c = challenge_create(&none_ops, NULL);

    if (c == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a challenge");
    }
    return c;
}

/* A passphrase is UTF-8 that can be typed: what a client cannot send must not be set. */
static bool check_passphrase(struct bytes passphrase, bool allow_short, struct error *err)
{
    size_t pos = 0;
    size_t count = 0;
    uint32_t c = 0;

    if (passphrase.len > LIMIT_PASSPHRASE_MAX) {
        return error_set(err, REASON_LIMIT, "passphrase of more than %u bytes",
                         LIMIT_PASSPHRASE_MAX);
    }
    while (pos < passphrase.len) {
        if (!text_next_utf8(passphrase, &pos, &c)) {
            return error_set(err, REASON_SYNTAX, "passphrase is not UTF-8");
        }
        if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) {
            return error_set(err, REASON_SYNTAX, "passphrase with a control character");
        }
        count++;
    }
    if (count == 0 || (count < LIMIT_PASSPHRASE_MIN && !allow_short)) {
        return error_set(err, REASON_PASSPHRASE_TOO_SHORT,
                         "passphrase of %zu characters, fewer than %u", count,
                         count == 0 ? 1u : LIMIT_PASSPHRASE_MIN);
    }
    return true;
}

bool challenge_static_mac(const char *template_name, struct bytes passphrase, bool allow_short,
                          struct bytes mac_key, char mac_hex[2 * SECRET_MAC_BYTES + 1],
                          struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES];

    if (mac_key.len == 0) {
        return error_set(err, REASON_INTERNAL, "passphrase without a MAC key");
    }
    if (strlen(template_name) > LIMIT_TEMPLATE_NAME) {
        return error_set(err, REASON_LIMIT, "template name of more than %u bytes",
                         LIMIT_TEMPLATE_NAME);
    }
    if (!check_passphrase(passphrase, allow_short, err)
        || !mac_of(template_name, passphrase, mac_key, mac, err)) {
        return false;
    }
    text_hex(mac_hex, 2 * SECRET_MAC_BYTES + 1, bytes_of(mac, sizeof(mac)));
    return true;
}

bool challenge_static_generate(struct secret *passphrase, struct error *err)
{
    char text[GENERATED_CHARACTERS];
    uint8_t random[2 * GENERATED_CHARACTERS];
    size_t len = 0;
    bool ok = false;

    while (len < sizeof(text)) {
        if (!secret_random(random, sizeof(random), err)) {
            goto out;
        }
        for (size_t i = 0; i < sizeof(random) && len < sizeof(text); i++) {
            if (random[i] < FAIR_BYTES) {
                text[len++] = ALPHABET[random[i] % ALPHABET_SIZE];
            }
        }
    }
    ok = secret_set(passphrase, text, len, err);
out:
    secret_wipe(random, sizeof(random));
    secret_wipe(text, sizeof(text));
    return ok;
}
