/* SPDX-License-Identifier: Apache-2.0 */
#include "model/certificate_content.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "model/certificate_names.h"

#define KEY_USAGE_BITS 9
#define ABSENT (-1) /* what X509_get_ext_d2i says of an extension that is not there */

static bool read_key_usage(const X509 *cert, struct certificate_content *out, struct error *err)
{
    int state = 0;
    ASN1_BIT_STRING *bits = X509_get_ext_d2i(cert, NID_key_usage, &state, NULL);

    ERR_clear_error();
    if (bits == NULL) {
        return state == ABSENT
               || error_set(err, REASON_CERT_UNREADABLE,
                            "its key usage is malformed or there twice");
    }
    out->has_key_usage = true;
    for (int i = 0; i < KEY_USAGE_BITS; i++) {
        out->key_usage |= ASN1_BIT_STRING_get_bit(bits, i) == 1 ? UINT32_C(1) << i : 0;
    }
    ASN1_BIT_STRING_free(bits);
    return true;
}

static bool read_eku(const X509 *cert, struct certificate_content *out, struct error *err)
{
    int state = 0;

    out->eku = X509_get_ext_d2i(cert, NID_ext_key_usage, &state, NULL);
    ERR_clear_error();
    return out->eku != NULL || state == ABSENT
           || error_set(err, REASON_CERT_UNREADABLE,
                        "its extended key usage is malformed or there twice");
}

/* One that is there twice, or of no domain account, is neither handed on nor passed over. */
static bool read_sid(const X509 *cert, struct certificate_content *out, struct error *err)
{
    ASN1_OBJECT *type = OBJ_txt2obj(SID_EXTENSION_OID, 1);
    const ASN1_OCTET_STRING *value = NULL;
    bool ok = false;
    int at = -1;

    if (type == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
    }
    at = X509_get_ext_by_OBJ(cert, type, -1);
    if (at < 0) {
        ok = true;
    } else if (X509_get_ext_by_OBJ(cert, type, at) < 0) {
        value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
        ok = sid_of_extension(
            bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), out->sid);
    }
    ASN1_OBJECT_free(type);
    return ok
           || error_set(err, REASON_CERT_UNREADABLE,
                        "its SID extension is malformed, there twice, or of no domain account");
}

bool certificate_content_read(const X509 *cert, struct certificate_content *out, struct error *err)
{
    bool ok = false;

    memset(out, 0, sizeof(*out));
    out->subject = X509_NAME_dup(X509_get_subject_name(cert));
    if (out->subject == NULL) {
        ok = error_set(err, REASON_NO_MEMORY, "out of memory for a certificate");
    } else {
        ok = certificate_names_san(cert, &out->san, err) && read_key_usage(cert, out, err)
             && read_eku(cert, out, err) && read_sid(cert, out, err);
    }
    if (!ok) {
        certificate_content_clear(out);
    }
    return ok;
}

void certificate_content_clear(struct certificate_content *content)
{
    if (content == NULL) {
        return;
    }
    X509_NAME_free(content->subject);
    GENERAL_NAMES_free(content->san);
    sk_ASN1_OBJECT_pop_free(content->eku, ASN1_OBJECT_free);
    memset(content, 0, sizeof(*content));
}
