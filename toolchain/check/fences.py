#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each third-party header is included in as few files as can be. Tests are exempt."""
import fnmatch
import re

from source import Report, c_files, strip_c, text

WIN32_FILES = ("*/win32/*", "*_win32.c", "*_win32.h")

# header (regular expression) -> files that may include it
FENCES = (
    (r"microhttpd\.h", ("src/http/http_server*.c",)),
    (r"libxml/.*", ("src/base/xml.c",)),
    (r"sqlite3\.h", ("src/store/db_sqlite.h", "src/store/db_outcome.c")),
    (r"sql(ext|types|ucode)?\.h", ("src/store/db_odbc.c",)),
    (r"jansson\.h", ("src/base/json*.c",)),
    (r"curl/.*", ("src/http/http_client*.c",)),
    (r"openssl/.*", (
        "src/base/secret.c", "src/base/crypto*.c", "src/model/*", "src/scep/*", "src/ca/*",
        "src/template/*", "src/http/tls*.c", "src/platform/posix/protect.c", "src/intune/*",
        "src/policy/policy_match*.c", "src/policy/policy_cms.c", "src/policy/policy_gate.c",
        "src/policy/policy_learn_read.c", "src/policy/policy_ca.c",
        "src/policy/policy_conflict.c", "src/policy/policy_narrow.c",
        "mscep/ndes_page.c")),  # the page shows the CA's MD5 thumbprint
    # an answer is put together in one place; requests are read without the library
    (r"openssl/ocsp\.h", ("src/ca/ocsp_response.c",)),
    # TLS itself; whoever else is in http/ sees contexts and connections, never an SSL. tls_trust.c
    # completes the context that libcurl has made
    (r"openssl/ssl\.h", ("src/http/tls_context.c", "src/http/tls_connection.c",
                         "src/http/tls_trust.c")),
    (r"(windows|win(base|crypt|error|http|inet|nls|reg|sock2?|svc|user|ternl)|ws2tcpip|mswsock|"
     r"iphlpapi|aclapi|accctrl|sddl|lm[a-z]*|ntsecapi|ntsecpkg|sspi|security|secext|schannel|"
     r"dpapi|bcrypt|ncrypt|wincred|dsgetdc|shlobj|shlwapi|knownfolders|objbase|oleauto|ole2|"
     r"netfw|initguid|certcli|certsrv|certenroll|psapi|tlhelp32|evntprov|io|direct|conio|process)\.h",
     WIN32_FILES + ("src/store/db_odbc.c",)),
)

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def main():
    report = Report()
    fences = [(re.compile(header), allowed) for header, allowed in FENCES]
    for name in c_files(("src/", "mscep/", "service/")):
        for number, line in enumerate(strip_c(text(name), keep_strings=True).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            for header, allowed in fences:
                if header.fullmatch(match[1]) and not any(fnmatch.fnmatch(name, p) for p in allowed):
                    report.problem(name, number,
                                   f"<{match[1]}> may be included only by {', '.join(allowed)}")
    report.finish()


main()
