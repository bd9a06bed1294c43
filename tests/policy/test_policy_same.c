/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One profile in every language gives one policy: the dumps are the same to the byte.
 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"

static void load(struct bytes text, const char *name, struct policy_set *set)
{
    struct error err = ERROR_INIT;

    assert_done(policy_load(text, name, set, &err), &err, name);
    if (set->count != 1 || set->warnings.count != 0) {
        fail_msg("%s: %zu policies, %s", name, set->count,
                 set->warnings.count > 0 ? set->warnings.item[0] : "no warning");
    }
}

static void dump(const struct policy *p, bool all, struct buffer *out)
{
    struct error err = ERROR_INIT;
    struct json *json = policy_dump_json(p, all, &err);

    assert_done(json != NULL, &err, p->name);
    assert_done(json_value_print(json, 2, out, &err), &err, p->name);
    json_value_free(json);
}

/* The dump of the one policy in a text. */
static void dump_text(struct bytes text, const char *name, struct buffer *out)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    load(text, name, &set);
    dump(set.item[0], false, out);
    policy_set_clear(&set);
}

static void dump_fixture(const char *name, struct buffer *out)
{
    struct buffer text = BUFFER_INIT(100000);

    test_fixture_read(name, &text);
    dump_text(buffer_bytes(&text), name, out);
    buffer_clear(&text);
}

static void assert_same(const char *const *names, size_t count, const char *expected)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer found = BUFFER_INIT(100000);

        dump_fixture(names[i], &found);
        if (strcmp(buffer_text(&found), expected) != 0) {
            fail_msg("%s gives\n%s\ninstead of\n%s", names[i], buffer_text(&found), expected);
        }
        buffer_clear(&found);
    }
}

/* Written by hand: the files do not only agree with each other. */
static const char same[] = "{\n"
                           "  \"policy\": \"Corp\",\n"
                           "  \"endpoint\": [\n"
                           "    \"https://scep.example.net/scep/corp\"\n"
                           "  ],\n"
                           "  \"subject\": {\n"
                           "    \"template\": \"CN={{AAD_Device_ID}},O=\\\"Example, Inc.\\\"\"\n"
                           "  },\n"
                           "  \"san\": [\n"
                           "    {\n"
                           "      \"type\": \"email\",\n"
                           "      \"template\": \"{{EmailAddress}}\"\n"
                           "    },\n"
                           "    {\n"
                           "      \"type\": \"dns\",\n"
                           "      \"template\": \"{{DeviceName}}.example.net\"\n"
                           "    },\n"
                           "    {\n"
                           "      \"type\": \"uri\",\n"
                           "      \"template\": \"IntuneDeviceId://{{DeviceId}}\"\n"
                           "    },\n"
                           "    {\n"
                           "      \"type\": \"uri\",\n"
                           "      \"template\": \"{{OnPremisesSecurityIdentifier}}\"\n"
                           "    },\n"
                           "    {\n"
                           "      \"type\": \"upn\",\n"
                           "      \"template\": \"{{UserPrincipalName}}\"\n"
                           "    }\n"
                           "  ],\n"
                           "  \"keyUsage\": {\n"
                           "    \"bits\": [\n"
                           "      \"digitalSignature\",\n"
                           "      \"keyEncipherment\"\n"
                           "    ]\n"
                           "  },\n"
                           "  \"key\": {\n"
                           "    \"bits\": [\n"
                           "      2048\n"
                           "    ]\n"
                           "  }\n"
                           "}";

static void same__profile_every_language_knows__one_dump(void **state)
{
    static const char *const names[] = { "policy/same.own.json",       "policy/same.own.xml",
                                         "policy/same.graph.json",     "policy/same.syncml.xml",
                                         "policy/same.mobileconfig",   "policy/bare.syncml.xml",
                                         "policy/signed.mobileconfig", "policy/signed.own.pem",
                                         "policy/utf16.own.xml.txt" };

    (void)state;
    assert_same(names, sizeof(names) / sizeof(names[0]), same);
}

/* EKU, hash and validity: what Apple's payload cannot say. */
static void same__whole_profile__one_dump(void **state)
{
    static const char *const names[] = { "policy/full.own.xml", "policy/full.graph.json",
                                         "policy/full.syncml.xml", "policy/full.wap.xml" };
    struct buffer expected = BUFFER_INIT(100000);

    (void)state;
    dump_fixture("policy/full.own.json", &expected);
    assert_non_null(strstr(buffer_text(&expected), "\"1.3.6.1.5.5.7.3.4\""));
    assert_non_null(strstr(buffer_text(&expected), "\"sha1\""));
    assert_non_null(strstr(buffer_text(&expected), "\"years\""));
    assert_same(names, sizeof(names) / sizeof(names[0]), buffer_text(&expected));
    buffer_clear(&expected);
}

/* A dump is a policy again. */
static void same__dump_of_everything__loads_to_itself(void **state)
{
    static const char *const names[] = { "policy/same.mobileconfig", "policy/full.own.xml",
                                         "policy/full.graph.json", "policy/full.syncml.xml" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buffer text = BUFFER_INIT(100000);
        struct buffer first = BUFFER_INIT(100000);
        struct buffer second = BUFFER_INIT(100000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };

        test_fixture_read(names[i], &text);
        load(buffer_bytes(&text), names[i], &set);
        dump(set.item[0], true, &first);
        policy_set_clear(&set);
        load(buffer_bytes(&first), names[i], &set);
        dump(set.item[0], true, &second);
        policy_set_clear(&set);
        assert_string_equal(buffer_text(&first), buffer_text(&second));
        assert_null(strstr(buffer_text(&first), "Y2hhbGxlbmdl")); /* the challenge */
        buffer_clear(&text);
        buffer_clear(&first);
        buffer_clear(&second);
    }
}

/* The facts that lint looks at, of the languages that have them. */
static void same__facts__as_each_language_says_them(void **state)
{
    static const struct {
        const char *name;
        enum policy_source source;
        enum policy_platform platform;
        enum policy_store store;
        enum policy_protection protection;
        int64_t delay, count;
        bool fingerprint;
    } cases[] = {
        { "policy/full.syncml.xml", POLICY_SOURCE_SYNCML, POLICY_PLATFORM_WINDOWS,
          POLICY_STORE_MACHINE, POLICY_PROTECTION_TPM_IF_THERE, 60, 3, true },
        { "policy/full.wap.xml", POLICY_SOURCE_SYNCML, POLICY_PLATFORM_WINDOWS,
          POLICY_STORE_UNSTATED, POLICY_PROTECTION_TPM_IF_THERE, 60, 3, true },
        { "policy/full.own.xml", POLICY_SOURCE_OWN, POLICY_PLATFORM_WINDOWS, POLICY_STORE_MACHINE,
          POLICY_PROTECTION_TPM_IF_THERE, 60, 3, true },
        { "policy/same.mobileconfig", POLICY_SOURCE_APPLE, POLICY_PLATFORM_APPLE,
          POLICY_STORE_MACHINE, POLICY_PROTECTION_UNSTATED, 10, 3, true },
        { "policy/same.syncml.xml", POLICY_SOURCE_SYNCML, POLICY_PLATFORM_WINDOWS,
          POLICY_STORE_MACHINE, POLICY_PROTECTION_UNSTATED, -1, -1, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer text = BUFFER_INIT(100000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        const struct policy *p = NULL;

        test_fixture_read(cases[i].name, &text);
        load(buffer_bytes(&text), cases[i].name, &set);
        p = set.item[0];
        if (p->facts.source != cases[i].source || p->facts.platform != cases[i].platform
            || p->facts.store != cases[i].store || p->facts.protection != cases[i].protection
            || p->facts.retry_delay_seconds != cases[i].delay
            || p->facts.retry_count != cases[i].count || p->facts.line == 0
            || strcmp(p->facts.file, cases[i].name) != 0
            || (p->facts.ca_fingerprint != NULL) != cases[i].fingerprint) {
            fail_msg("%s", cases[i].name);
        }
        if (cases[i].fingerprint) {
            assert_string_equal(p->facts.ca_fingerprint,
                                "00112233445566778899aabbccddeeff00112233");
        }
        policy_set_clear(&set);
        buffer_clear(&text);
    }
}

/* ---- signed ---------------------------------------------------------------------------------- */

static EVP_PKEY *signer_key;
static X509 *signer_cert;

static int make_signer(void **state)
{
    (void)state;
    signer_key = EVP_EC_gen("P-256");
    signer_cert = X509_new();
    if (signer_key == NULL || signer_cert == NULL
        || X509_NAME_add_entry_by_txt(X509_get_subject_name(signer_cert), "CN", MBSTRING_ASC,
                                      (const unsigned char *)"MDM", -1, -1, 0)
               != 1
        || X509_set_issuer_name(signer_cert, X509_get_subject_name(signer_cert)) != 1
        || ASN1_INTEGER_set(X509_get_serialNumber(signer_cert), 1) != 1
        || X509_gmtime_adj(X509_getm_notBefore(signer_cert), 0) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(signer_cert), 3600) == NULL
        || X509_set_pubkey(signer_cert, signer_key) != 1
        || X509_sign(signer_cert, signer_key, EVP_sha256()) <= 0) {
        return -1;
    }
    return 0;
}

static int free_signer(void **state)
{
    (void)state;
    X509_free(signer_cert);
    EVP_PKEY_free(signer_key);
    return 0;
}

/* How a profile is wrapped. */
enum wrapping { WRAP_DER, WRAP_BER, WRAP_PEM_CMS, WRAP_PEM_PKCS7, WRAP_DETACHED };

static void sign(struct bytes content, enum wrapping wrapping, struct buffer *out)
{
    unsigned flags = CMS_BINARY | CMS_STREAM | (wrapping == WRAP_DETACHED ? CMS_DETACHED : 0u);
    BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
    BIO *wrapped = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = CMS_sign(signer_cert, signer_key, NULL, in, flags);
    struct error err = ERROR_INIT;
    char *data = NULL;
    long len = 0;

    assert_non_null(cms);
    switch (wrapping) {
    case WRAP_BER:
        assert_int_equal(i2d_CMS_bio_stream(wrapped, cms, in, (int)flags), 1);
        break;
    case WRAP_PEM_CMS:
        assert_int_equal(PEM_write_bio_CMS_stream(wrapped, cms, in, (int)flags), 1);
        break;
    case WRAP_PEM_PKCS7:
        assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
        assert_int_equal(PEM_ASN1_write_bio((i2d_of_void *)i2d_CMS_ContentInfo, PEM_STRING_PKCS7,
                                            wrapped, cms, NULL, NULL, 0, NULL, NULL),
                         1);
        break;
    default:
        assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
        assert_int_equal(i2d_CMS_bio(wrapped, cms), 1);
        break;
    }
    len = BIO_get_mem_data(wrapped, &data);
    assert_done(buffer_append(out, data, (size_t)len, &err), &err, "");
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(wrapped);
}

static void same__signed_profile__the_same_dump(void **state)
{
    static const struct {
        const char *name;
        enum wrapping wrapping;
    } cases[] = {
        { "DER", WRAP_DER },
        { "BER of indefinite length", WRAP_BER },
        { "PEM CMS", WRAP_PEM_CMS },
        { "PEM PKCS7", WRAP_PEM_PKCS7 },
    };
    struct buffer profile = BUFFER_INIT(100000);

    (void)state;
    test_fixture_read("policy/same.mobileconfig", &profile);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer cms = BUFFER_INIT(200000);
        struct buffer found = BUFFER_INIT(100000);

        sign(buffer_bytes(&profile), cases[i].wrapping, &cms);
        if (cases[i].wrapping == WRAP_BER) {
            assert_int_equal(cms.data[1], 0x80);
        }
        dump_text(buffer_bytes(&cms), cases[i].name, &found);
        if (strcmp(buffer_text(&found), same) != 0) {
            fail_msg("%s: %s", cases[i].name, buffer_text(&found));
        }
        buffer_clear(&found);
        buffer_clear(&cms);
    }
    buffer_clear(&profile);
}

static void assert_cms_refused(struct bytes cms, enum reason reason, const char *detail)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    assert_refused(policy_load(cms, "p.mobileconfig", &set, &err), &err, reason, detail);
    if (strstr(err.detail, detail) == NULL) {
        fail_msg("\"%s\" instead of \"%s\"", err.detail, detail);
    }
    assert_int_equal(set.count, 0);
    assert_int_equal(ERR_peek_error(), 0);
}

static void same__odd_cms__refused(void **state)
{
    struct buffer profile = BUFFER_INIT(100000);
    struct buffer cms = BUFFER_INIT(200000);
    struct buffer again = BUFFER_INIT(300000);
    struct buffer pem = BUFFER_INIT(300000);
    struct error err = ERROR_INIT;
    BIO *in = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *data = NULL;
    char *bytes = NULL;
    long len = 0;

    (void)state;
    test_fixture_read("policy/same.mobileconfig", &profile);
    sign(buffer_bytes(&profile), WRAP_DETACHED, &cms);
    assert_cms_refused(buffer_bytes(&cms), REASON_POLICY_FORMAT, "detached");
    buffer_reset(&cms);
    sign(buffer_bytes(&profile), WRAP_DER, &cms);
    assert_cms_refused(bytes_of(cms.data, cms.len - 1), REASON_POLICY_FORMAT, "not a CMS message");
    assert_done(buffer_append_text(&cms, "\n", &err), &err, "");
    buffer_clear(&again);
    dump_text(buffer_bytes(&cms), "a line end behind it", &again);
    buffer_reset(&again);
    assert_done(buffer_append_text(&cms, "x", &err), &err, "");
    assert_cms_refused(buffer_bytes(&cms), REASON_POLICY_FORMAT, "follow behind");
    cms.len -= 2;
    /* signed twice, the inner one as DER and as PEM */
    sign(buffer_bytes(&cms), WRAP_DER, &again);
    assert_cms_refused(buffer_bytes(&again), REASON_POLICY_FORMAT, "another CMS message");
    buffer_clear(&again);
    sign(buffer_bytes(&profile), WRAP_PEM_CMS, &again);
    sign(buffer_bytes(&profile), WRAP_PEM_CMS, &again);
    assert_cms_refused(buffer_bytes(&again), REASON_POLICY_FORMAT, "more follows");
    buffer_clear(&again);
    sign(buffer_bytes(&profile), WRAP_PEM_CMS, &pem);
    buffer_reset(&again);
    sign(buffer_bytes(&pem), WRAP_BER, &again);
    assert_cms_refused(buffer_bytes(&again), REASON_POLICY_FORMAT, "another CMS message");
    /* nothing in it */
    buffer_reset(&again);
    sign(bytes_of_text(""), WRAP_DER, &again);
    assert_cms_refused(buffer_bytes(&again), REASON_POLICY_FORMAT, "");
    /* CMS, but not signed */
    in = BIO_new_mem_buf(profile.data, (int)profile.len);
    data = CMS_data_create(in, CMS_BINARY);
    assert_int_equal(i2d_CMS_bio(out, data), 1);
    len = BIO_get_mem_data(out, &bytes);
    assert_cms_refused(bytes_of(bytes, (size_t)len), REASON_POLICY_FORMAT, "not SignedData");
    CMS_ContentInfo_free(data);
    BIO_free(in);
    BIO_free(out);
    /* other PEM */
    assert_cms_refused(
        bytes_of_text("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
        REASON_POLICY_FORMAT, "no CMS");
    assert_cms_refused(bytes_of_text("-----BEGIN CMS-----\nMAA=\n"), REASON_POLICY_FORMAT,
                       "damaged");
    assert_cms_refused(bytes_of_text("-----BEGIN CMS-----\nMAA=\n-----END CMS-----\n"),
                       REASON_POLICY_FORMAT, "not a CMS message");
    assert_cms_refused(bytes_of_text("0"), REASON_POLICY_FORMAT, "not a CMS message");
    buffer_clear(&profile);
    buffer_clear(&cms);
    buffer_clear(&again);
    buffer_clear(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same__profile_every_language_knows__one_dump),
        cmocka_unit_test(same__whole_profile__one_dump),
        cmocka_unit_test(same__dump_of_everything__loads_to_itself),
        cmocka_unit_test(same__facts__as_each_language_says_them),
        cmocka_unit_test(same__signed_profile__the_same_dump),
        cmocka_unit_test(same__odd_cms__refused),
    };

    return cmocka_run_group_tests(tests, make_signer, free_signer);
}
