/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM_BYTES 4096u

/* A CRL of megabytes: given back to the system when it is freed, as Windows does. */
#define LARGE_BLOCK_BYTES (1024 * 1024)

/*
 * The leak checker of sanitizer builds attaches to its own process, which "not dumpable" forbids to
 * anybody but root. Those builds hold no real keys.
 */
#if defined(__SANITIZE_ADDRESS__)
#define KEEP_DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_DUMPABLE 1
#endif
#endif
#ifndef KEEP_DUMPABLE
#define KEEP_DUMPABLE 0
#endif

void process_harden(void)
{
    const struct rlimit none = { 0, 0 };

    /*
     * Both are needed: the limit is not looked at when core_pattern is a pipe (systemd-coredump),
     * and the flag is lost by exec. What fails here is no reason not to serve.
     */
    (void)setrlimit(RLIMIT_CORE, &none);
    if (!KEEP_DUMPABLE) {
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    (void)umask(077);
    /* set, it does not grow with what was freed, which would keep such blocks for good */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
}

uint32_t process_id(void)
{
    return (uint32_t)getpid();
}

bool process_program_path(struct buffer *out, struct error *err)
{
    char path[PROGRAM_BYTES];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

    if (len <= 0 || (size_t)len == sizeof(path)) {
        return error_set(err, REASON_INTERNAL, "the path of this program is unknown");
    }
    return buffer_append(out, path, (size_t)len, err);
}

uint64_t process_memory_bytes(void)
{
    char text[128];
    unsigned long long resident = 0;
    long page = sysconf(_SC_PAGESIZE);
    ssize_t len = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return 0;
    }
    len = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    if (len <= 0 || page <= 0) {
        return 0;
    }
    text[len] = '\0';
    if (sscanf(text, "%*u %llu", &resident) != 1) {
        return 0;
    }
    return (uint64_t)resident * (uint64_t)page;
}
