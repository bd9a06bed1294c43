/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_cert_id.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "scep/ber.h"

/* CN=stand-in.invalid; a serial as long as ours are. */
static const uint8_t nobodys[] = {
    0x30, 0x33, 0x30, 0x1b, 0x31, 0x19, 0x30, 0x17, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c,
    0x10, 0x73, 0x74, 0x61, 0x6e, 0x64, 0x2d, 0x69, 0x6e, 0x2e, 0x69, 0x6e, 0x76, 0x61,
    0x6c, 0x69, 0x64, 0x02, 0x14, 0x7f, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,
    0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,
};

void scep_cert_id_clear(struct scep_cert_id *id)
{
    if (id == NULL) {
        return;
    }
    X509_NAME_free(id->issuer);
    ASN1_INTEGER_free(id->serial);
    *id = (struct scep_cert_id)SCEP_CERT_ID_INIT;
}

/* The two parts, by their outer shape. */
static bool split(struct bytes plain, struct ber_element *issuer, struct ber_element *serial,
                  struct error *err)
{
    struct ber_reader outside = ber_reader_of(plain, 1);
    struct ber_reader inside;
    struct ber_element sequence;
    size_t used = 0;

    if (!ber_check(plain, false, &used, err)
        || !ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &sequence, err)) {
        return false;
    }
    inside = ber_enter(&outside, &sequence);
    if (!ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, issuer, err)
        || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_INTEGER, serial, err)) {
        return false;
    }
    if (used != plain.len || !ber_at_end(&inside) || !ber_at_end(&outside)) {
        return error_set(err, REASON_SYNTAX, "issuer and serial have more fields");
    }
    return issuer->whole.len <= LIMIT_DN_BYTES
           || error_set(err, REASON_LIMIT, "issuer of %zu bytes", issuer->whole.len);
}

static bool decode(struct scep_cert_id *id, struct bytes issuer, struct bytes serial,
                   struct error *err)
{
    const unsigned char *name_at = issuer.data;
    const unsigned char *serial_at = serial.data;

    id->issuer = d2i_X509_NAME(NULL, &name_at, (long)issuer.len);
    id->serial = d2i_ASN1_INTEGER(NULL, &serial_at, (long)serial.len);
    if (id->issuer == NULL || name_at != issuer.data + issuer.len || id->serial == NULL
        || serial_at != serial.data + serial.len) {
        return error_set(err, REASON_SYNTAX, "issuer or serial cannot be decoded");
    }
    return certificate_serial_format(id->serial, id->serial_text, err);
}

bool scep_cert_id_parse(struct bytes plain, struct scep_cert_id *id, struct error *err)
{
    struct error inner = ERROR_INIT;
    struct ber_element issuer;
    struct ber_element serial;
    bool ok = false;

    scep_cert_id_clear(id);
    ok = split(plain, &issuer, &serial, &inner) && decode(id, issuer.whole, serial.whole, &inner);
    if (!ok) {
        scep_cert_id_clear(id);
        (void)error_set(err, inner.reason == REASON_LIMIT ? REASON_LIMIT : REASON_SYNTAX, "%s",
                        inner.detail);
    }
    ERR_clear_error();
    return ok;
}

bool scep_cert_id_nobodys(struct scep_cert_id *id, struct error *err)
{
    return scep_cert_id_parse(bytes_of(nobodys, sizeof(nobodys)), id, NULL)
           || error_set(err, REASON_NO_MEMORY, "out of memory for a certificate's name");
}

bool scep_cert_id_is(const struct scep_cert_id *id, const X509 *cert)
{
    return ASN1_INTEGER_cmp(X509_get0_serialNumber(cert), id->serial) == 0
           && X509_NAME_cmp(X509_get_issuer_name(cert), id->issuer) == 0;
}

const X509 *scep_cert_id_find(const struct scep_cert_id *id, const struct ra_set *ras)
{
    for (size_t i = 0; i < ras->ra_count; i++) {
        if (scep_cert_id_is(id, ras->ra[i].cert)) {
            return ras->ra[i].cert;
        }
    }
    for (size_t i = 0; i < ras->chain_count; i++) {
        if (scep_cert_id_is(id, ras->chain[i])) {
            return ras->chain[i];
        }
    }
    return NULL;
}
