/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ip_acl.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

/*
 * A plain array walked from its start: 1024 prefixes, the limit, cost some microseconds, and a
 * request costs milliseconds.
 */
struct ip_acl {
    bool enabled;
    enum acl_limit limit;
    size_t count;
    struct ip_prefix prefixes[];
};

static size_t count_items(struct bytes list)
{
    struct bytes item;
    size_t pos = 0;
    size_t count = 0;

    while (text_next_item(list, ',', &pos, &item)) {
        count++;
    }
    return count;
}

struct ip_acl *ip_acl_create(const struct acl_config *config, struct error *err)
{
    struct bytes list = bytes_of_text(config->allowed != NULL ? config->allowed : "");
    size_t count = count_items(list);
    struct ip_acl *acl = NULL;
    struct bytes item;
    size_t pos = 0;

    if (count > LIMIT_ACL_PREFIXES) {
        (void)error_set(err, REASON_CONFIG_BAD_VALUE,
                        "ip_acl.allowed has %lu entries, at most %u are possible",
                        (unsigned long)count, LIMIT_ACL_PREFIXES);
        return NULL;
    }
    acl = calloc(1, sizeof(*acl) + count * sizeof(acl->prefixes[0]));
    if (acl == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an address list");
        return NULL;
    }
    acl->enabled = config->enabled;
    acl->limit = config->limit;
    while (text_next_item(list, ',', &pos, &item)) {
        struct error cause = ERROR_INIT;

        if (!ip_prefix_parse(item, &acl->prefixes[acl->count], &cause)) {
            (void)error_set(err, REASON_CONFIG_BAD_VALUE, "ip_acl.allowed: %s", cause.detail);
            ip_acl_free(acl);
            return NULL;
        }
        acl->count++;
    }
    return acl;
}

void ip_acl_free(struct ip_acl *acl)
{
    free(acl);
}

static bool limits_face(const struct ip_acl *acl, enum acl_face face)
{
    switch (acl->limit) {
    case ACL_LIMIT_SCEP:
        return face == ACL_FACE_SCEP;
    case ACL_LIMIT_UI:
        return face == ACL_FACE_UI;
    case ACL_LIMIT_BOTH:
        break;
    }
    return true;
}

bool ip_acl_check(const struct ip_acl *acl, enum acl_face face, const struct ip_address *peer,
                  struct error *err)
{
    char shown[IP_TEXT_MAX];

    if (!acl->enabled || !limits_face(acl, face)) return true;
    for (size_t i = 0; i < acl->count; i++) {
        if (ip_prefix_contains(&acl->prefixes[i], peer)) return true;
    }
    ip_address_format(peer, shown);
    return error_set(err, REASON_ADDRESS_DENIED, "%s is not on the address list", shown);
}
