/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

/* Microsoft Graph v1.0: addresses of Intune's services, and the application's secrets. */

#define SCEP_NAME "ScepRequestValidationFEService"
#define PKI_NAME "PkiConnectorFEService"
#define CONTEXT "https://graph.microsoft.com/v1.0/$metadata#"
#define DAY_SECONDS 86400

/* ---- the call -------------------------------------------------------------------------------- */

bool cloud_graph_check(struct cloud_visit *visit)
{
    static const char *const endpoints[] = {
        "/v1.0/servicePrincipals/appId=" CLOUD_APP_DISCOVERY "/endpoints",
        "/v1.0/servicePrincipals(appId='" CLOUD_APP_DISCOVERY "')/endpoints",
    };
    static const char application[] = "/v1.0/applications(appId='" INTUNE_CLOUD_CLIENT "')";

    if (!cloud_check_headers(visit, NULL)) return false;
    if (visit->path == INTUNE_CLOUD_ENDPOINTS) {
        if (strcmp(visit->way, endpoints[0]) != 0 && strcmp(visit->way, endpoints[1]) != 0) {
            return cloud_object(visit, "no such service principal: %.120s", visit->way);
        }
    } else if (strcmp(visit->way, application) != 0) {
        return cloud_object(visit, "no such application: %.120s", visit->way);
    } else if (strncmp(visit->query, "$select=", 8) != 0
               || strstr(visit->query, "passwordCredentials") == NULL) {
        return cloud_object(visit, "$select of passwordCredentials is missing");
    }
    return cloud_check_token(visit, CLOUD_AUDIENCE_GRAPH);
}

/* ---- discovery ------------------------------------------------------------------------------- */

struct row {
    const char *name_member;
    const char *name;
    const char *base;
    const char *way;
    const char *end;
};

static bool put_row(struct json *rows, const struct row *row)
{
    struct json *value = json_value_new_object();
    struct error err = ERROR_INIT;
    char guid[CLOUD_GUID_MAX];
    char uri[2 * CLOUD_PATH_MAX];

    if (value == NULL) return false;
    if (!cloud_guid(guid) || !text_format(uri, sizeof(uri), "%s%s%s", row->base, row->way, row->end)
        || !json_value_put_text(value, "id", guid, &err)
        || !json_value_put_text(value, "capability", row->name, &err)
        || !json_value_put_text(value, "providerId", guid, &err)
        || !json_value_put_text(value, row->name_member, row->name, &err)
        || !json_value_put_text(value, "uri", uri, &err)
        || !json_value_put_text(value, "providerResourceId", row->name, &err)) {
        json_value_free(value);
        return false;
    }
    return json_value_push(rows, value, &err);
}

/* A service under its address, twice if the test wants that. */
static bool put_service(struct cloud_visit *visit, struct json *rows, const char *name,
                        const char *old_name, const char *way)
{
    struct row row = { .name_member = "providerName",
                       .name = name,
                       .base = visit->cloud->url,
                       .way = way,
                       .end = "" };

    if (cloud_behaves(visit, INTUNE_CLOUD_OLD_NAME)) {
        row.name_member = "serviceName";
        row.name = old_name;
    }
    if (cloud_behaves(visit, INTUNE_CLOUD_OUTSIDE)) {
        row.base = "https://manage.attacker.example";
    }
    if (cloud_behaves(visit, INTUNE_CLOUD_PLAIN)) {
        row.base = "http://localhost";
    }
    if (cloud_behaves(visit, INTUNE_CLOUD_SLASH)) {
        row.end = "/";
    }
    if (!put_row(rows, &row)) return false;
    if (!cloud_behaves(visit, INTUNE_CLOUD_TWO_ROWS)) return true;
    row.end = "-b";
    return put_row(rows, &row);
}

static bool put_services(struct cloud_visit *visit, struct json *rows)
{
    struct intune_cloud_server *cloud = visit->cloud;
    const struct row other = { "providerName", "AccountFEService", cloud->url, "/Account", "" };
    char scep[CLOUD_PATH_MAX];
    char pki[CLOUD_PATH_MAX];
    bool right = false;

    (void)pthread_mutex_lock(&cloud->lock);
    memcpy(scep, cloud->scep_service, sizeof(scep));
    memcpy(pki, cloud->pki_service, sizeof(pki));
    right = cloud->settings.intune_right;
    (void)pthread_mutex_unlock(&cloud->lock);
    if (!put_row(rows, &other)) return false;
    if (right && !cloud_behaves(visit, INTUNE_CLOUD_NO_ROW)
        && !put_service(visit, rows, SCEP_NAME, "scepRequestValidationFEService", scep)) {
        return false;
    }
    return put_service(visit, rows, PKI_NAME, "pkiconnectorFEService", pki);
}

/* {"@odata.context":..,"value":[..]}; the rows are taken over; NULL: no memory. */
static struct json *collection(const char *context, struct json *take_rows)
{
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;

    if (body != NULL && take_rows != NULL
        && json_value_put_text(body, "@odata.context", context, &err)) {
        if (json_value_put(body, "value", take_rows, &err)) return body;
        take_rows = NULL;
    }
    json_value_free(take_rows);
    json_value_free(body);
    return NULL;
}

static void answer_endpoints(struct cloud_visit *visit)
{
    struct json *rows = json_value_new_array();

    if (rows != NULL && !cloud_behaves(visit, INTUNE_CLOUD_EMPTY) && !put_services(visit, rows)) {
        json_value_free(rows);
        rows = NULL;
    }
    cloud_answer_json(visit, 200, collection(CONTEXT "endpoints", rows));
}

/* ---- the application ------------------------------------------------------------------------- */

static bool put_secret(struct json *list, const char *name, int64_t ends, const char *hint)
{
    struct json *value = json_value_new_object();
    struct error err = ERROR_INIT;
    char guid[CLOUD_GUID_MAX];
    char end[CLOCK_TEXT_MAX];
    char start[CLOCK_TEXT_MAX];

    if (value == NULL) return false;
    clock_format(ends, end);
    clock_format(ends - INT64_C(365) * DAY_SECONDS, start);
    if (!cloud_guid(guid) || !json_value_put_text(value, "displayName", name, &err)
        || !json_value_put_text(value, "endDateTime", end, &err)
        || !json_value_put_text(value, "hint", hint, &err)
        || !json_value_put_text(value, "keyId", guid, &err)
        || !json_value_put_text(value, "startDateTime", start, &err)) {
        json_value_free(value);
        return false;
    }
    return json_value_push(list, value, &err);
}

/* The secret in use, and an older one that has ended and says nothing about it. */
static struct json *secrets(int64_t ends)
{
    struct json *list = json_value_new_array();
    char hint[4];

    (void)!text_format(hint, sizeof(hint), "%.3s", INTUNE_CLOUD_SECRET);
    if (list != NULL
        && (!put_secret(list, "of last year", clock_now() - INT64_C(30) * DAY_SECONDS, "Old")
            || !put_secret(list, "OpenNDES", ends, hint))) {
        json_value_free(list);
        list = NULL;
    }
    return list;
}

static void answer_application(struct cloud_visit *visit)
{
    struct intune_cloud_settings settings;
    struct json *body = json_value_new_object();
    struct json *list = NULL;
    struct error err = ERROR_INIT;
    bool ok = false;

    intune_cloud_settings(visit->cloud, &settings);
    list = secrets(settings.secret_ends);
    if (body != NULL && list != NULL
        && json_value_put_text(body, "@odata.context",
                               CONTEXT "applications(passwordCredentials,keyCredentials)/$entity",
                               &err)) {
        ok = json_value_put(body, "passwordCredentials", list, &err);
        list = NULL;
    }
    if (ok && strstr(visit->query, "keyCredentials") != NULL) {
        ok = json_value_put(body, "keyCredentials", json_value_new_array(), &err);
    }
    json_value_free(list);
    if (!ok) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 200, body);
}

void cloud_graph_answer(struct cloud_visit *visit)
{
    if (visit->path == INTUNE_CLOUD_ENDPOINTS) {
        answer_endpoints(visit);
    } else {
        answer_application(visit);
    }
}
