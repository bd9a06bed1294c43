/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "policy/policy_lint_internal.h"

#define SHOWN_MAX 160
#define MINUTE 60
#define CHALLENGE_MINUTES 60 /* life of a challenge of Intune */

static bool ends_nocase(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);

    return len >= end_len && text_equal_nocase(text + len - end_len, end);
}

static bool check_endpoint(const struct lint_walk *w, const char *endpoint)
{
    bool http = text_starts_nocase(endpoint, "http://");
    bool https = text_starts_nocase(endpoint, "https://");
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), bytes_of_text(endpoint));
    if (!http && !https && endpoint[0] != '/') {
        return lint_say(w, LINT_URL, POLICY_LINT_ERROR, PLACE_ENDPOINT,
                        "\"%s\" is neither a URL of a SCEP server nor a path", shown);
    }
    if (http && w->p->facts.platform == POLICY_PLATFORM_ANDROID
        && !lint_say(w, LINT_HTTP, POLICY_LINT_ERROR, PLACE_ENDPOINT, "%s", shown)) {
        return false;
    }
    return !ends_nocase(endpoint, "/pkiclient.exe")
           || lint_say(w, LINT_PKICLIENT, POLICY_LINT_WARNING, PLACE_ENDPOINT, "%s", shown);
}

/* SCEP's PENDING: a device asks again so many times, and its challenge does not get younger. */
static bool check_retry(const struct lint_walk *w)
{
    int64_t count = w->p->facts.retry_count;
    int64_t delay = w->p->facts.retry_delay_seconds;
    int64_t seconds;

    if (count < 0 || delay < 0) {
        return true;
    }
    seconds = count < 10000 && delay < 10000000 ? count * delay : INT64_MAX;
    if (seconds > CHALLENGE_MINUTES * MINUTE) {
        return lint_say(w, LINT_PENDING, POLICY_LINT_WARNING, PLACE_RETRY,
                        "a device waits longer than the %d minutes that its challenge lives",
                        CHALLENGE_MINUTES);
    }
    return lint_say(w, LINT_PENDING, POLICY_LINT_INFO, PLACE_RETRY,
                    "an approval that takes longer than %lld seconds comes too late",
                    (long long)seconds);
}

bool lint_delivery(const struct lint_walk *w)
{
    for (size_t i = 0; i < w->p->endpoints.count; i++) {
        if (!check_endpoint(w, w->p->endpoints.item[i])) {
            return false;
        }
    }
    if (!check_retry(w)) {
        return false;
    }
    return w->p->mode == POLICY_STRICTNESS_ENFORCE
           || lint_say(w, LINT_MODE, POLICY_LINT_INFO, PLACE_NONE, "its mode is %s",
                       policy_mode_word(w->p->mode));
}
