/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  say in an error where in a configuration file it is: "<file>:<line>: <key>: ...".
 * Not here: finding lines in JSON (base/json.h).
 * Owns:     nothing; file name and text are borrowed.
 * Threads:  any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_CONFIG_CONFIG_PLACE_H
#define OPENNDES_CONFIG_CONFIG_PLACE_H

#include "base/buffer.h"

struct config_place {
    const char *file;
    struct bytes text; /* of the whole file */
};

/*
 * Put file, line and key before the detail of a failure. A key that is not in the text (its default
 * applies) gets no line. key may come from the file: it is escaped and cut. Returns false.
 */
bool config_place_key(const struct config_place *place, const char *key, struct error *err);
/* For a failure of json_value_parse: "line N" of its detail moves to where a line belongs, and what
 * is a limit there is bad syntax here. Returns false. */
bool config_place_syntax(const struct config_place *place, const struct error *cause,
                         struct error *err);

#endif
