/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  every maximum of the program in one place, with unit and reason.
 * Not here: limits an administrator sets (config/config_keys.c).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     RFC 8894; sizes seen from real clients.
 */
#ifndef OPENNDES_BASE_LIMITS_H
#define OPENNDES_BASE_LIMITS_H

/* HTTP */
#define LIMIT_BODY_BYTES_DEFAULT                                                                   \
    65536u /* a PKCSReq is below 10 KB; RSA-8192 with a chain below 40 KB */
#define LIMIT_BODY_BYTES_MAX 1048576u /* what an administrator may raise it to */
#define LIMIT_QUERY_BYTES 65536u      /* IIS setting of NDES: maxQueryString */
#define LIMIT_PATH_BYTES 1024u        /* template name plus what clients append */
#define LIMIT_CONNECTION_MEMORY                                                                    \
    98304u /* request line with a full query, or a full Authorization, plus headers */
#define LIMIT_HEADERS 64u
#define LIMIT_AUTHORIZATION_BYTES 65536u /* a Kerberos ticket with many groups is below 48 KB */
#define LIMIT_FORWARDED_BYTES 1024u      /* X-Forwarded-For: some addresses */
#define LIMIT_HEAD_SECONDS 10u           /* from the request line to the last header */
#define LIMIT_GRACE_SECONDS 20u          /* of a body or an answer, before a rate is asked for */
#define LIMIT_BODY_RATE 500u             /* bytes a second: the slowest modems are twice as fast */
#define LIMIT_ANSWER_RATE 4096u          /* the same of an answer: large ones are CRLs */
#define LIMIT_ANSWERS_BYTES 67108864u    /* of all answers that clients have not taken yet */

/* BER and CMS */
#define LIMIT_BER_DEPTH 24u      /* real messages nest to 14 inside certificates */
#define LIMIT_BER_SEGMENTS 1024u /* chunks of one constructed string */
#define LIMIT_CMS_CERTIFICATES 10u
#define LIMIT_CMS_RECIPIENTS 5u
#define LIMIT_CMS_ATTRIBUTES 32u
#define LIMIT_CMS_DIGEST_ALGS 4u
#define LIMIT_TRANSACTION_ID_BYTES 256u
#define LIMIT_NONCE_BYTES 64u

/* the request */
#define LIMIT_CSR_BYTES 32768u /* an Intune challenge alone can be 16 KB */
#define LIMIT_CHALLENGE_BYTES 16384u
#define LIMIT_DN_BYTES 4096u
#define LIMIT_SAN_ENTRIES 100u
#define LIMIT_RSA_BITS_MIN 1024u
#define LIMIT_RSA_BITS_MAX 8192u
#define LIMIT_EXTENSIONS 64u

/* Intune and policies */
#define LIMIT_HTTP_CLIENT_BODY 4194304u /* an answer; 500 revocation requests are below 1 MB */
#define LIMIT_POLICY_BYTES 8388608u     /* a Graph export of a whole tenant is some MB */
#define LIMIT_POLICY_JSON_DEPTH 32u
#define LIMIT_POLICY_FILES 16u /* of one template */
#define LIMIT_POLICY_FILE_NAME 100u
#define LIMIT_POLICIES 256u     /* in one file */
#define LIMIT_POLICY_ITEMS 64u  /* RDNs, names, OIDs of one policy */
#define LIMIT_POLICY_TEXT 4096u /* bytes of one text in a policy */
#define LIMIT_POLICY_FINDINGS 96u
#define LIMIT_KNOWN_ROWS 200000u /* known devices and users */
#define LIMIT_KNOWN_BYTES 67108864u
#define LIMIT_NOTIFICATIONS 10000u           /* waiting to be told to Intune */
#define LIMIT_NOTIFICATIONS_UNVALIDATED 500u /* of these, about requests Intune never saw */

/* files and state */
#define LIMIT_CONFIG_FILE_BYTES 1048576u
#define LIMIT_JSON_DEPTH 16u
#define LIMIT_XML_DEPTH 64u
#define LIMIT_XML_BYTES 10485760u
#define LIMIT_PEM_FILE_BYTES 1048576u
#define LIMIT_TEMPLATES 1000u
#define LIMIT_TEMPLATE_NAME 64u /* characters: letters, digits, '-', '_', '.' */
#define LIMIT_CHAIN_CERTIFICATES 8u
#define LIMIT_PASSPHRASE_MIN 16u /* characters of a static passphrase */
#define LIMIT_PASSPHRASE_MAX 1024u
#define LIMIT_PASSWORD_BYTES 32u /* of a one-time password; 64 hex digits */
#define LIMIT_PASSWORDS 1000000u /* outstanding one-time passwords of one template */
#define LIMIT_ACL_PREFIXES 1024u
#define LIMIT_LISTENERS 16u

#endif
