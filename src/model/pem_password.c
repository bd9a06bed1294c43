/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pem_password.h"

int pem_no_password(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}
