/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "platform/console_text.h"
#include "platform/win32/wide.h"

#include <windows.h>

#define CONSOLE_CHUNK 8192u /* UTF-16 units; older consoles refuse more than 32 KB at once */
#define WRITE_CHUNK 65536u  /* bytes */

static void write_to_console(HANDLE console, struct bytes utf8)
{
    wchar_t *wide = wide_from_utf8_lossy((const char *)utf8.data, utf8.len);
    size_t len = wide != NULL ? wcslen(wide) : 0;

    for (size_t pos = 0; pos < len;) {
        DWORD chunk = len - pos < CONSOLE_CHUNK ? (DWORD)(len - pos) : CONSOLE_CHUNK;
        DWORD done = 0;

        if (chunk > 1 && IS_HIGH_SURROGATE(wide[pos + chunk - 1])) {
            chunk--; /* a pair stays together */
        }
        if (!WriteConsoleW(console, wide + pos, chunk, &done, NULL) || done == 0) {
            break;
        }
        pos += done;
    }
    free(wide);
}

static void write_to_file(HANDLE file, struct bytes utf8)
{
    while (utf8.len > 0) {
        DWORD chunk = utf8.len < WRITE_CHUNK ? (DWORD)utf8.len : WRITE_CHUNK;
        DWORD done = 0;

        if (!WriteFile(file, utf8.data, chunk, &done, NULL) || done == 0) {
            return; /* the reader went away */
        }
        utf8.data += done;
        utf8.len -= done;
    }
}

void console_write(enum console_stream stream, struct bytes utf8)
{
    FILE *file = stream == CONSOLE_OUT ? stdout : stderr;
    HANDLE handle = GetStdHandle(stream == CONSOLE_OUT ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
    DWORD mode = 0;

    if (handle == NULL || handle == INVALID_HANDLE_VALUE) {
        return; /* a service has none */
    }
    _lock_file(file); /* the one lock that all threads share without a global of ours */
    (void)fflush(file);
    if (GetConsoleMode(handle, &mode)) {
        write_to_console(handle, utf8);
    } else {
        write_to_file(handle, utf8);
    }
    _unlock_file(file);
}

bool console_input_is_terminal(void)
{
    DWORD mode = 0;

    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) != 0;
}

static enum console_byte next_file_byte(void *context, uint8_t *byte)
{
    HANDLE input = *(HANDLE *)context;
    DWORD got = 0;

    if (!ReadFile(input, byte, 1, &got, NULL)) {
        return GetLastError() == ERROR_BROKEN_PIPE ? CONSOLE_END : CONSOLE_BROKEN;
    }
    return got == 0 ? CONSOLE_END : CONSOLE_BYTE;
}

/* One character at a time from the console, given out as UTF-8 bytes. */
struct console_input {
    HANDLE handle;
    uint8_t bytes[8];
    int count;
    int next;
};

static enum console_byte next_console_byte(void *context, uint8_t *byte)
{
    struct console_input *input = context;
    wchar_t units[2] = { 0, 0 };
    int unit_count = 1;
    DWORD got = 0;

    if (input->next == input->count) {
        if (!ReadConsoleW(input->handle, units, 1, &got, NULL)) {
            return CONSOLE_BROKEN;
        }
        if (got == 0) {
            return CONSOLE_END; /* Ctrl-C, Ctrl-Break */
        }
        if (IS_HIGH_SURROGATE(units[0]) && ReadConsoleW(input->handle, units + 1, 1, &got, NULL)
            && got == 1) {
            unit_count = 2;
        }
        input->next = 0;
        input->count = WideCharToMultiByte(CP_UTF8, 0, units, unit_count, (char *)input->bytes,
                                           (int)sizeof(input->bytes), NULL, NULL);
        if (input->count <= 0) {
            input->count = 0;
            return CONSOLE_BROKEN;
        }
    }
    *byte = input->bytes[input->next++];
    return CONSOLE_BYTE;
}

bool console_read_secret(const char *prompt, size_t max_bytes, struct secret *out,
                         struct error *err)
{
    struct console_input input = { GetStdHandle(STD_INPUT_HANDLE), { 0 }, 0, 0 };
    DWORD mode = 0;
    bool ok = false;

    if (!GetConsoleMode(input.handle, &mode)) {
        return console_collect_line(next_file_byte, &input.handle, max_bytes, out, err);
    }
    if (!SetConsoleMode(input.handle, (mode & ~(DWORD)ENABLE_ECHO_INPUT) | ENABLE_LINE_INPUT)) {
        return error_set(err, REASON_USAGE, "the console cannot be switched to hidden input");
    }
    console_write(CONSOLE_ERR, bytes_of_text(prompt));
    ok = console_collect_line(next_console_byte, &input, max_bytes, out, err);
    (void)SetConsoleMode(input.handle, mode);
    console_write(CONSOLE_ERR, bytes_of_text("\n")); /* the one that was not echoed */
    secret_wipe(input.bytes, sizeof(input.bytes));
    return ok;
}

bool console_would_block(enum console_stream stream)
{
    (void)stream;
    return false;
}
