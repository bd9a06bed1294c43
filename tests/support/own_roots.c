/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an HTTPS client that trusts what the test gives it and not the machine's CAs besides:
 *           libcurl would read some 150 of them for each connection, which takes most of a test's
 *           time, seconds under sanitizers.
 * Not here: the machine's CAs, which the tests of the whole program have.
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     the linker's --wrap puts it behind curl_easy_reset, which sets the bundle's name.
 */
#include <curl/curl.h>

void __real_curl_easy_reset(CURL *easy);
void __wrap_curl_easy_reset(CURL *easy);

void __wrap_curl_easy_reset(CURL *easy)
{
    __real_curl_easy_reset(easy);
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
}
