/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the pages that tests make, and what each known scraper finds on each of them.
 * Not here: the scrapers (test_ndes_scrapers.c, scrapers.py).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_TESTS_MSCEP_PAGE_CASES_H
#define OPENNDES_TESTS_MSCEP_PAGE_CASES_H

#include "mscep/ndes_page.h"

/* Products and tools that read the page, and whose expressions are public. */
enum scraper {
    SCRAPER_FLEET,          /* Fleet */
    SCRAPER_ZENTRAL,        /* Zentral */
    SCRAPER_MANAGEENGINE,   /* ManageEngine MDM */
    SCRAPER_GET_NDESOTP,    /* PSCertificateEnrollment, PSNDESEnrollment */
    SCRAPER_HPE_ILO,        /* HPE iLO and OneView script */
    SCRAPER_PYTHON_PKI,     /* Python PKI tool that strips the password */
    SCRAPER_PYTHON_PKI_RAW, /* its earlier form, which keeps what stands before the next '>' */
    SCRAPER_JUNOS,          /* Junos automation with BeautifulSoup */
    SCRAPER_NTLMRELAYX,     /* NDES module for ntlmrelayx */
    SCRAPER_DOTNET,         /* .NET SCEP client */
    SCRAPER_GREP,           /* grep -P one-liner */
    SCRAPER_COUNT
};

/* What a scraper finds that finds no password. */
#define FOUND_CACHE_FULL "cache-full"
#define FOUND_NO_PERMISSION "no-permission"
#define FOUND_NONE "none"
/* It does not look whether its words are there, and takes some of the page's text. */
#define FOUND_PAGE_TEXT "page-text"

struct page_case {
    const char *name;
    struct ndes_page page;
    size_t password_length; /* bytes, as Get-NDESOTP is told by its user */
    const char *found[SCRAPER_COUNT];
};

extern const struct page_case page_cases[];
extern const size_t page_case_count;
/* Names in what scrapers.py prints. */
extern const char *const scraper_names[SCRAPER_COUNT];

#endif
