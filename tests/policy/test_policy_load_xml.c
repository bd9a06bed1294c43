/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of XML that want to do harm, or that are merely odd, whatever their root.
 */
#include "support/test_support.h"

#include <string.h>

#include "platform/clock.h"
#include "policy/policy_load.h"

#define OWN "<scepPolicy name='p'><subject template='CN=x'/></scepPolicy>"
#define ADD                                                                                        \
    "<Add><Item><Target><LocURI>./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/p/Install/"     \
    "SubjectName</LocURI></Target><Data>CN=x</Data></Item></Add>"
#define PLIST                                                                                      \
    "<plist><dict><key>PayloadType</key><string>com.apple.security.scep</string>"                  \
    "<key>PayloadDisplayName</key><string>p</string><key>PayloadContent</key><dict>"               \
    "<key>URL</key><string>https://x/scep/y</string><key>Subject</key><array><array><array>"       \
    "<string>CN</string><string>x</string></array></array></array></dict></dict></plist>"
#define APPLE                                                                                      \
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "                                      \
    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\""
#define B(literal)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

struct odd_case {
    const char *name;
    struct bytes text;
};

/* All of these are the policy "p" with the subject CN=x. */
static const struct odd_case loaded[] = {
    { "own", B(OWN) },
    { "spaces before it", B("\r\n\t " OWN) },
    { "BOM", B("\xef\xbb\xbf" OWN) },
    { "BOM and declaration", B("\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>" OWN) },
    { "BOM before a bare list", B("\xef\xbb\xbf<?xml version='1.0'?>" ADD) },
    { "comments and instructions around it",
      B("<?xml version='1.0'?><!-- <!DOCTYPE a> --><?go away?>" OWN "<!-- x --><?y?>") },
    { "UTF-16, little end first",
      B("\xff\xfe<\0s\0c\0e\0p\0P\0o\0l\0i\0c\0y\0 \0n\0a\0m\0e\0=\0'\0p\0'\0>\0<\0s\0u\0b\0j\0e\0c"
        "\0t\0 \0t\0e\0m\0p\0l\0a\0t\0e\0=\0'\0C\0N\0=\0x\0'\0/\0>\0<\0/\0s\0c\0e\0p\0P\0o\0l\0i\0c"
        "\0y\0>\0") },
    { "UTF-16, big end first",
      B("\xfe\xff\0<\0s\0c\0e\0p\0P\0o\0l\0i\0c\0y\0 \0n\0a\0m\0e\0=\0'\0p\0'\0>\0<\0s\0u\0b\0j\0e"
        "\0c\0t\0 \0t\0e\0m\0p\0l\0a\0t\0e\0=\0'\0C\0N\0=\0x\0'\0/\0>\0<\0/\0s\0c\0e\0p\0P\0o\0l\0i"
        "\0c\0y\0>") },
    { "said to be UTF-16, saved as UTF-8", B("<?xml version='1.0' encoding='utf-16'?>" OWN) },
    { "Latin-1 without its letters", B("<?xml version='1.0' encoding='ISO-8859-1'?>" OWN) },
    { "character references",
      B("<scepPolicy name='&#112;'><subject template='&#x43;N=x'/></scepPolicy>") },
    { "Apple's declaration", B("<?xml version='1.0'?>\n" APPLE ">\n" PLIST) },
    { "Apple's declaration behind a comment", B("<!-- x -->" APPLE ">" PLIST) },
    { "a value cut by comments, instructions and CDATA",
      B("<Add><Item><Target><LocURI>./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/<!-- "
        "q -->p/Install/Subject<![CDATA[Name]]></LocURI></Target><Data>C<?x?>N=<!-- y --><![CDATA["
        "x]]></Data></Item></Add>") },
};

static void xml__odd_files__loaded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        assert_done(policy_load(loaded[i].text, "f", &set, &err), &err, loaded[i].name);
        if (set.count != 1 || strcmp(set.item[0]->name, "p") != 0 || set.item[0]->subject.count != 1
            || strcmp(set.item[0]->subject.item[0].pattern, "x") != 0) {
            fail_msg("%s", loaded[i].name);
        }
        policy_set_clear(&set);
    }
}

struct refused_case {
    const char *name;
    struct bytes text;
    const char *detail; /* found in it */
};

static const struct refused_case refused[] = {
    /* document types, in every form but Apple's */
    { "DOCTYPE", B("<!DOCTYPE scepPolicy>" OWN), "document type" },
    { "DOCTYPE on line 3", B("<?xml version='1.0'?>\n\n<!DOCTYPE scepPolicy>" OWN),
      "line 3: a document type" },
    { "XXE", B("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><scepPolicy name='&e;'/>"),
      "document type" },
    { "XXE by parameter entity",
      B("<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1:9/'> %e;]>" OWN), "document type" },
    { "XXE in a bare list", B("<!DOCTYPE Add [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" ADD),
      "document type" },
    { "entity bomb",
      B("<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>"
        "<scepPolicy name='&d;'/>"),
      "document type" },
    { "a default attribute",
      B("<!DOCTYPE scepPolicy [<!ATTLIST scepPolicy mode CDATA 'off'>]>" OWN), "document type" },
    { "DOCTYPE inside the root", B("<scepPolicy name='p'><!DOCTYPE a></scepPolicy>"), "line 1" },
    { "DOCTYPE behind the first of a bare list", B(ADD "<!DOCTYPE a>" ADD), "line 1" },
    { "DOCTYPE behind the root", B(OWN "<!DOCTYPE a>"), "line 1" },
    { "Apple's with a subset", B(APPLE " [<!ENTITY e 'x'>]>" PLIST), "document type" },
    { "Apple's with an empty subset", B(APPLE "[]>" PLIST), "document type" },
    { "Apple's twice", B(APPLE "><!DOCTYPE plist>" PLIST), "document type" },
    { "Apple's for another root, from elsewhere",
      B("<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
        "\"http://example.net/x.dtd\">" PLIST),
      "document type" },
    { "Apple's of another publisher",
      B("<!DOCTYPE plist PUBLIC \"-//Evil//DTD PLIST 1.0//EN\" "
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">" PLIST),
      "document type" },
    { "Apple's as SYSTEM",
      B("<!DOCTYPE plist SYSTEM \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">" PLIST),
      "document type" },
    { "Apple's without an end", B(APPLE), "line 1" },
    { "Apple's cut", B("<!DOCTYPE plist PUBLIC \"-//Apple//DTD"), "line 1" },
    { "an entity behind Apple's", B(APPLE "><plist><string>&e;</string></plist>"), "line 1" },
    { "DOCTYPE in UTF-16", B("\xff\xfe<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0<\0a\0/\0>\0"),
      "document type" },
    /* encodings */
    { "UTF-16 without BOM, little end first", B("<\0a\0/\0>\0"), "UTF-16" },
    { "UTF-16 without BOM, big end first", B("\0<\0a\0/\0>"), "UTF-16" },
    { "UTF-16, odd length", B("\xff\xfe<\0a\0/\0>"), "UTF-16" },
    { "UTF-16, lone surrogate", B("\xff\xfe<\0a\0>\0\x00\xd8<\0/\0a\0>\0"), "UTF-16" },
    { "UTF-16, NUL", B("\xff\xfe<\0a\0>\0\0\0<\0/\0a\0>\0"), "line 1" },
    { "Latin-1", B("<?xml version='1.0' encoding='ISO-8859-1'?>\n<scepPolicy name='\xfc'/>"),
      "encoding is ISO-8859-1" },
    { "said to be Latin-1, with letters of UTF-8",
      B("<?xml version='1.0' encoding='ISO-8859-1'?>\n<scepPolicy name='\xc3\xbc'/>"),
      "encoding is ISO-8859-1" },
    { "UTF-7", B("<?xml version='1.0' encoding='UTF-7'?><scepPolicy name='\xc3\xbc'/>"),
      "encoding is UTF-7" },
    { "UTF-7 in ASCII", B("<?xml version='1.0' encoding='UTF-7'?><scepPolicy name='+AGE-'/>"),
      "encoding is UTF-7" },
    { "Latin-1 behind a line end",
      B("<?xml\nversion='1.0' encoding='ISO-8859-1'?>\n<scepPolicy name='\xc3\xbc'/>"),
      "encoding is ISO-8859-1" },
    { "overlong UTF-8", B("<scepPolicy name='\xc0\xaf'/>"), "UTF-8" },
    { "NUL", B("<scepPolicy name='p\0'/>"), "line 1" },
    { "a control character", B("<scepPolicy name='\x01'/>"), "line 1" },
    { "a referenced NUL", B("<scepPolicy name='&#0;'/>"), "line 1" },
    { "a line end in a value", B("<scepPolicy name='a&#10;b'/>"), "control character" },
    /* structure */
    { "not closed", B("<scepPolicy name='p'>\n<subject template='CN=x'>"), "line 2" },
    { "wrong end", B("<scepPolicy name='p'>\n</scepPolicies>"), "line 2" },
    { "an end too many", B(ADD "</nodes>"), "line 1" },
    { "another wrapper", B(ADD "</nodes><nodes>" ADD), "line 1" },
    { "a comment that never ends", B(ADD "<!-- x"), "line 1" },
    { "CDATA that never ends", B(ADD "<![CDATA[ x"), "line 1" },
    { "a comment before nothing", B("<!-- x -->"), "line 1" },
    { "a comment without end before it", B("<!-- x " OWN), "line 1" },
    { "an instruction without end before it", B("<?x " OWN), "line 1" },
    { "two roots", B(OWN OWN), "line 1" },
    { "text behind it", B(OWN "x"), "line 1" },
    { "undeclared prefix", B("<p:scepPolicy name='p'/>"), "line 1" },
    { "a lone bracket", B("<"), "line 1" },
    { "an entity nobody declared", B("<scepPolicy name='&p;'/>"), "line 1" },
    { "another root", B("<html><body/></html>"), "<html> is no policy" },
    { "a long name of a root",
      B("<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>"),
      "is no policy" },
};

static void xml__hostile_files__refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused_case *c = &refused[i];
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;
        bool done = policy_load(c->text, "f", &set, &err);

        if (done || (err.reason != REASON_POLICY_FORMAT && err.reason != REASON_POLICY_VALUE)
            || strstr(err.detail, c->detail) == NULL || strstr(err.detail, "root:") != NULL) {
            fail_msg("%s: %s: \"%s\"", c->name, reason_id(err.reason), err.detail);
        }
        assert_int_equal(set.count, 0);
    }
}

/* ---- size ------------------------------------------------------------------------------------ */

static void assert_limit(struct bytes text, enum reason reason, const char *name)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;
    int64_t start = clock_monotonic_us();

    assert_refused(policy_load(text, "f", &set, &err), &err, reason, name);
    if (clock_monotonic_us() - start > 20000000) {
        fail_msg("%s: took more than 20 s", name);
    }
}

static void repeat(struct buffer *out, const char *text, size_t times)
{
    struct error err = ERROR_INIT;
    bool ok = true;

    for (size_t i = 0; i < times && ok; i++) {
        ok = buffer_append_text(out, text, &err);
    }
    assert_done(ok, &err, "");
}

static void xml__big_and_deep_files__refused_in_time(void **state)
{
    struct buffer text = BUFFER_INIT(12000000);

    (void)state;
    repeat(&text, "<x>", 100);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "100 levels");
    buffer_reset(&text);
    repeat(&text, "<dict><key>PayloadContent</key><array>", 60);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "payloads in payloads");
    buffer_reset(&text);
    repeat(&text, "<Add>", 2000000);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "10 MB");
    text.len = LIMIT_POLICY_BYTES;
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "8 MB of open elements");
    buffer_reset(&text);
    repeat(&text, "<x>", 1);
    repeat(&text, "<Item><Source/></Item>", 100000);
    repeat(&text, "</x>", 1);
    assert_limit(buffer_bytes(&text), REASON_POLICY_EMPTY, "100000 items");
    buffer_reset(&text);
    repeat(&text, "<plist><array>", 1);
    repeat(&text, "<dict><key>a</key><true/></dict>", 60000);
    repeat(&text, "</array></plist>", 1);
    assert_limit(buffer_bytes(&text), REASON_POLICY_EMPTY, "60000 payloads");
    buffer_reset(&text);
    repeat(&text, "<!--", 2000000);
    assert_limit(buffer_bytes(&text), REASON_POLICY_FORMAT, "2000000 comments");
    buffer_reset(&text);
    repeat(&text, "<scepPolicy name='p'>", 1);
    repeat(&text, "<san type='dns' template='x'/>", 50000);
    repeat(&text, "</scepPolicy>", 1);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "50000 names");
    buffer_reset(&text);
    repeat(&text, "<scepPolicies>", 1);
    repeat(&text, "<scepPolicy name='p'/>", 1000);
    repeat(&text, "</scepPolicies>", 1);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "1000 policies");
    buffer_reset(&text);
    repeat(&text, "<Item><Target><LocURI>", 1);
    repeat(&text, "/a", 500000);
    repeat(&text, "</LocURI></Target></Item>", 1);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "a path of 1 MB");
    buffer_reset(&text);
    repeat(&text, "<scepPolicy ", 1);
    for (unsigned i = 0; i < 20000; i++) {
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&text, &err, "a%u='' ", i), &err, "");
    }
    repeat(&text, "/>", 1);
    assert_limit(buffer_bytes(&text), REASON_LIMIT, "20000 attributes");
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml__odd_files__loaded),
        cmocka_unit_test(xml__hostile_files__refused),
        cmocka_unit_test(xml__big_and_deep_files__refused_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
