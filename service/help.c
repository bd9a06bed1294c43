/* SPDX-License-Identifier: Apache-2.0 */
#include "service/help.h"

#include <string.h>

#include "service/commands.h"

struct help_page {
    const char *verb;
    const char *summary;
    const char *text;
};

static const struct help_page pages[] = {
    { "init", "make a data folder: CA, RA, first template",
      "openndes --data DIR init [OPTIONS]\n"
      "\n"
      "Makes the folder with a CA, its RA certificate and one enabled template. The template's\n"
      "passphrase is generated and shown once.\n"
      "\n"
      "  --ndes                in the place of NDES: one-time passwords, /certsrv/mscep and\n"
      "                        /certsrv/mscep_admin\n"
      "  --passphrase -        take the passphrase from standard input (16 characters or more)\n"
      "  --template NAME       name of the first template (device)\n"
      "  --public-url URL      http://scep.example.com: written into certificates (CRL, AIA)\n"
      "  --listen ADDR:PORT    listener to configure; may be repeated\n"
      "  --ca-key SPEC         rsa2048 rsa3072 rsa4096 p256 p384 (rsa3072)\n"
      "  --ca-subject DN       \"CN=Example Device CA,O=Example\"\n"
      "  --ca-days N           validity of the CA (3650)\n"
      "  --no-ca               no CA yet: make, import or request one with \"openndes ca\"\n" },
    { "run", "serve in the foreground",
      "openndes --data DIR run [--listen ADDRESS:PORT[/FACES]]...\n"
      "                        [--listen-https ADDRESS:PORT[/FACES]]...\n"
      "                        [--listen-management ADDRESS:PORT]... [--quiet]\n"
      "\n"
      "Prints the SCEP URLs and \"Ready\", then one line per request on standard error.\n"
      "Changed files are noticed within a second or two. Ctrl-C ends it; SIGHUP (Windows:\n"
      "Ctrl-Break) asks for a reload.\n"
      "\n"
      "  --listen ADDRESS:PORT        replaces the configured listeners; may be repeated\n"
      "  --listen-https ADDRESS:PORT  the same for HTTPS\n"
      "  --listen-management ADDRESS:PORT  health and metrics; with one of the other two they\n"
      "                               are served only where this says\n"
      "  --quiet                      log lines go to the file only\n"
      "\n"
      "FACES are scep, ui (the password page) and crl, joined by +, such as\n"
      "0.0.0.0:80/scep+crl; without them all are served.\n" },
    { "service", "install, start, stop, remove the Windows service",
      "openndes [--data DIR] service install [OPTIONS] [--start] [--json]\n"
      "openndes service start | stop | restart | reload | status [--json]\n"
      "openndes service uninstall [--keep-firewall] [--json]\n"
      "openndes [--data DIR] service setup [OPTIONS] [--installer] [--json]\n"
      "openndes service setup --remove [--installer]\n"
      "\n"
      "install makes the service and all that belongs to it: data folder with its rights and,\n"
      "where it is new, CA, template \"device\" and HTTPS certificate; event source; firewall\n"
      "rule. Again, it brings an existing service to these settings; openndes.json stays as it\n"
      "is. start says why when the service does not start. status ends with code 0 when it runs,\n"
      "6 when not, 10 when there is none. uninstall leaves the data folder.\n"
      "\n"
      "  --account NAME   NT SERVICE\\OpenNDES (default), DOMAIN\\name$ for a group-managed\n"
      "                   account, DOMAIN\\name: its password is read from standard input or\n"
      "                   asked for\n"
      "  --manual         does not start with Windows\n"
      "  --http-port N    of a new openndes.json (80)\n"
      "  --https-port N   the same for HTTPS (443); 0: no HTTPS\n"
      "  --import-ndes    takes over the settings of the NDES on this machine, into a new folder\n"
      "  --start          starts it at the end\n"
      "\n"
      "setup is what an installer runs that has made the service itself; --installer writes the\n"
      "steps to logs/setup.log of the data folder as well, --remove takes the firewall rule and\n"
      "the event source away. Windows starts the service with \"run --service\", which nobody\n"
      "else can use.\n" },
    { "check", "look for what is broken or will end soon",
      "openndes --data DIR check [--offline] [--monitoring | --json]\n"
      "\n"
      "Configuration, templates, CA and RA certificates with their ends, whether Windows and\n"
      "Apple devices accept the RA, keys, database, rights, clock, disk, ports and who holds\n"
      "them, the service and its firewall rule, the way to Intune. Each line says ok, warning or\n"
      "error; below it stands what to do. Exit code 0 without errors.\n"
      "\n"
      "  --offline     do not ask Microsoft's cloud\n"
      "  --monitoring  one line of summary first; exit code 0 ok, 1 warnings, 2 errors\n" },
    { "template", "list, show, add, set, enable, disable, remove templates",
      "openndes template list [--json]\n"
      "openndes template show NAME [--json]\n"
      "openndes template add NAME [KEY=VALUE...]\n"
      "openndes template set NAME KEY=VALUE...\n"
      "openndes template enable NAME | disable NAME | remove NAME\n"
      "openndes template urls NAME\n"
      "\n"
      "Keys: openndes config explain. A new template is off until it is enabled.\n"
      "The passphrase never stands on the command line: challenge.passphrase=- reads it from\n"
      "standard input or asks on a terminal; challenge.passphrase=generate makes one and shows\n"
      "it once. --force accepts one that is shorter than 16 characters.\n" },
    { "cert", "list, show, revoke, release certificates",
      "openndes cert list [--template NAME] [--ca NAME] [--subject TEXT]\n"
      "                   [--valid | --revoked] [--limit N] [--json]\n"
      "openndes cert show SERIAL [--ca NAME] [--pem] [--json]\n"
      "openndes cert revoke SERIAL [--ca NAME] [--reason REASON]\n"
      "openndes cert release SERIAL [--ca NAME]\n"
      "\n"
      "SERIAL in hex as \"cert list\" prints it; colons and upper case are fine.\n"
      "REASON: unspecified keyCompromise affiliationChanged superseded cessationOfOperation\n"
      "privilegeWithdrawn certificateHold. A running service publishes a new CRL within seconds.\n"
      "release takes back what was revoked for certificateHold; everything else is for good.\n" },
    { "request", "list, show requests and what became of them; approve, deny",
      "openndes request list [--last N] [--template NAME] [--result RESULT] [--since TIME]\n"
      "                      [--subject PATTERN] [--all] [--json]\n"
      "openndes request list --pending [--template NAME] [--json]\n"
      "openndes request show ID [--json]\n"
      "openndes request approve ID | deny ID [--note TEXT]\n"
      "\n"
      "list shows what devices asked for, newest first: id, time, result, template, address,\n"
      "serial number or reason, subject. show tells everything about one, and the state of its\n"
      "certificate. Both read logs/audit.jsonl and the older files beside it. --pending shows\n"
      "what waits for an administrator: number, since when, until when, template, address,\n"
      "challenge, fingerprint, subject.\n"
      "\n"
      "  --last N           how many (50)\n"
      "  --result RESULT    issued repeated refused pending\n"
      "  --since TIME       2026-01-31T12:00:00Z, 2026-01-31, or how long ago: 30m 12h 7d\n"
      "  --subject PATTERN  such as \"CN=laptop*\"; upper and lower case do not matter\n"
      "  --all              also what never became a SCEP message: wrong addresses, sign-ins\n"
      "\n"
      "approve and deny decide about a request that waits (template setting approval=manual).\n"
      "ID is its number, its id, or the first 8 or more digits of the SHA-256, SHA-1 or MD5\n"
      "fingerprint of the request. The device learns of it when it asks the next time. deny also\n"
      "takes an approval back as long as the certificate was not made. --note: a reason, for the\n"
      "database, audit file and Event Log; the device does not see it.\n" },
    { "ca", "list, show, create, import, request, install, renew-ra, export, rollover CAs",
      "openndes ca list | show [NAME] [--json]\n"
      "openndes ca create NAME [--ca-key SPEC] [--ca-subject DN] [--ca-days N]\n"
      "openndes ca import NAME --pkcs12 FILE [--password -]\n"
      "openndes ca import NAME --cert FILE --key FILE [--password -]\n"
      "openndes ca import NAME --machine-store THUMBPRINT [--chain FILE]\n"
      "openndes ca machine-keys [--json]\n"
      "openndes ca request NAME [--ca-key SPEC] [--ca-subject DN] [--out FILE]\n"
      "openndes ca install NAME --cert FILE [--chain FILE]\n"
      "openndes ca renew-ra NAME [--sealed] [--drop-former]\n"
      "openndes ca export NAME [--chain] [--out FILE]\n"
      "openndes ca rollover status [NAME] [--json]\n"
      "openndes ca rollover start NAME NEXT | finish NAME | cancel NAME | end NAME\n"
      "\n"
      "request makes a key and a PKCS#10 that an offline root signs as a subordinate CA;\n"
      "install takes the signed certificate. renew-ra replaces the RA's certificate and key;\n"
      "devices that have the former ones go on with them, unless --drop-former removes those.\n"
      "export writes the CA certificate (PEM), with --chain also its parents. The first CA is\n"
      "called \"default\".\n"
      "\n"
      "rollover puts CA NEXT in the place of CA NAME: start lets devices of all templates with\n"
      "ca=NAME learn of it (GetNextCACert), finish makes NEXT issue and lets NAME go on for those\n"
      "who still use it, end drops the CA before NAME.\n"
      "\n"
      "machine-keys lists the certificates of LocalMachine\\MY whose keys can be used, and what\n"
      "they can do. Such a key stays in the store, an HSM or a TPM; ca import and ca renew-ra\n"
      "take RAs from there, too:\n"
      "  --ra-machine-store THUMBPRINT          one RA that signs and decrypts\n"
      "  --ra-sign-machine-store THUMBPRINT     NDES's pair: Enrollment Agent\n"
      "  --ra-encrypt-machine-store THUMBPRINT  and CEP Encryption\n"
      "renew-ra --sealed puts keys of the data folder in place of those in the store.\n" },
    { "import-ndes", "take over the settings of an NDES",
      "openndes --data DIR import-ndes [--dry-run] [--json]\n"
      "                    [--registry-file FILE.reg] [--iis-config FILE]\n"
      "\n"
      "Reads the registry key of NDES, the IIS configuration and the machine's certificates, and\n"
      "writes templates and settings of openndes.json from them. Says what was taken, what was\n"
      "not and why, and what to do next. What exists already is never overwritten, and nothing\n"
      "of NDES is changed.\n"
      "\n"
      "  --dry-run             say the same, write nothing\n"
      "  --registry-file FILE  from another machine; exported there with\n"
      "                        reg export HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP ndes.reg\n"
      "  --iis-config FILE     a copy of its applicationHost.config, which lies in\n"
      "                        %windir%\\System32\\inetsrv\\config\n" },
    { "password", "make, list, purge the one-time passwords of NDES",
      "openndes password new TEMPLATE|--service [--subject DN] [--address IP[/PREFIX]]\n"
      "                      [--minutes N] [--json]\n"
      "openndes password list [TEMPLATE|--service] [--all] [--json]\n"
      "openndes password purge ID | --template NAME | --service | --expired | --all\n"
      "openndes password single TEMPLATE|--service [--set - | --renew | --show] [--json]\n"
      "\n"
      "For templates with challenge.type=ndes; --service means the service's own NDES face, which\n"
      "takes its numbers from the template ndes.GeneralPurposeTemplate. new prints the password\n"
      "once, it cannot be shown again. --subject: the request must have this whole subject, the\n"
      "most specific part first (\"CN=router7,O=Example\"); upper and lower case do not matter.\n"
      "list shows unused passwords, with --all also used and expired ones, which are kept for 7\n"
      "days. purge takes unused ones away. single is the password of ndes.UseSinglePassword:\n"
      "--set - reads one of 8 to 64 hexadecimal digits from standard input, --renew makes one.\n" },
    { "account", "accounts for Basic sign-in to the password page",
      "openndes account add NAME [--template NAME]... [--service]\n"
      "openndes account list [--json]\n"
      "openndes account password NAME | remove NAME\n"
      "\n"
      "Accounts of this service alone, for products that sign in with Basic. The password, 12\n"
      "characters or more, is read from standard input or asked for on a terminal.\n"
      "\n"
      "  --template NAME   the page and API of this template; may be repeated\n"
      "  --service         the service's own page, /certsrv/mscep_admin\n"
      "\n"
      "Without either the account may use all of them. A running service notices changes at\n"
      "once. Basic has to be switched on: signin.basic in openndes.json.\n" },
    { "policy", "check, lint, dump, learn offline policies",
      "openndes policy check POLICY CSR... [--known FILE] [--path PATH] [--json]\n"
      "openndes policy lint POLICY [--ca FILE] [--json]\n"
      "openndes policy dump POLICY [--all]\n"
      "openndes policy learn CSR...\n"
      "\n"
      "POLICY is a file, or the name of one in the folder policies of the data folder: a profile\n"
      "of Intune (Graph JSON, SyncML), an Apple profile (mobileconfig, plist), or OpenNDES's own\n"
      "JSON or XML. CSR is a request in PEM or DER. No service or data folder is needed.\n"
      "\n"
      "check compares requests with the policies of a file as the service would, and tells each\n"
      "finding; exit code 11 when one fits no policy. lint tells what is odd or dangerous about a\n"
      "policy, with --ca also what does not fit the CA's certificates, and the thumbprints that\n"
      "Intune needs. dump prints the normal form, with --all also what no request shows. learn\n"
      "prints the tightest policy that all of the requests fit.\n"
      "\n"
      "  --known FILE  list of known devices and users, as policy.known\n"
      "  --path PATH   only policies for this URL, such as /scep/corp\n"
      "  --ca FILE     certificates of the CA and its parents, PEM or DER\n" },
    { "tls", "show, issue, import the certificate of the HTTPS listeners",
      "openndes tls show [--json]\n"
      "openndes tls issue [--ca NAME] [--name DNS]... [--address IP]... [--days N] [--key SPEC]\n"
      "openndes tls import --pkcs12 FILE [--password -]\n"
      "openndes tls import --cert FILE [--key FILE] [--password -]\n"
      "openndes tls password -\n"
      "openndes tls remove\n"
      "\n"
      "issue makes a key and lets a CA of this folder (default) sign a certificate for it;\n"
      "without names it is for this host and the host in public_url. The service renews it by\n"
      "itself. import copies a certificate of another CA, its chain and key into the data\n"
      "folder; the key is sealed. password keeps the password of the files named in\n"
      "https.certificate and https.key. A running service takes each over within seconds.\n"
      "\n"
      "  --days N    1 to 397 (365)\n"
      "  --key SPEC  rsa2048 rsa3072 rsa4096 p256 p384 (rsa2048)\n" },
    { "intune", "sign-in to Microsoft Intune: secret, certificate, test",
      "openndes intune show [--json]\n"
      "openndes intune secret [-] [--expires DATE] | --remove\n"
      "openndes intune certificate new [--days N] [--out FILE]\n"
      "openndes intune certificate import FILE [--password -]\n"
      "openndes intune certificate show [--pem] [--json] | remove\n"
      "openndes intune proxy-password [-] | --remove\n"
      "openndes intune test [--csr FILE] [--json]\n"
      "\n"
      "For templates with challenge.type=intune. This server signs in to Entra as an application,\n"
      "with a client secret or with a certificate; which one intune.credential says. Secrets are\n"
      "read from standard input or asked for on a terminal, and kept sealed in the data folder.\n"
      "import takes PEM with certificate and key, or PKCS#12. A running service takes each over\n"
      "within seconds.\n"
      "\n"
      "test signs in and asks each service, one line per step: ok, warning, error, and what to\n"
      "do. With --csr it lets Intune check a request, which has to be fresh: PEM or DER.\n"
      "\n"
      "  --expires DATE  the day on which Entra lets the secret end, such as 2027-05-31: openndes\n"
      "                  warns before\n"
      "  --days N        1 to 3650 (730)\n"
      "  --out FILE      the certificate as PEM, for the upload; its key stays here, sealed\n" },
    { "config", "show, set, explain settings",
      "openndes config show [--sources] [--json]\n"
      "openndes config set KEY=VALUE...\n"
      "openndes config explain [KEY] [--json]\n"
      "\n"
      "show and set are for openndes.json; templates have \"openndes template\". All settings of\n"
      "one command are checked together and written together, or not at all. explain tells what\n"
      "each key of openndes.json and of templates means, its default, what is possible; of one\n"
      "also the value in force here and where it comes from: Group Policy (which wins), the file\n"
      "or the default.\n" },
    { "backup", "make or verify an encrypted backup",
      "openndes backup FILE [--with-logs] [--force] [--json]\n"
      "openndes backup FILE --verify [--json]\n"
      "\n"
      "Writes keys, database and configuration into one file that opens on any machine with its\n"
      "password; also while the service runs. The password, 16 characters or more, is read from\n"
      "standard input or asked for twice on a terminal. An existing file is never replaced.\n"
      "Keys in the machine's key store are not in it; they are named.\n"
      "\n"
      "  --with-logs  logs and audit records too\n"
      "  --force      accept a shorter password\n"
      "  --verify     read all of a backup and check it; write nothing\n" },
    { "restore", "make a data folder from a backup",
      "openndes --data DIR restore FILE [--list] [--json]\n"
      "\n"
      "Makes DIR, which must not be there yet or be empty, and seals everything for this machine.\n"
      "The whole backup is verified first; then there is all of it or nothing. The host that the\n"
      "backup is of must have stopped for good.\n"
      "\n"
      "  --list  verify, and show what is in it\n" },
    { "version", "print the version", "openndes version [--json]\n" },
};

static void print_overview(void)
{
    command_print("OpenNDES: a SCEP server that replaces Microsoft NDES\n"
                  "\n"
                  "openndes [--data DIR] VERB ...\n"
                  "\n");
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        command_print("  %-11s %s\n", pages[i].verb, pages[i].summary);
    }
    command_print(
        "\n"
        "Start here:  openndes --data DIR init   then   openndes --data DIR run\n"
        "Each verb:   openndes help VERB\n"
        "Exit codes:  0 done, 2 usage, 3 configuration, 4 not permitted, 5 CA not usable now,\n"
        "             6 file or disk, 7 database, 8 key or certificate, 9 port, 10 not found,\n"
        "             11 refused, 1 anything else\n");
}

bool help_print(const char *verb, struct error *err)
{
    if (verb == NULL) {
        print_overview();
        return true;
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(pages[i].verb, verb) == 0) {
            command_print("%s", pages[i].text);
            return true;
        }
    }
    return error_set(err, REASON_USAGE, "unknown verb \"%.32s\"; see: openndes help", verb);
}
