/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/import_world.h"

#include <string.h>

#define THREE(general, signature, encryption)                                                      \
    { "GeneralPurposeTemplate", general }, { "SignatureTemplate", signature },                     \
    {                                                                                              \
        "EncryptionTemplate", encryption                                                           \
    }
#define ONE THREE("\"Device\"", "\"Device\"", "\"Device\"")
#define LAST                                                                                       \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

/* ---- templates ------------------------------------------------------------------------------- */

static void plan__default_installation__one_template(void **state)
{
    struct import_world w;

    (void)state;
    import_world_open_fixture(&w, "ndes/default.reg", "{}");
    import_world_plan(&w);
    assert_int_equal(w.plan->template_count, 1);
    assert_string_equal(w.plan->templates[0].name, "ipsecintermediateoffline");
    assert_int_equal(w.plan->templates[0].roles,
                     NDES_ROLE_GENERAL | NDES_ROLE_SIGNATURE | NDES_ROLE_ENCRYPTION);
    assert_true(w.plan->templates[0].enabled);
    assert_string_equal(import_world_template(&w, 0, "enabled"), "true");
    assert_string_equal(import_world_template(&w, 0, "challenge.type"), "ndes");
    assert_string_equal(import_world_template(&w, 0, "algorithms"), "compat");
    assert_string_equal(import_world_template(&w, 0, "ca"), "default");
    assert_string_equal(import_world_template(&w, 0, "key_usage.allowed"),
                        "digitalSignature,keyEncipherment");
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordLength"), "8");
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordValidity"), "60");
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordMax"), "5");
    assert_null(import_world_template(&w, 0, "ndes.CacheRequest"));
    assert_string_equal(import_world_template(&w, 0, "ndes.UseSinglePassword"), "false");
    assert_string_equal(import_world_template(&w, 0, "ndes.EnforcePassword"), "true");
    assert_string_equal(import_world_template(&w, 0, "eku"), "1.3.6.1.5.5.8.2.2");
    assert_string_equal(import_world_template(&w, 0, "validity.days"), "730");
    assert_string_equal(import_world_template(&w, 0, "description"),
                        "From NDES: template IPSECIntermediateOffline of ca1.example.com\\Example "
                        "Issuing CA");
    assert_string_equal(import_world_service(&w, "ndes.enabled"), "true");
    assert_string_equal(import_world_service(&w, "ndes.GeneralPurposeTemplate"),
                        "ipsecintermediateoffline");
    assert_string_equal(import_world_service(&w, "ndes.SignatureTemplate"),
                        "ipsecintermediateoffline");
    assert_string_equal(import_world_service(&w, "ndes.EncryptionTemplate"),
                        "ipsecintermediateoffline");
    assert_int_equal(w.plan->service.count, 4);
    assert_true(ndes_import_plan_writes(w.plan));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "CAInfo\\Configuration", "(enterprise CA)");
    import_world_close(&w);
}

static void plan__three_templates__a_key_usage_each(void **state)
{
    static const struct import_value values[] = {
        THREE("\"Device\"", "\"Sign Only\"", "\"Crypt_Only.v2\""), LAST
    };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_plan(&w);
    assert_int_equal(w.plan->template_count, 3);
    assert_string_equal(w.plan->templates[0].name, "device");
    assert_string_equal(w.plan->templates[1].name, "sign-only");
    assert_string_equal(w.plan->templates[2].name, "crypt_only.v2");
    assert_string_equal(import_world_template(&w, 0, "key_usage.allowed"),
                        "digitalSignature,keyEncipherment");
    assert_string_equal(import_world_template(&w, 1, "key_usage.allowed"), "digitalSignature");
    assert_string_equal(import_world_template(&w, 2, "key_usage.allowed"), "keyEncipherment");
    assert_null(import_world_template(&w, 0, "eku"));
    assert_string_equal(import_world_service(&w, "ndes.SignatureTemplate"), "sign-only");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "templates of AD CS", "certtmpl.msc");
    import_world_close(&w);
}

static void plan__names__made_valid_and_distinct(void **state)
{
    static const struct {
        const char *name;
        const char *general;
        const char *signature;
        const char *first;
        const char *second; /* NULL: one template */
    } cases[] = {
        { "case alone", "\"Device\"", "\"DEVICE\"", "device", NULL },
        { "same when made valid", "\"My Router\"", "\"My-Router\"", "my-router", "my-router-2" },
        { "device name of Windows", "\"CON\"", "\"nul.x\"", "ndes-con", "ndes-nul.x" },
        { "nothing left", "\"\xc3\xa4\xc3\xb6\"", "\"?\"", "ndes-template", "ndes-template-2" },
        { "first and last", "\"  a.\"", "\"_b--\"", "a", "ndes-_b" },
        { "path", "\"..\\\\..\\\\x\"", "\"a/b\"", "ndes-..-..-x", "a-b" },
        { "long",
          "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1\"",
          "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2\"",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-2" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct import_value values[] = {
            THREE(cases[i].general, cases[i].signature, cases[i].signature), LAST
        };
        struct import_world w;

        import_world_open(&w, values, "{}");
        import_world_plan(&w);
        assert_string_equal(w.plan->templates[0].name, cases[i].first);
        if (cases[i].second == NULL) {
            assert_int_equal(w.plan->template_count, 1);
        } else {
            assert_int_equal(w.plan->template_count, 2);
            assert_string_equal(w.plan->templates[1].name, cases[i].second);
        }
        import_world_close(&w);
    }
}

static void plan__numbers__clamped_and_told(void **state)
{
    static const struct import_value values[] = {
        ONE,
        { "PasswordLength", "dword:00000001" },
        { "PasswordValidity", "dword:00000000" },
        { "PasswordMax", "dword:ffffffff" },
        { "CacheRequest", "\"30\"" },
        LAST,
    };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordLength"), "4");
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordValidity"), "1");
    assert_string_equal(import_world_template(&w, 0, "ndes.PasswordMax"), "1000000");
    assert_string_equal(import_world_template(&w, 0, "ndes.CacheRequest"), "30");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "PasswordLength\\PasswordLength", "1 is not possible");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "PasswordMax\\PasswordMax", "4294967295");
    assert_false(import_world_says(&w, NDES_IMPORT_NOT_TAKEN, "CacheRequest\\CacheRequest", ""));
    import_world_close(&w);
}

static void plan__no_password__stays_off(void **state)
{
    static const struct import_value values[] = { ONE, { "EnforcePassword", "dword:0" }, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_plan(&w);
    assert_false(w.plan->templates[0].enabled);
    assert_string_equal(import_world_template(&w, 0, "enabled"), "false");
    assert_string_equal(import_world_template(&w, 0, "ndes.EnforcePassword"), "false");
    assert_says(&w, NDES_IMPORT_TAKEN, "device", "address list");
    assert_says(&w, NDES_IMPORT_STEPS, "", "ip_acl.allowed");
    import_world_close(&w);
}

/* What cannot be read never opens the door. */
static void plan__enforce_password_unreadable__asked_for(void **state)
{
    static const struct import_value missing[] = { ONE, LAST };
    static const struct import_value words[] = { ONE, { "EnforcePassword", "\"no\"" }, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, missing, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_template(&w, 0, "ndes.EnforcePassword"), "true");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "EnforcePassword\\EnforcePassword", "missing");
    import_world_close(&w);
    import_world_open(&w, words, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_template(&w, 0, "ndes.EnforcePassword"), "true");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "EnforcePassword\\EnforcePassword", "type");
    import_world_close(&w);
}

static void plan__no_ca__off_with_a_step(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    w.facts.ca_ready = false;
    import_world_plan(&w);
    assert_string_equal(import_world_template(&w, 0, "enabled"), "false");
    assert_says(&w, NDES_IMPORT_STEPS, "", "ca create default");
    import_world_close(&w);
}

/* The steps follow from what is there. */
static void plan__steps__fit_the_data_folder(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_STEPS, "", "a new root for them");
    assert_says(&w, NDES_IMPORT_STEPS, "", "such as http://ndes.example.com");
    assert_says(&w, NDES_IMPORT_STEPS, "", "Then start OpenNDES");
    w.facts.ca_is_root = false;
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_STEPS, "", "below a root");
    assert_false(import_world_says(&w, NDES_IMPORT_STEPS, "", "a new root for them"));
    import_world_close(&w);
    import_world_open(&w, values,
                      "{\"listen\":\"127.0.0.1:8080\",\"public_url\":\"http://a.example.com\"}");
    import_world_iis(&w, "ndes/iis.config");
    import_world_plan(&w);
    assert_false(import_world_says(&w, NDES_IMPORT_STEPS, "", "public_url"));
    assert_says(&w, NDES_IMPORT_STEPS, "", "let listen in openndes.json say what NDES had");
    import_world_close(&w);
}

static void plan__existing_templates__never_overwritten(void **state)
{
    static const struct import_value values[] = { THREE("\"Device\"", "\"Sign\"", "\"Crypt\""),
                                                  LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    w.ndes_template = "device";
    w.other_template = "sign";
    import_world_plan(&w);
    assert_int_equal(w.plan->templates[0].settings.count, 0);
    assert_int_equal(w.plan->templates[1].settings.count, 0);
    assert_true(w.plan->templates[2].settings.count > 0);
    assert_string_equal(import_world_service(&w, "ndes.GeneralPurposeTemplate"), "device");
    assert_null(import_world_service(&w, "ndes.SignatureTemplate"));
    assert_string_equal(import_world_service(&w, "ndes.EncryptionTemplate"), "crypt");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "device", "stays as it is");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "sign", "not used for NDES");
    import_world_close(&w);
}

static void plan__no_usable_general__another_or_off(void **state)
{
    static const struct import_value none[] = { LAST };
    static const struct import_value one[] = { { "EncryptionTemplate", "\"Crypt\"" }, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, none, "{}");
    import_world_plan(&w);
    assert_int_equal(w.plan->template_count, 0);
    assert_null(import_world_service(&w, "ndes.enabled"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "ndes.enabled", "switched off");
    assert_false(ndes_import_plan_writes(w.plan));
    import_world_close(&w);
    import_world_open(&w, one, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_service(&w, "ndes.GeneralPurposeTemplate"), "crypt");
    assert_string_equal(import_world_service(&w, "ndes.enabled"), "true");
    assert_null(import_world_service(&w, "ndes.SignatureTemplate"));
    import_world_close(&w);
    import_world_open(&w, one, "{}");
    w.other_template = "crypt";
    import_world_plan(&w);
    assert_null(import_world_service(&w, "ndes.enabled"));
    import_world_close(&w);
}

/* ---- openndes.json --------------------------------------------------------------------------- */

static void plan__settings_of_an_administrator__stay(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(
        &w, values,
        "{\"listen\":\"127.0.0.1:8080\",\"ndes\":{\"GeneralPurposeTemplate\":\"mine\","
        "\"SignatureTemplate\":\"device\"}}");
    import_world_iis(&w, "ndes/iis.config");
    import_world_plan(&w);
    assert_null(import_world_service(&w, "listen"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "listen", "127.0.0.1:8080");
    assert_null(import_world_service(&w, "ndes.GeneralPurposeTemplate"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "ndes.GeneralPurposeTemplate", "mine");
    assert_null(import_world_service(&w, "ndes.SignatureTemplate"));
    assert_says(&w, NDES_IMPORT_TAKEN, "ndes.SignatureTemplate", "as it is already");
    assert_string_equal(import_world_service(&w, "ndes.EncryptionTemplate"), "device");
    import_world_close(&w);
}

static void plan__capabilities_and_policy_module__become_the_face(void **state)
{
    static const struct import_value without[] = {
        ONE,
        { "CACapabilitiesAlgorithms",
          "hex(7):53,00,48,00,41,00,2d,00,32,00,35,00,36,00,00,00,00,00" },
        { "Modules\\Policy", "\"NDESPolicy.OTA.1\"" },
        { "HashAlgorithm", "\"SHA256\"" },
        LAST,
    };
    static const struct import_value with[] = {
        ONE,
        { "CACapabilitiesAlgorithms", "hex(7):78,00,00,00,61,00,65,00,73,00,00,00,00,00" },
        LAST,
    };
    struct import_world w;

    (void)state;
    import_world_open(&w, without, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_service(&w, "ndes.caps"), "strict");
    assert_string_equal(import_world_service(&w, "ndes.plain_get"), "forbidden");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "Modules\\Policy", "NDESPolicy.OTA.1");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "HashAlgorithm\\HashAlgorithm", "SHA256");
    import_world_close(&w);
    import_world_open(&w, with, "{}");
    import_world_plan(&w);
    assert_null(import_world_service(&w, "ndes.caps")); /* extended is the default */
    assert_says(&w, NDES_IMPORT_TAKEN, "ndes.caps", "extended");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "CACapabilitiesAlgorithms\\CACapabilitiesAlgorithms",
                "x aes");
    import_world_close(&w);
}

static void plan__iis__ports_and_sign_in(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_TAKEN, "listen", "0.0.0.0:80,[::]:80, as it is already");
    assert_null(import_world_service(&w, "https.listen"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "https.listen", "no certificate");
    assert_says(&w, NDES_IMPORT_STEPS, "", "openndes tls import");
    assert_string_equal(import_world_service(&w, "signin.basic"), "true");
    assert_says(&w, NDES_IMPORT_STEPS, "", "EXAMPLE\\svc-ndes");
    assert_says(&w, NDES_IMPORT_STEPS, "", "ndes.example.com");
    w.facts.https_ready = true;
    import_world_plan(&w);
    assert_string_equal(import_world_service(&w, "https.listen"), "192.0.2.10:443");
    import_world_close(&w);
}

static void plan__page_with_tls__kept_off_http(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    w.iis.needs_tls = true;
    w.iis.bindings[1].port = 8081;
    import_world_plan(&w);
    assert_string_equal(import_world_service(&w, "listen"),
                        "0.0.0.0:80/scep+crl,[::]:80/scep+crl,0.0.0.0:8081/scep+crl,[::]:8081/"
                        "scep+crl");
    import_world_close(&w);
}

static void plan__iis_oddities__told(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    w.iis.binding_count = 1; /* HTTP alone */
    w.iis.has_admin = false;
    w.iis.anonymous = NDES_IIS_ON;
    w.iis.digest = NDES_IIS_ON;
    w.iis.windows = NDES_IIS_OFF;
    w.iis.other_sites = 2;
    w.iis.bindings_skipped = 1;
    import_world_plan(&w);
    assert_null(import_world_service(&w, "signin.basic"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "signin.basic", "HTTP");
    assert_string_equal(import_world_service(&w, "signin.negotiate"), "false");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "IIS", "2 more sites");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "IIS bindings", "not readable");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "mscep_admin", "no password page");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "mscep_admin", "without sign-in");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "mscep_admin", "Digest");
    w.iis.binding_count = 0;
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "listen", "no binding for HTTP");
    w.iis.found = false;
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "IIS", "no site");
    w.facts.iis = NULL;
    w.facts.iis_problem = "the file is away";
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "IIS", "the file is away");
    import_world_close(&w);
}

/* One listener for every address leaves no room for another on the same port. */
static void plan__address_beside_any__covered(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    w.facts.https_ready = true;
    w.iis.bindings[1] = w.iis.bindings[2]; /* 192.0.2.10:443 */
    w.iis.bindings[1].https = false;
    w.iis.bindings[1].port = 80; /* beside *:80 */
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_TAKEN, "listen", "0.0.0.0:80,[::]:80, as it is already");
    assert_string_equal(import_world_service(&w, "https.listen"), "192.0.2.10:443");
    w.iis.bindings[1].port = 81;
    import_world_plan(&w);
    assert_string_equal(import_world_service(&w, "listen"), "0.0.0.0:80,[::]:80,192.0.2.10:81");
    import_world_close(&w);
}

/* More listeners than openndes.json takes: as many as fit, and a note. */
static void plan__many_bindings__bounded(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_iis(&w, "ndes/iis.config");
    w.iis.binding_count = NDES_IIS_BINDINGS_MAX;
    for (size_t i = 0; i < NDES_IIS_BINDINGS_MAX; i++) {
        w.iis.bindings[i] = (struct ndes_iis_binding){ .any = true, .port = (uint16_t)(81 + i) };
    }
    import_world_plan(&w);
    assert_non_null(import_world_service(&w, "listen"));
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "IIS bindings", "more than 16");
    import_world_close(&w);
}

/* ---- what has no place here ------------------------------------------------------------------ */

static void plan__single_password__has_to_be_entered(void **state)
{
    static const struct import_value values[] = {
        ONE,
        { "UseSinglePassword", "dword:1" },
        { "EncryptedPassword", "hex:01,02" },
        LAST,
    };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    import_world_plan(&w);
    assert_string_equal(import_world_template(&w, 0, "ndes.UseSinglePassword"), "true");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "EncryptedPassword", "cannot be read");
    assert_says(&w, NDES_IMPORT_STEPS, "", "openndes password single --service --set -");
    import_world_close(&w);
}

static void plan__other_settings__told(void **state)
{
    static const struct import_value values[] = {
        ONE,
        { "CAInfo\\Configuration", "\"ca2\\\\Standalone \x1b CA\"" },
        { "CAType", "dword:0" },
        { "PasswordVDir", "\"scep/passwords\"" },
        { "Refresh\\RefreshPeriod", "dword:7" },
        { "DisableRenewalSubjectNameMatch", "dword:1" },
        { "CertsInMYStore", "dword:0" },
        { "Something\\Else", "dword:1" },
        LAST,
    };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    w.facts.ra_problem = "no permission";
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "CAInfo\\Configuration",
                "ca2\\Standalone \\x1b CA (standalone CA)");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "PasswordVDir\\PasswordVDir", "/scep/passwords");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "Refresh\\RefreshPeriod", "pending");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN,
                "DisableRenewalSubjectNameMatch\\DisableRenewalSubjectNameMatch", "subject");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "CertsInMYStore\\CertsInMYStore", "not needed");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "Something\\Else", "ignored");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "RA certificates", "no permission");
    import_world_close(&w);
}

static void plan__usual_vdir__no_note(void **state)
{
    static const char *const usual[] = { "\"CertSrv/mscep_admin\"", "\"/certsrv/MSCEP_ADMIN\"",
                                         "\"\"" };

    (void)state;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        const struct import_value values[] = { ONE, { "PasswordVDir", usual[i] }, LAST };
        struct import_world w;

        import_world_open(&w, values, "{}");
        import_world_plan(&w);
        assert_false(
            import_world_says(&w, NDES_IMPORT_NOT_TAKEN, "PasswordVDir\\PasswordVDir", ""));
        import_world_close(&w);
    }
}

static void plan__ra_certificates__listed_with_their_ends(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    w.ra.count = 2;
    w.ra.left_out = 3;
    w.ra.items[0] = (struct ndes_ra_cert){ .signs = true, .has_key = true };
    memcpy(w.ra.items[0].info.subject, "CN=A", 5);
    memcpy(w.ra.items[0].info.serial, "0a", 3);
    w.ra.items[0].info.not_after = 1800000000;
    w.ra.items[1] = (struct ndes_ra_cert){ .decrypts = true };
    memcpy(w.ra.items[1].info.subject, "CN=B", 5);
    w.ra.items[1].info.not_after = 1600000000;
    w.facts.ra = &w.ra;
    import_world_plan(&w);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "RA certificate",
                "CN=A, serial 0a, signs, valid until 2027-01-15T08:00:00Z:");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "RA certificate",
                "decrypts, ended 2020-09-13T12:26:40Z, without private key");
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "RA certificates", "3 more");
    import_world_close(&w);
}

static void plan__no_key__says_how_to_get_one(void **state)
{
    static const struct import_value values[] = { LAST };
    struct error err = ERROR_INIT;
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{}");
    w.registry.found = false;
    assert_refused(ndes_import_plan_make(&w.facts, &err) != NULL, &err, REASON_NDES_MISSING, "");
    assert_non_null(strstr(err.detail, "reg export HKLM\\SOFTWARE\\Microsoft"));
    assert_non_null(strstr(err.detail, "--registry-file"));
    ndes_import_plan_free(NULL);
    import_world_close(&w);
}

static void plan__broken_openndes_json__refused(void **state)
{
    static const struct import_value values[] = { ONE, LAST };
    struct error err = ERROR_INIT;
    struct import_world w;

    (void)state;
    import_world_open(&w, values, "{\"ndes\":{\"enabled\":\"maybe\"}}");
    assert_refused(ndes_import_plan_make(&w.facts, &err) != NULL, &err, REASON_CONFIG_WRONG_TYPE,
                   "");
    import_world_close(&w);
}

/* A registry made to be told at length is told within bounds. */
static void plan__hundreds_of_values__bounded(void **state)
{
    struct buffer file = BUFFER_INIT(1u << 20);
    struct error err = ERROR_INIT;
    struct import_world w;

    (void)state;
    import_world_open(&w, (const struct import_value[]){ ONE, LAST }, "{}");
    ndes_registry_clear(&w.registry);
    assert_true(buffer_append_text(&file,
                                   "Windows Registry Editor Version 5.00\r\n"
                                   "[HKEY_LOCAL_MACHINE\\" NDES_REGISTRY_KEY
                                   "]\r\n\"GeneralPurposeTemplate\"=\"",
                                   &err));
    for (size_t i = 0; i < 60000; i++) {
        assert_true(buffer_append_byte(&file, i % 2 == 0 ? '\'' : 'z', &err));
    }
    assert_true(buffer_append_text(&file, "\"\r\n", &err));
    for (size_t i = 0; i < 900; i++) {
        assert_true(buffer_printf(&file, &err, "\"v%zu\"=dword:1\r\n", i));
    }
    assert_done(ndes_registry_parse(&w.registry, buffer_bytes(&file), &err), &err, "");
    import_world_plan(&w);
    assert_true(strlen(import_world_template(&w, 0, "description")) <= 256);
    assert_says(&w, NDES_IMPORT_NOT_TAKEN, "MSCEP", "and 836 more");
    buffer_clear(&file);
    import_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__default_installation__one_template),
        cmocka_unit_test(plan__three_templates__a_key_usage_each),
        cmocka_unit_test(plan__names__made_valid_and_distinct),
        cmocka_unit_test(plan__numbers__clamped_and_told),
        cmocka_unit_test(plan__no_password__stays_off),
        cmocka_unit_test(plan__enforce_password_unreadable__asked_for),
        cmocka_unit_test(plan__no_ca__off_with_a_step),
        cmocka_unit_test(plan__steps__fit_the_data_folder),
        cmocka_unit_test(plan__existing_templates__never_overwritten),
        cmocka_unit_test(plan__no_usable_general__another_or_off),
        cmocka_unit_test(plan__settings_of_an_administrator__stay),
        cmocka_unit_test(plan__capabilities_and_policy_module__become_the_face),
        cmocka_unit_test(plan__iis__ports_and_sign_in),
        cmocka_unit_test(plan__page_with_tls__kept_off_http),
        cmocka_unit_test(plan__iis_oddities__told),
        cmocka_unit_test(plan__address_beside_any__covered),
        cmocka_unit_test(plan__many_bindings__bounded),
        cmocka_unit_test(plan__single_password__has_to_be_entered),
        cmocka_unit_test(plan__other_settings__told),
        cmocka_unit_test(plan__usual_vdir__no_note),
        cmocka_unit_test(plan__ra_certificates__listed_with_their_ends),
        cmocka_unit_test(plan__no_key__says_how_to_get_one),
        cmocka_unit_test(plan__broken_openndes_json__refused),
        cmocka_unit_test(plan__hundreds_of_values__bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
