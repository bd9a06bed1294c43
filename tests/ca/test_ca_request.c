/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <openssl/pem.h>

#include "base/limits.h"
#include "platform/clock.h"

/* An offline root and the request that our sub CA made. */
struct world {
    struct test_folder folder;
    struct ca_new_options options;
    EVP_PKEY *root_key;
    X509 *root;
    X509_REQ *req;
    EVP_PKEY *key; /* public half, borrowed from req */
};

static X509_REQ *request(const struct ca_new_options *options, struct buffer *pem)
{
    struct error err = ERROR_INIT;
    BIO *bio = NULL;
    X509_REQ *req = NULL;

    assert_done(ca_files_request(options, pem, &err), &err, "request");
    bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(req);
    BIO_free(bio);
    return req;
}

static int set_up(void **state)
{
    static struct world world; /* of this test program alone */
    struct world *w = &world;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);

    test_folder_create(&w->folder);
    w->options = fixture_options(&w->folder);
    w->root_key = sample_key_ec();
    w->root = sample_cert(&(struct sample_cert){ .subject = "Root", .key = w->root_key });
    w->req = request(&w->options, &pem);
    w->key = X509_REQ_get0_pubkey(w->req);
    buffer_clear(&pem);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    X509_REQ_free(w->req);
    X509_free(w->root);
    EVP_PKEY_free(w->root_key);
    test_folder_remove(&w->folder);
    return 0;
}

static X509 *sign_sub(const struct world *w, const struct sample_cert *changes)
{
    struct sample_cert wanted = *changes;

    wanted.key = wanted.key != NULL ? wanted.key : w->key;
    wanted.issuer = w->root;
    wanted.issuer_key = w->root_key;
    return sample_cert(&wanted);
}

/* Install this certificate, its parents in the same file or in another. */
static bool install(struct world *w, X509 *cert, X509 *parent, bool own_file, struct error *err)
{
    X509 *certs[] = { cert, parent };
    char file[FILE_PATH_MAX];
    char chain[FILE_PATH_MAX];

    test_folder_path(&w->folder, "issuing.crt", file);
    test_folder_path(&w->folder, "chain.crt", chain);
    sample_write_pem(&w->folder, "issuing.crt", certs, parent != NULL && !own_file ? 2 : 1, NULL,
                     NULL, NULL);
    if (parent != NULL && own_file) {
        sample_write_pem(&w->folder, "chain.crt", &parent, 1, NULL, NULL, NULL);
    }
    return ca_files_install(&w->options, file, parent != NULL && own_file ? chain : NULL, err);
}

static void assert_request_extension(X509_REQ *req, int nid, const void *der, size_t len)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
    int at = X509v3_get_ext_by_NID(extensions, nid, -1);
    X509_EXTENSION *extension = NULL;

    assert_true(at >= 0);
    extension = X509v3_get_ext(extensions, at);
    assert_int_equal(X509_EXTENSION_get_critical(extension), 1);
    assert_int_equal(ASN1_STRING_length(X509_EXTENSION_get_data(extension)), len);
    assert_memory_equal(ASN1_STRING_get0_data(X509_EXTENSION_get_data(extension)), der, len);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static void request__new__asks_for_a_ca_and_waits(void **state)
{
    static const unsigned char constraints[] = { 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00 };
    static const unsigned char usage[] = { 0x03, 0x02, 0x01, 0x86 };
    struct world *w = *state;

    assert_int_equal(X509_REQ_verify(w->req, w->key), 1);
    assert_int_equal(X509_REQ_get_version(w->req), X509_REQ_VERSION_1);
    assert_request_extension(w->req, NID_basic_constraints, constraints, sizeof(constraints));
    assert_request_extension(w->req, NID_key_usage, usage, sizeof(usage));
    assert_true(fixture_has(&w->folder, "request.csr"));
    assert_true(fixture_has(&w->folder, "request.key"));
    assert_false(fixture_has(&w->folder, "ca.crt"));
}

static void request__waiting_ca__opens_and_is_not_ready(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(1000);
    struct csr csr = CSR_INIT;
    struct cert_plan plan;
    struct issuance issuance = ISSUANCE_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = fixture_open(&w->folder, NULL, &builtin);
    EVP_PKEY *key = sample_key_ec();
    int64_t next = 0;
    bool made = true;

    sample_csr(&csr, key);
    sample_plan(&plan, clock_now(), clock_now() + DAY);
    assert_refusal(ca_ready(ca, &err), &err, REASON_CA_NOT_READY, "ready");
    assert_refusal(ca_issue(ca, &csr, &plan, &issuance, &err), &err, REASON_CA_NOT_READY, "issue");
    assert_refusal(ca_ra(ca, &err) != NULL, &err, REASON_CA_NOT_READY, "ra");
    assert_null(ca_builtin_certificate(builtin));
    assert_refusal(ca_builtin_chain_p7b(builtin, &out, &err), &err, REASON_CA_NOT_READY, "p7b");
    assert_refusal(ca_builtin_certificate_der(builtin, &out, &err), &err, REASON_CA_NOT_READY,
                   "der");
    assert_refusal(ca_builtin_crl(builtin, &out, &next, &err), &err, REASON_CA_NOT_READY, "crl");
    assert_done(ca_builtin_crl_refresh(builtin, clock_now(), &made, &err), &err, "refresh");
    assert_false(made);
    assert_false(ca_is_issuer_of(ca, w->root));
    ca_free(ca);
    cert_plan_clear(&plan);
    csr_clear(&csr);
    EVP_PKEY_free(key);
}

static void request__second_time__the_same_request(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer first = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer second = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct ca_new_options other = w->options;

    other.subject = "CN=Another name";
    other.key = CA_KEY_RSA_4096;
    assert_done(ca_files_request(&w->options, &first, &err), &err, "first");
    assert_done(ca_files_request(&other, &second, &err), &err, "second");
    assert_string_equal(buffer_text(&first), buffer_text(&second));
    assert_refusal(ca_files_create(&w->options, &err), &err, REASON_CA_EXISTS, "create");
    buffer_clear(&first);
    buffer_clear(&second);
}

static void install__unsuitable_certificate__still_waits(void **state)
{
    struct world *w = *state;
    int64_t now = clock_now();
    EVP_PKEY *other = sample_key_ec();
    X509 *stranger = sample_cert(&(struct sample_cert){ .subject = "Stranger", .key = other });
    const struct {
        const char *name;
        struct sample_cert cert;
        X509 *parent;
        enum reason reason;
    } cases[] = {
        { "another key", { .subject = "x", .key = other }, NULL, REASON_KEY_MISMATCH },
        { "no CA", { .subject = "x", .not_ca = true }, NULL, REASON_CA_UNSUITABLE },
        { "no keyCertSign",
          { .subject = "x", .key_usage = KEY_USAGE_DIGITAL_SIGNATURE },
          NULL,
          REASON_CA_UNSUITABLE },
        { "expired",
          { .subject = "x", .not_before = now - 2 * DAY, .not_after = now - 1 },
          NULL,
          REASON_CA_EXPIRED },
        { "not its parent", { .subject = "x" }, stranger, REASON_CA_UNSUITABLE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        X509 *cert = sign_sub(w, &cases[i].cert);

        assert_refused(install(w, cert, cases[i].parent, false, &err), &err, cases[i].reason,
                       cases[i].name);
        assert_false(fixture_has(&w->folder, "ca.crt"));
        assert_false(fixture_has(&w->folder, "ra.crt"));
        assert_true(fixture_has(&w->folder, "request.key"));
        X509_free(cert);
    }
    X509_free(stranger);
    EVP_PKEY_free(other);
}

static void assert_chain_serves(struct world *w, X509 *cert)
{
    struct error err = ERROR_INIT;
    struct ca *ca = fixture_open(&w->folder, NULL, NULL);
    struct ra_set *set = ca_ra(ca, &err);
    STACK_OF(X509) *parents = sk_X509_new_null();

    assert_done(set != NULL, &err, "ra");
    assert_done(ca_ready(ca, &err), &err, "ready");
    assert_int_equal(set->chain_count, 2);
    assert_int_equal(X509_cmp(set->chain[0], cert), 0);
    assert_int_equal(X509_cmp(set->chain[1], w->root), 0);
    assert_true(sk_X509_push(parents, set->chain[0]) > 0);
    assert_int_equal(X509_verify(set->ra[0].cert, w->key), 1);
    sk_X509_free(parents);
    ra_set_unref(set);
    ca_free(ca);
}

static void install__signed_certificate__ca_is_ready(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    X509 *cert = sign_sub(w, &(struct sample_cert){ .subject = "Issuing" });

    /* what an interrupted install has left */
    sample_write(&w->folder, "ca/issuing/ra.crt", "junk", 4);
    sample_write(&w->folder, "ca/issuing/ca.key", "junk", 4);
    assert_done(install(w, cert, w->root, false, &err), &err, "install");
    assert_false(fixture_has(&w->folder, "request.csr"));
    assert_false(fixture_has(&w->folder, "request.key"));
    assert_chain_serves(w, cert);
    assert_refusal(ca_files_request(&w->options, &pem, &err), &err, REASON_CA_EXISTS, "request");
    X509_free(cert);
}

static void install__renewed_certificate__replaces_it_and_the_ra(void **state)
{
    struct world *w = *state;
    struct error err = ERROR_INIT;
    EVP_PKEY *other = sample_key_ec();
    X509 *before = fixture_certificate(&w->folder, "ra.crt");
    X509 *renewed = sign_sub(
        w, &(struct sample_cert){ .subject = "Issuing", .not_after = clock_now() + 9000 * DAY });
    X509 *renamed = sign_sub(w, &(struct sample_cert){ .subject = "Renamed" });
    X509 *foreign = sign_sub(w, &(struct sample_cert){ .subject = "Issuing", .key = other });
    X509 *after = NULL;

    assert_refusal(install(w, renamed, w->root, true, &err), &err, REASON_CA_UNSUITABLE, "name");
    assert_refusal(install(w, foreign, w->root, true, &err), &err, REASON_KEY_MISMATCH, "key");
    assert_done(install(w, renewed, w->root, true, &err), &err, "renewed");
    assert_chain_serves(w, renewed);
    after = fixture_certificate(&w->folder, "ra.crt");
    assert_int_not_equal(X509_cmp(before, after), 0);
    X509_free(before);
    X509_free(after);
    X509_free(renewed);
    X509_free(renamed);
    X509_free(foreign);
    EVP_PKEY_free(other);
}

static void install__nothing_requested__refused(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    assert_refusal(ca_files_install(&options, "x", NULL, &err), &err, REASON_CA_MISSING, "none");
    test_folder_remove(&folder);
}

static void request__key_lost__says_so(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer key = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    char path[FILE_PATH_MAX];

    (void)state;
    test_folder_create(&folder);
    struct ca_new_options options = fixture_options(&folder);
    X509_REQ_free(request(&options, &pem));
    buffer_reset(&pem);
    fixture_path(&folder, "request.key", path);
    assert_done(file_read(path, 100000, &key, &err), &err, "key");
    assert_done(file_remove(path, &err), &err, "remove");
    assert_refusal(ca_files_request(&options, &pem, &err), &err, REASON_KEY_UNREADABLE, "lost");
    key.data[key.len - 1] ^= 1;
    assert_done(file_write_atomic(path, buffer_bytes(&key), true, &err), &err, "write");
    assert_refusal(ca_files_request(&options, &pem, &err), &err, REASON_KEY_PROTECTION, "damaged");
    assert_int_equal(pem.len, 0);
    buffer_clear(&pem);
    buffer_clear(&key);
    test_folder_remove(&folder);
}

int main(void)
{
    /* one story: each step goes on from the one before */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__new__asks_for_a_ca_and_waits),
        cmocka_unit_test(request__waiting_ca__opens_and_is_not_ready),
        cmocka_unit_test(request__second_time__the_same_request),
        cmocka_unit_test(install__unsuitable_certificate__still_waits),
        cmocka_unit_test(install__signed_certificate__ca_is_ready),
        cmocka_unit_test(install__renewed_certificate__replaces_it_and_the_ra),
        cmocka_unit_test(install__nothing_requested__refused),
        cmocka_unit_test(request__key_lost__says_so),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
