/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/password_fixture.h"

#include <string.h>

#include "platform/clock.h"
#include "store/db.h"

#define TRUST_E_CERT_SIGNATURE 0x80096004u
#define ERROR_NOT_FOUND_HRESULT 0x80070490u

const struct ndes_password_config password_config_plain = { .length = 8,
                                                            .validity_minutes = 60,
                                                            .max = 5,
                                                            .enforce = true };

struct ndes_password_source password_source_of(struct world *world)
{
    struct ndes_password_source source = { world->folder.path, world->store,
                                           bytes_of_text(KEY_TEXT) };
    return source;
}

struct ndes_password_order password_order_of(const char *scope,
                                             const struct ndes_password_config *config)
{
    struct ndes_password_order order = {
        .scope = scope, .config = config, .made_by = "test", .now = clock_now()
    };
    return order;
}

/* Make a password; the caller clears. */
struct ndes_password_made password_make(struct world *world,
                                        const struct ndes_password_order *order)
{
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct error err = ERROR_INIT;

    assert_done(ndes_password_make(&source, order, &made, &err), &err, "");
    return made;
}

struct ndes_password_made password_make_plain(struct world *world, const char *scope)
{
    struct ndes_password_order order = password_order_of(scope, &password_config_plain);

    return password_make(world, &order);
}

const char *password_text(const struct ndes_password_made *made)
{
    return (const char *)made->password.data;
}

void password_database(struct world *world, const char *sql)
{
    struct db_options options = { .path = world->database, .busy_ms = 10000, .cache_kib = 256 };
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);

    assert_done(db != NULL, &err, "");
    assert_done(db_execute(db, sql, &err), &err, sql);
    db_close(db);
}

struct asked password_ask(struct world *world, const struct ndes_password_config *config,
                          bool service_scope, const char *cn, const char *challenge_text)
{
    struct ndes_password_source source = password_source_of(world);
    struct asked asked = { .err = ERROR_INIT };
    struct grant grant = GRANT_INIT;
    struct enroll_request request;
    struct error err = ERROR_INIT;
    struct challenge *challenge =
        ndes_challenge_create(&source, "phones", config, service_scope, &err);

    assert_done(challenge != NULL, &err, "");
    assert_string_equal(challenge_name(challenge), "ndes");
    world_request(world, cn, challenge_text, &request);
    asked.ok = challenge_check(challenge, &request, &grant, &asked.err);
    asked.reservation = grant.reservation;
    assert_int_equal(asked.ok, !error_is_set(&asked.err));
    if (asked.ok) {
        assert_string_equal(grant.challenge_type, "ndes");
    } else {
        assert_int_equal(grant.reservation, 0);
        /* Nothing that was sent is repeated to log readers. */
        assert_true(challenge_text == NULL || strstr(asked.err.detail, challenge_text) == NULL);
    }
    grant_clear(&grant);
    world_request_clear(&request);
    challenge_free(challenge);
    return asked;
}

struct asked password_ask_plain(struct world *world, const char *challenge_text)
{
    return password_ask(world, &password_config_plain, false, "dev", challenge_text);
}

void password_asked_refused(const struct asked *asked, enum reason reason, const char *file,
                            int line)
{
    if (asked->ok || asked->err.reason != reason) {
        print_error("%s (%s) instead of %s\n", reason_id(asked->err.reason), asked->err.detail,
                    reason_id(reason));
        _fail(file, line);
    }
    /* To the outside all are one. */
    assert_int_equal(error_kind(&asked->err), ERROR_CHALLENGE);
    assert_string_equal(reason_public_text(reason), "challenge rejected");
    assert_int_equal(error_hresult(&asked->err), reason == REASON_CHALLENGE_MISSING
                                                     ? TRUST_E_CERT_SIGNATURE
                                                     : ERROR_NOT_FOUND_HRESULT);
}
