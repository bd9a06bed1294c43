/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_codes.h"

#include <string.h>

#include "base/text.h"

/* ---- result codes ---------------------------------------------------------------------------- */

#define SYNC_AGAIN "Let the device sync again: it gets a new challenge."
#define SUPPORT "Ask Microsoft's support; they want the client-request-id."

/* In the order of the library's enum; the last one is not in it and has been seen all the same. */
static const struct intune_code codes[] = {
    { "Unknown", REASON_INTUNE_CODE_UNKNOWN, SUPPORT },
    { "CertificateRequestDecodingFailed", REASON_INTUNE_CSR,
      "Intune cannot read the device's request: report the device's system and its version." },
    { "ChallengePasswordMissing", REASON_CHALLENGE_MISSING,
      "The request carries no challenge: the SCEP profile must come from Intune." },
    { "ChallengeDeserializationError", REASON_INTUNE_CHALLENGE_UNREADABLE, SYNC_AGAIN },
    { "ChallengeDecryptionError", REASON_INTUNE_CHALLENGE_UNREADABLE,
      "Let the device sync again; if it stays so, compare intune.tenant with the tenant that "
      "manages the device." },
    { "ChallengeDecodingError", REASON_INTUNE_CHALLENGE_UNREADABLE, SYNC_AGAIN },
    { "ChallengeInvalidTimestamp", REASON_INTUNE_CHALLENGE_TIME,
      "Set the clocks of the device and of this server, then let the device sync again." },
    { "ChallengeExpired", REASON_INTUNE_CHALLENGE_EXPIRED,
      "The challenge is older than 60 minutes: let the device sync again." },
    { "SubjectNameMissing", REASON_INTUNE_SUBJECT,
      "Look at the subject name format of the SCEP profile: a variable of it has no value for this "
      "device or user." },
    { "SubjectNameMismatch", REASON_INTUNE_SUBJECT,
      "Look at the subject name format of the SCEP profile: names with + ; , = need quotes, common "
      "names end at 64 characters." },
    { "SubjectAltNameMissing", REASON_INTUNE_SAN,
      "Look at the subject alternative names of the SCEP profile: the device has sent none." },
    { "SubjectAltNameMismatch", REASON_INTUNE_SAN,
      "Look at the subject alternative names of the SCEP profile: the device has sent others." },
    { "KeyUsageMismatch", REASON_INTUNE_KEY_USAGE,
      "Look at the key usage of the SCEP profile: the device has asked for another." },
    { "KeyLengthMismatch", REASON_INTUNE_KEY_LENGTH,
      "Look at the key size of the SCEP profile: the device has made a key of another." },
    { "EnhancedKeyUsageMissing", REASON_INTUNE_EKU,
      "Look at the extended key usage of the SCEP profile: the device has sent none." },
    { "EnhancedKeyUsageMismatch", REASON_INTUNE_EKU,
      "Look at the extended key usage of the SCEP profile: the device has sent another." },
    { "AadKeyIdentifierListMissing", REASON_INTUNE_KEY_LIST,
      "Set up Windows Hello for Business on the device, or take another key storage provider in "
      "the SCEP profile." },
    { "RegisteredKeyMismatch", REASON_INTUNE_KEY_LIST,
      "The key is none that Windows Hello for Business has registered: set it up anew on the "
      "device." },
    { "SigningCertThumbprintMismatch", REASON_INTUNE_SIGNER, SYNC_AGAIN },
    { "ScepProfileNoLongerTargetedToTheClient", REASON_INTUNE_NOT_ASSIGNED,
      "Nothing, if the SCEP profile was meant to be taken from this device or user." },
    { "SignatureValidationFailed", REASON_INTUNE_CHALLENGE_SIGNATURE,
      "Somebody has changed the challenge on its way, or has made one: find out who sends this "
      "request." },
    { "BadCertificateRequestIdInChallenge", REASON_INTUNE_CHALLENGE_IDS, SYNC_AGAIN },
    { "BadDeviceIdInChallenge", REASON_INTUNE_CHALLENGE_IDS, SYNC_AGAIN },
    { "BadUserIdInChallenge", REASON_INTUNE_CHALLENGE_IDS, SYNC_AGAIN },
    { "BadTenantIdInChallenge", REASON_INTUNE_TENANT,
      "The app registration lives in another tenant than the device: set intune.tenant to the "
      "tenant that manages the device and intune.client_id to an app registration in it." },
};

const struct intune_code *intune_code_find(const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (text_equal_nocase(codes[i].code, code)) {
            return &codes[i];
        }
    }
    return NULL;
}

const struct intune_code *intune_code_at(size_t index)
{
    return index < sizeof(codes) / sizeof(codes[0]) ? &codes[index] : NULL;
}

/* ---- HRESULTs -------------------------------------------------------------------------------- */

#define HRESULT_OURS 0xA0040000u /* failure, customer, facility 4; [MS-ERREF] 2.1 */
#define HRESULT_OTHER 0x0001u

struct hresult_row {
    uint16_t number; /* never changes, never given to another reason */
    enum reason reason;
};

/* By number. 01xx Intune, 02xx policy, 03xx template, 04xx CA, 05xx store and machine. */
static const struct hresult_row hresults[] = {
    { 0x0101, REASON_INTUNE_CSR },
    { 0x0102, REASON_INTUNE_CHALLENGE_SHAPE },
    { 0x0103, REASON_INTUNE_CHALLENGE_UNREADABLE },
    { 0x0104, REASON_INTUNE_CHALLENGE_TIME },
    { 0x0105, REASON_INTUNE_CHALLENGE_EXPIRED },
    { 0x0106, REASON_INTUNE_CHALLENGE_IDS },
    { 0x0107, REASON_INTUNE_CHALLENGE_SIGNATURE },
    { 0x0108, REASON_INTUNE_SIGNER },
    { 0x0109, REASON_INTUNE_SUBJECT },
    { 0x010a, REASON_INTUNE_SAN },
    { 0x010b, REASON_INTUNE_KEY_USAGE },
    { 0x010c, REASON_INTUNE_KEY_LENGTH },
    { 0x010d, REASON_INTUNE_EKU },
    { 0x010e, REASON_INTUNE_KEY_LIST },
    { 0x010f, REASON_INTUNE_NOT_ASSIGNED },
    { 0x0110, REASON_INTUNE_TENANT },
    { 0x0111, REASON_INTUNE_CODE_UNKNOWN },
    { 0x0112, REASON_INTUNE_NOT_CONFIGURED },
    { 0x0113, REASON_INTUNE_CREDENTIAL },
    { 0x0114, REASON_INTUNE_RIGHTS },
    { 0x0115, REASON_INTUNE_DISCOVERY },
    { 0x0116, REASON_INTUNE_UNAVAILABLE },
    { 0x0117, REASON_INTUNE_ANSWER },
    { 0x0118, REASON_INTUNE_BUSY },
    { 0x0119, REASON_INTUNE_NOT_CONFIRMED },
    { 0x011a, REASON_INTUNE_INTERRUPTED },
    { 0x011b, REASON_CHALLENGE_MISSING },
    { 0x0201, REASON_POLICY_DENIED },
    { 0x0202, REASON_POLICY_UNREADABLE },
    { 0x0203, REASON_POLICY_FORMAT },
    { 0x0204, REASON_POLICY_VALUE },
    { 0x0205, REASON_POLICY_EMPTY },
    { 0x0206, REASON_POLICY_CONFLICT },
    { 0x0207, REASON_KNOWN_LIST },
    { 0x0301, REASON_KEY_TYPE },
    { 0x0302, REASON_KEY_SIZE },
    { 0x0303, REASON_KEY_EXPONENT },
    { 0x0304, REASON_SUBJECT_EMPTY },
    { 0x0305, REASON_SUBJECT_ATTRIBUTE },
    { 0x0306, REASON_SUBJECT_CN },
    { 0x0307, REASON_SUBJECT_TOO_LONG },
    { 0x0308, REASON_SAN_TYPE },
    { 0x0309, REASON_SAN_VALUE },
    { 0x030a, REASON_SAN_COUNT },
    { 0x030b, REASON_SAN_WILDCARD },
    { 0x030c, REASON_KEY_USAGE },
    { 0x030d, REASON_RENEWAL_REFUSED },
    { 0x030e, REASON_RENEWAL_NOT_ENABLED },
    { 0x030f, REASON_REQUEST_OF_REVOKED },
    { 0x0401, REASON_CA_MISSING },
    { 0x0402, REASON_CA_EXPIRED },
    { 0x0403, REASON_CA_NOT_YET_VALID },
    { 0x0404, REASON_CA_NOT_READY },
    { 0x0405, REASON_CA_UNSUITABLE },
    { 0x0406, REASON_SIGN_FAILED },
    { 0x0407, REASON_KEY_PASSWORD },
    { 0x0408, REASON_KEY_UNREADABLE },
    { 0x0409, REASON_KEY_MISMATCH },
    { 0x040a, REASON_KEY_PROTECTION },
    { 0x040b, REASON_CERT_UNREADABLE },
    { 0x0501, REASON_STORE_CORRUPT },
    { 0x0502, REASON_STORE_READ_ONLY },
    { 0x0503, REASON_STORE_FULL },
    { 0x0504, REASON_STORE_BUSY },
    { 0x0505, REASON_STORE_SCHEMA_NEWER },
    { 0x0506, REASON_STORE_FAILED },
    { 0x0507, REASON_STORE_DUPLICATE },
    { 0x0508, REASON_DISK_FULL },
    { 0x0509, REASON_STOPPING },
    { 0x050a, REASON_SERVER_BUSY },
    { 0x050b, REASON_NO_MEMORY },
    { 0x050c, REASON_INTERNAL },
};

uint32_t intune_hresult(enum reason reason)
{
    for (size_t i = 0; i < sizeof(hresults) / sizeof(hresults[0]); i++) {
        if (hresults[i].reason == reason) {
            return HRESULT_OURS | hresults[i].number;
        }
    }
    return HRESULT_OURS | HRESULT_OTHER;
}

bool intune_hresult_at(size_t index, enum reason *reason, uint32_t *hresult)
{
    if (index >= sizeof(hresults) / sizeof(hresults[0])) {
        return false;
    }
    *reason = hresults[index].reason;
    *hresult = HRESULT_OURS | hresults[index].number;
    return true;
}

/* ---- descriptions ---------------------------------------------------------------------------- */

/* UTF-16 code units, as the service counts characters. */
static size_t units_of(uint32_t code_point)
{
    return code_point > 0xffff ? 2 : 1;
}

/* Append whole characters while they fit; false when the text is cut. */
static bool append_characters(char *out, size_t size, size_t *used, size_t *units, const char *text)
{
    struct bytes view = bytes_of_text(text);
    uint32_t code_point = 0;

    for (size_t pos = 0; pos < view.len;) {
        size_t start = pos;

        if (!text_next_utf8(view, &pos, &code_point)) {
            code_point = '?'; /* malformed: details are escaped, so this is nobody's doing */
            pos = start + 1;
        }
        if (*units + units_of(code_point) > INTUNE_DESCRIPTION_UNITS
            || *used + (pos - start) >= size) {
            return false;
        }
        if (code_point == '?') {
            out[*used] = '?';
        } else {
            memcpy(out + *used, text + start, pos - start);
        }
        *used += pos - start;
        *units += units_of(code_point);
    }
    return true;
}

void intune_description(char out[INTUNE_DESCRIPTION_MAX], const char *reason, const char *detail)
{
    const char *const parts[] = { reason, detail[0] != '\0' ? ": " : "", detail };
    size_t used = 0;
    size_t units = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!append_characters(out, INTUNE_DESCRIPTION_MAX, &used, &units, parts[i])) {
            break;
        }
    }
    out[used] = '\0';
}
