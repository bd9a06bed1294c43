/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_conflict.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/text.h"
#include "policy/policy_dn.h"

#define OID_MAX 128
#define SENTENCE_MAX 600
/* Of names and values in a sentence: the settings' names have to fit as well. */
#define SHOWN_MAX 120

struct conflict {
    const struct policy *p;
    const struct template_config *config;
    struct policy_texts *warnings;
    struct error *err;
};

/* "clientAuth" or an OID as dotted text; false when nobody knows it. */
static bool dotted(struct bytes word, char oid[OID_MAX])
{
    char text[OID_MAX];
    ASN1_OBJECT *object = NULL;
    bool ok = false;

    if (word.len > 0 && word.len < sizeof(text)) {
        memcpy(text, word.data, word.len);
        text[word.len] = '\0';
        object = OBJ_txt2obj(text, 0);
    }
    if (object != NULL) {
        int len = OBJ_obj2txt(oid, OID_MAX, object, 1);

        ok = len > 0 && len < OID_MAX;
    }
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    return ok;
}

/* Does a template's comma list of names and OIDs hold this OID? */
static bool lists_oid(const char *list, const char *oid)
{
    struct bytes item = { NULL, 0 };
    char found[OID_MAX];
    size_t pos = 0;

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        if (dotted(item, found) && strcmp(found, oid) == 0) {
            return true;
        }
    }
    return false;
}

static bool lists_word(const char *list, const char *word)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text(word))) {
            return true;
        }
    }
    return false;
}

/* Always false when fatal; else whether the warning could be kept. */
static bool say(const struct conflict *c, bool fatal, const char *format, ...) PRINTF_FORMAT(3, 4);
static bool say(const struct conflict *c, bool fatal, const char *format, ...)
{
    struct buffer text = BUFFER_INIT(SENTENCE_MAX);
    char name[SHOWN_MAX];
    va_list args;
    bool ok;

    text_escape(name, sizeof(name), bytes_of_text(c->p->name));
    va_start(args, format);
    ok = buffer_printf(&text, c->err, "policy \"%s\" and template %s: ", name, c->config->name)
         && buffer_vprintf(&text, c->err, format, args);
    va_end(args);
    if (ok && fatal) {
        ok = error_set(c->err, REASON_POLICY_CONFLICT, "%s", buffer_text(&text));
    } else if (ok) {
        ok = policy_texts_tell(c->warnings, buffer_text(&text), c->err);
    }
    buffer_clear(&text);
    return ok;
}

static const char *or_none(const char *list)
{
    return list[0] == '\0' ? "nothing" : list;
}

/* Cut to what a sentence holds: a list of settings can be long, its beginning tells which it is. */
static void shown(char text[SHOWN_MAX], const char *list)
{
    text_escape(text, SHOWN_MAX, bytes_of_text(or_none(list)));
}

static bool check_key_usage(const struct conflict *c)
{
    char allowed[SHOWN_MAX];

    if (!c->p->key_usage.stated) {
        return true;
    }
    shown(allowed, c->config->key_usage.allowed);
    for (unsigned i = 0; i < 9; i++) {
        const char *word = policy_key_usage_word(1u << i);

        if ((c->p->key_usage.bits & (1u << i)) == 0
            || (word != NULL && lists_word(c->config->key_usage.allowed, word))) {
            continue;
        }
        return say(c, true,
                   "the policy's key usage has %s, the template's key_usage.allowed has %s "
                   "only; add it there, or take it out of the profile",
                   word == NULL ? "an unknown bit" : word, allowed);
    }
    return true;
}

static bool check_eku(const struct conflict *c)
{
    char listed[SHOWN_MAX];

    if (!c->p->eku.stated) {
        return true;
    }
    shown(listed, c->config->eku);
    for (size_t i = 0; i < c->p->eku.oids.count; i++) {
        if (lists_oid(c->config->eku, c->p->eku.oids.item[i])) {
            continue;
        }
        return say(c, true,
                   "the policy's extended key usage has %s, the template's eku has %s "
                   "only; add it there, or take it out of the profile",
                   c->p->eku.oids.item[i], listed);
    }
    return true;
}

/* A policy that says nothing else takes RSA keys only. */
static bool check_key_type(const struct conflict *c)
{
    return !c->p->key.rsa || lists_word(c->config->key.types, "rsa")
           || say(c, true,
                  "the policy takes RSA keys only, the template's key.types has %s; add rsa there, "
                  "or let the policy take any key",
                  c->config->key.types);
}

static bool check_key(const struct conflict *c)
{
    int64_t min = c->config->key.rsa_min_bits;
    int64_t max = c->config->key.rsa_max_bits;
    size_t outside = 0;
    unsigned first = 0;

    for (size_t i = 0; i < c->p->key.bits_count; i++) {
        int64_t bits = c->p->key.bits[i];
        bool fits = c->p->key.at_least ? bits <= max : bits >= min && bits <= max;

        if (!fits) {
            first = outside == 0 ? c->p->key.bits[i] : first;
            outside++;
        }
    }
    return outside == 0
           || say(c, outside == c->p->key.bits_count,
                  "the policy's key size is %u bits, the template takes key.rsa_min_bits=%lld to "
                  "key.rsa_max_bits=%lld; change the one or the other",
                  first, (long long)min, (long long)max);
}

/* A name that is dropped does not stop a request, but the certificate lacks what the policy is for.
 */
static bool check_san(const struct conflict *c)
{
    char types[SHOWN_MAX];
    int64_t least = 0;

    if (!c->p->san.stated) {
        return true;
    }
    shown(types, c->config->san.types);
    for (size_t i = 0; i < c->p->san.count; i++) {
        const char *word = policy_san_word(c->p->san.item[i].type);

        least += c->p->san.item[i].min;
        if (!lists_word(c->config->san.types, word)
            && !say(c, c->p->san.item[i].min > 0,
                    "the policy has a subject alternative name of type %s, the template's "
                    "san.types has %s; add it: openndes template set %s san.types=%s%s%s",
                    word, types, c->config->name, c->config->san.types,
                    c->config->san.types[0] == '\0' ? "" : ",", word)) {
            return false;
        }
    }
    return least <= c->config->san.max
           || say(c, true,
                  "the policy wants %lld subject alternative names, the template's san.max is %lld",
                  (long long)least, (long long)c->config->san.max);
}

static bool check_subject(const struct conflict *c)
{
    if (!c->p->subject.stated || c->p->subject.whole_dn) {
        return true;
    }
    for (size_t i = 0; i < c->p->subject.count; i++) {
        const char *oid = c->p->subject.item[i].oid;

        if (lists_oid(c->config->subject.attributes, oid)) {
            continue;
        }
        if (!(c->config->subject.unlisted == UNLISTED_DROP
                  ? say(c, false,
                        "the policy's subject has %s, which the template's subject.attributes "
                        "leaves out of the certificate",
                        policy_dn_word(oid))
                  : say(c, true,
                        "the policy's subject has %s, which is not among the template's "
                        "subject.attributes: every request would be refused; add it there",
                        policy_dn_word(oid)))) {
            return false;
        }
    }
    return true;
}

bool policy_conflict_check(const struct policy *p, const struct template_config *config,
                           struct policy_texts *warnings, struct error *err)
{
    const struct conflict c = { p, config, warnings, err };

    return check_key_usage(&c) && check_eku(&c) && check_key_type(&c) && check_key(&c)
           && check_san(&c) && check_subject(&c);
}

/* ---- who vouches for values ------------------------------------------------------------------ */

#define VARIABLES (POLICY_VARIABLE_DN + 1)

static void note_variables(const char *pattern, bool has[VARIABLES])
{
    struct bytes name = { NULL, 0 };
    size_t pos = 0;

    while (policy_pattern_next(pattern, &pos, &name)) {
        has[policy_variable_find(name)] = true;
    }
}

bool policy_conflict_check_known(const struct policy *p, const struct template_config *config,
                                 const struct policy_known *known, struct policy_texts *warnings,
                                 struct error *err)
{
    const struct conflict c = { p, config, warnings, err };
    bool has[VARIABLES] = { false };

    for (size_t i = 0; i < p->subject.count; i++) {
        note_variables(p->subject.item[i].pattern, has);
    }
    for (size_t i = 0; i < p->san.count; i++) {
        note_variables(p->san.item[i].pattern, has);
    }
    for (unsigned v = 1; v < VARIABLES; v++) {
        const char *column = NULL;
        bool vouched = known != NULL && policy_known_has(known, (enum policy_variable)v, &column);

        if (!has[v] || vouched) {
            continue;
        }
        if (v == POLICY_VARIABLE_SID && config->challenge.type != CHALLENGE_TYPE_INTUNE) {
            if (!say(&c, false,
                     "a request may hold the SID of any account, and whoever has a challenge "
                     "could sign in as that account; bind it with a list of known devices "
                     "that has the column sid (policy.known)")) {
                return false;
            }
        } else if (column != NULL
                   && !say(&c, false,
                           "the list policy.known has no column %s: it says nothing about the "
                           "value of {{%s}}",
                           column, policy_variable_word((enum policy_variable)v))) {
            return false;
        }
    }
    return true;
}
