/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/cms_certificate.h"

#include "base/limits.h"
#include "scep/cms_algorithm.h"
#include "scep/scep_oid.h"

static bool check_name(struct ber_reader *r, struct error *err)
{
    struct ber_element name;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &name, err)) {
        return false;
    }
    return name.whole.len <= LIMIT_DN_BYTES
           || error_set(err, REASON_LIMIT, "name of %zu bytes in a certificate", name.whole.len);
}

static bool check_key(struct ber_reader *r, struct error *err)
{
    struct ber_element info;
    struct ber_element key;
    struct cms_algorithm algorithm;
    struct ber_reader inside;

    if (!ber_expect(r, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &info, err)) {
        return false;
    }
    inside = ber_enter(r, &info);
    if (!cms_algorithm_next(&inside, &algorithm, err)
        || !ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_BIT_STRING, &key, err)) {
        return false;
    }
    if (scep_oid_is(algorithm.oid, SCEP_OID_EC_PUBLIC_KEY)
        && (algorithm.params.len == 0 || algorithm.params.data[0] != BER_OID)) {
        return error_set(err, REASON_CMS_SIGNER_KEY, "elliptic curve without a name");
    }
    return ber_at_end(&inside) || error_set(err, REASON_NOT_CMS, "public key with more fields");
}

bool cms_certificate_check(const struct ber_reader *r, const struct ber_element *certificate,
                           struct error *err)
{
    struct ber_reader outside = ber_enter(r, certificate);
    struct ber_reader tbs;
    struct ber_element element;
    struct cms_algorithm algorithm;

    if (!ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err)) {
        return false;
    }
    tbs = ber_enter(&outside, &element);
    if (ber_next_is(&tbs, BER_CLASS_CONTEXT, 0) && !ber_next(&tbs, &element, err)) {
        return false; /* version */
    }
    return ber_expect(&tbs, BER_CLASS_UNIVERSAL, BER_INTEGER, &element, err) /* serial */
           && cms_algorithm_next(&tbs, &algorithm, err) && check_name(&tbs, err)
           && ber_expect(&tbs, BER_CLASS_UNIVERSAL, BER_SEQUENCE, &element, err) /* validity */
           && check_name(&tbs, err) && check_key(&tbs, err)
           && cms_algorithm_next(&outside, &algorithm, err)
           && ber_expect(&outside, BER_CLASS_UNIVERSAL, BER_BIT_STRING, &element, err)
           && (ber_at_end(&outside)
               || error_set(err, REASON_NOT_CMS, "certificate with more fields"));
}
