/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_request.h"

#include <string.h>

#include "base/text.h"

#define TAG_BOOLEAN 0x01u
#define TAG_INTEGER 0x02u
#define TAG_OCTET_STRING 0x04u
#define TAG_OID 0x06u
#define TAG_SEQUENCE 0x30u
#define TAG_CONTEXT(n) (0xa0u | (n)) /* constructed: all are explicit */

#define HASH_BYTES_MAX 64u
#define SERIAL_BYTES_MAX 40u /* SERIAL_TEXT_MAX holds them; RFC 5280 4.1.2.2 allows 20 */
#define EXTENSIONS_MAX 16u

static const uint8_t oid_nonce[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02 };

static const struct hash_oid {
    enum ocsp_hash hash;
    uint8_t len;
    uint8_t oid[9];
} hash_oids[] = {
    { OCSP_HASH_SHA1, 5, { 0x2b, 0x0e, 0x03, 0x02, 0x1a } },
    { OCSP_HASH_SHA256, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 } },
    { OCSP_HASH_SHA384, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 } },
    { OCSP_HASH_SHA512, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 } },
};

static bool refuse(struct error *err, const char *what)
{
    return error_set(err, REASON_OCSP_REQUEST, "the OCSP request: %s", what);
}

/* ---- DER ------------------------------------------------------------------------------------- */

/* A length in its shortest form, within what is there. *header: bytes of tag and length. */
static bool read_length(struct bytes rest, size_t *header, size_t *len)
{
    size_t octets = 0;

    if (rest.len < 2) {
        return false;
    }
    if (rest.data[1] < 0x80) {
        *header = 2;
        *len = rest.data[1];
        return *len <= rest.len - *header;
    }
    octets = rest.data[1] & 0x7fu;
    if (octets < 1 || octets > 2 || rest.len < 2 + octets) {
        return false; /* indefinite, or more than a request can have */
    }
    *header = 2 + octets;
    *len = rest.data[2];
    if (octets == 2) {
        *len = *len << 8 | rest.data[3];
    }
    return *len >= (octets == 1 ? 0x80u : 0x100u) && *len <= rest.len - *header;
}

static bool next_is(struct bytes rest, unsigned tag)
{
    return rest.len > 0 && rest.data[0] == tag;
}

/* Take one element of this tag from the front; `whole` (may be NULL) is it with tag and length. */
static bool take(struct bytes *rest, unsigned tag, struct bytes *content, struct bytes *whole)
{
    size_t header = 0;
    size_t len = 0;

    if (!next_is(*rest, tag) || !read_length(*rest, &header, &len)) {
        return false;
    }
    *content = bytes_of(rest->data + header, len);
    if (whole != NULL) {
        *whole = bytes_of(rest->data, header + len);
    }
    *rest = bytes_of(rest->data + header + len, rest->len - header - len);
    return true;
}

/* Whatever stands in front, its content unseen. */
static bool skip(struct bytes *rest)
{
    struct bytes ignored;

    return rest->len > 0 && take(rest, rest->data[0], &ignored, NULL);
}

/* The one element of this tag that fills `from`. */
static bool take_only(struct bytes from, unsigned tag, struct bytes *content)
{
    return take(&from, tag, content, NULL) && from.len == 0;
}

/* ---- one question ---------------------------------------------------------------------------- */

static enum ocsp_hash hash_of(struct bytes oid)
{
    for (size_t i = 0; i < sizeof(hash_oids) / sizeof(hash_oids[0]); i++) {
        if (bytes_equal(oid, bytes_of(hash_oids[i].oid, hash_oids[i].len))) {
            return hash_oids[i].hash;
        }
    }
    return OCSP_HASH_OTHER;
}

/* Parameters are NULL or missing (RFC 5754 2). */
static bool read_hash(struct bytes algorithm, enum ocsp_hash *hash)
{
    static const uint8_t null[] = { 0x05, 0x00 };
    struct bytes oid;

    if (!take(&algorithm, TAG_OID, &oid, NULL) || oid.len == 0
        || (algorithm.len > 0 && !bytes_equal(algorithm, bytes_of(null, sizeof(null))))) {
        return false;
    }
    *hash = hash_of(oid);
    return true;
}

/* The shortest form alone: so that one number has one text. */
static bool read_serial(struct bytes number, char serial[SERIAL_TEXT_MAX])
{
    bool negative = number.len > 0 && number.data[0] >= 0x80;

    if (number.len == 0 || number.len > SERIAL_BYTES_MAX) {
        return false;
    }
    if (number.len > 1
        && ((number.data[0] == 0x00 && number.data[1] < 0x80)
            || (number.data[0] == 0xff && number.data[1] >= 0x80))) {
        return false;
    }
    if (negative) {
        serial[0] = '\0';
        return true;
    }
    if (number.len > 1 && number.data[0] == 0x00) {
        number = bytes_of(number.data + 1, number.len - 1);
    }
    text_hex(serial, SERIAL_TEXT_MAX, number);
    return true;
}

static bool read_cert_id(struct bytes id, struct ocsp_question *question)
{
    struct bytes algorithm;
    struct bytes number;

    return take(&id, TAG_SEQUENCE, &algorithm, NULL) && read_hash(algorithm, &question->hash)
           && take(&id, TAG_OCTET_STRING, &question->name_hash, NULL)
           && question->name_hash.len <= HASH_BYTES_MAX
           && take(&id, TAG_OCTET_STRING, &question->key_hash, NULL)
           && question->key_hash.len <= HASH_BYTES_MAX && take(&id, TAG_INTEGER, &number, NULL)
           && id.len == 0 && read_serial(number, question->serial);
}

/* ---- extensions ------------------------------------------------------------------------------ */

/* One of RFC 8954's sizes; a nonce that stands twice is none. */
static bool read_nonce(struct bytes value, struct bytes *nonce)
{
    struct bytes found;

    if (nonce->len != 0 || !take_only(value, TAG_OCTET_STRING, &found) || found.len == 0
        || found.len > OCSP_NONCE_BYTES_MAX) {
        return false;
    }
    *nonce = found;
    return true;
}

static bool read_extension(struct bytes extension, struct bytes *nonce, struct error *err)
{
    struct bytes oid;
    struct bytes critical = { NULL, 0 };
    struct bytes value;

    if (!take(&extension, TAG_OID, &oid, NULL)
        || (next_is(extension, TAG_BOOLEAN)
            && (!take(&extension, TAG_BOOLEAN, &critical, NULL) || critical.len != 1))
        || !take_only(extension, TAG_OCTET_STRING, &value)) {
        return refuse(err, "a malformed extension");
    }
    if (nonce != NULL && bytes_equal(oid, bytes_of(oid_nonce, sizeof(oid_nonce)))) {
        return read_nonce(value, nonce)
               || refuse(err, "a nonce that is not 1 to 32 bytes long, or stands twice");
    }
    return critical.len == 0 || critical.data[0] == 0x00
           || refuse(err, "a critical extension that is not known");
}

/* `nonce` NULL: where none belongs, in the extensions of one question. */
static bool read_extensions(struct bytes explicit, struct bytes *nonce, struct error *err)
{
    struct bytes list;
    struct bytes extension;

    if (!take_only(explicit, TAG_SEQUENCE, &list)) {
        return refuse(err, "malformed extensions");
    }
    for (size_t i = 0; list.len > 0; i++) {
        if (i == EXTENSIONS_MAX) {
            return refuse(err, "too many extensions");
        }
        if (!take(&list, TAG_SEQUENCE, &extension, NULL)) {
            return refuse(err, "a malformed extension");
        }
        if (!read_extension(extension, nonce, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the request ----------------------------------------------------------------------------- */

static bool read_question(struct bytes request, struct ocsp_question *question, struct error *err)
{
    struct bytes id;
    struct bytes extensions;

    if (!take(&request, TAG_SEQUENCE, &id, &question->cert_id) || !read_cert_id(id, question)) {
        return refuse(err, "a malformed CertID");
    }
    if (request.len == 0) {
        return true;
    }
    if (!take_only(request, TAG_CONTEXT(0), &extensions)) {
        return refuse(err, "bytes behind a CertID");
    }
    return read_extensions(extensions, NULL, err);
}

static bool read_questions(struct bytes list, struct ocsp_request *out, struct error *err)
{
    struct bytes request;

    if (list.len == 0) {
        return refuse(err, "it asks about no certificate");
    }
    while (list.len > 0) {
        if (out->count == OCSP_QUESTIONS_MAX) {
            return error_set(err, REASON_OCSP_REQUEST,
                             "the OCSP request asks about more than %u certificates",
                             OCSP_QUESTIONS_MAX);
        }
        if (!take(&list, TAG_SEQUENCE, &request, NULL)) {
            return refuse(err, "a malformed list of certificates");
        }
        if (!read_question(request, &out->question[out->count], err)) {
            return false;
        }
        out->count++;
    }
    return true;
}

/* Version 1 is the default, and some write it all the same. */
static bool read_version(struct bytes *tbs)
{
    struct bytes explicit;
    struct bytes number;

    return !next_is(*tbs, TAG_CONTEXT(0))
           || (take(tbs, TAG_CONTEXT(0), &explicit, NULL)
               && take_only(explicit, TAG_INTEGER, &number) && number.len == 1
               && number.data[0] == 0);
}

static bool read_tbs(struct bytes tbs, struct ocsp_request *out, struct error *err)
{
    struct bytes list;
    struct bytes extensions;

    if (!read_version(&tbs)) {
        return refuse(err, "a version other than 1");
    }
    if (next_is(tbs, TAG_CONTEXT(1)) && !skip(&tbs)) {
        return refuse(err, "a malformed requestor");
    }
    if (!take(&tbs, TAG_SEQUENCE, &list, NULL)) {
        return refuse(err, "no list of certificates");
    }
    if (!read_questions(list, out, err)) {
        return false;
    }
    if (tbs.len == 0) {
        return true;
    }
    if (!take_only(tbs, TAG_CONTEXT(2), &extensions)) {
        return refuse(err, "bytes behind the list of certificates");
    }
    return read_extensions(extensions, &out->nonce, err);
}

bool ocsp_request_parse(struct bytes der, struct ocsp_request *out, struct error *err)
{
    struct ocsp_request found = { .count = 0 };
    struct bytes request;
    struct bytes tbs;

    if (der.len > OCSP_REQUEST_BYTES_MAX) {
        return error_set(err, REASON_OCSP_REQUEST, "the OCSP request has %zu bytes, at most %u",
                         der.len, OCSP_REQUEST_BYTES_MAX);
    }
    if (!take_only(der, TAG_SEQUENCE, &request) || !take(&request, TAG_SEQUENCE, &tbs, NULL)) {
        return refuse(err, "no OCSP request");
    }
    /* The signature, which is not looked at. */
    if (request.len > 0
        && (!next_is(request, TAG_CONTEXT(0)) || !skip(&request) || request.len > 0)) {
        return refuse(err, "bytes behind its end");
    }
    if (!read_tbs(tbs, &found, err)) {
        return false;
    }
    *out = found;
    return true;
}
