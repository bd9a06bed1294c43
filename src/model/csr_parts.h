/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take a PKCS#10 request apart into its fields and attributes, without decoding them.
 * Not here: what the fields mean (csr.h, csr_attributes.h, csr_details.h).
 * Owns:     nothing: the caller frees the parts, which wipes them (der_parts_free).
 * Threads:  pure functions.
 * Spec:     RFC 2986 4.
 */
#ifndef OPENNDES_MODEL_CSR_PARTS_H
#define OPENNDES_MODEL_CSR_PARTS_H

#include "model/der_parts.h"

/* CertificationRequest and CertificationRequestInfo: positions of their fields. */
enum { CSR_PART_INFO, CSR_PART_ALGORITHM, CSR_PART_SIGNATURE, CSR_PARTS };
enum { CSR_INFO_VERSION, CSR_INFO_SUBJECT, CSR_INFO_KEY, CSR_INFO_ATTRIBUTES, CSR_INFO_PARTS };
/* Attribute. */
enum { CSR_ATTRIBUTE_TYPE, CSR_ATTRIBUTE_VALUES, CSR_ATTRIBUTE_PARTS };
/* Attributes that mean something to us. */
enum csr_attribute_kind {
    CSR_ATTRIBUTE_UNKNOWN,
    CSR_ATTRIBUTE_CHALLENGE,
    CSR_ATTRIBUTE_EXTENSIONS_PKCS9, /* extension requests: three OIDs for one thing */
    CSR_ATTRIBUTE_EXTENSIONS_MICROSOFT,
    CSR_ATTRIBUTE_EXTENSIONS_VERISIGN,
    CSR_ATTRIBUTE_PAIR, /* enrollment name/value pair, [MS-WCCE] 2.2.2.7.10 */
    CSR_ATTRIBUTE_KINDS
};

/*
 * The three fields; their types are checked. NULL on failure; owned: der_parts_free; so are the
 * others. Errors: REASON_SYNTAX.
 */
struct stack_st_ASN1_TYPE *csr_parts_request(struct bytes der, struct error *err);
/* Three or four fields: the attributes may be missing altogether. Errors: REASON_SYNTAX. */
struct stack_st_ASN1_TYPE *csr_parts_info(struct bytes der, struct error *err);
/*
 * The attributes field, raw with its tag [0], as its attributes. At most LIMIT_CMS_ATTRIBUTES.
 * Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY.
 */
struct stack_st_ASN1_TYPE *csr_parts_attributes(struct bytes raw, struct error *err);
/* One attribute: an OID and a SET. Errors: REASON_SYNTAX. */
struct stack_st_ASN1_TYPE *csr_parts_attribute(struct bytes raw, struct error *err);
/* The SET of such an attribute as its values. Errors: REASON_SYNTAX. */
struct stack_st_ASN1_TYPE *csr_parts_values(const struct stack_st_ASN1_TYPE *attribute,
                                            struct error *err);
enum csr_attribute_kind csr_parts_kind(const struct asn1_object_st *type);

#endif
