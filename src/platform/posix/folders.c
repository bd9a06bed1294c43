/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/folder_names.h"
#include "platform/posix/flush_folder.h"
#include "platform/posix/posix_error.h"

#define MODE_PRIVATE 0700
#define MODE_SHARED 0755

bool folder_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* One level. A folder that somebody else makes at the same moment is as good. */
static bool create_one(const char *path, mode_t mode, struct error *err)
{
    if (mkdir(path, mode) == 0) {
        if (chmod(path, mode) != 0) { /* our umask is 077: see process_harden */
            return posix_error_file(err, POSIX_WRITE, errno, path);
        }
        return flush_folder_of(path, err); /* or what is made in it is lost with it */
    }
    if (errno == EEXIST && folder_exists(path)) {
        return true;
    }
    if (errno == EEXIST) {
        return error_set(err, REASON_FILE_NOT_WRITABLE, "%s: this is a file, not a folder", path);
    }
    return posix_error_file(err, POSIX_WRITE, errno, path);
}

bool folder_create(const char *path, bool is_private, struct error *err)
{
    mode_t mode = is_private ? MODE_PRIVATE : MODE_SHARED;
    char part[FILE_PATH_MAX];

    if (folder_exists(path)) {
        return true;
    }
    if (!text_copy(part, sizeof(part), path)) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    for (size_t i = 1; part[0] != '\0' && part[i] != '\0'; i++) {
        if (part[i] != '/' || part[i - 1] == '/') {
            continue;
        }
        part[i] = '\0';
        if (!folder_exists(part) && !create_one(part, mode, err)) {
            return false;
        }
        part[i] = '/';
    }
    return create_one(path, mode, err);
}

bool folder_remove(const char *path, struct error *err)
{
    if (rmdir(path) == 0 || errno == ENOENT) {
        return true;
    }
    return posix_error_file(err, POSIX_WRITE, errno, path);
}

/* Some file systems do not tell the type in the listing, and a link counts as what it leads to. */
static bool is_folder(int folder, const struct dirent *entry)
{
    struct stat info;

    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) {
        return entry->d_type == DT_DIR;
    }
    return fstatat(folder, entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

bool folder_list(const char *path, size_t max_entries, folder_visit *visit, void *context,
                 struct error *err)
{
    struct folder_names names = FOLDER_NAMES_INIT(max_entries);
    bool ok = false;
    DIR *folder = opendir(path);

    if (folder == NULL) {
        return posix_error_file(err, POSIX_READ, errno, path);
    }
    for (;;) {
        const struct dirent *entry = NULL;

        errno = 0;
        entry = readdir(folder);
        if (entry == NULL) {
            break;
        }
        if (!folder_names_add(&names, entry->d_name, is_folder(dirfd(folder), entry), err)) {
            (void)error_context(err, "%s", path);
            goto out;
        }
    }
    if (errno != 0) {
        (void)posix_error_file(err, POSIX_READ, errno, path);
        goto out;
    }
    ok = folder_names_visit(&names, visit, context, err);
out:
    (void)closedir(folder);
    folder_names_clear(&names);
    return ok;
}

bool folder_free_bytes(const char *path, uint64_t *bytes)
{
    struct statvfs info;
    char folder[FILE_PATH_MAX];
    char *slash = NULL;

    if (statvfs(path, &info) != 0) {
        /* a file that is not there yet: its folder will do */
        if (errno != ENOENT || !text_copy(folder, sizeof(folder), path)) {
            return false;
        }
        slash = strrchr(folder, '/');
        if (slash != NULL) {
            slash[slash == folder ? 1 : 0] = '\0';
        }
        if (statvfs(slash != NULL ? folder : ".", &info) != 0) {
            return false;
        }
    }
    *bytes = (uint64_t)info.f_bavail * (uint64_t)info.f_frsize;
    return true;
}

bool folder_default_data(char path[FILE_PATH_MAX], struct error *err)
{
    if (!text_copy(path, FILE_PATH_MAX, "/var/lib/openndes")) {
        return error_set(err, REASON_INTERNAL, "path too long");
    }
    return true;
}

bool path_absolute(const char *path, char out[FILE_PATH_MAX], struct error *err)
{
    char current[FILE_PATH_MAX];
    size_t len = 0;

    if (path[0] == '/') {
        if (!text_copy(out, FILE_PATH_MAX, path)) {
            return error_set(err, REASON_LIMIT, "a path is longer than %d bytes",
                             FILE_PATH_MAX - 1);
        }
    } else if (getcwd(current, sizeof(current)) == NULL) {
        return posix_error_file(err, POSIX_READ, errno, "the current folder");
    } else if (!path_join(out, current, path, err)) {
        return false;
    }
    len = strlen(out);
    while (len > 1 && out[len - 1] == '/') {
        out[--len] = '\0';
    }
    return true;
}
