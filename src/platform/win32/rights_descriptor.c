/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/rights_descriptor.h"

#include <string.h>

#include "base/text.h"
#include "platform/rights_text.h"
#include "platform/win32/wide.h"

#include <sddl.h>

#define NAME_UNITS 256u /* UTF-16, of the account and of its domain */
#define NAME_BYTES 640u /* shown */

static bool sid_text(PSID sid, char out[RIGHTS_SID_MAX])
{
    struct error ignored = ERROR_INIT;
    struct buffer text = BUFFER_INIT(RIGHTS_SID_MAX);
    wchar_t *wide = NULL;
    bool ok = IsValidSid(sid) && ConvertSidToStringSidW(sid, &wide)
              && wide_to_utf8(wide, &text, &ignored)
              && text_copy(out, RIGHTS_SID_MAX, buffer_text(&text));

    if (wide != NULL) {
        (void)LocalFree(wide);
    }
    buffer_clear(&text);
    return ok;
}

/* "DOMAIN\name (SID)", or the SID of an account that no longer exists. */
static void account_text(PSID sid, const char *number, char *out, size_t size)
{
    wchar_t account[NAME_UNITS];
    wchar_t domain[NAME_UNITS];
    DWORD account_size = NAME_UNITS;
    DWORD domain_size = NAME_UNITS;
    SID_NAME_USE use = SidTypeUnknown;
    struct buffer text = BUFFER_INIT(NAME_BYTES);
    struct error ignored = ERROR_INIT;
    bool named = LookupAccountSidW(NULL, sid, account, &account_size, domain, &domain_size, &use)
                 && wide_to_utf8(domain, &text, &ignored)
                 && (text.len == 0 || buffer_append_byte(&text, '\\', &ignored))
                 && wide_to_utf8(account, &text, &ignored)
                 && text_format(out, size, "%s (%s)", buffer_text(&text), number);

    named = named || text_format(out, size, "account %s", number);
    (void)named;
    buffer_clear(&text);
}

static bool check_owner(PSECURITY_DESCRIPTOR descriptor, const struct rights_subject *subject,
                        const char *path, const char *remedy, struct error *err)
{
    char sid[RIGHTS_SID_MAX];
    char name[NAME_BYTES];
    PSID owner = NULL;
    BOOL defaulted = FALSE;

    if (!GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) || owner == NULL
        || !sid_text(owner, sid)) {
        return error_set(err, REASON_RIGHTS_UNSAFE, "%s belongs to nobody; %s", path, remedy);
    }
    if (rights_judge_trusted(sid, subject->self)) {
        return true;
    }
    account_text(owner, sid, name, sizeof(name));
    return error_set(err, REASON_RIGHTS_UNSAFE, "%s belongs to %s, who can change it at will; %s",
                     path, name, remedy);
}

static bool check_entry(ACE_HEADER *header, const struct rights_subject *subject, const char *path,
                        const char *remedy, struct error *err)
{
    ACCESS_ALLOWED_ACE *ace = (ACCESS_ALLOWED_ACE *)(void *)header;
    struct rights_entry entry = { header->AceType, header->AceFlags, 0xffffffffu, NULL };
    enum rights_verdict verdict = RIGHTS_FINE;
    char sid[RIGHTS_SID_MAX];
    char name[NAME_BYTES] = "somebody (an entry of a special kind)";
    PSID who = &ace->SidStart;

    /* every kind of entry begins with its mask, only the plain ones go on with their SID */
    if (header->AceSize >= sizeof(*header) + sizeof(ACCESS_MASK)) {
        entry.mask = ace->Mask;
    }
    if (header->AceType == ACCESS_ALLOWED_ACE_TYPE && header->AceSize >= sizeof(*ace)
        && sid_text(who, sid)) {
        entry.sid = sid;
    }
    verdict = rights_judge_entry(&entry, subject);
    if (verdict == RIGHTS_FINE) {
        return true;
    }
    if (entry.sid != NULL) {
        account_text(who, sid, name, sizeof(name));
    }
    return error_set(err, REASON_RIGHTS_UNSAFE, "%s: %s may %s it; %s", path, name,
                     verdict == RIGHTS_MAY_READ ? "read" : "change", remedy);
}

bool rights_descriptor_check(PSECURITY_DESCRIPTOR descriptor, const struct rights_subject *subject,
                             const char *path, const char *remedy, struct error *err)
{
    BOOL present = FALSE;
    BOOL defaulted = FALSE;
    PACL dacl = NULL;

    if (!check_owner(descriptor, subject, path, remedy, err)) {
        return false;
    }
    if (!GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted) || !present
        || dacl == NULL) {
        return error_set(err, REASON_RIGHTS_UNSAFE,
                         "%s has no access list: everybody may change it; %s", path, remedy);
    }
    for (WORD i = 0; i < dacl->AceCount; i++) {
        void *entry = NULL;

        if (!GetAce(dacl, i, &entry)) {
            return error_set(err, REASON_RIGHTS_UNSAFE, "%s has a damaged access list; %s", path,
                             remedy);
        }
        if (!check_entry(entry, subject, path, remedy, err)) {
            return false;
        }
    }
    return true;
}
