/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what to issue: the whole content of a certificate except key, serial, issuer and
 *           signature.
 * Not here: the rules that make it (template/), building it (ca/).
 * Owns:     its names and lists.
 * Threads:  one owner.
 * Spec:     RFC 5280 4.2; [MS-WCCE] 2.2.2.7.7.4 (sid).
 */
#ifndef OPENNDES_MODEL_CERT_PLAN_H
#define OPENNDES_MODEL_CERT_PLAN_H

#include "model/sid.h"

struct X509_name_st;
struct stack_st_GENERAL_NAME;
struct stack_st_ASN1_OBJECT;

struct cert_plan {
    struct X509_name_st *subject;
    struct stack_st_GENERAL_NAME *san; /* NULL: no extension; critical when the subject is empty */
    uint32_t key_usage;                /* KEY_USAGE_..., never 0 */
    struct stack_st_ASN1_OBJECT *eku;  /* NULL: no extension */
    char sid[SID_TEXT_MAX]; /* "": no extension; never from a request's own SID extension */
    int64_t not_before;     /* seconds since 1970 UTC; the CA cuts both to its own validity */
    int64_t not_after;
};

void cert_plan_clear(struct cert_plan *plan); /* NULL is allowed */

#endif
