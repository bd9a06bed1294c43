/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the command line: verbs, help, errors as sentences, exit codes.
 * Not here: the verbs themselves (cmd_*.c), encodings of argv (main_*.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_CLI_H
#define OPENNDES_SERVICE_CLI_H

/* argv in UTF-8, argv[0] is the program. Gives the exit code. */
int cli_run(int argc, char **argv);

#endif
