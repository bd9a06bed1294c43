/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_load.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define ASN1_SEQUENCE 0x30

enum language { LANGUAGE_NONE, LANGUAGE_JSON, LANGUAGE_XML, LANGUAGE_CMS, LANGUAGE_BINARY_PLIST };

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool is_utf16(struct bytes text)
{
    return starts_with(text, "\xff\xfe") || starts_with(text, "\xfe\xff")
           || (text.len >= 2 && (text.data[0] == 0) != (text.data[1] == 0));
}

static struct bytes skip_bom(struct bytes text)
{
    size_t bom = starts_with(text, "\xef\xbb\xbf") ? 3 : 0;

    return bytes_of(text.data + bom, text.len - bom);
}

/* The first character that is no space, of UTF-8 or UTF-16 alike; 0 when there is none. */
static uint8_t first_character(struct bytes text)
{
    for (size_t i = is_utf16(text) && text.data[0] >= 0xfe ? 2 : 0; i < text.len; i++) {
        if (text.data[i] != 0 && strchr(" \t\r\n", text.data[i]) == NULL) {
            return text.data[i];
        }
    }
    return 0;
}

static enum language language_of(struct bytes text)
{
    uint8_t first = 0;

    text = skip_bom(text);
    if (starts_with(text, "bplist")) {
        return LANGUAGE_BINARY_PLIST;
    }
    if (text.len > 0 && text.data[0] == ASN1_SEQUENCE) {
        return LANGUAGE_CMS;
    }
    first = first_character(text);
    if (first == '{' || first == '[') {
        return LANGUAGE_JSON;
    }
    if (first == '<') {
        return LANGUAGE_XML;
    }
    return starts_with(text_trim(text), "-----BEGIN ") ? LANGUAGE_CMS : LANGUAGE_NONE;
}

/* What json.h found wrong is a fault of the policy here, not of the configuration. */
static bool take_syntax_error(const struct error *cause, struct error *err)
{
    bool syntax =
        cause->reason == REASON_CONFIG_SYNTAX || cause->reason == REASON_CONFIG_DUPLICATE_KEY;

    return error_set(err, syntax ? REASON_POLICY_FORMAT : cause->reason, "%s", cause->detail);
}

static bool load_json(struct bytes text, const char *file, struct policy_set *out,
                      struct error *err)
{
    struct error cause = ERROR_INIT;
    struct json *root = NULL;
    bool ok = false;

    if (is_utf16(skip_bom(text))) {
        return error_set(err, REASON_POLICY_FORMAT,
                         "JSON in UTF-16; save it as UTF-8 (PowerShell: Out-File -Encoding utf8)");
    }
    root = json_value_parse(text, LIMIT_POLICY_BYTES, LIMIT_POLICY_JSON_DEPTH, &cause);
    if (root == NULL) {
        return take_syntax_error(&cause, err);
    }
    ok = policy_load_json(root, text, file, out, err);
    json_value_free(root);
    return ok;
}

/* `unwrapped`: the text was inside a CMS already; nobody signs twice. */
static bool load_language(struct bytes text, bool unwrapped, const char *file,
                          struct policy_set *out, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_POLICY_BYTES);
    enum language language = language_of(text);
    bool ok = false;

    if (language == LANGUAGE_CMS && !unwrapped) {
        ok = policy_unwrap_cms(skip_bom(text), &content, err)
             && load_language(buffer_bytes(&content), true, file, out, err);
    } else if (language == LANGUAGE_JSON) {
        ok = load_json(text, file, out, err);
    } else if (language == LANGUAGE_XML) {
        ok = policy_load_xml(text, file, out, err);
    } else if (language == LANGUAGE_BINARY_PLIST) {
        ok = error_set(
            err, REASON_POLICY_FORMAT,
            "a binary property list; convert it on a Mac with: plutil -convert xml1 FILE");
    } else {
        ok =
            error_set(err, REASON_POLICY_FORMAT,
                      "neither JSON nor XML nor a signed profile: a policy begins with { or [ or < "
                      "or is CMS");
    }
    buffer_clear(&content);
    return ok;
}

static bool warn_same_names(struct policy_set *set, struct error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(set->item[i]->name, set->item[j]->name) == 0) {
                if (!policy_set_warn(set, err, "two policies have the name %s",
                                     set->item[i]->name)) {
                    return false;
                }
                break;
            }
        }
    }
    return true;
}

static bool finish(struct policy_set *set, struct error *err)
{
    char shown[120];

    if (set->count == 0) {
        return error_set(err, REASON_POLICY_EMPTY, "holds no policy%s%s",
                         set->warnings.count > 0 ? ": " : "",
                         set->warnings.count > 0 ? set->warnings.item[0] : "");
    }
    for (size_t i = 0; i < set->count; i++) {
        if (!policy_finish(set->item[i], err)) {
            text_escape(shown, sizeof(shown), bytes_of_text(set->item[i]->name));
            return error_context(err, "policy \"%s\"", shown);
        }
    }
    return warn_same_names(set, err);
}

bool policy_load(struct bytes text, const char *file, struct policy_set *out, struct error *err)
{
    bool ok = false;

    if (text.len > LIMIT_POLICY_BYTES) {
        (void)error_set(err, REASON_LIMIT, "%zu bytes, more than %u", text.len, LIMIT_POLICY_BYTES);
    } else if (first_character(skip_bom(text)) == 0) {
        (void)error_set(err, REASON_POLICY_EMPTY, "is empty");
    } else {
        ok = load_language(text, false, file, out, err) && finish(out, err);
    }
    if (!ok) {
        (void)error_context(err, "%s", file);
        policy_set_clear(out);
    }
    return ok;
}
