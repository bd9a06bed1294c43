/* SPDX-License-Identifier: Apache-2.0 */
/* The records behind the encryption: authentic, and not trusted for that. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/backup_record.h"
#include "support/test_support.h"

#define CONFIG                                                                                     \
    {                                                                                              \
        BACKUP_RECORD_FILE, "openndes.json", "", "{}"                                              \
    }
#define DATABASE                                                                                   \
    {                                                                                              \
        BACKUP_RECORD_DATABASE, "openndes.db", "", "database"                                      \
    }

/* A record as a test writes it; type 0 ends a list. */
struct sample {
    unsigned type;
    const char *name;
    const char *purpose;
    const char *content;
};

#define SAMPLES_MAX 6

struct stream {
    struct bytes data;
    size_t pos;
};

static bool stream_read(void *context, void *data, size_t len, struct error *err)
{
    struct stream *stream = context;

    if (len > stream->data.len - stream->pos) {
        return error_set(err, REASON_BACKUP_DAMAGED, "end");
    }
    if (len > 0) {
        memcpy(data, stream->data.data + stream->pos, len);
    }
    stream->pos += len;
    return true;
}

static bool stream_at_end(void *context, bool *at_end, struct error *err)
{
    const struct stream *stream = context;

    (void)err;
    *at_end = stream->pos == stream->data.len;
    return true;
}

static void put(struct buffer *out, const struct sample *sample)
{
    struct backup_record record = { .type = (enum backup_record_type)sample->type };
    struct error err = ERROR_INIT;

    assert_true(strlen(sample->name) < sizeof(record.name));
    assert_true(text_copy(record.name, sizeof(record.name), sample->name));
    assert_true(text_copy(record.purpose, sizeof(record.purpose), sample->purpose));
    record.size = strlen(sample->content);
    assert_done(backup_record_encode(&record, out, &err), &err, "");
    assert_done(buffer_append_text(out, sample->content, &err), &err, "");
}

/* Records, and the manifest that belongs to them. */
static void put_all(struct buffer *out, const struct sample *samples, size_t count)
{
    struct buffer text = BUFFER_INIT(65536);
    struct json *files = json_value_new_array();
    struct sample manifest = { BACKUP_RECORD_MANIFEST, "", "", NULL };
    struct error err = ERROR_INIT;
    int values = 0;

    for (size_t i = 0; i < count && samples[i].type != 0; i++) {
        struct backup_record record = { .type = (enum backup_record_type)samples[i].type,
                                        .size = strlen(samples[i].content) };

        put(out, &samples[i]);
        assert_true(text_copy(record.name, sizeof(record.name), samples[i].name));
        if (record.type == BACKUP_RECORD_VALUE) {
            values++;
        } else if (backup_record_type_name(samples[i].type) != NULL) {
            assert_done(backup_record_list(files, &record, &err), &err, "");
        }
    }
    assert_done(buffer_append_text(&text, "{\"files\":", &err), &err, "");
    assert_done(json_value_print(files, 0, &text, &err), &err, "");
    assert_done(buffer_printf(&text, &err, ",\"sealed_values\":%d}", values), &err, "");
    manifest.content = buffer_text(&text);
    put(out, &manifest);
    buffer_clear(&text);
    json_value_free(files);
}

static bool walk(struct bytes data, struct error *err)
{
    struct stream stream = { data, 0 };
    const struct backup_source source = { &stream, stream_read, stream_at_end };
    struct json *manifest = NULL;
    bool ok = backup_record_walk(&source, NULL, &manifest, err);

    assert_true(ok == (manifest != NULL));
    json_value_free(manifest);
    return ok;
}

static void walk__what_a_backup_has__accepted(void **state)
{
    static const struct sample cases[][SAMPLES_MAX] = {
        { CONFIG },
        { CONFIG, DATABASE },
        { CONFIG, { BACKUP_RECORD_SECRET, "secrets.key", "mac-key", "k" } },
        { CONFIG, { BACKUP_RECORD_SECRET, "ca/vpn/ca.key", "ca-key:vpn", "" } },
        { CONFIG, { BACKUP_RECORD_FILE, "ca/vpn/ca.key", "", "ONDK1 x" } },
        { CONFIG,
          DATABASE,
          { BACKUP_RECORD_VALUE, "password.sealed/7", "ndes-single-password:phones", "1234" },
          { BACKUP_RECORD_VALUE, "notification.ticket/9223372036854775807", "intune-ticket",
            "x" } },
        { CONFIG, { BACKUP_RECORD_LOG, "logs/audit.jsonl", "", "" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer data = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;
        char name[16];

        assert_true(text_format(name, sizeof(name), "case %zu", i));
        put_all(&data, cases[i], SAMPLES_MAX);
        assert_done(walk(buffer_bytes(&data), &err), &err, name);
        buffer_clear(&data);
    }
}

static void walk__what_no_backup_has__refused(void **state)
{
    static const struct {
        const char *name;
        struct sample samples[SAMPLES_MAX];
    } cases[] = {
        { "nothing", { { 0, "", "", "" } } },
        { "no settings", { DATABASE } },
        { "above the folder", { CONFIG, { BACKUP_RECORD_FILE, "../x", "", "" } } },
        { "absolute", { CONFIG, { BACKUP_RECORD_FILE, "/etc/passwd", "", "" } } },
        { "unknown name", { CONFIG, { BACKUP_RECORD_FILE, "x.dll", "", "" } } },
        { "key file of a machine", { CONFIG, { BACKUP_RECORD_FILE, "protect.key", "", "" } } },
        { "a lock", { CONFIG, { BACKUP_RECORD_FILE, "openndes.lock", "", "" } } },
        { "twice", { CONFIG, CONFIG } },
        { "twice but for case",
          { CONFIG,
            { BACKUP_RECORD_FILE, "policies/a.xml", "", "" },
            { BACKUP_RECORD_FILE, "policies/A.xml", "", "" } } },
        { "secret as a log", { CONFIG, { BACKUP_RECORD_LOG, "secrets.key", "", "" } } },
        { "file as a secret", { CONFIG, { BACKUP_RECORD_SECRET, "accounts.json", "", "" } } },
        { "secret without purpose", { CONFIG, { BACKUP_RECORD_SECRET, "secrets.key", "", "" } } },
        { "secret for another CA",
          { CONFIG, { BACKUP_RECORD_SECRET, "ca/vpn/ca.key", "ca-key:other", "" } } },
        { "file with a purpose", { { BACKUP_RECORD_FILE, "openndes.json", "x", "{}" } } },
        { "database as a file", { CONFIG, { BACKUP_RECORD_FILE, "openndes.db", "", "" } } },
        { "another database", { CONFIG, { BACKUP_RECORD_DATABASE, "x.db", "", "" } } },
        { "two databases", { CONFIG, DATABASE, DATABASE } },
        { "value before the database",
          { CONFIG, { BACKUP_RECORD_VALUE, "notification.ticket/1", "intune-ticket", "" } } },
        { "value of no column",
          { CONFIG, DATABASE, { BACKUP_RECORD_VALUE, "crl.der/1", "intune-ticket", "" } } },
        { "value without id",
          { CONFIG,
            DATABASE,
            { BACKUP_RECORD_VALUE, "notification.ticket/", "intune-ticket", "" } } },
        { "value with a sign",
          { CONFIG,
            DATABASE,
            { BACKUP_RECORD_VALUE, "notification.ticket/-1", "intune-ticket", "" } } },
        { "value for something else",
          { CONFIG, DATABASE, { BACKUP_RECORD_VALUE, "notification.ticket/1", "mac-key", "" } } },
        { "type 7", { CONFIG, { 7, "openndes.json", "", "" } } },
        { "type 0", { CONFIG, { 255, "accounts.json", "", "" } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer data = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;

        put_all(&data, cases[i].samples, SAMPLES_MAX);
        assert_refused(walk(buffer_bytes(&data), &err), &err, REASON_BACKUP_FORMAT, cases[i].name);
        buffer_clear(&data);
    }
}

static void walk__cut_anywhere__refused(void **state)
{
    static const struct sample samples[] = { CONFIG, DATABASE };
    struct buffer data = BUFFER_INIT(65536);

    (void)state;
    put_all(&data, samples, 2);
    for (size_t len = 0; len < data.len; len++) {
        struct error err = ERROR_INIT;

        assert_false(walk(bytes_of(data.data, len), &err));
    }
    buffer_clear(&data);
}

static void walk__something_behind_the_manifest__refused(void **state)
{
    static const struct sample samples[] = { CONFIG };
    struct buffer data = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    (void)state;
    put_all(&data, samples, 1);
    put_all(&data, samples, 1);
    assert_refused(walk(buffer_bytes(&data), &err), &err, REASON_BACKUP_FORMAT, "");
    buffer_clear(&data);
}

static void walk__manifest_of_something_else__refused(void **state)
{
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        { "no JSON", "{" },
        { "an array", "[]" },
        { "empty", "" },
        { "no list", "{\"sealed_values\":0}" },
        { "no number", "{\"files\":[{\"name\":\"openndes.json\",\"type\":\"file\",\"bytes\":2}]}" },
        { "other size", "{\"files\":[{\"name\":\"openndes.json\",\"type\":\"file\",\"bytes\":3}],"
                        "\"sealed_values\":0}" },
        { "other name", "{\"files\":[{\"name\":\"accounts.json\",\"type\":\"file\",\"bytes\":2}],"
                        "\"sealed_values\":0}" },
        { "one less", "{\"files\":[],\"sealed_values\":0}" },
        { "values", "{\"files\":[{\"name\":\"openndes.json\",\"type\":\"file\",\"bytes\":2}],"
                    "\"sealed_values\":1}" },
    };
    static const struct sample config = CONFIG;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer data = BUFFER_INIT(65536);
        struct sample manifest = { BACKUP_RECORD_MANIFEST, "", "", cases[i].text };
        struct error err = ERROR_INIT;

        put(&data, &config);
        put(&data, &manifest);
        assert_refused(walk(buffer_bytes(&data), &err), &err, REASON_BACKUP_FORMAT, cases[i].name);
        buffer_clear(&data);
    }
}

/* A length that is not there is refused by what it may be, before memory is taken for it. */
static void walk__huge_lengths__refused_at_once(void **state)
{
    static const struct {
        const char *name;
        enum backup_record_type type;
        const char *file;
        uint64_t size;
    } cases[] = {
        { "settings", BACKUP_RECORD_FILE, "openndes.json", UINT64_MAX },
        { "settings of 3 MB", BACKUP_RECORD_FILE, "openndes.json", 3u << 20 },
        { "policy", BACKUP_RECORD_FILE, "policies/a", UINT64_C(1) << 40 },
        { "reference", BACKUP_RECORD_FILE, "ca/vpn/ca.key", 4097 },
        { "database", BACKUP_RECORD_DATABASE, "openndes.db", UINT64_MAX },
        { "log", BACKUP_RECORD_LOG, "logs/audit.jsonl", INT64_MAX },
        { "manifest", BACKUP_RECORD_MANIFEST, "", UINT32_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct backup_record record = { .type = cases[i].type, .size = cases[i].size };
        struct buffer data = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;

        assert_true(text_copy(record.name, sizeof(record.name), cases[i].file));
        assert_done(backup_record_encode(&record, &data, &err), &err, "");
        assert_refused(walk(buffer_bytes(&data), &err), &err, REASON_BACKUP_FORMAT, cases[i].name);
        buffer_clear(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk__what_a_backup_has__accepted),
        cmocka_unit_test(walk__what_no_backup_has__refused),
        cmocka_unit_test(walk__cut_anywhere__refused),
        cmocka_unit_test(walk__something_behind_the_manifest__refused),
        cmocka_unit_test(walk__manifest_of_something_else__refused),
        cmocka_unit_test(walk__huge_lengths__refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
