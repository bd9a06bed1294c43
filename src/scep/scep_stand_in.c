/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_stand_in.h"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "model/csr.h"
#include "scep/scep_dummy_csr.h"

#define RSA_KEY_AT 40u
#define RSA_KEY_BYTES 294u

static const struct {
    enum scep_dummy dummy;
    unsigned bits; /* of the curve; 0: RSA of any size */
} stand_ins[] = {
    { SCEP_DUMMY_RSA, 0 },
    { SCEP_DUMMY_P256, 256 },
    { SCEP_DUMMY_P384, 384 },
    { SCEP_DUMMY_P521, 521 },
};

static bool work_on(enum scep_dummy dummy, bool verify)
{
    struct csr csr = CSR_INIT;
    bool ok = csr_parse(scep_dummy_csr(dummy), &csr, NULL) && (!verify || csr_verify(&csr, NULL));

    csr_clear(&csr);
    return ok;
}

bool scep_stand_in_parse(void)
{
    return work_on(SCEP_DUMMY_RSA, false);
}

/* The SubjectPublicKeyInfo within the RSA request, whose parts before it have fixed sizes. */
static struct bytes dummy_key(void)
{
    return bytes_of(scep_dummy_csr(SCEP_DUMMY_RSA).data + RSA_KEY_AT, RSA_KEY_BYTES);
}

static bool decode(bool slowly)
{
    struct public_key key;
    bool ok = slowly ? public_key_read_slowly(dummy_key(), &key, NULL)
                     : public_key_read(dummy_key(), NULL, &key, NULL);

    EVP_PKEY_free(key.key);
    return ok;
}

/*
 * What the first operation with a key of RSA does beside itself, and those with one that is shared
 * with the signer do not: some 20 microseconds.
 */
static bool prepare_modulus(void)
{
    struct rsa_view rsa;
    bool view = public_key_rsa_view(dummy_key(), &rsa);
    BIGNUM *modulus = view ? BN_bin2bn(rsa.modulus.data, (int)rsa.modulus.len, NULL) : NULL;
    BN_MONT_CTX *mont = BN_MONT_CTX_new();
    BN_CTX *ctx = BN_CTX_new();
    bool ok =
        modulus != NULL && mont != NULL && ctx != NULL && BN_MONT_CTX_set(mont, modulus, ctx) == 1;

    BN_CTX_free(ctx);
    BN_MONT_CTX_free(mont);
    BN_free(modulus);
    return ok;
}

bool scep_stand_in_decode(enum public_key_way done)
{
    bool worked = done == PUBLIC_KEY_PLAIN || decode(false);

    worked = (done != PUBLIC_KEY_KNOWN || prepare_modulus()) && worked;
    return (done == PUBLIC_KEY_LIBRARY || decode(true)) && worked;
}

bool scep_stand_in_work(bool ec, enum key_type verified, unsigned bits)
{
    bool worked = true;

    for (size_t i = 0; i < (ec ? sizeof(stand_ins) / sizeof(stand_ins[0]) : 1); i++) {
        bool done = stand_ins[i].bits == 0 ? verified == KEY_TYPE_RSA
                                           : verified == KEY_TYPE_EC && bits == stand_ins[i].bits;

        worked = work_on(stand_ins[i].dummy, !done) && worked;
    }
    return worked;
}
