/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write every test page to FOLDER/<name>.html, and to FOLDER/<name>.expected what each scraper
 * finds there: "password-length<TAB>N", then a line "<scraper><TAB><found>" for each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "mscep/page_cases.h"

static FILE *create(const char *folder, const char *name, const char *ending)
{
    char path[512];
    FILE *file = NULL;

    if (text_format(path, sizeof(path), "%s/%s.%s", folder, name, ending)) {
        file = fopen(path, "wb");
    }
    if (file == NULL) {
        fprintf(stderr, "%s/%s.%s cannot be written\n", folder, name, ending);
    }
    return file;
}

static bool write_case(const char *folder, const struct page_case *c)
{
    struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct error err = ERROR_INIT;
    FILE *page = create(folder, c->name, "html");
    FILE *expected = create(folder, c->name, "expected");
    bool ok = page != NULL && expected != NULL && ndes_page_write(&c->page, &body, &err)
              && fwrite(body.data, 1, body.len, page) == body.len;

    if (error_is_set(&err)) {
        fprintf(stderr, "%s: %s\n", c->name, err.detail);
    }
    if (ok) {
        ok = fprintf(expected, "password-length\t%zu\n", c->password_length) > 0;
    }
    for (size_t i = 0; ok && i < SCRAPER_COUNT; i++) {
        ok = fprintf(expected, "%s\t%s\n", scraper_names[i], c->found[i]) > 0;
    }
    if (page != NULL && fclose(page) != 0) {
        ok = false;
    }
    if (expected != NULL && fclose(expected) != 0) {
        ok = false;
    }
    buffer_clear(&body);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: write_ndes_pages FOLDER\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < page_case_count; i++) {
        if (!write_case(argv[1], &page_cases[i])) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
