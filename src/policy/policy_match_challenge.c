/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge from outside: there, not too long, and of the shape that Intune's have had. What it
 * says is for whoever made it; nothing of it ever goes into a finding.
 */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "policy/policy_match_internal.h"

#define HEAD_CHARACTERS 344u /* 258 bytes: an XML declaration and the root's name */
#define ROOT "<CertEnrollToken"

static bool is_base64(struct bytes text)
{
    size_t len = text.len;

    while (len > 0 && text.data[len - 1] == '=' && text.len - len < 2) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+'
              || c == '/')) {
            return false;
        }
    }
    return text.len > 0 && text.len % 4 == 0;
}

/* The root element, perhaps behind a byte order mark, a declaration and spaces. */
static bool begins_with_root(struct bytes xml)
{
    size_t at = xml.len >= 3 && memcmp(xml.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    if (xml.len - at >= 5 && memcmp(xml.data + at, "<?xml", 5) == 0) {
        const uint8_t *end = memchr(xml.data + at, '>', xml.len - at);

        at = end == NULL ? xml.len : (size_t)(end - xml.data) + 1;
    }
    while (at < xml.len
           && (xml.data[at] == ' ' || (xml.data[at] >= '\t' && xml.data[at] <= '\r'))) {
        at++;
    }
    return xml.len - at >= sizeof(ROOT) - 1 && memcmp(xml.data + at, ROOT, sizeof(ROOT) - 1) == 0;
}

static bool has_intune_shape(struct bytes challenge, bool *shape, struct error *err)
{
    struct buffer head = BUFFER_INIT(HEAD_CHARACTERS);
    size_t len = challenge.len < HEAD_CHARACTERS ? challenge.len : HEAD_CHARACTERS;
    bool ok = true;

    *shape = is_base64(challenge);
    if (*shape) {
        ok = base64_decode(bytes_of(challenge.data, len), BASE64_STRICT, &head, err);
        *shape = ok && begins_with_root(buffer_bytes(&head));
    }
    buffer_clear(&head); /* wipes */
    return ok;
}

bool policy_match_challenge(struct policy_matching *m, struct error *err)
{
    const struct policy *p = m->policy;
    const struct csr *csr = m->request->csr;
    int64_t max = p->challenge.max > 0 ? p->challenge.max : (int64_t)LIMIT_CHALLENGE_BYTES;
    bool expected = m->request->challenge == POLICY_CHALLENGE_INTUNE
                    || p->challenge.shape == POLICY_SHAPE_INTUNE;
    char limit[64];
    char found[64];
    bool shape = false;

    if (m->request->challenge == POLICY_CHALLENGE_NONE) {
        policy_match_tell(m, CHECK_CHALLENGE, POLICY_NOT_CHECKED, PLACE_CHALLENGE,
                          "none, somebody else has vouched", "not looked at");
        return true;
    }
    (void)snprintf(limit, sizeof(limit), "a challenge of at most %lld bytes", (long long)max);
    (void)snprintf(found, sizeof(found), "%zu bytes", csr->challenge.len);
    if (!csr->has_challenge) {
        policy_match_tell(m, CHECK_CHALLENGE, expected ? POLICY_DENY : POLICY_NOT_CHECKED,
                          PLACE_CHALLENGE, limit, "none");
        return true;
    }
    policy_match_tell(m, CHECK_CHALLENGE,
                      (int64_t)csr->challenge.len > max ? POLICY_DENY : POLICY_PASS,
                      PLACE_CHALLENGE, limit, found);
    if (!expected) {
        return true;
    }
    if (!has_intune_shape(secret_bytes(&csr->challenge), &shape, err)) {
        return false;
    }
    if (!shape) {
        policy_match_tell(m, CHECK_CHALLENGE_SHAPE, POLICY_WARN, PLACE_CHALLENGE,
                          "base64 of a CertEnrollToken", "something else");
    }
    return true;
}
