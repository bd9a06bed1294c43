/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the terminal: UTF-8 output that arrives on Windows consoles and in pipes, secrets
 *           without echo.
 * Not here: command line parsing (service/).
 * Owns:     nothing.
 * Threads:  writing: any thread; reading: one.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_CONSOLE_H
#define OPENNDES_PLATFORM_CONSOLE_H

#include "base/secret.h"

enum console_stream { CONSOLE_OUT, CONSOLE_ERR };

/*
 * Write and flush; one call is one piece (not interleaved with another thread's). A closed pipe is
 * ignored.
 */
void console_write(enum console_stream stream, struct bytes utf8);
void console_printf(enum console_stream stream, const char *format, ...) PRINTF_FORMAT(2, 3);

/*
 * True when writing a piece of at most 4 KB now would wait for a reader: a log line may then be
 * left out. Windows cannot tell and says false.
 */
bool console_would_block(enum console_stream stream);

/* True when standard input is a terminal. */
bool console_input_is_terminal(void);
/*
 * Read one line of at most max_bytes from standard input, without its line end (LF or CRLF), as a
 * secret. On a terminal `prompt` is shown and nothing is echoed. Unbuffered, so that a second call
 * reads the next line. Errors: REASON_USAGE (end of input, too long, not UTF-8, NUL).
 */
MUST_USE bool console_read_secret(const char *prompt, size_t max_bytes, struct secret *out,
                                  struct error *err);

#endif
