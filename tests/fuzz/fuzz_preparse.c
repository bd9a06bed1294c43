/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker that stands in front of OpenSSL: both pre-parses on any bytes, and what they promise
 * about a message they let through.
 */
#include <stdlib.h>

#include "scep/ber.h"
#include "scep/scep_preparse.h"
#include "scep/scep_preparse_envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct error err = ERROR_INIT;
    struct scep_outline outline;
    struct scep_envelope_outline envelope;

    if (scep_preparse(input, &outline, &err)) {
        must(outline.message_bytes <= size);
        must(outline.attribute_count >= 1 && outline.attribute_count <= LIMIT_CMS_ATTRIBUTES);
        must(outline.certificate_count <= LIMIT_CMS_CERTIFICATES);
    } else {
        /* before the message is opened every failure is an HTTP status */
        must(error_kind(&err) == ERROR_MALFORMED || error_kind(&err) == ERROR_NO_MEMORY);
    }
    error_clear(&err);
    if (scep_preparse_envelope(input, &envelope, &err)) {
        must(envelope.recipient_count >= 1 && envelope.recipient_count <= LIMIT_CMS_RECIPIENTS);
        must(envelope.cipher != SCEP_CIPHER_UNKNOWN);
    } else {
        must(error_is_set(&err));
    }
    return 0;
}
