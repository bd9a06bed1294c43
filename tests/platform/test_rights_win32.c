/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/product.h"
#include "base/text.h"
#include "platform/files.h"
#include "platform/registry.h"
#include "platform/rights.h"
#include "platform/rights_text.h"
#include "platform/win32/private_rights.h"
#include "platform/win32/rights_descriptor.h"
#include "platform/win32/wide.h"

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>
#include <winioctl.h>

#define SVC PRODUCT_SERVICE_SID
#define SELF "S-1-5-21-1-2-3-1001"
#define BOB "S-1-5-21-1-2-3-1002"

static int set_up(void **state)
{
    struct test_folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    test_folder_create(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    free(*state);
    return 0;
}

static PSECURITY_DESCRIPTOR descriptor_of(const char *sddl)
{
    struct error err = ERROR_INIT;
    wchar_t *wide = wide_from_utf8(sddl, &err);
    PSECURITY_DESCRIPTOR descriptor = NULL;

    assert_non_null(wide);
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor,
                                                              NULL)) {
        fail_msg("%s: error %lu", sddl, GetLastError());
    }
    free(wide);
    return descriptor;
}

static void sid_of(PSID sid, char out[RIGHTS_SID_MAX])
{
    struct error err = ERROR_INIT;
    struct buffer text = BUFFER_INIT(RIGHTS_SID_MAX);
    wchar_t *wide = NULL;

    assert_true(ConvertSidToStringSidW(sid, &wide));
    assert_done(wide_to_utf8(wide, &text, &err), &err, "");
    assert_true(text_copy(out, RIGHTS_SID_MAX, buffer_text(&text)));
    (void)LocalFree(wide);
    buffer_clear(&text);
}

/* What Windows understands when it reads our texts. */
static void sddl__parsed_by_windows__is_what_was_meant(void **state)
{
    static const char *const who[] = { "S-1-5-18", "S-1-5-32-544", SVC, "S-1-3-4" };
    static const struct {
        enum rights_object object;
        enum rights_owner owner;
        const char *owner_sid; /* NULL: none is set */
        BYTE flags;
        DWORD mask[4];
    } cases[] = {
        { RIGHTS_FILE,
          RIGHTS_OWNER_ADMINISTRATORS,
          "S-1-5-32-544",
          0,
          { FILE_ALL_ACCESS, FILE_ALL_ACCESS, 0x1301bf, READ_CONTROL } },
        { RIGHTS_FILE,
          RIGHTS_OWNER_CREATOR,
          NULL,
          0,
          { FILE_ALL_ACCESS, FILE_ALL_ACCESS, 0x1301bf, FILE_ALL_ACCESS } },
        { RIGHTS_FOLDER,
          RIGHTS_OWNER_SERVICE,
          SVC,
          OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE,
          { FILE_ALL_ACCESS, FILE_ALL_ACCESS, 0x1301bf, READ_CONTROL } },
        { RIGHTS_REGISTRY_KEY,
          RIGHTS_OWNER_ADMINISTRATORS,
          "S-1-5-32-544",
          CONTAINER_INHERIT_ACE,
          { KEY_ALL_ACCESS, KEY_ALL_ACCESS, KEY_READ, READ_CONTROL } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        char sddl[RIGHTS_SDDL_MAX];
        char sid[RIGHTS_SID_MAX];
        PSECURITY_DESCRIPTOR descriptor = NULL;
        SECURITY_DESCRIPTOR_CONTROL control = 0;
        DWORD revision = 0;
        BOOL present = FALSE;
        BOOL defaulted = FALSE;
        PACL dacl = NULL;
        PSID owner = NULL;

        assert_done(rights_text_sddl(cases[i].object, cases[i].owner, sddl, &err), &err, "");
        descriptor = descriptor_of(sddl);
        assert_true(GetSecurityDescriptorControl(descriptor, &control, &revision));
        assert_true((control & SE_DACL_PROTECTED) != 0);
        assert_true(GetSecurityDescriptorOwner(descriptor, &owner, &defaulted));
        assert_int_equal(owner != NULL, cases[i].owner_sid != NULL);
        if (owner != NULL) {
            sid_of(owner, sid);
            assert_string_equal(sid, cases[i].owner_sid);
        }
        assert_true(GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted));
        assert_true(present);
        assert_non_null(dacl);
        assert_int_equal(dacl->AceCount, 4);
        for (WORD a = 0; a < 4; a++) {
            void *found = NULL;
            ACCESS_ALLOWED_ACE *ace = NULL;

            assert_true(GetAce(dacl, a, &found));
            ace = found;
            assert_int_equal(ace->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
            assert_int_equal(ace->Header.AceFlags, cases[i].flags);
            assert_int_equal(ace->Mask, cases[i].mask[a]);
            sid_of(&ace->SidStart, sid);
            assert_string_equal(sid, who[a]);
        }
        (void)LocalFree(descriptor);
    }
}

static void descriptor__made_of_sddl__judged(void **state)
{
    static const struct {
        const char *sddl;
        const char *says; /* NULL: fine */
        bool is_folder;
        bool is_secret;
    } cases[] = {
        { "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1301bf;;;" SVC ")(A;;RC;;;OW)", NULL, false, true },
        { "O:" SVC "D:P(A;;FA;;;SY)(A;;FA;;;BA)", NULL, false, true },
        { "O:" SELF "D:P(A;;FA;;;OW)(A;;FA;;;SY)(A;;FA;;;BA)", NULL, false, true },
        { "O:SYD:P", NULL, false, true }, /* an empty list lets nobody in */
        { "O:BAD:AI(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)", NULL, false, false },
        { "O:BAD:(D;;FA;;;WD)(A;;FA;;;BA)", NULL, false, true },
        { "O:BAD:(A;OICIIO;FA;;;CO)(A;OICI;FA;;;BA)", NULL, true, true },
        { "O:BAD:(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)", NULL,
          true, true },
        { "O:BAD:AI(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)", "S-1-5-32-545) may read it", false, true },
        { "O:BAD:(A;;FR;;;WD)", "Everyone (S-1-1-0) may read it", false, true },
        { "O:BAD:(A;;FW;;;AU)", "(S-1-5-11) may change it", false, false },
        { "O:BAD:(A;;FA;;;" BOB ")", "account " BOB " may change it", false, false },
        { "O:BAD:(A;;WD;;;WD)", "may change it", false, false }, /* WRITE_DAC */
        { "O:BAD:(A;;WO;;;WD)", "may change it", false, false },
        { "O:BAD:(A;;SD;;;WD)", "may change it", false, false },
        { "O:BAD:(A;;GA;;;WD)", "may change it", false, false },
        { "O:BAD:(A;;GW;;;WD)", "may change it", false, false },
        { "O:BAD:(A;;GR;;;WD)", "may read it", false, true },
        /* what ProgramData would hand down */
        { "O:BAD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)"
          "(A;OICIID;0x1200a9;;;BU)(A;CIID;0x116;;;BU)",
          "may read it", true, true },
        { "O:BAD:(A;OICIIO;0x1200a9;;;BU)", "may read it", true, true },
        { "O:BAD:(A;;FA;;;CO)", "may change it", false, true },
        { "O:BAD:(A;;FA;;;CG)", "may change it", false, true },
        { "O:" BOB "D:P(A;;FA;;;BA)", "belongs to account " BOB, false, false },
        { "O:BUD:P(A;;FA;;;BA)", "belongs to ", false, false },
        { "D:P(A;;FA;;;BA)", "belongs to nobody", false, false },
        { "O:BA", "has no access list", false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct rights_subject subject = { SELF, cases[i].is_folder, cases[i].is_secret };
        struct error err = ERROR_INIT;
        PSECURITY_DESCRIPTOR descriptor = descriptor_of(cases[i].sddl);
        bool fine = rights_descriptor_check(descriptor, &subject, "C:\\x", "do that", &err);

        (void)LocalFree(descriptor);
        if (cases[i].says == NULL) {
            assert_done(fine, &err, cases[i].sddl);
            continue;
        }
        assert_refused(fine, &err, REASON_RIGHTS_UNSAFE, cases[i].sddl);
        if (strstr(err.detail, cases[i].says) == NULL || strstr(err.detail, "C:\\x") == NULL
            || strstr(err.detail, "do that") == NULL) {
            fail_msg("%s: %s", cases[i].sddl, err.detail);
        }
    }
}

/* A list that is there and NULL is not the same as none, and means the same. */
static void descriptor__null_list_and_special_entries__unsafe(void **state)
{
    const struct rights_subject subject = { SELF, false, true };
    SECURITY_DESCRIPTOR descriptor;
    BYTE admins[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(admins);
    union {
        ACL acl;
        BYTE bytes[256];
    } list;
    struct error err = ERROR_INIT;
    void *entry = NULL;

    (void)state;
    assert_true(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, admins, &size));
    assert_true(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    assert_true(SetSecurityDescriptorOwner(&descriptor, admins, FALSE));
    assert_true(SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE));
    assert_refused(rights_descriptor_check(&descriptor, &subject, "x", "y", &err), &err,
                   REASON_RIGHTS_UNSAFE, "NULL");
    assert_non_null(strstr(err.detail, "everybody"));
    error_clear(&err);
    assert_true(InitializeAcl(&list.acl, sizeof(list), ACL_REVISION));
    assert_true(AddAccessAllowedAce(&list.acl, ACL_REVISION, FILE_ALL_ACCESS, admins));
    assert_true(SetSecurityDescriptorDacl(&descriptor, TRUE, &list.acl, FALSE));
    assert_done(rights_descriptor_check(&descriptor, &subject, "x", "y", &err), &err, "plain");
    assert_true(GetAce(&list.acl, 0, &entry));
    ((ACE_HEADER *)entry)->AceType = ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
    assert_refused(rights_descriptor_check(&descriptor, &subject, "x", "y", &err), &err,
                   REASON_RIGHTS_UNSAFE, "callback");
    assert_non_null(strstr(err.detail, "special"));
}

/* A file with this list; path gets where it is. */
static void put(const struct test_folder *folder, const char *name, const char *sddl,
                char path[FILE_PATH_MAX])
{
    PSECURITY_DESCRIPTOR descriptor = descriptor_of(sddl);
    struct error err = ERROR_INIT;
    wchar_t *wide = NULL;
    HANDLE file = INVALID_HANDLE_VALUE;

    test_folder_path(folder, name, path);
    wide = wide_path(path, &err);
    file = CreateFileW(wide, GENERIC_WRITE | WRITE_DAC, 0, NULL, CREATE_NEW, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(SetKernelObjectSecurity(file, DACL_SECURITY_INFORMATION, descriptor));
    (void)CloseHandle(file);
    free(wide);
    (void)LocalFree(descriptor);
}

/* Through the file system, as far as it keeps rights: Wine knows modes of owner and everybody. */
static void check__file_for_everybody__refused_and_mended(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    put(folder, "openndes.json", "D:P(A;;FA;;;BA)(A;;FA;;;OW)(A;;FA;;;WD)", path);
    assert_refused(rights_check(path, false, &err), &err, REASON_RIGHTS_UNSAFE, "");
    assert_non_null(strstr(err.detail, "Everyone (S-1-1-0) may change it"));
    assert_non_null(strstr(err.detail, "openndes service setup"));
    error_clear(&err);
    assert_done(rights_protect_tree(folder->path, 100, &err), &err, "");
    assert_done(rights_check(path, true, &err), &err, "");
}

/* Rights are asked when a handle is made, not when it is used. */
static void take_empty__held_open_by_its_maker__not_his_any_more(void **state)
{
    const struct test_folder *folder = *state;
    PSECURITY_DESCRIPTOR open_for_all = descriptor_of("D:P(A;OICI;FA;;;WD)(A;OICI;FA;;;OW)");
    struct error err = ERROR_INIT;
    struct error again = ERROR_INIT;
    char path[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    HANDLE held = INVALID_HANDLE_VALUE;
    bool taken = false;

    test_folder_path(folder, "prepared", path);
    assert_done(folder_create(path, false, &err), &err, "");
    wide = wide_path(path, &err);
    assert_non_null(wide);
    held = CreateFileW(wide, WRITE_DAC, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    assert_true(SetKernelObjectSecurity(held, DACL_SECURITY_INFORMATION, open_for_all));
    assert_refused(rights_check(path, true, &err), &err, REASON_RIGHTS_UNSAFE, "");
    error_clear(&err);
    taken = rights_take_empty(path, &err) && rights_check(path, true, &err);
    (void)SetKernelObjectSecurity(held, DACL_SECURITY_INFORMATION, open_for_all);
    /* where the old folder stays until it is closed, it was refused */
    if (taken && !rights_check(path, true, &again)) {
        fail_msg("given away again: %s", again.detail);
    }
    (void)CloseHandle(held);
    error_clear(&err);
    assert_done(folder_create(path, true, &err) && rights_take_empty(path, &err), &err, "");
    assert_done(rights_check(path, true, &err), &err, "");
    (void)LocalFree(open_for_all);
    free(wide);
}

static void take_empty__not_empty__refused_and_stays(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    put(folder, "somebody's", "D:P(A;;FA;;;BA)(A;;FA;;;OW)", path);
    assert_false(rights_take_empty(folder->path, &err));
    assert_true(file_exists(path));
}

static bool name_finding(void *context, const char *path, const struct error *why,
                         struct error *err)
{
    (void)err;
    assert_non_null(strstr(why->detail, path));
    assert_true(text_copy(context, ERROR_DETAIL_MAX, why->detail));
    return true;
}

static void tree__remedy__names_the_data_folder(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char expected[FILE_PATH_MAX + 64];
    char found[ERROR_DETAIL_MAX] = "";
    char path[FILE_PATH_MAX];

    put(folder, "secrets.key", "D:P(A;;FA;;;BA)(A;;FA;;;OW)(A;;FR;;;WD)", path);
    assert_done(rights_check_tree(folder->path, 10, name_finding, found, &err), &err, "");
    assert_true(text_format(expected, sizeof(expected), "openndes --data \"%s\" service setup",
                            folder->path));
    assert_non_null(strstr(found, expected));
}

static void check__second_name_of_a_secret__refused(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    char other[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    wchar_t *wide_other = NULL;

    test_folder_path(folder, "s.key", path);
    test_folder_path(folder, "other", other);
    assert_done(file_write_atomic(path, bytes_of_text("x"), true, &err), &err, "");
    wide = wide_path(path, &err);
    wide_other = wide_path(other, &err);
    assert_true(CreateHardLinkW(wide_other, wide, NULL));
    assert_done(rights_check(path, false, &err), &err, "what everybody may read");
    assert_refused(rights_check(path, true, &err), &err, REASON_RIGHTS_UNSAFE, "");
    assert_non_null(strstr(err.detail, "fsutil hardlink list"));
    error_clear(&err);
    /* nor are rights given: they would be those of the other name too */
    assert_refused(rights_protect_tree(folder->path, 10, &err), &err, REASON_RIGHTS_UNSAFE, "");
    error_clear(&err);
    assert_true(DeleteFileW(wide_other));
    assert_done(rights_protect_tree(folder->path, 10, &err), &err, "");
    assert_done(rights_check(path, true, &err), &err, "");
    free(wide);
    free(wide_other);
}

/* REPARSE_DATA_BUFFER of a mount point; only drivers' headers have it. */
struct junction {
    DWORD tag;
    WORD length;
    WORD reserved;
    WORD substitute_offset;
    WORD substitute_length;
    WORD print_offset;
    WORD print_length;
    wchar_t path[512];
};

static bool make_junction(const wchar_t *at, const wchar_t *target)
{
    struct junction data;
    DWORD done = 0;
    size_t len = wcslen(target);
    HANDLE folder = INVALID_HANDLE_VALUE;
    bool ok = false;

    memset(&data, 0, sizeof(data));
    if (len + 8 > sizeof(data.path) / sizeof(data.path[0]) || !CreateDirectoryW(at, NULL)) {
        return false;
    }
    memcpy(data.path, L"\\??\\", 4 * sizeof(wchar_t));
    memcpy(data.path + 4, target + 4, (len - 4) * sizeof(wchar_t)); /* without "\\?\" */
    data.tag = IO_REPARSE_TAG_MOUNT_POINT;
    data.substitute_length = (WORD)(len * sizeof(wchar_t));
    data.print_offset = (WORD)((len + 1) * sizeof(wchar_t));
    data.length = (WORD)(8 + (len + 2) * sizeof(wchar_t));
    folder = CreateFileW(at, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    ok = folder != INVALID_HANDLE_VALUE
         && DeviceIoControl(folder, FSCTL_SET_REPARSE_POINT, &data, 8u + data.length, NULL, 0,
                            &done, NULL);
    if (folder != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(folder);
    }
    return ok;
}

static void check__junction__refused_and_not_followed(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char found[ERROR_DETAIL_MAX] = "";
    char target[FILE_PATH_MAX];
    char data[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    wchar_t *wide_target = NULL;
    bool made = false;

    test_folder_path(folder, "target", target);
    test_folder_path(folder, "data", data);
    test_folder_path(folder, "data/templates", path);
    assert_done(folder_create(target, true, &err), &err, "");
    assert_done(folder_create(data, true, &err), &err, "");
    wide = wide_path(path, &err);
    wide_target = wide_path(target, &err);
    made = make_junction(wide, wide_target);
    if (made) {
        assert_refused(rights_check(path, false, &err), &err, REASON_REPARSE_POINT, "");
        error_clear(&err);
        assert_done(rights_check_tree(data, 10, name_finding, found, &err), &err, "");
        assert_non_null(strstr(found, "junction"));
        assert_refused(rights_protect_tree(data, 10, &err), &err, REASON_REPARSE_POINT, "");
        assert_true(RemoveDirectoryW(wide));
    }
    free(wide);
    free(wide_target);
    if (!made) {
        test_skip("junctions cannot be made here (Wine)");
    }
}

static void owner__of_this_process__may_own(void **state)
{
    char self[RIGHTS_SID_MAX];

    (void)state;
    private_rights_self(self);
    assert_true(strncmp(self, "S-1-5-", 6) == 0);
    assert_int_not_equal(private_rights_owner(), RIGHTS_OWNER_SERVICE); /* no test runs as that */
    private_rights_adopt();
}

static void registry__key_made_and_protected__values_stay(void **state)
{
    static const char key[] = "SOFTWARE\\OpenNDES test rights\\key";
    static const wchar_t wide_key[] = L"SOFTWARE\\OpenNDES test rights\\key";
    struct error err = ERROR_INIT;
    char sddl[RIGHTS_SDDL_MAX];
    DWORD number = 5;
    uint32_t back = 0;
    bool found = false;

    (void)state;
    assert_done(rights_text_sddl(RIGHTS_REGISTRY_KEY, RIGHTS_OWNER_ADMINISTRATORS, sddl, &err),
                &err, "");
    if (!registry_protect(key, sddl, &err)) {
        assert_int_equal(err.reason, REASON_NOT_PERMITTED);
        test_skip("only administrators write there");
    }
    assert_int_equal(
        RegSetKeyValueW(HKEY_LOCAL_MACHINE, wide_key, L"n", REG_DWORD, &number, sizeof(number)), 0);
    assert_done(registry_protect(key, sddl, &err), &err, "again");
    assert_done(registry_read_u32(key, "n", &back, &found, &err), &err, "");
    assert_true(found);
    assert_int_equal(back, 5);
    assert_refused(registry_protect(key, "nonsense", &err), &err, REASON_INTERNAL, "");
    (void)RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\OpenNDES test rights");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sddl__parsed_by_windows__is_what_was_meant),
        cmocka_unit_test(descriptor__made_of_sddl__judged),
        cmocka_unit_test(descriptor__null_list_and_special_entries__unsafe),
        cmocka_unit_test_setup_teardown(check__file_for_everybody__refused_and_mended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(take_empty__held_open_by_its_maker__not_his_any_more,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(take_empty__not_empty__refused_and_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tree__remedy__names_the_data_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check__second_name_of_a_secret__refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check__junction__refused_and_not_followed, set_up,
                                        tear_down),
        cmocka_unit_test(owner__of_this_process__may_own),
        cmocka_unit_test(registry__key_made_and_protected__values_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
