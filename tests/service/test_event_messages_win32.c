/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/text.h"
#include "event_messages.h"

#include <windows.h>

#define TEXT_MAX 8192

/* The program itself, as Event Viewer opens it. OPENNDES_EXE: its path, with drive. */
static HMODULE open_program(void)
{
    wchar_t path[MAX_PATH];
    HMODULE module;

    assert_true(MultiByteToWideChar(CP_UTF8, 0, OPENNDES_EXE, -1, path, MAX_PATH) > 0);
    module = LoadLibraryExW(path, NULL, LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    if (module == NULL) {
        fail_msg("%s: error %lu", OPENNDES_EXE, GetLastError());
    }
    return module;
}

/* The message with these inserts as UTF-8; false where the table has none of this number. */
static bool format(HMODULE module, DWORD id, uint16_t language,
                   const char *const inserts[EVENTLOG_INSERTS_MAX], char text[TEXT_MAX])
{
    wchar_t wide[TEXT_MAX];
    wchar_t arguments[EVENTLOG_INSERTS_MAX][256];
    DWORD_PTR pointers[EVENTLOG_INSERTS_MAX];
    DWORD len;

    for (size_t i = 0; i < EVENTLOG_INSERTS_MAX; i++) {
        assert_true(MultiByteToWideChar(CP_UTF8, 0, inserts[i], -1, arguments[i], 256) > 0);
        pointers[i] = (DWORD_PTR)arguments[i];
    }
    len = FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY, module, id,
                         language, wide, TEXT_MAX, (va_list *)pointers);
    if (len == 0) {
        return false;
    }
    assert_true(WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, TEXT_MAX, NULL, NULL) > 0);
    return true;
}

static void messages__in_both_languages__take_inserts_as_they_are(void **state)
{
    static const char *const inserts[] = { "0x80070490", "100% of \"%1\" %2!d! %n (used)",
                                           "Client fe80::1%4, template Geräte", "17" };
    HMODULE module = open_program();

    (void)state;
    for (size_t i = 0; i < event_info_count(); i++) {
        const struct event_info *info = event_info_at(i);
        DWORD id = eventlog_message_id(info->level, (uint16_t)info->id);

        for (size_t k = 0; k < sizeof(message_languages) / sizeof(message_languages[0]); k++) {
            char text[TEXT_MAX];

            if (!format(module, id, message_languages[k].id, inserts, text)) {
                fail_msg("event %d has no message 0x%08lx in %s: error %lu", (int)info->id, id,
                         message_languages[k].name, GetLastError());
            }
            message_check(&message_languages[k], info, inserts, text);
        }
    }
    (void)FreeLibrary(module);
}

/* Which (severity, number) pairs a language has: the catalogue's and no other. */
static void messages__of_the_table__are_those_of_the_catalogue(void **state)
{
    HMODULE module = open_program();

    (void)state;
    for (size_t k = 0; k < sizeof(message_languages) / sizeof(message_languages[0]); k++) {
        HRSRC found = FindResourceExW(module, (LPCWSTR)RT_MESSAGETABLE, MAKEINTRESOURCEW(1),
                                      message_languages[k].id);
        const MESSAGE_RESOURCE_DATA *data;
        size_t count = 0;

        assert_non_null(found);
        data = LockResource(LoadResource(module, found));
        assert_non_null(data);
        for (DWORD i = 0; i < data->NumberOfBlocks; i++) {
            for (DWORD id = data->Blocks[i].LowId; id <= data->Blocks[i].HighId; id++) {
                const struct event_info *info = event_info((enum event_id)(id & 0xffff));

                if (info == NULL || eventlog_message_id(info->level, (uint16_t)info->id) != id) {
                    fail_msg("message 0x%08lx is no event of the catalogue", id);
                }
                count++;
            }
        }
        assert_int_equal(count, event_info_count());
    }
    (void)FreeLibrary(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages__in_both_languages__take_inserts_as_they_are),
        cmocka_unit_test(messages__of_the_table__are_those_of_the_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
