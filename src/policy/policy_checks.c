/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_checks.h"

#define SUBJECT_MISSING "SubjectNameMissing"
#define SUBJECT "SubjectNameMismatch"
#define SAN_MISSING "SubjectAltNameMissing"
#define SAN "SubjectAltNameMismatch"
#define KEY_USAGE "KeyUsageMismatch"
#define KEY_LENGTH "KeyLengthMismatch"
#define EKU_MISSING "EnhancedKeyUsageMissing"
#define EKU "EnhancedKeyUsageMismatch"

static const struct policy_check_info infos[] = {
    [CHECK_SUBJECT] = { "IPV-SUBJECT", "the subject is what the policy describes", "pass",
                        SUBJECT },
    [CHECK_SUBJECT_MISSING] = { "IPV-SUBJECT-MISSING",
                                "the policy describes a subject and the request has none, or the "
                                "request has no name at all",
                                "deny", SUBJECT_MISSING },
    [CHECK_SUBJECT_VALUE] = { "IPV-SUBJECT-VALUE",
                              "an attribute of the subject is missing, or its value does not fit",
                              "deny", SUBJECT },
    [CHECK_SUBJECT_EXTRA] = { "IPV-SUBJECT-EXTRA",
                              "an attribute of the subject that the policy does not describe",
                              "pass deny", SUBJECT },
    [CHECK_SUBJECT_ORDER] = { "IPV-SUBJECT-ORDER",
                              "the subject's attributes stand in another order or are grouped "
                              "otherwise",
                              "warn deny", SUBJECT },
    [CHECK_SUBJECT_LENGTH] = { "IPV-SUBJECT-LENGTH", "a common name of more than 64 characters",
                               "deny", SUBJECT },
    [CHECK_SAN] = { "IPV-SAN", "the alternative names are what the policy describes", "pass", SAN },
    [CHECK_SAN_MISSING] = { "IPV-SAN-MISSING",
                            "the policy describes alternative names and the request has none",
                            "deny", SAN_MISSING },
    [CHECK_SAN_VALUE] = { "IPV-SAN-VALUE",
                          "an alternative name is missing, or its value does not fit", "deny",
                          SAN },
    [CHECK_SAN_EXTRA] = { "IPV-SAN-EXTRA", "an alternative name that the policy does not describe",
                          "deny", SAN },
    [CHECK_SAN_TYPE] = { "IPV-SAN-TYPE",
                         "an alternative name of a type that the policy does not have", "deny",
                         SAN },
    [CHECK_SAN_JOINED] = { "IPV-SAN-JOINED",
                           "several names joined by commas into one; a warning when one is a SID, "
                           "which domain controllers may not find there",
                           "pass warn", SAN },
    [CHECK_SAN_CRITICAL] = { "IPV-SAN-CRITICAL",
                             "alternative names without a subject must be critical", "fixed", "" },
    [CHECK_VARIABLE] = { "IPV-VARIABLE",
                         "one variable stands for two values in one request, or the names can be "
                         "read in too many ways",
                         "deny", SAN },
    [CHECK_VALUE] = { "IPV-VALUE",
                      "a value that fits and is odd: wrong check digit, placeholder, unknown "
                      "variable",
                      "warn", "" },
    [CHECK_SID_URI] = { "IPV-SID-URI",
                        "the SID in a name: exactly one where the policy has the variable, else "
                        "none",
                        "pass deny", SAN },
    [CHECK_KNOWN] = { "IPV-KNOWN", "the values belong to one known device or user",
                      "pass deny not-checked", "" },
    [CHECK_KEY_USAGE] = { "IPV-KEY-USAGE", "key usage; fixed: not asked for, the policy's is used",
                          "pass fixed deny", KEY_USAGE },
    [CHECK_KEY_USAGE_CA] = { "IPV-KEY-USAGE-CA", "keyCertSign or cRLSign is asked for", "deny",
                             KEY_USAGE },
    [CHECK_EKU] = { "IPV-EKU", "extended key usage; fixed: not asked for, the policy's is used",
                    "pass fixed deny", EKU },
    [CHECK_EKU_MISSING] = { "IPV-EKU-MISSING", "no extended key usage where the policy wants one",
                            "deny", EKU_MISSING },
    [CHECK_EKU_ANY] = { "IPV-EKU-ANY",
                        "anyExtendedKeyUsage is asked for and not what the policy lists", "deny",
                        EKU },
    [CHECK_KEY_SIZE] = { "IPV-KEY-SIZE", "size of the key", "pass deny", KEY_LENGTH },
    [CHECK_KEY_TYPE] = { "IPV-KEY-TYPE", "type of the key", "pass deny", KEY_LENGTH },
    [CHECK_KEY_EXPONENT] = { "IPV-KEY-EXPONENT",
                             "RSA's public exponent; a warning when it is not 65537",
                             "pass warn deny", "" },
    [CHECK_KEY_WEAK] = { "IPV-KEY-WEAK",
                         "RSA keys of generators known to be broken: small factors, ROCA",
                         "pass deny", "" },
    [CHECK_HASH] = { "IPV-HASH", "digest of the request's own signature", "pass warn deny", "" },
    [CHECK_VALIDITY] = { "IPV-VALIDITY",
                         "validity that the request asks for; fixed: longer or unreadable, the "
                         "policy's is used; a warning when it is shorter",
                         "pass warn fixed deny", "" },
    [CHECK_CA] = { "IPV-CA", "CA fingerprint of the policy: compared by lint", "not-checked", "" },
    [CHECK_ENDPOINT] = { "IPV-ENDPOINT", "the URL that the request came to",
                         "pass deny not-checked", "" },
    [CHECK_CA_IDENT] = { "IPV-CA-IDENT",
                         "CA identifier of the policy: a request does not carry one", "not-checked",
                         "" },
    [CHECK_SID_EXTENSION] = { "IPV-SID-EXTENSION",
                              "the SID extension 1.3.6.1.4.1.311.25.2 in a request; never copied",
                              "pass fixed deny", "" },
    [CHECK_EXTENSION] = { "IPV-EXTENSION",
                          "extensions that no rule knows; fixed: they are left out",
                          "pass fixed deny", "" },
    [CHECK_EXTENSION_TWICE] = { "IPV-EXTENSION-TWICE", "an extension is asked for twice", "deny",
                                "" },
    [CHECK_CONSTRAINTS] = { "IPV-CONSTRAINTS", "the request asks for a CA's certificate",
                            "pass deny", "" },
    [CHECK_AUTHORITY] = { "IPV-AUTHORITY",
                          "extensions that only a CA has: name constraints, policy mappings, "
                          "policy constraints, inhibitAnyPolicy",
                          "deny", "" },
    [CHECK_TEMPLATE] = { "IPV-TEMPLATE",
                         "a certificate template of AD CS is named; fixed: nobody looks at it",
                         "pass fixed", "" },
    [CHECK_CHALLENGE] = { "IPV-CHALLENGE", "a challenge is there and not too long",
                          "pass deny not-checked", "ChallengePasswordMissing" },
    [CHECK_CHALLENGE_SHAPE] = { "IPV-CHALLENGE-SHAPE",
                                "the challenge looks like one of Intune from outside", "warn",
                                "ChallengeDeserializationError" },
    [CHECK_KEY_PROTECTION] = { "IPV-KEY-PROTECTION", "where the key lies: no request can prove it",
                               "not-checked", "" },
    [CHECK_AAD_KEYS] = { "IPV-AAD-KEYS", "the list of registered keys: only Intune can tell",
                         "not-checked", "" },
    [CHECK_STORE] = { "IPV-STORE", "store of the user or of the machine: looked at by lint",
                      "not-checked", "" },
    [CHECK_RENEWAL] = { "IPV-RENEWAL",
                        "a certificate of the same subject has more of its life left than the "
                        "policy's renewal threshold",
                        "pass warn not-checked", "" },
    [CHECK_RATE] = { "IPV-RATE", "certificates of the same subject within a day",
                     "pass deny not-checked", "" },
    [CHECK_RETRY] = { "IPV-RETRY", "the client's retries: looked at by lint", "not-checked", "" },
};
_Static_assert(sizeof(infos) / sizeof(infos[0]) == CHECK_COUNT, "a row for each check");

const struct policy_check_info *policy_check_info_of(enum policy_check check)
{
    return &infos[check];
}

const struct policy_check_info *policy_check_infos(size_t *count)
{
    *count = CHECK_COUNT;
    return infos;
}
