/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A domain controller that does not answer: LogonUser takes as long as it likes. Whoever signs in
 * to the page waits, up to half of the workers; devices find the others. When it answers, all are
 * signed in, and the workers are free.
 */
#include <string.h>

#include "base/base64.h"
#include "http/worker_pool.h"
#include "mscep/fake_windows.h"
#include "mscep/sign_in_world.h"
#include "platform/threads.h"

#define WORKERS 4u
#define HALF (WORKERS / 2u)
#define USERS 6u
#define DEVICES 200u
#define RIGHT "right: pa\xc3\x9fword" /* of each faked Windows account */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned hanging; /* in logon_user now */
static unsigned most;    /* at any time */
static bool answers;     /* the domain controller */
static unsigned served;  /* devices */
static unsigned signed_in;

static struct sign_in_world world;

static void hang(void)
{
    (void)pthread_mutex_lock(&lock);
    hanging++;
    most = hanging > most ? hanging : most;
    (void)pthread_cond_broadcast(&changed);
    while (!answers) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    hanging--;
    (void)pthread_mutex_unlock(&lock);
}

static void count(unsigned *what)
{
    (void)pthread_mutex_lock(&lock);
    (*what)++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* The program's time limit is what ends a wait that is in vain. */
static void wait_for(const unsigned *what, unsigned wanted)
{
    (void)pthread_mutex_lock(&lock);
    while (*what < wanted) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}

struct page_user {
    char header[128];
    struct sign_in_user user;
    struct error err;
    bool done;
};

static void sign_in(void *context)
{
    struct page_user *u = context;
    struct http_request request = { .method = HTTP_METHOD_GET, .path = "/certsrv/mscep_admin/" };
    struct http_response response;

    memset(&response, 0, sizeof(response));
    request.tls = true;
    request.authorization = u->header;
    u->done = ip_address_parse(bytes_of_text("192.0.2.1"), &request.peer, &u->err)
              && sign_in_request(world.sign_in, &request, world.list, world.scope, &u->user,
                                 &response, &u->err);
    buffer_clear(&response.headers);
    buffer_clear(&response.body);
    count(&signed_in);
}

static void serve_device(void *context)
{
    (void)context;
    count(&served);
}

static void make_header(struct page_user *u, unsigned number)
{
    struct buffer text = BUFFER_INIT(sizeof(u->header));
    struct buffer header = BUFFER_INIT(sizeof(u->header));
    struct error err = ERROR_INIT;

    assert_true(buffer_printf(&text, &err, "CORP\\user%u:%s", number, RIGHT)
                && buffer_append_text(&header, "Basic ", &err)
                && base64_encode(buffer_bytes(&text), &header, &err));
    memcpy(u->header, header.data, header.len + 1);
    buffer_clear(&text);
    buffer_clear(&header);
}

static void sign_in__domain_controller_silent__devices_do_not_wait(void **state)
{
    struct page_user users[USERS];
    struct worker_pool_stats stats;
    struct error err = ERROR_INIT;
    struct worker_pool *pool = NULL;

    (void)state;
    memset(users, 0, sizeof(users));
    fake_windows_reset();
    world_init(&world);
    world_open(&world);
    fake_windows()->hang = hang;
    pool = worker_pool_create(WORKERS, DEVICES, &err);
    assert_done(pool != NULL, &err, "");
    for (unsigned i = 0; i < USERS; i++) {
        make_header(&users[i], i);
        assert_true(worker_pool_submit_slow(pool, sign_in, &users[i]));
    }
    wait_for(&hanging, HALF);
    for (unsigned i = 0; i < DEVICES - USERS; i++) {
        assert_true(worker_pool_submit(pool, serve_device, NULL));
    }
    wait_for(&served, DEVICES - USERS);
    worker_pool_get_stats(pool, &stats);
    (void)pthread_mutex_lock(&lock);
    assert_int_equal(signed_in, 0);
    assert_int_equal(hanging, HALF);
    assert_int_equal(stats.waiting, USERS - HALF);
    answers = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    wait_for(&signed_in, USERS);
    worker_pool_free(pool);
    assert_int_equal(most, HALF);
    assert_int_equal(fake_windows()->logons, USERS);
    for (unsigned i = 0; i < USERS; i++) {
        assert_done(users[i].done, &users[i].err, users[i].header);
        assert_true(users[i].user.allowed);
    }
    world_close(&world);
    assert_int_equal(fake_windows()->tokens, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_in__domain_controller_silent__devices_do_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
