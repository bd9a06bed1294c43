/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/rights_judge.h"

#include <string.h>

#include "base/product.h"
#include "base/text.h"

/* MS-DTYP 2.4.4.1 */
#define TYPE_ALLOWED 0x00u
#define TYPE_DENIED 0x01u
#define TYPE_DENIED_OBJECT 0x06u
#define TYPE_DENIED_CALLBACK 0x0au
#define TYPE_DENIED_CALLBACK_OBJECT 0x0cu
#define FLAG_INHERIT_ONLY 0x08u

/*
 * MS-DTYP 2.4.3 and the rights of files. Write: data, append, extended attributes, delete what is
 * in the folder, attributes, delete, rights, owner, and the general ones that hold these
 * (everything, write, whatever is possible).
 */
#define MASK_CHANGE                                                                                \
    (0x0002u | 0x0004u | 0x0010u | 0x0040u | 0x0100u | 0x00010000u | 0x00040000u | 0x00080000u     \
     | 0x02000000u | 0x10000000u | 0x40000000u)
#define MASK_READ (0x0001u | 0x0008u | 0x80000000u) /* data, extended attributes, read */

#define SID_SYSTEM "S-1-5-18"
#define SID_ADMINISTRATORS "S-1-5-32-544"
#define SID_TRUSTED_INSTALLER "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
#define SID_CREATOR_OWNER "S-1-3-0"
#define SID_OWNER_RIGHTS "S-1-3-4"

bool rights_judge_trusted(const char *sid, const char *self)
{
    static const char *const always[] = {
        SID_SYSTEM,
        SID_ADMINISTRATORS,
        PRODUCT_SERVICE_SID,
        SID_TRUSTED_INSTALLER,
    };

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (strcmp(sid, always[i]) == 0) {
            return true;
        }
    }
    return strcmp(sid, self) == 0;
}

static enum rights_verdict judge_mask(uint32_t mask, bool is_secret)
{
    if ((mask & MASK_CHANGE) != 0) {
        return RIGHTS_MAY_CHANGE;
    }
    return is_secret && (mask & MASK_READ) != 0 ? RIGHTS_MAY_READ : RIGHTS_FINE;
}

enum rights_verdict rights_judge_entry(const struct rights_entry *entry,
                                       const struct rights_subject *subject)
{
    bool inherit_only = (entry->flags & FLAG_INHERIT_ONLY) != 0;

    switch (entry->type) {
    case TYPE_DENIED:
    case TYPE_DENIED_OBJECT:
    case TYPE_DENIED_CALLBACK:
    case TYPE_DENIED_CALLBACK_OBJECT:
        return RIGHTS_FINE;
    case TYPE_ALLOWED:
        break;
    default:
        return judge_mask(entry->mask, subject->is_secret);
    }
    if (inherit_only && !subject->is_folder) {
        return RIGHTS_FINE; /* a file has nothing inside */
    }
    /* the owner is judged by itself, and who makes files inside may do so */
    if (entry->sid != NULL
        && (rights_judge_trusted(entry->sid, subject->self)
            || strcmp(entry->sid, SID_OWNER_RIGHTS) == 0
            || (inherit_only && strcmp(entry->sid, SID_CREATOR_OWNER) == 0))) {
        return RIGHTS_FINE;
    }
    return judge_mask(entry->mask, subject->is_secret);
}
