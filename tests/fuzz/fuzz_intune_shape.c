/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge of an unauthenticated request: the shape check, and what it promises. The input is
 * the challenge; as its inside (XML) it is tried a second time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "intune/intune_challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void look_at(struct bytes challenge)
{
    struct intune_shape shape;
    struct error err = ERROR_INIT;

    if (!intune_challenge_shape(challenge, &shape, &err)) {
        must(challenge.len == 0 || challenge.len > LIMIT_CHALLENGE_BYTES);
        must(err.reason == REASON_CHALLENGE_MISSING || err.reason == REASON_INTUNE_CHALLENGE_SHAPE);
        return;
    }
    must(shape.usual == (shape.odd[0] == '\0'));
    must(!shape.usual || shape.signer_thumbprint[0] != '\0');
    must(shape.signer_thumbprint[0] == '\0' || strlen(shape.signer_thumbprint) == 40);
    must(text_utf8_valid(bytes_of_text(shape.recipient_issuer)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer encoded = BUFFER_INIT(4 * LIMIT_CHALLENGE_BYTES);
    struct error err = ERROR_INIT;

    look_at(bytes_of(data, size));
    if (base64_encode(bytes_of(data, size), &encoded, &err)) {
        look_at(buffer_bytes(&encoded));
    }
    buffer_clear(&encoded);
    return 0;
}
