/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match_case.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"

static EVP_PKEY *shared_key; /* of the test program */
static struct buffer shared_spki = BUFFER_INIT(4096);

int match_set_up(void **state)
{
    unsigned char *der = NULL;
    struct error err = ERROR_INIT;
    int len = 0;

    (void)state;
    shared_key = csr_builder_key("RSA-2048");
    len = i2d_PUBKEY(shared_key, &der);
    assert_done(buffer_append(&shared_spki, der, (size_t)len, &err), &err, "");
    OPENSSL_free(der);
    return 0;
}

int match_tear_down(void **state)
{
    (void)state;
    EVP_PKEY_free(shared_key);
    buffer_clear(&shared_spki);
    return 0;
}

/* The next "type=value" of a list. */
static bool next_entry(const char **list, char type[64], struct bytes *value)
{
    const char *equal = NULL;
    const char *end = NULL;

    if (*list == NULL || **list == '\0') {
        return false;
    }
    equal = strchr(*list, '=');
    assert_non_null(equal);
    assert_true(equal - *list < 64);
    memcpy(type, *list, (size_t)(equal - *list));
    type[equal - *list] = '\0';
    end = strchr(equal, '|');
    end = end == NULL ? equal + strlen(equal) : end;
    *value = bytes_of(equal + 1, (size_t)(end - equal) - 1);
    *list = *end == '\0' ? end : end + 1;
    return true;
}

struct policy *match_policy(const char *subject, const char *san)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("test", &err);
    struct bytes value = { NULL, 0 };
    char type[64];

    assert_non_null(p);
    if (subject != NULL) {
        assert_done(policy_dn_parse(subject, p, NULL, 0, &err), &err, subject);
    }
    while (next_entry(&san, type, &value)) {
        enum policy_san_type kind = POLICY_SAN_EMAIL;
        char *pattern = text_dup_bytes(value);

        assert_true(policy_san_from_word(bytes_of_text(type), &kind));
        assert_done(policy_add_san(p, kind, pattern, 1, 1, &err), &err, pattern);
        free(pattern);
    }
    assert_done(policy_finish(p, &err), &err, "");
    return p;
}

/* ---- the request ----------------------------------------------------------------------------- */

static void add_subject(struct csr_builder *b, const struct match_request *r)
{
    const char *list = r->subject;
    struct bytes value = { NULL, 0 };
    char type[64];
    char oid[128];

    while (next_entry(&list, type, &value)) {
        assert_true(policy_dn_oid(bytes_of_text(type), oid));
        csr_builder_rdn(b, oid, r->tag == 0 ? TAG_UTF8 : r->tag, value);
    }
}

static void add_san(struct csr_builder *b, const struct match_request *r)
{
    static const struct {
        const char *word;
        uint8_t tag;
    } tags[] = { { "email", TAG_SAN_EMAIL },
                 { "dns", TAG_SAN_DNS },
                 { "uri", TAG_SAN_URI },
                 { "ip", TAG_SAN_IP },
                 { "dir", 0xa4 } };
    const char *list = r->san;
    struct bytes value = { NULL, 0 };
    struct buffer whole = BUFFER_INIT(65536);
    char type[64];

    while (next_entry(&list, type, &value)) {
        bool done = false;

        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
            if (strcmp(tags[i].word, type) == 0) {
                csr_builder_san(b, tags[i].tag,
                                tags[i].tag == 0xa4 ? bytes_of("\x30\x00", 2) : value);
                done = true;
            }
        }
        if (!done) {
            csr_builder_san_other(b, strcmp(type, "upn") == 0 ? OID_UPN : "1.2.3.4", TAG_UTF8,
                                  value);
        }
    }
    if (r->san_critical) {
        csr_builder_tlv(&whole, 0x30, buffer_bytes(&b->san));
        csr_builder_extension(b, OID_SAN, true, buffer_bytes(&whole));
        buffer_clear(&b->san);
        buffer_clear(&whole);
    }
}

static void add_extensions(struct csr_builder *b, const struct match_request *r)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    if (r->key_usage != NULL) {
        uint8_t content[8] = { 0x03 };
        size_t len = 0;

        assert_true(
            text_unhex(content + 2, sizeof(content) - 2, &len, bytes_of_text(r->key_usage)));
        content[1] = (uint8_t)len;
        csr_builder_extension(b, OID_KEY_USAGE, true, bytes_of(content, len + 2));
    }
    if (r->eku != NULL) {
        csr_builder_eku(b, true, r->eku);
    }
    while (r->extensions != NULL
           && text_next_item(bytes_of_text(r->extensions), ' ', &pos, &item)) {
        char oid[128] = "";

        memcpy(oid, item.data, item.len);
        csr_builder_extension(b, oid, false, bytes_of("\x05\x00", 2));
    }
}

void match_der(const struct match_request *r, struct buffer *out)
{
    struct csr_builder b;
    struct error err = ERROR_INIT;

    csr_builder_init(&b, r->key);
    if (r->key == NULL && r->digest != NULL) {
        b.key = shared_key;
    } else if (r->key == NULL) { /* nobody looks at the signature: quick */
        assert_done(buffer_append_bytes(&b.spki, buffer_bytes(&shared_spki), &err), &err, "");
    }
    b.digest = r->digest == NULL ? "SHA256" : r->digest;
    add_subject(&b, r);
    add_san(&b, r);
    add_extensions(&b, r);
    if (r->unit != NULL) {
        csr_builder_pair_text(&b, "ValidityPeriod", r->unit);
    }
    if (r->number != NULL) {
        csr_builder_pair_text(&b, "ValidityPeriodUnits", r->number);
    }
    if (r->challenge != NULL) {
        csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text(r->challenge));
    }
    if (r->more != NULL) {
        r->more(&b);
    }
    csr_builder_der(&b, out);
    csr_builder_clear(&b);
}

/* ---- the comparison -------------------------------------------------------------------------- */

static bool history(void *context, int64_t since, int64_t *count, int64_t *valid_until,
                    struct error *err)
{
    const struct match_around *around = context;

    assert_int_equal(since, MATCH_NOW - 86400);
    if (around->history_fails) {
        return error_set(err, REASON_STORE_CORRUPT, "as the test wants it");
    }
    *count = around->count;
    *valid_until = around->valid_until;
    return true;
}

void match_run(const struct policy *p, const struct match_request *request,
               const struct match_around *around, struct match_result *out)
{
    static const struct match_around nothing = { 0 };
    struct match_around here = around == NULL ? nothing : *around;
    struct policy_request r = { 0 };
    struct buffer der = BUFFER_INIT(0);
    struct error err = ERROR_INIT;

    memset(out, 0, sizeof(*out));
    out->csr = (struct csr)CSR_INIT;
    match_der(request, &der);
    assert_done(csr_parse(buffer_bytes(&der), &out->csr, &err), &err, "request");
    out->details = csr_details_parse(&out->csr, &err);
    assert_done(out->details != NULL, &err, "details");
    if (here.known != NULL) {
        out->known = policy_known_load(bytes_of_text(here.known), "known.csv", &err);
        assert_done(out->known != NULL, &err, "known");
    }
    out->verdict = malloc(sizeof(*out->verdict));
    memset(out->verdict, 0xa5, sizeof(*out->verdict)); /* nothing relies on zeros */
    r.csr = &out->csr;
    r.details = out->details;
    r.path = here.path == NULL ? "" : here.path;
    r.challenge = here.challenge;
    r.known = out->known;
    r.now = MATCH_NOW;
    r.history = here.history || here.history_fails ? history : NULL;
    r.history_context = &here;
    if (here.history_fails) {
        assert_refused(policy_match(p, &r, out->verdict, &err), &err, REASON_STORE_CORRUPT, "");
    } else {
        assert_done(policy_match(p, &r, out->verdict, &err), &err, "match");
    }
    buffer_clear(&der);
}

void match_free(struct match_result *result)
{
    free(result->verdict);
    policy_known_free(result->known);
    csr_details_free(result->details);
    csr_clear(&result->csr);
}

const struct policy_finding *match_find(const struct policy_verdict *v, const char *check)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->finding[i].check, check) == 0) {
            return &v->finding[i];
        }
    }
    return NULL;
}

static void show(const struct policy_verdict *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct policy_finding *f = &v->finding[i];

        print_message("  %s %s %s expected \"%s\" found \"%s\"\n", f->check,
                      policy_outcome_word(f->outcome), f->path, f->expected, f->found);
    }
}

void match_assert(const struct policy_verdict *v, enum policy_outcome verdict, const char *check,
                  enum policy_outcome outcome, const char *name)
{
    bool found = check == NULL;

    for (size_t i = 0; check != NULL && i < v->count; i++) {
        found =
            found || (strcmp(v->finding[i].check, check) == 0 && v->finding[i].outcome == outcome);
    }
    if (!found || v->outcome != verdict) {
        show(v);
        fail_msg("%s: verdict %s, expected %s with %s %s", name, policy_outcome_word(v->outcome),
                 policy_outcome_word(verdict), check == NULL ? "" : check,
                 policy_outcome_word(outcome));
    }
}

void match_expect(const struct policy *p, const struct match_request *request,
                  const struct match_around *around, enum policy_outcome outcome, const char *check,
                  const char *name)
{
    struct match_result result;

    match_run(p, request, around, &result);
    match_assert(result.verdict, outcome == POLICY_NOT_CHECKED ? POLICY_PASS : outcome, check,
                 outcome, name);
    match_free(&result);
}
