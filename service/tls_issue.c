/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "ca/server_order.h"
#include "platform/clock.h"
#include "service/tls_files.h"

#define DAY_SECONDS 86400
#define RENEW_DAYS 30
/* As for devices: a serial of 158 random bits repeats only when the random source is broken. */
#define SERIAL_TRIES 3

/* A CA with its certificate, open for one order. */
struct issuer {
    struct ca_builtin *builtin; /* belongs to ca */
    struct ca *ca;
    struct certificate_info info;
};

static void issuer_close(struct issuer *issuer)
{
    ca_free(issuer->ca);
    *issuer = (struct issuer){ .ca = NULL };
}

static bool issuer_open(const struct tls_issue_options *options, const char *name,
                        struct issuer *out, struct error *err)
{
    const struct ca_builtin_options ca_options = {
        .data_folder = options->data,
        .name = name,
        .public_url = options->public_url,
        .store = options->store,
        .crl_validity_hours = options->config->crl.validity_hours,
        .crl_renew_hours = options->config->crl.renew_hours,
        .ocsp = { .enabled = options->config->ocsp.enabled }, /* for its address alone */
    };
    const struct x509_st *cert = NULL;

    out->builtin = ca_builtin_open(&ca_options, err);
    if (out->builtin == NULL) {
        return false;
    }
    out->ca = ca_builtin_as_ca(out->builtin);
    if (out->ca == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a CA");
    }
    cert = ca_builtin_certificate(out->builtin);
    if (cert == NULL) {
        return error_set(err, REASON_CA_NOT_READY,
                         "the CA \"%s\" waits for its certificate: openndes ca install %s --cert "
                         "FILE",
                         name, name);
    }
    return certificate_info(cert, &out->info, err);
}

/* ---- issuing -------------------------------------------------------------------------------- */

static bool record(const struct tls_issue_options *options, const struct issuer *issuer,
                   const struct server_order *order, const struct issuance *issuance, int64_t now,
                   struct error *err)
{
    /* As clients name a transaction: by the key. It is new, so the request never repeats one. */
    char transaction[2 * DIGEST_SHA256_BYTES + 1];
    enum store_record_result result = STORE_RECORDED;
    struct store_request_key key = {
        .template_name = TLS_TEMPLATE_NAME,
        .ca_name = ca_name(issuer->ca),
    };
    const struct store_certificate row = {
        .request = &key,
        .info = &issuance->info,
        .der = buffer_bytes(&issuance->cert_der),
        .challenge_type = "tls",
        .issued_at = now,
    };

    text_hex(transaction, sizeof(transaction),
             bytes_of(order->csr.key_sha256, sizeof(order->csr.key_sha256)));
    key.transaction_id = bytes_of_text(transaction);
    memcpy(key.signer_key_sha256, order->csr.key_sha256, sizeof(key.signer_key_sha256));
    memcpy(key.csr_sha256, order->csr.sha256, sizeof(key.csr_sha256));
    return store_record_certificate(options->store, &row, 0, &result, err)
           && (result == STORE_RECORDED
               || error_set(err, REASON_INTERNAL, "a new request was taken for an old one"));
}

static bool sign_and_record(const struct tls_issue_options *options, const struct issuer *issuer,
                            const struct server_order *order, int64_t now,
                            struct issuance *issuance, struct error *err)
{
    for (int i = 0; i < SERIAL_TRIES; i++) {
        error_clear(err);
        issuance_clear(issuance);
        if (!ca_issue(issuer->ca, &order->csr, &order->plan, issuance, err)) {
            return false;
        }
        if (record(options, issuer, order, issuance, now, err)) {
            return true;
        }
        if (err->reason != REASON_STORE_DUPLICATE) {
            return false;
        }
    }
    return false;
}

/* The certificate with its issuer and the issuer's parents, in PEM as server_cert_make reads it. */
static bool collect(const struct issuer *issuer, const struct issuance *issuance,
                    struct buffer *pem, struct error *err)
{
    struct x509_st *cert = certificate_parse(buffer_bytes(&issuance->cert_der), err);
    bool ok = cert != NULL && certificate_pem(cert, pem, err)
              && ca_builtin_chain_pem(issuer->builtin, true, pem, err);

    certificate_free(cert);
    return ok;
}

/* The lock is held. From here on either the former pair is in use, or the new one, whole. */
static bool fulfil(const struct tls_issue_options *options, const struct issuer *issuer,
                   const struct server_order *order, int64_t now, struct certificate_info *info,
                   struct error *err)
{
    struct issuance issuance = ISSUANCE_INIT;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct server_cert server = { .cert = NULL };
    bool ok = false;

    if (!sign_and_record(options, issuer, order, now, &issuance, err)) goto out;
    if (!collect(issuer, &issuance, &pem, err)) goto out;
    if (!server_cert_make(order->key, buffer_bytes(&pem), "the new certificate", &server, err)) {
        goto out;
    }
    if (!tls_files_install(options->data, &server, err)) {
        (void)error_context(err, "serial %s is issued and recorded, but not installed",
                            issuance.info.serial);
        goto out;
    }
    *info = issuance.info;
    ok = true;
out:
    server_cert_clear(&server);
    buffer_clear(&pem);
    issuance_clear(&issuance);
    return ok;
}

bool tls_files_issue(const struct tls_issue_options *options, struct certificate_info *info,
                     struct error *err)
{
    const struct server_names names = {
        .dns = options->names,
        .dns_count = options->name_count,
        .addresses = options->addresses,
        .address_count = options->address_count,
    };
    struct server_order order = SERVER_ORDER_INIT;
    struct issuer issuer = { .ca = NULL };
    struct file_lock *lock = NULL;
    int64_t now = clock_now();
    bool ok = false;

    if (!issuer_open(options, options->ca, &issuer, err)) goto out;
    if (!tls_files_lock(options->data, &lock, err)) goto out;
    if (!server_order_create(&order, &names, options->key, now, options->days, err)) {
        goto out;
    }
    ok = fulfil(options, &issuer, &order, now, info, err);
out:
    file_lock_release(lock);
    server_order_clear(&order);
    issuer_close(&issuer);
    return ok;
}

/* ---- renewing ------------------------------------------------------------------------------- */

struct origin_search {
    const struct certificate_info *info;
    struct tls_origin *origin;
};

static bool compare_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct origin_search *search = context;
    uint8_t digest[DIGEST_SHA256_BYTES];

    if (!digest_sha256(row->der, digest, err)) {
        return false;
    }
    search->origin->issued =
        strcmp(row->template_name, TLS_TEMPLATE_NAME) == 0
        && memcmp(digest, search->info->sha256, sizeof(digest)) == 0
        && text_copy(search->origin->ca, sizeof(search->origin->ca), row->ca_name);
    search->origin->revoked = row->revoked_at != 0;
    search->origin->issued_at = row->issued_at;
    return true;
}

bool tls_files_origin(const struct tls_files *files, struct store *store, struct tls_origin *out,
                      struct error *err)
{
    struct origin_search search = { &files->info, out };
    struct error why = ERROR_INIT;

    *out = (struct tls_origin){ .issued = false };
    if (files->source != TLS_SOURCE_OWN) {
        return true;
    }
    if (store_show_certificate(store, NULL, files->info.serial, compare_row, &search, &why)
        || why.reason == REASON_CERT_NOT_FOUND) {
        return true;
    }
    /* Two CAs with the same serial: not one of ours, which are random. */
    if (why.reason == REASON_USAGE) {
        return true;
    }
    *err = why;
    return false;
}

/* Days it was issued for. */
static int64_t life_days(const struct tls_files *files, const struct tls_origin *origin)
{
    int64_t days = (files->info.not_after - origin->issued_at + DAY_SECONDS) / DAY_SECONDS;

    if (days < 1) {
        return 1;
    }
    return days > SERVER_DAYS_MAX ? SERVER_DAYS_MAX : days;
}

static bool ends_soon(const struct tls_files *files, const struct tls_origin *origin, int64_t now)
{
    int64_t life = files->info.not_after - origin->issued_at;
    int64_t margin =
        life / 3 < RENEW_DAYS * (int64_t)DAY_SECONDS ? life / 3 : RENEW_DAYS * (int64_t)DAY_SECONDS;

    return files->info.not_after - now < margin;
}

/* Load the pair, find its CA and decide. The caller closes and clears, whatever is returned. */
static bool decide(const struct tls_issue_options *options, int64_t now, struct tls_files *files,
                   struct tls_origin *origin, struct issuer *issuer, bool *due, struct error *err)
{
    *due = false;
    if (options->config->https.certificate[0] != '\0' || options->config->https.key[0] != '\0'
        || !tls_files_configured(options->data, options->config)) {
        return true; /* an administrator's file is the administrator's business */
    }
    if (!tls_files_load(options->data, options->config, files, err)
        || !tls_files_origin(files, options->store, origin, err)) {
        return false;
    }
    if (!origin->issued || origin->revoked || !ends_soon(files, origin, now)) {
        return true;
    }
    if (!issuer_open(options, origin->ca, issuer, err)) {
        return error_context(err, "the HTTPS certificate ends soon and cannot be renewed");
    }
    /* With a CA that ends as early, a new one every hour would gain nothing. */
    *due = issuer->info.not_after >= files->info.not_after + DAY_SECONDS;
    return true;
}

bool tls_files_renew_due(const struct tls_issue_options *options, int64_t now, bool *due,
                         struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct tls_origin origin;
    struct issuer issuer = { .ca = NULL };
    bool ok = decide(options, now, &files, &origin, &issuer, due, err);

    issuer_close(&issuer);
    tls_files_clear(&files);
    return ok;
}

bool tls_files_renew(const struct tls_issue_options *options, int64_t now, bool *renewed,
                     struct certificate_info *info, struct error *err)
{
    struct server_order order = SERVER_ORDER_INIT;
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct tls_origin origin;
    struct issuer issuer = { .ca = NULL };
    struct file_lock *lock = NULL;
    bool due = false;
    bool ok = false;

    *renewed = false;
    /* Under the lock: a command may have issued a new one since it was found due. */
    if (!tls_files_lock(options->data, &lock, err)) goto out;
    if (!decide(options, now, &files, &origin, &issuer, &due, err)) goto out;
    if (due) {
        if (!server_order_renew(&order, files.server.cert, now, life_days(&files, &origin), err)
            || !fulfil(options, &issuer, &order, now, info, err)) {
            (void)error_context(err, "the HTTPS certificate ends soon and cannot be renewed");
            goto out;
        }
        *renewed = true;
    }
    ok = true;
out:
    file_lock_release(lock);
    server_order_clear(&order);
    issuer_close(&issuer);
    tls_files_clear(&files);
    return ok;
}
