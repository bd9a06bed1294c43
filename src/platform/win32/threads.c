/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/threads.h"

#include <errno.h>
#include <stdlib.h>

#include "platform/win32/wide.h"

#include <windows.h>

#define THREAD_STACK_BYTES (2u * 1024 * 1024) /* OpenSSL and SQLite stay far below 512 KB */
#define LONGEST_WAIT_MS INT64_C(86400000)     /* fits into a DWORD; the caller loops anyway */

struct thread_begin {
    thread_main *run;
    void *context;
    wchar_t *name;
};

typedef HRESULT(WINAPI set_description)(HANDLE thread, PCWSTR text);

/*
 * Windows 10 1607 and later. Not pthread_setname_np: that one raises an exception, which is how
 * debuggers once learnt names.
 */
static void set_name(const wchar_t *name)
{
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    set_description *set = NULL;

    if (kernel != NULL && name != NULL) {
        set = (set_description *)(void *)GetProcAddress(kernel, "SetThreadDescription");
    }
    if (set != NULL) {
        (void)set(GetCurrentThread(), name);
    }
}

static void *begin(void *argument)
{
    struct thread_begin start = *(struct thread_begin *)argument;

    free(argument);
    set_name(start.name);
    free(start.name);
    return start.run(start.context);
}

bool thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                  struct error *err)
{
    struct thread_begin *start = malloc(sizeof(*start));
    struct error ignored = ERROR_INIT;
    pthread_attr_t attributes;
    int rc = ENOMEM;

    if (start == NULL || pthread_attr_init(&attributes) != 0) {
        free(start);
        return error_set(err, REASON_NO_MEMORY, "out of memory for thread \"%s\"", name);
    }
    start->run = run;
    start->context = context;
    start->name = wide_from_utf8(name, &ignored); /* only for debuggers */
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    rc = pthread_create(thread, &attributes, begin, start);
    (void)pthread_attr_destroy(&attributes);
    if (rc != 0) {
        free(start->name);
        free(start);
        return error_set(err, REASON_NO_MEMORY, "the system starts no thread \"%s\" (error %d)",
                         name, rc);
    }
    return true;
}

void thread_join(pthread_t thread)
{
    (void)pthread_join(thread, NULL);
}

bool thread_cond_init(pthread_cond_t *cond, struct error *err)
{
    if (pthread_cond_init(cond, NULL) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a condition");
    }
    return true;
}

bool thread_cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ms)
{
    bool shortened = timeout_ms > LONGEST_WAIT_MS;
    int64_t wait = timeout_ms < 0 ? 0 : shortened ? LONGEST_WAIT_MS : timeout_ms;
    struct timespec relative;

    relative.tv_sec = (time_t)(wait / 1000);
    relative.tv_nsec = (long)(wait % 1000) * 1000000L;
    /*
     * winpthreads has no pthread_condattr_setclock for the monotonic clock, but this: the time goes
     * to WaitForSingleObject as it is, so that nobody can shift it by setting the clock.
     */
    return pthread_cond_timedwait_relative_np(cond, mutex, &relative) != ETIMEDOUT || shortened;
}

void thread_pause_ms(unsigned ms)
{
    Sleep(ms);
}

unsigned thread_processor_count(void)
{
    DWORD_PTR own = 0;
    DWORD_PTR all = 0;
    unsigned count = 0;
    SYSTEM_INFO info;

    if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all)) {
        for (; own != 0; own &= own - 1) {
            count++;
        }
    }
    if (count == 0) { /* threads in more than one processor group: the mask is zero */
        GetSystemInfo(&info);
        count = info.dwNumberOfProcessors;
    }
    return count > 0 ? count : 1;
}
