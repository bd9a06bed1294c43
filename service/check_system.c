/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_system.h"

#include <string.h>

#include "base/product.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/firewall.h"
#include "platform/rights.h"
#include "platform/service_control.h"
#include "platform/sockets.h"
#include "service/check_remedy.h"
#include "service/data_folder.h"
#include "service/setup.h"
#include "service/service_verbs.h"
#include "service/urls.h"

/* Below this a CRL, a log and a database of a busy day no longer fit. */
#define FREE_BYTES_MIN (100ull * 1024 * 1024)
/* Clocks of machines that keep time differ by less. */
#define CLOCK_SLACK_SECONDS 120
/* Two checks at once hold a port for an instant. */
#define PORT_TRIES 5
#define RIGHTS_ENTRIES_MAX 100000u
#define RIGHTS_SHOWN 10u
#define PORTS_TEXT_MAX 256

struct system_check {
    const struct check_system_options *o;
    bool running; /* a server holds this data folder */
    size_t unsafe;
};

static bool tell(const struct system_check *c, enum check_level level, const char *what,
                 const struct error *why, const char *text, const char *remedy, struct error *err)
{
    return c->o->visit(c->o->context, level, what, why, text, remedy, err);
}

static bool is_running(const char *data)
{
    char path[FILE_PATH_MAX];
    struct file_lock *lock = NULL;
    struct error ignored = ERROR_INIT;
    bool held = true;

    if (!data_path_lock(data, path, &ignored) || !file_exists(path)
        || !file_lock_try(path, &lock, &held, &ignored)) {
        return false;
    }
    file_lock_release(lock);
    return !held;
}

/* ---- rights --------------------------------------------------------------------------------- */

/* A rights_visit. The first ones are shown: a whole folder of them has one cause. */
static bool unsafe(void *context, const char *path, const struct error *why, struct error *err)
{
    struct system_check *c = context;

    (void)path; /* the sentence names it */
    c->unsafe++;
    return c->unsafe > RIGHTS_SHOWN || tell(c, CHECK_ERROR, "rights", why, why->detail, NULL, err);
}

static bool check_rights(struct system_check *c, struct error *err)
{
    struct error why = ERROR_INIT;
    char text[96];

    if (!rights_check_tree(c->o->data, RIGHTS_ENTRIES_MAX, unsafe, c, &why)) {
        return tell(c, CHECK_WARNING, "rights", &why, why.detail, NULL, err);
    }
    if (c->unsafe > RIGHTS_SHOWN) {
        return text_format(text, sizeof(text), "%zu files and folders more",
                           c->unsafe - RIGHTS_SHOWN)
               && tell(c, CHECK_ERROR, "rights", NULL, text, check_remedy(REASON_RIGHTS_UNSAFE),
                       err);
    }
    return c->unsafe != 0
           || tell(c, CHECK_OK, "rights", NULL,
                   "nobody else may change the data folder or read its secrets", NULL, err);
}

/* ---- ports ---------------------------------------------------------------------------------- */

static bool try_listen(const struct listen_config *at, struct error *why)
{
    char holder[128];

    for (int i = 0; i < PORT_TRIES; i++) {
        socket_handle socket = SOCKET_HANDLE_NONE;
        uint16_t port = 0;

        error_clear(why);
        if (socket_listen(&at->address, at->port, 1, &socket, &port, why)) {
            socket_close(socket);
            return true;
        }
        if (why->reason != REASON_PORT_IN_USE
            || socket_port_holder(at->port, holder, sizeof(holder))) {
            break;
        }
    }
    return false;
}

static bool held_by_us(uint16_t port)
{
    char holder[128];

    return !socket_port_holder(port, holder, sizeof(holder))
           || text_starts_nocase(holder, "openndes");
}

/* One address; `level`: how bad it is that the server cannot listen there. */
static bool check_port(struct system_check *c, const char *key, enum check_level level,
                       const struct url_listener *listener, struct error *err)
{
    struct error why = ERROR_INIT;
    const struct ip_address *address = &listener->at.address;
    char text[IP_TEXT_MAX];
    char what[IP_TEXT_MAX + 32];
    bool is_free;

    if (listener->at.port == 0) {
        return true; /* any free one */
    }
    ip_address_format(address, text);
    if (!text_format(what, sizeof(what), strchr(text, ':') != NULL ? "%s [%s]:%u" : "%s %s:%u", key,
                     text, (unsigned)listener->at.port)) {
        return error_set(err, REASON_INTERNAL, "an address as text");
    }
    is_free = try_listen(&listener->at, &why);
    if (is_free && !c->running) {
        return tell(c, CHECK_OK, what, NULL, "the port is free", NULL, err);
    }
    if (is_free) {
        return tell(c, CHECK_WARNING, what, NULL,
                    "the running server does not listen there: it was started with other "
                    "addresses, or before they were changed",
                    "openndes service restart", err);
    }
    /* An account that may not take the port is told so before it is told that the port is taken. */
    if (c->running && (why.reason == REASON_PORT_IN_USE || why.reason == REASON_PORT_NOT_PERMITTED)
        && held_by_us(listener->at.port)) {
        return tell(c, CHECK_OK, what, NULL, "the server listens there", NULL, err);
    }
    /* The service's account may do what this one may not. */
    return tell(c, why.reason == REASON_PORT_NOT_PERMITTED ? CHECK_WARNING : level, what, &why,
                why.detail,
                level == CHECK_ERROR ? NULL
                                     : "stop what holds the port, or: openndes config set "
                                       "management.listen=...; without it there are no metrics",
                err);
}

static bool check_ports(struct system_check *c, struct error *err)
{
    struct url_listener listeners[URL_LISTENERS_MAX];
    size_t count = 0;

    url_listeners_add(c->o->config->listen, false, listeners, &count);
    url_listeners_add(c->o->config->https.listen, true, listeners, &count);
    for (size_t i = 0; i < count; i++) {
        if (!check_port(c, listeners[i].tls ? "https.listen" : "listen", CHECK_ERROR, &listeners[i],
                        err)) {
            return false;
        }
    }
    return count != 0
           || tell(c, CHECK_ERROR, "listen", NULL, "nowhere: listen and https.listen are empty",
                   "openndes config set listen=0.0.0.0:80", err);
}

/* Nobody signs in there. A port that is held keeps no device from enrolling. */
static bool check_management(struct system_check *c, struct error *err)
{
    struct url_listener listeners[URL_LISTENERS_MAX];
    size_t count = 0;

    url_listeners_add(c->o->config->management.listen, false, listeners, &count);
    for (size_t i = 0; i < count; i++) {
        if (!ip_address_is_loopback(&listeners[i].at.address)
            && !tell(c, CHECK_WARNING, "management.listen", NULL,
                     "metrics are served to more than this machine, and nobody signs in there",
                     "let a firewall pass only the monitoring server, or: openndes config set "
                     "management.listen=127.0.0.1:9880",
                     err)) {
            return false;
        }
        if (!check_port(c, "management.listen", CHECK_WARNING, &listeners[i], err)) {
            return false;
        }
    }
    return true;
}

/* ---- clock, disk ---------------------------------------------------------------------------- */

/* What this server wrote last cannot be later than now: certificates would begin too early. */
static bool clock_went_back(const struct system_check *c, int64_t *seconds)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    struct file_stamp stamp = { 0 };
    struct error ignored = ERROR_INIT;

    if (!data_path_logs(c->o->data, folder, &ignored)
        || !path_join(path, folder, "openndes.log", &ignored)
        || !file_stamp(path, &stamp, &ignored)) {
        return false;
    }
    *seconds = stamp.modified_ns / 1000000000 - c->o->now;
    return *seconds > CLOCK_SLACK_SECONDS;
}

static bool check_clock(struct system_check *c, struct error *err)
{
    char now[CLOCK_TEXT_MAX];
    char text[128];
    int64_t seconds = 0;

    clock_format(c->o->now, now);
    if (clock_went_back(c, &seconds)) {
        return text_format(text, sizeof(text),
                           "it says %s, but the log was written %lld seconds later than that", now,
                           (long long)seconds)
               && tell(c, CHECK_ERROR, "clock", NULL, text,
                       "set the clock (w32tm /resync) before certificates are issued", err);
    }
    if (clock_source() == CLOCK_SOURCE_NONE) {
        return text_format(text, sizeof(text), "%s UTC, but nothing keeps it right", now)
               && tell(c, CHECK_WARNING, "clock", NULL, text,
                       "start the time service (Windows: net start w32time)", err);
    }
    return text_format(text, sizeof(text), "%s UTC", now)
           && tell(c, CHECK_OK, "clock", NULL, text, NULL, err);
}

static bool check_disk(struct system_check *c, struct error *err)
{
    uint64_t free_bytes = 0;
    char text[96];

    if (!folder_free_bytes(c->o->data, &free_bytes)) {
        return true;
    }
    return text_format(text, sizeof(text), "%llu MB free",
                       (unsigned long long)(free_bytes / (1024 * 1024)))
           && (free_bytes < FREE_BYTES_MIN
                   ? tell(c, CHECK_WARNING, "disk", NULL, text,
                          "make room: when it is full no certificate can be issued", err)
                   : tell(c, CHECK_OK, "disk", NULL, text, NULL, err));
}

/* ---- the Windows service -------------------------------------------------------------------- */

static void without_end(char *folder)
{
    size_t len = strlen(folder);

    while (len > 0 && (folder[len - 1] == '\\' || folder[len - 1] == '/')) {
        folder[--len] = '\0';
    }
}

/* The names of folders have no case in Windows, which alone has services. */
static bool works_on(const char *command, const char *data)
{
    struct error ignored = ERROR_INIT;
    char folder[FILE_PATH_MAX];
    char here[FILE_PATH_MAX];

    if (!service_data_folder(command, folder) || !path_absolute(data, here, &ignored)) {
        return false;
    }
    without_end(folder);
    without_end(here);
    return text_equal_nocase(folder, here);
}

static bool check_service_state(struct system_check *c, const struct service_status *status,
                                struct error *err)
{
    char text[SERVICE_COMMAND_MAX + 64];

    if (status->state == SERVICE_STATE_MISSING) {
        return tell(c, CHECK_WARNING, "service", NULL,
                    "not installed: the server does not start with Windows",
                    "openndes service install --start", err);
    }
    if (!works_on(status->command, c->o->data)) {
        return text_format(text, sizeof(text), "it works on another data folder: %s",
                           status->command)
               && tell(c, CHECK_WARNING, "service", NULL, text,
                       "openndes --data FOLDER service install", err);
    }
    if (status->state == SERVICE_STATE_RUNNING) {
        return text_format(text, sizeof(text), "running as %s, process %u", status->account,
                           (unsigned)status->process_id)
               && tell(c, status->automatic ? CHECK_OK : CHECK_WARNING, "service", NULL, text,
                       status->automatic ? NULL
                                         : "it does not start with Windows: openndes "
                                           "service install",
                       err);
    }
    return text_format(text, sizeof(text),
                       "it does not run; Windows' code of its last end: %u (%u)",
                       (unsigned)status->exit_code, (unsigned)status->service_code)
           && tell(c, c->running ? CHECK_WARNING : CHECK_ERROR, "service", NULL, text,
                   "openndes service start; the end of logs\\openndes.log says what hinders it",
                   err);
}

static bool check_service(struct system_check *c, struct error *err)
{
    struct service_status status;
    struct error why = ERROR_INIT;

    if (service_control_status(PRODUCT_SERVICE, &status, &why)) {
        return check_service_state(c, &status, err);
    }
    return why.reason == REASON_WINDOWS_ONLY
           || tell(c, CHECK_WARNING, "service", &why, why.detail, NULL, err);
}

/* The rule that "service setup" makes, for the ports that are configured now. */
static bool check_firewall(struct system_check *c, struct error *err)
{
    struct error why = ERROR_INIT;
    char ports[PORTS_TEXT_MAX];

    if (!setup_ports(c->o->config->listen, c->o->config->https.listen, ports, sizeof(ports))
        || ports[0] == '\0') {
        return true;
    }
    switch (firewall_rule_state(SETUP_FIREWALL_RULE, ports, &why)) {
    case FIREWALL_OFF:
        return tell(c, CHECK_OK, "firewall", NULL, "Windows Firewall is off", NULL, err);
    case FIREWALL_RULE:
        return tell(c, CHECK_OK, "firewall", NULL, "its rule is there", NULL, err);
    case FIREWALL_NO_RULE:
        return tell(c, CHECK_WARNING, "firewall", NULL,
                    "Windows Firewall is on, and no rule of ours opens the ports",
                    "openndes service setup", err);
    case FIREWALL_UNKNOWN:
        break;
    }
    return why.reason == REASON_WINDOWS_ONLY
           || tell(c, CHECK_WARNING, "firewall", &why, why.detail,
                   "look at the inbound rules by hand (wf.msc)", err);
}

bool check_system(const struct check_system_options *options, struct error *err)
{
    struct system_check c = { .o = options, .running = is_running(options->data) };

    return check_rights(&c, err) && check_clock(&c, err) && check_disk(&c, err)
           && check_service(&c, err)
           && (options->config == NULL
               || (check_ports(&c, err) && check_management(&c, err) && check_firewall(&c, err)));
}
