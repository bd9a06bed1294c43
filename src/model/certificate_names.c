/* SPDX-License-Identifier: Apache-2.0 */
#include "model/certificate_names.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/asn1_text.h"

/* ---- subject --------------------------------------------------------------------------------- */

/* The same characters, whatever string types they are in. */
static bool same_value(const ASN1_STRING *a, const ASN1_STRING *b, bool *same, struct error *err)
{
    struct buffer text_a = BUFFER_INIT(LIMIT_DN_BYTES);
    struct buffer text_b = BUFFER_INIT(LIMIT_DN_BYTES);
    bool ok = asn1_text_append(a, &text_a, err) && asn1_text_append(b, &text_b, err);

    *same = ok && bytes_equal(buffer_bytes(&text_a), buffer_bytes(&text_b));
    buffer_clear(&text_b);
    buffer_clear(&text_a);
    return ok;
}

/* How many entries of this RDN are the same attribute with the same value. */
static bool count_in_rdn(const X509_NAME *name, int rdn, const X509_NAME_ENTRY *wanted, int *count,
                         struct error *err)
{
    *count = 0;
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        bool same =
            X509_NAME_ENTRY_set(entry) == rdn
            && OBJ_cmp(X509_NAME_ENTRY_get_object(entry), X509_NAME_ENTRY_get_object(wanted)) == 0;

        if (same
            && !same_value(X509_NAME_ENTRY_get_data(entry), X509_NAME_ENTRY_get_data(wanted), &same,
                           err)) {
            return false;
        }
        *count += same ? 1 : 0;
    }
    return true;
}

/*
 * RDN by RDN, in order. The attributes inside of one are a SET OF: a certificate has them sorted,
 * whichever order the request (a Cisco router's, with unstructuredName and serialNumber) had.
 */
static bool same_name(const X509_NAME *a, const X509_NAME *b, bool *same, struct error *err)
{
    int count = X509_NAME_entry_count(a);

    *same = count == X509_NAME_entry_count(b);
    for (int i = 0; *same && i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(a, i);
        int rdn = X509_NAME_ENTRY_set(entry);
        int in_a = 0;
        int in_b = 0;

        if (!count_in_rdn(a, rdn, entry, &in_a, err) || !count_in_rdn(b, rdn, entry, &in_b, err)) {
            return false;
        }
        *same = in_a == in_b;
    }
    return true;
}

/* ---- subject alternative names --------------------------------------------------------------- */

/* Encoded names, sorted. */
struct encoded {
    struct bytes *items;
    size_t count;
};

static void encoded_clear(struct encoded *e)
{
    for (size_t i = 0; i < e->count; i++) {
        OPENSSL_free((void *)e->items[i].data);
    }
    free(e->items);
}

static int compare(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;

    if (x->len != y->len) return x->len < y->len ? -1 : 1;
    return memcmp(x->data, y->data, x->len);
}

/* NULL: no names. */
static bool encode(const GENERAL_NAMES *names, struct encoded *out, struct error *err)
{
    int count = names != NULL ? sk_GENERAL_NAME_num(names) : 0;

    if (count <= 0) return true;
    out->items = calloc((size_t)count, sizeof(struct bytes));
    if (out->items == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        unsigned char *der = NULL;
        int len = i2d_GENERAL_NAME(sk_GENERAL_NAME_value(names, i), &der);

        if (len <= 0) {
            ERR_clear_error();
            return error_set(err, REASON_NO_MEMORY, "a name cannot be encoded");
        }
        out->items[out->count++] = bytes_of(der, (size_t)len);
    }
    qsort(out->items, out->count, sizeof(struct bytes), compare);
    return true;
}

static bool same_names(const GENERAL_NAMES *a, const GENERAL_NAMES *b, bool *same,
                       struct error *err)
{
    struct encoded x = { NULL, 0 };
    struct encoded y = { NULL, 0 };
    bool ok = encode(a, &x, err) && encode(b, &y, err);

    *same = ok && x.count == y.count;
    for (size_t i = 0; *same && i < x.count; i++) {
        *same = bytes_equal(x.items[i], y.items[i]);
    }
    encoded_clear(&y);
    encoded_clear(&x);
    return ok;
}

bool certificate_names_san(const X509 *cert, GENERAL_NAMES **out, struct error *err)
{
    int state = 0;

    ERR_set_mark();
    *out = X509_get_ext_d2i(cert, NID_subject_alt_name, &state, NULL);
    ERR_pop_to_mark();
    if (*out != NULL || state == -1) return true;
    return error_set(err, REASON_CERT_UNREADABLE,
                     "its subject alternative names are malformed or there twice");
}

/* ---- both ------------------------------------------------------------------------------------ */

bool certificate_names_compare(const struct x509_st *cert, const struct csr *csr,
                               const char **difference, struct error *err)
{
    GENERAL_NAMES *san = NULL;
    bool subject_same = false;
    bool san_same = false;
    bool ok = false;

    if (!same_name(X509_get_subject_name(cert), csr_subject(csr), &subject_same, err)) goto out;
    if (!certificate_names_san(cert, &san, err)) goto out;
    if (!same_names(san, csr->san, &san_same, err)) goto out;
    *difference = NULL;
    if (!san_same) {
        *difference = "other subject alternative names";
    }
    if (!subject_same) {
        *difference = "another subject";
    }
    ok = true;
out:
    GENERAL_NAMES_free(san);
    return ok;
}

bool certificate_is_end_entity(const struct x509_st *cert)
{
    /* An extension that cannot be read could be the one that matters; and a CA that may not sign
     * certificates is none to X509_check_ca. */
    uint32_t flags = 0;
    bool is_ca = false;

    ERR_set_mark();
    flags = X509_get_extension_flags((X509 *)cert);
    is_ca = X509_check_ca((X509 *)cert) != 0;
    ERR_pop_to_mark();
    return (flags & (EXFLAG_INVALID | EXFLAG_CA)) == 0 && !is_ca;
}
