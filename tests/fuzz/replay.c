/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target without a fuzzer: runs it once with each file of the folders that are given. So
 * inputs that were found once are looked at in each run of the tests, by any compiler.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static unsigned replayed;

static void stop(const char *path)
{
    perror(path);
    exit(1);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;
    long size = 0;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0
        || fseek(file, 0, SEEK_SET) != 0) {
        stop(path);
    }
    /* no byte more than there is: a read behind the end is seen */
    data = malloc(size == 0 ? 1 : (size_t)size);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
        stop(path);
    }
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", path); /* the last one is the one that failed */
    (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    replayed++;
}

static void replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    char path[4096];

    if (dir == NULL) {
        stop(folder);
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        replay_file(path);
    }
    (void)closedir(dir);
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL) {
        (void)LLVMFuzzerInitialize(&argc, &argv);
    }
    for (int i = 1; i < argc; i++) {
        replay_folder(argv[i]);
    }
    if (replayed == 0) {
        (void)fprintf(stderr, "replay: no file in the folders\n");
        return 1;
    }
    (void)printf("%u inputs\n", replayed);
    return 0;
}
