/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a template makes of a request: the plan of a certificate, or a refusal that
 *           names the rule.
 * Not here: reading templates (config/), offline policy (policy/), building certificates (ca/).
 * Owns:     the compiled rules.
 * Threads:  immutable after creation; any thread may plan.
 * Spec:     RFC 5280 4.2; nothing enters a certificate that the template does not list.
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_H
#define OPENNDES_TEMPLATE_TEMPLATE_H

#include "config/template_config.h"
#include "model/cert_plan.h"
#include "model/certificate_content.h"
#include "model/csr.h"

struct template;

/*
 * Compile the rules; config is not needed afterwards. Errors: REASON_CONFIG_BAD_VALUE with the
 * key. Owned: template_free.
 */
struct template *template_create(const struct template_config *config, struct error *err);
void template_free(struct template *t); /* NULL is allowed */

/* Does any certificate get this kind of key here (key.types)? */
bool template_takes(const struct template *t, enum key_type type);

/*
 * Check key, subject, SAN, key usage against the rules and make the plan. `now` in seconds since
 * 1970 UTC; the plan's times are now - backdate and now + validity. plan is untouched on failure.
 * Errors: kind ERROR_POLICY.
 */
MUST_USE bool template_plan(const struct template *t, const struct csr *csr, int64_t now,
                            struct cert_plan *plan, struct error *err);
/*
 * The same for a certificate that is renewed: names are those of the old one, held against today's
 * rules; key usage and extended key usage are what the template gives, cut to what the old one had,
 * and a SID stays. The request gives the key, and the key usage where the template asks it. Errors
 * also: REASON_RENEWAL_REFUSED: no usage is left.
 */
MUST_USE bool template_plan_renewal(const struct template *t, const struct csr *csr,
                                    const struct certificate_content *old, int64_t now,
                                    struct cert_plan *plan, struct error *err);

#endif
