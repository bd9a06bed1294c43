/* SPDX-License-Identifier: Apache-2.0 */
#include "store/power_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_BYTES 1024

const char *const power_call_names[POWER_CALLS] = {
    "open", "read", "write",  "short write", "full write", "truncate", "sync",
    "size", "lock", "delete", "access",      "shm map",    "shm lock",
};

struct power_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind it in memory */
    char name[256];     /* within the folder; "": not noted */
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct disk_log *log;
    char folder[FOLDER_BYTES]; /* with a separator at its end */
    pthread_mutex_t lock;      /* guards what follows */
    enum power_call call;
    unsigned wait, more, failures;
    unsigned calls[POWER_CALLS];
} power = { .lock = PTHREAD_MUTEX_INITIALIZER, .call = POWER_CALLS };

/* ---- failing --------------------------------------------------------------------------------- */

static bool fails(enum power_call call)
{
    bool now = false;

    (void)pthread_mutex_lock(&power.lock);
    power.calls[call]++;
    if (power.call == call && power.wait > 0 && --power.wait == 0) {
        now = true;
        power.failures++;
        if (power.more > 0) {
            power.more--;
            power.wait = 1;
        }
    }
    (void)pthread_mutex_unlock(&power.lock);
    return now;
}

void power_vfs_fail(enum power_call call, unsigned nth, unsigned more)
{
    (void)pthread_mutex_lock(&power.lock);
    power.call = call;
    power.wait = nth;
    power.more = more;
    power.failures = 0;
    memset(power.calls, 0, sizeof(power.calls));
    (void)pthread_mutex_unlock(&power.lock);
}

void power_vfs_mend(void)
{
    (void)pthread_mutex_lock(&power.lock);
    power.call = POWER_CALLS;
    (void)pthread_mutex_unlock(&power.lock);
}

unsigned power_vfs_failures(void)
{
    (void)pthread_mutex_lock(&power.lock);
    unsigned failures = power.failures;
    (void)pthread_mutex_unlock(&power.lock);
    return failures;
}

unsigned power_vfs_calls(enum power_call call)
{
    (void)pthread_mutex_lock(&power.lock);
    unsigned calls = power.calls[call];
    (void)pthread_mutex_unlock(&power.lock);
    return calls;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static struct power_file *own(sqlite3_file *file)
{
    return (struct power_file *)(void *)file;
}

static bool noted(const struct power_file *file)
{
    return power.log != NULL && file->name[0] != '\0';
}

static int file_close(sqlite3_file *file)
{
    return own(file)->real->pMethods->xClose(own(file)->real);
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    if (fails(POWER_READ)) {
        return SQLITE_IOERR_READ;
    }
    return own(file)->real->pMethods->xRead(own(file)->real, data, len, at);
}

static int write_part(struct power_file *file, const void *data, int len, sqlite3_int64 at)
{
    int code = file->real->pMethods->xWrite(file->real, data, len, at);

    if (code == SQLITE_OK && noted(file)) {
        disk_log_write(power.log, file->name, at, bytes_of(data, (size_t)len));
    }
    return code;
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    bool full = fails(POWER_WRITE_FULL);

    if (fails(POWER_WRITE)) {
        return SQLITE_IOERR_WRITE;
    }
    if (full || fails(POWER_WRITE_SHORT)) {
        (void)write_part(own(file), data, len / 2, at);
        return full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return write_part(own(file), data, len, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails(POWER_TRUNCATE)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    int code = own(file)->real->pMethods->xTruncate(own(file)->real, size);
    if (code == SQLITE_OK && noted(own(file))) {
        disk_log_resize(power.log, own(file)->name, size);
    }
    return code;
}

/* Of what lies in the folder of this file. */
static void flush_names_beside(const char *name)
{
    char folder[256];
    const char *slash = strrchr(name, '/');

    snprintf(folder, sizeof(folder), "%.*s", (int)(slash != NULL ? slash - name : 0), name);
    disk_log_flush_names(power.log, folder);
}

/* Of a new log SQLite flushes the name as well, with the first flush of its content. */
static int file_sync(sqlite3_file *file, int flags)
{
    if (fails(POWER_SYNC)) {
        if (noted(own(file))) {
            disk_log_flush_failed(power.log, own(file)->name);
        }
        return SQLITE_IOERR_FSYNC;
    }
    /* The real disk's time would be most of a test. */
    (void)flags;
    if (noted(own(file))) {
        disk_log_flush(power.log, own(file)->name);
        flush_names_beside(own(file)->name);
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    if (fails(POWER_SIZE)) {
        return SQLITE_IOERR_FSTAT;
    }
    return own(file)->real->pMethods->xFileSize(own(file)->real, size);
}

static int file_lock(sqlite3_file *file, int level)
{
    if (fails(POWER_LOCK)) {
        return SQLITE_IOERR_LOCK;
    }
    return own(file)->real->pMethods->xLock(own(file)->real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return own(file)->real->pMethods->xUnlock(own(file)->real, level);
}

static int file_reserved(sqlite3_file *file, int *held)
{
    return own(file)->real->pMethods->xCheckReservedLock(own(file)->real, held);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return own(file)->real->pMethods->xFileControl(own(file)->real, operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return own(file)->real->pMethods->xSectorSize(own(file)->real);
}

static int file_abilities(sqlite3_file *file)
{
    return own(file)->real->pMethods->xDeviceCharacteristics(own(file)->real);
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend,
                        void volatile **memory)
{
    if (fails(POWER_SHM_MAP)) {
        return SQLITE_IOERR_SHMMAP;
    }
    return own(file)->real->pMethods->xShmMap(own(file)->real, region, size, extend, memory);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    /* What is held is always given back. */
    if ((flags & SQLITE_SHM_LOCK) != 0 && fails(POWER_SHM_LOCK)) {
        return SQLITE_IOERR_SHMLOCK;
    }
    return own(file)->real->pMethods->xShmLock(own(file)->real, offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    own(file)->real->pMethods->xShmBarrier(own(file)->real);
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    return own(file)->real->pMethods->xShmUnmap(own(file)->real, remove);
}

/* Version 2: with shared memory, without mapped files. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_abilities,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the file system ------------------------------------------------------------------------- */

/* SQLite makes a path whole; on Windows with its own separators. */
static const char *name_in_folder(const char *path)
{
    size_t len = strlen(power.folder);

    if (path == NULL || power.log == NULL || strlen(path) <= len) {
        return "";
    }
    for (size_t i = 0; i < len; i++) {
        char a = path[i] == '\\' ? '/' : path[i];
        char b = power.folder[i] == '\\' ? '/' : power.folder[i];
        if (a != b) {
            return "";
        }
    }
    return path + len;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    struct power_file *f = own(file);
    int exists = 0;

    (void)vfs;
    memset(f, 0, sizeof(*f));
    if (fails(POWER_OPEN)) {
        return SQLITE_CANTOPEN;
    }
    f->real = (sqlite3_file *)(void *)(f + 1);
    snprintf(f->name, sizeof(f->name), "%s", name_in_folder(path));
    if (f->name[0] != '\0') {
        (void)power.real->xAccess(power.real, path, SQLITE_ACCESS_EXISTS, &exists);
    }
    int code = power.real->xOpen(power.real, path, f->real, flags, out);
    if (f->real->pMethods != NULL) {
        f->base.pMethods = &methods;
    }
    if (code == SQLITE_OK && noted(f) && !exists) {
        disk_log_new(power.log, f->name);
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int flush)
{
    (void)vfs;
    if (fails(POWER_DELETE)) {
        return SQLITE_IOERR_DELETE;
    }
    int code = power.real->xDelete(power.real, path, flush);
    const char *name = name_in_folder(path);
    if (code == SQLITE_OK && name[0] != '\0') {
        disk_log_remove(power.log, name);
        if (flush) {
            flush_names_beside(name);
        }
    }
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result)
{
    (void)vfs;
    if (fails(POWER_ACCESS)) {
        return SQLITE_IOERR_ACCESS;
    }
    return power.real->xAccess(power.real, path, flags, result);
}

void power_vfs_register(void)
{
    if (power.real != NULL) {
        return;
    }
    sqlite3_initialize();
    power.real = sqlite3_vfs_find(NULL);
    power.vfs = *power.real; /* the rest does not concern files; it may look at its own pAppData */
    power.vfs.zName = "power";
    power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
    power.vfs.xOpen = vfs_open;
    power.vfs.xDelete = vfs_delete;
    power.vfs.xAccess = vfs_access;
    if (sqlite3_vfs_register(&power.vfs, 1) != SQLITE_OK) {
        abort();
    }
}

void power_vfs_record(struct disk_log *log, const char *folder)
{
    power.log = log;
    snprintf(power.folder, sizeof(power.folder), "%s/", folder);
}
