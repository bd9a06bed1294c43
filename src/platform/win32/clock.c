/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/clock.h"

#include <windows.h>

#define FILETIME_PER_SECOND 10000000                 /* 100 ns */
#define FILETIME_OF_1970 INT64_C(116444736000000000) /* FILETIME counts from 1601 */

static int64_t since_1970(void)
{
    FILETIME now;

    GetSystemTimePreciseAsFileTime(&now);
    return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - FILETIME_OF_1970;
}

int64_t clock_now_ms(void)
{
    return since_1970() / (FILETIME_PER_SECOND / 1000);
}

int64_t clock_now(void)
{
    return since_1970() / FILETIME_PER_SECOND;
}

int64_t clock_monotonic_us(void)
{
    LARGE_INTEGER ticks;
    LARGE_INTEGER frequency;

    /* both never fail since Windows XP */
    (void)QueryPerformanceCounter(&ticks);
    (void)QueryPerformanceFrequency(&frequency);
    /* in two steps: ticks * 1000000 would overflow after days */
    return ticks.QuadPart / frequency.QuadPart * 1000000
           + ticks.QuadPart % frequency.QuadPart * 1000000 / frequency.QuadPart;
}

enum clock_source clock_source(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service =
        manager != NULL ? OpenServiceW(manager, L"W32Time", SERVICE_QUERY_STATUS) : NULL;
    SERVICE_STATUS status;
    enum clock_source source = CLOCK_SOURCE_UNKNOWN;

    if (service != NULL && QueryServiceStatus(service, &status)) {
        source = status.dwCurrentState == SERVICE_RUNNING ? CLOCK_SOURCE_SET : CLOCK_SOURCE_NONE;
    }
    if (service != NULL) {
        (void)CloseServiceHandle(service);
    }
    if (manager != NULL) {
        (void)CloseServiceHandle(manager);
    }
    return source;
}
