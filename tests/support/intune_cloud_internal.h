/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the parts of the stand-in for Microsoft's cloud share.
 * Not here: the interface (intune_cloud.h).
 * Owns:     see the structs.
 * Threads:  what stands below `lock` in struct intune_cloud_server is guarded by it.
 * Spec:     see intune_cloud.h.
 */
#ifndef OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_INTERNAL_H
#define OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_INTERNAL_H

#include "base/json.h"
#include "base/secret.h"
#include "platform/files.h"
#include "platform/threads.h"
#include "support/intune_cloud.h"
#include "support/intune_cloud_http.h"

#define CLOUD_BODY_MAX 16777216u
#define CLOUD_VALUE_MAX 65536u
#define CLOUD_GUID_MAX 37
#define CLOUD_URL_MAX 64
#define CLOUD_PATH_MAX 512
#define CLOUD_APP_DISCOVERY "0000000a-0000-0000-c000-000000000000"

struct evp_pkey_st;
struct tls_context;

/* Pointers, each to an allocation of its own. */
struct cloud_list {
    void **items;
    size_t count;
    size_t room;
};
/* A new item of zeroes at the end; NULL: no memory. */
void *cloud_list_add(struct cloud_list *list, size_t size);
/* free_item may be NULL: free(). */
void cloud_list_clear(struct cloud_list *list, void (*free_item)(void *item));
void cloud_list_remove(struct cloud_list *list, size_t index);

/* A key with its certificate. */
struct cloud_identity {
    struct evp_pkey_st *key;
    struct x509_st *cert;
};

struct cloud_call {
    struct intune_cloud_call call;
    unsigned number;
    bool answered;
};

struct cloud_behaviour {
    struct intune_cloud_behaviour b;
    char *value;
};

enum cloud_audience { CLOUD_AUDIENCE_NONE, CLOUD_AUDIENCE_GRAPH, CLOUD_AUDIENCE_INTUNE };

struct cloud_token {
    char *text;
    enum cloud_audience audience;
    bool right; /* the one its audience needs; as when it was issued */
    bool expired;
    int64_t ends;
};

struct intune_cloud_server {
    struct intune_cloud_options options;
    char url[CLOUD_URL_MAX];
    uint16_t port;
    char ca_file[FILE_PATH_MAX];
    struct tls_context *tls;
    struct cloud_http *http;
    struct cloud_identity recipient; /* of challenges */
    struct cloud_identity signer;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    bool latch_open;
    struct intune_cloud_settings settings;
    char scep_service[CLOUD_PATH_MAX]; /* paths of the services now */
    char pki_service[CLOUD_PATH_MAX];
    struct cloud_list former; /* char *: paths they had before */
    int former_status;
    unsigned next_call;
    unsigned protocol_errors;
    char protocol_error[INTUNE_CLOUD_TEXT];
    struct cloud_list calls;        /* struct cloud_call */
    struct cloud_list behaviours;   /* struct cloud_behaviour */
    struct cloud_list tokens;       /* struct cloud_token */
    struct cloud_list certificates; /* struct cloud_identity, without key */
    struct cloud_list once;         /* char *: what must not come twice (jti, client-request-id) */
    struct cloud_list enrolments;   /* struct intune_cloud_enrolment */
    struct cloud_list revocations;  /* struct intune_cloud_revocation */
};

/* ---- one call -------------------------------------------------------------------------------- */

/* A call on its way through the cloud; borrowed. */
struct cloud_visit {
    struct intune_cloud_server *cloud;
    const struct cloud_request *request;
    struct cloud_response *response;
    enum intune_cloud_path path;
    const char *way;                   /* path, percent-decoded */
    const char *query;                 /* percent-decoded; "" none */
    char request_id[CLOUD_GUID_MAX];   /* client-request-id; "" none */
    struct cloud_behaviour *behaviour; /* a copy, owned by intune_cloud.c; NULL: none */
    bool wrong;                        /* a protocol error has been told */
};

/* Count a protocol error and answer 400 with it. Always false. */
bool cloud_object(struct cloud_visit *visit, const char *format, ...) PRINTF_FORMAT(2, 3);
/* The answer in JSON; the value is taken over. */
void cloud_answer_json(struct cloud_visit *visit, int status, struct json *take_value);
void cloud_answer_text(struct cloud_visit *visit, int status, const char *content_type,
                       struct bytes body);
/* Has a behaviour of this kind been chosen for this call? */
bool cloud_behaves(const struct cloud_visit *visit, enum intune_cloud_how how);
/* Note a text that must be new; false: it came before, or no memory. */
MUST_USE bool cloud_once(struct intune_cloud_server *cloud, const char *kind, const char *text);

/* Headers of all calls to Graph and Intune: api_version NULL: none wanted. */
MUST_USE bool cloud_check_headers(struct cloud_visit *visit, const char *api_version);
/* The body as a JSON object; NULL: objected. Owned. */
struct json *cloud_check_object(struct cloud_visit *visit);
/*
 * Exactly these members: required ones, then optional ones; both lists end in NULL. Required texts
 * are not blank. name is for messages.
 */
MUST_USE bool cloud_check_members(struct cloud_visit *visit, const struct json *object,
                                  const char *name, const char *const *required,
                                  const char *const *optional);
/* Bearer token for this audience: 401 or 403 otherwise. */
MUST_USE bool cloud_check_token(struct cloud_visit *visit, enum cloud_audience audience);

/* The error that Graph and Intune usually give with this status. */
void cloud_answer_status(struct cloud_visit *visit, int status);

/* ---- the parts ------------------------------------------------------------------------------- */

/* Handlers in two steps: is the call right (strict, told by cloud_object), and what is answered. */
MUST_USE bool cloud_token_check(struct cloud_visit *visit);
void cloud_token_answer(struct cloud_visit *visit);
/* Which of the token paths a form body means. */
enum intune_cloud_path cloud_token_path(const struct intune_cloud_server *cloud, struct bytes form);
/* A member of a form, decoded; owned (free); NULL: not there. *count: how often. */
char *cloud_form_get(struct bytes form, const char *name, unsigned *count);
/* The error of Entra with this code, "AADSTS7000215"; false: not known. */
bool cloud_entra_error(struct cloud_visit *visit, const char *code, const char *about);

MUST_USE bool cloud_graph_check(struct cloud_visit *visit);
void cloud_graph_answer(struct cloud_visit *visit);
MUST_USE bool cloud_scep_check(struct cloud_visit *visit);
void cloud_scep_answer(struct cloud_visit *visit);
void cloud_scep_code(struct cloud_visit *visit, int status, const char *code, const char *text);
MUST_USE bool cloud_revoke_check(struct cloud_visit *visit);
void cloud_revoke_answer(struct cloud_visit *visit);

/* Behaviours: true: the answer is made (or refused), false: go on as usual. */
bool cloud_behave_answer(struct cloud_visit *visit);
/* Under the lock: the behaviour that counts for this call, used up; a copy (free its value and it).
 */
struct cloud_behaviour *cloud_behave_take(struct intune_cloud_server *cloud,
                                          enum intune_cloud_path path);
void cloud_behaviour_free(void *behaviour);
/* Its name, as clients call it. */
const char *cloud_host(const struct intune_cloud_server *cloud);
const char *cloud_path_name(enum intune_cloud_path path);
bool cloud_path_find(const char *name, enum intune_cloud_path *path);
bool cloud_path_matches(enum intune_cloud_path wanted, enum intune_cloud_path path);
bool cloud_how_find(const char *name, enum intune_cloud_how *how);

/* POST and GET /_control/...; false: no such thing (answered 404). */
void cloud_control(struct cloud_visit *visit);

/* A client assertion of a registered certificate? NULL: yes; otherwise Entra's code. */
const char *cloud_assertion_check(struct cloud_visit *visit, const char *assertion,
                                  const char *token_url);

/* Certificates: chain for HTTPS, ca.pem, and keys for challenges. */
MUST_USE bool cloud_identities_create(struct intune_cloud_server *cloud, struct error *err);
void cloud_identities_free(struct intune_cloud_server *cloud);

/*
 * Intune's view of a request: "Success" or a result code; text gets a description of 1 KB at most.
 * any_challenge: what the challenge says is not looked at.
 */
const char *cloud_csr_judge(struct intune_cloud_server *cloud, struct bytes csr, bool any_challenge,
                            char *text, size_t size);
/* What a challenge holds, as JSON; NULL: *code and text say why not. Owned. */
struct json *cloud_challenge_open(struct intune_cloud_server *cloud, struct bytes challenge,
                                  const char **code, char *text, size_t size);

/* ---- small things ---------------------------------------------------------------------------- */

MUST_USE bool cloud_guid(char text[CLOUD_GUID_MAX]);
bool cloud_is_guid(const char *text);
bool cloud_is_blank(const char *text);

#endif
