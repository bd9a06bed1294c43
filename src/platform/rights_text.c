/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/rights_text.h"

#include <string.h>

#include "base/product.h"
#include "base/secret.h"
#include "base/text.h"

#define SERVICE_NAME_MAX 256u /* as the service control manager has it */
#define SID_NUMBERS (DIGEST_SHA1_BYTES / 4)

/*
 * FA, KA: everything; KR: read a key; RC: read the rights. The number is "modify" as icacls calls
 * it: read, write, execute, delete, but neither change rights nor owner.
 */
#define MODIFY "0x1301bf"

/* How the entries of each kind of object look. */
struct object_rights {
    const char *inherit; /* flags of each entry */
    const char *all;
    const char *service;
};

static const struct object_rights objects[] = {
    [RIGHTS_FILE] = { "", "FA", MODIFY },
    [RIGHTS_FOLDER] = { "OICI", "FA", MODIFY },
    [RIGHTS_REGISTRY_KEY] = { "CI", "KA", "KR" },
};

/*
 * OW is the owner, whoever that is. An entry for it takes the place of the right to change the
 * rights that every owner has otherwise: files that SQLite makes inside the folder belong to the
 * service's account, which other services may share.
 */
static const struct {
    const char *owner;
    bool by_sid; /* the owner is the service's SID */
    const char *rights;
} owners[] = {
    [RIGHTS_OWNER_ADMINISTRATORS] = { "O:BA", false, "RC" },
    [RIGHTS_OWNER_SERVICE] = { "O:", true, "RC" },
    [RIGHTS_OWNER_CREATOR] = { "", false, "FA" },
};

bool rights_text_sddl(enum rights_object object, enum rights_owner owner, char out[RIGHTS_SDDL_MAX],
                      struct error *err)
{
    const struct object_rights *o = &objects[object];
    bool is_key = object == RIGHTS_REGISTRY_KEY;
    const char *owner_text =
        is_key ? owners[RIGHTS_OWNER_ADMINISTRATORS].owner : owners[owner].owner;
    const char *owner_rights = is_key ? "RC" : owners[owner].rights;
    const char *owner_sid = !is_key && owners[owner].by_sid ? PRODUCT_SERVICE_SID : "";

    if (!text_format(out, RIGHTS_SDDL_MAX,
                     "%s%sD:P(A;%s;%s;;;SY)(A;%s;%s;;;BA)(A;%s;%s;;;%s)(A;%s;%s;;;OW)", owner_text,
                     owner_sid, o->inherit, o->all, o->inherit, o->all, o->inherit, o->service,
                     PRODUCT_SERVICE_SID, o->inherit, owner_rights)) {
        return error_set(err, REASON_INTERNAL, "a security descriptor is too long");
    }
    return true;
}

bool rights_text_service_sid(const char *service, char out[RIGHTS_SID_MAX], struct error *err)
{
    uint8_t wide[2 * SERVICE_NAME_MAX];
    uint8_t digest[DIGEST_SHA1_BYTES];
    uint32_t number[SID_NUMBERS];
    size_t len = strlen(service);

    if (len > SERVICE_NAME_MAX) {
        return error_set(err, REASON_INTERNAL, "the name of the service is too long");
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)service[i];

        if (c < 0x20 || c > 0x7e) {
            return error_set(err, REASON_INTERNAL, "the name of the service is not ASCII");
        }
        wide[2 * i] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        wide[2 * i + 1] = 0;
    }
    if (!digest_sha1(bytes_of(wide, 2 * len), digest, err)) {
        return false;
    }
    for (size_t i = 0; i < SID_NUMBERS; i++) {
        number[i] = (uint32_t)digest[4 * i] | (uint32_t)digest[4 * i + 1] << 8
                    | (uint32_t)digest[4 * i + 2] << 16 | (uint32_t)digest[4 * i + 3] << 24;
    }
    if (!text_format(out, RIGHTS_SID_MAX, "S-1-5-80-%lu-%lu-%lu-%lu-%lu", (unsigned long)number[0],
                     (unsigned long)number[1], (unsigned long)number[2], (unsigned long)number[3],
                     (unsigned long)number[4])) {
        return error_set(err, REASON_INTERNAL, "a SID is too long");
    }
    return true;
}
