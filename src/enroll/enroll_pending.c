/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll.h"

bool enroll_poll(const struct enroll_options *options, const struct enroll_request *request,
                 struct issuance *out, struct enroll_report *report, struct error *err)
{
    (void)options;
    (void)request;
    (void)out;
    *report = (struct enroll_report){ .challenge_type = NULL };
    return error_set(err, REASON_POLL_UNKNOWN, "no request waits under this transaction");
}

bool enroll_waiting_at(struct store *store, const struct enroll_request *request,
                       enroll_waiting_visit *visit, void *context, struct error *err)
{
    (void)store;
    (void)request;
    (void)visit;
    (void)context;
    (void)err;
    return true;
}
