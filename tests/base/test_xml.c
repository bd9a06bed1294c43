/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/xml.h"

#define B(literal)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define BYTES_MAX 100000u
#define DEPTH_MAX 5u

struct refused_case {
    const char *name;
    struct bytes text;
    enum reason reason;
    const char *detail; /* begins with */
};

static const struct refused_case refused[] = {
    { "empty", B(""), REASON_SYNTAX, "line 1" },
    { "only a BOM", B("\xef\xbb\xbf"), REASON_SYNTAX, "line 1" },
    { "text only", B("hello"), REASON_SYNTAX, "line 1" },
    { "cut", B("<a>\n<b>"), REASON_SYNTAX, "line 2" },
    { "wrong end", B("<a>\n<b></a></b>"), REASON_SYNTAX, "line 2" },
    { "two roots", B("<a/>\n<b/>"), REASON_SYNTAX, "line 2" },
    { "duplicate attribute", B("<a x='1' x='2'/>"), REASON_SYNTAX, "line 1" },
    { "duplicate attribute by namespace", B("<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>"),
      REASON_SYNTAX, "line 1" },
    { "undeclared prefix", B("<p:a/>"), REASON_SYNTAX, "line 1" },
    { "undefined entity", B("<a>&foo;</a>"), REASON_SYNTAX, "line 1" },
    { "bare ampersand", B("<a>x & y</a>"), REASON_SYNTAX, "line 1" },
    { "character reference to NUL", B("<a>&#0;</a>"), REASON_SYNTAX, "line 1" },
    { "character reference to a surrogate", B("<a>&#xD800;</a>"), REASON_SYNTAX, "line 1" },
    { "control character", B("<a>\x01</a>"), REASON_SYNTAX, "line 1" },
    { "NUL", B("<a>\n\0</a>"), REASON_SYNTAX, "line 2" },
    { "Latin-1", B("<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\xfc</a>"), REASON_SYNTAX,
      "line 2" },
    { "overlong UTF-8", B("<a>\xc0\xaf</a>"), REASON_SYNTAX, "line 1" },
    { "UTF-16 without BOM", B("<\0a\0/\0>\0"), REASON_SYNTAX, "line 1" },
    { "UTF-16, odd length", B("\xff\xfe<\0a\0/\0>"), REASON_SYNTAX, "the UTF-16" },
    { "UTF-16, lone surrogate", B("\xff\xfe<\0a\0>\0\x00\xd8<\0/\0a\0>\0"), REASON_SYNTAX,
      "UTF-16" },
    { "UTF-32", B("\xff\xfe\0\0<\0\0\0"), REASON_SYNTAX, "line 1" },
    { "UTF-7", B("+ADw-a/+AD4-"), REASON_SYNTAX, "line 1" },
    { "EBCDIC", B("\x4c\x81\x61\x6e"), REASON_SYNTAX, "line 1" },
    { "double hyphen in a comment", B("<a>\n<!-- x -- y --></a>"), REASON_SYNTAX, "line 2: --" },
    { "three hyphens at a comment's end", B("<!-- x ---><a/>"), REASON_SYNTAX, "line 1: --" },
    { "comment in a comment", B("<!-- <!-- --> --><a/>"), REASON_SYNTAX, "line 1: --" },
    { "comment without end", B("<!-- x"), REASON_SYNTAX, "line 1" },
    /* document types, in every form */
    { "DOCTYPE", B("<!DOCTYPE a>\n<a/>"), REASON_SYNTAX, "line 1: a document type" },
    { "DOCTYPE on line 3", B("<?xml version='1.0'?>\n\n<!DOCTYPE a><a/>"), REASON_SYNTAX,
      "line 3: a document type" },
    { "DOCTYPE behind a comment", B("<!-- x --><!DOCTYPE a []><a/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "external subset", B("<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "public plist DTD",
      B("<!DOCTYPE plist PUBLIC '-//X//DTD' 'http://127.0.0.1:9/p.dtd'>\n<plist/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "XXE",
      B("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>"),
      REASON_SYNTAX, "line 1: a document type" },
    { "XXE by parameter entity",
      B("<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1:9/'> %e;]><a/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "billion laughs",
      B("<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
        "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]><l>&e;&e;&e;&e;</l>"),
      REASON_SYNTAX, "line 1: a document type" },
    { "entity in an attribute", B("<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "default attribute", B("<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>"), REASON_SYNTAX,
      "line 1: a document type" },
    { "DOCTYPE in UTF-16", B("\xff\xfe<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0<\0a\0/\0>\0"),
      REASON_SYNTAX, "line 1: a document type" },
    { "cut DOCTYPE", B("<!DOCTYPE a ["), REASON_SYNTAX, "line 1" },
    { "too deep", B("<a><a><a>\n<a><a><a/></a></a></a></a></a>"), REASON_LIMIT, "line 2" },
};

static void xml__bad_documents__refused_with_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused_case *c = &refused[i];
        struct error err = ERROR_INIT;
        struct xml_doc *doc = xml_doc_parse(c->text, BYTES_MAX, DEPTH_MAX, &err);

        assert_refused(doc != NULL, &err, c->reason, c->name);
        if (strncmp(err.detail, c->detail, strlen(c->detail)) != 0) {
            fail_msg("%s: \"%s\"", c->name, err.detail);
        }
        assert_null(strstr(err.detail, "root:")); /* nothing of /etc/passwd */
    }
}

/* An error each for some million of them took libxml2 hours. */
static void xml__millions_of_hyphens__refused_at_once(void **state)
{
    const size_t times = 2000000;
    struct buffer text = BUFFER_INIT(4 * times);
    struct error err = ERROR_INIT;
    bool ok = true;

    (void)state;
    for (size_t i = 0; i < times && ok; i++) {
        ok = buffer_append_text(&text, "<!--", &err);
    }
    assert_done(ok, &err, "");
    assert_refused(xml_doc_parse(buffer_bytes(&text), 4 * times, DEPTH_MAX, &err) != NULL, &err,
                   REASON_SYNTAX, "");
    buffer_clear(&text);
}

/* `count` attributes in one element, with everything in them that could end it. */
static void make_attributes(struct buffer *out, size_t count)
{
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(out, "<a\n", &err);

    for (size_t i = 0; i < count && ok; i++) {
        ok = buffer_printf(out, &err, " a%zu%s", i, i % 2 == 0 ? "='\">/-->'" : "=\">'\"");
    }
    assert_done(ok && buffer_append_text(out, "/>", &err), &err, "");
}

/* libxml2 takes minutes for a million of them. */
static void xml__ever_new_names__refused(void **state)
{
    struct buffer text = BUFFER_INIT(8000000);
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(&text, "<a>", &err);

    (void)state;
    for (unsigned i = 0; i < 500000 && ok; i++) {
        ok = buffer_printf(&text, &err, "<q%x/>", i);
    }
    assert_done(ok && buffer_append_text(&text, "</a>", &err), &err, "");
    assert_refused(xml_doc_parse(buffer_bytes(&text), 8000000, DEPTH_MAX, &err) != NULL, &err,
                   REASON_LIMIT, "names");
    assert_non_null(strstr(err.detail, "different names"));
    buffer_clear(&text);
}

static void xml__attributes__as_many_as_can_be(void **state)
{
    struct buffer text = BUFFER_INIT(8000000);
    struct error err = ERROR_INIT;
    struct xml_doc *doc = NULL;

    (void)state;
    make_attributes(&text, 128);
    doc = xml_doc_parse(buffer_bytes(&text), 8000000, DEPTH_MAX, &err);
    assert_done(doc != NULL, &err, "");
    xml_doc_free(doc);
    buffer_reset(&text);
    make_attributes(&text, 129);
    assert_refused(xml_doc_parse(buffer_bytes(&text), 8000000, DEPTH_MAX, &err) != NULL, &err,
                   REASON_LIMIT, "129");
    assert_non_null(strstr(err.detail, "line 1: "));
    error_clear(&err);
    buffer_reset(&text);
    make_attributes(&text, 500000); /* by the square: hours */
    assert_refused(xml_doc_parse(buffer_bytes(&text), 8000000, DEPTH_MAX, &err) != NULL, &err,
                   REASON_LIMIT, "500000");
    buffer_clear(&text);
}

static void xml__hyphens_outside_comments__read(void **state)
{
    struct error err = ERROR_INIT;
    struct xml_doc *doc = NULL;

    (void)state;
    doc = xml_doc_parse(bytes_of_text("<a b='-- x'>-- <![CDATA[<!-- -- x ]]><?p <!-- -- ?>"
                                      "<!----><!-- - - -->--</a>"),
                        BYTES_MAX, DEPTH_MAX, &err);
    assert_done(doc != NULL, &err, "");
    xml_doc_free(doc);
}

static void xml__attributes__walked_in_order(void **state)
{
    struct error err = ERROR_INIT;
    const char *namespace = NULL;
    struct xml_doc *doc =
        xml_doc_parse(bytes_of_text("<a xmlns='urn:d' xmlns:p='urn:p' b='1' p:c='2'><x/></a>"),
                      BYTES_MAX, DEPTH_MAX, &err);
    const struct xml_node *root = NULL;

    (void)state;
    assert_done(doc != NULL, &err, "");
    root = xml_doc_root(doc);
    assert_string_equal(xml_node_attribute_name(root, 0, &namespace), "b");
    assert_string_equal(namespace, "");
    assert_string_equal(xml_node_attribute_name(root, 1, &namespace), "c");
    assert_string_equal(namespace, "urn:p");
    assert_null(xml_node_attribute_name(root, 2, &namespace));
    assert_null(xml_node_attribute_name(xml_node_child(root), 0, &namespace));
    assert_string_equal(namespace, "");
    xml_doc_free(doc);
}

static struct xml_doc *parse(struct bytes text)
{
    struct error err = ERROR_INIT;
    struct xml_doc *doc = xml_doc_parse(text, BYTES_MAX, DEPTH_MAX, &err);

    assert_done(doc != NULL, &err, "");
    return doc;
}

static void assert_text(const struct xml_node *node, const char *expected)
{
    struct buffer text = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;

    assert_done(xml_node_text(node, &text, &err), &err, "");
    assert_string_equal(buffer_text(&text), expected);
    buffer_clear(&text);
}

static void xml__document__read_back(void **state)
{
    struct xml_doc *doc =
        parse(bytes_of_text("<?xml version='1.0'?>\n"
                            "<!-- comment -->\n"
                            "<p:policy xmlns:p='urn:p' xmlns='urn:d' a='1' p:a='2'>\n"
                            "  text <![CDATA[<&>]]> &lt;&#x20AC;\n"
                            "  <one>1<x/>2</one><?pi data?>\n"
                            "  <p:two empty=''/>\n"
                            "</p:policy>"));
    const struct xml_node *root = xml_doc_root(doc);
    const struct xml_node *one = xml_node_child(root);
    const struct xml_node *two = xml_node_next(one);
    struct buffer value = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    assert_string_equal(xml_node_name(root), "policy");
    assert_string_equal(xml_node_namespace(root), "urn:p");
    assert_int_equal(xml_node_line(root), 3);
    assert_text(root, "\n  text <&> <\xe2\x82\xac\n  \n  \n");
    assert_string_equal(xml_node_name(one), "one");
    assert_string_equal(xml_node_namespace(one), "urn:d");
    assert_int_equal(xml_node_line(one), 5);
    assert_text(one, "12"); /* directly in it */
    assert_string_equal(xml_node_name(xml_node_child(one)), "x");
    assert_null(xml_node_next(xml_node_child(one)));
    assert_null(xml_node_child(two));
    assert_null(xml_node_next(two));
    assert_done(xml_node_attribute(root, "a", &value, &found, &err), &err, "");
    assert_true(found);
    assert_string_equal(buffer_text(&value), "1");
    buffer_reset(&value);
    assert_done(xml_node_attribute(two, "empty", &value, &found, &err), &err, "");
    assert_true(found);
    assert_string_equal(buffer_text(&value), "");
    assert_done(xml_node_attribute(two, "a", &value, &found, &err), &err, "");
    assert_false(found);
    buffer_clear(&value);
    xml_doc_free(doc);
    xml_doc_free(NULL);
}

static void xml__encodings__arrive_as_utf8(void **state)
{
    static const struct {
        const char *name;
        struct bytes text;
    } cases[] = {
        { "UTF-8", B("<a>\xe2\x82\xac</a>") },
        { "UTF-8 with BOM", B("\xef\xbb\xbf<a>\xe2\x82\xac</a>") },
        { "UTF-8 declared", B("<?xml version='1.0' encoding='utf-8'?><a>\xe2\x82\xac</a>") },
        { "UTF-16 declared in UTF-8 (.NET)",
          B("<?xml version='1.0' encoding='utf-16'?><a>\xe2\x82\xac</a>") },
        { "UTF-16 LE", B("\xff\xfe<\0a\0>\0\xac\x20<\0/\0a\0>\0") },
        { "UTF-16 BE", B("\xfe\xff\0<\0a\0>\x20\xac\0<\0/\0a\0>") },
    };
    struct xml_doc *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].name);
        doc = parse(cases[i].text);
        assert_text(xml_doc_root(doc), "\xe2\x82\xac");
        xml_doc_free(doc);
    }
    /* outside the first plane: two units */
    doc = parse(bytes_of("\xff\xfe<\0a\0>\0\x3d\xd8\x00\xde<\0/\0a\0>\0", 20));
    assert_text(xml_doc_root(doc), "\xf0\x9f\x98\x80");
    xml_doc_free(doc);
}

static void xml__utf16_with_declaration__accepted(void **state)
{
    static const char text[] = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<a>x</a>";
    uint8_t wide[2 * sizeof(text)] = { 0xff, 0xfe };
    struct xml_doc *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        wide[2 + 2 * i] = (uint8_t)text[i];
        wide[3 + 2 * i] = 0;
    }
    doc = parse(bytes_of(wide, sizeof(wide)));
    assert_text(xml_doc_root(doc), "x");
    assert_int_equal(xml_node_line(xml_doc_root(doc)), 2);
    xml_doc_free(doc);
}

static void xml__limits__limit_and_one_more(void **state)
{
    static const char text[] = "<a><b><c/></b></a>";
    struct error err = ERROR_INIT;
    struct xml_doc *doc = xml_doc_parse(bytes_of_text(text), sizeof(text) - 1, 3, &err);

    (void)state;
    assert_done(doc != NULL, &err, "");
    xml_doc_free(doc);
    assert_refused(xml_doc_parse(bytes_of_text(text), sizeof(text) - 2, 3, &err) != NULL, &err,
                   REASON_LIMIT, "");
    error_clear(&err);
    assert_refused(xml_doc_parse(bytes_of_text(text), sizeof(text) - 1, 2, &err) != NULL, &err,
                   REASON_LIMIT, "");
}

/* Siblings do not add up to depth. */
static void xml__many_siblings__are_not_deep(void **state)
{
    struct buffer text = BUFFER_INIT(BYTES_MAX);
    struct error err = ERROR_INIT;
    struct xml_doc *doc = NULL;
    size_t count = 0;

    (void)state;
    assert_true(buffer_append_text(&text, "<a>", &err));
    for (int i = 0; i < 1000; i++) {
        assert_true(buffer_append_text(&text, "<b><c/></b>", &err));
    }
    assert_true(buffer_append_text(&text, "</a>", &err));
    doc = parse(buffer_bytes(&text));
    for (const struct xml_node *n = xml_node_child(xml_doc_root(doc)); n != NULL;
         n = xml_node_next(n)) {
        count++;
    }
    assert_int_equal(count, 1000);
    xml_doc_free(doc);
    buffer_clear(&text);
}

static void xml__very_deep__stopped_early(void **state)
{
    struct buffer text = BUFFER_INIT(3000000);
    struct error err = ERROR_INIT;

    (void)state;
    for (int i = 0; i < 500000; i++) {
        assert_true(buffer_append_text(&text, "<a>", &err));
    }
    assert_refused(xml_doc_parse(buffer_bytes(&text), 3000000, 64, &err) != NULL, &err,
                   REASON_LIMIT, "");
    buffer_clear(&text);
}

static void xml__line_numbers__beyond_16_bits(void **state)
{
    struct buffer text = BUFFER_INIT(BYTES_MAX);
    struct error err = ERROR_INIT;
    struct xml_doc *doc = NULL;

    (void)state;
    assert_true(buffer_append_text(&text, "<a>", &err));
    for (int i = 0; i < 70000; i++) {
        assert_true(buffer_append_byte(&text, '\n', &err));
    }
    assert_true(buffer_append_text(&text, "<b/>x</a>", &err));
    doc = parse(buffer_bytes(&text));
    /* libxml2 counts elements to 65535 only; it must not wrap around */
    assert_true(xml_node_line(xml_node_child(xml_doc_root(doc))) >= 65535);
    xml_doc_free(doc);
    buffer_clear(&text);
}

static void xml__text_over_the_limit__leaves_the_buffer(void **state)
{
    struct xml_doc *doc = parse(bytes_of_text("<a b='12345'>12<c/>345</a>"));
    struct buffer text = BUFFER_INIT(4);
    struct error err = ERROR_INIT;
    bool found = false;

    (void)state;
    assert_refused(xml_node_text(xml_doc_root(doc), &text, &err), &err, REASON_LIMIT, "");
    assert_string_equal(buffer_text(&text), "");
    error_clear(&err);
    assert_refused(xml_node_attribute(xml_doc_root(doc), "b", &text, &found, &err), &err,
                   REASON_LIMIT, "");
    assert_string_equal(buffer_text(&text), "");
    buffer_clear(&text);
    xml_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml__bad_documents__refused_with_a_line),
        cmocka_unit_test(xml__millions_of_hyphens__refused_at_once),
        cmocka_unit_test(xml__ever_new_names__refused),
        cmocka_unit_test(xml__attributes__as_many_as_can_be),
        cmocka_unit_test(xml__hyphens_outside_comments__read),
        cmocka_unit_test(xml__attributes__walked_in_order),
        cmocka_unit_test(xml__document__read_back),
        cmocka_unit_test(xml__encodings__arrive_as_utf8),
        cmocka_unit_test(xml__utf16_with_declaration__accepted),
        cmocka_unit_test(xml__limits__limit_and_one_more),
        cmocka_unit_test(xml__many_siblings__are_not_deep),
        cmocka_unit_test(xml__very_deep__stopped_early),
        cmocka_unit_test(xml__line_numbers__beyond_16_bits),
        cmocka_unit_test(xml__text_over_the_limit__leaves_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
