/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one finding of "openndes check", as its sections tell them.
 * Not here: the sections (check_*.h), printing (cmd_check.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_FINDING_H
#define OPENNDES_SERVICE_CHECK_FINDING_H

#include "base/error.h"

enum check_level { CHECK_OK, CHECK_WARNING, CHECK_ERROR };

/*
 * One finding: what it is about, what is the matter, and what to do about it (NULL: nothing, or
 * what the reason of `why` asks for, check_remedy.h). why is NULL when no error stands behind it.
 * False ends the walk, handed on.
 */
typedef bool check_visit(void *context, enum check_level level, const char *what,
                         const struct error *why, const char *text, const char *remedy,
                         struct error *err);

#endif
