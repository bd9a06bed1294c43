/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes are an administrator's file, so this is a bounded walk by OpenSSL and no verification:
 * an unsigned file in the same folder would be believed as well.
 */
#include "policy/policy_load.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "base/text.h"

#define PEM_BEGIN "-----BEGIN "
#define ASN1_SEQUENCE_TAG 0x30

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

/* Is there anything but white space left? A second profile would be passed over. */
static bool follows(BIO *bio)
{
    char *rest = NULL;
    long len = BIO_get_mem_data(bio, &rest);

    return len > 0 && text_trim(bytes_of(rest, (size_t)len)).len > 0;
}

/* The DER or BER of the one PEM block "PKCS7" or "CMS". Owned: OPENSSL_free. */
static unsigned char *read_pem(struct bytes text, long *len, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    unsigned char *der = NULL;
    char *name = NULL;
    char *header = NULL;

    if (bio == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for CMS");
    } else if (PEM_read_bio(bio, &name, &header, &der, len) != 1) {
        (void)error_set(err, REASON_POLICY_FORMAT, "the PEM block is damaged");
        der = NULL;
    } else if ((strcmp(name, "PKCS7") != 0 && strcmp(name, "CMS") != 0) || header[0] != '\0') {
        (void)error_set(err, REASON_POLICY_FORMAT,
                        "the PEM block holds no CMS: it must begin with -----BEGIN PKCS7----- or "
                        "-----BEGIN CMS-----");
        OPENSSL_free(der);
        der = NULL;
    }
    if (der != NULL && follows(bio)) {
        (void)error_set(err, REASON_POLICY_FORMAT, "more follows behind the PEM block");
        OPENSSL_free(der);
        der = NULL;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    return der;
}

/* A signed profile inside a signed profile: nobody makes one, and there is no end to them. */
static bool is_cms_again(struct bytes content)
{
    struct bytes text = text_trim(content);

    return starts_with(text, PEM_BEGIN) || (text.len > 0 && text.data[0] == ASN1_SEQUENCE_TAG);
}

static bool append_content(CMS_ContentInfo *cms, struct buffer *out, struct error *err)
{
    ASN1_OCTET_STRING **content = NULL;
    struct bytes bytes = { NULL, 0 };

    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "the CMS message is not SignedData; an encrypted profile cannot be read");
    }
    if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "the CMS SignedData holds no data but another structure");
    }
    content = CMS_get0_content(cms);
    if (content == NULL || *content == NULL) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "the CMS SignedData is a detached signature: the profile itself is "
                         "missing");
    }
    bytes = bytes_of(ASN1_STRING_get0_data(*content), (size_t)ASN1_STRING_length(*content));
    if (bytes.len == 0) {
        return error_set(err, REASON_POLICY_FORMAT, "the CMS SignedData holds nothing");
    }
    if (bytes.len > LIMIT_POLICY_BYTES) {
        return error_set(err, REASON_LIMIT, "a profile of more than %u bytes inside CMS",
                         LIMIT_POLICY_BYTES);
    }
    if (is_cms_again(bytes)) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "the CMS SignedData holds another CMS message; unwrap it once");
    }
    return buffer_append_bytes(out, bytes, err);
}

bool policy_unwrap_cms(struct bytes cms, struct buffer *out, struct error *err)
{
    unsigned char *from_pem = NULL;
    const unsigned char *start = NULL;
    const unsigned char *at = NULL;
    CMS_ContentInfo *parsed = NULL;
    struct bytes text = text_trim(cms);
    long len = 0;
    bool ok = false;

    if (cms.len > LIMIT_POLICY_BYTES) {
        return error_set(err, REASON_LIMIT, "more than %u bytes", LIMIT_POLICY_BYTES);
    }
    if (starts_with(text, PEM_BEGIN)) {
        from_pem = read_pem(text, &len, err);
        if (from_pem == NULL) {
            goto out;
        }
        start = from_pem;
    } else {
        start = cms.data;
        len = (long)cms.len;
    }
    at = start;
    parsed = len > 0 ? d2i_CMS_ContentInfo(NULL, &at, len) : NULL;
    if (parsed == NULL) {
        (void)error_set(err, REASON_POLICY_FORMAT, "not a CMS message (signed profile)");
        goto out;
    }
    /* line ends that an editor or a transfer put behind it do no harm */
    if (text_trim(bytes_of(at, (size_t)(len - (at - start)))).len > 0) {
        (void)error_set(err, REASON_POLICY_FORMAT, "%ld bytes follow behind the CMS message",
                        len - (long)(at - start));
        goto out;
    }
    ok = append_content(parsed, out, err);
out:
    CMS_ContentInfo_free(parsed);
    OPENSSL_free(from_pem);
    ERR_clear_error();
    return ok;
}
