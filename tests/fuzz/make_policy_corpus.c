/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of fuzz_policy_match: make_policy_corpus FOLDER. Run by hand when the builder
 * learns a new shape; the files are checked in.
 */
#include "policy/match_case.h"

#include <stdio.h>

#include "base/text.h"
#include "platform/files.h"

static void attack(struct csr_builder *b)
{
    csr_builder_extension(b, "1.3.6.1.4.1.311.25.2", false, bytes_of("\x30\x00", 2));
    csr_builder_extension(b, OID_BASIC_CONSTRAINTS, true, bytes_of("\x30\x03\x01\x01\xff", 5));
}

static void strings(struct csr_builder *b)
{
    csr_builder_rdn(b, OID_CN, TAG_BMP, bytes_of("\0a\0n\0n\0a", 8));
    csr_builder_rdn(b, "2.5.4.11", TAG_T61, bytes_of("M\xfcller", 6));
    csr_builder_rdn_pair(b, OID_CN, "a", "2.5.4.10", "b");
    csr_builder_pair(b, TAG_T61, bytes_of("ValidityPeriod", 14), TAG_UNIVERSAL,
                     bytes_of("\0\0\0001", 4));
}

static const struct {
    const char *name;
    struct match_request request;
} seeds[] = {
    { "device",
      { .subject = "CN=" GUID_1,
        .san = "uri=IntuneDeviceId://" GUID_2 "|uri=" SID_TAG SID_1,
        .key_usage = "05a0",
        .eku = CLIENT_AUTH,
        .unit = "Years",
        .number = "1" } },
    { "joined",
      { .subject = "CN=" GUID_1,
        .san = "uri=IntuneDeviceId://" GUID_2 "," SID_TAG SID_1 "|dns=a.x,b.x",
        .unit = "1",
        .number = "Years" } },
    { "user",
      { .subject = "CN=anna|E=anna@example.com",
        .san = "upn=anna@example.com|email=anna@example.com|uri=a:x," SID_TAG SID_1,
        .challenge = "PENlcnRFbnJvbGxUb2tlbi8+",
        .digest = "SHA1" } },
    { "vague",
      { .subject = "CN=a-pc|OU=a|OU=b", .san = "dns=aba|dns=a.b|uri=1x2|dns=pc|ip=abcd|dir=" } },
    { "attack", { .subject = "CN=" GUID_1, .san = "dns=pc|other=x", .more = attack } },
    { "strings", { .san = "dns=pc", .san_critical = true, .more = strings } },
    { "empty", { .subject = "", .digest = "MD5" } },
};

int main(int argc, char **argv)
{
    void *state = NULL;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_policy_corpus FOLDER\n");
        return 2;
    }
    (void)match_set_up(&state);
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        struct buffer der = BUFFER_INIT(0);
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        match_der(&seeds[i].request, &der);
        if (!text_format(path, sizeof(path), "%s/%s", argv[1], seeds[i].name)
            || !file_write_atomic(path, buffer_bytes(&der), false, &err)) {
            (void)fprintf(stderr, "make_policy_corpus: %s\n", err.detail);
            return 1;
        }
        buffer_clear(&der);
    }
    return match_tear_down(&state);
}
