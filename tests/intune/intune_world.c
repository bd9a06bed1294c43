/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_world.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/json.h"
#include "base/text.h"
#include "config/config_load.h"
#include "intune/intune_credential.h"
#include "model/csr_builder.h"

#define CONFIG_MAX 8192
#define CSR_MAX 32768

int intune_world_create(void **state)
{
    struct intune_world *world = calloc(1, sizeof(*world));
    struct intune_cloud_options options = { .folder = NULL };
    struct error err = ERROR_INIT;

    assert_non_null(world);
    test_folder_create(&world->folder);
    options.folder = world->folder.path;
    world->cloud = intune_cloud_create(&options, &err);
    assert_done(world->cloud != NULL, &err, "cloud");
    world->stats = intune_stats_create(&err);
    assert_done(world->stats != NULL, &err, "stats");
    world->key = csr_builder_key("P-256");
    assert_done(intune_secret_set(world->folder.path, INTUNE_SECRET_CLIENT,
                                  bytes_of_text(INTUNE_CLOUD_SECRET), &err),
                &err, "secret");
    *state = world;
    return 0;
}

int intune_world_free(void **state)
{
    struct intune_world *world = *state;

    intune_cloud_free(world->cloud);
    intune_stats_free(world->stats);
    EVP_PKEY_free(world->key);
    service_config_clear(&world->config);
    test_folder_remove(&world->folder);
    free(world);
    return 0;
}

int intune_world_begin(void **state)
{
    struct intune_world *world = *state;

    intune_cloud_reset(world->cloud);
    intune_world_client(world, "");
    return 0;
}

int intune_world_end(void **state)
{
    struct intune_world *world = *state;
    char wrong[INTUNE_CLOUD_TEXT] = "";

    intune_cloud_open_latch(world->cloud);
    intune_client_unref(world->client);
    world->client = NULL;
    if (intune_cloud_protocol_errors(world->cloud, wrong) != 0) {
        print_error("the cloud objects: %s\n", wrong);
        return -1;
    }
    return 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void put_text(struct json *object, const char *key, const char *value)
{
    struct error err = ERROR_INIT;

    assert_done(json_value_put_text(object, key, value, &err), &err, key);
}

/* Copies of the members of `from`, which is "{...}" with texts and numbers. */
static void put_all(struct json *object, const char *from)
{
    struct error err = ERROR_INIT;
    struct json *more = json_value_parse(bytes_of_text(from), CONFIG_MAX, 4, &err);
    struct json *value = NULL;
    const char *key = NULL;
    void *it = NULL;

    assert_done(more != NULL, &err, from);
    while (json_value_next(more, &it, &key, &value)) {
        if (json_value_kind(value) == JSON_KIND_INTEGER) {
            assert_done(json_value_put_integer(object, key, json_value_integer(value), &err), &err,
                        key);
        } else {
            put_text(object, key, json_value_text(value));
        }
    }
    json_value_free(more);
}

void intune_world_config(struct intune_world *world, const char *more)
{
    struct json *root = json_value_new_object();
    struct json *intune = json_value_new_object();
    struct buffer text = BUFFER_INIT(CONFIG_MAX);
    char members[CONFIG_MAX];
    struct error err = ERROR_INIT;

    put_text(intune, "tenant", INTUNE_CLOUD_TENANT);
    put_text(intune, "client_id", INTUNE_CLOUD_CLIENT);
    put_text(intune, "authority", intune_cloud_url(world->cloud));
    put_text(intune, "graph", intune_cloud_url(world->cloud));
    put_text(intune, "service_suffix", "localhost");
    put_text(intune, "ca_file", intune_cloud_ca_file(world->cloud));
    put_text(intune, "proxy", "none");
    assert_true(text_format(members, sizeof(members), "{%s}", more));
    put_all(intune, members);
    assert_done(json_value_put(root, "intune", intune, &err), &err, "");
    assert_done(json_value_print(root, 0, &text, &err), &err, "");
    service_config_clear(&world->config);
    assert_done(config_parse_service("test", buffer_bytes(&text), &world->config, &err), &err,
                more);
    json_value_free(root);
    buffer_clear(&text);
}

struct intune_client *intune_world_open(struct intune_world *world, struct error *err)
{
    struct intune_client_options options = { .data_folder = world->folder.path,
                                             .config = &world->config,
                                             .stats = world->stats };

    return intune_client_create(&options, err);
}

void intune_world_client(struct intune_world *world, const char *more)
{
    struct error err = ERROR_INIT;

    intune_world_config(world, more);
    intune_client_unref(world->client);
    world->client = intune_world_open(world, &err);
    assert_done(world->client != NULL, &err, more);
}

/* ---- requests -------------------------------------------------------------------------------- */

void intune_world_csr(struct intune_world *world, struct buffer *der)
{
    struct buffer challenge = BUFFER_INIT(CSR_MAX);
    struct csr_builder builder;
    struct error err = ERROR_INIT;

    assert_done(intune_cloud_challenge(world->cloud, NULL, &challenge, &err), &err, "challenge");
    csr_builder_init(&builder, world->key);
    csr_builder_cn(&builder, "a device");
    csr_builder_challenge(&builder, TAG_PRINTABLE, buffer_bytes(&challenge));
    csr_builder_der(&builder, der);
    csr_builder_clear(&builder);
    buffer_clear(&challenge);
}

bool intune_world_validate(struct intune_world *world, struct error *err)
{
    struct buffer der = BUFFER_INIT(CSR_MAX);
    struct intune_request request = { "3F2A9C", { NULL, 0 } };
    char id[INTUNE_ID_MAX];
    bool ok = false;

    intune_world_csr(world, &der);
    request.csr = buffer_bytes(&der);
    ok = intune_validate(world->client, &request, id, err);
    buffer_clear(&der);
    return ok;
}

/* ---- the cloud ------------------------------------------------------------------------------- */

void intune_world_behave(struct intune_world *world, enum intune_cloud_path path,
                         enum intune_cloud_how how, const char *value, int64_t number,
                         unsigned times)
{
    struct intune_cloud_behaviour behaviour = { path, how, value, number, times };
    struct error err = ERROR_INIT;

    assert_done(intune_cloud_behave(world->cloud, &behaviour, &err), &err, value);
}

void intune_world_rights(struct intune_world *world, bool graph, bool intune)
{
    struct intune_cloud_settings settings;

    intune_cloud_settings(world->cloud, &settings);
    settings.graph_right = graph;
    settings.intune_right = intune;
    intune_cloud_set(world->cloud, &settings);
}

void assert_says(const struct error *err, const char *words, const char *name)
{
    if (strstr(err->detail, words) == NULL) {
        fail_msg("%s: \"%s\" is not in \"%s\"", name, words, err->detail);
    }
}
