/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a struct scep_message is made of, for the files that implement scep_message.h.
 * Not here: the contract (scep_message.h); nobody outside scep/ includes this.
 * Owns:     see the fields.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3.
 */
#ifndef OPENNDES_SCEP_SCEP_MESSAGE_PARTS_H
#define OPENNDES_SCEP_SCEP_MESSAGE_PARTS_H

#include <openssl/cms.h>

#include "scep/scep_message.h"
#include "scep/scep_preparse.h"

/* What is found out about the envelope before a private key is used. */
struct scep_opening {
    CMS_ContentInfo *cms;         /* NULL: nothing yet */
    CMS_RecipientInfo *recipient; /* part of cms */
    size_t recipient_index;
    const struct ra_set *ras; /* borrowed: of these */
    size_t ra_index;          /* this one */
    X509 *ra_cert;            /* a reference, or a copy with the issuer as the client wrote it */
    enum algorithm_level level;
};

struct scep_message {
    struct buffer raw;
    struct scep_outline outline; /* views into raw */
    struct buffer content; /* joined octets of eContent: what is digested and what is opened */
    struct buffer type_text;
    struct buffer transaction_id;
    struct buffer sender_nonce;
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer_info; /* part of cms */
    X509 *signer;                /* a reference, or its own copy: see scep_message.c */
    struct public_key signer_key;
    bool verified;
    bool envelope_seen; /* looked at, whatever it was like */
    struct scep_opening opening;
    struct scep_message_facts facts;
};

void scep_opening_clear(struct scep_opening *opening);

#endif
