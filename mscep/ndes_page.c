/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_page.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>

/*
 * The pages are read by programs. Those found search for a phrase, for the first run of
 * hexadecimal digits, or for the last </B>, so whoever changes a text here keeps these rules
 * (tests/mscep/test_ndes_scrapers.c holds the programs' expressions):
 *   - one line; tags in upper case; one space at each place where there is one now;
 *   - "challenge password is" once, before the password; no "challenge password" before it;
 *   - no run of 8 hexadecimal digits but in thumbprint and password; none of 16 but the password;
 *   - nothing bold and no " minutes" behind the password's own two sentences.
 * This is why a SHA-256 fingerprint of the CA is not shown: expressions of other products are
 * unknown, and "openndes ca show" prints it.
 */
#define TITLE "Network Device Enrollment Service"

/* The charset is what NDES writes there; what counts is the byte order mark. */
static const char page_head[] =
    "<HTML><Head><Meta HTTP-Equiv=\"Content-Type\" Content=\"text/html; charset=UTF-8\">"
    "<Title>" TITLE "</Title></Head><Body BgColor=#FFFFFF>"
    "<Font ID=locPageFont Face=\"Arial\">"
    "<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% BgColor=#008080><TR><TD>"
    "<Font ID=locPageTitleFont Face=\"Arial\" Size=-1 Color=#FFFFFF>"
    "<LocID ID=locMSCertSrv>" TITLE "</LocID></Font></TD></TR></Table>"
    "<P ID=locPageTitle> " TITLE " allows you to obtain certificates for routers or other network "
    "devices using the Simple Certificate Enrollment Protocol (SCEP). </P>";

/* NDES links to its vendor's documentation here. */
static const char page_tail[] =
    " <P ID=locPageDesc> For more information see the documentation of this service. </P>"
    "</Font></Body></HTML>";

#define MD5_BYTES 16
#define MD5_GROUP_BYTES 4

/* MD5 over the certificate, " A656FA66 AB12B433 A2DA5CF7 CC153D9A" with the leading space. */
static bool write_thumbprint(struct bytes der, struct buffer *text, struct error *err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (der.len == 0 || EVP_Digest(der.data, der.len, digest, &len, EVP_md5(), NULL) != 1
        || len != MD5_BYTES) {
        return error_set(err, REASON_INTERNAL, "no thumbprint of the CA certificate for the page");
    }
    for (unsigned i = 0; i < len; i++) {
        if (!buffer_printf(text, err, i % MD5_GROUP_BYTES == 0 ? " %02X" : "%02X", digest[i])) {
            return false;
        }
    }
    return true;
}

/*
 * A password goes onto the page as it is, and every reader takes hexadecimal digits only. The
 * length is the cache's affair; what no password of it can be is stopped here.
 */
static bool password_check(struct bytes password, struct error *err)
{
    bool ok = password.len != 0 && password.len <= 2 * LIMIT_PASSWORD_BYTES;

    for (size_t i = 0; ok && i < password.len; i++) {
        uint8_t c = password.data[i];

        ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    }
    return ok
           || error_set(err, REASON_INTERNAL, "password of %zu bytes is not fit for the page",
                        password.len);
}

static bool write_ca(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    return buffer_append_text(text,
                              "<P> To complete certificate enrollment for your network device you "
                              "will need the following information: "
                              "<P> The thumbprint (hash value) for the CA certificate is: <B>",
                              err)
           && write_thumbprint(page->ca_der, text, err) && buffer_append_text(text, " </B> ", err);
}

static bool write_ca_and_password(const struct ndes_page *page, struct buffer *text,
                                  struct error *err)
{
    return password_check(page->password, err) && write_ca(page, text, err)
           && buffer_append_text(text, "<P> The enrollment challenge password is: <B> ", err)
           && buffer_append_bytes(text, page->password, err)
           && buffer_append_text(text, " </B> ", err);
}

static bool write_password(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    return write_ca_and_password(page, text, err)
           && buffer_printf(text, err,
                            "<P> This password can be used only once and will expire within "
                            "%" PRId64 " minutes. <P> Each enrollment requires a new challenge "
                            "password. You can refresh this web page to obtain a new challenge "
                            "password. </P>",
                            page->validity_minutes);
}

static bool write_single(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    return write_ca_and_password(page, text, err)
           && buffer_append_text(
               text, "<P> This password can be used multiple times and will not expire. </P>", err);
}

static bool write_no_password(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    return write_ca(page, text, err)
           && buffer_append_text(text, "<P> No password is required for enrollment. </P>", err);
}

static bool write_cache_full(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    return buffer_printf(text, err,
                         "<P> The password cache is full. <P> " TITLE " stores unused password for "
                         "later use. Each is stored for %" PRId64 " minutes. <P> Use one of the "
                         "existing passwords. If you cannot use an existing password: <UL> <LI> "
                         "Wait until one or more existing passwords expire. </LI> <LI> Let the "
                         "administrator remove unused passwords. </LI> <LI> Configure the service "
                         "to cache more than %" PRId64 " passwords. </LI> </UL> </P>",
                         page->validity_minutes, page->max);
}

static bool write_no_permission(const struct ndes_page *page, struct buffer *text,
                                struct error *err)
{
    (void)page;
    return buffer_append_text(text,
                              "<P> You do not have sufficient permission to enroll with SCEP.  "
                              "Please contact your system administrator. </P>",
                              err);
}

/*
 * A URL as text and in quotes: what HTML could read otherwise becomes an entity, what is no
 * character of a URL is percent-encoded. So the page stays ASCII.
 */
static bool write_url(const char *url, struct buffer *text, struct error *err)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
    };

    for (; *url != '\0'; url++) {
        uint8_t c = (uint8_t)*url;
        const char *entity = NULL;
        bool ok;

        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
            if (entities[i].c == *url) {
                entity = entities[i].entity;
            }
        }
        if (entity != NULL) {
            ok = buffer_append_text(text, entity, err);
        } else if (c <= ' ' || c >= 0x7f) {
            ok = buffer_printf(text, err, "%%%02X", c);
        } else {
            ok = buffer_append_byte(text, c, err);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* Monitors compare the first sentence. The URL stands before the words "challenge password". */
static bool write_help(const struct ndes_page *page, struct buffer *text, struct error *err)
{
    if (!buffer_append_text(text,
                            "<P> This URL is used by network devices to submit certificate "
                            "requests. ",
                            err)) {
        return false;
    }
    if (page->admin_url == NULL || page->admin_url[0] == '\0') {
        return buffer_append_text(text, "</P>", err);
    }
    return buffer_append_text(text, "<P> The administration page <A HREF=\"", err)
           && write_url(page->admin_url, text, err) && buffer_append_text(text, "\">", err)
           && write_url(page->admin_url, text, err)
           && buffer_append_text(
               text, " </A> is where to obtain an enrollment challenge password. </P>", err);
}

typedef bool write_content(const struct ndes_page *page, struct buffer *text, struct error *err);

static write_content *const contents[] = {
    [NDES_PAGE_PASSWORD] = write_password,           [NDES_PAGE_SINGLE_PASSWORD] = write_single,
    [NDES_PAGE_NO_PASSWORD] = write_no_password,     [NDES_PAGE_CACHE_FULL] = write_cache_full,
    [NDES_PAGE_NO_PERMISSION] = write_no_permission, [NDES_PAGE_HELP] = write_help,
};

/* Room is made first: on failure `out` is as it was. */
static bool append_utf16(struct bytes ascii, struct buffer *out, struct error *err)
{
    static const uint8_t mark[] = { 0xff, 0xfe };

    if (!buffer_reserve(out, sizeof(mark) + 2 * ascii.len, err)
        || !buffer_append(out, mark, sizeof(mark), err)) {
        return false;
    }
    for (size_t i = 0; i < ascii.len; i++) {
        const uint8_t unit[] = { ascii.data[i], 0 };

        if (!buffer_append(out, unit, sizeof(unit), err)) {
            return false;
        }
    }
    return true;
}

bool ndes_page_write(const struct ndes_page *page, struct buffer *out, struct error *err)
{
    struct buffer text = BUFFER_INIT((NDES_PAGE_BYTES_MAX - 2) / 2); /* wiped when it grows, too */
    bool ok = false;

    if (!buffer_append_text(&text, page_head, err)) goto out;
    if (!contents[page->kind](page, &text, err)) goto out;
    if (!buffer_append_text(&text, page_tail, err)) goto out;
    ok = append_utf16(buffer_bytes(&text), out, err);
out:
    buffer_clear(&text);
    return ok;
}
