/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"
#include "support/scep_keys.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "platform/clock.h"

static const char *const all_digests[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
static const char *const all_ciphers[] = { "DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC",
                                           "AES-256-CBC" };
static const enum scep_client_transport all_transports[] = {
    SCEP_CLIENT_PKCS1,
    SCEP_CLIENT_OAEP_SHA1,
    SCEP_CLIENT_OAEP_SHA256,
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Send, answer SUCCESS, read the answer as the client would: it must mirror everything. */
static void enrol(const struct scep_fixture *f, const struct scep_client *c, const char *name)
{
    struct scep_outcome o;
    struct scep_client_reply reply;
    struct scep_reply_options options = { .ras = f->ca.set, .level = ALGORITHM_LEVEL_COMPAT };
    struct buffer cert = ASN1_BUFFER_INIT;
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;

    scep_fixture_send(f, c, ALGORITHM_LEVEL_COMPAT, &o);
    assert_opened(&o, name);
    assert_int_equal(0, o.ra_index);
    options.ra_index = o.ra_index;
    assert_true(o.csr.has_challenge);
    assert_bytes_text(secret_bytes(&o.csr.challenge), "secret");
    scep_test_ca_issue(&f->ca, c->key, c->cn, &cert);
    assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err), &err,
                name);
    if (!scep_client_read(buffer_bytes(&out), f->ca.ra_certs[0], c->key, o.cert, &reply)) {
        fail_msg("%s: %s", name, reply.problem);
    }
    assert_int_equal(0, reply.status);
    assert_int_equal(EVP_MD_get_type(EVP_get_digestbyname(c->digest)), reply.digest_nid);
    assert_int_equal(EVP_CIPHER_get_nid(EVP_get_cipherbyname(c->cipher)), reply.cipher_nid);
    assert_int_equal(c->transport == SCEP_CLIENT_PKCS1 ? NID_rsaEncryption : NID_rsaesOaep,
                     reply.transport_nid);
    assert_int_equal(c->transport != SCEP_CLIENT_PKCS1, reply.transport_params);
    if (c->transport != SCEP_CLIENT_PKCS1) {
        assert_int_equal(c->transport == SCEP_CLIENT_OAEP_SHA256 ? NID_sha256 : NID_sha1,
                         reply.oaep_digest_nid);
    }
    assert_int_equal(1, reply.recipient_count);
    assert_int_equal(1, reply.cert_count);
    scep_client_reply_clear(&reply);
    buffer_clear(&cert);
    buffer_clear(&out);
    scep_outcome_clear(&o);
}

static void matrix(const struct scep_fixture *f, enum scep_test_key which, size_t digests,
                   size_t ciphers)
{
    EVP_PKEY *key = scep_test_key(which);

    for (size_t d = 0; d < digests; d++) {
        for (size_t e = 0; e < ciphers; e++) {
            for (size_t t = 0; t < COUNT_OF(all_transports); t++) {
                struct scep_client c;
                char name[64];

                scep_client_init(&c, key, f->ca.ra_certs[0]);
                c.digest = all_digests[d];
                c.cipher = all_ciphers[e];
                c.transport = all_transports[t];
                (void)snprintf(name, sizeof(name), "%s %s transport %d", c.digest, c.cipher,
                               (int)c.transport);
                enrol(f, &c, name);
            }
        }
    }
    EVP_PKEY_free(key);
}

static void matrix__key_of_2048__mirrored(void **state)
{
    matrix(*state, SCEP_TEST_KEY_CLIENT, COUNT_OF(all_digests), COUNT_OF(all_ciphers));
}

static void matrix__key_of_3072__mirrored(void **state)
{
    matrix(*state, SCEP_TEST_KEY_CLIENT_3072, COUNT_OF(all_digests), COUNT_OF(all_ciphers));
}

static void matrix__key_of_4096__mirrored(void **state)
{
    matrix(*state, SCEP_TEST_KEY_CLIENT_4096, 2, 2);
}

struct envelope_case {
    const char *name;
    enum reason expected; /* REASON_NONE: opened */
    uint32_t faults;
    const char *cipher;
    int cipher_nid;
    int iv_len;         /* 0: right; else this plus 100 */
    int ciphertext_len; /* 0: right; else this plus 100 */
    enum scep_client_transport transport;
    bool ber;
    bool by_key_id;
    bool other_spelling;
};

#define LENGTH(n) ((n) + 100)

static const struct envelope_case envelope_cases[] = {
    { .name = "plain" },
    { .name = "BER", .ber = true },
    { .name = "recipient by key id", .by_key_id = true },
    { .name = "recipient by key id in BER", .by_key_id = true, .ber = true },
    { .name = "issuer spelled differently", .other_spelling = true },
    { .name = "odd version numbers", .faults = SCEP_CLIENT_ODD_VERSIONS },
    { .name = "rsaEncryption without NULL", .transport = SCEP_CLIENT_PKCS1_NO_NULL },
    { .name = "OAEP without parameters", .transport = SCEP_CLIENT_OAEP_ABSENT },
    { .name = "OAEP MGF1 with SHA-1", .transport = SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1 },
    { .name = "OAEP parameters NULL",
      .expected = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .transport = SCEP_CLIENT_OAEP_NULL },
    { .name = "OAEP with a label",
      .expected = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .transport = SCEP_CLIENT_OAEP_LABEL },
    { .name = "OAEP SHA-512",
      .expected = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .transport = SCEP_CLIENT_OAEP_SHA512 },
    { .name = "no key transport algorithm",
      .expected = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .transport = SCEP_CLIENT_TRANSPORT_ECDH },
    { .name = "KeyAgree",
      .expected = REASON_KEY_TRANSPORT_NOT_ALLOWED,
      .faults = SCEP_CLIENT_KEY_AGREE },
    { .name = "originatorInfo",
      .expected = REASON_ENVELOPE_MALFORMED,
      .faults = SCEP_CLIENT_ORIGINATOR },
    { .name = "AuthEnvelopedData",
      .expected = REASON_CIPHER_NOT_ALLOWED,
      .faults = SCEP_CLIENT_AUTH_ENVELOPED },
    { .name = "encrypted content is not data",
      .expected = REASON_ENVELOPE_MALFORMED,
      .faults = SCEP_CLIENT_INNER_NOT_DATA },
    { .name = "GCM", .expected = REASON_CIPHER_NOT_ALLOWED, .cipher_nid = NID_aes_128_gcm },
    { .name = "CFB", .expected = REASON_CIPHER_NOT_ALLOWED, .cipher_nid = NID_aes_128_cfb128 },
    { .name = "RC2", .expected = REASON_CIPHER_NOT_ALLOWED, .cipher_nid = NID_rc2_cbc },
    { .name = "3DES on modern", .expected = REASON_CIPHER_NOT_ALLOWED, .cipher = "DES-EDE3-CBC" },
    { .name = "DES on modern",
      .expected = REASON_CIPHER_NOT_ALLOWED,
      .cipher_nid = NID_des_cbc,
      .iv_len = LENGTH(8) },
    { .name = "no IV", .expected = REASON_ENVELOPE_MALFORMED, .iv_len = LENGTH(0) },
    { .name = "IV of 8", .expected = REASON_ENVELOPE_MALFORMED, .iv_len = LENGTH(8) },
    { .name = "IV of 15", .expected = REASON_ENVELOPE_MALFORMED, .iv_len = LENGTH(15) },
    { .name = "IV of 17", .expected = REASON_ENVELOPE_MALFORMED, .iv_len = LENGTH(17) },
    { .name = "IV of 64", .expected = REASON_ENVELOPE_MALFORMED, .iv_len = LENGTH(64) },
    { .name = "ciphertext of 0",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(0) },
    { .name = "ciphertext of 1",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(1) },
    { .name = "ciphertext of 7",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(7) },
    { .name = "ciphertext of 15",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(15) },
    { .name = "ciphertext of 0 in BER",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(0),
      .ber = true },
    { .name = "ciphertext of 17 in BER",
      .expected = REASON_ENVELOPE_MALFORMED,
      .ciphertext_len = LENGTH(17),
      .ber = true },
    { .name = "ciphertext of 16",
      .expected = REASON_UNIFORM_FAILURE,
      .ciphertext_len = LENGTH(16) },
    { .name = "ciphertext of 32 KB",
      .expected = REASON_UNIFORM_FAILURE,
      .ciphertext_len = LENGTH(32768) },
    { .name = "padding 0",
      .expected = REASON_UNIFORM_FAILURE,
      .faults = SCEP_CLIENT_BAD_PADDING_0 },
    { .name = "padding 17",
      .expected = REASON_UNIFORM_FAILURE,
      .faults = SCEP_CLIENT_BAD_PADDING_17 },
    { .name = "random encrypted key",
      .expected = REASON_UNIFORM_FAILURE,
      .faults = SCEP_CLIENT_RANDOM_KEY },
    { .name = "random encrypted key, OAEP",
      .expected = REASON_UNIFORM_FAILURE,
      .faults = SCEP_CLIENT_RANDOM_KEY,
      .transport = SCEP_CLIENT_OAEP_SHA256 },
    { .name = "content key of the wrong length",
      .expected = REASON_UNIFORM_FAILURE,
      .faults = SCEP_CLIENT_SHORT_KEY },
};

static void envelope__each_case__reason(void **state)
{
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(envelope_cases); i++) {
        const struct envelope_case *e = &envelope_cases[i];
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.faults = e->faults;
        c.cipher = e->cipher != NULL ? e->cipher : c.cipher;
        c.cipher_nid = e->cipher_nid;
        c.iv_len = e->iv_len == 0 ? -1 : e->iv_len - 100;
        c.ciphertext_len = e->ciphertext_len == 0 ? -1 : e->ciphertext_len - 100;
        c.transport = e->transport;
        c.ber = e->ber;
        c.recipient_by_key_id = e->by_key_id;
        c.recipient_other_spelling = e->other_spelling;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (e->expected == REASON_NONE) {
            assert_opened(&o, e->name);
        } else {
            assert_outcome(&o, e->expected, e->name);
            assert_true(o.verified);
            assert_null(o.csr.key);
        }
        scep_outcome_clear(&o);
    }
}

static void recipients__number_and_place__found(void **state)
{
    const struct scep_fixture *f = *state;
    static const struct {
        const char *name;
        size_t count;
        size_t own; /* which one is an RA of ours; SIZE_MAX: none */
        size_t ra;
        enum reason expected;
    } cases[] = {
        { "old generation", 1, 0, 1, REASON_NONE },
        { "second of two, as scepclient sends", 2, 1, 0, REASON_NONE },
        { "last of five", 5, 4, 1, REASON_NONE },
        { "unknown", 1, SIZE_MAX, 0, REASON_UNKNOWN_RECIPIENT },
        { "five unknown", 5, SIZE_MAX, 0, REASON_UNKNOWN_RECIPIENT },
        { "six", 6, 0, 0, REASON_ENVELOPE_MALFORMED },
        { "none", 0, 0, 0, REASON_ENVELOPE_MALFORMED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.recipient_count = cases[i].count;
        for (size_t r = 0; r < cases[i].count; r++) {
            c.recipients[r] = r == cases[i].own ? f->ca.ra_certs[cases[i].ra] : f->ca.cert;
        }
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (cases[i].expected == REASON_NONE) {
            assert_opened(&o, cases[i].name);
            assert_int_equal(cases[i].ra, o.ra_index);
        } else {
            assert_outcome(&o, cases[i].expected, cases[i].name);
        }
        scep_outcome_clear(&o);
    }
}

/* The issuer is unknown by name and two generations share the serial: nobody may be guessed. */
static void recipients__serial_of_two_generations__unknown(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct ra_set *set = ra_set_create();
    struct scep_outcome o;
    struct error err = ERROR_INIT;
    struct csr csr = CSR_INIT;
    size_t ra_index = 0;

    assert_non_null(set);
    for (int i = 0; i < 2; i++) {
        assert_true(ra_set_add_ra(set, f->ca.ra_certs[0], f->ca.ra_keys[0], NULL));
    }
    c.recipient_other_spelling = true;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
    assert_opened(&o, "one generation with that serial");
    assert_refused(
        scep_message_decrypt(o.message, ALGORITHM_LEVEL_MODERN, set, &ra_index, &csr, &err), &err,
        REASON_UNKNOWN_RECIPIENT, "two");
    ra_set_unref(set);
    scep_outcome_clear(&o);
}

static void envelope__wrong_kind_of_content__reason(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct scep_outcome o;
    X509 *cert = NULL;

    /* the PKCS#10 without an envelope exposes the challenge: RFC 8894 3.1 */
    scep_client_csr(&c, &csr);
    scep_client_sign(&c, buffer_bytes(&csr), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_ENVELOPE_MALFORMED, "bare PKCS#10");
    scep_outcome_clear(&o);
    X509_free(cert);

    scep_client_sign(&c, bytes_of(NULL, 0), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_ENVELOPE_MISSING, "empty content");
    scep_outcome_clear(&o);
    X509_free(cert);

    c.faults = SCEP_CLIENT_NO_CONTENT;
    scep_client_sign(&c, bytes_of(NULL, 0), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_ENVELOPE_MISSING, "no content");
    scep_outcome_clear(&o);
    X509_free(cert);

    c.faults = 0;
    scep_client_envelope(&c, buffer_bytes(&csr), &envelope);
    assert_true(buffer_append_byte(&envelope, '\n', NULL));
    scep_client_sign(&c, buffer_bytes(&envelope), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_ENVELOPE_MALFORMED, "byte behind the envelope");
    scep_outcome_clear(&o);
    X509_free(cert);
    buffer_clear(&csr);
    buffer_clear(&request);
    buffer_clear(&envelope);
}

/* Sign and send any plaintext; one answer for everything that is wrong with it. */
static void send_plain(const struct scep_fixture *f, const struct scep_client *c,
                       struct bytes plain, struct scep_outcome *o)
{
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    X509 *cert = NULL;

    scep_client_envelope(c, plain, &envelope);
    scep_client_sign(c, buffer_bytes(&envelope), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, o);
    X509_free(cert);
    buffer_clear(&envelope);
    buffer_clear(&request);
}

static void plaintext__wrong_in_any_way__uniform(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct scep_client other = scep_fixture_client(f);
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer large = ASN1_BUFFER_INIT;
    struct scep_outcome o;

    send_plain(f, &c, bytes_of_text("no PKCS#10"), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "garbage");
    scep_outcome_clear(&o);
    send_plain(f, &c, bytes_of(NULL, 0), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "empty");
    scep_outcome_clear(&o);

    scep_client_csr(&c, &csr);
    csr.data[csr.len - 1] ^= 1;
    send_plain(f, &c, buffer_bytes(&csr), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "signature of the PKCS#10");
    scep_outcome_clear(&o);

    scep_client_csr(&c, &csr);
    assert_true(buffer_append_byte(&csr, 0, NULL));
    send_plain(f, &c, buffer_bytes(&csr), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "byte behind the PKCS#10");
    scep_outcome_clear(&o);

    other.csr_key = f->other_key;
    scep_client_csr(&other, &csr);
    send_plain(f, &c, buffer_bytes(&csr), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "key of the PKCS#10 is not the signer's");
    scep_outcome_clear(&o);

    assert_true(buffer_reserve(&large, LIMIT_CSR_BYTES + 1u, NULL));
    large.len = LIMIT_CSR_BYTES + 1u;
    memset(large.data, 0x30, large.len);
    send_plain(f, &c, buffer_bytes(&large), &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "too large");
    scep_outcome_clear(&o);
    buffer_clear(&csr);
    buffer_clear(&large);
}

/* Somebody records an envelope and signs it with a key of his own: RFC 8894 does not mention it. */
static void captured_envelope__signed_by_another__uniform_or_without_challenge(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client victim = scep_fixture_client(f);
    struct scep_client thief = scep_fixture_client(f);
    struct scep_cert_options options = {
        .key = f->other_key, .cn = "client", .issuer = f->ca.cert, .issuer_key = f->other_key
    };
    X509 *foreign = scep_cert_make(&options);
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct buffer request = ASN1_BUFFER_INIT;
    X509 *cert = NULL;
    struct scep_outcome o;

    scep_client_csr(&victim, &csr);
    scep_client_envelope(&victim, buffer_bytes(&csr), &envelope);
    thief.key = f->other_key;
    scep_client_sign(&thief, buffer_bytes(&envelope), &request, &cert);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    assert_outcome(&o, REASON_UNIFORM_FAILURE, "self-signed");
    scep_outcome_clear(&o);

    thief.cert = foreign;
    scep_client_sign(&thief, buffer_bytes(&envelope), &request, NULL);
    scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
    /* looks like a renewal: who has issued it is looked at next, the challenge never */
    assert_opened(&o, "not self-signed");
    assert_false(scep_message_facts(o.message)->signer_self_signed);
    assert_false(o.csr.has_challenge);
    scep_outcome_clear(&o);
    X509_free(cert);
    X509_free(foreign);
    buffer_clear(&csr);
    buffer_clear(&envelope);
    buffer_clear(&request);
}

/* The old certificate signs for a new key: a challenge may be another's, and is not handed on. */
static void new_key__signed_by_a_certificate__opened_without_challenge(void **state)
{
    static const struct {
        const char *name;
        const char *type; /* NULL: PKCSReq */
        const char *challenge;
        enum scep_test_key key;
        bool self_signed;
        bool opened;
    } rows[] = {
        { "renewal", NULL, NULL, SCEP_TEST_KEY_CLIENT, false, true },
        { "empty challenge", NULL, "", SCEP_TEST_KEY_CLIENT, false, true },
        { "with a challenge", NULL, "secret", SCEP_TEST_KEY_CLIENT, false, true },
        { "RenewalReq", "17", NULL, SCEP_TEST_KEY_CLIENT, false, true },
        { "RenewalReq with a challenge", "17", "secret", SCEP_TEST_KEY_CLIENT, false, true },
        { "RenewalReq self-signed", "17", "secret", SCEP_TEST_KEY_CLIENT, true, false },
        { "signed by nobody's certificate", NULL, NULL, SCEP_TEST_KEY_CLIENT, true, false },
        { "short key", NULL, NULL, SCEP_TEST_KEY_CLIENT_512, false, false },
        { "elliptic curve", NULL, NULL, SCEP_TEST_KEY_CLIENT_EC, false, true },
    };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_cert_options options = {
            .key = f->other_key, .cn = "client", .issuer = f->ca.cert, .issuer_key = f->client_key
        };
        X509 *old = scep_cert_make(&options);
        EVP_PKEY *key = scep_test_key(rows[i].key);
        struct scep_outcome o;

        c.key = f->other_key;
        c.csr_key = key;
        c.cert = rows[i].self_signed ? NULL : old;
        c.challenge = rows[i].challenge;
        c.type = rows[i].type != NULL ? rows[i].type : c.type;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        if (rows[i].opened) {
            assert_opened(&o, rows[i].name);
            assert_false(o.csr.has_challenge);
        } else {
            assert_outcome(&o, REASON_UNIFORM_FAILURE, rows[i].name);
        }
        scep_outcome_clear(&o);
        EVP_PKEY_free(key);
        X509_free(old);
    }
}

static void decrypt__before_verify__internal(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct buffer request = ASN1_BUFFER_INIT;
    struct scep_message *message = NULL;
    struct error err = ERROR_INIT;
    struct csr csr = CSR_INIT;
    X509 *cert = NULL;
    size_t ra_index = 0;

    c.faults = SCEP_CLIENT_BAD_SIGNATURE;
    scep_client_request(&c, &request, &cert);
    message = scep_message_parse(buffer_bytes(&request), &err);
    assert_non_null(message);
    assert_refused(
        scep_message_decrypt(message, ALGORITHM_LEVEL_MODERN, f->ca.set, &ra_index, &csr, &err),
        &err, REASON_INTERNAL, "not verified");
    error_clear(&err);
    assert_false(scep_message_verify(message, ALGORITHM_LEVEL_MODERN, &err));
    error_clear(&err);
    assert_refused(
        scep_message_decrypt(message, ALGORITHM_LEVEL_MODERN, f->ca.set, &ra_index, &csr, &err),
        &err, REASON_INTERNAL, "verified in vain");
    scep_message_free(message);
    X509_free(cert);
    buffer_clear(&request);
}

/* The answers to all uniform failures differ in nothing but nonces, time and signature. */
static void uniform_failure__reply__same_size_and_attributes(void **state)
{
    const struct scep_fixture *f = *state;
    static const uint32_t faults[] = { SCEP_CLIENT_RANDOM_KEY, SCEP_CLIENT_BAD_PADDING_0,
                                       SCEP_CLIENT_SHORT_KEY };
    size_t size = 0;

    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct scep_reply_options options = { .ras = f->ca.set,
                                              .level = ALGORITHM_LEVEL_MODERN,
                                              .hresult_attribute = true };
        struct scep_client c = scep_fixture_client(f);
        struct buffer out = ASN1_BUFFER_INIT;
        struct scep_client_reply reply;
        struct error err = ERROR_INIT;
        struct scep_outcome o;

        c.faults = faults[i];
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_outcome(&o, REASON_UNIFORM_FAILURE, "fault");
        assert_string_equal("envelope, PKCS#10, its signature or its key", o.err.detail);
        assert_done(scep_reply_failure(o.message, &options, &o.err, &out, &err), &err, "");
        if (!scep_client_read(buffer_bytes(&out), f->ca.ra_certs[0], c.key, o.cert, &reply)) {
            fail_msg("%s", reply.problem);
        }
        assert_int_equal(FAIL_INFO_BAD_MESSAGE_CHECK, reply.fail_info);
        assert_string_equal("message could not be processed", reply.fail_text);
        assert_true(size == 0 || size == out.len);
        size = out.len;
        scep_client_reply_clear(&reply);
        scep_outcome_clear(&o);
        buffer_clear(&out);
    }
}

static int64_t median_us(const struct scep_fixture *f, const struct scep_client *c,
                         struct bytes plain)
{
    enum { ROUNDS = 31 };
    int64_t taken[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        struct scep_outcome o;
        struct csr csr = CSR_INIT;
        size_t ra_index = 0;
        size_t at = i;
        int64_t start = 0;
        int64_t value = 0;

        send_plain(f, c, plain, &o);
        start = clock_monotonic_us();
        o.opened = scep_message_decrypt(o.message, ALGORITHM_LEVEL_MODERN, f->ca.set, &ra_index,
                                        &csr, &o.err);
        value = clock_monotonic_us() - start;
        while (at > 0 && taken[at - 1] > value) {
            taken[at] = taken[at - 1];
            at--;
        }
        taken[at] = value;
        csr_clear(&csr);
        scep_outcome_clear(&o);
    }
    return taken[ROUNDS / 2];
}

/* Printed, not asserted: a loaded machine must not fail the test. */
static void uniform_failure__timing__printed(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer other = ASN1_BUFFER_INIT;
    struct bytes garbage;
    int64_t times[5];

    scep_client_csr(&c, &csr);
    c.csr_key = f->other_key;
    scep_client_csr(&c, &other);
    times[0] = median_us(f, &c, buffer_bytes(&csr));
    times[1] = median_us(f, &c, buffer_bytes(&other));
    csr.data[csr.len - 1] ^= 1;
    times[2] = median_us(f, &c, buffer_bytes(&csr));
    garbage = bytes_of(csr.data + 1, csr.len - 1);
    times[3] = median_us(f, &c, garbage);
    c.faults = SCEP_CLIENT_RANDOM_KEY;
    times[4] = median_us(f, &c, buffer_bytes(&csr));
    print_message("median us: good %d, other key %d, wrong signature %d, garbage %d, "
                  "random encrypted key %d\n",
                  (int)times[0], (int)times[1], (int)times[2], (int)times[3], (int)times[4]);
    buffer_clear(&csr);
    buffer_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix__key_of_2048__mirrored),
        cmocka_unit_test(matrix__key_of_3072__mirrored),
        cmocka_unit_test(matrix__key_of_4096__mirrored),
        cmocka_unit_test(envelope__each_case__reason),
        cmocka_unit_test(recipients__number_and_place__found),
        cmocka_unit_test(recipients__serial_of_two_generations__unknown),
        cmocka_unit_test(envelope__wrong_kind_of_content__reason),
        cmocka_unit_test(plaintext__wrong_in_any_way__uniform),
        cmocka_unit_test(captured_envelope__signed_by_another__uniform_or_without_challenge),
        cmocka_unit_test(new_key__signed_by_a_certificate__opened_without_challenge),
        cmocka_unit_test(decrypt__before_verify__internal),
        cmocka_unit_test(uniform_failure__reply__same_size_and_attributes),
        cmocka_unit_test(uniform_failure__timing__printed),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
