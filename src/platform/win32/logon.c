/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/logon.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "platform/win32/user_token_handle.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

struct number_row {
    DWORD number;
    enum reason reason;
    const char *sentence;
};

/* What is not here is the user's own fault. */
static const struct number_row rows[] = {
    { ERROR_LOGON_FAILURE, REASON_SIGN_IN_FAILED, "wrong user or password" },
    { ERROR_ACCOUNT_LOCKED_OUT, REASON_SIGN_IN_FAILED,
      "the account is locked after too many wrong passwords" },
    { ERROR_ACCOUNT_DISABLED, REASON_SIGN_IN_FAILED, "the account is disabled" },
    { ERROR_PASSWORD_EXPIRED, REASON_SIGN_IN_FAILED, "the password has expired" },
    { ERROR_PASSWORD_MUST_CHANGE, REASON_SIGN_IN_FAILED, "the password must be changed first" },
    { ERROR_ACCOUNT_EXPIRED, REASON_SIGN_IN_FAILED, "the account has expired" },
    { ERROR_LOGON_TYPE_NOT_GRANTED, REASON_SIGN_IN_FAILED,
      "the account lacks the right \"Access this computer from the network\"" },
    { ERROR_NO_LOGON_SERVERS, REASON_SIGN_IN_UNAVAILABLE, "no domain controller answers" },
    { ERROR_DOMAIN_CONTROLLER_NOT_FOUND, REASON_SIGN_IN_UNAVAILABLE,
      "no domain controller answers" },
    { ERROR_TRUSTED_RELATIONSHIP_FAILURE, REASON_SIGN_IN_UNAVAILABLE,
      "this machine's trust with its domain is broken" },
    { ERROR_TRUSTED_DOMAIN_FAILURE, REASON_SIGN_IN_UNAVAILABLE,
      "the trust between the domains is broken" },
    { RPC_S_SERVER_UNAVAILABLE, REASON_SIGN_IN_UNAVAILABLE, "the logon service does not answer" },
    { ERROR_NO_SYSTEM_RESOURCES, REASON_SIGN_IN_UNAVAILABLE, "out of system resources" },
};

static bool refused(DWORD number, struct error *err)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number) {
            return error_set(err, rows[i].reason, "%s (error %lu)", rows[i].sentence,
                             (unsigned long)number);
        }
    }
    return win_error_set(err, REASON_SIGN_IN_FAILED, number, "Windows refuses the sign-in");
}

static wchar_t *password_to_wide(struct bytes password, struct error *err)
{
    struct secret text = SECRET_INIT; /* for its NUL */
    wchar_t *wide = NULL;

    if (secret_set(&text, password.data, password.len, err)) {
        wide = wide_from_utf8((const char *)text.data, err);
    }
    secret_clear(&text);
    return wide;
}

static void wipe_wide(wchar_t *text)
{
    if (text != NULL) {
        secret_wipe(text, wcslen(text) * sizeof(*text));
        free(text);
    }
}

bool logon_available(void)
{
    return true;
}

bool logon_user(const char *name, struct bytes password, struct user_token **out, struct error *err)
{
    wchar_t *wide = wide_from_utf8(name, err);
    wchar_t *secret = password_to_wide(password, err);
    wchar_t *user = wide;
    wchar_t *domain = NULL;
    HANDLE handle = NULL;
    bool ok = false;

    *out = NULL;
    if (wide == NULL || secret == NULL) {
        goto out;
    }
    user = wcschr(wide, L'\\');
    if (user != NULL) {
        *user++ = L'\0';
        domain = wide;
    } else {
        user = wide; /* "user@realm" wants no domain beside it */
    }
    if (!LogonUserW(user, domain, secret, LOGON32_LOGON_NETWORK, LOGON32_PROVIDER_DEFAULT,
                    &handle)) {
        ok = refused(GetLastError(), err);
        goto out;
    }
    /* success alone proves nothing: the token must be one (Wine signs everybody in) */
    *out = user_token_take(handle, err);
    ok = *out != NULL;
out:
    wipe_wide(secret);
    free(wide);
    return ok;
}
