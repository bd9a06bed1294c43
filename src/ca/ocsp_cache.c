/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Few enough to look at all; serial numbers are random, so the buckets fill evenly. */
#define WAYS 4u
#define BUCKETS (OCSP_CACHE_ANSWERS / WAYS)

struct entry {
    struct ocsp_status status;
    struct ocsp_times times;
    uint64_t used; /* the count of questions when it was asked for last */
    size_t id_len;
    size_t der_len;
    uint8_t bytes[]; /* CertID, then the answer */
};

struct ocsp_cache {
    pthread_mutex_t lock; /* guards all below */
    uint64_t questions;
    struct entry *entries[BUCKETS][WAYS];
};

struct ocsp_cache *ocsp_cache_create(struct error *err)
{
    struct ocsp_cache *cache = calloc(1, sizeof(*cache));

    if (cache == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for OCSP answers");
        return NULL;
    }
    (void)pthread_mutex_init(&cache->lock, NULL); /* cannot fail without attributes */
    return cache;
}

void ocsp_cache_free(struct ocsp_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        for (size_t way = 0; way < WAYS; way++) {
            free(cache->entries[i][way]);
        }
    }
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* FNV-1a */
static size_t bucket_of(struct bytes cert_id)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < cert_id.len; i++) {
        hash = (hash ^ cert_id.data[i]) * 16777619u;
    }
    return hash % BUCKETS;
}

static bool is_of(const struct entry *entry, struct bytes cert_id)
{
    return entry != NULL && bytes_equal(bytes_of(entry->bytes, entry->id_len), cert_id);
}

static bool says(const struct entry *entry, const struct ocsp_status *status)
{
    return entry->status.status == status->status && entry->status.revoked_at == status->revoked_at
           && entry->status.reason == status->reason;
}

bool ocsp_cache_find(struct ocsp_cache *cache, struct bytes cert_id,
                     const struct ocsp_status *status, int64_t now, struct ocsp_times *times,
                     struct buffer *der)
{
    struct entry **bucket = cache->entries[bucket_of(cert_id)];
    struct error ignored = ERROR_INIT;
    bool found = false;

    (void)pthread_mutex_lock(&cache->lock);
    cache->questions++;
    for (size_t way = 0; way < WAYS && !found; way++) {
        struct entry *entry = bucket[way];

        /* One from the future was made before the clock was put right. */
        if (!is_of(entry, cert_id) || !says(entry, status) || now < entry->times.made_at
            || now >= entry->times.refresh_at) {
            continue;
        }
        found = buffer_append(der, entry->bytes + entry->id_len, entry->der_len, &ignored);
        *times = entry->times;
        entry->used = cache->questions;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return found;
}

/* Of the same certificate, or a free one, or the one that nobody has asked for longest. */
static size_t choose_way(struct entry *const bucket[WAYS], struct bytes cert_id)
{
    size_t chosen = 0;

    for (size_t way = 0; way < WAYS; way++) {
        if (is_of(bucket[way], cert_id)) {
            return way;
        }
        if (bucket[chosen] != NULL
            && (bucket[way] == NULL || bucket[way]->used < bucket[chosen]->used)) {
            chosen = way;
        }
    }
    return chosen;
}

void ocsp_cache_keep(struct ocsp_cache *cache, struct bytes cert_id,
                     const struct ocsp_status *status, const struct ocsp_times *times,
                     struct bytes der)
{
    struct entry **bucket = cache->entries[bucket_of(cert_id)];
    struct entry *entry = malloc(sizeof(*entry) + cert_id.len + der.len);
    struct entry *old = NULL;
    size_t way = 0;

    if (entry == NULL) {
        return;
    }
    *entry = (struct entry){
        .status = *status, .times = *times, .id_len = cert_id.len, .der_len = der.len
    };
    memcpy(entry->bytes, cert_id.data, cert_id.len);
    memcpy(entry->bytes + cert_id.len, der.data, der.len);
    (void)pthread_mutex_lock(&cache->lock);
    entry->used = cache->questions;
    way = choose_way(bucket, cert_id);
    old = bucket[way];
    bucket[way] = entry;
    (void)pthread_mutex_unlock(&cache->lock);
    free(old);
}
