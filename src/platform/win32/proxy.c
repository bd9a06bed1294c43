/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/proxy_text.h"

#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>
#include <winhttp.h>

#define SETTING_MAX 16384u /* bytes; a bypass list of a large house is some KB */

/* Registry and group policy; what "netsh winhttp show proxy" shows. */
static bool read_settings(struct buffer *proxies, struct buffer *bypass, struct error *err)
{
    WINHTTP_PROXY_INFO info = { 0 };
    bool ok = true;

    if (!WinHttpGetDefaultProxyConfiguration(&info)) {
        return win_error_set(err, REASON_HTTP_CLIENT, GetLastError(),
                             "the machine's proxy settings (netsh winhttp show proxy) cannot be "
                             "read; intune.proxy can say none or http://HOST:PORT");
    }
    if (info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY) {
        ok = (info.lpszProxy == NULL || wide_to_utf8(info.lpszProxy, proxies, err))
             && (info.lpszProxyBypass == NULL || wide_to_utf8(info.lpszProxyBypass, bypass, err));
    }
    if (info.lpszProxy != NULL) (void)GlobalFree(info.lpszProxy);
    if (info.lpszProxyBypass != NULL) (void)GlobalFree(info.lpszProxyBypass);
    return ok;
}

bool proxy_of_system(const char *host, char proxy[PROXY_TEXT_MAX], struct error *err)
{
    struct buffer proxies = BUFFER_INIT(SETTING_MAX);
    struct buffer bypass = BUFFER_INIT(SETTING_MAX);
    bool ok =
        read_settings(&proxies, &bypass, err)
        && proxy_of_list(proxy_bypassed(buffer_text(&bypass), host) ? "" : buffer_text(&proxies),
                         "netsh winhttp", proxy, err);

    buffer_clear(&proxies);
    buffer_clear(&bypass);
    return ok;
}
