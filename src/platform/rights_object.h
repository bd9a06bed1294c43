/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the rights of one file or folder, for whoever walks the data folder.
 * Not here: which files there are (rights_place.h), walking (rights_tree.c).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     rights.h.
 */
#ifndef OPENNDES_PLATFORM_RIGHTS_OBJECT_H
#define OPENNDES_PLATFORM_RIGHTS_OBJECT_H

#include "base/error.h"

/*
 * rights_check for a thing in a data folder, which the sentence on what to do then names; NULL when
 * it is not known. Errors: as rights_check.
 */
MUST_USE bool rights_object_check(const char *data_folder, const char *path, bool is_secret,
                                  struct error *err);
/*
 * POSIX: each folder above path is owned by root or by us, and nobody else may rename what is in it
 * (a sticky folder such as /tmp is fine). On Windows whoever swapped the folder would own the new
 * one, which is found there. Errors: as rights_check.
 */
MUST_USE bool rights_object_check_above(const char *path, struct error *err);
/*
 * Give one thing the rights of new ones; *is_folder tells what it was. Links are refused. Errors:
 * REASON_REPARSE_POINT, REASON_FILE_NOT_WRITABLE.
 */
MUST_USE bool rights_object_protect(const char *path, bool *is_folder, struct error *err);

/* What lasts as long as the walk: privileges that let administrators mend what shuts them out. */
struct rights_walk;
struct rights_walk *rights_object_begin(void);    /* NULL: without */
void rights_object_end(struct rights_walk *walk); /* NULL is allowed */

#endif
