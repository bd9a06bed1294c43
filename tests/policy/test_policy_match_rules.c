/* SPDX-License-Identifier: Apache-2.0 */
/* All but names: usages, key, digest, validity, extensions, challenge, endpoint, limits. */
#include "policy/match_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "model/csr.h"

#define ANY_EKU "2.5.29.37.0"
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define SID_EXTENSION "1.3.6.1.4.1.311.25.2"
#define RAW(literal) bytes_of((literal), sizeof(literal) - 1)
#define DAY INT64_C(86400)

static struct policy *any_policy(void)
{
    return match_policy(NULL, NULL);
}

static void key_usage__each_way(void **state)
{
    static const struct {
        const char *name;
        bool stated;
        enum policy_absent absent;
        const char *asked; /* unused bits and byte */
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "equal", true, POLICY_ABSENT_ADD, "05a0", POLICY_PASS, "IPV-KEY-USAGE" },
        { "less", true, POLICY_ABSENT_ADD, "0780", POLICY_DENY, "IPV-KEY-USAGE" },
        { "more", true, POLICY_ABSENT_ADD, "04b0", POLICY_DENY, "IPV-KEY-USAGE" },
        { "absent, added", true, POLICY_ABSENT_ADD, NULL, POLICY_FIXED, "IPV-KEY-USAGE" },
        { "absent, denied", true, POLICY_ABSENT_DENY, NULL, POLICY_DENY, "IPV-KEY-USAGE" },
        { "none set is absent", true, POLICY_ABSENT_ADD, "0000", POLICY_FIXED, "IPV-KEY-USAGE" },
        { "keyCertSign", true, POLICY_ABSENT_ADD, "02a4", POLICY_DENY, "IPV-KEY-USAGE-CA" },
        { "cRLSign", false, POLICY_ABSENT_ADD, "0182", POLICY_DENY, "IPV-KEY-USAGE-CA" },
        { "keyCertSign, not stated", false, POLICY_ABSENT_ADD, "0204", POLICY_DENY,
          "IPV-KEY-USAGE-CA" },
        { "not stated", false, POLICY_ABSENT_ADD, "04b0", POLICY_PASS, "IPV-KEY-USAGE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_request r = { .subject = "CN=x", .key_usage = cases[i].asked };

        p->key_usage.stated = cases[i].stated;
        p->key_usage.bits = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT;
        p->key_usage.absent = cases[i].absent;
        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].name);
        policy_free(p);
    }
}

static void eku__each_way(void **state)
{
    static const struct {
        const char *name;
        const char *listed; /* NULL: not stated */
        enum policy_absent absent;
        const char *asked;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "equal", CLIENT_AUTH, POLICY_ABSENT_ADD, CLIENT_AUTH, POLICY_PASS, "IPV-EKU" },
        { "as a set", CLIENT_AUTH " " SERVER_AUTH, POLICY_ABSENT_ADD,
          SERVER_AUTH " " CLIENT_AUTH " " SERVER_AUTH, POLICY_PASS, "IPV-EKU" },
        { "less", CLIENT_AUTH " " SERVER_AUTH, POLICY_ABSENT_ADD, CLIENT_AUTH, POLICY_DENY,
          "IPV-EKU" },
        { "more", CLIENT_AUTH, POLICY_ABSENT_ADD, CLIENT_AUTH " " SERVER_AUTH, POLICY_DENY,
          "IPV-EKU" },
        { "absent, added", CLIENT_AUTH, POLICY_ABSENT_ADD, NULL, POLICY_FIXED, "IPV-EKU" },
        { "empty, added", CLIENT_AUTH, POLICY_ABSENT_ADD, "", POLICY_FIXED, "IPV-EKU" },
        { "absent, denied", CLIENT_AUTH, POLICY_ABSENT_DENY, NULL, POLICY_DENY, "IPV-EKU-MISSING" },
        { "any", CLIENT_AUTH, POLICY_ABSENT_ADD, ANY_EKU, POLICY_DENY, "IPV-EKU-ANY" },
        { "any beside", CLIENT_AUTH, POLICY_ABSENT_ADD, CLIENT_AUTH " " ANY_EKU, POLICY_DENY,
          "IPV-EKU-ANY" },
        { "any, not stated", NULL, POLICY_ABSENT_ADD, ANY_EKU, POLICY_DENY, "IPV-EKU-ANY" },
        { "any, listed", ANY_EKU, POLICY_ABSENT_ADD, ANY_EKU, POLICY_PASS, "IPV-EKU" },
        { "not stated", NULL, POLICY_ABSENT_ADD, SERVER_AUTH, POLICY_PASS, "IPV-EKU" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_request r = { .subject = "CN=x", .eku = cases[i].asked };
        struct error err = ERROR_INIT;
        char oids[200] = "";

        (void)snprintf(oids, sizeof(oids), "%s", cases[i].listed == NULL ? "" : cases[i].listed);
        for (char *at = oids; *at != '\0';) {
            size_t len = strcspn(at, " ");
            char *next = at[len] == '\0' ? at + len : at + len + 1;

            at[len] = '\0';
            assert_done(policy_add_eku(p, at, &err), &err, at);
            at = next;
        }
        p->eku.stated = cases[i].listed != NULL;
        p->eku.absent = cases[i].absent;
        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].name);
        policy_free(p);
    }
}

static void weak_exponent(struct csr_builder *b)
{
    csr_builder_rsa_numbers(b, 2048, 10007, 3);
}

static void even_exponent(struct csr_builder *b)
{
    csr_builder_rsa_numbers(b, 2048, 10007, 4);
}

static void small_factor(struct csr_builder *b)
{
    csr_builder_rsa_numbers(b, 2048, 7, 65537);
}

static void bits_1024(struct csr_builder *b)
{
    csr_builder_rsa_numbers(b, 1024, 10007, 65537);
}

static void bits_4096(struct csr_builder *b)
{
    csr_builder_rsa_numbers(b, 4096, 10007, 65537);
}

static void key__numbers__each_way(void **state)
{
    static const struct {
        const char *name;
        void (*key)(struct csr_builder *b);
        bool at_least;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "right", NULL, false, POLICY_PASS, "IPV-KEY-SIZE" },
        { "1024", bits_1024, false, POLICY_DENY, "IPV-KEY-SIZE" },
        { "4096 is not 2048", bits_4096, false, POLICY_DENY, "IPV-KEY-SIZE" },
        { "4096 is at least 2048", bits_4096, true, POLICY_PASS, "IPV-KEY-SIZE" },
        { "1024 is not", bits_1024, true, POLICY_DENY, "IPV-KEY-SIZE" },
        { "exponent 3", weak_exponent, false, POLICY_WARN, "IPV-KEY-EXPONENT" },
        { "exponent 4", even_exponent, false, POLICY_DENY, "IPV-KEY-EXPONENT" },
        { "factor 7", small_factor, false, POLICY_DENY, "IPV-KEY-WEAK" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_request r = { .subject = "CN=x", .more = cases[i].key };
        struct error err = ERROR_INIT;

        assert_done(policy_add_bits(p, 2048, &err), &err, "");
        p->key.at_least = cases[i].at_least;
        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].name);
        policy_free(p);
    }
}

static void key__curve__only_where_the_policy_says_any(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    struct policy *p = any_policy();
    struct match_request r = { .subject = "CN=x", .key = key };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_add_bits(p, 2048, &err), &err, "");
    match_expect(p, &r, NULL, POLICY_DENY, "IPV-KEY-TYPE", "RSA only");
    p->key.rsa = false;
    match_expect(p, &r, NULL, POLICY_PASS, "IPV-KEY-TYPE", "any");
    policy_free(p);
    EVP_PKEY_free(key);
}

static void hash__each_way(void **state)
{
    static const struct {
        const char *digest;
        bool stated, sha1, sha2;
        enum policy_outcome outcome;
    } cases[] = {
        { "SHA256", true, false, true, POLICY_PASS },
        { "SHA384", true, false, true, POLICY_PASS },
        { "SHA512", true, false, true, POLICY_PASS },
        { "SHA1", true, false, true, POLICY_DENY },
        { "SHA1", true, true, true, POLICY_WARN },
        { "SHA1", true, true, false, POLICY_WARN },
        { "SHA256", true, true, false, POLICY_PASS }, /* stronger than listed */
        { "SHA1", false, false, false, POLICY_PASS },
        { "SHA224", true, true, true, POLICY_DENY },
        { "SHA224", false, false, false, POLICY_PASS },
        { "MD5", true, true, true, POLICY_DENY },
        { "MD5", false, false, false, POLICY_DENY },
        { "SHA3-256", true, true, true, POLICY_DENY },
        { "SHA3-256", false, false, false, POLICY_WARN },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_request r = { .subject = "CN=x", .digest = cases[i].digest };

        p->hash.stated = cases[i].stated;
        p->hash.sha1 = cases[i].sha1;
        p->hash.sha2 = cases[i].sha2;
        match_expect(p, &r, NULL, cases[i].outcome, "IPV-HASH", cases[i].digest);
        policy_free(p);
    }
}

static void validity__each_way(void **state)
{
    static const struct {
        const char *name;
        int64_t value;
        enum policy_unit unit;
        enum policy_over over;
        const char *asked_unit, *asked_number;
        enum policy_outcome outcome;
    } cases[] = {
        { "equal", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Years", "1", POLICY_PASS },
        { "swapped, as Android", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "1", "Years",
          POLICY_PASS },
        { "the same in months", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Months", "12",
          POLICY_PASS },
        { "the same in days", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "days", "365", POLICY_PASS },
        { "a day longer", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Days", "366", POLICY_DENY },
        { "longer, clamped", 1, POLICY_UNIT_YEARS, POLICY_OVER_CLAMP, "Years", "2", POLICY_FIXED },
        { "longer, swapped, denied", 6, POLICY_UNIT_MONTHS, POLICY_OVER_DENY, "7", "Months",
          POLICY_DENY },
        { "shorter", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Months", "6", POLICY_WARN },
        { "weeks", 14, POLICY_UNIT_DAYS, POLICY_OVER_DENY, "Weeks", "2", POLICY_PASS },
        { "seconds", 1, POLICY_UNIT_DAYS, POLICY_OVER_DENY, "Seconds", "86401", POLICY_DENY },
        { "absent", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, NULL, NULL, POLICY_PASS },
        { "unit missing", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, NULL, "1", POLICY_DENY },
        { "number missing, clamped", 1, POLICY_UNIT_YEARS, POLICY_OVER_CLAMP, "Years", NULL,
          POLICY_FIXED },
        { "unknown unit", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Fortnights", "1", POLICY_DENY },
        { "two units", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Years", "Years", POLICY_DENY },
        { "negative", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Years", "-1", POLICY_DENY },
        { "zero", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Years", "0", POLICY_DENY },
        { "far too many", 1, POLICY_UNIT_YEARS, POLICY_OVER_DENY, "Years",
          "99999999999999999999999", POLICY_DENY },
        { "largest number", 1, POLICY_UNIT_YEARS, POLICY_OVER_CLAMP, "Years", "1000000",
          POLICY_FIXED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_request r = { .subject = "CN=x",
                                   .unit = cases[i].asked_unit,
                                   .number = cases[i].asked_number };

        p->validity.stated = true;
        p->validity.value = cases[i].value;
        p->validity.unit = cases[i].unit;
        p->validity.over = cases[i].over;
        match_expect(p, &r, NULL, cases[i].outcome, "IPV-VALIDITY", cases[i].name);
        policy_free(p);
    }
}

static void two_units(struct csr_builder *b)
{
    csr_builder_pair_text(b, "ValidityPeriod", "Years");
    csr_builder_pair_text(b, "ValidityPeriodUnits", "1");
    csr_builder_pair_text(b, "validityperiodunits", "9");
}

static void same_twice(struct csr_builder *b)
{
    csr_builder_pair_text(b, "ValidityPeriod", "Years");
    csr_builder_pair_text(b, "ValidityPeriod", "Years");
    csr_builder_pair_text(b, "ValidityPeriodUnits", "1");
}

static void validity__repeated_pairs__must_agree(void **state)
{
    struct policy *p = any_policy();
    struct match_request r = { .subject = "CN=x", .more = two_units };

    (void)state;
    p->validity.stated = true;
    p->validity.value = 1;
    p->validity.unit = POLICY_UNIT_YEARS;
    p->validity.over = POLICY_OVER_DENY;
    match_expect(p, &r, NULL, POLICY_DENY, "IPV-VALIDITY", "two numbers");
    r.more = same_twice;
    match_expect(p, &r, NULL, POLICY_PASS, "IPV-VALIDITY", "the same twice");
    policy_free(p);
}

static void ca_constraints(struct csr_builder *b)
{
    csr_builder_extension(b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x03\x01\x01\xff"));
}

static void leaf_constraints(struct csr_builder *b)
{
    csr_builder_extension(b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x00"));
    csr_builder_extension(b, "1.3.6.1.4.1.311.21.8", false,
                          RAW("\x30\x06\xa0\x04\xa0\x02\x0c\x00"));
    csr_builder_extension(b, "2.5.29.14", false, RAW("\x04\x01\x61"));
}

static void template_attribute(struct csr_builder *b)
{
    csr_builder_attribute(b, "1.3.6.1.4.1.311.20.2", RAW("\x1e\x02\x00\x41"));
}

/* The published attack: the right names, and a SID of somebody else beside them. */
static void attack(struct csr_builder *b)
{
    static const uint8_t sid[] = { 0x30, 0x24, 0xa0, 0x22, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                   0x01, 0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x14, 0x04, 0x12,
                                   'S',  '-',  '1',  '-',  '5',  '-',  '2',  '1',  '-',  '1',
                                   '-',  '2',  '-',  '3',  '-',  '5',  '0',  '0' };

    csr_builder_extension(b, SID_EXTENSION, false, bytes_of(sid, sizeof(sid)));
}

static void extensions__each_way(void **state)
{
    static const struct {
        const char *name;
        const char *extensions;
        void (*more)(struct csr_builder *b);
        bool deny_unknown, sid_drop;
        const char *allow;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "none", NULL, NULL, true, false, NULL, POLICY_PASS, "IPV-EXTENSION" },
        { "known ones", NULL, leaf_constraints, true, false, NULL, POLICY_PASS, "IPV-EXTENSION" },
        { "unknown, dropped", "1.2.3.4", NULL, false, false, NULL, POLICY_FIXED, "IPV-EXTENSION" },
        { "unknown, denied", "1.2.3.4", NULL, true, false, NULL, POLICY_DENY, "IPV-EXTENSION" },
        { "unknown, allowed", "1.2.3.4", NULL, true, false, "1.2.3.4", POLICY_PASS,
          "IPV-EXTENSION" },
        { "certificate policies", "2.5.29.32", NULL, false, false, NULL, POLICY_FIXED,
          "IPV-EXTENSION" },
        { "application policies", "1.3.6.1.4.1.311.21.10", NULL, true, false, NULL, POLICY_DENY,
          "IPV-EXTENSION" },
        { "attack", NULL, attack, false, false, NULL, POLICY_DENY, "IPV-SID-EXTENSION" },
        { "attack, dropped", NULL, attack, false, true, NULL, POLICY_FIXED, "IPV-SID-EXTENSION" },
        { "a CA", NULL, ca_constraints, false, true, NULL, POLICY_DENY, "IPV-CONSTRAINTS" },
        { "name constraints", "2.5.29.30", NULL, false, true, NULL, POLICY_DENY, "IPV-AUTHORITY" },
        { "name constraints, allowed", "2.5.29.30", NULL, false, true, "2.5.29.30", POLICY_DENY,
          "IPV-AUTHORITY" },
        { "policy mappings", "2.5.29.33", NULL, false, true, NULL, POLICY_DENY, "IPV-AUTHORITY" },
        { "policy constraints", "2.5.29.36", NULL, false, true, NULL, POLICY_DENY,
          "IPV-AUTHORITY" },
        { "inhibitAnyPolicy", "2.5.29.54", NULL, false, true, NULL, POLICY_DENY, "IPV-AUTHORITY" },
        { "template", "1.3.6.1.4.1.311.21.7", NULL, true, true, NULL, POLICY_FIXED,
          "IPV-TEMPLATE" },
        { "template as an attribute", NULL, template_attribute, true, true, NULL, POLICY_FIXED,
          "IPV-TEMPLATE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct error err = ERROR_INIT;
        struct match_request r = { .subject = "CN=x",
                                   .extensions = cases[i].extensions,
                                   .more = cases[i].more };

        p->extensions.unknown = cases[i].deny_unknown ? POLICY_UNKNOWN_DENY : POLICY_UNKNOWN_DROP;
        p->extensions.sid_drop = cases[i].sid_drop;
        if (cases[i].allow != NULL) {
            assert_done(policy_texts_add(&p->extensions.allow, cases[i].allow, &err), &err, "");
        }
        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].name);
        policy_free(p);
    }
}

/* csr_parse refuses such a request; should it ever let one through, this does not. */
static void extensions__the_same_twice__denied(void **state)
{
    struct policy *p = any_policy();
    struct match_request r = { .subject = "CN=x", .eku = CLIENT_AUTH };
    struct match_result result;
    struct policy_request again = { .path = "", .now = MATCH_NOW };
    struct error err = ERROR_INIT;

    (void)state;
    match_run(p, &r, NULL, &result);
    match_assert(result.verdict, POLICY_PASS, NULL, POLICY_PASS, "once");
    result.details->extension[1] = result.details->extension[0];
    result.details->extension_count = 2;
    again.csr = &result.csr;
    again.details = result.details;
    assert_done(policy_match(p, &again, result.verdict, &err), &err, "");
    match_assert(result.verdict, POLICY_DENY, "IPV-EXTENSION-TWICE", POLICY_DENY, "twice");
    match_free(&result);
    policy_free(p);
}

/* A request that has waited for approval is kept without it. */
static void challenge__looked_at_before__not_checked(void **state)
{
    struct policy *p = any_policy();
    struct match_request r = { .subject = "CN=x" };
    struct match_around around = { .challenge = POLICY_CHALLENGE_NONE };

    (void)state;
    p->challenge.shape = POLICY_SHAPE_INTUNE;
    match_expect(p, &r, &around, POLICY_NOT_CHECKED, "IPV-CHALLENGE", "gone");
    policy_free(p);
}

static void challenge__each_way(void **state)
{
    static const struct {
        const char *name;
        const char *xml; /* as base64; NULL: `text` */
        const char *text;
        enum policy_challenge expected;
        enum policy_shape shape;
        int64_t max;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "not expected", NULL, NULL, POLICY_CHALLENGE_ANY, POLICY_SHAPE_ANY, 0, POLICY_NOT_CHECKED,
          "IPV-CHALLENGE" },
        { "missing", NULL, NULL, POLICY_CHALLENGE_INTUNE, POLICY_SHAPE_ANY, 0, POLICY_DENY,
          "IPV-CHALLENGE" },
        { "missing, the policy says so", NULL, NULL, POLICY_CHALLENGE_ANY, POLICY_SHAPE_INTUNE, 0,
          POLICY_DENY, "IPV-CHALLENGE" },
        { "Intune's", "<CertEnrollToken><Data></Data></CertEnrollToken>", NULL,
          POLICY_CHALLENGE_INTUNE, POLICY_SHAPE_ANY, 0, POLICY_PASS, "IPV-CHALLENGE" },
        { "with a declaration",
          "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<CertEnrollToken/>", NULL,
          POLICY_CHALLENGE_INTUNE, POLICY_SHAPE_ANY, 0, POLICY_PASS, "IPV-CHALLENGE" },
        { "another root", "<Token/>", NULL, POLICY_CHALLENGE_INTUNE, POLICY_SHAPE_ANY, 0,
          POLICY_WARN, "IPV-CHALLENGE-SHAPE" },
        { "no base64", NULL, "secret!!", POLICY_CHALLENGE_INTUNE, POLICY_SHAPE_ANY, 0, POLICY_WARN,
          "IPV-CHALLENGE-SHAPE" },
        { "odd padding", NULL, "PENlcnRFbnJvbGxUb2tlbi8+=", POLICY_CHALLENGE_INTUNE,
          POLICY_SHAPE_ANY, 0, POLICY_WARN, "IPV-CHALLENGE-SHAPE" },
        { "a static one", NULL, "secret!!", POLICY_CHALLENGE_ANY, POLICY_SHAPE_ANY, 0, POLICY_PASS,
          "IPV-CHALLENGE" },
        { "as long as may be", NULL, "secret!!", POLICY_CHALLENGE_ANY, POLICY_SHAPE_ANY, 8,
          POLICY_PASS, "IPV-CHALLENGE" },
        { "too long", NULL, "secret!!", POLICY_CHALLENGE_ANY, POLICY_SHAPE_ANY, 7, POLICY_DENY,
          "IPV-CHALLENGE" },
        { "a certificate vouches", NULL, NULL, POLICY_CHALLENGE_NONE, POLICY_SHAPE_INTUNE, 0,
          POLICY_NOT_CHECKED, "IPV-CHALLENGE" },
        { "a certificate vouches, whatever stands there", NULL, "secret!!", POLICY_CHALLENGE_NONE,
          POLICY_SHAPE_INTUNE, 7, POLICY_NOT_CHECKED, "IPV-CHALLENGE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct buffer base64 = BUFFER_INIT(1024);
        struct error err = ERROR_INIT;
        struct match_request r = { .subject = "CN=x", .challenge = cases[i].text };
        struct match_around around = { .challenge = cases[i].expected };
        struct match_result result;

        if (cases[i].xml != NULL) {
            assert_done(base64_encode(bytes_of_text(cases[i].xml), &base64, &err), &err, "");
            r.challenge = buffer_text(&base64);
        }
        p->challenge.shape = cases[i].shape;
        p->challenge.max = cases[i].max;
        match_expect(p, &r, &around, cases[i].outcome, cases[i].check, cases[i].name);
        match_run(p, &r, &around, &result); /* nothing of it is told */
        for (size_t k = 0; r.challenge != NULL && k < result.verdict->count; k++) {
            assert_null(strstr(result.verdict->finding[k].found, "secret"));
            assert_null(strstr(result.verdict->finding[k].expected, "secret"));
        }
        match_free(&result);
        buffer_clear(&base64);
        policy_free(p);
    }
}

static void endpoint__each_way(void **state)
{
    static const struct {
        const char *endpoint; /* NULL: none */
        const char *path;
        enum policy_outcome outcome;
    } cases[] = {
        { NULL, "/scep/x", POLICY_PASS },
        { "/scep/corp", "", POLICY_NOT_CHECKED },
        { "/scep/corp", "/scep/corp", POLICY_PASS },
        { "/scep/corp", "/SCEP/Corp/PKIClient.exe", POLICY_PASS },
        { "/scep/corp/", "/scep/corp//", POLICY_PASS },
        { "https://scep.example.net/scep/corp", "/scep/corp/pkiclient.exe", POLICY_PASS },
        { "https://scep.example.net:8443/scep/corp/pkiclient.exe?x=1", "/scep/corp", POLICY_PASS },
        { "https://scep.example.net", "/", POLICY_PASS },
        { "https://scep.example.net", "/scep/corp", POLICY_DENY },
        { "/scep/corp", "/scep/other", POLICY_DENY },
        { "/scep/corp", "/scep/corporate", POLICY_DENY },
        { "/scep/corp", "/x/scep/corp", POLICY_DENY },
        { "https://a/scep/corp", "/pkiclient.exe", POLICY_DENY },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct error err = ERROR_INIT;
        struct match_request r = { .subject = "CN=x" };
        struct match_around around = { .path = cases[i].path };

        if (cases[i].endpoint != NULL) {
            assert_done(policy_texts_add(&p->endpoints, "/first/one", &err), &err, "");
            assert_done(policy_texts_add(&p->endpoints, cases[i].endpoint, &err), &err, "");
        }
        match_expect(p, &r, &around, cases[i].outcome, "IPV-ENDPOINT", cases[i].path);
        policy_free(p);
    }
}

static void ca_ident__whatever__not_checked(void **state)
{
    struct policy *p = any_policy();
    struct error err = ERROR_INIT;
    struct match_request r = { .subject = "CN=x" };

    (void)state;
    match_expect(p, &r, NULL, POLICY_NOT_CHECKED, "IPV-CA-IDENT", "none in the policy");
    assert_done(policy_set_text(&p->facts.ca_ident, "corp", &err), &err, "");
    match_expect(p, &r, NULL, POLICY_NOT_CHECKED, "IPV-CA-IDENT", "one in the policy");
    policy_free(p);
}

static void history__rate_and_renewal__each_way(void **state)
{
    static const struct {
        const char *name;
        int64_t per_day, threshold, count, valid_until;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "no limit", 0, -1, 1000, 0, POLICY_PASS, "IPV-RATE" },
        { "below", 5, -1, 4, 0, POLICY_PASS, "IPV-RATE" },
        { "reached", 5, -1, 5, 0, POLICY_DENY, "IPV-RATE" },
        { "no threshold", 0, -1, 1, MATCH_NOW + 300 * DAY, POLICY_NOT_CHECKED, "IPV-RENEWAL" },
        { "first one", 0, 20, 0, 0, POLICY_PASS, "IPV-RENEWAL" },
        { "in time", 0, 20, 0, MATCH_NOW + 70 * DAY, POLICY_PASS, "IPV-RENEWAL" },
        { "early", 0, 20, 0, MATCH_NOW + 80 * DAY, POLICY_WARN, "IPV-RENEWAL" },
        { "has ended", 0, 20, 0, MATCH_NOW - DAY, POLICY_PASS, "IPV-RENEWAL" },
    };
    struct match_request r = { .subject = "CN=x" };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = any_policy();
        struct match_around around = { .history = true,
                                       .count = cases[i].count,
                                       .valid_until = cases[i].valid_until };

        p->validity.stated = true;
        p->validity.value = 1;
        p->validity.unit = POLICY_UNIT_YEARS;
        p->limits.per_identity_per_day = cases[i].per_day;
        p->facts.renewal_threshold = cases[i].threshold;
        match_expect(p, &r, &around, cases[i].outcome, cases[i].check, cases[i].name);
        if (i == 0) {
            struct match_around broken = { .history_fails = true };
            struct match_result result;

            match_run(p, &r, &broken, &result); /* asserts the refusal */
            match_free(&result);
            match_expect(p, &r, NULL, POLICY_NOT_CHECKED, "IPV-RATE", "not known");
            match_expect(p, &r, NULL, POLICY_NOT_CHECKED, "IPV-RENEWAL", "not known");
        }
        policy_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_usage__each_way),
        cmocka_unit_test(eku__each_way),
        cmocka_unit_test(key__numbers__each_way),
        cmocka_unit_test(key__curve__only_where_the_policy_says_any),
        cmocka_unit_test(hash__each_way),
        cmocka_unit_test(validity__each_way),
        cmocka_unit_test(validity__repeated_pairs__must_agree),
        cmocka_unit_test(extensions__each_way),
        cmocka_unit_test(extensions__the_same_twice__denied),
        cmocka_unit_test(challenge__each_way),
        cmocka_unit_test(challenge__looked_at_before__not_checked),
        cmocka_unit_test(endpoint__each_way),
        cmocka_unit_test(ca_ident__whatever__not_checked),
        cmocka_unit_test(history__rate_and_renewal__each_way),
    };

    return cmocka_run_group_tests_name("policy_match_rules", tests, match_set_up, match_tear_down);
}
