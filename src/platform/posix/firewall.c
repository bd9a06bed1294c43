/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/firewall.h"

static bool windows_only(struct error *err)
{
    return error_set(err, REASON_WINDOWS_ONLY, "there is no Windows Firewall here");
}

bool firewall_rule_set(const struct firewall_rule *rule, struct error *err)
{
    (void)rule;
    return windows_only(err);
}

bool firewall_rule_remove(const char *name, struct error *err)
{
    (void)name;
    return windows_only(err);
}

enum firewall_state firewall_rule_state(const char *name, const char *ports, struct error *err)
{
    (void)name;
    (void)ports;
    (void)windows_only(err);
    return FIREWALL_UNKNOWN;
}
