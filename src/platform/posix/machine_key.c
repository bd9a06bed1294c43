/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/machine_key.h"

#include <stddef.h>

/* No key can be opened, so the functions that take one are never reached with one. */
static bool windows_only(struct error *err)
{
    return error_set(err, REASON_WINDOWS_ONLY,
                     "keys in the machine's certificate store exist on Windows only");
}

struct machine_key *machine_key_by_thumbprint(const char *thumbprint, struct buffer *cert,
                                              struct error *err)
{
    (void)thumbprint;
    (void)cert;
    (void)windows_only(err);
    return NULL;
}

struct machine_key *machine_key_by_container(const char *provider, const char *container,
                                             struct error *err)
{
    (void)provider;
    (void)container;
    (void)windows_only(err);
    return NULL;
}

void machine_key_free(struct machine_key *key)
{
    (void)key;
}

const char *machine_key_provider(const struct machine_key *key)
{
    (void)key;
    return "none";
}

bool machine_key_public(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                        struct error *err)
{
    (void)key;
    (void)modulus;
    (void)exponent;
    return windows_only(err);
}

bool machine_key_sign(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                      struct buffer *out, struct error *err)
{
    (void)key;
    (void)digest;
    (void)hash;
    (void)out;
    return windows_only(err);
}

bool machine_key_decrypt(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                         struct error *err)
{
    (void)key;
    (void)cipher;
    (void)plain;
    return windows_only(err);
}

bool machine_key_raw(struct machine_key *key, struct bytes in, struct buffer *out,
                     struct error *err)
{
    (void)key;
    (void)in;
    (void)out;
    return windows_only(err);
}
