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

struct scep_message {
    struct buffer raw;
    struct scep_outline outline; /* views into raw */
    struct buffer content; /* joined octets of eContent: what is digested and what is opened */
    struct buffer type_text;
    struct buffer transaction_id;
    struct buffer sender_nonce;
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer_info; /* part of cms */
    X509 *signer;                /* a reference */
    bool verified;
    struct scep_message_facts facts;
};

#endif
