/* SPDX-License-Identifier: Apache-2.0 */
#include "endurance/mixed_device.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "bench/load_run.h"

/*
 * Seconds for which a connection may lie idle: less than limits.idle_seconds. The server would
 * close it, and libcurl does not see that of a TLS connection; it tries again by itself, but counts
 * that over the whole life of a handle and gives up at the sixth time.
 */
#define IDLE_MAX 20.0

static const char *const paths[FACES] = {
    [FACE_STATIC] = "/scep/static",
    [FACE_WAITS] = "/scep/waits",
    [FACE_ROLL] = "/scep/roll",
    [FACE_NDES] = "/certsrv/mscep/mscep.dll",
};

void device_open(struct device *d, struct mixed *mixed, unsigned number)
{
    *d = (struct device){ .mixed = mixed, .number = number };
    d->dice = 0x9e3779b97f4a7c15u * (number + 1);
    d->base = mixed->secure && number % 2 == 1 ? mixed->secure : mixed->base;
    d->answer.max = LOAD_ANSWER_MAX;
    for (size_t i = 0; i < FACES; i++) {
        snprintf(d->faces[i].url, sizeof(d->faces[i].url), "%s%s", d->base, paths[i]);
    }
}

void sent_clear(struct sent *sent)
{
    buffer_clear(&sent->message);
    X509_free(sent->signer);
    *sent = (struct sent){ .signer = NULL };
}

void device_close(struct device *d)
{
    for (size_t i = 0; i < FACES; i++) {
        load_connection_close(d->faces[i].connection);
        load_target_close(&d->faces[i].target);
    }
    for (size_t i = 0; i < d->pool_count; i++) {
        X509_free(d->pool[i]);
    }
    for (size_t i = 0; i < KEPT_MAX; i++) {
        sent_clear(&d->kept[i]);
    }
    for (size_t i = 0; i < d->waiting_count; i++) {
        sent_clear(&d->waiting[i]);
    }
    buffer_clear(&d->answer);
}

/* xorshift64*: which request comes next; repeatable, no secret. */
uint32_t device_dice(struct device *d, uint32_t below)
{
    d->dice ^= d->dice >> 12;
    d->dice ^= d->dice << 25;
    d->dice ^= d->dice >> 27;
    return (uint32_t)((d->dice * 2685821657736338717u) >> 33) % below;
}

void device_name(struct device *d, const char *word, char *cn, size_t size)
{
    snprintf(cn, size, "%s-%s-%u-%zu", d->mixed->prefix, word, d->number, ++d->names);
}

struct face *device_face(struct device *d, enum mixed_face which, double age)
{
    struct face *face = &d->faces[which];
    double now = load_clock();
    if (face->connection && now - face->used > IDLE_MAX) {
        load_connection_close(face->connection);
        face->connection = load_connection_open(&face->target, false);
    }
    face->used = now;
    if (face->fetched > 0 && face->connection && now - face->fetched <= age) {
        return face;
    }
    struct load_target fresh;
    bool opened = load_target_open(&fresh, face->url);
    d->seconds += load_clock() - now;
    if (!opened) {
        load_target_close(&fresh);
        return NULL;
    }
    load_target_close(&face->target);
    face->target = fresh;
    face->fetched = now;
    if (!face->connection) {
        face->connection = load_connection_open(&face->target, false);
    }
    return face->connection ? face : NULL;
}

void device_message(struct device *d, const struct face *face, const struct asked *asked,
                    struct sent *out)
{
    struct scep_client c;
    *out = (struct sent){ .message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX), .when = load_clock() };
    snprintf(out->cn, sizeof(out->cn), "%s", asked->cn);
    snprintf(out->transaction, sizeof(out->transaction), "T-%s", asked->cn);
    scep_client_init(&c, d->mixed->key,
                     asked->encrypted_to ? asked->encrypted_to : face->target.recipient);
    c.cert = asked->signed_by ? asked->signed_by : d->mixed->cert;
    c.cn = out->cn;
    c.challenge = asked->challenge;
    c.type = asked->type ? asked->type : "19";
    c.transaction_id = bytes_of_text(out->transaction);
    c.faults = asked->faults;
    memcpy(out->nonce, c.nonce_bytes, sizeof(out->nonce));
    out->signer = face->target.signer;
    X509_up_ref(out->signer);
    if (asked->plain.data) {
        scep_client_message(&c, asked->plain, &out->message, NULL);
    } else {
        scep_client_request(&c, &out->message, NULL);
    }
}

long device_send(struct device *d, struct face *face, const struct sent *sent)
{
    double begun = load_clock();
    /* A few of them as GET, as old clients do. */
    bool get = device_dice(d, 16) == 0;
    long status = load_exchange(face->connection, "PKIOperation", buffer_bytes(&sent->message), get,
                                &d->answer);
    d->seconds += load_clock() - begun;
    return status;
}

long device_get(struct device *d, const char *path)
{
    /* Room for an OCSP question in base64. */
    char url[4096];
    struct face *face = device_face(d, FACE_STATIC, 1e9);
    if (!face) {
        return 0;
    }
    snprintf(url, sizeof(url), "%s%s", path[0] == '/' ? d->base : "", path);
    double begun = load_clock();
    long status = load_get(face->connection, url, &d->answer);
    d->seconds += load_clock() - begun;
    return status;
}

const char *device_problem(const struct device *d, const struct face *face)
{
    const struct face *asked = face ? face : &d->faces[FACE_STATIC];
    return asked->connection ? load_connection_problem(asked->connection) : "GetCACert failed";
}

bool device_read(const struct device *d, const struct sent *sent, X509 *signed_by,
                 struct scep_client_reply *reply)
{
    const char *why = NULL;
    if (!scep_client_read(buffer_bytes(&d->answer), sent->signer, d->mixed->key,
                          signed_by ? signed_by : d->mixed->cert, reply)) {
        return false;
    }
    if (reply->transaction_id.len != strlen(sent->transaction)
        || memcmp(reply->transaction_id.data, sent->transaction, reply->transaction_id.len) != 0) {
        why = "another request's transactionID";
    } else if (reply->recipient_nonce.len != sizeof(sent->nonce)
               || memcmp(reply->recipient_nonce.data, sent->nonce, sizeof(sent->nonce)) != 0) {
        why = "another request's nonce";
    }
    if (why) {
        snprintf(reply->problem, sizeof(reply->problem), "%s", why);
    }
    return why == NULL;
}

static bool signed_by_one_of(const struct face *face, X509 *cert)
{
    for (size_t i = 0; i < face->target.cert_count; i++) {
        X509 *issuer = face->target.certs[i];
        if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(cert)) == 0
            && X509_verify(cert, X509_get0_pubkey(issuer)) == 1) {
            return true;
        }
    }
    return false;
}

const char *device_judge(const struct device *d, const struct face *face, const X509 *cert,
                         const char *cn)
{
    char text[80] = "";
    X509 *seen = (X509 *)cert; /* OpenSSL 3.0's X509_verify is not const */
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text, sizeof(text));
    return strcmp(text, cn) != 0                              ? "a certificate of another name"
           : X509_check_private_key(cert, d->mixed->key) != 1 ? "a certificate for another key"
           : !signed_by_one_of(face, seen) ? "a certificate that none of the CAs has signed"
                                           : NULL;
}

void device_serial(const X509 *cert, char serial[64])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = number ? BN_bn2hex(number) : NULL;
    snprintf(serial, 64, "%s", text ? text : "?");
    for (char *c = serial; *c; c++) {
        if (*c >= 'A' && *c <= 'F') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    OPENSSL_free(text);
    BN_free(number);
}
