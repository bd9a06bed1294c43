/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of a peer on their way into log, audit record and database: transaction id, subject, what a
 * challenge's refusal quotes, a user's name. Real files and a real database, in a folder that goes
 * away. Promised: a request is one line of each file without control characters, the audit line is
 * JSON, and the row that comes back is the one that went in.
 *
 * Input: for each of the four texts one byte, its length, and the text.
 */
#include <ftw.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/log.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "service/abuse_watch.h"
#include "service/request_log.h"
#include "store/store.h"

/* Nobody watches here (dispatch->abuse is NULL); the real one stands on the whole service. */
void abuse_watch_count(struct abuse_watch *watch, const struct abuse_fact *fact)
{
    (void)watch;
    (void)fact;
}

#define ROWS_MAX 2000 /* then a new database, so that it stays quick */
#define FILE_MAX_BYTES 262144u
#define DER "\x30\x03\x02\x01\x00"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer calls with bytes and nothing else: what stays the same lives here. */
static char folder[64];
static struct store *store;
static unsigned rows;

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

static void clean_up(void)
{
    store_close(store);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const char *name, char path[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    must(path_join(path, folder, name, &err));
}

static void new_store(void)
{
    static const char *const files[] = { "openndes.db", "openndes.db-wal", "openndes.db-shm" };
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = 1 };
    struct error err = ERROR_INIT;

    store_close(store);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        path_of(files[i], path);
        must(file_remove(path, &err));
    }
    path_of(files[0], path);
    store = store_open(&options, &err);
    must(store != NULL);
    rows = 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* in memory where there is such a folder: each row is durable before the next */
    (void)snprintf(folder, sizeof(folder), "%s/openndes-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL);
    must(atexit(clean_up) == 0);
    new_store();
    return 0;
}

/* The next text of the input; shorter when the input ends. */
static struct bytes take(struct bytes *input)
{
    struct bytes text = { input->data, 0 };
    size_t len = 0;

    if (input->len > 0) {
        len = input->data[0];
        input->data++;
        input->len--;
        text = bytes_of(input->data, len < input->len ? len : input->len);
        input->data += text.len;
        input->len -= text.len;
    }
    return text;
}

/* A name as a request can bring it: the string's type is the peer's, too. */
static void format_subject(struct bytes text, char out[NAME_TEXT_MAX])
{
    static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_BMPSTRING,
                                 V_ASN1_T61STRING,  V_ASN1_UNIVERSALSTRING, V_ASN1_IA5STRING };
    X509_NAME *name = X509_NAME_new();
    int type = text.len == 0 ? V_ASN1_UTF8STRING
                             : types[text.data[0] % (sizeof(types) / sizeof(types[0]))];

    must(name != NULL);
    if (text.len > 0) {
        (void)X509_NAME_add_entry_by_NID(name, NID_commonName, type, text.data, (int)text.len, -1,
                                         0);
        (void)X509_NAME_add_entry_by_NID(name, NID_organizationName, V_ASN1_UTF8STRING, text.data,
                                         (int)text.len, -1, 0);
    }
    name_format(name, out, NAME_TEXT_MAX);
    X509_NAME_free(name);
}

/* One line, UTF-8, nothing that moves a cursor or rings a bell. */
static void judge_line(const char *name, bool json)
{
    struct buffer content = BUFFER_INIT(FILE_MAX_BYTES);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    path_of(name, path);
    must(file_read(path, FILE_MAX_BYTES, &content, &err));
    must(content.len > 0 && content.data[content.len - 1] == '\n');
    must(text_utf8_valid(buffer_bytes(&content)));
    for (size_t i = 0; i + 1 < content.len; i++) {
        must(content.data[i] >= 0x20 && content.data[i] != 0x7f);
    }
    if (json) {
        struct json *value = json_value_parse(buffer_bytes(&content), FILE_MAX_BYTES, 8, &err);

        must(value != NULL && json_value_kind(value) == JSON_KIND_OBJECT);
        json_value_free(value);
    }
    buffer_clear(&content);
    must(file_remove(path, &err));
}

static void write_and_judge(const struct ndes_report *report)
{
    const struct log_options log_options = {
        .folder = folder, .file_name = "openndes.log", .level = LOG_LEVEL_INFO, .file_mb = 1
    };
    const struct audit_options audit_options = { .folder = folder, .file_mb = 1 };
    struct http_request request = { .id = "r1",
                                    .method_text = "POST",
                                    .path = "/scep/device",
                                    .started_us = clock_monotonic_us() };
    const struct http_response response = { .status = 200 };
    const struct route route = { .kind = ROUTE_SCEP, .name = "device" };
    struct error err = ERROR_INIT;
    struct dispatch dispatch = { .log = log_open(&log_options, &err) };

    must(dispatch.log != NULL);
    dispatch.audit = audit_open(&audit_options, &err);
    must(dispatch.audit != NULL);
    request_log(&dispatch, &request, &response, &route, report);
    log_close(dispatch.log);
    audit_close(dispatch.audit);
    judge_line("openndes.log", false);
    judge_line("audit.jsonl", true);
}

struct expected {
    const struct store_certificate *cert;
    bool seen;
};

static bool compare(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct expected *expected = context;

    (void)err;
    must(strcmp(row->subject, expected->cert->info->subject) == 0);
    must(bytes_equal(row->transaction_id, expected->cert->request->transaction_id));
    must(bytes_equal(row->der, expected->cert->der));
    expected->seen = true;
    return true;
}

static void store_and_compare(const struct ndes_report *report)
{
    struct store_request_key key = {
        .template_name = "device",
        .ca_name = "default",
        .transaction_id = bytes_of(report->scep.transaction_id, report->scep.transaction_id_len),
    };
    struct certificate_info info = { .not_after = 2000000000 };
    const struct store_certificate cert = { .request = &key,
                                            .info = &info,
                                            .der = bytes_of(DER, sizeof(DER) - 1),
                                            .peer = "192.0.2.7",
                                            .challenge_type = "static",
                                            .request_id = "r1",
                                            .issued_at = 1700000000 };
    struct expected expected = { &cert, false };
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    if (rows >= ROWS_MAX) {
        new_store();
    }
    must(text_format(info.serial, sizeof(info.serial), "%08x", ++rows));
    must(text_copy(info.subject, sizeof(info.subject), report->scep.requested_subject));
    must(store_record_certificate(store, &cert, 0, &result, &err) && result == STORE_RECORDED);
    must(store_show_certificate(store, "default", info.serial, compare, &expected, &err));
    must(expected.seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct ndes_report report = { .scheme = "Basic" };
    char shown[256];
    struct bytes text;

    endpoint_report_init(&report.scep);
    report.scep.operation = "PKIOperation";
    report.scep.message_type = "PKCSReq";
    text = take(&input);
    if (text.len > 0) {
        memcpy(report.scep.transaction_id, text.data, text.len);
    }
    report.scep.transaction_id_len = text.len;
    format_subject(take(&input), report.scep.requested_subject);
    text = take(&input);
    text_escape(shown, sizeof(shown), text);
    if (text.len > 0) {
        (void)error_set(&report.scep.error, REASON_CHALLENGE_REJECTED, "challenge \"%s\"", shown);
    }
    text = take(&input); /* Windows gives names without NUL */
    for (size_t i = 0; i < text.len && text.data[i] != 0 && i + 1 < sizeof(report.user); i++) {
        report.user[i] = (char)text.data[i];
    }
    write_and_judge(&report);
    store_and_compare(&report);
    return 0;
}
