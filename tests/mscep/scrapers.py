#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scrapers.py [--post] [--basic USER] [--ca FILE] [--password-length BYTES] FILE|URL

Reads an NDES password page as the known MDM products and tools do, each with its own decoding and
its own expression, and prints a line for each: NAME<TAB>RESULT. RESULT is the password,
"cache-full", "no-permission", "none", "page-text" (the tool does not look whether its words are
there and takes something else), or "status-NNN" for an answer that is not 200.

--post             as the HPE script does: a form body operation=GetCACaps, no query
--basic USER       sign in with Basic; the password is the first line of standard input
--ca FILE          certificates to trust for https, PEM
--password-length  what the user of Get-NDESOTP would say; 8 if not given

The public sources of the expressions are named in docs/ndes-compatibility.md.
"""
import argparse
import base64
import html.parser
import re
import ssl
import sys
import urllib.error
import urllib.request

CACHE_FULL = "cache-full"
NO_PERMISSION = "no-permission"
NONE = "none"
PAGE_TEXT = "page-text"


def fleet(page):
    """Go: mark or '<' NUL is UTF-16LE, otherwise the header's charset, otherwise UTF-8."""
    body = page.body
    if body.startswith(b"\xff\xfe") or body.startswith(b"<\0"):
        text = body.removeprefix(b"\xff\xfe").decode("utf-16-le")
    else:
        text = body.decode(page.charset or "utf-8", "replace")
    if "The password cache is full." in text:
        return CACHE_FULL
    if "You do not have sufficient permission to enroll with SCEP." in text:
        return NO_PERMISSION
    match = re.search(r"(?i)The enrollment challenge password is: <B> (?P<password>\S*)", text)
    return match["password"] if match else NONE


def zentral(page):
    text = page.body.decode("utf-16")
    for match in re.finditer(r"challenge password is: <B> ([A-Z0-9]{16,32}) </B>", text):
        return match.group(1)
    return NONE


def manageengine(page):
    """Java: character sets in turn until the words appear; UTF_16 without mark is big-endian."""
    words = "The enrollment challenge password is"
    java_utf_16 = "utf-16" if page.body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-be"
    for charset in (java_utf_16, "utf-8", "ascii", "utf-16-be", "utf-16-le", "latin-1"):
        text = page.body.decode(charset, "replace")
        if words in text or "The password cache is full" in text:
            break
    if "The password cache is full" in text:
        return CACHE_FULL
    if words + ":" not in text:
        return NONE
    end = -1
    if "This password can be used only once" in text:
        end = text.find(" </B> <P> This password can be used only once")
    elif "This password can be used multiple times" in text:
        end = text.find(" </B> <P> This password can be used multiple times and will not expire.")
    start = "The enrollment challenge password is: <B> "
    return text[text.find(start) + len(start):end] if end != -1 else NONE


def dotnet_unicode(body):
    """Encoding.Unicode.GetString: little-endian, the mark stays as a character."""
    return body.decode("utf-16-le", "replace")


def get_ndesotp(page):
    """PowerShell's Select-String looks without case."""
    pattern = "[A-F0-9]{%d}" % (2 * page.password_length)
    match = re.search(pattern, dotnet_unicode(page.body), re.I)
    return match[0] if match else NONE


def hpe_ilo(page):
    for token in dotnet_unicode(page.body).split():
        if re.match("^[A-F0-9]{16}", token, re.I):
            return token
    return NONE


def python_pki_piece(page):
    text = page.body.decode("UTF-16")
    if "cache is full" in text:
        return CACHE_FULL
    index = 0
    for i, piece in enumerate(text.split(">")):
        if piece.find("The enrollment challenge password is: <B") == 1:
            index = i + 1
    return text.split(">")[index] if index else PAGE_TEXT


def python_pki(page):
    return python_pki_piece(page).strip("</B").strip()


def python_pki_raw(page):
    """The piece goes to a person: what stands in it between spaces."""
    piece = python_pki_piece(page)
    match = re.fullmatch(r" (\S+) </B", piece)
    return match[1] if match else piece


class AgainInLowerCase(html.parser.HTMLParser):
    """Writes the page again as BeautifulSoup's str() does, as far as the expression looks at it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.out = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.out.append("<%s>" % tag)  # HTMLParser has made it lower case

    def handle_endtag(self, tag):
        self.out.append("</%s>" % tag)

    def handle_data(self, data):
        self.out.append(data)


def junos_search(text):
    found = re.findall(r"The enrollment challenge password is: <b> [A-Z0-9]+ ", text)
    return found[0].split("<b>")[1].strip() if found else NONE


def junos(page):
    """BeautifulSoup believes a mark; without one it believes the Meta tag, which is wrong."""
    charset = "utf-16" if page.body.startswith(b"\xff\xfe") else "utf-8"
    return junos_search("".join(AgainInLowerCase(page.body.decode(charset, "replace")).out))


def junos_bs4(page):
    import bs4
    return junos_search(str(bs4.BeautifulSoup(page.body, "html.parser")))


def ntlmrelayx(page):
    text = page.body.decode("utf-16")
    if "Network Device Enrollment Service" not in text:
        return NONE
    if "You do not have sufficient permission" in text:
        return NO_PERMISSION
    if "The password cache is full" in text:
        return CACHE_FULL
    start = "password is: <B> "
    password = text[text.find(start) + len(start):text.rfind("</B>")]
    if not re.fullmatch(r"\S+ ", password):
        return PAGE_TEXT
    if "will not expire" not in text:
        within = "will expire within "
        minutes = text[text.find(within) + len(within):text.rfind(" minutes")]
        if not minutes.isdecimal():
            return PAGE_TEXT
    return password.strip()


def dotnet(page):
    """HttpClient: the header's charset, without one the mark, without one UTF-8."""
    charset = page.charset or ("utf-16" if page.body.startswith(b"\xff\xfe") else "utf-8")
    text = page.body.decode(charset, "replace")
    match = re.search("challenge password.*?([0-9A-Fa-f]{8,64})", text, re.I | re.S)
    match = match or re.search("([0-9A-Fa-f]{8,64})", text)
    return match[1] if match else NONE


def grep(page):
    """iconv -f utf-16, then grep -oP 'challenge password is: <B> \\K\\w*'"""
    match = re.search(r"challenge password is: <B> (\w+)", page.body.decode("utf-16"), re.A)
    return match[1] if match else NONE


SCRAPERS = {
    "fleet": fleet,
    "zentral": zentral,
    "manageengine": manageengine,
    "get-ndesotp": get_ndesotp,
    "hpe-ilo": hpe_ilo,
    "python-pki": python_pki,
    "python-pki-raw": python_pki_raw,
    "junos": junos,
    "ntlmrelayx": ntlmrelayx,
    "dotnet": dotnet,
    "grep": grep,
}


class Page:
    def __init__(self, body, charset, password_length, status=200):
        self.body = body
        self.charset = charset
        self.password_length = password_length
        self.status = status


def fetch(options):
    request = urllib.request.Request(options.page)
    if options.post:
        request.data = b"operation=GetCACaps"
    if options.basic:
        password = sys.stdin.readline().rstrip("\r\n")
        pair = f"{options.basic}:{password}".encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(pair).decode())
    context = ssl.create_default_context(cafile=options.ca) if options.ca else None
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return Page(answer.read(), answer.headers.get_content_charset(), options.password_length)
    except urllib.error.HTTPError as refused:
        return Page(b"", None, options.password_length, refused.code)


def read(options):
    if re.match("https?://", options.page):
        return fetch(options)
    with open(options.page, "rb") as file:
        return Page(file.read(), None, options.password_length)


def scrape(scraper, page):
    if page.status != 200:
        return f"status-{page.status}"
    try:
        return scraper(page)
    except UnicodeDecodeError:
        return NONE


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[0])
    parser.add_argument("--post", action="store_true")
    parser.add_argument("--basic", metavar="USER")
    parser.add_argument("--ca", metavar="FILE")
    parser.add_argument("--password-length", type=int, default=8)
    parser.add_argument("page")
    options = parser.parse_args()
    try:
        import bs4  # noqa: F401  BeautifulSoup itself, where it is installed
        SCRAPERS["junos-bs4"] = junos_bs4
    except ImportError:
        pass
    page = read(options)
    for name, scraper in SCRAPERS.items():
        print(f"{name}\t{scrape(scraper, page)}")


if __name__ == "__main__":
    main()
