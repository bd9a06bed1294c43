/* SPDX-License-Identifier: Apache-2.0 */
#include "model/parse_context.h"

#include <pthread.h>
#include <stddef.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

/* Written once, before anybody can read them. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *context;
static OSSL_PROVIDER *null_provider;

static void close_context(void)
{
    (void)OSSL_PROVIDER_unload(null_provider);
    OSSL_LIB_CTX_free(context);
}

/* A context without any provider would load the default one by itself. */
static void open_context(void)
{
    OSSL_LIB_CTX *made = NULL;

    ERR_set_mark();
    made = OSSL_LIB_CTX_new();
    null_provider = made == NULL ? NULL : OSSL_PROVIDER_load(made, "null");
    if (null_provider != NULL) {
        context = made;
        (void)OPENSSL_atexit(close_context);
    } else {
        OSSL_LIB_CTX_free(made);
    }
    ERR_pop_to_mark();
}

OSSL_LIB_CTX *parse_context(void)
{
    (void)pthread_once(&once, open_context);
    return context;
}
