/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/negotiate.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/win32/user_token_handle.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#define SECURITY_WIN32
#include <security.h>

#define TOKEN_MIN 4096u                        /* bytes of room for a reply, whatever is said */
#define BINDING_PREFIX "tls-server-end-point:" /* RFC 5929 4; without NUL */
#define BINDING_DIGEST_MAX 64u                 /* bytes */
#define BINDING_BYTES (sizeof(SEC_CHANNEL_BINDINGS) + sizeof(BINDING_PREFIX) + BINDING_DIGEST_MAX)

struct negotiate {
    atomic_uint references;
    const SecurityFunctionTableW *functions;
    CredHandle credentials;
    size_t token_max; /* bytes of the package's largest token, bounded */
};

struct negotiate_context {
    struct negotiate *negotiate;
    CtxtHandle handle;
    bool exists; /* handle is one */
    bool done;
    ULONG attributes;
};

/* ---- statuses -------------------------------------------------------------------------------- */

struct status_row {
    SECURITY_STATUS status;
    enum reason reason;
    const char *words;
};

/* What is not here is the client's failure, with the system's own text. */
static const struct status_row statuses[] = {
    { SEC_E_LOGON_DENIED, REASON_SIGN_IN_FAILED, "wrong user or password" },
    { SEC_E_INVALID_TOKEN, REASON_SIGN_IN_FAILED, "the token makes no sense" },
    { SEC_E_BAD_BINDINGS, REASON_SIGN_IN_FAILED,
      "bound to another certificate than this server's, or not at all: a proxy that ends TLS, a "
      "client without Extended Protection, or a relayed sign-in" },
    { SEC_E_WRONG_PRINCIPAL, REASON_SIGN_IN_FAILED,
      "the ticket is for another account: see the SPN of this server's name" },
    { SEC_E_TIME_SKEW, REASON_SIGN_IN_FAILED, "the clocks of client and server differ" },
    { SEC_E_MESSAGE_ALTERED, REASON_SIGN_IN_FAILED, "the token was changed on its way" },
    { SEC_E_CONTEXT_EXPIRED, REASON_SIGN_IN_FAILED, "the sign-in has expired" },
    { SEC_E_NO_AUTHENTICATING_AUTHORITY, REASON_SIGN_IN_UNAVAILABLE,
      "no domain controller answers" },
    { SEC_E_INSUFFICIENT_MEMORY, REASON_SIGN_IN_UNAVAILABLE, "out of memory" },
    { SEC_E_INTERNAL_ERROR, REASON_SIGN_IN_UNAVAILABLE, "the security package has failed" },
    { SEC_E_SECPKG_NOT_FOUND, REASON_SIGN_IN_UNAVAILABLE, "there is no such security package" },
    { SEC_E_NO_CREDENTIALS, REASON_SIGN_IN_UNAVAILABLE,
      "this account has no credentials to accept sign-ins with" },
    { SEC_E_UNSUPPORTED_FUNCTION, REASON_SIGN_IN_UNAVAILABLE, "the package cannot do this" },
};

static void status_words(SECURITY_STATUS status, char *text, size_t size)
{
    char system[256];

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            (void)snprintf(text, size, "0x%08lx, %s", (unsigned long)status, statuses[i].words);
            return;
        }
    }
    win_error_text((uint32_t)status, system, sizeof(system));
    (void)snprintf(text, size, "0x%08lx, %s", (unsigned long)status, system);
}

static bool set_status(struct error *err, enum reason reason, SECURITY_STATUS status,
                       const char *what)
{
    char words[300];

    status_words(status, words, sizeof(words));
    return error_set(err, reason, "%s: %s", what, words);
}

static bool leg_failed(SECURITY_STATUS status, struct error *err)
{
    enum reason reason = REASON_SIGN_IN_FAILED;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            reason = statuses[i].reason;
        }
    }
    return set_status(err, reason, status, "AcceptSecurityContext");
}

/* ---- credentials ----------------------------------------------------------------------------- */

static bool read_token_size(struct negotiate *n, SEC_WCHAR *package, struct error *err)
{
    SecPkgInfoW *info = NULL;
    SECURITY_STATUS status = n->functions->QuerySecurityPackageInfoW(package, &info);

    if (status != SEC_E_OK || info == NULL) {
        return set_status(err, REASON_SIGN_IN_UNAVAILABLE, status, "QuerySecurityPackageInfo");
    }
    n->token_max = info->cbMaxToken;
    (void)n->functions->FreeContextBuffer(info);
    if (n->token_max < TOKEN_MIN) {
        n->token_max = TOKEN_MIN;
    } else if (n->token_max > NEGOTIATE_TOKEN_MAX) {
        n->token_max = NEGOTIATE_TOKEN_MAX;
    }
    return true;
}

static bool acquire(struct negotiate *n, SEC_WCHAR *package, struct error *err)
{
    TimeStamp expiry;
    SECURITY_STATUS status = n->functions->AcquireCredentialsHandleW(
        NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &n->credentials, &expiry);

    if (status != SEC_E_OK) {
        SecInvalidateHandle(&n->credentials);
        return set_status(err, REASON_SIGN_IN_UNAVAILABLE, status, "AcquireCredentialsHandle");
    }
    return true;
}

bool negotiate_available(void)
{
    return true;
}

struct negotiate *negotiate_create(const struct negotiate_options *options, struct error *err)
{
    struct negotiate *n = calloc(1, sizeof(*n));
    wchar_t *package = wide_from_utf8(options->package, err);

    if (n == NULL || package == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for credentials");
        free(n);
        n = NULL;
        goto out;
    }
    atomic_init(&n->references, 1);
    SecInvalidateHandle(&n->credentials);
    n->functions = options->functions != NULL ? options->functions : InitSecurityInterfaceW();
    if (n->functions == NULL) {
        (void)error_set(err, REASON_SIGN_IN_UNAVAILABLE, "Windows has no security packages");
    } else if (read_token_size(n, package, err) && acquire(n, package, err)) {
        goto out;
    }
    (void)error_context(err, "security package %s", options->package);
    negotiate_unref(n);
    n = NULL;
out:
    free(package);
    return n;
}

struct negotiate *negotiate_ref(struct negotiate *n)
{
    (void)atomic_fetch_add(&n->references, 1);
    return n;
}

void negotiate_unref(struct negotiate *n)
{
    if (n == NULL || atomic_fetch_sub(&n->references, 1) != 1) {
        return;
    }
    if (SecIsValidHandle(&n->credentials)) {
        (void)n->functions->FreeCredentialsHandle(&n->credentials);
    }
    free(n);
}

/* ---- one sign-in ----------------------------------------------------------------------------- */

struct negotiate_context *negotiate_context_create(struct negotiate *n, struct error *err)
{
    struct negotiate_context *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in");
        return NULL;
    }
    c->negotiate = negotiate_ref(n);
    SecInvalidateHandle(&c->handle);
    return c;
}

void negotiate_context_free(struct negotiate_context *c)
{
    if (c == NULL) {
        return;
    }
    if (c->exists) {
        (void)c->negotiate->functions->DeleteSecurityContext(&c->handle);
    }
    negotiate_unref(c->negotiate);
    free(c);
}

/* RFC 5929 4 in the form of SSPI: a header, then the prefix and the digest. */
struct binding {
    union {
        SEC_CHANNEL_BINDINGS header;
        uint8_t bytes[BINDING_BYTES];
    };
    size_t len;
};

static bool make_binding(struct bytes digest, struct binding *out, struct error *err)
{
    size_t prefix = sizeof(BINDING_PREFIX) - 1;

    memset(out, 0, sizeof(*out));
    if (digest.len > BINDING_DIGEST_MAX) {
        return error_set(err, REASON_INTERNAL, "a certificate digest of %zu bytes", digest.len);
    }
    out->header.cbApplicationDataLength = (DWORD)(prefix + digest.len);
    out->header.dwApplicationDataOffset = (DWORD)sizeof(out->header);
    memcpy(out->bytes + sizeof(out->header), BINDING_PREFIX, prefix);
    memcpy(out->bytes + sizeof(out->header) + prefix, digest.data, digest.len);
    out->len = sizeof(out->header) + prefix + digest.len;
    return true;
}

static SecBuffer buffer_for(struct bytes bytes, ULONG type)
{
    SecBuffer b;

    b.cbBuffer = (ULONG)bytes.len;
    b.BufferType = type;
    b.pvBuffer = (void *)(uintptr_t)bytes.data; /* SSPI only reads it */
    return b;
}

static SECURITY_STATUS call_accept(struct negotiate_context *c, const struct negotiate_leg *leg,
                                   struct binding *binding, SecBuffer *reply)
{
    const SecurityFunctionTableW *f = c->negotiate->functions;
    SecBuffer in[2] = {
        buffer_for(leg->token, SECBUFFER_TOKEN),
        buffer_for(bytes_of(binding->bytes, binding->len), SECBUFFER_CHANNEL_BINDINGS),
    };
    SecBufferDesc in_list = { SECBUFFER_VERSION, binding->len > 0 ? 2 : 1, in };
    SecBufferDesc reply_list = { SECBUFFER_VERSION, 1, reply };
    ULONG wants = ASC_REQ_CONNECTION | ASC_REQ_EXTENDED_ERROR;
    TimeStamp expiry;
    SECURITY_STATUS status;

    if (binding->len > 0 && !leg->binding_required) {
        wants |= ASC_REQ_ALLOW_MISSING_BINDINGS;
    }
    status = f->AcceptSecurityContext(&c->negotiate->credentials, c->exists ? &c->handle : NULL,
                                      &in_list, wants, SECURITY_NATIVE_DREP, &c->handle,
                                      &reply_list, &c->attributes, &expiry);
    /* a first leg that fails may have left a context all the same */
    c->exists =
        c->exists || status >= 0
        || (SecIsValidHandle(&c->handle) && (c->handle.dwLower != 0 || c->handle.dwUpper != 0));
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = f->CompleteAuthToken != NULL
                                        ? f->CompleteAuthToken(&c->handle, &reply_list)
                                        : SEC_E_UNSUPPORTED_FUNCTION;

        if (completed != SEC_E_OK) {
            return completed < 0 ? completed : SEC_E_INTERNAL_ERROR;
        }
        return status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    return status;
}

bool negotiate_accept(struct negotiate_context *c, const struct negotiate_leg *leg,
                      struct buffer *reply, bool *done, struct error *err)
{
    struct binding binding = { .len = 0 };
    SecBuffer answer = { 0, SECBUFFER_TOKEN, NULL };
    SECURITY_STATUS status;
    bool ok = false;

    *done = false;
    if (leg->token.len == 0 || leg->token.len > NEGOTIATE_TOKEN_MAX || c->done) {
        return error_set(err, REASON_SIGN_IN_FAILED, "a token of %zu bytes", leg->token.len);
    }
    if (leg->server_end_point.len > 0 && !make_binding(leg->server_end_point, &binding, err)) {
        return false;
    }
    answer.pvBuffer = calloc(1, c->negotiate->token_max);
    answer.cbBuffer = (ULONG)c->negotiate->token_max;
    if (answer.pvBuffer == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in");
    }
    status = call_accept(c, leg, &binding, &answer);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
        ok = leg_failed(status, err);
    } else if (answer.cbBuffer > c->negotiate->token_max
               || (status == SEC_I_CONTINUE_NEEDED && answer.cbBuffer == 0)) {
        ok = error_set(err, REASON_SIGN_IN_FAILED, "the package answers with %lu bytes",
                       (unsigned long)answer.cbBuffer);
    } else {
        ok = buffer_append(reply, answer.pvBuffer, answer.cbBuffer, err);
        c->done = ok && status == SEC_E_OK;
        *done = c->done;
    }
    free(answer.pvBuffer);
    return ok;
}

/* ---- who it was ------------------------------------------------------------------------------ */

static void read_name(struct negotiate_context *c, struct negotiate_user *out)
{
    const SecurityFunctionTableW *f = c->negotiate->functions;
    SecPkgContext_NamesW names = { NULL };
    struct buffer text = BUFFER_INIT(4 * NEGOTIATE_NAME_MAX);
    struct error ignored = ERROR_INIT;

    if (f->QueryContextAttributesW(&c->handle, SECPKG_ATTR_NAMES, &names) != SEC_E_OK
        || names.sUserName == NULL) {
        return;
    }
    if (!wide_to_utf8(names.sUserName, &text, &ignored)
        || !text_copy(out->name, sizeof(out->name), buffer_text(&text))) {
        out->name[0] = '\0'; /* one that does not fit is no name of Windows */
    }
    buffer_clear(&text);
    (void)f->FreeContextBuffer(names.sUserName);
}

static void read_package(struct negotiate_context *c, struct negotiate_user *out)
{
    const SecurityFunctionTableW *f = c->negotiate->functions;
    SecPkgContext_NegotiationInfoW info = { NULL, 0 };

    if (f->QueryContextAttributesW(&c->handle, SECPKG_ATTR_NEGOTIATION_INFO, &info) != SEC_E_OK
        || info.PackageInfo == NULL) {
        return;
    }
    if (info.PackageInfo->Name != NULL && wcscmp(info.PackageInfo->Name, L"Kerberos") == 0) {
        out->package = "Kerberos";
    } else if (info.PackageInfo->Name != NULL && wcscmp(info.PackageInfo->Name, L"NTLM") == 0) {
        out->package = "NTLM";
    }
    (void)f->FreeContextBuffer(info.PackageInfo);
}

/* What is not readable leaves the user without a token; what is bad refuses him. */
static bool read_token(struct negotiate_context *c, struct negotiate_user *out, struct error *err)
{
    const SecurityFunctionTableW *f = c->negotiate->functions;
    void *handle = NULL;
    char words[120];
    SECURITY_STATUS status = f->QuerySecurityContextToken != NULL
                                 ? f->QuerySecurityContextToken(&c->handle, &handle)
                                 : SEC_E_UNSUPPORTED_FUNCTION;

    if (status != SEC_E_OK || handle == NULL) {
        status_words(status, words, sizeof(words));
        (void)snprintf(out->problem, sizeof(out->problem), "QuerySecurityContextToken: %s", words);
        return true;
    }
    out->token = user_token_take(handle, err);
    return out->token != NULL;
}

bool negotiate_user(struct negotiate_context *c, struct negotiate_user *out, struct error *err)
{
    memset(out, 0, sizeof(*out));
    out->package = "Negotiate";
    if (!c->done) {
        return error_set(err, REASON_INTERNAL, "the sign-in is not complete");
    }
    if ((c->attributes & ASC_RET_NULL_SESSION) != 0) {
        return error_set(err, REASON_SIGN_IN_FAILED, "an anonymous sign-in (null session)");
    }
    read_name(c, out);
    read_package(c, out);
    return read_token(c, out, err);
}
