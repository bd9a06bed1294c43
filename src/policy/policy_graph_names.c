/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_graph_names.h"

#include <string.h>

#include "base/text.h"
#include "policy/policy_dn.h"

#define LINT_SIZE 200u
#define FORMAT_CUSTOM 0x8000u
#define FORMAT_DURABLE 0x100u

static const struct policy_graph_word subject_formats[] = {
    { "commonName", 0x01 },
    { "commonNameIncludingEmail", 0x02 },
    { "commonNameAsEmail", 0x04 },
    { "commonNameAsIMEI", 0x08 },
    { "commonNameAsSerialNumber", 0x10 },
    { "commonNameAsAadDeviceId", 0x20 },
    { "commonNameAsIntuneDeviceId", 0x40 },
    { "commonNameAsDurableDeviceId", FORMAT_DURABLE },
    { "custom", FORMAT_CUSTOM },
    { NULL, 0 },
};

static const struct {
    uint32_t bit;
    const char *template;
} subject_templates[] = {
    { 0x01, "CN={{UserName}}" },     { 0x02, "CN={{UserName}},E={{EmailAddress}}" },
    { 0x04, "CN={{EmailAddress}}" }, { 0x08, "CN={{IMEI}}" },
    { 0x10, "CN={{SERIALNUMBER}}" }, { 0x20, "CN={{AAD_Device_ID}}" },
    { 0x40, "CN={{DeviceId}}" },     { FORMAT_DURABLE, "CN={{DurableDeviceId}}" },
};

#define SAN_NONE 0x01u
#define SAN_EMAIL 0x02u
#define SAN_UPN 0x04u
#define SAN_ATTRIBUTE 0x08u
#define SAN_DNS 0x10u
#define SAN_URI 0x20u

static const struct policy_graph_word san_words[] = {
    { "none", SAN_NONE },
    { "emailAddress", SAN_EMAIL },
    { "userPrincipalName", SAN_UPN },
    { "customAzureADAttribute", SAN_ATTRIBUTE },
    { "domainNameService", SAN_DNS },
    { "universalResourceIdentifier", SAN_URI },
    { NULL, 0 },
};

static const struct {
    uint32_t bit;
    enum policy_san_type type;
    const char *variable; /* NULL: there is none */
} san_types[] = {
    { SAN_EMAIL, POLICY_SAN_EMAIL, "{{EmailAddress}}" },
    { SAN_UPN, POLICY_SAN_UPN, "{{UserPrincipalName}}" },
    { SAN_DNS, POLICY_SAN_DNS, NULL },
    { SAN_URI, POLICY_SAN_URI, NULL },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- flags ----------------------------------------------------------------------------------- */

static bool find_word(const struct policy_graph_word *words, struct bytes word, uint32_t *bits)
{
    char text[64];

    if (word.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    for (; words->word != NULL; words++) {
        if (text_equal_nocase(words->word, text)) {
            *bits |= words->bit;
            return true;
        }
    }
    return false;
}

static bool refuse_word(const struct policy_json *node, const char *key, struct bytes word,
                        const struct policy_graph_word *words, struct error *err)
{
    char shown[64];
    char possible[256] = "";
    size_t used = 0;

    for (; words->word != NULL && used < sizeof(possible); words++) {
        if (!text_format(possible + used, sizeof(possible) - used, "%s%s", used > 0 ? ", " : "",
                         words->word)) {
            break;
        }
        used += strlen(possible + used);
    }
    text_escape(shown, sizeof(shown), word);
    return policy_json_refuse(node, key, err, "\"%s\" is not known; possible: %s", shown, possible);
}

bool policy_graph_names_flags(const struct policy_json *node, const char *key,
                              const struct policy_graph_word *words, uint32_t *bits,
                              struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    struct bytes word;
    const char *text = NULL;

    *bits = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct bytes words_found = { NULL, 0 };
        size_t pos = 0;

        if (!policy_json_list_text(&list, i, &text, err)) {
            return false;
        }
        words_found = bytes_of_text(text != NULL ? text : ""); /* once: it can be megabytes long */
        while (text_next_item(words_found, ',', &pos, &word)) {
            if (!find_word(words, word, bits)) {
                return refuse_word(node, key, word, words, err);
            }
        }
    }
    return true;
}

/* ---- subject --------------------------------------------------------------------------------- */

static bool add_template(const struct policy_json *node, const char *key, const char *text,
                         struct policy *p, struct policy_set *out, struct error *err)
{
    char lint[LINT_SIZE];

    if (!policy_dn_parse(text, p, lint, sizeof(lint), err)) {
        return policy_json_context(node, key, err);
    }
    return lint[0] == '\0' || policy_set_warn(out, err, "%s: %s", p->name, lint);
}

static bool warn_about_subject(uint32_t formats, const char *text, const struct policy *p,
                               struct policy_set *out, struct error *err)
{
    if ((formats & FORMAT_DURABLE) != 0
        && !policy_set_warn(out, err,
                            "%s: what commonNameAsDurableDeviceId gives is not documented; any "
                            "common name matches",
                            p->name)) {
        return false;
    }
    if (formats != 0 && (formats & FORMAT_CUSTOM) == 0 && text != NULL) {
        return policy_set_warn(out, err,
                               "%s: subjectNameFormatString counts only with the format custom "
                               "and is passed over",
                               p->name);
    }
    return formats != 0 || text != NULL
           || policy_set_warn(out, err, "%s: states no subject; every subject matches", p->name);
}

bool policy_graph_names_subject(const struct policy_json *node, struct policy *p,
                                struct policy_set *out, struct error *err)
{
    static const char key[] = "subjectNameFormatString";
    uint32_t formats = 0;
    const char *text = NULL;

    if (!policy_graph_names_flags(node, "subjectNameFormat", subject_formats, &formats, err)
        || !policy_json_text(node, key, &text, err)
        || !warn_about_subject(formats, text, p, out, err)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(subject_templates); i++) {
        if ((formats & subject_templates[i].bit) != 0
            && !add_template(node, "subjectNameFormat", subject_templates[i].template, p, out,
                             err)) {
            return false;
        }
    }
    if ((formats & FORMAT_CUSTOM) != 0 && text == NULL) {
        return policy_json_refuse(node, key, err, "is missing, and subjectNameFormat is custom");
    }
    if (text != NULL && (formats == 0 || (formats & FORMAT_CUSTOM) != 0)) {
        return add_template(node, key, text, p, out, err);
    }
    return true;
}

/* ---- subject alternative names --------------------------------------------------------------- */

static bool add_row(const struct policy_json *row, struct policy *p, struct error *err)
{
    uint32_t bits = 0;
    const char *name = NULL;

    if (!policy_graph_names_flags(row, "sanType", san_words, &bits, err)
        || !policy_json_text(row, "name", &name, err)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(san_types); i++) {
        if (bits != san_types[i].bit) {
            continue;
        }
        if (name == NULL) {
            return policy_json_refuse(row, "name", err, "is missing");
        }
        return policy_add_san(p, san_types[i].type, name, 1, 1, err)
               || policy_json_context(row, "name", err);
    }
    return policy_json_refuse(row, "sanType", err,
                              "does not say one kind of name: emailAddress, userPrincipalName, "
                              "domainNameService or universalResourceIdentifier");
}

static bool add_rows(const struct policy_json *node, const char *key, struct policy *p, bool *empty,
                     struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    struct policy_json row = { NULL, false, "" };

    *empty = *empty || (list.value != NULL && list.count == 0);
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_object(&list, i, &row, err)
            || (row.object != NULL && !add_row(&row, p, err))) {
            return false;
        }
    }
    return true;
}

/* What the string stands for, rule 2; 0: it is not unique. */
static uint32_t owner_of_text(uint32_t bits)
{
    uint32_t without = bits & (SAN_DNS | SAN_URI);

    for (size_t i = 0; i < COUNT(san_types); i++) {
        if (bits == san_types[i].bit || without == san_types[i].bit) {
            return san_types[i].bit;
        }
    }
    return 0;
}

static bool add_by_type(const struct policy_json *node, uint32_t bits, struct policy *p,
                        struct error *err)
{
    static const char key[] = "subjectAlternativeNameFormatString";
    const char *text = NULL;
    uint32_t owner = owner_of_text(bits);

    if (!policy_json_text(node, key, &text, err)) {
        return false;
    }
    if ((bits & SAN_ATTRIBUTE) != 0) {
        return policy_json_refuse(node, "subjectAlternativeNameType", err,
                                  "customAzureADAttribute does not say which kind of name is made; "
                                  "write the policy in the format of its own instead");
    }
    if (text != NULL && owner == 0) {
        return policy_json_refuse(node, key, err,
                                  "belongs to none of several kinds of names alone");
    }
    for (size_t i = 0; i < COUNT(san_types); i++) {
        const char *pattern =
            text != NULL && owner == san_types[i].bit ? text : san_types[i].variable;

        if ((bits & san_types[i].bit) == 0) {
            continue;
        }
        if (pattern == NULL) {
            return policy_json_refuse(node, key, err, "is missing, and nothing else says which %s",
                                      policy_san_word(san_types[i].type));
        }
        if (!policy_add_san(p, san_types[i].type, pattern, 1, 1, err)) {
            return policy_json_context(node, key, err);
        }
    }
    return true;
}

bool policy_graph_names_san(const struct policy_json *node, struct policy *p,
                            struct policy_set *out, struct error *err)
{
    uint32_t bits = 0;
    bool empty = false;

    if (!policy_graph_names_flags(node, "subjectAlternativeNameType", san_words, &bits, err)
        || !add_rows(node, "customSubjectAlternativeNames", p, &empty, err)
        || !add_rows(node, "subjectAlternativeNameFormats", p, &empty, err)) {
        return false;
    }
    if (p->san.count > 0) {
        return true;
    }
    if ((bits & ~SAN_NONE) != 0) {
        return add_by_type(node, bits & ~SAN_NONE, p, err);
    }
    if (empty || (bits & SAN_NONE) != 0) {
        p->san.stated = true;
        return true;
    }
    return policy_set_warn(out, err,
                           "%s: states no subject alternative names, not even that there are none; "
                           "any names match",
                           p->name);
}
