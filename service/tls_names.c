/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tls_names.h"

#include <string.h>

#include "ca/server_order.h"
#include "platform/sockets.h"
#include "service/data_folder.h"
#include "service/urls.h"

void tls_names_find(const struct service_config *config, struct tls_names *out)
{
    struct ip_address address;
    struct error ignored = ERROR_INIT;

    memset(out, 0, sizeof(*out));
    if (url_host(config->public_url, out->url_host, sizeof(out->url_host))) {
        if (ip_address_parse(bytes_of_text(out->url_host), &address, &ignored)) {
            out->addresses[out->address_count++] = out->url_host;
        } else {
            out->names[out->name_count++] = out->url_host;
        }
    }
    socket_host_name(out->host, sizeof(out->host));
    if (out->name_count + out->address_count == 0 || strcmp(out->host, "localhost") != 0) {
        out->names[out->name_count++] = out->host;
    }
}

bool tls_names_issue(const char *data, const struct service_config *config,
                     struct certificate_info *info, struct error *err)
{
    struct tls_names names;
    struct url_bases urls;
    struct tls_issue_options options = {
        .data = data, .config = config, .ca = "default", .days = SERVER_DAYS_DEFAULT
    };
    bool ok = false;

    tls_names_find(config, &names);
    url_bases_of_config(config, &urls);
    options.public_url = urls.crl;
    options.names = names.names;
    options.name_count = names.name_count;
    options.addresses = names.addresses;
    options.address_count = names.address_count;
    if (!ca_key_spec_parse(TLS_KEY_DEFAULT, &options.key, err)) {
        return false;
    }
    options.store = data_store_open(data, 1, err);
    ok = options.store != NULL && tls_files_issue(&options, info, err);
    store_close(options.store);
    return ok;
}
