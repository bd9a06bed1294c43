/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_generations.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "ca/ca_key.h"
#include "ca/ca_set.h"
#include "ca/cert_chain.h"

#define CURRENT 0u /* not a slot: ra.crt, ra.key... */
#define FILE_NAME_MAX 32

/* In the order of writing: the lead is the last. */
static const struct {
    size_t count;
    enum ra_cert_role roles[2];
} forms[RA_GENERATION_FORMS] = {
    [RA_GENERATION_SINGLE] = { 1, { RA_CERT_SINGLE } },
    [RA_GENERATION_PAIR] = { 2, { RA_CERT_SIGN, RA_CERT_ENC } },
};

static const char *const stems[RA_CERT_ROLES] = {
    [RA_CERT_SINGLE] = "ra",
    [RA_CERT_SIGN] = "ra-sign",
    [RA_CERT_ENC] = "ra-enc",
};

enum ra_cert_role ra_generation_lead(enum ra_generation_form form)
{
    return forms[form].roles[forms[form].count - 1];
}

enum ra_generation_form ra_generation_form_of(enum ra_cert_role role)
{
    return role == RA_CERT_SINGLE ? RA_GENERATION_SINGLE : RA_GENERATION_PAIR;
}

static void former_clear(struct ra_former *former)
{
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        ra_cert_clear(&former->ra[role]);
    }
}

void ra_generations_clear(struct ra_generations *generations)
{
    for (size_t i = 0; i < generations->count; i++) {
        former_clear(&generations->former[i]);
    }
    *generations = (struct ra_generations){ .count = 0 };
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Never too long: the texts are our own. */
static const char *file_name(char out[FILE_NAME_MAX], enum ra_cert_role role, unsigned slot,
                             bool is_key)
{
    const char *ending = is_key ? "key" : "crt";
    bool fits = slot == CURRENT
                    ? text_format(out, FILE_NAME_MAX, "%s.%s", stems[role], ending)
                    : text_format(out, FILE_NAME_MAX, "%s.%u.%s", stems[role], slot, ending);

    return fits ? out : "";
}

/* The certificate of a role in a slot, owned; NULL: none, or beyond reading. */
static X509 *read_certificate(const struct ca_folder *folder, enum ra_cert_role role, unsigned slot)
{
    struct error ignored = ERROR_INIT;
    char name[FILE_NAME_MAX];
    STACK_OF(X509) *certs = NULL;
    X509 *cert = NULL;

    if (ca_folder_has(folder->path, file_name(name, role, slot, false))) {
        certs = ca_set_load_certificates(folder, name, &ignored);
    }
    if (certs != NULL) {
        cert = sk_X509_value(certs, 0);
        (void)X509_up_ref(cert);
    }
    cert_chain_free(certs);
    return cert;
}

static bool slot_in_use(const struct ca_folder *folder, enum ra_generation_form form, unsigned slot)
{
    char name[FILE_NAME_MAX];

    return ca_folder_has(folder->path, file_name(name, ra_generation_lead(form), slot, false));
}

static bool copy_file(const struct ca_folder *folder, enum ra_cert_role role, unsigned from,
                      unsigned to, bool is_key, struct error *err)
{
    struct buffer content = BUFFER_INIT(is_key ? CA_KEY_SEALED_MAX : LIMIT_PEM_FILE_BYTES);
    char source[FILE_NAME_MAX];
    char target[FILE_NAME_MAX];
    bool ok = ca_folder_read(folder->path, file_name(source, role, from, is_key),
                             is_key ? CA_KEY_SEALED_MAX : LIMIT_PEM_FILE_BYTES, &content, err)
              && ca_folder_write(folder->path, file_name(target, role, to, is_key),
                                 buffer_bytes(&content), err);

    buffer_clear(&content); /* sealed: no secret in clear */
    return ok;
}

/* Key before certificate, the lead's certificate last. */
static bool copy_form(const struct ca_folder *folder, enum ra_generation_form form, unsigned from,
                      unsigned to, struct error *err)
{
    for (size_t i = 0; i < forms[form].count; i++) {
        if (!copy_file(folder, forms[form].roles[i], from, to, true, err)
            || !copy_file(folder, forms[form].roles[i], from, to, false, err)) {
            return false;
        }
    }
    return true;
}

/* The lead's certificate first: without it the slot counts for nothing. */
static bool empty_slot(const struct ca_folder *folder, enum ra_generation_form form, unsigned slot,
                       struct error *err)
{
    char name[FILE_NAME_MAX];

    for (size_t i = forms[form].count; i > 0; i--) {
        enum ra_cert_role role = forms[form].roles[i - 1];

        if (!ca_folder_remove(folder->path, file_name(name, role, slot, false), err)
            || !ca_folder_remove(folder->path, file_name(name, role, slot, true), err)) {
            return false;
        }
    }
    return true;
}

/* ---- the interrupted one --------------------------------------------------------------------- */

/* The slot with the certificate that is current; 0: none. */
static unsigned find_twin(const struct ca_folder *folder, enum ra_generation_form form)
{
    enum ra_cert_role lead = ra_generation_lead(form);
    X509 *current = read_certificate(folder, lead, CURRENT);
    unsigned found = 0;

    for (unsigned slot = 1; current != NULL && found == 0 && slot <= RA_FORMERS_MAX; slot++) {
        X509 *cert = read_certificate(folder, lead, slot);

        found = cert != NULL && X509_cmp(cert, current) == 0 ? slot : 0;
        X509_free(cert);
    }
    X509_free(current);
    return found;
}

/* Errors: as those of loading a key, REASON_RA_UNSUITABLE, REASON_RA_MISSING. */
static bool load_role(const struct ca_folder *folder, const struct cert_issuer *issuer,
                      enum ra_cert_role role, unsigned slot, struct ra_cert *out, struct error *err)
{
    struct ra_cert loaded = { NULL, NULL };
    char name[FILE_NAME_MAX];
    bool ok = false;

    loaded.cert = read_certificate(folder, role, slot);
    if (loaded.cert == NULL) {
        (void)error_set(err, REASON_RA_MISSING, "%s/%s is missing or cannot be read", folder->path,
                        file_name(name, role, slot, false));
        goto out;
    }
    loaded.key =
        ca_set_load_key(folder, file_name(name, role, slot, true), ca_set_ra_key_kind(role), err);
    if (loaded.key == NULL) goto out;
    if (!ra_cert_check(&loaded, role, issuer, err)) {
        (void)error_context(err, "%s/%s", folder->path, file_name(name, role, slot, false));
        goto out;
    }
    *out = loaded;
    loaded = (struct ra_cert){ NULL, NULL };
    ok = true;
out:
    ra_cert_clear(&loaded);
    return ok;
}

bool ra_generations_load_current(const struct ca_folder *folder, const struct cert_issuer *issuer,
                                 enum ra_cert_role role, struct ra_cert *out)
{
    struct error ignored = ERROR_INIT;
    unsigned twin = find_twin(folder, ra_generation_form_of(role));

    return twin != 0 && load_role(folder, issuer, role, twin, out, &ignored);
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool load_slot(const struct ca_folder *folder, const struct cert_issuer *issuer,
                      enum ra_generation_form form, unsigned slot, struct ra_former *out,
                      struct error *err)
{
    *out = (struct ra_former){ .form = form, .slot = slot };
    for (size_t i = 0; i < forms[form].count; i++) {
        enum ra_cert_role role = forms[form].roles[i];

        if (!load_role(folder, issuer, role, slot, &out->ra[role], err)) {
            return false;
        }
    }
    return certificate_info(out->ra[ra_generation_lead(form)].cert, &out->info, err);
}

/* When the current one begins, seconds; INT64_MIN: it cannot be read. */
static int64_t current_start(const struct ca_folder *folder, enum ra_generation_form form)
{
    X509 *cert = read_certificate(folder, ra_generation_lead(form), CURRENT);
    struct error ignored = ERROR_INIT;
    struct certificate_info info;
    int64_t start =
        cert != NULL && certificate_info(cert, &info, &ignored) ? info.not_before : INT64_MIN;

    X509_free(cert);
    return start;
}

static int64_t counts_from(const struct certificate_info *info, int64_t start)
{
    return info->not_after > start ? info->not_after : start;
}

static bool is_older(const struct certificate_info *a, const struct certificate_info *b)
{
    return a->not_before != b->not_before ? a->not_before < b->not_before
                                          : a->not_after < b->not_after;
}

/* To its place among those of its form. */
static void insert(struct ra_generations *to, const struct ra_former *former)
{
    size_t at = to->count;

    while (at > 0 && to->former[at - 1].form == former->form
           && is_older(&to->former[at - 1].info, &former->info)) {
        to->former[at] = to->former[at - 1];
        at--;
    }
    to->former[at] = *former;
    to->count++;
}

static void load_form(const struct ca_folder *folder, const struct cert_issuer *issuer,
                      enum ra_generation_form form, int64_t ended_before,
                      struct ra_generations *out)
{
    unsigned twin = find_twin(folder, form);
    int64_t start = current_start(folder, form);

    for (unsigned slot = 1; slot <= RA_FORMERS_MAX; slot++) {
        struct error why = ERROR_INIT;
        struct ra_former former;

        if (slot == twin || !slot_in_use(folder, form, slot)) {
            continue;
        }
        if (load_slot(folder, issuer, form, slot, &former, &why)) {
            former.counts_from = counts_from(&former.info, start);
            if (former.counts_from > ended_before) {
                insert(out, &former);
                continue;
            }
        }
        if (error_is_set(&why) && out->unusable++ == 0) {
            out->why = why;
        }
        former_clear(&former);
    }
}

void ra_generations_load(const struct ca_folder *folder, const struct cert_issuer *issuer,
                         int64_t ended_before, struct ra_generations *out)
{
    *out = (struct ra_generations){ .count = 0 };
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        load_form(folder, issuer, (enum ra_generation_form)form, ended_before, out);
    }
}

/* ---- keeping --------------------------------------------------------------------------------- */

/*
 * Does the current one work? A key of the machine's store that does not open just now may do so
 * later; what is sealed and does not open never will.
 */
static bool worth_keeping(const struct ca_folder *folder, const struct cert_issuer *issuer,
                          enum ra_generation_form form, bool *worth, struct error *err)
{
    char name[FILE_NAME_MAX];

    *worth = false;
    for (size_t i = 0; i < forms[form].count; i++) {
        enum ra_cert_role role = forms[form].roles[i];
        struct ra_cert current = { NULL, NULL };
        struct error why = ERROR_INIT;
        bool is_reference = false;

        if (!ca_folder_has(folder->path, file_name(name, role, CURRENT, false))
            || !ca_folder_has(folder->path, file_name(name, role, CURRENT, true))) {
            return true;
        }
        if (!load_role(folder, issuer, role, CURRENT, &current, &why)) {
            if (!ca_set_ra_is_reference(folder, role, &is_reference, err)) {
                return false;
            }
            if (!is_reference) {
                return true;
            }
        }
        ra_cert_clear(&current);
    }
    *worth = true;
    return true;
}

/* An empty slot, or one that is damaged, or else the oldest one's. */
static unsigned choose_slot(const struct ca_folder *folder, enum ra_generation_form form,
                            struct ra_given_way *given_way)
{
    enum ra_cert_role lead = ra_generation_lead(form);
    unsigned oldest = 0;

    for (unsigned slot = 1; slot <= RA_FORMERS_MAX; slot++) {
        struct error ignored = ERROR_INIT;
        struct certificate_info info;
        X509 *cert = read_certificate(folder, lead, slot);
        bool readable = cert != NULL && certificate_info(cert, &info, &ignored);

        X509_free(cert);
        if (!readable) {
            given_way->any = false;
            return slot;
        }
        if (oldest == 0 || is_older(&info, &given_way->info)) {
            oldest = slot;
            *given_way = (struct ra_given_way){ .any = true, .info = info };
        }
    }
    return oldest;
}

bool ra_generations_keep(const struct ca_folder *folder, const struct cert_issuer *issuer,
                         enum ra_generation_form form, bool *kept, struct ra_given_way *given_way,
                         struct error *err)
{
    bool worth = false;
    unsigned slot = 0;

    *given_way = (struct ra_given_way){ .any = false };
    /* From a replacement that was interrupted: then the files are no longer what is current. */
    *kept = find_twin(folder, form) != 0;
    if (*kept) {
        return true;
    }
    if (!worth_keeping(folder, issuer, form, &worth, err)) {
        return false;
    }
    if (!worth) {
        return true;
    }
    slot = choose_slot(folder, form, given_way);
    *kept = empty_slot(folder, form, slot, err) && copy_form(folder, form, CURRENT, slot, err);
    return *kept || error_context(err, "the former RA cannot be kept");
}

bool ra_generations_settle(const struct ca_folder *folder, enum ra_generation_form form,
                           bool *again, struct error *err)
{
    unsigned twin = find_twin(folder, form);

    *again = twin != 0;
    return twin == 0 || empty_slot(folder, form, twin, err);
}

/* ---- tidying --------------------------------------------------------------------------------- */

/* What is to be done about a slot. */
enum chore { CHORE_NONE, CHORE_OVER, CHORE_LEFT_OVER, CHORE_INTERRUPTED };

static bool has_files(const struct ca_folder *folder, enum ra_generation_form form, unsigned slot)
{
    char name[FILE_NAME_MAX];

    for (size_t i = 0; i < forms[form].count; i++) {
        enum ra_cert_role role = forms[form].roles[i];

        if (ca_folder_has(folder->path, file_name(name, role, slot, false))
            || ca_folder_has(folder->path, file_name(name, role, slot, true))) {
            return true;
        }
    }
    return false;
}

static enum chore chore_of(const struct ca_folder *folder, enum ra_generation_form form,
                           unsigned slot, unsigned twin, int64_t ended_before)
{
    struct error ignored = ERROR_INIT;
    struct certificate_info info;
    enum chore chore = CHORE_NONE;
    X509 *cert = NULL;

    if (slot == twin) {
        return CHORE_INTERRUPTED;
    }
    if (!slot_in_use(folder, form, slot)) {
        return has_files(folder, form, slot) ? CHORE_LEFT_OVER : CHORE_NONE;
    }
    /* What cannot be read is an administrator's to look at: it may be restored. */
    cert = read_certificate(folder, ra_generation_lead(form), slot);
    if (cert != NULL && certificate_info(cert, &info, &ignored)
        && counts_from(&info, current_start(folder, form)) <= ended_before) {
        chore = CHORE_OVER;
    }
    X509_free(cert);
    return chore;
}

/* The slot stays until all is back in its place; for good, if it does not open. */
static bool go_back(const struct ca_folder *folder, const struct cert_issuer *issuer,
                    enum ra_generation_form form, unsigned slot, struct error *err)
{
    struct error why = ERROR_INIT;
    struct ra_former former;
    bool opens = load_slot(folder, issuer, form, slot, &former, &why);

    former_clear(&former);
    return !opens
           || (copy_form(folder, form, slot, CURRENT, err) && empty_slot(folder, form, slot, err));
}

bool ra_generations_untidy(const struct ca_folder *folder, int64_t ended_before)
{
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        unsigned twin = find_twin(folder, (enum ra_generation_form)form);

        for (unsigned slot = 1; slot <= RA_FORMERS_MAX; slot++) {
            if (chore_of(folder, (enum ra_generation_form)form, slot, twin, ended_before)
                != CHORE_NONE) {
                return true;
            }
        }
    }
    return false;
}

static bool do_chore(const struct ca_folder *folder, const struct cert_issuer *issuer,
                     enum ra_generation_form form, unsigned slot, enum chore chore,
                     struct error *err)
{
    switch (chore) {
    case CHORE_INTERRUPTED:
        return go_back(folder, issuer, form, slot, err);
    case CHORE_OVER:
    case CHORE_LEFT_OVER:
        return empty_slot(folder, form, slot, err);
    case CHORE_NONE:
    default:
        return true;
    }
}

bool ra_generations_tidy(const struct ca_folder *folder, const struct cert_issuer *issuer,
                         int64_t ended_before, size_t *removed, struct error *err)
{
    *removed = 0;
    for (int i = 0; i < RA_GENERATION_FORMS; i++) {
        enum ra_generation_form form = (enum ra_generation_form)i;
        unsigned twin = find_twin(folder, form);

        for (unsigned slot = 1; slot <= RA_FORMERS_MAX; slot++) {
            enum chore chore = chore_of(folder, form, slot, twin, ended_before);

            if (!do_chore(folder, issuer, form, slot, chore, err)) {
                return false;
            }
            *removed += chore == CHORE_OVER ? 1 : 0;
        }
    }
    return true;
}
