/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_ra_certs.h"

#include <string.h>

#include "base/text.h"

#define OID_REQUEST_AGENT "1.3.6.1.4.1.311.20.2.1"
#define TEMPLATE_SIGN "EnrollmentAgentOffline"
#define TEMPLATE_DECRYPT "CEPEncryption"

/*
 * The templates' names decide where they are known: both may carry both usages when an
 * administrator has duplicated them.
 */
static void find_role(struct ndes_ra_cert *cert)
{
    const struct certificate_usage *usage = &cert->usage;

    if (text_equal_nocase(usage->ad_template, TEMPLATE_SIGN)) {
        cert->signs = true;
    } else if (text_equal_nocase(usage->ad_template, TEMPLATE_DECRYPT)) {
        cert->decrypts = true;
    } else {
        cert->signs = !usage->has_key_usage || usage->digital_signature;
        cert->decrypts = !usage->has_key_usage || usage->key_encipherment;
    }
}

bool ndes_ra_certs_take(void *context, const struct cert_store_entry *entry, struct error *err)
{
    struct ndes_ra_certs *certs = context;
    struct error unreadable = ERROR_INIT;
    struct ndes_ra_cert cert;
    struct x509_st *x509 = certificate_parse(entry->der, &unreadable);
    bool is_ra = false;

    (void)err;
    memset(&cert, 0, sizeof(cert));
    if (x509 == NULL) goto out; /* somebody else's, and none of ours to judge */
    is_ra = certificate_usage_has_eku(x509, OID_REQUEST_AGENT)
            && certificate_usage_read(x509, &cert.usage, &unreadable)
            && certificate_info(x509, &cert.info, &unreadable);
    if (is_ra && certs->count == NDES_RA_CERTS_MAX) {
        certs->left_out++;
    } else if (is_ra) {
        cert.has_key = entry->has_key;
        find_role(&cert);
        certs->items[certs->count++] = cert;
    }
out:
    certificate_free(x509);
    return true;
}

bool ndes_ra_certs_read(struct ndes_ra_certs *out, struct error *err)
{
    memset(out, 0, sizeof(*out));
    return cert_store_visit_machine(ndes_ra_certs_take, out, err);
}
