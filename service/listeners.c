/* SPDX-License-Identifier: Apache-2.0 */
#include "service/listeners.h"

#include "base/text.h"
#include "http/tls_context.h"
#include "service/events.h"
#include "service/tls_report.h"

bool listeners_add(struct listeners *l, const char *list, bool tls, struct error *err)
{
    struct bytes item;
    size_t pos = 0;
    char text[96];

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        struct url_listener *next = &l->item[l->count];

        if (l->count == LIMIT_LISTENERS) {
            return error_set(err, REASON_USAGE, "more than %u listeners", LIMIT_LISTENERS);
        }
        if (!text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)) {
            return error_set(err, REASON_CONFIG_BAD_VALUE, "a listener's address is too long");
        }
        if (!config_net_parse_listen(text, &next->at, err)) {
            return error_context(err, "listener \"%s\"", text);
        }
        next->tls = tls;
        l->count++;
    }
    return true;
}

static bool has_tls(const struct listeners *l)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->item[i].tls) {
            return true;
        }
    }
    return false;
}

bool listeners_prepare(struct listeners *l, const char *data_folder,
                       const struct service_config *config, struct error *err)
{
    if (!has_tls(l)) {
        return true;
    }
    l->tls = tls_context_create(config->https.min_version, err);
    if (l->tls == NULL) {
        return false;
    }
    l->watch = tls_watch_create(data_folder);
    return l->watch != NULL || error_set(err, REASON_NO_MEMORY, "HTTPS certificate");
}

bool listeners_open(struct listeners *l, struct http_server *server, struct error *err)
{
    for (size_t i = 0; i < l->count; i++) {
        struct http_listen_options options = {
            .address = l->item[i].at.address,
            .port = l->item[i].at.port,
            .faces = l->item[i].at.faces,
            .tls = l->item[i].tls ? l->tls : NULL,
        };

        if (!http_server_listen(server, &options, &l->item[i].at.port, err)) {
            return false;
        }
    }
    return true;
}

void listeners_poll(struct listeners *l, const struct service_config *config, struct log *log,
                    struct event_log *events)
{
    struct tls_identity identity = { .cert = NULL };
    struct error err = ERROR_INIT;
    enum tls_watch_result result;

    if (l->tls == NULL) {
        return;
    }
    result = tls_watch_poll(l->watch, config, &identity, &err);
    l->pending = l->pending || result == TLS_WATCH_NEW;
    if (result != TLS_WATCH_BROKEN) {
        if (!l->pending) {
            return;
        }
        l->pending = !tls_context_set(l->tls, &identity, &err);
        if (!l->pending) {
            log_line(log, LOG_LEVEL_INFO, "HTTPS certificate loaded");
            return;
        }
    }
    log_error(log, LOG_LEVEL_ERROR, &err, "HTTPS certificate not loaded");
    event_log_failure(events, EVENT_TLS_BROKEN, NULL, &err);
}

bool listeners_renew(struct listeners *l, const struct tls_issue_options *options, int64_t now,
                     struct log *log, struct event_log *events)
{
    struct certificate_info info;
    struct error err = ERROR_INIT;
    bool renewed = false;

    if (l->tls == NULL) {
        return false;
    }
    if (!tls_files_renew(options, now, &renewed, &info, &err)) {
        log_error(log, LOG_LEVEL_WARNING, &err, "HTTPS certificate not renewed");
        event_log_failure(events, EVENT_TLS_BROKEN, "Renewal", &err);
    } else if (renewed) {
        log_line(log, LOG_LEVEL_INFO, "HTTPS certificate renewed, serial %s", info.serial);
    }
    return renewed;
}

void listeners_note_end(const struct listeners *l, struct end_watch *ends, int64_t now)
{
    const struct certificate_info *info =
        l->tls != NULL ? tls_watch_certificate_info(l->watch) : NULL;

    if (info != NULL) {
        const struct end_thing thing = { END_KIND_TLS,    "",  info->serial, info->not_after,
                                         TLS_END_SECONDS, NULL };

        (void)end_watch_note(ends, &thing, now);
    }
}

struct survey_tls listeners_tls(const struct listeners *l)
{
    const struct certificate_info *info =
        l->tls != NULL ? tls_watch_certificate_info(l->watch) : NULL;

    return (struct survey_tls){ .served = l->tls != NULL,
                                .ends_at = info != NULL ? info->not_after : 0 };
}

void listeners_close(struct listeners *l)
{
    tls_context_free(l->tls);
    tls_watch_free(l->watch);
}
