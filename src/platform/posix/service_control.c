/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/service_control.h"

/* There is no such manager here: systemd and its like start "openndes run". */
static bool windows_only(struct error *err)
{
    return error_set(err, REASON_WINDOWS_ONLY,
                     "there is no Windows service here; let the system's service manager start "
                     "\"openndes run\"");
}

bool service_control_status(const char *name, struct service_status *out, struct error *err)
{
    (void)name;
    (void)out;
    return windows_only(err);
}

bool service_control_install(const struct service_definition *definition, bool *made,
                             service_warning *warn, void *context, struct error *err)
{
    (void)definition;
    (void)made;
    (void)warn;
    (void)context;
    return windows_only(err);
}

bool service_control_uninstall(const char *name, int64_t timeout_ms, bool *removed,
                               struct error *err)
{
    (void)name;
    (void)timeout_ms;
    (void)removed;
    return windows_only(err);
}

bool service_control_start(const char *name, int64_t timeout_ms, struct error *err)
{
    (void)name;
    (void)timeout_ms;
    return windows_only(err);
}

bool service_control_stop(const char *name, int64_t timeout_ms, struct error *err)
{
    (void)name;
    (void)timeout_ms;
    return windows_only(err);
}

bool service_control_reload(const char *name, struct error *err)
{
    (void)name;
    return windows_only(err);
}
