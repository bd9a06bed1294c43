/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "platform/console.h"

static void write__reader_gone__is_ignored(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        int ends[2];
        struct sigaction action;
        sigset_t mask;
        bool ok = pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO;

        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)signal(SIGPIPE, SIG_DFL);
        console_write(CONSOLE_ERR, bytes_of_text("nobody reads this\n"));
        /* and the signal's handling is as before */
        ok = ok && sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL
             && sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGPIPE) == 0;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The child's standard input is a terminal; the parent plays the person in front of it. */
static pid_t start_at_terminal(int *master, int result[2])
{
    const char *name = NULL;
    pid_t child = -1;

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0) test_skip("no terminals");
    name = ptsname(*master);
    assert_non_null(name);
    assert_int_equal(pipe(result), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct secret s = SECRET_INIT;
        struct error err = ERROR_INIT;
        int slave = -1;

        (void)setsid();
        slave = open(name, O_RDWR);
        if (slave < 0 || dup2(slave, 0) != 0 || dup2(slave, 1) != 1 || dup2(slave, 2) != 2)
            _exit(2);
        if (!console_input_is_terminal()) _exit(3);
        if (!console_read_secret("Password: ", 100, &s, &err)) _exit(4);
        if (write(result[1], s.data, s.len) != (ssize_t)s.len) _exit(5);
        secret_clear(&s);
        _exit(0);
    }
    (void)close(result[1]);
    return child;
}

/* Read what appears on the terminal until `wanted` is there. */
static void expect(int master, const char *wanted, char *all, size_t size)
{
    size_t len = strlen(all);

    while (strstr(all, wanted) == NULL) {
        ssize_t got = read(master, all + len, size - 1 - len);

        assert_true(got > 0);
        len += (size_t)got;
        all[len] = '\0';
    }
}

static void read_secret__terminal__shows_the_prompt_but_not_the_secret(void **state)
{
    char shown[500] = "";
    char secret[101] = "";
    struct termios after;
    int result[2];
    int master = -1;
    int status = 0;
    pid_t child = start_at_terminal(&master, result);

    (void)state;
    expect(master, "Password: ", shown, sizeof(shown));
    assert_int_equal(write(master,
                           "sEcrex\x7f"
                           "t\n",
                           9),
                     9); /* with a correction */
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(result[0], secret, sizeof(secret) - 1), 6);
    assert_string_equal(secret, "sEcret");
    expect(master, "\n", shown, sizeof(shown));
    assert_null(strstr(shown, "sE"));
    assert_int_equal(tcgetattr(master, &after), 0);
    assert_int_not_equal(after.c_lflag & ECHO, 0);
    assert_int_not_equal(after.c_lflag & ISIG, 0);
    (void)close(master);
    (void)close(result[0]);
}

static void read_secret__interrupt_key__echo_is_back_and_the_signal_comes(void **state)
{
    char shown[500] = "";
    struct termios after;
    int result[2];
    int master = -1;
    int status = 0;
    pid_t child = start_at_terminal(&master, result);

    (void)state;
    expect(master, "Password: ", shown, sizeof(shown));
    assert_int_equal(write(master, "sE\x03", 3), 3);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_int_equal(tcgetattr(master, &after), 0);
    assert_int_not_equal(after.c_lflag & ECHO, 0);
    (void)close(master);
    (void)close(result[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__reader_gone__is_ignored),
        cmocka_unit_test(read_secret__terminal__shows_the_prompt_but_not_the_secret),
        cmocka_unit_test(read_secret__interrupt_key__echo_is_back_and_the_signal_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
