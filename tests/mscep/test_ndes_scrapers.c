/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every program whose expression for the password page is public, done by hand and to the letter,
 * so that it runs on Windows too. scrapers.py has the expressions themselves.
 */
#include "support/test_support.h"

#include <string.h>

#include "base/text.h"
#include "mscep/page_cases.h"
#include "mscep/scraper_text.h"

/* What a scraper gets, and what it makes of it. */
struct scrape {
    struct bytes body;
    size_t password_length; /* what the user of Get-NDESOTP says */
    struct buffer text;     /* decoded as this scraper does */
    struct buffer found;
};

static void found_run(struct scrape *s, const char *start, size_t len)
{
    struct error err = ERROR_INIT;

    buffer_reset(&s->found);
    assert_done(buffer_append(&s->found, start, len, &err), &err, "");
}

static void found_text(struct scrape *s, const char *text)
{
    found_run(s, text, strlen(text));
}

static const char *text_of(const struct scrape *s)
{
    return buffer_text(&s->text);
}

static bool has(const struct scrape *s, const char *words)
{
    return strstr(text_of(s), words) != NULL;
}

/* What stands behind the first `words`; NULL when they are missing. */
static const char *behind(const char *text, const char *words)
{
    const char *place = strstr(text, words);

    return place == NULL ? NULL : place + strlen(words);
}

/* ---- the scrapers ---------------------------------------------------------------------------- */

/*
 * Mark, or '<' NUL: UTF-16LE, the mark away; otherwise as the header says, here UTF-8.
 * (?i)The enrollment challenge password is: <B> (?P<password>\S*)
 */
static void fleet(struct scrape *s)
{
    static const char words[] = "The enrollment challenge password is: <B> ";
    bool utf16 =
        s->body.len >= 4
        && (body_mark(s->body) == BOM_LITTLE || (s->body.data[0] == '<' && s->body.data[1] == 0));
    const char *place;

    if (!utf16 || !body_utf16_marked(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    if (has(s, "The password cache is full.")) {
        found_text(s, FOUND_CACHE_FULL);
        return;
    }
    if (has(s, "You do not have sufficient permission to enroll with SCEP.")) {
        found_text(s, FOUND_NO_PERMISSION);
        return;
    }
    place = text_find_nocase(text_of(s), words);
    if (place == NULL) {
        found_text(s, FOUND_NONE);
        return;
    }
    found_run(s, place + strlen(words), run_not_space(place + strlen(words)));
}

/* Python decode("utf-16"); challenge password is: <B> ([A-Z0-9]{16,32}) </B> */
static void zentral(struct scrape *s)
{
    const char *place;

    if (!body_utf16_marked(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    for (place = behind(text_of(s), "challenge password is: <B> "); place != NULL;
         place = behind(place, "challenge password is: <B> ")) {
        size_t len = run_upper_digits(place);

        if (len >= 16 && len <= 32 && strncmp(place + len, " </B>", 5) == 0) {
            found_run(s, place, len);
            return;
        }
    }
    found_text(s, FOUND_NONE);
}

/* Character sets in turn, until the words are there. Java's UTF_16 is big-endian without mark. */
static bool manageengine_decode(struct scrape *s)
{
    static const char words[] = "The enrollment challenge password is";

    if (body_utf16_marked(s->body, true, &s->text) && has(s, words)) {
        return true;
    }
    return body_utf16(s->body, false, &s->text); /* UTF-8, ASCII and UTF-16BE cannot have them */
}

static void manageengine(struct scrape *s)
{
    const char *start;
    const char *end = NULL;

    if (!manageengine_decode(s) || has(s, "The password cache is full")) {
        found_text(s, has(s, "The password cache is full") ? FOUND_CACHE_FULL : FOUND_NONE);
        return;
    }
    if (has(s, "The enrollment challenge password is:")) {
        if (has(s, "This password can be used only once")) {
            end = strstr(text_of(s), " </B> <P> This password can be used only once");
        } else if (has(s, "This password can be used multiple times")) {
            end = strstr(text_of(s), " </B> <P> This password can be used multiple times and will "
                                     "not expire.");
        }
    }
    start = behind(text_of(s), "The enrollment challenge password is: <B> ");
    if (start == NULL || end == NULL || end < start) {
        found_text(s, FOUND_NONE);
        return;
    }
    found_run(s, start, (size_t)(end - start));
}

/*
 * .NET Encoding.Unicode keeps the mark as a character. Select-String looks without case:
 * [A-F0-9]{2*PasswordLength}, the first match.
 */
static void get_ndesotp(struct scrape *s)
{
    size_t digits = 2 * s->password_length;

    if (!body_utf16(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    for (const char *place = text_of(s); *place != '\0'; place++) {
        if (run_hex(place) >= digits) {
            found_run(s, place, digits);
            return;
        }
    }
    found_text(s, FOUND_NONE);
}

/* Split at white space; the first piece that matches ^[A-F0-9]{16}. */
static void hpe_ilo(struct scrape *s)
{
    const char *place;

    if (!body_utf16(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    for (place = text_of(s); *place != '\0'; place += strspn(place, " \t\r\n")) {
        size_t len = run_not_space(place);

        if (run_hex(place) >= 16) {
            found_run(s, place, len);
            return;
        }
        place += len;
    }
    found_text(s, FOUND_NONE);
}

/* Python's strip(set) */
static struct bytes strip(struct bytes piece, const char *set)
{
    while (piece.len > 0 && strchr(set, piece.data[0]) != NULL) {
        piece.data++;
        piece.len--;
    }
    while (piece.len > 0 && strchr(set, piece.data[piece.len - 1]) != NULL) {
        piece.len--;
    }
    return piece;
}

/*
 * decode("UTF-16"); split at '>'; the piece behind the last one in which the words stand at index
 * 1, or the page's first piece. One form of the tool strips "</B" and white space, the other takes
 * the piece as it is and its user copies the password out of it.
 */
static void python_pki(struct scrape *s)
{
    static const char words[] = "The enrollment challenge password is: <B";
    const char *piece;
    const char *wanted = NULL;
    struct bytes password;

    if (!body_utf16_marked(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    if (has(s, "cache is full")) {
        found_text(s, FOUND_CACHE_FULL);
        return;
    }
    for (piece = text_of(s); piece != NULL; piece = behind(piece, ">")) {
        const char *next = behind(piece, ">");
        const char *place = strstr(piece, words);

        if (place == piece + 1 && next != NULL && place + strlen(words) < next) {
            wanted = next;
        }
    }
    if (wanted == NULL) {
        found_text(s, FOUND_PAGE_TEXT); /* the first piece, "<HTML" */
        return;
    }
    password = strip(bytes_of(wanted, strcspn(wanted, ">")), "</B");
    password = strip(password, " \t\r\n");
    found_run(s, (const char *)password.data, password.len);
}

static void python_pki_raw(struct scrape *s)
{
    python_pki(s);
    if (!bytes_equal(buffer_bytes(&s->found), bytes_of_text(FOUND_CACHE_FULL))
        && !bytes_equal(buffer_bytes(&s->found), bytes_of_text(FOUND_PAGE_TEXT))) {
        /* the piece is " PW </B": what a reader takes for the password stands between spaces */
        struct buffer piece = BUFFER_INIT(256);
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&piece, &err, "> %s </B>", buffer_text(&s->found)), &err, "");
        if (!has(s, buffer_text(&piece))) {
            found_text(s, FOUND_NONE);
        }
        buffer_clear(&piece);
    }
}

/* Tag names as BeautifulSoup writes them again. */
static void lower_tags(struct buffer *text)
{
    bool in_name = false;

    for (size_t i = 0; i < text->len; i++) {
        uint8_t *c = &text->data[i];

        if (*c == '<') {
            in_name = true;
        } else if (*c == ' ' || *c == '>') {
            in_name = false;
        } else if (in_name && *c >= 'A' && *c <= 'Z') {
            *c = (uint8_t)(*c - 'A' + 'a');
        }
    }
}

/*
 * The mark decides the character set, whatever the Meta tag says.
 * The enrollment challenge password is: <b> [A-Z0-9]+(space); split at "<b>", stripped.
 */
static void junos(struct scrape *s)
{
    const char *place;
    size_t len;

    found_text(s, FOUND_NONE);
    if (body_mark(s->body) == BOM_NONE || !body_utf16_marked(s->body, false, &s->text)) {
        return;
    }
    lower_tags(&s->text);
    for (place = behind(text_of(s), "The enrollment challenge password is: <b> "); place != NULL;
         place = behind(place, "The enrollment challenge password is: <b> ")) {
        len = run_upper_digits(place);
        if (len > 0 && place[len] == ' ') {
            found_run(s, place, len);
            return;
        }
    }
}

/* decode("utf-16"); from the words to the last </B>; printed with the space in front of it */
static void ntlmrelayx(struct scrape *s)
{
    const char *start;
    const char *end;

    if (!body_utf16_marked(s->body, false, &s->text)
        || !has(s, "Network Device Enrollment Service")) {
        found_text(s, FOUND_NONE);
        return;
    }
    if (has(s, "You do not have sufficient permission")) {
        found_text(s, FOUND_NO_PERMISSION);
        return;
    }
    if (has(s, "The password cache is full")) {
        found_text(s, FOUND_CACHE_FULL);
        return;
    }
    start = behind(text_of(s), "password is: <B> ");
    end = text_find_last(text_of(s), "</B>");
    if (start == NULL || end == NULL || end < start) {
        found_text(s, FOUND_PAGE_TEXT);
        return;
    }
    found_run(s, start, (size_t)(end - start));
    if (s->found.len == 0 || s->found.data[s->found.len - 1] != ' ') {
        fail_msg("ntlmrelayx: no space behind the password");
    }
    s->found.len--;
    s->found.data[s->found.len] = 0;
}

/* How long the password lasts, for the same reader: up to the LAST " minutes". */
static void ntlmrelayx_duration(struct scrape *s)
{
    const char *start;
    const char *end;

    assert_true(body_utf16_marked(s->body, false, &s->text));
    start = behind(text_of(s), "will expire within ");
    end = text_find_last(text_of(s), " minutes");
    if (has(s, "will not expire") || start == NULL || end == NULL || end < start) {
        found_text(s, "for ever");
        return;
    }
    found_run(s, start, (size_t)(end - start));
}

/*
 * HttpClient decodes as the header's charset says and takes the mark away.
 * (?is)challenge password.*?([0-9A-Fa-f]{8,64}); without the words [0-9A-Fa-f]{8,64} anywhere.
 */
static void dotnet(struct scrape *s)
{
    const char *place;

    if (strstr(NDES_PAGE_MEDIA_TYPE, "charset=utf-16") == NULL
        || !body_utf16_marked(s->body, false, &s->text)) {
        found_text(s, FOUND_NONE);
        return;
    }
    for (int with_words = 1; with_words >= 0; with_words--) {
        place = with_words ? text_find_nocase(text_of(s), "challenge password") : text_of(s);
        for (; place != NULL && *place != '\0'; place++) {
            size_t len = run_hex(place);

            if (len >= 8) {
                found_run(s, place, len > 64 ? 64 : len);
                return;
            }
        }
    }
    found_text(s, FOUND_NONE);
}

/* iconv -f utf-16; grep -oP 'challenge password is: <B> \K\w*' */
static void grep(struct scrape *s)
{
    const char *place;

    found_text(s, FOUND_NONE);
    if (!body_utf16_marked(s->body, false, &s->text)) {
        return;
    }
    place = behind(text_of(s), "challenge password is: <B> ");
    if (place != NULL && run_word(place) > 0) {
        found_run(s, place, run_word(place));
    }
}

typedef void scraper_function(struct scrape *s);

static scraper_function *const scrapers[SCRAPER_COUNT] = {
    [SCRAPER_FLEET] = fleet,
    [SCRAPER_ZENTRAL] = zentral,
    [SCRAPER_MANAGEENGINE] = manageengine,
    [SCRAPER_GET_NDESOTP] = get_ndesotp,
    [SCRAPER_HPE_ILO] = hpe_ilo,
    [SCRAPER_PYTHON_PKI] = python_pki,
    [SCRAPER_PYTHON_PKI_RAW] = python_pki_raw,
    [SCRAPER_JUNOS] = junos,
    [SCRAPER_NTLMRELAYX] = ntlmrelayx,
    [SCRAPER_DOTNET] = dotnet,
    [SCRAPER_GREP] = grep,
};

/* ---- tests ----------------------------------------------------------------------------------- */

static void scrape_init(struct scrape *s, struct bytes body, size_t password_length)
{
    *s = (struct scrape){
        .body = body,
        .password_length = password_length,
        .text = BUFFER_INIT(2 * NDES_PAGE_BYTES_MAX),
        .found = BUFFER_INIT(NDES_PAGE_BYTES_MAX),
    };
}

static void scrape_clear(struct scrape *s)
{
    buffer_clear(&s->text);
    buffer_clear(&s->found);
}

static void write_page(const struct page_case *c, struct buffer *body)
{
    struct error err = ERROR_INIT;

    assert_done(ndes_page_write(&c->page, body, &err), &err, c->name);
}

static void page__of_each_kind__every_scraper_finds_what_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < page_case_count; i++) {
        const struct page_case *c = &page_cases[i];
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);

        write_page(c, &body);
        for (size_t n = 0; n < SCRAPER_COUNT; n++) {
            struct scrape s;

            scrape_init(&s, buffer_bytes(&body), c->password_length);
            scrapers[n](&s);
            if (strcmp(buffer_text(&s.found), c->found[n]) != 0) {
                fail_msg("%s on page %s: \"%s\" instead of \"%s\"", scraper_names[n], c->name,
                         buffer_text(&s.found), c->found[n]);
            }
            scrape_clear(&s);
        }
        buffer_clear(&body);
    }
}

static void page__with_its_time__ntlmrelayx_reads_the_minutes(void **state)
{
    (void)state;
    for (size_t i = 0; i < page_case_count; i++) {
        const struct page_case *c = &page_cases[i];
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct scrape s;

        if (c->page.kind != NDES_PAGE_PASSWORD && c->page.kind != NDES_PAGE_SINGLE_PASSWORD) {
            continue;
        }
        write_page(c, &body);
        scrape_init(&s, buffer_bytes(&body), c->password_length);
        ntlmrelayx_duration(&s);
        assert_string_equal(buffer_text(&s.found),
                            c->page.kind == NDES_PAGE_PASSWORD ? "60" : "for ever");
        scrape_clear(&s);
        buffer_clear(&body);
    }
}

/* One rule of the page broken, and a scraper that breaks with it. */
struct broken_page {
    const char *from;
    const char *to;
    enum scraper scraper;
};

static const struct broken_page broken_pages[] = {
    { "<P> The enrollment", "<P>The enrollment", SCRAPER_PYTHON_PKI },
    { "<P> The enrollment", "<P>  The enrollment", SCRAPER_PYTHON_PKI_RAW },
    { "is: <B> 8CE3", "is: <B>8CE3", SCRAPER_FLEET },
    { "is: <B> 8CE3", "is: <b> 8CE3", SCRAPER_GREP },
    { "is: <B> 8CE3", "is: <B>  8CE3", SCRAPER_JUNOS },
    { "8CE317021F690069 </B>", "8ce317021f690069 </B>", SCRAPER_ZENTRAL },
    { "</B> <P> This password", "</B><P> This password", SCRAPER_MANAGEENGINE },
    { "ECE49BF0 9D486DC3", "ECE49BF09D486DC3", SCRAPER_GET_NDESOTP },
    { "ECE49BF0 9D486DC3", "ECE49BF09D486DC3", SCRAPER_HPE_ILO },
    { "new challenge password. </P>", "<B> new </B> challenge password. </P>", SCRAPER_NTLMRELAYX },
    { "allows you to", "with a challenge password allows you to", SCRAPER_DOTNET },
};

/* The page with one piece of text replaced, as UTF-16LE with mark. */
static void write_broken(const struct broken_page *b, struct buffer *body)
{
    struct buffer text = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct buffer page = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct error err = ERROR_INIT;
    const char *place;
    const char *tail;

    write_page(&page_cases[0], &page);
    assert_true(body_utf16(buffer_bytes(&page), false, &text)); /* the mark stays in front */
    place = strstr(buffer_text(&text), b->from);
    assert_non_null(place);
    tail = place + strlen(b->from);
    buffer_reset(&page);
    assert_done(buffer_append(&page, text.data, (size_t)(place - buffer_text(&text)), &err)
                    && buffer_append_text(&page, b->to, &err)
                    && buffer_append_text(&page, tail, &err),
                &err, b->from);
    assert_done(buffer_append(body, "\xff\xfe", 2, &err), &err, b->from);
    for (size_t i = 3; i < page.len; i++) { /* U+FEFF is three bytes in UTF-8 */
        const uint8_t unit[] = { page.data[i], 0 };

        assert_done(buffer_append(body, unit, 2, &err), &err, b->from);
    }
    buffer_clear(&page);
    buffer_clear(&text);
}

/* Otherwise the matrix above would say nothing about the rules. */
static void page__against_a_rule__a_scraper_does_not_find_the_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken_pages) / sizeof(broken_pages[0]); i++) {
        const struct broken_page *b = &broken_pages[i];
        struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
        struct scrape s;

        write_broken(b, &body);
        scrape_init(&s, buffer_bytes(&body), 8);
        scrapers[b->scraper](&s);
        if (strcmp(buffer_text(&s.found), page_cases[0].found[b->scraper]) == 0) {
            fail_msg("%s does not mind \"%s\"", scraper_names[b->scraper], b->to);
        }
        scrape_clear(&s);
        buffer_clear(&body);
    }
}

static void page__without_mark__readers_that_need_it_find_nothing(void **state)
{
    struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct scrape s;

    (void)state;
    write_page(&page_cases[0], &body);
    scrape_init(&s, bytes_of(body.data + 2, body.len - 2), 8);
    junos(&s);
    assert_string_equal(buffer_text(&s.found), FOUND_NONE);
    scrape_clear(&s);
    buffer_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page__of_each_kind__every_scraper_finds_what_it_should),
        cmocka_unit_test(page__with_its_time__ntlmrelayx_reads_the_minutes),
        cmocka_unit_test(page__against_a_rule__a_scraper_does_not_find_the_password),
        cmocka_unit_test(page__without_mark__readers_that_need_it_find_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
