/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands before anything is known of the sender: path, query and body of a request. The first
 * byte says what the rest is: 0 a raw query, 1 a body, 2 a path.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "endpoint/endpoint.h"
#include "endpoint/scep_query.h"
#include "service/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

static bool within(struct bytes part, struct bytes whole)
{
    return part.len == 0
           || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void read_value(struct bytes value)
{
    struct buffer out = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct error err = ERROR_INIT;

    if (scep_query_decode(value, &out, &err)) {
        must(out.len <= value.len);
    } else {
        must(err.reason == REASON_LIMIT || err.reason == REASON_NO_MEMORY);
    }
    buffer_clear(&out);
    error_clear(&err);
    if (scep_query_message(value, &out, &err)) {
        must(out.len >= 1 && out.len <= value.len && out.data[0] == 0x30);
    } else {
        must(error_http_status(&err) >= 400);
    }
    buffer_clear(&out);
}

static void read_query(struct bytes query)
{
    static const char *const names[] = { "operation", "message", "OPERATION", "x" };
    struct http_request request = { .method = HTTP_METHOD_GET, .raw_query = query };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bytes value = { NULL, 0 };

        if (scep_query_find(query, names[i], &value)) {
            must(within(value, query));
            must(value.len == 0 || memchr(value.data, '&', value.len) == NULL);
            read_value(value);
        }
    }
    must(!endpoint_operation_known(&request) || endpoint_operation_given(&request));
}

static void read_body(struct bytes body)
{
    struct buffer decoded = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct bytes message = { NULL, 0 };
    struct error err = ERROR_INIT;

    if (scep_body_message(body, &decoded, &message, &err)) {
        must(message.len > 0 && message.data[0] == 0x30);
        must(within(message, body) || within(message, buffer_bytes(&decoded)));
    } else {
        must(error_http_status(&err) >= 400);
    }
    buffer_clear(&decoded);
}

static void read_path(struct bytes bytes)
{
    char path[LIMIT_PATH_BYTES + 1];
    size_t len = bytes.len < LIMIT_PATH_BYTES ? bytes.len : LIMIT_PATH_BYTES;
    struct route route;

    if (len > 0) {
        memcpy(path, bytes.data, len);
    }
    path[len] = '\0';
    route = route_find(path);
    must(memchr(route.name, '\0', sizeof(route.name)) != NULL);
    must(strchr(route.name, '/') == NULL);
    for (const char *c = route.name; *c != '\0'; c++) {
        must(*c < 'A' || *c > 'Z');
    }
    must(route.kind == ROUTE_NONE || route.kind == ROUTE_NDES || route.name[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest;

    if (size == 0) {
        return 0;
    }
    rest = bytes_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        read_query(rest);
        break;
    case 1:
        read_body(rest);
        break;
    default:
        read_path(rest);
        break;
    }
    return 0;
}
