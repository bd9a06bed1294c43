/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/console.h"

#include <poll.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "platform/console_text.h"

/* Write all; a reader that went away, or a full disk behind a redirection, ends it silently. */
static void write_all(int fd, struct bytes text)
{
    while (text.len > 0) {
        ssize_t done = write(fd, text.data, text.len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return;
        }
        text.data += done;
        text.len -= (size_t)done;
    }
}

void console_write(enum console_stream stream, struct bytes utf8)
{
    FILE *file = stream == CONSOLE_OUT ? stdout : stderr;
    const struct timespec now = { 0, 0 };
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    bool was_pending = false;

    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    flockfile(file); /* the one lock that all threads share without a global of ours */
    (void)fflush(file);
    write_all(fileno(file), utf8);
    funlockfile(file);
    if (!was_pending) {
        while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool console_input_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

struct input {
    bool terminal;
    cc_t interrupt; /* the key that would send SIGINT */
    bool interrupted;
};

static enum console_byte next_byte(void *context, uint8_t *byte)
{
    struct input *input = context;
    ssize_t got = 0;

    do {
        got = read(STDIN_FILENO, byte, 1); /* one: what follows belongs to the next call */
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return CONSOLE_BROKEN;
    }
    if (got == 0) {
        return CONSOLE_END;
    }
    if (input->terminal && *byte == input->interrupt) {
        input->interrupted = true;
        return CONSOLE_BROKEN;
    }
    return CONSOLE_BYTE;
}

/*
 * On a terminal: no echo, and the interrupt key ends the line instead of sending a signal that
 * would kill us before echo is back. The signal is sent by ourselves afterwards.
 */
static bool read_from_terminal(const char *prompt, size_t max_bytes, struct secret *out,
                               struct error *err)
{
    struct input input = { true, 0, false };
    struct termios normal;
    struct termios quiet;
    bool ok = false;

    if (tcgetattr(STDIN_FILENO, &normal) != 0) {
        return error_set(err, REASON_USAGE, "the terminal cannot be switched to hidden input");
    }
    quiet = normal;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ISIG);
    quiet.c_lflag |= ICANON | ECHONL;
    input.interrupt = normal.c_cc[VINTR];
    quiet.c_cc[VEOL] = input.interrupt; /* so that the key delivers the line at once */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
        return error_set(err, REASON_USAGE, "the terminal cannot be switched to hidden input");
    }
    console_write(CONSOLE_ERR, bytes_of_text(prompt));
    ok = console_collect_line(next_byte, &input, max_bytes, out, err);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &normal);
    if (input.interrupted) {
        console_write(CONSOLE_ERR, bytes_of_text("\n"));
        (void)raise(SIGINT);
    }
    return ok;
}

bool console_read_secret(const char *prompt, size_t max_bytes, struct secret *out,
                         struct error *err)
{
    struct input input = { false, 0, false };

    if (console_input_is_terminal()) {
        return read_from_terminal(prompt, max_bytes, out, err);
    }
    return console_collect_line(next_byte, &input, max_bytes, out, err);
}

bool console_would_block(enum console_stream stream)
{
    struct pollfd state = { .fd = stream == CONSOLE_OUT ? STDOUT_FILENO : STDERR_FILENO,
                            .events = POLLOUT };

    /* a pipe is ready when PIPE_BUF bytes fit, and so much is written without waiting */
    return poll(&state, 1, 0) == 0;
}
