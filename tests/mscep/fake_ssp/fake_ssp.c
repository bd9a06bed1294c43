/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A security package as a DLL: what a test needs to see real SSPI calls end in a name and a token,
 * which Wine's own packages do not give. Loaded by its path and used through its function table:
 * nothing is registered. It has what registering takes (SecurityProviders below HKLM\SYSTEM\
 * CurrentControlSet\Control\SecurityProviders), but then each process of the prefix loads it.
 *
 * "TestNego": first token 0x60 and anything, answered by 0xa1 "who?"; second 0xa1 and a text:
 *   alice       done: CORP\alice, this process's token     alice2   the same by CompleteAuthToken
 *   bound       as alice, if the channel bindings are these of the test, else SEC_E_BAD_BINDINGS
 *   null        done, as a null session                    blind    done, without a token
 *   guest       done, with a handle that is no token       else     SEC_E_LOGON_DENIED
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>
#define SECURITY_WIN32
#include <security.h>

#define EXPORT __declspec(dllexport)
#define CREDENTIAL 0x7e57u

struct context {
    BOOL asked;
    BOOL complete; /* CompleteAuthToken was called */
    BOOL needs_complete;
    char text[32];
};

static LONG contexts;
static LONG credentials;
static ULONG last_flags;

EXPORT LONG fake_ssp_contexts(void);
EXPORT LONG fake_ssp_credentials(void);
EXPORT ULONG fake_ssp_last_flags(void);
PSecurityFunctionTableW WINAPI fake_ssp_init(void); /* InitSecurityInterfaceW, by fake_ssp.def */

LONG fake_ssp_contexts(void)
{
    return contexts;
}

LONG fake_ssp_credentials(void)
{
    return credentials;
}

ULONG fake_ssp_last_flags(void)
{
    return last_flags;
}

/* ---- package --------------------------------------------------------------------------------- */

static SecPkgInfoW *new_info(const wchar_t *name)
{
    struct {
        SecPkgInfoW info;
        wchar_t name[32];
    } *memory = calloc(1, sizeof(*memory));

    if (memory != NULL) {
        wcscpy(memory->name, name);
        memory->info.cbMaxToken = 12000;
        memory->info.Name = memory->name;
        memory->info.Comment = memory->name;
    }
    return memory != NULL ? &memory->info : NULL;
}

static SECURITY_STATUS WINAPI free_buffer(PVOID memory)
{
    free(memory);
    return SEC_E_OK;
}

static SECURITY_STATUS WINAPI enumerate(ULONG *count, PSecPkgInfoW *info)
{
    *count = 1;
    *info = new_info(L"TestNego");
    return *info != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS WINAPI query_package(LPWSTR name, PSecPkgInfoW *info)
{
    ULONG count = 0;

    return wcscmp(name, L"TestNego") == 0 ? enumerate(&count, info) : SEC_E_SECPKG_NOT_FOUND;
}

static SECURITY_STATUS WINAPI acquire(LPWSTR principal, LPWSTR package, ULONG use, void *logon,
                                      void *data, SEC_GET_KEY_FN get_key, void *get_key_argument,
                                      PCredHandle credential, PTimeStamp expiry)
{
    (void)principal;
    (void)logon;
    (void)data;
    (void)get_key;
    (void)get_key_argument;
    (void)expiry;
    if (wcscmp(package, L"TestNego") != 0 || use != SECPKG_CRED_INBOUND) {
        return SEC_E_SECPKG_NOT_FOUND;
    }
    credential->dwLower = CREDENTIAL;
    credential->dwUpper = 0;
    (void)InterlockedIncrement(&credentials);
    return SEC_E_OK;
}

static SECURITY_STATUS WINAPI free_credentials(PCredHandle credential)
{
    (void)credential;
    (void)InterlockedDecrement(&credentials);
    return SEC_E_OK;
}

/* ---- accepting ------------------------------------------------------------------------------- */

static const SecBuffer *find_buffer(const SecBufferDesc *list, ULONG type)
{
    for (ULONG i = 0; list != NULL && i < list->cBuffers; i++) {
        if (list->pBuffers[i].BufferType == type) {
            return &list->pBuffers[i];
        }
    }
    return NULL;
}

/* RFC 5929 4 for the digest 01 02 03 04 05. */
static BOOL is_bound(const SecBufferDesc *input)
{
    static const char expected[] = "tls-server-end-point:\1\2\3\4\5";
    const SecBuffer *buffer = find_buffer(input, SECBUFFER_CHANNEL_BINDINGS);
    const SEC_CHANNEL_BINDINGS *b = NULL;

    if (buffer == NULL || buffer->cbBuffer < sizeof(*b)) {
        return FALSE;
    }
    b = buffer->pvBuffer;
    return b->dwInitiatorAddrType == 0 && b->cbInitiatorLength == 0 && b->dwAcceptorAddrType == 0
           && b->cbAcceptorLength == 0 && b->cbApplicationDataLength == sizeof(expected) - 1
           && b->dwApplicationDataOffset == sizeof(*b)
           && buffer->cbBuffer == sizeof(*b) + sizeof(expected) - 1
           && memcmp(b + 1, expected, sizeof(expected) - 1) == 0;
}

static SECURITY_STATUS answer(SecBufferDesc *output, const char *text)
{
    SecBuffer *buffer = (SecBuffer *)(uintptr_t)find_buffer(output, SECBUFFER_TOKEN);

    if (buffer == NULL || buffer->cbBuffer < 12000) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    memcpy(buffer->pvBuffer, text, strlen(text));
    buffer->cbBuffer = (ULONG)strlen(text);
    return SEC_E_OK;
}

static SECURITY_STATUS second_leg(struct context *c, const SecBuffer *token, SecBufferDesc *input,
                                  SecBufferDesc *output, ULONG *attributes)
{
    if (token->cbBuffer < 1 || token->cbBuffer > sizeof(c->text)) {
        return SEC_E_INVALID_TOKEN;
    }
    memcpy(c->text, (const char *)token->pvBuffer + 1, token->cbBuffer - 1);
    if (strcmp(c->text, "null") == 0) {
        *attributes |= ASC_RET_NULL_SESSION;
    } else if (strcmp(c->text, "bound") == 0 && !is_bound(input)) {
        return SEC_E_BAD_BINDINGS;
    } else if (strcmp(c->text, "alice") != 0 && strcmp(c->text, "alice2") != 0
               && strcmp(c->text, "bound") != 0 && strcmp(c->text, "blind") != 0
               && strcmp(c->text, "guest") != 0) {
        return SEC_E_LOGON_DENIED;
    }
    if (strcmp(c->text, "alice2") == 0) {
        c->needs_complete = TRUE;
        return answer(output, "\xa1welcome") == SEC_E_OK ? SEC_I_COMPLETE_NEEDED
                                                         : SEC_E_INTERNAL_ERROR;
    }
    return answer(output, "\xa1welcome");
}

static SECURITY_STATUS WINAPI accept_context(PCredHandle credential, PCtxtHandle handle,
                                             PSecBufferDesc input, ULONG flags, ULONG drep,
                                             PCtxtHandle new_handle, PSecBufferDesc output,
                                             PULONG attributes, PTimeStamp expiry)
{
    const SecBuffer *token = find_buffer(input, SECBUFFER_TOKEN);
    struct context *c = NULL;

    (void)drep;
    (void)expiry;
    last_flags = flags;
    *attributes = 0;
    if (credential == NULL || credential->dwLower != CREDENTIAL || token == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (handle != NULL) {
        c = (struct context *)handle->dwLower;
        return c->asked ? second_leg(c, token, input, output, attributes) : SEC_E_INVALID_HANDLE;
    }
    if (token->cbBuffer < 1 || *(const unsigned char *)token->pvBuffer != 0x60) {
        return SEC_E_INVALID_TOKEN;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->asked = TRUE;
    (void)InterlockedIncrement(&contexts);
    new_handle->dwLower = (ULONG_PTR)c;
    new_handle->dwUpper = 1;
    return answer(output, "\xa1who?") == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS WINAPI complete_token(PCtxtHandle handle, PSecBufferDesc token)
{
    (void)token;
    ((struct context *)handle->dwLower)->complete = TRUE;
    return SEC_E_OK;
}

static SECURITY_STATUS WINAPI delete_context(PCtxtHandle handle)
{
    free((struct context *)handle->dwLower);
    (void)InterlockedDecrement(&contexts);
    return SEC_E_OK;
}

/* ---- questions ------------------------------------------------------------------------------- */

static SECURITY_STATUS WINAPI query_attributes(PCtxtHandle handle, ULONG attribute, void *out)
{
    static const wchar_t name[] = L"CORP\\alice";

    (void)handle;
    if (attribute == SECPKG_ATTR_NAMES) {
        SecPkgContext_NamesW *names = out;

        names->sUserName = malloc(sizeof(name));
        if (names->sUserName != NULL) {
            memcpy(names->sUserName, name, sizeof(name));
        }
        return SEC_E_OK;
    }
    if (attribute == SECPKG_ATTR_NEGOTIATION_INFO) {
        SecPkgContext_NegotiationInfoW *info = out;

        info->PackageInfo = new_info(L"Kerberos");
        info->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
        return SEC_E_OK;
    }
    return SEC_E_UNSUPPORTED_FUNCTION;
}

static SECURITY_STATUS SEC_ENTRY query_token(PCtxtHandle handle, void **token)
{
    struct context *c = (struct context *)handle->dwLower;
    HANDLE process = NULL;
    HANDLE copy = NULL;

    if (strcmp(c->text, "blind") == 0 || (c->needs_complete && !c->complete)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (strcmp(c->text, "guest") == 0) {
        *token = (HANDLE)(ULONG_PTR)0xdeadbeef;
        return SEC_E_OK;
    }
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &process)) {
        return SEC_E_INTERNAL_ERROR;
    }
    (void)DuplicateToken(process, SecurityImpersonation, &copy);
    (void)CloseHandle(process);
    *token = copy;
    return copy != NULL ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

static SecurityFunctionTableW table = {
    .dwVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .EnumerateSecurityPackagesW = enumerate,
    .AcquireCredentialsHandleW = acquire,
    .FreeCredentialsHandle = free_credentials,
    .AcceptSecurityContext = accept_context,
    .CompleteAuthToken = complete_token,
    .DeleteSecurityContext = delete_context,
    .QueryContextAttributesW = query_attributes,
    .FreeContextBuffer = free_buffer,
    .QuerySecurityPackageInfoW = query_package,
    .QuerySecurityContextToken = query_token,
};

PSecurityFunctionTableW WINAPI fake_ssp_init(void)
{
    return &table;
}
