/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what lies where in the data folder, as far as rights go.
 * Not here: the rights (rights.h), what the files contain.
 * Owns:     the table.
 * Threads:  pure functions.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_PLATFORM_RIGHTS_PLACE_H
#define OPENNDES_PLATFORM_RIGHTS_PLACE_H

enum rights_place {
    RIGHTS_PLACE_OTHER, /* not ours: not looked at */
    RIGHTS_PLACE_OPEN,  /* settings, certificates, logs: nobody else may change them */
    RIGHTS_PLACE_SECRET /* keys, secrets, database: nor read them */
};

/* relative: below the data folder, with '/'; "" is the folder itself. Case counts not. */
enum rights_place rights_place_of(const char *relative);

#endif
