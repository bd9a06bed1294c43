/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "support/intune_cloud_internal.h"

/* What a test asks the cloud about, and its settings. */

#define US_PER_MS 1000

/* ---- settings -------------------------------------------------------------------------------- */

void intune_cloud_settings(struct intune_cloud_server *cloud, struct intune_cloud_settings *out)
{
    (void)pthread_mutex_lock(&cloud->lock);
    *out = cloud->settings;
    (void)pthread_mutex_unlock(&cloud->lock);
}

void intune_cloud_set(struct intune_cloud_server *cloud,
                      const struct intune_cloud_settings *settings)
{
    (void)pthread_mutex_lock(&cloud->lock);
    cloud->settings = *settings;
    (void)pthread_mutex_unlock(&cloud->lock);
}

bool intune_cloud_register(struct intune_cloud_server *cloud, const struct x509_st *certificate,
                           struct error *err)
{
    struct buffer der = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct cloud_identity *kept = NULL;
    struct x509_st *copy = NULL;

    if (certificate_der(certificate, &der, err)) {
        copy = certificate_parse(buffer_bytes(&der), err);
    }
    buffer_clear(&der);
    if (copy == NULL) return false;
    (void)pthread_mutex_lock(&cloud->lock);
    kept = cloud_list_add(&cloud->certificates, sizeof(*kept));
    if (kept != NULL) {
        kept->cert = copy;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    if (kept != NULL) return true;
    certificate_free(copy);
    return error_set(err, REASON_NO_MEMORY, "out of memory");
}

void intune_cloud_expire_tokens(struct intune_cloud_server *cloud)
{
    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; i < cloud->tokens.count; i++) {
        struct cloud_token *token = cloud->tokens.items[i];

        token->expired = true;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Under the lock. */
static unsigned count_calls(const struct intune_cloud_server *cloud, enum intune_cloud_path path,
                            bool answered)
{
    unsigned count = 0;

    for (size_t i = 0; i < cloud->calls.count; i++) {
        const struct cloud_call *call = cloud->calls.items[i];

        if (cloud_path_matches(path, call->call.path) && (call->answered || !answered)) {
            count++;
        }
    }
    return count;
}

unsigned intune_cloud_count(struct intune_cloud_server *cloud, enum intune_cloud_path path)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&cloud->lock);
    count = count_calls(cloud, path, false);
    (void)pthread_mutex_unlock(&cloud->lock);
    return count;
}

static bool wait_calls(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                       unsigned count, int64_t ms, bool answered)
{
    int64_t until_us = clock_monotonic_us() + ms * US_PER_MS;
    int64_t left_us = ms * US_PER_MS;
    bool there = false;

    (void)pthread_mutex_lock(&cloud->lock);
    while (!(there = count_calls(cloud, path, answered) >= count) && left_us > 0) {
        (void)thread_cond_wait_ms(&cloud->changed, &cloud->lock, left_us / US_PER_MS + 1);
        left_us = until_us - clock_monotonic_us();
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return there;
}

bool intune_cloud_wait(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                       unsigned count, int64_t ms)
{
    return wait_calls(cloud, path, count, ms, false);
}

bool intune_cloud_wait_answered(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                                unsigned count, int64_t ms)
{
    return wait_calls(cloud, path, count, ms, true);
}

static bool copy_buffer(struct buffer *to, const struct buffer *from)
{
    struct error err = ERROR_INIT;

    to->max = from->max;
    return buffer_append_bytes(to, buffer_bytes(from), &err);
}

static bool copy_call(const struct intune_cloud_call *from, struct intune_cloud_call *to)
{
    memset(to, 0, sizeof(*to));
    to->path = from->path;
    to->status = from->status;
    memcpy(to->method, from->method, sizeof(to->method));
    memcpy(to->protocol_error, from->protocol_error, sizeof(to->protocol_error));
    if (copy_buffer(&to->target, &from->target) && copy_buffer(&to->headers, &from->headers)
        && copy_buffer(&to->body, &from->body)) {
        return true;
    }
    intune_cloud_call_clear(to);
    return false;
}

bool intune_cloud_call_at(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                          unsigned n, struct intune_cloud_call *out)
{
    bool found = false;

    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; i < cloud->calls.count; i++) {
        const struct cloud_call *call = cloud->calls.items[i];

        if (cloud_path_matches(path, call->call.path) && n-- == 0) {
            found = copy_call(&call->call, out);
            break;
        }
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return found;
}

void intune_cloud_call_clear(struct intune_cloud_call *call)
{
    if (call == NULL) return;
    buffer_clear(&call->target);
    buffer_clear(&call->headers);
    buffer_clear(&call->body);
}

bool intune_cloud_header(const struct intune_cloud_call *call, const char *name, char *value,
                         size_t size)
{
    struct buffer text = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool found = cloud_header(buffer_bytes(&call->headers), name, &text) > 0
                 && text_copy(value, size, buffer_text(&text));

    buffer_clear(&text);
    return found;
}

unsigned intune_cloud_protocol_errors(struct intune_cloud_server *cloud,
                                      char text[INTUNE_CLOUD_TEXT])
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&cloud->lock);
    count = cloud->protocol_errors;
    (void)!text_copy(text, INTUNE_CLOUD_TEXT, cloud->protocol_error);
    (void)pthread_mutex_unlock(&cloud->lock);
    return count;
}

bool intune_cloud_token_at(struct intune_cloud_server *cloud, unsigned n, struct buffer *out)
{
    struct error err = ERROR_INIT;
    bool ok = false;

    (void)pthread_mutex_lock(&cloud->lock);
    if (n < cloud->tokens.count) {
        const struct cloud_token *token = cloud->tokens.items[n];

        ok = buffer_append_text(out, token->text, &err);
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return ok;
}

/* ---- enrolments and revocations -------------------------------------------------------------- */

static unsigned list_count(struct intune_cloud_server *cloud, const struct cloud_list *list)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&cloud->lock);
    count = (unsigned)list->count;
    (void)pthread_mutex_unlock(&cloud->lock);
    return count;
}

static bool list_at(struct intune_cloud_server *cloud, const struct cloud_list *list, unsigned n,
                    void *out, size_t size)
{
    bool found = false;

    (void)pthread_mutex_lock(&cloud->lock);
    if (n < list->count) {
        memcpy(out, list->items[n], size);
        found = true;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return found;
}

unsigned intune_cloud_enrolment_count(struct intune_cloud_server *cloud)
{
    return list_count(cloud, &cloud->enrolments);
}

bool intune_cloud_enrolment_at(struct intune_cloud_server *cloud, unsigned n,
                               struct intune_cloud_enrolment *out)
{
    return list_at(cloud, &cloud->enrolments, n, out, sizeof(*out));
}

unsigned intune_cloud_revocation_count(struct intune_cloud_server *cloud)
{
    return list_count(cloud, &cloud->revocations);
}

bool intune_cloud_revocation_at(struct intune_cloud_server *cloud, unsigned n,
                                struct intune_cloud_revocation *out)
{
    return list_at(cloud, &cloud->revocations, n, out, sizeof(*out));
}

bool intune_cloud_revoke(struct intune_cloud_server *cloud, const char *serial,
                         const char *ca_configuration, const char *issuer)
{
    struct intune_cloud_revocation *r = NULL;
    bool ok = false;
    char guid[CLOUD_GUID_MAX];

    if (!cloud_guid(guid)) return false;
    (void)pthread_mutex_lock(&cloud->lock);
    r = cloud_list_add(&cloud->revocations, sizeof(*r));
    if (r != NULL) {
        ok = text_format(r->context, sizeof(r->context), "ctx/%s+=%s", guid, "\xc3\xa9")
             && text_copy(r->serial, sizeof(r->serial), serial)
             && text_copy(r->ca_configuration, sizeof(r->ca_configuration),
                          ca_configuration != NULL ? ca_configuration : "")
             && text_copy(r->issuer, sizeof(r->issuer), issuer != NULL ? issuer : "");
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return ok;
}
