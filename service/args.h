/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  options and positional arguments of one command.
 * Not here: what they mean (cmd_*.c).
 * Owns:     nothing: everything points into argv.
 * Threads:  pure functions.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_ARGS_H
#define OPENNDES_SERVICE_ARGS_H

#include "base/error.h"

#define ARGS_POSITIONAL_MAX 128
#define ARGS_REPEAT_MAX 16

enum arg_type { ARG_FLAG, ARG_TEXT, ARG_REPEATED };

struct arg_repeated {
    const char *values[ARGS_REPEAT_MAX];
    size_t count;
};

/* One option a command knows: "--name" or "--name VALUE" or "--name=VALUE". */
struct arg_option {
    const char *name; /* with its dashes */
    enum arg_type type;
    void *target; /* bool, const char * or struct arg_repeated */
};

struct args {
    const char *positional[ARGS_POSITIONAL_MAX];
    size_t count;
};

/*
 * Sort argv[0..argc-1] into options and positional arguments; "--" ends the options, a lone "-" is
 * a value. Errors: REASON_USAGE with the argument's name (never a value: it might be a secret typed
 * by mistake).
 */
MUST_USE bool args_parse(int argc, char **argv, const struct arg_option *options,
                         size_t option_count, struct args *out, struct error *err);
/* REASON_USAGE unless min <= count <= max. */
MUST_USE bool args_expect(const struct args *args, size_t min, size_t max, const char *usage,
                          struct error *err);

#endif
