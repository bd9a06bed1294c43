/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_pair.h"

#include "base/limits.h"
#include "ca/ca_key.h"
#include "service/tls_files.h"

bool tls_pair_write(const char *data, const char *name, struct bytes content, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    return path_join(folder, data, TLS_FOLDER, err) && folder_create(folder, true, err)
           && path_join(path, data, name, err) && file_write_atomic(path, content, true, err);
}

bool tls_files_lock(const char *data, struct file_lock **lock, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!path_join(folder, data, TLS_FOLDER, err) || !folder_create(folder, true, err)
        || !path_join(path, data, TLS_FILE_LOCK, err) || !file_lock_try(path, lock, &held, err)) {
        return false;
    }
    return held
           || error_set(err, REASON_DATA_FOLDER_IN_USE,
                        "another command, or the service, is changing the HTTPS certificate right "
                        "now; try again");
}

static bool move_key(const char *data, struct error *err)
{
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    return path_join(from, data, TLS_FILE_NEW_KEY, err) && path_join(to, data, TLS_FILE_KEY, err)
           && file_rename(from, to, err);
}

/*
 * A replacement that was cut off has left the key of the present certificate in server.key.new:
 * finish that first, or the next step would write over the only copy.
 */
static bool settle(const char *data, struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error ignored = ERROR_INIT;
    bool waits = tls_files_load_own(data, &files, &ignored) && files.key_waits;

    tls_files_clear(&files);
    return !waits || move_key(data, err);
}

bool tls_files_install(const char *data, const struct server_cert *server, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = settle(data, err) && server_cert_pem(server, &pem, err)
              && ca_key_seal(data, TLS_KEY_KIND, TLS_KEY_NAME, server->key, &sealed, err)
              && tls_pair_write(data, TLS_FILE_NEW_KEY, buffer_bytes(&sealed), err)
              && tls_pair_write(data, TLS_FILE_CERT, buffer_bytes(&pem), err)
              && move_key(data, err);

    buffer_clear(&sealed);
    buffer_clear(&pem);
    return ok;
}

bool tls_files_remove(const char *data, bool *removed, struct error *err)
{
    /* The certificate first: a key alone is never taken for a pair. */
    static const char *const names[] = { TLS_FILE_CERT, TLS_FILE_KEY, TLS_FILE_NEW_KEY,
                                         TLS_FILE_PASSWORD };
    char path[FILE_PATH_MAX];

    *removed = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!path_join(path, data, names[i], err)) {
            return false;
        }
        if (file_exists(path)) {
            if (!file_remove(path, err)) {
                return false;
            }
            *removed = true;
        }
    }
    return true;
}
