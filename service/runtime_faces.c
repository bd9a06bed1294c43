/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_faces.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/event_log.h"

#define ADMIN_URL_MAX (URL_BASE_MAX + LIMIT_TEMPLATE_NAME + 256)

/* What the steps share. */
struct loading {
    const struct runtime_options *options;
    const struct runtime *now;
    const struct service_config *config;
};

static bool admin_url(const struct loading *l, const char *template_name, char *url, size_t size,
                      struct error *err)
{
    return text_format(url, size, "%s%s%s/certsrv/mscep_admin/", runtime_urls(l->now)->admin,
                       template_name[0] != '\0' ? "/scep/" : "", template_name)
           || error_set(err, REASON_CONFIG_BAD_VALUE, "public_url is too long");
}

static struct ndes_face *make_face(const struct loading *l, struct ndes_face_options *options,
                                   struct error *err)
{
    char unknown[256] = "";
    struct ndes_face *face;

    options->allowed_default = l->config->ndes.face.allowed;
    options->source = (struct ndes_password_source){
        .data_folder = l->options->data_folder,
        .store = l->options->store,
        .mac_key = l->options->mac_key,
    };
    options->public_url = runtime_urls(l->now)->scep;
    face = ndes_face_create(options, unknown, sizeof(unknown), err);
    if (face != NULL && unknown[0] != '\0') {
        log_line(l->options->log, LOG_LEVEL_WARNING,
                 "ndes.allowed of %s: this machine knows no user or group \"%s\"", options->scope,
                 unknown);
    }
    return face;
}

/* A template's own face follows from settings that were checked: only memory can lack. */
static bool load_own(const struct loading *l, size_t index, struct ndes_face **face,
                     struct error *err)
{
    const struct endpoint *endpoint = runtime_endpoint_at(l->now, index);
    struct ndes_face_options options;
    char url[ADMIN_URL_MAX];

    if (endpoint == NULL || !endpoint_enabled(endpoint)
        || endpoint_challenge_type(endpoint) != CHALLENGE_TYPE_NDES) {
        return true;
    }
    if (!admin_url(l, endpoint_name(endpoint), url, sizeof(url), err)) {
        return false;
    }
    options = (struct ndes_face_options){
        .scope = endpoint_name(endpoint),
        .config = endpoint_ndes_face(endpoint),
        .endpoints = { endpoint, endpoint, endpoint },
        .admin_url = url,
    };
    *face = make_face(l, &options, err);
    return *face != NULL;
}

static const struct endpoint *template_for(const struct loading *l, const char *name,
                                           struct error *why)
{
    struct error missing = ERROR_INIT;
    const struct endpoint *endpoint = runtime_endpoint(
        l->now, name[0] != '\0' ? name : l->config->ndes.general_template, &missing);

    if (endpoint == NULL) {
        error_set(why, REASON_NDES_FACE_BROKEN, "%s", missing.detail);
    }
    return endpoint;
}

static struct ndes_face *load_service(const struct loading *l, struct error *why)
{
    struct ndes_face_options options = {
        .scope = NDES_PASSWORD_SCOPE_SERVICE,
        .config = &l->config->ndes.face,
    };
    char url[ADMIN_URL_MAX];

    if (!l->config->ndes.enabled) {
        error_set(why, REASON_NO_SUCH_URL, "ndes.enabled is false");
        return NULL;
    }
    if (!admin_url(l, "", url, sizeof(url), why)) {
        return NULL;
    }
    options.admin_url = url;
    options.endpoints[NDES_USAGE_GENERAL] = template_for(l, "", why);
    options.endpoints[NDES_USAGE_SIGNATURE] =
        template_for(l, l->config->ndes.signature_template, why);
    options.endpoints[NDES_USAGE_ENCRYPTION] =
        template_for(l, l->config->ndes.encryption_template, why);
    return error_is_set(why) ? NULL : make_face(l, &options, why);
}

static void report_broken(const struct loading *l, const struct error *why,
                          const struct runtime_faces *before)
{
    if (before != NULL && before->service_error.reason == why->reason
        && strcmp(before->service_error.detail, why->detail) == 0) {
        return; /* said before */
    }
    log_error(l->options->log, LOG_LEVEL_ERROR, why, "/certsrv/mscep serves nobody");
    event_log_failure(l->options->events, EVENT_NDES_FACE_BROKEN, NULL, why);
}

bool runtime_faces_load(struct runtime_faces *faces, const struct runtime_options *options,
                        const struct runtime *now, const struct runtime_faces *before,
                        struct error *err)
{
    struct loading l = { options, now, runtime_config(now) };
    size_t count = runtime_endpoint_count(now);

    faces->own = calloc(count + 1, sizeof(struct ndes_face *));
    if (faces->own == NULL) {
        return error_set(err, REASON_NO_MEMORY, "NDES faces");
    }
    faces->count = count;
    for (size_t i = 0; i < count; i++) {
        if (!load_own(&l, i, &faces->own[i], err)) {
            return false;
        }
    }
    faces->service = load_service(&l, &faces->service_error);
    if (faces->service != NULL || !l.config->ndes.enabled) {
        return true;
    }
    if (faces->service_error.reason == REASON_NO_MEMORY) {
        return error_set(err, REASON_NO_MEMORY, "NDES face");
    }
    report_broken(&l, &faces->service_error, before);
    return true;
}

void runtime_faces_clear(struct runtime_faces *faces)
{
    for (size_t i = 0; i < faces->count; i++) {
        ndes_face_free(faces->own[i]);
    }
    free(faces->own);
    ndes_face_free(faces->service);
}
