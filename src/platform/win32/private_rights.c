/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/private_rights.h"

#include "platform/win32/win_error.h"

#include <sddl.h>

/*
 * D:P = a protected list: ProgramData lets every user create files, and that must not be inherited.
 * OW is the owner, whoever that is; SY is SYSTEM, BA the local administrators.
 */
static const wchar_t file_sddl[] = L"D:P(A;;FA;;;OW)(A;;FA;;;SY)(A;;FA;;;BA)";
static const wchar_t folder_sddl[] = L"D:P(A;OICI;FA;;;OW)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

bool private_rights_init(struct private_rights *rights, bool is_folder, struct error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;

    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(is_folder ? folder_sddl : file_sddl,
                                                              SDDL_REVISION_1, &descriptor, NULL)) {
        return win_error_set(err, REASON_FILE_NOT_WRITABLE, GetLastError(),
                             "access rights cannot be made");
    }
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
