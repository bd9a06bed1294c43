/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one template and one CA as they are shared between runtimes: reference-counted, with
 *           the stamps of their files.
 * Not here: the set of them (runtime.h).
 * Owns:     the endpoint, the CA.
 * Threads:  immutable after loading; references from any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_SLOTS_H
#define OPENNDES_SERVICE_RUNTIME_SLOTS_H

#include "platform/files.h"
#include "service/runtime.h"
#include "service/runtime_intune.h"
#include "service/runtime_renewal.h"

/* Of one template: policies, the list of known devices, two files of each trusted CA. */
#define TEMPLATE_FILES (LIMIT_POLICY_FILES + 1 + 2 * TRUSTED_CAS_MAX)
/* Certificates and keys of CA, RA and RA pair; chain.pem; leading certificates of former RAs. */
#define CA_STAMPS 15

struct ca_slot {
    int references; /* atomic */
    char name[LIMIT_TEMPLATE_NAME + 1];
    char public_url[URL_BASE_MAX];
    int64_t crl_validity_hours;
    int64_t crl_renew_hours;
    struct ca_ocsp_settings ocsp;
    int64_t ra_keep_days;
    struct file_stamp stamps[CA_STAMPS];
    struct ca_builtin *builtin; /* owned by ca */
    struct ca *ca;              /* NULL: could not be opened */
    bool files_broken;          /* since it was loaded: these stamps have nothing better */
    bool files_moved; /* while it was loaded: it may be half of what was, half of what is */
    struct error error;
};

/* The CA behind rollover.next or .previous. */
struct rollover_slot {
    char name[LIMIT_TEMPLATE_NAME + 1]; /* "": none is set */
    struct ca_slot *ca;                 /* a reference; NULL: there is no CA of this name */
};

/* Is the CA still the one that was there when the template was loaded? */
bool rollover_slot_current(const struct rollover_slot *rollover,
                           struct ca_slot *(*find_ca)(void *context, const char *name),
                           void *context);

struct template_slot {
    int references; /* atomic */
    char name[LIMIT_TEMPLATE_NAME + 1];
    struct file_stamp stamp;            /* of the file that was looked at last */
    bool service_scope;                 /* one of the service's NDES face */
    const struct intune_client *intune; /* the one its challenge asks, for comparing; NULL: none */
    char *files[TEMPLATE_FILES]; /* beside its own, as "policies/p.json": what was looked at */
    struct file_stamp file_stamps[TEMPLATE_FILES];
    size_t file_count;
    struct endpoint *endpoint; /* NULL: has never loaded */
    struct ca_slot *ca;        /* a reference, NULL without endpoint */
    struct rollover_slot next; /* generations beside it */
    struct rollover_slot previous;
    struct runtime_renewal renewal; /* empty without endpoint */
    struct template_slot *old;      /* the form in force while the file is broken: a reference */
    bool broken;
    struct error error;
};

struct ca_slot *ca_slot_load(const struct runtime_options *options, const char *name,
                             const char *public_url, const struct service_config *config,
                             struct error *err);
struct ca_slot *ca_slot_ref(struct ca_slot *slot);
void ca_slot_unref(struct ca_slot *slot); /* NULL is allowed */
/*
 * Has a former RA had its time since it was loaded, whose files may not be removable, or was the
 * clock put back, so that one may have its time again?
 */
bool ca_slot_former_ras_stale(const struct ca_slot *slot);
/*
 * Files are read without a lock, one after the other, and a command that replaces RAs writes a
 * dozen: a pair may have been read whose one member is the former one's, and a device that is shown
 * it could not verify its answer. So a slot whose files changed while they were read gives way to
 * the old one (NULL: none), which is whole; its stamps are not those of the files, and they are
 * read again soon. A reference for the one that is handed over.
 */
struct ca_slot *ca_slot_whole(struct ca_slot *take_slot, struct ca_slot *old);
/* Was it loaded with these settings? */
bool ca_slot_settings_same(const struct ca_slot *slot, const struct service_config *config);
MUST_USE bool ca_slot_stamps(const char *data_folder, const char *name,
                             struct file_stamp stamps[CA_STAMPS], struct error *err);

/*
 * `find_ca` gives a borrowed slot by name. service_scope: passwords of the service's NDES face
 * count. Only lack of memory fails: a broken file makes a broken slot.
 */
struct template_slot *template_slot_load(
    const struct runtime_options *options, const char *name, const struct file_stamp *stamp,
    bool service_scope, const struct runtime_intune *intune,
    struct ca_slot *(*find_ca)(void *context, const char *name), void *context, struct error *err);
struct template_slot *template_slot_ref(struct template_slot *slot);
void template_slot_unref(struct template_slot *slot); /* NULL is allowed */
/* True when a file of a policy, of known devices or of a trusted CA is not what was looked at. */
bool template_slot_files_stale(const struct template_slot *slot, const char *data_folder);
/* The endpoint in force: its own, or the old one while broken; NULL when none. */
const struct endpoint *template_slot_endpoint(const struct template_slot *slot);

#endif
