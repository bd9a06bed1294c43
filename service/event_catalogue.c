/* SPDX-License-Identifier: Apache-2.0 */
#include "service/event_catalogue.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(EVENT_SUBJECT_BYTES < EVENTLOG_INSERT_BYTES, "the event log cuts no subject");
_Static_assert(EVENT_MESSAGE_BYTES < EVENTLOG_INSERT_BYTES, "the event log cuts no message");
/* UTF-16 of four inserts with their NULs; names of source and computer have the rest of 60 KB. */
_Static_assert(EVENTLOG_INSERTS_MAX *EVENTLOG_INSERT_BYTES * 2 < 40000, "an entry fits the log");

static const struct event_info events[] = {
    { EVENT_STARTED, EVENTLOG_INFO, true, EVENT_REPORT, "The service has started.",
      "Nothing is to be done." },
    { EVENT_START_FAILED, EVENTLOG_ERROR, true, EVENT_FAILURE, "The service cannot be started.",
      "Mend what the message names, try \"openndes check\", and start the service again." },
    { EVENT_STOPPED, EVENTLOG_INFO, true, EVENT_REPORT, "The service has stopped.",
      "Nothing is to be done." },
    { EVENT_NO_PASSWORD_RIGHT, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "A user who is signed in may not get enrollment passwords.",
      "Add the user or a group of theirs to ndes.allowed, or leave it if that is right." },
    { EVENT_NO_CA_CERTIFICATE, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "The certificates of the CA could not be given to a client.",
      "Look at the CA with \"openndes ca show\"." },
    { EVENT_RA_UNUSABLE, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "A registration authority's certificate or key cannot be used.",
      "Look at it with \"openndes ca show\" and make a new one with \"openndes ca renew-ra\"." },
    { EVENT_REPLY_NOT_ENCRYPTED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "The answer cannot be signed or cannot be encrypted for the client's key.",
      "Let the device make an RSA key of at least 2048 bits." },
    { EVENT_NOT_DECODED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "An HTTP message is not a usable SCEP message.",
      "Look for a proxy that changes messages, a scanner, or a setting of the client that the "
      "message names." },
    { EVENT_NO_INFORMATION, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "Transaction id, message type or signer's certificate is missing in a message.",
      "Update the client; many of these come from a scanner." },
    { EVENT_NOT_DECRYPTED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "The encrypted part of a message cannot be opened.",
      "Let the device fetch the CA's certificates again; it may hold an old RA certificate." },
    { EVENT_RENEWAL_REFUSED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "A renewal could not be accepted.", "Let the device enroll anew with a password." },
    { EVENT_PASSWORD_REFUSED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "The password of a certificate request cannot be verified.",
      "Get a new password for the device and let it send a new request." },
    { EVENT_CA_REFUSED, EVENTLOG_ERROR, true, EVENT_FAILURE,
      "A certificate request was refused or could not be submitted.",
      "Change the device's profile or the template, or mend the CA, as the message says." },
    { EVENT_CONFIGURATION_BROKEN, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "A configuration file or a value of Group Policy is broken; what was in force stays.",
      "Mend it and try \"openndes check\"." },
    { EVENT_CONFIGURATION_RELOADED, EVENTLOG_INFO, false, EVENT_REPORT,
      "The configuration was read again.", "Nothing is to be done." },
    { EVENT_CRL_FAILED, EVENTLOG_ERROR, false, EVENT_FAILURE, "A new CRL could not be made.",
      "Look at disk and database; the old CRL is served until it ends." },
    { EVENT_CA_ENDS, EVENTLOG_WARNING, false, EVENT_REPORT,
      "A certificate of a CA, of an RA or of HTTPS ends soon.", "Renew it before that day." },
    { EVENT_RA_REPLACED, EVENTLOG_INFO, false, EVENT_REPORT,
      "RA certificates that would have ended soon were replaced.",
      "Nothing is to be done; devices with the old ones are still served." },
    { EVENT_OCSP_SIGNER, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "A new certificate to sign OCSP answers with could not be made.",
      "Look at the CA, its key and the database; the old one is used until it ends." },
    { EVENT_AUDIT_FAILED, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "An audit record could not be written.", "Make room on the disk that holds the logs." },
    { EVENT_SIGN_IN_THROTTLED, EVENTLOG_WARNING, false, EVENT_FAILURE,
      "An address has failed to sign in too often and has to wait.",
      "Find out who tries, and correct the credentials if it is an MDM." },
    { EVENT_TLS_BROKEN, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "The certificate or key of the HTTPS listeners cannot be used.",
      "Look at it with \"openndes tls show\" and put a good one in its place." },
    { EVENT_NDES_FACE_BROKEN, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "The URLs below /certsrv cannot be served as configured.",
      "Try \"openndes check\" and mend the templates that it names." },
    { EVENT_MANAGEMENT_FAILED, EVENTLOG_WARNING, false, EVENT_FAILURE,
      "Health and metrics cannot be served.",
      "Give management.listen an address and port that are free; enrollment goes on." },
    { EVENT_RIGHTS_UNSAFE, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "Somebody else may read or change what lies in the data folder.",
      "Run \"openndes service setup\" as an administrator, and find out who was there." },
    { EVENT_INTUNE_UNREACHABLE, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "Intune could not be asked, or what it asked for could not be done.",
      "Try \"openndes intune test\" on this server: it shows which step fails." },
    { EVENT_INTUNE_MISCONFIGURED, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "Entra or Intune refuses this server's app registration.",
      "Do what the message says, then try \"openndes intune test\"." },
    { EVENT_INTUNE_REFUSED, EVENTLOG_WARNING, false, EVENT_FAILURE,
      "Intune says no to a certificate request.",
      "Compare the device's profile in Intune with what the message says; let the device sync." },
    { EVENT_CREDENTIAL_ENDS, EVENTLOG_WARNING, false, EVENT_REPORT,
      "The secret or certificate of the app registration ends soon.",
      "Make a new one, and give it to \"openndes intune secret\" or \"intune certificate\"." },
    { EVENT_CERTIFICATE_WITHHELD, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "A certificate was signed but Intune was not told; it was withheld and revoked.",
      "Nothing is to be done if the device gets one later; otherwise try \"openndes intune "
      "test\"." },
    { EVENT_INTUNE_REVOKED, EVENTLOG_INFO, false, EVENT_REPORT,
      "Certificates were revoked at Intune's request.", "Nothing is to be done." },
    { EVENT_NOTIFICATION_LOST, EVENTLOG_WARNING, false, EVENT_REPORT,
      "Intune was not told of a refusal; its console shows the request as pending.",
      "Nothing is to be done; the reason stands in log and audit record." },
    { EVENT_POLICY_DENIED, EVENTLOG_ERROR, false, EVENT_FAILURE,
      "A certificate request does not fit the policies of its template.",
      "Compare with \"openndes policy check\"; change the profile or the policy." },
    { EVENT_REQUEST_WAITS, EVENTLOG_INFO, false, EVENT_REPORT,
      "A certificate request waits for an administrator's approval.",
      "Look at it with \"openndes request show\", then \"openndes request approve\" or "
      "\"request deny\"." },
    { EVENT_REQUEST_DECIDED, EVENTLOG_INFO, false, EVENT_REPORT,
      "An administrator has decided about a certificate request.", "Nothing is to be done." },
    { EVENT_RA_PROBED, EVENTLOG_WARNING, false, EVENT_REPORT,
      "Many messages could not be opened or proven: somebody may be probing the key of the RA.",
      "Find out who sends them; keep those addresses out by ip_acl or the firewall." },
    { EVENT_CHALLENGES_GUESSED, EVENTLOG_WARNING, false, EVENT_REPORT,
      "Many challenges were refused: somebody may be guessing.",
      "Find out who sends them; a profile with an old passphrase looks the same." },
    { EVENT_RATE_LIMITED, EVENTLOG_WARNING, false, EVENT_REPORT,
      "A client comes more often than a template allows and has to wait.",
      "Raise the limit if it speaks for many devices, or find out who it is." },
};

/* What every request refused for one of these reasons is reported as. */
static const enum event_id refusals[REASON_COUNT] = {
    [REASON_NDES_FACE_BROKEN] = EVENT_NDES_FACE_BROKEN,
    [REASON_MESSAGE_MISSING] = EVENT_NOT_DECODED,
    [REASON_BASE64] = EVENT_NOT_DECODED,
    /* the password page */
    [REASON_SIGN_IN_THROTTLED] = EVENT_SIGN_IN_THROTTLED,
    [REASON_NOT_ALLOWED] = EVENT_NO_PASSWORD_RIGHT,
    /* HTTPS */
    [REASON_TLS_CERTIFICATE] = EVENT_TLS_BROKEN,
    /* structure of the message */
    [REASON_NOT_CMS] = EVENT_NOT_DECODED,
    [REASON_BER_DEPTH] = EVENT_NOT_DECODED,
    [REASON_BER_LENGTH] = EVENT_NOT_DECODED,
    [REASON_BER_SEGMENTS] = EVENT_NOT_DECODED,
    [REASON_BER_TRAILING] = EVENT_NOT_DECODED,
    [REASON_CMS_SIGNER_COUNT] = EVENT_NO_INFORMATION,
    [REASON_CMS_NO_SIGNED_ATTRS] = EVENT_NOT_DECODED,
    [REASON_CMS_NO_DIGEST_ALGS] = EVENT_NOT_DECODED,
    [REASON_CMS_CONTENT_TYPE] = EVENT_NOT_DECODED,
    [REASON_CMS_TOO_MANY_CERTS] = EVENT_NOT_DECODED,
    [REASON_CMS_TOO_MANY_ATTRS] = EVENT_NOT_DECODED,
    [REASON_CMS_ATTRIBUTE_VALUES] = EVENT_NOT_DECODED,
    [REASON_CMS_DUPLICATE_ATTR] = EVENT_NOT_DECODED,
    [REASON_CMS_NO_SIGNER_CERT] = EVENT_NO_INFORMATION,
    [REASON_CMS_SIGNER_KEY] = EVENT_NOT_DECODED,
    [REASON_NO_TRANSACTION_ID] = EVENT_NO_INFORMATION,
    [REASON_TRANSACTION_ID_SIZE] = EVENT_NO_INFORMATION,
    [REASON_NO_MESSAGE_TYPE] = EVENT_NO_INFORMATION,
    [REASON_NONCE_SIZE] = EVENT_NOT_DECODED,
    /* the message */
    [REASON_DIGEST_NOT_ALLOWED] = EVENT_NOT_DECODED,
    [REASON_SIGNATURE_ALG_NOT_ALLOWED] = EVENT_NOT_DECODED,
    [REASON_CIPHER_NOT_ALLOWED] = EVENT_NOT_DECRYPTED,
    [REASON_KEY_TRANSPORT_NOT_ALLOWED] = EVENT_NOT_DECRYPTED,
    [REASON_SIGNER_KEY_NOT_ALLOWED] = EVENT_REPLY_NOT_ENCRYPTED,
    [REASON_SIGNATURE_WRONG] = EVENT_NOT_DECODED,
    [REASON_MESSAGE_TYPE_UNKNOWN] = EVENT_NOT_DECODED,
    [REASON_MESSAGE_TYPE_DISABLED] = EVENT_NOT_DECODED,
    [REASON_SIGNING_TIME] = EVENT_NOT_DECODED,
    [REASON_ENVELOPE_MISSING] = EVENT_NOT_DECRYPTED,
    [REASON_ENVELOPE_MALFORMED] = EVENT_NOT_DECRYPTED,
    [REASON_UNKNOWN_RECIPIENT] = EVENT_NOT_DECRYPTED,
    [REASON_UNIFORM_FAILURE] = EVENT_NOT_DECRYPTED,
    /* the decision */
    [REASON_CHALLENGE_REJECTED] = EVENT_PASSWORD_REFUSED,
    [REASON_CHALLENGE_MISSING] = EVENT_PASSWORD_REFUSED,
    [REASON_CHALLENGE_EXPIRED] = EVENT_PASSWORD_REFUSED,
    [REASON_CHALLENGE_USED] = EVENT_PASSWORD_REFUSED,
    [REASON_CHALLENGE_BINDING] = EVENT_PASSWORD_REFUSED,
    [REASON_CHALLENGE_UNAVAILABLE] = EVENT_PASSWORD_REFUSED,
    [REASON_RENEWAL_NOT_ENABLED] = EVENT_RENEWAL_REFUSED,
    [REASON_REQUEST_OF_REVOKED] = EVENT_CA_REFUSED,
    [REASON_KEY_TYPE] = EVENT_CA_REFUSED,
    [REASON_KEY_SIZE] = EVENT_CA_REFUSED,
    [REASON_KEY_EXPONENT] = EVENT_CA_REFUSED,
    [REASON_SUBJECT_EMPTY] = EVENT_CA_REFUSED,
    [REASON_SUBJECT_ATTRIBUTE] = EVENT_CA_REFUSED,
    [REASON_SUBJECT_CN] = EVENT_CA_REFUSED,
    [REASON_SUBJECT_TOO_LONG] = EVENT_CA_REFUSED,
    [REASON_SAN_TYPE] = EVENT_CA_REFUSED,
    [REASON_SAN_VALUE] = EVENT_CA_REFUSED,
    [REASON_SAN_COUNT] = EVENT_CA_REFUSED,
    [REASON_SAN_WILDCARD] = EVENT_CA_REFUSED,
    [REASON_KEY_USAGE] = EVENT_CA_REFUSED,
    [REASON_POLICY_DENIED] = EVENT_POLICY_DENIED,
    [REASON_RENEWAL_REFUSED] = EVENT_RENEWAL_REFUSED,
    [REASON_RENEWAL_TOO_EARLY] = EVENT_RENEWAL_REFUSED,
    [REASON_RENEWAL_USED_UP] = EVENT_RENEWAL_REFUSED,
    [REASON_TRUSTED_CA] = EVENT_RENEWAL_REFUSED,
    [REASON_REQUEST_DENIED] = EVENT_CA_REFUSED,
    [REASON_PENDING_FULL] = EVENT_CA_REFUSED,
    /* REASON_POLL_UNKNOWN: a device that is late, no entry */
    [REASON_INTUNE_CSR] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_CHALLENGE_SHAPE] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_CHALLENGE_UNREADABLE] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_CHALLENGE_TIME] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_CHALLENGE_EXPIRED] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_CHALLENGE_IDS] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_CHALLENGE_SIGNATURE] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_SIGNER] = EVENT_PASSWORD_REFUSED,
    [REASON_INTUNE_SUBJECT] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_SAN] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_KEY_USAGE] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_KEY_LENGTH] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_EKU] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_KEY_LIST] = EVENT_INTUNE_REFUSED,
    /* REASON_INTUNE_NOT_ASSIGNED: a normal event of life, no entry */
    [REASON_INTUNE_TENANT] = EVENT_INTUNE_MISCONFIGURED,
    [REASON_INTUNE_CODE_UNKNOWN] = EVENT_INTUNE_REFUSED,
    [REASON_INTUNE_NOT_CONFIGURED] = EVENT_INTUNE_MISCONFIGURED,
    [REASON_INTUNE_CREDENTIAL] = EVENT_INTUNE_MISCONFIGURED,
    [REASON_INTUNE_RIGHTS] = EVENT_INTUNE_MISCONFIGURED,
    [REASON_INTUNE_DISCOVERY] = EVENT_INTUNE_UNREACHABLE,
    [REASON_INTUNE_UNAVAILABLE] = EVENT_INTUNE_UNREACHABLE,
    [REASON_INTUNE_ANSWER] = EVENT_INTUNE_UNREACHABLE,
    [REASON_INTUNE_BUSY] = EVENT_INTUNE_UNREACHABLE,
    [REASON_INTUNE_NOT_CONFIRMED] = EVENT_CERTIFICATE_WITHHELD,
    [REASON_INTUNE_INTERRUPTED] = EVENT_CERTIFICATE_WITHHELD,
    /* CA, store */
    [REASON_CA_MISSING] = EVENT_CA_REFUSED,
    [REASON_CA_EXPIRED] = EVENT_CA_REFUSED,
    [REASON_CA_NOT_YET_VALID] = EVENT_CA_REFUSED,
    [REASON_CA_NOT_READY] = EVENT_CA_REFUSED,
    [REASON_CA_UNSUITABLE] = EVENT_CA_REFUSED,
    [REASON_RA_MISSING] = EVENT_RA_UNUSABLE,
    [REASON_RA_EXPIRED] = EVENT_RA_UNUSABLE,
    [REASON_RA_UNSUITABLE] = EVENT_RA_UNUSABLE,
    [REASON_SIGN_FAILED] = EVENT_CA_REFUSED,
    [REASON_STORE_CORRUPT] = EVENT_CA_REFUSED,
    [REASON_STORE_READ_ONLY] = EVENT_CA_REFUSED,
    [REASON_STORE_FULL] = EVENT_CA_REFUSED,
    [REASON_STORE_BUSY] = EVENT_CA_REFUSED,
    [REASON_STORE_FAILED] = EVENT_CA_REFUSED,
    [REASON_STORE_DUPLICATE] = EVENT_CA_REFUSED,
    [REASON_DISK_FULL] = EVENT_CA_REFUSED,
};

const struct event_info *event_info(enum event_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (events[i].id == id) {
            return &events[i];
        }
    }
    return NULL;
}

size_t event_info_count(void)
{
    return ARRAY_LEN(events);
}

const struct event_info *event_info_at(size_t index)
{
    return &events[index];
}

enum event_id event_of_reason(enum reason reason)
{
    return (size_t)reason < REASON_COUNT ? refusals[reason] : (enum event_id)0;
}

/* Details show what peers sent escaped already; this is for the one that forgets it. */
static void one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            *text = ' ';
        }
    }
}

/* Cut is good enough: the whole stands in log and audit record. */
static void put(char *dst, size_t size, const char *text)
{
    bool whole = text_format(dst, size, "%s", text != NULL && text[0] != '\0' ? text : "-");

    (void)whole;
}

static bool start(struct event_entry *entry, enum event_id id, const char *subject)
{
    *entry = (struct event_entry){ .info = event_info(id) };
    put(entry->subject, sizeof(entry->subject), subject);
    put(entry->code, sizeof(entry->code), "0x00000000");
    put(entry->message, sizeof(entry->message), "-");
    return entry->info != NULL;
}

bool event_entry_report(struct event_entry *entry, enum event_id id, const char *text)
{
    return start(entry, id, text);
}

bool event_entry_failure(struct event_entry *entry, enum event_id id, const char *where,
                         const struct error *why)
{
    bool has_where = where != NULL && where[0] != '\0';
    bool whole;

    if (!start(entry, id, where)) {
        return false;
    }
    whole = text_format(entry->message, sizeof(entry->message), "%s (%s)", why->detail,
                        reason_id(why->reason))
            && text_format(entry->code, sizeof(entry->code), "0x%08lx",
                           (unsigned long)error_hresult(why));
    if (entry->info->kind == EVENT_REPORT) { /* has no place for a message but its text */
        whole = text_format(entry->subject, sizeof(entry->subject), "%s%s%s",
                            has_where ? where : "", has_where ? ": " : "", entry->message)
                && whole;
    }
    (void)whole;
    return true;
}

size_t event_entry_inserts(const struct event_entry *entry, char more_text[EVENT_MORE_BYTES],
                           const char *inserts[EVENTLOG_INSERTS_MAX])
{
    bool whole = text_format(more_text, EVENT_MORE_BYTES, "%" PRIu64, entry->more);
    size_t count = 0;

    (void)whole;
    if (entry->info->kind == EVENT_FAILURE) {
        inserts[count++] = entry->code;
        inserts[count++] = entry->message;
    }
    inserts[count++] = entry->subject;
    inserts[count++] = more_text;
    return count;
}

void event_entry_text(const struct event_entry *entry, char *text, size_t size)
{
    char more[64] = "";
    char error[EVENT_MESSAGE_BYTES + 64] = "";
    bool has_subject = strcmp(entry->subject, "-") != 0;
    bool whole = true;

    if (entry->info->kind == EVENT_FAILURE) {
        whole = text_format(error, sizeof(error), " ErrorCode: %s. ErrorMessage: %s.", entry->code,
                            entry->message);
    }
    if (entry->more != 0) {
        whole = text_format(more, sizeof(more), " %" PRIu64 " more like this in the last minute.",
                            entry->more)
                && whole;
    }
    whole = text_format(text, size, "%s%s%s%s%s %s%s", entry->info->happened,
                        has_subject ? " " : "", has_subject ? entry->subject : "",
                        has_subject ? "." : "", error, entry->info->advice, more)
            && whole;
    (void)whole;
    one_line(text);
}
