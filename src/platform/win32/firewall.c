/* SPDX-License-Identifier: Apache-2.0 */
#define COBJMACROS
#include "platform/firewall.h"

#include <stdlib.h>

#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <initguid.h> /* the class and interface numbers of the next header are made here */
#include <netfw.h>
#include <oleauto.h>

#define PROTOCOL_TCP 6
#define NUMBER_FILE_NOT_FOUND ((HRESULT)0x80070002)

/* One look at the policy; COM is as it was when it is closed. */
struct firewall {
    bool com; /* CoUninitialize is due */
    INetFwPolicy2 *policy;
    INetFwRules *rules;
};

static bool failed(struct error *err, HRESULT hr, const char *what)
{
    /* a number of Windows inside an HRESULT is the better known one */
    uint32_t number =
        HRESULT_FACILITY(hr) == FACILITY_WIN32 ? (uint32_t)HRESULT_CODE(hr) : (uint32_t)hr;

    return win_error_set(
        err, number == ERROR_ACCESS_DENIED ? REASON_NOT_PERMITTED : REASON_FIREWALL, number, what);
}

static void firewall_close(struct firewall *f)
{
    if (f->rules != NULL) {
        (void)INetFwRules_Release(f->rules);
    }
    if (f->policy != NULL) {
        (void)INetFwPolicy2_Release(f->policy);
    }
    if (f->com) {
        CoUninitialize();
    }
}

static bool firewall_open(struct firewall *f, struct error *err)
{
    void *policy = NULL;
    HRESULT hr = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);

    *f = (struct firewall){ .com = SUCCEEDED(hr) };
    /* the thread may be in the other kind of apartment already, which serves as well */
    if (FAILED(hr) && hr != RPC_E_CHANGED_MODE) {
        return failed(err, hr, "COM");
    }
    hr = CoCreateInstance(&CLSID_NetFwPolicy2, NULL, CLSCTX_INPROC_SERVER, &IID_INetFwPolicy2,
                          &policy);
    if (FAILED(hr)) {
        return failed(err, hr, "Windows Firewall cannot be asked");
    }
    f->policy = policy;
    hr = INetFwPolicy2_get_Rules(f->policy, &f->rules);
    if (FAILED(hr) || f->rules == NULL) {
        f->rules = NULL;
        return failed(err, FAILED(hr) ? hr : E_NOTIMPL, "the rules of Windows Firewall");
    }
    return true;
}

/* Owned: SysFreeString. */
static BSTR make_bstr(const char *text, struct error *err)
{
    wchar_t *wide = wide_from_utf8(text, err);
    BSTR bstr = wide == NULL ? NULL : SysAllocString(wide);

    if (wide != NULL && bstr == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a firewall rule");
    }
    free(wide);
    return bstr;
}

/* The texts of a rule for COM. */
struct rule_texts {
    BSTR name, description, program, ports;
};

static bool rule_texts_make(const struct firewall_rule *rule, struct rule_texts *texts,
                            struct error *err)
{
    texts->name = make_bstr(rule->name, err);
    texts->description = make_bstr(rule->description, err);
    texts->program = make_bstr(rule->program, err);
    texts->ports = make_bstr(rule->ports, err);
    return texts->name != NULL && texts->description != NULL && texts->program != NULL
           && texts->ports != NULL;
}

static void rule_texts_clear(struct rule_texts *texts)
{
    SysFreeString(texts->name);
    SysFreeString(texts->description);
    SysFreeString(texts->program);
    SysFreeString(texts->ports);
}

/* What follows from the program and its settings. The protocol has to stand before the ports. */
static HRESULT fill_target(INetFwRule *rule, const struct rule_texts *texts)
{
    HRESULT hr = INetFwRule_put_ApplicationName(rule, texts->program);

    if (SUCCEEDED(hr)) hr = INetFwRule_put_Protocol(rule, PROTOCOL_TCP);
    if (SUCCEEDED(hr)) hr = INetFwRule_put_LocalPorts(rule, texts->ports);
    return hr;
}

static HRESULT fill_rule(INetFwRule *rule, const struct rule_texts *texts)
{
    HRESULT hr = INetFwRule_put_Name(rule, texts->name);

    if (SUCCEEDED(hr)) hr = INetFwRule_put_Description(rule, texts->description);
    if (SUCCEEDED(hr)) hr = fill_target(rule, texts);
    if (SUCCEEDED(hr)) hr = INetFwRule_put_Direction(rule, NET_FW_RULE_DIR_IN);
    if (SUCCEEDED(hr)) hr = INetFwRule_put_Action(rule, NET_FW_ACTION_ALLOW);
    if (SUCCEEDED(hr)) {
        hr = INetFwRule_put_Profiles(rule, NET_FW_PROFILE2_DOMAIN | NET_FW_PROFILE2_PRIVATE);
    }
    if (SUCCEEDED(hr)) hr = INetFwRule_put_Enabled(rule, VARIANT_TRUE);
    return hr;
}

/*
 * A rule that is there keeps what an administrator has given it, above all the addresses that it
 * lets in: made anew by each upgrade it would be open to everybody again. False: there is none, or
 * it does not take this.
 */
static bool update_rule(const struct firewall *f, const struct rule_texts *texts)
{
    INetFwRule *rule = NULL;
    bool ok = SUCCEEDED(INetFwRules_Item(f->rules, texts->name, &rule)) && rule != NULL
              && SUCCEEDED(fill_target(rule, texts));

    if (rule != NULL) {
        (void)INetFwRule_Release(rule);
    }
    return ok;
}

static HRESULT make_rule(const struct firewall *f, const struct rule_texts *texts)
{
    void *made = NULL;
    HRESULT hr =
        CoCreateInstance(&CLSID_NetFwRule, NULL, CLSCTX_INPROC_SERVER, &IID_INetFwRule, &made);

    if (SUCCEEDED(hr)) {
        hr = fill_rule(made, texts);
    }
    /* Names need not be unique: without this each call would add one more. */
    if (SUCCEEDED(hr)) {
        (void)INetFwRules_Remove(f->rules, texts->name);
        hr = INetFwRules_Add(f->rules, made);
    }
    if (made != NULL) {
        (void)INetFwRule_Release((INetFwRule *)made);
    }
    return hr;
}

bool firewall_rule_set(const struct firewall_rule *rule, struct error *err)
{
    struct firewall f = { .com = false };
    struct rule_texts texts = { NULL, NULL, NULL, NULL };
    HRESULT hr = S_OK;
    bool ok = false;

    if (!rule_texts_make(rule, &texts, err)) goto out;
    if (!firewall_open(&f, err)) goto out;
    if (!update_rule(&f, &texts)) {
        hr = make_rule(&f, &texts);
    }
    ok = SUCCEEDED(hr) || failed(err, hr, "the rule of Windows Firewall was not made");
out:
    firewall_close(&f);
    rule_texts_clear(&texts);
    return ok;
}

bool firewall_rule_remove(const char *name, struct error *err)
{
    struct firewall f = { .com = false };
    BSTR text = make_bstr(name, err);
    bool ok = text != NULL && firewall_open(&f, err);

    if (ok) {
        HRESULT hr = INetFwRules_Remove(f.rules, text);

        ok = SUCCEEDED(hr) || hr == NUMBER_FILE_NOT_FOUND
             || failed(err, hr, "the rule of Windows Firewall was not removed");
    }
    firewall_close(&f);
    SysFreeString(text);
    return ok;
}

/* Windows keeps "80,443" as it was written. */
static bool same_ports(INetFwRule *rule, BSTR ports)
{
    BSTR has = NULL;
    bool same = ports == NULL
                || (SUCCEEDED(INetFwRule_get_LocalPorts(rule, &has)) && has != NULL
                    && wcscmp(has, ports) == 0);

    SysFreeString(has);
    return same;
}

static enum firewall_state look(const struct firewall *f, BSTR name, BSTR ports, struct error *err)
{
    INetFwRule *rule = NULL;
    VARIANT_BOOL enabled = VARIANT_FALSE;
    enum firewall_state state = FIREWALL_NO_RULE;
    HRESULT hr = INetFwRules_Item(f->rules, name, &rule);

    if (hr == NUMBER_FILE_NOT_FOUND) {
        return FIREWALL_NO_RULE;
    }
    if (FAILED(hr) || rule == NULL) {
        (void)failed(err, FAILED(hr) ? hr : E_NOTIMPL, "the rules of Windows Firewall");
        return FIREWALL_UNKNOWN;
    }
    hr = INetFwRule_get_Enabled(rule, &enabled);
    if (FAILED(hr)) {
        (void)failed(err, hr, "the rule of Windows Firewall");
        state = FIREWALL_UNKNOWN;
    } else if (enabled != VARIANT_FALSE && same_ports(rule, ports)) {
        state = FIREWALL_RULE;
    }
    (void)INetFwRule_Release(rule);
    return state;
}

/* *off: the firewall lets everything in, in each profile that a network of this machine is in. */
static bool is_off(const struct firewall *f, bool *off, struct error *err)
{
    static const NET_FW_PROFILE_TYPE2 profiles[] = { NET_FW_PROFILE2_DOMAIN,
                                                     NET_FW_PROFILE2_PRIVATE,
                                                     NET_FW_PROFILE2_PUBLIC };
    long active = 0;
    HRESULT hr = INetFwPolicy2_get_CurrentProfileTypes(f->policy, &active);

    *off = active != 0;
    for (size_t i = 0; SUCCEEDED(hr) && i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        VARIANT_BOOL enabled = VARIANT_FALSE;

        if ((active & (long)profiles[i]) != 0) {
            hr = INetFwPolicy2_get_FirewallEnabled(f->policy, profiles[i], &enabled);
            *off = *off && enabled == VARIANT_FALSE;
        }
    }
    return SUCCEEDED(hr) || failed(err, hr, "the profiles of Windows Firewall");
}

enum firewall_state firewall_rule_state(const char *name, const char *ports, struct error *err)
{
    struct firewall f = { .com = false };
    enum firewall_state state = FIREWALL_UNKNOWN;
    BSTR text = make_bstr(name, err);
    BSTR port_text = ports == NULL ? NULL : make_bstr(ports, err);
    bool off = false;

    if (text == NULL || (ports != NULL && port_text == NULL)) goto out;
    if (!firewall_open(&f, err)) goto out;
    if (!is_off(&f, &off, err)) goto out;
    state = off ? FIREWALL_OFF : look(&f, text, port_text, err);
out:
    firewall_close(&f);
    SysFreeString(text);
    SysFreeString(port_text);
    return state;
}
