/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one request, described in a few words, against one policy.
 * Not here: cases.
 * Owns:     see the functions.
 * Threads:  one test at a time.
 * Spec:     docs/policy-checks.md.
 */
#ifndef OPENNDES_TESTS_POLICY_MATCH_CASE_H
#define OPENNDES_TESTS_POLICY_MATCH_CASE_H

#include "support/test_support.h"

#include "model/csr_builder.h"
#include "policy/policy_dn.h"
#include "policy/policy_match.h"

#define GUID_1 "11111111-2222-3333-4444-555555555555"
#define GUID_2 "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define SID_1 "S-1-5-21-1381186052-4247692386-135928078-1225"
#define SID_2 "S-1-5-21-1381186052-4247692386-135928078-500"
#define SID_TAG "tag:microsoft.com,2022-09-14:sid:"
#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define MATCH_NOW INT64_C(1767225600) /* 2026-01-01 */

/* Lists are "type=value" joined by '|'; NULL is nothing. */
struct match_request {
    const char *subject;   /* types as in a policy's subject: "CN=a|O=b" */
    const char *san;       /* email, dns, uri, upn, ip, dir, other */
    const char *key_usage; /* content of the extension, from its number of unused bits, in hex */
    const char *eku;       /* OIDs joined by spaces */
    const char *unit, *number; /* the pairs of validity */
    const char *challenge;
    const char *extensions;  /* OIDs joined by spaces, with content NULL */
    const char *digest;      /* NULL: SHA256; else the request is really signed */
    struct evp_pkey_st *key; /* NULL: one RSA key of 2048 bits for all */
    uint8_t tag;             /* string type of the subject's values; 0: UTF8String */
    bool san_critical;
    void (*more)(struct csr_builder *b); /* anything else; NULL: nothing */
};

/* Around the request; zero is a command line. */
struct match_around {
    const char *path; /* NULL: "" */
    enum policy_challenge challenge;
    const char *known; /* CSV */
    int64_t count, valid_until;
    bool history, history_fails;
};

/* A policy of the own format with this subject and these names ("uri=..|dns=.."); owned. */
struct policy *match_policy(const char *subject, const char *san);

/* Owned by the caller: match_free. Fails the test unless the comparison could be made. */
struct match_result {
    struct csr csr;
    struct csr_details *details;
    struct policy_known *known;
    struct policy_verdict *verdict;
};
void match_run(const struct policy *p, const struct match_request *request,
               const struct match_around *around, struct match_result *out);
void match_free(struct match_result *result);
/* The request's DER. */
void match_der(const struct match_request *request, struct buffer *out);

/* The first finding of this check; NULL: none. */
const struct policy_finding *match_find(const struct policy_verdict *v, const char *check);
/* The verdict, and that `check` (NULL: nobody asks) is among its findings with that outcome. */
void match_assert(const struct policy_verdict *v, enum policy_outcome verdict, const char *check,
                  enum policy_outcome outcome, const char *name);
/* All in one: run, assert, free. */
void match_expect(const struct policy *p, const struct match_request *request,
                  const struct match_around *around, enum policy_outcome outcome, const char *check,
                  const char *name);

/* Group fixtures: make and free the shared key. */
int match_set_up(void **state);
int match_tear_down(void **state);

#endif
