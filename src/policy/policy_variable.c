/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_variable.h"

#include <string.h>

#include "base/text.h"
#include "model/sid.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define GUID_BYTES 36u
#define ADDRESS_BYTES_MAX 254u /* RFC 5321 4.5.3.1.3 less the brackets */
#define HOST_BYTES_MAX 253u
#define LABEL_BYTES_MAX 63u
#define UTF8_BYTES_MAX 4u
#define SHORT_CHARACTERS 64u /* ub-common-name, and what the directory gives a name */
#define UNKNOWN_CHARACTERS 256u
#define IMEI_DIGITS 15u /* with its check digit */

static bool is_printable(uint32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xfeff) {
        return false;
    }
    /* zero width and direction: they change what a reader sees and nothing else */
    return !(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202e)
           && !(cp >= 0x2060 && cp <= 0x206f) && !(cp >= 0xfff9 && cp <= 0xfffb);
}

/* Printable UTF-8 of at most `max` characters and none of `forbidden` (ASCII). */
static bool is_text(struct bytes value, size_t max, const char *forbidden)
{
    uint32_t cp = 0;
    size_t count = 0;

    for (size_t pos = 0; pos < value.len; count++) {
        if (count == max) {
            return false;
        }
        if (value.data[pos] >= 0x20 && value.data[pos] < 0x7f) { /* nearly all of them */
            cp = value.data[pos++];
        } else if (!text_next_utf8(value, &pos, &cp) || !is_printable(cp)) {
            return false;
        }
        if (forbidden[0] != '\0' && cp < 0x80 && strchr(forbidden, (int)cp) != NULL) {
            return false;
        }
    }
    return count >= 1;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alnum(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_are(struct bytes value, bool (*is)(uint8_t c))
{
    for (size_t i = 0; i < value.len; i++) {
        if (!is(value.data[i])) {
            return false;
        }
    }
    return value.len > 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool equal_nocase(struct bytes a, struct bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static bool is_guid(const struct policy *p, struct bytes value)
{
    (void)p;
    for (size_t i = 0; i < value.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? value.data[i] != '-' : !is_hex(value.data[i])) {
            return false;
        }
    }
    return value.len == GUID_BYTES;
}

/* RFC 952 and 1123 2.1. */
static bool is_host(struct bytes value)
{
    size_t label = 0;

    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && value.data[i] != '.') {
            if (!is_alnum(value.data[i]) && value.data[i] != '-') {
                return false;
            }
            label++;
            continue;
        }
        if (label == 0 || label > LABEL_BYTES_MAX || value.data[i - 1] == '-'
            || value.data[i - label] == '-') {
            return false;
        }
        label = 0;
    }
    return value.len <= HOST_BYTES_MAX;
}

static bool is_listed_domain(const struct policy *p, struct bytes domain)
{
    if (p == NULL || p->email_domains.count == 0) {
        return true;
    }
    for (size_t i = 0; i < p->email_domains.count; i++) {
        if (equal_nocase(bytes_of_text(p->email_domains.item[i]), domain)) {
            return true;
        }
    }
    return false;
}

/* The host itself, or one below it. */
static bool has_listed_suffix(const struct policy *p, struct bytes host)
{
    if (p == NULL || p->host_suffixes.count == 0) {
        return true;
    }
    for (size_t i = 0; i < p->host_suffixes.count; i++) {
        struct bytes suffix = bytes_of_text(p->host_suffixes.item[i]);
        size_t skip = 0;

        if (suffix.len > 0 && suffix.data[0] == '.') {
            suffix = bytes_of(suffix.data + 1, suffix.len - 1);
        }
        if (suffix.len == 0 || suffix.len > host.len) {
            continue;
        }
        skip = host.len - suffix.len;
        if (equal_nocase(bytes_of(host.data + skip, suffix.len), suffix)
            && (skip == 0 || host.data[skip - 1] == '.')) {
            return true;
        }
    }
    return false;
}

static bool is_address(const struct policy *p, struct bytes value)
{
    const uint8_t *at = value.len == 0 ? NULL : memchr(value.data, '@', value.len);
    struct bytes domain = { NULL, 0 };

    if (at == NULL) {
        return false;
    }
    domain = bytes_of(at + 1, value.len - (size_t)(at + 1 - value.data));
    return at != value.data && domain.len > 0 && memchr(domain.data, '@', domain.len) == NULL
           && is_text(value, ADDRESS_BYTES_MAX, " ") && is_listed_domain(p, domain);
}

static bool is_account(const struct policy *p, struct bytes value)
{
    (void)p;
    return is_text(value, SHORT_CHARACTERS, "\"/\\[]:;|=,+*?<>");
}

static bool is_short_text(const struct policy *p, struct bytes value)
{
    (void)p;
    return is_text(value, SHORT_CHARACTERS, "");
}

static bool is_imei(const struct policy *p, struct bytes value)
{
    (void)p;
    return all_are(value, is_digit);
}

static bool is_meid(const struct policy *p, struct bytes value)
{
    (void)p;
    return (value.len == 14 && all_are(value, is_hex))
           || (value.len == 18 && all_are(value, is_digit));
}

/* 12 hex digits, or six pairs with one separator throughout. */
static bool is_mac(const struct policy *p, struct bytes value)
{
    (void)p;
    if (value.len == 12) {
        return all_are(value, is_hex);
    }
    for (size_t i = 0; i < value.len; i++) {
        bool separator = i % 3 == 2;

        if (separator ? value.data[i] != value.data[2] : !is_hex(value.data[i])) {
            return false;
        }
    }
    return value.len == 17 && (value.data[2] == ':' || value.data[2] == '-');
}

static bool is_fqdn(const struct policy *p, struct bytes value)
{
    return is_host(value) && has_listed_suffix(p, value);
}

static bool is_sid_tag(const struct policy *p, struct bytes value)
{
    char sid[SID_TEXT_MAX];

    (void)p;
    return sid_of_uri(value, sid);
}

/* "CN=a,OU=b": every part that an unescaped comma ends has a type and a value. */
static bool is_dn(const struct policy *p, struct bytes value)
{
    bool typed = false;
    size_t start = 0;

    (void)p;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && value.data[i] == '\\') {
            i++;
        } else if (i < value.len && value.data[i] == '=' && i > start) {
            typed = true;
        } else if (i == value.len || value.data[i] == ',') {
            if (!typed) {
                return false;
            }
            typed = false;
            start = i + 1;
        }
    }
    return is_text(value, LIMIT_DN_BYTES, "");
}

static bool is_anything(const struct policy *p, struct bytes value)
{
    (void)p;
    return is_text(value, UNKNOWN_CHARACTERS, "");
}

/* ---- the table ------------------------------------------------------------------------------- */

enum sameness { SAME_EXACT, SAME_NOCASE, SAME_ADDRESS };

static const struct {
    const char *word;
    const char *shape;
    bool (*valid)(const struct policy *p, struct bytes value);
    size_t min, max; /* bytes */
    enum sameness same;
    bool spoofable;
} variables[] = {
    [POLICY_VARIABLE_UNKNOWN] = { "", "printable text of at most 256 characters", is_anything, 1,
                                  UTF8_BYTES_MAX *UNKNOWN_CHARACTERS, SAME_EXACT, false },
    [POLICY_VARIABLE_AAD_DEVICE_ID] = { "AAD_Device_ID", "a GUID", is_guid, GUID_BYTES, GUID_BYTES,
                                        SAME_NOCASE, false },
    [POLICY_VARIABLE_DEVICE_ID] = { "DeviceId", "a GUID", is_guid, GUID_BYTES, GUID_BYTES,
                                    SAME_NOCASE, false },
    [POLICY_VARIABLE_UPN] = { "UserPrincipalName", "an address in a permitted domain", is_address,
                              3, ADDRESS_BYTES_MAX, SAME_ADDRESS, false },
    [POLICY_VARIABLE_EMAIL] = { "EmailAddress", "an address in a permitted domain", is_address, 3,
                                ADDRESS_BYTES_MAX, SAME_ADDRESS, false },
    [POLICY_VARIABLE_USER_NAME] = { "UserName", "an account's name of at most 64 characters",
                                    is_account, 1, UTF8_BYTES_MAX *SHORT_CHARACTERS, SAME_EXACT,
                                    false },
    [POLICY_VARIABLE_SAM_ACCOUNT] = { "OnPremisesSamAccountName",
                                      "an account's name of at most 64 characters", is_account, 1,
                                      UTF8_BYTES_MAX *SHORT_CHARACTERS, SAME_EXACT, false },
    [POLICY_VARIABLE_SERIAL] = { "SerialNumber", "printable text of at most 64 characters",
                                 is_short_text, 1, UTF8_BYTES_MAX *SHORT_CHARACTERS, SAME_EXACT,
                                 true },
    [POLICY_VARIABLE_IMEI] = { "IMEI", "14 to 16 digits", is_imei, 14, 16, SAME_EXACT, true },
    [POLICY_VARIABLE_MEID] = { "MEID", "14 hex or 18 decimal digits", is_meid, 14, 18, SAME_EXACT,
                               true },
    [POLICY_VARIABLE_WIFI_MAC] = { "WiFiMacAddress", "a MAC address", is_mac, 12, 17, SAME_EXACT,
                                   true },
    [POLICY_VARIABLE_DEVICE_NAME] = { "DeviceName", "printable text of at most 64 characters",
                                      is_short_text, 1, UTF8_BYTES_MAX *SHORT_CHARACTERS,
                                      SAME_EXACT, true },
    [POLICY_VARIABLE_FQDN] = { "FullyQualifiedDomainName", "a host name in a permitted domain",
                               is_fqdn, 1, HOST_BYTES_MAX, SAME_NOCASE, false },
    [POLICY_VARIABLE_SID] = { "OnPremisesSecurityIdentifier", "the tag with the SID of an account",
                              is_sid_tag, sizeof(SID_URI_PREFIX) + 16,
                              sizeof(SID_URI_PREFIX) + SID_TEXT_MAX, SAME_EXACT, false },
    [POLICY_VARIABLE_DN] = { "OnPrem_Distinguished_Name", "a distinguished name", is_dn, 3,
                             LIMIT_DN_BYTES, SAME_EXACT, false },
};

/* Every other name they go by, in Intune and in the products beside it. */
static const struct {
    const char *name;
    enum policy_variable variable;
} synonyms[] = {
    { "AzureADDeviceId", POLICY_VARIABLE_AAD_DEVICE_ID },
    { "Device_Serial", POLICY_VARIABLE_SERIAL },
    { "IMEINumber", POLICY_VARIABLE_IMEI },
    { "Device_IMEI", POLICY_VARIABLE_IMEI },
    { "Email", POLICY_VARIABLE_EMAIL },
    { "UPN", POLICY_VARIABLE_UPN },
};

/* "$NAME" and "%Name%" are how others write one. */
static struct bytes undecorated(struct bytes name)
{
    if (name.len > 1 && name.data[0] == '$') {
        return bytes_of(name.data + 1, name.len - 1);
    }
    if (name.len > 2 && name.data[0] == '%' && name.data[name.len - 1] == '%') {
        return bytes_of(name.data + 1, name.len - 2);
    }
    return name;
}

enum policy_variable policy_variable_find(struct bytes name)
{
    struct bytes plain = undecorated(text_trim(name));

    for (size_t i = 1; i < COUNT(variables); i++) {
        if (equal_nocase(bytes_of_text(variables[i].word), plain)) {
            return (enum policy_variable)i;
        }
    }
    for (size_t i = 0; i < COUNT(synonyms); i++) {
        if (equal_nocase(bytes_of_text(synonyms[i].name), plain)) {
            return synonyms[i].variable;
        }
    }
    return POLICY_VARIABLE_UNKNOWN;
}

const char *policy_variable_word(enum policy_variable variable)
{
    return variables[variable].word;
}

bool policy_variable_spoofable(enum policy_variable variable)
{
    return variables[variable].spoofable;
}

void policy_variable_range(enum policy_variable variable, size_t *min, size_t *max)
{
    *min = variables[variable].min;
    *max = variables[variable].max;
}

bool policy_variable_valid(const struct policy *p, enum policy_variable variable,
                           struct bytes value)
{
    return value.len >= variables[variable].min && value.len <= variables[variable].max
           && variables[variable].valid(p, value);
}

const char *policy_variable_shape(enum policy_variable variable)
{
    return variables[variable].shape;
}

bool policy_variable_same(enum policy_variable variable, struct bytes a, struct bytes b)
{
    const uint8_t *at = NULL;
    size_t local = 0;

    switch (variables[variable].same) {
    case SAME_NOCASE:
        return equal_nocase(a, b);
    case SAME_ADDRESS:
        at = a.len == 0 ? NULL : memchr(a.data, '@', a.len);
        local = at == NULL ? a.len : (size_t)(at - a.data);
        return a.len == b.len && memcmp(a.data, b.data, local) == 0 && equal_nocase(a, b);
    case SAME_EXACT:
    default:
        return bytes_equal(a, b);
    }
}

/* ---- what is odd ----------------------------------------------------------------------------- */

/* ISO/IEC 7812-1 annex B over all digits, the check digit among them. */
static bool luhn_holds(struct bytes digits)
{
    unsigned sum = 0;

    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = digits.data[digits.len - 1 - i] - '0';

        if (i % 2 == 1) {
            digit *= 2;
            digit -= digit > 9 ? 9 : 0;
        }
        sum += digit;
    }
    return sum % 10 == 0;
}

/* What firmware says where nobody has written a number. */
static bool is_placeholder(struct bytes value)
{
    static const char *const known[] = {
        "To be filled by O.E.M.",
        "System Serial Number",
        "Default string",
        "Not Specified",
        "Not Applicable",
        "N/A",
        "None",
        "Unknown",
        "Invalid",
        "OEM",
        "O.E.M.",
        "SerialNumber",
        "Serial Number",
        "Chassis Serial Number",
        "1234567890",
        "123456789",
        "0123456789",
    };
    bool all_alike = true;

    for (size_t i = 0; i < COUNT(known); i++) {
        if (equal_nocase(bytes_of_text(known[i]), text_trim(value))) {
            return true;
        }
    }
    for (size_t i = 1; i < value.len; i++) {
        all_alike = all_alike && value.data[i] == value.data[0];
    }
    return all_alike;
}

const char *policy_variable_odd(enum policy_variable variable, struct bytes value)
{
    switch (variable) {
    case POLICY_VARIABLE_UNKNOWN:
        return "a variable nobody here knows: any text fits";
    case POLICY_VARIABLE_IMEI:
        return value.len == IMEI_DIGITS && !luhn_holds(value) ? "the IMEI's check digit is wrong"
                                                              : NULL;
    case POLICY_VARIABLE_SERIAL:
        return is_placeholder(value) ? "a placeholder, not a serial number" : NULL;
    default:
        return NULL;
    }
}
