/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_import.h"

#include <stdlib.h>

#include "mscep/ndes_import_plan.h"

struct ndes_import_plan *ndes_import_plan_make(const struct ndes_import_facts *facts,
                                               struct error *err)
{
    struct ndes_import_plan *plan = NULL;
    struct ndes_import_plan *made = NULL;
    struct ndes_import_draft draft = { .facts = facts, .err = err };

    if (!facts->registry->found) {
        error_set(
            err, REASON_NDES_MISSING,
            "there is no key HKLM\\%s; run this on the NDES host, or export the key there (reg "
            "export HKLM\\%s ndes.reg) and say --registry-file ndes.reg",
            NDES_REGISTRY_KEY, NDES_REGISTRY_KEY);
        goto out;
    }
    plan = calloc(1, sizeof(*plan));
    if (plan == NULL) {
        error_set(err, REASON_NO_MEMORY, "out of memory for a plan");
        goto out;
    }
    draft.plan = plan;
    ndes_import_plan_templates(&draft);
    ndes_import_plan_service(&draft);
    ndes_import_plan_notes(&draft);
    if (error_is_set(err)) goto out;
    made = plan;
    plan = NULL;
out:
    ndes_import_plan_free(plan);
    return made;
}

void ndes_import_plan_free(struct ndes_import_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (size_t i = 0; i < NDES_IMPORT_SECTIONS; i++) {
        for (size_t j = 0; j < plan->notes[i].count; j++) {
            free(plan->notes[i].items[j].what);
            free(plan->notes[i].items[j].text);
        }
        free(plan->notes[i].items);
    }
    free(plan);
}

bool ndes_import_plan_writes(const struct ndes_import_plan *plan)
{
    bool writes = plan->service.count > 0;

    for (size_t i = 0; i < plan->template_count; i++) {
        writes = writes || plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE;
    }
    return writes;
}
