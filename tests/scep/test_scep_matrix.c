/* SPDX-License-Identifier: Apache-2.0 */
/* Digest x content cipher x key transport x size of the device's key: the answer is in kind. */
#include "scep/scep_fixture.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name;
    int nid;
} digests[] = { { "SHA1", NID_sha1 }, { "SHA256", NID_sha256 }, { "SHA512", NID_sha512 } };

static const struct {
    const char *name;
    int nid;
} ciphers[] = { { "DES-EDE3-CBC", NID_des_ede3_cbc },
                { "AES-128-CBC", NID_aes_128_cbc },
                { "AES-192-CBC", NID_aes_192_cbc },
                { "AES-256-CBC", NID_aes_256_cbc } };

static const struct {
    const char *name;
    enum scep_client_transport transport;
    int nid;
    int oaep_digest; /* which parameters must say; 0: no OAEP */
} transports[] = {
    { "v1.5", SCEP_CLIENT_PKCS1, NID_rsaEncryption, 0 },
    { "OAEP SHA-1", SCEP_CLIENT_OAEP_SHA1, NID_rsaesOaep, NID_sha1 },
    { "OAEP SHA-256", SCEP_CLIENT_OAEP_SHA256, NID_rsaesOaep, NID_sha256 },
    { "OAEP without parameters", SCEP_CLIENT_OAEP_ABSENT, NID_rsaesOaep, NID_sha1 },
};

static const struct {
    const char *name;
    enum scep_test_key key;
} sizes[] = { { "2048", SCEP_TEST_KEY_CLIENT },
              { "3072", SCEP_TEST_KEY_CLIENT_3072 },
              { "4096", SCEP_TEST_KEY_CLIENT_4096 } };

/* What is the same for all messages of one key. */
struct device {
    EVP_PKEY *key;
    X509 *cert;
    struct buffer csr;
    struct buffer issued;
};

static void device_init(struct device *d, const struct scep_fixture *f, enum scep_test_key which)
{
    struct scep_client c = scep_fixture_client(f);
    struct scep_cert_options options = { .cn = "client" };

    *d = (struct device){ .key = scep_test_key(which),
                          .csr = ASN1_BUFFER_INIT,
                          .issued = ASN1_BUFFER_INIT };
    options.key = d->key;
    d->cert = scep_cert_make(&options);
    c.key = d->key;
    scep_client_csr(&c, &d->csr);
    scep_test_ca_issue(&f->ca, d->key, "issued", &d->issued);
}

static void device_clear(struct device *d)
{
    X509_free(d->cert);
    EVP_PKEY_free(d->key);
    buffer_clear(&d->csr);
    buffer_clear(&d->issued);
}

static void exchange(const struct scep_fixture *f, const struct scep_client *c,
                     const struct device *d, struct scep_client_reply *reply, const char *name)
{
    struct scep_reply_options options = { .ras = f->ca.set, .level = ALGORITHM_LEVEL_COMPAT };
    struct buffer envelope = ASN1_BUFFER_INIT;
    struct buffer message = ASN1_BUFFER_INIT;
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    scep_client_envelope(c, buffer_bytes(&d->csr), &envelope);
    scep_client_sign(c, buffer_bytes(&envelope), &message, NULL);
    scep_fixture_receive(f, buffer_bytes(&message), ALGORITHM_LEVEL_COMPAT, &o);
    assert_opened(&o, name);
    assert_done(scep_reply_success(o.message, &options, buffer_bytes(&d->issued), &out, &err), &err,
                name);
    if (!scep_client_read(buffer_bytes(&out), f->ca.ra_certs[0], d->key, d->cert, reply)) {
        fail_msg("%s: %s", name, reply->problem);
    }
    scep_outcome_clear(&o);
    buffer_clear(&envelope);
    buffer_clear(&message);
    buffer_clear(&out);
}

static void matrix__each_combination__answer_mirrors(void **state)
{
    const struct scep_fixture *f = *state;
    size_t per_key = COUNT_OF(digests) * COUNT_OF(ciphers) * COUNT_OF(transports);

    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct device device;

        device_init(&device, f, sizes[k].key);
        for (size_t i = 0; i < per_key; i++) {
            size_t by = i % COUNT_OF(digests);
            size_t with = i / COUNT_OF(digests) % COUNT_OF(ciphers);
            size_t over = i / COUNT_OF(digests) / COUNT_OF(ciphers);
            struct scep_client c = scep_fixture_client(f);
            struct scep_client_reply reply;
            char name[96];

            (void)snprintf(name, sizeof(name), "%s %s %s %s", digests[by].name, ciphers[with].name,
                           transports[over].name, sizes[k].name);
            c.key = device.key;
            c.cert = device.cert;
            c.digest = digests[by].name;
            c.cipher = ciphers[with].name;
            c.transport = transports[over].transport;
            c.signature = i % 2 == 0 ? SCEP_CLIENT_RSA : SCEP_CLIENT_RSA_WITH_DIGEST;
            exchange(f, &c, &device, &reply, name);
            if (reply.digest_nid != digests[by].nid || reply.cipher_nid != ciphers[with].nid
                || reply.transport_nid != transports[over].nid
                || reply.transport_params != (transports[over].oaep_digest != 0)
                || (transports[over].oaep_digest != 0
                    && reply.oaep_digest_nid != transports[over].oaep_digest)) {
                fail_msg("%s: answered with %s %s %s", name, OBJ_nid2sn(reply.digest_nid),
                         OBJ_nid2sn(reply.cipher_nid), OBJ_nid2sn(reply.transport_nid));
            }
            scep_client_reply_clear(&reply);
        }
        device_clear(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix__each_combination__answer_mirrors),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
