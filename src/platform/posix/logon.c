/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/logon.h"

bool logon_available(void)
{
    return false;
}

bool logon_user(const char *name, struct bytes password, struct user_token **out, struct error *err)
{
    (void)name;
    (void)password;
    *out = NULL;
    return error_set(err, REASON_SIGN_IN_UNAVAILABLE, "Windows accounts exist on Windows only");
}
