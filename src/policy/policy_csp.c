/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_csp.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_csp_nodes.h"

#define PROVIDERS_BEGIN "/Vendor/MSFT/"
#define UNIQUE_ID_BYTES 512u

struct csp_profile {
    char *unique_id;
    enum policy_store store;
    size_t line; /* of its first node */
    struct policy_csp_value value[POLICY_CSP_NODES];
};

struct policy_csp {
    struct csp_profile *profile;
    size_t count;
};

struct policy_csp *policy_csp_new(struct error *err)
{
    struct policy_csp *csp = calloc(1, sizeof(*csp));

    if (csp == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    return csp;
}

void policy_csp_free(struct policy_csp *csp)
{
    if (csp == NULL) {
        return;
    }
    for (size_t i = 0; i < csp->count; i++) {
        free(csp->profile[i].unique_id);
        for (size_t n = 0; n < POLICY_CSP_NODES; n++) {
            free(csp->profile[i].value[n].text);
        }
    }
    free(csp->profile);
    free(csp);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* The part behind /Vendor/MSFT/, and for whom the path is; NULL when it is no such path. */
static const char *behind_vendor(const char *path, enum policy_store *store)
{
    const char *at = strchr(path, '/');

    *store = POLICY_STORE_UNSTATED;
    while (at != NULL && !text_starts_nocase(at, PROVIDERS_BEGIN)) {
        if (text_starts_nocase(at, "/Device/") || text_starts_nocase(at, "/User/")) {
            *store = text_starts_nocase(at, "/User/") ? POLICY_STORE_USER : POLICY_STORE_MACHINE;
        } else {
            *store = POLICY_STORE_UNSTATED; /* only the step right before counts */
        }
        at = strchr(at + 1, '/');
    }
    return at == NULL ? NULL : at + strlen(PROVIDERS_BEGIN);
}

/* The part that begins with the UniqueID; NULL for other providers. */
static const char *behind_provider(const char *path)
{
    static const char *const providers[] = { "ClientCertificateInstall/SCEP",
                                             "CertificateStore/My/SCEP" };

    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        size_t len = strlen(providers[i]);

        if (text_starts_nocase(path, providers[i]) && path[len] == '/') {
            return path + len + 1;
        }
    }
    return NULL;
}

static bool mentions_scep(const char *path)
{
    for (; *path != '\0'; path++) {
        if (text_starts_nocase(path, "SCEP/")) {
            return true;
        }
    }
    return false;
}

static bool percent_decode(struct bytes text, char out[UNIQUE_ID_BYTES], struct error *err)
{
    size_t used = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        size_t len = 0;

        if (byte == '%' && i + 2 < text.len
            && text_unhex(&byte, 1, &len, bytes_of(text.data + i + 1, 2))) {
            i += 2;
        } else {
            byte = text.data[i];
        }
        if (byte == 0 || used + 1 >= UNIQUE_ID_BYTES) {
            return error_set(err, REASON_POLICY_VALUE, "a UniqueID of %zu bytes, or with NUL in it",
                             text.len);
        }
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return used > 0 || error_set(err, REASON_POLICY_VALUE, "the path has no UniqueID");
}

/* Another profile; its index is csp->count - 1 then. */
static bool add_profile(struct policy_csp *csp, const char *unique_id, enum policy_store store,
                        size_t line, struct error *err)
{
    struct csp_profile *grown = NULL;
    struct csp_profile *fresh = NULL;

    if (csp->count >= LIMIT_POLICIES) {
        return error_set(err, REASON_LIMIT, "more than %u profiles in one file", LIMIT_POLICIES);
    }
    grown = realloc(csp->profile, (csp->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    csp->profile = grown;
    fresh = &grown[csp->count];
    *fresh = (struct csp_profile){ .store = store, .line = line };
    fresh->unique_id = text_dup(unique_id);
    if (fresh->unique_id == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
    }
    csp->count++;
    return true;
}

static bool find_profile(struct policy_csp *csp, const char *unique_id, enum policy_store store,
                         size_t line, size_t *index, struct error *err)
{
    char shown[160];

    for (size_t i = 0; i < csp->count; i++) {
        if (strcmp(csp->profile[i].unique_id, unique_id) != 0) {
            continue;
        }
        if (csp->profile[i].store != store) {
            text_escape(shown, sizeof(shown), bytes_of_text(unique_id));
            return error_set(err, REASON_POLICY_VALUE,
                             "UniqueID %s stands below a device's path and a user's (line %zu); "
                             "these are two profiles: give each a UniqueID of its own",
                             shown, csp->profile[i].line);
        }
        *index = i;
        return true;
    }
    *index = csp->count;
    return add_profile(csp, unique_id, store, line, err);
}

static bool warn_unknown(struct policy_set *set, const char *path, size_t line, struct error *err)
{
    char shown[300];

    text_escape(shown, sizeof(shown), bytes_of_text(path));
    return policy_set_warn(set, err, "line %zu: %s is no node this server knows; passed over", line,
                           shown);
}

/* Below the UniqueID: what is written (Install/...) and what a device reports. */
static bool find_node(const char *below, size_t *node, bool *known)
{
    static const char *const reported[] = { "CertThumbprint", "Status", "ErrorCode",
                                            "RespondentServerUrl" };

    *known = true;
    if (below[0] == '\0' || text_equal_nocase(below, "Install")) {
        return false;
    }
    for (size_t i = 0; i < sizeof(reported) / sizeof(reported[0]); i++) {
        if (text_equal_nocase(below, reported[i])) {
            return false;
        }
    }
    *known =
        text_starts_nocase(below, "Install/") && policy_csp_node_find(strchr(below, '/') + 1, node);
    return *known;
}

bool policy_csp_find(struct policy_csp *csp, const char *path, size_t line, struct policy_set *set,
                     struct policy_csp_place *place, struct error *err)
{
    enum policy_store store = POLICY_STORE_UNSTATED;
    const char *rest = behind_vendor(path, &store);
    char unique_id[UNIQUE_ID_BYTES];
    size_t id_len = 0;
    bool known = false;

    *place = (struct policy_csp_place){ .want = POLICY_CSP_PASS_OVER, .line = line };
    rest = rest == NULL ? NULL : behind_provider(rest);
    if (rest == NULL) { /* another provider's, or one of ours with a typing error in it */
        return !mentions_scep(path) || warn_unknown(set, path, line, err);
    }
    id_len = strcspn(rest, "/");
    if (!percent_decode(bytes_of(rest, id_len), unique_id, err)) {
        return error_context(err, "line %zu", line);
    }
    rest += id_len + (rest[id_len] == '/' ? 1 : 0);
    if (!find_node(rest, &place->node, &known)) {
        return known || warn_unknown(set, path, line, err);
    }
    if (!find_profile(csp, unique_id, store, line, &place->profile, err)) {
        return error_context(err, "line %zu", line);
    }
    place->want = policy_csp_node_read(place->node) ? POLICY_CSP_TEXT : POLICY_CSP_PASS_OVER;
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool policy_csp_put(struct policy_csp *csp, const struct policy_csp_place *place,
                    struct bytes value, struct error *err)
{
    struct policy_csp_value *slot = &csp->profile[place->profile].value[place->node];
    const char *name = policy_csp_node_name(place->node);

    value = text_trim(value);
    if (value.len > LIMIT_POLICY_TEXT) {
        return error_set(err, REASON_LIMIT, "line %zu: %s: %zu bytes, more than %u", place->line,
                         name, value.len, LIMIT_POLICY_TEXT);
    }
    if (slot->text != NULL) {
        return bytes_equal(bytes_of_text(slot->text), value)
               || error_set(err, REASON_POLICY_VALUE,
                            "line %zu: %s: another value than in line %zu for the same UniqueID",
                            place->line, name, slot->line);
    }
    slot->text = text_dup_bytes(value);
    slot->line = place->line;
    return slot->text != NULL || error_set(err, REASON_NO_MEMORY, "out of memory for a policy");
}

static bool add_policy(const struct csp_profile *profile, const char *file, struct policy_set *out,
                       struct error *err)
{
    struct policy *p = policy_new(profile->unique_id, err);

    if (p == NULL) {
        return false;
    }
    p->facts.source = POLICY_SOURCE_SYNCML;
    p->facts.platform = POLICY_PLATFORM_WINDOWS;
    p->facts.store = profile->store;
    p->facts.line = profile->line;
    if (!policy_set_text(&p->facts.file, file, err)
        || !policy_csp_nodes_apply(profile->value, p, out, err)) {
        policy_free(p);
        return false;
    }
    return policy_set_add(out, p, err);
}

bool policy_csp_policies(const struct policy_csp *csp, const char *file, struct policy_set *out,
                         struct error *err)
{
    char shown[160];

    for (size_t i = 0; i < csp->count; i++) {
        if (!add_policy(&csp->profile[i], file, out, err)) {
            text_escape(shown, sizeof(shown), bytes_of_text(csp->profile[i].unique_id));
            return error_context(err, "%s", shown);
        }
    }
    return true;
}
