/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  requests as an administrator asks for them: the records of the audit files that tell
 *           what was asked and what became of it, newest first.
 * Not here: reading lines (audit/audit_reader.h), printing (cmd_request.c).
 * Owns:     nothing that outlives a call.
 * Threads:  the main thread.
 * Spec:     docs/command-line.md, docs/audit.md.
 */
#ifndef OPENNDES_SERVICE_REQUEST_RECORDS_H
#define OPENNDES_SERVICE_REQUEST_RECORDS_H

#include "base/json.h"

struct request_filter {
    const char *template_name; /* NULL: any, like the next ones */
    const char *result;
    const char *subject; /* a pattern: * and ?, ASCII letters without case */
    int64_t since;       /* seconds since 1970; 0: from the beginning */
    bool every;          /* also what never became a SCEP message */
    size_t last;         /* how many */
};

/* False ends the walk and is handed on; the visit has then set err. */
typedef bool request_visit(void *context, const struct json *record, struct error *err);

/* *damaged gets the number of lines that could not be read. Errors: file errors, the visit's. */
MUST_USE bool request_records_list(const char *data, const struct request_filter *filter,
                                   request_visit *visit, void *context, uint64_t *damaged,
                                   struct error *err);
/* The newest record of a request; owned. Errors: REASON_REQUEST_MISSING, file errors. */
MUST_USE bool request_records_find(const char *data, const char *id, struct json **record,
                                   struct error *err);
/* A field that is a text, or "". */
const char *request_records_text(const struct json *record, const char *field);
/*
 * The object of --json: id, time, template, result, reason, detail, subject, serial, peer and
 * transaction_id always and as texts ("" for what does not apply), then the record's other fields.
 * Owned; NULL: REASON_NO_MEMORY.
 */
struct json *request_records_object(const struct json *record, struct error *err);

#endif
