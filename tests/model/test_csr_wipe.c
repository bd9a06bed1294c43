/* SPDX-License-Identifier: Apache-2.0 */
/* Does a challenge stay behind in memory? Every block that OpenSSL frees is searched for it. */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/limits.h"
#include "model/csr.h"
#include "model/csr_builder.h"
#include "model/csr_details.h"
#include "model/csr_strip.h"

#define MARKER "marker-of-a-secret"
#define HEAD_BYTES 16 /* keeps the block's alignment */

/* OpenSSL's hooks have no context: the one place where a test needs a global. */
static bool searching;
static size_t found;

static bool holds_marker(const uint8_t *data, size_t len)
{
    size_t marker = sizeof(MARKER) - 1;

    for (size_t i = 0; i + marker <= len; i++) {
        if (memcmp(data + i, MARKER, marker) == 0) {
            return true;
        }
    }
    return false;
}

static void *hook_malloc(size_t len, const char *file, int line)
{
    uint8_t *block = malloc(HEAD_BYTES + len);

    (void)file;
    (void)line;
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, &len, sizeof(len));
    return block + HEAD_BYTES;
}

static void hook_free(void *data, const char *file, int line)
{
    uint8_t *block = data;
    size_t len = 0;

    (void)file;
    (void)line;
    if (block == NULL) {
        return;
    }
    block -= HEAD_BYTES;
    memcpy(&len, block, sizeof(len));
    if (searching && holds_marker(block + HEAD_BYTES, len)) {
        found++;
    }
    free(block);
}

static void *hook_realloc(void *data, size_t len, const char *file, int line)
{
    void *grown = hook_malloc(len, file, line);
    size_t old = 0;

    if (grown == NULL || data == NULL) {
        return grown;
    }
    memcpy(&old, (uint8_t *)data - HEAD_BYTES, sizeof(old));
    memcpy(grown, data, old < len ? old : len);
    hook_free(data, file, line);
    return grown;
}

static void parse_and_clear__challenge__nothing_left_behind(void **state)
{
    static const char *const passes[] = { "good", "two challenges" };

    (void)state;
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
        EVP_PKEY *key = csr_builder_key("RSA-2048");
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct buffer stripped = BUFFER_INIT(LIMIT_CSR_BYTES);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, key);
        csr_builder_cn(&b, "host");
        for (size_t n = 0; n <= i; n++) {
            csr_builder_challenge(&b, TAG_UTF8, bytes_of_text(MARKER));
        }
        csr_builder_der(&b, &der);
        assert_true(holds_marker(der.data, der.len));
        found = 0;
        searching = true;
        if (i == 0) {
            assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, passes[i]);
            assert_int_equal(found, 0);
            assert_done(csr_verify(&csr, &err), &err, passes[i]);
            csr_details_free(csr_details_parse(&csr, &err)); /* passes it by */
            assert_int_equal(found, 0);
            assert_done(csr_strip(&csr, &stripped, &err), &err, passes[i]);
            assert_int_equal(found, 0);
            assert_false(holds_marker(stripped.data, stripped.len));
            buffer_clear(&stripped);
        } else {
            assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, REASON_SYNTAX,
                           passes[i]);
        }
        csr_clear(&csr);
        searching = false;
        assert_int_equal(found, 0);
        buffer_clear(&der);
        csr_builder_clear(&b);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_and_clear__challenge__nothing_left_behind),
    };

    if (CRYPTO_set_mem_functions(hook_malloc, hook_realloc, hook_free) != 1) {
        return 1;
    }
    return cmocka_run_group_tests_name("csr_wipe", tests, NULL, NULL);
}
