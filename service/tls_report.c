/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_report.h"

#include "base/text.h"
#include "platform/clock.h"
#include "service/urls.h"

#define SENTENCE_MAX 768

enum tls_times tls_report_times(const struct certificate_info *info, int64_t now, char *text,
                                size_t size)
{
    int64_t left = info->not_after - now;
    enum tls_times times = TLS_TIMES_FINE;
    char date[CLOCK_TEXT_MAX];
    bool fits = true;

    text[0] = '\0';
    if (left < 0) {
        clock_format(info->not_after, date);
        times = TLS_TIMES_ENDED;
        fits = text_format(text, size,
                           "the HTTPS certificate ended at %s, clients refuse it; put in a new "
                           "one: openndes tls issue, or tls import",
                           date);
    } else if (now < info->not_before) {
        clock_format(info->not_before, date);
        times = TLS_TIMES_NOT_YET;
        fits = text_format(
            text, size, "the HTTPS certificate begins at %s; is this machine's clock right?", date);
    } else if (end_stage(info->not_after, TLS_END_SECONDS, now) != END_FAR) {
        clock_format(info->not_after, date);
        times = TLS_TIMES_END_SOON;
        fits = text_format(text, size, "the HTTPS certificate ends at %s (%lld days)", date,
                           (long long)(left / END_DAY_SECONDS));
    }
    return fits ? times : TLS_TIMES_ENDED;
}

static bool report_names(const struct tls_files *files, const struct service_config *config,
                         tls_report_visit *visit, void *context, struct error *err)
{
    struct buffer names = BUFFER_INIT(65536);
    char text[SENTENCE_MAX];
    char host[URL_BASE_MAX];
    bool ok = false;

    if (!server_cert_names(&files->server, &names, err)) goto out;
    ok = true;
    if (names.len == 0) {
        ok = visit(context, false,
                   "the HTTPS certificate has no subject alternative name; clients of today refuse "
                   "it",
                   err);
    } else if (text_starts_nocase(config->public_url, "https://")
               && url_host(config->public_url, host, sizeof(host))
               && !server_cert_covers(&files->server, host)
               && text_format(text, sizeof(text),
                              "the HTTPS certificate is not for %s, the host in public_url; its "
                              "names are %.300s",
                              host, buffer_text(&names))) {
        ok = visit(context, false, text, err);
    }
out:
    buffer_clear(&names);
    return ok;
}

bool tls_report(const struct tls_files *files, const struct service_config *config, int64_t now,
                tls_report_visit *visit, void *context, struct error *err)
{
    char text[SENTENCE_MAX];
    enum tls_times times = tls_report_times(&files->info, now, text, sizeof(text));

    if (times != TLS_TIMES_FINE
        && !visit(context, times == TLS_TIMES_ENDED || times == TLS_TIMES_NOT_YET, text, err)) {
        return false;
    }
    if (!server_cert_may_sign(&files->server)
        && !visit(context, false,
                  "the HTTPS certificate's keyUsage lacks digitalSignature; clients with TLS 1.3 "
                  "refuse it",
                  err)) {
        return false;
    }
    return report_names(files, config, visit, context, err);
}
