/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <windows.h>

#include "service/cli.h"

/* Unpaired surrogates, which file names may hold, cannot become UTF-8: refused, not guessed. */
static char *to_utf8(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, NULL, 0, NULL, NULL);
    char *utf8 = size <= 0 ? NULL : malloc((size_t)size);

    if (utf8 != NULL
        && WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, utf8, size, NULL, NULL)
               <= 0) {
        free(utf8);
        utf8 = NULL;
    }
    return utf8;
}

/* -municode looks for it; no header declares it. */
int wmain(int argc, wchar_t **wide);

int wmain(int argc, wchar_t **wide)
{
    char **argv = calloc((size_t)argc + 1, sizeof(*argv));
    int code = 2;
    int converted = 0;

    while (argv != NULL && converted < argc) {
        argv[converted] = to_utf8(wide[converted]);
        if (argv[converted] == NULL) {
            break;
        }
        converted++;
    }
    if (argv != NULL && converted == argc) {
        /* cli_run reorders its argv: free from a copy of the pointers. */
        char **owned = calloc((size_t)argc + 1, sizeof(*owned));

        for (int i = 0; owned != NULL && i < argc; i++) {
            owned[i] = argv[i];
        }
        code = cli_run(argc, argv);
        for (int i = 0; owned != NULL && i < argc; i++) {
            free(owned[i]);
        }
        free(owned);
    }
    free(argv);
    return code;
}
