/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner and mode of files. With POSIX access lists the group's bits are what the list allows at
 * most, so that nothing hides behind them.
 */
#include "platform/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/files.h"
#include "platform/posix/posix_error.h"
#include "platform/rights_object.h"

#define NAME_MAX_BYTES 128u
#define DATABASE_BYTES 4096u /* for one entry of passwd or group */
#define WRITE_BITS (S_IWGRP | S_IWOTH)
#define READ_BITS (S_IRGRP | S_IROTH)
#define MODE_FOLDER 0700
#define MODE_FILE 0600

/* ---- words ----------------------------------------------------------------------------------- */

static void user_text(uid_t uid, char *out, size_t size)
{
    char memory[DATABASE_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    bool named = getpwuid_r(uid, &entry, memory, sizeof(memory), &found) == 0 && found != NULL
                 && text_format(out, size, "account %s", found->pw_name);

    named = named || text_format(out, size, "account number %lu", (unsigned long)uid);
    (void)named;
}

/* Who has one of the bits: the group's name, or everybody. */
static void others_text(const struct stat *info, mode_t bits, char *out, size_t size)
{
    char memory[DATABASE_BYTES];
    struct group entry;
    struct group *found = NULL;
    bool named = (info->st_mode & bits & S_IRWXO) != 0 && text_copy(out, size, "everybody");

    named = named
            || (getgrgid_r(info->st_gid, &entry, memory, sizeof(memory), &found) == 0
                && found != NULL && text_format(out, size, "group %s", found->gr_name));
    named = named || text_format(out, size, "group number %lu", (unsigned long)info->st_gid);
    (void)named;
}

static bool not_owned(const char *path, const struct stat *info, struct error *err)
{
    char who[NAME_MAX_BYTES];

    user_text(info->st_uid, who, sizeof(who));
    if (geteuid() == 0) { /* taking it away from the account that serves would stop the service */
        return error_set(err, REASON_RIGHTS_UNSAFE,
                         "%s belongs to %s, who can change it at will; if the service runs as that "
                         "account, run this command as it too, else mend it with: chown 0 \"%s\"",
                         path, who, path);
    }
    return error_set(err, REASON_RIGHTS_UNSAFE,
                     "%s belongs to %s, who can change it at will; mend it with: chown %lu \"%s\"",
                     path, who, (unsigned long)geteuid(), path);
}

static bool too_open(const char *path, const struct stat *info, mode_t bits, bool is_secret,
                     struct error *err)
{
    char who[NAME_MAX_BYTES];

    others_text(info, bits, who, sizeof(who));
    return error_set(err, REASON_RIGHTS_UNSAFE, "%s: %s may %s it; mend it with: chmod %s \"%s\"",
                     path, who, (bits & WRITE_BITS) != 0 ? "change" : "read",
                     is_secret ? "go-rwx" : "go-w", path);
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool owned(const struct stat *info)
{
    return info->st_uid == 0 || info->st_uid == geteuid();
}

static bool check_found(const char *path, const struct stat *info, bool is_secret,
                        struct error *err)
{
    /* what a folder lets others list is no secret: each file in it has its own mode */
    bool hides = is_secret && !S_ISDIR(info->st_mode);

    if (S_ISLNK(info->st_mode)) {
        return error_set(err, REASON_REPARSE_POINT,
                         "%s is a symbolic link; put the file or folder itself in its place", path);
    }
    if (!owned(info)) {
        return not_owned(path, info, err);
    }
    if ((info->st_mode & WRITE_BITS) != 0) {
        return too_open(path, info, info->st_mode & WRITE_BITS, hides, err);
    }
    if (hides && (info->st_mode & READ_BITS) != 0) {
        return too_open(path, info, info->st_mode & READ_BITS, hides, err);
    }
    if (hides && info->st_nlink > 1) {
        return error_set(err, REASON_RIGHTS_UNSAFE,
                         "%s has another name elsewhere (%lu in all), where others may reach it; "
                         "mend it with: cp -p \"%s\" \"%s.new\" && mv \"%s.new\" \"%s\"",
                         path, (unsigned long)info->st_nlink, path, path, path, path);
    }
    return true;
}

bool rights_object_check(const char *data_folder, const char *path, bool is_secret,
                         struct error *err)
{
    struct stat info;

    (void)data_folder; /* chmod and chown name the file itself */
    if (lstat(path, &info) != 0) {
        return errno == ENOENT || errno == ENOTDIR
               || posix_error_file(err, POSIX_READ, errno, path);
    }
    return check_found(path, &info, is_secret, err);
}

/* A folder on the way: whoever may rename what is in it decides which data folder is used. */
static bool check_folder_above(const char *path, struct error *err)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return posix_error_file(err, POSIX_READ, errno, path);
    }
    if (!owned(&info)) {
        return not_owned(path, &info, err);
    }
    if (S_ISDIR(info.st_mode) && (info.st_mode & WRITE_BITS) != 0
        && (info.st_mode & S_ISVTX) == 0) {
        return too_open(path, &info, info.st_mode & WRITE_BITS, false, err);
    }
    return true;
}

/* Each folder of an absolute path, but not its last part. Links on the way are looked at too. */
static bool check_way(const char *path, struct error *err)
{
    char part[PATH_MAX];

    if (!text_copy(part, sizeof(part), path)) {
        return error_set(err, REASON_LIMIT, "the path of the data folder is too long");
    }
    if (!check_folder_above("/", err)) {
        return false;
    }
    for (size_t i = 1; part[0] != '\0' && part[i] != '\0'; i++) {
        if (part[i] != '/' || part[i - 1] == '/' || part[i + strspn(part + i, "/")] == '\0') {
            continue;
        }
        part[i] = '\0';
        if (!check_folder_above(part, err)) {
            return false;
        }
        part[i] = '/';
    }
    return true;
}

/* The way as it was written, whose links somebody may turn, and the way that they lead. */
bool rights_object_check_above(const char *path, struct error *err)
{
    char *real = realpath(path, NULL);
    bool ok = false;

    if (real == NULL) {
        return errno == ENOENT || errno == ENOTDIR
               || posix_error_file(err, POSIX_READ, errno, path);
    }
    ok = (path[0] != '/' || check_way(path, err)) && check_way(real, err);
    free(real);
    return ok;
}

/* ---- giving ---------------------------------------------------------------------------------- */

bool rights_object_protect(const char *path, bool *is_folder, struct error *err)
{
    struct stat info;
    mode_t mode = 0;
    bool ok = false;
    int fd = -1;

    *is_folder = false;
    if (lstat(path, &info) != 0) {
        return posix_error_file(err, POSIX_WRITE, errno, path);
    }
    if (S_ISLNK(info.st_mode)) {
        return check_found(path, &info, false, err);
    }
    if (info.st_uid != geteuid() || (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) {
        *is_folder = S_ISDIR(info.st_mode);
        return true;
    }
    /* changed through a handle: the name may have become a link in between */
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        goto out;
    }
    mode = S_ISDIR(info.st_mode) ? MODE_FOLDER : MODE_FILE;
    if ((info.st_mode & 07777) != mode && fchmod(fd, mode) != 0) {
        (void)posix_error_file(err, POSIX_WRITE, errno, path);
        goto out;
    }
    *is_folder = S_ISDIR(info.st_mode);
    ok = true;
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok;
}

/* Only the owner may change a mode, with an open folder too, and the owner is us. */
bool rights_take_empty(const char *folder, struct error *err)
{
    return rights_protect_tree(folder, 0, err);
}

struct rights_walk *rights_object_begin(void)
{
    return NULL; /* root needs no privilege to be switched on */
}

void rights_object_end(struct rights_walk *walk)
{
    (void)walk;
}
