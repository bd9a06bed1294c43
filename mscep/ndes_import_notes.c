/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an NDES has no place here, with why; and what an administrator does next.
 */
#include <string.h>

#include "base/text.h"
#include "mscep/ndes_import_plan.h"
#include "platform/clock.h"

#define DEFAULT_VDIR "CertSrv/mscep_admin"

static void not_taken(struct ndes_import_draft *d, enum ndes_setting setting, const char *text)
{
    ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(setting), "%s", text);
}

/* ---- not taken ------------------------------------------------------------------------------- */

static void note_ca(struct ndes_import_draft *d)
{
    const char *configuration = ndes_import_text(d, NDES_CA_CONFIGURATION);
    const char *kind = "";
    char shown[NDES_IMPORT_SHOWN];

    if (configuration == NULL) {
        return;
    }
    if (ndes_registry_has(d->facts->registry, NDES_CA_TYPE)) {
        kind =
            ndes_import_number(d, NDES_CA_TYPE, 0) == 1 ? " (enterprise CA)" : " (standalone CA)";
    }
    ndes_import_note(
        d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_CA_CONFIGURATION),
        "%s%s issues what NDES hands out; OpenNDES issues from a CA of its own. The CA "
        "thumbprint on the password page and in devices changes with it, and so does "
        "what has to be trusted",
        ndes_import_shown(shown, configuration), kind);
}

static void note_vdir(struct ndes_import_draft *d)
{
    const char *vdir = ndes_import_text(d, NDES_PASSWORD_VDIR);
    char shown[NDES_IMPORT_SHOWN];

    if (vdir == NULL || text_equal_nocase(vdir, DEFAULT_VDIR)
        || text_equal_nocase(vdir, "/" DEFAULT_VDIR)) {
        return;
    }
    ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_PASSWORD_VDIR),
                     "the password page was at /%s; here it is at /certsrv/mscep_admin/. Whoever "
                     "fetches passwords needs the new address, or a reverse proxy that maps the "
                     "old one",
                     ndes_import_shown(shown, vdir[0] == '/' ? vdir + 1 : vdir));
}

static void note_algorithms(struct ndes_import_draft *d)
{
    const char *hash = ndes_import_text(d, NDES_HASH_ALGORITHM);
    const char *lines = ndes_import_text(d, NDES_CAPS_ALGORITHMS);
    char shown[NDES_IMPORT_SHOWN];
    char list[NDES_IMPORT_SHOWN];
    size_t len = 0;

    if (hash != NULL) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_HASH_ALGORITHM),
                         "%s: not needed, an answer is signed with the digest of its request",
                         ndes_import_shown(shown, hash));
    }
    if (lines == NULL) {
        return;
    }
    for (; len < sizeof(list) - 1 && lines[len] != '\0'; len++) {
        list[len] = lines[len] == '\n' ? ' ' : lines[len];
    }
    list[len] = '\0';
    ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_CAPS_ALGORITHMS),
                     "%s: GetCACaps lists what a template really accepts, which its algorithms "
                     "decide. algorithms=modern leaves SHA-1 and 3DES out, from the list and from "
                     "requests",
                     ndes_import_shown(shown, list));
}

static void note_password(struct ndes_import_draft *d)
{
    if (ndes_import_number(d, NDES_USE_SINGLE_PASSWORD, 0) != 0) {
        not_taken(d, NDES_ENCRYPTED_PASSWORD,
                  "the single password is sealed for NDES's service account and cannot be read "
                  "here; it has to be entered once (see Next steps)");
    } else if (ndes_registry_has(d->facts->registry, NDES_ENCRYPTED_PASSWORD)) {
        not_taken(d, NDES_ENCRYPTED_PASSWORD, "left over; UseSinglePassword is 0");
    }
}

static void note_policy(struct ndes_import_draft *d)
{
    const char *module = ndes_import_text(d, NDES_POLICY_MODULE);
    char shown[NDES_IMPORT_SHOWN];

    if (module != NULL) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_POLICY_MODULE),
                         "%s: this NDES lets Intune or Configuration Manager check each request. "
                         "The import makes no template for that: those made here ask for passwords "
                         "of the page, which managed devices do not have",
                         ndes_import_shown(shown, module));
    }
    if (ndes_import_text(d, NDES_POLICY_CERTIFICATE) != NULL) {
        not_taken(d, NDES_POLICY_CERTIFICATE,
                  "the client certificate of the policy module is of no use without it");
    }
}

static void note_life(struct ndes_import_draft *d)
{
    if (ndes_registry_has(d->facts->registry, NDES_REFRESH_PERIOD)) {
        not_taken(d, NDES_REFRESH_PERIOD,
                  "no request is left pending: each is granted or refused at once");
    }
    if (ndes_import_number(d, NDES_RENEWAL_ANY_SUBJECT, 0) != 0) {
        not_taken(d, NDES_RENEWAL_ANY_SUBJECT,
                  "a renewed certificate has the subject of the old one (renewal.names)");
    }
    if (ndes_import_number(d, NDES_CERTS_IN_MY_STORE, 1) != 1) {
        not_taken(d, NDES_CERTS_IN_MY_STORE, "not needed, RA keys lie in the data folder");
    }
}

static void note_ra_cert(struct ndes_import_draft *d, const struct ndes_ra_cert *cert)
{
    const char *role = cert->signs && cert->decrypts ? "signs and decrypts"
                       : cert->signs                 ? "signs"
                                                     : "decrypts";
    char until[CLOCK_TEXT_MAX];

    clock_format(cert->info.not_after, until);
    ndes_import_note(
        d, NDES_IMPORT_NOT_TAKEN, "RA certificate",
        "%s, serial %s, %s, %s %s%s: each CA here has an RA of its own; devices fetch it "
        "with GetCACert",
        cert->info.subject, cert->info.serial, role,
        cert->info.not_after < d->facts->now ? "ended" : "valid until", until,
        cert->has_key ? "" : ", without private key");
}

static void note_ra(struct ndes_import_draft *d)
{
    const struct ndes_ra_certs *ra = d->facts->ra;
    char shown[NDES_IMPORT_SHOWN];

    if (d->facts->ra_problem != NULL) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "RA certificates", "not looked at: %s",
                         ndes_import_shown(shown, d->facts->ra_problem));
    }
    for (size_t i = 0; ra != NULL && i < ra->count; i++) {
        note_ra_cert(d, &ra->items[i]);
    }
    if (ra != NULL && ra->left_out > 0) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "RA certificates", "and %zu more", ra->left_out);
    }
}

static void note_iis(struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;
    char shown[NDES_IMPORT_SHOWN];

    if (d->facts->iis_problem != NULL) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "IIS", "not looked at: %s",
                         ndes_import_shown(shown, d->facts->iis_problem));
    }
    if (iis == NULL) {
        return;
    }
    if (!iis->found) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "IIS",
                         "no site holds /CertSrv/mscep; ports and sign-in are those of "
                         "openndes.json");
        return;
    }
    if (iis->other_sites > 0) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "IIS",
                         "%zu more sites hold /CertSrv/mscep; looked at was \"%s\"",
                         iis->other_sites, ndes_import_shown(shown, iis->site));
    }
    if (!iis->has_admin) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "mscep_admin",
                         "the site has no password page; here it is there, for those in "
                         "ndes.allowed. A listener without it: 0.0.0.0:80/scep+crl");
    }
    if (iis->anonymous == NDES_IIS_ON) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "mscep_admin",
                         "IIS lets everybody see the password page without sign-in; here it is "
                         "always asked for");
    }
    if (iis->digest == NDES_IIS_ON) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "mscep_admin",
                         "Digest sign-in is not offered; there is Negotiate, NTLM and Basic");
    }
}

static void note_others(struct ndes_import_draft *d)
{
    const struct ndes_registry *r = d->facts->registry;

    for (size_t i = 0; i < NDES_SETTING_COUNT; i++) {
        if (r->values[i].state == NDES_VALUE_WRONG_TYPE) {
            not_taken(d, (enum ndes_setting)i,
                      "the value has a type that NDES does not use; our default holds");
        }
    }
    for (size_t i = 0; i < r->ignored_count && i < NDES_REGISTRY_IGNORED_MAX; i++) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, r->ignored[i], "ignored: not a known setting");
    }
    if (r->ignored_count > NDES_REGISTRY_IGNORED_MAX) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "MSCEP", "and %zu more unknown values",
                         r->ignored_count - NDES_REGISTRY_IGNORED_MAX);
    }
    ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "Enroll permissions",
                     "who gets passwords is decided by the template's permissions in Active "
                     "Directory; here by ndes.allowed in openndes.json, at first the machine's "
                     "administrators");
    ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "names in requests",
                     "a template of AD CS for offline requests takes any subject and alternative "
                     "name; here subject.attributes and san.types say which, and others are "
                     "refused");
}

/* ---- next steps ------------------------------------------------------------------------------ */

#define STEP(d, ...) ndes_import_note((d), NDES_IMPORT_STEPS, "", __VA_ARGS__)

static void step_ca(struct ndes_import_draft *d)
{
    if (!d->facts->ca_ready) {
        STEP(d, "Make the CA \"default\": openndes ca create default, or, so that devices go on "
                "trusting the old root, openndes ca request default and openndes ca install "
                "default --cert FILE --chain FILE. Then: openndes template enable NAME");
    } else if (d->facts->ca_is_root) {
        STEP(d,
             "Decide which CA devices shall know. The CA \"default\" is a new root for them; they "
             "need it as a trusted CA, and so does whoever checks their certificates. To stay "
             "below the old root: openndes ca request sub --out sub.csr, have the old CA sign it "
             "as a subordinate CA, openndes ca install sub --cert FILE --chain FILE, openndes "
             "template set NAME ca=sub");
    } else {
        STEP(d, "Tell devices the new CA thumbprint where it is written down: the CA \"default\" "
                "issues, below a root that they may know already. They fetch both with GetCACert");
    }
}

static void step_templates(struct ndes_import_draft *d)
{
    for (size_t i = 0; i < d->plan->template_count; i++) {
        const struct ndes_import_template *t = &d->plan->templates[i];

        if (t->existing == NDES_IMPORT_NO_TEMPLATE
            && ndes_import_number(d, NDES_ENFORCE_PASSWORD, 1) == 0) {
            STEP(d,
                 "NDES asked for no password (EnforcePassword=0). Say from where that may go "
                 "on: openndes template set %s ip_acl.enabled=true "
                 "ip_acl.allowed=10.0.0.0/8,... ip_acl.limit=scep, then: openndes template "
                 "enable %s",
                 t->name, t->name);
        }
    }
    if (ndes_import_number(d, NDES_USE_SINGLE_PASSWORD, 0) != 0) {
        STEP(d, "Enter the single password that devices have: openndes password single --service "
                "--set - (it is shown on NDES's page and stands in the devices' configuration)");
    }
}

static bool site_has_https(const struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;

    for (size_t i = 0; iis != NULL && i < iis->binding_count; i++) {
        if (iis->bindings[i].https) {
            return true;
        }
    }
    return false;
}

static void step_https(struct ndes_import_draft *d)
{
    if (site_has_https(d) && !d->facts->https_ready) {
        STEP(d, "Set up HTTPS: openndes tls import with the certificate of the IIS site (export it "
                "as PKCS#12), or openndes tls issue; then run this import again, or set "
                "https.listen in openndes.json");
    }
}

static void step_public_url(struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;
    struct buffer url = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    char shown[NDES_IMPORT_SHOWN];
    const char *host = "";

    for (size_t i = 0; iis != NULL && i < iis->binding_count && host[0] == '\0'; i++) {
        host = iis->bindings[i].host;
    }
    if (ndes_import_current(d, "public_url", &url) && url.len == 0) {
        STEP(d,
             "Set public_url in openndes.json to the name that stays, such as http://%s: it is "
             "written into certificates",
             host[0] == '\0' ? "scep.example.com" : ndes_import_shown(shown, host));
    }
    buffer_clear(&url);
}

/* The account's name is only told when it is one of its own, not a built-in identity. */
static void step_names(struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;
    char shown[NDES_IMPORT_SHOWN];
    const char *account = iis != NULL && strchr(iis->pool_account, '\\') != NULL
                              ? ndes_import_shown(shown, iis->pool_account)
                              : NULL;

    STEP(d,
         "Keep the DNS name that devices use, or let it point here. For Kerberos its SPN has to "
         "be at the account that OpenNDES runs under and at no other: setspn -Q HTTP/NAME; "
         "setspn -D HTTP/NAME %s; setspn -S HTTP/NAME NEWACCOUNT",
         account == NULL ? "OLDACCOUNT" : account);
    step_public_url(d);
}

static void step_cut_over(struct ndes_import_draft *d)
{
    const struct ndes_iis *iis = d->facts->iis;
    const char *site = iis != NULL && iis->found ? iis->site : "Default Web Site";
    char shown[NDES_IMPORT_SHOWN];
    uint32_t minutes = ndes_import_number(d, NDES_PASSWORD_VALIDITY, 60);

    STEP(d, "Try it while NDES still serves: openndes run --listen 0.0.0.0:8080, then "
            "http://HOST:8080/certsrv/mscep/mscep.dll?operation=GetCACaps and a device that may "
            "fail");
    STEP(d,
         "Passwords that NDES has handed out are in its memory only and cannot be taken over. "
         "Cut over %u minutes (PasswordValidity) after the last one was fetched, or have "
         "devices fetch new ones",
         (unsigned)minutes);
    STEP(d,
         "Cut over: stop the IIS site (%%windir%%\\System32\\inetsrv\\appcmd stop site \"%s\") "
         "and keep it from starting again, or stop IIS as a whole (Stop-Service W3SVC; Set-Service "
         "W3SVC -StartupType Disabled)%s. Who still holds port 80: netsh http show servicestate. "
         "Then %sstart OpenNDES",
         ndes_import_shown(shown, site),
         iis != NULL && iis->other_applications > 0
             ? "; the site holds other applications too, which then need another site or port"
             : "",
         d->listen_kept ? "let listen in openndes.json say what NDES had, and " : "");
    STEP(d, "Look: openndes check, and http://NAME/certsrv/mscep/mscep.dll?operation=GetCACaps, "
            "http://NAME/certsrv/mscep_admin/. All URL forms of NDES go on working; devices need "
            "no change beside the CA");
    STEP(d, "Way back: stop OpenNDES and start the site; nothing of NDES has been changed");
}

void ndes_import_plan_notes(struct ndes_import_draft *d)
{
    note_ca(d);
    note_vdir(d);
    note_algorithms(d);
    note_password(d);
    note_policy(d);
    note_life(d);
    note_ra(d);
    note_iis(d);
    note_others(d);
    step_ca(d);
    step_templates(d);
    step_https(d);
    step_names(d);
    step_cut_over(d);
}
