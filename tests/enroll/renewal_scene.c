/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/renewal_scene.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ca/asn1_time.h"
#include "model/sid.h"

#define NAME_BYTES 1024

/* ---- names ----------------------------------------------------------------------------------- */

/* One "TYPE=value" up to "," or "+"; *text moves behind it, *set says how it joins. */
static void add_rdn(X509_NAME *name, const char **text, int *set, int type)
{
    char attribute[64];
    char value[NAME_BYTES];
    const char *equals = strchr(*text, '=');
    size_t len = 0;

    assert_non_null(equals);
    len = strcspn(equals + 1, ",+");
    assert_true(text_format(attribute, sizeof(attribute), "%.*s", (int)(equals - *text), *text));
    assert_true(text_format(value, sizeof(value), "%.*s", (int)len, equals + 1));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, attribute, type, (const unsigned char *)value,
                                                -1, -1, *set),
                     1);
    *text = equals + 1 + len;
    *set = **text == '+' ? -1 : 0;
    *text += **text != '\0' ? 1 : 0;
}

static void write_name(X509_NAME *name, const struct holder *holder)
{
    const char *at = holder->subject;
    int set = 0;

    while (*at != '\0') {
        add_rdn(name, &at, &set,
                holder->string_type != 0 ? holder->string_type : V_ASN1_UTF8STRING);
    }
}

/* One "DNS:a.example" at the beginning of a list. */
static GENERAL_NAME *general_name(const char *item, size_t len)
{
    static const struct {
        const char *prefix;
        int type;
    } types[] = {
        { "DNS:", GEN_DNS },  { "email:", GEN_EMAIL },         { "URI:", GEN_URI },
        { "IP:", GEN_IPADD }, { "otherName:", GEN_OTHERNAME },
    };
    char value[NAME_BYTES];

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t prefix = strlen(types[i].prefix);

        if (strncmp(item, types[i].prefix, prefix) == 0) {
            assert_true(
                text_format(value, sizeof(value), "%.*s", (int)(len - prefix), item + prefix));
            return a2i_GENERAL_NAME(NULL, NULL, NULL, types[i].type, value, 0);
        }
    }
    return NULL;
}

/* Owned. */
static X509_EXTENSION *san_extension(const char *list)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    X509_EXTENSION *made = NULL;

    assert_non_null(names);
    while (*list != '\0') {
        size_t len = strcspn(list, "|");
        GENERAL_NAME *name = general_name(list, len);

        assert_non_null(name);
        assert_true(sk_GENERAL_NAME_push(names, name) > 0);
        list += len + (list[len] == '|' ? 1 : 0);
    }
    made = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
    assert_non_null(made);
    GENERAL_NAMES_free(names);
    return made;
}

static void add_made(X509 *cert, X509_EXTENSION *take_extension)
{
    assert_non_null(take_extension);
    assert_int_equal(X509_add_ext(cert, take_extension, -1), 1);
    X509_EXTENSION_free(take_extension);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    if (value[0] != '\0') {
        add_made(cert, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
    }
}

static void add_sid(X509 *cert, const char *sid)
{
    struct buffer value = BUFFER_INIT(256);
    ASN1_OBJECT *type = OBJ_txt2obj(SID_EXTENSION_OID, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    struct error err = ERROR_INIT;

    assert_done(sid_extension_value(sid, &value, &err), &err, sid);
    assert_int_equal(ASN1_OCTET_STRING_set(octets, value.data, (int)value.len), 1);
    add_made(cert, X509_EXTENSION_create_by_OBJ(NULL, type, 0, octets));
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(type);
    buffer_clear(&value);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static EVP_PKEY *issuer_key(const struct scene *s, const struct wanted *wanted)
{
    if (wanted->issuer_key != NULL) {
        return wanted->issuer_key;
    }
    return wanted->by_other_ca ? s->other_key : s->ca_key;
}

static const struct holder usual = { "CN=dev1,O=Example", "DNS:dev1.example.com", 0 };

X509 *scene_make(struct scene *s, const struct wanted *wanted)
{
    const struct holder *holder = wanted->holder.subject != NULL ? &wanted->holder : &usual;
    X509 *cert = X509_new();
    struct error err = ERROR_INIT;
    int64_t from = wanted->not_before != 0 ? wanted->not_before : SCENE_NOW - DAY;
    int64_t until = wanted->not_after != 0 ? wanted->not_after : SCENE_NOW + DAY;
    unsigned serial = wanted->serial != 0 ? wanted->serial : ++s->serial;

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial), 1);
    write_name(X509_get_subject_name(cert), holder);
    assert_int_equal(
        X509_set_issuer_name(
            cert, X509_get_subject_name(wanted->issuer != NULL ? wanted->issuer : s->ca_cert)),
        1);
    assert_true(asn1_time_set(X509_getm_notBefore(cert), from, &err));
    assert_true(asn1_time_set(X509_getm_notAfter(cert), until, &err));
    assert_int_equal(X509_set_pubkey(cert, s->old_key), 1);
    add_extension(cert, NID_basic_constraints,
                  wanted->constraints != NULL ? wanted->constraints : "critical,CA:FALSE");
    add_extension(cert, NID_key_usage,
                  wanted->usage != NULL ? wanted->usage : "digitalSignature,keyEncipherment");
    add_extension(cert, NID_ext_key_usage, wanted->eku != NULL ? wanted->eku : "");
    if (wanted->sid != NULL) {
        add_sid(cert, wanted->sid);
    }
    for (int i = 0; holder->san != NULL && i < (wanted->san_twice ? 2 : 1); i++) {
        add_made(cert, san_extension(holder->san));
    }
    assert_true(X509_sign(cert, issuer_key(s, wanted), EVP_sha256()) > 0);
    return cert;
}

void scene_serial(const X509 *cert, char serial[SERIAL_TEXT_MAX])
{
    struct certificate_info info;
    struct error err = ERROR_INIT;

    assert_done(certificate_info(cert, &info, &err), &err, "");
    memcpy(serial, info.serial, SERIAL_TEXT_MAX);
}

/* A row of it, whose borrowed parts live as long as the call of use(). */
static void with_row(struct scene *s, X509 *cert, const char *template_name, const char *ca_name,
                     void (*use)(struct scene *s, const struct store_certificate *row, void *out),
                     void *out)
{
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct store_request_key key = {
        template_name, ca_name, bytes_of_text("transaction"), { 0 }, { 0 }
    };
    struct certificate_info info;
    struct store_certificate row = { .request = &key,
                                     .info = &info,
                                     .peer = "127.0.0.1",
                                     .challenge_type = "intune",
                                     .request_id = "r1",
                                     .issued_at = SCENE_NOW - DAY };
    struct error err = ERROR_INIT;

    assert_done(certificate_info(cert, &info, &err), &err, "");
    assert_done(certificate_der(cert, &der, &err), &err, "");
    assert_true(digest_sha256(buffer_bytes(&der), key.csr_sha256, &err));
    row.der = buffer_bytes(&der);
    use(s, &row, out);
    buffer_clear(&der);
}

static void use_record(struct scene *s, const struct store_certificate *row, void *out)
{
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    (void)out;
    assert_done(store_record_certificate(s->store, row, 0, &result, &err), &err, "record");
    assert_int_equal(result, STORE_RECORDED);
}

static void use_provisional(struct scene *s, const struct store_certificate *row, void *out)
{
    struct error err = ERROR_INIT;

    assert_done(store_provisional_record(s->store, row, bytes_of_text(""), NULL, out, &err), &err,
                "provisional");
}

static void use_renewal(struct scene *s, const struct store_certificate *row, void *old_sha256)
{
    struct store_certificate renewal = *row;

    renewal.renews = old_sha256;
    use_record(s, &renewal, NULL);
}

X509 *scene_renewed(struct scene *s, X509 *old)
{
    const struct wanted nothing = { .usage = NULL };
    X509 *cert = scene_make(s, &nothing);
    struct certificate_info info;
    struct error err = ERROR_INIT;

    assert_done(certificate_info(old, &info, &err), &err, "");
    with_row(s, cert, "device", "issuing", use_renewal, info.sha256);
    return cert;
}

void scene_record(struct scene *s, X509 *cert, const char *template_name, const char *ca_name)
{
    with_row(s, cert, template_name, ca_name, use_record, NULL);
}

int64_t scene_record_provisional(struct scene *s, X509 *cert)
{
    int64_t id = 0;

    with_row(s, cert, "device", "issuing", use_provisional, &id);
    return id;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void add_san(X509_REQ *req, const char *san)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;

    if (san == NULL) return;
    extensions = sk_X509_EXTENSION_new_null();
    assert_non_null(extensions);
    assert_true(sk_X509_EXTENSION_push(extensions, san_extension(san)) > 0);
    assert_int_equal(X509_REQ_add_extensions(req, extensions), 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

void scene_request(struct scene *s, X509 *signer, const struct holder *holder,
                   const char *challenge, struct enroll_request *out)
{
    X509_REQ *req = X509_REQ_new();
    unsigned char *der = NULL;
    int len = 0;
    struct certificate_info info;
    struct error err = ERROR_INIT;

    holder = holder != NULL ? holder : &usual;
    assert_non_null(req);
    write_name(X509_REQ_get_subject_name(req), holder);
    add_san(req, holder->san);
    assert_int_equal(X509_REQ_set_pubkey(req, s->new_key), 1);
    if (challenge != NULL) {
        assert_int_equal(X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_ASC,
                                                   (const unsigned char *)challenge, -1),
                         1);
    }
    assert_true(X509_REQ_sign(req, s->new_key, EVP_sha256()) > 0);
    len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    *out = (struct enroll_request){ .kind = ENROLL_KIND_NEW,
                                    .request_id = "r2",
                                    .transaction_id = bytes_of_text("next"),
                                    .signer = signer,
                                    .csr = CSR_INIT };
    assert_done(csr_parse(bytes_of(der, (size_t)len), &out->csr, &err), &err, "request");
    assert_done(certificate_info(signer, &info, &err), &err, "signer");
    memcpy(out->signer_key_sha256, info.key_sha256, DIGEST_SHA256_BYTES);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

void scene_request_clear(struct enroll_request *request)
{
    csr_clear(&request->csr);
}

/* ---- checks ---------------------------------------------------------------------------------- */

bool scene_check(struct scene *s, const struct enroll_request *request, struct error *err)
{
    struct enroll_renewal handed_on;
    bool ok = enroll_renewal_check(&s->options, request, SCENE_NOW, &handed_on, err);

    if (ok) {
        assert_non_null(handed_on.content.subject);
    } else {
        assert_null(handed_on.content.subject);
    }
    enroll_renewal_clear(&handed_on);
    return ok;
}

void scene_assert_good(struct scene *s, X509 *signer, const struct holder *holder, const char *name)
{
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(s, signer, holder, NULL, &request);
    assert_done(scene_check(s, &request, &err), &err, name);
    scene_request_clear(&request);
}

void scene_assert_why(bool done, const struct error *err, const char *why, const char *name)
{
    assert_refused(done, err, REASON_RENEWAL_REFUSED, name);
    if (strstr(err->detail, why) == NULL) {
        print_error("%s: \"%s\" does not say \"%s\"\n", name, err->detail, why);
        fail();
    }
}

void scene_assert_refused(struct scene *s, X509 *signer, const struct holder *holder,
                          const char *why, const char *name)
{
    struct enroll_request request;
    struct error err = ERROR_INIT;

    scene_request(s, signer, holder, NULL, &request);
    scene_assert_why(scene_check(s, &request, &err), &err, why, name);
    scene_request_clear(&request);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void make_ca(struct test_folder *folder, struct ca **ca, EVP_PKEY **key, X509 **cert)
{
    struct ca_new_options options;
    struct error err = ERROR_INIT;

    test_folder_create(folder);
    options = fixture_options(folder);
    assert_done(ca_files_create(&options, &err), &err, "CA");
    *ca = fixture_open(folder, NULL, NULL);
    *key = fixture_key(folder, "ca.key", "ca-key");
    *cert = fixture_certificate(folder, "ca.crt");
}

/* Making a CA costs more than a test. */
static struct scene cas;

int scene_open(void **state)
{
    (void)state;
    make_ca(&cas.ca_folder, &cas.ca, &cas.ca_key, &cas.ca_cert);
    make_ca(&cas.other_folder, &cas.other_ca, &cas.other_key, &cas.other_cert);
    return 0;
}

int scene_close(void **state)
{
    (void)state;
    X509_free(cas.other_cert);
    EVP_PKEY_free(cas.other_key);
    ca_free(cas.other_ca);
    X509_free(cas.ca_cert);
    EVP_PKEY_free(cas.ca_key);
    ca_free(cas.ca);
    test_folder_remove(&cas.other_folder);
    test_folder_remove(&cas.ca_folder);
    return 0;
}

int scene_set_up(void **state)
{
    struct scene *s = malloc(sizeof(*s));
    struct store_options store = { .readers = 2 };
    struct error err = ERROR_INIT;

    assert_non_null(s);
    *s = cas;
    test_folder_create(&s->folder);
    test_folder_path(&s->folder, "openndes.db", s->database);
    store.path = s->database;
    s->store = store_open(&store, &err);
    assert_done(s->store != NULL, &err, "store");
    s->old_key = sample_key_ec();
    s->new_key = sample_key_ec();
    s->options.template_name = "device";
    s->options.ca = s->ca;
    s->options.store = s->store;
    s->options.renewal = (struct enroll_renewal_options){ .enabled = true,
                                                          .window_percent = 100,
                                                          .same_key = true,
                                                          .names = RENEWAL_NAMES_EQUAL,
                                                          .templates = "",
                                                          .per_certificate = 1 };
    *state = s;
    return 0;
}

int scene_tear_down(void **state)
{
    struct scene *s = *state;

    EVP_PKEY_free(s->new_key);
    EVP_PKEY_free(s->old_key);
    store_close(s->store);
    test_folder_remove(&s->folder);
    free(s);
    return 0;
}
