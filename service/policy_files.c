/* SPDX-License-Identifier: Apache-2.0 */
#include "service/policy_files.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "ca/cert_chain.h"
#include "platform/files.h"
#include "policy/policy_load.h"

#define FOLDER_POLICIES "policies"
#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "

bool policy_files_folder(const char *data, char path[FILE_PATH_MAX], struct error *err)
{
    return path_join(path, data, FOLDER_POLICIES, err);
}

static bool is_bare(const char *name)
{
    return strpbrk(name, "/\\:") == NULL;
}

bool policy_files_read(const char *data, const char *name, size_t max_bytes, struct buffer *out,
                       struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    if (file_exists(name) || !is_bare(name)) {
        return file_read(name, max_bytes, out, err);
    }
    if (!policy_files_folder(data, folder, err) || !path_join(path, folder, name, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return error_set(err, REASON_FILE_MISSING, "there is no %s, neither here nor in %s", name,
                         folder);
    }
    return file_read(path, max_bytes, out, err);
}

bool policy_files_load(const char *data, const char *name, struct policy_set *out,
                       struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    bool ok = policy_files_read(data, name, LIMIT_POLICY_BYTES, &text, err)
              && policy_load(buffer_bytes(&text), name, out, err);

    buffer_clear(&text);
    return ok;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The base64 between the BEGIN line and its END line; a second request would be passed over. */
static bool pem_body(struct bytes text, struct bytes *body, struct error *err)
{
    const char *all = (const char *)text.data; /* a buffer's content ends in NUL */
    const char *begin = strstr(all, PEM_BEGIN);
    const char *end = begin == NULL ? NULL : strstr(begin, PEM_END);
    const char *line = begin == NULL ? NULL : strchr(begin, '\n');
    const char *label = begin == NULL ? NULL : strstr(begin, "CERTIFICATE REQUEST-----");

    if (end == NULL || line == NULL || line > end || label == NULL || label > line) {
        return error_set(err, REASON_SYNTAX, "the PEM text holds no CERTIFICATE REQUEST");
    }
    if (strstr(end, PEM_BEGIN) != NULL) {
        return error_set(err, REASON_SYNTAX, "the PEM text holds more than one request");
    }
    *body = bytes_of(line, (size_t)(end - line));
    return true;
}

static bool decode(const struct buffer *content, struct buffer *der, struct error *err)
{
    struct bytes text = text_trim(buffer_bytes(content));

    if (content->len > 0 && content->data[0] == 0x30) {
        return buffer_append_bytes(der, buffer_bytes(content), err);
    }
    if (strstr(buffer_text(content), PEM_BEGIN) != NULL
        && !pem_body(buffer_bytes(content), &text, err)) {
        return false;
    }
    return base64_decode(text, BASE64_TOLERANT, der, err);
}

static bool parse(struct bytes der, struct policy_request_file *out, struct error *err)
{
    if (!csr_parse(der, &out->csr, err)) {
        return false;
    }
    out->details = csr_details_parse(&out->csr, err);
    return out->details != NULL;
}

bool policy_files_request(const char *name, struct policy_request_file *out, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct error why = ERROR_INIT;
    bool ok;

    *out = (struct policy_request_file){ .name = name, .csr = CSR_INIT };
    ok = file_read(name, LIMIT_PEM_FILE_BYTES, &content, err);
    if (ok && (!decode(&content, &der, &why) || !parse(buffer_bytes(&der), out, &why))) {
        /* A file that is no request is not a request that is refused. */
        ok = error_set(err, REASON_FILE_UNREADABLE, "%s is no certification request: %s", name,
                       why.detail);
    }
    /* The challenge is in both. */
    buffer_clear(&content);
    buffer_clear(&der);
    if (!ok) {
        policy_files_request_clear(out);
    }
    return ok;
}

void policy_files_request_clear(struct policy_request_file *file)
{
    if (file != NULL) {
        csr_details_free(file->details);
        csr_clear(&file->csr);
        file->details = NULL;
    }
}

/* ---- CA certificates ------------------------------------------------------------------------- */

struct policy_ca *policy_files_ca(const char *name, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct stack_st_X509 *certificates = cert_chain_new(err);
    struct policy_ca *ca = NULL;

    if (certificates != NULL && file_read(name, LIMIT_PEM_FILE_BYTES, &content, err)
        && cert_chain_parse(buffer_bytes(&content), name, certificates, err)) {
        ca = policy_ca_create(certificates, err);
    }
    cert_chain_free(certificates);
    buffer_clear(&content);
    return ca;
}
