/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/principal_sid.h"

#include <stdlib.h>

#include "platform/win32/wide.h"

#include <sddl.h>

#define DOMAIN_MAX 1024u /* UTF-16 units */

struct principal {
    union {
        SID sid;
        BYTE bytes[SECURITY_MAX_SID_SIZE];
    };
};

static bool parse_sid(const wchar_t *text, struct principal *p)
{
    PSID sid = NULL;
    bool ok = false;

    /* "S-1-..." only: the short forms of SDDL ("BA") could be somebody's name */
    if ((text[0] != L'S' && text[0] != L's') || text[1] != L'-'
        || !ConvertStringSidToSidW(text, &sid)) {
        return false;
    }
    ok = CopySid(sizeof(p->bytes), &p->sid, sid);
    (void)LocalFree(sid);
    return ok;
}

static bool look_up(const wchar_t *name, struct principal *p)
{
    wchar_t domain[DOMAIN_MAX];
    DWORD sid_size = sizeof(p->bytes);
    DWORD domain_size = DOMAIN_MAX;
    SID_NAME_USE use = SidTypeUnknown;

    if (!LookupAccountNameW(NULL, name, &p->sid, &sid_size, domain, &domain_size, &use)) {
        return false;
    }
    return use == SidTypeUser || use == SidTypeGroup || use == SidTypeAlias
           || use == SidTypeWellKnownGroup || use == SidTypeComputer;
}

bool principal_find(const char *name, struct principal **out, struct error *err)
{
    wchar_t *wide = wide_from_utf8(name, err);
    struct principal *p = NULL;
    bool ok = false;

    *out = NULL;
    if (wide == NULL) {
        goto out;
    }
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a SID");
        goto out;
    }
    /* an empty name would be looked up as the machine's own domain */
    if (wide[0] != L'\0' && (parse_sid(wide, p) || look_up(wide, p))) {
        *out = p;
        p = NULL;
    }
    ok = true;
out:
    free(p);
    free(wide);
    return ok;
}

void principal_free(struct principal *p)
{
    free(p);
}

PSID principal_sid(const struct principal *p)
{
    return (PSID)(uintptr_t)&p->sid; /* the functions that take a PSID only read it */
}
