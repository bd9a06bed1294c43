/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_files.h"

#include <string.h>

#include "base/text.h"
#include "ca/ca_key.h"
#include "platform/protect.h"
#include "platform/rights.h"
#include "service/tls_pair.h"

#define PASSWORD_SEALED_MAX 8192u

void tls_files_clear(struct tls_files *files)
{
    if (files != NULL) {
        server_cert_clear(&files->server);
        *files = (struct tls_files){ .key_waits = false };
    }
}

/* ---- places --------------------------------------------------------------------------------- */

static bool is_absolute(const char *name)
{
    bool has_drive = ((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z'))
                     && name[1] == ':' && (name[2] == '\\' || name[2] == '/');

    return name[0] == '/' || name[0] == '\\' || has_drive;
}

bool tls_files_path(const char *data, const char *name, char path[FILE_PATH_MAX], struct error *err)
{
    if (!is_absolute(name)) {
        return path_join(path, data, name, err);
    }
    return text_copy(path, FILE_PATH_MAX, name)
           || error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
}

static void stamp(const char *data, const char *name, struct file_stamp *out)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    memset(out, 0, sizeof(*out));
    if (name[0] != '\0' && tls_files_path(data, name, path, &ignored)
        && !file_stamp(path, out, &ignored)) {
        memset(out, 0, sizeof(*out));
    }
}

void tls_files_stamps(const char *data, const struct service_config *config,
                      struct file_stamp stamps[TLS_FILES_STAMPS])
{
    const char *const names[TLS_FILES_STAMPS] = {
        config->https.certificate, config->https.key, TLS_FILE_CERT, TLS_FILE_KEY,
        TLS_FILE_NEW_KEY,          TLS_FILE_PASSWORD,
    };

    for (size_t i = 0; i < TLS_FILES_STAMPS; i++) {
        stamp(data, names[i], &stamps[i]);
    }
}

bool tls_files_configured(const char *data, const struct service_config *config)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    return config->https.certificate[0] != '\0' || config->https.key[0] != '\0'
           || (path_join(path, data, TLS_FILE_CERT, &ignored) && file_exists(path));
}

bool tls_files_password(const char *data, struct secret *out, bool *found, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(PASSWORD_SEALED_MAX);
    char path[FILE_PATH_MAX];
    bool ok = false;

    *found = false;
    if (!path_join(path, data, TLS_FILE_PASSWORD, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return true;
    }
    if (!rights_check(path, true, err) || !file_read(path, PASSWORD_SEALED_MAX, &sealed, err)) {
        goto out;
    }
    if (!protect_open(data, TLS_PASSWORD_PURPOSE, buffer_bytes(&sealed), out, err)) {
        error_context(err, "%s", path);
        goto out;
    }
    *found = true;
    ok = true;
out:
    buffer_clear(&sealed);
    return ok;
}

/* ---- what to do about it -------------------------------------------------------------------- */

static const char *advice(enum reason reason)
{
    switch (reason) {
    case REASON_KEY_PASSWORD:
        return "; give the password of the file in https.certificate or https.key with: openndes "
               "tls password -";
    case REASON_KEY_MISMATCH:
        return "; were certificate and key both replaced? openndes tls show tells what lies there";
    case REASON_KEY_PROTECTION:
        return "; what was sealed on another machine is made anew: openndes tls issue, tls import "
               "or tls password";
    case REASON_KEY_UNREADABLE:
    case REASON_CERT_UNREADABLE:
    case REASON_FILE_UNREADABLE:
    case REASON_FILE_TOO_LARGE:
        return "; mend the file, or put in another pair: openndes tls import";
    default:
        return "";
    }
}

/* One reason for all of it, and what helps. */
static bool refuse(const struct error *why, struct error *err)
{
    if (why->reason == REASON_NO_MEMORY) {
        *err = *why;
        return false;
    }
    return error_set(err, REASON_TLS_CERTIFICATE, "HTTPS: %s%s", why->detail, advice(why->reason));
}

/* ---- the pair in the data folder ------------------------------------------------------------ */

/* Owned by the pair; the certificate decides which of two keys is right. */
static bool try_key(const char *data, const char *key_name, struct bytes certs,
                    const char *cert_path, struct server_cert *out, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    struct evp_pkey_st *key = NULL;
    char path[FILE_PATH_MAX];
    struct server_cert holder = { .cert = NULL };
    bool ok = false;

    if (!path_join(path, data, key_name, err) || !rights_check(path, true, err)
        || !file_read(path, CA_KEY_SEALED_MAX, &sealed, err)) {
        goto out;
    }
    key = ca_key_unseal(data, TLS_KEY_KIND, TLS_KEY_NAME, buffer_bytes(&sealed), err);
    if (key == NULL) {
        error_context(err, "%s", path);
        goto out;
    }
    holder.key = key;
    ok = server_cert_make(key, certs, cert_path, out, err);
out:
    server_cert_clear(&holder);
    buffer_clear(&sealed);
    return ok;
}

static bool has_file(const char *data, const char *name)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    return path_join(path, data, name, &ignored) && file_exists(path);
}

/* The certificates with the sealed key that fits. */
static bool with_sealed_key(const char *data, struct bytes certs, const char *cert_path,
                            struct tls_files *out, struct error *err)
{
    struct error why = ERROR_INIT;
    struct error ignored = ERROR_INIT;

    if (try_key(data, TLS_FILE_KEY, certs, cert_path, &out->server, &why)) {
        out->key_waits = false;
        return true;
    }
    if (has_file(data, TLS_FILE_NEW_KEY)
        && try_key(data, TLS_FILE_NEW_KEY, certs, cert_path, &out->server, &ignored)) {
        out->key_waits = true;
        return true;
    }
    *err = why;
    return false;
}

static bool load_own(const char *data, struct tls_files *out, struct error *err)
{
    struct buffer certs = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, data, TLS_FILE_CERT, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "there is no certificate; make one: openndes tls issue, or take over one: "
                         "openndes tls import");
    }
    ok = file_read(path, LIMIT_PEM_FILE_BYTES, &certs, err)
         && with_sealed_key(data, buffer_bytes(&certs), path, out, err);
    buffer_clear(&certs);
    return ok;
}

/* ---- an administrator's files --------------------------------------------------------------- */

/* All that the settings lead to; wiped as a whole. */
struct named_files {
    char cert_path[FILE_PATH_MAX];
    char key_path[FILE_PATH_MAX];
    struct buffer cert;
    struct buffer key;
    struct secret password;
    bool has_password;
};

static bool read_named(const char *data, const struct service_config *config,
                       const struct secret *password, struct named_files *files, struct error *err)
{
    if (!tls_files_path(data, config->https.certificate, files->cert_path, err)
        || !file_read(files->cert_path, LIMIT_PEM_FILE_BYTES, &files->cert, err)) {
        return false;
    }
    if (config->https.key[0] != '\0'
        && (!tls_files_path(data, config->https.key, files->key_path, err)
            || !file_read(files->key_path, LIMIT_PEM_FILE_BYTES, &files->key, err))) {
        return false;
    }
    if (password != NULL) {
        files->has_password = true;
        return secret_set(&files->password, password->data, password->len, err);
    }
    return tls_files_password(data, &files->password, &files->has_password, err);
}

static bool use_named(const char *data, const struct service_config *config,
                      const struct named_files *files, struct tls_files *out, struct error *err)
{
    struct bytes cert = buffer_bytes(&files->cert);
    bool has_key_file = config->https.key[0] != '\0';
    const struct server_cert_source source = {
        .certificate = cert,
        .certificate_file = files->cert_path,
        .key = buffer_bytes(&files->key),
        .key_file = has_key_file ? files->key_path : NULL,
        .password = files->has_password ? &files->password : NULL,
    };

    out->source = server_cert_is_pkcs12(cert) ? TLS_SOURCE_PKCS12 : TLS_SOURCE_FILES;
    if (out->source == TLS_SOURCE_FILES && !has_key_file && !server_cert_holds_key(cert)) {
        if (has_file(data, TLS_FILE_KEY)) {
            return with_sealed_key(data, cert, files->cert_path, out, err);
        }
        return error_set(err, REASON_TLS_CERTIFICATE,
                         "%s holds no private key; name the key's file in https.key",
                         files->cert_path);
    }
    return server_cert_read(&source, &out->server, err);
}

/* password NULL: the one that is kept. */
static bool load_named(const char *data, const struct service_config *config,
                       const struct secret *password, struct tls_files *out, struct error *err)
{
    struct named_files files = {
        .cert = BUFFER_INIT(LIMIT_PEM_FILE_BYTES),
        .key = BUFFER_INIT(LIMIT_PEM_FILE_BYTES),
        .password = SECRET_INIT,
    };
    bool ok = read_named(data, config, password, &files, err)
              && use_named(data, config, &files, out, err);

    /* Either may hold a key in clear. */
    buffer_clear(&files.cert);
    buffer_clear(&files.key);
    secret_clear(&files.password);
    return ok;
}

/* Hand a loaded pair on, or the one reason why there is none. */
static bool finish(bool loaded, struct tls_files *take_files, struct error *why,
                   struct tls_files *out, struct error *err)
{
    if (!loaded || !certificate_info(take_files->server.cert, &take_files->info, why)) {
        tls_files_clear(take_files);
        return refuse(why, err);
    }
    *out = *take_files;
    return true;
}

bool tls_files_load_own(const char *data, struct tls_files *out, struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct error why = ERROR_INIT;
    bool loaded = load_own(data, &files, &why);

    return finish(loaded, &files, &why, out, err);
}

static bool load(const char *data, const struct service_config *config,
                 const struct secret *password, struct tls_files *out, struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_FILES };
    struct error why = ERROR_INIT;
    bool loaded = false;

    if (config->https.certificate[0] == '\0' && config->https.key[0] == '\0') {
        return tls_files_load_own(data, out, err);
    }
    if (config->https.certificate[0] == '\0') {
        (void)error_set(&why, REASON_TLS_CERTIFICATE,
                        "https.key is set and https.certificate is not; set both, or neither");
    } else {
        loaded = load_named(data, config, password, &files, &why);
    }
    return finish(loaded, &files, &why, out, err);
}

bool tls_files_load(const char *data, const struct service_config *config, struct tls_files *out,
                    struct error *err)
{
    return load(data, config, NULL, out, err);
}

bool tls_files_put_password(const char *data, const struct service_config *config,
                            const struct secret *password, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(PASSWORD_SEALED_MAX);
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    bool ok = false;

    if (config->https.certificate[0] == '\0') {
        return error_set(err, REASON_USAGE,
                         "https.certificate names no file whose password could be kept; name it "
                         "first: openndes config set https.certificate=FILE");
    }
    ok = load(data, config, password, &files, err)
         && protect_seal(data, TLS_PASSWORD_PURPOSE, secret_bytes(password), &sealed, err)
         && tls_pair_write(data, TLS_FILE_PASSWORD, buffer_bytes(&sealed), err);
    tls_files_clear(&files);
    buffer_clear(&sealed);
    return ok;
}
