/* SPDX-License-Identifier: Apache-2.0 */
#include "service/restart_keys.h"

#include "base/text.h"

void restart_keys_report(const struct service_config *before, const struct service_config *after,
                         struct log *log)
{
    if (!text_equal_nocase(before->listen, after->listen)
        || !text_equal_nocase(before->https.listen, after->https.listen)
        || !text_equal_nocase(before->management.listen, after->management.listen)
        || before->https.min_version != after->https.min_version
        || before->https.connections != after->https.connections
        || before->https.handshake_seconds != after->https.handshake_seconds
        || before->limits.body_bytes != after->limits.body_bytes
        || before->limits.connections != after->limits.connections
        || before->limits.connections_per_address != after->limits.connections_per_address
        || before->limits.idle_seconds != after->limits.idle_seconds
        || before->workers.threads != after->workers.threads
        || before->workers.queue != after->workers.queue
        || before->intune.requests != after->intune.requests
        || (before->intune.tenant[0] == '\0') != (after->intune.tenant[0] == '\0')
        || before->log.file_mb != after->log.file_mb || before->log.files != after->log.files
        || before->audit.file_mb != after->audit.file_mb
        || before->audit.files != after->audit.files) {
        log_line(
            log, LOG_LEVEL_WARNING,
            "openndes.json: listen, https.listen, https.min_version, https.connections, "
            "https.handshake_seconds, management.listen, limits.* but stop_seconds, workers.*, "
            "intune.requests (and the threads for Intune), and sizes of logs take effect at the "
            "next start");
    }
}
