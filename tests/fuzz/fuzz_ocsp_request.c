/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP requests: what the reader lets through keeps its promises, and OpenSSL, which sees nothing
 * but CertIDs with a digest that we know, takes each of them and writes the same bytes again: an
 * answer names the certificate as the question did.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "ca/ocsp_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static bool inside(struct bytes part, const uint8_t *data, size_t size)
{
    return part.data >= data && part.len <= size && (size_t)(part.data - data) <= size - part.len;
}

static void check_cert_id(struct bytes cert_id)
{
    const unsigned char *at = cert_id.data;
    OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &at, (long)cert_id.len);
    unsigned char *again = NULL;
    int len = 0;

    must(id != NULL && at == cert_id.data + cert_id.len);
    len = i2d_OCSP_CERTID(id, &again);
    must(len > 0 && bytes_equal(bytes_of(again, (size_t)len), cert_id));
    OPENSSL_free(again);
    OCSP_CERTID_free(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ocsp_request request;
    struct error err = ERROR_INIT;

    if (!ocsp_request_parse(bytes_of(data, size), &request, &err)) {
        must(err.reason == REASON_OCSP_REQUEST);
        return 0;
    }
    must(size <= OCSP_REQUEST_BYTES_MAX);
    must(request.count >= 1 && request.count <= OCSP_QUESTIONS_MAX);
    must(request.nonce.len <= OCSP_NONCE_BYTES_MAX
         && (request.nonce.len == 0 || inside(request.nonce, data, size)));
    for (size_t i = 0; i < request.count; i++) {
        const struct ocsp_question *question = &request.question[i];

        must(inside(question->cert_id, data, size) && inside(question->name_hash, data, size)
             && inside(question->key_hash, data, size));
        must(strlen(question->serial) % 2 == 0);
        if (question->hash != OCSP_HASH_OTHER) {
            check_cert_id(question->cert_id);
        }
    }
    ERR_clear_error();
    return 0;
}
