/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- texts ----------------------------------------------------------------------------------- */

/* Control characters are never meant: they come from a broken export or from somebody who wants to
 * write lines into a log. */
static bool check_text(const char *text, struct error *err)
{
    size_t len = strlen(text);
    char shown[80];

    if (len == 0) {
        return error_set(err, REASON_POLICY_VALUE, "a text is empty");
    }
    if (len > LIMIT_POLICY_TEXT) {
        return error_set(err, REASON_LIMIT, "a text has %zu bytes, more than %u", len,
                         LIMIT_POLICY_TEXT);
    }
    if (!text_utf8_valid(bytes_of_text(text))) {
        return error_set(err, REASON_POLICY_VALUE, "a text is not UTF-8");
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text_escape(shown, sizeof(shown), bytes_of_text(text));
            return error_set(err, REASON_POLICY_VALUE, "\"%s\" holds a control character", shown);
        }
    }
    return true;
}

static char *copy_text(const char *text, struct error *err)
{
    char *copy = NULL;

    if (!check_text(text, err)) {
        return NULL;
    }
    copy = text_dup(text);
    if (copy == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    return copy;
}

/* Room for one more item of `size` bytes behind `count`; NULL with an error. */
static void *grow(void *items, size_t count, size_t size, size_t max, struct error *err)
{
    void *grown = NULL;

    if (count >= max) {
        (void)error_set(err, REASON_LIMIT, "more than %zu items in one list", max);
        return NULL;
    }
    grown = realloc(items, (count + 1) * size);
    if (grown == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    return grown;
}

static bool push_text(struct policy_texts *texts, char *take_text, size_t max, struct error *err)
{
    char **item = NULL;

    if (take_text == NULL) {
        return false;
    }
    item = grow(texts->item, texts->count, sizeof(*item), max, err);
    if (item == NULL) {
        free(take_text);
        return false;
    }
    texts->item = item;
    texts->item[texts->count++] = take_text;
    return true;
}

static void texts_clear(struct policy_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->item[i]);
    }
    free(texts->item);
    texts->item = NULL;
    texts->count = 0;
}

bool policy_texts_add(struct policy_texts *texts, const char *text, struct error *err)
{
    return push_text(texts, copy_text(text, err), LIMIT_POLICY_ITEMS, err);
}

bool policy_texts_tell(struct policy_texts *texts, const char *sentence, struct error *err)
{
    if (texts->count >= LIMIT_POLICIES) {
        return true;
    }
    if (texts->count + 1 == LIMIT_POLICIES) {
        sentence = "further warnings are left out";
    }
    return push_text(texts, copy_text(sentence, err), LIMIT_POLICIES, err);
}

bool policy_set_text(char **field, const char *text, struct error *err)
{
    char *copy = NULL;

    if (text != NULL && text[0] != '\0') {
        copy = copy_text(text, err);
        if (copy == NULL) {
            return false;
        }
    }
    free(*field);
    *field = copy;
    return true;
}

/* ---- one policy ------------------------------------------------------------------------------ */

struct policy *policy_new(const char *name, struct error *err)
{
    struct policy *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
        return NULL;
    }
    p->name = copy_text(name, err);
    if (p->name == NULL) {
        (void)error_context(err, "name");
        free(p);
        return NULL;
    }
    p->mode = POLICY_STRICTNESS_ENFORCE;
    p->key.rsa = true;
    p->validity.backdate_minutes = -1;
    p->facts.renewal_threshold = -1;
    p->facts.retry_delay_seconds = -1;
    p->facts.retry_count = -1;
    return p;
}

void policy_free(struct policy *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->subject.count; i++) {
        free(p->subject.item[i].oid);
        free(p->subject.item[i].pattern);
    }
    free(p->subject.item);
    for (size_t i = 0; i < p->san.count; i++) {
        free(p->san.item[i].pattern);
    }
    free(p->san.item);
    texts_clear(&p->eku.oids);
    texts_clear(&p->extensions.allow);
    texts_clear(&p->endpoints);
    texts_clear(&p->email_domains);
    texts_clear(&p->host_suffixes);
    free(p->facts.ca_fingerprint);
    free(p->facts.ca_ident);
    free(p->facts.template_name);
    free(p->facts.file);
    free(p->name);
    free(p);
}

bool policy_add_rdn(struct policy *p, const char *oid, const char *pattern, struct error *err)
{
    struct policy_rdn rdn = { NULL, NULL };
    struct policy_rdn *item = NULL;
    bool ok = false;

    /* "" is the whole name: policy_dn.h; policy_finish sees to it that it stands alone */
    if (oid[0] != '\0' && !policy_oid_valid(oid)) {
        return error_set(err, REASON_POLICY_VALUE, "a subject attribute is no OID");
    }
    rdn.oid = text_dup(oid);
    if (rdn.oid == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    rdn.pattern = copy_text(pattern, err);
    if (rdn.pattern == NULL) {
        goto out;
    }
    item = grow(p->subject.item, p->subject.count, sizeof(*item), LIMIT_POLICY_ITEMS, err);
    if (item == NULL) {
        goto out;
    }
    p->subject.item = item;
    p->subject.item[p->subject.count++] = rdn;
    p->subject.stated = true;
    p->subject.whole_dn = p->subject.whole_dn || oid[0] == '\0';
    rdn.oid = NULL;
    rdn.pattern = NULL;
    ok = true;
out:
    free(rdn.oid);
    free(rdn.pattern);
    return ok;
}

bool policy_add_san(struct policy *p, enum policy_san_type type, const char *pattern, unsigned min,
                    unsigned max, struct error *err)
{
    struct policy_san *item = NULL;
    char *copy = copy_text(pattern, err);

    if (copy == NULL) {
        return false;
    }
    item = grow(p->san.item, p->san.count, sizeof(*item), LIMIT_POLICY_ITEMS, err);
    if (item == NULL) {
        free(copy);
        return false;
    }
    p->san.item = item;
    p->san.item[p->san.count] = (struct policy_san){ type, copy, min, max, (unsigned)p->san.count };
    p->san.count++;
    p->san.stated = true;
    return true;
}

bool policy_add_eku(struct policy *p, const char *oid, struct error *err)
{
    char shown[80];

    if (!policy_oid_valid(oid)) {
        text_escape(shown, sizeof(shown), bytes_of_text(oid));
        return error_set(err, REASON_POLICY_VALUE, "\"%s\" is no OID such as 1.3.6.1.5.5.7.3.2",
                         shown);
    }
    p->eku.stated = true;
    for (size_t i = 0; i < p->eku.oids.count; i++) {
        if (strcmp(p->eku.oids.item[i], oid) == 0) {
            return true;
        }
    }
    return policy_texts_add(&p->eku.oids, oid, err);
}

bool policy_add_bits(struct policy *p, int64_t bits, struct error *err)
{
    size_t max = sizeof(p->key.bits) / sizeof(p->key.bits[0]);

    if (bits < 1024 || bits > 16384) {
        return error_set(err, REASON_POLICY_VALUE, "%lld is no key size; possible: 1024 to 16384",
                         (long long)bits);
    }
    for (size_t i = 0; i < p->key.bits_count; i++) {
        if (p->key.bits[i] == (unsigned)bits) {
            return true;
        }
    }
    if (p->key.bits_count == max) {
        return error_set(err, REASON_LIMIT, "more than %zu key sizes", max);
    }
    p->key.bits[p->key.bits_count++] = (unsigned)bits;
    return true;
}

/* ---- a file's policies ----------------------------------------------------------------------- */

void policy_set_clear(struct policy_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        policy_free(set->item[i]);
    }
    free(set->item);
    set->item = NULL;
    set->count = 0;
    texts_clear(&set->warnings);
}

bool policy_set_add(struct policy_set *set, struct policy *take, struct error *err)
{
    struct policy **item = NULL;

    if (set->count >= LIMIT_POLICIES) {
        policy_free(take);
        return error_set(err, REASON_LIMIT, "more than %u policies in one file", LIMIT_POLICIES);
    }
    item = grow(set->item, set->count, sizeof(struct policy *), LIMIT_POLICIES, err);
    if (item == NULL) {
        policy_free(take);
        return false;
    }
    set->item = item;
    set->item[set->count++] = take;
    return true;
}

/* A sentence quotes what stands in a file; it must not be the reason why the file is refused. */
static bool warn_shown(struct policy_set *set, const struct buffer *text, struct error *err)
{
    char escaped[1024];
    const char *shown = buffer_text(text);
    struct error doubt = ERROR_INIT;

    if (!check_text(shown, &doubt)) {
        text_escape(escaped, sizeof(escaped), buffer_bytes(text));
        shown = escaped[0] != '\0' ? escaped : "a warning that is too long to be shown";
    }
    return policy_texts_tell(&set->warnings, shown, err);
}

bool policy_set_warn(struct policy_set *set, struct error *err, const char *format, ...)
{
    struct buffer text = BUFFER_INIT(4u * LIMIT_POLICY_TEXT);
    struct error too_long = ERROR_INIT;
    va_list args;
    bool ok = false;

    va_start(args, format);
    ok = buffer_vprintf(&text, &too_long, format, args) || too_long.reason == REASON_LIMIT
         || error_set(err, too_long.reason, "%s", too_long.detail);
    va_end(args);
    ok = ok && warn_shown(set, &text, err);
    buffer_clear(&text);
    return ok;
}
