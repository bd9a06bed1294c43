/* SPDX-License-Identifier: Apache-2.0 */
#include "model/der_parts.h"

#include <limits.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "base/crypto_memory.h"
#include "base/secret.h"

typedef STACK_OF(ASN1_TYPE) * (*parts_reader)(STACK_OF(ASN1_TYPE) **, const unsigned char **, long);

static STACK_OF(ASN1_TYPE)
    * read_parts(struct bytes der, parts_reader reader, const char *what, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    const unsigned char *at = der.data;
    enum reason reason = REASON_SYNTAX;

    if (der.data == NULL || der.len == 0 || der.len > INT_MAX) {
        (void)error_set(err, REASON_SYNTAX, "%s is missing", what);
        return NULL;
    }
    ERR_clear_error(); /* what is there afterwards is of this call */
    parts = reader(NULL, &at, (long)der.len);
    reason = parts == NULL ? crypto_memory_reason(REASON_SYNTAX) : REASON_SYNTAX;
    ERR_clear_error();
    if (parts == NULL || at != der.data + der.len) {
        (void)error_set(err, reason,
                        parts == NULL ? "%s is malformed" : "bytes behind the end of %s", what);
        der_parts_free(parts);
        return NULL;
    }
    return parts;
}

STACK_OF(ASN1_TYPE) * der_parts_sequence(struct bytes der, const char *what, struct error *err)
{
    return read_parts(der, d2i_ASN1_SEQUENCE_ANY, what, err);
}

STACK_OF(ASN1_TYPE) * der_parts_set(struct bytes der, const char *what, struct error *err)
{
    return read_parts(der, d2i_ASN1_SET_ANY, what, err);
}

static ASN1_TYPE *part_at(const STACK_OF(ASN1_TYPE) * parts, size_t index)
{
    return index < der_parts_count(parts) ? sk_ASN1_TYPE_value(parts, (int)index) : NULL;
}

static bool is_string(int type)
{
    return type != V_ASN1_OBJECT && type != V_ASN1_BOOLEAN && type != V_ASN1_NULL;
}

void der_parts_free(STACK_OF(ASN1_TYPE) * parts)
{
    for (size_t i = 0; i < der_parts_count(parts); i++) {
        ASN1_TYPE *part = part_at(parts, i);

        /* the challenge may be in here, and ASN1_TYPE_free leaves it in the heap */
        if (part->value.ptr != NULL && is_string(part->type)) {
            secret_wipe((void *)ASN1_STRING_get0_data(part->value.asn1_string),
                        (size_t)ASN1_STRING_length(part->value.asn1_string));
        }
    }
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
}

size_t der_parts_count(const STACK_OF(ASN1_TYPE) * parts)
{
    return parts == NULL ? 0 : (size_t)sk_ASN1_TYPE_num(parts);
}

int der_parts_tag(const STACK_OF(ASN1_TYPE) * parts, size_t index)
{
    const ASN1_TYPE *part = part_at(parts, index);

    return part == NULL ? -1 : part->type;
}

const ASN1_STRING *der_parts_string(const STACK_OF(ASN1_TYPE) * parts, size_t index, int tag)
{
    const ASN1_TYPE *part = part_at(parts, index);

    return part != NULL && part->type == tag && is_string(tag) ? part->value.asn1_string : NULL;
}

const ASN1_OBJECT *der_parts_object(const STACK_OF(ASN1_TYPE) * parts, size_t index)
{
    const ASN1_TYPE *part = part_at(parts, index);

    return part != NULL && part->type == V_ASN1_OBJECT ? part->value.object : NULL;
}

struct bytes der_parts_bytes(const STACK_OF(ASN1_TYPE) * parts, size_t index, int tag)
{
    const ASN1_STRING *string = der_parts_string(parts, index, tag);

    return string == NULL
               ? bytes_of(NULL, 0)
               : bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}
