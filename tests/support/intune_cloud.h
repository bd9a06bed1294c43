/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  Microsoft's cloud as a SCEP server sees it, on 127.0.0.1 over real HTTPS: Entra's
 *           tokens, Graph's discovery, Intune's SCEP and revocation services. Strict about the wire
 *           format, and misbehaving on demand.
 * Not here: the parts (intune_cloud_internal.h), the program for shell tests
 *           (intune_cloud_main.c).
 * Owns:     the server, its certificates, and everything it has received.
 * Threads:  any thread may call; calls are served by threads of their own.
 * Spec:     microsoft/Intune-Resource-Access, src/CsrValidation; Microsoft identity platform
 *           (client credentials, certificate credentials); Microsoft Graph v1.0.
 *
 * How to point OpenNDES at it (settings of openndes.json):
 *     intune.tenant, intune.client_id    INTUNE_CLOUD_TENANT, INTUNE_CLOUD_CLIENT
 *     intune.authority, intune.graph     intune_cloud_url()
 *     intune.service_suffix              localhost
 *     intune.ca_file                     intune_cloud_ca_file()
 *     intune.resource, intune.scope      as they are (public cloud); a resource equal to
 *                                        intune_cloud_url() works, too
 *     intune.proxy                       none
 * and the secret INTUNE_CLOUD_SECRET, or a certificate that intune_cloud_register knows.
 */
#ifndef OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_H
#define OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_H

#include "base/buffer.h"

struct intune_cloud_server;
struct x509_st;

#define INTUNE_CLOUD_TENANT "7b3f9f3a-5f0e-4c86-9a39-1d2f6b0c4e11"
#define INTUNE_CLOUD_TENANT_NAME "contoso.onmicrosoft.com" /* the same tenant by its domain */
#define INTUNE_CLOUD_CLIENT "2c1d8f6e-93b4-4b57-8f0d-6a7e5c3b2d10"
#define INTUNE_CLOUD_SECRET "kD~8Q~test.client-secret_of+the/stand=in&here"
#define INTUNE_CLOUD_TEXT 256

/* ---- life ------------------------------------------------------------------------------------ */

struct intune_cloud_options {
    const char *folder; /* ca.pem is written into it */
    const char *host;   /* its name in addresses and in its certificate; NULL: localhost */
    /* One line per answered call, such as "validateRequest 200"; any thread. NULL: nobody. */
    void (*log)(void *context, const char *line);
    void *context;
};

/* Serves from now on. Errors: those of its parts. */
struct intune_cloud_server *intune_cloud_create(const struct intune_cloud_options *options,
                                                struct error *err);
/* Ends what hangs; no call is served afterwards. NULL is allowed. */
void intune_cloud_free(struct intune_cloud_server *cloud);
const char *intune_cloud_url(const struct intune_cloud_server *cloud); /* https://HOST:PORT */
uint16_t intune_cloud_port(const struct intune_cloud_server *cloud);
const char *intune_cloud_ca_file(const struct intune_cloud_server *cloud); /* PEM of its root */
/* Forget behaviours, calls, enrolments, tokens, and settings; the service stays where it is. */
void intune_cloud_reset(struct intune_cloud_server *cloud);

struct intune_cloud_settings {
    bool graph_right;    /* Application.Read.All; counts for tokens of later */
    bool intune_right;   /* scep_challenge_provider; likewise, and for what discovery shows */
    bool any_challenge;  /* every request with a challenge is good, whatever the challenge is */
    bool any_order;      /* notifications of requests that were never validated are good */
    int64_t token_life;  /* seconds; 3599 */
    int64_t secret_ends; /* what Graph tells, seconds since 1970; 0: a year from the start */
};
void intune_cloud_settings(struct intune_cloud_server *cloud, struct intune_cloud_settings *out);
void intune_cloud_set(struct intune_cloud_server *cloud,
                      const struct intune_cloud_settings *settings);
/* One more certificate that signs client assertions of this application; copied. */
MUST_USE bool intune_cloud_register(struct intune_cloud_server *cloud,
                                    const struct x509_st *certificate, struct error *err);
/* Tokens issued so far are refused with 401 from now on. */
void intune_cloud_expire_tokens(struct intune_cloud_server *cloud);
/* The services get new addresses; the old ones answer with this status (404, 410). */
void intune_cloud_move(struct intune_cloud_server *cloud, int status);

/* ---- misbehaviour ---------------------------------------------------------------------------- */

/* What is called. Names in brackets: of /_control/behave, and of log lines. */
enum intune_cloud_path {
    INTUNE_CLOUD_ANY,          /* [any] all of these; never of a call */
    INTUNE_CLOUD_TOKEN,        /* [token] the next two and token calls with another scope */
    INTUNE_CLOUD_TOKEN_GRAPH,  /* [token-graph] */
    INTUNE_CLOUD_TOKEN_INTUNE, /* [token-intune] */
    INTUNE_CLOUD_ENDPOINTS,    /* [endpoints] discovery */
    INTUNE_CLOUD_APPLICATION,  /* [application] the secrets' ends */
    INTUNE_CLOUD_VALIDATE,     /* [validateRequest] */
    INTUNE_CLOUD_SUCCESS,      /* [successNotification] */
    INTUNE_CLOUD_FAILURE,      /* [failureNotification] */
    INTUNE_CLOUD_DOWNLOAD,     /* [downloadRevocationRequests] */
    INTUNE_CLOUD_UPLOAD,       /* [uploadRevocationResults] */
    INTUNE_CLOUD_ELSEWHERE,    /* [elsewhere] answered with 404 */
    INTUNE_CLOUD_PATHS
};

enum intune_cloud_how {
    INTUNE_CLOUD_CODE,      /* [code] {"code": value}; number: status, 0: 200 */
    INTUNE_CLOUD_NO_CODE,   /* [no-code] 200 and an object without "code" */
    INTUNE_CLOUD_BODY,      /* [body] value as application/json; number: status, 0: 200 */
    INTUNE_CLOUD_HTML,      /* [html] a page; number: status, 0: 200 */
    INTUNE_CLOUD_BAD_JSON,  /* [bad-json] 200 and half an object */
    INTUNE_CLOUD_INTERNAL,  /* [internal-error] 500 with JSON in JSON, as Intune does */
    INTUNE_CLOUD_STATUS,    /* [status] number, with the service's usual error for it */
    INTUNE_CLOUD_RETRY,     /* [retry-after] number (0: 429) with Retry-After: value */
    INTUNE_CLOUD_REDIRECT,  /* [redirect] number (0: 302) with Location: value */
    INTUNE_CLOUD_ENTRA,     /* [entra] a token error: value "AADSTS7000222" */
    INTUNE_CLOUD_NOT_SCOPE, /* [refuse-scope] AADSTS500011 when the scope is value */
    INTUNE_CLOUD_SLOW,      /* [slow] number ms later; 0: when the latch is open; then as usual */
    INTUNE_CLOUD_HANG,      /* [hang] no answer until the cloud ends */
    INTUNE_CLOUD_CLOSE,     /* [close] the connection ends without an answer */
    INTUNE_CLOUD_CUT,       /* [cut] it ends in the middle of the answer */
    INTUNE_CLOUD_DRIP,      /* [drip] as usual, byte by byte, number ms between two */
    INTUNE_CLOUD_ENDLESS_HEAD, /* [endless-head] header lines without end */
    INTUNE_CLOUD_ENDLESS_BODY, /* [endless-body] a body without length and without end */
    INTUNE_CLOUD_HUGE,         /* [huge] 200 and number bytes (0: 6 MiB) of JSON */
    INTUNE_CLOUD_DATE,         /* [date] as usual, with a Date header that is number seconds off */
    INTUNE_CLOUD_EMPTY,        /* [empty] "value":[] of discovery and downloads */
    INTUNE_CLOUD_NO_ROW,       /* [no-row] discovery without ScepRequestValidationFEService */
    INTUNE_CLOUD_TWO_ROWS,     /* [two-rows] discovery names each service twice; both work */
    INTUNE_CLOUD_OUTSIDE,      /* [outside] discovery leads to https://manage.attacker.example */
    INTUNE_CLOUD_PLAIN,        /* [http] discovery leads to http: */
    INTUNE_CLOUD_OLD_NAME,     /* [service-name] "serviceName" as in old rows, other case */
    INTUNE_CLOUD_SLASH,        /* [slash] discovery's addresses end in "/" */
    INTUNE_CLOUD_HOWS
};

struct intune_cloud_behaviour {
    enum intune_cloud_path path;
    enum intune_cloud_how how;
    const char *value; /* copied; NULL: "" */
    int64_t number;
    unsigned times; /* calls; 0: all */
};
/*
 * From now on. Of those that fit a call, the oldest one counts, so that several make a sequence.
 * The checks of a strict server come first: a wrong call is told as such. Errors: REASON_USAGE,
 * REASON_NO_MEMORY.
 */
MUST_USE bool intune_cloud_behave(struct intune_cloud_server *cloud,
                                  const struct intune_cloud_behaviour *behaviour,
                                  struct error *err);
/* The same in one line, for what is wanted most. False: no memory. */
MUST_USE bool intune_cloud_code(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                                const char *code, unsigned times);
MUST_USE bool intune_cloud_status(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                                  int status, unsigned times);
/* Let go what waits and will wait for the latch. */
void intune_cloud_open_latch(struct intune_cloud_server *cloud);

/* ---- what came ------------------------------------------------------------------------------- */

struct intune_cloud_call {
    enum intune_cloud_path path;
    char method[16];
    struct buffer target;  /* path and query as sent */
    struct buffer headers; /* lines "name: value\n", without Authorization's value */
    struct buffer body;    /* wiped on clear */
    char protocol_error[INTUNE_CLOUD_TEXT]; /* what a strict server objects to; "" nothing */
    int status;                             /* of the answer; 0: none yet, or never any */
};

/* Calls that have come, those that wait for an answer included. */
unsigned intune_cloud_count(struct intune_cloud_server *cloud, enum intune_cloud_path path);
/* Until so many have come; false when that takes longer than ms. */
MUST_USE bool intune_cloud_wait(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                                unsigned count, int64_t ms);
/* The same for calls that have been answered (or hung up on). */
MUST_USE bool intune_cloud_wait_answered(struct intune_cloud_server *cloud,
                                         enum intune_cloud_path path, unsigned count, int64_t ms);
/* A copy of the n-th call on this path, from 0. False: there is none, or no memory. */
MUST_USE bool intune_cloud_call_at(struct intune_cloud_server *cloud, enum intune_cloud_path path,
                                   unsigned n, struct intune_cloud_call *out);
void intune_cloud_call_clear(struct intune_cloud_call *call); /* NULL is allowed */
/* The value of a header of a call; false: not there, or too long. */
MUST_USE bool intune_cloud_header(const struct intune_cloud_call *call, const char *name,
                                  char *value, size_t size);
/* Wrong calls so far; text gets what was wrong with the first one. */
unsigned intune_cloud_protocol_errors(struct intune_cloud_server *cloud,
                                      char text[INTUNE_CLOUD_TEXT]);
/* The n-th token handed out, from 0, appended: to look for it where it must not be. */
MUST_USE bool intune_cloud_token_at(struct intune_cloud_server *cloud, unsigned n,
                                    struct buffer *out);

/* A transaction as Intune knows it. */
struct intune_cloud_enrolment {
    char transaction_id[INTUNE_CLOUD_TEXT];
    char csr_sha256[65];  /* hex */
    unsigned validations; /* that were answered with "Success" */
    unsigned confirmations;
    unsigned failures;
    char thumbprint[INTUNE_CLOUD_TEXT]; /* the following as in the last successNotification */
    char serial[INTUNE_CLOUD_TEXT];
    char expiration[INTUNE_CLOUD_TEXT];
    char issuing_authority[INTUNE_CLOUD_TEXT];
    char ca_configuration[INTUNE_CLOUD_TEXT];
    char certificate_authority[INTUNE_CLOUD_TEXT];
    int64_t hresult; /* as in the last failureNotification */
    char description[4 * INTUNE_CLOUD_TEXT];
};
unsigned intune_cloud_enrolment_count(struct intune_cloud_server *cloud);
MUST_USE bool intune_cloud_enrolment_at(struct intune_cloud_server *cloud, unsigned n,
                                        struct intune_cloud_enrolment *out);

/* ---- revocation ------------------------------------------------------------------------------ */

/* A request that stays queued until its result is uploaded. NULL texts: as a real row without. */
MUST_USE bool intune_cloud_revoke(struct intune_cloud_server *cloud, const char *serial,
                                  const char *ca_configuration, const char *issuer);
struct intune_cloud_revocation {
    char context[INTUNE_CLOUD_TEXT];
    char serial[INTUNE_CLOUD_TEXT];
    char ca_configuration[INTUNE_CLOUD_TEXT];
    char issuer[INTUNE_CLOUD_TEXT];
    bool answered;
    bool succeeded;
    char error_code[INTUNE_CLOUD_TEXT];
    char error_message[INTUNE_CLOUD_TEXT];
};
unsigned
intune_cloud_revocation_count(struct intune_cloud_server *cloud); /* answered ones included */
MUST_USE bool intune_cloud_revocation_at(struct intune_cloud_server *cloud, unsigned n,
                                         struct intune_cloud_revocation *out);

/* ---- challenges ------------------------------------------------------------------------------ */

#define INTUNE_CLOUD_SANS 16
#define INTUNE_CLOUD_EKUS 8

/* What Intune expects of the request that brings the challenge; what is not given is not checked.
 * Extensions beyond these are not looked at, as Intune does not. */
struct intune_cloud_challenge_spec {
    const char *subject; /* "CN=a device,O=Contoso", in the request's order; \ before , and \ */
    const char *sans[INTUNE_CLOUD_SANS]; /* "dns:", "email:", "uri:", "upn:" or "ip:" and value */
    unsigned key_bits;
    uint32_t key_usage;                  /* KEY_USAGE_... */
    const char *ekus[INTUNE_CLOUD_EKUS]; /* dotted OIDs */
    const char *tenant;                  /* NULL: this one */
    int64_t age_seconds;                 /* it lives 3600; negative: made in the future */
};
/*
 * A challenge in the real outer form: base64 of CertEnrollToken, XML with an EnvelopedData and a
 * detached SignedData; about 5 KB. Appended. spec NULL: nothing expected. Errors:
 * REASON_INTERNAL, REASON_NO_MEMORY.
 */
MUST_USE bool intune_cloud_challenge(struct intune_cloud_server *cloud,
                                     const struct intune_cloud_challenge_spec *spec,
                                     struct buffer *out, struct error *err);

#endif
