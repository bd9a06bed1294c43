/* SPDX-License-Identifier: Apache-2.0 */
/* CAs of others: what their files have to be, and that whatever cannot be told is a no. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/asn1_time.h"
#include "enroll/renewal_scene.h"
#include "enroll/trusted_cas.h"

/* A CA "CN=Old CA" of somebody else, and another one with the same name. */
struct foreign {
    struct scene *s;
    EVP_PKEY *key, *twin_key;
    X509 *cert, *twin;
    struct trusted_cas *trusted;
};

/* A CRL as a test wants it; zero fields have the default in brackets. */
struct list {
    X509 *revoked;       /* [nothing] */
    EVP_PKEY *signer;    /* [the CA's] */
    const char *name;    /* [the CA's subject] */
    int64_t from, until; /* [an hour ago, in a day] */
    bool endless;
    int reason; /* CRLReason of the entry [none] */
    int nid;    /* extension of the list [none] */
    const char *value;
    bool critical_entry;
};

static void add_entry(X509_CRL *crl, const struct list *list)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *at = ASN1_TIME_new();
    struct error err = ERROR_INIT;

    assert_true(asn1_time_set(at, SCENE_NOW - 60, &err));
    assert_int_equal(
        X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)X509_get0_serialNumber(list->revoked)),
        1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
    if (list->reason != 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

        assert_int_equal(ASN1_ENUMERATED_set(reason, list->reason), 1);
        assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason,
                                                   list->critical_entry ? 1 : 0, 0),
                         1);
        ASN1_ENUMERATED_free(reason);
    }
    assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
    ASN1_TIME_free(at);
}

static X509_CRL *make_crl(const struct foreign *f, const struct list *list)
{
    X509_CRL *crl = X509_CRL_new();
    X509_NAME *other = X509_NAME_new();
    ASN1_TIME *at = ASN1_TIME_new();
    struct error err = ERROR_INIT;

    assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
    if (list->name != NULL) {
        assert_int_equal(X509_NAME_add_entry_by_txt(other, "CN", MBSTRING_UTF8,
                                                    (const unsigned char *)list->name, -1, -1, 0),
                         1);
    }
    assert_int_equal(
        X509_CRL_set_issuer_name(crl, list->name != NULL ? other : X509_get_subject_name(f->cert)),
        1);
    assert_true(asn1_time_set(at, list->from != 0 ? list->from : SCENE_NOW - 3600, &err));
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, at), 1);
    if (!list->endless) {
        assert_true(asn1_time_set(at, list->until != 0 ? list->until : SCENE_NOW + DAY, &err));
        assert_int_equal(X509_CRL_set1_nextUpdate(crl, at), 1);
    }
    if (list->revoked != NULL) {
        add_entry(crl, list);
    }
    if (list->nid != 0) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, list->nid, list->value);

        assert_non_null(extension);
        assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    X509_CRL_sort(crl);
    assert_true(X509_CRL_sign(crl, list->signer != NULL ? list->signer : f->key, EVP_sha256()) > 0);
    ASN1_TIME_free(at);
    X509_NAME_free(other);
    return crl;
}

static void write_bio(struct foreign *f, const char *name, BIO *take_bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(take_bio, &data);
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    test_folder_path(&f->s->folder, name, path);
    assert_done(file_write_atomic(path, bytes_of(data, (size_t)len), false, &err), &err, name);
    BIO_free(take_bio);
}

static void write_cert(struct foreign *f, X509 *cert, bool pem)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(pem ? PEM_write_bio_X509(bio, cert) : i2d_X509_bio(bio, cert), 1);
    write_bio(f, "trusted/old.crt", bio);
}

static void write_crl(struct foreign *f, const struct list *list, bool pem)
{
    X509_CRL *crl = make_crl(f, list);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(pem ? PEM_write_bio_X509_CRL(bio, crl) : i2d_X509_CRL_bio(bio, crl), 1);
    write_bio(f, "trusted/old.crl", bio);
    X509_CRL_free(crl);
}

static void remove_file(struct foreign *f, const char *name)
{
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    test_folder_path(&f->s->folder, name, path);
    assert_done(file_remove(path, &err), &err, name);
}

/* What stands in the folder is what counts from now on. */
static void load(struct foreign *f)
{
    struct error err = ERROR_INIT;

    trusted_cas_free(f->trusted);
    f->trusted = trusted_cas_create(f->s->folder.path, &err);
    assert_done(f->trusted != NULL && trusted_cas_add(f->trusted, "old", &err), &err, "");
    f->s->options.renewal.trusted = f->trusted;
}

static int set_up(void **state)
{
    struct foreign *f = calloc(1, sizeof(*f));
    struct sample_cert wanted = { .subject = "Old CA",
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN,
                                  .not_before = SCENE_NOW - 100 * DAY,
                                  .not_after = SCENE_NOW + 100 * DAY };
    const struct list empty = { .revoked = NULL };
    void *scene = NULL;
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    assert_int_equal(scene_set_up(&scene), 0);
    f->s = scene;
    f->key = sample_key_ec();
    f->twin_key = sample_key_ec();
    wanted.key = f->key;
    f->cert = sample_cert(&wanted);
    wanted.key = f->twin_key;
    f->twin = sample_cert(&wanted);
    test_folder_path(&f->s->folder, "trusted", path);
    assert_done(folder_create(path, true, &err), &err, "");
    write_cert(f, f->cert, true);
    write_crl(f, &empty, false);
    load(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct foreign *f = *state;
    void *scene = f->s;

    trusted_cas_free(f->trusted);
    X509_free(f->twin);
    X509_free(f->cert);
    EVP_PKEY_free(f->twin_key);
    EVP_PKEY_free(f->key);
    assert_int_equal(scene_tear_down(&scene), 0);
    free(f);
    return 0;
}

/* A device's certificate of the old CA, or of the one with its name. */
static X509 *device(struct foreign *f, bool twin)
{
    const struct wanted wanted = { .issuer = f->cert, .issuer_key = twin ? f->twin_key : f->key };

    return scene_make(f->s, &wanted);
}

static void assert_cannot_tell(struct foreign *f, X509 *cert, const char *why)
{
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(f->s, cert, NULL, NULL, &request);
    assert_refused(scene_check(f->s, &request, &err), &err, REASON_TRUSTED_CA, why);
    if (strstr(err.detail, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.detail, why);
    }
    scene_request_clear(&request);
    error_clear(&err);
    assert_non_null(trusted_cas_problem(f->trusted, 0, SCENE_NOW, &err));
}

/* ---- good ------------------------------------------------------------------------------------ */

static void trusted__current_crl__vouches_in_each_encoding(void **state)
{
    struct foreign *f = *state;
    const struct list empty = { .revoked = NULL };
    X509 *cert = device(f, false);
    struct error why = ERROR_INIT;

    scene_assert_good(f->s, cert, NULL, "PEM and DER");
    write_cert(f, f->cert, false);
    write_crl(f, &empty, true);
    load(f);
    scene_assert_good(f->s, cert, NULL, "DER and PEM");
    assert_null(trusted_cas_problem(f->trusted, 0, SCENE_NOW, &why));
    assert_int_equal(trusted_cas_crl_end(f->trusted, 0), SCENE_NOW + DAY);
    f->s->options.renewal.trusted = NULL;
    scene_assert_refused(f->s, cert, NULL, "has signed the signer's certificate", "not named");
    X509_free(cert);
}

/* The other checks hold for them as well. */
static void trusted__ended_or_early_or_a_ca__refused(void **state)
{
    struct foreign *f = *state;
    const struct wanted ended = { .issuer = f->cert,
                                  .issuer_key = f->key,
                                  .not_after = SCENE_NOW - 1 };
    const struct wanted ca = { .issuer = f->cert,
                               .issuer_key = f->key,
                               .constraints = "critical,CA:TRUE" };
    X509 *cert = scene_make(f->s, &ended);

    scene_assert_refused(f->s, cert, NULL, "it has ended at", "ended");
    X509_free(cert);
    cert = scene_make(f->s, &ca);
    scene_assert_refused(f->s, cert, NULL, "a CA's certificate", "sub-CA");
    X509_free(cert);
}

/* A CA that was taken over: what this database knows goes first, the rest is the CRL's. */
static void trusted__own_ca_taken_over__unrecorded_ones_by_crl(void **state)
{
    struct foreign *f = *state;
    const struct wanted nothing = { .usage = NULL };
    const struct list empty = { .signer = f->s->ca_key, .name = NULL };
    X509 *cert = scene_make(f->s, &nothing);
    X509 *mine = f->cert;
    X509 *own = X509_dup(f->s->ca_cert); /* in its time at the scene's */
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;

    scene_assert_refused(f->s, cert, NULL, "not recorded here", "without the file");
    assert_true(asn1_time_set(X509_getm_notBefore(own), SCENE_NOW - DAY, &err));
    assert_true(X509_sign(own, f->s->ca_key, EVP_sha256()) > 0);
    f->cert = own;
    write_cert(f, f->cert, true);
    write_crl(f, &empty, false);
    f->cert = mine;
    load(f);
    scene_assert_good(f->s, cert, NULL, "issued before it was taken over");
    scene_record(f->s, cert, "device", "issuing");
    scene_serial(cert, serial);
    assert_done(store_revoke_certificate(f->s->store, "issuing", serial, 4, SCENE_NOW, &err), &err,
                "");
    scene_assert_refused(f->s, cert, NULL, "it is revoked", "here");
    X509_free(own);
    X509_free(cert);
}

/* ---- no -------------------------------------------------------------------------------------- */

static void trusted__listed_in_the_crl__refused(void **state)
{
    static const int reasons[] = { 0, 1, 6, 8 }; /* hold, removeFromCRL too */
    struct foreign *f = *state;
    X509 *cert = device(f, false);
    X509 *other = device(f, false);

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        const struct list list = { .revoked = cert, .reason = reasons[i] };

        write_crl(f, &list, false);
        load(f);
        scene_assert_refused(f->s, cert, NULL, "it is revoked", "listed");
        scene_assert_good(f->s, other, NULL, "another serial");
    }
    X509_free(other);
    X509_free(cert);
}

static void trusted__same_name_other_key__refused(void **state)
{
    struct foreign *f = *state;
    X509 *cert = device(f, true);

    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(f->cert)), 0);
    scene_assert_refused(f->s, cert, NULL, "has signed the signer's certificate", "");
    X509_free(cert);
}

static void trusted__crl_that_says_nothing__cannot_tell(void **state)
{
    struct foreign *f = *state;
    const struct {
        struct list list;
        const char *why;
    } cases[] = {
        { { .until = SCENE_NOW }, "has ended at" },
        { { .from = SCENE_NOW + 1 }, "begins at" },
        { { .endless = true }, "has no end" },
        { { .signer = f->twin_key }, "not signed by the CA's key" },
        { { .name = "Other CA" }, "another name" },
        { { .nid = NID_delta_crl, .value = "critical,DER:020101" }, "delta" },
        { { .nid = NID_issuing_distribution_point, .value = "critical,onlyCA:TRUE" }, "only some" },
        { { .nid = NID_issuing_distribution_point, .value = "critical,indirectCRL:TRUE" },
          "only some" },
        { { .nid = NID_issuing_distribution_point,
            .value = "critical,onlysomereasons:keyCompromise" },
          "only some" },
        { { .nid = NID_netscape_comment, .value = "critical,x" }, "critical extension" },
    };
    X509 *cert = device(f, false);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].why);
        write_crl(f, &cases[i].list, false);
        load(f);
        assert_cannot_tell(f, cert, cases[i].why);
    }
    const struct list entry = { .revoked = cert, .reason = 1, .critical_entry = true };
    const struct list users = { .nid = NID_issuing_distribution_point,
                                .value = "critical,onlyuser:TRUE" };

    write_crl(f, &entry, false);
    load(f);
    assert_cannot_tell(f, cert, "critical extension");
    write_crl(f, &users, false);
    load(f);
    scene_assert_good(f->s, cert, NULL, "a list of all end entities");
    X509_free(cert);
}

static void trusted__files_broken_or_gone__cannot_tell(void **state)
{
    struct foreign *f = *state;
    const struct list empty = { .revoked = NULL };
    X509 *cert = device(f, false);
    struct error why = ERROR_INIT;

    /* the folder is looked at, not only what was read */
    remove_file(f, "trusted/old.crl");
    assert_cannot_tell(f, cert, "not there any more");
    load(f);
    assert_cannot_tell(f, cert, "trusted/old.crl");
    assert_int_equal(trusted_cas_crl_end(f->trusted, 0), 0);
    test_folder_write(&f->s->folder, "trusted/old.crl", "0 no CRL");
    load(f);
    assert_cannot_tell(f, cert, "is no CRL");
    write_crl(f, &empty, false);
    load(f);
    scene_assert_good(f->s, cert, NULL, "mended");
    remove_file(f, "trusted/old.crt");
    assert_cannot_tell(f, cert, "is not the file that was read any more");
    assert_false(trusted_cas_exists(f->s->folder.path, "old"));
    load(f);
    scene_assert_refused(f->s, cert, NULL, "one of them cannot be used: trusted/old.crt", "gone");
    assert_int_equal(trusted_cas_problem(f->trusted, 0, SCENE_NOW, &why)->reason,
                     REASON_TRUSTED_CA);
    X509_free(cert);
}

/* Only what may sign certificates is a CA; nothing of a wrong one counts. */
static void trusted__no_cas_certificate__refused(void **state)
{
    struct foreign *f = *state;
    const struct sample_cert cases[] = {
        { .subject = "Old CA", .key = f->key, .not_ca = true },
        { .subject = "Old CA", .key = f->key, .no_constraints = true },
        { .subject = "Old CA", .key = f->key, .key_usage = KEY_USAGE_DIGITAL_SIGNATURE },
    };
    X509 *cert = device(f, false);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *ca = sample_cert(&cases[i]);

        write_cert(f, ca, true);
        load(f);
        scene_assert_refused(f->s, cert, NULL, "one of them cannot be used", cases[i].subject);
        X509_free(ca);
    }
    X509_free(cert);
}

static void trusted__ca_ended__cannot_tell(void **state)
{
    struct foreign *f = *state;
    struct sample_cert wanted = { .subject = "Old CA",
                                  .key = f->key,
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN,
                                  .not_before = SCENE_NOW - 2 * DAY,
                                  .not_after = SCENE_NOW - 1 };
    X509 *ended = sample_cert(&wanted);
    X509 *cert = device(f, false);

    write_cert(f, ended, true);
    load(f);
    assert_cannot_tell(f, cert, "has ended at");
    X509_free(cert);
    X509_free(ended);
}

/* The same certificate with the other of the two signatures that are good, n - s; owned. */
static X509 *negated(const struct foreign *f, const X509 *cert)
{
    const ASN1_BIT_STRING *signature = NULL;
    const unsigned char *at = NULL;
    unsigned char *der = NULL;
    BIGNUM *order = NULL;
    BIGNUM *s = BN_new();
    ECDSA_SIG *pair = NULL;
    X509 *twin = X509_dup(cert);
    int len = 0;

    X509_get0_signature(&signature, NULL, twin);
    at = ASN1_STRING_get0_data(signature);
    pair = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(signature));
    assert_non_null(pair);
    assert_int_equal(EVP_PKEY_get_bn_param(f->key, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
    assert_int_equal(BN_sub(s, order, ECDSA_SIG_get0_s(pair)), 1);
    assert_int_equal(ECDSA_SIG_set0(pair, BN_dup(ECDSA_SIG_get0_r(pair)), s), 1);
    len = i2d_ECDSA_SIG(pair, &der);
    assert_true(len > 0);
    assert_int_equal(ASN1_STRING_set((ASN1_BIT_STRING *)signature, der, len), 1);
    assert_int_equal(X509_verify(twin, f->key), 1);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    BN_free(order);
    return twin;
}

/* Whoever has a certificate has it once, however it is written. */
static void trusted__other_signature_of_the_same__counts_as_the_same(void **state)
{
    struct foreign *f = *state;
    X509 *cert = device(f, false);
    X509 *twin = negated(f, cert);
    struct enroll_request request;
    struct enroll_renewal first;
    struct enroll_renewal again;
    struct error err = ERROR_INIT;

    assert_int_not_equal(X509_cmp(cert, twin), 0);
    scene_request(f->s, cert, NULL, NULL, &request);
    assert_done(enroll_renewal_check(&f->s->options, &request, SCENE_NOW, &first, &err), &err, "");
    request.signer = twin;
    assert_done(enroll_renewal_check(&f->s->options, &request, SCENE_NOW, &again, &err), &err, "");
    assert_memory_equal(first.sha256, again.sha256, DIGEST_SHA256_BYTES);
    enroll_renewal_clear(&first);
    enroll_renewal_clear(&again);
    scene_request_clear(&request);
    X509_free(twin);
    X509_free(cert);
}

static void trusted__free_null__nothing(void **state)
{
    (void)state;
    trusted_cas_free(NULL);
    assert_int_equal(trusted_cas_count(NULL), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(trusted__current_crl__vouches_in_each_encoding),
        CASE(trusted__ended_or_early_or_a_ca__refused),
        CASE(trusted__own_ca_taken_over__unrecorded_ones_by_crl),
        CASE(trusted__listed_in_the_crl__refused),
        CASE(trusted__same_name_other_key__refused),
        CASE(trusted__crl_that_says_nothing__cannot_tell),
        CASE(trusted__files_broken_or_gone__cannot_tell),
        CASE(trusted__no_cas_certificate__refused),
        CASE(trusted__ca_ended__cannot_tell),
        CASE(trusted__other_signature_of_the_same__counts_as_the_same),
        cmocka_unit_test(trusted__free_null__nothing),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
