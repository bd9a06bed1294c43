/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  Windows security identifiers in names and extensions of certificates (strong mapping).
 * Not here: whether one may stand there (policy/, enroll/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     KB5014754; [MS-WCCE] 2.2.2.7.7.4 (szOID_NTDS_CA_SECURITY_EXT).
 */
#ifndef OPENNDES_MODEL_SID_H
#define OPENNDES_MODEL_SID_H

#include "base/buffer.h"

#define SID_TEXT_MAX 80
#define SID_URI_PREFIX "tag:microsoft.com,2022-09-14:sid:"
#define SID_TAG_AUTHORITY                                                                          \
    "tag:microsoft.com" /* shorter than the one tag known: the next date too */
#define SID_EXTENSION_OID "1.3.6.1.4.1.311.25.2"

struct stack_st_GENERAL_NAME;

/* "S-1-5-21-" and four numbers of 1 to 10 digits, each at most 4294967295, without leading zero. */
bool sid_is_domain_account(struct bytes text);
/* A URI "tag:microsoft.com,2022-09-14:sid:S-1-5-21-...": the SID behind it. False: none. */
bool sid_of_uri(struct bytes uri, char sid[SID_TEXT_MAX]);
/* SID URIs among the names, also in one that several are joined in by commas. The first one's SID
 * goes to sid ("" none). names NULL: 0. */
size_t sid_in_names(const struct stack_st_GENERAL_NAME *names, char sid[SID_TEXT_MAX]);
/*
 * What could be taken for such a tag: "tag:microsoft.com" anywhere in a URI, in letters of any case
 * and whatever stands behind it. More of them than SIDs: one is misspelled or hidden.
 */
size_t sid_tags_in_uri(struct bytes uri);
size_t sid_tags_in_names(const struct stack_st_GENERAL_NAME *names); /* NULL: 0 */
/*
 * The other way round: the SID in such a value, exactly as sid_extension_value writes it. False:
 * it is something else.
 */
bool sid_of_extension(struct bytes value, char sid[SID_TEXT_MAX]);
/*
 * Append the extension's value: SEQUENCE { [0] { OID 1.3.6.1.4.1.311.25.2.1, [0] OCTET STRING }}.
 */
MUST_USE bool sid_extension_value(const char *sid, struct buffer *out, struct error *err);

#endif
