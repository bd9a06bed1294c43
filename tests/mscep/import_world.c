/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/import_world.h"

#include <string.h>

#define ROOT "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP"

static enum ndes_import_existing lookup(void *context, const char *name)
{
    const struct import_world *w = context;

    if (w->ndes_template != NULL && strcmp(w->ndes_template, name) == 0) {
        return NDES_IMPORT_NDES_TEMPLATE;
    }
    if (w->other_template != NULL && strcmp(w->other_template, name) == 0) {
        return NDES_IMPORT_OTHER_TEMPLATE;
    }
    return NDES_IMPORT_NO_TEMPLATE;
}

static void open_facts(struct import_world *w, struct bytes registry, const char *service_json)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    memset(w, 0, sizeof(*w));
    assert_done(ndes_registry_parse(&w->registry, registry, &err), &err, "");
    test_folder_create(&w->folder);
    test_folder_write(&w->folder, "openndes.json", service_json);
    test_folder_path(&w->folder, "openndes.json", path);
    w->service = config_edit_open(CONFIG_SCOPE_SERVICE, path, &err);
    assert_non_null(w->service);
    w->facts = (struct ndes_import_facts){
        .registry = &w->registry,
        .service = w->service,
        .lookup = lookup,
        .lookup_context = w,
        .ca_ready = true,
        .ca_is_root = true,
        .now = 1700000000,
    };
}

/* "PasswordMax" lies in the key PasswordMax; the three templates and "\name" in the root. */
static void append_value(struct buffer *file, const struct import_value *value)
{
    struct error err = ERROR_INIT;
    const char *backslash = strrchr(value->name, '\\');
    bool in_root = strstr(value->name, "Template") != NULL;

    if (in_root) {
        assert_true(buffer_printf(file, &err, ROOT "]\r\n\"%s\"=%s\r\n", value->name, value->data));
    } else if (backslash != NULL) {
        assert_true(buffer_printf(file, &err, ROOT "\\%.*s]\r\n\"%s\"=%s\r\n",
                                  (int)(backslash - value->name), value->name, backslash + 1,
                                  value->data));
    } else {
        assert_true(buffer_printf(file, &err, ROOT "\\%s]\r\n\"%s\"=%s\r\n", value->name,
                                  value->name, value->data));
    }
}

void import_world_open(struct import_world *w, const struct import_value *values,
                       const char *service_json)
{
    struct buffer file = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    assert_true(buffer_append_text(
        &file, "Windows Registry Editor Version 5.00\r\n\r\n" ROOT "]\r\n", &err));
    for (; values->name != NULL; values++) {
        append_value(&file, values);
    }
    open_facts(w, buffer_bytes(&file), service_json);
    buffer_clear(&file);
}

void import_world_open_fixture(struct import_world *w, const char *name, const char *service_json)
{
    struct buffer file = BUFFER_INIT(65536);

    test_fixture_read(name, &file);
    open_facts(w, buffer_bytes(&file), service_json);
    buffer_clear(&file);
}

void import_world_iis(struct import_world *w, const char *fixture)
{
    struct buffer file = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    test_fixture_read(fixture, &file);
    assert_done(ndes_iis_parse(&w->iis, buffer_bytes(&file), &err), &err, fixture);
    w->facts.iis = &w->iis;
    buffer_clear(&file);
}

void import_world_close(struct import_world *w)
{
    ndes_import_plan_free(w->plan);
    config_edit_close(w->service);
    ndes_registry_clear(&w->registry);
    test_folder_remove(&w->folder);
}

void import_world_plan(struct import_world *w)
{
    struct error err = ERROR_INIT;

    ndes_import_plan_free(w->plan);
    w->plan = ndes_import_plan_make(&w->facts, &err);
    assert_done(w->plan != NULL, &err, "");
}

static const char *find(const struct ndes_import_settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->items[i].key, key) == 0) {
            return settings->items[i].value;
        }
    }
    return NULL;
}

const char *import_world_service(const struct import_world *w, const char *key)
{
    return find(&w->plan->service, key);
}

const char *import_world_template(const struct import_world *w, size_t index, const char *key)
{
    assert_true(index < w->plan->template_count);
    return find(&w->plan->templates[index].settings, key);
}

bool import_world_says(const struct import_world *w, enum ndes_import_section section,
                       const char *what, const char *text)
{
    const struct ndes_import_notes *notes = &w->plan->notes[section];

    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(notes->items[i].what, what) == 0 && strstr(notes->items[i].text, text) != NULL) {
            return true;
        }
    }
    return false;
}

void import_world_assert_says(const struct import_world *w, enum ndes_import_section section,
                              const char *what, const char *text, const char *file, int line)
{
    const struct ndes_import_notes *notes = &w->plan->notes[section];

    if (import_world_says(w, section, what, text)) {
        return;
    }
    for (size_t i = 0; i < notes->count; i++) {
        print_message("%s: %s\n", notes->items[i].what, notes->items[i].text);
    }
    print_message("no note on \"%s\" with \"%s\"\n", what, text);
    _fail(file, line);
}
