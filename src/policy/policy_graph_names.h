/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  subject and subject alternative names of a Graph SCEP profile.
 * Not here: its other settings (policy_load_graph.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     Microsoft Graph beta: subjectNameFormat, subjectAlternativeNameType.
 *
 * Subject. subjectNameFormat "custom", or none stated: subjectNameFormatString. Every other word
 * stands for a fixed template; words joined by commas give their templates one after the other.
 *
 * Subject alternative names, the first that applies:
 *  1. rows in customSubjectAlternativeNames (subjectAlternativeNameFormats of Windows 10X): these.
 *  2. words in subjectAlternativeNameType: a name each. emailAddress and userPrincipalName are the
 *     variables of these names; domainNameService and universalResourceIdentifier have no variable
 *     and need subjectAlternativeNameFormatString; with a single word the string is its template.
 *     customAzureADAttribute does not say which kind of name it makes and is refused.
 *  3. an empty list, or the word "none": no names, and a request that has one does not match.
 *     Graph writes an empty list for a profile without rows; whoever filled it in with names of
 *     his own would otherwise get them.
 *  4. neither of the two, or null: nothing is stated, any names match (but no SID); with a warning.
 */
#ifndef OPENNDES_POLICY_POLICY_GRAPH_NAMES_H
#define OPENNDES_POLICY_POLICY_GRAPH_NAMES_H

#include "policy/policy.h"
#include "policy/policy_json.h"

/* A word of a Graph enumeration. */
struct policy_graph_word {
    const char *word;
    uint32_t bit;
};

/*
 * Words of an enumeration with flags: joined by commas in any order, or a list. *bits is 0 when
 * nothing is stated; a word that is not known is refused. The words end with a NULL.
 */
MUST_USE bool policy_graph_names_flags(const struct policy_json *node, const char *key,
                                       const struct policy_graph_word *words, uint32_t *bits,
                                       struct error *err);

MUST_USE bool policy_graph_names_subject(const struct policy_json *node, struct policy *p,
                                         struct policy_set *out, struct error *err);
MUST_USE bool policy_graph_names_san(const struct policy_json *node, struct policy *p,
                                     struct policy_set *out, struct error *err);

#endif
