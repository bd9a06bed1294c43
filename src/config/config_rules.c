/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/config_net.h"

#define RSA_BITS_MODERN                                                                            \
    2048 /* NIST SP 800-131A: shorter keys only for devices that have no other */

/* One rule between keys. */
struct config_rule {
    const char *key;  /* that its message names */
    const char *with; /* the other one, in the service's rules */
    bool (*check)(const void *config, struct error *err);
};

static bool acl_has_addresses(const struct acl_config *acl, struct error *err)
{
    if (acl->enabled && acl->allowed[0] == '\0') {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "true, but ip_acl.allowed is empty, which would refuse everybody; list "
                         "addresses in ip_acl.allowed or set ip_acl.enabled to false");
    }
    return true;
}

static bool service_acl(const void *config, struct error *err)
{
    const struct service_config *c = config;

    return acl_has_addresses(&c->ip_acl, err);
}

/* Between the two lists as well: a port speaks HTTP or HTTPS. */
static bool service_listen(const void *config, struct error *err)
{
    const struct service_config *c = config;
    const char *between = c->listen[0] != '\0' && c->https.listen[0] != '\0' ? "," : "";
    struct buffer all = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok = buffer_printf(&all, err, "%s%s%s", c->listen, between, c->https.listen)
              && config_net_listen_unique(buffer_text(&all), err);

    if (ok && all.len == 0) {
        ok = error_set(err, REASON_CONFIG_CONFLICT, "empty, and https.listen is empty, too");
    }
    buffer_clear(&all);
    return ok;
}

static bool service_ndes(const void *config, struct error *err)
{
    const struct service_config *c = config;

    if (c->ndes.enabled && c->ndes.general_template[0] == '\0') {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "true, but ndes.GeneralPurposeTemplate names no template");
    }
    return true;
}

static bool service_basic_http(const void *config, struct error *err)
{
    const struct service_config *c = config;

    if (c->signin.basic_http.enabled && !c->signin.basic) {
        return error_set(err, REASON_CONFIG_CONFLICT, "true, but signin.basic is false");
    }
    return true;
}

static bool service_crl_renewal(const void *config, struct error *err)
{
    const struct service_config *c = config;

    if (c->crl.renew_hours >= c->crl.validity_hours) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "%" PRId64 " is not less than crl.validity_hours (%" PRId64 ")",
                         c->crl.renew_hours, c->crl.validity_hours);
    }
    return true;
}

static bool template_acl(const void *config, struct error *err)
{
    const struct template_config *t = config;

    return acl_has_addresses(&t->ip_acl, err);
}

/* Without a challenge the address is all that tells a device from anybody else. */
static bool template_no_challenge(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->challenge.type == CHALLENGE_TYPE_NONE && !config_net_acl_restricts(&t->ip_acl)) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "none is possible only together with an address list; set ip_acl.enabled "
                         "to true, list addresses in ip_acl.allowed (none that ends in /0) and set "
                         "ip_acl.limit to scep or both");
    }
    return true;
}

/* EnforcePassword=0 is the same in NDES's words. */
static bool template_no_password(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->enabled && t->challenge.type == CHALLENGE_TYPE_NDES && !t->password.enforce
        && !config_net_acl_restricts(&t->ip_acl)) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "false is possible only together with an address list; set ip_acl.enabled "
                         "to true, list addresses in ip_acl.allowed (none that ends in /0) and set "
                         "ip_acl.limit to scep or both");
    }
    return true;
}

/* MD5 and single DES can be forged and read by a bystander: known devices only. */
static bool template_legacy(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->algorithms == ALGORITHM_LEVEL_LEGACY && !config_net_acl_restricts(&t->ip_acl)) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "legacy (MD5, single DES) is possible only together with an address list; "
                         "set ip_acl.enabled to true, list addresses in ip_acl.allowed (none that "
                         "ends in /0) and set ip_acl.limit to scep or both");
    }
    return true;
}

static bool template_rsa_range(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->key.rsa_min_bits > t->key.rsa_max_bits) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "%" PRId64 " is more than key.rsa_max_bits (%" PRId64 ")",
                         t->key.rsa_min_bits, t->key.rsa_max_bits);
    }
    return true;
}

static bool template_rsa_short(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->key.rsa_min_bits < RSA_BITS_MODERN && t->algorithms == ALGORITHM_LEVEL_MODERN) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "%" PRId64 " is possible only with algorithms compat or legacy; with "
                         "modern it is %d or more",
                         t->key.rsa_min_bits, RSA_BITS_MODERN);
    }
    return true;
}

static bool list_has(const char *list, const char *word)
{
    struct bytes item;
    size_t pos = 0;

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        if (bytes_equal(item, bytes_of_text(word))) {
            return true;
        }
    }
    return false;
}

/* RFC 5280 4.2.1.3: the meaning of the two is undefined without keyAgreement. */
static bool template_key_agreement(const void *config, struct error *err)
{
    const struct template_config *t = config;
    const char *allowed = t->key_usage.allowed;

    if ((list_has(allowed, "encipherOnly") || list_has(allowed, "decipherOnly"))
        && !list_has(allowed, "keyAgreement")) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "encipherOnly and decipherOnly mean nothing without keyAgreement");
    }
    return true;
}

static bool template_passphrase(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->enabled && t->challenge.type == CHALLENGE_TYPE_STATIC
        && t->challenge.passphrase_mac[0] == '\0') {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "true, but challenge.type is static and no passphrase is set; set one "
                         "first (\"openndes help template\")");
    }
    return true;
}

/* One without the other asks for tokens that nobody gives. */
static bool service_intune(const void *config, struct error *err)
{
    const struct service_config *c = config;

    if (c->intune.tenant[0] != '\0' && c->intune.client_id[0] == '\0') {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "set, but intune.client_id is empty: the application id of this server's "
                         "app registration");
    }
    return true;
}

/* A list of known devices binds values that the policies find. */
static bool template_known(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->policy.known[0] != '\0' && t->policy.files[0] == '\0') {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "set, but policy.files is empty: the list binds what a policy's variables "
                         "stand for");
    }
    return true;
}

/* Intune's yes or no cannot wait for days, and nobody else may give it. */
static bool template_approval(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->approval == APPROVAL_MANUAL && t->challenge.type == CHALLENGE_TYPE_INTUNE) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "manual is not possible with challenge.type intune: Intune decides");
    }
    return true;
}

/* Who follows whom has to be three different CAs. */
static bool template_rollover(const void *config, struct error *err)
{
    const struct template_config *t = config;
    const char *next = t->rollover.next;

    if (next[0] != '\0' && (strcmp(next, t->ca) == 0 || strcmp(next, t->rollover.previous) == 0)) {
        return error_set(err, REASON_CONFIG_CONFLICT,
                         "\"%s\" is also the template's ca or rollover.previous", next);
    }
    return true;
}

static bool template_previous(const void *config, struct error *err)
{
    const struct template_config *t = config;

    if (t->rollover.previous[0] != '\0' && strcmp(t->rollover.previous, t->ca) == 0) {
        return error_set(err, REASON_CONFIG_CONFLICT, "\"%s\" is also the template's ca", t->ca);
    }
    return true;
}

static const struct config_rule service_rules[] = {
    { "listen", "https.listen", service_listen },
    { "crl.renew_hours", "crl.validity_hours", service_crl_renewal },
    { "ip_acl.enabled", "ip_acl.allowed", service_acl },
    { "ndes.enabled", "ndes.GeneralPurposeTemplate", service_ndes },
    { "basic_http.enabled", "signin.basic", service_basic_http },
    { "intune.tenant", "intune.client_id", service_intune },
};

static const struct config_rule template_rules[] = {
    { "ip_acl.enabled", "", template_acl },
    { "challenge.type", "", template_no_challenge },
    { "algorithms", "", template_legacy },
    { "key.rsa_min_bits", "", template_rsa_range },
    { "key.rsa_min_bits", "", template_rsa_short },
    { "key_usage.allowed", "", template_key_agreement },
    { "enabled", "", template_passphrase },
    { "ndes.EnforcePassword", "", template_no_password },
    { "policy.known", "", template_known },
    { "approval", "", template_approval },
    { "rollover.next", "", template_rollover },
    { "rollover.previous", "", template_previous },
};

bool config_rules_check(enum config_scope scope, const void *config,
                        const struct config_place *place, struct error *err)
{
    const struct config_rule *rules = service_rules;
    size_t count = sizeof(service_rules) / sizeof(service_rules[0]);

    if (scope == CONFIG_SCOPE_TEMPLATE) {
        rules = template_rules;
        count = sizeof(template_rules) / sizeof(template_rules[0]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].check(config, err)) {
            return config_place_key(place, rules[i].key, err);
        }
    }
    return true;
}

bool config_rules_broken(const struct service_config *config, const char *keys[2],
                         struct error *why)
{
    for (size_t i = 0; i < sizeof(service_rules) / sizeof(service_rules[0]); i++) {
        if (!service_rules[i].check(config, why)) {
            keys[0] = service_rules[i].key;
            keys[1] = service_rules[i].with;
            return true;
        }
    }
    return false;
}
