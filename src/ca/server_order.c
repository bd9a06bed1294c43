/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/server_order.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/ip_prefix.h"
#include "base/limits.h"
#include "base/text.h"
#include "ca/ca_error.h"
#include "ca/ca_key.h"
#include "ca/ca_validity.h"

#define DAY_SECONDS 86400
#define DNS_NAME_MAX 253
#define DNS_LABEL_MAX 63
#define COMMON_NAME_MAX 64 /* ub-common-name */

void server_order_clear(struct server_order *order)
{
    if (order == NULL) {
        return;
    }
    EVP_PKEY_free(order->key);
    csr_clear(&order->csr);
    cert_plan_clear(&order->plan);
    *order = (struct server_order)SERVER_ORDER_INIT;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool refuse_name(const char *name, const char *why, struct error *err)
{
    char shown[96];

    text_escape(shown, sizeof(shown), bytes_of_text(name));
    return error_set(err, REASON_USAGE, "\"%s\" cannot be a name of the server: %s", shown, why);
}

/* Letters, digits, '-', '_' (Windows has such hosts) in labels; "*" only as the whole first one. */
static bool check_dns(const char *name, struct error *err)
{
    struct ip_address address;
    struct error ignored = ERROR_INIT;
    size_t label = 0;
    const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

    if (name[0] == '\0' || strlen(name) > DNS_NAME_MAX) {
        return refuse_name(name, "it is empty or longer than 253 characters", err);
    }
    if (ip_address_parse(bytes_of_text(name), &address, &ignored)) {
        return refuse_name(name, "it is an address; give it with --address", err);
    }
    for (const char *c = rest;; c++) {
        if (*c == '.' || *c == '\0') {
            if (label == 0 || label > DNS_LABEL_MAX || c[-1] == '-') {
                return refuse_name(name, "a part between dots is empty, too long or ends in '-'",
                                   err);
            }
            label = 0;
            if (*c == '\0') {
                return true;
            }
            continue;
        }
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')
              || *c == '_' || (*c == '-' && label > 0))) {
            return refuse_name(name,
                               "letters, digits, '-' and dots are possible; other letters are "
                               "written in their xn-- form",
                               err);
        }
        label++;
    }
}

static bool push_name(GENERAL_NAMES *san, int type, struct bytes value, struct error *err)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text =
        type == GEN_DNS ? ASN1_IA5STRING_new() : (ASN1_STRING *)ASN1_OCTET_STRING_new();
    bool ok = false;

    if (name == NULL || text == NULL || ASN1_STRING_set(text, value.data, (int)value.len) != 1) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a name");
        goto out;
    }
    GENERAL_NAME_set0_value(name, type, text);
    text = NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(san, i), name) == 0) {
            ok = true; /* there already */
            goto out;
        }
    }
    if (sk_GENERAL_NAME_num(san) >= (int)LIMIT_SAN_ENTRIES
        || sk_GENERAL_NAME_push(san, name) <= 0) {
        (void)error_set(err, REASON_USAGE, "more than %u names", LIMIT_SAN_ENTRIES);
        goto out;
    }
    name = NULL;
    ok = true;
out:
    GENERAL_NAME_free(name);
    ASN1_STRING_free(text);
    return ok;
}

static bool push_dns(GENERAL_NAMES *san, const char *name, struct error *err)
{
    char lower[DNS_NAME_MAX + 1];
    size_t len = strlen(name);

    if (!check_dns(name, err)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    return push_name(san, GEN_DNS, bytes_of(lower, len), err);
}

static bool push_address(GENERAL_NAMES *san, const char *text, struct error *err)
{
    struct ip_address address;
    struct error ignored = ERROR_INIT;

    if (!ip_address_parse(bytes_of_text(text), &address, &ignored)) {
        return refuse_name(text, "it is not an IPv4 or IPv6 address", err);
    }
    return push_name(san, GEN_IPADD, bytes_of(address.octets, address.v6 ? 16 : 4), err);
}

/* The first DNS name that fits; NULL: none does. */
static const ASN1_STRING *find_common_name(const GENERAL_NAMES *san)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);

        if (name->type == GEN_DNS && ASN1_STRING_length(name->d.dNSName) <= COMMON_NAME_MAX) {
            return name->d.dNSName;
        }
    }
    return NULL;
}

static bool set_subject(struct cert_plan *plan, const struct server_names *names, struct error *err)
{
    const ASN1_STRING *found = find_common_name(plan->san);
    struct bytes text = { NULL, 0 };

    if (found != NULL) {
        text = bytes_of(ASN1_STRING_get0_data(found), (size_t)ASN1_STRING_length(found));
    } else if (names->dns_count == 0) {
        text = bytes_of_text(names->addresses[0]);
    }
    plan->subject = X509_NAME_new();
    /* Without one the subject stays empty, and the alternative names become critical. */
    if (plan->subject == NULL
        || (text.len > 0
            && X509_NAME_add_entry_by_NID(plan->subject, NID_commonName, MBSTRING_UTF8, text.data,
                                          (int)text.len, -1, 0)
                   != 1)) {
        return ca_error_openssl(err, REASON_INTERNAL, "a subject cannot be made");
    }
    return true;
}

static bool set_names(struct cert_plan *plan, const struct server_names *names, struct error *err)
{
    if (names->dns_count + names->address_count == 0) {
        return error_set(err, REASON_USAGE, "a server's certificate needs a name or an address");
    }
    plan->san = GENERAL_NAMES_new();
    if (plan->san == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for names");
    }
    for (size_t i = 0; i < names->dns_count; i++) {
        if (!push_dns(plan->san, names->dns[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < names->address_count; i++) {
        if (!push_address(plan->san, names->addresses[i], err)) {
            return false;
        }
    }
    return set_subject(plan, names, err);
}

/* ---- plan, key, request --------------------------------------------------------------------- */

/* Browsers count both ends and want 398 days at most: a day back, 397 ahead, a second less. */
static bool set_times(struct cert_plan *plan, int64_t now, int64_t days, struct error *err)
{
    if (days < 1 || days > SERVER_DAYS_MAX) {
        return error_set(err, REASON_USAGE,
                         "a server's certificate is valid for 1 to %d days: browsers refuse longer "
                         "ones",
                         SERVER_DAYS_MAX);
    }
    plan->not_before = now - CA_BACKDATE_SECONDS;
    plan->not_after = now + days * DAY_SECONDS - 1;
    return true;
}

static bool set_usage(struct cert_plan *plan, const EVP_PKEY *key, struct error *err)
{
    plan->key_usage = KEY_USAGE_DIGITAL_SIGNATURE;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        plan->key_usage |= KEY_USAGE_KEY_ENCIPHERMENT;
    }
    plan->eku = sk_ASN1_OBJECT_new_null();
    if (plan->eku == NULL || sk_ASN1_OBJECT_push(plan->eku, OBJ_nid2obj(NID_server_auth)) <= 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
    }
    return true;
}

/* A CA of the house takes requests from everybody alike: one is made and read again. */
static bool make_request(struct server_order *order, struct error *err)
{
    X509_REQ *req = X509_REQ_new();
    unsigned char *der = NULL;
    int len = -1;
    bool ok = false;

    if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1
        && X509_REQ_set_subject_name(req, order->plan.subject) == 1
        && X509_REQ_set_pubkey(req, order->key) == 1
        && X509_REQ_sign(req, order->key, ca_key_digest(order->key)) > 0) {
        len = i2d_X509_REQ(req, &der);
    }
    if (len <= 0) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a request cannot be made");
        goto out;
    }
    ok = csr_parse(bytes_of(der, (size_t)len), &order->csr, err);
out:
    OPENSSL_free(der);
    X509_REQ_free(req);
    return ok;
}

/* Subject, names and times are in the plan. */
static bool finish(struct server_order *order, enum ca_key_spec spec, struct error *err)
{
    order->key = ca_key_generate(spec, err);
    return order->key != NULL && set_usage(&order->plan, order->key, err)
           && make_request(order, err);
}

bool server_order_create(struct server_order *order, const struct server_names *names,
                         enum ca_key_spec key, int64_t now, int64_t days, struct error *err)
{
    struct server_order made = SERVER_ORDER_INIT;
    bool ok = set_times(&made.plan, now, days, err) && set_names(&made.plan, names, err)
              && finish(&made, key, err);

    if (ok) {
        *order = made;
    } else {
        server_order_clear(&made);
    }
    return ok;
}

static enum ca_key_spec spec_of(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        return bits > 256 ? CA_KEY_EC_P384 : CA_KEY_EC_P256;
    }
    if (bits >= 4096) {
        return CA_KEY_RSA_4096;
    }
    return bits >= 3072 ? CA_KEY_RSA_3072 : CA_KEY_RSA_2048;
}

bool server_order_renew(struct server_order *order, const struct x509_st *former, int64_t now,
                        int64_t days, struct error *err)
{
    struct server_order made = SERVER_ORDER_INIT;
    const EVP_PKEY *key = X509_get0_pubkey(former);
    bool ok = false;

    if (!set_times(&made.plan, now, days, err)) goto out;
    made.plan.subject = X509_NAME_dup(X509_get_subject_name(former));
    made.plan.san = X509_get_ext_d2i(former, NID_subject_alt_name, NULL, NULL);
    if (key == NULL || made.plan.subject == NULL || made.plan.san == NULL) {
        (void)ca_error_openssl(err, REASON_INTERNAL,
                               "the former certificate has no names to take over");
        goto out;
    }
    ok = finish(&made, spec_of(key), err);
out:
    if (ok) {
        *order = made;
    } else {
        server_order_clear(&made);
    }
    return ok;
}
