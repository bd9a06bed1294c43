/* SPDX-License-Identifier: Apache-2.0 */
/* "openndes intune test": the way to Intune, one step after the other. */
#include <string.h>

#include "config/config_load.h"
#include "intune/intune_client.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/policy_files.h"

static const char *const levels[] = {
    [INTUNE_PROBE_OK] = "ok",
    [INTUNE_PROBE_WARNING] = "warning",
    [INTUNE_PROBE_ERROR] = "error",
};

struct test_run {
    struct json *array; /* --json */
    size_t errors;
    struct error first;
};

/* An intune_probe_visit, whose context is a struct test_run. */
static bool tell(void *context, const struct intune_probe_finding *finding, struct error *err)
{
    struct test_run *run = context;
    bool failed = finding->level == INTUNE_PROBE_ERROR;
    struct json *row = NULL;

    if (failed) {
        run->errors++;
        (void)error_set(&run->first, finding->reason, "%s", finding->step); /* the first stays */
    }
    if (run->array == NULL) {
        command_print("%-8s %s: %s\n", levels[finding->level], finding->step, finding->text);
        return true;
    }
    row = json_value_new_object();
    if (row == NULL || !json_value_put_text(row, "level", levels[finding->level], err)
        || !json_value_put_text(row, "step", finding->step, err)
        || (failed && !json_value_put_text(row, "reason", reason_id(finding->reason), err))
        || !json_value_put_text(row, "text", finding->text, err)) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(run->array, row, err);
}

static bool read_request(const char *name, struct policy_request_file *out, struct error *err)
{
    return policy_files_request(name, out, err)
           && (out->csr.has_challenge
               || error_set(err, REASON_CHALLENGE_MISSING,
                            "%s: the request has no challenge, so Intune cannot tell whose it is",
                            name));
}

/* All steps; what they come to is in run. */
static bool probe(const struct command *command, const struct service_config *config,
                  struct bytes csr, struct test_run *run, struct error *err)
{
    const struct intune_client_options options = { .data_folder = command->data, .config = config };
    struct intune_client *client = intune_client_create(&options, err);
    enum intune_probe_level worst = INTUNE_PROBE_OK;
    bool ok = client != NULL && intune_probe(client, csr, tell, run, &worst, err);

    intune_client_unref(client);
    return ok;
}

bool cmd_intune_test(const struct command *command, struct error *err)
{
    struct test_run run = { .first = ERROR_INIT };
    struct policy_request_file request = { .csr = CSR_INIT };
    struct service_config config = { 0 };
    struct args args;
    const char *csr = NULL;
    const struct arg_option known[] = { { "--csr", ARG_TEXT, &csr } };
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 1, &args, err)
        || !args_expect(&args, 0, 0, "intune test [--csr FILE] [--json]", err)
        || !data_folder_check(command->data, err)
        || !config_load_service(command->data, &config, err)) {
        goto out;
    }
    if (csr != NULL && !read_request(csr, &request, err)) goto out;
    if (command->json) {
        run.array = json_value_new_array();
        if (run.array == NULL) {
            (void)error_set(err, REASON_NO_MEMORY, "JSON");
            goto out;
        }
    }
    if (!probe(command, &config, buffer_bytes(&request.csr.der), &run, err)) goto out;
    if (run.array != NULL) {
        struct json *array = run.array;

        run.array = NULL;
        if (!command_print_json(array, err)) goto out;
    }
    ok = run.errors == 0
         || error_set(err, run.first.reason, "%zu of the steps failed, first: %s", run.errors,
                      run.first.detail);
out:
    json_value_free(run.array);
    policy_files_request_clear(&request);
    service_config_clear(&config);
    return ok;
}
