/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/text.h"

/* Intune's ScepActions. */

#define API_VERSION "2018-02-20"
#define DESCRIPTION_MAX 255 /* characters */
#define CODE_TEXT_MAX 1024
#define CONTEXT                                                                                    \
    "https://localhost/$metadata#microsoft.management.services."                                   \
    "scepRequestValidationService.api.scepActionResult"

/* ---- one body -------------------------------------------------------------------------------- */

static const char *member(const struct json *object, const char *name)
{
    struct json *value = json_value_get(object, name);
    const char *text = value != NULL ? json_value_text(value) : NULL;

    return text != NULL ? text : "";
}

/* base64 of DER without line breaks; out gets it. */
static bool check_request(struct cloud_visit *visit, const char *text, struct buffer *out)
{
    struct error err = ERROR_INIT;

    if (text[strcspn(text, "\r\n \t")] != '\0') {
        return cloud_object(visit, "certificateRequest with white space");
    }
    return base64_decode(bytes_of_text(text), BASE64_STRICT, out, &err)
           || cloud_object(visit, "certificateRequest is no base64");
}

static bool is_hex(const char *text, size_t least, size_t most)
{
    size_t len = strlen(text);

    return len >= least && len <= most && len % 2 == 0
           && strspn(text, "0123456789abcdefABCDEF") == len;
}

/* YYYY-MM-DDThh:mm:ss with an optional fraction, and Z. */
static bool is_date(const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    const char *rest = text;

    for (size_t i = 0; shape[i] != '\0'; i++, rest++) {
        if (shape[i] == 'd' ? *rest < '0' || *rest > '9' : *rest != shape[i]) return false;
    }
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");

        if (digits == 0 || digits > 7) return false;
        rest += 1 + digits;
    }
    return strcmp(rest, "Z") == 0;
}

static bool check_success(struct cloud_visit *visit, const struct json *n)
{
    if (!is_hex(member(n, "certificateThumbprint"), 40, 40)) {
        return cloud_object(visit, "certificateThumbprint is no SHA-1 in hex");
    }
    if (!is_hex(member(n, "certificateSerialNumber"), 2, 40)) {
        return cloud_object(visit, "certificateSerialNumber is no hex of even length");
    }
    return is_date(member(n, "certificateExpirationDateUtc"))
           || cloud_object(visit, "certificateExpirationDateUtc: %.40s",
                           member(n, "certificateExpirationDateUtc"));
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0u) != 0x80u ? 1u : 0u;
    }
    return count;
}

/* An HRESULT of a failure as a signed number of 32 bits. */
static bool check_failure(struct cloud_visit *visit, const struct json *n)
{
    struct json *hresult = json_value_get(n, "hResult");

    if (json_value_kind(hresult) != JSON_KIND_INTEGER || json_value_integer(hresult) >= 0
        || json_value_integer(hresult) < INT32_MIN) {
        return cloud_object(visit, "hResult is no HRESULT of a failure");
    }
    return characters(member(n, "errorDescription")) <= DESCRIPTION_MAX
           || cloud_object(visit, "errorDescription is over %d characters", DESCRIPTION_MAX);
}

static bool texts_only(struct cloud_visit *visit, const struct json *object)
{
    struct json *value = NULL;
    const char *key = NULL;
    void *it = NULL;

    while (json_value_next(object, &it, &key, &value)) {
        if (strcmp(key, "hResult") != 0 && json_value_text(value) == NULL) {
            return cloud_object(visit, "%s is no text", key);
        }
    }
    return true;
}

static const struct {
    enum intune_cloud_path path;
    const char *name;
    const char *required[8];
    const char *optional[3];
    bool (*check)(struct cloud_visit *visit, const struct json *notification);
} bodies[] = {
    { INTUNE_CLOUD_VALIDATE,
      "request",
      { "transactionId", "certificateRequest", "callerInfo", NULL },
      { NULL },
      NULL },
    { INTUNE_CLOUD_SUCCESS,
      "notification",
      { "transactionId", "certificateRequest", "certificateThumbprint", "certificateSerialNumber",
        "certificateExpirationDateUtc", "issuingCertificateAuthority", "callerInfo", NULL },
      { "caConfiguration", "certificateAuthority", NULL },
      check_success },
    { INTUNE_CLOUD_FAILURE,
      "notification",
      { "transactionId", "certificateRequest", "hResult", "errorDescription", "callerInfo", NULL },
      { NULL },
      check_failure },
};

/* The inner object of a checked body, borrowed from *body (owned), and its request. */
static struct json *read_body(struct cloud_visit *visit, struct json **body, struct buffer *csr)
{
    static const char *const none[] = { NULL };
    size_t i = 0;
    struct json *inner = NULL;

    *body = cloud_check_object(visit);
    if (*body == NULL) return NULL;
    while (bodies[i].path != visit->path) {
        i++;
    }
    inner = json_value_get(*body, bodies[i].name);
    if (!cloud_check_members(visit, *body, "body", (const char *const[]){ bodies[i].name, NULL },
                             none)
        || !cloud_check_members(visit, inner, bodies[i].name, bodies[i].required,
                                bodies[i].optional)
        || !texts_only(visit, inner)
        || !check_request(visit, member(inner, "certificateRequest"), csr)
        || (bodies[i].check != NULL && !bodies[i].check(visit, inner))) {
        return NULL;
    }
    return inner;
}

/* ---- enrolments ------------------------------------------------------------------------------ */

/* Under the lock. NULL: none. */
static struct intune_cloud_enrolment *find(struct intune_cloud_server *cloud,
                                           const char *transaction_id, struct bytes csr, bool make)
{
    uint8_t digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    struct error err = ERROR_INIT;
    struct intune_cloud_enrolment *e = NULL;

    if (!digest_sha256(csr, digest, &err)) return NULL;
    text_hex(hex, sizeof(hex), bytes_of(digest, sizeof(digest)));
    for (size_t i = 0; i < cloud->enrolments.count; i++) {
        e = cloud->enrolments.items[i];
        if (strcmp(e->transaction_id, transaction_id) == 0 && strcmp(e->csr_sha256, hex) == 0) {
            return e;
        }
    }
    e = make ? cloud_list_add(&cloud->enrolments, sizeof(*e)) : NULL;
    if (e != NULL) {
        (void)!text_copy(e->transaction_id, sizeof(e->transaction_id), transaction_id);
        (void)!text_copy(e->csr_sha256, sizeof(e->csr_sha256), hex);
    }
    return e;
}

/* Has this very request been validated with this transaction? */
static bool check_order(struct cloud_visit *visit, const struct json *inner, struct bytes csr)
{
    struct intune_cloud_server *cloud = visit->cloud;
    const struct intune_cloud_enrolment *e = NULL;
    bool ok = false;

    (void)pthread_mutex_lock(&cloud->lock);
    e = find(cloud, member(inner, "transactionId"), csr, false);
    ok = cloud->settings.any_order || (e != NULL && e->validations > 0);
    (void)pthread_mutex_unlock(&cloud->lock);
    return ok || cloud_object(visit, "a request and transaction that were never validated");
}

bool cloud_scep_check(struct cloud_visit *visit)
{
    struct buffer csr = BUFFER_INIT(CLOUD_BODY_MAX);
    struct json *body = NULL;
    struct json *inner = NULL;
    bool ok = false;

    if (cloud_check_headers(visit, API_VERSION)) {
        inner = read_body(visit, &body, &csr);
        ok = inner != NULL
             && (visit->path == INTUNE_CLOUD_VALIDATE
                 || check_order(visit, inner, buffer_bytes(&csr)))
             && cloud_check_token(visit, CLOUD_AUDIENCE_INTUNE);
    }
    json_value_free(body);
    buffer_clear(&csr);
    return ok;
}

/* ---- answering ------------------------------------------------------------------------------- */

void cloud_scep_code(struct cloud_visit *visit, int status, const char *code, const char *text)
{
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;
    char description[CODE_TEXT_MAX + 64];

    (void)!text_format(description, sizeof(description), "%s%s%s", text[0] != '\0' ? code : "",
                       text[0] != '\0' ? ": " : "", text);
    if (body == NULL || !json_value_put_text(body, "@odata.context", CONTEXT, &err)
        || !json_value_put_text(body, "code", code, &err)
        || !json_value_put_text(body, "errorDescription", description, &err)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, status, body);
}

static void copy(char *to, size_t size, const char *from)
{
    (void)!text_format(to, size, "%s", from);
}

/* Under the lock. */
static void note(struct intune_cloud_enrolment *e, enum intune_cloud_path path,
                 const struct json *inner)
{
    if (path == INTUNE_CLOUD_VALIDATE) {
        e->validations++;
    } else if (path == INTUNE_CLOUD_SUCCESS) {
        e->confirmations++;
        copy(e->thumbprint, sizeof(e->thumbprint), member(inner, "certificateThumbprint"));
        copy(e->serial, sizeof(e->serial), member(inner, "certificateSerialNumber"));
        copy(e->expiration, sizeof(e->expiration), member(inner, "certificateExpirationDateUtc"));
        copy(e->issuing_authority, sizeof(e->issuing_authority),
             member(inner, "issuingCertificateAuthority"));
        copy(e->ca_configuration, sizeof(e->ca_configuration), member(inner, "caConfiguration"));
        copy(e->certificate_authority, sizeof(e->certificate_authority),
             member(inner, "certificateAuthority"));
    } else {
        e->failures++;
        e->hresult = json_value_integer(json_value_get(inner, "hResult"));
        copy(e->description, sizeof(e->description), member(inner, "errorDescription"));
    }
}

static void keep(struct cloud_visit *visit, const struct json *inner, struct bytes csr)
{
    struct intune_cloud_server *cloud = visit->cloud;
    struct intune_cloud_enrolment *e = NULL;

    (void)pthread_mutex_lock(&cloud->lock);
    e = find(cloud, member(inner, "transactionId"), csr, true);
    if (e != NULL) {
        note(e, visit->path, inner);
    }
    (void)pthread_mutex_unlock(&cloud->lock);
}

void cloud_scep_answer(struct cloud_visit *visit)
{
    struct buffer csr = BUFFER_INIT(CLOUD_BODY_MAX);
    struct json *body = NULL;
    struct json *inner = read_body(visit, &body, &csr);
    struct intune_cloud_settings settings;
    const char *code = "Success";
    char text[CODE_TEXT_MAX];

    text[0] = '\0';
    intune_cloud_settings(visit->cloud, &settings);
    if (inner != NULL && visit->path == INTUNE_CLOUD_VALIDATE) {
        code = cloud_csr_judge(visit->cloud, buffer_bytes(&csr), settings.any_challenge, text,
                               sizeof(text));
    }
    if (inner != NULL && strcmp(code, "Success") == 0) {
        keep(visit, inner, buffer_bytes(&csr));
    }
    cloud_scep_code(visit, 200, code, text);
    json_value_free(body);
    buffer_clear(&csr);
}
