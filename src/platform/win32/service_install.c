/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/product.h"
#include "platform/service_text.h"
#include "platform/win32/logon_right.h"
#include "platform/win32/service_handle.h"
#include "platform/win32/wide.h"

#define RESTART_MS 60000
#define RESET_SECONDS 86400
#define PRESHUTDOWN_MS 60000

/* Everything of one definition in the system's texts. */
struct wide_definition {
    wchar_t *display_name;
    wchar_t *description;
    wchar_t *command;
    wchar_t *account;  /* NULL: as it is */
    wchar_t *password; /* NULL: none */
};

/* One of the settings that a system may not know. */
struct setting {
    const char *what;
    DWORD level;
    void *info;
};

static void wide_definition_clear(struct wide_definition *wide)
{
    if (wide->password != NULL) {
        secret_wipe(wide->password, wcslen(wide->password) * sizeof(*wide->password));
    }
    free(wide->display_name);
    free(wide->description);
    free(wide->command);
    free(wide->account);
    free(wide->password);
}

static bool wide_text(const char *text, wchar_t **out, struct error *err)
{
    *out = text == NULL ? NULL : wide_from_utf8(text, err);
    return text == NULL || *out != NULL;
}

/*
 * Windows wants no password for those accounts whose password it knows itself, and an empty one,
 * which replaces what is stored, for its own accounts.
 */
static bool wide_password(enum service_account_kind kind, const struct secret *password,
                          wchar_t **out, struct error *err)
{
    switch (kind) {
    case SERVICE_ACCOUNT_USER:
        return wide_text((const char *)password->data, out, err);
    case SERVICE_ACCOUNT_SYSTEM:
    case SERVICE_ACCOUNT_BUILTIN:
        return wide_text("", out, err);
    default:
        return true;
    }
}

static bool wide_account(const struct service_definition *definition, const char *account,
                         struct wide_definition *wide, struct error *err)
{
    enum service_account_kind kind = SERVICE_ACCOUNT_VIRTUAL;
    const struct secret *password = definition->account_password;

    if (account == NULL) {
        return true;
    }
    if (!service_text_account(account, &kind, err)) {
        return false;
    }
    if (kind == SERVICE_ACCOUNT_USER && password == NULL) {
        return error_set(err, REASON_USAGE, "the account %s needs its password", account);
    }
    return wide_text(account, &wide->account, err)
           && wide_password(kind, password, &wide->password, err);
}

static bool wide_definition_make(const struct service_definition *definition, const char *account,
                                 struct wide_definition *wide, struct error *err)
{
    return wide_text(definition->display_name, &wide->display_name, err)
           && wide_text(definition->description, &wide->description, err)
           && wide_text(definition->command, &wide->command, err)
           && wide_account(definition, account, wide, err);
}

/* The error control "normal" means: a failure at boot is logged, and the boot goes on. */
static bool make_service(struct service_handle *handle, const struct wide_definition *wide,
                         DWORD start, DWORD rights, struct error *err)
{
    handle->service = CreateServiceW(
        handle->manager, handle->name, wide->display_name, rights, SERVICE_WIN32_OWN_PROCESS, start,
        SERVICE_ERROR_NORMAL, wide->command, NULL, NULL, NULL, wide->account, wide->password);
    return handle->service != NULL
           || service_handle_failed(err, GetLastError(), "the service was not made");
}

static bool change_service(const struct service_handle *handle, const struct wide_definition *wide,
                           DWORD start, struct error *err)
{
    return ChangeServiceConfigW(handle->service, SERVICE_WIN32_OWN_PROCESS, start,
                                SERVICE_ERROR_NORMAL, wide->command, NULL, NULL, NULL,
                                wide->account, wide->password, wide->display_name)
           || service_handle_failed(err, GetLastError(), "the service was not changed");
}

/* Each for itself: what this system does not take leaves the others and the service as they are. */
static void apply_settings(const struct service_handle *handle, const struct wide_definition *wide,
                           bool automatic, service_warning *warn, void *context)
{
    wchar_t privileges[] = L"SeChangeNotifyPrivilege\0SeImpersonatePrivilege\0";
    SERVICE_DESCRIPTIONW description = { wide->description };
    SERVICE_DELAYED_AUTO_START_INFO delayed = { TRUE };
    SERVICE_SID_INFO sid = { SERVICE_SID_TYPE_UNRESTRICTED };
    SERVICE_REQUIRED_PRIVILEGES_INFOW required = { privileges };
    SC_ACTION actions[] = { { SC_ACTION_RESTART, RESTART_MS },
                            { SC_ACTION_RESTART, RESTART_MS },
                            { SC_ACTION_NONE, 0 } };
    SERVICE_FAILURE_ACTIONSW failure = { .dwResetPeriod = RESET_SECONDS,
                                         .cActions = sizeof(actions) / sizeof(actions[0]),
                                         .lpsaActions = actions };
    SERVICE_FAILURE_ACTIONS_FLAG on_exit_code = { TRUE };
    SERVICE_PRESHUTDOWN_INFO preshutdown = { PRESHUTDOWN_MS };
    const struct setting settings[] = {
        { "description", SERVICE_CONFIG_DESCRIPTION, &description },
        { "service SID", SERVICE_CONFIG_SERVICE_SID_INFO, &sid },
        { "required privileges", SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required },
        { "failure actions", SERVICE_CONFIG_FAILURE_ACTIONS, &failure },
        { "failure actions for exit codes", SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &on_exit_code },
        { "preshutdown time", SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown },
        /* last: only a service that starts with Windows can be delayed */
        { "delayed start", SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed },
    };
    size_t count = sizeof(settings) / sizeof(settings[0]) - (automatic ? 0 : 1);

    for (size_t i = 0; i < count; i++) {
        if (!ChangeServiceConfig2W(handle->service, settings[i].level, settings[i].info)
            && warn != NULL) {
            struct error why = ERROR_INIT;

            (void)service_handle_failed(&why, GetLastError(), settings[i].what);
            warn(context, settings[i].what, &why);
        }
    }
}

/* Windows gives the right to virtual accounts by a group; built-in ones have it. */
static void give_logon_right(const char *account, service_warning *warn, void *context)
{
    enum service_account_kind kind = SERVICE_ACCOUNT_VIRTUAL;
    struct error why = ERROR_INIT;

    if (!service_text_account(account, &kind, &why)
        || ((kind == SERVICE_ACCOUNT_MANAGED || kind == SERVICE_ACCOUNT_USER)
            && !logon_right_give(account, &why))) {
        if (warn != NULL) {
            warn(context, "log on as a service", &why);
        }
    }
}

bool service_control_install(const struct service_definition *definition, bool *made,
                             service_warning *warn, void *context, struct error *err)
{
    /* restarting is among the failure actions, and whoever sets them needs the right to start */
    const DWORD rights = SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG | SERVICE_START;
    DWORD start = definition->automatic ? SERVICE_AUTO_START : SERVICE_DEMAND_START;
    const char *account = definition->account;
    struct wide_definition wide = { NULL };
    struct service_handle handle;
    bool ok = false;

    *made = false;
    if (!service_handle_open(&handle, definition->name,
                             SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, rights, err)) {
        goto out;
    }
    if (handle.service == NULL && account == NULL) {
        account = PRODUCT_SERVICE_ACCOUNT;
    }
    if (!wide_definition_make(definition, account, &wide, err)) goto out;
    if (handle.service == NULL) {
        if (!make_service(&handle, &wide, start, rights, err)) goto out;
        *made = true;
    } else if (!change_service(&handle, &wide, start, err)) {
        goto out;
    }
    if (account != NULL) {
        give_logon_right(account, warn, context);
    }
    apply_settings(&handle, &wide, definition->automatic, warn, context);
    ok = true;
out:
    wide_definition_clear(&wide);
    service_handle_close(&handle);
    return ok;
}
