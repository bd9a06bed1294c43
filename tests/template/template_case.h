/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  ask a template about a request in one call.
 * Not here: what is asked and expected (test_template*.c).
 * Owns:     nothing.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_TEMPLATE_TEMPLATE_CASE_H
#define OPENNDES_TESTS_TEMPLATE_TEMPLATE_CASE_H

#include "model/csr_builder.h"
#include "template/template.h"

#define TEMPLATE_CASE_NOW 1700000000

/* What config_load would give without a setting; texts are literals: do not clear it. */
struct template_config template_case_config(void);
/*
 * Build and parse the request (the builder is used up), make the template, plan. The reason is
 * REASON_NONE when there is a plan; it is the caller's then.
 */
enum reason template_case_plan(const struct template_config *config, struct csr_builder *b,
                               struct cert_plan *plan);
/* The same without a plan to look at; fails the test when the outcome differs. */
void template_case_expect(const struct template_config *config, struct csr_builder *b,
                          enum reason expected, const char *name);

#endif
