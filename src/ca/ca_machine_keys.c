/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_machine_keys.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/ca_key_reference.h"
#include "model/machine_pkey.h"
#include "platform/cert_store.h"

static bool open_one(const char *thumbprint, struct ra_cert *out, struct error *err)
{
    struct ca_key_reference reference;

    if (!ca_key_reference_store(thumbprint, &reference, err)) {
        return false;
    }
    out->key = ca_key_reference_open(&reference, &out->cert, err);
    return out->key != NULL;
}

bool ca_machine_keys_open_ras(const struct ca_machine_ras *ras, struct ra_cert given[RA_CERT_ROLES],
                              struct error *err)
{
    const char *const thumbprints[RA_CERT_ROLES] = {
        [RA_CERT_SINGLE] = ras->single,
        [RA_CERT_SIGN] = ras->sign,
        [RA_CERT_ENC] = ras->decrypt,
    };

    if ((ras->sign == NULL) != (ras->decrypt == NULL)) {
        return error_set(err, REASON_USAGE,
                         "a pair of RAs is two certificates: one that signs and one that decrypts");
    }
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        if (thumbprints[role] != NULL && !open_one(thumbprints[role], &given[role], err)) {
            return false;
        }
    }
    return true;
}

/* ---- candidates ------------------------------------------------------------------------------ */

struct list {
    ca_machine_key_visit *visit;
    void *context;
};

static bool try_key(struct ca_machine_key *found, EVP_PKEY *key, struct error *why)
{
    found->provider = machine_key_provider(machine_pkey_machine_key(key));
    found->signs = machine_pkey_try_sign(key, why);
    found->decrypts = machine_pkey_try_decrypt(key, why);
    return found->signs && found->decrypts;
}

static bool visit_certificate(const struct list *list, X509 *cert, struct error *err)
{
    struct ca_key_reference reference;
    struct ca_machine_key found = { .provider = NULL };
    struct error why = ERROR_INIT;
    EVP_PKEY *key = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = false;

    if (X509_digest(cert, EVP_sha1(), digest, &len) != 1) {
        return error_set(err, REASON_INTERNAL, "a thumbprint cannot be made");
    }
    text_hex(found.thumbprint, sizeof(found.thumbprint), bytes_of(digest, len));
    if (!certificate_info(cert, &found.info, &why)) {
        return true;
    }
    found.is_ca = (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    if (ca_key_reference_store(found.thumbprint, &reference, &why)) {
        key = ca_key_reference_open(&reference, NULL, &why);
    }
    found.why = key != NULL && try_key(&found, key, &why) ? NULL : &why;
    ok = list->visit(list->context, &found, err);
    EVP_PKEY_free(key);
    return ok;
}

/*
 * Certificates without a key, with another kind of key or beyond reading are no candidates: others'
 * programs have theirs in the same store.
 */
static bool visit_entry(void *context, const struct cert_store_entry *entry, struct error *err)
{
    struct error ignored = ERROR_INIT;
    X509 *cert = entry->has_key ? certificate_parse(entry->der, &ignored) : NULL;
    EVP_PKEY *public_key = cert == NULL ? NULL : X509_get0_pubkey(cert);
    bool ok = public_key == NULL || EVP_PKEY_get_base_id(public_key) != EVP_PKEY_RSA
              || visit_certificate(context, cert, err);

    certificate_free(cert);
    return ok;
}

bool ca_machine_keys_list(ca_machine_key_visit *visit, void *context, struct error *err)
{
    static const char nobodys[] = "0000000000000000000000000000000000000000";
    struct list list = { visit, context };
    struct error why = ERROR_INIT;

    /* The store itself does not tell an empty one from none. */
    machine_key_free(machine_key_by_thumbprint(nobodys, NULL, &why));
    if (why.reason == REASON_WINDOWS_ONLY) {
        return error_set(err, why.reason, "%s", why.detail);
    }
    return cert_store_visit_machine(visit_entry, &list, err);
}
