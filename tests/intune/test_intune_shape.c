/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/text.h"
#include "intune/intune_challenge.h"
#include "model/csr_builder.h"

#define SAMPLE OPENNDES_SHARED_DATA "/intune-2018-sample.csr.pem"
#define THUMBPRINT "0123456789ABCDEF0123456789ABCDEF01234567"

/* ---- a challenge of the real outer form ------------------------------------------------------ */

struct parts {
    struct buffer encrypted; /* base64 of EnvelopedData */
    struct buffer signature; /* hex of SignedData */
};

static void append_der(CMS_ContentInfo *cms, struct buffer *out)
{
    unsigned char *der = NULL;
    int len = i2d_CMS_ContentInfo(cms, &der);
    struct error err = ERROR_INIT;

    assert_true(len > 0);
    assert_done(buffer_append(out, der, (size_t)len, &err), &err, "");
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
}

static X509 *certificate_of(EVP_PKEY *key)
{
    X509 *cert = X509_new();

    assert_non_null(cert);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"Microsoft stand-in CA", -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static void parts_make(struct parts *parts)
{
    EVP_PKEY *key = csr_builder_key("RSA-2048");
    X509 *cert = certificate_of(key);
    STACK_OF(X509) *certs = sk_X509_new_null();
    BIO *content = BIO_new_mem_buf("what only Intune can read", -1);
    BIO *same = BIO_new_mem_buf("what only Intune can read", -1);
    struct buffer der = BUFFER_INIT(8192);
    struct error err = ERROR_INIT;
    char *hex = NULL;

    *parts = (struct parts){ BUFFER_INIT(16384), BUFFER_INIT(16384) };
    sk_X509_push(certs, cert);
    append_der(CMS_encrypt(certs, content, EVP_aes_256_cbc(), CMS_BINARY), &der);
    assert_done(base64_encode(buffer_bytes(&der), &parts->encrypted, &err), &err, "");
    buffer_clear(&der);
    append_der(
        CMS_sign(cert, key, NULL, same, CMS_DETACHED | CMS_BINARY | CMS_NOCERTS | CMS_NOATTR),
        &der);
    hex = malloc(2 * der.len + 1);
    assert_non_null(hex);
    text_hex(hex, 2 * der.len + 1, buffer_bytes(&der));
    assert_done(buffer_append_text(&parts->signature, hex, &err), &err, "");
    free(hex);
    buffer_clear(&der);
    BIO_free(content);
    BIO_free(same);
    sk_X509_free(certs);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void parts_clear(struct parts *parts)
{
    buffer_clear(&parts->encrypted);
    buffer_clear(&parts->signature);
}

/* format's %s: encrypted, thumbprint, signature. */
static void challenge_of(const char *format, const char *encrypted, const char *thumbprint,
                         const char *signature, struct buffer *out)
{
    struct buffer xml = BUFFER_INIT(32768);
    struct error err = ERROR_INIT;

    for (const char *c = format; *c != '\0'; c++) {
        bool done = false;

        switch (*c) {
        case '$':
            done = buffer_append_text(&xml, encrypted, &err);
            break;
        case '#':
            done = buffer_append_text(&xml, thumbprint, &err);
            break;
        case '~':
            done = buffer_append_text(&xml, signature, &err);
            break;
        default:
            done = buffer_append_byte(&xml, (uint8_t)*c, &err);
        }
        assert_done(done, &err, format);
    }
    assert_done(base64_encode(buffer_bytes(&xml), out, &err), &err, format);
    buffer_clear(&xml);
}

#define DATA                                                                                       \
    "<Data><CertEnrollChallenge>$</CertEnrollChallenge>"                                           \
    "<SignerThumbprint>#</SignerThumbprint></Data>"
#define WHOLE "<CertEnrollToken>" DATA "<Signature>~</Signature></CertEnrollToken>"

struct shape_case {
    const char *name;
    const char *format; /* '$' encrypted part, '#' thumbprint, '~' signature */
    const char *odd;    /* in what is odd; "" usual */
    const char *thumbprint;
    int fault; /* 1: parts swapped, 2: encrypted part cut, 3: signature cut, 4: other thumbprint */
};

static const char lower[] = "0123456789abcdef0123456789abcdef01234567";

static const struct shape_case shape_cases[] = {
    { "real", WHOLE, "", lower, 0 },
    { "blanks between",
      "<CertEnrollToken>\n <Data>\n<CertEnrollChallenge>\n$\n</CertEnrollChallenge> "
      "<SignerThumbprint> # </SignerThumbprint></Data>\n<Signature>~\n</Signature>"
      "</CertEnrollToken>",
      "", lower, 0 },
    { "other order", "<CertEnrollToken><Signature>~</Signature>" DATA "</CertEnrollToken>", "",
      lower, 0 },
    { "more elements", "<CertEnrollToken><New/>" DATA "<Signature>~</Signature></CertEnrollToken>",
      "", lower, 0 },
    { "other root", "<Token>" DATA "<Signature>~</Signature></Token>", "CertEnrollToken", "", 0 },
    { "no signature", "<CertEnrollToken>" DATA "</CertEnrollToken>", "Signature", lower, 0 },
    { "two signatures",
      "<CertEnrollToken>" DATA "<Signature>~</Signature><Signature>~</Signature></CertEnrollToken>",
      "Signature", lower, 0 },
    { "no data", "<CertEnrollToken><Signature>~</Signature></CertEnrollToken>",
      "CertEnrollChallenge", "", 0 },
    { "empty", "<CertEnrollToken/>", "CertEnrollChallenge", "", 0 },
    { "parts swapped", WHOLE, "CertEnrollChallenge", lower, 1 },
    { "encrypted part cut", WHOLE, "CertEnrollChallenge", lower, 2 },
    { "signature cut", WHOLE, "Signature", lower, 3 },
    { "no thumbprint", WHOLE, "SignerThumbprint", "", 4 },
    { "document type", "<!DOCTYPE a><CertEnrollToken/>", "XML", "", 0 },
    { "half", "<CertEnrollToken><Data>", "XML", "", 0 },
    { "too deep", "<a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a>", "XML", "",
      0 },
    { "a JWT", "eyJhbGciOiJub25lIn0", "XML", "", 0 },
};

static void shape__of_a_challenge__is_usual_or_says_why_not(void **state)
{
    struct parts parts;

    (void)state;
    parts_make(&parts);
    for (size_t i = 0; i < sizeof(shape_cases) / sizeof(shape_cases[0]); i++) {
        const struct shape_case *c = &shape_cases[i];
        const char *encrypted = buffer_text(c->fault == 1 ? &parts.signature : &parts.encrypted);
        const char *signature = buffer_text(&parts.signature);
        struct buffer challenge = BUFFER_INIT(65536);
        struct intune_shape shape;
        struct error err = ERROR_INIT;
        /* whole groups of base64 and hex, so that only the CMS is cut */
        encrypted += c->fault == 2 ? 8 : 0;
        signature += c->fault == 3 ? 8 : 0;
        challenge_of(c->format, encrypted, c->fault == 4 ? "12" : THUMBPRINT, signature,
                     &challenge);
        assert_done(intune_challenge_shape(buffer_bytes(&challenge), &shape, &err), &err, c->name);
        if (shape.usual != (c->odd[0] == '\0') || strstr(shape.odd, c->odd) == NULL
            || (shape.usual && shape.odd[0] != '\0')) {
            fail_msg("%s: \"%s\"", c->name, shape.odd);
        }
        assert_string_equal(shape.signer_thumbprint, c->thumbprint);
        if (shape.usual) {
            assert_string_equal(shape.recipient_issuer, "CN=Microsoft stand-in CA");
        }
        buffer_clear(&challenge);
    }
    parts_clear(&parts);
}

static void shape__no_base64__is_odd_and_no_error(void **state)
{
    static const char *const texts[] = { "passphrase", "5A1B2C3D4E5F6071", "a b c", "====" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct intune_shape shape;
        struct error err = ERROR_INIT;

        assert_done(intune_challenge_shape(bytes_of_text(texts[i]), &shape, &err), &err, texts[i]);
        assert_false(shape.usual);
        assert_true(shape.odd[0] != '\0');
        assert_null(strstr(shape.odd, texts[i])); /* nothing of the challenge */
    }
}

static void shape__size__is_bounded(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_CHALLENGE_BYTES + 1);
    struct intune_shape shape;
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(intune_challenge_shape(bytes_of(NULL, 0), &shape, &err), &err,
                   REASON_CHALLENGE_MISSING, "empty");
    error_clear(&err);
    while (text.len < LIMIT_CHALLENGE_BYTES) {
        assert_done(buffer_append_byte(&text, 'A', &err), &err, "");
    }
    assert_done(intune_challenge_shape(buffer_bytes(&text), &shape, &err), &err, "largest");
    assert_false(shape.usual);
    assert_done(buffer_append_byte(&text, 'A', &err), &err, "");
    assert_refused(intune_challenge_shape(buffer_bytes(&text), &shape, &err), &err,
                   REASON_INTUNE_CHALLENGE_SHAPE, "one more");
    buffer_clear(&text);
}

/* ---- a real one ------------------------------------------------------------------------------ */

static void read_sample(struct buffer *der)
{
    BIO *file = BIO_new_file(SAMPLE, "rb");
    X509_REQ *req = PEM_read_bio_X509_REQ(file, NULL, NULL, NULL);
    unsigned char *bytes = NULL;
    int len = i2d_X509_REQ(req, &bytes);
    struct error err = ERROR_INIT;

    BIO_free(file);
    assert_true(len > 0);
    assert_done(buffer_append(der, bytes, (size_t)len, &err), &err, "");
    OPENSSL_free(bytes);
    X509_REQ_free(req);
}

static void shape__public_sample__is_usual(void **state)
{
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct csr csr = CSR_INIT;
    struct intune_shape shape;
    struct error err = ERROR_INIT;

    (void)state;
    if (!file_exists(SAMPLE)) {
        test_skip("the shared sample intune-2018-sample.csr.pem is not on this machine");
    }
    read_sample(&der);
    assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
    assert_int_equal(csr.challenge.len, 5376);
    assert_done(intune_challenge_shape(secret_bytes(&csr.challenge), &shape, &err), &err, "");
    assert_string_equal(shape.odd, "");
    assert_true(shape.usual);
    assert_int_equal(strlen(shape.signer_thumbprint), 40);
    assert_non_null(strstr(shape.recipient_issuer, "CN=Microsoft IT TLS CA 4"));
    csr_clear(&csr);
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape__of_a_challenge__is_usual_or_says_why_not),
        cmocka_unit_test(shape__no_base64__is_odd_and_no_error),
        cmocka_unit_test(shape__size__is_bounded),
        cmocka_unit_test(shape__public_sample__is_usual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
