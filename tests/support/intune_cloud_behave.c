/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

#define US_PER_MS 1000
#define HUGE_BYTES (6 * 1024 * 1024)

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const path_names[] = {
    [INTUNE_CLOUD_ANY] = "any",
    [INTUNE_CLOUD_TOKEN] = "token",
    [INTUNE_CLOUD_TOKEN_GRAPH] = "token-graph",
    [INTUNE_CLOUD_TOKEN_INTUNE] = "token-intune",
    [INTUNE_CLOUD_ENDPOINTS] = "endpoints",
    [INTUNE_CLOUD_APPLICATION] = "application",
    [INTUNE_CLOUD_VALIDATE] = "validateRequest",
    [INTUNE_CLOUD_SUCCESS] = "successNotification",
    [INTUNE_CLOUD_FAILURE] = "failureNotification",
    [INTUNE_CLOUD_DOWNLOAD] = "downloadRevocationRequests",
    [INTUNE_CLOUD_UPLOAD] = "uploadRevocationResults",
    [INTUNE_CLOUD_ELSEWHERE] = "elsewhere",
};
_Static_assert(sizeof(path_names) / sizeof(path_names[0]) == INTUNE_CLOUD_PATHS, "a name each");

static const char *const how_names[] = {
    [INTUNE_CLOUD_CODE] = "code",
    [INTUNE_CLOUD_NO_CODE] = "no-code",
    [INTUNE_CLOUD_BODY] = "body",
    [INTUNE_CLOUD_HTML] = "html",
    [INTUNE_CLOUD_BAD_JSON] = "bad-json",
    [INTUNE_CLOUD_INTERNAL] = "internal-error",
    [INTUNE_CLOUD_STATUS] = "status",
    [INTUNE_CLOUD_RETRY] = "retry-after",
    [INTUNE_CLOUD_REDIRECT] = "redirect",
    [INTUNE_CLOUD_ENTRA] = "entra",
    [INTUNE_CLOUD_NOT_SCOPE] = "refuse-scope",
    [INTUNE_CLOUD_SLOW] = "slow",
    [INTUNE_CLOUD_HANG] = "hang",
    [INTUNE_CLOUD_CLOSE] = "close",
    [INTUNE_CLOUD_CUT] = "cut",
    [INTUNE_CLOUD_DRIP] = "drip",
    [INTUNE_CLOUD_ENDLESS_HEAD] = "endless-head",
    [INTUNE_CLOUD_ENDLESS_BODY] = "endless-body",
    [INTUNE_CLOUD_HUGE] = "huge",
    [INTUNE_CLOUD_DATE] = "date",
    [INTUNE_CLOUD_EMPTY] = "empty",
    [INTUNE_CLOUD_NO_ROW] = "no-row",
    [INTUNE_CLOUD_TWO_ROWS] = "two-rows",
    [INTUNE_CLOUD_OUTSIDE] = "outside",
    [INTUNE_CLOUD_PLAIN] = "http",
    [INTUNE_CLOUD_OLD_NAME] = "service-name",
    [INTUNE_CLOUD_SLASH] = "slash",
};
_Static_assert(sizeof(how_names) / sizeof(how_names[0]) == INTUNE_CLOUD_HOWS, "a name each");

const char *cloud_path_name(enum intune_cloud_path path)
{
    return path < INTUNE_CLOUD_PATHS ? path_names[path] : "?";
}

bool cloud_path_find(const char *name, enum intune_cloud_path *path)
{
    for (unsigned i = 0; i < INTUNE_CLOUD_PATHS; i++) {
        if (strcmp(path_names[i], name) == 0) {
            *path = (enum intune_cloud_path)i;
            return true;
        }
    }
    return false;
}

bool cloud_how_find(const char *name, enum intune_cloud_how *how)
{
    for (unsigned i = 0; i < INTUNE_CLOUD_HOWS; i++) {
        if (strcmp(how_names[i], name) == 0) {
            *how = (enum intune_cloud_how)i;
            return true;
        }
    }
    return false;
}

bool cloud_path_matches(enum intune_cloud_path wanted, enum intune_cloud_path path)
{
    return wanted == path || wanted == INTUNE_CLOUD_ANY
           || (wanted == INTUNE_CLOUD_TOKEN
               && (path == INTUNE_CLOUD_TOKEN_GRAPH || path == INTUNE_CLOUD_TOKEN_INTUNE));
}

/* ---- asked for ------------------------------------------------------------------------------- */

void cloud_behaviour_free(void *behaviour)
{
    struct cloud_behaviour *b = behaviour;

    free(b->value);
    free(b);
}

bool intune_cloud_behave(struct intune_cloud_server *cloud,
                         const struct intune_cloud_behaviour *behaviour, struct error *err)
{
    struct cloud_behaviour *kept = NULL;
    char *value = NULL;

    if (behaviour->path >= INTUNE_CLOUD_PATHS || behaviour->how >= INTUNE_CLOUD_HOWS) {
        return error_set(err, REASON_USAGE, "no such path or behaviour");
    }
    value = text_dup(behaviour->value != NULL ? behaviour->value : "");
    if (value == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory");
    (void)pthread_mutex_lock(&cloud->lock);
    kept = cloud_list_add(&cloud->behaviours, sizeof(*kept));
    if (kept != NULL) {
        kept->b = *behaviour;
        kept->value = value;
        kept->b.value = value;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    if (kept != NULL) return true;
    free(value);
    return error_set(err, REASON_NO_MEMORY, "out of memory");
}

bool intune_cloud_code(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                       const char *code, unsigned times)
{
    const struct intune_cloud_behaviour b = {
        .path = path, .how = INTUNE_CLOUD_CODE, .value = code, .times = times
    };
    struct error err = ERROR_INIT;

    return intune_cloud_behave(cloud, &b, &err);
}

bool intune_cloud_status(struct intune_cloud_server *cloud, enum intune_cloud_path path, int status,
                         unsigned times)
{
    const struct intune_cloud_behaviour b = {
        .path = path, .how = INTUNE_CLOUD_STATUS, .number = status, .times = times
    };
    struct error err = ERROR_INIT;

    return intune_cloud_behave(cloud, &b, &err);
}

struct cloud_behaviour *cloud_behave_take(struct intune_cloud_server *cloud,
                                          enum intune_cloud_path path)
{
    for (size_t i = 0; i < cloud->behaviours.count; i++) {
        struct cloud_behaviour *b = cloud->behaviours.items[i];
        struct cloud_behaviour *copy = NULL;

        if (!cloud_path_matches(b->b.path, path)) continue;
        if (b->b.times == 1) {
            cloud_list_remove(&cloud->behaviours, i);
            return b;
        }
        b->b.times -= b->b.times > 0 ? 1 : 0;
        copy = calloc(1, sizeof(*copy));
        if (copy == NULL) return NULL;
        copy->b = b->b;
        copy->value = text_dup(b->value);
        copy->b.value = copy->value;
        return copy;
    }
    return NULL;
}

/* ---- done ------------------------------------------------------------------------------------ */

/* Until the latch is open, so many ms have passed (0: no limit), or the cloud ends. */
static void wait_here(struct intune_cloud_server *cloud, int64_t ms, bool for_latch)
{
    int64_t until_us = clock_monotonic_us() + ms * US_PER_MS;

    (void)pthread_mutex_lock(&cloud->lock);
    while (!cloud->stopping && !(for_latch && cloud->latch_open)) {
        int64_t left_us = until_us - clock_monotonic_us();

        if (ms == 0) {
            (void)pthread_cond_wait(&cloud->changed, &cloud->lock);
        } else if (left_us <= 0) {
            break;
        } else {
            (void)thread_cond_wait_ms(&cloud->changed, &cloud->lock, left_us / US_PER_MS + 1);
        }
    }
    (void)pthread_mutex_unlock(&cloud->lock);
}

static void answer_huge(struct cloud_visit *visit, size_t len)
{
    static const char begin[] = "{\"code\":\"Success\",\"errorDescription\":\"";
    struct buffer body = BUFFER_INIT(CLOUD_BODY_MAX);
    struct error err = ERROR_INIT;

    if (buffer_append_text(&body, begin, &err) && buffer_reserve(&body, len, &err)) {
        memset(body.data + body.len, 'x', len);
        body.len += len;
        if (buffer_append_text(&body, "\"}", &err)) {
            cloud_answer_text(visit, 200, "application/json", buffer_bytes(&body));
        }
    }
    buffer_clear(&body);
}

static void answer_text(struct cloud_visit *visit, int64_t status, const char *content_type,
                        const char *body)
{
    cloud_answer_text(visit, status != 0 ? (int)status : 200, content_type, bytes_of_text(body));
}

/* Those that are a whole answer by themselves; false: none of these. */
static bool answer_whole(struct cloud_visit *visit, const struct intune_cloud_behaviour *b)
{
    static const char html[] =
        "<!DOCTYPE html><html><body><h1>Sign in to continue</h1>\"code\":\"Success\"</body></html>";
    static const char internal[] =
        "{\"error\":{\"code\":\"InternalError\",\"message\":\"{\\\"_version\\\":3,\\\"Message\\\":"
        "\\\"An internal server error has occurred - Operation ID (for customer support): "
        "00000000-0000-0000-0000-000000000000\\\",\\\"CustomApiErrorPhrase\\\":\\\"\\\"}\"}}";
    struct error err = ERROR_INIT;

    switch (b->how) {
    case INTUNE_CLOUD_CODE:
        cloud_scep_code(visit, b->number != 0 ? (int)b->number : 200, b->value,
                        strcmp(b->value, "Success") == 0 ? "" : "as the test wants it");
        return true;
    case INTUNE_CLOUD_NO_CODE:
        answer_text(visit, 200, "application/json", "{\"errorDescription\":\"\"}");
        return true;
    case INTUNE_CLOUD_BODY:
        answer_text(visit, b->number, "application/json", b->value);
        return true;
    case INTUNE_CLOUD_HTML:
        answer_text(visit, b->number, "text/html; charset=utf-8", html);
        return true;
    case INTUNE_CLOUD_BAD_JSON:
        answer_text(visit, 200, "application/json", "{\"code\":\"Success\",\"errorDescr");
        return true;
    case INTUNE_CLOUD_INTERNAL:
        answer_text(visit, 500, "application/json", internal);
        return true;
    case INTUNE_CLOUD_STATUS:
        cloud_answer_status(visit, (int)b->number);
        return true;
    case INTUNE_CLOUD_RETRY:
        cloud_answer_status(visit, b->number != 0 ? (int)b->number : 429);
        (void)!cloud_add_header(visit->response, "Retry-After", b->value, &err);
        return true;
    case INTUNE_CLOUD_REDIRECT:
        answer_text(visit, b->number != 0 ? b->number : 302, "text/plain", "elsewhere");
        (void)!cloud_add_header(visit->response, "Location", b->value, &err);
        return true;
    case INTUNE_CLOUD_ENTRA:
        if (!cloud_entra_error(visit, b->value, "")) {
            cloud_answer_status(visit, 500);
        }
        return true;
    case INTUNE_CLOUD_HUGE:
        answer_huge(visit, b->number != 0 ? (size_t)b->number : HUGE_BYTES);
        return true;
    default:
        return false;
    }
}

bool cloud_behave_answer(struct cloud_visit *visit)
{
    const struct intune_cloud_behaviour *b = NULL;

    if (visit->behaviour == NULL) return false;
    b = &visit->behaviour->b;
    switch (b->how) {
    case INTUNE_CLOUD_SLOW:
        wait_here(visit->cloud, b->number, b->number == 0);
        return false;
    case INTUNE_CLOUD_HANG:
        wait_here(visit->cloud, 0, false);
        visit->response->ending = CLOUD_CLOSE;
        return true;
    case INTUNE_CLOUD_CLOSE:
        visit->response->ending = CLOUD_CLOSE;
        return true;
    case INTUNE_CLOUD_CUT:
        visit->response->ending = CLOUD_CUT;
        return false;
    case INTUNE_CLOUD_DRIP:
        visit->response->ending = CLOUD_DRIP;
        visit->response->drip_ms = (unsigned)b->number;
        return false;
    case INTUNE_CLOUD_ENDLESS_HEAD:
        visit->response->ending = CLOUD_ENDLESS_HEAD;
        return false;
    case INTUNE_CLOUD_ENDLESS_BODY:
        visit->response->ending = CLOUD_ENDLESS_BODY;
        return false;
    case INTUNE_CLOUD_DATE:
        visit->response->date_offset = b->number;
        return false;
    default:
        return answer_whole(visit, b);
    }
}
