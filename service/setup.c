/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup.h"

#include "base/buffer.h"

#define TEXT_BYTES 4096u

bool setup_say(const struct setup *setup, enum check_level level, const char *what,
               const struct error *why, struct error *err, const char *format, ...)
{
    struct buffer text = BUFFER_INIT(TEXT_BYTES);
    va_list args;
    bool ok;

    va_start(args, format);
    ok = buffer_vprintf(&text, err, format, args);
    va_end(args);
    ok = ok && setup->visit(setup->context, level, what, why, buffer_text(&text), NULL, err);
    buffer_clear(&text);
    return ok;
}

struct setup_step {
    const char *what;
    bool (*run)(struct setup *setup, struct error *err);
};

static bool run_steps(struct setup *setup, const struct setup_step *steps, size_t count,
                      struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct error why = ERROR_INIT;

        if (!steps[i].run(setup, &why)) {
            struct error ignored = ERROR_INIT;

            (void)setup->visit(setup->context, CHECK_ERROR, steps[i].what, &why, why.detail, NULL,
                               &ignored);
            *err = why;
            return false;
        }
    }
    return true;
}

bool setup_run(const struct setup_options *options, check_visit *visit, void *context,
               struct error *err)
{
    /*
     * Rights last of what touches the folder, and before the service can be started. Other commands
     * follow to the folder only when the service does.
     */
    static const struct setup_step steps[] = {
        { "service", setup_system_check },     { "data folder", setup_data_folder },
        { "settings", setup_data_content },    { "import-ndes", setup_data_import },
        { "rights", setup_data_rights },       { "service", setup_system_service },
        { "registry", setup_data_note },       { "event source", setup_system_event_source },
        { "firewall", setup_system_firewall },
    };
    struct setup setup = { .options = options, .visit = visit, .context = context };

    return run_steps(&setup, steps, sizeof(steps) / sizeof(steps[0]), err);
}

bool setup_undo(bool keep_firewall, check_visit *visit, void *context, struct error *err)
{
    static const struct setup_step steps[] = {
        { "service", setup_system_remove_service },
        { "event source", setup_system_remove_event_source },
        { "registry", setup_system_remove_registry },
        { "firewall", setup_system_remove_firewall }, /* last, so that it can be left out */
    };
    struct setup setup = { .visit = visit, .context = context };

    return run_steps(&setup, steps, sizeof(steps) / sizeof(steps[0]) - (keep_firewall ? 1 : 0),
                     err);
}

bool setup_remove(check_visit *visit, void *context, struct error *err)
{
    static const struct setup_step steps[] = {
        { "firewall", setup_system_remove_firewall },
        { "event source", setup_system_remove_event_source },
    };
    struct setup setup = { .visit = visit, .context = context };

    return run_steps(&setup, steps, sizeof(steps) / sizeof(steps[0]), err);
}
