/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_lint.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_lint_internal.h"

#define SHOWN_MAX 160

static const struct policy_lint_info infos[LINT_COUNT] = {
    [LINT_ANY_NAME] = { "IPL-ANY-NAME", "neither subject nor subject alternative names are stated",
                        "state one of them: a policy that takes any name binds nothing" },
    [LINT_NO_NAME] = { "IPL-NO-NAME", "subject and subject alternative names are both empty",
                       "give the profile a subject or a subject alternative name" },
    [LINT_ONE_DEVICE] = { "IPL-ONE-DEVICE", "no name holds a variable",
                          "fine for a policy of one device; export the profile itself (Graph) to "
                          "have one for all" },
    [LINT_SPOOFABLE] = { "IPL-SPOOFABLE",
                         "every variable has a value that a device can choose or fake",
                         "add {{AAD_Device_ID}} or {{UserPrincipalName}}, or bind the "
                         "values with a list of known devices (policy.known)" },
    [LINT_UNKNOWN_VARIABLE] = { "IPL-UNKNOWN-VARIABLE", "a variable that is not known",
                                "correct its spelling; until then any value of 1 to 256 printable "
                                "characters fits it, with a warning" },
    [LINT_AFTER_VARIABLE] = { "IPL-AFTER-VARIABLE", "{, }, | or ; right after a variable",
                              "Intune cannot take these characters there; use another separator" },
    [LINT_QUOTES] = { "IPL-QUOTES", "a value with + ; , or = outside of double quotes",
                      "put the whole value in double quotes; a backslash makes Intune's own check "
                      "of the challenge fail" },
    [LINT_CN_LENGTH] = { "IPL-CN-LENGTH", "a common name that can be longer than 64 characters",
                         "use a shorter text or variable: enrollment fails for those whose name is "
                         "longer" },
    [LINT_DN_ALONE] = { "IPL-DN-ALONE", "{{OnPrem_Distinguished_Name}} is the whole subject",
                        "any name fits it offline; add a name that can be compared, such as a UPN, "
                        "and a list of known users" },
    [LINT_DN_INSIDE] = { "IPL-DN-INSIDE", "{{OnPrem_Distinguished_Name}} inside of a value",
                         "it stands for a whole subject: let it stand alone" },
    [LINT_SID_MISSING] = { "IPL-SID-MISSING",
                           "a profile for client authentication without the account's SID",
                           "if it is used to log on to Active Directory, add a URI with "
                           "{{OnPremisesSecurityIdentifier}}: domain controllers want it" },
    [LINT_SID_PLACE] = { "IPL-SID-PLACE", "the SID variable outside of a URI",
                         "it is meant for a subject alternative name of type URI alone" },
    [LINT_SID_ANDROID] = { "IPL-SID-ANDROID", "the SID variable in a profile for Android",
                           "Intune does not fill it in on Android; take the name out" },
    [LINT_FQDN] = { "IPL-FQDN", "{{FullyQualifiedDomainName}} outside of Windows",
                    "only Windows devices that are joined to a domain have one" },
    [LINT_ANDROID_NAME] = { "IPL-ANDROID-NAME",
                            "a name that some kinds of Android enrollment do not have",
                            "personally-owned work profiles (since Android 12) have no serial "
                            "number, IMEI, MEID; fully managed devices no {{UserName}} in a "
                            "subject alternative name" },
    [LINT_DEVICE_ID] = { "IPL-DEVICE-ID", "{{DeviceId}} is the only thing that names the device",
                         "it can change when a Windows device enrolls again; {{AAD_Device_ID}} "
                         "stays" },
    [LINT_STORE_USER] = { "IPL-STORE-USER", "a user's variable in a device certificate",
                          "a device has no user at the time: choose certificate type User, or a "
                          "device's variable" },
    [LINT_STORE_MACHINE] = { "IPL-STORE-DEVICE", "only a device's variables in a user certificate",
                             "all users of a device get the same name: choose certificate type "
                             "Device, or a user's variable" },
    [LINT_SHA1] = { "IPL-SHA1", "SHA-1 is allowed for the request's signature",
                    "leave SHA-2 alone in the profile" },
    [LINT_KEY_1024] = { "IPL-KEY-1024", "RSA keys of 1024 bits",
                        "2048 bits; of Apple profiles state Keysize, whose default is 1024" },
    [LINT_KEY_4096] = { "IPL-KEY-4096", "4096 bits in a TPM or with Windows Hello",
                        "2048 bits: these keys cannot be made there, enrollment fails" },
    [LINT_KEY_ANY] = { "IPL-KEY-ANY", "neither type nor size of the key is stated",
                       "state key.type rsa and key.bits, or leave it to the template" },
    [LINT_ANY_EKU] = { "IPL-ANY-EKU", "anyExtendedKeyUsage",
                       "name the usages: it is never issued" },
    [LINT_EKU_CA] = { "IPL-EKU-CA",
                      "an extended key usage that the CA's certificate does not allow",
                      "take it out of the profile, or issue with a CA that has it" },
    [LINT_THUMBPRINT] = { "IPL-THUMBPRINT", "the profile's CA is none of those in the CA file",
                          "choose in Intune the trusted certificate profile of this CA; its "
                          "thumbprints are printed below" },
    [LINT_VALIDITY_CA] = { "IPL-VALIDITY-CA", "certificates would be valid longer than their CA",
                           "renew the CA, or shorten the profile's validity: certificates end with "
                           "their CA at the latest" },
    [LINT_RENEWAL] = { "IPL-RENEWAL", "a renewal threshold that leaves no time, or renews always",
                       "20 percent is usual" },
    [LINT_HTTP] = { "IPL-HTTP", "http for Android", "Android wants https" },
    [LINT_URL] = { "IPL-URL", "not an http or https URL",
                   "write http://HOST/scep/TEMPLATE, or its path alone" },
    [LINT_PKICLIENT] = { "IPL-PKICLIENT", "the URL ends in pkiclient.exe",
                         "leave it out: Windows appends it itself, others do not need it" },
    [LINT_PENDING] = { "IPL-PENDING", "how long a device waits for an approval",
                       "answer at once: a challenge of Intune ends after 60 minutes" },
    [LINT_MODE] = { "IPL-MODE", "the policy's own mode is not enforce",
                    "set mode to enforce when its denials are as they should be" },
    [LINT_SEVERAL] = { "IPL-SEVERAL", "several policies for one endpoint",
                       "one URL for each profile: then it is known which one a request belongs "
                       "to" },
    [LINT_READING] = { "IPL-READING", "something in the file was passed over or is ambiguous",
                       "look at the place; what is passed over is not compared" },
};

const struct policy_lint_info *policy_lint_infos(size_t *count)
{
    *count = LINT_COUNT;
    return infos;
}

const char *policy_lint_level_word(enum policy_lint_level level)
{
    static const char *const words[] = { "info", "warning", "error" };

    return words[level];
}

bool lint_say(const struct lint_walk *w, enum lint lint, enum policy_lint_level level,
              enum policy_place place, const char *format, ...)
{
    struct policy_lint_finding finding = { .id = infos[lint].id, .level = level };
    struct buffer text = BUFFER_INIT(2048);
    va_list args;
    bool ok;

    va_start(args, format);
    ok = buffer_vprintf(&text, w->err, format, args);
    va_end(args);
    finding.remedy = infos[lint].remedy;
    if (ok) {
        policy_path(w->p, place, finding.place);
        (void)snprintf(finding.text, sizeof(finding.text), "%s", buffer_text(&text));
        ok = w->visit(w->context, w->p, &finding, w->err);
    }
    buffer_clear(&text);
    return ok;
}

/* ---- of several policies together ------------------------------------------------------------ */

static const char *shared_endpoint(const struct policy *a, const struct policy *b)
{
    for (size_t i = 0; i < a->endpoints.count; i++) {
        for (size_t k = 0; k < b->endpoints.count; k++) {
            if (text_equal_nocase(a->endpoints.item[i], b->endpoints.item[k])) {
                return a->endpoints.item[i];
            }
        }
    }
    return NULL;
}

/* Each policy is told of the first one before it, so that n policies give n - 1 findings. */
static bool lint_several(const struct lint_walk *w, const struct policy_set *set, size_t index)
{
    char other[SHOWN_MAX];
    char shown[SHOWN_MAX];

    for (size_t i = 0; i < index; i++) {
        const char *endpoint = shared_endpoint(set->item[i], w->p);

        if (endpoint != NULL) {
            text_escape(other, sizeof(other), bytes_of_text(set->item[i]->name));
            text_escape(shown, sizeof(shown), bytes_of_text(endpoint));
            return lint_say(w, LINT_SEVERAL, POLICY_LINT_WARNING, PLACE_ENDPOINT,
                            "policy \"%s\" is for %s as well", other, shown);
        }
    }
    return true;
}

/* The loaders' sentences have their places in them. */
static bool lint_reading(const struct policy_set *set, policy_lint_visit *visit, void *context,
                         struct error *err)
{
    for (size_t i = 0; i < set->warnings.count; i++) {
        struct policy_lint_finding finding = { .id = infos[LINT_READING].id,
                                               .level = POLICY_LINT_WARNING,
                                               .remedy = infos[LINT_READING].remedy };

        (void)snprintf(finding.text, sizeof(finding.text), "%s", set->warnings.item[i]);
        if (!visit(context, NULL, &finding, err)) {
            return false;
        }
    }
    return true;
}

bool policy_lint(const struct policy_set *set, const struct policy_ca *ca, int64_t now,
                 policy_lint_visit *visit, void *context, struct error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct lint_walk w = { set->item[i], ca, now, visit, context, err };

        if (!lint_names(&w) || !lint_keys(&w) || !lint_delivery(&w) || !lint_several(&w, set, i)) {
            return false;
        }
    }
    return lint_reading(set, visit, context, err);
}
