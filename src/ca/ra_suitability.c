/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ra_suitability.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "model/certificate_usage.h"

#define OID_REQUEST_AGENT "1.3.6.1.4.1.311.20.2.1"
#define OID_SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define OID_ANY_EKU "2.5.29.37.0"
#define SERIAL_BYTES_MAX 20 /* RFC 5280 4.1.2.2 */

struct suit_case {
    X509 *ra; /* OpenSSL caches extensions in it: not const */
    X509 *ca;
    enum ra_cert_role role;
};

static bool key_fits(const struct suit_case *c)
{
    const EVP_PKEY *key = X509_get0_pubkey(c->ra);

    return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
           && EVP_PKEY_get_bits(key) >= 2048;
}

static bool usage_fits(const struct suit_case *c)
{
    static const uint32_t wanted[RA_CERT_ROLES] = {
        [RA_CERT_SINGLE] = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
        [RA_CERT_SIGN] = KU_DIGITAL_SIGNATURE,
        [RA_CERT_ENC] = KU_KEY_ENCIPHERMENT,
    };
    uint32_t found = X509_get_key_usage(c->ra);

    return (X509_get_extension_flags(c->ra) & EXFLAG_KUSAGE) != 0
           && (found & wanted[c->role]) == wanted[c->role];
}

static bool eku_fits(const struct suit_case *c)
{
    return certificate_usage_has_eku(c->ra, OID_REQUEST_AGENT)
           || certificate_usage_has_eku(c->ra, OID_SERVER_AUTH)
           || certificate_usage_has_eku(c->ra, OID_ANY_EKU);
}

static bool is_no_ca(const struct suit_case *c)
{
    return (X509_get_extension_flags(c->ra) & EXFLAG_CA) == 0;
}

static bool subject_differs(const struct suit_case *c)
{
    return X509_NAME_cmp(X509_get_subject_name(c->ra), X509_get_subject_name(c->ca)) != 0;
}

static bool digest_fits(const struct suit_case *c)
{
    int digest = NID_undef;

    return X509_get_signature_info(c->ra, &digest, NULL, NULL, NULL) == 1 && digest != NID_md5
           && digest != NID_sha1;
}

static bool serial_fits(const struct suit_case *c)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(c->ra);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);

    /* OpenSSL keeps the magnitude: one whose first bit is set takes a byte more in DER. */
    return ASN1_STRING_type(serial) != V_ASN1_NEG_INTEGER && len > 0
           && len + (bytes[0] >= 0x80 ? 1 : 0) <= SERIAL_BYTES_MAX;
}

static bool key_ids_fit(const struct suit_case *c)
{
    return X509_get0_subject_key_id(c->ra) != NULL && X509_get0_authority_key_id(c->ra) != NULL;
}

static bool ca_has_no_eku(const struct suit_case *c)
{
    return X509_get_ext_by_NID(c->ca, NID_ext_key_usage, -1) < 0;
}

static const struct {
    bool (*fits)(const struct suit_case *c);
    const char *text;
} rules[] = {
    { key_fits, "its key is not RSA of 2048 bits or more: no SCEP client can encrypt to it" },
    { usage_fits,
      "its key usage does not name what its role needs: Apple devices end with -67731, Windows "
      "with 0x8010002c" },
    { eku_fits, "no extended key usage Certificate Request Agent or serverAuth: Windows ends with "
                "0x8010002c" },
    { is_no_ca, "it is a CA certificate itself: Apple devices and Windows look for an RA" },
    { subject_differs, "its subject is that of the CA: clients mix the two up" },
    { digest_fits, "it is signed with SHA-1 or MD5: today's devices refuse it" },
    { serial_fits, "its serial number is negative or longer than 20 bytes" },
    { key_ids_fit, "subject or authority key identifier is missing: chains are not found" },
    { ca_has_no_eku, "the CA's certificate has an extended key usage: some clients then refuse "
                     "all that it issues for another use" },
};

bool ra_suitability(const struct x509_st *ra, enum ra_cert_role role, const struct x509_st *ca,
                    ra_suitability_visit *visit, void *context, struct error *err)
{
    struct suit_case c = { X509_dup((X509 *)(uintptr_t)ra), X509_dup((X509 *)(uintptr_t)ca), role };
    bool ok = c.ra != NULL && c.ca != NULL;

    if (!ok) {
        (void)error_set(err, REASON_NO_MEMORY, "a copy of a certificate");
    }
    for (size_t i = 0; ok && i < sizeof(rules) / sizeof(rules[0]); i++) {
        ok = rules[i].fits(&c) || visit(context, rules[i].text, err);
    }
    X509_free(c.ra);
    X509_free(c.ca);
    ERR_clear_error();
    return ok;
}
