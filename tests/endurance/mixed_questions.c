/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ocsp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <curl/curl.h>

#include "bench/load_run.h"
#include "endurance/mixed_kinds.h"
#include "support/scep_asn1.h"

#define FACE_AGE 20.0

static bool answer_has(const struct device *d, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= d->answer.len; i++) {
        if (memcmp(d->answer.data + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

/* GET of one of the faces with an operation alone. */
static long ask(struct device *d, struct face **face, const char *operation)
{
    *face = device_face(d, (enum mixed_face)device_dice(d, FACES), FACE_AGE);
    if (!*face) {
        return 0;
    }
    double begun = load_clock();
    long status =
        load_exchange((*face)->connection, operation, (struct bytes){ 0 }, true, &d->answer);
    d->seconds += load_clock() - begun;
    return status;
}

enum outcome ask_caps(struct device *d)
{
    struct face *face;
    long status = ask(d, &face, "GetCACaps");
    if (status != 200 || !answer_has(d, "SCEPStandard") || !answer_has(d, "SHA-256")) {
        return mixed_surprise(d, "caps", "HTTP %ld %s", status, device_problem(d, face));
    }
    return OUTCOME_OK;
}

enum outcome ask_cacert(struct device *d)
{
    struct face *face = device_face(d, (enum mixed_face)device_dice(d, FACES), 0);
    if (!face || face->target.recipient == face->target.certs[face->target.cert_count - 1]) {
        return mixed_surprise(d, "cacert", "no RA in GetCACert");
    }
    return OUTCOME_OK;
}

enum outcome ask_chain(struct device *d)
{
    struct face *face;
    long status = ask(d, &face, "GetCACertChain");
    const unsigned char *at = d->answer.data;
    PKCS7 *bag = status == 200 ? d2i_PKCS7(NULL, &at, (long)d->answer.len) : NULL;
    int count = bag && PKCS7_type_is_signed(bag) ? sk_X509_num(bag->d.sign->cert) : 0;
    PKCS7_free(bag);
    if (count < 2) {
        return mixed_surprise(d, "chain", "HTTP %ld, %d certificates; %s", status, count,
                              device_problem(d, face));
    }
    return OUTCOME_OK;
}

enum outcome ask_help(struct device *d)
{
    long status = device_get(d, "/certsrv/mscep/mscep.dll");
    if (status != 200 || d->answer.len < 100) {
        return mixed_surprise(d, "help", "HTTP %ld %s", status, device_problem(d, NULL));
    }
    return OUTCOME_OK;
}

enum outcome ask_page_without_sign_in(struct device *d)
{
    char url[TEXT_MAX];
    snprintf(url, sizeof(url), "%s/certsrv/mscep_admin/", d->mixed->base);
    long status = device_get(d, url);
    if (status != 401) {
        return mixed_surprise(d, "no-sign-in", "HTTP %ld %s", status, device_problem(d, NULL));
    }
    return OUTCOME_REFUSED;
}

/* GetCert or GetCRL for a certificate of the pool; NULL: it is empty, or surprise. */
static bool ask_about(struct device *d, const char *kind, const char *type, const X509 *cert,
                      struct scep_client_reply *reply)
{
    char cn[80];
    struct sent sent;
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct face *face = device_face(d, FACE_STATIC, FACE_AGE);
    if (!face) {
        mixed_surprise(d, kind, "GetCACert failed");
        return false;
    }
    device_name(d, kind, cn, sizeof(cn));
    scep_client_cert_id(cert, &plain);
    device_message(d, face,
                   &(struct asked){ .cn = cn, .type = type, .plain = buffer_bytes(&plain) }, &sent);
    long status = device_send(d, face, &sent);
    bool good = false;
    if (status != 200) {
        mixed_surprise(d, kind, "HTTP %ld %s", status, device_problem(d, face));
    } else if (!device_read(d, &sent, NULL, reply)) {
        mixed_surprise(d, kind, "%s", reply->problem);
    } else if (reply->status != 0) {
        mixed_surprise(d, kind, "pkiStatus %d, failInfo %d %s", reply->status, reply->fail_info,
                       reply->fail_text);
    } else {
        good = true;
    }
    buffer_clear(&plain);
    sent_clear(&sent);
    return good;
}

static X509 *any_of_pool(struct device *d)
{
    return d->pool_count ? d->pool[device_dice(d, (uint32_t)d->pool_count)] : NULL;
}

enum outcome ask_cert(struct device *d)
{
    struct scep_client_reply reply = { 0 };
    const X509 *cert = any_of_pool(d);
    if (!cert) {
        return ask_caps(d);
    }
    enum outcome outcome = OUTCOME_SURPRISE;
    if (ask_about(d, "getcert", "21", cert, &reply)) {
        outcome = reply.cert && reply.cert_count == 1 && X509_cmp(reply.cert, cert) == 0
                      ? OUTCOME_OK
                      : mixed_surprise(d, "getcert", "another certificate");
    }
    scep_client_reply_clear(&reply);
    return outcome;
}

/* Signed by the CA of the static face, no older than what anybody has seen, without this one. */
static const char *judge_crl(const struct device *d, X509_CRL *crl, unsigned long seen,
                             const X509 *good)
{
    const struct load_target *t = &d->faces[FACE_STATIC].target;
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    int64_t value = 0;
    X509_REVOKED *entry = NULL;
    bool read = number && ASN1_INTEGER_get_int64(&value, number) == 1 && value > 0;
    ASN1_INTEGER_free(number);
    if (!read || X509_CRL_verify(crl, X509_get0_pubkey(t->certs[t->cert_count - 1])) != 1) {
        return "a CRL without number, or not signed by the CA";
    }
    if ((unsigned long)value < seen) {
        return "an older CRL than before";
    }
    if (good
        && X509_CRL_get0_by_serial(crl, &entry, (ASN1_INTEGER *)X509_get0_serialNumber(good)) > 0) {
        return "a certificate in the CRL that nobody has revoked";
    }
    unsigned long highest = atomic_load(&d->mixed->crl_number);
    while (
        (unsigned long)value > highest
        && !atomic_compare_exchange_weak(&d->mixed->crl_number, &highest, (unsigned long)value)) {
    }
    return NULL;
}

enum outcome ask_crl_by_message(struct device *d)
{
    struct scep_client_reply reply = { 0 };
    const X509 *cert = any_of_pool(d);
    if (!cert) {
        return ask_caps(d);
    }
    enum outcome outcome = OUTCOME_SURPRISE;
    unsigned long seen = atomic_load(&d->mixed->crl_number);
    if (ask_about(d, "getcrl", "22", cert, &reply)) {
        const char *why = reply.crl ? judge_crl(d, reply.crl, seen, cert) : "no CRL";
        outcome = why ? mixed_surprise(d, "getcrl", "%s", why) : OUTCOME_OK;
    }
    scep_client_reply_clear(&reply);
    return outcome;
}

enum outcome ask_crl(struct device *d)
{
    unsigned long seen = atomic_load(&d->mixed->crl_number);
    long status = device_get(d, "/crl/default.crl");
    const unsigned char *at = d->answer.data;
    X509_CRL *crl = status == 200 ? d2i_X509_CRL(NULL, &at, (long)d->answer.len) : NULL;
    const char *why = crl ? judge_crl(d, crl, seen, any_of_pool(d)) : "no CRL";
    enum outcome outcome =
        why ? mixed_surprise(d, "crl", "HTTP %ld, %s; %s", status, why, device_problem(d, NULL))
            : OUTCOME_OK;
    X509_CRL_free(crl);
    return outcome;
}

/* "/ocsp/default/" and the question in base64, percent-encoded (RFC 6960 A.1); false: too long. */
static bool ocsp_path(OCSP_CERTID *id, char *path, size_t size)
{
    unsigned char *der = NULL;
    unsigned char text[1024];
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    scep_must(request && OCSP_request_add0_id(request, OCSP_CERTID_dup(id)));
    int len = i2d_OCSP_REQUEST(request, &der);
    scep_must(len > 0 && len < 600);
    EVP_EncodeBlock(text, der, len);
    char *escaped = curl_easy_escape(NULL, (const char *)text, 0);
    int written = escaped ? snprintf(path, size, "/ocsp/default/%s", escaped) : -1;
    curl_free(escaped);
    OPENSSL_free(der);
    OCSP_REQUEST_free(request);
    return written > 0 && (size_t)written < size;
}

static const char *judge_ocsp(const struct device *d, OCSP_CERTID *id, X509 *authority)
{
    const unsigned char *at = d->answer.data;
    int status = -1, reason = 0;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)d->answer.len);
    OCSP_BASICRESP *basic = NULL;
    X509_STORE *store = X509_STORE_new();
    const char *why = "no OCSP answer";
    if (!response || OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        goto out;
    }
    basic = OCSP_response_get1_basic(response);
    why = "an OCSP answer that the CA has not signed, nor its signer";
    if (!basic || !store || X509_STORE_add_cert(store, authority) != 1
        || OCSP_basic_verify(basic, NULL, store, 0) != 1) {
        goto out;
    }
    why = "not good, or about another certificate";
    if (OCSP_resp_find_status(basic, id, &status, &reason, NULL, NULL, NULL) == 1
        && status == V_OCSP_CERTSTATUS_GOOD) {
        why = NULL;
    }
out:
    X509_STORE_free(store);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return why;
}

enum outcome ask_ocsp(struct device *d)
{
    char path[2048];
    const X509 *cert = any_of_pool(d);
    if (!cert) {
        return ask_caps(d);
    }
    const struct load_target *t = &d->faces[FACE_STATIC].target;
    X509 *authority = t->certs[t->cert_count - 1];
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, authority);
    scep_must(id != NULL && ocsp_path(id, path, sizeof(path)));
    long status = device_get(d, path);
    const char *why = status == 200 ? judge_ocsp(d, id, authority) : "no answer";
    OCSP_CERTID_free(id);
    return why ? mixed_surprise(d, "ocsp", "HTTP %ld, %s; %s", status, why, device_problem(d, NULL))
               : OUTCOME_OK;
}

enum outcome ask_metrics(struct device *d)
{
    if (!d->mixed->metrics) {
        return ask_caps(d);
    }
    long status = device_get(d, d->mixed->metrics);
    if (status != 200 || !answer_has(d, "\nopenndes_ready 1\n")) {
        return mixed_surprise(d, "metrics", "HTTP %ld, %s; %s", status,
                              status == 200 ? "not ready" : "no answer", device_problem(d, NULL));
    }
    return OUTCOME_OK;
}

enum outcome ask_nonsense(struct device *d)
{
    static const struct {
        const char *path;
        long status;
    } urls[] = { { "/scep/nobody?operation=GetCACaps", 404 },
                 { "/scep/static?operation=Nonsense", 400 },
                 { "/scep/static", 400 },
                 { "/scep/static?operation=PKIOperation&message=%25%25%25", 400 },
                 { "/scep/static?operation=GetNextCACert", 404 },
                 { "/nothing/here", 404 },
                 { "/crl/nobody.crl", 404 },
                 { "/metrics", 404 } };
    static const uint8_t body[] = { 0x30, 0x82, 0x01, 0x00, 0x06, 0x09, 'g', 'a', 'r', 'b' };
    uint32_t which = device_dice(d, (uint32_t)(sizeof(urls) / sizeof(urls[0])) + 1);
    if (which < sizeof(urls) / sizeof(urls[0])) {
        long status = device_get(d, urls[which].path);
        return status == urls[which].status
                   ? OUTCOME_REFUSED
                   : mixed_surprise(d, "nonsense", "%s: HTTP %ld %s", urls[which].path, status,
                                    device_problem(d, NULL));
    }
    struct face *face = device_face(d, FACE_STATIC, FACE_AGE);
    double begun = load_clock();
    struct bytes garbage = bytes_of(body, sizeof(body));
    long status =
        face ? load_exchange(face->connection, "PKIOperation", garbage, false, &d->answer) : 0;
    d->seconds += load_clock() - begun;
    return status == 400 ? OUTCOME_REFUSED
                         : mixed_surprise(d, "nonsense", "garbage: HTTP %ld %s", status,
                                          device_problem(d, face));
}
