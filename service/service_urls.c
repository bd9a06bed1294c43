/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service_urls.h"

static bool append_urls(const struct runtime *runtime, const struct endpoint *endpoint,
                        const struct url_listener *listener, struct buffer *out, struct error *err)
{
    const char *name = endpoint_name(endpoint);
    struct error ignored = ERROR_INIT;
    char base[URL_BASE_MAX];

    url_base(&listener->at.address, listener->at.port, listener->tls, base);
    if ((listener->at.faces & LISTEN_FACE_SCEP) != 0
        && !buffer_printf(out, err, "SCEP URL: %s/scep/%s\n", base, name)) {
        return false;
    }
    return (listener->at.faces & LISTEN_FACE_UI) == 0
           || runtime_ndes_face(runtime, name, &ignored) == NULL
           || buffer_printf(out, err, "Password page: %s/scep/%s/certsrv/mscep_admin/\n", base,
                            name);
}

static bool append_service_urls(const struct runtime *runtime, const struct url_listener *listener,
                                struct buffer *out, struct error *err)
{
    struct error ignored = ERROR_INIT;
    char base[URL_BASE_MAX];

    if (runtime_ndes_face(runtime, "", &ignored) == NULL) {
        return true;
    }
    url_base(&listener->at.address, listener->at.port, listener->tls, base);
    if ((listener->at.faces & LISTEN_FACE_SCEP) != 0
        && !buffer_printf(out, err, "NDES URL: %s/certsrv/mscep/mscep.dll\n", base)) {
        return false;
    }
    return (listener->at.faces & LISTEN_FACE_UI) == 0
           || buffer_printf(out, err, "NDES password page: %s/certsrv/mscep_admin/\n", base);
}

bool service_urls(const struct runtime *runtime, const struct listeners *listeners,
                  struct buffer *out, struct error *err)
{
    for (size_t t = 0; t < runtime_endpoint_count(runtime); t++) {
        const struct endpoint *endpoint = runtime_endpoint_at(runtime, t);

        for (size_t i = 0; endpoint != NULL && endpoint_enabled(endpoint) && i < listeners->count;
             i++) {
            if (!append_urls(runtime, endpoint, &listeners->item[i], out, err)) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < listeners->count; i++) {
        if (!append_service_urls(runtime, &listeners->item[i], out, err)) {
            return false;
        }
    }
    return true;
}
