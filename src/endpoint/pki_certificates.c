/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/pki_exchange.h"

/* Room for what stands around a CRL in a CertRep. */
#define CRL_BYTES_MAX (LIMIT_BODY_BYTES_MAX - 16384u)

/*
 * Anybody may ask, with a key made a minute ago, and anybody may put a recorded envelope of
 * somebody else into the question, changed as he likes. So the answer tells two things apart and
 * no third: a certificate that is here, and everything else (RFC 3218 2.3, CBC padding). That is
 * also why the certificate has to be here when only its issuer's CRL is wanted: were the serial not
 * looked at, its octets could be anything, and "found" would say that the padding behind them is
 * right. The counts know no third thing either: were only those counted that could not be read,
 * whoever fills his up to the last one would see by the next 429 whether this one could.
 *
 * Neither address lists nor templates have a say beyond the URL's own: what a CA has issued and
 * revoked is public.
 */

/* A certificate by its name, wherever it is. */
struct match {
    const struct scep_cert_id *id;
    size_t generation; /* whose CA has issued it; ENDPOINT_GENERATIONS: none of ours */
    struct buffer der; /* empty: not here */
};

static bool read_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct buffer *der = context;

    /* a certificate that nobody was given is not published either; one that is revoked is */
    return row->withheld != STORE_IN_USE || buffer_append_bytes(der, row->der, err);
}

/* The serial is the record's key; the issuer is compared, and who signed is verified. */
static void judge(struct match *match, struct ca *ca, size_t generation, struct buffer *der)
{
    struct x509_st *cert = certificate_parse(buffer_bytes(der), NULL);

    if (cert != NULL && scep_cert_id_is(match->id, cert) && ca_is_issuer_of(ca, cert)) {
        buffer_clear(&match->der);
        match->der = *der;
        *der = (struct buffer)BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
        match->generation = generation;
    }
    certificate_free(cert);
}

/* In all generations, whatever an earlier one has brought. */
static bool look_in_store(const struct exchange *x, struct match *match, struct error *err)
{
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    bool ok = true;

    for (size_t i = 0; ok && i < ENDPOINT_GENERATIONS; i++) {
        struct ca *ca = endpoint_generation(x->endpoint, i);
        struct error why = ERROR_INIT;

        if (ca == NULL) {
            continue;
        }
        ok = store_show_certificate(x->endpoint->enroll.store, ca_name(ca), match->id->serial_text,
                                    read_row, &der, &why)
             || why.reason == REASON_CERT_NOT_FOUND;
        if (!ok) {
            *err = why; /* the same for every question: it says nothing about this one */
        } else if (der.len > 0) {
            judge(match, ca, i, &der);
        }
        buffer_clear(&der);
    }
    return ok;
}

/* The CAs' and RAs' own certificates are not recorded with those that are issued. */
static bool look_among_own(const struct exchange *x, struct match *match, struct error *err)
{
    for (size_t i = 0; i < ENDPOINT_GENERATIONS; i++) {
        const struct x509_st *cert =
            x->ras[i] == NULL ? NULL : scep_cert_id_find(match->id, x->ras[i]);

        if (cert != NULL) {
            buffer_clear(&match->der);
            match->generation = ca_is_issuer_of(endpoint_generation(x->endpoint, i), cert)
                                    ? i
                                    : ENDPOINT_GENERATIONS;
            return certificate_der(cert, &match->der, err);
        }
    }
    return true;
}

static bool not_found(const struct match *match, const char *what, struct error *err)
{
    return error_set(err, REASON_CERT_NOT_FOUND, "%s: serial %s", what, match->id->serial_text);
}

/* Open, look, and give what `take` makes of the match. */
typedef bool taker(struct exchange *x, struct match *match, struct error *err);

static bool answer(struct exchange *x, taker *take, struct error *err)
{
    struct scep_cert_id id = SCEP_CERT_ID_INIT;
    struct match match = { .id = &id,
                           .generation = ENDPOINT_GENERATIONS,
                           .der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX) };
    struct error unread = ERROR_INIT;
    bool ok = false;

    if (!pki_find_recipient(x, err)
        || !scep_message_decrypt_id(x->message, x->level, x->ras[x->generation], &x->ra_index, &id,
                                    &unread, err)
        || !look_in_store(x, &match, err) || !look_among_own(x, &match, err)) {
        goto out;
    }
    if (error_is_set(&unread)) {
        error_set(err, REASON_CERT_NOT_FOUND, "%s", unread.detail);
    } else if (match.der.len == 0) {
        (void)not_found(&match, "no such certificate of this CA", err);
    } else {
        ok = take(x, &match, err);
    }
    x->report->unreadable = !ok; /* what is counted shows, by whom is kept waiting */
out:
    scep_cert_id_clear(&id);
    buffer_clear(&match.der);
    return ok;
}

static bool take_certificate(struct exchange *x, struct match *match, struct error *err)
{
    x->answer = PKI_ANSWER_CERTIFICATE;
    return buffer_append_bytes(&x->found, buffer_bytes(&match->der), err);
}

static bool take_crl(struct exchange *x, struct match *match, struct error *err)
{
    struct error why = ERROR_INIT;

    if (match->generation == ENDPOINT_GENERATIONS) {
        return not_found(match, "issued by another CA", err);
    }
    x->answer = PKI_ANSWER_CRL;
    x->found.max = CRL_BYTES_MAX;
    return ca_crl(endpoint_generation(x->endpoint, match->generation), &x->found, &why)
           || error_set(err, REASON_CERT_NOT_FOUND, "no CRL to give: %s", why.detail);
}

bool pki_get_cert(struct exchange *x, struct error *err)
{
    return answer(x, take_certificate, err);
}

bool pki_get_crl(struct exchange *x, struct error *err)
{
    return answer(x, take_crl, err);
}
