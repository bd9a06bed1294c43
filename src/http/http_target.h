/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take the target of a request line apart: decoded path, raw query.
 * Not here: what a path means (service/dispatch.c), the query's decoding (endpoint/scep_query.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 9112 3.2; RFC 3986 2.1.
 */
#ifndef OPENNDES_HTTP_HTTP_TARGET_H
#define OPENNDES_HTTP_HTTP_TARGET_H

#include "base/buffer.h"
#include "base/limits.h"

struct http_target {
    char path[LIMIT_PATH_BYTES + 1]; /* percent-decoded once; "*" for that form */
    struct bytes raw_query;          /* a view of the text that was parsed */
};

/*
 * Origin form ("/path?query"), absolute form ("http://host/path?query") and "*". Bytes that are no
 * UTF-8 stay as they are: routes are ASCII and do not match them. Errors: REASON_URI_TOO_LONG (path
 * over LIMIT_PATH_BYTES, query over LIMIT_QUERY_BYTES), REASON_SYNTAX (another form, a broken
 * escape, an escaped NUL).
 */
MUST_USE bool http_target_parse(const char *raw, struct http_target *out, struct error *err);

#endif
