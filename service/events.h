/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  numbers of the entries in the system's event log.
 * Not here: their texts (the callers), writing them (platform/eventlog.h).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/events.md.
 */
#ifndef OPENNDES_SERVICE_EVENTS_H
#define OPENNDES_SERVICE_EVENTS_H

/*
 * The numbers are stable: administrators filter by them. Below 100 they are those that NDES has
 * for the same condition, so that rules written for it go on working.
 */
enum event_id {
    EVENT_STARTED = 1,
    EVENT_START_FAILED = 2,
    EVENT_STOPPED = 3,
    EVENT_NO_PASSWORD_RIGHT = 6,    /* signed in, may not get passwords */
    EVENT_NO_CA_CERTIFICATE = 7,    /* GetCACert could not be answered */
    EVENT_RA_UNUSABLE = 10,         /* RA certificate missing, ended, unsuitable */
    EVENT_REPLY_NOT_ENCRYPTED = 13, /* no CertRep for the client's key */
    EVENT_NOT_DECODED = 16,         /* the HTTP message is no SCEP message */
    EVENT_NO_INFORMATION = 17,      /* transactionID, messageType or signer missing */
    EVENT_NOT_DECRYPTED = 18,       /* the envelope cannot be opened */
    EVENT_RENEWAL_REFUSED = 28,
    EVENT_PASSWORD_REFUSED = 29,
    EVENT_CA_REFUSED = 31, /* the template or the CA says no */
    EVENT_CONFIGURATION_BROKEN = 110,
    EVENT_CONFIGURATION_RELOADED = 111,
    EVENT_CRL_FAILED = 120,
    EVENT_CA_ENDS = 121,
    EVENT_RA_REPLACED = 122, /* by the service itself */
    EVENT_OCSP_SIGNER = 124, /* no new certificate to sign OCSP answers with */
    EVENT_AUDIT_FAILED = 130,
    EVENT_SIGN_IN_THROTTLED = 140,
    EVENT_TLS_BROKEN = 141,
    EVENT_NDES_FACE_BROKEN = 142,
    EVENT_MANAGEMENT_FAILED = 143,    /* no listener for health and metrics */
    EVENT_RIGHTS_UNSAFE = 144,        /* others may read or change the data folder */
    EVENT_INTUNE_UNREACHABLE = 150,   /* no answer, or none that can be used */
    EVENT_INTUNE_MISCONFIGURED = 151, /* credential, rights, tenant */
    EVENT_INTUNE_REFUSED = 152,       /* Intune says no to a request */
    EVENT_CREDENTIAL_ENDS = 153,      /* secret or certificate of the app registration */
    EVENT_CERTIFICATE_WITHHELD = 154, /* signed, not confirmed, revoked */
    EVENT_INTUNE_REVOKED = 155,       /* certificates revoked at Intune's request */
    EVENT_NOTIFICATION_LOST = 156,    /* Intune was not told of a refusal */
    EVENT_POLICY_DENIED = 160,
    EVENT_REQUEST_WAITS = 170,      /* for an administrator's approval */
    EVENT_REQUEST_DECIDED = 171,    /* approved or denied */
    EVENT_RA_PROBED = 172,          /* many messages that cannot be opened or proven */
    EVENT_CHALLENGES_GUESSED = 173, /* many refused challenges */
    EVENT_RATE_LIMITED = 174
};

#endif
