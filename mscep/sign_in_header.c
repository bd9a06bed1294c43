/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in_header.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"

#define BASIC_BYTES_MAX (SIGN_IN_NAME_MAX + SIGN_IN_PASSWORD_MAX) /* with the ':' */

struct scheme_row {
    enum sign_in_scheme scheme;
    const char *name;
};

static const struct scheme_row schemes[] = {
    { SIGN_IN_SCHEME_NEGOTIATE, "Negotiate" },
    { SIGN_IN_SCHEME_NTLM, "NTLM" },
    { SIGN_IN_SCHEME_BASIC, "Basic" },
};

const char *sign_in_scheme_name(enum sign_in_scheme scheme)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (schemes[i].scheme == scheme) {
            return schemes[i].name;
        }
    }
    return "";
}

struct sign_in_header sign_in_header_parse(const char *authorization)
{
    struct sign_in_header header = { SIGN_IN_SCHEME_NONE, { NULL, 0 } };

    if (authorization == NULL) {
        return header;
    }
    header.scheme = SIGN_IN_SCHEME_OTHER;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].name);

        if (text_starts_nocase(authorization, schemes[i].name)
            && (authorization[len] == ' ' || authorization[len] == '\0')) {
            header.scheme = schemes[i].scheme;
            header.token = text_trim(bytes_of_text(authorization + len));
        }
    }
    return header;
}

/* ---- Negotiate and NTLM ---------------------------------------------------------------------- */

/*
 * A first leg begins with GSS-API's frame (NegTokenInit, Kerberos) or is NTLM's message 1; a later
 * one is a NegTokenResp or NTLM's message 3 (RFC 2743 3.1, RFC 4178 4.2, MS-NLMP 2.2.1).
 */
enum sign_in_leg sign_in_leg_of(struct bytes token)
{
    static const uint8_t ntlm[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };

    if (token.len > 0 && token.data[0] == 0x60) {
        return SIGN_IN_LEG_FIRST;
    }
    if (token.len > 0 && token.data[0] == 0xa1) {
        return SIGN_IN_LEG_NEXT;
    }
    if (token.len > sizeof(ntlm) && memcmp(token.data, ntlm, sizeof(ntlm)) == 0) {
        if (token.data[sizeof(ntlm)] == 1) {
            return SIGN_IN_LEG_FIRST;
        }
        if (token.data[sizeof(ntlm)] == 3) {
            return SIGN_IN_LEG_NEXT;
        }
    }
    return SIGN_IN_LEG_UNKNOWN;
}

/* ---- Basic ----------------------------------------------------------------------------------- */

static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* RFC 7617 2: the first colon ends the name; the password may hold more. */
static bool split(struct bytes text, struct sign_in_basic *out, struct error *err)
{
    const uint8_t *colon = text.len > 0 ? memchr(text.data, ':', text.len) : NULL;
    struct bytes name;
    struct bytes password;

    if (colon == NULL || !text_utf8_valid(text)) {
        return error_set(err, REASON_SIGN_IN_FAILED, "not \"user:password\" in UTF-8");
    }
    name = bytes_of(text.data, (size_t)(colon - text.data));
    password = bytes_of(colon + 1, text.len - name.len - 1);
    if (name.len == 0 || name.len >= sizeof(out->name) || has_control(name)) {
        return error_set(err, REASON_SIGN_IN_FAILED, "a user name that is empty, too long or odd");
    }
    memcpy(out->name, name.data, name.len);
    out->name[name.len] = '\0';
    if (password.len == 0 || password.len > SIGN_IN_PASSWORD_MAX) {
        return error_set(err, REASON_SIGN_IN_FAILED, "a password that is empty or too long");
    }
    return secret_set(&out->password, password.data, password.len, err);
}

bool sign_in_basic_open(struct bytes token, struct sign_in_basic *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(BASIC_BYTES_MAX);
    struct error cause = ERROR_INIT;
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (base64_decode(token, BASE64_STRICT, &text, &cause)) {
        ok = split(buffer_bytes(&text), out, err);
    } else if (cause.reason == REASON_NO_MEMORY) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in");
    } else {
        (void)error_set(err, REASON_SIGN_IN_FAILED, "not base64, or too long");
    }
    buffer_clear(&text); /* wipes */
    return ok;
}

void sign_in_basic_clear(struct sign_in_basic *basic)
{
    secret_clear(&basic->password);
}
