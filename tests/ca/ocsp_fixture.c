/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_fixture.h"

#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"

static struct store *open_store(const struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct store *store = NULL;

    test_folder_path(folder, "openndes.db", path);
    store = store_open(&(struct store_options){ .path = path, .readers = 2 }, &err);
    assert_done(store != NULL, &err, "store");
    return store;
}

static void open_ca(struct world *w)
{
    const struct ca_builtin_options options = {
        .data_folder = w->folder.path,
        .name = "issuing",
        .public_url = "http://scep.example.com/",
        .store = w->store,
        .crl_validity_hours = 168,
        .crl_renew_hours = 24,
        .ocsp = { .enabled = true, .validity_minutes = 240, .signer_days = SIGNER_DAYS },
    };
    struct error err = ERROR_INIT;

    w->builtin = ca_builtin_open(&options, &err);
    assert_done(w->builtin != NULL, &err, "ca_builtin_open");
    w->ca = ca_builtin_as_ca(w->builtin);
    w->ocsp = ca_builtin_ocsp(w->builtin);
    assert_non_null(w->ocsp);
}

bool refresh(struct world *w, int64_t now)
{
    struct error err = ERROR_INIT;
    bool made = false;

    assert_done(ca_ocsp_refresh(w->ocsp, now, &made, &err), &err, "refresh");
    return made;
}

/* One CA and database for all tests; each opens the CA anew. */
int ocsp_set_up_group(void **state)
{
    static struct world world; /* of this test program alone */
    struct world *w = &world;
    struct error err = ERROR_INIT;

    test_folder_create(&w->folder);
    struct ca_new_options options = fixture_options(&w->folder);
    assert_done(ca_files_create(&options, &err), &err, "create");
    w->store = open_store(&w->folder);
    w->elsewhere = open_store(&w->folder);
    w->root = fixture_certificate(&w->folder, "ca.crt");
    w->now = clock_now();
    *state = w;
    return 0;
}

int ocsp_tear_down_group(void **state)
{
    struct world *w = *state;

    X509_free(w->root);
    store_close(w->store);
    store_close(w->elsewhere);
    test_folder_remove(&w->folder);
    return 0;
}

/* Not ready to answer yet. */
int ocsp_set_up_new(void **state)
{
    struct world *w = *state;

    w->tests++;
    assert_true(text_format(w->serial, sizeof(w->serial), "0a1b2c3d4e5f6071%02x01", w->tests));
    assert_true(text_format(w->other, sizeof(w->other), "0a1b2c3d4e5f6071%02x02", w->tests));
    open_ca(w);
    return 0;
}

int ocsp_set_up(void **state)
{
    (void)ocsp_set_up_new(state);
    assert_true(refresh(*state, ((struct world *)*state)->now));
    return 0;
}

int ocsp_tear_down(void **state)
{
    struct world *w = *state;

    ca_free(w->ca);
    return 0;
}

/* ---- certificates and questions -------------------------------------------------------------- */

void record(struct world *w, const char *serial)
{
    static const uint8_t der[] = { 0x30, 0x00 };
    struct store_request_key key = { .template_name = "devices", .ca_name = "issuing" };
    struct certificate_info info = { .subject = "CN=x", .issuer = "CN=Test CA" };
    struct store_certificate cert = { .request = &key,
                                      .info = &info,
                                      .der = bytes_of(der, sizeof(der)),
                                      .peer = "192.0.2.1",
                                      .challenge_type = "static",
                                      .request_id = "r1",
                                      .issued_at = w->now };
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    key.transaction_id = bytes_of_text(serial);
    assert_done(digest_sha256(bytes_of_text(serial), key.csr_sha256, &err), &err, serial);
    assert_true(text_copy(info.serial, sizeof(info.serial), serial));
    info.not_after = w->now - DAY; /* ended: answered all the same */
    assert_done(store_record_certificate(w->store, &cert, 0, &result, &err), &err, serial);
}

void revoke(struct store *store, const char *serial, int reason, int64_t at)
{
    struct error err = ERROR_INIT;

    assert_done(store_revoke_certificate(store, "issuing", serial, reason, at, &err), &err, serial);
}

/* An owned CertID of this issuer. */
OCSP_CERTID *id_of(const char *serial, const X509 *issuer, const EVP_MD *digest)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *integer = NULL;
    OCSP_CERTID *id = NULL;

    assert_true(BN_hex2bn(&number, serial) > 0);
    integer = BN_to_ASN1_INTEGER(number, NULL);
    id = OCSP_cert_id_new(digest, X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer),
                          integer);
    assert_non_null(id);
    ASN1_INTEGER_free(integer);
    BN_free(number);
    return id;
}

void asked_clear(struct asked *a)
{
    buffer_clear(&a->request);
    ca_ocsp_answer_clear(&a->answer);
    OCSP_REQUEST_free(a->form);
    OCSP_RESPONSE_free(a->response);
    OCSP_BASICRESP_free(a->basic);
}

void question_add(struct asked *a, OCSP_CERTID *take_id)
{
    if (a->form == NULL) {
        a->form = OCSP_REQUEST_new();
    }
    assert_non_null(OCSP_request_add0_id(a->form, take_id));
}

void question_finish(struct asked *a)
{
    struct error err = ERROR_INIT;
    unsigned char *der = NULL;
    int len = i2d_OCSP_REQUEST(a->form, &der);

    assert_true(len > 0);
    assert_done(buffer_append(&a->request, der, (size_t)len, &err), &err, "request");
    OPENSSL_free(der);
}

/* The signature, and that the CA has made whoever signs a responder: as clients look at it. */
static void verify(struct world *w, OCSP_BASICRESP *basic, int64_t now)
{
    X509_STORE *trusted = X509_STORE_new();

    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(trusted), now);
    assert_int_equal(X509_STORE_add_cert(trusted, w->root), 1);
    assert_int_equal(OCSP_basic_verify(basic, NULL, trusted, 0), 1);
    X509_STORE_free(trusted);
}

void ask(struct world *w, struct asked *a, int64_t now)
{
    const unsigned char *at = NULL;
    struct error err = ERROR_INIT;

    question_finish(a);
    assert_done(ca_ocsp_answer(w->ocsp, buffer_bytes(&a->request), now, NULL, &a->answer, &err),
                &err, "answer");
    at = a->answer.der.data;
    a->response = d2i_OCSP_RESPONSE(NULL, &at, (long)a->answer.der.len);
    assert_non_null(a->response);
    assert_ptr_equal(at, a->answer.der.data + a->answer.der.len);
    a->basic = OCSP_response_get1_basic(a->response);
    if (a->basic != NULL) {
        verify(w, a->basic, now);
    }
}

void asked_find(struct asked *a, OCSP_CERTID *take_id)
{
    a->reason = -1;
    assert_non_null(a->basic);
    assert_int_equal(OCSP_resp_find_status(a->basic, take_id, &a->status, &a->reason,
                                           &a->revoked_at, &a->this_update, &a->next_update),
                     1);
    OCSP_CERTID_free(take_id);
}

/* One certificate by SHA-1, without nonce. */
void ask_one(struct world *w, struct asked *a, const char *serial, int64_t now)
{
    question_add(a, id_of(serial, w->root, EVP_sha1()));
    ask(w, a, now);
    asked_find(a, id_of(serial, w->root, EVP_sha1()));
}

void assert_status(struct world *w, const char *serial, int64_t now, int status, int reason)
{
    struct asked a = ASKED_INIT;

    ask_one(w, &a, serial, now);
    assert_int_equal(a.status, status);
    assert_int_equal(a.reason, reason);
    asked_clear(&a);
}

int64_t seconds(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int rest = 0;

    assert_non_null(time);
    assert_int_equal(ASN1_TIME_diff(&days, &rest, epoch, time), 1);
    ASN1_TIME_free(epoch);
    return days * DAY + rest;
}
