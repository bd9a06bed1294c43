/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/cert_store.h"

#include "platform/win32/win_error.h"

#include <windows.h>
#include <wincrypt.h>

#define OPEN_FLAGS                                                                                 \
    (CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG)

/* The property names the key's container; reading it opens no key and asks nobody. */
static bool names_key(PCCERT_CONTEXT cert)
{
    DWORD size = 0;

    return CertGetCertificateContextProperty(cert, CERT_KEY_PROV_INFO_PROP_ID, NULL, &size) != 0;
}

bool cert_store_visit_machine(cert_store_visit *visit, void *context, struct error *err)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, OPEN_FLAGS, L"MY");
    PCCERT_CONTEXT cert = NULL;
    size_t count = 0;
    bool ok = true;

    if (store == NULL) {
        DWORD number = GetLastError();

        return number == ERROR_FILE_NOT_FOUND
               || win_error_set(err,
                                number == ERROR_ACCESS_DENIED ? REASON_NOT_PERMITTED
                                                              : REASON_CERT_UNREADABLE,
                                number, "certificate store LocalMachine\\MY");
    }
    /* each call gives the one before back to the store */
    while (ok && (cert = CertEnumCertificatesInStore(store, cert)) != NULL) {
        struct cert_store_entry entry = {
            .der = bytes_of(cert->pbCertEncoded, cert->cbCertEncoded),
            .has_key = names_key(cert),
        };

        ok = ++count <= CERT_STORE_ENTRIES
                 ? visit(context, &entry, err)
                 : error_set(err, REASON_LIMIT,
                             "certificate store LocalMachine\\MY holds more than %u certificates",
                             CERT_STORE_ENTRIES);
    }
    if (cert != NULL) {
        (void)CertFreeCertificateContext(cert);
    }
    (void)CertCloseStore(store, 0);
    return ok;
}
