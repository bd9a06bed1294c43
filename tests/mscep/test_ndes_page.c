/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "mscep/page_cases.h"

#define TITLE "Network Device Enrollment Service"
#define HEAD                                                                                       \
    "<HTML><Head><Meta HTTP-Equiv=\"Content-Type\" Content=\"text/html; charset=UTF-8\">"          \
    "<Title>" TITLE "</Title></Head><Body BgColor=#FFFFFF>"                                        \
    "<Font ID=locPageFont Face=\"Arial\">"                                                         \
    "<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% BgColor=#008080><TR><TD>"              \
    "<Font ID=locPageTitleFont Face=\"Arial\" Size=-1 Color=#FFFFFF>"                              \
    "<LocID ID=locMSCertSrv>" TITLE "</LocID></Font></TD></TR></Table>"                            \
    "<P ID=locPageTitle> " TITLE " allows you to obtain certificates for routers or other "        \
    "network devices using the Simple Certificate Enrollment Protocol (SCEP). </P>"
#define TAIL                                                                                       \
    " <P ID=locPageDesc> For more information see the documentation of this service. </P></Font>"  \
    "</Body></HTML>"
#define CA_PARAGRAPHS                                                                              \
    "<P> To complete certificate enrollment for your network device you will need the following "  \
    "information: <P> The thumbprint (hash value) for the CA certificate is: <B> B6A430A7 "        \
    "ECE49BF0 9D486DC3 31CD54E8 </B> "

/* The whole page of a kind, without the mark. */
struct golden {
    const char *name; /* of the case in page_cases.c */
    const char *text;
};

static const struct golden goldens[] = {
    { "fresh", HEAD CA_PARAGRAPHS
      "<P> The enrollment challenge password is: <B> 8CE317021F690069 </B> <P> This password can "
      "be used only once and will expire within 60 minutes. <P> Each enrollment requires a new "
      "challenge password. You can refresh this web page to obtain a new challenge password. "
      "</P>" TAIL },
    { "single", HEAD CA_PARAGRAPHS
      "<P> The enrollment challenge password is: <B> 8CE317021F690069 </B> <P> This password can "
      "be used multiple times and will not expire. </P>" TAIL },
    { "no-password", HEAD CA_PARAGRAPHS "<P> No password is required for enrollment. </P>" TAIL },
    { "cache-full",
      HEAD "<P> The password cache is full. <P> Network Device Enrollment Service stores unused "
           "password for later use. Each is stored for 525600 minutes. <P> Use one of the existing "
           "passwords. If you cannot use an existing password: <UL> <LI> Wait until one or more "
           "existing passwords expire. </LI> <LI> Let the administrator remove unused passwords. "
           "</LI> <LI> Configure the service to cache more than 1000000 passwords. </LI> </UL> "
           "</P>" TAIL },
    { "no-permission", HEAD "<P> You do not have sufficient permission to enroll with SCEP.  "
                            "Please contact your system administrator. </P>" TAIL },
    { "help",
      HEAD "<P> This URL is used by network devices to submit certificate requests. <P> The "
           "administration page <A HREF=\"http://ndes.example.com/CertSrv/mscep_admin/\">"
           "http://ndes.example.com/CertSrv/mscep_admin/ </A> is where to obtain an "
           "enrollment challenge password. </P>" TAIL },
};

static const struct ndes_page *page_named(const char *name)
{
    for (size_t i = 0; i < page_case_count; i++) {
        if (strcmp(page_cases[i].name, name) == 0) {
            return &page_cases[i].page;
        }
    }
    fail_msg("no page %s", name);
    return NULL;
}

/* Mark, then each character of the text and a zero byte. */
static void check_page(struct bytes body, const char *name, const char *text)
{
    size_t len = strlen(text);

    assert_int_equal(body.len, 2 + 2 * len);
    assert_int_equal(body.data[0], 0xff);
    assert_int_equal(body.data[1], 0xfe);
    for (size_t i = 0; i < len; i++) {
        if (body.data[2 + 2 * i] != (uint8_t)text[i] || body.data[3 + 2 * i] != 0) {
            fail_msg("%s differs before \"%.40s\"", name, text + i);
        }
    }
}

static void page__of_each_kind__is_the_expected_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        const struct golden *g = &goldens[i];
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct error err = ERROR_INIT;

        assert_done(ndes_page_write(page_named(g->name), &body, &err), &err, g->name);
        check_page(buffer_bytes(&body), g->name, g->text);
        buffer_clear(&body);
    }
    assert_string_equal(NDES_PAGE_MEDIA_TYPE, "text/html; charset=utf-16");
}

/* The text of a page, for looking into it. */
static void ascii_of(struct bytes body, struct buffer *text)
{
    struct error err = ERROR_INIT;

    for (size_t i = 2; i < body.len; i += 2) {
        if (body.data[i] < ' ' || body.data[i] > '~' || body.data[i + 1] != 0) {
            fail_msg("unit %02x%02x at %zu is no printable ASCII", body.data[i + 1], body.data[i],
                     i);
        }
        assert_done(buffer_append_byte(text, body.data[i], &err), &err, "");
    }
}

static void every_page__any_case__is_one_line_of_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < page_case_count; i++) {
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct buffer text = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct error err = ERROR_INIT;

        assert_done(ndes_page_write(&page_cases[i].page, &body, &err), &err, page_cases[i].name);
        ascii_of(buffer_bytes(&body), &text);
        buffer_clear(&text);
        buffer_clear(&body);
    }
}

struct url_case {
    const char *url;
    const char *shown; /* NULL: the sentence about the page is left out */
};

static const struct url_case urls[] = {
    { "https://a.example:8443/certsrv/mscep_admin/",
      "https://a.example:8443/certsrv/mscep_admin/" },
    { "http://a/\"><Script>alert('1')</Script>&x",
      "http://a/&quot;&gt;&lt;Script&gt;alert(&#39;1&#39;)&lt;/Script&gt;&amp;x" },
    { "http://b\xc3\xbcro.example/ \r\n\x7f", "http://b%C3%BCro.example/%20%0D%0A%7F" },
    { "", NULL },
    { NULL, NULL },
};

static void help__admin_url__is_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct ndes_page page = { .kind = NDES_PAGE_HELP, .admin_url = urls[i].url };
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct buffer text = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct buffer wanted = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct error err = ERROR_INIT;

        assert_done(ndes_page_write(&page, &body, &err), &err, "");
        ascii_of(buffer_bytes(&body), &text);
        if (urls[i].shown != NULL) {
            assert_done(buffer_printf(&wanted, &err, "<A HREF=\"%s\">%s </A>", urls[i].shown,
                                      urls[i].shown),
                        &err, "");
            assert_non_null(strstr(buffer_text(&text), buffer_text(&wanted)));
        } else {
            assert_null(strstr(buffer_text(&text), "HREF"));
            assert_non_null(strstr(buffer_text(&text), "certificate requests. </P>"));
        }
        buffer_clear(&wanted);
        buffer_clear(&text);
        buffer_clear(&body);
    }
}

struct bad_password {
    const char *password;
    const char *why;
};

static const struct bad_password bad_passwords[] = {
    { "", "empty" },
    { "8ce317021f690069", "lower case" },
    { "8CE317021F69006G", "no hexadecimal digit" },
    { "8CE317021F69 069", "a space" },
    { "</B><Script>", "HTML" },
    { "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0", "too long" },
};

static void password__that_is_none__reaches_no_page_and_no_error_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_passwords) / sizeof(bad_passwords[0]); i++) {
        const struct bad_password *b = &bad_passwords[i];
        struct ndes_page page = *page_named("fresh");
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct error err = ERROR_INIT;

        page.password = bytes_of_text(b->password);
        for (int kind = NDES_PAGE_PASSWORD; kind <= NDES_PAGE_SINGLE_PASSWORD; kind++) {
            error_clear(&err);
            page.kind = (enum ndes_page_kind)kind;
            assert_refused(ndes_page_write(&page, &body, &err), &err, REASON_INTERNAL, b->why);
            assert_int_equal(body.len, 0);
            assert_true(b->password[0] == '\0' || strstr(err.detail, b->password) == NULL);
        }
        buffer_clear(&body);
    }
}

static void page__without_ca_or_room__leaves_the_buffer_as_it_was(void **state)
{
    struct ndes_page page = *page_named("fresh");
    struct buffer small = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&small, "before", &err), &err, "");
    assert_refused(ndes_page_write(&page, &small, &err), &err, REASON_LIMIT, "no room");
    assert_string_equal(buffer_text(&small), "before");
    error_clear(&err);
    page.ca_der = bytes_of(NULL, 0);
    assert_refused(ndes_page_write(&page, &small, &err), &err, REASON_INTERNAL, "no CA");
    assert_string_equal(buffer_text(&small), "before");
    buffer_clear(&small);
}

static void help__endless_url__is_a_limit(void **state)
{
    static char url[NDES_PAGE_BYTES_MAX];
    struct ndes_page page = { .kind = NDES_PAGE_HELP, .admin_url = url };
    struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct error err = ERROR_INIT;

    (void)state;
    memset(url, '<', sizeof(url) - 1);
    assert_refused(ndes_page_write(&page, &body, &err), &err, REASON_LIMIT, "");
    assert_int_equal(body.len, 0);
    buffer_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page__of_each_kind__is_the_expected_bytes),
        cmocka_unit_test(every_page__any_case__is_one_line_of_ascii),
        cmocka_unit_test(help__admin_url__is_escaped),
        cmocka_unit_test(password__that_is_none__reaches_no_page_and_no_error_text),
        cmocka_unit_test(page__without_ca_or_room__leaves_the_buffer_as_it_was),
        cmocka_unit_test(help__endless_url__is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
