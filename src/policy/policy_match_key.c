/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "model/key.h"
#include "policy/policy_match_internal.h"

#define TEXT_MAX 160
#define EXPONENT_PREFERRED 65537u

static void match_type(struct policy_matching *m)
{
    static const char *const words[] = {
        [KEY_TYPE_OTHER] = "neither", [KEY_TYPE_RSA] = "RSA", [KEY_TYPE_EC] = "elliptic curve"
    };
    enum key_type type = m->request->csr->key_type;
    bool good = type == KEY_TYPE_RSA || (type == KEY_TYPE_EC && !m->policy->key.rsa);

    policy_match_tell(m, CHECK_KEY_TYPE, good ? POLICY_PASS : POLICY_DENY, PLACE_KEY_TYPE,
                      m->policy->key.rsa ? "RSA" : "RSA or elliptic curve", words[type]);
}

static bool size_fits(const struct policy *p, unsigned bits)
{
    if (p->key.bits_count == 0) {
        return true;
    }
    if (p->key.at_least) {
        return bits >= p->key.bits[0]; /* sorted: the smallest */
    }
    for (size_t i = 0; i < p->key.bits_count; i++) {
        if (p->key.bits[i] == bits) {
            return true;
        }
    }
    return false;
}

/* A policy's sizes are those of RSA; a curve is judged by its type and by the template. */
static void match_size(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    const struct csr *csr = m->request->csr;
    bool fits = csr->key_type == KEY_TYPE_EC && !p->key.rsa ? true : size_fits(p, csr->key_bits);
    char expected[TEXT_MAX] = "";
    char found[TEXT_MAX];

    for (size_t i = 0; i < p->key.bits_count; i++) {
        size_t len = strlen(expected);

        (void)snprintf(expected + len, sizeof(expected) - len, "%s%u", i == 0 ? "" : " or ",
                       p->key.bits[i]);
    }
    if (p->key.at_least) {
        size_t len = strlen(expected);

        (void)snprintf(expected + len, sizeof(expected) - len, " or more");
    }
    (void)snprintf(found, sizeof(found), "%u", csr->key_bits);
    policy_match_tell(m, CHECK_KEY_SIZE, fits ? POLICY_PASS : POLICY_DENY, PLACE_KEY_SIZE, expected,
                      found);
}

static bool match_exponent(struct policy_matching *m, struct error *err)
{
    const struct csr *csr = m->request->csr;
    enum policy_outcome outcome = POLICY_PASS;
    BIGNUM *exponent = NULL;
    char *text = NULL;

    if (EVP_PKEY_get_bn_param(csr_key(csr), OSSL_PKEY_PARAM_RSA_E, &exponent) == 1) {
        text = BN_bn2dec(exponent);
    }
    if (text == NULL) {
        BN_free(exponent);
        ERR_clear_error();
        return error_set(err, REASON_SYNTAX, "the key's exponent cannot be read");
    }
    if (!csr->key_exponent_ok) {
        outcome = POLICY_DENY;
    } else if (BN_is_word(exponent, EXPONENT_PREFERRED) != 1) {
        outcome = POLICY_WARN;
    }
    policy_match_tell(m, CHECK_KEY_EXPONENT, outcome, PLACE_KEY_TYPE, "65537", text);
    OPENSSL_free(text);
    BN_free(exponent);
    return true;
}

static void match_strength(struct policy_matching *m)
{
    struct evp_pkey_st *key = csr_key(m->request->csr);

    if (key_has_small_factor(key)) {
        policy_match_tell(m, CHECK_KEY_WEAK, POLICY_DENY, PLACE_KEY_TYPE, "a sound key",
                          "small factors");
    } else if (key_is_roca(key)) {
        policy_match_tell(m, CHECK_KEY_WEAK, POLICY_DENY, PLACE_KEY_TYPE, "a sound key",
                          "a key of a broken generator (CVE-2017-15361)");
    } else {
        policy_match_tell(m, CHECK_KEY_WEAK, POLICY_PASS, PLACE_KEY_TYPE, "", "");
    }
}

/* ---- digest of the request ------------------------------------------------------------------- */

static enum policy_outcome judge_hash(const struct policy *p, enum csr_digest digest)
{
    switch (digest) {
    case CSR_DIGEST_SHA256:
    case CSR_DIGEST_SHA384:
    case CSR_DIGEST_SHA512:
        return POLICY_PASS; /* also where only SHA-1 is listed: Android takes the strongest */
    case CSR_DIGEST_SHA1:
        if (!p->hash.stated) {
            return POLICY_PASS;
        }
        return p->hash.sha1 ? POLICY_WARN : POLICY_DENY;
    case CSR_DIGEST_SHA224:
        return p->hash.stated ? POLICY_DENY : POLICY_PASS;
    case CSR_DIGEST_OTHER:
        return p->hash.stated ? POLICY_DENY : POLICY_WARN;
    case CSR_DIGEST_MD5:
    default:
        return POLICY_DENY;
    }
}

static void match_hash(struct policy_matching *m)
{
    static const char *const words[] = {
        [CSR_DIGEST_OTHER] = NULL,       [CSR_DIGEST_MD5] = "MD5",
        [CSR_DIGEST_SHA1] = "SHA-1",     [CSR_DIGEST_SHA224] = "SHA-224",
        [CSR_DIGEST_SHA256] = "SHA-256", [CSR_DIGEST_SHA384] = "SHA-384",
        [CSR_DIGEST_SHA512] = "SHA-512",
    };
    const struct policy *p = m->policy;
    const struct csr_details *details = m->request->details;
    const char *word = words[details->digest];
    const char *expected = "";

    if (p->hash.stated) {
        expected = p->hash.sha1 && p->hash.sha2 ? "sha1 or sha2" : p->hash.sha2 ? "sha2" : "sha1";
    }
    policy_match_tell(m, CHECK_HASH, judge_hash(p, details->digest), PLACE_HASH, expected,
                      word == NULL ? details->signature_oid : word);
}

bool policy_match_key(struct policy_matching *m, struct error *err)
{
    match_type(m);
    match_size(m);
    if (m->request->csr->key_type == KEY_TYPE_RSA) {
        if (!match_exponent(m, err)) {
            return false;
        }
        match_strength(m);
    }
    match_hash(m);
    return true;
}
