/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/load_run.h"

/* User and system time, fields 14 and 15; the name in field 2 may hold spaces and brackets. */
static bool read_times(long pid, struct load_usage *usage)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    size_t len = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[len] = '\0';
    const char *behind = strrchr(line, ')');
    unsigned long user, system;
    if (!behind
        || sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system)
               != 2) {
        return false;
    }
    usage->cpu_seconds += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static bool read_status(long pid, struct load_usage *usage)
{
    char path[64], line[256];
    long value;
    snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "VmHWM: %ld", &value) == 1) {
            usage->peak_kb += value;
        } else if (sscanf(line, "VmRSS: %ld", &value) == 1) {
            usage->rss_kb += value;
        } else if (sscanf(line, "Threads: %ld", &value) == 1) {
            usage->threads += value;
        }
    }
    fclose(file);
    return true;
}

static bool count_files(long pid, struct load_usage *usage)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    DIR *folder = opendir(path);
    if (!folder) {
        return false;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        usage->files += entry->d_name[0] != '.';
    }
    closedir(folder);
    return true;
}

bool load_usage_read(const long *pids, size_t count, struct load_usage *usage)
{
    *usage = (struct load_usage){ .threads = 0 };
    for (size_t i = 0; i < count; i++) {
        if (!read_times(pids[i], usage) || !read_status(pids[i], usage)
            || !count_files(pids[i], usage)) {
            return false;
        }
    }
    return true;
}
