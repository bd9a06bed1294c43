/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/socket_events.h"

#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>

#define READING (FD_READ | FD_CLOSE)
#define WAKE SOCKET_EVENT_GROUPS /* the event behind those of the groups */
#define PAUSE_MS 10              /* when the system cannot wait */

struct socket_events {
    HANDLE event[SOCKET_EVENT_GROUPS + 1]; /* reset by the wait that they end */
    unsigned sockets[SOCKET_EVENT_GROUPS]; /* how many share it */
    unsigned first; /* where the next wait begins to look: nobody is always behind others */
};

void socket_events_free(struct socket_events *events)
{
    if (events == NULL) return;
    for (unsigned i = 0; i <= WAKE; i++) {
        if (events->event[i] != NULL) {
            (void)CloseHandle(events->event[i]);
        }
    }
    free(events);
}

struct socket_events *socket_events_create(void)
{
    struct socket_events *events = calloc(1, sizeof(*events));

    for (unsigned i = 0; events != NULL && i <= WAKE; i++) {
        events->event[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
        if (events->event[i] == NULL) {
            socket_events_free(events);
            return NULL;
        }
    }
    return events;
}

bool socket_events_add(struct socket_events *events, socket_handle s, unsigned *group)
{
    unsigned best = 0;

    for (unsigned i = 1; i < SOCKET_EVENT_GROUPS && events->sockets[best] > 0; i++) {
        best = events->sockets[i] < events->sockets[best] ? i : best;
    }
    if (WSAEventSelect((SOCKET)s, events->event[best], READING) != 0) return false;
    events->sockets[best]++;
    *group = best;
    return true;
}

void socket_events_remove(struct socket_events *events, socket_handle s, unsigned group)
{
    (void)WSAEventSelect((SOCKET)s, NULL, 0);
    events->sockets[group]--;
}

bool socket_events_full(struct socket_events *events, socket_handle s, unsigned group)
{
    WSAPOLLFD asked = { (SOCKET)s, POLLWRNORM, 0 };

    (void)WSAEventSelect((SOCKET)s, events->event[group], READING | FD_WRITE);
    return WSAPoll(&asked, 1, 0) == 0;
}

bool socket_events_unread(socket_handle s)
{
    u_long bytes = 0;

    return ioctlsocket((SOCKET)s, (long)FIONREAD, &bytes) != 0 || bytes > 0;
}

void socket_events_wake(struct socket_events *events)
{
    (void)SetEvent(events->event[WAKE]);
}

uint64_t socket_events_wait(struct socket_events *events, int64_t timeout_ms)
{
    HANDLE handles[SOCKET_EVENT_GROUPS + 1];
    unsigned groups[SOCKET_EVENT_GROUPS + 1];
    DWORD timeout = timeout_ms < 0 || timeout_ms >= INFINITE ? INFINITE : (DWORD)timeout_ms;
    uint64_t happened = 0;
    DWORD count = 0;
    DWORD from = 0;

    for (unsigned i = 0; i <= WAKE; i++) {
        unsigned at = (events->first + i) % (WAKE + 1);

        if (at == WAKE || events->sockets[at] > 0) {
            handles[count] = events->event[at];
            groups[count++] = at;
        }
    }
    while (from < count) {
        DWORD got = WaitForMultipleObjects(count - from, handles + from, FALSE, timeout);

        if (got >= count - from) { /* the time is over; or no wait is possible, which never was */
            if (got == WAIT_FAILED) {
                Sleep(PAUSE_MS);
            }
            break;
        }
        from += got;
        events->first = groups[from] + 1;
        if (groups[from] != WAKE) {
            happened |= UINT64_C(1) << groups[from];
        }
        from++;
        timeout = 0; /* what else there is already; with few sockets the next round sees it */
        if (count <= SOCKET_EVENT_GROUPS / 2) break;
    }
    return happened;
}

unsigned socket_events_take(socket_handle s)
{
    WSANETWORKEVENTS found = { 0 };

    if (WSAEnumNetworkEvents((SOCKET)s, NULL, &found) != 0) {
        found.lNetworkEvents = READING | FD_WRITE; /* whoever uses it hears why */
    }
    return ((found.lNetworkEvents & READING) != 0 ? SOCKET_POLL_READ : 0)
           | ((found.lNetworkEvents & (FD_WRITE | FD_CLOSE)) != 0 ? SOCKET_POLL_WRITE : 0)
           | ((found.lNetworkEvents & FD_CLOSE) != 0 ? SOCKET_EVENTS_END : 0);
}
