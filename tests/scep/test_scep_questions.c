/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  messages that are more than a request for a certificate: whose generation they are
 *           encrypted to, which certificate they ask about, and a challenge that may be another's.
 * Not here: PKCSReq (test_scep_decrypt.c), what is answered (tests/endpoint).
 * Owns:     see scep_fixture.h.
 * Threads:  one.
 * Spec:     RFC 8894 2.3, 3.3.4, 4.7; RFC 3218 2.3.
 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- recipient among generations ------------------------------------------------------------- */

/* A set with one RA of its own: subject and issuer as in the fixture, or another issuer. */
static struct ra_set *make_set(const struct scep_fixture *f, const char *issuer, uint8_t serial,
                               enum scep_test_key which)
{
    EVP_PKEY *key = scep_test_key(which);
    struct scep_cert_options options = { .key = f->ca.key, .cn = issuer, .ca = true };
    X509 *ca = scep_cert_make(&options);
    X509 *ra = NULL;
    struct ra_set *set = ra_set_create();
    struct error err = ERROR_INIT;

    options = (struct scep_cert_options){ .key = key,
                                          .cn = "RA",
                                          .issuer = ca,
                                          .issuer_key = f->ca.key,
                                          .serial = &serial,
                                          .serial_len = 1 };
    ra = scep_cert_make(&options);
    assert_done(ra_set_add_ra(set, ra, key, &err) && ra_set_add_chain(set, ca, &err), &err, issuer);
    X509_free(ra);
    X509_free(ca);
    EVP_PKEY_free(key);
    return set;
}

static void recipient__in_any_set__found_without_opening(void **state)
{
    const struct scep_fixture *f = *state;
    struct ra_set *next = make_set(f, "Next CA", 0x71, SCEP_TEST_KEY_RA_3072);
    struct ra_set *twin = make_set(f, "Twin CA", 0x71, SCEP_TEST_KEY_OTHER);
    const struct {
        const char *name;
        X509 *recipient;
        bool other_spelling;
        const struct ra_set *sets[3];
        size_t count;
        enum reason reason;
        size_t set;
        size_t ra_index;
    } cases[] = {
        { "first", f->ca.ra_certs[0], false, { f->ca.set, next, NULL }, 3, REASON_NONE, 0, 0 },
        { "older", f->ca.ra_certs[1], false, { f->ca.set, next, NULL }, 3, REASON_NONE, 0, 1 },
        { "second", next->ra[0].cert, false, { f->ca.set, next, NULL }, 3, REASON_NONE, 1, 0 },
        { "behind a gap",
          next->ra[0].cert,
          false,
          { f->ca.set, NULL, next },
          3,
          REASON_NONE,
          2,
          0 },
        { "exact before serial",
          next->ra[0].cert,
          false,
          { twin, next, NULL },
          2,
          REASON_NONE,
          1,
          0 },
        { "by serial", next->ra[0].cert, true, { f->ca.set, next, NULL }, 3, REASON_NONE, 1, 0 },
        { "serial of two",
          next->ra[0].cert,
          true,
          { next, twin, NULL },
          3,
          REASON_UNKNOWN_RECIPIENT,
          0,
          0 },
        { "of none",
          next->ra[0].cert,
          false,
          { f->ca.set, NULL, NULL },
          3,
          REASON_UNKNOWN_RECIPIENT,
          0,
          0 },
        { "no set",
          next->ra[0].cert,
          false,
          { NULL, NULL, NULL },
          3,
          REASON_UNKNOWN_RECIPIENT,
          0,
          0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_message *message = NULL;
        struct error err = ERROR_INIT;
        X509 *cert = NULL;
        size_t set = SIZE_MAX;
        size_t ra_index = SIZE_MAX;
        bool found = false;

        c.recipients[0] = cases[i].recipient;
        c.recipient_other_spelling = cases[i].other_spelling;
        c.faults = SCEP_CLIENT_RANDOM_KEY; /* nobody could open it */
        scep_client_request(&c, &request, &cert);
        message = scep_message_parse(buffer_bytes(&request), &err);
        assert_non_null(message);
        assert_true(scep_message_verify(message, ALGORITHM_LEVEL_MODERN, &err));
        found = scep_message_recipient(message, ALGORITHM_LEVEL_MODERN, cases[i].sets,
                                       cases[i].count, &set, &ra_index, &err);
        if (found != (cases[i].reason == REASON_NONE) || err.reason != cases[i].reason
            || (found && (set != cases[i].set || ra_index != cases[i].ra_index))) {
            fail_msg("%s: %s, set %zu, member %zu", cases[i].name, reason_id(err.reason), set,
                     ra_index);
        }
        scep_message_free(message);
        X509_free(cert);
        buffer_clear(&request);
    }
    ra_set_unref(next);
    ra_set_unref(twin);
}

/* What was found for one set or level is not taken for another. */
static void recipient__then_decrypted_elsewhere__looked_for_again(void **state)
{
    const struct scep_fixture *f = *state;
    struct ra_set *next = make_set(f, "Next CA", 0x71, SCEP_TEST_KEY_RA_3072);
    const struct ra_set *const sets[] = { f->ca.set, next };
    struct scep_client c = scep_fixture_client(f);
    struct buffer request = ASN1_BUFFER_INIT;
    struct scep_message *message = NULL;
    struct error err = ERROR_INIT;
    struct csr csr = CSR_INIT;
    X509 *cert = NULL;
    size_t set = 0;
    size_t ra_index = 0;

    c.cipher = "DES-EDE3-CBC";
    scep_client_request(&c, &request, &cert);
    message = scep_message_parse(buffer_bytes(&request), &err);
    assert_refused(
        scep_message_recipient(message, ALGORITHM_LEVEL_COMPAT, sets, 2, &set, &ra_index, &err),
        &err, REASON_INTERNAL, "not verified");
    error_clear(&err);
    assert_true(scep_message_verify(message, ALGORITHM_LEVEL_COMPAT, &err));
    assert_done(
        scep_message_recipient(message, ALGORITHM_LEVEL_COMPAT, sets, 2, &set, &ra_index, &err),
        &err, "compat");
    assert_refused(
        scep_message_decrypt(message, ALGORITHM_LEVEL_MODERN, f->ca.set, &ra_index, &csr, &err),
        &err, REASON_CIPHER_NOT_ALLOWED, "another level");
    error_clear(&err);
    assert_done(
        scep_message_recipient(message, ALGORITHM_LEVEL_COMPAT, sets, 2, &set, &ra_index, &err),
        &err, "compat");
    assert_refused(
        scep_message_decrypt(message, ALGORITHM_LEVEL_COMPAT, next, &ra_index, &csr, &err), &err,
        REASON_UNKNOWN_RECIPIENT, "another set");
    error_clear(&err);
    assert_done(
        scep_message_decrypt(message, ALGORITHM_LEVEL_COMPAT, f->ca.set, &ra_index, &csr, &err),
        &err, "the same");
    csr_clear(&csr);
    scep_message_free(message);
    X509_free(cert);
    buffer_clear(&request);
    ra_set_unref(next);
}

/* ---- issuer and serial ----------------------------------------------------------------------- */

static void cert_id__of_a_certificate__is_its_name(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_cert_id id = SCEP_CERT_ID_INIT;
    struct buffer plain = ASN1_BUFFER_INIT;
    struct certificate_info info;
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < 2; i++) {
        scep_client_cert_id(f->ca.ra_certs[i], &plain);
        assert_done(scep_cert_id_parse(buffer_bytes(&plain), &id, &err), &err, "");
        assert_true(scep_cert_id_is(&id, f->ca.ra_certs[i]));
        assert_false(scep_cert_id_is(&id, f->ca.ra_certs[1 - i]));
        assert_ptr_equal(scep_cert_id_find(&id, f->ca.set), f->ca.set->ra[i].cert);
        assert_true(certificate_info(f->ca.ra_certs[i], &info, &err));
        assert_string_equal(id.serial_text, info.serial);
    }
    scep_client_cert_id(f->ca.cert, &plain);
    assert_done(scep_cert_id_parse(buffer_bytes(&plain), &id, &err), &err, "");
    assert_ptr_equal(scep_cert_id_find(&id, f->ca.set), f->ca.set->chain[0]);
    assert_done(scep_cert_id_nobodys(&id, &err), &err, "nobody's");
    assert_null(scep_cert_id_find(&id, f->ca.set));
    assert_int_equal(strlen(id.serial_text), 40);
    scep_cert_id_clear(&id);
    scep_cert_id_clear(NULL);
    buffer_clear(&plain);
}

/*
 * Every octet counts: none can be put in, left out or changed without its being another name or
 * none. A case of a letter may change, as RFC 5280 7.1 has it.
 */
static void cert_id__changed_anywhere__another_or_none(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_cert_id id = SCEP_CERT_ID_INIT;
    struct buffer plain = ASN1_BUFFER_INIT;
    size_t same = 0;

    scep_client_cert_id(f->ca.ra_certs[0], &plain);
    for (size_t at = 0; at < plain.len; at++) {
        for (unsigned value = 1; value < 256; value++) {
            plain.data[at] ^= (uint8_t)value;
            if (scep_cert_id_parse(buffer_bytes(&plain), &id, NULL)
                && scep_cert_id_is(&id, f->ca.ra_certs[0])) {
                same++;
                assert_true(value == 0x20 || at < plain.len - 3); /* case, or type of the string */
            }
            plain.data[at] ^= (uint8_t)value;
        }
    }
    /* letters of the name in the other case, and the string under its other types */
    assert_true(same < 2 * plain.len);
    for (size_t len = 0; len < plain.len; len++) {
        assert_false(scep_cert_id_parse(bytes_of(plain.data, len), &id, NULL));
        assert_null(id.issuer);
    }
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t octet = (uint8_t)value;

        assert_true(buffer_append(&plain, &octet, 1, NULL));
        assert_false(scep_cert_id_parse(buffer_bytes(&plain), &id, NULL));
        plain.len--;
    }
    scep_cert_id_clear(&id);
    buffer_clear(&plain);
}

static void cert_id__over_the_limits__refused(void **state)
{
    struct scep_cert_id id = SCEP_CERT_ID_INIT;
    struct buffer name = ASN1_BUFFER_INIT;
    struct buffer content = ASN1_BUFFER_INIT;
    struct buffer plain = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    uint8_t filler[LIMIT_DN_BYTES] = { 0 };

    (void)state;
    asn1_tlv(&name, 0x13, bytes_of(filler, sizeof(filler)));
    asn1_take(&content, 0x30, false, &name);
    asn1_small(&content, 1);
    asn1_take(&plain, 0x30, false, &content);
    assert_refused(scep_cert_id_parse(buffer_bytes(&plain), &id, &err), &err, REASON_LIMIT,
                   "long name");
    error_clear(&err);
    buffer_clear(&plain);
    asn1_tlv(&content, 0x30, bytes_of(NULL, 0));
    filler[0] = 1;
    asn1_tlv(&content, 0x02, bytes_of(filler, 41));
    asn1_take(&plain, 0x30, false, &content);
    assert_refused(scep_cert_id_parse(buffer_bytes(&plain), &id, &err), &err, REASON_SYNTAX,
                   "long serial");
    buffer_clear(&plain);
}

/* ---- opening a question ---------------------------------------------------------------------- */

static void decrypt_id__any_failure__nobodys_name(void **state)
{
    static const struct {
        const char *name;
        uint32_t faults;
        bool csr;
        bool read;
    } cases[] = {
        { "good", 0, false, true },
        { "random key", SCEP_CLIENT_RANDOM_KEY, false, false },
        { "padding 0", SCEP_CLIENT_BAD_PADDING_0, false, false },
        { "padding 17", SCEP_CLIENT_BAD_PADDING_17, false, false },
        { "short key", SCEP_CLIENT_SHORT_KEY, false, false },
        { "PKCS#10", 0, true, false },
    };
    const struct scep_fixture *f = *state;
    struct scep_cert_id nobodys = SCEP_CERT_ID_INIT;

    assert_true(scep_cert_id_nobodys(&nobodys, NULL));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct buffer plain = ASN1_BUFFER_INIT;
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_cert_id id = SCEP_CERT_ID_INIT;
        struct scep_message *message = NULL;
        struct error unread = ERROR_INIT;
        struct error err = ERROR_INIT;
        X509 *cert = NULL;
        size_t ra_index = SIZE_MAX;

        c.type = "21";
        c.faults = cases[i].faults;
        if (cases[i].csr) {
            scep_client_csr(&c, &plain);
        } else {
            scep_client_cert_id(f->ca.ra_certs[1], &plain);
        }
        scep_client_message(&c, buffer_bytes(&plain), &request, &cert);
        message = scep_message_parse(buffer_bytes(&request), &err);
        assert_refused(scep_message_decrypt_id(message, ALGORITHM_LEVEL_MODERN, f->ca.set,
                                               &ra_index, &id, &unread, &err),
                       &err, REASON_INTERNAL, "not verified");
        error_clear(&err);
        assert_true(scep_message_verify(message, ALGORITHM_LEVEL_MODERN, &err));
        assert_done(scep_message_decrypt_id(message, ALGORITHM_LEVEL_MODERN, f->ca.set, &ra_index,
                                            &id, &unread, &err),
                    &err, cases[i].name);
        assert_int_equal(ra_index, 0);
        if (cases[i].read != !error_is_set(&unread)
            || cases[i].read != scep_cert_id_is(&id, f->ca.ra_certs[1])
            || cases[i].read == (strcmp(id.serial_text, nobodys.serial_text) == 0)) {
            fail_msg("%s: serial %s, %s", cases[i].name, id.serial_text, unread.detail);
        }
        scep_cert_id_clear(&id);
        scep_message_free(message);
        X509_free(cert);
        buffer_clear(&plain);
        buffer_clear(&request);
    }
    scep_cert_id_clear(&nobodys);
}

/* ---- a challenge that may be another's ------------------------------------------------------- */

/*
 * A device enrols; somebody with a certificate of his own records its envelope and sends it under
 * his name. Whatever the type, the challenge in it reaches nobody who could check or spend it.
 */
static void captured_envelope__signed_with_a_certificate__challenge_not_seen(void **state)
{
    static const struct {
        const char *type;
        const char *challenge;
        bool own_key; /* the request is the signer's own */
        bool opened;
        bool withheld;
    } cases[] = {
        { "19", "one-time", false, true, true }, { "17", "one-time", false, true, true },
        { "17", "", false, true, false },        { "17", NULL, false, true, false },
        { "19", NULL, false, true, false },      { "17", "one-time", true, true, false },
        { "19", "one-time", true, true, false },
    };
    const struct scep_fixture *f = *state;
    struct scep_cert_options options = {
        .key = f->other_key, .cn = "thief", .issuer = f->ca.cert, .issuer_key = f->ca.key
    };
    X509 *thiefs = scep_cert_make(&options);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client victim = scep_fixture_client(f);
        struct scep_client thief = scep_fixture_client(f);
        struct buffer csr = ASN1_BUFFER_INIT;
        struct buffer envelope = ASN1_BUFFER_INIT;
        struct buffer request = ASN1_BUFFER_INIT;
        struct scep_outcome o;

        victim.challenge = cases[i].challenge;
        victim.key = cases[i].own_key ? f->other_key : f->client_key;
        scep_client_csr(&victim, &csr);
        scep_client_envelope(&victim, buffer_bytes(&csr), &envelope);
        thief.type = cases[i].type;
        thief.key = f->other_key;
        thief.cert = thiefs;
        scep_client_sign(&thief, buffer_bytes(&envelope), &request, NULL);
        scep_fixture_receive(f, buffer_bytes(&request), ALGORITHM_LEVEL_MODERN, &o);
        if (cases[i].opened) {
            assert_opened(&o, cases[i].type);
        } else {
            assert_outcome(&o, REASON_UNIFORM_FAILURE, cases[i].type);
        }
        assert_int_equal(scep_message_facts(o.message)->challenge_withheld, cases[i].withheld);
        if (o.opened) {
            assert_int_equal(o.csr.has_challenge, cases[i].own_key);
            assert_int_equal(o.csr.challenge.data != NULL, cases[i].own_key);
            assert_true(bytes_equal(buffer_bytes(&o.csr.der), buffer_bytes(&csr)));
        }
        scep_outcome_clear(&o);
        buffer_clear(&csr);
        buffer_clear(&envelope);
        buffer_clear(&request);
    }
    X509_free(thiefs);
}

/* Signed by a certificate that anybody can make, no type helps. */
static void captured_envelope__self_signed__uniform_whatever_the_type(void **state)
{
    static const char *const types[] = { "17", "19" };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < 2 * COUNT_OF(types); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_outcome o;

        c.type = types[i / 2];
        c.challenge = i % 2 == 0 ? "one-time" : NULL;
        c.key = f->other_key;
        c.csr_key = f->client_key;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_MODERN, &o);
        assert_outcome(&o, REASON_UNIFORM_FAILURE, types[i / 2]);
        scep_outcome_clear(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipient__in_any_set__found_without_opening),
        cmocka_unit_test(recipient__then_decrypted_elsewhere__looked_for_again),
        cmocka_unit_test(cert_id__of_a_certificate__is_its_name),
        cmocka_unit_test(cert_id__changed_anywhere__another_or_none),
        cmocka_unit_test(cert_id__over_the_limits__refused),
        cmocka_unit_test(decrypt_id__any_failure__nobodys_name),
        cmocka_unit_test(captured_envelope__signed_with_a_certificate__challenge_not_seen),
        cmocka_unit_test(captured_envelope__self_signed__uniform_whatever_the_type),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
