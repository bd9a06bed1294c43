/* SPDX-License-Identifier: Apache-2.0 */
#include "service/args.h"

#include <string.h>

static const struct arg_option *find_option(const struct arg_option *options, size_t count,
                                            const char *arg, size_t name_len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == name_len && memcmp(options[i].name, arg, name_len) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static bool store_value(const struct arg_option *option, const char *value, struct error *err)
{
    struct arg_repeated *repeated = option->target;

    if (option->type == ARG_TEXT) {
        if (*(const char **)option->target != NULL) {
            return error_set(err, REASON_USAGE, "%s is given twice", option->name);
        }
        *(const char **)option->target = value;
        return true;
    }
    if (repeated->count == ARGS_REPEAT_MAX) {
        return error_set(err, REASON_USAGE, "%s is given more than %d times", option->name,
                         ARGS_REPEAT_MAX);
    }
    repeated->values[repeated->count++] = value;
    return true;
}

static bool parse_option(int argc, char **argv, int *index, const struct arg_option *options,
                         size_t option_count, struct error *err)
{
    const char *arg = argv[*index];
    const char *equals = strchr(arg, '=');
    size_t name_len = equals == NULL ? strlen(arg) : (size_t)(equals - arg);
    const struct arg_option *option = find_option(options, option_count, arg, name_len);

    if (option == NULL) {
        return error_set(err, REASON_USAGE, "unknown option %.*s",
                         (int)(name_len > 40 ? 40 : name_len), arg);
    }
    if (option->type == ARG_FLAG) {
        if (equals != NULL) {
            return error_set(err, REASON_USAGE, "%s takes no value", option->name);
        }
        *(bool *)option->target = true;
        return true;
    }
    if (equals != NULL) {
        return store_value(option, equals + 1, err);
    }
    if (*index + 1 >= argc) {
        return error_set(err, REASON_USAGE, "%s needs a value", option->name);
    }
    *index += 1;
    return store_value(option, argv[*index], err);
}

bool args_parse(int argc, char **argv, const struct arg_option *options, size_t option_count,
                struct args *out, struct error *err)
{
    bool only_positional = false;

    out->count = 0;
    for (int i = 0; i < argc; i++) {
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = true;
        } else if (!only_positional && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!parse_option(argc, argv, &i, options, option_count, err)) {
                return false;
            }
        } else if (out->count == ARGS_POSITIONAL_MAX) {
            return error_set(err, REASON_USAGE, "more than %d arguments", ARGS_POSITIONAL_MAX);
        } else {
            out->positional[out->count++] = argv[i];
        }
    }
    return true;
}

bool args_expect(const struct args *args, size_t min, size_t max, const char *usage,
                 struct error *err)
{
    if (args->count < min || args->count > max) {
        return error_set(err, REASON_USAGE, "usage: openndes %s", usage);
    }
    return true;
}
