/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_oid.h"

#include <stdio.h>
#include <string.h>

#include <openssl/objects.h>

#define PKCS "\x2a\x86\x48\x86\xf7\x0d\x01"
#define VERISIGN_SCEP "\x60\x86\x48\x01\x86\xf8\x45\x01\x09"
/* a string literal without the NUL behind it */
#define OID(octets)                                                                                \
    {                                                                                              \
        (const uint8_t *)(octets), sizeof(octets) - 1                                              \
    }

static const struct bytes oids[SCEP_OID_COUNT] = {
    [SCEP_OID_DATA] = OID(PKCS "\x07\x01"),
    [SCEP_OID_SIGNED_DATA] = OID(PKCS "\x07\x02"),
    [SCEP_OID_ENVELOPED_DATA] = OID(PKCS "\x07\x03"),
    [SCEP_OID_AUTH_ENVELOPED_DATA] = OID(PKCS "\x09\x10\x01\x17"),
    [SCEP_OID_CONTENT_TYPE] = OID(PKCS "\x09\x03"),
    [SCEP_OID_MESSAGE_DIGEST] = OID(PKCS "\x09\x04"),
    [SCEP_OID_SIGNING_TIME] = OID(PKCS "\x09\x05"),
    [SCEP_OID_MESSAGE_TYPE] = OID(VERISIGN_SCEP "\x02"),
    [SCEP_OID_PKI_STATUS] = OID(VERISIGN_SCEP "\x03"),
    [SCEP_OID_FAIL_INFO] = OID(VERISIGN_SCEP "\x04"),
    [SCEP_OID_SENDER_NONCE] = OID(VERISIGN_SCEP "\x05"),
    [SCEP_OID_RECIPIENT_NONCE] = OID(VERISIGN_SCEP "\x06"),
    [SCEP_OID_TRANSACTION_ID] = OID(VERISIGN_SCEP "\x07"),
    [SCEP_OID_FAIL_INFO_TEXT] = OID("\x2b\x06\x01\x05\x05\x07\x18\x01"),
    [SCEP_OID_MS_ERROR] = OID("\x2b\x06\x01\x04\x01\x82\x37\x15\x21"),
    [SCEP_OID_RSA] = OID(PKCS "\x01\x01"),
    [SCEP_OID_RSA_OAEP] = OID(PKCS "\x01\x07"),
    [SCEP_OID_MGF1] = OID(PKCS "\x01\x08"),
    [SCEP_OID_P_SPECIFIED] = OID(PKCS "\x01\x09"),
    [SCEP_OID_RSA_PSS] = OID(PKCS "\x01\x0a"),
    [SCEP_OID_EC_PUBLIC_KEY] = OID("\x2a\x86\x48\xce\x3d\x02\x01"),
};

struct bytes scep_oid_bytes(enum scep_oid oid)
{
    return oids[oid];
}

bool scep_oid_is(struct bytes content, enum scep_oid oid)
{
    return bytes_equal(content, oids[oid]);
}

struct bytes scep_oid_of_nid(int nid)
{
    const ASN1_OBJECT *object = OBJ_nid2obj(nid);

    if (object == NULL) {
        return bytes_of(NULL, 0);
    }
    return bytes_of(OBJ_get0_data(object), OBJ_length(object));
}

/* By hand: the library's way needs an object made from bytes that a peer chose. */
void scep_oid_text(struct bytes content, char *text, size_t size)
{
    size_t used = 0;
    uint64_t arc = 0;
    bool first = true;

    text[0] = '\0';
    for (size_t i = 0; i < content.len && used < size; i++) {
        uint64_t top = 0;
        int len = 0;

        if (arc > (UINT64_MAX >> 7)) {
            return; /* more than 64 bits: nobody reads on */
        }
        arc = (arc << 7) | (content.data[i] & 0x7fu);
        if ((content.data[i] & 0x80u) != 0) {
            continue;
        }
        top = arc < 80 ? arc / 40 : 2;
        len = first ? snprintf(text, size, "%llu.%llu", (unsigned long long)top,
                               (unsigned long long)(arc - 40 * top))
                    : snprintf(text + used, size - used, ".%llu", (unsigned long long)arc);
        if (len < 0) {
            return;
        }
        used += (size_t)len;
        first = false;
        arc = 0;
    }
}
