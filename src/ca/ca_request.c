/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a subordinate CA below an offline root: the request, and the certificate that comes
 *           back.
 * Not here: self-signed CAs (ca_files.c), CAs with a key of their own (ca_import.c).
 * Owns:     nothing.
 * Threads:  as ca_files.h says.
 * Spec:     RFC 2986, RFC 5280.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ca_files.h"
#include "ca/ca_key.h"
#include "ca/ca_key_reference.h"
#include "ca/ca_set.h"
#include "ca/ca_subject.h"
#include "ca/cert_builder.h"
#include "ca/cert_chain.h"
#include "model/machine_pkey.h"
#include "model/name.h"
#include "model/pem_password.h"

#define REQUEST_BYTES_MAX 65536u

/* ---- request --------------------------------------------------------------------------------- */

static bool request_pem(X509_REQ *req, struct buffer *out, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;
    bool ok = false;

    if (bio == NULL || PEM_write_bio_X509_REQ(bio, req) != 1) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "the request cannot be written as PEM");
        goto out;
    }
    len = BIO_get_mem_data(bio, &text);
    ok = len > 0 && buffer_append(out, text, (size_t)len, err);
out:
    BIO_free(bio);
    return ok;
}

static bool write_request(struct ca_folder *folder, const EVP_PKEY *key, struct bytes pem,
                          struct error *err)
{
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    bool ok = ca_key_seal(folder->data_folder, CA_KEY_KIND_CA, folder->name, key, &sealed, err)
              && ca_folder_begin(folder, err)
              && ca_folder_write(folder->draft, CA_FILE_REQUEST_KEY, buffer_bytes(&sealed), err)
              && ca_folder_write(folder->draft, CA_FILE_REQUEST, pem, err)
              && ca_folder_commit(folder, err);

    buffer_clear(&sealed);
    return ok;
}

static bool make_request(struct ca_folder *folder, const struct ca_new_options *options,
                         struct buffer *pem, struct error *err)
{
    X509_NAME *subject = NULL;
    EVP_PKEY *key = NULL;
    X509_REQ *req = NULL;
    bool ok = false;

    subject = options->subject != NULL ? ca_subject_parse(options->subject, err)
                                       : ca_subject_default(err);
    if (subject == NULL) goto out;
    key = ca_key_generate(options->key, err);
    if (key == NULL) goto out;
    req = cert_builder_ca_request(subject, key, err);
    if (req == NULL) goto out;
    if (!request_pem(req, pem, err)) goto out;
    if (!write_request(folder, key, buffer_bytes(pem), err)) goto out;
    ok = true;
out:
    X509_REQ_free(req);
    EVP_PKEY_free(key);
    X509_NAME_free(subject);
    return ok;
}

/* The request that waits; its key must still be there, or the root would sign for nothing. */
static bool repeat_request(const struct ca_folder *folder, struct buffer *pem, struct error *err)
{
    EVP_PKEY *key = NULL;
    BIO *bio = NULL;
    X509_REQ *req = NULL;
    bool ok = false;

    if (!ca_folder_read(folder->path, CA_FILE_REQUEST, REQUEST_BYTES_MAX, pem, err)) goto out;
    key = ca_set_load_key(folder, CA_FILE_REQUEST_KEY, CA_KEY_KIND_CA, err);
    if (key == NULL) goto out;
    bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, pem_no_password, NULL) : NULL;
    if (req == NULL || X509_REQ_check_private_key(req, key) != 1) {
        (void)ca_error_openssl(err, REASON_KEY_MISMATCH,
                               "%s/%s is damaged or does not belong to %s; restore both, or move "
                               "the folder away and request anew",
                               folder->path, CA_FILE_REQUEST, CA_FILE_REQUEST_KEY);
        goto out;
    }
    ok = true;
out:
    X509_REQ_free(req);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return ok;
}

bool ca_files_request(const struct ca_new_options *options, struct buffer *csr_pem,
                      struct error *err)
{
    struct buffer pem = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct ca_folder folder = { .name = NULL };
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;
    bool ok = false;

    if (!ca_folder_open(&folder, options->data_folder, options->name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_state(&folder, &state, err)) goto out;
    if (state == CA_FOLDER_REQUEST) {
        if (!repeat_request(&folder, &pem, err)) goto out;
    } else {
        if (!ca_folder_check_absent(&folder, err)) goto out;
        if (!make_request(&folder, options, &pem, err)) goto out;
    }
    ok = buffer_append_bytes(csr_pem, buffer_bytes(&pem), err);
out:
    buffer_clear(&pem);
    ca_folder_close(&folder);
    return ok;
}

/* ---- install --------------------------------------------------------------------------------- */

static bool read_certificates(const char *path, STACK_OF(X509) * pool, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = file_read(path, LIMIT_PEM_FILE_BYTES, &content, err)
              && cert_chain_parse(buffer_bytes(&content), path, pool, err);

    buffer_clear(&content);
    return ok;
}

/* A root may change the subject; what we issued and our RA go by the name that we have. */
static bool check_same_name(const struct ca_folder *folder, const struct ca_set *set,
                            struct error *err)
{
    struct ca_set old = { .parents = NULL };
    char name[256];
    bool ok = false;

    if (!ca_set_load(folder, &old, err)) {
        return false;
    }
    ok = X509_NAME_cmp(X509_get_subject_name(old.issuer.cert),
                       X509_get_subject_name(set->issuer.cert))
         == 0;
    if (!ok) {
        name_format(X509_get_subject_name(old.issuer.cert), name, sizeof(name));
        (void)error_set(err, REASON_CA_UNSUITABLE,
                        "a renewed certificate must keep the CA's subject \"%s\"", name);
    }
    ca_set_clear(&old);
    return ok;
}

/*
 * Each step leaves something that works or says what is missing; a second install mends the
 * rest.
 */
static bool install_renewed(const struct ca_folder *folder, const struct ca_set *set,
                            struct ca_ra_change *change, struct error *err)
{
    return check_same_name(folder, set, err)
           && (machine_pkey_place(set->issuer.key) == NULL
               || ca_set_write_key(folder, folder->path, set, err))
           && ca_set_write_certificates(folder->path, set, err)
           && ca_set_replace_ras(folder, set, change, err);
}

/* ca.crt is written last and makes the folder a CA; what waited is of no use behind that. */
static bool install_first(const struct ca_folder *folder, const struct ca_set *set,
                          struct error *err)
{
    return ca_set_write(folder, folder->path, set, err);
}

static bool remove_request(const struct ca_folder *folder, struct error *err)
{
    return ca_folder_remove(folder->path, CA_FILE_REQUEST_KEY, err)
           && ca_folder_remove(folder->path, CA_FILE_REQUEST, err);
}

static EVP_PKEY *load_waiting_key(const struct ca_folder *folder, enum ca_folder_state state,
                                  struct error *err)
{
    switch (state) {
    case CA_FOLDER_REQUEST:
        return ca_set_load_key(folder, CA_FILE_REQUEST_KEY, CA_KEY_KIND_CA, err);
    case CA_FOLDER_CA:
        return ca_set_load_key(folder, CA_FILE_KEY, CA_KEY_KIND_CA, err);
    case CA_FOLDER_ABSENT:
    case CA_FOLDER_UNKNOWN:
    default:
        (void)error_set(err, REASON_CA_MISSING,
                        "there is neither a CA \"%s\" nor a request for one in %s; begin with: "
                        "openndes ca request %s",
                        folder->name, folder->path, folder->name);
        return NULL;
    }
}

/*
 * The RAs of a CA whose keys are in the machine's store: they stay, as the CA's key and name do.
 * Nothing is asked of them: one that has ended with the CA, or whose key is gone, is renewed once
 * the CA is valid again, and not before.
 */
static bool keep_machine_ras(const struct ca_folder *folder, bool kept[RA_CERT_ROLES],
                             struct error *err)
{
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        if (!ca_set_ra_is_reference(folder, (enum ra_cert_role)role, &kept[role], err)) {
            return false;
        }
    }
    return true;
}

/*
 * A renewed certificate of a CA whose key is in the machine's store: where the store has it with
 * the key, and that signs, the reference goes by it, so that the old one can be removed there.
 * Owned; NULL: stay.
 */
static EVP_PKEY *find_renewed(const EVP_PKEY *key, const STACK_OF(X509) * pool)
{
    X509 *cert = cert_chain_find(pool, key);
    struct ca_key_reference reference;
    struct error ignored = ERROR_INIT;
    uint8_t digest[EVP_MAX_MD_SIZE];
    char thumbprint[2 * EVP_MAX_MD_SIZE + 1];
    EVP_PKEY *renewed = NULL;
    unsigned len = 0;

    if (machine_pkey_place(key) == NULL || cert == NULL
        || X509_digest(cert, EVP_sha1(), digest, &len) != 1) {
        return NULL;
    }
    text_hex(thumbprint, sizeof(thumbprint), bytes_of(digest, len));
    if (ca_key_reference_store(thumbprint, &reference, &ignored)) {
        renewed = ca_key_reference_open(&reference, NULL, &ignored);
    }
    if (renewed != NULL
        && (EVP_PKEY_eq(renewed, key) != 1 || !machine_pkey_try_sign(renewed, &ignored))) {
        EVP_PKEY_free(renewed);
        renewed = NULL;
    }
    return renewed;
}

bool ca_files_install(const struct ca_new_options *options, const char *cert_file,
                      const char *chain_file, struct error *err)
{
    bool kept[RA_CERT_ROLES] = { false };
    struct ra_cert_options ra = { options->ra_bits, options->ra_validity_days, NULL, kept };
    struct ca_folder folder = { .name = NULL };
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;
    struct ca_set set = { .parents = NULL };
    struct ca_ra_change unasked;
    STACK_OF(X509) *pool = sk_X509_new_null();
    EVP_PKEY *renewed = NULL;
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (pool == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    if (!ra_cert_check_options(&ra, err)) goto out;
    if (!ca_folder_open(&folder, options->data_folder, options->name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_state(&folder, &state, err)) goto out;
    key = load_waiting_key(&folder, state, err);
    if (key == NULL) goto out;
    if (!read_certificates(cert_file, pool, err)) goto out;
    if (chain_file != NULL && !read_certificates(chain_file, pool, err)) goto out;
    if (state == CA_FOLDER_CA && !keep_machine_ras(&folder, kept, err)) goto out;
    renewed = find_renewed(key, pool);
    if (!ca_set_make(&set, renewed != NULL ? renewed : key, pool, &ra, err)) {
        (void)error_context(err, "%s", cert_file);
        goto out;
    }
    if (state == CA_FOLDER_CA ? !install_renewed(
            &folder, &set, options->ra_change != NULL ? options->ra_change : &unasked, err)
                              : !install_first(&folder, &set, err)) {
        goto out;
    }
    ok = remove_request(&folder, err);
out:
    EVP_PKEY_free(renewed);
    EVP_PKEY_free(key);
    cert_chain_free(pool);
    ca_set_clear(&set);
    ca_folder_close(&folder);
    return ok;
}
