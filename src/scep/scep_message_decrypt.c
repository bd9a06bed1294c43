/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_message.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "model/machine_pkey.h"
#include "scep/scep_message_parts.h"
#include "scep/scep_stand_in.h"

/* The signer's key has bounds, so a request with the same key can be verified without harm. */
static bool same_key(const struct scep_message *m, const struct csr *csr)
{
    return secret_equal(bytes_of(csr->key_sha256, sizeof(csr->key_sha256)),
                        bytes_of(m->facts.signer_key_sha256, sizeof(m->facts.signer_key_sha256)));
}

/*
 * A renewal: the old certificate signs for a new key (RFC 8894 2.3; who signed is looked at later).
 * A challenge that comes with it could be from another's recorded envelope: nobody will look at it
 * (withhold_challenge). The new key has to be one that is verified in bounded time.
 */
static bool new_key(const struct scep_message *m, const struct csr *csr)
{
    const struct key_facts key = { csr->key_type, csr->key_bits, csr->key_exponent_ok };

    return !m->facts.signer_self_signed && key_is_bounded(&key);
}

/*
 * May a request with an EC key be verified at all? Known to everybody who sees the message: a
 * self-signed RSA signer asks for its own key.
 */
static bool ec_possible(const struct scep_message *m)
{
    return m->facts.signer_key_type == KEY_TYPE_EC || !m->facts.signer_self_signed;
}

/* CMS_decrypt is always given the certificate and never a debug flag: see open_envelope. */
static bool decrypt(const struct scep_opening *o, BIO *plain)
{
    return CMS_decrypt(o->cms, o->ras->ra[o->ra_index].key, o->ra_cert, NULL, plain, CMS_BINARY)
           == 1;
}

/*
 * From here on nothing may tell an attacker which step failed (RFC 3218 2.3 for the key, CBC
 * padding for the content; the envelope is not authenticated, so anybody can change and re-sign a
 * recorded one). Whatever fails, the work is one private key operation, one content decryption, a
 * parse, a key decoded in either way, and then that of scep_stand_in_work: a verification of each
 * kind that could have been needed, by the peer's request where it may be judged, by constant ones
 * in its place.
 * CMS_decrypt goes on with a random key when the padding of the key is wrong, as long as it is
 * given the certificate and no debug flag; a key of the machine's store does so by itself
 * (model/machine_pkey.h).
 */
static bool open_envelope(const struct scep_message *m, BIO *plain, struct csr *csr)
{
    unsigned char *data = NULL;
    long len = 0;
    bool parsed = false;
    bool may_verify = false;
    bool proven = false;
    bool worked = true;

    if (decrypt(&m->opening, plain)) {
        len = BIO_get_mem_data(plain, &data);
        parsed = len > 0 && csr_parse_for(bytes_of(data, (size_t)len), &m->signer_key, csr, NULL);
    }
    if (!parsed) {
        worked = scep_stand_in_parse();
    }
    may_verify = parsed && (same_key(m, csr) || new_key(m, csr));
    proven = may_verify && csr_verify(csr, NULL);
    if (!proven) {
        /* the stand-in's key was read plainly */
        worked = scep_stand_in_decode(parsed ? csr->key_way : PUBLIC_KEY_PLAIN) && worked;
        worked = scep_stand_in_work(ec_possible(m), may_verify ? csr->key_type : KEY_TYPE_OTHER,
                                    csr->key_bits)
                 && worked;
    }
    return proven && worked;
}

/*
 * certmonger and appliances keep their passphrase and send it with every renewal, for a new key as
 * well: the certificate that has signed decides then, alone. The challenge stays in the DER, which
 * is what was signed and what a repeated request is known by.
 */
static void withhold_challenge(struct scep_message *m, struct csr *csr)
{
    if (csr->has_challenge && !same_key(m, csr)) {
        secret_clear(&csr->challenge);
        csr->has_challenge = false;
        m->facts.challenge_withheld = true;
    }
}

/* The recipient among these: found before, or now. */
static bool prepare(struct scep_message *m, enum algorithm_level level, const struct ra_set *ras,
                    size_t *ra_index, struct error *err)
{
    const struct ra_set *const sets[] = { ras };
    size_t set = 0;

    if (m->verified && m->opening.cms != NULL && m->opening.ras == ras
        && m->opening.level == level) {
        *ra_index = m->opening.ra_index;
        return true;
    }
    return scep_message_recipient(m, level, sets, 1, &set, ra_index, err);
}

bool scep_message_decrypt(struct scep_message *message, enum algorithm_level level,
                          const struct ra_set *ras, size_t *ra_index, struct csr *csr,
                          struct error *err)
{
    BIO *plain = NULL;
    bool ok = false;

    csr_clear(csr);
    if (!prepare(message, level, ras, ra_index, err)) goto out;
    plain = BIO_new(BIO_s_mem()); /* its memory is wiped when it grows and when it is freed */
    if (plain == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the request");
        goto out;
    }
    ok = open_envelope(message, plain, csr);
    if (ok) {
        withhold_challenge(message, csr);
    } else {
        csr_clear(csr);
        (void)error_set(err, REASON_UNIFORM_FAILURE, "envelope, PKCS#10, its signature or its key");
        machine_pkey_explain(ras->ra[*ra_index].key, err); /* for the log: no peer sees details */
    }
out:
    BIO_free(plain);
    scep_opening_clear(&message->opening);
    ERR_clear_error();
    return ok;
}

/*
 * The same rule as open_envelope: one private key operation, one content decryption, one parse or
 * two, and the look-up that follows is for some certificate in any case.
 */
static bool read_id(const struct scep_message *m, BIO *plain, struct scep_cert_id *id)
{
    unsigned char *data = NULL;
    long len = 0;

    if (!decrypt(&m->opening, plain)) {
        return false;
    }
    len = BIO_get_mem_data(plain, &data);
    return len > 0 && scep_cert_id_parse(bytes_of(data, (size_t)len), id, NULL);
}

bool scep_message_decrypt_id(struct scep_message *message, enum algorithm_level level,
                             const struct ra_set *ras, size_t *ra_index, struct scep_cert_id *id,
                             struct error *unread, struct error *err)
{
    BIO *plain = NULL;
    bool ok = false;

    scep_cert_id_clear(id);
    if (!prepare(message, level, ras, ra_index, err)) goto out;
    plain = BIO_new(BIO_s_mem());
    if (plain == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the request");
        goto out;
    }
    ok = read_id(message, plain, id);
    if (!ok) {
        ok = scep_cert_id_nobodys(id, err);
        (void)error_set(unread, REASON_UNIFORM_FAILURE, "envelope, or the issuer and serial in it");
        machine_pkey_explain(ras->ra[*ra_index].key, unread);
    }
out:
    BIO_free(plain);
    scep_opening_clear(&message->opening);
    ERR_clear_error();
    return ok;
}
