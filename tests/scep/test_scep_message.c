/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void facts__plain_request__as_sent(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    const struct scep_message_facts *facts = NULL;
    uint8_t key[DIGEST_SHA256_BYTES];
    struct scep_outcome o;

    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "plain");
    facts = scep_message_facts(o.message);
    assert_int_equal(SCEP_TYPE_PKCS_REQ, facts->type);
    assert_bytes_text(facts->type_text, "19");
    assert_true(bytes_equal(c.transaction_id, facts->transaction_id));
    assert_int_equal(V_ASN1_PRINTABLESTRING, facts->transaction_id_tag);
    assert_true(facts->has_sender_nonce);
    assert_true(bytes_equal(bytes_of(c.nonce_bytes, 16), facts->sender_nonce));
    assert_int_equal(0, X509_cmp(facts->signer, o.cert));
    assert_true(facts->signer_self_signed);
    assert_int_equal(KEY_TYPE_RSA, facts->signer_key_type);
    assert_int_equal(2048, facts->signer_key_bits);
    assert_true(key_sha256(f->client_key, key, NULL));
    assert_memory_equal(key, facts->signer_key_sha256, sizeof(key));
    assert_int_equal(SCEP_DIGEST_SHA256, facts->digest);
    assert_int_equal(SCEP_SIGNATURE_RSA, facts->signature_form);
    assert_int_equal(SCEP_CIPHER_AES128, facts->cipher);
    assert_int_equal(SCEP_TRANSPORT_PKCS1, facts->transport);
    assert_false(facts->oaep_sha256);
    assert_true(facts->has_signing_time);
    assert_int_equal(1769862896, facts->signing_time); /* 2026-01-31 12:34:56 UTC */
    scep_outcome_clear(&o);
}

static void free__null__harmless(void **state)
{
    (void)state;
    scep_message_free(NULL);
}

struct structure_case {
    const char *name;
    enum reason expected; /* REASON_NONE: opened */
    uint32_t faults;
    enum scep_client_order order;
    bool ber;
    bool by_key_id;
};

static const struct structure_case structures[] = {
    { .name = "BER", .ber = true },
    { .name = "signer by key id", .by_key_id = true },
    { .name = "signer by key id in BER", .by_key_id = true, .ber = true },
    { .name = "odd version numbers", .faults = SCEP_CLIENT_ODD_VERSIONS },
    { .name = "digest without NULL", .faults = SCEP_CLIENT_DIGEST_NO_NULL },
    { .name = "unsigned attributes", .faults = SCEP_CLIENT_UNSIGNED_ATTRS },
    { .name = "empty crls", .faults = SCEP_CLIENT_EMPTY_CRLS },
    { .name = "attributes unsorted", .order = SCEP_CLIENT_UNSORTED },
    { .name = "attributes unsorted, signed sorted", .order = SCEP_CLIENT_UNSORTED_SIGN_SORTED },
    { .name = "attributes signed in a third order",
      .order = SCEP_CLIENT_SIGN_THIRD_ORDER,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "signature changed",
      .faults = SCEP_CLIENT_BAD_SIGNATURE,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "signature changed, unsorted",
      .faults = SCEP_CLIENT_BAD_SIGNATURE,
      .order = SCEP_CLIENT_UNSORTED,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "content changed",
      .faults = SCEP_CLIENT_BAD_CONTENT,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "content changed in BER",
      .faults = SCEP_CLIENT_BAD_CONTENT,
      .ber = true,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "content left out",
      .faults = SCEP_CLIENT_NO_CONTENT,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "no messageDigest",
      .faults = SCEP_CLIENT_NO_MESSAGE_DIGEST,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "no contentType",
      .faults = SCEP_CLIENT_NO_CONTENT_TYPE_ATTR,
      .expected = REASON_SIGNATURE_WRONG },
    { .name = "no signed attributes",
      .faults = SCEP_CLIENT_NO_SIGNED_ATTRS,
      .expected = REASON_CMS_NO_SIGNED_ATTRS },
    { .name = "empty signed attributes",
      .faults = SCEP_CLIENT_EMPTY_ATTRS,
      .expected = REASON_CMS_NO_SIGNED_ATTRS },
    { .name = "two signers",
      .faults = SCEP_CLIENT_TWO_SIGNERS,
      .expected = REASON_CMS_SIGNER_COUNT },
    { .name = "no signer", .faults = SCEP_CLIENT_NO_SIGNER, .expected = REASON_CMS_SIGNER_COUNT },
    { .name = "no certificates",
      .faults = SCEP_CLIENT_NO_CERTS,
      .expected = REASON_CMS_NO_SIGNER_CERT },
    { .name = "no digest algorithms",
      .faults = SCEP_CLIENT_EMPTY_DIGEST_ALGS,
      .expected = REASON_CMS_NO_DIGEST_ALGS },
    { .name = "eContentType",
      .faults = SCEP_CLIENT_CONTENT_TYPE,
      .expected = REASON_CMS_CONTENT_TYPE },
    { .name = "not signedData", .faults = SCEP_CLIENT_NOT_SIGNED_DATA, .expected = REASON_NOT_CMS },
    { .name = "crls", .faults = SCEP_CLIENT_WITH_CRLS, .expected = REASON_NOT_CMS },
    { .name = "attribute certificate",
      .faults = SCEP_CLIENT_ATTRIBUTE_CERT,
      .expected = REASON_NOT_CMS },
    { .name = "attribute with two values",
      .faults = SCEP_CLIENT_ATTR_TWO_VALUES,
      .expected = REASON_CMS_ATTRIBUTE_VALUES },
    { .name = "attribute without a value",
      .faults = SCEP_CLIENT_ATTR_NO_VALUE,
      .expected = REASON_CMS_ATTRIBUTE_VALUES },
};

static void structure__each_case__reason(void **state)
{
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(structures); i++) {
        const struct structure_case *s = &structures[i];
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.faults = s->faults;
        c.order = s->order;
        c.ber = s->ber;
        c.signer_by_key_id = s->by_key_id;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (s->expected == REASON_NONE) {
            assert_opened(&o, s->name);
        } else {
            assert_outcome(&o, s->expected, s->name);
            /* what cannot be answered by a CertRep is an HTTP status, and the other way round */
            assert_int_equal(o.message == NULL, error_kind(&o.err) == ERROR_MALFORMED);
        }
        scep_outcome_clear(&o);
    }
}

static void segments__number__limited(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        size_t segment;
        enum reason expected;
    } cases[] = { { 3, REASON_NONE }, { 1, REASON_BER_SEGMENTS } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct buffer csr = ASN1_BUFFER_INIT;
        struct buffer envelope = ASN1_BUFFER_INIT;
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_outcome o;
        X509 *cert = NULL;

        /* an envelope of a little more than 1024 bytes, its own strings in one piece */
        scep_client_csr(&c, &csr);
        scep_client_envelope(&c, buffer_bytes(&csr), &envelope);
        assert_true(envelope.len > LIMIT_BER_SEGMENTS);
        c.ber = true;
        c.segment = cases[i].segment;
        scep_client_sign(&c, buffer_bytes(&envelope), &request, &cert);
        scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
        if (cases[i].expected == REASON_NONE) {
            assert_opened(&o, "segments of 3");
        } else {
            assert_outcome(&o, cases[i].expected, "segments of 1");
        }
        scep_outcome_clear(&o);
        X509_free(cert);
        buffer_clear(&csr);
        buffer_clear(&envelope);
        buffer_clear(&request);
    }
}

static void message_type__every_number__known_or_not(void **state)
{
    const struct scep_fixture *f = *state;

    for (int number = 0; number <= 255; number++) {
        struct scep_client c = scep_fixture_client(f);
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_message *message = NULL;
        struct error err = ERROR_INIT;
        const struct scep_message_facts *facts = NULL;
        char text[12];
        X509 *cert = NULL;
        bool known = number == 3 || number == 17 || (number >= 19 && number <= 22);

        (void)snprintf(text, sizeof(text), "%d", number);
        c.type = text;
        scep_client_sign(&c, bytes_of_text("x"), &request, &cert);
        message = scep_message_parse(buffer_bytes(&request), &err);
        assert_non_null(message);
        facts = scep_message_facts(message);
        assert_int_equal(known ? number : SCEP_TYPE_UNKNOWN, (int)facts->type);
        assert_bytes_text(facts->type_text, text);
        scep_message_free(message);
        X509_free(cert);
        buffer_clear(&request);
    }
}

struct text_case {
    const char *name;
    const char *text;
    size_t len;
    int tag;
    enum reason expected; /* REASON_NONE: parsed */
    enum scep_message_type type;
};

static const struct text_case type_texts[] = {
    { "UTF8String", "19", 2, V_ASN1_UTF8STRING, REASON_NONE, SCEP_TYPE_PKCS_REQ },
    { "IA5String", "19", 2, V_ASN1_IA5STRING, REASON_NONE, SCEP_TYPE_PKCS_REQ },
    { "leading zero", "019", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "leading space", " 19", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "trailing space", "19 ", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "trailing NUL", "19\0", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "plus", "+19", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "minus", "-19", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "hexadecimal", "0x13", 4, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "modulo 256", "275", 3, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "modulo 2^32", "4294967315", 10, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "prefix", "1", 1, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "twice", "1919", 4, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "name", "PKCSReq", 7, V_ASN1_PRINTABLESTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "INTEGER", "\x13", 1, V_ASN1_INTEGER, REASON_NONE, SCEP_TYPE_PKCS_REQ },
    { "INTEGER 18", "\x12", 1, V_ASN1_INTEGER, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "INTEGER -109", "\x93", 1, V_ASN1_INTEGER, REASON_NO_MESSAGE_TYPE, SCEP_TYPE_UNKNOWN },
    { "INTEGER, padded", "\0\x13", 2, V_ASN1_INTEGER, REASON_NO_MESSAGE_TYPE, SCEP_TYPE_UNKNOWN },
    { "BMPString",
      "\0"
      "1\0"
      "9",
      4, V_ASN1_BMPSTRING, REASON_NONE, SCEP_TYPE_UNKNOWN },
    { "OCTET STRING", "19", 2, V_ASN1_OCTET_STRING, REASON_NO_MESSAGE_TYPE, SCEP_TYPE_UNKNOWN },
    { "too long", "0000000000000000000000000000000019", 34, V_ASN1_PRINTABLESTRING,
      REASON_NO_MESSAGE_TYPE, SCEP_TYPE_UNKNOWN },
};

/* Parse only: what stands in the attributes. NULL with err set when it was refused. */
static struct scep_message *parse(const struct scep_client *c, X509 **cert, struct error *err)
{
    struct buffer request = ASN1_BUFFER_INIT;
    struct scep_message *message = NULL;

    scep_client_sign(c, bytes_of_text("content"), &request, cert);
    message = scep_message_parse(buffer_bytes(&request), err);
    buffer_clear(&request);
    return message;
}

static void message_type__odd_spelling__exact_or_nothing(void **state)
{
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(type_texts); i++) {
        const struct text_case *t = &type_texts[i];
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct scep_message *message = NULL;
        X509 *cert = NULL;

        c.type = t->text;
        c.type_len = t->len;
        c.type_tag = t->tag;
        message = parse(&c, &cert, &err);
        if (t->expected != REASON_NONE) {
            assert_refused(message != NULL, &err, t->expected, t->name);
        } else {
            assert_done(message != NULL, &err, t->name);
            assert_int_equal(t->type, scep_message_facts(message)->type);
        }
        scep_message_free(message);
        X509_free(cert);
    }
}

static void transaction_id__forms_and_sizes__opaque(void **state)
{
    const struct scep_fixture *f = *state;
    static char long_text[LIMIT_TRANSACTION_ID_BYTES + 1];
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        int tag;
        enum reason expected;
    } cases[] = {
        { "one byte", "1", 1, V_ASN1_PRINTABLESTRING, REASON_NONE },
        { "base64", "+qV88AnBTUZJJXR5vGvuUkT2zrc=", 28, V_ASN1_PRINTABLESTRING, REASON_NONE },
        { "UTF8String", "\xc3\xa9\xe2\x82\xac", 5, V_ASN1_UTF8STRING, REASON_NONE },
        { "IA5String", "SSCEP transactionId", 19, V_ASN1_IA5STRING, REASON_NONE },
        { "T61String", "a\xff", 2, V_ASN1_T61STRING, REASON_NONE },
        { "not printable", "a\0b\r\n", 5, V_ASN1_PRINTABLESTRING, REASON_NONE },
        { "256 bytes", long_text, 256, V_ASN1_PRINTABLESTRING, REASON_NONE },
        { "257 bytes", long_text, 257, V_ASN1_PRINTABLESTRING, REASON_TRANSACTION_ID_SIZE },
        { "empty", "", 0, V_ASN1_PRINTABLESTRING, REASON_TRANSACTION_ID_SIZE },
        { "INTEGER", "1", 1, V_ASN1_INTEGER, REASON_NO_TRANSACTION_ID },
        { "BMPString", "\0a", 2, V_ASN1_BMPSTRING, REASON_NONE },
        { "OCTET STRING", "a", 1, V_ASN1_OCTET_STRING, REASON_NO_TRANSACTION_ID },
        { "missing", NULL, 0, 0, REASON_NO_TRANSACTION_ID },
    };

    memset(long_text, 'a', sizeof(long_text));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct scep_message *message = NULL;
        X509 *cert = NULL;

        c.transaction_id = bytes_of(cases[i].text, cases[i].len);
        c.transaction_id_tag = cases[i].tag;
        message = parse(&c, &cert, &err);
        if (cases[i].expected != REASON_NONE) {
            assert_refused(message != NULL, &err, cases[i].expected, cases[i].name);
        } else {
            assert_done(message != NULL, &err, cases[i].name);
            assert_true(bytes_equal(c.transaction_id, scep_message_facts(message)->transaction_id));
            assert_int_equal(cases[i].tag, scep_message_facts(message)->transaction_id_tag);
        }
        scep_message_free(message);
        X509_free(cert);
    }
}

static void nonce__sizes__echo_or_refused(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        int len; /* -1: none */
        enum reason expected;
    } cases[] = { { -1, REASON_NONE },      { 0, REASON_NONE },  { 8, REASON_NONE },
                  { 16, REASON_NONE },      { 20, REASON_NONE }, { 64, REASON_NONE },
                  { 65, REASON_NONCE_SIZE } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct scep_message *message = NULL;
        X509 *cert = NULL;

        c.nonce = cases[i].len >= 0;
        c.nonce_len = cases[i].len >= 0 ? (size_t)cases[i].len : 0;
        message = parse(&c, &cert, &err);
        if (cases[i].expected != REASON_NONE) {
            assert_refused(message != NULL, &err, cases[i].expected, "nonce");
        } else {
            assert_done(message != NULL, &err, "nonce");
            assert_int_equal(c.nonce, scep_message_facts(message)->has_sender_nonce);
            assert_int_equal(c.nonce_len, scep_message_facts(message)->sender_nonce.len);
        }
        scep_message_free(message);
        X509_free(cert);
    }
}

static void attributes__double_missing_many__refused(void **state)
{
    const struct scep_fixture *f = *state;
    static const char *const scep_oids[] = { "2.16.840.1.113733.1.9.2", "2.16.840.1.113733.1.9.5",
                                             "2.16.840.1.113733.1.9.7", "1.2.840.113549.1.9.4",
                                             "1.2.840.113549.1.9.3",    "1.2.840.113549.1.9.5" };
    static char oids[SCEP_CLIENT_EXTRA_MAX][24];
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct scep_message *message = NULL;
    X509 *cert = NULL;

    for (size_t i = 0; i < COUNT_OF(scep_oids); i++) {
        c = scep_fixture_client(f);
        c.extra[0] = (struct scep_client_attribute){ scep_oids[i], V_ASN1_PRINTABLESTRING,
                                                     bytes_of_text("19") };
        c.extra_count = 1;
        error_clear(&err);
        assert_refused(parse(&c, &cert, &err) != NULL, &err, REASON_CMS_DUPLICATE_ATTR,
                       scep_oids[i]);
        X509_free(cert);
    }
    c = scep_fixture_client(f);
    c.type = NULL;
    error_clear(&err);
    assert_refused(parse(&c, &cert, &err) != NULL, &err, REASON_NO_MESSAGE_TYPE, "missing");
    X509_free(cert);

    /* six of the usual ones, and 26 more make 32 */
    c = scep_fixture_client(f);
    for (size_t i = 0; i < SCEP_CLIENT_EXTRA_MAX; i++) {
        (void)snprintf(oids[i], sizeof(oids[i]), "1.2.3.%u", (unsigned)i);
        c.extra[i] =
            (struct scep_client_attribute){ oids[i], V_ASN1_UTF8STRING, bytes_of_text("x") };
    }
    c.extra_count = LIMIT_CMS_ATTRIBUTES - 6;
    error_clear(&err);
    message = parse(&c, &cert, &err);
    assert_done(message != NULL, &err, "32 attributes");
    assert_true(scep_message_verify(message, ALGORITHM_LEVEL_MODERN, &err));
    scep_message_free(message);
    X509_free(cert);
    c.extra_count++;
    assert_refused(parse(&c, &cert, &err) != NULL, &err, REASON_CMS_TOO_MANY_ATTRS, "33");
    X509_free(cert);
}

/* RFC 5652 11.1: it must be the type of the content, which is data. */
static void content_type__signed_value__data_only(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        const char *name;
        int tag;
        const char *value;
        size_t len;
        enum reason expected;
    } cases[] = {
        { "data", V_ASN1_OBJECT, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 9, REASON_NONE },
        { "signedData", V_ASN1_OBJECT, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9,
          REASON_SIGNATURE_WRONG },
        { "octets", V_ASN1_OCTET_STRING, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 9,
          REASON_SIGNATURE_WRONG },
        { "text", V_ASN1_PRINTABLESTRING, "data", 4, REASON_SIGNATURE_WRONG },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.faults = SCEP_CLIENT_NO_CONTENT_TYPE_ATTR;
        c.extra[0] = (struct scep_client_attribute){ "1.2.840.113549.1.9.3", cases[i].tag,
                                                     bytes_of(cases[i].value, cases[i].len) };
        c.extra_count = 1;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (cases[i].expected == REASON_NONE) {
            assert_opened(&o, cases[i].name);
        } else {
            assert_outcome(&o, cases[i].expected, cases[i].name);
        }
        scep_outcome_clear(&o);
    }
}

static void signing_time__forms__read_or_ignored(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        int tag;
        const char *text;
        bool has;
        int64_t value;
    } cases[] = {
        { 0, NULL, false, 0 },
        { V_ASN1_UTCTIME, "700101000000Z", true, 0 },
        { V_ASN1_UTCTIME, "491231235959Z", true, 2524607999 },
        { V_ASN1_UTCTIME, "500101000000Z", true, -631152000 },
        { V_ASN1_GENERALIZEDTIME, "20260131123456Z", true, 1769862896 },
        { V_ASN1_GENERALIZEDTIME, "21060131123456Z", true, 4294384496 },
        /* OpenSSL 3.5 does not decode a time of less than 13 characters at all */
        { V_ASN1_UTCTIME, "yesterday at noon", false, 0 },
        { V_ASN1_PRINTABLESTRING, "260131123456Z", false, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct scep_message *message = NULL;
        X509 *cert = NULL;

        c.signing_time_tag = cases[i].tag;
        c.signing_time = cases[i].text;
        message = parse(&c, &cert, &err);
        assert_done(message != NULL, &err, cases[i].text != NULL ? cases[i].text : "none");
        assert_int_equal(cases[i].has, scep_message_facts(message)->has_signing_time);
        if (cases[i].value != scep_message_facts(message)->signing_time) {
            fail_msg("%s: %ld days after 1970", cases[i].text,
                     (long)(scep_message_facts(message)->signing_time / 86400));
        }
        scep_message_free(message);
        X509_free(cert);
    }
}

static void tail__after_the_message__newlines_only(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        const char *tail;
        size_t len;
        enum reason expected;
    } cases[] = { { "\n", 1, REASON_NONE },
                  { "\r\n\r\n\0", 5, REASON_NONE },
                  { " ", 1, REASON_BER_TRAILING },
                  { "\n0", 2, REASON_BER_TRAILING },
                  { "0\0", 2, REASON_BER_TRAILING } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_outcome o;
        X509 *cert = NULL;

        scep_client_request(&c, &request, &cert);
        assert_true(buffer_append(&request, cases[i].tail, cases[i].len, NULL));
        scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
        if (cases[i].expected == REASON_NONE) {
            assert_opened(&o, "tail");
        } else {
            assert_outcome(&o, cases[i].expected, "tail");
        }
        scep_outcome_clear(&o);
        X509_free(cert);
        buffer_clear(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts__plain_request__as_sent),
        cmocka_unit_test(free__null__harmless),
        cmocka_unit_test(structure__each_case__reason),
        cmocka_unit_test(segments__number__limited),
        cmocka_unit_test(message_type__every_number__known_or_not),
        cmocka_unit_test(message_type__odd_spelling__exact_or_nothing),
        cmocka_unit_test(transaction_id__forms_and_sizes__opaque),
        cmocka_unit_test(nonce__sizes__echo_or_refused),
        cmocka_unit_test(attributes__double_missing_many__refused),
        cmocka_unit_test(content_type__signed_value__data_only),
        cmocka_unit_test(signing_time__forms__read_or_ignored),
        cmocka_unit_test(tail__after_the_message__newlines_only),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
