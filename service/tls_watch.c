/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

/* A broken state whose files do not change is tried again after this time. */
#define RETRY_US (INT64_C(15) * 1000000)

/* What the last load was made from. */
struct trace {
    struct file_stamp stamps[TLS_FILES_STAMPS];
    char *certificate;
    char *key;
};

struct tls_watch {
    const char *data;
    bool loaded_before;
    bool broken;
    int64_t retry_at; /* monotonic microseconds */
    char told[ERROR_DETAIL_MAX];
    struct trace trace;
    struct tls_files files; /* in force; empty: none */
};

static void trace_clear(struct trace *trace)
{
    free(trace->certificate);
    free(trace->key);
    *trace = (struct trace){ .certificate = NULL };
}

/* False when out of memory. */
static bool trace_take(struct trace *trace, const char *data, const struct service_config *config)
{
    trace->certificate = text_dup(config->https.certificate);
    trace->key = text_dup(config->https.key);
    tls_files_stamps(data, config, trace->stamps);
    return trace->certificate != NULL && trace->key != NULL;
}

static bool trace_equal(const struct trace *a, const struct trace *b)
{
    for (size_t i = 0; i < TLS_FILES_STAMPS; i++) {
        if (!file_stamp_equal(&a->stamps[i], &b->stamps[i])) {
            return false;
        }
    }
    return a->certificate != NULL && strcmp(a->certificate, b->certificate) == 0
           && strcmp(a->key, b->key) == 0;
}

struct tls_watch *tls_watch_create(const char *data_folder)
{
    struct tls_watch *watch = calloc(1, sizeof(*watch));

    if (watch != NULL) {
        watch->data = data_folder;
    }
    return watch;
}

void tls_watch_free(struct tls_watch *watch)
{
    if (watch != NULL) {
        trace_clear(&watch->trace);
        tls_files_clear(&watch->files);
        free(watch);
    }
}

/* The same sentence is told once, however often it is found. */
static enum tls_watch_result keep_former(struct tls_watch *watch, bool changed,
                                         const struct error *why, struct error *err)
{
    bool told = watch->broken && !changed && strcmp(watch->told, why->detail) == 0;

    watch->broken = true;
    watch->retry_at = clock_monotonic_us() + RETRY_US;
    memcpy(watch->told, why->detail, sizeof(watch->told));
    if (told) {
        return TLS_WATCH_SAME;
    }
    *err = *why;
    return TLS_WATCH_BROKEN;
}

static enum tls_watch_result reload(struct tls_watch *watch, const struct service_config *config,
                                    bool changed, struct error *err)
{
    struct tls_files found = { .source = TLS_SOURCE_OWN };
    struct error why = ERROR_INIT;
    bool was_broken = watch->broken;
    bool same;

    if (!tls_files_load(watch->data, config, &found, &why)) {
        return keep_former(watch, changed, &why, err);
    }
    watch->broken = false;
    same = server_cert_equal(&found.server, &watch->files.server);
    if (same && !was_broken) {
        /* Only touched, or the last step of a replacement: whoever borrows keeps what it has. */
        tls_files_clear(&found);
        return TLS_WATCH_SAME;
    }
    tls_files_clear(&watch->files);
    watch->files = found;
    return TLS_WATCH_NEW;
}

enum tls_watch_result tls_watch_poll(struct tls_watch *watch, const struct service_config *config,
                                     struct tls_identity *borrowed_out, struct error *err)
{
    enum tls_watch_result result = TLS_WATCH_SAME;
    struct trace now = { .certificate = NULL };
    bool changed = false;

    /* Before loading: what changes while it is read differs from this the next time. */
    if (!trace_take(&now, watch->data, config)) {
        trace_clear(&now);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the HTTPS certificate");
        result = TLS_WATCH_BROKEN;
        goto out;
    }
    changed = !watch->loaded_before || !trace_equal(&watch->trace, &now);
    if (changed || (watch->broken && clock_monotonic_us() >= watch->retry_at)) {
        trace_clear(&watch->trace);
        watch->trace = now;
        watch->loaded_before = true;
        result = reload(watch, config, changed, err);
    } else {
        trace_clear(&now);
    }
out:
    *borrowed_out = (struct tls_identity){
        .cert = watch->files.server.cert,
        .key = watch->files.server.key,
        .chain = watch->files.server.chain,
    };
    return result;
}

const struct certificate_info *tls_watch_certificate_info(const struct tls_watch *watch)
{
    return watch->files.server.cert != NULL ? &watch->files.info : NULL;
}
