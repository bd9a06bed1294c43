/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the inbound rule of Windows Firewall for this program.
 * Not here: which ports (service/setup.h).
 * Owns:     nothing that lives on.
 * Threads:  a thread of a command; initialises COM for itself and leaves it as it was.
 * Spec:     INetFwPolicy2, INetFwRule. On POSIX: REASON_WINDOWS_ONLY.
 */
#ifndef OPENNDES_PLATFORM_FIREWALL_H
#define OPENNDES_PLATFORM_FIREWALL_H

#include "base/error.h"

struct firewall_rule {
    const char *name;
    const char *description;
    const char *program; /* whole path of the EXE */
    const char *ports;   /* "80,443" */
};

enum firewall_state {
    FIREWALL_UNKNOWN, /* the system does not tell */
    FIREWALL_OFF,     /* off in every profile that is active */
    FIREWALL_NO_RULE,
    FIREWALL_RULE /* on, and there is an enabled rule of this name for these ports */
};

/*
 * Add the rule, for the profiles domain and private; one of the same name gets program and ports
 * and keeps whatever else an administrator has given it. Errors: REASON_FIREWALL.
 */
MUST_USE bool firewall_rule_set(const struct firewall_rule *rule, struct error *err);
/* A missing rule is no error. */
MUST_USE bool firewall_rule_remove(const char *name, struct error *err);
/* ports NULL: whichever. FIREWALL_UNKNOWN comes with a reason in err (REASON_FIREWALL). */
enum firewall_state firewall_rule_state(const char *name, const char *ports, struct error *err);

#endif
