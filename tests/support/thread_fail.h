/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  threads that the system does not give: the n-th pthread_create of the process fails,
 *           once or from there on, whoever asks for it: our code, libmicrohttpd, curl.
 * Not here: what is done meanwhile.
 * Owns:     pthread_create of the program that it is linked into: libraries find this one first.
 * Threads:  every thread's calls count while it is armed; arm and disarm from one thread.
 * Spec:     none. Linux only.
 */
#ifndef OPENNDES_TESTS_SUPPORT_THREAD_FAIL_H
#define OPENNDES_TESTS_SUPPORT_THREAD_FAIL_H

#include <stdbool.h>
#include <stddef.h>

/* The nth from now on fails (1: the next one) with EAGAIN, lasting: and all behind it. 0: none. */
void thread_fail_arm(size_t nth, bool lasting);
/* How many were asked for since then, failed ones included. From now on none fails. */
size_t thread_fail_disarm(void);
/* Threads that this process has. */
size_t thread_fail_alive(void);

#endif
