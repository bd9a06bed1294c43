/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/trusted_cas.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/crl_builder.h"
#include "ca/foreign_ca.h"
#include "platform/clock.h"
#include "platform/rights.h"

/* One file, and what it was like when it was read. */
struct source {
    char path[FILE_PATH_MAX];
    char shown[LIMIT_TEMPLATE_NAME + 32]; /* "trusted/NAME.crt", for messages */
    struct file_stamp stamp;
};

struct trusted_ca {
    char name[LIMIT_TEMPLATE_NAME + 1];
    struct source certificate;
    struct source crl;
    struct foreign_ca *ca; /* NULL: its certificate cannot be used */
    struct error error;    /* of either file; not set: both are good */
};

struct trusted_cas {
    char data_folder[FILE_PATH_MAX];
    struct trusted_ca *item[TRUSTED_CAS_MAX];
    size_t count;
};

static void ca_free_one(struct trusted_ca *ca)
{
    if (ca != NULL) {
        foreign_ca_free(ca->ca);
        free(ca);
    }
}

struct trusted_cas *trusted_cas_create(const char *data_folder, struct error *err)
{
    struct trusted_cas *trusted = calloc(1, sizeof(*trusted));

    if (trusted == NULL) {
        error_set(err, REASON_NO_MEMORY, "trusted CAs");
    } else if (!text_copy(trusted->data_folder, sizeof(trusted->data_folder), data_folder)) {
        error_set(err, REASON_LIMIT, "the data folder's path is too long");
        trusted_cas_free(trusted);
        trusted = NULL;
    }
    return trusted;
}

void trusted_cas_free(struct trusted_cas *trusted)
{
    if (trusted == NULL) {
        return;
    }
    for (size_t i = 0; i < trusted->count; i++) {
        ca_free_one(trusted->item[i]);
    }
    free(trusted);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool source_init(struct source *source, const char *data_folder, const char *name,
                        const char *ending, struct error *err)
{
    return (text_format(source->shown, sizeof(source->shown), TRUSTED_CAS_FOLDER "/%s%s", name,
                        ending)
            || error_set(err, REASON_LIMIT, "the name of a trusted CA is too long"))
           && path_join(source->path, data_folder, source->shown, err);
}

bool trusted_cas_exists(const char *data_folder, const char *name)
{
    struct error ignored = ERROR_INIT;
    struct source source;

    return source_init(&source, data_folder, name, ".crt", &ignored) && file_exists(source.path);
}

/* The stamp first: what is written meanwhile counts as changed. */
static bool source_read(struct source *source, size_t max, struct buffer *out, struct error *err)
{
    struct error why = ERROR_INIT;

    if (!file_stamp(source->path, &source->stamp, &why) || !rights_check(source->path, false, &why)
        || !file_read(source->path, max, out, &why)) {
        return error_set(err, REASON_TRUSTED_CA, "%s: %s", source->shown, why.detail);
    }
    return true;
}

/* Also one that is not there any more. */
static bool source_changed(const struct source *source)
{
    struct error ignored = ERROR_INIT;
    struct file_stamp now;

    return !file_stamp(source->path, &now, &ignored) || !file_stamp_equal(&now, &source->stamp);
}

static bool read_certificate(struct trusted_ca *ca, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct error why = ERROR_INIT;
    bool ok = source_read(&ca->certificate, LIMIT_PEM_FILE_BYTES, &content, err);

    if (ok) {
        ca->ca = foreign_ca_read(buffer_bytes(&content), ca->certificate.shown, &why);
        ok = ca->ca != NULL || error_set(err, REASON_TRUSTED_CA, "%s", why.detail);
    }
    buffer_clear(&content);
    return ok;
}

static bool read_crl(struct trusted_ca *ca, struct error *err)
{
    struct buffer content = BUFFER_INIT(CRL_BYTES_MAX);
    bool ok = source_read(&ca->crl, CRL_BYTES_MAX, &content, err)
              && foreign_ca_read_crl(ca->ca, buffer_bytes(&content), ca->crl.shown, err);

    buffer_clear(&content);
    return ok;
}

bool trusted_cas_add(struct trusted_cas *trusted, const char *name, struct error *err)
{
    struct trusted_ca *ca = NULL;

    if (trusted->count >= TRUSTED_CAS_MAX) {
        return error_set(err, REASON_LIMIT, "more than %u trusted CAs", TRUSTED_CAS_MAX);
    }
    ca = calloc(1, sizeof(*ca));
    if (ca == NULL) {
        return error_set(err, REASON_NO_MEMORY, "trusted CAs");
    }
    if (!text_copy(ca->name, sizeof(ca->name), name)) {
        ca_free_one(ca);
        return error_set(err, REASON_LIMIT, "the name of a trusted CA is too long");
    }
    if (!source_init(&ca->certificate, trusted->data_folder, name, ".crt", err)
        || !source_init(&ca->crl, trusted->data_folder, name, ".crl", err)) {
        ca_free_one(ca);
        return false;
    }
    trusted->item[trusted->count++] = ca;
    return (read_certificate(ca, &ca->error) && read_crl(ca, &ca->error))
           || ca->error.reason == REASON_TRUSTED_CA
           || error_set(err, ca->error.reason, "%s", ca->error.detail);
}

/* ---- questions ------------------------------------------------------------------------------- */

size_t trusted_cas_count(const struct trusted_cas *trusted)
{
    return trusted == NULL ? 0 : trusted->count;
}

const char *trusted_cas_name(const struct trusted_cas *trusted, size_t index)
{
    return trusted->item[index]->name;
}

int64_t trusted_cas_crl_end(const struct trusted_cas *trusted, size_t index)
{
    const struct foreign_ca *ca = trusted->item[index]->ca;
    int64_t from = 0;
    int64_t until = 0;

    return ca != NULL && foreign_ca_crl_times(ca, &from, &until) ? until : 0;
}

static bool check_files(const struct trusted_ca *ca, struct error *err)
{
    if (error_is_set(&ca->error)) {
        return error_set(err, REASON_TRUSTED_CA, "%s", ca->error.detail);
    }
    /* Taken away is taken away at once, also where the settings before are still in force. */
    if (source_changed(&ca->certificate)) {
        return error_set(err, REASON_TRUSTED_CA, "%s is not the file that was read any more",
                         ca->certificate.shown);
    }
    /* A newer CRL is read soon; until then the one before says what it says, to its own end. */
    return file_exists(ca->crl.path)
           || error_set(err, REASON_TRUSTED_CA, "%s is not there any more", ca->crl.shown);
}

static bool check_times(const struct trusted_ca *ca, int64_t now, struct error *err)
{
    const struct certificate_info *info = foreign_ca_info(ca->ca);
    char text[CLOCK_TEXT_MAX];
    int64_t from = 0;
    int64_t until = 0;

    if (!foreign_ca_crl_times(ca->ca, &from, &until)) {
        return error_set(err, REASON_TRUSTED_CA, "%s: there is none", ca->crl.shown);
    }
    if (now > info->not_after || now < info->not_before) {
        clock_format(now > info->not_after ? info->not_after : info->not_before, text);
        return error_set(err, REASON_TRUSTED_CA, "%s %s %s", ca->certificate.shown,
                         now > info->not_after ? "has ended at" : "is not valid before", text);
    }
    if (now >= until) {
        clock_format(until, text);
        return error_set(err, REASON_TRUSTED_CA, "%s has ended at %s: put a newer one there",
                         ca->crl.shown, text);
    }
    if (now < from) {
        clock_format(from, text);
        return error_set(err, REASON_TRUSTED_CA, "%s begins at %s: is this machine's clock right?",
                         ca->crl.shown, text);
    }
    return true;
}

const struct error *trusted_cas_problem(const struct trusted_cas *trusted, size_t index,
                                        int64_t now, struct error *why)
{
    const struct trusted_ca *ca = trusted->item[index];

    error_clear(why);
    return check_files(ca, why) && check_times(ca, now, why) ? NULL : why;
}

bool trusted_cas_find(const struct trusted_cas *trusted, const struct x509_st *cert, size_t *index)
{
    for (size_t i = 0; i < trusted_cas_count(trusted); i++) {
        const struct trusted_ca *ca = trusted->item[i];

        if (ca->ca != NULL && foreign_ca_signed(ca->ca, cert)) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool trusted_cas_status(const struct trusted_cas *trusted, size_t index, const struct x509_st *cert,
                        int64_t now, bool *revoked, struct error *err)
{
    const struct trusted_ca *ca = trusted->item[index];

    if (!check_files(ca, err) || !check_times(ca, now, err)) {
        return false;
    }
    *revoked = foreign_ca_revoked(ca->ca, cert);
    return true;
}
