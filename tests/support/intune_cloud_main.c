/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/files.h"
#include "support/intune_cloud.h"

/*
 * intune_cloud FOLDER [HOST]: the stand-in for Microsoft's cloud as a program, for shell tests.
 * Writes FOLDER/ca.pem and FOLDER/url (https://HOST:PORT; HOST: localhost), says each answered call
 * on a line of standard output, and serves until standard input ends or SIGTERM comes. Orders are
 * given over HTTPS: see intune_cloud_control.c.
 */

static void on_terminate(int signal_number)
{
    (void)signal_number;
    _Exit(0);
}

static void say(void *context, const char *line)
{
    (void)context;
    (void)printf("%s\n", line); /* one call: lines of two threads do not mix */
    (void)fflush(stdout);
}

static bool write_url(const struct intune_cloud_server *cloud, const char *folder,
                      struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, folder, "url", err)
           && file_write_atomic(path, bytes_of_text(intune_cloud_url(cloud)), false, err);
}

int main(int argc, char **argv)
{
    struct intune_cloud_options options = { .log = say };
    struct intune_cloud_server *cloud = NULL;
    struct error err = ERROR_INIT;
    bool ok = false;

    if (argc != 2 && argc != 3) {
        (void)fprintf(stderr, "Usage: intune_cloud FOLDER [HOST]\n");
        return 2;
    }
    (void)signal(SIGTERM, on_terminate);
    options.folder = argv[1];
    options.host = argc > 2 ? argv[2] : NULL;
    cloud = intune_cloud_create(&options, &err);
    ok = cloud != NULL && write_url(cloud, argv[1], &err);
    if (ok) {
        while (fgetc(stdin) != EOF) {
        }
    } else {
        (void)fprintf(stderr, "intune_cloud: %s: %s\n", reason_id(err.reason), err.detail);
    }
    intune_cloud_free(cloud);
    return ok ? 0 : 1;
}
