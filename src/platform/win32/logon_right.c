/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/logon_right.h"

#include <string.h>

#include "platform/principal.h"
#include "platform/win32/principal_sid.h"
#include "platform/win32/win_error.h"

#include <ntsecapi.h>

#define STATUS_OK 0L
#define RIGHT L"SeServiceLogonRight"

static bool failed(struct error *err, NTSTATUS status)
{
    ULONG number = LsaNtStatusToWinError(status);

    return win_error_set(
        err, number == ERROR_ACCESS_DENIED ? REASON_NOT_PERMITTED : REASON_SERVICE_CONTROL,
        (uint32_t)number, "the right to log on as a service");
}

static bool has_right(LSA_HANDLE policy, PSID sid, const LSA_UNICODE_STRING *right)
{
    LSA_UNICODE_STRING *rights = NULL;
    ULONG count = 0;
    bool found = false;

    /* an account without any right is reported as a missing one */
    if (LsaEnumerateAccountRights(policy, sid, &rights, &count) != STATUS_OK) {
        return false;
    }
    for (ULONG i = 0; i < count && !found; i++) {
        found = rights[i].Length == right->Length
                && memcmp(rights[i].Buffer, right->Buffer, right->Length) == 0;
    }
    (void)LsaFreeMemory(rights);
    return found;
}

bool logon_right_give(const char *account, struct error *err)
{
    wchar_t name[] = RIGHT;
    LSA_UNICODE_STRING right = { sizeof(name) - sizeof(name[0]), sizeof(name), name };
    LSA_OBJECT_ATTRIBUTES attributes = { .Length = sizeof(attributes) };
    struct principal *principal = NULL;
    LSA_HANDLE policy = NULL;
    NTSTATUS status = STATUS_OK;
    bool ok = false;

    if (!principal_find(account, &principal, err)) goto out;
    if (principal == NULL) {
        (void)error_set(err, REASON_SERVICE_CONTROL, "this computer does not know the account %s",
                        account);
        goto out;
    }
    status = LsaOpenPolicy(NULL, &attributes, POLICY_CREATE_ACCOUNT | POLICY_LOOKUP_NAMES, &policy);
    if (status != STATUS_OK) {
        policy = NULL;
        (void)failed(err, status);
        goto out;
    }
    if (!has_right(policy, principal_sid(principal), &right)) {
        status = LsaAddAccountRights(policy, principal_sid(principal), &right, 1);
    }
    ok = status == STATUS_OK || failed(err, status);
out:
    if (policy != NULL) {
        (void)LsaClose(policy);
    }
    principal_free(principal);
    return ok;
}
