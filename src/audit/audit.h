/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one record per decision and per administrative act, as a JSON line in
 *           logs/audit.jsonl.
 * Not here: lines for people (log.h).
 * Owns:     the open file.
 * Threads:  any thread; a record is written whole.
 * Spec:     docs/audit.md names the fields.
 */
#ifndef OPENNDES_AUDIT_AUDIT_H
#define OPENNDES_AUDIT_AUDIT_H

#include "base/buffer.h"
#include "model/certificate.h"

struct audit;

/*
 * Filled on the way of a request; texts borrowed unless arrays; empty fields are left out of the
 * record. Peer-supplied text is escaped by JSON.
 */
struct audit_record {
    const char
        *event; /* "enroll", "getcacert", "getcacaps", "http", "template-set", "flood", ... */
    const char *result; /* "issued", "repeated", "refused", "pending", "ok" */
    const char *request_id;
    const char *template_name;
    const char *peer;
    const char *operation;
    const char *message_type;
    struct bytes transaction_id;
    const char *challenge_type;
    const char *client_request_id; /* of the last call to Intune */
    const char *policy;            /* the policy that was asked */
    const char *policy_verdict;    /* "pass", "warn", "fixed", "deny", "audit" */
    const char *policy_check;      /* the first check that denies or warns */
    const char *policy_detail;     /* place, expected, found; NULL when it stands in detail */
    const char *subject;           /* of the certificate, or of the request when refused */
    const char *requested_subject;
    const char *serial;
    const char *ca_name;
    const char *actor;  /* administrative acts: account */
    const char *target; /* administrative acts: what was changed, never a secret */
    enum reason reason;
    const char *detail;     /* for administrators, escaped */
    const char *algorithms; /* "sha256 aes128 pkcs1" */
    int http_status;
    int64_t not_after;
    int64_t duration_us;
    int64_t count; /* of a flood: requests that have no record of their own */
    uint8_t cert_sha256[DIGEST_SHA256_BYTES];
    bool has_cert_sha256;
};

struct audit_options {
    const char *folder; /* logs/ */
    int64_t file_mb;
    int64_t files;
};

struct audit *audit_open(const struct audit_options *options, struct error *err);
void audit_close(struct audit *audit); /* NULL is allowed */
/* Errors: file errors: the caller decides whether to go on. */
MUST_USE bool audit_write(struct audit *audit, const struct audit_record *record,
                          struct error *err);

#endif
