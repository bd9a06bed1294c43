/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/page_cases.h"

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* Its MD5 is B6A430A7 ECE49BF0 9D486DC3 31CD54E8. */
#define CA_DER TEXT("a CA certificate, DER")
#define THUMBPRINT_FIRST "B6A430A7"

#define PW16 "8CE317021F690069"
/* The digit that is in "</B>" too, at both ends. */
#define PW_B "BBFE34CF11C2C0BB"
#define PW_DIGITS "1000000000000002"
#define PW32 "00F7FC7912A5E3B4C6D8E0F1A2B3C4DB"
#define PW64 PW32 "7A7F9FC400654F17ABBFE34CF11C2C04"
#define PW8 "7A7F9FCB"

#define PASSWORD_PAGE(text)                                                                        \
    {                                                                                              \
        .kind = NDES_PAGE_PASSWORD, .ca_der = CA_DER, .password = TEXT(text),                      \
        .validity_minutes = 60                                                                     \
    }
#define ALL(text)                                                                                  \
    {                                                                                              \
        text, text, text, text, text, text, text, text, text, text, text                           \
    }

const char *const scraper_names[SCRAPER_COUNT] = {
    [SCRAPER_FLEET] = "fleet",
    [SCRAPER_ZENTRAL] = "zentral",
    [SCRAPER_MANAGEENGINE] = "manageengine",
    [SCRAPER_GET_NDESOTP] = "get-ndesotp",
    [SCRAPER_HPE_ILO] = "hpe-ilo",
    [SCRAPER_PYTHON_PKI] = "python-pki",
    [SCRAPER_PYTHON_PKI_RAW] = "python-pki-raw",
    [SCRAPER_JUNOS] = "junos",
    [SCRAPER_NTLMRELAYX] = "ntlmrelayx",
    [SCRAPER_DOTNET] = "dotnet",
    [SCRAPER_GREP] = "grep",
};

const struct page_case page_cases[] = {
    { "fresh", PASSWORD_PAGE(PW16), 8, ALL(PW16) },
    { "fresh-b", PASSWORD_PAGE(PW_B), 8, ALL(PW_B) },
    { "fresh-digits", PASSWORD_PAGE(PW_DIGITS), 8, ALL(PW_DIGITS) },
    { "fresh-32", PASSWORD_PAGE(PW32), 16, ALL(PW32) },
    { "fresh-64",
      PASSWORD_PAGE(PW64),
      32,
      { PW64, FOUND_NONE, PW64, PW64, PW64, PW64, PW64, PW64, PW64, PW64, PW64 } },
    /* As short as the thumbprint's groups: a server of Microsoft fails these three as well. */
    { "fresh-8",
      PASSWORD_PAGE(PW8),
      4,
      { PW8, FOUND_NONE, PW8, THUMBPRINT_FIRST, FOUND_NONE, PW8, PW8, PW8, PW8, PW8, PW8 } },
    { "single",
      { .kind = NDES_PAGE_SINGLE_PASSWORD, .ca_der = CA_DER, .password = TEXT(PW16) },
      8,
      ALL(PW16) },
    { "single-32",
      { .kind = NDES_PAGE_SINGLE_PASSWORD, .ca_der = CA_DER, .password = TEXT(PW32) },
      16,
      ALL(PW32) },
    { "cache-full",
      { .kind = NDES_PAGE_CACHE_FULL, .validity_minutes = 525600, .max = 1000000 },
      8,
      { FOUND_CACHE_FULL, FOUND_NONE, FOUND_CACHE_FULL, FOUND_NONE, FOUND_NONE, FOUND_CACHE_FULL,
        FOUND_CACHE_FULL, FOUND_NONE, FOUND_CACHE_FULL, FOUND_NONE, FOUND_NONE } },
    { "no-permission",
      { .kind = NDES_PAGE_NO_PERMISSION },
      8,
      { FOUND_NO_PERMISSION, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_PAGE_TEXT,
        FOUND_PAGE_TEXT, FOUND_NONE, FOUND_NO_PERMISSION, FOUND_NONE, FOUND_NONE } },
    /*
     * The .NET client takes the first run of digits when its words are missing. What it sends then
     * does no harm: no password is compared.
     */
    { "no-password",
      { .kind = NDES_PAGE_NO_PASSWORD, .ca_der = CA_DER },
      8,
      { FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_PAGE_TEXT,
        FOUND_PAGE_TEXT, FOUND_NONE, FOUND_PAGE_TEXT, THUMBPRINT_FIRST, FOUND_NONE } },
    { "help",
      { .kind = NDES_PAGE_HELP, .admin_url = "http://ndes.example.com/CertSrv/mscep_admin/" },
      8,
      { FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_NONE, FOUND_PAGE_TEXT,
        FOUND_PAGE_TEXT, FOUND_NONE, FOUND_PAGE_TEXT, FOUND_NONE, FOUND_NONE } },
};
const size_t page_case_count = sizeof(page_cases) / sizeof(page_cases[0]);
