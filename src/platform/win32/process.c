/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/process.h"

#include "platform/win32/private_rights.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <psapi.h>

#define PROGRAM_CHARS 4096u

typedef BOOL(WINAPI set_mitigation)(PROCESS_MITIGATION_POLICY policy, PVOID data, SIZE_T size);

/*
 * Not set: dynamic code and strict handles (drivers and scanners inside our process break), Control
 * Flow Guard (not built in). What an older system does not know fails silently.
 */
static void set_mitigations(void)
{
    PROCESS_MITIGATION_EXTENSION_POINT_DISABLE_POLICY extensions = { 0 };
    PROCESS_MITIGATION_IMAGE_LOAD_POLICY images = { 0 };
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    set_mitigation *set = NULL;

    if (kernel != NULL) {
        set = (set_mitigation *)(void *)GetProcAddress(kernel, "SetProcessMitigationPolicy");
    }
    if (set == NULL) {
        return;
    }
    extensions.DisableExtensionPoints = 1; /* no AppInit DLLs, no window hooks */
    (void)set(ProcessExtensionPointDisablePolicy, &extensions, sizeof(extensions));
    images.NoRemoteImages = 1;
    images.NoLowMandatoryLabelImages = 1;
    images.PreferSystem32Images = 1;
    (void)set(ProcessImageLoadPolicy, &images, sizeof(images));
}

void process_harden(void)
{
    /* nothing of this is a reason not to serve */
    (void)HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
    (void)SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    (void)SetDllDirectoryW(L""); /* not the current folder */
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX); /* nobody sees a dialog */
    set_mitigations();
    private_rights_adopt();
}

uint32_t process_id(void)
{
    return GetCurrentProcessId();
}

bool process_program_path(struct buffer *out, struct error *err)
{
    wchar_t path[PROGRAM_CHARS];
    DWORD len = GetModuleFileNameW(NULL, path, PROGRAM_CHARS);

    if (len == 0 || len == PROGRAM_CHARS) {
        return win_error_set(err, REASON_INTERNAL, GetLastError(), "the path of this program");
    }
    return wide_to_utf8(path, out, err);
}

uint64_t process_memory_bytes(void)
{
    PROCESS_MEMORY_COUNTERS counters;

    if (!GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters))) {
        return 0;
    }
    return counters.WorkingSetSize;
}
