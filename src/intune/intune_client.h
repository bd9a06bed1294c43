/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  Microsoft Intune's API for SCEP servers: tokens, discovery, the three actions,
 *           revocation; every answer that is no plain yes becomes an error with a reason.
 * Not here: HTTP (http/http_client.h), the secret on disk (intune_credential.h), what a refusal
 *           means for a request (intune_challenge.h), queues (intune_keeper.h).
 * Owns:     tokens, discovered addresses, an http_client.
 * Threads:  any thread; one token or discovery is fetched at a time, others wait for it.
 * Spec:     microsoft/Intune-Resource-Access, src/CsrValidation; docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CLIENT_H
#define OPENNDES_INTUNE_INTUNE_CLIENT_H

#include "config/service_config.h"
#include "intune/intune_stats.h"
#include "model/certificate.h"
#include "platform/files.h"

struct intune_client;

#define INTUNE_ID_MAX 40 /* a GUID as text */

struct intune_client_options {
    const char *data_folder;
    const struct service_config *config; /* intune.*; not needed afterwards */
    struct intune_stats *stats;          /* where calls are counted; outlives it; NULL: nowhere */
};

/*
 * Reads the credential. One reference for the caller. Errors: REASON_INTUNE_NOT_CONFIGURED (tenant,
 * client_id or credential missing, with the command that sets it), REASON_KEY_PROTECTION, file
 * errors.
 */
struct intune_client *intune_client_create(const struct intune_client_options *options,
                                           struct error *err);
/* Where intune.ca_file lies: relative to the data folder. "" when it is not set. */
MUST_USE bool intune_ca_file(const char *data_folder, const struct service_config *config,
                             char path[FILE_PATH_MAX], struct error *err);
struct intune_client *intune_client_ref(struct intune_client *client);
void intune_client_unref(struct intune_client *client); /* NULL is allowed */
/* Has anybody a reference besides the caller, who has one? */
bool intune_client_is_shared(struct intune_client *client);
/* Running calls end at once, later ones fail with REASON_STOPPING. */
void intune_client_stop(struct intune_client *client);

/* What a request is to Intune; borrowed. */
struct intune_request {
    const char *transaction_id; /* as text */
    struct bytes csr;           /* DER: holds the challenge */
};
struct intune_success {
    const struct certificate_info *certificate;
    struct bytes certificate_der;
    const char *ca_configuration; /* stable id of our CA, comes back in revocation requests */
};

/*
 * The actions. client_request_id gets the GUID of the (last) call, also on failure. Only HTTP 2xx
 * with "code":"Success" is true.
 * Errors: REASON_INTUNE_* by intune_codes.h, _RIGHTS, _CREDENTIAL, _DISCOVERY, _UNAVAILABLE,
 * _ANSWER, _BUSY; REASON_STOPPING, REASON_NO_MEMORY. Details hold Intune's code and description
 * (escaped) and the client-request-id; never token, secret, or challenge.
 */
MUST_USE bool intune_validate(struct intune_client *client, const struct intune_request *request,
                              char client_request_id[INTUNE_ID_MAX], struct error *err);
MUST_USE bool intune_notify_success(struct intune_client *client,
                                    const struct intune_request *request,
                                    const struct intune_success *success,
                                    char client_request_id[INTUNE_ID_MAX], struct error *err);
/* description is cut to 255 characters at a character's end. */
MUST_USE bool intune_notify_failure(struct intune_client *client,
                                    const struct intune_request *request, uint32_t hresult,
                                    const char *description, char client_request_id[INTUNE_ID_MAX],
                                    struct error *err);

/* One row of downloadRevocationRequests; texts are valid during the visit, "" when absent. */
struct intune_revocation {
    const char *context; /* opaque, echoed */
    const char *serial;  /* lower-case hex, even number of digits, no separators */
    const char *issuer;
    const char *ca_configuration;
};
typedef bool intune_revocation_visit(void *context, const struct intune_revocation *row,
                                     struct error *err);
/* At most max (1..500) rows, unfiltered: the service's own filter loses rows. */
MUST_USE bool intune_download_revocations(struct intune_client *client, unsigned max,
                                          intune_revocation_visit *visit, void *context,
                                          struct error *err);

enum intune_revocation_error {
    INTUNE_REVOKED = 0, /* succeeded */
    INTUNE_REVOCATION_NON_RETRYABLE = 4000,
    INTUNE_REVOCATION_NOT_FOUND = 4004,
    INTUNE_REVOCATION_CONFLICT = 4005, /* revoked before by somebody else */
    INTUNE_REVOCATION_RETRYABLE = 4100
};
struct intune_revocation_result {
    const char *context;
    enum intune_revocation_error error;
    const char *message; /* "" when succeeded */
};
MUST_USE bool intune_upload_revocations(struct intune_client *client,
                                        const struct intune_revocation_result *results,
                                        size_t count, struct error *err);

/* ---- for "openndes intune test" and warnings ------------------------------------------------- */

enum intune_probe_level { INTUNE_PROBE_OK, INTUNE_PROBE_WARNING, INTUNE_PROBE_ERROR };
struct intune_probe_finding {
    enum intune_probe_level level;
    /* credential, proxy, token, graph-token, discovery, rights, clock, validate */
    const char *step;
    enum reason reason; /* of an error: what a request would be refused for; else REASON_NONE */
    const char *text;
};
typedef bool intune_probe_visit(void *context, const struct intune_probe_finding *finding,
                                struct error *err);
/*
 * One step after the other, fresh (no cache), each with a sentence; goes on after an error as far
 * as it makes sense. An error that two steps share is told once. csr empty: without the last step;
 * with it validateRequest is called once. false: the visit said so, or no memory. *worst gets the
 * worst level.
 */
MUST_USE bool intune_probe(struct intune_client *client, struct bytes csr,
                           intune_probe_visit *visit, void *context, enum intune_probe_level *worst,
                           struct error *err);
/*
 * When the credential ends, seconds since 1970; 0 not known. A certificate's notAfter,
 * intune.secret_expires, or what Graph tells of the application's secrets (asked at most once a
 * day, quietly).
 */
int64_t intune_credential_end(struct intune_client *client, int64_t now);
/* The same as far as it is known, without asking anybody. */
int64_t intune_credential_end_told(struct intune_client *client);

#endif
