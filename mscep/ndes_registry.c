/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mscep/reg_file.h"
#include "platform/files.h"

#define SHOWN_NAME 128u

/* How a value is read; a text of digits passes for a number, and one text for a list. */
enum ndes_type { NDES_TYPE_TEXT, NDES_TYPE_NUMBER, NDES_TYPE_LIST, NDES_TYPE_PRESENCE };

struct ndes_row {
    enum ndes_setting setting;
    enum ndes_type type;
    const char *key;
    const char *name;
    const char *path; /* both, for messages */
};

/* clang-format off */
#define ROOT(setting, type, name) { setting, type, "", name, name }
#define BELOW(setting, type, key, name) { setting, type, key, name, key "\\" name }
#define TWIN(setting, type, name) BELOW(setting, type, name, name)

static const struct ndes_row rows[] = {
    ROOT(NDES_GENERAL_TEMPLATE, NDES_TYPE_TEXT, "GeneralPurposeTemplate"),
    ROOT(NDES_SIGNATURE_TEMPLATE, NDES_TYPE_TEXT, "SignatureTemplate"),
    ROOT(NDES_ENCRYPTION_TEMPLATE, NDES_TYPE_TEXT, "EncryptionTemplate"),
    BELOW(NDES_CA_CONFIGURATION, NDES_TYPE_TEXT, "CAInfo", "Configuration"),
    TWIN(NDES_CA_TYPE, NDES_TYPE_NUMBER, "CAType"),
    TWIN(NDES_CERTS_IN_MY_STORE, NDES_TYPE_NUMBER, "CertsInMYStore"),
    TWIN(NDES_ENFORCE_PASSWORD, NDES_TYPE_NUMBER, "EnforcePassword"),
    TWIN(NDES_USE_SINGLE_PASSWORD, NDES_TYPE_NUMBER, "UseSinglePassword"),
    TWIN(NDES_PASSWORD_MAX, NDES_TYPE_NUMBER, "PasswordMax"),
    TWIN(NDES_PASSWORD_VALIDITY, NDES_TYPE_NUMBER, "PasswordValidity"),
    TWIN(NDES_PASSWORD_LENGTH, NDES_TYPE_NUMBER, "PasswordLength"),
    TWIN(NDES_PASSWORD_VDIR, NDES_TYPE_TEXT, "PasswordVDir"),
    TWIN(NDES_CACHE_REQUEST, NDES_TYPE_NUMBER, "CacheRequest"),
    BELOW(NDES_REFRESH_PERIOD, NDES_TYPE_NUMBER, "Refresh", "RefreshPeriod"),
    TWIN(NDES_HASH_ALGORITHM, NDES_TYPE_TEXT, "HashAlgorithm"),
    TWIN(NDES_CAPS_ALGORITHMS, NDES_TYPE_LIST, "CACapabilitiesAlgorithms"),
    TWIN(NDES_RENEWAL_ANY_SUBJECT, NDES_TYPE_NUMBER, "DisableRenewalSubjectNameMatch"),
    { NDES_ENCRYPTED_PASSWORD, NDES_TYPE_PRESENCE, "EncryptedPassword", "*", "EncryptedPassword" },
    BELOW(NDES_POLICY_MODULE, NDES_TYPE_TEXT, "Modules", "Policy"),
    BELOW(NDES_POLICY_CERTIFICATE, NDES_TYPE_TEXT, "Modules\\NDESPolicy", "NDESCertThumbprint"),
};
/* clang-format on */

_Static_assert(sizeof(rows) / sizeof(rows[0]) == NDES_SETTING_COUNT, "a row for each setting");

const char *ndes_setting_path(enum ndes_setting setting)
{
    for (size_t i = 0; i < NDES_SETTING_COUNT; i++) {
        if (rows[i].setting == setting) {
            return rows[i].path;
        }
    }
    return "";
}

bool ndes_registry_has(const struct ndes_registry *r, enum ndes_setting setting)
{
    return r->values[setting].state == NDES_VALUE_READ;
}

/* The registry compares names without regard to case. */
static const struct ndes_row *find_row(const struct registry_value *value)
{
    for (size_t i = 0; i < NDES_SETTING_COUNT; i++) {
        if (text_equal_nocase(rows[i].key, value->key)
            && (rows[i].type == NDES_TYPE_PRESENCE
                || text_equal_nocase(rows[i].name, value->name))) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool number_of(const struct registry_value *value, uint32_t *number)
{
    uint64_t parsed = 0;

    if (value->type == REGISTRY_NUMBER) {
        *number = value->number;
        return true;
    }
    if (value->type != REGISTRY_TEXT
        || !text_parse_u64(text_trim(bytes_of_text(value->text)), UINT32_MAX, &parsed)) {
        return false;
    }
    *number = (uint32_t)parsed;
    return true;
}

static bool type_fits(const struct ndes_row *row, const struct registry_value *value,
                      uint32_t *number)
{
    switch (row->type) {
    case NDES_TYPE_NUMBER:
        return number_of(value, number);
    case NDES_TYPE_LIST:
        return value->type == REGISTRY_LIST || value->type == REGISTRY_TEXT;
    case NDES_TYPE_TEXT:
        return value->type == REGISTRY_TEXT;
    case NDES_TYPE_PRESENCE:
        return true;
    }
    return false;
}

static bool no_memory(struct error *err)
{
    return error_set(err, REASON_NO_MEMORY, "out of memory for the settings of NDES");
}

static bool ignore(struct ndes_registry *r, const struct registry_value *value, struct error *err)
{
    char key[SHOWN_NAME];
    char name[SHOWN_NAME];
    struct buffer path = BUFFER_INIT(2 * SHOWN_NAME + 2);

    if (r->ignored_count < NDES_REGISTRY_IGNORED_MAX) {
        text_escape(key, sizeof(key), bytes_of_text(value->key));
        text_escape(name, sizeof(name), bytes_of_text(value->name));
        if (!buffer_printf(&path, err, "%s%s%s", key, key[0] == '\0' ? "" : "\\",
                           name[0] == '\0' ? "(default)" : name)) {
            return false;
        }
        r->ignored[r->ignored_count] = (char *)buffer_take(&path, NULL);
    }
    r->ignored_count++;
    return true;
}

/* A registry_visit. */
static bool take_value(void *context, const struct registry_value *value, struct error *err)
{
    struct ndes_registry *r = context;
    const struct ndes_row *row = find_row(value);
    struct ndes_value *slot = NULL;

    /* a key's unnamed and empty value is what regedit shows as "(value not set)" */
    if (row == NULL) {
        return (value->name[0] == '\0' && value->text[0] == '\0') || ignore(r, value, err);
    }
    slot = &r->values[row->setting];
    if (row->type == NDES_TYPE_PRESENCE) {
        free(slot->text);
        slot->text = NULL;
    } else if (slot->state != NDES_VALUE_MISSING) {
        return error_set(err, REASON_SYNTAX, "%s is there twice", row->path);
    }
    if (!type_fits(row, value, &slot->number)) {
        slot->state = NDES_VALUE_WRONG_TYPE;
        return true;
    }
    slot->text =
        text_dup(row->type == NDES_TYPE_TEXT || row->type == NDES_TYPE_LIST ? value->text : "");
    if (slot->text == NULL) {
        return no_memory(err);
    }
    slot->state = NDES_VALUE_READ;
    return true;
}

bool ndes_registry_read(struct ndes_registry *out, struct error *err)
{
    memset(out, 0, sizeof(*out));
    if (!registry_walk(NDES_REGISTRY_KEY, take_value, out, &out->found, err)) {
        ndes_registry_clear(out);
        return false;
    }
    return true;
}

bool ndes_registry_parse(struct ndes_registry *out, struct bytes file, struct error *err)
{
    memset(out, 0, sizeof(*out));
    if (!reg_file_walk(file, NDES_REGISTRY_KEY, take_value, out, &out->found, err)) {
        ndes_registry_clear(out);
        return false;
    }
    return true;
}

bool ndes_registry_read_file(struct ndes_registry *out, const char *path, struct error *err)
{
    struct buffer file = BUFFER_INIT(REG_FILE_BYTES_MAX);
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (file_read(path, REG_FILE_BYTES_MAX, &file, err)) {
        ok = ndes_registry_parse(out, buffer_bytes(&file), err) || error_context(err, "%s", path);
    }
    buffer_clear(&file);
    return ok;
}

void ndes_registry_clear(struct ndes_registry *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < NDES_SETTING_COUNT; i++) {
        free(r->values[i].text);
    }
    for (size_t i = 0; i < NDES_REGISTRY_IGNORED_MAX; i++) {
        free(r->ignored[i]);
    }
    memset(r, 0, sizeof(*r));
}
