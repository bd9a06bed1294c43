/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/private_rights.h"

#include <stdlib.h>

#include "base/product.h"
#include "base/text.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <sddl.h>

#define TOKEN_BYTES_MAX 262144u /* a user in a thousand groups has 40 KB */

/* A SID on the stack. */
union sid_room {
    SID sid;
    BYTE bytes[SECURITY_MAX_SID_SIZE];
};

static bool product_sid(const char *text, union sid_room *out)
{
    struct error ignored = ERROR_INIT;
    wchar_t *wide = wide_from_utf8(text, &ignored);
    PSID sid = NULL;
    bool ok = wide != NULL && ConvertStringSidToSidW(wide, &sid)
              && CopySid(sizeof(out->bytes), &out->sid, sid);

    if (sid != NULL) {
        (void)LocalFree(sid);
    }
    free(wide);
    return ok;
}

/* Owned: free(); NULL when Windows does not tell. */
static void *token_information(HANDLE token, TOKEN_INFORMATION_CLASS what)
{
    DWORD size = 0;
    void *info = NULL;

    (void)GetTokenInformation(token, what, NULL, 0, &size);
    if (size == 0 || size > TOKEN_BYTES_MAX) {
        return NULL;
    }
    info = malloc(size);
    if (info != NULL && !GetTokenInformation(token, what, info, size, &size)) {
        free(info);
        info = NULL;
    }
    return info;
}

/* A group that the token may make the owner of things; a filtered administrator's may not. */
static bool group_may_own(const TOKEN_GROUPS *groups, PSID sid)
{
    const DWORD wanted = SE_GROUP_ENABLED | SE_GROUP_OWNER;

    for (DWORD i = 0; i < groups->GroupCount; i++) {
        if ((groups->Groups[i].Attributes & wanted) == wanted
            && (groups->Groups[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY) == 0
            && EqualSid(groups->Groups[i].Sid, sid)) {
            return true;
        }
    }
    return false;
}

static enum rights_owner owner_of_token(HANDLE token, union sid_room *sid)
{
    TOKEN_USER *user = token_information(token, TokenUser);
    TOKEN_GROUPS *groups = token_information(token, TokenGroups);
    enum rights_owner owner = RIGHTS_OWNER_CREATOR;
    DWORD size = sizeof(sid->bytes);

    if (user == NULL || groups == NULL) {
        goto out;
    }
    if (product_sid(PRODUCT_SERVICE_SID, sid)
        && (EqualSid(user->User.Sid, &sid->sid) || group_may_own(groups, &sid->sid))) {
        owner = RIGHTS_OWNER_SERVICE;
    } else if (CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, &sid->sid, &size)
               && group_may_own(groups, &sid->sid)) {
        owner = RIGHTS_OWNER_ADMINISTRATORS;
    }
out:
    free(user);
    free(groups);
    return owner;
}

enum rights_owner private_rights_owner(void)
{
    enum rights_owner owner = RIGHTS_OWNER_CREATOR;
    union sid_room sid;
    HANDLE token = NULL;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        owner = owner_of_token(token, &sid);
        (void)CloseHandle(token);
    }
    return owner;
}

void private_rights_adopt(void)
{
    TOKEN_OWNER owner;
    union sid_room sid;
    HANDLE token = NULL;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, &token)) {
        return;
    }
    if (owner_of_token(token, &sid) != RIGHTS_OWNER_CREATOR) {
        owner.Owner = &sid.sid;
        (void)SetTokenInformation(token, TokenOwner, &owner, sizeof(owner));
    }
    (void)CloseHandle(token);
}

void private_rights_self(char out[RIGHTS_SID_MAX])
{
    struct error ignored = ERROR_INIT;
    struct buffer text = BUFFER_INIT(RIGHTS_SID_MAX);
    TOKEN_USER *user = NULL;
    wchar_t *wide = NULL;
    HANDLE token = NULL;

    out[0] = '\0';
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return;
    }
    user = token_information(token, TokenUser);
    if (user != NULL && ConvertSidToStringSidW(user->User.Sid, &wide)
        && wide_to_utf8(wide, &text, &ignored)
        && !text_copy(out, RIGHTS_SID_MAX, buffer_text(&text))) {
        out[0] = '\0';
    }
    if (wide != NULL) {
        (void)LocalFree(wide);
    }
    buffer_clear(&text);
    free(user);
    (void)CloseHandle(token);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

bool private_rights_init(struct private_rights *rights, bool is_folder, struct error *err)
{
    char text[RIGHTS_SDDL_MAX];
    wchar_t *wide = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;

    if (!rights_text_sddl(is_folder ? RIGHTS_FOLDER : RIGHTS_FILE, private_rights_owner(), text,
                          err)) {
        return false;
    }
    wide = wide_from_utf8(text, err);
    if (wide == NULL) {
        return false;
    }
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor,
                                                              NULL)) {
        (void)win_error_set(err, REASON_FILE_NOT_WRITABLE, GetLastError(),
                            "access rights cannot be made");
        free(wide);
        return false;
    }
    free(wide);
    rights->attributes.nLength = sizeof(rights->attributes);
    rights->attributes.lpSecurityDescriptor = descriptor;
    rights->attributes.bInheritHandle = FALSE;
    return true;
}

void private_rights_clear(struct private_rights *rights)
{
    if (rights->attributes.lpSecurityDescriptor != NULL) {
        (void)LocalFree(rights->attributes.lpSecurityDescriptor);
        rights->attributes.lpSecurityDescriptor = NULL;
    }
}
