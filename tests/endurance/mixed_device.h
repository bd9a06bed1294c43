/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one client of a mixed load: its connections, the certificates that it got, what it sent
 *           and may send again, what it waits for; how its messages are made and answers read.
 * Not here: what is asked and must be answered (mixed_kinds.c).
 * Owns:     all of it, until device_close.
 * Threads:  one device, one thread; options and ledger are shared.
 * Spec:     RFC 8894 3.
 */
#ifndef OPENNDES_TESTS_ENDURANCE_MIXED_DEVICE_H
#define OPENNDES_TESTS_ENDURANCE_MIXED_DEVICE_H

#include <stdatomic.h>

#include "bench/load_target.h"
#include "endurance/mixed_ledger.h"
#include "support/scep_client.h"

#define TEXT_MAX 512
#define POOL_MAX 64    /* certificates to renew and to ask about */
#define KEPT_MAX 16    /* messages to send again */
#define WAITING_MAX 16 /* requests that wait for the administrator */
#define PASSWORD_MAX 64

/* SCEP URLs: what a passphrase gets, what an administrator approves, whose CA changes, NDES. */
enum mixed_face { FACE_STATIC, FACE_WAITS, FACE_ROLL, FACE_NDES, FACES };

/* What all devices share. */
struct mixed {
    const char *base, *secure; /* "http://127.0.0.1:8080"; secure: NULL for none */
    const char *metrics;       /* whole URL; NULL for none */
    const char *challenge;     /* of the static templates */
    const char *account;       /* "name:password" of the password page; NULL: it is not asked */
    const char *prefix;        /* of all names */
    FILE *passwords;           /* one-time passwords, appended to meanwhile; NULL for none */
    FILE *given;               /* serials for the administrator; NULL for none */
    struct evp_pkey_st *key;   /* of all devices */
    struct x509_st *cert;      /* self-signed */
    struct ledger *ledger;
    atomic_ulong crl_number; /* the highest one seen */
};

struct face {
    char url[TEXT_MAX];
    struct load_target target;
    struct load_connection *connection;
    double fetched; /* when GetCACert was asked; 0: never */
    double used;    /* the connection */
};

/* A message as it was sent, and what its answer must mirror. */
struct sent {
    struct buffer message;
    char cn[80], transaction[96];
    uint8_t nonce[16];
    struct x509_st *signer; /* who has to sign the answer; owned */
    double when;
    char serial[64];     /* what it got, for a repeat */
    const char *outcome; /* of a request that waits: what the administrator will do */
};

struct device {
    struct mixed *mixed;
    unsigned number;
    size_t names; /* made so far */
    uint64_t dice;
    const char *base;
    struct face faces[FACES];
    struct x509_st *pool[POOL_MAX];
    size_t pool_count;
    struct sent kept[KEPT_MAX];
    size_t kept_next;
    struct sent waiting[WAITING_MAX];
    size_t waiting_count;
    char spent[PASSWORD_MAX]; /* a one-time password that was used; "" for none */
    struct buffer answer;
    double seconds; /* that the last request's exchanges took */
};

/* What a message asks for; all else is a valid PKCSReq. */
struct asked {
    const char *cn;
    const char *challenge;
    const char *type;             /* NULL: PKCSReq */
    struct x509_st *signed_by;    /* NULL: the self-signed certificate */
    struct bytes plain;           /* data NULL: a PKCS#10 */
    struct x509_st *encrypted_to; /* NULL: the face's RA */
    uint32_t faults;              /* SCEP_CLIENT_... */
};

void device_open(struct device *d, struct mixed *mixed, unsigned number);
void device_close(struct device *d);

uint32_t device_dice(struct device *d, uint32_t below);
/* "PREFIX-WORD-NUMBER-COUNT" */
void device_name(struct device *d, const char *word, char *cn, size_t size);

/*
 * The face, with GetCACert asked for anew when the last answer is older than `age` seconds (a
 * server keeps three former RAs). NULL: no answer that can be used.
 */
struct face *device_face(struct device *d, enum mixed_face which, double age);

void device_message(struct device *d, const struct face *face, const struct asked *asked,
                    struct sent *out);
void sent_clear(struct sent *sent);

/* HTTP status of sending it, 0 for none; the body is in d->answer. */
long device_send(struct device *d, struct face *face, const struct sent *sent);
/* GET of a path below the base, or of a whole URL. */
long device_get(struct device *d, const char *path);
const char *device_problem(const struct device *d, const struct face *face);

/*
 * Read d->answer as a CertRep to `sent`: signed by its RA, with its transaction and nonce,
 * encrypted to `signed_by` (NULL: the self-signed one). False: reply->problem says why; clear it
 * either way.
 */
bool device_read(const struct device *d, const struct sent *sent, struct x509_st *signed_by,
                 struct scep_client_reply *reply);
/* NULL, or why this certificate cannot be the answer for cn. */
const char *device_judge(const struct device *d, const struct face *face,
                         const struct x509_st *cert, const char *cn);
void device_serial(const struct x509_st *cert, char serial[64]);

#endif
