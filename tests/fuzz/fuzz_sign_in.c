/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorization as anybody may send it: scheme, base64, Basic's text, the leg that a token is, and
 * whom an NTLM message claims to be. The first byte 0xff gives the rest as a token, undecoded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "mscep/ntlm_claim.h"
#include "mscep/sign_in_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void try_token(struct bytes token)
{
    char name[SIGN_IN_NAME_MAX];
    bool claimed = ntlm_claim(token, name, sizeof(name));

    must(claimed == (name[0] != '\0'));
    must(text_utf8_valid(bytes_of_text(name)));
    (void)sign_in_leg_of(token);
}

static void try_basic(struct bytes token)
{
    struct sign_in_basic basic;
    struct error err = ERROR_INIT;

    if (sign_in_basic_open(token, &basic, &err)) {
        must(basic.name[0] != '\0' && strchr(basic.name, ':') == NULL);
        must(text_utf8_valid(bytes_of_text(basic.name)));
        must(basic.password.len > 0 && basic.password.len <= SIGN_IN_PASSWORD_MAX);
        must(text_utf8_valid(secret_bytes(&basic.password)));
    } else {
        must(err.reason == REASON_SIGN_IN_FAILED || err.reason == REASON_NO_MEMORY);
    }
    sign_in_basic_clear(&basic);
}

static void try_header(struct bytes text)
{
    char *header = text_dup_bytes(text);
    struct buffer token = BUFFER_INIT(49152);
    struct error err = ERROR_INIT;
    struct sign_in_header parsed;

    if (header == NULL) {
        return;
    }
    parsed = sign_in_header_parse(header);
    must(parsed.token.len <= strlen(header));
    if (parsed.scheme == SIGN_IN_SCHEME_BASIC) {
        try_basic(parsed.token);
    } else if (base64_decode(parsed.token, BASE64_STRICT, &token, &err)) {
        try_token(buffer_bytes(&token));
    }
    buffer_clear(&token);
    free(header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 0xff) {
        try_token(bytes_of(data + 1, size - 1));
    } else {
        try_header(bytes_of(data, size));
    }
    return 0;
}
