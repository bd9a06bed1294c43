/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "model/sid.h"
#include "policy/policy_lint_internal.h"
#include "policy/policy_search.h"

#define OID_CN "2.5.4.3"
#define CN_MAX 64 /* X.520, ub-common-name */
#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define OID_SMARTCARD_LOGON "1.3.6.1.4.1.311.20.2.2"
#define SHOWN_MAX 160

/* What a variable is about, and how long its value can be. */
enum owner { OWNER_NOBODY, OWNER_DEVICE, OWNER_USER };

static const struct {
    enum owner owner;
    size_t min, max; /* characters */
} facts[] = {
    [POLICY_VARIABLE_UNKNOWN] = { OWNER_NOBODY, 1, 256 },
    [POLICY_VARIABLE_AAD_DEVICE_ID] = { OWNER_DEVICE, 36, 36 },
    [POLICY_VARIABLE_DEVICE_ID] = { OWNER_DEVICE, 36, 36 },
    [POLICY_VARIABLE_UPN] = { OWNER_USER, 3, 254 },
    [POLICY_VARIABLE_EMAIL] = { OWNER_USER, 3, 254 },
    [POLICY_VARIABLE_USER_NAME] = { OWNER_USER, 1, 64 },
    [POLICY_VARIABLE_SAM_ACCOUNT] = { OWNER_USER, 1, 64 },
    [POLICY_VARIABLE_SERIAL] = { OWNER_DEVICE, 1, 64 },
    [POLICY_VARIABLE_IMEI] = { OWNER_DEVICE, 14, 16 },
    [POLICY_VARIABLE_MEID] = { OWNER_DEVICE, 14, 18 },
    [POLICY_VARIABLE_WIFI_MAC] = { OWNER_DEVICE, 12, 17 },
    [POLICY_VARIABLE_DEVICE_NAME] = { OWNER_DEVICE, 1, 64 },
    [POLICY_VARIABLE_FQDN] = { OWNER_DEVICE, 1, 253 },
    [POLICY_VARIABLE_SID] = { OWNER_NOBODY, 40, SID_TEXT_MAX },
    [POLICY_VARIABLE_DN] = { OWNER_USER, 1, 4096 },
};

/* What the names of a policy hold. */
struct names {
    size_t variables, spoofable, of_user, of_device, other_device; /* other: not {{DeviceId}} */
    bool has[sizeof(facts) / sizeof(facts[0])];
    bool user_name_in_san;
    bool has_sid; /* as a variable, or a fixed tag of one device */
};

static void count_variables(const char *pattern, struct names *n)
{
    struct bytes name = { NULL, 0 };
    size_t pos = 0;

    while (policy_pattern_next(pattern, &pos, &name)) {
        enum policy_variable variable = policy_variable_find(name);

        n->variables++;
        n->has[variable] = true;
        n->spoofable += policy_variable_spoofable(variable) ? 1 : 0;
        n->of_user += facts[variable].owner == OWNER_USER ? 1 : 0;
        n->of_device += facts[variable].owner == OWNER_DEVICE ? 1 : 0;
        n->other_device += facts[variable].owner == OWNER_DEVICE
                                   && variable != POLICY_VARIABLE_DEVICE_ID
                                   && !policy_variable_spoofable(variable)
                               ? 1
                               : 0;
    }
}

static void collect(const struct policy *p, struct names *n)
{
    for (size_t i = 0; i < p->san.count; i++) {
        count_variables(p->san.item[i].pattern, n);
        n->has_sid = n->has_sid || text_starts_nocase(p->san.item[i].pattern, SID_URI_PREFIX);
    }
    n->user_name_in_san = n->has[POLICY_VARIABLE_USER_NAME];
    for (size_t i = 0; i < p->subject.count; i++) {
        count_variables(p->subject.item[i].pattern, n);
    }
    n->has_sid = n->has_sid || n->has[POLICY_VARIABLE_SID];
}

/* ---- one pattern ----------------------------------------------------------------------------- */

static bool unknown_variables(const struct lint_walk *w, enum policy_place place,
                              const char *pattern)
{
    struct bytes name = { NULL, 0 };
    char shown[SHOWN_MAX];
    size_t pos = 0;

    while (policy_pattern_next(pattern, &pos, &name)) {
        if (policy_variable_find(name) != POLICY_VARIABLE_UNKNOWN) {
            continue;
        }
        text_escape(shown, sizeof(shown), name);
        if (!lint_say(w, LINT_UNKNOWN_VARIABLE, POLICY_LINT_WARNING, place,
                      "variable \"%s\" is not known", shown)) {
            return false;
        }
    }
    return true;
}

/* "}}" followed by one of them; another variable may follow. */
static bool after_variable(const struct lint_walk *w, enum policy_place place, const char *pattern)
{
    char shown[SHOWN_MAX];

    for (const char *end = strstr(pattern, "}}"); end != NULL; end = strstr(end + 2, "}}")) {
        if (end[2] != '\0' && strchr("{}|;", end[2]) != NULL && strncmp(end + 2, "{{", 2) != 0) {
            text_escape(shown, sizeof(shown), bytes_of_text(pattern));
            return lint_say(w, LINT_AFTER_VARIABLE, POLICY_LINT_WARNING, place,
                            "\"%s\" has '%c' right after a variable", shown, end[2]);
        }
    }
    return true;
}

static bool one_pattern(const struct lint_walk *w, enum policy_place place, const char *pattern)
{
    return unknown_variables(w, place, pattern) && after_variable(w, place, pattern);
}

/* ---- the subject ----------------------------------------------------------------------------- */

/* Characters of a UTF-8 text. */
static size_t characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xc0u) != 0x80u ? 1 : 0;
    }
    return count;
}

/* The shortest and the longest value of a pattern; 0 and 0 when it is one that nothing fits. */
static void measure(const char *pattern, size_t *min, size_t *max)
{
    struct policy_parts parts;

    *min = *max = 0;
    if (!policy_parts_read(bytes_of_text(pattern), &parts)) {
        return;
    }
    for (size_t i = 0; i < parts.count; i++) {
        const struct policy_part *part = &parts.item[i];
        size_t len = characters((const char *)part->text.data, part->text.len);

        *min += part->is_variable ? facts[part->variable].min : len;
        *max += part->is_variable ? facts[part->variable].max : len;
    }
}

static bool check_cn(const struct lint_walk *w, const char *pattern, size_t min, size_t max)
{
    char shown[SHOWN_MAX];

    if (max <= CN_MAX) {
        return true;
    }
    text_escape(shown, sizeof(shown), bytes_of_text(pattern));
    if (min > CN_MAX) {
        return lint_say(w, LINT_CN_LENGTH, POLICY_LINT_ERROR, PLACE_SUBJECT,
                        "CN=%s has %zu characters at least; a common name has at most %d", shown,
                        min, CN_MAX);
    }
    return lint_say(w, LINT_CN_LENGTH, POLICY_LINT_INFO, PLACE_SUBJECT,
                    "CN=%s can have up to %zu characters; a common name has at most %d", shown, max,
                    CN_MAX);
}

static bool check_rdn(const struct lint_walk *w, const struct policy_rdn *rdn)
{
    size_t min = 0;
    size_t max = 0;

    measure(rdn->pattern, &min, &max);
    return one_pattern(w, PLACE_SUBJECT, rdn->pattern)
           && (strcmp(rdn->oid, OID_CN) != 0 || check_cn(w, rdn->pattern, min, max));
}

static bool check_subject(const struct lint_walk *w, const struct names *n)
{
    for (size_t i = 0; i < w->p->subject.count; i++) {
        if (!w->p->subject.whole_dn && !check_rdn(w, &w->p->subject.item[i])) {
            return false;
        }
    }
    if (w->p->subject.unquoted
        && !lint_say(w, LINT_QUOTES, POLICY_LINT_INFO, PLACE_SUBJECT,
                     "a value with + ; , or = stands outside of double quotes")) {
        return false;
    }
    if (w->p->subject.whole_dn) {
        return lint_say(w, LINT_DN_ALONE, POLICY_LINT_WARNING, PLACE_SUBJECT,
                        "the subject is whatever the directory says, and nothing of it can be "
                        "compared");
    }
    return !n->has[POLICY_VARIABLE_DN]
           || lint_say(w, LINT_DN_INSIDE, POLICY_LINT_ERROR, PLACE_SUBJECT,
                       "{{OnPrem_Distinguished_Name}} is a name of several attributes, not a "
                       "value");
}

/* ---- subject alternative names, and all together --------------------------------------------- */

static bool check_sans(const struct lint_walk *w)
{
    struct names subject = { 0 };

    for (size_t i = 0; i < w->p->san.count; i++) {
        const struct policy_san *san = &w->p->san.item[i];
        struct names own = { 0 };

        count_variables(san->pattern, &own);
        if (!one_pattern(w, PLACE_SAN, san->pattern)) {
            return false;
        }
        if (own.has[POLICY_VARIABLE_SID] && san->type != POLICY_SAN_URI
            && !lint_say(w, LINT_SID_PLACE, POLICY_LINT_ERROR, PLACE_SAN,
                         "the SID stands in a name of type %s", policy_san_word(san->type))) {
            return false;
        }
    }
    for (size_t i = 0; i < w->p->subject.count; i++) {
        count_variables(w->p->subject.item[i].pattern, &subject);
    }
    return !subject.has[POLICY_VARIABLE_SID]
           || lint_say(w, LINT_SID_PLACE, POLICY_LINT_ERROR, PLACE_SUBJECT,
                       "the SID stands in the subject");
}

static bool check_presence(const struct lint_walk *w, const struct names *n)
{
    const struct policy *p = w->p;
    bool names = p->subject.count + p->san.count > 0;

    if (!names && p->subject.stated && p->san.stated) {
        return lint_say(w, LINT_NO_NAME, POLICY_LINT_ERROR, PLACE_SUBJECT,
                        "a certificate without any name is of no use");
    }
    if (!names) {
        return lint_say(w, LINT_ANY_NAME, POLICY_LINT_WARNING, PLACE_SUBJECT,
                        "a request may ask for any %s",
                        p->subject.stated ? "subject alternative name"
                        : p->san.stated   ? "subject"
                                          : "name");
    }
    if (n->variables == 0) {
        return lint_say(w, LINT_ONE_DEVICE, POLICY_LINT_INFO, PLACE_SUBJECT,
                        "the names are fixed: the policy is for one device or user");
    }
    return n->variables != n->spoofable
           || lint_say(w, LINT_SPOOFABLE, POLICY_LINT_WARNING, PLACE_SUBJECT,
                       "a device can choose every value that tells it from others");
}

static bool is_for_logon(const struct policy *p)
{
    bool client = !p->eku.stated;

    for (size_t i = 0; i < p->eku.oids.count; i++) {
        client = client || strcmp(p->eku.oids.item[i], OID_CLIENT_AUTH) == 0
                 || strcmp(p->eku.oids.item[i], OID_SMARTCARD_LOGON) == 0;
    }
    return client;
}

/* Android cannot have a SID; without EKU (Apple) the template's decides, most likely clientAuth. */
static bool check_sid(const struct lint_walk *w, const struct names *n)
{
    const struct policy *p = w->p;
    bool upn = false;

    if (p->facts.platform == POLICY_PLATFORM_ANDROID) {
        return !n->has_sid
               || lint_say(w, LINT_SID_ANDROID, POLICY_LINT_WARNING, PLACE_SAN,
                           "Android devices get no SID");
    }
    for (size_t i = 0; i < p->san.count; i++) {
        upn = upn || p->san.item[i].type == POLICY_SAN_UPN;
    }
    if (n->has_sid || !is_for_logon(p)) {
        return true;
    }
    if (upn && p->facts.store != POLICY_STORE_MACHINE) {
        return lint_say(w, LINT_SID_MISSING, POLICY_LINT_WARNING, PLACE_SAN,
                        "a user's certificate for client authentication with a UPN, without SID");
    }
    return !(n->has[POLICY_VARIABLE_FQDN] && p->facts.store == POLICY_STORE_MACHINE)
           || lint_say(w, LINT_SID_MISSING, POLICY_LINT_INFO, PLACE_SAN,
                       "a device's certificate for client authentication with a domain name, "
                       "without SID");
}

static bool check_platform(const struct lint_walk *w, const struct names *n)
{
    enum policy_platform platform = w->p->facts.platform;

    if (n->has[POLICY_VARIABLE_FQDN] && platform != POLICY_PLATFORM_WINDOWS
        && platform != POLICY_PLATFORM_ANY
        && !lint_say(w, LINT_FQDN, POLICY_LINT_WARNING, PLACE_SAN,
                     "{{FullyQualifiedDomainName}} in a profile for %s",
                     policy_platform_word(platform))) {
        return false;
    }
    if (platform == POLICY_PLATFORM_ANDROID
        && (n->has[POLICY_VARIABLE_SERIAL] || n->has[POLICY_VARIABLE_IMEI]
            || n->has[POLICY_VARIABLE_MEID] || n->user_name_in_san)
        && !lint_say(
            w, LINT_ANDROID_NAME, POLICY_LINT_INFO, PLACE_SUBJECT,
            "a serial number, IMEI, MEID, or a user's name in a subject alternative name, in "
            "a profile for Android")) {
        return false;
    }
    return !n->has[POLICY_VARIABLE_DEVICE_ID] || n->of_user + n->other_device > 0
           || platform != POLICY_PLATFORM_WINDOWS
           || lint_say(w, LINT_DEVICE_ID, POLICY_LINT_INFO, PLACE_SUBJECT,
                       "only {{DeviceId}} names the device");
}

static bool check_store(const struct lint_walk *w, const struct names *n)
{
    if (w->p->facts.store == POLICY_STORE_MACHINE && n->of_user > 0) {
        return lint_say(w, LINT_STORE_USER, POLICY_LINT_WARNING, PLACE_STORE,
                        "the certificate is the device's, and its names are a user's");
    }
    return w->p->facts.store != POLICY_STORE_USER || n->of_user > 0 || n->of_device == 0
           || lint_say(w, LINT_STORE_MACHINE, POLICY_LINT_INFO, PLACE_STORE,
                       "the certificate is a user's, and its names are the device's");
}

bool lint_names(const struct lint_walk *w)
{
    struct names n = { 0 };

    collect(w->p, &n);
    return check_presence(w, &n) && check_subject(w, &n) && check_sans(w) && check_sid(w, &n)
           && check_platform(w, &n) && check_store(w, &n);
}
