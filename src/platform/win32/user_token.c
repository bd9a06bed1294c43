/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/user_token_handle.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/win32/principal_sid.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#define NAME_UNITS 256u /* UTF-16, of the account and of its domain */
#define NAME_BYTES 2048u

struct user_token {
    HANDLE handle; /* an impersonation token, as CheckTokenMembership wants it */
    union {
        TOKEN_USER info;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } user;
};

/* ---- who gets no token ----------------------------------------------------------------------- */

/* The account Guest of a machine or domain: S-1-5-21-x-y-z-501. */
static bool is_guest_account(PSID sid)
{
    DWORD count = *GetSidSubAuthorityCount(sid);

    return count >= 2 && *GetSidSubAuthority(sid, 0) == SECURITY_NT_NON_UNIQUE
           && *GetSidSubAuthority(sid, count - 1) == DOMAIN_USER_RID_GUEST;
}

static bool read_user(struct user_token *t, struct error *err)
{
    DWORD size = 0;

    if (!GetTokenInformation(t->handle, TokenUser, t->user.bytes, sizeof(t->user.bytes), &size)) {
        return win_error_set(err, REASON_SIGN_IN_FAILED, GetLastError(),
                             "Windows has signed somebody in and does not say whom");
    }
    if (IsWellKnownSid(t->user.info.User.Sid, WinAnonymousSid)) {
        return error_set(err, REASON_SIGN_IN_FAILED, "an anonymous sign-in");
    }
    if (is_guest_account(t->user.info.User.Sid)) {
        return error_set(err, REASON_SIGN_IN_FAILED,
                         "signed in as Guest: unknown users become guests on this machine");
    }
    return true;
}

/* CheckTokenMembership takes impersonation tokens only. */
static bool need_impersonation(struct user_token *t, struct error *err)
{
    TOKEN_TYPE type = TokenPrimary;
    DWORD size = 0;
    HANDLE copy = NULL;

    if (!GetTokenInformation(t->handle, TokenType, &type, sizeof(type), &size)) {
        return win_error_set(err, REASON_SIGN_IN_FAILED, GetLastError(),
                             "the token of this sign-in cannot be read");
    }
    if (type == TokenImpersonation) {
        return true;
    }
    if (!DuplicateTokenEx(t->handle, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation,
                          &copy)) {
        return win_error_set(err, REASON_SIGN_IN_FAILED, GetLastError(),
                             "the token of this sign-in cannot be used");
    }
    (void)CloseHandle(t->handle);
    t->handle = copy;
    return true;
}

/* Also proves that memberships of this token can be read at all. */
static bool refuse_guests(const struct user_token *t, struct error *err)
{
    BYTE guests[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(guests);
    BOOL member = TRUE;

    if (!CreateWellKnownSid(WinBuiltinGuestsSid, NULL, guests, &size)
        || !CheckTokenMembership(t->handle, guests, &member)) {
        return win_error_set(err, REASON_SIGN_IN_FAILED, GetLastError(),
                             "the groups of this sign-in cannot be read");
    }
    return !member || error_set(err, REASON_SIGN_IN_FAILED, "the user is a guest");
}

struct user_token *user_token_take(HANDLE take_handle, struct error *err)
{
    struct user_token *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        (void)CloseHandle(take_handle);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in");
        return NULL;
    }
    t->handle = take_handle;
    if (!read_user(t, err) || !need_impersonation(t, err) || !refuse_guests(t, err)) {
        user_token_free(t);
        return NULL;
    }
    return t;
}

void user_token_free(struct user_token *token)
{
    if (token == NULL) {
        return;
    }
    (void)CloseHandle(token->handle);
    free(token);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool user_token_is(const struct user_token *token, const struct principal *principal)
{
    const SID_AND_ATTRIBUTES *user = &token->user.info.User;
    PSID sid = principal_sid(principal);
    BOOL member = FALSE;

    /* Windows' CheckTokenMembership looks at the user as well, Wine's at the groups alone */
    if (EqualSid(user->Sid, sid)) {
        return (user->Attributes & SE_GROUP_USE_FOR_DENY_ONLY) == 0;
    }
    return CheckTokenMembership(token->handle, sid, &member) && member;
}

bool user_token_name(const struct user_token *token, char *name, size_t size)
{
    wchar_t account[NAME_UNITS];
    wchar_t domain[NAME_UNITS];
    DWORD account_size = NAME_UNITS;
    DWORD domain_size = NAME_UNITS;
    SID_NAME_USE use = SidTypeUnknown;
    struct buffer text = BUFFER_INIT(NAME_BYTES);
    struct error ignored = ERROR_INIT;
    bool ok = false;

    if (size > 0) {
        name[0] = '\0';
    }
    ok = LookupAccountSidW(NULL, token->user.info.User.Sid, account, &account_size, domain,
                           &domain_size, &use)
         && wide_to_utf8(domain, &text, &ignored)
         && (text.len == 0 || buffer_append_byte(&text, '\\', &ignored))
         && wide_to_utf8(account, &text, &ignored) && text_copy(name, size, buffer_text(&text));
    buffer_clear(&text);
    return ok;
}
