/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the answer to OpenSSL when it wants the password of a PEM block that should have none.
 *           Without one it asks at the terminal, and a service would wait there for ever.
 * Not here: key files, which may have a password (ca/ca_key.h, intune/intune_key_file.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     RFC 1421 4.6.1 (Proc-Type: 4,ENCRYPTED).
 */
#ifndef OPENNDES_MODEL_PEM_PASSWORD_H
#define OPENNDES_MODEL_PEM_PASSWORD_H

/* A pem_password_cb that never has one: the block cannot be read. */
int pem_no_password(char *out, int size, int writing, void *context);

#endif
