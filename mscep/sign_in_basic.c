/* SPDX-License-Identifier: Apache-2.0 */
/* Basic: our own accounts, and those of Windows. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "mscep/sign_in_internal.h"
#include "platform/logon.h"

#define SHOWN_NAME_MAX 256 /* of an escaped name, with NUL */

bool sign_in_basic_offered(const struct sign_in *s, const struct http_request *request)
{
    struct error unused = ERROR_INIT;

    if (!s->basic) {
        return false;
    }
    return request->tls
           || (s->basic_http != NULL
               && ip_acl_check(s->basic_http, ACL_FACE_UI, &request->peer, &unused));
}

static bool own_account(struct sign_in_attempt *a, const struct sign_in_basic *basic,
                        struct error *err)
{
    struct account account;

    if (!accounts_sign_in(a->s->accounts, basic->name, secret_bytes(&basic->password), &account,
                          err)) {
        return false;
    }
    (void)snprintf(a->user->name, sizeof(a->user->name), "%s", account.name);
    a->user->allowed = account_has_scope(&account, a->scope);
    if (!a->user->allowed) {
        (void)snprintf(a->user->why, sizeof(a->user->why), "the account is for other templates");
    }
    return true;
}

static bool windows_account(struct sign_in_attempt *a, const struct sign_in_basic *basic,
                            struct error *err)
{
    struct user_token *token = NULL;

    if (!logon_user(basic->name, secret_bytes(&basic->password), &token, err)) {
        return false;
    }
    if (!user_token_name(token, a->user->name, sizeof(a->user->name))) {
        (void)snprintf(a->user->name, sizeof(a->user->name), "%s", basic->name);
    }
    sign_in_judge(a, token, "");
    user_token_free(token);
    return true;
}

bool sign_in_basic(struct sign_in_attempt *a, const struct sign_in_header *header,
                   struct error *err)
{
    struct sign_in_basic basic;
    char shown[SHOWN_NAME_MAX];
    bool ok = sign_in_basic_open(header->token, &basic, err);

    if (ok) {
        /* an account of ours has neither: no name can mean both */
        bool windows = strpbrk(basic.name, "\\@") != NULL;

        if (windows && !logon_available()) {
            ok = error_set(err, REASON_SIGN_IN_FAILED, "Windows accounts exist on Windows only");
        } else {
            ok = windows ? windows_account(a, &basic, err) : own_account(a, &basic, err);
        }
        a->user->scheme = ok ? sign_in_scheme_name(SIGN_IN_SCHEME_BASIC) : NULL;
        if (!ok) {
            text_escape(shown, sizeof(shown), bytes_of_text(basic.name));
            (void)error_context(err, "user \"%s\"", shown);
        }
    }
    if (!ok) {
        (void)error_context(err, "Basic");
    }
    sign_in_basic_clear(&basic);
    return ok;
}
