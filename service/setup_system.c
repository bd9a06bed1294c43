/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/product.h"
#include "base/text.h"
#include "config/config_load.h"
#include "config/config_net.h"
#include "platform/firewall.h"
#include "platform/process.h"
#include "platform/registry.h"
#include "platform/service_text.h"
#include "service/setup.h"
#include "service/urls.h"

#define DISPLAY_NAME "OpenNDES"
#define DESCRIPTION                                                                                \
    "Issues certificates to devices by SCEP, in the place of Network Device Enrollment Service."
#define PORTS_BYTES 256u
#define EVENT_TYPES 7u /* errors, warnings, information */

/* ---- texts ----------------------------------------------------------------------------------- */

bool setup_command(const char *program, const char *data, char *command, size_t size,
                   struct error *err)
{
    struct buffer text = BUFFER_INIT(SERVICE_COMMAND_MAX);
    bool ok = service_text_quote(&text, program, err)
              && buffer_append_text(&text, " run --service --data ", err)
              && service_text_quote(&text, data, err)
              && (text_copy(command, size, buffer_text(&text))
                  || error_set(err, REASON_LIMIT, "the command line of the service is too long"));

    buffer_clear(&text);
    return ok;
}

static int compare_ports(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

bool setup_ports(const char *listen, const char *https_listen, char *ports, size_t size)
{
    struct url_listener listeners[URL_LISTENERS_MAX];
    struct buffer text = BUFFER_INIT(PORTS_BYTES);
    struct error too_long = ERROR_INIT;
    uint16_t found[URL_LISTENERS_MAX] = { 0 };
    size_t listener_count = 0;
    size_t count = 0;
    bool ok = true;

    url_listeners_add(listen, false, listeners, &listener_count);
    url_listeners_add(https_listen, true, listeners, &listener_count);
    for (size_t i = 0; i < listener_count; i++) {
        if (!ip_address_is_loopback(&listeners[i].at.address) && listeners[i].at.port != 0) {
            found[count++] = listeners[i].at.port;
        }
    }
    qsort(found, count, sizeof(found[0]), compare_ports);
    for (size_t i = 0; ok && i < count; i++) {
        if (i == 0 || found[i] != found[i - 1]) {
            ok = buffer_printf(&text, &too_long, "%s%u", text.len == 0 ? "" : ",", found[i]);
        }
    }
    ok = ok && text_copy(ports, size, buffer_text(&text));
    buffer_clear(&text);
    return ok;
}

static bool program_path(char path[FILE_PATH_MAX], struct error *err)
{
    struct buffer text = BUFFER_INIT(FILE_PATH_MAX);
    bool ok = process_program_path(&text, err)
              && (text_copy(path, FILE_PATH_MAX, buffer_text(&text))
                  || error_set(err, REASON_LIMIT, "the path of this program is too long"));

    buffer_clear(&text);
    return ok;
}

/* ---- putting there --------------------------------------------------------------------------- */

/* A service_warning: the visitor's own failure waits in the struct. */
struct warning_walk {
    const struct setup *setup;
    struct error err;
};

static void warn_setting(void *context, const char *what, const struct error *why)
{
    struct warning_walk *walk = context;

    if (!error_is_set(&walk->err)) {
        (void)setup_say(walk->setup, CHECK_WARNING, "service", why, &walk->err,
                        "Windows has not taken a setting: %s%s%s", why->detail,
                        strstr(why->detail, what) == NULL ? ", for " : "",
                        strstr(why->detail, what) == NULL ? what : "");
    }
}

static bool make_command(const struct setup *setup, char command[SERVICE_COMMAND_MAX],
                         struct error *err)
{
    char program[FILE_PATH_MAX];

    return program_path(program, err)
           && setup_command(program, setup->options->data, command, SERVICE_COMMAND_MAX, err);
}

bool setup_system_check(struct setup *setup, struct error *err)
{
    char command[SERVICE_COMMAND_MAX];

    return make_command(setup, command, err);
}

bool setup_system_service(struct setup *setup, struct error *err)
{
    struct service_definition definition = {
        .name = PRODUCT_SERVICE,
        .display_name = DISPLAY_NAME,
        .description = DESCRIPTION,
        .account = setup->options->account,
        .account_password = setup->options->password,
        .automatic = setup->options->automatic,
    };
    struct warning_walk walk = { .setup = setup, .err = ERROR_INIT };
    char command[SERVICE_COMMAND_MAX];
    bool made = false;

    if (!make_command(setup, command, err)) {
        return false;
    }
    definition.command = command;
    if (!service_control_install(&definition, &made, warn_setting, &walk, err)) {
        return false;
    }
    if (error_is_set(&walk.err)) {
        *err = walk.err;
        return false;
    }
    return setup_say(setup, CHECK_OK, "service", NULL, err, "%s " PRODUCT_SERVICE ": %s",
                     made ? "made" : "set", command);
}

bool setup_system_event_source(struct setup *setup, struct error *err)
{
    struct error why = ERROR_INIT;
    char program[FILE_PATH_MAX];

    if (!program_path(program, &why) || !registry_make_key(SETUP_EVENT_SOURCE_KEY, &why)
        || !registry_write_text(SETUP_EVENT_SOURCE_KEY, "EventMessageFile", program, true, &why)
        || !registry_write_u32(SETUP_EVENT_SOURCE_KEY, "TypesSupported", EVENT_TYPES, &why)) {
        return setup_say(setup, CHECK_WARNING, "event source", &why, err,
                         "%s; events will be shown without their explanations", why.detail);
    }
    return setup_say(setup, CHECK_OK, "event source", NULL, err,
                     PRODUCT_SERVICE " in the Application log");
}

bool setup_system_firewall(struct setup *setup, struct error *err)
{
    struct service_config config = { 0 };
    struct error why = ERROR_INIT;
    char ports[PORTS_BYTES];
    char program[FILE_PATH_MAX];
    struct firewall_rule rule = {
        .name = SETUP_FIREWALL_RULE,
        .description = "Lets devices and administrators reach OpenNDES.",
        .program = program,
        .ports = ports,
    };
    bool ok = program_path(program, &why)
              && config_load_service(setup->options->data, &config, &why)
              && (setup_ports(config.listen, config.https.listen, ports, sizeof(ports))
                  || error_set(&why, REASON_LIMIT, "too many ports for one firewall rule"));

    service_config_clear(&config);
    if (ok && ports[0] == '\0') { /* all listeners are for this machine alone, such as a proxy */
        return firewall_rule_remove(SETUP_FIREWALL_RULE, &why)
                   ? setup_say(setup, CHECK_OK, "firewall", NULL, err, "no port for other machines")
                   : setup_say(setup, CHECK_WARNING, "firewall", &why, err, "%s", why.detail);
    }
    if (!ok || !firewall_rule_set(&rule, &why)) {
        return setup_say(setup, CHECK_WARNING, "firewall", &why, err,
                         "%s; other machines may not reach the service until you allow it",
                         why.detail);
    }
    return setup_say(setup, CHECK_OK, "firewall", NULL, err,
                     "rule \"" SETUP_FIREWALL_RULE "\" for TCP %s, profiles domain and private",
                     ports);
}

/* ---- taking away ----------------------------------------------------------------------------- */

bool setup_system_remove_service(struct setup *setup, struct error *err)
{
    bool removed = false;

    return service_control_uninstall(PRODUCT_SERVICE, SETUP_STOP_MS, &removed, err)
           && setup_say(setup, CHECK_OK, "service", NULL, err, "%s",
                        removed ? "stopped and removed" : "there was none");
}

/* One that names another program belongs to whoever has written it. */
static bool is_our_source(bool *ours, struct error *err)
{
    struct buffer file = BUFFER_INIT(FILE_PATH_MAX);
    char program[FILE_PATH_MAX];
    bool found = false;
    bool ok = program_path(program, err)
              && registry_read_text(SETUP_EVENT_SOURCE_KEY, "EventMessageFile", &file, &found, err);

    *ours = ok && found && text_equal_nocase(buffer_text(&file), program);
    buffer_clear(&file);
    return ok;
}

bool setup_system_remove_event_source(struct setup *setup, struct error *err)
{
    struct error why = ERROR_INIT;
    bool ours = false;

    if (!is_our_source(&ours, &why)
        || (ours && !registry_remove_key(SETUP_EVENT_SOURCE_KEY, &why))) {
        return setup_say(setup, CHECK_WARNING, "event source", &why, err, "%s", why.detail);
    }
    return setup_say(setup, CHECK_OK, "event source", NULL, err, "%s",
                     ours ? "removed" : "there was none of this program");
}

bool setup_system_remove_firewall(struct setup *setup, struct error *err)
{
    struct error why = ERROR_INIT;

    if (!firewall_rule_remove(SETUP_FIREWALL_RULE, &why)) {
        return setup_say(setup, CHECK_WARNING, "firewall", &why, err, "%s", why.detail);
    }
    return setup_say(setup, CHECK_OK, "firewall", NULL, err,
                     "no rule \"" SETUP_FIREWALL_RULE "\" any more");
}

bool setup_system_remove_registry(struct setup *setup, struct error *err)
{
    struct error why = ERROR_INIT;

    /* an installer keeps its own values beside ours */
    if (!registry_remove_value(PRODUCT_REGISTRY_KEY, PRODUCT_REGISTRY_DATA_DIR, &why)
        || !registry_remove_empty_key(PRODUCT_REGISTRY_KEY, &why)) {
        return setup_say(setup, CHECK_WARNING, "registry", &why, err, "%s", why.detail);
    }
    return setup_say(setup, CHECK_OK, "registry", NULL, err, "%s removed from HKLM\\%s",
                     PRODUCT_REGISTRY_DATA_DIR, PRODUCT_REGISTRY_KEY);
}
