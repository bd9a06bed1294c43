/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tidy.h"

#include "store/store_passwords.h"
#include "store/store_pending.h"

void tidy_store(struct store *store, int64_t now, struct log *log)
{
    static const struct {
        bool (*tidy)(struct store *from, int64_t now, int64_t *count, struct error *err);
        const char *what;
    } kinds[] = { { store_password_tidy, "passwords" },
                  { store_pending_tidy, "requests for approval" } };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct error err = ERROR_INIT;
        int64_t count = 0;

        if (!kinds[i].tidy(store, now, &count, &err)) {
            log_error(log, LOG_LEVEL_ERROR, &err, "old %s stay in the database", kinds[i].what);
        } else if (count > 0) {
            log_line(log, LOG_LEVEL_INFO, "%lld old %s removed from the database", (long long)count,
                     kinds[i].what);
        }
    }
}
