/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_remedy.h"

#include <stddef.h>

static const struct {
    enum reason reason;
    const char *remedy;
} remedies[] = {
    { REASON_CONFIG_UNREADABLE, "restore the file from a backup, or mend its rights" },
    { REASON_CONFIG_SYNTAX, "mend the line that is named; it must be JSON" },
    { REASON_CONFIG_UNKNOWN_KEY, "correct the name; \"openndes config explain\" lists all" },
    { REASON_CONFIG_DUPLICATE_KEY, "remove one of the two" },
    { REASON_CONFIG_WRONG_TYPE, "\"openndes config explain KEY\" tells what is possible" },
    { REASON_CONFIG_OUT_OF_RANGE, "\"openndes config explain KEY\" tells what is possible" },
    { REASON_CONFIG_BAD_VALUE, "\"openndes config explain KEY\" tells what is possible" },
    { REASON_CONFIG_CONFLICT, "change one of the two settings" },
    { REASON_CA_MISSING, "restore the CA's folder from a backup, or: openndes ca create NAME" },
    { REASON_CA_EXPIRED, "renew the CA's certificate; docs/ca.md" },
    { REASON_CA_NOT_YET_VALID, "set this machine's clock" },
    { REASON_CA_NOT_READY, "openndes ca install NAME --cert FILE" },
    { REASON_CA_UNSUITABLE, "import a CA that may sign certificates; docs/ca.md" },
    { REASON_RA_MISSING, "openndes ca renew-ra NAME" },
    { REASON_RA_EXPIRED, "openndes ca renew-ra NAME" },
    { REASON_RA_UNSUITABLE, "openndes ca renew-ra NAME" },
    { REASON_KEY_UNREADABLE, "restore the key from a backup: openndes restore" },
    { REASON_KEY_MISMATCH, "restore certificate and key from the same backup" },
    { REASON_KEY_PROTECTION,
      "sealed on another machine or damaged: move with \"openndes backup\" and \"restore\"" },
    { REASON_CERT_UNREADABLE, "restore the certificate from a backup" },
    { REASON_MACHINE_KEY_MISSING, "look for the certificate and its key in certlm.msc" },
    { REASON_MACHINE_KEY_UNUSABLE, "docs/ca.md, \"Keys in the machine's store\"" },
    { REASON_STORE_CORRUPT, "stop the service, keep openndes.db* aside, openndes restore" },
    { REASON_STORE_READ_ONLY, "mend the rights of openndes.db: openndes service setup" },
    { REASON_STORE_FULL, "make room on the disk" },
    { REASON_STORE_SCHEMA_NEWER, "run the version of OpenNDES that made the database, or newer" },
    { REASON_DISK_FULL, "make room on the disk" },
    { REASON_PORT_IN_USE, "stop what holds the port, or: openndes config set listen=..." },
    { REASON_PORT_NOT_PERMITTED, "run it as a service or as root, or take a port above 1023" },
    { REASON_ADDRESS_NOT_LOCAL, "openndes config set listen=... with an address of this machine" },
    { REASON_RIGHTS_UNSAFE, "openndes service setup (Windows), chmod (POSIX)" },
    { REASON_REPARSE_POINT, "put the real file or folder in the link's place" },
    { REASON_NOT_PERMITTED, "run this as an administrator" },
    { REASON_TLS_CERTIFICATE, "openndes tls issue, or openndes tls import" },
};

const char *check_remedy(enum reason reason)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (remedies[i].reason == reason) {
            return remedies[i].remedy;
        }
    }
    return "docs/reasons.md explains the reason in brackets";
}
