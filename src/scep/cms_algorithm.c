/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/cms_algorithm.h"

#define PSS_SALT_MAX 64 /* as long as the longest digest */

bool cms_algorithm_next(struct ber_reader *r, struct cms_algorithm *out, struct error *err)
{
    struct ber_element sequence;
    struct ber_element oid;
    struct ber_element params;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(r, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OID, &oid, err)) {
        return false;
    }
    out->oid = oid.content;
    out->params = bytes_of(NULL, 0);
    if (!ber_at_end(&inside)) {
        if (!ber_next(&inside, &params, err)) {
            return false;
        }
        out->params = params.whole;
    }
    return ber_at_end(&inside)
           || error_set(err, REASON_NOT_CMS, "algorithm with more than parameters");
}

bool cms_algorithm_plain(const struct cms_algorithm *algorithm)
{
    struct bytes params = algorithm->params;

    return params.len == 0 || (params.len == 2 && params.data[0] == 0x05 && params.data[1] == 0);
}

/* [tag] EXPLICIT AlgorithmIdentifier DEFAULT; *found tells whether it is there. */
static bool optional_algorithm(struct ber_reader *r, uint32_t tag, struct cms_algorithm *out,
                               bool *found, struct error *err)
{
    struct ber_element wrapper;
    struct ber_reader inside;

    *found = ber_next_is(r, BER_CLASS_CONTEXT, tag);
    if (!*found) {
        return true;
    }
    if (!ber_next(r, &wrapper, err)) {
        return false;
    }
    if (!wrapper.constructed) {
        return error_set(err, REASON_NOT_CMS, "explicit tag without content");
    }
    inside = ber_enter(r, &wrapper);
    return cms_algorithm_next(&inside, out, err)
           && (ber_at_end(&inside) || error_set(err, REASON_NOT_CMS, "explicit tag around more"));
}

static enum scep_digest plain_digest(const struct cms_algorithm *algorithm)
{
    const struct scep_digest_info *info = scep_digest_from_oid(algorithm->oid);

    return info == NULL || !cms_algorithm_plain(algorithm) ? SCEP_DIGEST_UNKNOWN : info->digest;
}

/* The two fields that both parameter structures begin with. */
static bool read_digests(struct ber_reader *r, enum scep_digest *digest, enum scep_digest *mgf,
                         struct error *err)
{
    struct cms_algorithm hash;
    struct cms_algorithm mask;
    struct cms_algorithm mask_hash;
    struct ber_reader params;
    bool found = false;

    *digest = SCEP_DIGEST_SHA1;
    *mgf = SCEP_DIGEST_SHA1;
    if (!optional_algorithm(r, 0, &hash, &found, err)) {
        return false;
    }
    if (found) {
        *digest = plain_digest(&hash);
    }
    if (!optional_algorithm(r, 1, &mask, &found, err)) {
        return false;
    }
    if (found) {
        if (!scep_oid_is(mask.oid, SCEP_OID_MGF1)) {
            return error_set(err, REASON_NOT_CMS, "mask generation is not MGF1");
        }
        params = ber_reader_of(mask.params, r->depth + 2);
        if (!cms_algorithm_next(&params, &mask_hash, err)) {
            return false;
        }
        *mgf = plain_digest(&mask_hash);
    }
    if (*digest == SCEP_DIGEST_UNKNOWN || *mgf == SCEP_DIGEST_UNKNOWN) {
        return error_set(err, REASON_NOT_CMS, "unknown digest in RSA parameters");
    }
    return true;
}

static bool enter_params(const struct cms_algorithm *algorithm, struct ber_reader *inside,
                         struct error *err)
{
    /* the place of the parameters in the tree was checked by ber_check */
    struct ber_reader outside = ber_reader_of(algorithm->params, 1);
    struct ber_element sequence;

    if (!ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    *inside = ber_enter(&outside, &sequence);
    return true;
}

/* pSourceAlgorithm: a label would be one more thing to agree on with clients; nobody sends one. */
static bool check_label(struct ber_reader *r, struct error *err)
{
    struct cms_algorithm source;
    bool found = false;
    struct ber_reader params;
    struct ber_element label;

    if (!optional_algorithm(r, 2, &source, &found, err)) {
        return false;
    }
    if (found) {
        params = ber_reader_of(source.params, r->depth + 2);
        if (!scep_oid_is(source.oid, SCEP_OID_P_SPECIFIED)
            || !ber_expect(&params, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &label, err)
            || label.constructed || label.content.len != 0) {
            return error_set(err, REASON_NOT_CMS, "OAEP with a label");
        }
    }
    return ber_at_end(r) || error_set(err, REASON_NOT_CMS, "OAEP parameters with more fields");
}

static bool oaep_digest_known(enum scep_digest digest)
{
    return digest == SCEP_DIGEST_SHA1 || digest == SCEP_DIGEST_SHA256;
}

bool cms_oaep_read(const struct cms_algorithm *algorithm, struct cms_oaep *out, struct error *err)
{
    struct error inner = ERROR_INIT;
    struct ber_reader r;

    out->digest = SCEP_DIGEST_SHA1;
    out->mgf_digest = SCEP_DIGEST_SHA1;
    if (algorithm->params.len == 0) {
        return true;
    }
    if (!enter_params(algorithm, &r, &inner)
        || !read_digests(&r, &out->digest, &out->mgf_digest, &inner) || !check_label(&r, &inner)) {
        return error_set(err, REASON_KEY_TRANSPORT_NOT_ALLOWED, "OAEP parameters: %s",
                         inner.detail);
    }
    if (!oaep_digest_known(out->digest) || !oaep_digest_known(out->mgf_digest)) {
        return error_set(err, REASON_KEY_TRANSPORT_NOT_ALLOWED,
                         "OAEP with another digest than SHA-1 and SHA-256");
    }
    return true;
}

/* [tag] EXPLICIT INTEGER of one or two octets, DEFAULT */
static bool optional_small(struct ber_reader *r, uint32_t tag, size_t *value, struct error *err)
{
    struct ber_element wrapper;
    struct ber_element number;
    struct ber_reader inside;

    if (!ber_next_is(r, BER_CLASS_CONTEXT, tag)) {
        return true;
    }
    if (!ber_next(r, &wrapper, err)) {
        return false;
    }
    inside = ber_enter(r, &wrapper);
    if (!wrapper.constructed || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, &number, err)
        || !ber_at_end(&inside) || number.content.len != 1 || number.content.data[0] > 0x7f) {
        return error_set(err, REASON_NOT_CMS, "number out of range");
    }
    *value = number.content.data[0];
    return true;
}

bool cms_pss_read(const struct cms_algorithm *algorithm, struct cms_pss *out, struct error *err)
{
    struct error inner = ERROR_INIT;
    struct ber_reader r;
    size_t trailer = 1;

    out->salt_bytes = 20; /* RFC 4055 3.1 */
    if (!enter_params(algorithm, &r, &inner)
        || !read_digests(&r, &out->digest, &out->mgf_digest, &inner)
        || !optional_small(&r, 2, &out->salt_bytes, &inner)
        || !optional_small(&r, 3, &trailer, &inner)) {
        return error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED, "PSS parameters: %s", inner.detail);
    }
    if (!ber_at_end(&r) || trailer != 1 || out->salt_bytes > PSS_SALT_MAX) {
        return error_set(err, REASON_SIGNATURE_ALG_NOT_ALLOWED, "PSS parameters out of range");
    }
    return true;
}
