/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_key_reference.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/certificate.h"
#include "model/machine_pkey.h"

#define KIND_STORE "store "
#define KIND_CONTAINER "container "
#define DEFAULT_PROVIDER "- "

/* ---- text ------------------------------------------------------------------------------------ */

bool ca_key_reference_is(struct bytes content)
{
    size_t len = sizeof(SEALED_REFERENCE_MAGIC) - 1;

    return content.len >= len
           && bytes_equal(bytes_of(content.data, len), bytes_of_text(SEALED_REFERENCE_MAGIC));
}

/* Take `prefix` off the front. */
static bool take(struct bytes *rest, const char *prefix)
{
    size_t len = strlen(prefix);

    if (rest->len < len || !bytes_equal(bytes_of(rest->data, len), bytes_of_text(prefix))) {
        return false;
    }
    *rest = bytes_of(rest->data + len, rest->len - len);
    return true;
}

/* Not empty, no blanks at the ends, nothing that could end the line or the quotes. */
static bool take_name(struct bytes text, char out[CA_KEY_REFERENCE_NAME_MAX])
{
    if (text.len == 0 || text.len >= CA_KEY_REFERENCE_NAME_MAX || text_trim(text).len != text.len
        || !text_utf8_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f || text.data[i] == '"') {
            return false;
        }
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

/* "PROVIDER" and a blank, or - and a blank. */
static bool take_provider(struct bytes *rest, char out[CA_KEY_REFERENCE_NAME_MAX])
{
    const uint8_t *end = NULL;
    struct bytes name;

    if (take(rest, DEFAULT_PROVIDER)) {
        return true;
    }
    if (!take(rest, "\"")) {
        return false;
    }
    end = rest->len == 0 ? NULL : memchr(rest->data, '"', rest->len);
    if (end == NULL) {
        return false;
    }
    name = bytes_of(rest->data, (size_t)(end - rest->data));
    *rest = bytes_of(end, rest->len - name.len);
    return take(rest, "\" ") && take_name(name, out);
}

static bool take_line(struct bytes rest, struct ca_key_reference *out)
{
    struct error ignored = ERROR_INIT;
    char digits[THUMBPRINT_TEXT_MAX];

    if (!take(&rest, SEALED_REFERENCE_MAGIC)) {
        return false;
    }
    if (take(&rest, KIND_STORE)) {
        if (rest.len != sizeof(digits) - 1) {
            return false;
        }
        memcpy(digits, rest.data, rest.len);
        digits[rest.len] = '\0';
        return thumbprint_parse(digits, out->thumbprint, &ignored);
    }
    return take(&rest, KIND_CONTAINER) && take_provider(&rest, out->provider)
           && take_name(rest, out->container);
}

bool ca_key_reference_parse(struct bytes content, struct ca_key_reference *out, struct error *err)
{
    struct ca_key_reference parsed = { .thumbprint = "" };

    if (content.len > 0 && content.data[content.len - 1] == '\n') {
        content.len--;
        content.len -= content.len > 0 && content.data[content.len - 1] == '\r' ? 1 : 0;
    }
    if (content.len >= CA_KEY_REFERENCE_MAX || !take_line(content, &parsed)) {
        return error_set(err, REASON_KEY_UNREADABLE,
                         "a key reference is one line, \"ONDK1 store THUMBPRINT\" or "
                         "\"ONDK1 container - NAME\", with the provider in quotes in place of the "
                         "hyphen");
    }
    *out = parsed;
    return true;
}

bool ca_key_reference_format(const struct ca_key_reference *reference,
                             char text[CA_KEY_REFERENCE_MAX], struct error *err)
{
    bool quoted = reference->provider[0] != '\0';
    bool fits = false;

    if (reference->thumbprint[0] != '\0') {
        fits = text_format(text, CA_KEY_REFERENCE_MAX, SEALED_REFERENCE_MAGIC KIND_STORE "%s",
                           reference->thumbprint);
    } else {
        fits = text_format(text, CA_KEY_REFERENCE_MAX,
                           SEALED_REFERENCE_MAGIC KIND_CONTAINER "%s%s%s %s", quoted ? "\"" : "",
                           quoted ? reference->provider : "-", quoted ? "\"" : "",
                           reference->container);
    }
    return fits || error_set(err, REASON_LIMIT, "the key reference is too long");
}

bool ca_key_reference_store(const char *thumbprint, struct ca_key_reference *out, struct error *err)
{
    struct ca_key_reference made = { .thumbprint = "" };

    if (!thumbprint_parse(thumbprint, made.thumbprint, err)) {
        return false;
    }
    *out = made;
    return true;
}

/* ---- key ------------------------------------------------------------------------------------- */

struct evp_pkey_st *ca_key_reference_open(const struct ca_key_reference *reference,
                                          struct x509_st **cert, struct error *err)
{
    struct buffer der = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct machine_key *machine = NULL;
    char place[CA_KEY_REFERENCE_MAX];
    EVP_PKEY *key = NULL;
    X509 *found = NULL;

    if (!ca_key_reference_format(reference, place, err)) goto out;
    machine =
        reference->thumbprint[0] != '\0'
            ? machine_key_by_thumbprint(reference->thumbprint, &der, err)
            : machine_key_by_container(reference->provider[0] != '\0' ? reference->provider : NULL,
                                       reference->container, err);
    if (machine == NULL) goto out;
    key = machine_pkey_create(machine, place, err);
    if (key == NULL) goto out;
    if (cert != NULL && der.len > 0) {
        found = certificate_parse(buffer_bytes(&der), err);
        if (found == NULL) {
            EVP_PKEY_free(key);
            key = NULL;
            goto out;
        }
    }
    if (cert != NULL) {
        *cert = found;
    }
out:
    buffer_clear(&der);
    return key;
}

void ca_key_reference_describe(const struct evp_pkey_st *key, char *text, size_t size)
{
    const char *place = machine_pkey_place(key);
    struct ca_key_reference reference;
    struct error ignored = ERROR_INIT;
    const char *provider = NULL;

    if (place == NULL || !ca_key_reference_parse(bytes_of_text(place), &reference, &ignored)) {
        (void)snprintf(text, size, "data folder, sealed");
        return;
    }
    provider = machine_key_provider(machine_pkey_machine_key(key));
    if (reference.thumbprint[0] != '\0') {
        (void)snprintf(text, size, "machine's store, certificate %s; %s", reference.thumbprint,
                       provider);
    } else {
        (void)snprintf(text, size, "machine container \"%s\"; %s", reference.container, provider);
    }
}
